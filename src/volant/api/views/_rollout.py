"""A rollout as people read it: decisions, and the sequential test as series that can be drawn.

The store keeps the bounds of the looks that moved traffic. The looks in between kept nothing, by design: evidence is
recomputed from all rows. So the series is recomputed too, by the same controller, at up to `MOST_LOOKS` moments.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, func, select

from volant.core.nouns import GateSpec
from volant.registry.rollouts import Rollout
from volant.rollout import controller
from volant.rollout.users import Row
from volant.store.tables import inference, rollout, verdict
from volant.traces import query

MOST_LOOKS = 40
_LOOK_MS = 500
_SETTLED_MS = 60_000  # by then every row has come out of the spools
_MOST_KEPT = 2_000  # looks
MOST_ROWS = 20_000  # of a rollout whose looks are recomputed; beyond, the kept ones are shown


class BoundPoint(msgspec.Struct, frozen=True, kw_only=True):
    """What one metric said at one look."""

    at_ms: int
    n: int  # complete canary users
    estimate: float | None  # None: nobody was measured yet
    lower: float  # anytime-valid
    upper: float
    alarm: bool  # harm beyond the limit is proven
    cleared: bool  # harm below the limit is proven
    action: str  # what the look did: hold, widen, promote, rollback
    share: float  # of users that the candidate got then


class TestSeries(msgspec.Struct, frozen=True, kw_only=True):
    """One guard metric over the looks, against its boundary."""

    __test__ = False  # pytest: this is no test

    metric: str
    kind: Literal["ceiling", "difference"]
    limit: float  # the boundary: roll back above it, promote below it
    points: list[BoundPoint]
    recomputed: bool  # False: only the looks that moved traffic are there


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One decision on a rollout."""

    action: str
    sentence: str
    by: str  # "statistics", or the person
    phase: str
    step: int
    canary_users: int
    baseline_users: int
    shadow_requests: int
    at_ms: int


def decisions(one: Rollout) -> list[Decision]:
    """Every decision, oldest first."""
    return [
        Decision(
            action=str(kept.get("action", "")),
            sentence=str(kept.get("sentence", "")),
            by=str(kept.get("by") or kept.get("reviewer") or "statistics"),
            phase=str(kept.get("phase", "")),
            step=int(kept.get("step", 0)),
            canary_users=int(kept.get("canary_users", 0)),
            baseline_users=int(kept.get("baseline_users", 0)),
            shadow_requests=int(kept.get("shadow_requests", 0)),
            at_ms=int(kept.get("at_ms", 0)),
        )
        for kept in one.decisions
    ]


def tests(tx: Connection, project: str, one: Rollout, now_ms: int) -> list[TestSeries]:
    """The bounds of every metric over the looks, oldest first."""
    kept = _kept(one)
    count = tx.execute(
        select(func.count()).where(inference.c.project == project, inference.c.rollout_id == one.id)
    ).scalar_one()
    if count > MOST_ROWS:
        return _series(kept, recomputed=False)

    @cache
    def rows() -> list[Row]:  # read when a look is not kept from an earlier page
        return [_row(found) for found in query.canary_rows(tx, project, one.id)]

    return _series(sorted([*kept, *_between(one, rows, now_ms)], key=lambda look: look[0]), recomputed=True)


def outcomes(tx: Connection, project: str, ids: Sequence[str]) -> dict[str, str]:
    """Verdict id → outcome."""
    wanted = sorted({one for one in ids if one})
    found = select(verdict.c.id, verdict.c.outcome).where(verdict.c.project == project, verdict.c.id.in_(wanted))
    return {row.id: row.outcome for row in tx.execute(found)} if wanted else {}


def heads(tx: Connection, project: str, ids: Sequence[str]) -> dict[str, tuple[str, float]]:
    """Rollout id → (state, share)."""
    wanted = sorted({one for one in ids if one})
    found = select(rollout.c.id, rollout.c.state, rollout.c.share).where(
        rollout.c.project == project, rollout.c.id.in_(wanted)
    )
    return {row.id: (row.state, row.share) for row in tx.execute(found)} if wanted else {}


def measured(sentence: str) -> str:
    """The numbers in a gate's sentence: what was measured, with its bound; empty where it names none."""
    found = _MEASURED.search(sentence)
    return found.group(0) if found else ""


