"""The canary's decision: each action for its reason, never by timeout, and whole rollouts in simulation."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volant.core.stats import canary
from volant.core.stats.canary import CanaryPlan, Decision, Guard, Step, UserObservation, decide, steps_of

PLAN = CanaryPlan(
    steps=steps_of([(0.10, 40), (0.50, 60)]), failure_ceiling=0.05, guards=(Guard(name="corrected", margin=0.05),)
)


def _traffic(
    *, old: float, new: float, failing: float = 0.0, users: tuple[int, ...] = (400, 120), seed: int = 1
) -> list[UserObservation]:
    """Users of each step in turn, 3 questions each, intra-user correlation 0.2; exact canary shares of 10 and 50 %."""
    rng = np.random.default_rng(seed)
    observations = []
    for step, count in enumerate(users):
        every = round(1 / PLAN.steps[step].share)
        for index in range(count):
            on_canary = index % every == every - 1
            rate = new if on_canary else old
            taste = rng.beta(4 * rate, 4 * (1 - rate)) if 0 < rate < 1 else rate
            observations.append(
                UserObservation(
                    subject=f"s{step}-{index}",
                    arm="canary" if on_canary else "baseline",
                    step=step,
                    requests=3,
                    technical_failures=int(rng.binomial(3, failing)) if on_canary else 0,
                    metrics={"corrected": rng.binomial(3, taste) / 3},
                )
            )
    return observations


def test_few_users_hold() -> None:
    decision = decide(PLAN, step=0, observations=_traffic(old=0.5, new=0.2, users=(300,)))
    assert decision.action == "hold"
    assert decision.reason == "Held at 10% of traffic: 30 of 40 canary users of this step are complete."
    assert (decision.canary_users, decision.baseline_users) == (30, 270)
    assert decide(PLAN, step=0, observations=[]).action == "hold"


def test_the_first_step_widens_once_its_users_are_seen() -> None:
    decision = decide(PLAN, step=0, observations=_traffic(old=0.5, new=0.2, users=(400,)))
    assert decision.action == "widen"
    assert decision.reason == "Widened to 50%: no alarm after 40 canary and 360 baseline users."


def test_a_better_candidate_is_promoted_at_the_last_step_only() -> None:
    observations = _traffic(old=0.55, new=0.2)
    decision = decide(PLAN, step=1, observations=observations)
    assert decision.action == "promote"
    assert "every metric" in decision.reason
    failures, corrected = decision.bounds
    assert failures.upper <= 0.05
    assert corrected.upper <= 0.05
    assert corrected.estimate == pytest.approx(-0.35, abs=0.1)
    assert decide(PLAN, step=0, observations=_traffic(old=0.55, new=0.2, users=(4_000,))).action == "widen"


def test_an_open_question_holds_for_ever() -> None:
    plan = replace(PLAN, failure_ceiling=0.3)
    decision = decide(plan, step=1, observations=_traffic(old=0.4, new=0.44, users=(400, 600)), seconds_in_step=1e9)
    assert decision.action == "hold"
    assert "corrected worse by" in decision.reason
    assert "technical_failures" not in decision.reason


def test_a_worse_candidate_rolls_back() -> None:
    decision = decide(PLAN, step=0, observations=_traffic(old=0.2, new=0.65, users=(330,)))
    assert decision.action == "rollback"
    assert "corrected worse by" in decision.reason
    assert decision.bounds[1].lower > 0.05
    assert decision.bounds[1].alarm


def test_failures_roll_back_within_a_few_users_even_where_a_fallback_answered_well() -> None:
    decision = decide(PLAN, step=0, observations=_traffic(old=0.3, new=0.2, failing=1.0, users=(30,)))
    assert decision.action == "rollback"
    assert "technical_failures 100.0%" in decision.reason


def test_an_alarm_stays_raised() -> None:
    broken_at_first = _traffic(old=0.5, new=0.2, failing=1.0, users=(60,))
    healed = [
        replace(user, subject=f"later-{user.subject}") for user in _traffic(old=0.5, new=0.2, users=(2_000,), seed=2)
    ]
    assert decide(PLAN, step=0, observations=broken_at_first + healed).action == "rollback"


def test_a_split_that_is_not_the_declared_one_rolls_back() -> None:
    observations = _traffic(old=0.5, new=0.2, users=(600,))
    # half of the baseline users never arrive
    thinned = [user for index, user in enumerate(observations) if user.arm == "canary" or index % 2]
    decision = decide(PLAN, step=0, observations=thinned)
    assert decision.action == "rollback"
    assert "declared proportion" in decision.reason
    assert decide(PLAN, step=0, observations=observations).action == "widen"


def test_unlabelled_users_wait_and_are_said_to() -> None:
    observations = [replace(user, metrics={}) for user in _traffic(old=0.5, new=0.2, users=(400, 400))]
    decision = decide(PLAN, step=1, observations=observations)
    assert decision.action == "hold"
    assert "corrected has no labelled users yet" in decision.reason
    assert decision.bounds[1].n == 0


def test_incomplete_users_count_for_the_split_alone() -> None:
    observations = _traffic(old=0.5, new=0.2, users=(400,))
    waiting = [replace(user, complete=False, technical_failures=3) for user in observations[-10:]]
    decision = decide(PLAN, step=0, observations=[*observations[:-10], *waiting])
    assert decision.canary_users_in_step == 39
    assert decision.bounds[0].estimate == 0.0
    assert decision.action == "hold"


def test_time_of_a_step_is_a_minimum() -> None:
    plan = replace(PLAN, steps=(Step(share=0.10, min_canary_users=40, min_seconds=60.0), PLAN.steps[1]))
    observations = _traffic(old=0.5, new=0.2, users=(400,))
    early = decide(plan, step=0, observations=observations, seconds_in_step=59.0)
    assert (early.action, early.reason) == ("hold", "Held at 10% of traffic: 59 of 60 seconds are over.")
    assert decide(plan, step=0, observations=observations, seconds_in_step=60.0).action == "widen"


def test_widening_waits_while_failures_are_too_uncertain() -> None:
    strict = replace(PLAN, steps=(Step(share=0.10, min_canary_users=40, failure_upper=0.06), PLAN.steps[1]))
    held = decide(strict, step=0, observations=_traffic(old=0.5, new=0.2, users=(400,)))
    assert held.action == "hold"
    assert "widening needs at most 6.0%" in held.reason
    assert decide(strict, step=0, observations=_traffic(old=0.5, new=0.2, users=(700,))).action == "widen"


@pytest.mark.parametrize(
    "plan", [PLAN, CanaryPlan(steps=steps_of([(0.05, 40), (0.25, 60), (0.5, 150)]), failure_ceiling=0.02)]
)
def test_the_least_users_without_failure_may_always_widen(plan: CanaryPlan) -> None:
    users = 0
    for index, step in enumerate(plan.steps[:-1]):
        users += step.min_canary_users
        clean = [
            UserObservation(subject=str(user), arm="canary", step=index, requests=1, technical_failures=0)
            for user in range(users)
        ]
        assert canary.weigh(plan, step=index, observations=clean).may_widen
        assert plan.failure_ceiling <= canary.widen_bound(plan, index) < 0.25


def test_a_metric_where_higher_is_better_is_turned() -> None:
    observations = _traffic(old=0.2, new=0.65, users=(330,))
    accuracy = [replace(user, metrics={"accuracy": 1.0 - user.metrics["corrected"]}) for user in observations]
    plan = replace(PLAN, guards=(Guard(name="accuracy", margin=0.05, higher_is_worse=False),))
    by_accuracy, by_corrections = (
        decide(p, step=0, observations=o) for p, o in ((plan, accuracy), (PLAN, observations))
    )
    assert by_accuracy.action == by_corrections.action == "rollback"
    assert by_accuracy.bounds[1].lower == pytest.approx(by_corrections.bounds[1].lower)


def test_alpha_is_split_over_the_alarms_only() -> None:
    assert PLAN.alpha_per_alarm == pytest.approx(0.05 / 3)
    more = replace(PLAN, guards=(*PLAN.guards, Guard(name="thumbs_down", margin=0.1)))
    assert more.alpha_per_alarm == pytest.approx(0.05 / 4)
    assert more.alpha_promote == 0.05


def test_observations_and_decisions_survive_json() -> None:
    observations = _traffic(old=0.5, new=0.2, users=(100,))
    stored = msgspec.json.encode(observations)
    assert msgspec.json.decode(stored, type=list[UserObservation]) == observations
    decision = decide(PLAN, step=0, observations=observations)
    assert msgspec.json.decode(msgspec.json.encode(decision), type=Decision) == decision
    assert msgspec.json.decode(msgspec.json.encode(PLAN), type=CanaryPlan) == PLAN


@given(seed=st.integers(0, 10_000), users=st.integers(0, 250), new=st.floats(0.05, 0.95))
@settings(max_examples=25, deadline=None)
def test_bounds_and_decisions_agree(seed: int, users: int, new: float) -> None:
    observations = _traffic(old=0.3, new=new, users=(users, users), seed=seed)
    decision = decide(PLAN, step=1, observations=observations)
    for bound in decision.bounds:
        assert bound.alarm == (bound.lower > bound.limit)
        assert bound.cleared == (bound.upper < bound.limit)
    if decision.action == "promote":
        assert all(bound.cleared and not bound.alarm for bound in decision.bounds)
    assert (decision.action == "rollback") == any(bound.alarm for bound in decision.bounds)


def _roll_out(rng: np.random.Generator, old: float, new: float, failing: float, most: int) -> tuple[str, int]:
    """One rollout of the demo's plan, looked at after every fourth canary user: the last action, and all users."""
    step = seen = 0
    observations: list[UserObservation] = []
    for index in range(most):
        on_canary = rng.random() < PLAN.steps[step].share
        rate = new if on_canary else old
        observations.append(
            UserObservation(
                subject=str(index),
                arm="canary" if on_canary else "baseline",
                step=step,
                requests=3,
                technical_failures=int(rng.binomial(3, failing)) if on_canary else 0,
                metrics={"corrected": rng.binomial(3, rng.beta(4 * rate, 4 * (1 - rate))) / 3},
            )
        )
        seen += on_canary
        if on_canary and seen % 4 == 0:
            weighed = canary.weigh(PLAN, step=step, observations=observations)
            action, _ = canary.choose(PLAN, step=step, weighed=weighed)
            if action in ("promote", "rollback"):
                return action, index + 1
            step += action == "widen"
    return "hold", most


