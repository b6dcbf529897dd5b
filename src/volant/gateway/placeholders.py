"""Placeholders: what stands in a request in place of what was redacted, and how it is put back into the answer.

    "to ada@example.org"  →  "to [EMAIL_1]"  →  the model  →  "sent to [EMAIL_1]"  →  "sent to ada@example.org"

The same original has the same placeholder all through one request, and a placeholder that the request already holds is
never given out, so that nobody can ask for another's data by its number. The mapping lives in this object, of one
request, and nowhere else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from volant.checks import Finding
from volant.checks.redaction import merged

_TAKEN = re.compile(r"\[[A-Z_]{1,64}_[0-9]{1,6}\]")


class Placeholders:
    """One request's."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], str] = {}  # (label, original) -> placeholder
        self._counts: dict[str, int] = {}
        self._taken: set[str] = set()
        self.originals: dict[str, str] = {}  # placeholder -> original

    def reserve(self, texts: Iterable[str]) -> None:
        """What looks like a placeholder in these texts is not ours."""
        for text in texts:
            if "[" in text:
                self._taken.update(one for one in _TAKEN.findall(text) if one not in self.originals)

    def redact(self, text: str, findings: Iterable[Finding]) -> str:
        """`text` with a placeholder for each finding; overlapping ones become one."""
        parts: list[str] = []
        at = 0
        for start, end, label in merged(findings):
            parts += (text[at:start], self._of(label, text[start:end]))
            at = end
        return "".join((*parts, text[at:]))

    def _of(self, label: str, original: str) -> str:
        placeholder = self._given.get((label, original))
        while placeholder is None:
            number = self._counts[label] = self._counts.get(label, 0) + 1
            if (one := f"[{label}_{number}]") not in self._taken:
                placeholder = self._given[label, original] = one
                self.originals[one] = original
        return placeholder


class Restorer:
    """Puts originals back into one text that comes in pieces. Holds back at most the longest placeholder."""

    def __init__(self, originals: dict[str, str], *, json: bool = False) -> None:
        """`json`: the text is JSON, so that originals are escaped as inside of its strings."""
        self._originals = originals if not json else {one: _escaped(text) for one, text in originals.items()}
        self._expression = re.compile("|".join(map(re.escape, sorted(originals, key=len, reverse=True))))
        self._longest = max(map(len, originals), default=0)
        self._held = ""

    def feed(self, piece: str) -> str:
        """What is sure by now."""
        text, self._held = self._held + piece, ""
        at = text.rfind("[", max(0, len(text) - self._longest))
        if at >= 0 and any(len(one) > len(text) - at and one.startswith(text[at:]) for one in self._originals):
            text, self._held = text[:at], text[at:]
        return self._expression.sub(lambda match: self._originals[match[0]], text)

    def flush(self) -> str:
        """The rest."""
        rest, self._held = self._held, ""
        return rest


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]
