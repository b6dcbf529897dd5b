"""Routing: who is asked, in which order, after which failure. A simulated clock and seeded dice; no network."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volant.core.nouns import Route, Snapshot, Target, TaskSpec, VariantSpec
from volant.gateway.balance import FAILURES_TO_OPEN, Health, Meter
from volant.gateway.failures import Failure, failure_of
from volant.gateway.plan import Place, TaskPlan, compile_plans
from volant.gateway.routing import LONG_WAIT_S, MAX_CALLS, Course, HedgeBudget, Leg

BROKEN = failure_of(500, "")
RESET = failure_of(0, "closed")
DOWN = failure_of(0, "connect_refused")
SLOW = failure_of(0, "first_byte_timeout")
LIMITED = failure_of(429, "", retry_after_s=3.0)
LONG = failure_of(400, "context_length_exceeded", context_exceeded=True)
WRONG = failure_of(422, "")


class World:
    """Places by name, a clock, and one task "t" whose variants are as given."""

    def __init__(self, *variants: VariantSpec, region: str = "", live: str = "", **targets: dict[str, Any]) -> None:
        self.now = 1000.0
        self.healths: dict[tuple[str, ...], Health] = {}
        names = {n for v in variants for n in (*v.deployments, *v.fallbacks, *v.context_fallbacks)}
        task = TaskSpec(name="t", variants=variants)
        snapshot = Snapshot(
            revision=1,
            config_hash="h",
            routes={"p": {"t": Route(task=task, live=live or variants[0].name)}},
            targets={
                "p": {
                    name: Target(**{"name": name, "provider": "mock", "model": "m", "base_url": "http://h/v1",
                                    **targets.get(name, {})})
                    for name in names
                }
            },
            keys={},
            subject_keys={},
        )  # fmt: skip
        self.plans = compile_plans(snapshot, self.healths, region=region)
        self.plan: TaskPlan = self.plans.tasks["p"]["t"]
        self.places: dict[str, Place] = {}
        for variant in (self.plan.live,):
            for place in (*variant.deployments, *variant.fallbacks, *variant.context_fallbacks):
                self.places[place.target.name] = place

    def course(self, seed: int = 7, **more: Any) -> Course:
        return Course(self.plan.live, self.plan.live, rng=Random(seed), now=lambda: self.now, **more)

    def open(self, name: str) -> None:
        health = self.places[name].health
        for _ in range(FAILURES_TO_OPEN):
            health.begin(self.now)
            health.fail(self.now)

    def walk(self, *failures: Failure, **more: Any) -> list[str]:
        """Names of the places that are asked when calls end like that, the last of them for ever."""
        return [leg.place.target.name for leg in self.legs(*failures, **more)]

    def legs(self, *failures: Failure, **more: Any) -> list[Leg]:
        course = self.course(**more)
        legs, leg = [], course.first()
        while leg is not None:
            self.now += leg.wait_s
            legs.append(leg)
            assert len(legs) <= MAX_CALLS
            leg.place.health.begin(self.now)
            failure = failures[min(len(legs), len(failures)) - 1]
            if failure.counts:
                leg.place.health.fail(self.now, failure.retry_after_s)
            else:
                leg.place.health.let_go()
            leg = course.after(failure)
        return legs


def _v(*deployments: str, **more: Any) -> VariantSpec:
    return VariantSpec(name=more.pop("name", "v"), deployments=deployments, **more)


# ---------------------------------------------------------------- order
def test_own_ones_first_then_them_again_then_fallbacks_in_order() -> None:
    world = World(_v("a", "b", fallbacks=("c", "d"), retries=1))
    legs = world.legs(BROKEN)
    names = [leg.place.target.name for leg in legs]
    assert set(names[:2]) == {"a", "b"}
    assert set(names[2:4]) == {"a", "b"}
    assert names[4:6] == ["c", "d"]
    assert [leg.why for leg in legs[:6]] == ["first", "fallback", "retry", "retry", "fallback", "fallback"]
    assert [leg.is_fallback for leg in legs[:6]] == [False] * 4 + [True] * 2
    assert [leg.wait_s > 0 for leg in legs[:6]] == [False, False, True, True, False, False]


def test_what_is_down_is_not_asked_again_before_others() -> None:
    for failure in (DOWN, SLOW, failure_of(401, ""), failure_of(404, "")):
        assert World(_v("a", fallbacks=("b",))).walk(failure)[:2] == ["a", "b"]


def test_nobody_else_is_left_so_the_only_one_is_asked_again() -> None:
    assert World(_v("a", retries=2)).walk(DOWN) == ["a"] * 3
    assert World(_v("a", retries=0)).walk(DOWN) == ["a"]
    assert World(_v("a", retries=2)).walk(SLOW) == ["a"]  # its time is better spent elsewhere
    assert World(_v("a", retries=2)).walk(failure_of(401, "")) == ["a"]


def test_a_wrong_request_is_wrong_everywhere() -> None:
    assert World(_v("a", "b", fallbacks=("c",))).walk(WRONG) in (["a"], ["b"])


def test_the_lowest_priority_number_first_whatever_the_weights() -> None:
    targets = {"a": {"priority": 5, "weight": 100.0}, "b": {"priority": 1}, "c": {"priority": 1}}
    for seed in range(20):
        names = World(_v("a", "b", "c", retries=0), **targets).walk(DOWN, seed=seed)
        assert set(names[:2]) == {"b", "c"}
        assert names[2] == "a"


def test_the_next_priority_when_the_first_is_full_or_open() -> None:
    world = World(_v("a", "b"), b={"priority": 1})
    world.places["a"].health.in_flight = 256
    assert _name(world.course().first()) == "b"
    world.places["a"].health.in_flight = 0
    world.open("a")
    assert _name(world.course().first()) == "b"


def test_the_own_region_first_within_a_priority() -> None:
    targets = {"a": {"region": "us"}, "b": {"region": "eu"}, "c": {"region": "us", "priority": -1}, "d": {}}
    for seed in range(20):
        names = World(_v("a", "b", "c", "d", retries=0), region="eu", **targets).walk(DOWN, seed=seed)
        assert names[0] == "c"  # priority is said, region is only near
        assert set(names[1:3]) == {"b", "d"}  # without a region it is everywhere
        assert names[3] == "a"


def test_weights_are_shares() -> None:
    world = World(_v("a", "b"), a={"weight": 3.0})
    hits = [_name(world.course(seed).first()) for seed in range(4000)].count("a")
    assert hits / 4000 == pytest.approx(0.75, abs=0.03)


def test_a_candidate_is_bridged_by_the_live_variant_and_then_by_fallbacks() -> None:
    world = World(_v("a", fallbacks=("b",)), _v("c", "d", name="w", fallbacks=("e",), retries=0))
    candidate = compile_candidate(world)
    course = Course(candidate, world.plan.live, rng=Random(7), now=lambda: world.now)
    legs = [course.first()]
    while (leg := course.after(DOWN)) is not None:
        legs.append(leg)
    assert {_name(leg) for leg in legs[:2]} == {"c", "d"}
    assert [_name(leg) for leg in legs[2:5]] == ["a", "e", "b"]
    assert [leg.is_fallback for leg in legs[:5] if leg] == [False, False, True, True, True]
    assert [leg.variant.spec.name for leg in legs[:5] if leg] == ["w", "w", "v", "w", "v"]


def compile_candidate(world: World) -> Any:
    from volant.core.nouns import Split

    route = world.plan.route
    split = Split(rollout_id="r", candidate="w", share=1.0, mode="canary", salt="s")
    snapshot = world.plans.snapshot
    route = Route(task=route.task, live=route.live, split=split)
    again = Snapshot(
        revision=2, config_hash="h", routes={"p": {"t": route}}, targets=snapshot.targets, keys={}, subject_keys={}
    )
    world.plan = compile_plans(again, world.healths).tasks["p"]["t"]
    return world.plan.candidate


# ---------------------------------------------------------------- circuits
def test_open_circuits_are_asked_only_when_nobody_else_is_left() -> None:
    world = World(_v("a", fallbacks=("b",), retries=0))
    world.open("a")
    assert world.walk(DOWN) == ["b", "a"]


def test_everybody_open_is_asked_all_the_same() -> None:
    world = World(_v("a", "b", retries=0))
    world.open("a")
    world.open("b")
    assert sorted(world.walk(DOWN)) == ["a", "b"]


def test_one_probe_at_a_time() -> None:
    world = World(_v("a", "b"))
    world.open("a")
    world.now += 5.0
    firsts = []
    for seed in range(30):
        leg = world.course(seed).first()
        assert leg is not None
        leg.place.health.begin(world.now)
        firsts.append(_name(leg))
    assert firsts.count("a") == 1


def test_a_place_without_an_address_is_never_asked() -> None:
    world = World(_v("a", "b", retries=0), a={"base_url": "", "provider": "local"})
    assert world.walk(DOWN) == ["b"]
    assert World(_v("a"), a={"base_url": "", "provider": "local"}).walk(DOWN) == []


# ---------------------------------------------------------------- pauses and time
def test_full_jitter_doubles_and_ends() -> None:
    def pauses(seed: int) -> list[float]:
        return [leg.wait_s for leg in World(_v("a", retries=9)).legs(RESET, seed=seed)[1:]]

    many = [pauses(seed) for seed in range(300)]
    for nth, most in enumerate((0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0)):
        seen = [one[nth] for one in many if len(one) > nth]
        assert max(seen) <= most
        assert max(seen) > 0.9 * most
        assert min(seen) < 0.1 * most


def test_a_retry_waits_as_long_as_the_provider_asks() -> None:
    [_, second] = World(_v("a", retries=1)).legs(LIMITED)
    assert 3.0 <= second.wait_s <= 3.2


def test_nobody_waits_for_longer_than_is_sensible() -> None:
    assert World(_v("a", retries=1)).walk(failure_of(429, "", retry_after_s=LONG_WAIT_S + 1)) == ["a"]


def test_a_limited_place_is_passed_over_not_waited_for() -> None:
    legs = World(_v("a", fallbacks=("b",), retries=1)).legs(LIMITED, DOWN)
    assert [(_name(leg), leg.wait_s) for leg in legs[:2]] == [("a", 0.0), ("b", 0.0)]


def test_a_limited_place_rests_for_others_too() -> None:
    world = World(_v("a", "b", retries=0))
    health = world.places["a"].health
    health.begin(world.now)
    health.fail(world.now, 3.0)
    assert {_name(world.course(seed).first()) for seed in range(20)} == {"b"}
    world.now += 3.1
    assert {_name(world.course(seed).first()) for seed in range(20)} == {"a", "b"}


def test_all_attempts_share_one_budget_of_time() -> None:
    world = World(_v("a", "b", fallbacks=("c",)), a={"timeout_total_s": 10.0}, b={"timeout_total_s": 4.0})
    course = world.course()
    assert course.first() is not None
    assert course.left_s() == pytest.approx(10.0)
    world.now += 6.0
    assert course.after(SLOW) is not None
    world.now += 4.5
    assert course.after(SLOW) is None
    assert course.out_of_time


# ---------------------------------------------------------------- limits
def test_who_has_used_up_its_minute_is_passed_over() -> None:
    world = World(_v("a", "b", fallbacks=("c",), retries=0))
    for name in ("a", "b"):
        world.places[name].health.meter = Meter(1, 0)
    seen = []
    for _ in range(3):
        leg = world.course().first()
        assert leg is not None
        if leg.place.health.meter is not None:
            leg.place.health.meter.take(10, world.now)
        seen.append(_name(leg))
    assert sorted(seen[:2]) == ["a", "b"]
    assert seen[2] == "c"


def test_over_its_own_limit_nobody_is_asked_even_if_nobody_else_is_left() -> None:
    world = World(_v("a"))
    meter = world.places["a"].health.meter = Meter(0, 100)
    meter.take(80, world.now)
    assert world.course(tokens=50).first() is None
    assert world.course(tokens=20).first() is not None


# ---------------------------------------------------------------- long requests
def test_too_long_says_the_provider() -> None:
    world = World(_v("a", fallbacks=("b",), context_fallbacks=("c", "d")))
    legs = world.legs(LONG, LONG)
    assert [_name(leg) for leg in legs] == ["a", "c", "d"]
    assert [leg.why for leg in legs] == ["first", "context", "context"]


def test_too_long_without_a_place_for_it_is_the_answer() -> None:
    assert World(_v("a", fallbacks=("b",))).walk(LONG) == ["a"]


def test_too_long_goes_where_the_window_is_known_to_be_larger() -> None:
    targets = {"a": {"context_tokens": 8000}, "b": {"context_tokens": 8000}, "c": {"context_tokens": 32000}}
    assert World(_v("a", fallbacks=("b", "c")), **targets).walk(LONG) == ["a", "c"]


def test_too_long_by_estimate() -> None:
    targets = {"a": {"context_tokens": 8000}, "b": {"context_tokens": 16000}, "c": {"context_tokens": 99000}}
    variant = _v("a", fallbacks=("b",), context_fallbacks=("c",))
    assert _name(World(variant, **targets).course(tokens=5000).first()) == "a"
    assert _name(World(variant, **targets).course(tokens=9000).first()) == "b"
    assert _name(World(variant, **targets).course(tokens=20_000).first()) == "c"
    assert _name(World(variant, **targets).course(tokens=200_000).first()) == "a"  # the provider shall say so


# ---------------------------------------------------------------- hedging
def test_a_hedge_goes_to_another_own_deployment_that_is_well() -> None:
    world = World(_v("a", "b", fallbacks=("c",)))
    budget = HedgeBudget()
    course = world.course()
    first = course.first()
    second = course.hedge(budget)
    assert {_name(first), _name(second)} == {"a", "b"}
    assert second is not None
    assert (second.why, second.is_fallback) == ("hedge", False)
    assert course.hedge(budget) is None  # a fallback is another model: never for speed alone
    third = course.after(RESET, second)
    assert _name(third) == _name(second)  # the first is still under way, the hedge broke: it may be asked again


def test_a_hedge_that_was_not_made_takes_nothing() -> None:
    world = World(_v("a", "b"))
    course = world.course()
    assert course.first() is not None
    budget = HedgeBudget()
    second = course.hedge(budget)
    assert second is not None
    course.take_back(second, budget)
    assert course.hedge(budget) == second


def test_no_hedge_to_a_sick_place() -> None:
    world = World(_v("a", "b"))
    world.open("b")
    course = world.course()
    assert _name(course.first()) == "a"
    assert course.hedge(HedgeBudget()) is None
    world.now += 6.0  # half open: a probe is no hedge
    assert course.hedge(HedgeBudget()) is None


@given(st.lists(st.integers(1, 30), max_size=200))
def test_hedges_stay_below_a_tenth_and_one(bursts: list[int]) -> None:
    budget, requests, hedges = HedgeBudget(), 0, 0
    for burst in bursts:
        for _ in range(burst):
            budget.request()
            requests += 1
        hedges += sum(budget.take() for _ in range(burst))
        assert hedges <= requests * 0.1 + 1


# ---------------------------------------------------------------- whatever happens
FAILURES = st.sampled_from([BROKEN, RESET, DOWN, SLOW, LIMITED, LONG, WRONG, failure_of(401, ""), failure_of(529, "")])


@given(
    own=st.integers(1, 4),
    fallbacks=st.integers(0, 3),
    context=st.integers(0, 2),
    retries=st.integers(0, 3),
    failures=st.lists(FAILURES, min_size=1, max_size=12),
    opened=st.sets(st.integers(0, 8)),
    seed=st.integers(0, 1000),
)
def test_a_course_always_ends_and_asks_nobody_too_often(
    own: int, fallbacks: int, context: int, retries: int, failures: list[Failure], opened: set[int], seed: int
) -> None:
    names = [f"d{at}" for at in range(own + fallbacks + context)]
    variant = _v(
        *names[:own],
        fallbacks=tuple(names[own : own + fallbacks]),
        context_fallbacks=tuple(names[own + fallbacks :]),
        retries=retries,
    )
    world = World(variant)
    for at in opened & set(range(len(names))):
        world.open(names[at])
    legs = world.legs(*failures, seed=seed)
    assert 1 <= len(legs) <= MAX_CALLS
    asked = [_name(leg) for leg in legs]
    assert all(asked.count(name) <= 1 + retries for name in asked)
    assert all(place.health.in_flight == 0 for place in world.places.values())
    ended = [failures[min(at, len(failures) - 1)].kind for at in range(len(legs))]
    assert "request" not in ended[:-1]
    if not set(ended) & {"request", "context"} and len(legs) < MAX_CALLS:
        assert set(asked) >= set(names[: own + fallbacks])  # nobody was forgotten


@given(st.integers(0, 1000))
def test_one_healthy_deployment_saves_every_request(seed: int) -> None:
    """One of two fails always, in any way but the request's own fault: the other answers, without its circuit open."""
    rng = Random(seed)
    kinds = [BROKEN, RESET, DOWN, SLOW, LIMITED, failure_of(401, "")]
    world = World(_v("a", "b"))
    for at in range(50):
        world.now += rng.random()
        course = world.course(seed + at)
        leg = course.first()
        while leg is not None and leg.place.target.name == "a":
            world.now += leg.wait_s
            leg.place.health.begin(world.now)
            failure = rng.choice(kinds)
            leg.place.health.fail(world.now, failure.retry_after_s)
            leg = course.after(failure)
        assert leg is not None
        leg.place.health.begin(world.now)
        leg.place.health.succeed(50.0, world.now)


