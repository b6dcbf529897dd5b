"""Finding: the answer of a check about one span of a text.

Knows offsets, kinds and scores. Does not hold the text itself, so that a finding can be logged, counted and stored
where the text must not be. Knows nothing of who asks (gateway, data, evals) or what they do about it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One span that a check points at.

    `start` and `end` count Unicode code points as Python's `str` does (`text[start:end]`), `0 <= start < end`.
    `score` is in (0, 1]: how sure the check is, comparable inside one kind only.
    """

    check: str  # registered name of the check: "pii"
    kind: str  # what it is, upper case: "EMAIL"
    start: int
    end: int
    score: float
    label: str  # what `redact` writes between brackets: "EMAIL"


def resolve(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings that do not overlap, in the order of the text.

    Of two that overlap the higher score wins, then the longer, then the earlier, then the name. What the loser covers
    beyond the winner stays uncovered only if no other finding claims it; `redact` therefore merges instead.
    """
    chosen: list[Finding] = []
    for one in sorted(findings, key=_strength):
        if all(one.end <= other.start or other.end <= one.start for other in chosen):
            chosen.append(one)
    return sorted(chosen, key=lambda f: f.start)


def combined_score(findings: Iterable[Finding]) -> float:
    """How sure all findings together are, as if they were independent signs: 1 - product of (1 - score); 0 for none."""
    doubt = 1.0
    for one in findings:
        doubt *= 1.0 - one.score
    return 1.0 - doubt


def _strength(finding: Finding) -> tuple[float, int, int, str, str]:
    return (-finding.score, finding.start - finding.end, finding.start, finding.check, finding.kind)
