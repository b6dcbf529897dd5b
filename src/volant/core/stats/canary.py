"""Canary: hold, widen, promote or roll back, from everything observed so far.

Pure: the same plan, step and observations give the same decision, and it may be asked for after every user. Nothing is
kept between looks; evidence is recomputed (milliseconds for thousands of users), so a restart loses nothing.

What it promises, under continuous looks (Ville's inequality): a candidate whose every harm is within its limit is
rolled back with probability at most `alpha_rollback`, which is split over the alarms; a candidate with any harm beyond
its limit is promoted with probability at most `alpha_promote`, which is not split, since promotion needs every metric
(an intersection-union test, Berger 1982). It never promotes because time has passed.

Knows nothing of traffic, releases or stores; the caller freezes users and applies decisions.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from volant.core.stats import sequential
from volant.core.stats.betting import Vector
from volant.core.stats.sequential import Bounds, Evidence

Arm = Literal["canary", "baseline"]
Action = Literal["hold", "widen", "promote", "rollback"]

FAILURES = "technical_failures"
SAMPLE_RATIO = "sample_ratio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a rollout: how much traffic, and what must have been seen before the next."""

    share: float  # of users who get the canary, strictly between 0 and 1; tests are strongest up to 0.5
    min_canary_users: int  # complete canary users assigned in this step
    min_seconds: float = 0.0  # time in this step
    failure_upper: float | None = None  # the failure rate's upper bound that allows widening; None: see `widen_bound`


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A metric of every labelled user, compared between the arms."""

    name: str
    margin: float  # how much worse the canary's mean may be, e.g. 0.05 = 5 points
    higher_is_worse: bool = True  # a share of corrections is, an accuracy is not


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryPlan:
    """What was declared before the first canary user. ValueError names every mistake at once."""

    steps: tuple[Step, ...]
    failure_ceiling: float  # highest acceptable rate of technical failures of canary users
    guards: tuple[Guard, ...] = ()
    alpha_rollback: float = 0.05
    alpha_promote: float = 0.05

    def __post_init__(self) -> None:
        mistakes = list(_mistakes(self))
        if mistakes:
            raise ValueError("canary plan: " + "; ".join(mistakes))

    @property
    def alpha_per_alarm(self) -> float:
        """alpha_rollback split evenly over the alarms: technical failures, the sample ratio, and each guard."""
        return self.alpha_rollback / (2 + len(self.guards))


@dataclass(frozen=True, slots=True, kw_only=True)
class UserObservation:
    """One user of the task, counted once, in the arm and step of the first request.

    Pass every assigned user; `complete` ones in the order in which they became complete. A complete user never changes.
    """

    subject: str
    arm: Arm
    step: int  # index of the step in force when the user was assigned
    requests: int
    technical_failures: int  # requests whose canary attempt failed, those rescued by a fallback included
    metrics: Mapping[str, float] = field(default_factory=dict)  # the user's mean in [0, 1]; absent = not labelled
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricEvidence:
    """One metric at one look, against its limit."""

    name: str
    kind: Literal["ceiling", "difference"]
    limit: float  # the ceiling of a rate, or the margin of a difference (canary minus baseline, higher is worse)
    evidence: Evidence
    alarm: bool  # harm above the limit is proven
    cleared: bool  # harm below the limit is proven


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """All evidence at one look."""

    metrics: tuple[MetricEvidence, ...]  # technical failures first, then the guards
    ratio_log_evidence: float
    ratio_alarm: bool
    canary_users: int  # complete
    baseline_users: int
    canary_users_in_step: int
    may_widen: bool  # the failure rate's upper bound is low enough for more traffic; true in the last step


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricBounds:
    """What the report shows of a metric; anytime-valid bounds, None where nothing was observed."""

    name: str
    kind: Literal["ceiling", "difference"]
    limit: float
    n: int
    estimate: float | None
    lower: float
    upper: float
    alarm: bool
    cleared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do now, and why, in one sentence for a person."""

    action: Action
    reason: str
    step: int  # the step that was looked at
    bounds: tuple[MetricBounds, ...]
    ratio_log_evidence: float
    canary_users: int
    baseline_users: int
    canary_users_in_step: int


def steps_of(pairs: Iterable[tuple[float, int]]) -> tuple[Step, ...]:
    """Steps from pairs of (share, least number of canary users), e.g. [(0.10, 40), (0.50, 60)]."""
    return tuple(Step(share=share, min_canary_users=users) for share, users in pairs)


