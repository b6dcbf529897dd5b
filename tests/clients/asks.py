"""What clients ask for, in words of no SDK, and what each must be told: the rows of the compatibility table.

A driver turns an `Ask` into calls of one SDK and gives back a `Told`. The same rows run with every SDK, straight at a
stand-in that speaks its dialect, and through Volant at every provider.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import io
import json
import struct
import wave
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.clients.brain import CACHED, INPUT, OUTPUT, REFUSAL, THINKING, THOUGHT


def _png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))

    head = struct.pack("!IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")
    )


def _wav() -> bytes:
    place = io.BytesIO()
    with wave.open(place, "wb") as sound:
        sound.setparams((1, 2, 8000, 8, "NONE", "not compressed"))
        sound.writeframes(bytes(16))
    return place.getvalue()


PNG, WAV = _png(), _wav()
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "where"}, "days": {"type": "integer"}},
    "required": ["city"],
}
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
TOOLS = [
    {"name": "weather", "description": "The weather in a city", "parameters": WEATHER},
    {"name": "time", "description": "The time in a city", "parameters": WEATHER},
]
LONG = "say one two three ✓ vier fünf 六 and a few words more"
SAID = LONG.removeprefix("say ")
PARALLEL = 'call weather {"city": "Zürich", "days": 2}\ncall time {"city": "Oslo"}'
CALLS = [["weather", {"city": "Zürich", "days": 2}], ["time", {"city": "Oslo"}]]


@dataclass
class Ask:
    """One conversation; what is empty is not said. Media are base64."""

    prompt: str
    stream: bool = False
    system: str = ""
    history: list[list[str]] = field(default_factory=list)  # [role, words] before the prompt
    tools: bool = False
    choice: str = ""  # "required", "none", or a function's name
    parallel: bool | None = None
    results: bool = False  # after the model's calls, give results and ask again: that answer is told
    failed: bool = False  # the results are errors
    schema: bool = False
    json: bool = False
    image: str = ""
    image_url: str = ""
    pdf: str = ""
    audio: str = ""
    thinking: bool = False  # and show it
    max_tokens: int = 0
    stop: list[str] = field(default_factory=list)
    seed: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    logprobs: int = 0  # how many alternatives
    n: int = 0
    penalty: float | None = None
    user: str = ""

    def as_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@dataclass
class Told:
    """What an SDK made of the answer."""

    text: str = ""
    calls: list[list[Any]] = field(default_factory=list)  # [name, arguments]
    finish: str = ""  # "stop", "length", "tool_calls", "refusal"
    thought: str = ""
    usage: dict[str, int] = field(default_factory=dict)  # input, output, cached, reasoning, as far as the SDK has them
    logprobs: list[list[Any]] = field(default_factory=list)  # [token, logprob, alternatives]
    answers: int = 1
    pieces: int = 0  # of a stream's text
    parsed: Any = None  # a schema's answer, read
    status: int = 0  # of the error that the SDK raised
    error: str = ""  # its class
    message: str = ""
    warning: str = ""  # x-volant-warning of the last answer
    headers: dict[str, str] = field(default_factory=dict)  # ours, of the last answer


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    title: str
    ask: Ask
    check: Callable[[Told], None]


def told(**wanted: Any) -> Callable[[Told], None]:
    """A check: these fields, exactly."""

    def check(got: Told) -> None:
        found = {name: getattr(got, name) for name in wanted}
        assert found == wanted, got

    return check


def sees(data: bytes, kind: str) -> Callable[[Told], None]:
    """A check: the model saw these bytes as that kind of media."""

    def check(got: Told) -> None:
        assert kind in got.text, got
        assert f"{len(data)} {hashlib.sha256(data).hexdigest()[:8]}" in got.text, got

    return check


def counted(thinking: bool = False) -> Callable[[Told], None]:
    """A check: the usage in full, cached tokens included; of a thinking answer also its reasoning tokens."""

    def check(got: Told) -> None:
        more = THOUGHT if thinking else 0
        wanted = {"input": INPUT, "output": OUTPUT + more, "cached": CACHED}
        assert {name: got.usage.get(name) for name in wanted} == wanted, got
        assert not thinking or got.usage.get("reasoning") in (THOUGHT, None), got

    return check


def both(*checks: Callable[[Told], None]) -> Callable[[Told], None]:
    def check(got: Told) -> None:
        for one in checks:
            one(got)

    return check


def streamed(got: Told) -> None:
    assert got.pieces > 2, f"a stream in {got.pieces} pieces: {got}"


def broken(got: Told) -> None:
    """The SDK raises, and does not take what came for an answer."""
    assert got.error, got


def likely(got: Told) -> None:
    assert [one[0].strip() for one in got.logprobs] == ["one", "two"], got
    assert [one[1] for one in got.logprobs] == [-0.5, -0.5], got
    assert all(one[2] == 2 for one in got.logprobs), got


def called(got: Told) -> None:
    assert [one[0] for one in got.calls] == ["weather"], got
    assert got.finish == "tool_calls", got


def image_by_url(got: Told) -> None:
    """Either the provider was given the URL, or the picture itself."""
    assert ("url" in got.text and "picture.png" in got.text) or hashlib.sha256(PNG).hexdigest()[:8] in got.text, got


def json_object(got: Told) -> None:
    assert json.loads(got.text) == {"said": "hello"}, got


B64 = {name: base64.b64encode(data).decode() for name, data in (("png", PNG), ("pdf", PDF), ("wav", WAV))}
HELLO = "say hello"
PICTURE = "PICTURE"  # replaced by the URL of the stand-ins' picture
GIVEN = "weather gave 21 degrees; time gave 12:00"

ROWS = [
    Row("chat", "an answer", Ask(LONG), told(text=SAID, finish="stop")),
    Row("usage", "usage, with cached tokens", Ask(HELLO), counted()),
    Row("stream", "a stream", Ask(LONG, stream=True), both(told(text=SAID, finish="stop"), streamed)),
    Row("stream_usage", "usage of a stream", Ask(HELLO, stream=True), counted()),
    Row("system", "a system prompt", Ask("who", system="Be brief."), told(text="system: Be brief.")),
    Row("history", "earlier turns",
        Ask("recall", history=[["user", "say hi"], ["assistant", "hi"]]), told(text="user: say hi | assistant: hi")),
    Row("tools", "a tool call", Ask('call weather {"city": "Bern"}', tools=True),
        told(calls=[["weather", {"city": "Bern"}]], finish="tool_calls")),
    Row("tools_parallel", "two tool calls at once", Ask(PARALLEL, tools=True),
        told(calls=CALLS, finish="tool_calls")),
    Row("tools_stream", "streamed tool calls", Ask(PARALLEL, tools=True, stream=True),
        told(calls=CALLS, finish="tool_calls")),
    Row("tools_words", "words and a tool call", Ask('say wait\ncall time {"city": "Rom"}', tools=True),
        told(text="wait", calls=[["time", {"city": "Rom"}]])),
    Row("tool_results", "tool results", Ask(PARALLEL, tools=True, results=True), told(text=GIVEN, finish="stop")),
    Row("tool_results_stream", "tool results, streamed", Ask(PARALLEL, tools=True, results=True, stream=True),
        told(text=GIVEN, finish="stop")),
    Row("tool_failed", "a tool that failed", Ask('call time {"city": "Rom"}', tools=True, results=True, failed=True),
        told(text="time gave 12:00 (failed)")),
    Row("tool_required", "some tool, whichever", Ask(HELLO, tools=True, choice="required"), called),
    Row("tool_named", "this tool", Ask(HELLO, tools=True, choice="weather"), called),
    Row("tool_none", "no tool", Ask("say no\ncall weather {}", tools=True, choice="none"), told(text="no", calls=[])),
    Row("tool_single", "one tool call at a time", Ask(PARALLEL, tools=True, parallel=False), told(calls=CALLS[:1])),
    Row("schema", "JSON of a schema", Ask(HELLO, schema=True), told(parsed={"name": "Ada", "age": 36})),
    Row("schema_stream", "JSON of a schema, streamed", Ask(HELLO, schema=True, stream=True),
        told(parsed={"name": "Ada", "age": 36})),
    Row("json", "any JSON", Ask(HELLO, json=True), json_object),
    Row("image", "a picture, inline", Ask("look", image=B64["png"]), sees(PNG, "image/png")),
    Row("image_url", "a picture, by URL", Ask("look", image_url=PICTURE), image_by_url),
    Row("pdf", "a PDF", Ask("look", pdf=B64["pdf"]), sees(PDF, "application/pdf")),
    Row("audio", "sound", Ask("look", audio=B64["wav"]), sees(WAV, "audio/wav")),
    Row("thinking", "thinking, shown", Ask(HELLO, thinking=True), told(text="hello", thought=THINKING)),
    Row("thinking_usage", "reasoning tokens", Ask(HELLO, thinking=True), counted(thinking=True)),
    Row("thinking_stream", "thinking, streamed", Ask(HELLO, thinking=True, stream=True),
        told(text="hello", thought=THINKING)),
    Row("thinking_tools", "thinking around tool calls, given back",
        Ask(PARALLEL, tools=True, thinking=True, results=True), told(text=GIVEN)),
    Row("thinking_tools_stream", "the same, streamed",
        Ask(PARALLEL, tools=True, thinking=True, results=True, stream=True), told(text=GIVEN)),
    Row("stop", "stop sequences", Ask("say one two three", stop=[" two"]), told(text="one", finish="stop")),
    Row("max_tokens", "an answer cut off", Ask("say one two three four", max_tokens=2),
        told(text="one two", finish="length")),
    Row("max_tokens_stream", "a stream cut off", Ask("say one two three four", max_tokens=2, stream=True),
        told(text="one two", finish="length")),
    Row("seed", "a seed", Ask(HELLO, seed=7), told(text="hello")),
    Row("temperature", "temperature", Ask(HELLO, temperature=0.5), told(text="hello")),
    Row("top_k", "top k", Ask(HELLO, top_k=5), told(text="hello")),
    Row("penalty", "frequency penalty", Ask(HELLO, penalty=0.5), told(text="hello")),
    Row("logprobs", "log-probabilities", Ask("say one two", logprobs=2), likely),
    Row("logprobs_stream", "log-probabilities, streamed", Ask("say one two", logprobs=2, stream=True), likely),
    Row("n", "two answers", Ask(HELLO, n=2), told(text="hello", answers=2)),
    Row("refusal", "a refusal", Ask("refuse"), told(text=REFUSAL, finish="refusal")),
    Row("refusal_stream", "a refusal, streamed", Ask("refuse", stream=True), told(text=REFUSAL, finish="refusal")),
    Row("user", "whose request it is", Ask(HELLO, user="customer-7"), told(text="hello")),
    Row("broken", "a stream that breaks off", Ask("break", stream=True), broken),
]  # fmt: skip


WORDLESS = {  # what a client has no words for, as fields of Ask; the npm ones besides what their door's lack
    "chat": {"top_k", "failed"},
    "responses": {"stop", "seed", "top_k", "penalty", "n", "failed", "audio"},
    "anthropic": {"seed", "penalty", "n", "audio", "logprobs", "json"},
    "gemini": {"user", "parallel"},
}
WORDLESS |= {
    "node-openai-chat": WORDLESS["chat"],
    "node-openai-responses": WORDLESS["responses"],
    "node-anthropic": WORDLESS["anthropic"] | {"temperature", "top_k"},
    "node-genai": WORDLESS["gemini"],
}
_VERCEL = {"image_url", "json", "user", "failed", "n"}
WORDLESS |= {
    "vercel-openai": WORDLESS["responses"] | _VERCEL,
    "vercel-openai-chat": WORDLESS["chat"] | _VERCEL | {"thinking"},
    "vercel-anthropic": WORDLESS["anthropic"] | _VERCEL,
    "vercel-google": WORDLESS["gemini"] | _VERCEL | {"logprobs"},
}


def unsayable(client: str) -> set[str]:
    """The rows that a client cannot ask for."""
    empty = Ask("")
    return {
        row.name for row in ROWS if any(getattr(row.ask, name) != getattr(empty, name) for name in WORDLESS[client])
    }


BY_NAME = {row.name: row for row in ROWS}
RESULTS = {"weather": "21 degrees", "time": "12:00"}
