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
    """Words. `signature`: what a provider wants back with them (Gemini's thoughtSignature)."""

    text: str
    signature: str = ""
    extra: Json = {}  # e.g. cache_control, under its wire name


class ImagePart(_Word, frozen=True, kw_only=True, tag="image"):
    """A picture: `url` is https: or data:."""

    url: str
    detail: str = ""
    extra: Json = {}


class AudioPart(_Word, frozen=True, kw_only=True, tag="audio"):
    """Sound: base64 and its format ("wav", "mp3")."""

    data: str
    format: str


class FilePart(_Word, frozen=True, kw_only=True, tag="file"):
    """A document: by a provider's id, as a data: URL, or by an https: URL."""

    file_id: str = ""
    data: str = ""
    url: str = ""
    name: str = ""
    extra: Json = {}


Part = TextPart | ImagePart | AudioPart | FilePart


class ToolCall(_Word, frozen=True, kw_only=True):
    """The model asks for a function. `arguments` is JSON text exactly as the model wrote it, valid or not."""

    id: str
    name: str
    arguments: str
    signature: str = ""  # what its provider wants back with it (Gemini's thoughtSignature)


class Thought(_Word, frozen=True, kw_only=True):
    """Thinking that a provider shows, or hides. What proves it goes back to the same dialect unchanged, to no other."""

    text: str = ""
    signature: str = ""  # Anthropic's signature, OpenAI's encrypted_content, Gemini's thoughtSignature
    redacted: str = ""  # Anthropic's redacted_thinking.data
    id: str = ""  # of OpenAI's reasoning item
    dialect: str = ""  # who made the signature


class Message(_Word, frozen=True, kw_only=True):
    """One turn."""

    role: Role
    parts: tuple[Part, ...] = ()
    name: str = ""
    tool_calls: tuple[ToolCall, ...] = ()  # of an assistant
    tool_call_id: str = ""  # of a tool: which call this answers
    failed: bool = False  # of a tool: its result is an error
    refusal: str = ""  # of an assistant
    thoughts: tuple[Thought, ...] = ()  # of an assistant, before its words
    extra: Json = {}

    @property
    def text(self) -> str:
        """The words of all text parts, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))

    @property
    def reasoning(self) -> str:
        """The thinking that is shown, joined."""
        return "".join(thought.text for thought in self.thoughts)


# ---------------------------------------------------------------- what is asked
class Tool(_Word, frozen=True, kw_only=True):
    """A function that the model may ask for; `parameters` is a JSON Schema."""

    name: str
    description: str = ""
    parameters: Json = {}
    strict: bool = False
    extra: Json = {}  # e.g. cache_control, under its wire name


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
    top_k: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    n: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None


class Reasoning(_Word, frozen=True, kw_only=True):
    """How much the model may think. Either word may be missing; `effort` is "none", "minimal", "low", "medium", ..."""

    effort: str = ""
    budget_tokens: int | None = None
    shown: bool = False  # the caller wants to see it (Gemini's includeThoughts, OpenAI's summary, Anthropic's default)
    own: Json = {}  # as the request's dialect said it, for the way back


class ChatRequest(_Word, frozen=True, kw_only=True):
    """A request for the next turn. `extra` and `own_tools` are in the words of `dialect`, which no other speaks."""

    model: str
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    sampling: Sampling = Sampling()
    output_format: OutputFormat | None = None
    reasoning: Reasoning | None = None
    stream: bool = False
    include_usage: bool = False  # of a stream: the caller wants the usage event
    user: str = ""
    metadata: dict[str, str] = {}
    own_tools: tuple[Json, ...] = ()  # tools that the provider runs (web search, code), as they came
    dialect: str = ""
    extra: Json = {}


# ---------------------------------------------------------------- what is answered
class Usage(_Word, frozen=True, kw_only=True):
    """Tokens. `input_tokens` includes those read from and written to a cache, `output_tokens` the reasoning."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0  # of the input, read from the provider's cache
    cache_write_tokens: int = 0  # of the input, written to it
    reasoning_tokens: int = 0
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0


class Choice(_Word, frozen=True, kw_only=True):
    """One of `n` answers."""

    index: int
    message: Message
    finish: FinishReason | None = None
    finish_detail: str = ""  # the provider's own word where ours says less: "pause_turn", "SAFETY"; the stop sequence
    logprobs: Any = None  # as OpenAI's chat completions have them: {"content": [{token, logprob, bytes, top_logprobs}]}
    extra: Json = {}  # e.g. groundingMetadata, under its wire name


class ChatResponse(_Word, frozen=True, kw_only=True):
    """A whole answer. `created_s` is Unix time in seconds; every `extra` in it is in the words of `dialect`."""

    id: str
    created_s: int
    model: str
    choices: tuple[Choice, ...]
    usage: Usage | None = None
    dialect: str = ""
    extra: Json = {}


# ---------------------------------------------------------------- what streams
class Started(_Word, frozen=True, kw_only=True, tag="started"):
    """The first event: who answers, and in whose words every `extra` of this stream is."""

    id: str
    created_s: int
    model: str
    dialect: str = ""
    extra: Json = {}


