"""Leases: the sum never passes a ceiling, what is left returns, a crash of either side neither spends twice nor blocks
for ever, and several machines on one PostgreSQL share what there is."""

from __future__ import annotations

import random
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from volant.app.leases import FOREIGN_MS, LEASE_MS, RESTART_MS, LeaseBook
from volant.core.clock import ManualClock
from volant.core.ids import new_id
from volant.core.leasing import AccountAsk, Amount, Lease, LeaseRequest
from volant.core.nouns import DeploymentSpec, Documents, InferenceRecord, Limits, LimitSpec, ModelCall
from volant.gateway.accounts import SAFETY_MS
from volant.registry import documents, keys
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.tables import lease as leases
from volant.store.tables import spend
from volant.store.vault import Vault
from volant.traces.ingest import ingest

NOON = 1_795_435_200_000  # 2026-11-23T12:00:00Z
MINUTE = 60_000
Ask = Callable[..., Lease]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


def make_key(db: Database, **limits: Any) -> str:
    with db.begin() as tx:
        made, _ = keys.create_key(tx, "default", name="a", scopes=("inference",), now_ms=1, limits=Limits(**limits))
    return made.id


@pytest.fixture
def key(database: Database, ring: KeyRing) -> str:
    return make_key(database, requests_per_minute=60, usd_per_day=1.0, usd_per_month=3.0, concurrent=4)


def asker(book: LeaseBook, key: str) -> Ask:
    def one(
        worker: str = "0", *, usd: float = 0.0, need: float | None = None, kept: float = 0.0, requests: int = 0,
        slots: int = 0, told: float = 0.0, used: int = 0, minute: str = "2026-11-23T12:00", book: LeaseBook = book,
        account: str = key, tokens: int = 0,
    ) -> Lease:  # fmt: skip
        least = usd if need is None else need
        ask = AccountAsk(
            account=account, told_usd=told, told_tokens=int(told * 1000), minute=minute, used_requests=used,
            kept=Amount(usd=kept), least=Amount(usd=least, requests=min(1, requests), slots=slots, tokens=tokens),
            most=Amount(usd=usd, requests=requests, slots=slots, tokens=tokens),
        )  # fmt: skip
        [lease] = book.lease(LeaseRequest(asks=(ask,)), f"m1.{worker}.x").leases
        return lease

    return one


@pytest.fixture
def ask(database: Database, clock: ManualClock, key: str) -> Ask:
    book = LeaseBook(database, clock)
    clock.advance(RESTART_MS)  # control has been up for a while
    return asker(book, key)


def usd_of(db: Database, account: str, period: str = "2026-11-23") -> float:
    with db.read() as tx:
        at = (spend.c.account == account, spend.c.period == period)
        return float(tx.execute(select(spend.c.usd).where(*at)).scalar_one_or_none() or 0.0)


def drained(db: Database, ring: KeyRing, key: str, holder: str, usd: float, task: str = "help", **more: Any) -> None:
    """A record of the worker comes in."""
    identifier = new_id("inference")
    call = ModelCall(call_id=new_id("model_call"), span_id="s", deployment="d", model="m", started_ms=NOON,
                     latency_ms=1.0, status=200, input_tokens=5, output_tokens=5, cost_usd=usd)  # fmt: skip
    record = InferenceRecord(
        inference_id=identifier, project="default", key_id=key, trace_id="t", span_id="s", task="help", variant="v",
        deployment="d", model="m", started_ms=NOON, latency_ms=1.0, ttft_ms=1.0, status=200, cost_usd=usd,
        holder=holder, calls=(call,), **more,
    )  # fmt: skip
    with db.begin() as tx:
        ingest(tx, ring, [record], now_ms=NOON)


def test_two_workers_share_one_budget(ask: Ask) -> None:
    assert ask("0", usd=0.6).granted.usd == pytest.approx(0.6)
    second = ask("1", usd=0.6, need=0.1)
    assert second.granted.usd == pytest.approx(0.1), "a quarter of what is left, or what it needs"
    assert second.rest.usd == pytest.approx(0.3)
    third = ask("2", usd=0.6)
    assert (third.granted.usd, third.short) == (0.0, "usd_per_day")


