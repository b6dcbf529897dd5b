"""The stand-in of Anthropic's messages and count_tokens: strict by the SDK's types, with its rules about turns.

Under `anthropic-version: 2026-10-21` temperature, top_p and top_k are refused, under 2023-06-01 taken. A thought goes
back with its own signature or is refused; with a thinking budget, the turn that called tools must begin with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from anthropic.types import MessageCountTokensParams, message_create_params
from tests.clients.brain import CACHED, INPUT, WRITTEN, Answer, Media, Refused, View, answer, decoded, pieces, signature
from tests.clients.strict import complaints
from tests.clients.upstream import Reply, Routes, Seen, sse

KEY = "sk-upstream-anthropic"
VERSIONS = ("2023-06-01", "2026-10-21")
SAMPLING = ("temperature", "top_p", "top_k")
REDACTED = "cmVkYWN0ZWQ="
HEADERS = {"request-id": "req_anthropic", "anthropic-ratelimit-requests-limit": "50"}


def routes() -> Routes:
    return [
        ("POST", r"/anthropic/v1/messages", _guarded(messages)),
        ("POST", r"/anthropic/v1/messages/count_tokens", _guarded(count_tokens)),
    ]


KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 413: "request_too_large",
         429: "rate_limit_error", 529: "overloaded_error"}  # fmt: skip


def _error(status: int, message: str) -> dict[str, Any]:
    kind = KINDS.get(status, "invalid_request_error" if status < 500 else "api_error")
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_anthropic"}


def _guarded(operation: Any) -> Any:
    def handle(seen: Seen) -> Reply:
        try:
            if seen.headers.get("x-api-key") != KEY and seen.headers.get("authorization") != f"Bearer {KEY}":
                raise Refused(401, "invalid x-api-key")
            if seen.headers.get("anthropic-version") not in VERSIONS:
                raise Refused(400, "anthropic-version: header is required")
            return operation(seen)
        except Refused as error:
            more = {"retry-after": "1"} if error.status == 429 else {}
            return Reply(_error(error.status, error.message), error.status, HEADERS | more)

    return handle


# ---------------------------------------------------------------- reading
def messages(seen: Seen) -> Reply:
    body = seen.body
    streams = isinstance(body, dict) and body.get("stream")
    name = "MessageCreateParamsStreaming" if streams else "MessageCreateParamsNonStreaming"
    _checked(seen, body, getattr(message_create_params, name))
    made = answer(read(body))
    if body.get("stream"):
        return Reply(frames=_events(made, body), headers=HEADERS)
    return Reply(_message(made, body), headers=HEADERS)


def count_tokens(seen: Seen) -> Reply:
    body = seen.body
    _checked(seen, body, MessageCountTokensParams)
    view = read(body)
    return Reply({"input_tokens": INPUT + len(view.system) + len(view.tools)}, headers=HEADERS)


def _checked(seen: Seen, body: Any, kind: Any) -> None:
    """Raises Refused for the first thing that the SDK's types do not declare."""
    if not isinstance(body, dict):
        raise Refused(400, "the body is not an object")
    given = dict(body)
    sampling = [given.pop(name, None) is not None for name in SAMPLING]
    if any(sampling) and seen.headers["anthropic-version"] == "2026-10-21":
        raise Refused(400, "temperature, top_p, top_k: not supported under anthropic-version 2026-10-21")
    for said in complaints(given, kind):
        path, _, why = said.partition(": ")
        extra = "Extra inputs are not permitted" if why == "unknown field" else why
        raise Refused(400, f"{path.lstrip('.')}: {extra}")
    if (body.get("temperature") or 0) > 1:
        raise Refused(400, "temperature: Input should be less than or equal to 1")


