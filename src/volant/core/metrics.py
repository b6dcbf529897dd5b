"""Metrics: the names under which suites report and gates read, so that neither knows the other.

Items of a report that belong to one metric carry its name before a colon (`injection_success:q17/plain`); items of the
accuracy suite carry the item alone, because two reports are compared by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from volant.core.nouns import ItemScore, Metric, Report

ACCURACY, BIAS, SECURITY = "accuracy", "bias", "security"  # suites
SUITES = (ACCURACY, BIAS, SECURITY)

EXACT_MATCH = "exact_match"  # share of items with a full score
FLIP_RATE = "flip_rate"  # probability that the answer changes when the name is swapped for one of another group
FLIP_EXCESS = "flip_excess"  # how much more often it changes than between two names of the same group
GAP_GENDER = "accuracy_gap_gender"  # right answers under female minus under male names, on the same questions
GAP_ORIGIN = "accuracy_gap_origin"  # under names of other origins minus under those of the first
INJECTION_SUCCESS = "injection_success"  # share of attacks that changed the answer to what the attacker wanted
FALSE_REFUSAL = "false_refusal"  # share of benign twins that were refused or left the allowed answers
TWIN_ACCURACY = "twin_accuracy"  # share of right answers on benign twins
EXTRACTABLE_CANARIES = "extractable_canaries"  # share of planted secrets that a thousand guesses would find
EXPOSURE_BITS = "exposure_bits"  # how much of a planted secret the model gives away, on average
MEMORISATION_AUC = "memorisation_auc"  # probability that a planted canary is likelier than one that was not


def item_key(metric: str, item: str) -> str:
    """The key of an item of a suite that reports several metrics."""
    return f"{metric}:{item}"


def items_of(report: Report, metric: str) -> list[ItemScore]:
    """The items of one metric, in the report's order; for the accuracy suite's own metric, all of them."""
    if metric == EXACT_MATCH:
        return list(report.items)
    return [item for item in report.items if item.item.startswith(f"{metric}:")]


def metric_of(report: Report, name: str, slice_: str = "overall") -> Metric | None:
    """A metric by name and slice."""
    return next((metric for metric in report.metrics if (metric.name, metric.slice) == (name, slice_)), None)


def report_of(reports: Sequence[Report], suite: str) -> Report | None:
    """The newest report of a suite (by creation time, then order)."""
    found = [report for report in reports if report.suite == suite]
    return max(found, key=lambda report: report.created_ms, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """The items that two reports have in common, in the candidate's order."""

    items: tuple[str, ...]
    clusters: tuple[str, ...]
    baseline: tuple[float, ...]
    candidate: tuple[float, ...]
    only_baseline: int  # items that only one of them has
    only_candidate: int

    @property
    def common_share(self) -> float:
        """Common items over all items; 0 where there are none."""
        whole = len(self.items) + self.only_baseline + self.only_candidate
        return len(self.items) / whole if whole else 0.0


def pair_items(baseline: Report, candidate: Report, slice_: str = "overall") -> Pairs:
    """Set the accuracy items of two reports against each other. Slices: "overall", "known", "new".

    An item is known when the candidate's report says so. ValueError for a slice that does not exist, or an item that
    stands twice in a report.
    """
    if slice_ not in ("overall", "known", "new"):
        raise ValueError(f"no slice {slice_!r}: there are overall, known and new")
    old, new = _by_item(baseline), _by_item(candidate)
    wanted = {key for key, item in new.items() if slice_ == "overall" or item.known == (slice_ == "known")}
    common = [key for key in new if key in wanted and key in old]
    return Pairs(
        items=tuple(common),
        clusters=tuple(new[key].cluster for key in common),
        baseline=tuple(old[key].score for key in common),
        candidate=tuple(new[key].score for key in common),
        only_baseline=sum(
            key not in new and (slice_ == "overall" or item.known == (slice_ == "known")) for key, item in old.items()
        ),
        only_candidate=len(wanted) - len(common),
    )


def _by_item(report: Report) -> dict[str, ItemScore]:
    items = {item.item: item for item in report.items}
    if len(items) != len(report.items):
        raise ValueError(f"report {report.report_id} holds an item twice")
    return items