def test_what_is_left_returns_when_a_worker_tells_what_it_spent(ask: Ask) -> None:
    ask("0", usd=0.6)
    assert ask("0", usd=0.0, told=0.1).granted.usd == 0.0
    assert ask("1", usd=0.9).granted.usd == pytest.approx(0.9)


def test_what_is_told_twice_counts_once(ask: Ask, database: Database, key: str) -> None:
    """The answer to the first got lost."""
    ask("0", usd=0.6)
    for _ in range(3):
        ask("0", usd=0.2, told=0.1)
    assert usd_of(database, key) == pytest.approx(0.1)
    ask("0", told=0.4)
    assert (usd_of(database, key), usd_of(database, key, "2026-11"), usd_of(database, key, "")) == (
        pytest.approx(0.4), pytest.approx(0.4), pytest.approx(0.4),
    )  # fmt: skip


def test_a_worker_keeps_what_it_may_be_using(ask: Ask) -> None:
    ask("0", usd=0.9)
    assert ask("0", usd=5.0, kept=0.85, told=0.05).granted.usd == pytest.approx(0.85), "5 are not to be had"


def test_a_lease_that_is_not_renewed_returns_when_it_expires(ask: Ask, clock: ManualClock) -> None:
    lease = ask("0", usd=1.0, slots=4)
    assert lease.expires_ms == clock.now_ms() + LEASE_MS
    refused = ask("1", usd=0.5, slots=1)
    assert (refused.granted.usd, refused.granted.slots) == (0.0, 0)
    clock.advance(LEASE_MS)
    returned = ask("1", usd=0.5, slots=4)
    assert (returned.granted.usd, returned.granted.slots) == (pytest.approx(0.5), 4)


def test_what_a_crashed_worker_spent_is_read_from_its_records(
    ask: Ask, clock: ManualClock, database: Database, ring: KeyRing, key: str
) -> None:
    """Some of it was told; a part is drained before its lease is over, a part long after."""
    ask("0", usd=1.0)
    ask("0", usd=0.9, kept=0.9, told=0.1)
    drained(database, ring, key, "m1.0.x", 0.1)
    drained(database, ring, key, "m1.0.x", 0.4)
    assert usd_of(database, key) == pytest.approx(0.1), "it is alive, and says so itself"
    clock.advance(LEASE_MS)
    assert ask("1", usd=0.5, need=0.5).granted.usd == pytest.approx(0.5)
    assert usd_of(database, key) == pytest.approx(0.5)
    drained(database, ring, key, "m1.0.x", 0.2)
    late = ask("1", usd=0.5, need=0.5, kept=0.5)
    assert (late.granted.usd, late.short) == (pytest.approx(0.3), "usd_per_day"), "0.7 are spent"
    assert usd_of(database, key) == pytest.approx(0.7)
    ask("0", told=0.7)  # it was only cut off
    assert usd_of(database, key) == pytest.approx(0.7)
    ask("0", told=0.75)
    assert usd_of(database, key) == pytest.approx(0.75)


def test_records_that_come_late_count_though_nobody_asks(
    ask: Ask, clock: ManualClock, database: Database, ring: KeyRing, key: str
) -> None:
    ask("0", usd=1.0)
    clock.advance(LEASE_MS)
    book = LeaseBook(database, clock)
    clock.advance(RESTART_MS)
    assert book.take_back() == 1
    drained(database, ring, key, "m1.0.x", 0.2)
    assert usd_of(database, key) == 0.0
    assert book.take_back() == 0, "it was taken back before"
    assert usd_of(database, key) == pytest.approx(0.2)


def test_a_key_and_the_one_in_its_place_share_one_budget(
    ask: Ask, clock: ManualClock, database: Database, ring: KeyRing, key: str
) -> None:
    """By what workers tell and by the records of those that died; a changed limit is both keys'."""
    ask("0", usd=0.4, told=0.0)
    with database.begin() as tx:
        new, _ = keys.rotate(tx, "default", key, now_ms=clock.now_ms(), grace_ms=60_000)
        grants = {one.key_id: one for one in keys.grants(tx, now_ms=clock.now_ms()).values()}
    assert {(one.account or one.key_id) for one in grants.values()} == {key}
    assert len(grants) == 2
    drained(database, ring, new.id, "m1.0.x", 0.3)
    clock.advance(LEASE_MS)
    assert ask("1", usd=0.9, need=0.9).granted.usd == 0.0
    assert usd_of(database, key) == pytest.approx(0.3), "what was asked with the new one"
    assert ask("1", usd=0.7, need=0.7).granted.usd == pytest.approx(0.7)
    with database.begin() as tx:
        keys.change(tx, "default", new.id, limits=Limits(usd_per_day=0.5))
        assert keys.get_key(tx, "default", key).limits == Limits(usd_per_day=0.5)