def decide(
    plan: CanaryPlan, *, step: int, observations: Sequence[UserObservation], seconds_in_step: float = 0.0
) -> Decision:
    """The decision at this look, with bounds for the report.

    `step` indexes plan.steps; ValueError for a step outside the plan, a subject that occurs twice, impossible counts or
    a metric outside [0, 1].
    """
    weighed = weigh(plan, step=step, observations=observations)
    bounds = measure(plan, observations, weighed)
    action, reason = choose(plan, step=step, weighed=weighed, bounds=bounds, seconds_in_step=seconds_in_step)
    return Decision(
        action=action, reason=reason, step=step, bounds=bounds, ratio_log_evidence=weighed.ratio_log_evidence,
        canary_users=weighed.canary_users, baseline_users=weighed.baseline_users,
        canary_users_in_step=weighed.canary_users_in_step,
    )  # fmt: skip


def weigh(plan: CanaryPlan, *, step: int, observations: Sequence[UserObservation]) -> Weighed:
    """All evidence at this look, without the bounds (which cost more and decide nothing)."""
    if not 0 <= step < len(plan.steps):
        raise ValueError(f"step {step} is outside the plan's {len(plan.steps)} steps")
    _require_observations(plan, observations)
    done = [user for user in observations if user.complete]
    alarm_at, clear_at = -math.log(plan.alpha_per_alarm), -math.log(plan.alpha_promote)

    def judged(name: str, kind: Literal["ceiling", "difference"], limit: float, found: Evidence) -> MetricEvidence:
        return MetricEvidence(
            name=name, kind=kind, limit=limit, evidence=found,
            alarm=found.log_harm >= alarm_at, cleared=found.log_safe >= clear_at,
        )  # fmt: skip

    rates = _failure_rates(done)
    metrics = [judged(FAILURES, "ceiling", plan.failure_ceiling, sequential.ceiling(rates, plan.failure_ceiling))]
    for guard in plan.guards:
        found = sequential.difference(_differences(guard, done), guard.margin)
        metrics.append(judged(guard.name, "difference", guard.margin, found))
    ratio = sequential.sample_ratio(
        [user.arm == "canary" for user in observations], [plan.steps[user.step].share for user in observations]
    )
    last = step == len(plan.steps) - 1
    return Weighed(
        metrics=tuple(metrics),
        ratio_log_evidence=ratio,
        ratio_alarm=ratio >= alarm_at,
        canary_users=len(rates),
        baseline_users=len(done) - len(rates),
        canary_users_in_step=sum(user.arm == "canary" and user.step == step for user in done),
        may_widen=last or sequential.ceiling(rates, widen_bound(plan, step)).log_safe >= clear_at,
    )


def measure(plan: CanaryPlan, observations: Sequence[UserObservation], weighed: Weighed) -> tuple[MetricBounds, ...]:
    """Anytime-valid bounds of every metric: lower ones at an alarm's alpha, upper ones at the promotion's."""
    done = [user for user in observations if user.complete]
    alphas = {"alpha_lower": plan.alpha_per_alarm, "alpha_upper": plan.alpha_promote}
    intervals = [sequential.ceiling_bounds(_failure_rates(done), **alphas)]
    intervals += [sequential.difference_bounds(_differences(guard, done), **alphas) for guard in plan.guards]
    return tuple(_bounds(metric, interval) for metric, interval in zip(weighed.metrics, intervals, strict=True))


def choose(
    plan: CanaryPlan,
    *,
    step: int,
    weighed: Weighed,
    bounds: Sequence[MetricBounds] = (),
    seconds_in_step: float = 0.0,
) -> tuple[Action, str]:
    """The rule alone: evidence in, action and reason out. Bounds, where given, make the reason say how far."""
    described = {bound.name: _describe(bound) for bound in bounds}
    seen = f"{weighed.canary_users} canary and {weighed.baseline_users} baseline users"
    alarms = [metric.name for metric in weighed.metrics if metric.alarm]
    if alarms:
        causes = "; ".join(described.get(name, name) for name in alarms)
        return "rollback", f"Rolled back: harm beyond the limit is proven after {seen}: {causes}."
    if weighed.ratio_alarm:
        share = weighed.canary_users / max(1, weighed.canary_users + weighed.baseline_users)
        return "rollback", (
            f"Rolled back: users do not reach the arms in the declared proportion ({share:.1%} of complete users are "
            f"canary users, {plan.steps[step].share:.0%} is declared for this step), so nothing else can be trusted."
        )
    current = plan.steps[step]
    where = f"at {current.share:.0%} of traffic"
    if weighed.canary_users_in_step < current.min_canary_users:
        count = f"{weighed.canary_users_in_step} of {current.min_canary_users} canary users"
        return "hold", f"Held {where}: {count} of this step are complete."
    if seconds_in_step < current.min_seconds:
        return "hold", f"Held {where}: {seconds_in_step:.0f} of {current.min_seconds:.0f} seconds are over."
    if step < len(plan.steps) - 1:
        if not weighed.may_widen:
            cause = described.get(FAILURES, FAILURES)
            return "hold", f"Held {where}: {cause}; widening needs at most {widen_bound(plan, step):.1%}."
        return "widen", f"Widened to {plan.steps[step + 1].share:.0%}: no alarm after {seen}."
    open_questions = [metric.name for metric in weighed.metrics if not metric.cleared]
    if open_questions:
        causes = "; ".join(described.get(name, name) for name in open_questions)
        return "hold", f"Held {where}: not yet shown to be within the limit after {seen}: {causes}."
    return "promote", f"Promoted: every metric is shown to be within its limit after {seen}."


