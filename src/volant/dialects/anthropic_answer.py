"""Anthropic messages, the whole answer: between the wire and `core.chat`, both ways; stop reasons and usage.

Source: Anthropic API reference, "Create a Message", `Message` and `Usage`; anthropic SDK 2.12.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from volant.core.chat import ChatRequest, ChatResponse, Choice, FinishReason, Json, Message, Part, TextPart, Usage
from volant.core.errors import BadInput, UpstreamFailed
from volant.dialects import anthropic_blocks as blocks
from volant.dialects.anthropic_turns import parse_answer_blocks
from volant.dialects.citations import blocks_of, citations_of, for_anthropic, in_words
from volant.dialects.fields import decode, filled, want
from volant.dialects.signed_ids import read_id, signed_calls
from volant.dialects.unsaid import broken, instead

NAME = blocks.NAME
TITLE = "Anthropic messages"
_FINISH: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_STOP: dict[FinishReason | None, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "error": "refusal",
    None: "end_turn",
}
_OWN_WORDS = ("pause_turn", "model_context_window_exceeded", "refusal")
_COUNTS = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
_KNOWN = {"id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"}


# ---------------------------------------------------------------- from the wire
def parse_response(body: bytes) -> ChatResponse:
    """The answer in `body`; `created_s` is 0, for the wire says no time. Raises UpstreamFailed `invalid_answer`."""
    try:
        wire = want(decode(body), dict, "body")
        content = [
            want(one, dict, f"content[{at}]") for at, one in enumerate(want(wire.get("content"), list, "content"))
        ]
        usage = wire.get("usage")
        finish, detail = parse_stop(wire)
        extra = {name: value for name, value in wire.items() if name not in _KNOWN and value is not None}
        choice = Choice(index=0, message=parse_answer_blocks(content, "content"), finish=finish, finish_detail=detail)
        return ChatResponse(
            id=str(wire.get("id") or ""),
            created_s=0,
            model=str(wire.get("model") or ""),
            choices=(choice,),
            usage=parse_usage(usage) if isinstance(usage, dict) else None,
            dialect=NAME,
            extra=extra | filled(anthropic_usage=usage_extra(usage)),
        )
    except (BadInput, TypeError, ValueError, RecursionError) as error:
        raise UpstreamFailed("invalid_answer", f"the upstream's answer is no Anthropic message: {error}") from error


def parse_stop(wire: Mapping[str, Any]) -> tuple[FinishReason | None, str]:
    """Why it ended, and the provider's own word or the stop sequence where ours says less."""
    reason = wire.get("stop_reason")
    if not isinstance(reason, str):
        return None, ""
    if reason == "stop_sequence":
        return "stop", str(wire.get("stop_sequence") or "")
    finish = _FINISH.get(reason)
    return (finish, reason if reason in _OWN_WORDS else "") if finish else ("stop", reason)


def parse_usage(wire: Mapping[str, Any]) -> Usage:
    """Token counts; what is missing counts as 0. The wire's `input_tokens` leaves out what a cache read or took."""
    written = int(wire.get("cache_creation_input_tokens") or 0)
    read = int(wire.get("cache_read_input_tokens") or 0)
    details = wire.get("output_tokens_details")
    return Usage(
        input_tokens=int(wire.get("input_tokens") or 0) + written + read,
        output_tokens=int(wire.get("output_tokens") or 0),
        cached_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=int(details.get("thinking_tokens") or 0) if isinstance(details, dict) else 0,
    )


def usage_extra(wire: object) -> Json:
    """What `usage` says beside the counts: the service tier, searches made, how long the cache keeps."""
    if not isinstance(wire, dict):
        return {}
    known = (*_COUNTS, "output_tokens_details")
    return {name: value for name, value in wire.items() if name not in known and value is not None}


# ---------------------------------------------------------------- to the wire
def render_response(response: ChatResponse, request: ChatRequest) -> bytes:
    """The body of an answer: its first choice, for this dialect has one."""
    choice = response.choices[0] if response.choices else Choice(index=0, message=Message(role="assistant"))
    own = response.dialect == NAME
    extra = dict(response.extra) if own else {}
    usage = render_usage(response.usage or Usage()) | dict(extra.pop("anthropic_usage", None) or {})
    wire: Json = {
        "id": response.id,
        "type": "message",
        "role": "assistant",
        "model": response.model,
        "content": _render_content(choice, response),
        **render_stop(choice.finish, choice.finish_detail, bool(choice.message.refusal), request.sampling.stop),
        "usage": usage,
    }
    return msgspec.json.encode(wire | extra)


def _render_content(choice: Choice, response: ChatResponse) -> list[Json]:
    message, own = choice.message, response.dialect == NAME
    parts = [render_words(part, own) for part in message.parts]
    if not own and (cited := citations_of(choice, response)) and (parts or not message.tool_calls):
        parts = parts or [{"type": "text", "text": in_words(cited)}]
        parts[-1]["citations"] = [for_anthropic(one, at) for at, one in enumerate(cited)]
    extra = message.extra if own else {}
    said = blocks.placed(parts, extra.get("blocks"))
    if parts and extra.get("citations"):  # it was a stream, whose words are one part
        at = next(place for place, block in enumerate(said) if block is parts[0])
        said[at : at + 1] = [
            {"type": "text", "text": text, **filled(citations=cited)} for text, cited in blocks_of(message.text, extra)
        ]
    if message.refusal:
        said.append({"type": "text", "text": message.refusal})
    beside = extra.get("tool_use") or {}
    signed = signed_calls(message).tool_calls
    calls = [blocks.render_call(call) | beside.get(read_id(call.id)[0], {}) for call in signed]
    return [*(blocks.render_thought(one) for one in message.thoughts), *said, *calls]


def render_words(part: Part, own: bool) -> Json:
    """The text block of a part of an answer. What is no text has no block in this dialect: a sentence says so."""
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text, **(part.extra if own else {})}
    return {"type": "text", "text": instead(part, TITLE)}


def render_stop(finish: FinishReason | None, detail: str, refused: bool, stops: Sequence[str]) -> Json:
    """`stop_reason` and `stop_sequence`; `stops` are those that the request named."""
    if detail in _OWN_WORDS:
        return {"stop_reason": detail, "stop_sequence": None}
    if refused and finish in ("stop", "content_filter", None):
        return {"stop_reason": "refusal", "stop_sequence": None}
    if finish == "stop" and detail and detail in stops:
        return {"stop_reason": "stop_sequence", "stop_sequence": detail}
    said: Json = {"stop_reason": _STOP[finish], "stop_sequence": None}
    if finish == "error":  # of all words that the SDKs' types know, it alone does not say that the answer is whole
        said["stop_details"] = {"type": "refusal", "category": None, "explanation": broken(detail)}
    return said


def render_usage(usage: Usage) -> Json:
    """`usage` on the wire."""
    beside = usage.cached_tokens + usage.cache_write_tokens
    return {
        "input_tokens": max(0, usage.input_tokens - beside),
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
    } | filled(output_tokens_details=filled(thinking_tokens=usage.reasoning_tokens))
