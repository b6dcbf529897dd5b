"""Check `length`: is a text longer, or shorter, than it may be?

Kinds: TOO_LONG (the part beyond the limit), TOO_SHORT (the whole). Tokens are estimated, because every model counts
otherwise: a token has four bytes of UTF-8 on average in English, so a text of n bytes has n/4, rounded up.
"""

from __future__ import annotations

import msgspec

from volant.checks.finding import Finding
from volant.checks.registry import check
from volant.core.errors import BadInput

BYTES_A_TOKEN = 4


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has; see above."""
    return -(-_size(text) // BYTES_A_TOKEN)


@check("length")
class Length:
    """A limit of 0 is none. The empty text is never a finding."""

    class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """See docs/checks.md."""

        max_characters: int = 0
        max_tokens: int = 0  # estimated
        min_characters: int = 0

    def __init__(self, *, max_characters: int = 0, max_tokens: int = 0, min_characters: int = 0) -> None:
        """Raises BadInput `bad_check_option` for a negative limit, or a least above the most."""
        for name, value in (
            ("max_characters", max_characters), ("max_tokens", max_tokens), ("min_characters", min_characters)
        ):  # fmt: skip
            if value < 0:
                raise BadInput("bad_check_option", f"must not be negative, is {value}", where=name)
        if max_characters and min_characters > max_characters:
            raise BadInput(
                "bad_check_option", f"{min_characters} is above max_characters {max_characters}", where="min_characters"
            )
        self._max_characters, self._max_bytes = max_characters, max_tokens * BYTES_A_TOKEN
        self._min_characters = min_characters

    def find(self, text: str) -> list[Finding]:
        """At most one finding."""
        if text and len(text) < self._min_characters:
            return [_finding("TOO_SHORT", 0, len(text))]
        end = min(self._max_characters or len(text), _fitting(text, self._max_bytes))
        return [_finding("TOO_LONG", end, len(text))] if end < len(text) else []


def _fitting(text: str, max_bytes: int) -> int:
    """How many characters fit into so many bytes; all when there is no limit."""
    if not max_bytes or len(text) * 4 <= max_bytes or _size(text) <= max_bytes:
        return len(text)
    return len(text.encode("utf-8", "replace")[:max_bytes].decode("utf-8", "ignore"))


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def _finding(kind: str, start: int, end: int) -> Finding:
    return Finding(check="length", kind=kind, start=start, end=end, score=1.0, label=kind)
