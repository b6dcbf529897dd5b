"""Limits: one rate against one limit, as a reason with its power.

Knows a report's items and a bound on their rate; knows nothing of what the rate is about.

Sources: Wilson 1927 at the effective number of items (see `core.stats.clustered_rate`); Chow, Shao and Wang 2008, §4.1
(items needed).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from volant.core.nouns import ItemScore, Outcome, Reason
from volant.core.stats import Interval, clustered_mean, clustered_rate, items_needed_for_rate
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
        return Reason(
            rule=limit.rule, outcome="insufficient_evidence", report_id=report_id,
            sentence=f"Nothing was measured about {limit.what}: no evidence is no permission.",
        )  # fmt: skip
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
