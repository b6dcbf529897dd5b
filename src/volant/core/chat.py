"""Chat: the normalised request, answer and stream that every dialect translates to and from.

Knows what a conversation is; knows no wire format, no provider and no price. A dialect's `parse_*` gives these types
and its `render_*` takes them, so that N dialects need 2 N translations instead of N squared. What a dialect carries
and these types have no word for stands in `extra` under its wire name: kept for the same dialect, named or refused by
others.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Json = dict[str, Any]
Role = Literal["system", "developer", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "error"]


class _Word(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the types of this module."""


# ---------------------------------------------------------------- what is said
class TextPart(_Word, frozen=True, kw_only=True, tag="text"):
    """Words."""

    text: str


class ImagePart(_Word, frozen=True, kw_only=True, tag="image"):
    """A picture: `url` is https: or data:."""

    url: str
    detail: str = ""


class AudioPart(_Word, frozen=True, kw_only=True, tag="audio"):
    """Sound: base64 and its format ("wav", "mp3")."""

    data: str
    format: str


class FilePart(_Word, frozen=True, kw_only=True, tag="file"):
    """A document, by id or as a data: URL."""

    file_id: str = ""
    data: str = ""
    name: str = ""


Part = TextPart | ImagePart | AudioPart | FilePart


class ToolCall(_Word, frozen=True, kw_only=True):
    """The model asks for a function. `arguments` is JSON text exactly as the model wrote it, valid or not."""

    id: str
    name: str
    arguments: str


class Message(_Word, frozen=True, kw_only=True):
    """One turn."""

    role: Role
    parts: tuple[Part, ...] = ()
    name: str = ""
    tool_calls: tuple[ToolCall, ...] = ()  # of an assistant
    tool_call_id: str = ""  # of a tool: which call this answers
    refusal: str = ""  # of an assistant
    reasoning: str = ""  # of an assistant: thinking shown by the provider
    extra: Json = {}

    @property
    def text(self) -> str:
        """The words of all text parts, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))


# ---------------------------------------------------------------- what is asked
class Tool(_Word, frozen=True, kw_only=True):
    """A function that the model may ask for; `parameters` is a JSON Schema."""

    name: str
    description: str = ""
    parameters: Json = {}
    strict: bool = False


class ToolChoice(_Word, frozen=True, kw_only=True):
    """Whether the model may, must not, or must call a tool (`name` with mode "tool")."""

    mode: Literal["auto", "none", "required", "tool"]
    name: str = ""


class OutputFormat(_Word, frozen=True, kw_only=True):
    """What shape the answer has: any JSON, or JSON of a schema."""

    kind: Literal["text", "json", "json_schema"]
    name: str = ""
    description: str = ""
    schema: Json = {}
    strict: bool = False


class Sampling(_Word, frozen=True, kw_only=True):
    """How the answer is drawn. None: the provider's default."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    n: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None


class ChatRequest(_Word, frozen=True, kw_only=True):
    """A request for the next turn."""

    model: str
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    sampling: Sampling = Sampling()
    output_format: OutputFormat | None = None
    stream: bool = False
    include_usage: bool = False  # of a stream: the caller wants the usage event
    user: str = ""
    metadata: dict[str, str] = {}
    extra: Json = {}


# ---------------------------------------------------------------- what is answered
class Usage(_Word, frozen=True, kw_only=True):
    """Tokens. `input_tokens` includes the cached ones, `output_tokens` the reasoning."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0


class Choice(_Word, frozen=True, kw_only=True):
    """One of `n` answers."""

    index: int
    message: Message
    finish: FinishReason | None = None
    logprobs: Any = None


class ChatResponse(_Word, frozen=True, kw_only=True):
    """A whole answer. `created_s` is Unix time in seconds."""

    id: str
    created_s: int
    model: str
    choices: tuple[Choice, ...]
    usage: Usage | None = None
    extra: Json = {}


# ---------------------------------------------------------------- what streams
class Started(_Word, frozen=True, kw_only=True, tag="started"):
    """The first event: who answers."""

    id: str
    created_s: int
    model: str
    extra: Json = {}


class Delta(_Word, frozen=True, kw_only=True, tag="delta"):
    """More words of one choice."""

    index: int = 0
    text: str = ""
    reasoning: str = ""
    refusal: str = ""


class ToolDelta(_Word, frozen=True, kw_only=True, tag="tool_delta"):
    """More of one tool call; `call` is its place, `id` and `name` come with its first piece."""

    index: int = 0
    call: int = 0
    id: str = ""
    name: str = ""
    arguments: str = ""


class Finished(_Word, frozen=True, kw_only=True, tag="finished"):
    """One choice is complete."""

    index: int = 0
    reason: FinishReason


class Counted(_Word, frozen=True, kw_only=True, tag="counted"):
    """What it took."""

    usage: Usage


class Failed(_Word, frozen=True, kw_only=True, tag="failed"):
    """The stream breaks off here."""

    message: str
    kind: str = "server_error"
    code: str = ""


StreamEvent = Started | Delta | ToolDelta | Finished | Counted | Failed


def assemble(events: list[StreamEvent]) -> ChatResponse:
    """The answer that a whole stream amounts to. A stream that broke off gives what came until then."""
    start = next((event for event in events if isinstance(event, Started)), Started(id="", created_s=0, model=""))
    usage = next((event.usage for event in reversed(events) if isinstance(event, Counted)), None)
    places = sorted({event.index for event in events if isinstance(event, Delta | ToolDelta | Finished)})
    choices = tuple(_choice(index, [e for e in events if getattr(e, "index", None) == index]) for index in places)
    return ChatResponse(
        id=start.id, created_s=start.created_s, model=start.model, choices=choices, usage=usage, extra=start.extra
    )


def _choice(index: int, events: list[StreamEvent]) -> Choice:
    deltas = [event for event in events if isinstance(event, Delta)]
    text = "".join(delta.text for delta in deltas)
    calls: dict[int, list[ToolDelta]] = {}
    for event in events:
        if isinstance(event, ToolDelta):
            calls.setdefault(event.call, []).append(event)
    message = Message(
        role="assistant",
        parts=(TextPart(text=text),) if text else (),
        refusal="".join(delta.refusal for delta in deltas),
        reasoning="".join(delta.reasoning for delta in deltas),
        tool_calls=tuple(
            ToolCall(
                id="".join(piece.id for piece in pieces),
                name="".join(piece.name for piece in pieces),
                arguments="".join(piece.arguments for piece in pieces),
            )
            for _, pieces in sorted(calls.items())
        ),
    )
    finish = next((event.reason for event in events if isinstance(event, Finished)), None)
    return Choice(index=index, message=message, finish=finish)
