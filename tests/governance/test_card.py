"""The model card says what the evidence says, and what there is no evidence for."""

from __future__ import annotations

from volant.core.nouns import Metric, Reason, Report, Verdict
from volant.governance.card import CardFacts, model_card

FACTS = CardFacts(
    model_id="mdl_1", name="helpdesk-intent", task="helpdesk-intent", created_ms=1_763_900_000_000,
    dataset_version_id="dsv_1", run_id="run_1", data={"rows": 7000, "redacted": True},
    training={"recipe": "scratch", "parameters": 1_100_000, "val_exact": 0.84123},
)  # fmt: skip
ACCURACY = Report(
    report_id="rep_1", suite="accuracy", model_id="mdl_1", evaluated=320, dataset_version_id="dsv_1",
    metrics=(
        Metric(name="exact_match", value=0.84, low=0.80, high=0.88, n=320, note="Wilson."),
        Metric(name="exact_match", value=0.86, low=0.81, high=0.90, n=220, slice="known"),
    ),
)  # fmt: skip
VERDICT = Verdict(
    verdict_id="ver_1", gate="release", model_id="mdl_1", outcome="insufficient_evidence",
    reasons=(Reason(rule="bias", outcome="insufficient_evidence", sentence="There is no bias report | at all."),),
)  # fmt: skip


def test_numbers_come_with_interval_and_count() -> None:
    card = model_card(FACTS, [ACCURACY], VERDICT)
    assert "| exact match | 84.0 % | 80.0 % to 88.0 % | 320 |" in card
    assert "| exact match (known) | 86.0 % | 81.0 % to 90.0 % | 220 |" in card
    assert "| parameters | 1,100,000 |" in card
    assert "| val exact | 0.8412 |" in card
    assert "| redacted | yes |" in card
    assert "| made | 2025-11-23 |" in card


def test_what_is_not_known_is_said() -> None:
    card = model_card(FACTS, [ACCURACY])
    assert card.count("**Not evaluated.**") == 2
    assert "Not evaluated at all: Bias, Security." in card
    assert "**Not gated.**" in card
    assert "| licence | not stated |" in card
    assert "from scratch" in card


def test_zero_attempts_are_no_evaluation() -> None:
    empty = Report(report_id="rep_2", suite="bias", model_id="mdl_1", metrics=())
    assert "report rep_2 holds zero attempts" in model_card(FACTS, [ACCURACY, empty])


def test_the_verdict_with_its_reasons() -> None:
    card = model_card(FACTS, [], VERDICT)
    assert "**INSUFFICIENT EVIDENCE**: gate release, verdict ver_1." in card
    assert "There is no bias report \\| at all." in card


def test_reports_of_other_models_and_older_ones_are_left_out() -> None:
    other = Report(report_id="rep_9", suite="bias", model_id="mdl_9", metrics=(), evaluated=5)
    older = Report(report_id="rep_0", suite="accuracy", model_id="mdl_1", metrics=(), evaluated=5, created_ms=-1)
    card = model_card(FACTS, [ACCURACY, other, older])
    assert "rep_9" not in card
    assert "rep_0" not in card


def test_text_cannot_break_out_of_its_place() -> None:
    facts = CardFacts(model_id="m", name="a\n# Not a heading", notices=["<script>x</script>\n| cell"])
    card = model_card(facts, [])
    assert card.count("\n# ") == 0
    assert "<script>" not in card
    assert all(line.startswith(("#", ">", "|", "-", "*")) or "|" not in line for line in card.splitlines())


def test_the_same_evidence_gives_the_same_card() -> None:
    assert model_card(FACTS, [ACCURACY], VERDICT) == model_card(FACTS, [ACCURACY], VERDICT)