def read(body: dict[str, Any]) -> View:
    """A request as the model reads it. Raises Refused where the turns are not as Anthropic wants them."""
    choice = body.get("tool_choice") or {"type": "auto"}
    form = (body.get("output_config") or {}).get("format") or {}
    thinking = body.get("thinking") or {}
    view = View(
        tools=[tool["name"] for tool in body.get("tools") or () if tool.get("type", "custom") == "custom"],
        choice={"any": "required", "tool": choice.get("name", "")}.get(choice["type"], choice["type"]),
        parallel=not choice.get("disable_parallel_tool_use"),
        max_tokens=body.get("max_tokens"),
        stop=list(body.get("stop_sequences") or ()),
        thinks=thinking.get("type") in ("enabled", "adaptive"),
        schema=form.get("schema"),
    )
    view.must_begin_with_thought = thinking.get("type") == "enabled"  # adaptive thinking asks for none
    _thinking(thinking, body, view)
    system = body.get("system") or ""
    view.system = system if isinstance(system, str) else "\n".join(block["text"] for block in system)
    if not body["messages"]:
        raise Refused(400, "messages: at least one message is required")
    if body["messages"][0]["role"] != "user":
        raise Refused(400, 'messages: first message must use the "user" role')
    if body["messages"][-1]["role"] == "assistant":
        raise Refused(400, "This model does not support assistant message prefill.")
    asked: dict[str, str] = {}
    for at, message in enumerate(body["messages"]):
        _turn(at, message, view, asked)
    if asked:
        raise Refused(400, f"tool_use ids were found without tool_result blocks: {', '.join(asked)}")
    return view


def _thinking(thinking: dict[str, Any], body: dict[str, Any], view: View) -> None:
    budget = thinking.get("budget_tokens")
    if budget is not None and "max_tokens" in body and not 1024 <= budget < body["max_tokens"]:
        raise Refused(400, "max_tokens must be greater than thinking.budget_tokens, which must be 1024 or more")
    if view.thinks and view.choice not in ("auto", "none"):
        raise Refused(400, "Thinking may not be enabled when tool_choice forces tool use.")
    if view.thinks and (body.get("temperature") or 1) != 1:
        raise Refused(400, "`temperature` may only be set to 1 when thinking is enabled.")


def _turn(at: int, message: dict[str, Any], view: View, asked: dict[str, str]) -> None:
    content = message["content"]
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not blocks or any(block["type"] == "text" and not block["text"].strip() for block in blocks):
        raise Refused(400, f"messages.{at}: text content blocks must be non-empty")
    if message["role"] == "assistant":
        _assistant(at, blocks, view, asked)
    elif message["role"] == "user":
        _user(at, blocks, view, asked)
    else:
        raise Refused(400, f"messages.{at}: role 'system' is not supported on this model")


def _assistant(at: int, blocks: list[dict[str, Any]], view: View, asked: dict[str, str]) -> None:
    words = []
    for block in blocks:
        if block["type"] == "thinking" and block["signature"] != signature("anthropic", block["thinking"]):
            raise Refused(400, f"messages.{at}.content: Invalid `signature` in `thinking` block")
        if block["type"] == "redacted_thinking" and block["data"] != REDACTED:
            raise Refused(400, f"messages.{at}.content: Invalid `data` in `redacted_thinking` block")
        if block["type"] == "tool_use":
            asked[block["id"]] = block["name"]
        if block["type"] == "text":
            words.append(block["text"])
    if view.must_begin_with_thought and asked and blocks[0]["type"] not in ("thinking", "redacted_thinking"):
        found = blocks[0]["type"]
        raise Refused(400, f"messages.{at}.content.0.type: Expected `thinking` or `redacted_thinking`, not `{found}`")
    view.earlier.append(f"assistant: {''.join(words)}")
    view.results = []


def _user(at: int, blocks: list[dict[str, Any]], view: View, asked: dict[str, str]) -> None:
    words: list[str] = []
    media: list[Media] = []
    results: list[tuple[str, str]] = []
    for block in blocks:
        if block["type"] == "tool_result":
            if block["tool_use_id"] not in asked:
                raise Refused(400, f"messages.{at}: unexpected `tool_use_id`: {block['tool_use_id']}")
            if words:
                raise Refused(400, f"messages.{at}: tool_result blocks must come first")
            given = block.get("content") or ""
            text = given if isinstance(given, str) else "".join(one.get("text", "") for one in given)
            failed = " (failed)" if block.get("is_error") else ""
            results.append((asked.pop(block["tool_use_id"]), f"{text}{failed}"))
        elif block["type"] == "text":
            words.append(block["text"])
        elif block["type"] in ("image", "document"):
            media.append(_source(block))
    if asked:
        raise Refused(400, f"messages.{at}: `tool_use` ids without `tool_result` blocks after: {', '.join(asked)}")
    if words or media:
        view.text, view.media = "\n".join(words), media
        view.earlier.append(f"user: {view.text}")
    view.results = results


