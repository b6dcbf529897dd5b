"""Anthropic messages: answers and errors, and what the vendor's SDK makes of it."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialects.anthropic_wires import ASKED, DIALECT, VALUE, answers, sdk

from volant.core.chat import (
    ChatResponse,
    Choice,
    ImagePart,
    Message,
    TextPart,
    ToolCall,
    Usage,
)
from volant.core.errors import LimitReached, Unavailable, UpstreamFailed


@settings(max_examples=80)
@given(answers())
def test_an_answer_comes_back(wire: dict[str, Any]) -> None:
    response = DIALECT.parse_response(json.dumps(wire).encode())
    assert json.loads(DIALECT.render_response(response, ASKED)) == wire
    usage = response.usage
    assert usage is not None
    assert usage.input_tokens == sum(value for name, value in wire["usage"].items() if name.endswith("input_tokens"))


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"content": "x"}', b'{"content": [{"type": "text"}]}', b"[" * 5000]
)
def test_what_is_no_answer_is_said(body: bytes) -> None:
    with pytest.raises(UpstreamFailed) as caught:
        DIALECT.parse_response(body)
    assert caught.value.code == "invalid_answer"


def test_an_answer_from_elsewhere() -> None:
    message = Message(
        role="assistant",
        parts=(TextPart(text="hi"), ImagePart(url="data:image/png;base64,AA==")),
        tool_calls=(ToolCall(id="c", name="f", arguments="{broken"), ToolCall(id="d", name="g", arguments="3")),
        extra={"blocks": "of another dialect"},
    )
    usage = Usage(input_tokens=10, cached_tokens=4, output_tokens=2)
    choice = Choice(index=0, message=message, finish="tool_calls")
    answer = ChatResponse(
        id="chatcmpl-1",
        created_s=5,
        model="gpt",
        choices=(choice,),
        usage=usage,
        dialect="openai_chat",
        extra={"system_fingerprint": "x"},
    )
    wire = json.loads(DIALECT.render_response(answer, ASKED))
    assert wire["content"][0] == {"type": "text", "text": "hi"}
    assert "picture" in wire["content"][1]["text"]
    assert [block["input"] for block in wire["content"][2:]] == [{"INVALID_JSON": "{broken"}, {"INVALID_JSON": "3"}]
    assert (wire["stop_reason"], wire["usage"]["input_tokens"], wire["usage"]["cache_read_input_tokens"]) == (
        "tool_use",
        6,
        4,
    )
    assert "system_fingerprint" not in wire


def test_a_refusal_is_said_and_is_the_reason() -> None:
    choice = Choice(index=0, message=Message(role="assistant", refusal="I will not."), finish="stop")
    wire = json.loads(DIALECT.render_response(ChatResponse(id="x", created_s=0, model="m", choices=(choice,)), ASKED))
    assert (wire["stop_reason"], wire["content"]) == ("refusal", [{"type": "text", "text": "I will not."}])


# ---------------------------------------------------------------- errors
def test_our_errors_are_the_sdks() -> None:
    limit = DIALECT.render_error(LimitReached("rate_limited", "too many", hint="wait"), "req_1")
    with pytest.raises(anthropic.RateLimitError) as caught:
        sdk(limit, status=429, stream=False).messages.create(model="m", max_tokens=9, messages=[])
    assert "too many. wait" in str(caught.value)
    wire = json.loads(limit)
    assert (wire["type"], wire["error"]["type"], wire["request_id"]) == ("error", "rate_limit_error", "req_1")
    assert json.loads(DIALECT.render_error(Unavailable("draining", "later"), ""))["error"]["type"] == "overloaded_error"
    assert json.loads(DIALECT.render_error(UpstreamFailed("x", "y"), ""))["error"]["type"] == "api_error"


@pytest.mark.parametrize(
    ("status", "message", "exceeded"),
    [
        (400, "prompt is too long: 345320 tokens > 199999 maximum", True),
        (400, "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000", True),
        (400, "temperature: Extra inputs are not permitted", False),
        (529, "Overloaded", False),
    ],
)
def test_a_request_too_long_is_told_from_a_wrong_one(status: int, message: str, exceeded: bool) -> None:
    body = json.dumps({"type": "error", "error": {"type": "invalid_request_error", "message": message}}).encode()
    error = DIALECT.parse_error(status, body)
    assert (error.message, error.kind, error.context_exceeded) == (message, "invalid_request_error", exceeded)


@given(st.integers(400, 599), st.binary(max_size=80) | VALUE.map(lambda value: json.dumps({"error": value}).encode()))
def test_no_error_body_is_too_strange(status: int, body: bytes) -> None:
    assert DIALECT.parse_error(status, body).kind