def test_the_drain_locks_nothing_of_an_account_but_its_leases(
    ask: Ask, clock: ManualClock, database: Database, ring: KeyRing, key: str
) -> None:
    """Else it holds a lease and waits for the account, while the account's holder waits for that lease."""
    ask("0", usd=1.0)
    clock.advance(LEASE_MS)
    ask("1", usd=0.1)  # the first is over
    said: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: said.append(str(args[2]).lower()))
    drained(database, ring, key, "m1.0.x", 0.2)
    assert any("update lease" in one for one in said)
    assert not any(" spend" in one for one in said)


def test_a_lease_waits_for_the_drain_of_its_place_and_longer_for_another_machine(
    database: Database, clock: ManualClock, key: str
) -> None:
    drained_ms = [0]
    book = LeaseBook(database, clock, place="m1", drained_ms=lambda: drained_ms[0])
    other = LeaseBook(database, clock, place="m2")
    clock.advance(RESTART_MS)
    here, there = asker(book, key), asker(other, key)
    lease = here("0", usd=1.0)
    clock.advance(LEASE_MS)
    assert here("1", usd=0.5).granted.usd == 0.0, "its records may still be in the spool"
    drained_ms[0] = lease.expires_ms
    assert here("1", usd=0.5).granted.usd == pytest.approx(0.5)
    clock.advance(LEASE_MS)
    assert there("9", usd=0.9, need=0.9).granted.usd == 0.0, "who knows what goes on there"
    clock.advance(FOREIGN_MS)
    assert there("9", usd=0.9, need=0.9).granted.usd == pytest.approx(0.9)


def test_a_worker_started_again_at_its_seat_frees_the_slots_of_the_one_before(
    database: Database, clock: ManualClock, key: str
) -> None:
    book = LeaseBook(database, clock, place="m1")

    def slots(holder: str) -> int:
        ask = AccountAsk(account=key, least=Amount(slots=4), most=Amount(slots=4))
        return book.lease(LeaseRequest(asks=(ask,)), holder).leases[0].granted.slots

    assert slots("m1.0.first") == 4
    assert slots("m1.1.other") == 0
    assert slots("m1.0.second") == 4, "one process sits at a seat: the first is dead, and its requests with it"


def test_a_new_day_is_a_new_budget_and_no_lease_reaches_into_it(ask: Ask, clock: ManualClock) -> None:
    clock.advance(12 * 3_600_000 - RESTART_MS - 10_000)
    lease = ask("0", usd=1.0)
    assert lease.expires_ms == NOON + 12 * 3_600_000 + SAFETY_MS
    clock.advance(10_001)
    assert ask("1", usd=1.0).granted.usd == pytest.approx(1.0)


def test_a_month_is_the_sum_of_its_days_and_the_next_begins_anew(ask: Ask, clock: ManualClock) -> None:
    for day in range(3):
        assert ask("0", usd=1.0, told=float(day)).granted.usd == pytest.approx(1.0)
        clock.advance(24 * 3_600_000)
    fourth = ask("0", usd=0.5, told=3.0)
    assert (fourth.granted.usd, fourth.short) == (0.0, "usd_per_month")
    clock.advance(5 * 24 * 3_600_000)  # 1 December
    assert ask("0", usd=0.5, told=3.0).granted.usd == pytest.approx(0.5)


def test_requests_of_one_minute(database: Database, clock: ManualClock, key: str) -> None:
    ask = asker(LeaseBook(database, clock), key)
    first = ask("0", requests=10)
    assert (first.granted.requests, first.minute, first.expires_ms) == (10, "2026-11-23T12:00", NOON + LEASE_MS)
    assert ask("1", requests=40).granted.requests == 12, "a quarter of the 50"
    assert ask("0", requests=0, used=4).granted.requests == 0, "6 of the 10 came back"
    late = ask("2", requests=40)
    assert (late.granted.requests, late.rest.requests) == (11, 33), "60 - 4 - 12 = 44"
    clock.advance(MINUTE - 5_000)
    assert ask("2", requests=1, used=11).expires_ms == NOON + MINUTE + SAFETY_MS
    clock.advance(5_000)
    assert ask("2", requests=60, used=11).granted.requests == 15, "a new minute: what was used is of the old one"


