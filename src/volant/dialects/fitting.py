"""Fitting: bend a request to what a provider can take, before any dialect writes it down.

What changes the question is refused, what is harmless is dropped and named; both through `Losses`. Two reasons for a
loss are here because every dialect has them: the provider lacks an ability (`fit`), and a value is in the words of
another dialect (`naturalise`). What one dialect alone cannot say stands in that dialect's module.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from volant.core.capabilities import Capabilities
from volant.core.chat import (
    AudioPart,
    ChatRequest,
    FilePart,
    ImagePart,
    Json,
    Message,
    Part,
    Reasoning,
    Role,
    Sampling,
    TextPart,
    Thought,
    ToolCall,
)
from volant.dialects.dialect import Losses

# Fields of one dialect that change what is asked: no other may leave them out. All others are hints.
_CHANGES_THE_QUESTION = frozenset({
    "audio", "background", "cachedContent", "container", "conversation", "echo", "function_call", "functions",
    "generationConfig.imageConfig", "generationConfig.responseFormat", "generationConfig.responseMimeType",
    "generationConfig.responseModalities", "generationConfig.speechConfig", "guardrailConfig", "input", "input_blocks",
    "item_reference", "logit_bias", "mcp_servers", "modalities", "parts", "previous_response_id", "prompt",
    "prompt of token ids", "suffix", "tool_choice", "web_search_options",
})  # fmt: skip
_IDENTITY = {"item", "safety_identifier"}  # ids and phases of OpenAI's items, and what `user` says: nothing is lost
_EMPTY_ASKS = {"web_search_options"}  # empty, it still asks for what it names
_REASONING = {"effort", "summary", "generate_summary", "thinking"}  # of `Reasoning.own`: what its other fields say
_ASSISTANT: tuple[Role, ...] = ("assistant",)
_NOTHING = Message(role="assistant")
_HARMLESS_VALUES: dict[str, tuple[Any, ...]] = {  # says what is so anyway
    "store": (False,),
    "background": (False,),
    "modalities": (["text"],),
    "generationConfig.responseModalities": (["TEXT"],),
    "truncation": ("disabled",),
    "reasoning.context": ("auto",),
    "reasoning.mode": ("standard",),
    "service_tier": ("auto", "default"),
    "tool_choice": ("auto",),
    "function_call": ("auto",),
    "echo": (False,),
    "eager_input_streaming": (True, False),  # how finely a stream of arguments is cut
    "include": (["reasoning.encrypted_content"],),  # thoughts find their way home without being asked for
}
_EFFORTS = ((0, "none"), (2048, "low"), (12288, "medium"))  # budgets up to so many tokens; above: high
DEFAULT_BUDGET = 8192  # tokens, of who wants to see the thinking and does not say how much
_BUDGETS = {"none": 0, "minimal": 1024, "low": 2048, "medium": 8192, "high": 24576, "xhigh": 49152, "max": 65536}


# ---------------------------------------------------------------- what the provider can take
def fit(request: ChatRequest, can: Capabilities, losses: Losses) -> ChatRequest:
    """The request as this provider takes it. Raises BadInput `not_supported`."""
    if request.stream and not can.streaming:
        losses.refuse("stream")
    if request.tools and not can.tools:
        losses.refuse("tools")
    _fit_format(request, can, losses)
    for message in request.messages:
        for part in message.parts:
            _fit_part(part, can, losses)
    changes: dict[str, Any] = {}
    if request.parallel_tool_calls is not None and not can.parallel_tools:
        losses.drop("parallel_tool_calls")
        changes["parallel_tool_calls"] = None
    if request.include_usage and not can.stream_usage:
        changes["include_usage"] = False
    if request.reasoning is not None and not can.reasoning:
        if request.reasoning.effort != "none" and request.reasoning.budget_tokens != 0:
            losses.drop("reasoning", "this deployment does not take how much to think")
        changes["reasoning"] = None
    sampling = fit_sampling(request.sampling, can, losses)
    if sampling is not request.sampling:
        changes["sampling"] = sampling
    return replace(request, **changes) if changes else request


def fit_sampling(sampling: Sampling, can: Capabilities, losses: Losses) -> Sampling:
    """How the answer is drawn, as far as the provider lets one say it."""
    gone: dict[str, Any] = {}

    def drop(*names: str) -> None:
        for name in names:
            if (value := getattr(sampling, name)) is not None:
                if value or name not in ("frequency_penalty", "presence_penalty"):  # a penalty of 0 is none
                    losses.drop(name)
                gone[name] = None

    if not can.sampling:
        drop("temperature", "top_p", "top_k")
    if not can.top_k:
        drop("top_k")
    if not can.seed:
        drop("seed")
    if not can.penalties:
        drop("frequency_penalty", "presence_penalty")
    if sampling.logprobs and not can.logprobs:
        losses.refuse("logprobs")
    if not can.logprobs and (sampling.logprobs is not None or sampling.top_logprobs is not None):
        gone |= {"logprobs": None, "top_logprobs": None}
    if sampling.n is not None and not can.choices:
        if sampling.n > 1:
            losses.refuse("n", "it gives one answer at a time")
        gone["n"] = None
    if sampling.stop and not can.stop:
        losses.refuse("stop")
    return replace(sampling, **gone) if gone else sampling


def _fit_format(request: ChatRequest, can: Capabilities, losses: Losses) -> None:
    shape = request.output_format
    if shape is None:
        return
    if shape.kind == "json" and not can.json_object:
        losses.refuse("response_format", "it knows no JSON mode; ask for JSON in the words, or give a schema")
    if shape.kind == "json_schema" and not can.json_schema:
        losses.refuse("response_format", "it holds no answer to a JSON schema")


def _fit_part(part: Part, can: Capabilities, losses: Losses) -> None:
    if isinstance(part, ImagePart):
        if not can.images:
            losses.refuse("image", "its model sees no images")
        if not can.image_urls and not part.url.startswith("data:"):
            losses.refuse("image", "it fetches no URLs; send the image itself as a data: URL")
    elif isinstance(part, FilePart) and not can.files:
        losses.refuse("file", "it reads no documents")
    elif isinstance(part, AudioPart) and not can.audio:
        losses.refuse("audio", "it hears no sound")


# ---------------------------------------------------------------- what is in another dialect's words
def naturalise(
    request: ChatRequest, dialects: tuple[str, ...], losses: Losses, keep: frozenset[str] = frozenset()
) -> ChatRequest:
    """The request without the words of other dialects; as it is where it came in one of `dialects`.

    `keep`: names in the `extra` of parts and tools that the target has words for.
    """
    if request.dialect in dialects:
        return request
    if request.own_tools:
        tool = request.own_tools[0]
        losses.refuse("tools", f"{str(tool.get('type') or next(iter(tool), ''))[:40]!r} is run by another provider")
    drop_extra(request.extra, losses)
    if request.reasoning is not None:
        own = request.reasoning.own.items()
        drop_extra({f"reasoning.{name}": value for name, value in own if name not in _REASONING}, losses)
    if request.dialect == "openai_completions":
        losses.drop("prompt", "sent as a user's message in a chat")
    return replace(
        request,
        extra={},
        messages=tuple(_natural_messages(request.messages, losses, keep)),
        tools=tuple(replace(tool, extra=_gone(tool.extra, losses, keep)) for tool in request.tools),
    )


def drop_extra(extra: Json, losses: Losses) -> None:
    """Name the hints that are left out; refuse what changes the question."""
    for name, value in extra.items():
        is_empty = value in ({}, [], "") and name not in _EMPTY_ASKS
        if name in _IDENTITY or value is None or is_empty or value in _HARMLESS_VALUES.get(name, ()):
            continue
        if name in _CHANGES_THE_QUESTION:
            losses.refuse(name)
        losses.drop(name)


def _gone(extra: Json, losses: Losses, keep: frozenset[str]) -> Json:
    if not extra:
        return {}
    drop_extra({name: value for name, value in extra.items() if name not in keep}, losses)
    return {name: value for name, value in extra.items() if name in keep}


def _natural_messages(messages: Iterable[Message], losses: Losses, keep: frozenset[str]) -> Iterator[Message]:
    """Without what only the other dialect can say; calls of one turn that it kept apart are together again."""
    run: list[Message] = []  # of one side, from its first calls on
    for one in messages:
        message = _natural_message(one, losses, keep)
        if message is not one and message == _NOTHING:  # only an item that its provider made for itself
            continue
        if run and not (run[0].tool_calls and run[0].role == message.role):
            yield joined(run)
            run = []
        run.append(message)
    if run:
        yield joined(run)


def joined(run: Sequence[Message]) -> Message:
    """Turns of one side as one, with what stands beside the first."""
    if len(run) == 1:
        return run[0]
    return replace(
        run[0],
        thoughts=tuple(thought for one in run for thought in one.thoughts),
        parts=tuple(part for one in run for part in one.parts),
        refusal="".join(one.refusal for one in run),
        tool_calls=tuple(call for one in run for call in one.tool_calls),
    )


def _natural_message(message: Message, losses: Losses, keep: frozenset[str]) -> Message:
    if "parts" in message.extra and message.role != "assistant":
        losses.refuse("parts", "the message holds what only its own dialect has a word for")
    parts = message.parts
    if any(getattr(part, "extra", None) for part in parts):
        parts = tuple(
            replace(part, extra=_gone(part.extra, losses, keep))
            if not isinstance(part, AudioPart) and part.extra
            else part
            for part in parts
        )
    if parts is message.parts and not message.extra:
        return message
    return replace(message, parts=parts, extra=_gone(message.extra, losses, frozenset()))


# ---------------------------------------------------------------- what a turn cannot hold
def shown_by_user(
    messages: Sequence[Message], losses: Losses, roles: Collection[Role] = _ASSISTANT
) -> tuple[Message, ...]:
    """The turns, with pictures, sound and files of `roles` shown by the user after them, where models can see them.

    Results of tools stay right after their calls: what stands in both follows the last of them.
    """
    moved: list[Message] = []
    shown: list[Part] = []
    for message in messages:
        if shown and message.role != "tool":
            moved.append(Message(role="user", parts=tuple(shown)))
            shown = []
        words_left: tuple[Part, ...] = ()
        media = [part for part in message.parts if not isinstance(part, TextPart)] if message.role in roles else []
        if media:
            whose = "tool result" if message.role == "tool" else "pictures of the assistant"
            losses.drop(whose, "its images and files follow in a user message")
            shown += media
            words_left = tuple(part for part in message.parts if isinstance(part, TextPart))
            words_left = words_left or (TextPart(text="(see the next message)"),)
        moved.append(replace(message, parts=words_left) if media else message)
    if shown:
        moved.append(Message(role="user", parts=tuple(shown)))
    return tuple(moved)


def unsigned(messages: Sequence[Message], losses: Losses) -> tuple[Message, ...]:
    """The turns without what another provider wants back with its words and calls (Gemini's thoughtSignature)."""
    if any(isinstance(part, TextPart) and part.signature for one in messages for part in one.parts):
        losses.drop("text signature", "it is of another provider")
        messages = tuple(replace(one, parts=tuple(_unsigned_part(part) for part in one.parts)) for one in messages)
    if any(call.signature for one in messages for call in one.tool_calls):
        losses.drop("tool call signature", "it is of another provider")
        messages = tuple(
            replace(one, tool_calls=tuple(replace(call, signature="") for call in one.tool_calls)) for one in messages
        )
    return tuple(messages)


def _unsigned_part(part: Part) -> Part:
    return replace(part, signature="") if isinstance(part, TextPart) and part.signature else part


def object_of(call: ToolCall, losses: Losses | None = None) -> Json:
    """A call's arguments where they must be an object. What a model wrote that is none stands in one, which is named.

    The word is Anthropic's. Source: "Fine-grained tool streaming", Anthropic documentation (read November 2026).
    """
    try:
        given = msgspec.json.decode(call.arguments) if call.arguments.strip() else {}
    except (msgspec.DecodeError, RecursionError):
        given = None
    if isinstance(given, dict):
        return given
    if losses is not None:
        losses.drop("tool_calls.arguments", "no JSON object, so sent as a text called INVALID_JSON")
    return {"INVALID_JSON": call.arguments}


# ---------------------------------------------------------------- thinking
def thoughts_for(dialects: Collection[str], thoughts: Sequence[Thought], losses: Losses) -> tuple[Thought, ...]:
    """Those that a provider takes: of these dialects; "": those that nobody vouches for."""
    kept = tuple(one for one in thoughts if one.dialect in dialects)
    if len(kept) < len(thoughts):
        losses.drop("reasoning", "earlier thinking is not sent: this provider takes only what it made itself, or none")
    return kept


def nearest_effort(budget: int) -> str:
    """The word for so many tokens of thinking; empty for a number below 0, which leaves it to the provider."""
    return next((word for most, word in _EFFORTS if budget <= most), "high") if budget >= 0 else ""


def usual_budget(effort: str) -> int:
    """The tokens of thinking that a provider who asks for a number is sent for a word."""
    return _BUDGETS.get(effort, _BUDGETS["medium"])


def effort_of(reasoning: Reasoning, losses: Losses) -> str:
    """How much to think, as a word. A budget in tokens becomes the nearest word, which is named."""
    if reasoning.effort or reasoning.budget_tokens is None:
        return reasoning.effort
    effort = nearest_effort(reasoning.budget_tokens)
    losses.drop("reasoning budget", f"sent as effort {effort or 'of its own choice'}")
    return effort


def budget_of(reasoning: Reasoning, losses: Losses) -> int | None:
    """How much to think, in tokens. A word, or none, becomes a number, which is named; None: nothing was asked."""
    if reasoning.budget_tokens is not None:
        return reasoning.budget_tokens
    if not reasoning.effort:
        wanted = reasoning.shown or (reasoning.own.get("thinking") or {}).get("type") == "adaptive"
        if wanted:  # this way of asking names no number, and without one there is no thinking to show
            losses.drop("reasoning budget", f"none was said, {DEFAULT_BUDGET} tokens were sent")
        return DEFAULT_BUDGET if wanted else None
    budget = usual_budget(reasoning.effort)
    losses.drop("reasoning effort", f"sent as a budget of {budget} tokens")
    return budget
