"""Accuracy: right answers on a test set, overall and on what was known and what is new.

Items are kept, so that two reports are compared item by item. Knows items, a scorer and answers; knows nothing of where
they come from, nor of what is good enough.

Sources: Wilson 1927 at the effective number of items for right/wrong scores, cluster-robust t intervals for others
(Miller 2024, arXiv 2411.00640, §2.2); see `core.stats.clustered`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from volant.core.metrics import ACCURACY, EXACT_MATCH
from volant.core.nouns import ItemScore, Metric, Report
from volant.core.stats import clustered_mean, clustered_rate, smallest_margin
from volant.evals.runner import Answered, Answers, Sample
from volant.scorers import Scorer


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One question of a test set."""

    key: str  # stable over models
    text: str
    expected: str
    cluster: str = ""  # user, conversation or document; empty: the item stands alone
    known: bool = True  # its label was among those that the first model was taught


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """What a report says about itself."""

    report_id: str
    model_id: str
    dataset_version_id: str = ""
    created_ms: int = 0


def samples(items: Sequence[Item]) -> list[Sample]:
    """The questions to ask."""
    return [Sample(key=item.key, text=item.text) for item in items]


def accuracy_report(heading: Heading, items: Sequence[Item], answers: Answers, scorer: Scorer) -> Report:
    """Score every item. One that nobody answered counts as wrong and is named in the notes."""
    scored = [_scored(item, answers[item.key], scorer) for item in items]
    silent = [answer for answer in answers if answer.error]
    notes = [f"{answers.cpu_ms_per_sample:.2f} CPU-ms of the evaluation a question, {answers.wall_s:.1f} s in all."]
    if answers.resumed:
        notes.append(f"{answers.resumed} answers were kept from an earlier start.")
    if silent:
        notes.append(f"{len(silent)} questions got no usable answer ({silent[0].error}) and count as wrong.")
    slices = {
        "overall": scored,
        "known": [item for item in scored if item.known],
        "new": [item for item in scored if not item.known],
    }
    return Report(
        report_id=heading.report_id,
        suite=ACCURACY,
        model_id=heading.model_id,
        dataset_version_id=heading.dataset_version_id,
        metrics=tuple(exact_match_metric(found, name) for name, found in slices.items() if found),
        items=tuple(scored),
        notes=tuple(notes),
        evaluated=answers.asked,
        created_ms=heading.created_ms,
    )


def exact_match_metric(items: Sequence[ItemScore], slice_: str, name: str = EXACT_MATCH) -> Metric:
    """Mean score of items with its clustered 95 % interval. ValueError for no items."""
    scores, clusters = [item.score for item in items], [item.cluster for item in items]
    summary = clustered_mean(scores, clusters)
    low, high, method = summary.lower, summary.upper, "cluster-robust t"
    if set(scores) <= {0.0, 1.0}:
        interval = clustered_rate(scores, clusters)
        low, high, method = interval.lower, interval.upper, "Wilson at the effective number of items"
    return Metric(
        name=name, value=summary.mean, low=max(0.0, low), high=min(1.0, high), n=summary.items,
        clusters=summary.clusters, slice=slice_, note=f"{method}. {_power(summary.items, summary.design_effect)}",
    )  # fmt: skip


def _power(items: int, design_effect: float | None) -> str:
    """What a paired comparison on so many items can show, where a fifth of them change."""
    margin = smallest_margin(items, discordant_rate=0.2, design_effect=max(1.0, design_effect or 1.0))
    return f"Paired on {items} items, a margin of {margin:.1%} has 80% power where a fifth of the answers change."


def _scored(item: Item, answer: Answered, scorer: Scorer) -> ItemScore:
    score = 0.0 if answer.error else scorer.score(answer.output, item.expected).value
    return ItemScore(
        item=item.key, cluster=item.cluster or item.key, score=score, known=item.known, output=answer.output
    )
