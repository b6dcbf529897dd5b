"""Check `schema`: is a text JSON, and JSON of a schema?

Kinds: NOT_JSON, SCHEMA; the finding is the whole text. JSON Schema in any draft from 3 to 2020-12 (`$schema` says
which, 2020-12 without it). Schemas come from callers too: their patterns run on RE2, which is linear, and a reference
to another place is never fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import msgspec

from volant.checks.finding import Finding
from volant.checks.registry import check
from volant.core.errors import BadInput
from volant.core.json_depth import is_deeper

Json = dict[str, Any]
_DEEPEST = 100


@check("schema")
class Schema:
    """Without a schema, any JSON will do. The empty text is no finding: there is nothing to point at."""

    class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """See docs/checks.md."""

        schema: Json = {}

    def __init__(self, *, schema: Json | None = None) -> None:
        """Raises BadInput `bad_check_option` when `schema` is none."""
        self._validator: Any = _compile(schema) if schema else None

    def find(self, text: str) -> list[Finding]:
        """At most one finding, over all of the text."""
        kind = self.fault(text) if text else ""
        return [Finding(check="schema", kind=kind, start=0, end=len(text), score=1.0, label=kind)] if kind else []

    def fault(self, text: str) -> str:
        """The kind; empty when the text fits."""
        try:
            raw = text.encode()
            if is_deeper(raw, _DEEPEST):
                return "NOT_JSON"
            value = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeError):
            return "NOT_JSON"
        return "" if self._validator is None or self._fits(value) else "SCHEMA"

    def _fits(self, value: Any) -> bool:
        try:
            return bool(self._validator.is_valid(value))
        except RecursionError:  # a schema that refers to itself without end
            return False


def _compile(schema: Json) -> Any:
    import jsonschema  # when first wanted: most gateways check no schema
    import referencing.exceptions

    try:
        if is_deeper(msgspec.json.encode(schema), _DEEPEST):
            raise _bad(f"it nests deeper than {_DEEPEST} levels")
        _look_for_traps(schema)
        kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
        kind.check_schema(schema)
        validator = _linear(kind)(schema, registry=referencing.Registry())
        for _ in validator.iter_errors(None):  # resolves what it refers to at its top
            pass
    except jsonschema.SchemaError as error:
        raise _bad(f"it is no JSON Schema: {error.message[:300]} (at {error.json_path})") from None
    except referencing.exceptions.Unresolvable as error:
        raise _bad(f"it refers to {str(error)[:100]!r}, and only references inside of it are followed") from None
    except RecursionError:
        raise _bad("it refers to itself without end") from None
    return validator


@cache
def _linear(kind: Any) -> Any:
    """The draft's validator with patterns on RE2."""
    import jsonschema

    return jsonschema.validators.extend(
        kind,
        {"pattern": _pattern, "patternProperties": _pattern_properties, "additionalProperties": _additional},
    )


def _pattern(validator: Any, pattern: str, instance: Any, schema: Json) -> Iterator[Any]:
    import jsonschema

    if validator.is_type(instance, "string") and not _searcher(pattern)(instance):
        yield jsonschema.ValidationError("does not match the pattern")


def _pattern_properties(validator: Any, patterns: Json, instance: Any, schema: Json) -> Iterator[Any]:
    if validator.is_type(instance, "object"):
        for pattern, below in patterns.items():
            search = _searcher(pattern)
            for name, value in instance.items():
                if search(name):
                    yield from validator.descend(value, below, path=name, schema_path=pattern)


def _additional(validator: Any, allowed: Any, instance: Any, schema: Json) -> Iterator[Any]:
    import jsonschema

    if not validator.is_type(instance, "object"):
        return
    known = schema.get("properties", {})
    searches = [_searcher(pattern) for pattern in schema.get("patternProperties", {})]
    for name, value in instance.items():
        if name in known or any(search(name) for search in searches):
            continue
        if validator.is_type(allowed, "object"):
            yield from validator.descend(value, allowed, path=name)
        elif not allowed:
            yield jsonschema.ValidationError("an additional property")


_patterns: dict[str, Callable[[str], Any]] = {}
_MOST_PATTERNS = 1_000


def _searcher(pattern: str) -> Callable[[str], Any]:
    import re2

    search = _patterns.get(pattern)
    if search is None:
        options = re2.Options()
        options.log_errors = False
        try:
            search = re2.compile(pattern, options).search
        except re2.error:
            raise _bad(f"RE2 does not take the pattern {pattern[:100]!r} (no look-around, no back reference)") from None
        if len(_patterns) >= _MOST_PATTERNS:
            _patterns.clear()
        _patterns[pattern] = search
    return search


def _look_for_traps(node: Any) -> None:
    """Compile every pattern now; refuse what would run patterns on a backtracking engine."""
    if isinstance(node, list):
        for item in node:
            _look_for_traps(item)
    if not isinstance(node, dict):
        return
    if isinstance(pattern := node.get("pattern"), str):
        _searcher(pattern)
    if isinstance(patterns := node.get("patternProperties"), dict):
        for pattern in patterns:
            _searcher(pattern)
        if "unevaluatedProperties" in node:
            raise _bad("`unevaluatedProperties` beside `patternProperties` is not taken")
    for value in node.values():
        _look_for_traps(value)


def _bad(words: str) -> BadInput:
    return BadInput("bad_check_option", words, where="schema", hint="see docs/checks.md")
