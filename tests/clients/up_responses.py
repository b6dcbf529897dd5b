"""The stand-in of OpenAI's Responses: input items, output items, named events with sequence numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from openai.types.responses import response_create_params
from tests.clients import brain
from tests.clients.brain import CACHED, INPUT, Answer, Media, Refused, View, answer, decoded, pieces, signature
from tests.clients.up_openai import LIMITS, checked, from_url, guarded, logprobs
from tests.clients.upstream import Reply, Routes, Seen, sse


def routes() -> Routes:
    return [
        ("POST", r"/openai/v1/responses", guarded(responses, "openai")),
        ("POST", r"/azure/openai/v1/responses", guarded(responses, "azure")),
    ]


def responses(seen: Seen, kind: str) -> Reply:
    body = seen.body
    streams = isinstance(body, dict) and body.get("stream")
    name = "ResponseCreateParamsStreaming" if streams else "ResponseCreateParamsNonStreaming"
    checked(body, getattr(response_create_params, name))
    if "model" not in body or "input" not in body:
        raise Refused(400, "Missing required parameter: 'input' or 'model'.", "input")
    made = answer(read(body))
    whole = _response(made, body)
    if body.get("stream"):
        return Reply(frames=_events(made, whole, body), headers=LIMITS)
    return Reply(whole, headers=LIMITS)


# ---------------------------------------------------------------- reading
def read(body: dict[str, Any]) -> View:
    """Raises Refused for outputs of calls that nobody made, and for thoughts of others."""
    choice = body.get("tool_choice") or "auto"
    form = (body.get("text") or {}).get("format") or {}
    view = View(
        system=body.get("instructions") or "",
        tools=[tool["name"] for tool in body.get("tools") or () if tool["type"] == "function"],
        choice=choice["name"] if isinstance(choice, dict) else choice,
        parallel=body.get("parallel_tool_calls") is not False,
        max_tokens=body.get("max_output_tokens"),
        thinks=bool(body.get("reasoning")) and (body["reasoning"].get("effort") != "none"),
        schema=form.get("schema") if form.get("type") == "json_schema" else None,
        json=form.get("type") == "json_object",
    )
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    asked: dict[str, str] = {}
    for item in items:
        _item(item, view, asked)
    if asked:
        raise Refused(400, f"No tool output found for function call {next(iter(asked))}.", "input")
    return view


def _item(item: dict[str, Any], view: View, asked: dict[str, str]) -> None:
    kind = item.get("type", "message")
    if kind == "message":
        text, media = _content(item["content"])
        if item["role"] in ("system", "developer"):
            view.system = f"{view.system}\n{text}".strip()
        elif item["role"] == "user":
            view.earlier.append(f"user: {text}")
            view.text, view.media, view.results = text, media, []
        else:
            view.earlier.append(f"assistant: {text}")
            view.results = []
    elif kind == "function_call":
        asked[item["call_id"]] = item["name"]
        view.results = []
    elif kind == "function_call_output":
        if item["call_id"] not in asked:
            raise Refused(400, f"No tool call found for function call output with call_id {item['call_id']}.", "input")
        output = item["output"] if isinstance(item["output"], str) else _content(item["output"])[0]
        view.results.append((asked.pop(item["call_id"]), output))
    elif kind == "reasoning":
        if item.get("encrypted_content") != signature("openai", brain.THINKING):
            raise Refused(400, f"Item with id '{item['id']}' not found, and its encrypted content cannot be verified.")
    else:
        raise Refused(400, f"the stand-in takes no input item of type {kind!r}", "input")


def _content(content: Any) -> tuple[str, list[Media]]:
    if isinstance(content, str):
        return content, []
    words, media = [], []
    for part in content:
        if part["type"] in ("input_text", "output_text"):
            words.append(part["text"])
        elif part["type"] == "refusal":
            words.append(part["refusal"])
        elif part["type"] == "input_image":
            media.append(from_url(part["image_url"]))
        elif part["type"] == "input_file":
            one = from_url(part.get("file_data") or part["file_url"])
            media.append(Media(one.kind, one.data, part.get("filename", "")))
        elif part["type"] == "input_audio":
            sound = part["input_audio"]
            media.append(Media(f"audio/{sound['format']}", decoded(sound["data"], "input_audio.data")))
    return "".join(words), media


# ---------------------------------------------------------------- writing
def _items(made: Answer, body: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if made.thought:
        thought: dict[str, Any] = {"id": "rs_1", "type": "reasoning", "summary": []}
        if body["reasoning"].get("summary"):
            thought["summary"] = [{"type": "summary_text", "text": made.thought}]
        if "reasoning.encrypted_content" in (body.get("include") or ()):
            thought["encrypted_content"] = signature("openai", made.thought)
        items.append(thought)
    if made.text:
        said: dict[str, Any] = {"type": "output_text", "text": made.text, "annotations": [], "logprobs": []}
        if "message.output_text.logprobs" in (body.get("include") or ()):
            found = logprobs(made.text, body)["content"]
            said["logprobs"] = [
                one | {"top_logprobs": [other | {"bytes": []} for other in one["top_logprobs"]]} for one in found
            ]
        if made.refused:
            said = {"type": "refusal", "refusal": made.text}
        status = "incomplete" if made.cut else "completed"
        items.append({"id": "msg_1", "type": "message", "role": "assistant", "status": status, "content": [said]})
    for at, call in enumerate(made.calls):
        items.append(
            {"id": f"fc_{at}", "type": "function_call", "call_id": call.id, "name": call.name,
             "arguments": call.arguments, "status": "completed"}
        )  # fmt: skip
    return items


def _response(made: Answer, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "resp_1", "object": "response", "created_at": 1795423771, "model": body["model"],
        "status": "incomplete" if made.cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if made.cut else None,
        "error": None, "instructions": body.get("instructions"), "metadata": body.get("metadata") or {},
        "output": _items(made, body), "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "temperature": body.get("temperature", 1.0), "top_p": body.get("top_p", 1.0),
        "tool_choice": body.get("tool_choice", "auto"), "tools": body.get("tools", []),
        "store": body.get("store", True), "text": body.get("text") or {"format": {"type": "text"}},
        "usage": {
            "input_tokens": INPUT, "output_tokens": made.output, "total_tokens": INPUT + made.output,
            "input_tokens_details": {"cached_tokens": CACHED, "cache_write_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": made.thinking},
        },
    }  # fmt: skip


def _events(made: Answer, whole: dict[str, Any], body: dict[str, Any]) -> Iterator[bytes]:
    number = -1

    def event(kind: str, **more: Any) -> bytes:
        nonlocal number
        number += 1
        return sse({"type": kind, "sequence_number": number} | more, kind)

    begun = whole | {"status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    yield event("response.created", response=begun)
    yield event("response.in_progress", response=begun)
    for at, item in enumerate(whole["output"]):
        start = {"item_id": item["id"], "output_index": at}
        if item["type"] == "reasoning":
            yield event("response.output_item.added", output_index=at, item=item | {"summary": []})
            for place, part in enumerate(item["summary"]):
                here = start | {"summary_index": place}
                yield event("response.reasoning_summary_part.added", **here, part=part | {"text": ""})
                for piece in pieces(part["text"]):
                    yield event("response.reasoning_summary_text.delta", **here, delta=piece)
                yield event("response.reasoning_summary_text.done", **here, text=part["text"])
                yield event("response.reasoning_summary_part.done", **here, part=part)
        elif item["type"] == "message":
            yield event(
                "response.output_item.added", output_index=at, item=item | {"content": [], "status": "in_progress"}
            )
            here = start | {"content_index": 0}
            part = item["content"][0]
            field = "refusal" if made.refused else "text"
            name = "refusal" if made.refused else "output_text"
            yield event("response.content_part.added", **here, part=part | {field: ""})
            extra: dict[str, Any] = {} if made.refused else {"logprobs": part["logprobs"]}
            sizes = 3 if not extra.get("logprobs") else len(made.text)
            for piece in pieces(part[field], sizes):
                yield event(f"response.{name}.delta", **here, delta=piece, **extra)
            if made.breaks:
                yield event("error", code="server_error", message="it broke off", param=None)
                return
            yield event(f"response.{name}.done", **here, **{field: part[field]}, **extra)
            yield event("response.content_part.done", **here, part=part)
        else:
            empty = item | {"arguments": "", "status": "in_progress"}
            yield event("response.output_item.added", output_index=at, item=empty)
            for piece in pieces(item["arguments"], 4):
                yield event("response.function_call_arguments.delta", **start, delta=piece)
            yield event(
                "response.function_call_arguments.done", **start, arguments=item["arguments"], name=item["name"]
            )
        yield event("response.output_item.done", output_index=at, item=item)
    yield event("response.incomplete" if made.cut else "response.completed", response=whole)
