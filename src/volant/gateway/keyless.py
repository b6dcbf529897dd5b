"""Keyless: what a provider said, without what we told it in confidence. Pure.

Some providers repeat a key that they refuse, and each spells it its own way: as it is, with JSON's escapes, once or
twice, as in a URL or as in HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

INSTEAD = "(the key)"
_LEAST = 8  # letters; what is shorter would be found anywhere
_LONGEST = 9  # bytes that one letter takes, spelled as long as we look for


def without(secrets: Iterable[str], said: bytes, most: int) -> str:
    """At most so many characters of `said`, with no part of a secret, even of one that stands where it is cut."""
    known = tuple(sorted({one for one in secrets if len(one) >= _LEAST}, key=len, reverse=True))
    longest = len(known[0]) * _LONGEST if known else 0
    words = said[: 4 * (most + longest)].decode("utf-8", "replace")  # a character has four bytes at most
    if not known:
        return words[:most]
    pieces: list[str] = []
    at = 0
    for found in _pattern(known).finditer(words):
        if found.start() >= most:
            break
        pieces += (words[at : found.start()], INSTEAD)
        at = found.end()
    return "".join((*pieces, words[at:most]))


@lru_cache(maxsize=256)
def _pattern(secrets: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join("".join(map(_spelled, secret)) for secret in secrets))


def _spelled(letter: str) -> str:
    """A letter with up to four backslashes before it, or as its number."""
    number = ord(letter)
    entity = f"&#(?:{number}|[xX](?i:{number:x}));"
    return rf"(?:\\{{0,4}}(?:{re.escape(letter)}|u(?i:{number:04x}))|%(?i:{number:02x})|{entity})"
