"""Routing: which place is asked first, and what is done after each failure. Pure: healths, dice and clock come in.

    1  the variant's own deployments: by priority, then own region, then the cheaper of two (balance)
    2  the same ones again, where the failure may pass: after a pause with full jitter, `retries` times each
    3  for a candidate: the live variant's deployments, in the same two ways
    4  fallbacks, in their order
    5  whoever was left out because its circuit is open, then whoever was asked: nobody else is left

A request that is too long goes to `context_fallbacks` instead; a request that is wrong goes nowhere. All of it happens
within one budget of time. Source of the pauses: Brooker 2015, "Exponential Backoff And Jitter" (full jitter); of
hedging: Dean and Barroso 2013, "The Tail at Scale". The table of failures is in docs/routing.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Literal, NamedTuple

from volant.gateway.balance import choose
from volant.gateway.failures import Failure
from volant.gateway.plan import Place, VariantPlan

PAUSE_FIRST_S = 0.1  # the most before the first retry; twice as much before each further one
PAUSE_LAST_S = 2.0
SHORT_WAIT_S = 1.0  # a place that asks for no more is waited for before another model answers
LONG_WAIT_S = 10.0  # and so long when nobody else is left; beyond, the caller is told
MAX_CALLS = 12  # a request
HEDGED_SHARE = 0.1  # of requests, at most

Why = Literal["first", "retry", "fallback", "context", "hedge"]


class Leg(NamedTuple):
    """One place to try, as one variant."""

    variant: VariantPlan
    place: Place
    is_fallback: bool  # another than the variant's own deployments
    why: Why = "first"
    wait_s: float = 0.0  # pause first

    @property
    def header(self) -> bytes:
        """The header lines that say who answered."""
        return self.place.header + (b"x-volant-fallback: true\r\n" if self.is_fallback else b"")


class HedgeBudget:
    """Hedges are at most a tenth of the requests that could be: they never double an overload."""

    __slots__ = ("_saved",)

    def __init__(self) -> None:
        self._saved = 1.0

    def request(self) -> None:
        """A request that may be hedged came."""
        self._saved = min(self._saved + HEDGED_SHARE, 10.0)

    def take(self) -> bool:
        """Is there one to spend?"""
        if self._saved < 1.0:
            return False
        self._saved -= 1.0
        return True

    def give_back(self) -> None:
        """What was taken was not used."""
        self._saved += 1.0


class Course:
    """The course of one request over its places."""

    __slots__ = (
        "_asked", "_bound", "_deadline", "_failed", "_last", "_live", "_now", "_rng", "_suits", "_too_long",
        "_variant", "out_of_time", "tokens",
    )  # fmt: skip

    def __init__(
        self,
        variant: VariantPlan,
        live: VariantPlan,
        *,
        rng: Random,
        now: Callable[[], float],
        tokens: int = 0,
        suits: Callable[[Place], bool] | None = None,
    ) -> None:
        """`now`: monotonic seconds. `tokens`: about how long the request is; 0: not known. `suits`: may a place be
        asked at all? None: every one that has an address."""
        self._variant = variant
        self._live = live
        self._rng = rng
        self._now = now
        self.tokens = tokens
        self._suits = suits
        self._bound = True  # by context windows
        self._too_long = False
        self._failed: dict[int, tuple[Leg, Failure, int]] = {}  # id of a place -> how it went last, and how often
        self._asked: list[Place] = []  # one entry a call
        self._last: Leg | None = None
        self._deadline = 0.0
        self.out_of_time = False

    # ------------------------------------------------------------ the way
    def first(self) -> Leg | None:
        """Who is asked first. None: nobody can be."""
        own = self._variant.deployments
        if len(own) == 1 and self._is_free(own[0], now := self._now()):
            leg = Leg(self._variant, own[0], False)
            self._deadline = now
            return self._go(leg)
        self._deadline = self._now()
        return self._go(self._next())

    def begun(self, place: Place, since: float) -> Leg:
        """The first was asked already, at `since`."""
        self._deadline = since
        leg = Leg(self._variant, place, False)
        self._go(leg)
        return leg

    def after(self, failure: Failure, leg: Leg | None = None) -> Leg | None:
        """Who is asked after `leg` (the last one, where none is given) failed. None: that was all."""
        self.note(failure, leg)
        if failure.kind == "request":
            return None
        if failure.kind == "context":
            self._too_long = True
        if self.left_s() <= 0.0:
            self.out_of_time = True
            return None
        if len(self._asked) >= MAX_CALLS:
            return None
        return self._go(self._next())

    def note(self, failure: Failure, leg: Leg | None = None) -> None:
        """`leg` failed, and another one of this request is still under way."""
        leg = leg or self._last
        if leg is not None:
            _, _, times = self._failed.get(id(leg.place), (leg, failure, 0))
            self._failed[id(leg.place)] = (leg, failure, times + 1)

    def hedge(self, budget: HedgeBudget) -> Leg | None:
        """A second of the variant's own deployments, while the first is silent. None: there is none that is well, or
        there were too many hedges."""
        now = self._now()
        for tier in self._variant.tiers:
            well = [
                place
                for place in tier
                if not self._was_asked(place) and self._is_free(place, now) and place.health.open_until == 0.0
            ]
            if well:
                if not budget.take():
                    return None
                place = well[choose([one.health for one in well], self._rng, now)]
                return self._go(Leg(self._variant, place, False, "hedge"))
        return None

    def take_back(self, leg: Leg, budget: HedgeBudget) -> None:
        """That hedge was not made: the place may still be asked, and another request may hedge."""
        self._asked.remove(leg.place)
        budget.give_back()

    def left_s(self) -> float:
        """Seconds until the request's time is over: as much as its most patient deployment has for one call."""
        return self._deadline + self._total_s() - self._now()

    def wait_s(self, place: Place) -> float:
        """Seconds until its own limit a minute lets this request through; 0: now."""
        meter = place.health.meter
        return meter.wait_s(self.tokens, self._now()) if meter is not None else 0.0

    def rest_s(self, place: Place) -> float:
        """Seconds for which its provider asked to be left alone; 0: it did not."""
        return max(0.0, place.health.rest_until - self._now())

    # ------------------------------------------------------------ who is next
    def _next(self) -> Leg | None:
        now = self._now()
        if self.tokens and self._bound and not self._too_long:
            self._look_at_windows()
        if self._too_long:
            return self._longer(now)
        variants = (self._variant,) if self._variant is self._live else (self._variant, self._live)
        for variant in variants:
            leg = self._own(variant, now) or self._again(variant, now)
            if leg is not None:
                return leg
        return self._in_order(variants, now) or self._resting(variants, now) or self._anybody(now)

    def _own(self, variant: VariantPlan, now: float) -> Leg | None:
        for tier in variant.tiers:
            free = [place for place in tier if not self._was_asked(place) and self._is_free(place, now)]
            if free:
                at = choose([place.health for place in free], self._rng, now) if len(free) > 1 else 0
                return self._leg(variant, free[at])
        return None

    def _again(self, variant: VariantPlan, now: float) -> Leg | None:
        """One of its deployments once more: what happened may pass, and it still counts as healthy."""
        for leg, failure, times in sorted(self._failed.values(), key=lambda one: one[2]):
            if leg.variant is not variant or leg.place not in variant.deployments or failure.kind != "passing":
                continue
            health, wait = leg.place.health, self._pause(failure, times)
            well = health.open_until == 0.0 and not health.is_saturated() and self._has_room(leg.place, now)
            if well and times <= variant.spec.retries and wait <= min(SHORT_WAIT_S, self.left_s()):
                return leg._replace(why="retry", wait_s=wait)
        return None

    def _in_order(self, variants: Iterable[VariantPlan], now: float) -> Leg | None:
        for variant in variants:
            for place in variant.fallbacks:
                if not self._was_asked(place) and self._is_free(place, now):
                    return self._leg(variant, place, is_fallback=True)
        return None

    def _resting(self, variants: Iterable[VariantPlan], now: float) -> Leg | None:
        """Nobody healthy is left: ask those whose circuit is open."""
        for variant in variants:
            for place in (*variant.deployments, *variant.fallbacks):
                if not self._was_asked(place) and self._is_able(place) and self._has_room(place, now):
                    wait = max(0.0, place.health.rest_until - now)
                    if wait <= min(LONG_WAIT_S, self.left_s()):
                        return self._leg(variant, place, wait, is_fallback=place not in variant.deployments)
        return None

    def _anybody(self, now: float) -> Leg | None:
        """Everybody was asked: whoever it may help to ask again, the soonest first."""
        waiting = [
            leg._replace(why="retry", wait_s=self._pause(failure, times))
            for leg, failure, times in self._failed.values()
            if failure.kind in ("passing", "limited", "down")
            and times <= leg.variant.spec.retries
            and self._is_able(leg.place)
            and self._has_room(leg.place, now)
        ]
        soonest = min(waiting, key=lambda leg: leg.wait_s, default=None)
        return soonest if soonest is not None and soonest.wait_s <= min(LONG_WAIT_S, self.left_s()) else None

    def _longer(self, now: float) -> Leg | None:
        """Places for long requests; where none is named, those of the usual ones with a larger window."""
        variants = (self._variant,) if self._variant is self._live else (self._variant, self._live)
        for variant in variants:
            for place in variant.context_fallbacks:
                if not self._was_asked(place) and self._is_free(place, now):
                    return self._leg(variant, place, is_fallback=True, why="context")
        known = [
            leg.place.target.context_tokens for leg, failure, _ in self._failed.values() if failure.kind == "context"
        ]
        least = max(self.tokens, *known) if known else self.tokens
        for variant in variants:
            for place in (*variant.deployments, *variant.fallbacks):
                larger = place.target.context_tokens > least > 0
                if larger and not self._was_asked(place) and self._is_free(place, now):
                    return self._leg(variant, place, is_fallback=place not in variant.deployments, why="context")
        return None

    # ------------------------------------------------------------ inside
    def _leg(
        self,
        variant: VariantPlan,
        place: Place,
        wait_s: float = 0.0,
        *,
        is_fallback: bool = False,
        why: Why = "fallback",
    ) -> Leg:
        if not self._asked and why == "fallback" and not is_fallback:
            why = "first"
        return Leg(variant, place, is_fallback or variant is not self._variant, why, wait_s)

    def _go(self, leg: Leg | None) -> Leg | None:
        if leg is not None:
            self._asked.append(leg.place)
            self._last = leg
        return leg

    def _was_asked(self, place: Place) -> bool:
        return place in self._asked

    def _is_able(self, place: Place) -> bool:
        able = place.endpoint is not None and not place.health.is_saturated()
        return able and (self._suits is None or self._suits(place))

    def _is_free(self, place: Place, now: float) -> bool:
        return (
            self._is_able(place)
            and place.health.is_healthy(now)
            and self._fits(place)
            and (place.health.meter is None or self._has_room(place, now))
        )

    def _has_room(self, place: Place, now: float) -> bool:
        meter = place.health.meter
        return meter is None or meter.has_room(self.tokens, now)

    def _fits(self, place: Place) -> bool:
        window = place.target.context_tokens
        return not (window and self._bound and self.tokens > window)

    def _look_at_windows(self) -> None:
        """Too long for every usual place: go where long requests go. Too long for all: the provider shall say so."""
        usual = (*self._variant.deployments, *self._variant.fallbacks, *self._live.deployments, *self._live.fallbacks)
        if any(self._fits(place) for place in usual):
            return
        longer = (*self._variant.context_fallbacks, *self._live.context_fallbacks)
        if any(self._fits(place) for place in longer):
            self._too_long = True
        else:
            self._bound = False

    def _pause(self, failure: Failure, times: int) -> float:
        """Full jitter; after what the provider asked for, where it did."""
        most = min(PAUSE_FIRST_S * float(1 << times) / 2, PAUSE_LAST_S)
        return failure.retry_after_s + self._rng.random() * most

    def _total_s(self) -> float:
        places = self._variant.deployments or self._variant.fallbacks or self._live.deployments
        return max((place.timeouts.total_s for place in places), default=0.0)
