"""The controller over whole rollouts: what is good gets in, what is broken goes back, nothing is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from volant.core.errors import BadInput
from volant.core.nouns import RolloutPlan
from volant.rollout import RolloutState, Row, check_plan, first_state, next_state, split_of

SEEDS = pytest.mark.parametrize("seed", [1, 2, 3])


@SEEDS
def test_a_better_candidate_is_promoted_soon(world: Callable[..., Any], seed: int) -> None:
    look = world(live_corrected=0.45, candidate_corrected=0.2, seed=seed).run()
    assert look.action == "promote"
    assert look.state.phase == "promoted"
    assert 100 <= look.canary_users < 400  # both steps' least numbers, and not many more
    assert "within its limit" in look.sentence


@SEEDS
def test_a_worse_candidate_goes_back_within_few_users(world: Callable[..., Any], seed: int) -> None:
    look = world(live_corrected=0.2, candidate_corrected=0.6, seed=seed).run()
    assert look.state.phase == "rolled_back"
    assert look.canary_users < 60
    assert "corrected_share" in look.sentence


@SEEDS
def test_an_equal_candidate_is_promoted_in_the_end_and_never_by_time(world: Callable[..., Any], seed: int) -> None:
    look = world(seed=seed).run(look_every_ms=5000)
    assert look.state.phase == "promoted"
    assert look.canary_users >= 100  # both steps


def test_an_equal_candidate_is_held_while_there_are_few_users(world: Callable[..., Any]) -> None:
    look = world().run(most_users=600)
    assert look.action == "hold"
    assert look.state.phase == "canary"


@SEEDS
def test_a_candidate_that_fails_is_seen_in_shadow_already(world: Callable[..., Any], seed: int) -> None:
    look = world(candidate_failure=1.0, seed=seed).run(look_every_ms=100)
    assert look.state.phase == "rolled_back"
    assert "in shadow" in look.sentence
    assert look.canary_users == 0


@SEEDS
def test_failures_that_a_fallback_saved_count(world: Callable[..., Any], seed: int) -> None:
    plan = RolloutPlan(shadow_requests=0)
    look = world(candidate_failure=0.4, candidate_corrected=0.0, seed=seed, plan=plan).run()
    assert look.state.phase == "rolled_back"
    assert "technical_failures" in look.sentence


def test_a_split_that_loses_canary_users_is_not_trusted(world: Callable[..., Any]) -> None:
    look = world(lose_canary_users=0.6, candidate_corrected=0.0, live_corrected=0.4).run()
    assert look.state.phase == "rolled_back"
    assert "declared proportion" in look.sentence


def test_without_any_judgement_nothing_is_promoted_and_the_sentence_says_why(world: Callable[..., Any]) -> None:
    look = world(coverage=0.0).run(most_users=2500, look_every_ms=10_000)
    assert look.action == "hold"
    assert look.state.step == 1
    assert "corrected_share has no labelled users yet" in look.sentence


def test_without_feedback_the_plan_can_say_so(world: Callable[..., Any]) -> None:
    look = world(coverage=0.0, plan=RolloutPlan(correction_margin=1.0)).run()
    assert look.state.phase == "promoted"


def test_judgements_that_come_too_late_are_counted_and_left_out(world: Callable[..., Any]) -> None:
    look = world(label_delay_ms=20_000).run(most_users=1500, look_every_ms=10_000)
    assert look.late_labels > 100
    assert "were left out" in look.sentence
    assert look.action == "hold"


def test_a_look_is_a_function_of_plan_state_rows_and_time() -> None:
    plan = RolloutPlan(shadow_requests=0)
    rows = [
        Row(subject=f"s{n}", arm="canary" if n % 10 == 0 else "live", step=0, status=200, started_ms=n, corrected=False)
        for n in range(500)
    ]
    state = first_state(plan, 0)
    again = msgspec.json.decode(msgspec.json.encode(state), type=RolloutState)  # as the store keeps it
    assert next_state(plan, state, rows, 200_000) == next_state(plan, again, rows[::-1], 200_000)
    assert next_state(plan, state, rows, 200_000).action == "widen"


def test_a_step_lasts_its_least_time() -> None:
    plan = RolloutPlan(shadow_requests=0, step_min_s=3600)
    rows = [
        Row(subject=f"s{n}", arm="canary" if n % 10 == 0 else "live", step=0, status=200, started_ms=n)
        for n in range(1000)
    ]
    state = first_state(plan, 0)
    assert "3600 seconds" in next_state(plan, state, rows, 200_000).sentence
    assert next_state(plan, state, rows, 3_600_000).action == "widen"


def test_what_is_over_stays_over() -> None:
    plan = RolloutPlan()
    state = RolloutState(phase="rolled_back", since_ms=5, sentence="Rolled back: it was broken.")
    look = next_state(plan, state, [], 10)
    assert (look.action, look.state, look.sentence) == ("hold", state, state.sentence)
    assert split_of(plan, state) is None


def test_shadow_waits_for_its_requests_then_opens_the_first_step() -> None:
    plan = RolloutPlan(shadow_requests=50)
    state = first_state(plan, 0)
    assert split_of(plan, state) == ("shadow", 1.0)
    rows = [Row(subject=f"s{n}", arm="shadow", step=0, status=200, started_ms=n) for n in range(50)]
    assert next_state(plan, state, rows[:49], 100).action == "hold"
    look = next_state(plan, state, rows, 100)
    assert (look.action, look.shadow_requests) == ("widen", 50)
    assert split_of(plan, look.state) == ("canary", 0.10)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"steps": ()}, "at least one step"),
        ({"steps": ((0.5, 40), (0.1, 60))}, "must rise"),
        ({"steps": ((0.1, 40), (1.0, 60))}, "between 0 and 1"),
        ({"failure_ceiling": 0.0}, "failure_ceiling"),
        ({"correction_margin": 0.0}, "margins"),
        ({"questions_per_user": 0, "user_timeout_s": 0}, "questions_per_user .*; times"),
        ({"alpha": 1.5}, "alphas"),
    ],
)
def test_a_plan_that_cannot_work_is_refused_with_every_mistake(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        check_plan(RolloutPlan(**fields))
