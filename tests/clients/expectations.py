"""What each door promises of each provider: the compatibility table, cell by cell. docs/compatibility.md shows it.

A cell `works` as its row says, `warns` (works, and `x-volant-warning` names what was lost), `refused` (400
`not_supported`, naming the field), or is `hidden` (works, but the provider shows no thinking). What no rule names works
without a warning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.clients.asks import BY_NAME, CALLS, Told, told, unsayable
from tests.clients.brain import INPUT, OUTPUT, THOUGHT

DOORS = ("chat", "responses", "anthropic", "gemini")
TARGETS = ("openai", "azure", "compatible", "anthropic", "gemini", "bedrock")
Kind = Literal["works", "warns", "refused", "hidden", "wordless"]


@dataclass(frozen=True)
class Cell:
    """One promise."""

    kind: Kind
    fields: frozenset[str] = frozenset()  # that the warning names, no others; or that the refusal names
    check: Callable[[Told], None] | None = None  # in place of the row's


@dataclass(frozen=True, kw_only=True)
class Rule:
    """An exception: these rows, from these doors, at these targets; an empty tuple: all. Warnings of rules add up."""

    rows: tuple[str, ...] = ()
    kind: Kind = "warns"
    fields: tuple[str, ...] = ()
    doors: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()  # npm ones, where they say more than their door's others
    besides: tuple[str, ...] = ()  # clients that say less
    check: Callable[[Told], None] | None = None
    unless: Callable[[str], bool] = lambda row: False


OTHERS = {door: tuple(one for one in DOORS if one != door) for door in DOORS}
OPENAI = ("openai", "azure")
CLAUDE = ("anthropic", "bedrock")
THINKING = ("thinking", "thinking_usage", "thinking_stream", "thinking_tools", "thinking_tools_stream")
SHOWN = ("thinking", "thinking_stream")
ROUND = ("thinking_tools", "thinking_tools_stream")
VERCEL = ("vercel-openai", "vercel-openai-chat", "vercel-anthropic", "vercel-google")  # always says max_tokens
LOGPROBS = ("logprobs", "logprobs_stream")
both_calls = told(calls=CALLS)
not_failed = told(text="time gave 12:00")


def unsplit(got: Told) -> None:
    """The usage in full, though how much of it is thinking is not said."""
    assert (got.usage["input"], got.usage["output"]) == (INPUT, OUTPUT + THOUGHT), got
    assert not got.usage.get("reasoning"), got


def as_json(got: Told) -> None:
    """It sends what a tool gave as an object, and so others read it."""
    assert got.text == (
        'weather gave {"name":"weather","content":"21 degrees"}; time gave {"name":"time","content":"12:00"}'
    ), got


RULES: tuple[Rule, ...] = (
    # ------------------------------------------------------------ what a provider has no word for
    Rule(rows=LOGPROBS, kind="refused", fields=("logprobs",), targets=CLAUDE),
    Rule(rows=("n",), kind="refused", fields=("n",), targets=CLAUDE),
    Rule(rows=("audio",), kind="refused", fields=("audio",), targets=CLAUDE),
    Rule(rows=("audio",), kind="refused", fields=("audio",), targets=("compatible",), doors=OTHERS["chat"]),
    Rule(rows=("pdf",), kind="refused", fields=("file",), targets=("compatible",), doors=OTHERS["chat"]),
    Rule(rows=("json",), kind="refused", fields=("response_format",), targets=CLAUDE),
    Rule(rows=("seed",), fields=("seed",), targets=CLAUDE),
    Rule(rows=("penalty",), fields=("frequency_penalty",), targets=CLAUDE),
    Rule(rows=("temperature",), fields=("temperature",), targets=("anthropic",), doors=OTHERS["anthropic"]),
    Rule(rows=("top_k",), fields=("top_k",), targets=("anthropic",), doors=OTHERS["anthropic"]),
    Rule(rows=("top_k",), fields=("top_k",), targets=OPENAI),
    Rule(rows=("tool_single",), fields=("parallel_tool_calls",), targets=("gemini", "bedrock"), check=both_calls),
    Rule(rows=("tool_failed",), fields=("is_error",), targets=(*OPENAI, "compatible"), check=not_failed),
    Rule(rows=("pdf",), fields=("file name",), targets=("gemini",), doors=OTHERS["gemini"]),
    Rule(rows=("user",), fields=("user",), targets=("gemini", "bedrock")),
    # ------------------------------------------------------------ what Anthropic must be told
    Rule(
        fields=("max_tokens",),
        targets=("anthropic",),
        doors=OTHERS["anthropic"],
        besides=VERCEL,
        unless=lambda row: BY_NAME[row].ask.max_tokens > 0,
    ),
    # ------------------------------------------------------------ thinking
    Rule(rows=SHOWN, kind="hidden", targets=OPENAI, doors=OTHERS["responses"]),
    Rule(
        rows=THINKING, fields=("reasoning budget", "reasoning summary"), targets=OPENAI, doors=("anthropic", "gemini")
    ),
    Rule(rows=THINKING, fields=("reasoning budget",), targets=("compatible",), doors=("anthropic", "gemini")),
    Rule(rows=THINKING, fields=("reasoning budget",), targets=CLAUDE, doors=("gemini",)),
    Rule(
        rows=ROUND,
        fields=("reasoning",),
        targets=("compatible",),
        doors=("responses", "gemini"),
        besides=("vercel-openai",),
    ),
    Rule(rows=ROUND, fields=("reasoning",), targets=("gemini",), doors=("responses",), besides=("vercel-openai",)),
    Rule(rows=("thinking_usage",), kind="works", targets=("bedrock",), check=unsplit),  # it counts no thinking apart
    # ------------------------------------------------------------ what a door has no place for
    Rule(
        rows=("thinking", "thinking_usage", "thinking_tools"),  # of a stream nothing can be named
        fields=("thought signature of words",),
        targets=("gemini",),
        doors=("responses", "anthropic"),
    ),
    Rule(
        rows=("tool_results", "tool_results_stream", *ROUND),
        kind="works",
        targets=(*OPENAI, "compatible", *CLAUDE),
        clients=("vercel-google",),
        check=as_json,
    ),
    Rule(rows=("image_url",), fields=("mimeType",), doors=("gemini",), targets=(*OPENAI, "compatible", *CLAUDE)),
)


def cell(client: str, door: str, target: str, row: str) -> Cell:
    """The promise to a client (a door's own, or an npm client's)."""
    if row in unsayable(client):
        return Cell("wordless")
    kind: Kind = "works"
    fields: set[str] = set()
    check = None
    for rule in RULES:
        if not _speaks(rule, client, door, target, row):
            continue
        if rule.kind == "refused":
            return Cell("refused", frozenset(rule.fields))
        if rule.kind != "works":
            kind = "hidden" if "hidden" in (kind, rule.kind) else rule.kind
        fields |= set(rule.fields)
        check = rule.check or check
    return Cell(kind, frozenset(fields), check)


def _speaks(rule: Rule, client: str, door: str, target: str, row: str) -> bool:
    return (
        row in (rule.rows or BY_NAME)
        and door in (rule.doors or DOORS)
        and target in (rule.targets or TARGETS)
        and client in (rule.clients or (client,))
        and client not in rule.besides
        and not rule.unless(row)
    )
