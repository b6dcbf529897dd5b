"""Footing: retries, hedges and other models take their own part of the ceilings, and all is settled at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from volant.core.errors import LimitReached
from volant.core.leasing import Lease, LeaseAnswer, LeaseRequest
from volant.core.nouns import KeyGrant, Limits, LimitSpec, ModelCall, Snapshot, Target
from volant.gateway.admission import FREE, Admission
from volant.gateway.attempt import _covers_beside
from volant.gateway.ceilings import Ceilings
from volant.gateway.footing import Footing, stand

KEY = KeyGrant(key_id="key_1", project="p", sha256="1", scopes=("inference",), limits=Limits(usd_per_day=0.1))
FREE_KEY = KeyGrant(key_id="key_2", project="p", sha256="2", scopes=("inference",))
OTHER = KeyGrant(key_id="key_3", project="other", sha256="3", scopes=("inference",))
SPECS = (
    LimitSpec(over="task", name="help", limits=Limits(concurrent=2)),
    LimitSpec(over="model", name="big", limits=Limits(requests_per_minute=1)),
    LimitSpec(over="model", name="free", limits=Limits()),
)
SNAPSHOT = Snapshot(
    revision=1, config_hash="", routes={}, targets={}, keys={one.sha256: one for one in (KEY, FREE_KEY, OTHER)},
    subject_keys={}, limits={"p": SPECS},
)  # fmt: skip


class Generous:
    """Control with as much as each ceiling says, for one worker."""

    async def lease(self, request: LeaseRequest) -> LeaseAnswer:
        return LeaseAnswer(leases=tuple(self._one(ask) for ask in request.asks))

    def _one(self, ask: Any) -> Lease:
        most = ask.most
        usd = min(most.usd, 0.1 - ask.told_usd) if ask.account == "key_1" else most.usd
        requests = max(0, min(most.requests, 1 - ask.used_requests)) if ask.account == "model:p/big" else most.requests
        slots = min(most.slots, 2)
        granted = type(most)(
            usd=usd, tokens=most.tokens, requests=requests, minute_tokens=most.minute_tokens, slots=slots
        )
        return Lease(granted=granted, minute="m", expires_ms=10**15)


def told(story: Callable[[Admission, Ceilings], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(_told(story))


async def _told(story: Callable[[Admission, Ceilings], Coroutine[Any, Any, None]]) -> None:
    await story(Admission(Generous(), lambda: 0, "w"), Ceilings(SNAPSHOT))


def call(usd: float, model: str = "small") -> ModelCall:
    return ModelCall(call_id="c", span_id="s", deployment="d", model=model, started_ms=1, latency_ms=1.0, status=200,
                     input_tokens=3, output_tokens=2, cost_usd=usd)  # fmt: skip


def test_which_ceilings_a_request_stands_on() -> None:
    ceilings = Ceilings(SNAPSHOT)
    names = [one.account for one in ceilings.of(KEY, "help", "big").ceilings]
    assert names == ["key_1", "task:p/help", "model:p/big"]
    assert ceilings.of(KEY, "help", "big") is ceilings.of(KEY, "help", "big"), "looked up once"
    assert not ceilings.of(FREE_KEY, "other", "free"), "limits that say nothing are none"
    assert ceilings.concern(FREE_KEY), "its project has some"
    assert not ceilings.concern(OTHER)


def test_a_retry_after_tokens_were_spent_holds_those_beside_its_own() -> None:
    async def story(admission: Admission, ceilings: Ceilings) -> None:
        footing = await stand(admission, ceilings, KEY, "else", "small", 0.02, 10)
        key = footing.reservation.accounts[0]
        assert await footing.cover_again([call(0.0)]) is None
        assert await footing.cover_again([call(0.0), call(0.005)]) is None
        assert key.reserved_usd == pytest.approx(0.025)
        assert await footing.cover_again([call(0.0), call(0.005)]) is None, "the same calls are held once"
        assert key.reserved_usd == pytest.approx(0.025)
        refused = await footing.cover_again([call(0.2)])
        assert isinstance(refused, LimitReached)
        assert refused.code == "budget_exhausted"
        assert key.reserved_usd == pytest.approx(0.025)
        footing.settle([call(0.0), call(0.005), call(0.015)])
        assert (key.spent_usd, key.spent_tokens, key.reserved_usd) == (pytest.approx(0.02), 15, 0.0)

    told(story)


def test_a_retry_asks_control_for_what_is_not_here() -> None:
    async def story(admission: Admission, ceilings: Ceilings) -> None:
        footing = await stand(admission, ceilings, KEY, "else", "small", 0.02, 10)
        key = footing.reservation.accounts[0]
        key.usd = 0.001  # the lease is nearly used up, the budget is not
        assert await footing.cover_again([call(0.01)]) is None
        assert key.reserved_usd == pytest.approx(0.03)
        footing.settle([call(0.01), call(0.02)])
        assert key.spent_usd == pytest.approx(0.03)

    told(story)


def test_a_hedge_needs_its_own_part() -> None:
    async def story(admission: Admission, ceilings: Ceilings) -> None:
        footing = await stand(admission, ceilings, KEY, "else", "small", 0.002, 10)
        assert footing.covers_beside()
        dear = await stand(admission, ceilings, KEY, "else", "small", 0.09, 10)
        assert not dear.covers_beside()
        for one in (footing, dear):
            one.settle([])

    told(story)


def test_a_fallback_stands_on_its_own_models_ceiling() -> None:
    async def story(admission: Admission, ceilings: Ceilings) -> None:
        async def ask(grant: KeyGrant) -> Footing:
            return await stand(admission, ceilings, grant, "else", "small", 0.002, 10)

        first, second = await ask(KEY), await ask(FREE_KEY)
        assert (first.holder, second.holder) == ("w", "")
        assert await first.stand_on("free") is None
        assert await second.stand_on("big") is None
        assert second.holder == "w", "it stands on something now"
        refused = await first.stand_on("big")
        assert isinstance(refused, LimitReached)
        assert "the model 'big' may make 1 requests a minute" in refused.message
        first.settle([call(0.001)])
        second.settle([call(0.001), call(0.001, "big")])
        [big] = second.reservation.accounts or [admission._accounts["model:p/big"]]
        assert (big.spent_usd, big.in_flight) == (0.001, 0)

    told(story)


def test_a_hedge_stands_on_its_own_models_ceiling() -> None:
    place = SimpleNamespace(target=Target(name="d", provider="mock", model="big", base_url=""))
    leg: Any = SimpleNamespace(place=place)

    async def story(admission: Admission, ceilings: Ceilings) -> None:
        first = await stand(admission, ceilings, FREE_KEY, "else", "small", 0.002, 10)
        second = await stand(admission, ceilings, FREE_KEY, "else", "small", 0.002, 10)
        assert await _covers_beside(first, leg)
        assert not await _covers_beside(second, leg), "big may be asked once a minute"
        for one in (first, second):
            one.settle([])

    told(story)


def test_where_nothing_is_limited_nothing_is_held() -> None:
    async def story(admission: Admission, ceilings: Ceilings) -> None:
        footing = await stand(admission, ceilings, OTHER, "help", "big", 9.0, 9)
        assert footing.reservation is FREE
        assert await footing.cover_again([call(5.0)]) is None
        assert footing.covers_beside()
        footing.settle([call(5.0)])

    told(story)


def test_what_a_guard_asks_holds_its_own_part_and_no_second_slot() -> None:
    async def story(admission: Admission, ceilings: Ceilings) -> None:
        footing = await stand(admission, ceilings, KEY, "help", "small", 0.02, 10)
        key, task = footing.reservation.accounts
        beside = await footing.beside("big", 0.03, 20)
        assert (key.reserved_usd, key.in_flight, task.in_flight) == (pytest.approx(0.05), 1, 1)
        big = admission._accounts["model:p/big"]
        assert (big.reserved_usd, big.in_flight, big.used_requests) == (0.03, 1, 1)
        with pytest.raises(LimitReached, match="may make 1 requests a minute"):
            await footing.beside("big", 0.001, 1)  # its one request of this minute is under way
        with pytest.raises(LimitReached, match="a day"):
            await footing.beside("free", 0.06, 1)  # 0.05 of 0.1 are held
        assert (key.reserved_usd, task.in_flight) == (pytest.approx(0.05), 1), "nothing is held of what was refused"
        beside.settle([call(0.005, "big")])
        assert (key.spent_usd, key.reserved_usd, key.in_flight) == (0.005, pytest.approx(0.02), 1)
        assert (big.spent_usd, big.reserved_usd, big.in_flight) == (0.005, 0.0, 0)
        footing.settle([call(0.01)])
        assert (key.spent_usd, key.spent_tokens, key.reserved_usd) == (pytest.approx(0.015), 10, 0.0)
        assert (key.in_flight, task.in_flight) == (0, 0)

    told(story)


def test_a_guards_model_that_answers_too_needs_one_slot_and_is_told_of_where_nothing_else_is_limited() -> None:
    async def story(admission: Admission, ceilings: Ceilings) -> None:
        footing = await stand(admission, ceilings, KEY, "else", "big", 0.02, 10)
        beside = await footing.beside("big", 0.01, 5)  # the same model: its only request a minute is this one
        big = admission._accounts["model:p/big"]
        assert (big.in_flight, big.reserved_usd) == (1, pytest.approx(0.03))
        beside.settle([call(0.001, "big")])
        footing.settle([call(0.002, "big")])
        assert (big.spent_usd, big.in_flight) == (pytest.approx(0.003), 0)

    async def alone(admission: Admission, ceilings: Ceilings) -> None:
        footing = await stand(admission, ceilings, FREE_KEY, "else", "small", 0.02, 10)
        assert (footing.reservation is FREE, footing.holder) == (True, "")
        beside = await footing.beside("big", 0.01, 5)
        beside.settle([call(0.001, "big"), call(0.5, "small")])
        assert footing.holder == "w", "what its record says counts against the lease"
        assert admission._accounts["model:p/big"].spent_usd == 0.001

    told(story)
    told(alone)
