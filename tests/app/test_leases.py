"""Leases: the sum never passes the ceiling, what is left returns, a crash of either side neither spends twice nor
blocks for ever."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from volant.api.services import Lease, LeaseRequest, Settlement
from volant.app.leases import LEASE_MS, LeaseBook
from volant.core.clock import ManualClock
from volant.core.errors import NotFound
from volant.core.nouns import Limits
from volant.gateway.admission import SAFETY_MS
from volant.registry import keys
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.tables import inference, spend
from volant.store.vault import Vault

NOON = 1_795_435_200_000  # 2026-11-23T12:00:00Z
MINUTE = 60_000
Ask = Callable[..., Lease]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def key(database: Database, ring: KeyRing) -> str:
    with database.begin() as tx:
        made, _ = keys.create_key(
            tx,
            "default",
            name="a",
            scopes=("inference",),
            now_ms=1,
            limits=Limits(requests_per_minute=60, usd_per_day=1.0),
        )
    return made.id


@pytest.fixture
def ask(database: Database, clock: ManualClock, key: str) -> Ask:
    book = LeaseBook(database, clock)

    def one(
        worker: str = "0", *, usd: float = 0.0, requests: int = 0, spent: float = 0.0, done: int = 0,
        book: LeaseBook = book,
    ) -> Lease:  # fmt: skip
        settle = Settlement(usd=spent, requests=done, tokens=done * 10)
        return book.lease(LeaseRequest(key_id=key, usd=usd, requests=requests, settle=settle), worker)

    return one


def test_two_workers_share_one_budget(ask: Ask) -> None:
    assert ask("0", usd=0.6).granted_usd == pytest.approx(0.6)
    assert ask("1", usd=0.6).granted_usd == pytest.approx(0.4)
    assert ask("2", usd=0.6).granted_usd == 0.0


def test_what_is_left_returns_when_a_worker_settles(ask: Ask) -> None:
    ask("0", usd=0.6)
    assert ask("0", usd=0.0, spent=0.1).granted_usd == 0.0
    assert ask("1", usd=2.0).granted_usd == pytest.approx(0.9)


def test_a_lease_that_is_not_renewed_returns_when_it_expires(ask: Ask, clock: ManualClock) -> None:
    lease = ask("0", usd=1.0)
    assert lease.expires_ms == NOON + LEASE_MS
    assert ask("1", usd=0.5).granted_usd == 0.0
    clock.advance(LEASE_MS)
    assert ask("1", usd=0.5).granted_usd == pytest.approx(0.5)


def test_what_a_crashed_worker_spent_is_read_from_its_records(
    ask: Ask, clock: ManualClock, database: Database, key: str
) -> None:
    ask("0", usd=1.0)
    row = {"id": "inf_1", "project": "default", "key_id": key, "started_ms": NOON + 5, "cost_usd": 0.7}
    with database.begin() as tx:
        tx.execute(insert(inference).values(row))
    clock.advance(LEASE_MS)
    assert ask("1", usd=1.0).granted_usd == pytest.approx(0.3)


def test_a_new_day_is_a_new_budget_and_no_lease_reaches_into_it(ask: Ask, clock: ManualClock) -> None:
    clock.advance(12 * 3_600_000 - 10_000)
    lease = ask("0", usd=1.0)
    assert lease.expires_ms == NOON + 12 * 3_600_000 + SAFETY_MS
    clock.advance(10_001)
    assert ask("1", usd=1.0).granted_usd == pytest.approx(1.0)


def test_requests_of_one_minute(ask: Ask, clock: ManualClock) -> None:
    first = ask("0", requests=40)
    assert (first.granted_requests, first.expires_ms) == (40, NOON + LEASE_MS)
    assert ask("1", requests=40).granted_requests == 20
    assert ask("0", requests=40, done=10).granted_requests == 30, "30 of the 40 came back"
    clock.advance(MINUTE - 5_000)
    late = ask("2", requests=1)
    assert (late.granted_requests, late.expires_ms) == (0, NOON + MINUTE + SAFETY_MS)
    clock.advance(5_000)
    assert ask("2", requests=60).granted_requests == 60


def test_a_restarted_control_grants_nothing_twice(ask: Ask, clock: ManualClock, database: Database, key: str) -> None:
    ask("0", usd=0.8, requests=50)
    clock.advance(1_000)
    reborn = LeaseBook(database, clock)
    again = ask("1", usd=1.0, requests=60, book=reborn)
    assert (again.granted_usd, again.granted_requests) == (pytest.approx(0.2), 10)
    ask("1", book=reborn)
    clock.advance(LEASE_MS + SAFETY_MS)
    assert ask("1", usd=1.0, book=reborn).granted_usd == pytest.approx(1.0), "those of before have expired"


def test_keys_without_limits_get_what_they_ask_and_unknown_ones_nothing(
    ask: Ask, clock: ManualClock, database: Database
) -> None:
    with database.begin() as tx:
        free, _ = keys.create_key(tx, "default", name="free", scopes=("inference",), now_ms=1)
    book = LeaseBook(database, clock)
    lease = book.lease(LeaseRequest(key_id=free.id, usd=99.0, requests=9999), "0")
    assert (lease.granted_usd, lease.granted_requests) == (99.0, 9999)
    with pytest.raises(NotFound):
        book.lease(LeaseRequest(key_id="key_none"), "0")


def test_old_minutes_are_forgotten_and_days_are_kept(ask: Ask, clock: ManualClock, database: Database) -> None:
    ask("0", usd=0.1, requests=5)
    clock.advance(2 * 3_600_000)
    LeaseBook(database, clock).forget_old()
    with database.read() as tx:
        assert list(tx.execute(select(spend.c.period)).scalars()) == ["2026-11-23"]


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from("012"), st.floats(0, 0.5), st.floats(0, 1), st.integers(0, 20_000), st.booleans()),
        max_size=25,
    )
)
def test_whatever_workers_do_the_sum_stays_below_the_ceiling(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, float, float, int, bool]]
) -> None:
    """Workers spend a share of what they hold, settle, ask, or are silent; control restarts now and then."""
    place: Path = tmp_path_factory.mktemp("leases")
    db = Database.open(f"sqlite:///{place / 'volant.db'}")
    db.migrate()
    clock = ManualClock(NOON)
    ring = KeyRing(db, Vault(b"m" * 32))
    with db.begin() as tx:
        ring.ensure_project(tx, "default", now_ms=1)
        made, _ = keys.create_key(
            tx, "default", name="a", scopes=("inference",), now_ms=1, limits=Limits(usd_per_day=1.0)
        )
    book = LeaseBook(db, clock)
    held: dict[str, Lease] = {}
    spent = 0.0
    try:
        for worker, asked, share, passes, restart in steps:
            lease = held.pop(worker, None)
            used = 0.0
            if lease is not None and clock.now_ms() <= lease.expires_ms - SAFETY_MS:
                used = lease.granted_usd * share
                spent += used
            book = LeaseBook(db, clock) if restart else book
            request = LeaseRequest(key_id=made.id, usd=asked, settle=Settlement(usd=used))
            held[worker] = book.lease(request, worker)
            live = [one for one in held.values() if clock.now_ms() < one.expires_ms]
            assert spent + sum(one.granted_usd for one in live) <= 1.0 + 1e-6
            clock.advance(passes)
    finally:
        db.close()