def test_a_restarted_control_grants_nothing_twice(ask: Ask, clock: ManualClock, database: Database, key: str) -> None:
    ask("0", usd=0.8, requests=50, minute="")
    clock.advance(LEASE_MS - 1_000)
    reborn = LeaseBook(database, clock)
    assert ask("1", usd=0.3, book=reborn).granted.usd == 0.0
    assert ask("1", usd=0.15, book=reborn).granted.usd == pytest.approx(0.15)
    ask("1", book=reborn)
    clock.advance(2_000)
    assert ask("1", usd=1.0, book=reborn).granted.usd == 0.0, "workers may still come back"
    clock.advance(RESTART_MS)
    assert ask("1", usd=1.0, book=reborn).granted.usd == pytest.approx(1.0)


def test_all_ceilings_of_a_request_in_one_exchange(database: Database, ring: KeyRing, clock: ManualClock) -> None:
    key = make_key(database, usd_per_day=1.0)
    specs = (
        LimitSpec(over="project", limits=Limits(tokens_per_month=1000)),
        LimitSpec(over="model", name="gpt", limits=Limits(usd_per_day=0.5)),
    )
    with database.begin() as tx:
        place = DeploymentSpec(name="d", provider="mock", model="gpt", base_url="http://127.0.0.1:9/v1")
        given = Documents(deployments=(place,), limits=specs)
        documents.apply(tx, "default", given, applied_by="t", now_ms=1)
    book = LeaseBook(database, clock)
    want = Amount(usd=0.6, tokens=100)
    accounts = ("project:default", "model:default/gpt", key, "task:default/free", "key_unknown", "project:none")
    asks = tuple(AccountAsk(account=name, least=want, most=want) for name in accounts)
    project, model, own, free, unknown, nowhere = book.lease(LeaseRequest(asks=asks), "m1.0.x").leases
    assert (project.granted.tokens, project.granted.usd) == (100, 0.6), "of what has no ceiling as much as is asked"
    assert (model.granted.usd, model.short) == (0.0, "usd_per_day")
    assert own.granted.usd == pytest.approx(0.6)
    assert free.granted == want
    assert unknown == nowhere == Lease(), "of an unknown account nothing"


def test_old_minutes_are_forgotten_and_days_are_kept(
    ask: Ask, clock: ManualClock, database: Database, key: str
) -> None:
    ask("0", usd=0.1, requests=5, told=0.1)
    clock.advance(LEASE_MS)
    book = LeaseBook(database, clock)
    clock.advance(RESTART_MS)
    assert book.take_back() == 1
    assert book.take_back() == 0
    clock.advance(25 * 3_600_000)
    book.forget_old()
    with database.read() as tx:
        assert sorted(tx.execute(select(spend.c.period)).scalars()) == ["", "2026-11", "2026-11-23"]
        assert tx.execute(select(leases)).all() == []


# ---------------------------------------------------------------- many workers, crashes, restarts
class Worker:
    """A gateway's worker as control sees it: holds a lease, spends of it, tells totals, appends records, may die."""

    def __init__(self, seat: int, rng: random.Random) -> None:
        self.seat, self.life, self.rng = seat, 0, rng
        self.spool: list[tuple[str, float]] = []
        self.begin()

    def begin(self) -> None:
        self.life += 1
        self.spent = self.held = 0.0
        self.until = 0

    @property
    def holder(self) -> str:
        return f"m1.{self.seat}.{self.life}"

    def spend(self, share: float, now: int) -> float:
        if now > self.until - SAFETY_MS:
            return 0.0
        used = self.held * share
        self.held -= used
        self.spent += used
        self.spool.append((self.holder, used))
        return used


STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["ask", "spend", "spend", "lose", "die", "drain", "restart", "wait"]),
        st.floats(0, 1),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, seed=st.integers(0, 999))
