"""Guarding: a guard as people write it (core's GuardSpec) read into what is to be done.

Knows which options belong to guards in general, to the judge, to topics by meaning, and to checks; says what is wrong
with them and where. Runs nothing: the gateway does. `judge` is no check of the registry: it asks a model.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from volant.checks.registry import Check, create, option_names, window_of
from volant.core.errors import BadInput, VolantError
from volant.core.nouns import GuardSpec, TaskSpec

Json = dict[str, Any]
Role = Literal["system", "developer", "user", "assistant", "tool"]
JUDGE = "judge"
_EVERYBODY: tuple[Role, ...] = ("system", "developer", "user", "assistant", "tool")
_FROM_OUTSIDE: tuple[Role, ...] = ("user", "tool")
_SPANS = frozenset({"pii", "secrets", "regex"})  # what must not get out, whoever says it
_WHOLE = frozenset({"length", "schema", JUDGE})  # answers about the text, not about a place in it


class Common(msgspec.Struct, frozen=True, kw_only=True):
    """Options of every guard."""

    kinds: tuple[str, ...] = ()  # only findings of these; empty: all
    min_score: float | None = None  # findings below are left alone
    threshold: float = 0.5  # how sure the check must be of a text before it is flagged or blocked
    roles: tuple[Role, ...] = ()  # whose messages are read on the way in; empty: the check's usual ones
    restore: bool = False  # of redact: what was taken out of the request is put back into the answer
    answer: str = ""  # of block: what the caller reads in place of an error, or of the answer


class JudgeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a judge."""

    model: str = ""  # the task or deployment that is asked
    prompt: str = ""  # what it looks for
    timeout_s: float = 10.0


class MeaningOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of topics by meaning: then the words of a topic are examples."""

    embedding: str = ""  # the task or deployment that embeds; empty: by words
    similarity: float = 0.6  # least cosine between a text and an example
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """One guard, ready to run. `check` is None where a model is asked."""

    spec: GuardSpec
    common: Common
    roles: tuple[Role, ...]
    everything: bool  # names, metadata and tool arguments are read too
    window: int | None  # characters; None: the whole text must be there
    check: Check | None = None
    options: Json = field(default_factory=dict)  # of the check
    judge: JudgeOptions | None = None
    meaning: MeaningOptions | None = None
    topics: tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]] = ({}, {})  # of meaning: denied, allowed

    @property
    def holds(self) -> bool:
        """What it says changes what goes through."""
        return self.spec.mode == "enforce" and self.spec.action in ("redact", "block")

    @property
    def min_score(self) -> float:
        """Findings below are left alone."""
        if self.common.min_score is not None:
            return self.common.min_score
        return self.common.threshold if self.spec.action == "redact" and self.spec.check not in _SPANS else 0.0

    @property
    def asks(self) -> str:
        """The task or deployment that it asks; empty: none."""
        return (
            self.judge.model if self.judge is not None else self.meaning.embedding if self.meaning is not None else ""
        )

    @property
    def whole(self) -> bool:
        """It answers about all of what was said at once, not text by text."""
        return self.spec.check in _WHOLE or self.meaning is not None


def read(spec: GuardSpec) -> Guard:
    """The guard. Raises NotFound or BadInput, with the option's name in `where`."""
    given = dict(spec.options)
    common = _take(given, Common, shared=_own_names(spec))
    for kind in ("threshold", "min_score"):
        value = getattr(common, kind)
        if value is not None and not 0 <= value <= 1:
            raise _bad(kind, f"is between 0 and 1, not {value}")
    if common.answer and spec.action != "block":
        raise _bad("answer", "is given in place of what is blocked: the action must be block")
    if common.restore and (spec.action != "redact" or "input" not in spec.on):
        raise _bad("restore", "puts back what was redacted: the action must be redact, on input")
    if spec.action == "redact" and spec.check in _WHOLE:
        raise _bad("action", f"{spec.check} finds nothing that could be redacted: flag or block")
    if not spec.on:
        raise _bad("on", 'needs "input", "output" or both')
    roles = common.roles or (_EVERYBODY if spec.check in _SPANS else _FROM_OUTSIDE)
    everything = spec.check in _SPANS
    if spec.check == JUDGE:
        judge = _take(given, JudgeOptions)
        _refuse_rest(given, (*Common.__struct_fields__, *JudgeOptions.__struct_fields__))
        if not judge.model or not judge.prompt:
            missing = "model" if not judge.model else "prompt"
            raise _bad(missing, "is missing: a judge needs the task or deployment to ask, and what to look for")
        return Guard(spec=spec, common=common, roles=roles, everything=False, window=None, judge=judge)
    if spec.check == "topics" and given.get("embedding"):
        return _by_meaning(spec, common, roles, given)
    check = create(spec.check, given)
    if spec.check == "regex" and not (given.get("pattern") or given.get("patterns")):
        raise _bad("pattern", "is missing: give `pattern` or `patterns`")
    if spec.check == "topics" and not (given.get("deny") or given.get("allow")):
        raise _bad("deny", "is missing: give `deny`, `allow` or both")
    if spec.check == "topics" and given.get("allow") and spec.action == "redact":
        raise _bad("action", "a text that is off topic has no place to redact: flag or block")
    if spec.check == "length" and not any(given.values()):
        raise _bad("max_characters", "is missing: give `max_characters`, `max_tokens` or `min_characters`")
    return Guard(
        spec=spec,
        common=common,
        roles=roles,
        everything=everything,
        window=None if spec.check in _WHOLE else window_of(check),
        check=check,
        options=given,
    )


