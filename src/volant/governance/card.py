"""Card: the model card, written from evidence.

Every number comes from a report, a verdict or the facts of a run; what is not known is said to be not known. Knows
Markdown; knows nothing of stores.

Source: Mitchell et al. 2019, "Model Cards for Model Reporting" (FAT*), for the sections.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from volant.core.metrics import ACCURACY, BIAS, SECURITY, report_of
from volant.core.nouns import Metric, Report, Verdict

Fact = str | int | float | bool

_OUTCOMES = {"pass": "pass", "fail": "FAIL", "insufficient_evidence": "INSUFFICIENT EVIDENCE"}
_SUITES = ((ACCURACY, "Accuracy"), (BIAS, "Bias"), (SECURITY, "Security"))


class CardFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the registry and the lineage say of a model version."""

    model_id: str
    name: str
    task: str = ""
    created_ms: int = 0
    base_model_id: str = ""
    run_id: str = ""
    dataset_version_id: str = ""
    intended_use: str = ""
    out_of_scope: str = ""
    licence: str = ""
    owner: str = ""
    training: Mapping[str, Fact] = {}  # the run's facts: recipe, parameters, rows, tokens, seed, hashes …
    data: Mapping[str, Fact] = {}  # the dataset version's: rows by split, removals, languages …
    notices: Sequence[str] = ()  # e.g. "trained on a person who was erased on …; a retraining is scheduled"


def model_card(facts: CardFacts, reports: Sequence[Report], verdict: Verdict | None = None) -> str:
    """The card as Markdown; the same evidence gives the same text. Of each suite the newest report counts."""
    mine = [report for report in reports if report.model_id == facts.model_id]
    parts = [
        f"# Model card: {_plain(facts.name)}",
        *([f"> {_plain(notice)}" for notice in facts.notices]),
        _section("Details", _table(("what", "value"), _details(facts))),
        _section("Intended use", _use(facts)),
        _section("Training data", _facts_table(facts.data)),
        _section("Training", _facts_table(facts.training)),
        *(_section(title, _report(report_of(mine, suite))) for suite, title in _SUITES),
        _section("Gate", _gate(verdict)),
        _section("Limits", _limits(mine)),
    ]
    return "\n\n".join(parts) + "\n"


def _details(facts: CardFacts) -> list[tuple[str, str]]:
    rows = {
        "model": facts.model_id,
        "task": facts.task,
        "made": _day(facts.created_ms),
        "from": facts.base_model_id or "nothing: trained from scratch",
        "run": facts.run_id,
        "dataset version": facts.dataset_version_id,
        "licence": facts.licence,
        "owner": facts.owner,
    }
    return [(name, value or "not stated") for name, value in rows.items()]


def _use(facts: CardFacts) -> str:
    intended = _plain(facts.intended_use) or "Not stated."
    outside = _plain(facts.out_of_scope) or "Everything else: nothing beyond the reports below was evaluated."
    return f"{intended}\n\n**Out of scope.** {outside}"


def _facts_table(facts: Mapping[str, Fact]) -> str:
    if not facts:
        return "Nothing is recorded."
    return _table(("what", "value"), [(name.replace("_", " "), _shown(value)) for name, value in facts.items()])


def _report(report: Report | None) -> str:
    if report is None:
        return "**Not evaluated.** No report of this suite exists."
    if report.evaluated == 0:
        return f"**Nothing was evaluated**: report {report.report_id} holds zero attempts."
    head = f"Report {report.report_id}, {_day(report.created_ms)}, {report.evaluated} evaluated" + (
        f", on {report.dataset_version_id}." if report.dataset_version_id else "."
    )
    rows = [(_name(metric), _value(metric), _interval(metric), str(metric.n)) for metric in report.metrics]
    notes = [f"- {_plain(_name(metric))}: {_plain(metric.note)}" for metric in report.metrics if metric.note]
    notes += [f"- {_plain(note)}" for note in report.notes]
    table = _table(("metric", "value", "95 % interval", "n"), rows)
    return "\n\n".join([head, table, *(["\n".join(notes)] if notes else [])])


def _gate(verdict: Verdict | None) -> str:
    if verdict is None:
        return "**Not gated.** No verdict exists: this model may not be released."
    against = f", compared with {verdict.baseline_model_id}" if verdict.baseline_model_id else ""
    head = f"**{_OUTCOMES[verdict.outcome]}**: gate {_plain(verdict.gate)}, verdict {verdict.verdict_id}{against}."
    rows = [(reason.rule, _OUTCOMES[reason.outcome], reason.sentence) for reason in verdict.reasons]
    return f"{head}\n\n{_table(('rule', 'outcome', 'reason'), rows)}"


def _limits(reports: Sequence[Report]) -> str:
    seen = {report.suite for report in reports if report.evaluated}
    missing = [title for suite, title in _SUITES if suite not in seen]
    lines = [
        "- Intervals speak about questions like those evaluated; nothing is known about others.",
        "- The bias probe looks at names alone, and at answers alone.",
        "- The security probe is a fixed set of attacks: a person who tries will find others.",
    ]
    if missing:
        lines.append(f"- Not evaluated at all: {', '.join(missing)}.")
    return "\n".join(lines)


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(_plain(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text that cannot leave its cell or paragraph, nor become HTML."""
    one_line = " ".join(text.split())
    return one_line.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "'")


def _name(metric: Metric) -> str:
    name = metric.name.replace("_", " ")
    return name if metric.slice == "overall" else f"{name} ({metric.slice})"


def _value(metric: Metric) -> str:
    return _number(metric, metric.value)


def _interval(metric: Metric) -> str:
    return f"{_number(metric, metric.low)} to {_number(metric, metric.high)}"


def _number(metric: Metric, value: float) -> str:
    if metric.unit == "share":
        return f"{100 * value:.1f} %"
    return f"{100 * value:+.1f} points" if metric.unit == "difference" else f"{value:.1f} {metric.unit}"


def _shown(value: Fact) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else value


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d") if ms else ""