def test_whatever_happens_the_sum_stays_below_the_ceiling_and_at_rest_what_counts_is_what_was_spent(
    tmp_path_factory: pytest.TempPathFactory, blank: Path, steps: list[tuple[int, str, float]], seed: int
) -> None:
    """Workers ask, spend, lose answers and die with what they did not tell; control restarts; spools wait."""
    place: Path = tmp_path_factory.mktemp("leases")
    shutil.copyfile(blank, place / "volant.db")
    db = Database.open(f"sqlite:///{place / 'volant.db'}")
    clock = ManualClock(NOON)
    ring = KeyRing(db, Vault(b"m" * 32))
    with db.begin() as tx:
        ring.ensure_project(tx, "default", now_ms=1)
    key = make_key(db, usd_per_day=1.0)
    drained_ms = [NOON]
    book = LeaseBook(db, clock, place="m1", drained_ms=lambda: drained_ms[0])
    workers = [Worker(seat, random.Random(seed + seat)) for seat in range(3)]
    total = 0.0

    def drain() -> None:
        drained_ms[0] = clock.now_ms()
        for worker in workers:
            for holder, usd in worker.spool:
                drained(db, ring, key, holder, usd)
            worker.spool.clear()

    def exchange(worker: Worker, usd: float, lost: bool = False) -> None:
        want = Amount(usd=usd)
        ask = AccountAsk(account=key, told_usd=worker.spent, kept=Amount(usd=worker.held), least=want, most=want)
        if usd < worker.held:
            worker.held = usd  # given back, whatever comes of it
            ask = AccountAsk(account=key, told_usd=worker.spent, kept=want, least=want, most=want)
        [lease] = book.lease(LeaseRequest(asks=(ask,)), worker.holder).leases
        if not lost:
            worker.held, worker.until = lease.granted.usd, lease.expires_ms

    try:
        for who, what, number in steps:
            worker = workers[who]
            if what in ("ask", "lose"):
                exchange(worker, number, lost=what == "lose")
            elif what == "spend":
                total += worker.spend(number, clock.now_ms())
            elif what == "die":
                worker.begin()
            elif what == "drain":
                drain()
            elif what == "restart":
                book = LeaseBook(db, clock, place="m1", drained_ms=lambda: drained_ms[0])
            else:
                clock.advance(int(number * 40_000))
            holding = sum(one.held for one in workers if clock.now_ms() <= one.until - SAFETY_MS)
            assert total + holding <= 1.0 + 1e-9
        clock.advance(LEASE_MS + RESTART_MS)
        drain()
        for worker in workers:
            exchange(worker, 0.0)
        book.take_back()
        assert usd_of(db, key, "") == pytest.approx(total, abs=1e-9)
    finally:
        db.close()


# ---------------------------------------------------------------- several machines
@pytest.fixture
def machines(postgres: str) -> Iterator[tuple[list[Database], str]]:
    """Two machines' pools on one PostgreSQL, and a key."""
    pools = [Database.open(postgres) for _ in range(2)]
    pools[0].migrate()
    ring = KeyRing(pools[0], Vault(b"m" * 32))
    with pools[0].begin() as tx:
        ring.ensure_project(tx, "default", now_ms=1)
        limits = Limits(usd_per_day=1.0, tokens_per_month=5000, requests_per_minute=300, concurrent=5)
        key, _ = keys.create_key(tx, "default", name="a", scopes=("inference",), now_ms=1, limits=limits)
        specs = (LimitSpec(over="project", limits=Limits(usd_per_day=0.8)),)
        documents.apply(tx, "default", Documents(limits=specs), applied_by="t", now_ms=1)
    yield pools, key.id
    for pool in pools:
        pool.close()


