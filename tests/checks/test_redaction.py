"""Redaction: placeholders, overlaps, thresholds."""

from __future__ import annotations

import pytest

from volant.checks import Finding, combined_score, redact, resolve


def found(start: int, end: int, label: str, score: float = 0.9) -> Finding:
    return Finding(check="t", kind=label, start=start, end=end, score=score, label=label)


def test_replaces_spans_in_any_order() -> None:
    assert redact("ab cd ef", [found(6, 8, "Z"), found(0, 2, "A")]) == "[A] cd [Z]"


def test_overlaps_become_one_placeholder_of_the_surest() -> None:
    spans = [found(0, 6, "LOW", 0.4), found(4, 10, "HIGH", 0.9)]
    assert redact("0123456789abc", spans) == "[HIGH]abc"
    assert [f.label for f in resolve(spans)] == ["HIGH"]


def test_touching_spans_stay_two() -> None:
    assert redact("abcd", [found(0, 2, "A"), found(2, 4, "B")]) == "[A][B]"


def test_threshold_leaves_weak_findings_alone() -> None:
    assert redact("abcd", [found(0, 2, "A", 0.3)], min_score=0.5) == "abcd"


def test_a_span_outside_of_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match="0:9"):
        redact("abcd", [found(0, 9, "A")])


def test_combined_score_grows_with_each_sign() -> None:
    assert combined_score([]) == 0
    assert combined_score([found(0, 1, "A", 0.5), found(0, 2, "B", 0.5)]) == pytest.approx(0.75)
