"""Check `topics`: is a text about something that it must not be about, or about nothing that it should be about?

Kinds: the topic's name in capitals for each word of a denied topic; OFF_TOPIC, over the whole text, when allowed topics
are given and none of their words stands in it. Knows words and phrases as they are written, in any language that
separates words; understands no meaning. (A guard can compare meanings through an embedding model: docs/guardrails.md.)
"""

from __future__ import annotations

import re

import msgspec

from volant.checks.finding import Finding
from volant.checks.folding import lowered
from volant.checks.registry import check
from volant.core.errors import BadInput

_MOST_WORDS = 5_000
_LONGEST_WORD = 100
_NOT_IN_KIND = re.compile(r"[^A-Z]+")


@check("topics")
class Topics:
    """`deny` and `allow`: topic -> its words and phrases. Letter case does not matter; a phrase's spaces may be any."""

    window = 2 * _LONGEST_WORD

    class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """See docs/checks.md."""

        deny: dict[str, tuple[str, ...]] = {}
        allow: dict[str, tuple[str, ...]] = {}

    def __init__(
        self, *, deny: dict[str, tuple[str, ...]] | None = None, allow: dict[str, tuple[str, ...]] | None = None
    ) -> None:
        """Raises BadInput `bad_check_option` for a word that is empty or too long, or too many words."""
        self._denied = [(kind_of(topic), _compile(words, f"deny.{topic}")) for topic, words in (deny or {}).items()]
        allowed = [word for words in (allow or {}).values() for word in words]
        self._allowed = _compile(tuple(allowed), "allow") if allowed else None
        if self._allowed is not None:
            self.window = None  # type: ignore[assignment]  # only the whole text can be off topic

    def find(self, text: str) -> list[Finding]:
        """Findings in the order of the text; those of several topics may overlap."""
        low = lowered(text)
        found = [
            Finding(check="topics", kind=kind, start=match.start(), end=match.end(), score=1.0, label=kind)
            for kind, expression in self._denied
            for match in expression.finditer(low)
        ]
        if self._allowed is not None and text and self._allowed.search(low) is None:
            found.append(Finding(check="topics", kind=OFF_TOPIC, start=0, end=len(text), score=1.0, label=OFF_TOPIC))
        found.sort(key=lambda one: (one.start, one.end, one.kind))
        return found


OFF_TOPIC = "OFF_TOPIC"


def kind_of(topic: str) -> str:
    """A topic's name as a kind: "wire fraud" is WIRE_FRAUD. Raises BadInput for one without a letter of A to Z."""
    kind = _NOT_IN_KIND.sub("_", topic.upper()).strip("_")
    if not kind:
        raise BadInput("bad_check_option", f"a topic's name needs a letter of a to z, {topic[:40]!r} has none")
    return kind


def _compile(words: tuple[str, ...], where: str) -> re.Pattern[str]:
    """One expression of literals, the longest first, so that it is linear but for their common beginnings."""
    if not words or len(words) > _MOST_WORDS:
        raise BadInput("bad_check_option", f"needs 1 to {_MOST_WORDS} words, has {len(words)}", where=where)
    parts: list[str] = []
    for word in sorted({" ".join(lowered(word).split()) for word in words}, key=lambda one: (-len(one), one)):
        if not word or len(word) > _LONGEST_WORD:
            raise BadInput(
                "bad_check_option", f"a word has 1 to {_LONGEST_WORD} characters: {word[:20]!r}", where=where
            )
        parts.append(r"\s{1,8}".join(re.escape(one) for one in word.split(" ")))
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)")
