"""OpenAI responses answers: the whole object, between the wire and `core.chat`, both ways.

A response repeats what was asked (tools, temperature, ...), so rendering one takes the request. Its items come from
`openai_responses_items`; the stream's events carry the same objects.
Source: OpenAI API reference, "The response object", and the types of the openai SDK 3.54 (November 2026).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from volant.core.chat import ChatRequest, ChatResponse, Choice, FinishReason, ImagePart, Json, Message, Tool, Usage
from volant.core.errors import BadInput, UpstreamFailed
from volant.dialects.citations import citations_of, for_responses
from volant.dialects.fields import decode, filled, want
from volant.dialects.logprobs import checked
from volant.dialects.openai_messages import render_schema
from volant.dialects.openai_responses_items import (
    NAME,
    image_item,
    parse_output,
    reasoning_body,
    render_call,
)
from volant.dialects.openai_tools import CUSTOM, custom_names
from volant.dialects.signed_ids import signed_calls
from volant.dialects.unsaid import broken, has_word, instead

TITLE = "OpenAI responses"
_REASONS: dict[str, FinishReason] = {"max_output_tokens": "length", "content_filter": "content_filter"}
_INCOMPLETE = {finish: reason for reason, finish in _REASONS.items()}
_KEPT = ("service_tier", "conversation", "prompt_cache_key", "safety_identifier", "moderation", "tool_usage")


# ---------------------------------------------------------------- from the wire
def parse_response(body: bytes) -> ChatResponse:
    """The answer in `body`. Raises UpstreamFailed: `invalid_answer` where it is none, `upstream_failed`."""
    try:
        wire = want(decode(body), dict, "body")
        if wire.get("status") == "failed":
            raise UpstreamFailed("upstream_failed", f"the upstream's response failed: {failure_of(wire)['message']}")
        message = parse_output(wire.get("output"))
        finish, detail = finish_of(wire, bool(message.tool_calls))
        return ChatResponse(
            id=str(wire.get("id") or ""),
            created_s=int(wire.get("created_at") or 0),
            model=str(wire.get("model") or ""),
            choices=(
                Choice(index=0, message=message, finish=finish, finish_detail=detail, logprobs=_logprobs_of(wire)),
            ),
            usage=parse_usage(wire["usage"]) if wire.get("usage") else None,
            dialect=NAME,
            extra=kept(wire),
        )
    except (BadInput, TypeError, ValueError, AttributeError) as error:
        raise UpstreamFailed("invalid_answer", f"the upstream's answer is no response: {error}") from error


def kept(wire: Mapping[str, Any]) -> Json:
    """What only this dialect says of an answer."""
    return {name: wire[name] for name in _KEPT if wire.get(name) is not None}


def finish_of(wire: Mapping[str, Any], calls: bool) -> tuple[FinishReason, str]:
    """Why it ended, and the provider's own word where ours says less."""
    if wire.get("status") == "incomplete":
        reason = str((wire.get("incomplete_details") or {}).get("reason") or "")
        finish = _REASONS.get(reason, "length")
        return finish, "" if reason in _REASONS else reason
    return ("tool_calls" if calls else "stop"), ""


def failure_of(wire: Mapping[str, Any]) -> dict[str, str]:
    """`message` and `code` of a response that failed."""
    error = wire.get("error")
    detail = error if isinstance(error, dict) else {}
    return {"message": str(detail.get("message") or "no reason given"), "code": str(detail.get("code") or "")}


def parse_usage(wire: Mapping[str, Any]) -> Usage:
    """Token counts; what is missing counts as 0."""
    inputs, outputs = wire.get("input_tokens_details") or {}, wire.get("output_tokens_details") or {}
    return Usage(
        input_tokens=int(wire.get("input_tokens") or 0),
        output_tokens=int(wire.get("output_tokens") or 0),
        cached_tokens=int(inputs.get("cached_tokens") or 0),
        cache_write_tokens=int(inputs.get("cache_write_tokens") or 0),
        reasoning_tokens=int(outputs.get("reasoning_tokens") or 0),
    )


def _logprobs_of(wire: Json) -> Json | None:
    contents = [item.get("content") or [] for item in wire["output"] if item.get("type") == "message"]
    tokens = [token for content in contents for part in content for token in part.get("logprobs") or ()]
    return checked({"content": tokens} if tokens else None, "logprobs")


# ---------------------------------------------------------------- to the wire
def render_response(response: ChatResponse, request: ChatRequest) -> bytes:
    """The body of an answer to `request`."""
    response_id = public_id(response.id)
    choice = response.choices[0] if response.choices else Choice(index=0, message=Message(role="assistant"))
    items = render_output(choice, response_id, custom_names(request.tools), response)
    wire = shell(request, response_id, response.created_s, response.model or request.model)
    ended = ending(choice.finish, choice.finish_detail)
    wire |= ended | {"output": items, "usage": render_usage(response.usage)}
    if response.dialect in ("", NAME):
        wire |= response.extra
    return msgspec.json.encode(wire)


def public_id(upstream: str) -> str:
    """An id as clients of this dialect know them."""
    return upstream if upstream.startswith("resp_") else f"resp_{upstream}"


def item_id(kind: str, response_id: str, place: int) -> str:
    """The id of an item, the same whenever the answer is rendered."""
    return f"{kind}_{response_id.removeprefix('resp_')}_{place}"


