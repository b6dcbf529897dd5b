"""Users: requests of a rollout become users, the unit that was randomised.

A user counts once, in the arm and step of their first request, by their first requests in that arm; is complete after
so many requests or so long, and then never changes: feedback is awaited for a declared time and left out afterwards.
Knows rows and times; knows nothing of evidence or decisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from volant.core.nouns import RolloutPlan
from volant.core.stats import UserObservation

CORRECTED = "corrected_share"
INVALID_OUTPUT = "invalid_output"  # error code of an answer that the task's consumer could not use


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One inference of the rollout, as the store has it."""

    subject: str  # keyed hash of the user; empty: nobody was named and the request was randomised by itself
    arm: Literal["live", "canary", "shadow"]
    step: int  # step in force when it was routed
    status: int  # what the caller saw; of a shadow: what the candidate answered
    started_ms: int
    canary_failed: bool = False  # the candidate's attempt failed, though a fallback may have saved the answer
    fallback: bool = False  # a fallback answered: a judgement of the answer is none of the variant
    error_code: str = ""
    corrected: bool | None = None  # None: nobody judged the answer
    labelled_ms: int = 0  # when the judgement came in; 0 counts as in time
    inference_id: str = ""

    @property
    def failed(self) -> bool:
        """A technical failure: the candidate gave no usable answer. A caller's own fault (4xx) is none."""
        return self.canary_failed or self.status == 0 or self.status >= 500 or self.error_code == INVALID_OUTPUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """What a rollout's rows say about its users."""

    observations: tuple[UserObservation, ...]  # complete ones first, in order of completion; then the others
    late_labels: int  # judgements that came after their user was complete


def users_of(plan: RolloutPlan, rows: Iterable[Row], now_ms: int) -> Users:
    """Group the rows of both arms by user, as they stand at now_ms.

    Rows are those of one rollout, in any order. In the shadow phase everybody is answered by the live variant, so that
    nobody was randomised: what began no later than the last shadow copy is left out.
    """
    rows = list(rows)
    shadow_until_ms = max((row.started_ms for row in rows if row.arm == "shadow"), default=-1)
    groups: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row.started_ms, row.inference_id)):
        if row.started_ms > shadow_until_ms:
            groups.setdefault(row.subject or f"\0{row.inference_id}", []).append(row)
    seen = [_observed(plan, subject, requests, now_ms) for subject, requests in groups.items()]
    seen.sort(key=lambda user: (not user[0].complete, user[1], user[0].subject))
    return Users(observations=tuple(user for user, _, _ in seen), late_labels=sum(late for _, _, late in seen))


def first_shadow_failures(rows: Iterable[Row]) -> list[float]:
    """For each user, in order of arrival: 1 where the candidate failed on their first shadow request, else 0."""
    first: dict[str, float] = {}
    for row in sorted(rows, key=lambda row: (row.started_ms, row.inference_id)):
        if row.arm == "shadow":
            first.setdefault(row.subject or f"\0{row.inference_id}", float(row.failed))
    return list(first.values())


def _observed(
    plan: RolloutPlan, subject: str, requests: Sequence[Row], now_ms: int
) -> tuple[UserObservation, int, int]:
    """One user, when they are or will be complete (Unix ms), and how many of their judgements came too late."""
    first = requests[0]
    ends_ms = first.started_ms + round(1000 * plan.user_timeout_s)
    wanted = plan.questions_per_user if first.subject else 1
    counted = [row for row in requests if row.arm == first.arm and row.started_ms <= ends_ms][:wanted]
    last_ms = counted[-1].started_ms if len(counted) >= wanted else ends_ms
    complete_ms = last_ms + round(1000 * plan.label_wait_s)
    judged = [row for row in counted if row.corrected is not None and not row.fallback]
    in_time = [row for row in judged if row.labelled_ms <= complete_ms]
    share = {CORRECTED: sum(row.corrected is True for row in in_time) / len(in_time)} if in_time else {}
    user = UserObservation(
        subject=subject,
        arm="canary" if first.arm == "canary" else "baseline",
        step=first.step,
        requests=len(counted),
        technical_failures=sum(row.failed for row in counted),
        metrics=share,
        complete=complete_ms <= now_ms,
    )
    return user, complete_ms, len(judged) - len(in_time)