def widen_bound(plan: CanaryPlan, step: int) -> float:
    """The upper bound of the failure rate that allows leaving this step.

    Where the step does not declare one: the bound that the least number of users up to here reaches when they fail at
    the ceiling's rate, rounded down. So early steps ask for no more than so few users can show.
    """
    declared = plan.steps[step].failure_upper
    if declared is not None:
        return declared
    users = sum(each.min_canary_users for each in plan.steps[: step + 1])
    rates = np.zeros(users)
    rates[: int(plan.failure_ceiling * users)] = 1.0
    reached = sequential.ceiling_bounds(rates, alpha_lower=plan.alpha_per_alarm, alpha_upper=plan.alpha_promote)
    return min(max(plan.failure_ceiling, reached.upper), 1.0 - 1e-9)


def _failure_rates(done: Iterable[UserObservation]) -> list[float]:
    return [user.technical_failures / user.requests for user in done if user.arm == "canary"]


def _differences(guard: Guard, done: Iterable[UserObservation]) -> Vector:
    """Blocks of labelled users, turned so that higher is worse."""
    labelled = [(user.arm == "canary", user.metrics[guard.name]) for user in done if guard.name in user.metrics]
    values = [value if guard.higher_is_worse else 1.0 - value for _, value in labelled]
    return sequential.block_differences([arm for arm, _ in labelled], values)


def _bounds(metric: MetricEvidence, interval: Bounds) -> MetricBounds:
    return MetricBounds(
        name=metric.name, kind=metric.kind, limit=metric.limit, n=metric.evidence.n, estimate=metric.evidence.estimate,
        lower=interval.lower, upper=interval.upper, alarm=metric.alarm, cleared=metric.cleared,
    )  # fmt: skip


def _describe(bound: MetricBounds) -> str:
    if bound.estimate is None:
        return f"{bound.name} has no labelled users yet"
    if bound.kind == "ceiling":
        numbers = f"{bound.estimate:.1%}, between {bound.lower:.1%} and {bound.upper:.1%}"
        return f"{bound.name} {numbers} (ceiling {bound.limit:.1%})"
    numbers = f"{100 * bound.estimate:+.1f} points, between {100 * bound.lower:+.1f} and {100 * bound.upper:+.1f}"
    return f"{bound.name} worse by {numbers} (margin {100 * bound.limit:+.1f})"


def _mistakes(plan: CanaryPlan) -> Iterable[str]:
    shares = [step.share for step in plan.steps]
    if not shares:
        yield "it needs at least one step"
    if any(not 0.0 < share < 1.0 for share in shares) or shares != sorted(set(shares)):
        yield f"shares must rise and lie strictly between 0 and 1, got {shares}"
    if any(step.min_canary_users < 1 or step.min_seconds < 0 for step in plan.steps):
        yield "every step needs at least one canary user and no negative time"
    if any(step.failure_upper is not None and not 0.0 < step.failure_upper < 1.0 for step in plan.steps):
        yield "failure_upper of a step must lie strictly between 0 and 1"
    if not 0.0 < plan.failure_ceiling < 1.0:
        yield f"failure_ceiling must lie strictly between 0 and 1, got {plan.failure_ceiling}"
    names = [guard.name for guard in plan.guards]
    if len(set(names)) != len(names) or {FAILURES, SAMPLE_RATIO} & set(names):
        yield f"guards need names of their own, got {names}"
    if any(not 0.0 < guard.margin < 1.0 for guard in plan.guards):
        yield "margins must lie strictly between 0 and 1"
    if not (0.0 < plan.alpha_rollback < 1.0 and 0.0 < plan.alpha_promote < 1.0):
        yield "alphas must lie strictly between 0 and 1"


def _require_observations(plan: CanaryPlan, observations: Sequence[UserObservation]) -> None:
    subjects: set[str] = set()
    for user in observations:
        if user.subject in subjects:
            raise ValueError(f"subject {user.subject!r} occurs twice; a user counts once, in the arm first assigned")
        subjects.add(user.subject)
        if not 0 <= user.step < len(plan.steps):
            raise ValueError(f"subject {user.subject!r} was assigned in step {user.step}, which the plan does not have")
        if not 0 <= user.technical_failures <= user.requests or (user.complete and user.requests < 1):
            counts = f"{user.technical_failures} failures of {user.requests} requests"
            raise ValueError(f"subject {user.subject!r} has {counts}")