def _source(block: dict[str, Any]) -> Media:
    source = block["source"]
    name = block.get("title") or ""
    if source["type"] == "url":
        return Media("url", b"", source["url"])
    if source["type"] == "text":
        return Media(source["media_type"], source["data"].encode(), name)
    return Media(source["media_type"], decoded(source["data"], "source.data"), name)


# ---------------------------------------------------------------- writing
def _usage(made: Answer) -> dict[str, Any]:
    return {
        "input_tokens": INPUT - CACHED - WRITTEN,
        "cache_read_input_tokens": CACHED,
        "cache_creation_input_tokens": WRITTEN,
        "output_tokens": made.output,
        "output_tokens_details": {"thinking_tokens": made.thinking},
        "service_tier": "standard",
    }


def _blocks(made: Answer, body: dict[str, Any]) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if made.thought:
        hidden = (body.get("thinking") or {}).get("display") == "omitted"
        text = "" if hidden else made.thought
        blocks.append({"type": "thinking", "thinking": text, "signature": signature("anthropic", text)})
        if "redacted" in made.text:
            blocks.append({"type": "redacted_thinking", "data": REDACTED})
    if made.text:
        blocks.append({"type": "text", "text": made.text, "citations": None})
    for call in made.calls:
        given = {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments)}
        blocks.append(given)
    return blocks


def _reason(made: Answer) -> str:
    if made.refused:
        return "refusal"
    return (
        "tool_use" if made.calls else "max_tokens" if made.cut else "stop_sequence" if made.stopped_by else "end_turn"
    )


def _message(made: Answer, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "msg_upstream", "type": "message", "role": "assistant", "model": body["model"],
        "content": _blocks(made, body), "stop_reason": _reason(made), "stop_sequence": made.stopped_by or None,
        "usage": _usage(made),
    }  # fmt: skip


def _events(made: Answer, body: dict[str, Any]) -> Iterator[bytes]:
    def event(kind: str, **more: Any) -> bytes:
        return sse({"type": kind} | more, kind)

    whole = _message(made, body)
    begun = whole | {"content": [], "stop_reason": None, "stop_sequence": None}
    yield event("message_start", message=begun | {"usage": _usage(made) | {"output_tokens": 1}})
    yield event("ping")
    for at, block in enumerate(whole["content"]):
        yield event("content_block_start", index=at, content_block=_empty(block))
        for delta in _deltas(block, made):
            yield event("content_block_delta", index=at, delta=delta)
        if made.breaks and block["type"] == "text":
            yield sse(_error(529, "Overloaded"), "error")
            return
        yield event("content_block_stop", index=at)
    ended = {"stop_reason": whole["stop_reason"], "stop_sequence": whole["stop_sequence"]}
    yield event("message_delta", delta=ended, usage=_usage(made))
    yield event("message_stop")


def _empty(block: dict[str, Any]) -> dict[str, Any]:
    blank: dict[str, Any] = {
        "text": {"text": ""},
        "thinking": {"thinking": "", "signature": ""},
        "tool_use": {"input": {}},
    }
    return block | blank.get(block["type"], {})


def _deltas(block: dict[str, Any], made: Answer) -> Iterator[dict[str, Any]]:
    if block["type"] == "text":
        for piece in pieces(block["text"]):
            yield {"type": "text_delta", "text": piece}
    elif block["type"] == "thinking":
        for piece in pieces(block["thinking"]):
            yield {"type": "thinking_delta", "thinking": piece}
        yield {"type": "signature_delta", "signature": block["signature"]}
    elif block["type"] == "tool_use":
        call = next(one for one in made.calls if one.id == block["id"])
        yield {"type": "input_json_delta", "partial_json": ""}
        for piece in pieces(call.arguments, 4):
            yield {"type": "input_json_delta", "partial_json": piece}
