"""Gemini's function calls in pieces: `partialArgs`, put together again.

A call whose arguments are streamed (`streamFunctionCallArguments`) says its name first, then values, each with its
place (`$.days[0].n`), and ends with a piece that does not continue, or where another call says its name. A piece
without a value ends what its place says; `$.days[]` is the end of an array. Source: Gemini API reference,
"FunctionCall", "PartialArg", and google-genai 3.4 (November 2026).
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from volant.dialects.fields import Json, bad, listed, want, words

_STEP = re.compile(r"""\.([^.\[\]]+)|\[(\d{0,4})\]|\['([^']*)'\]|\["([^"]*)"\]""")
_DEEPEST = 64  # steps of a place
_VALUES = ("stringValue", "numberValue", "boolValue")
_END = -1  # the step `[]`: behind the last of an array


def is_piece(call: object, begun: bool) -> bool:
    """Is this functionCall one of several pieces? `begun`: a call before it has not ended."""
    return begun or (isinstance(call, dict) and bool(call.get("partialArgs") or call.get("willContinue")))


class Pieces:
    """One call, as far as it came."""

    def __init__(self) -> None:
        self._call: Json = {}
        self._arguments: Json = {}
        self._open = ""  # the place that the last piece left open

    def is_other(self, raw: object) -> bool:
        """Does this piece begin another call?"""
        said = raw if isinstance(raw, dict) else {}
        return bool(said.get("name")) and not (said.get("id") and said["id"] == self._call.get("id"))

    def feed(self, raw: object, path: str) -> Json | None:
        """One more piece; the whole functionCall once it is. Raises BadInput."""
        piece = want(raw, dict, path)
        self._call |= {name: piece[name] for name in ("id", "name") if piece.get(name)}
        self._arguments |= want(piece.get("args") or {}, dict, f"{path}.args")
        for at, one in enumerate(listed(piece.get("partialArgs"), f"{path}.partialArgs")):
            self._put(want(one, dict, f"{path}.partialArgs[{at}]"), f"{path}.partialArgs[{at}]")
        return None if piece.get("willContinue") else self.whole()

    def whole(self) -> Json:
        """The functionCall as far as it came."""
        return {"name": "", **self._call, "args": _plain(self._arguments)}

    def _put(self, said: Json, path: str) -> None:
        where = words(said.get("jsonPath"), f"{path}.jsonPath")
        steps = _steps(where, f"{path}.jsonPath")
        continues, self._open = where == self._open, where if said.get("willContinue") else ""
        value = next((said[name] for name in _VALUES if said.get(name) is not None), None)
        empty = value is None and "nullValue" not in said
        if empty and steps[-1] != _END:
            return
        holder: Any = self._arguments
        for step, following in pairwise(steps):
            holder = _at(holder, step, [] if isinstance(following, int) else {}, path)
        last = steps[-1]
        if last == _END:
            if not isinstance(holder, list):
                raise bad(path, "is the end of a list that is none")
            if empty:
                return
            last = len(holder) - (continues and bool(holder))
        if not isinstance(value, str):
            _at(holder, last, None, path)
            holder[last] = value
        elif isinstance(text := _at(holder, last, _Text(), path), _Text):
            text.append(value)
        else:
            holder[last] = _Text([value])


class _Text(list[str]):
    """A text in pieces, put together once."""


def _plain(value: Any) -> Any:
    if isinstance(value, _Text):
        return "".join(value)
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _steps(said: str, path: str) -> list[str | int]:
    steps: list[str | int] = []
    at = 1
    while at < len(said) and (found := _STEP.match(said, at)):
        name = found[1] or found[3] or found[4] or ""
        steps.append(name if found[2] is None else int(found[2] or _END))
        at = found.end()
    if not said.startswith("$") or at < len(said) or not 0 < len(steps) <= _DEEPEST or _END in steps[:-1]:
        raise bad(path, f"is {said[:40]!r}, which is no place of an argument")
    return steps


def _at(holder: Any, step: str | int, empty: Any, path: str) -> Any:
    """What stands there; `empty` where nothing did."""
    if isinstance(step, int):
        if not isinstance(holder, list) or step > len(holder):
            raise bad(path, "is a place in a list that is none, or that has not come so far")
        if step == len(holder):
            holder.append(empty)
        return holder[step]
    if not isinstance(holder, dict):
        raise bad(path, "is a place in an object that is none")
    return holder.setdefault(step, empty)
