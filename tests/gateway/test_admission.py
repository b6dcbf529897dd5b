"""Admission by itself: no ceiling is passed, whatever the order in which things happen; all ceilings or none."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volant.core.errors import LimitReached, Unavailable
from volant.core.leasing import AccountAsk, Amount, Lease, LeaseAnswer, LeaseRequest
from volant.core.nouns import Limits, ModelCall
from volant.gateway.admission import FREE, SAFETY_MS, Admission, ControlAway, Reservation
from volant.gateway.ceilings import FREE_STANDING, Ceiling, Standing

FAR = 10**15
BUDGET = Limits(usd_per_day=1.0)


def standing(limits: Limits = BUDGET, account: str = "key_1") -> Standing:
    over, _, name = account.partition(":")
    return Standing((Ceiling(account, over if name else "key", name.rpartition("/")[2] or account, limits),))  # type: ignore[arg-type]


class Purse:
    """Control: one purse an account for all workers; grants replace, and totals are told."""

    def __init__(self, usd: float = 0.0, slots: int = 0, seed: int = 1) -> None:
        self.usd, self.slots = usd, slots
        self.rng = random.Random(seed)
        self.held: dict[str, Amount] = {}
        self.told: dict[str, float] = defaultdict(float)
        self.away = self.lost = False
        self.asked = 0

    def lender(self, worker: str) -> _Lender:
        return _Lender(self, worker)

    @property
    def settled(self) -> float:
        return sum(self.told.values())

    def left(self, but: str = "") -> float:
        return self.usd - self.settled - sum(one.usd for name, one in self.held.items() if name != but)


class _Lender:
    def __init__(self, purse: Purse, worker: str) -> None:
        self.purse, self.worker = purse, worker

    async def lease(self, request: LeaseRequest) -> LeaseAnswer:
        purse = self.purse
        await asyncio.sleep(purse.rng.random() * 0.002)
        purse.asked += 1
        if purse.away:
            raise ControlAway
        leases = tuple(self._one(ask) for ask in request.asks)
        await asyncio.sleep(purse.rng.random() * 0.002)
        if purse.lost and purse.rng.random() < 0.3:
            raise ControlAway  # it was granted, and nobody heard
        return LeaseAnswer(leases=leases)

    def _one(self, ask: AccountAsk) -> Lease:
        purse, name = self.purse, f"{self.worker}/{ask.account}"
        purse.told[name] = max(purse.told[name], ask.told_usd)
        usd = max(0.0, min(max(ask.kept.usd, ask.most.usd), purse.left(but=name)))
        taken = sum(one.slots for other, one in purse.held.items() if other != name)
        slots = max(0, min(max(ask.kept.slots, ask.most.slots), purse.slots - taken))
        granted = Amount(usd=usd, slots=slots, requests=ask.most.requests, tokens=ask.most.tokens,
                         minute_tokens=ask.most.minute_tokens)  # fmt: skip
        purse.held[name] = granted
        short = "usd_per_day" if usd < ask.least.usd else "concurrent" if slots < ask.least.slots else ""
        return Lease(granted=granted, short=short, minute="m", expires_ms=FAR)


class _Sparing:
    """Grants what is asked for at least where it is there, else no more than is held: a purse that others share."""

    def __init__(self, usd: float) -> None:
        self.usd = usd
        self.shorts: list[str] = []

    async def lease(self, request: LeaseRequest) -> LeaseAnswer:
        [ask] = request.asks
        left = self.usd - ask.told_usd
        fits = ask.least.usd <= left
        self.shorts.append("" if fits else "usd_per_day")
        granted = Amount(usd=ask.least.usd if fits else min(ask.kept.usd, left), requests=9, tokens=9999)
        return LeaseAnswer(leases=(Lease(granted=granted, short=self.shorts[-1], minute="m", expires_ms=FAR),))


def test_what_is_asked_for_ahead_refuses_nobody() -> None:
    """A budget for less than two requests under way: one after the other they fit, as long as it lasts."""

    async def story() -> list[str]:
        purse = _Sparing(1.0)
        worker = Admission(purse, lambda: 0)
        for _ in range(20):
            reservation = await worker.admit(standing(), 0.6, 10)
            await worker.settle_idle()  # what is asked ahead is answered: there is no room for a second one now
            reservation.settle(0.01, 1)
        held = await worker.admit(standing(), 0.6, 10)
        with pytest.raises(LimitReached):  # two at once do not fit, though
            await worker.admit(standing(), 0.6, 10)
        held.settle(0.0, 0)
        return purse.shorts

    assert "usd_per_day" in asyncio.run(story())[:-1]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    costs=st.lists(st.tuples(st.floats(0.0001, 0.3), st.floats(0, 1)), min_size=1, max_size=40),
    purse_usd=st.floats(0.01, 1.0),
    lost=st.booleans(),
)
def test_two_workers_never_spend_more_than_there_is(
    seed: int, costs: list[tuple[float, float]], purse_usd: float, lost: bool
) -> None:
    """Each request reserves its most and then takes a part of it; answers of control get lost now and then."""

    async def story() -> float:
        purse = Purse(purse_usd, seed=seed)
        purse.lost = lost
        workers = [Admission(purse.lender(name), lambda: 0) for name in "ab"]
        spent = 0.0

        async def one(number: int, most: float, part: float) -> None:
            nonlocal spent
            await asyncio.sleep(purse.rng.random() * 0.01)
            try:
                reservation = await workers[number % 2].admit(standing(), most, 10)
            except (LimitReached, Unavailable):
                return
            await asyncio.sleep(purse.rng.random() * 0.005)
            spent += most * part
            reservation.settle(most * part, 1)

        await asyncio.gather(*(one(number, *cost) for number, cost in enumerate(costs)))
        purse.lost = False
        for worker in workers:
            await worker.close()
        assert purse.settled == pytest.approx(spent)
        assert purse.left() == pytest.approx(purse_usd - spent)
        return spent

    assert asyncio.run(story()) <= purse_usd + 1e-9


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), slots=st.integers(1, 12), requests=st.integers(1, 60))
def test_no_more_are_under_way_than_there_are_slots(seed: int, slots: int, requests: int) -> None:
    async def story() -> tuple[int, int]:
        purse = Purse(slots=slots, seed=seed)
        workers = [Admission(purse.lender(name), lambda: 0) for name in "abc"]
        limits, under_way, most, served = Limits(concurrent=slots), 0, 0, 0
        codes: set[str] = set()

        async def one(number: int) -> None:
            nonlocal under_way, most, served
            await asyncio.sleep(purse.rng.random() * 0.05)
            try:
                reservation = await workers[number % 3].admit(standing(limits), 0.0, 1)
            except LimitReached as refused:
                codes.add(refused.code)
                return
            under_way += 1
            most, served = max(most, under_way), served + 1
            await asyncio.sleep(purse.rng.random() * 0.02)
            under_way -= 1
            reservation.settle(0.0, 1)

        await asyncio.gather(*(one(number) for number in range(requests)))
        for worker in workers:
            await worker.close()
        assert codes <= {"rate_limited"}
        assert sum(one.slots for one in purse.held.values()) == 0, "every slot came back"
        return most, served

    most, served = asyncio.run(story())
    assert most <= slots
    assert served >= 1


def test_all_ceilings_or_none() -> None:
    """The second refuses: the first has nothing reserved, and nothing is under way on it."""

    async def story() -> None:
        worker = Admission(Purse(1.0, slots=1).lender("a"), lambda: 0)
        one, two = Limits(usd_per_day=5.0), Limits(concurrent=1)
        both = Standing((Ceiling("key_1", "key", "key_1", one), Ceiling("task:p/t", "task", "t", two)))
        first = await worker.admit(both, 0.2, 1)
        with pytest.raises(LimitReached, match="the task 't' may have 1 requests under way"):
            await worker.admit(both, 0.2, 1)
        key = first.accounts[0]
        assert (key.reserved_usd, key.in_flight) == (pytest.approx(0.2), 1)
        first.settle(0.1, 1)
        assert (key.reserved_usd, key.in_flight, key.spent_usd) == (0.0, 0, 0.1)
        second = await worker.admit(both, 0.2, 1)
        second.settle(0.0, 1)

    asyncio.run(story())


def test_without_ceilings_nobody_is_asked() -> None:
    async def story() -> None:
        worker = Admission(Purse().lender("a"), lambda: 0)
        reservation = await worker.admit(FREE_STANDING, 5.0, 5)
        assert reservation is FREE
        assert reservation.holder == ""
        reservation.settle(1.0, 1)
        reservation.settle_calls(())

    asyncio.run(story())


def story_of(told: Callable[[Admission, Purse, list[int]], Awaitable[None]], usd: float = 1.0) -> None:
    purse, now = Purse(usd), [0]
    asyncio.run(_as_coroutine(told(Admission(purse.lender("a"), lambda: now[0], "w1"), purse, now)))


async def _as_coroutine(one: Awaitable[None]) -> None:
    await one


def test_a_reservation_is_settled_once() -> None:
    async def told(worker: Admission, purse: Purse, now: list[int]) -> None:
        reservation = await worker.admit(standing(), 0.1, 5)
        assert reservation.holder == "w1"
        reservation.settle(0.1, 5)
        reservation.settle(0.1, 5)
        await worker.close()
        assert purse.settled == pytest.approx(0.1)

    story_of(told)


def test_control_away_from_the_start() -> None:
    async def told(worker: Admission, purse: Purse, now: list[int]) -> None:
        purse.away = True
        with pytest.raises(Unavailable) as caught:
            await worker.admit(standing(), 0.1, 5)
        assert caught.value.code == "budget_unknown"
        (await worker.admit(standing(), 0.0, 5)).settle(0.0, 1)  # what costs nothing needs no lease of money
        purse.away = False
        now[0] += 1_000
        (await worker.admit(standing(), 0.1, 5)).settle(0.1, 1)

    story_of(told)


@pytest.mark.parametrize(
    ("limits", "served"),
    [
        (Limits(requests_per_minute=60), 10),
        (Limits(tokens_per_minute=600), 10),
        (Limits(concurrent=3), 3),
        (Limits(requests_per_minute=60, usd_per_day=1.0), 0),
        (Limits(requests_per_minute=60, tokens_per_month=10**6), 0),
    ],
)
def test_while_control_is_away_rates_go_on_by_our_own_count_and_budgets_do_not(limits: Limits, served: int) -> None:
    async def told(worker: Admission, purse: Purse, now: list[int]) -> None:
        purse.away = True
        held: list[Reservation] = []
        codes: list[str] = []
        for _ in range(15):
            try:
                held.append(await worker.admit(standing(limits), 0.001, 10))
            except (LimitReached, Unavailable) as refused:
                codes.append(refused.code)
        assert len(held) == served
        assert set(codes) == {"rate_limited" if served else "budget_unknown"}
        for one in held:
            one.settle(0.0, 10)

    story_of(told)


def test_an_expired_lease_is_not_used() -> None:
    now = [0]

    class Short:
        asked = 0

        async def lease(self, request: LeaseRequest) -> LeaseAnswer:
            self.asked += 1
            granted = Amount(usd=1.0, requests=100)
            return LeaseAnswer(leases=tuple(Lease(granted=granted, expires_ms=now[0] + 10_000) for _ in request.asks))

    async def story() -> None:
        lender = Short()
        worker = Admission(lender, lambda: now[0])
        await worker.admit(standing(), 0.001, 1)
        assert lender.asked == 1
        now[0] = 9_500  # in its last second
        await worker.admit(standing(), 0.001, 1)
        assert lender.asked == 2

    asyncio.run(story())


def test_a_lease_whose_minute_ends_on_the_way_is_asked_for_again() -> None:
    """Control answered within the minute, and the answer came after it: nobody is told that a budget is gone."""

    async def story() -> int:
        clock = [59_900]

        class Slow(_Lender):
            async def lease(self, request: LeaseRequest) -> LeaseAnswer:
                answer = await super().lease(request)
                ends = (clock[0] // 60_000 + 1) * 60_000 + SAFETY_MS
                clock[0] += 200
                return LeaseAnswer(leases=tuple(msgspec.structs.replace(one, expires_ms=ends) for one in answer.leases))

        purse = Purse(1.0)
        worker = Admission(Slow(purse, "a"), lambda: clock[0])
        limits = Limits(usd_per_day=1.0, requests_per_minute=60)
        (await worker.admit(standing(limits), 0.01, 10)).settle(0.01, 10)
        return purse.asked

    assert asyncio.run(story()) == 2


def test_a_worker_that_ends_settles_what_was_spent_during_its_last_exchange() -> None:
    async def told(worker: Admission, purse: Purse, now: list[int]) -> None:
        reservation = await worker.admit(standing(), 0.01, 1)
        asking = asyncio.create_task(worker.admit(standing(), 0.9, 1))  # more than the lease covers: an exchange begins
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        reservation.settle(0.01, 1)  # spent after the exchange said what was spent
        closing = asyncio.create_task(worker.close())
        (await asking).settle(0.0, 1)
        await closing
        assert purse.settled == pytest.approx(0.01)

    story_of(told, 10.0)


def test_idle_leases_go_back_and_long_requests_keep_theirs() -> None:
    async def told(worker: Admission, purse: Purse, now: list[int]) -> None:
        reservation = await worker.admit(standing(), 0.01, 1)
        now[0] = FAR - 5_000
        await worker.settle_idle(10**18)
        assert purse.held["a/key_1"].usd >= 0.01, "its lease was renewed before its end"
        reservation.settle(0.004, 1)
        await worker.settle_idle()
        assert purse.held["a/key_1"].usd == 0.0
        assert purse.settled == pytest.approx(0.004)
        asked = purse.asked
        await worker.settle_idle()
        assert purse.asked == asked, "there is nothing more to say"

    story_of(told)


def test_a_models_account_pays_for_its_own_calls_and_a_fallback_stands_on_its_model() -> None:
    async def told(worker: Admission, purse: Purse, now: list[int]) -> None:
        def call(model: str, usd: float) -> ModelCall:
            return ModelCall(call_id="c", span_id="s", deployment="d", model=model, started_ms=1, latency_ms=1.0,
                             status=200, input_tokens=2, output_tokens=1, cost_usd=usd)  # fmt: skip

        both = Standing((*standing().ceilings, *standing(Limits(usd_per_day=2.0), "model:p/big").ceilings))
        reservation = await worker.admit(both, 0.1, 10)
        small = standing(Limits(tokens_per_day=100), "model:p/small")
        assert await worker.also(reservation, small, 0.1, 10) is reservation
        assert await worker.also(reservation, small, 0.1, 10) is reservation, "it stands there already"
        key, big, little = reservation.accounts
        reservation.settle_calls((call("big", 0.02), call("small", 0.03)))
        assert [round(one.spent_usd, 9) for one in (key, big, little)] == [0.05, 0.02, 0.03]
        assert [one.spent_tokens for one in (key, big, little)] == [6, 3, 3]
        assert (await worker.also(FREE, small, 0.1, 10)).accounts == (little,)

    story_of(told)


def test_a_hedge_holds_its_own_part_or_does_not_start() -> None:
    async def told(worker: Admission, purse: Purse, now: list[int]) -> None:
        reservation = await worker.admit(standing(), 0.02, 10)
        assert reservation.more(0.02, 10)
        assert not reservation.more(5.0, 10)
        assert reservation.accounts[0].reserved_usd == pytest.approx(0.04)
        reservation.settle(0.03, 20)
        assert reservation.more(1.0, 1), "what stands on nothing may do what it likes"
        await worker.close()
        assert purse.settled == pytest.approx(0.03)

    story_of(told)


def test_a_changed_ceiling_counts_from_the_next_request_on() -> None:
    async def told(worker: Admission, purse: Purse, now: list[int]) -> None:
        first = await worker.admit(standing(Limits(requests_per_minute=60)), 0.5, 10)
        second = await worker.admit(standing(Limits(requests_per_minute=60, usd_per_day=1.0)), 0.4, 10)
        with pytest.raises(LimitReached, match=r"\$1 a day"):
            await worker.admit(standing(Limits(requests_per_minute=60, usd_per_day=1.0)), 0.4, 10)
        first.settle(0.1, 10)
        second.settle(0.4, 10)
        free = await worker.admit(standing(Limits(requests_per_minute=60)), 50.0, 10)
        free.settle(0.0, 10)
        await worker.close()
        assert purse.settled == pytest.approx(0.5)

    story_of(told)


@pytest.mark.parametrize("seed", range(6))
def test_nobody_is_refused_a_slot_that_another_took_while_control_was_asked(seed: int) -> None:
    """Four at a time, four allowed: an exchange that was begun before that slot was taken is no refusal."""

    async def story() -> None:
        purse = Purse(10.0, slots=4, seed=seed)
        loop = asyncio.get_running_loop()
        admission = Admission(purse.lender("a"), lambda: int(loop.time() * 1000))
        limits = Limits(concurrent=4, usd_per_day=10.0)

        async def one() -> None:
            await asyncio.sleep(purse.rng.random() * 0.003)
            reservation = await admission.admit(standing(limits), 0.001, 10)
            await asyncio.sleep(purse.rng.random() * 0.004)
            reservation.settle(0.001, 10)

        for _ in range(10):
            await asyncio.gather(*(one() for _ in range(4)))
            await asyncio.sleep(purse.rng.random() * 0.1)
        await admission.close()

    asyncio.run(story())
