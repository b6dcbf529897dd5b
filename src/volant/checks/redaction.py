"""Redaction: write labelled placeholders over what was found.

Knows findings only; does not know how they were found. Everything that any finding covers disappears: spans that
overlap are merged into one placeholder, labelled by the strongest of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from volant.checks.finding import Finding


def redact(text: str, findings: Iterable[Finding], *, min_score: float = 0.0) -> str:
    """Replace each found span of `text` by `[LABEL]`, e.g. `[EMAIL]`.

    Findings below `min_score` are left alone. Overlapping spans become one placeholder, whose label is that of the
    highest score (then of the longest, then of the earliest). Raises ValueError when a span lies outside of the text.
    """
    parts: list[str] = []
    at = 0
    for start, end, label in merged(f for f in findings if f.score >= min_score):
        if start < 0 or end > len(text) or start >= end:
            raise ValueError(f"finding {start}:{end} does not fit a text of {len(text)} characters")
        parts += (text[at:start], f"[{label}]")
        at = end
    parts.append(text[at:])
    return "".join(parts)


def merged(findings: Iterable[Finding]) -> list[tuple[int, int, str]]:
    """Unions of overlapping spans as (start, end, label of the surest), in the order of the text."""
    spans: list[tuple[int, int, Finding]] = []
    for one in sorted(findings, key=lambda f: (f.start, f.end)):
        if spans and one.start < spans[-1][1]:
            start, end, best = spans[-1]
            stronger = (one.score, one.end - one.start) > (best.score, best.end - best.start)
            spans[-1] = (start, max(end, one.end), one if stronger else best)
        else:
            spans.append((one.start, one.end, one))
    return [(start, end, best.label) for start, end, best in spans]
