"""What Gemini signs of a tool call comes back to it through every dialect, whatever fields a client leaves out."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from volant.core.capabilities import Capabilities
from volant.core.chat import (
    ChatRequest,
    ChatResponse,
    Choice,
    Finished,
    Message,
    Started,
    StreamEvent,
    TextPart,
    Tool,
    ToolCall,
    ToolDelta,
)
from volant.dialects import find
from volant.dialects.dialect import Losses
from volant.dialects.signed_ids import read_call, read_id, signed_id
from volant.dialects.sse import SseCutter

SIGNATURE = base64.b64encode(bytes(range(200, 256)) * 3).decode()  # with + and / and =
CALLS = (
    ToolCall(id="call_1", name="f", arguments='{"a":1}', signature=SIGNATURE),
    ToolCall(id="call_2", name="f", arguments="{}"),
)
ASKED = ChatRequest(model="m", messages=(), tools=(Tool(name="f"),))


# ---------------------------------------------------------------- what stingy clients give back: id, name, arguments
def _chat(answer: dict[str, Any]) -> dict[str, Any]:
    calls = answer["choices"][0]["message"]["tool_calls"]
    return _chat_turns([(one["id"], one["function"]["name"], one["function"]["arguments"]) for one in calls])


def _chat_turns(calls: list[tuple[str, str, str]]) -> dict[str, Any]:
    said = [{"id": i, "type": "function", "function": {"name": n, "arguments": a}} for i, n, a in calls]
    results = [{"role": "tool", "tool_call_id": ident, "content": "42"} for ident, _, _ in calls]
    return {"model": "m", "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "tool_calls": said},
                                       *results]}  # fmt: skip


def _responses(answer: dict[str, Any]) -> dict[str, Any]:
    calls = [one for one in answer["output"] if one["type"] == "function_call"]
    return _responses_turns([(one["call_id"], one["name"], one["arguments"]) for one in calls])


def _responses_turns(calls: list[tuple[str, str, str]]) -> dict[str, Any]:
    said = [{"type": "function_call", "call_id": i, "name": n, "arguments": a} for i, n, a in calls]
    results = [{"type": "function_call_output", "call_id": ident, "output": "42"} for ident, _, _ in calls]
    return {"model": "m", "input": [{"role": "user", "content": "hi"}, *said, *results]}


def _anthropic(answer: dict[str, Any]) -> dict[str, Any]:
    calls = [one for one in answer["content"] if one["type"] == "tool_use"]
    assert answer["content"] == calls, "nothing beside what was said"
    return _anthropic_turns([(one["id"], one["name"], json.dumps(one["input"])) for one in calls])


def _anthropic_turns(calls: list[tuple[str, str, str]]) -> dict[str, Any]:
    said = [{"type": "tool_use", "id": i, "name": n, "input": json.loads(a)} for i, n, a in calls]
    results = [{"type": "tool_result", "tool_use_id": ident, "content": "42"} for ident, _, _ in calls]
    turns = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": said}]
    return {"model": "m", "max_tokens": 9, "messages": [*turns, {"role": "user", "content": results}]}


WHOLE = {"openai_chat": _chat, "openai_responses": _responses, "anthropic": _anthropic}
TURNS = {"openai_chat": _chat_turns, "openai_responses": _responses_turns, "anthropic": _anthropic_turns}


def _goes_home(dialect: str, body: dict[str, Any]) -> None:
    """Gemini gets ids as it gave them, and its signature."""
    request = find(dialect).parse_request(json.dumps(body).encode(), "", None)
    assert [call.id for one in request.messages for call in one.tool_calls] == ["call_1", "call_2"]
    assert [one.tool_call_id for one in request.messages if one.role == "tool"] == ["call_1", "call_2"]
    losses = Losses("Gemini")
    wire = json.loads(
        find("gemini").render_request(replace(request, model="gemini-3-pro"), Capabilities(top_k=True), losses)
    )
    parts = [part for content in wire["contents"] for part in content["parts"] if "functionCall" in part]
    assert [part.get("thoughtSignature") for part in parts] == [SIGNATURE, None]
    assert not [one for one in losses.dropped if "signature" in one]


@pytest.mark.parametrize("dialect", WHOLE)
def test_a_whole_answer(dialect: str) -> None:
    message = Message(role="assistant", tool_calls=CALLS)
    choice = Choice(index=0, message=message, finish="tool_calls")
    response = ChatResponse(id="x", created_s=0, model="m", choices=(choice,), dialect="gemini")
    answer = json.loads(find(dialect).render_response(response, ASKED))
    _goes_home(dialect, WHOLE[dialect](answer))


@pytest.mark.parametrize("dialect", TURNS)
def test_a_stream_and_a_gateway_behind_this_one(dialect: str) -> None:
    events: list[StreamEvent] = [Started(id="x", created_s=0, model="m", dialect="gemini")]
    events += [
        ToolDelta(call=at, id=call.id, name=call.name, arguments=call.arguments, signature=call.signature)
        for at, call in enumerate(CALLS)
    ]
    events.append(Finished(reason="tool_calls"))
    renderer, cutter = find(dialect).stream_renderer(replace(ASKED, stream=True)), SseCutter()
    data = b"".join(renderer.feed(event) for event in events) + renderer.done()
    read = re.findall(rb'"(?:call_id|id)":"(call_[^"]+)"', data)
    ids = list(dict.fromkeys(one.decode() for one in read))
    assert len(ids) == 2
    _goes_home(dialect, TURNS[dialect]([(one, "f", "{}") for one in ids]))
    parser = find(dialect).stream_parser()
    found = [event for one in cutter.feed(data) for event in parser.feed(one)]
    calls = [event for event in found if isinstance(event, ToolDelta) and event.id]
    assert [(call.id, call.signature) for call in calls] == [(call.id, call.signature) for call in CALLS]


@pytest.mark.parametrize("target", ["openai_chat", "openai_responses", "anthropic", "bedrock"])
@pytest.mark.parametrize("dialect", TURNS)
def test_other_providers_get_plain_ids_and_the_caller_is_told(dialect: str, target: str) -> None:
    body = TURNS[dialect]([(signed_id("call_1", SIGNATURE), "f", "{}")])
    request = find(dialect).parse_request(json.dumps(body).encode(), "", None)
    losses = Losses(target)
    request = replace(request, model="m", sampling=replace(request.sampling, max_tokens=9))
    wire = find(target).render_request(request, Capabilities(), losses).decode()
    assert "call_1" in wire
    assert "__thought__" not in wire
    assert "tool call signature: it is of another provider" in losses.dropped


def test_an_id_of_litellm_is_read() -> None:
    """Source: BerriAI/litellm#16895: `call_ID__thought__SIGNATURE`, in the usual base64."""
    assert read_id("call_ab__thought__AB+/cd==") == ("call_ab", "AB+/cd==")


