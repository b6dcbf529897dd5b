"""Admission and leases together: several workers on one store, answers that get lost, workers that are killed. By what
was really spent no ceiling is ever passed; at rest what counts is what was spent, to the cent."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from volant.app.leases import LEASE_MS, RESTART_MS, LeaseBook
from volant.core.accounts import minute_of
from volant.core.clock import ManualClock
from volant.core.errors import LimitReached, Unavailable
from volant.core.ids import new_id
from volant.core.leasing import LeaseAnswer, LeaseRequest
from volant.core.nouns import Documents, InferenceRecord, KeyGrant, Limits, LimitSpec, ModelCall, Snapshot
from volant.gateway.admission import Admission, ControlAway
from volant.gateway.ceilings import Ceilings
from volant.gateway.footing import stand
from volant.registry import documents, keys
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.tables import spend
from volant.store.vault import Vault
from volant.traces.ingest import ingest

NOON = 1_795_435_200_000  # 2026-11-23T12:00:00Z
KEY = Limits(usd_per_day=1.0, requests_per_minute=40, concurrent=4)
SPECS = (
    LimitSpec(over="project", limits=Limits(tokens_per_month=4_000)),
    LimitSpec(over="task", name="help", limits=Limits(usd_per_month=0.8)),
)


def _quick(connection: Any, _: Any) -> None:
    connection.execute("pragma synchronous=off")


class House:
    """A store, control, and workers that come and go."""

    def __init__(self, place: Path, blank: Path, rng: random.Random) -> None:
        self.rng, self.clock = rng, ManualClock(NOON)
        shutil.copyfile(blank, place / "volant.db")
        self.db = Database.open(f"sqlite:///{place / 'volant.db'}")
        event.listen(self.db.engine, "connect", _quick)
        self.ring = KeyRing(self.db, Vault(b"m" * 32))
        with self.db.begin() as tx:
            self.ring.ensure_project(tx, "default", now_ms=1)
            made, _ = keys.create_key(tx, "default", name="a", scopes=("inference",), now_ms=1, limits=KEY)
            documents_ = Documents(limits=(SPECS[0],))
            documents.apply(tx, "default", documents_, applied_by="t", now_ms=1)
        self.key = made.id
        self.specs = (SPECS[0],)
        self.drained_ms = NOON
        self.book = self.control()
        self.spool: list[InferenceRecord] = []
        self.usd, self.tokens, self.under_way, self.most = 0.0, 0, 0, 0
        self.minutes: Counter[str] = Counter()
        self.lost = False

    def control(self) -> LeaseBook:
        return LeaseBook(self.db, self.clock, place="m", drained_ms=lambda: self.drained_ms)

    def drain(self) -> None:
        self.drained_ms = self.clock.now_ms()
        with self.db.begin() as tx:
            ingest(tx, self.ring, self.spool, now_ms=self.clock.now_ms())
        self.spool = []

    def ceilings(self) -> Ceilings:
        grant = KeyGrant(key_id=self.key, project="default", sha256="s", scopes=(), limits=KEY)
        return Ceilings(
            Snapshot(revision=1, config_hash="", routes={}, targets={}, keys={"s": grant}, subject_keys={},
                     limits={"default": self.specs})
        )  # fmt: skip


class Link:
    """One life's way to control. A dead worker asks no more."""

    def __init__(self, house: House, holder: str) -> None:
        self.house, self.holder, self.dead = house, holder, False

    async def lease(self, request: LeaseRequest) -> LeaseAnswer:
        await asyncio.sleep(0)
        if self.dead:
            raise ControlAway
        answer = self.house.book.lease(request, self.holder)
        await asyncio.sleep(0)
        if self.house.lost and self.house.rng.random() < 0.2:
            raise ControlAway
        return answer


class Worker:
    """One gateway's worker; `life` grows with every start."""

    def __init__(self, house: House, seat: int) -> None:
        self.house, self.seat, self.life = house, seat, 0
        self.begin()

    def begin(self) -> None:
        if self.life:
            self.link.dead = True
        self.life += 1
        holder = f"m.{self.seat}.{self.life}"
        self.link = Link(self.house, holder)
        self.admission = Admission(self.link, self.house.clock.now_ms, holder)
        self.ceilings = self.house.ceilings()  # of one worker: its accounts are kept there

    async def request(self, most: float, part: float) -> None:
        house, life = self.house, self.life
        grant = KeyGrant(key_id=house.key, project="default", sha256="s", scopes=(), limits=KEY)
        tokens = int(most * 400)
        try:
            footing = await stand(self.admission, self.ceilings, grant, "help", "m", most, tokens)
        except (LimitReached, Unavailable):
            return
        if life != self.life:
            return  # killed while it waited
        house.minutes[minute_of(house.clock.now_ms())] += 1
        house.under_way += 1
        house.most = max(house.most, house.under_way)
        for _ in range(house.rng.randrange(4)):
            await asyncio.sleep(0)
        house.under_way -= 1
        usd, used = most * part, int(tokens * part)
        call = ModelCall(call_id=new_id("model_call"), span_id="s", deployment="d", model="m", started_ms=NOON,
                         latency_ms=1.0, status=200, input_tokens=used, cost_usd=usd)  # fmt: skip
        house.usd += usd
        house.tokens += used
        house.spool.append(
            InferenceRecord(
                inference_id=new_id("inference"), project="default", key_id=house.key, trace_id="t", span_id="s",
                task="help", variant="v", deployment="d", model="m", started_ms=NOON, latency_ms=1.0, ttft_ms=1.0,
                status=200, cost_usd=usd, calls=(call,), holder=footing.holder,
            )
        )  # fmt: skip
        if life == self.life:
            footing.settle([call])


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    rounds=st.lists(
        st.tuples(st.integers(0, 12), st.sampled_from(["", "kill", "drain", "restart", "wait", "idle"])), max_size=12
    ),
    lost=st.booleans(),
)
def test_no_ceiling_is_passed_by_what_was_really_spent(
    tmp_path_factory: pytest.TempPathFactory, blank: Path, seed: int, rounds: list[tuple[int, str]], lost: bool
) -> None:
    house = House(tmp_path_factory.mktemp("together"), blank, random.Random(seed))
    house.lost = lost
    workers = [Worker(house, seat) for seat in range(3)]

    async def story() -> None:
        for number, what in rounds:
            asked = [
                house.rng.choice(workers).request(house.rng.random() * 0.15, house.rng.random()) for _ in range(number)
            ]
            await asyncio.gather(*asked)
            worker = house.rng.choice(workers)
            if what == "kill":
                worker.begin()
            elif what == "drain":
                house.drain()
            elif what == "restart":
                house.book = house.control()
            elif what == "wait":
                house.clock.advance(house.rng.randrange(45_000))
            elif what == "idle":
                house.clock.advance(2_100)
                await worker.admission.settle_idle()
            assert house.usd <= 1.0 + 1e-9
            assert house.tokens <= 4_000
            assert house.most <= 4
            assert not house.minutes or max(house.minutes.values()) <= 40
        house.lost = False
        house.clock.advance(1_000)
        for worker in workers:
            await worker.admission.close()
        house.clock.advance(LEASE_MS + RESTART_MS)
        house.drain()
        house.book.take_back()

    try:
        asyncio.run(story())
        with house.db.read() as tx:
            rows = {row.account: row for row in tx.execute(select(spend).where(spend.c.period == ""))}
        if house.spool or house.usd:
            assert rows[house.key].usd == pytest.approx(house.usd, abs=1e-9)
            assert rows["project:default"].tokens == house.tokens
    finally:
        house.db.close()