def problems(task: TaskSpec, tasks: Collection[str], deployments: Collection[str]) -> list[tuple[str, str]]:
    """What is wrong with a task's guards and cache, as (path, sentence)."""
    found: list[tuple[str, str]] = []
    names = [spec.name for spec in task.guards]
    found += [
        (f"tasks.{task.name}.guards", f"the name {name!r} is given twice; names must differ")
        for name in sorted({one for one in names if names.count(one) > 1})
    ]

    def need(path: str, name: str) -> None:
        if name == task.name:
            found.append((path, f"a task cannot ask itself ({name!r})"))
        elif name not in tasks and name not in deployments:
            found.append((path, f"there is no task and no deployment {name!r}"))

    for spec in task.guards:
        path = f"tasks.{task.name}.guards.{spec.name}"
        try:
            guard = read(spec)
        except VolantError as error:
            at = "check" if error.code == "unknown_check" else f"options.{error.where}" if error.where else "options"
            hint = f": {error.hint}" if error.hint else ""
            found.append((f"{path}.{at}", f"{error.message}{hint}"))
        else:
            if guard.asks:
                need(f"{path}.options.{'model' if guard.judge is not None else 'embedding'}", guard.asks)
    if (cache := task.cache) is not None:
        path = f"tasks.{task.name}.cache"
        if not task.record_payload:
            found.append((path, "keeps answers, and this task's payloads are never written (record_payload = false)"))
        if cache.semantic and not cache.embedding:
            found.append((f"{path}.embedding", "is missing: a semantic cache needs the task or deployment that embeds"))
        elif cache.semantic:
            need(f"{path}.embedding", cache.embedding)
        if not 0 < cache.similarity <= 1:
            found.append((f"{path}.similarity", f"is above 0 and at most 1, not {cache.similarity}"))
        for name in ("ttl_s", "max_entries"):
            if getattr(cache, name) <= 0:
                found.append((f"{path}.{name}", f"must be above 0, is {getattr(cache, name)}"))
        if cache.errors_ttl_s < 0:
            found.append((f"{path}.errors_ttl_s", f"must not be negative, is {cache.errors_ttl_s}"))
    return found


# ---------------------------------------------------------------- inside
def _by_meaning(spec: GuardSpec, common: Common, roles: tuple[Role, ...], given: Json) -> Guard:
    meaning = _take(given, MeaningOptions)
    if spec.action == "redact":
        raise _bad("action", "a meaning has no place to redact: flag or block")
    try:
        deny = msgspec.convert(given.pop("deny", {}), dict[str, tuple[str, ...]])
        allow = msgspec.convert(given.pop("allow", {}), dict[str, tuple[str, ...]])
    except msgspec.ValidationError as error:
        raise _bad("deny", str(error)) from None
    _refuse_rest(given, (*Common.__struct_fields__, *MeaningOptions.__struct_fields__, "deny", "allow"))
    create("topics", {"deny": deny, "allow": allow})  # the same names and bounds
    if not (deny or allow):
        raise _bad("deny", "is missing: give `deny`, `allow` or both")
    return Guard(
        spec=spec, common=common, roles=roles, everything=False, window=None, meaning=meaning, topics=(deny, allow)
    )


def _own_names(spec: GuardSpec) -> tuple[str, ...]:
    return option_names(spec.check) if spec.check != JUDGE else ()


def _take(given: Json, shape: type[Any], shared: tuple[str, ...] = ()) -> Any:
    """The options of one kind, taken out of `given` (those that the check has too stay)."""
    names = shape.__struct_fields__
    mine = {name: given[name] for name in names if name in given}
    for name in mine:
        if name not in shared:
            del given[name]
    try:
        return msgspec.convert(mine, shape)
    except msgspec.ValidationError as error:
        where = str(error).rpartition("$.")[2].rstrip("`").split("[")[0] if "$." in str(error) else ""
        raise _bad(where, str(error).partition(" - at ")[0]) from None


def _refuse_rest(given: Json, known: tuple[str, ...]) -> None:
    if given:
        raise _bad(next(iter(given)), f"there is no such option; there are {', '.join(known)}")


def _bad(where: str, words: str) -> BadInput:
    return BadInput("bad_check_option", words, where=where)
