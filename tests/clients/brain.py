"""What the stand-ins' model says: the same for every provider, and only what the prompt asks for.

A stand-in reads its wire into a `View`, asks `answer(view)`, and writes the `Answer` on its wire. The last user turn
says what to do, a command a line:

    say WORDS            says WORDS
    call NAME {JSON}     asks for the function, several lines for several at once
    look                 says what pictures, sounds and documents came: type, size, start of the SHA-256
    who                  says the system prompt
    recall               says the earlier turns
    refuse               refuses
    fail STATUS          an error of that status
    once STATUS WORD     an error of that status the first time that it hears WORD, then says WORD
    break                begins to stream, then fails

After tool results it says each function's name with what it gave. Where a schema is asked for, JSON of that schema.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

INPUT, CACHED, WRITTEN, OUTPUT, THOUGHT = 11, 3, 2, 5, 4  # tokens of every answer; of a thought where there is one
THINKING = "Let me see. "
REFUSAL = "I cannot help with that."


_heard: set[str] = set()  # the words of `once`, over the life of the stand-ins


class Refused(Exception):
    """The stand-in answers with an error: HTTP status and words."""

    def __init__(self, status: int, message: str, param: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.param = status, message, param


@dataclass
class Media:
    """A picture, sound or document as it arrived."""

    kind: str
    data: bytes
    name: str = ""

    def __str__(self) -> str:
        named = f" {self.name}" if self.name else ""
        return f"{self.kind}{named} {len(self.data)} {hashlib.sha256(self.data).hexdigest()[:8]}"


@dataclass
class Call:
    """A function that the model asks for."""

    name: str
    arguments: str
    id: str


@dataclass
class View:
    """A request, as far as the model reads it."""

    system: str = ""
    text: str = ""  # of the last user turn
    earlier: list[str] = field(default_factory=list)  # "role: words", the last user turn included
    media: list[Media] = field(default_factory=list)
    results: list[tuple[str, str]] = field(default_factory=list)  # in the last turn: function, what it gave
    tools: list[str] = field(default_factory=list)
    choice: str = "auto"  # "auto", "none", "required" or a function's name
    parallel: bool = True
    schema: dict[str, Any] | None = None
    json: bool = False
    max_tokens: int | None = None
    stop: list[str] = field(default_factory=list)
    thinks: bool = False
    must_begin_with_thought: bool = False  # of Claude: a turn that called tools, while its thinking has a budget


@dataclass
class Answer:
    """What the model says."""

    text: str = ""
    calls: list[Call] = field(default_factory=list)
    thought: str = ""
    refused: bool = False
    cut: bool = False  # by max_tokens
    stopped_by: str = ""
    breaks: bool = False

    @property
    def output(self) -> int:
        return OUTPUT + self.thinking

    @property
    def thinking(self) -> int:
        return THOUGHT if self.thought else 0


def answer(view: View) -> Answer:
    """Raises Refused where the prompt asks for an error, or for nothing that a stand-in knows."""
    made = Answer(thought=THINKING if view.thinks else "")
    if view.results:
        made.text = "; ".join(f"{name} gave {content}" for name, content in view.results)
        return _limited(made, view)
    said: list[str] = []
    for line in view.text.strip().splitlines():
        _obey(line.strip(), view, made, said)
    made.text = "\n".join(said)
    if view.schema is not None:
        made.text = json.dumps(example(view.schema, view.schema))
    elif view.json:
        made.text = json.dumps({"said": made.text})
    if view.choice not in ("auto", "none") and not made.calls:
        name = view.tools[0] if view.choice == "required" else view.choice
        made.calls = [_call(name, "{}", view, 0)]
        made.text = ""
    return _limited(made, view)


def _obey(line: str, view: View, made: Answer, said: list[str]) -> None:
    command, _, rest = line.partition(" ")
    if command == "say":
        said.append(rest)
    elif command == "call":
        name, _, arguments = rest.partition(" ")
        if made.calls and not view.parallel:
            return
        if view.choice != "none" and view.tools:  # a model without tools asks for none
            made.calls.append(_call(name, arguments or "{}", view, len(made.calls)))
    elif command == "look":
        said.append("; ".join(str(one) for one in view.media) or "nothing")
    elif command == "who":
        said.append(f"system: {view.system}")
    elif command == "recall":
        said.append(" | ".join(view.earlier[:-1]))
    elif command == "refuse":
        made.refused = True
        said.append(REFUSAL)
    elif command == "break":
        made.breaks = True
        said.append("this will break off")
    elif command == "once":
        status, _, word = rest.partition(" ")
        if word not in _heard:
            _heard.add(word)
            raise Refused(int(status), f"asked to fail once with {status}")
        said.append(word)
    elif command == "fail":
        raise Refused(int(rest), f"asked to fail with {rest}")
    elif line:
        raise Refused(400, f"the stand-in knows no command {command!r}")


def _call(name: str, arguments: str, view: View, at: int) -> Call:
    if name not in view.tools:
        raise Refused(400, f"no tool is called {name!r}: {view.tools}")
    return Call(name, arguments, f"call_{name}_{at}")


def _limited(made: Answer, view: View) -> Answer:
    for stop in view.stop:
        before, found, _ = made.text.partition(stop)
        if found:
            made.text, made.stopped_by = before, stop
    words = made.text.split(" ")
    if view.max_tokens is not None and len(words) > view.max_tokens:
        made.text, made.cut = " ".join(words[: view.max_tokens]), True
    return made


def example(schema: dict[str, Any], root: dict[str, Any]) -> Any:
    """A value of a JSON Schema: Ada, who is 36."""
    if reference := schema.get("$ref"):
        place: Any = root
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        return example(place, root)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return example(schema[several][0], root)
    kind = schema.get("type", "object")
    kind = str(kind[0] if isinstance(kind, list) else kind).lower()
    if kind == "object":
        return {name: example(one, root) for name, one in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(schema.get("items", {"type": "string"}), root)]
    return {"string": "Ada", "integer": 36, "number": 1.5, "boolean": True}.get(kind)


def signature(provider: str, text: str) -> str:
    """What proves a thought, in base64: a provider takes its own only."""
    return base64.b64encode(hashlib.sha256(f"{provider}:{text}".encode()).digest()).decode()


def pieces(text: str, size: int = 3) -> list[str]:
    """A text as a stream has it."""
    return [text[at : at + size] for at in range(0, len(text), size)]


def decoded(data: str, what: str, url_safe: bool = False) -> bytes:
    """Base64 as a server takes it; Google's take the alphabet of URLs too. Raises Refused 400."""
    try:
        if url_safe:
            data = data.translate(str.maketrans("-_", "+/"))
        return base64.b64decode(data, validate=True)
    except ValueError:
        raise Refused(400, f"{what}: not base64") from None


def vector(text: str, dimensions: int) -> list[float]:
    """A vector for a text, the same each time; its numbers are exact in float32."""
    digest = hashlib.sha256(text.encode()).digest()
    return [(digest[at % 32] - 128) / 128 for at in range(dimensions)]
