"""Controller: what to do next with a rollout.

Pure: the same plan, state, rows and time give the same answer; nothing is kept between looks, so a restart loses
nothing. Shadow first (the candidate gets copies, nobody gets its answers), then canary steps, then promotion or
rollback. The statistics are `core.stats.canary`'s; here stand the phases and the words.
Knows nothing of stores, gateways or releases.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from volant.core.errors import BadInput
from volant.core.nouns import RolloutPlan
from volant.core.stats import CanaryPlan, Guard, MetricBounds, Step, sequential
from volant.core.stats import decide as decide_canary
from volant.rollout.users import CORRECTED, Row, first_shadow_failures, users_of

Phase = Literal["shadow", "canary", "promoted", "rolled_back"]
Action = Literal["hold", "widen", "promote", "rollback"]

SHADOW_ALPHA = 0.1  # the shadow phase's part of alpha; a candidate that always fails is seen after three users


class RolloutState(msgspec.Struct, frozen=True, kw_only=True):
    """Where a rollout stands. Kept by the loop, as JSON."""

    phase: Phase
    step: int = 0  # index into the plan's steps
    since_ms: int  # when this phase or step began
    sentence: str = ""  # why it stands here

    @property
    def over(self) -> bool:
        """True when nothing more will be decided."""
        return self.phase in ("promoted", "rolled_back")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a rollout: what to do, why, and the numbers behind it."""

    action: Action
    sentence: str
    state: RolloutState  # after the action
    bounds: tuple[MetricBounds, ...] = ()
    canary_users: int = 0  # complete
    baseline_users: int = 0
    shadow_requests: int = 0
    late_labels: int = 0


def first_state(plan: RolloutPlan, now_ms: int) -> RolloutState:
    """Where a rollout begins: in shadow, or in its first canary step where the plan wants no shadow."""
    check_plan(plan)
    phase: Phase = "shadow" if plan.shadow_requests else "canary"
    return RolloutState(phase=phase, since_ms=now_ms, sentence="Begun.")


def split_of(plan: RolloutPlan, state: RolloutState) -> tuple[Literal["shadow", "canary"], float] | None:
    """What the gateways shall do: (mode, share of users); in shadow everybody is copied. None when it is over."""
    if state.phase == "shadow":
        return "shadow", 1.0
    return ("canary", plan.steps[state.step][0]) if state.phase == "canary" else None


def next_state(plan: RolloutPlan, state: RolloutState, rows: Sequence[Row], now_ms: int) -> Look:
    """Look at all rows of this rollout, from its first one to now_ms, and say what to do.

    `rows` holds both arms and the shadow phase's copies: all requests that were routed under this rollout's split, and
    no others. ValueError for a plan that `check_plan` refuses.
    """
    if state.over:
        return Look(action="hold", sentence=state.sentence, state=state)
    return _in_shadow(plan, state, rows, now_ms) if state.phase == "shadow" else _in_canary(plan, state, rows, now_ms)


def check_plan(plan: RolloutPlan) -> None:
    """Raise BadInput `rollout_plan_invalid`, with every mistake, when the plan cannot work."""
    mistakes = []
    if plan.shadow_requests < 0:
        mistakes.append("shadow_requests must not be negative")
    if plan.questions_per_user < 1:
        mistakes.append("questions_per_user must be at least 1")
    if min(plan.user_timeout_s, plan.label_wait_s, plan.step_min_s) < 0 or plan.user_timeout_s == 0:
        mistakes.append("times must not be negative, and user_timeout_s must be positive")
    try:
        _canary_plan(plan)
    except ValueError as error:
        mistakes.append(str(error).removeprefix("canary plan: "))
    if mistakes:
        raise BadInput("rollout_plan_invalid", "; ".join(mistakes), where="rollout",
                       hint="see docs/rollout.md for what each number means")  # fmt: skip


def _in_shadow(plan: RolloutPlan, state: RolloutState, rows: Sequence[Row], now_ms: int) -> Look:
    failures = first_shadow_failures(rows)
    requests = sum(row.arm == "shadow" for row in rows)
    evidence = sequential.ceiling(failures, plan.failure_ceiling)
    seen = f"{requests} shadow requests of {len(failures)} users, {sum(failures):.0f} of whom met a technical failure"
    action: Action
    if evidence.log_harm >= -math.log(SHADOW_ALPHA * plan.alpha):
        action = "rollback"
        sentence = f"Rolled back in shadow: more than {plan.failure_ceiling:.1%} failures are proven by {seen}."
    elif requests < plan.shadow_requests:
        action = "hold"
        sentence = f"Held in shadow: {seen}; {plan.shadow_requests} requests are wanted."
    else:
        action = "widen"
        sentence = f"Shadow passed after {seen}: the first {plan.steps[0][0]:.0%} of users get the candidate."
    after = _after(state, action, sentence, now_ms)
    return Look(action=action, sentence=sentence, state=after, shadow_requests=requests)


def _in_canary(plan: RolloutPlan, state: RolloutState, rows: Sequence[Row], now_ms: int) -> Look:
    users = users_of(plan, rows, now_ms)
    decision = decide_canary(
        _canary_plan(plan),
        step=state.step,
        observations=users.observations,
        seconds_in_step=(now_ms - state.since_ms) / 1000,
    )
    sentence = decision.reason
    if users.late_labels:
        sentence += f" {users.late_labels} judgements came after {plan.label_wait_s:.0f} s and were left out."
    return Look(
        action=decision.action,
        sentence=sentence,
        state=_after(state, decision.action, sentence, now_ms),
        bounds=decision.bounds,
        canary_users=decision.canary_users,
        baseline_users=decision.baseline_users,
        late_labels=users.late_labels,
    )


def _after(state: RolloutState, action: Action, sentence: str, now_ms: int) -> RolloutState:
    """The state that an action leads to; holding changes nothing."""
    if action == "hold":
        return state
    if action == "widen":
        step = 0 if state.phase == "shadow" else state.step + 1
        return RolloutState(phase="canary", step=step, since_ms=now_ms, sentence=sentence)
    phase: Phase = "promoted" if action == "promote" else "rolled_back"
    return RolloutState(phase=phase, step=state.step, since_ms=now_ms, sentence=sentence)


def _canary_plan(plan: RolloutPlan) -> CanaryPlan:
    guards = () if plan.correction_margin >= 1 else (Guard(name=CORRECTED, margin=plan.correction_margin),)
    return CanaryPlan(
        steps=tuple(
            Step(share=share, min_canary_users=users, min_seconds=plan.step_min_s) for share, users in plan.steps
        ),
        failure_ceiling=plan.failure_ceiling,
        guards=guards,
        alpha_rollback=plan.alpha * (1 - (SHADOW_ALPHA if plan.shadow_requests else 0.0)),
        alpha_promote=plan.alpha,
    )