def test_machines_on_one_postgresql_share_every_ceiling(machines: tuple[list[Database], str]) -> None:
    """Eight workers on two machines ask and spend at once, naming accounts in different orders: no sum passes its
    ceiling at any moment, nobody deadlocks, and what counts at the end is what was spent."""
    pools, key = machines
    clock = ManualClock(NOON)
    books = [LeaseBook(pool, clock, place=f"m{number}") for number, pool in enumerate(pools)]
    lock, gate = threading.Lock(), threading.Barrier(8)
    spent = {"usd": 0.0, "tokens": 0, "requests": 0}
    slots = {"now": 0, "most": 0}
    faults: list[BaseException] = []

    def work(number: int) -> None:
        rng = random.Random(number)
        holder = f"m{number % 2}.{number}.x"
        told_usd, told_tokens, used = 0.0, 0, 0
        gate.wait()
        try:
            for _ in range(25):
                least = Amount(usd=0.002 + rng.random() * 0.02, tokens=20, requests=1, slots=1)
                most = Amount(usd=0.05, tokens=100, requests=5, slots=1)
                one = AccountAsk(account=key, told_usd=told_usd, told_tokens=told_tokens, minute="2026-11-23T12:00",
                                 used_requests=used, least=least, most=most)  # fmt: skip
                two = AccountAsk(account="project:default", told_usd=told_usd, told_tokens=told_tokens, least=least,
                                 most=most)  # fmt: skip
                asks = (one, two) if rng.random() < 0.5 else (two, one)
                answer = books[number % 2].lease(LeaseRequest(asks=asks), holder)
                leased = {ask.account: lease for ask, lease in zip(asks, answer.leases, strict=True)}
                mine, ours = leased[key].granted, leased["project:default"].granted
                usd, tokens = min(mine.usd, ours.usd), mine.tokens
                enough = usd >= least.usd and tokens >= 20 and mine.requests >= 1 and mine.slots >= 1
                if not enough:
                    continue
                with lock:
                    slots["now"] += 1
                    slots["most"] = max(slots["most"], slots["now"])
                    spent["usd"] += usd
                    spent["tokens"] += tokens
                    spent["requests"] += 1
                told_usd, told_tokens, used = told_usd + usd, told_tokens + tokens, used + 1
                with lock:
                    slots["now"] -= 1
            books[number % 2].lease(
                LeaseRequest(asks=tuple(
                    AccountAsk(account=name, told_usd=told_usd, told_tokens=told_tokens, minute="2026-11-23T12:00",
                               used_requests=used) for name in (key, "project:default")
                )), holder,
            )  # fmt: skip
        except BaseException as fault:
            faults.append(fault)
            raise

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not faults
    assert 0.5 < spent["usd"] <= 0.8 + 1e-9
    assert spent["tokens"] <= 5000
    assert spent["requests"] <= 300
    assert slots["most"] <= 5
    with pools[1].read() as tx:
        rows = {(row.account, row.period): row for row in tx.execute(select(spend))}
        held = tx.execute(select(leases.c.usd, leases.c.tokens, leases.c.slots)).all()
    assert rows[key, "2026-11-23"].usd == pytest.approx(spent["usd"])
    assert rows[key, "2026-11"].tokens == spent["tokens"]
    assert rows["project:default", ""].usd == pytest.approx(spent["usd"])
    assert rows[key, "2026-11-23T12:00"].requests == spent["requests"]
    assert set(held) == {(0.0, 0, 0)}


def test_records_of_the_gone_and_leases_of_the_living_do_not_lock_each_other_out(
    machines: tuple[list[Database], str],
) -> None:
    """Two machines lease and take back while both drain records of holders that end all the time."""
    pools, key = machines
    clock = ManualClock(NOON)
    books = [LeaseBook(pool, clock, place=f"m{number}") for number, pool in enumerate(pools)]
    rings = [KeyRing(pool, Vault(b"m" * 32)) for pool in pools]
    clock.advance(RESTART_MS)

    def lease(number: int) -> None:
        want = Amount(usd=0.001, slots=1)
        asks = tuple(AccountAsk(account=name, least=want, most=want) for name in ("project:default", key))
        for life in range(60):
            books[number].lease(LeaseRequest(asks=asks), f"m{number}.{life % 5}.{life}")
            with lock:
                clock.advance(FOREIGN_MS // 4)
            books[number].take_back()

    def drain(number: int) -> None:
        for life in range(60):
            for place in (1 - number, number):
                drained(pools[number], rings[number], key, f"m{place}.{life % 5}.{life}", 0.0001)

    lock = threading.Lock()
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, number) for work in (lease, drain) for number in range(2)]:
            done.result(60)
    with pools[0].read() as tx:
        total = tx.exec_driver_sql("SELECT sum(requests) FROM rollup").scalar_one()
    assert total == 2 * 60 * 2, "two machines that begin the same minute both count"