def test_the_field_that_google_s_own_door_has_wins() -> None:
    call = read_call(ToolCall(id=signed_id("c", "AAAA"), name="f", arguments="{}", signature="BBBB"))
    assert (call.id, call.signature) == ("c", "BBBB")


@pytest.mark.parametrize("said", ["call__thought__", "call__thought__no base64", "plain", "", "__thought__=="])
def test_what_is_no_signed_id_stays_as_it_is(said: str) -> None:
    assert read_id(said) == (said, "")


def test_what_is_no_base64_is_not_written_into_an_id() -> None:
    assert signed_id("call_1", "a b") == "call_1"


@given(st.from_regex(r"[a-zA-Z0-9_-]{1,40}", fullmatch=True).filter(lambda one: "__thought__" not in one + "_"),
       st.binary(min_size=1, max_size=300))  # fmt: skip
def test_every_signature_comes_back_and_the_id_is_one_for_every_dialect(ident: str, data: bytes) -> None:
    signature = base64.b64encode(data).decode()
    said = signed_id(ident, signature)
    assert re.fullmatch(r"[a-zA-Z0-9_-]+", said), "Anthropic's pattern of ids"
    if not ident.endswith("_"):
        assert read_id(said) == (ident, signature)


def test_words_keep_what_is_signed_where_the_dialect_has_a_field() -> None:
    words = Message(role="assistant", parts=(TextPart(text="so", signature="c2ln"),), tool_calls=CALLS)
    choice = Choice(index=0, message=words, finish="tool_calls")
    response = ChatResponse(id="x", created_s=0, model="m", choices=(choice,), dialect="gemini")
    message = json.loads(find("openai_chat").render_response(response, ASKED))["choices"][0]["message"]
    assert message["extra_content"] == {"google": {"thought_signature": "c2ln"}}
    assert message["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": SIGNATURE}}
