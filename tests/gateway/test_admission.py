"""Admission by itself: the sum never passes the purse, whatever the order in which things happen."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volant.core.errors import LimitReached, Unavailable
from volant.core.nouns import KeyGrant
from volant.gateway.admission import FREE, Admission, Ask, ControlAway, Lease

KEY = KeyGrant(key_id="key_1", project="p", sha256="", scopes=("inference",), usd_per_day=1.0)


class Purse:
    """Control: one purse for all workers, grants replace."""

    def __init__(self, usd: float, rng: random.Random) -> None:
        self.usd = usd
        self.rng = rng
        self.held: dict[str, float] = {}
        self.settled = 0.0
        self.away = False

    def lender(self, worker: str) -> _Lender:
        return _Lender(self, worker)


class _Lender:
    def __init__(self, purse: Purse, worker: str) -> None:
        self.purse, self.worker = purse, worker

    async def lease(self, ask: Ask) -> Lease:
        purse = self.purse
        await asyncio.sleep(purse.rng.random() * 0.002)
        if purse.away:
            raise ControlAway
        purse.usd += purse.held.get(self.worker, 0.0) - ask.settle.usd
        purse.settled += ask.settle.usd
        granted = max(0.0, min(ask.usd, purse.usd))
        purse.usd -= granted
        purse.held[self.worker] = granted
        await asyncio.sleep(purse.rng.random() * 0.002)
        return Lease(granted_usd=granted, granted_requests=ask.requests, expires_ms=10**15)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    costs=st.lists(st.tuples(st.floats(0.0001, 0.3), st.floats(0, 1)), min_size=1, max_size=40),
    purse_usd=st.floats(0.01, 1.0),
)
def test_two_workers_never_spend_more_than_there_is(
    seed: int, costs: list[tuple[float, float]], purse_usd: float
) -> None:
    """Each request reserves its most and then takes a part of it."""

    async def story() -> float:
        rng = random.Random(seed)
        purse = Purse(purse_usd, rng)
        workers = [Admission(purse.lender(name), lambda: 0) for name in "ab"]
        spent = 0.0

        async def one(number: int, most: float, part: float) -> None:
            nonlocal spent
            await asyncio.sleep(rng.random() * 0.01)
            try:
                reservation = await workers[number % 2].admit(KEY, most)
            except LimitReached:
                return
            await asyncio.sleep(rng.random() * 0.005)
            spent += most * part
            reservation.settle(most * part, 1)

        await asyncio.gather(*(one(number, *cost) for number, cost in enumerate(costs)))
        for worker in workers:
            await worker.close()
        assert purse.settled == pytest.approx(spent)
        assert purse.usd == pytest.approx(purse_usd - spent)
        return spent

    assert asyncio.run(story()) <= purse_usd + 1e-9


@pytest.mark.anyio
async def test_a_key_without_limits_asks_nobody() -> None:
    class Nobody:
        async def lease(self, ask: Ask) -> Lease:
            raise AssertionError("asked")

    grant = KeyGrant(key_id="k", project="p", sha256="", scopes=())
    reservation = await Admission(Nobody(), lambda: 0).admit(grant, 5.0)
    assert reservation is FREE
    assert reservation.limit == (0, 0)
    reservation.settle(1.0, 1)


@pytest.mark.anyio
async def test_a_reservation_is_settled_once() -> None:
    purse = Purse(1.0, random.Random(1))
    admission = Admission(purse.lender("a"), lambda: 0)
    reservation = await admission.admit(KEY, 0.1)
    reservation.settle(0.1, 5)
    reservation.settle(0.1, 5)
    await admission.close()
    assert purse.settled == pytest.approx(0.1)


@pytest.mark.anyio
async def test_control_away_from_the_start() -> None:
    purse = Purse(1.0, random.Random(1))
    purse.away = True
    now = [0]
    admission = Admission(purse.lender("a"), lambda: now[0])
    with pytest.raises(Unavailable) as caught:
        await admission.admit(KEY, 0.1)
    assert caught.value.code == "budget_unknown"
    (await admission.admit(KEY, 0.0)).settle(0.0, 1)  # what costs nothing needs no lease of money
    purse.away = False
    now[0] += 1_000
    (await admission.admit(KEY, 0.1)).settle(0.1, 1)


@pytest.mark.anyio
async def test_an_expired_lease_is_not_used() -> None:
    now = [0]

    class Short:
        asked = 0

        async def lease(self, ask: Ask) -> Lease:
            self.asked += 1
            return Lease(granted_usd=1.0, granted_requests=100, expires_ms=now[0] + 10_000)

    lender = Short()
    admission = Admission(lender, lambda: now[0])
    await admission.admit(KEY, 0.001)
    assert lender.asked == 1
    now[0] = 9_500  # in its last second
    await admission.admit(KEY, 0.001)
    assert lender.asked == 2


def test_a_worker_that_ends_settles_what_was_spent_during_its_last_exchange() -> None:
    async def story() -> None:
        purse = Purse(10.0, random.Random(1))
        worker = Admission(purse.lender("a"), lambda: 0)
        reservation = await worker.admit(KEY, 0.01)
        asking = asyncio.create_task(worker.admit(KEY, 0.9))  # more than the lease covers: an exchange begins
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        reservation.settle(0.01, 1)  # spent after the exchange said what was spent
        closing = asyncio.create_task(worker.close())
        (await asking).settle(0.0, 1)
        await closing
        assert purse.settled == pytest.approx(0.01)

    asyncio.run(story())
