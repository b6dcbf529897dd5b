"""Guard extras: what a provider says beside an answer, in pieces, looked at as the whole that it becomes.

A transcript of sound comes word by word, each in an object of its own. Strings that stand at the same place of such
objects are one text; a string that only repeats itself (an id, a kind) is not. Knows JSON and findings, and no guard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import msgspec

from volant.checks import Finding
from volant.checks.redaction import merged

Json = dict[str, Any]
Look = Callable[[str], list[Finding]]


class Extras:
    """Of one choice, in their order."""

    def __init__(self) -> None:
        self._said: list[Json] = []

    def add(self, extra: Json) -> None:
        """More of it."""
        self._said.append(extra)

    def take(self) -> list[Json]:
        """All of it."""
        return self._said

    def redact(self, look: Look, act: Callable[[list[Finding]], bool]) -> None:
        """Have `look` find in each text, and put labels in the place of what it found where `act` wants that."""
        leaves = [leaf for extra in self._said for leaf in _leaves(extra, "")]
        found: list[list[Finding]] = [look(text) for _, text in leaves]
        wanted = act([one for each in found for one in each])
        texts = [_redacted(text, each, 0) for (_, text), each in zip(leaves, found, strict=True)]
        spread: list[Finding] = []
        for numbers in _joined(leaves):
            starts = [0]
            for number in numbers:
                starts.append(starts[-1] + len(leaves[number][1]))
            across = [
                one
                for one in look("".join(leaves[number][1] for number in numbers))
                if not any(start <= one.start and one.end <= end for start, end in pairwise(starts))
            ]
            spread += across
            for number, start in zip(numbers, starts, strict=False):
                mine = [*(_moved(one, start) for one in found[number]), *across]
                texts[number] = _redacted(leaves[number][1], mine, start)
        if act(spread) or wanted:
            now = iter(texts)
            self._said = [_rebuilt(extra, now) for extra in self._said]


def _leaves(node: Any, path: str) -> Iterator[tuple[str, str]]:
    """(where, what) of each string, and of each number as a string."""
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, int) and not isinstance(node, bool):
        yield "", str(node)
    elif isinstance(node, list):
        for item in node:
            yield from _leaves(item, path)
    elif isinstance(node, dict):
        for name, value in node.items():
            yield from _leaves(value, f"{path}/{name}")


def _rebuilt(node: Any, texts: Iterator[str]) -> Any:
    if isinstance(node, str):
        return next(texts)
    if isinstance(node, int) and not isinstance(node, bool):
        text = next(texts)
        return node if text == str(node) else text
    if isinstance(node, list):
        return [_rebuilt(item, texts) for item in node]
    if isinstance(node, dict):
        return {name: _rebuilt(value, texts) for name, value in node.items()}
    return node


def _joined(leaves: list[tuple[str, str]]) -> list[list[int]]:
    """Numbers of the leaves that are one text, two of them at least."""
    texts: dict[str, list[int]] = {}
    for number, (path, text) in enumerate(leaves):
        if path and text and not ((same := texts.setdefault(path, [])) and leaves[same[-1]][1] == text):
            same.append(number)
    return [numbers for numbers in texts.values() if len(numbers) > 1]


def _moved(one: Finding, by: int) -> Finding:
    return msgspec.structs.replace(one, start=one.start + by, end=one.end + by)


def _redacted(text: str, found: list[Finding], start: int) -> str:
    """`text`, which begins at `start` of a longer one; a label stands in the piece where its finding begins."""
    parts: list[str] = []
    at = 0
    for begins, ends, label in merged(found):
        first, last = begins - start, ends - start
        if last <= 0 or first >= len(text):
            continue
        parts += (text[at : max(first, at)], f"[{label}]" if first >= 0 else "")
        at = min(last, len(text))
    return "".join((*parts, text[at:]))