class Delta(_Word, frozen=True, kw_only=True, tag="delta"):
    """More words of one choice."""

    index: int = 0
    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    logprobs: Any = None  # of these words, as in Choice
    signature: str = ""  # as TextPart.signature
    parts: tuple[Part, ...] = ()  # what is no words: whole pictures, sound
    extra: Json = {}  # of the message; lists of one name are joined over the stream


class ThoughtEnded(_Word, frozen=True, kw_only=True, tag="thought_ended"):
    """The thinking so far is one thought, complete: with what proves it, or hidden as a whole."""

    index: int = 0
    signature: str = ""
    redacted: str = ""
    id: str = ""
    dialect: str = ""


class ToolDelta(_Word, frozen=True, kw_only=True, tag="tool_delta"):
    """More of one tool call; `call` is its place, `id` and `name` come with its first piece."""

    index: int = 0
    call: int = 0
    id: str = ""
    name: str = ""
    arguments: str = ""
    signature: str = ""


class Finished(_Word, frozen=True, kw_only=True, tag="finished"):
    """One choice is complete."""

    index: int = 0
    reason: FinishReason
    detail: str = ""  # as Choice.finish_detail
    extra: Json = {}  # of the choice


class Counted(_Word, frozen=True, kw_only=True, tag="counted"):
    """What it took."""

    usage: Usage


class Failed(_Word, frozen=True, kw_only=True, tag="failed"):
    """The stream breaks off here."""

    message: str
    kind: str = "server_error"
    code: str = ""


StreamEvent = Started | Delta | ThoughtEnded | ToolDelta | Finished | Counted | Failed


def assemble(events: list[StreamEvent]) -> ChatResponse:
    """The answer that a whole stream amounts to. A stream that broke off gives what came until then."""
    start = next((event for event in events if isinstance(event, Started)), Started(id="", created_s=0, model=""))
    usage = next((event.usage for event in reversed(events) if isinstance(event, Counted)), None)
    by_choice: dict[int, list[StreamEvent]] = {}
    for event in events:
        if isinstance(event, Delta | ThoughtEnded | ToolDelta | Finished):
            by_choice.setdefault(event.index, []).append(event)
    choices = tuple(_choice(index, said) for index, said in sorted(by_choice.items()))
    return ChatResponse(
        id=start.id,
        created_s=start.created_s,
        model=start.model,
        choices=choices,
        usage=usage,
        dialect=start.dialect,
        extra=start.extra,
    )


def _choice(index: int, events: list[StreamEvent]) -> Choice:
    deltas = [event for event in events if isinstance(event, Delta)]
    text = "".join(delta.text for delta in deltas)
    signature = next((delta.signature for delta in reversed(deltas) if delta.signature), "")
    others = tuple(part for delta in deltas for part in delta.parts)
    calls: dict[int, list[ToolDelta]] = {}
    for event in events:
        if isinstance(event, ToolDelta):
            calls.setdefault(event.call, []).append(event)
    message = Message(
        role="assistant",
        parts=((TextPart(text=text, signature=signature),) if text or signature else ()) + others,
        refusal="".join(delta.refusal for delta in deltas),
        thoughts=_thoughts(events),
        tool_calls=tuple(
            ToolCall(
                id="".join(piece.id for piece in pieces),
                name="".join(piece.name for piece in pieces),
                arguments="".join(piece.arguments for piece in pieces),
                signature="".join(piece.signature for piece in pieces),
            )
            for _, pieces in sorted(calls.items())
        ),
        extra=_joined(deltas),
    )
    finished = next((event for event in events if isinstance(event, Finished)), None)
    return Choice(
        index=index,
        message=message,
        finish=finished.reason if finished else None,
        finish_detail=finished.detail if finished else "",
        logprobs=_logprobs(deltas),
        extra=finished.extra if finished else {},
    )


def _joined(deltas: list[Delta]) -> Json:
    extra: Json = {}
    for delta in deltas:
        for name, value in delta.extra.items():
            before = extra.get(name)
            extra[name] = [*before, *value] if isinstance(before, list) and isinstance(value, list) else value
    return extra


def _thoughts(events: list[StreamEvent]) -> tuple[Thought, ...]:
    thoughts: list[Thought] = []
    text: list[str] = []
    for event in events:
        if isinstance(event, Delta) and event.reasoning:
            text.append(event.reasoning)
        elif isinstance(event, ThoughtEnded):
            thoughts.append(
                Thought(
                    text="".join(text),
                    signature=event.signature,
                    redacted=event.redacted,
                    id=event.id,
                    dialect=event.dialect,
                )
            )
            text = []
    if text:
        thoughts.append(Thought(text="".join(text)))
    return tuple(thoughts)


def _logprobs(deltas: list[Delta]) -> Json | None:
    said = [delta.logprobs for delta in deltas if isinstance(delta.logprobs, dict)]
    if not said:
        return None
    return {"content": [token for one in said for token in one.get("content") or ()]}