def needed(rule: str, spec: GateSpec | None) -> str:
    """The gate's limit for a rule, as it is configured now."""
    if spec is None:
        return ""
    words = {
        "accuracy": f"at least {spec.accuracy_min:.1%}",
        "bias_flip": f"at most {spec.bias_flip_max:.1%}",
        "bias_excess": f"at most {spec.bias_excess_max:.1%}",
        "bias_gap_gender": f"within ±{spec.bias_gap_max:.1%}",
        "bias_gap_origin": f"within ±{spec.bias_gap_max:.1%}",
        "injection": f"at most {spec.injection_success_max:.1%}",
        "false_refusal": f"at most {spec.false_refusal_max:.1%}",
        "memorisation": f"at most {spec.extractable_canaries_max:.1%}",
        "non_inferiority_known": f"not worse by more than {spec.known_margin:.1%}",
    }
    words |= {
        f"non_inferiority_{name}": f"not worse by more than {margin:.1%}" for name, margin in spec.margins.items()
    }
    return words.get(rule, "")


# ---------------------------------------------------------------- inside
_MEASURED = re.compile(r"[+-]?\d[\d.]*(?: ?%| points)? \([^)]*\)(?: (?:of|on) \d+(?: items)?)?")
_Look = tuple[int, str, float, Sequence[dict[str, Any]]]  # when, action, share, bounds


def _kept(one: Rollout) -> list[_Look]:
    moved = [kept for kept in one.decisions if kept.get("bounds")]
    shares = [_share(one, str(kept.get("phase", "")), int(kept.get("step", 0))) for kept in moved]
    return [
        (int(kept["at_ms"]), str(kept["action"]), share, kept["bounds"])
        for kept, share in zip(moved, shares, strict=True)
    ]


def _share(one: Rollout, phase: str, step: int) -> float:
    return one.plan.steps[step][0] if phase == "canary" and step < len(one.plan.steps) else 0.0


def _between(one: Rollout, rows: Callable[[], list[Row]], now_ms: int) -> list[_Look]:
    """Looks between the decisions, as the controller would have made them then: nothing later is let in."""
    moves = [kept for kept in one.decisions if kept.get("action") in ("begin", "widen")]
    starts = [(int(kept["at_ms"]), at) for at, kept in enumerate(moves)]
    ends_ms = one.ended_ms or now_ms
    shadowed = 1 if one.plan.shadow_requests else 0
    canary = [(at_ms, at - shadowed) for at_ms, at in starts if at >= shadowed]
    if not canary or ends_ms <= canary[0][0]:
        return []
    gap = _LOOK_MS
    while (ends_ms - canary[0][0]) / gap > MOST_LOOKS:
        gap *= 2  # so that most moments stay the same while it runs
    out: list[_Look] = []
    for at_ms in range(canary[0][0] + gap, ends_ms, gap):
        since_ms, step = [start for start in canary if start[0] <= at_ms][-1]
        place = (one.id, at_ms)
        bounds = _looked.get(place)
        if bounds is None:
            bounds = _look(one, rows(), at_ms, since_ms, min(step, len(one.plan.steps) - 1))
            if at_ms < now_ms - _SETTLED_MS:
                _keep(place, bounds)
        out.append((at_ms, "hold", _share(one, "canary", step), bounds))
    return out


def _look(one: Rollout, rows: Sequence[Row], at_ms: int, since_ms: int, step: int) -> list[dict[str, Any]]:
    state = controller.RolloutState(phase="canary", step=step, since_ms=since_ms)
    seen = [_then(row, at_ms) for row in rows if row.started_ms <= at_ms]
    return [msgspec.to_builtins(bound) for bound in controller.next_state(one.plan, state, seen, at_ms).bounds]


_looked: OrderedDict[tuple[str, int], list[dict[str, Any]]] = OrderedDict()  # a look back never changes


def _keep(place: tuple[str, int], bounds: list[dict[str, Any]]) -> None:
    _looked[place] = bounds
    while len(_looked) > _MOST_KEPT:
        _looked.popitem(last=False)


def _then(row: Row, at_ms: int) -> Row:
    """The row as it stood at a moment: a judgement that came later was not there."""
    if row.corrected is None or row.labelled_ms <= at_ms:
        return row
    return Row(
        subject=row.subject, arm=row.arm, step=row.step, status=row.status, started_ms=row.started_ms,
        canary_failed=row.canary_failed, fallback=row.fallback, error_code=row.error_code,
        inference_id=row.inference_id,
    )  # fmt: skip


def _series(looks: Sequence[_Look], *, recomputed: bool) -> list[TestSeries]:
    found: dict[str, TestSeries] = {}
    for at_ms, action, share, bounds in looks:
        for bound in bounds:
            one = found.setdefault(
                bound["name"],
                TestSeries(metric=bound["name"], kind=bound["kind"], limit=bound["limit"], points=[],
                           recomputed=recomputed),
            )  # fmt: skip
            values = {name: bound[name] for name in ("n", "estimate", "lower", "upper", "alarm", "cleared")}
            one.points.append(BoundPoint(at_ms=at_ms, action=action, share=share, **values))
    return list(found.values())


def _row(found: query.CanaryRow) -> Row:
    values: dict[str, Any] = {name: getattr(found, name) for name in Row.__dataclass_fields__}
    return Row(**values)
