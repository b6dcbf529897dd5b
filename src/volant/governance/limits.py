"""Limits: one rate, or one mean difference, against one limit, as a reason with its power.

Knows a report's items and a bound; knows nothing of what the number is about.

Sources: Wilson 1927 at the effective number of items (see `core.stats.clustered_rate`); Chow, Shao and Wang 2008, §3.1
and §4.1 (items needed); Schuirmann 1987 (a difference within limits on both sides: two one-sided tests).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from volant.core.nouns import ItemScore, Outcome, Reason
from volant.core.stats import (
    Interval,
    clustered_mean,
    clustered_rate,
    compare_paired,
    items_needed_for_non_inferiority,
    items_needed_for_rate,
)
from volant.core.stats.clustered import effective_items

_FLOOR_GAP = 0.05  # a floor is asked to be shown for a true rate that is five points better


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A rate that must be shown to lie on one side of a limit, one-sided at alpha."""

    rule: str
    what: str  # "answers that change with the name"
    limit: float  # 0 < limit < 1
    at_most: bool  # True: a ceiling; False: a floor
    alpha: float
    power: float

    @property
    def better_rate(self) -> float:
        """The true rate for which the power is declared: half of a ceiling, five points above a floor."""
        return self.limit / 2 if self.at_most else min(self.limit + _FLOOR_GAP, (1 + self.limit) / 2)


def judge_limit(limit: Limit, items: Sequence[ItemScore], report_id: str) -> Reason:
    """Pass when the rate is shown to be within its limit; fail when it is shown not to be, or when there were enough
    items to show it and they did not. Everything else is insufficient evidence.
    """
    if not items:
        return _unmeasured(limit.rule, limit.what, report_id)
    scores, clusters = [item.score for item in items], [item.cluster for item in items]
    interval = clustered_rate(scores, clusters, 1 - 2 * limit.alpha)
    effective = effective_items(clustered_mean(scores, clusters))
    needed = items_needed_for_rate(
        limit.limit, limit.better_rate, alpha=limit.alpha, power=limit.power, design_effect=len(items) / effective
    )
    outcome, why = _outcome(limit, interval, len(items), needed)
    return Reason(
        rule=limit.rule, outcome=outcome, report_id=report_id, sentence=_sentence(limit, interval, why, needed)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A mean difference in [-1, 1] that must be shown to be small, each side one-sided at alpha."""

    rule: str
    what: str  # "accuracy under female minus under male names"
    limit: float  # 0 < limit < 1
    both_sides: bool  # False: only a positive difference is harm
    alpha: float
    power: float


def judge_gap(gap: Gap, items: Sequence[ItemScore], report_id: str) -> Reason:
    """Pass when the mean of the items' scores is shown to be within the limit; else as `judge_limit`.

    The power is declared for a true difference of zero.
    """
    if not items:
        return _unmeasured(gap.rule, gap.what, report_id)
    found = compare_paired(
        [0.0] * len(items), [item.score for item in items], [item.cluster for item in items], 1 - gap.alpha
    )
    low, high = found.one_sided_lower, found.one_sided_upper
    needed = items_needed_for_non_inferiority(
        gap.limit, sd_of_difference=found.sd_of_difference, alpha=gap.alpha, power=gap.power,
        design_effect=max(1.0, found.items / found.effective_items),
    )  # fmt: skip
    outcome: Outcome
    if low > gap.limit or (gap.both_sides and high < -gap.limit):
        outcome, why = "fail", "Outside the limit"
    elif high <= gap.limit and (low >= -gap.limit or not gap.both_sides):
        outcome, why = "pass", "Within the limit"
    elif found.items < needed:
        outcome, why = "insufficient_evidence", "Too few items"
    else:
        outcome, why = "fail", "Not shown to be within the limit, though there were items enough"
    sides = f"between {100 * low:+.1f} and {100 * high:+.1f}" if gap.both_sides else f"at most {100 * high:+.1f}"
    wanted = f"within ±{100 * gap.limit:.1f}" if gap.both_sides else f"at most {100 * gap.limit:+.1f}"
    sentence = (
        f"{why}: {gap.what}: {100 * found.difference:+.1f} points ({sides} with {1 - gap.alpha:.0%} confidence on a "
        f"side) on {found.items} items, {wanted} is wanted. "
        f"{needed} items have {gap.power:.0%} power on a side where there is no difference."
    )
    return Reason(rule=gap.rule, outcome=outcome, sentence=sentence, report_id=report_id)


def _unmeasured(rule: str, what: str, report_id: str) -> Reason:
    sentence = f"Nothing was measured about {what}: no evidence is no permission."
    return Reason(rule=rule, outcome="insufficient_evidence", sentence=sentence, report_id=report_id)


def _outcome(limit: Limit, interval: Interval, items: int, needed: int) -> tuple[Outcome, str]:
    shown = interval.upper <= limit.limit if limit.at_most else interval.lower >= limit.limit
    refuted = interval.lower > limit.limit if limit.at_most else interval.upper < limit.limit
    if refuted:
        return "fail", "Outside the limit"
    if shown:
        return "pass", "Within the limit"
    if items < needed:
        return "insufficient_evidence", "Too few items"
    return "fail", "Not shown to be within the limit, though there were items enough"


def _sentence(limit: Limit, interval: Interval, why: str, needed: int) -> str:
    bound = f"at most {interval.upper:.1%}" if limit.at_most else f"at least {interval.lower:.1%}"
    side = "at most" if limit.at_most else "at least"
    return (
        f"{why}: {limit.what}: {interval.estimate:.1%} ({bound} with {1 - limit.alpha:.0%} confidence) "
        f"of {interval.n}, {side} {limit.limit:.1%} is wanted. "
        f"{needed} items have {limit.power:.0%} power where the true rate is {limit.better_rate:.1%}."
    )