@pytest.mark.parametrize(
    ("old", "new", "failing", "expected", "most"),
    [(0.55, 0.20, 0.0, "promote", 800), (0.20, 0.60, 0.0, "rollback", 500), (0.20, 0.20, 1.0, "rollback", 120)],
)
def test_clear_cases_end_as_they_should(old: float, new: float, failing: float, expected: str, most: int) -> None:
    rng = np.random.default_rng(31)
    ends = [_roll_out(rng, old, new, failing, most)[0] for _ in range(8)]
    assert ends == [expected] * 8


def test_mistakes_in_a_plan_are_named_together() -> None:
    with pytest.raises(
        ValueError, match=r"shares must rise.*at least one canary user.*failure_ceiling.*margins"
    ) as caught:
        CanaryPlan(
            steps=(Step(share=0.5, min_canary_users=1), Step(share=0.1, min_canary_users=0)),
            failure_ceiling=0.0,
            guards=(Guard(name="corrected", margin=0.0),),
        )
    assert "names of their own" not in str(caught.value)
    with pytest.raises(ValueError, match="at least one step"):
        replace(PLAN, steps=())
    with pytest.raises(ValueError, match="names of their own"):
        replace(PLAN, guards=(Guard(name="technical_failures", margin=0.1),))
    with pytest.raises(ValueError, match="failure_upper"):
        replace(PLAN, steps=(Step(share=0.5, min_canary_users=1, failure_upper=0.0),))
    with pytest.raises(ValueError, match="alphas"):
        replace(PLAN, alpha_promote=0.0)


def test_impossible_observations_are_refused() -> None:
    user = UserObservation(subject="a", arm="canary", step=0, requests=3, technical_failures=0)
    for bad, message in (
        ([user, user], "occurs twice"),
        ([replace(user, step=2)], "does not have"),
        ([replace(user, technical_failures=4)], "4 failures of 3 requests"),
        ([replace(user, requests=0)], "0 failures of 0 requests"),
        ([replace(user, metrics={"corrected": 1.5})], "user's mean"),
    ):
        with pytest.raises(ValueError, match=message):
            decide(PLAN, step=0, observations=bad)
    with pytest.raises(ValueError, match="outside the plan"):
        decide(PLAN, step=2, observations=[user])