def ending(finish: FinishReason | None, detail: str = "") -> Json:
    """Status and its reason. An answer that its provider could not end well has failed: the SDKs' types have no reason
    for being incomplete that says so."""
    if finish == "error":
        error = {"code": "server_error", "message": broken(detail)}
        return {"status": "failed", "error": error, "incomplete_details": None}
    if finish in _INCOMPLETE:
        return {"status": "incomplete", "incomplete_details": {"reason": _INCOMPLETE[finish]}}
    return {"status": "completed", "incomplete_details": None}


def item_status(finish: FinishReason | None) -> str:
    """Status of the last item of an answer."""
    return "incomplete" if finish in _INCOMPLETE or finish == "error" else "completed"


def render_output(choice: Choice, response_id: str, customs: frozenset[str], response: ChatResponse) -> list[Json]:
    """The items of one answer, in the order reasoning, message, pictures, calls."""
    message = signed_calls(choice.message)
    native = response.dialect in ("", NAME)
    items: list[Json] = list(message.extra.get("items", ())) if native else []
    for thought in message.thoughts:
        shown = thought.id if thought.dialect in ("", NAME) else ""
        about = {"id": shown or item_id("rs", response_id, len(items)), "type": "reasoning"}
        items.append(about | reasoning_body(thought))
    content = _content(choice, response)
    images = [item for part in message.parts if isinstance(part, ImagePart) and (item := image_item(part))]
    if content or not (items or images or message.tool_calls):
        status = "completed" if message.tool_calls or images else item_status(choice.finish)
        items.append(message_item(item_id("msg", response_id, len(items)), content, status))
    for image in images:
        items.append({"id": item_id("ig", response_id, len(items))} | image)
    for call in message.tool_calls:
        status = item_status(choice.finish) if call is message.tool_calls[-1] else "completed"
        about = {"id": item_id("fc", response_id, len(items)), "status": status}
        items.append(about | render_call(call, customs))
    return items


def _content(choice: Choice, response: ChatResponse) -> list[Json]:
    message = choice.message
    content: list[Json] = []
    text = message.text + "".join(instead(part, TITLE) for part in message.parts if not has_word(part, NAME))
    if text:
        if response.dialect in ("", NAME):
            annotations = message.extra.get("annotations", [])
        else:
            annotations = [for_responses(one) for one in citations_of(choice, response)]
        tokens = choice.logprobs.get("content") if isinstance(choice.logprobs, dict) else None
        content.append(text_part(text, tokens or [], annotations))
    if message.refusal:
        content.append({"type": "refusal", "refusal": message.refusal})
    return content


def text_part(text: str, logprobs: Sequence[Any] = (), annotations: Sequence[Any] = ()) -> Json:
    """Words of an answer."""
    return {"type": "output_text", "text": text, "annotations": list(annotations), "logprobs": _tokens(logprobs)}


def message_item(name: str, content: list[Json], status: str) -> Json:
    """A message of an answer."""
    return {"id": name, "type": "message", "role": "assistant", "status": status, "content": content}


def _tokens(logprobs: Sequence[Any]) -> list[Any]:
    return [{"bytes": [], "top_logprobs": [], **token} if isinstance(token, dict) else token for token in logprobs]


def render_usage(usage: Usage | None) -> Json | None:
    """`usage` on the wire."""
    if usage is None:
        return None
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens, "cache_write_tokens": usage.cache_write_tokens},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def shell(request: ChatRequest, response_id: str, created_s: int, model: str) -> Json:
    """A response without its answer: what was asked, said again."""
    sampling, extra = request.sampling, request.extra
    reasoning = request.reasoning
    first = request.messages[0] if request.messages else None
    choice = request.tool_choice
    return {
        "id": response_id,
        "object": "response",
        "created_at": created_s,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": first.text if first is not None and first.role == "system" else None,
        "max_output_tokens": sampling.max_tokens,
        "model": model,
        "output": [],
        "parallel_tool_calls": request.parallel_tool_calls is not False,
        "previous_response_id": extra.get("previous_response_id"),
        "reasoning": {"effort": (reasoning.effort if reasoning else "") or None, "summary": None}
        | (reasoning.own if reasoning else {}),
        "store": bool(extra.get("store", False)),
        "temperature": sampling.temperature,
        "text": {"format": render_format(request)} | extra.get("text", {}),
        "tool_choice": extra.get("tool_choice") or (render_choice(request) if choice else "auto"),
        "tools": [*(render_tool(tool) for tool in request.tools), *request.own_tools],
        "top_p": sampling.top_p,
        "truncation": extra.get("truncation") or "disabled",
        "usage": None,
        "user": request.user or None,
        "metadata": request.metadata,
    }


def render_tool(tool: Tool) -> Json:
    """A function or a custom tool, flat as this dialect has them."""
    if CUSTOM in tool.extra:
        rest: Json = tool.extra[CUSTOM]
        return {"type": CUSTOM, "name": tool.name} | filled(description=tool.description) | rest
    wire: Json = {"type": "function", "name": tool.name} | filled(description=tool.description)
    parameters = tool.parameters or {"type": "object", "properties": {}}
    return wire | {"parameters": parameters, "strict": tool.strict} | tool.extra


def render_choice(request: ChatRequest) -> Json | str | None:
    """`tool_choice` on the wire."""
    choice = request.tool_choice
    if choice is None or choice.mode != "tool":
        return choice.mode if choice else None
    return {"type": CUSTOM if choice.name in custom_names(request.tools) else "function", "name": choice.name}


def render_format(request: ChatRequest) -> Json:
    """`text.format` on the wire."""
    shape = request.output_format
    if shape is None or shape.kind == "text":
        return {"type": "text"}
    if shape.kind == "json":
        return {"type": "json_object"}
    return {"type": "json_schema"} | {"schema": {}, **render_schema(shape)}