def _name(leg: Leg | None) -> str:
    assert leg is not None
    return leg.place.target.name


# ---------------------------------------------------------------- from the configuration
def test_limits_and_slow_starts_come_from_the_configuration_and_survive_the_next_one() -> None:
    world = World(_v("a", "b"), a={"requests_per_minute": 10, "tokens_per_minute": 1000})
    assert world.places["b"].health.meter is None
    assert world.places["a"].health.since == 0.0  # nothing was there before: all begin together
    meter = world.places["a"].health.meter
    assert meter is not None
    for _ in range(4):
        meter.take(1, world.now)
    snapshot = world.plans.snapshot
    targets = {
        "p": {**snapshot.targets["p"], "c": Target(name="c", provider="mock", model="m", base_url="http://h/v1")}
    }
    task = TaskSpec(name="t", variants=(_v("a", "b", "c"),))
    routes = {"p": {"t": Route(task=task, live="v")}}
    later = Snapshot(revision=2, config_hash="h", routes=routes, targets=targets, keys={}, subject_keys={})
    plans = compile_plans(later, world.healths, now=world.now, share=0.5)
    a, _, c = plans.tasks["p"]["t"].live.deployments
    assert a.health.meter is meter
    assert meter.requests_per_minute == 5
    assert meter.has_room(1, world.now)
    meter.take(1, world.now)
    assert not meter.has_room(1, world.now)
    assert c.health.share(world.now) == pytest.approx(0.1)
    assert a.health.share(world.now) == 1.0
