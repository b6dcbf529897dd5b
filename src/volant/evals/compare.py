"""Compare: two accuracy reports, item by item.

Knows reports; the statistics are `core.stats.paired`'s. Says how much better or worse, how sure, and which items
changed sides; decides nothing (see the gate).
"""

from __future__ import annotations

import msgspec

from volant.core.metrics import pair_items
from volant.core.nouns import Report
from volant.core.stats import compare_paired


class Flip(msgspec.Struct, frozen=True, kw_only=True):
    """An item that changed sides."""

    item: str
    better: bool
    baseline_output: str
    candidate_output: str


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Candidate minus baseline on one slice; bounds are two-sided at the comparison's confidence."""

    slice: str
    items: int
    clusters: int
    baseline: float
    candidate: float
    difference: float
    low: float
    high: float
    wins: int
    losses: int
    mcnemar_p: float | None  # exact, two-sided; None for clustered items or scores other than right and wrong
    sentence: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate beside a baseline."""

    baseline_report_id: str
    candidate_report_id: str
    confidence: float
    differences: tuple[Difference, ...]  # overall, known, new; those without common items are left out
    flips: tuple[Flip, ...]
    only_baseline: int  # items that only one report has
    only_candidate: int

    def of(self, slice_: str) -> Difference | None:
        """The difference on one slice."""
        return next((difference for difference in self.differences if difference.slice == slice_), None)


def compare(baseline: Report, candidate: Report, confidence: float = 0.95) -> Comparison:
    """Set two reports of the accuracy suite against each other on the items that both have.

    ValueError when they have no item in common, or a report holds an item twice.
    """
    whole = pair_items(baseline, candidate)
    if not whole.items:
        raise ValueError("the two reports have no item in common")
    differences = [
        found for name in ("overall", "known", "new") if (found := _difference(baseline, candidate, name, confidence))
    ]
    return Comparison(
        baseline_report_id=baseline.report_id,
        candidate_report_id=candidate.report_id,
        confidence=confidence,
        differences=tuple(differences),
        flips=_flips(baseline, candidate),
        only_baseline=whole.only_baseline,
        only_candidate=whole.only_candidate,
    )


def _difference(baseline: Report, candidate: Report, slice_: str, confidence: float) -> Difference | None:
    pairs = pair_items(baseline, candidate, slice_)
    if not pairs.items:
        return None
    found = compare_paired(pairs.baseline, pairs.candidate, pairs.clusters, confidence)
    low, high = max(-1.0, found.lower), min(1.0, found.upper)  # unbounded where there is a single cluster
    sentence = (
        f"{slice_}: {found.baseline_mean:.1%} → {found.candidate_mean:.1%}, {100 * found.difference:+.1f} points "
        f"[{100 * low:+.1f}, {100 * high:+.1f}] with {confidence:.0%} confidence, "
        f"on {found.items} items ({found.wins} got better, {found.losses} worse)."
    )
    return Difference(
        slice=slice_, items=found.items, clusters=found.clusters, baseline=found.baseline_mean,
        candidate=found.candidate_mean, difference=found.difference,
        low=low, high=high,
        wins=found.wins, losses=found.losses, mcnemar_p=found.mcnemar_p, sentence=sentence,
    )  # fmt: skip


def _flips(baseline: Report, candidate: Report) -> tuple[Flip, ...]:
    old = {item.item: item for item in baseline.items}
    return tuple(
        Flip(
            item=new.item, better=new.score > old[new.item].score, baseline_output=old[new.item].output,
            candidate_output=new.output,
        )
        for new in candidate.items
        if new.item in old and new.score != old[new.item].score
    )  # fmt: skip
