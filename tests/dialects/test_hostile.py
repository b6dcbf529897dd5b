"""Values of wrong types anywhere in what clients and providers send: a complaint, never a crash; and long inputs."""

from __future__ import annotations

import contextlib
import copy
import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volant.core.capabilities import Capabilities
from volant.core.chat import StreamEvent, assemble
from volant.core.errors import BadInput, UpstreamFailed
from volant.dialects import NAMES, find
from volant.dialects.dialect import Losses
from volant.dialects.openai_chat import render_request as recorded
from volant.dialects.sse import SseCutter

ALL = Capabilities(files=True, file_urls=True, audio=True, cache_points=True, developer_role=True)
INGRESS = [name for name in NAMES if name != "bedrock"]
ODD: list[Any] = [
    None, True, 0, -1, 1.5, 1e300, 2**70, "", "x", "5", [], [[]], [None], ["x"], [1], [{}], {}, {"type": "x"},
    {"type": None}, {"x": [{}]}, [{"type": "text"}], [{"type": {}}],
]  # fmt: skip
PNG = "data:image/png;base64,AAAA"
SCHEMA = {"type": "object", "properties": {"a": {"type": "string", "anyOf": [{"type": "null"}]}}, "required": ["a"]}
LOGPROBS = {"content": [{"token": "a", "logprob": -1.0, "top_logprobs": [{"token": "a", "logprob": -1.0}]}]}
PROVEN = {"type": "reasoning.text", "text": "q", "signature": "s", "format": "anthropic-claude-v1"}
ASKED: dict[str, Any] = {
    "openai_chat": {
        "model": "m", "stop": ["a"], "metadata": {"a": "b"}, "stream_options": {"include_usage": True},
        "messages": [
            {"role": "user", "name": "u", "content": [
                {"type": "text", "text": "x"}, {"type": "image_url", "image_url": {"url": PNG}},
                {"type": "file", "file": {"file_data": PNG, "filename": "a"}},
            ]},
            {"role": "assistant", "content": "a", "reasoning_details": [PROVEN],
             "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "r"}]},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA, "strict": True}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}},
    },
    "openai_responses": {
        "model": "m", "text": {"format": {"type": "json_schema", "name": "n", "schema": SCHEMA}},
        "input": [
            {"role": "user", "content": [
                {"type": "input_text", "text": "t"}, {"type": "input_image", "image_url": PNG},
            ]},
            {"type": "reasoning", "id": "r", "summary": [{"text": "q"}], "encrypted_content": "e"},
            {"type": "message", "role": "assistant",
             "content": [{"type": "output_text", "text": "o", "annotations": [{"type": "url_citation"}]}]},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", "caller": {"type": "program"}},
            {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "k"}]},
            {"type": "image_generation_call", "id": "i", "result": "AA=="},
        ],
        "tools": [{"type": "function", "name": "f", "parameters": SCHEMA}], "include": ["reasoning.encrypted_content"],
        "reasoning": {"effort": "low", "summary": "auto"},
    },
    "openai_completions": {"model": "m", "prompt": ["a"], "stop": ["x"], "logprobs": 2},
    "anthropic": {
        "model": "claude-sonnet-4-5", "max_tokens": 9, "system": [{"type": "text", "text": "s"}],
        "messages": [
            {"role": "user", "content": [
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}},
                {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "f"}]},
            ]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "h", "signature": "s"},
                {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
            ]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "r"}]},
        ],
        "tools": [{"name": "f", "input_schema": SCHEMA}], "tool_choice": {"type": "tool", "name": "f"},
        "thinking": {"type": "enabled", "budget_tokens": 2000}, "metadata": {"user_id": "u"},
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": SCHEMA}},
    },
    "gemini": {
        "contents": [
            {"role": "user", "parts": [{"text": "t"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]},
            {"role": "model", "parts": [
                {"text": "th", "thought": True, "thoughtSignature": "AAAA"},
                {"functionCall": {"id": "1", "name": "f", "args": {"a": 1}}},
            ]},
            {"role": "user", "parts": [{"functionResponse": {"id": "1", "name": "f", "response": {"output": "x"}}}]},
        ],
        "tools": [{"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT", "nullable": True}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {"topK": 3, "responseSchema": {"type": "OBJECT"}, "thinkingConfig": {"thinkingBudget": 9}},
    },
}  # fmt: skip
USAGE = {"prompt_tokens": 5, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 1}}
ANSWERED: dict[str, Any] = {
    "openai_chat": {"id": "i", "created": 1, "model": "m", "usage": USAGE, "choices": [{
        "index": 0, "finish_reason": "stop", "logprobs": LOGPROBS,
        "message": {"content": "x", "refusal": None, "reasoning_content": "q", "reasoning_details": [PROVEN],
                    "images": [{"image_url": {"url": PNG}}],
                    "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]},
    }]},
    "openai_responses": {"id": "r", "created_at": 1, "status": "completed", "model": "m", "output": [
        {"type": "reasoning", "id": "rs", "summary": [{"text": "q"}]},
        {"type": "message", "content": [
            {"type": "output_text", "text": "x", "annotations": [], "logprobs": LOGPROBS["content"]}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
    ], "usage": {"input_tokens": 5, "input_tokens_details": {"cached_tokens": 1}}},
    "openai_completions": {"id": "i", "created": 1, "model": "m", "usage": USAGE, "choices": [{
        "index": 0, "text": "x", "finish_reason": "stop",
        "logprobs": {"tokens": ["a"], "token_logprobs": [-1.0], "top_logprobs": [{"a": -1.0}]},
    }]},
    "anthropic": {"id": "i", "model": "m", "stop_reason": "end_turn", "content": [
        {"type": "thinking", "thinking": "h", "signature": "s"}, {"type": "text", "text": "x", "citations": [{}]},
        {"type": "server_tool_use", "id": "s", "name": "w", "input": {}},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
    ], "usage": {"input_tokens": 4, "output_tokens": 3, "output_tokens_details": {"thinking_tokens": 1}}},
    "gemini": {"candidates": [{"content": {"parts": [
        {"text": "x", "thoughtSignature": "AAAA"}, {"functionCall": {"name": "f", "args": {"a": 1}}},
    ]}, "finishReason": "STOP", "index": 0, "logprobsResult": {
        "chosenCandidates": [{"token": "a", "logProbability": -1}],
        "topCandidates": [{"candidates": [{"token": "a", "logProbability": -1}]}],
    }}], "usageMetadata": {"promptTokenCount": 4}, "modelVersion": "m"},
    "bedrock": {"output": {"message": {"content": [
        {"reasoningContent": {"reasoningText": {"text": "q", "signature": "s"}}}, {"text": "x"},
        {"toolUse": {"toolUseId": "t", "name": "f", "input": {"a": 1}}},
        {"image": {"format": "png", "source": {"bytes": "AAAA"}}},
    ]}}, "stopReason": "tool_use", "usage": {"inputTokens": 1, "outputTokens": 2}},
}  # fmt: skip


def _chunk(**delta: Any) -> Any:
    return {"id": "i", "choices": [{"index": 0, "delta": delta, "logprobs": LOGPROBS}]}


_WHOLE = ANSWERED["openai_responses"]
_ITEMS = _WHOLE["output"]
STREAMED: dict[str, list[Any]] = {
    "openai_chat": [
        _chunk(content="a", reasoning_content="q", reasoning_details=[PROVEN], refusal="r"),
        _chunk(tool_calls=[{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}]),
        _chunk(tool_calls=[{"index": 1, "id": "d", "custom": {"name": "cu", "input": "x"}}]),
        {"id": "i", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": USAGE},
    ],
    "openai_responses": [
        {"type": "response.created", "response": _WHOLE | {"output": []}},
        {"type": "response.output_item.done", "output_index": 0, "item": _ITEMS[0]},
        {"type": "response.output_text.delta", "output_index": 1, "delta": "x", "logprobs": LOGPROBS["content"]},
        {"type": "response.output_item.added", "output_index": 2, "item": _ITEMS[2] | {"arguments": ""}},
        {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": "{}"},
        {"type": "response.output_item.done", "output_index": 2, "item": _ITEMS[2]},
        {"type": "response.completed", "response": _WHOLE},
    ],
    "openai_completions": [ANSWERED["openai_completions"]],
    "anthropic": [
        {"type": "message_start", "message": ANSWERED["anthropic"] | {"content": []}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "h"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "t", "name": "f"}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
        {"type": "content_block_stop", "index": 1},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}},
    ],
    "gemini": [ANSWERED["gemini"]],
}  # fmt: skip


@st.composite
def twisted(draw: st.DrawFn, wire: Any) -> Any:
    """`wire` with one value of it, anywhere, gone or another."""
    wire = copy.deepcopy(wire)
    holder, key = {"": wire}, ""
    at: Any = holder
    while isinstance(at[key], dict | list) and at[key] and (at is holder or draw(st.integers(0, 3))):
        at = at[key]
        key = draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
    if draw(st.integers(0, len(ODD))):
        at[key] = draw(st.sampled_from(ODD))
    else:
        del at[key]
    return holder.get("")


def _asked(name: str) -> Any:
    return find(name).parse_request(json.dumps(ASKED[name]).encode(), "m", None)


@pytest.mark.parametrize("name", INGRESS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_wrong_request_is_a_complaint_and_nothing_else(name: str, data: st.DataObject) -> None:
    body = json.dumps(data.draw(twisted(ASKED[name]))).encode()
    try:
        request = find(name).parse_request(body, "m", None)
    except BadInput:
        return
    recorded(request)
    for target in NAMES:
        with contextlib.suppress(BadInput):
            find(target).render_request(request, ALL, Losses(target))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_wrong_answer_is_a_failed_upstream_and_nothing_else(name: str, data: st.DataObject) -> None:
    body = json.dumps(data.draw(twisted(ANSWERED[name]))).encode()
    try:
        response = find(name).parse_response(body)
    except UpstreamFailed:
        return
    for target in INGRESS:
        find(target).render_response(response, _asked(target))


@pytest.mark.parametrize("name", STREAMED)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_wrong_chunk_is_a_failed_upstream_and_nothing_else(name: str, data: st.DataObject) -> None:
    chunks = list(STREAMED[name])
    at = data.draw(st.integers(0, len(chunks) - 1))
    chunks[at] = data.draw(twisted(chunks[at]))
    parser = find(name).stream_parser()
    events: list[StreamEvent] = []
    try:
        for chunk in chunks:
            events += parser.feed(b"data: " + json.dumps(chunk).encode() + b"\n\n")
    except UpstreamFailed:
        return
    for target in INGRESS:
        renderer = find(target).stream_renderer(_asked(target))
        for event in events:
            renderer.feed(event)
        renderer.done()
    msgspec.json.encode(assemble(events))


# ---------------------------------------------------------------- long inputs
def _calls(many: int) -> Any:
    asked = [{"functionCall": {"name": f"f{at}", "args": {}}} for at in range(many)]
    told = [{"functionResponse": {"name": f"f{at}", "response": {}}} for at in reversed(range(many))]
    return {"contents": [{"role": "model", "parts": asked}, {"role": "user", "parts": told}]}


def _allowed(many: int) -> Any:
    names = [f"f{at}" for at in range(many)]
    tools = [{"functionDeclarations": [{"name": name} for name in names]}]
    calling = {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": names}}
    return {"contents": [{"parts": [{"text": "x"}]}], "tools": tools, "toolConfig": calling}


LONG = {
    "calls answered last first": ("gemini", _calls(12_000)),
    "functions that are allowed": ("gemini", _allowed(25_000)),
    "parts that are thinking": ("openai_chat", {"model": "m", "messages": [{"role": "assistant", "content": [
        {"type": "thinking", "thinking": f"x{at}"} for at in range(25_000)]}]}),
    "items that are reasoning": ("openai_responses", {"model": "m", "input": [
        {"type": "reasoning", "summary": [], "encrypted_content": "x"}] * 60_000}),
    "hints that nobody knows": ("openai_chat", {"model": "m", "messages": [{"role": "user", "content": "x"}]}
                                | {f"hint{at}": 1 for at in range(60_000)}),
    "turns of one side": ("openai_chat", {"model": "m", "messages": [
        {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]}] * 40_000}),
}  # fmt: skip


@pytest.mark.parametrize("what", LONG)
def test_a_long_request_takes_no_longer_than_it_is_long(what: str) -> None:
    name, wire = LONG[what]
    body = json.dumps(wire).encode()
    began = time.process_time()
    request = find(name).parse_request(body, "m", None)
    with contextlib.suppress(BadInput):  # of thoughts alone Anthropic makes no turn
        find("anthropic").render_request(request, ALL, Losses("Anthropic messages"))
    assert time.process_time() - began < 4, "seconds; more where each piece looks at all before it"


def test_an_event_of_megabytes_is_cut_without_looking_at_it_again() -> None:
    cutter, event = SseCutter(), b"data: " + b"x" * 8_000_000 + b"\n\n"
    began = time.process_time()
    cut = [one for at in range(0, len(event), 8192) for one in cutter.feed(event[at : at + 8192])]
    assert cut == [event]
    assert cutter.rest == b""
    assert time.process_time() - began < 2, "seconds; many where each piece looks at all before it"
