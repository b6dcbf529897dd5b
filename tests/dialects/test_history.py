"""Faults that a review found: earlier turns in another dialect, functions in pieces, streams that are long."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from msgspec.structs import replace

from volant.core.capabilities import Capabilities
from volant.core.chat import (
    ChatRequest,
    Delta,
    Finished,
    ImagePart,
    Message,
    StreamEvent,
    TextPart,
    ToolCall,
    ToolDelta,
    assemble,
)
from volant.core.errors import BadInput, UpstreamFailed
from volant.dialects import find
from volant.dialects.dialect import Losses
from volant.dialects.sse import SseCutter

CAN = Capabilities(files=True, audio=True)
PICTURE = ImagePart(url="data:image/png;base64,AAAA")


def said(text: str, role: str = "user") -> Message:
    return Message(role=role, parts=(TextPart(text=text),))  # type: ignore[arg-type]


def rendered(target: str, *messages: Message, **more: Any) -> tuple[dict[str, Any], list[str]]:
    losses = Losses(target)
    request = ChatRequest(**{"model": "m", "messages": messages, "dialect": "gemini", **more})
    return json.loads(find(target).render_request(request, CAN, losses)), losses.dropped


def turns(target: str, wire: dict[str, Any]) -> list[tuple[str, bool]]:
    """Who speaks, and whether the turn holds the picture."""
    messages = wire["input" if target == "openai_responses" else "messages"]
    return [(one.get("role") or one["type"], "AAAA" in json.dumps(one)) for one in messages]


@pytest.mark.parametrize("target", ["openai_chat", "openai_responses", "anthropic", "bedrock"])
def test_a_picture_that_a_model_made_is_shown_by_the_user(target: str) -> None:
    made = Message(role="assistant", parts=(PICTURE,))
    wire, dropped = rendered(target, said("draw"), made, said("again"))
    found = turns(target, wire)
    assert [role for role, _ in found[:3]] == ["user", "assistant", "user"]
    assert [shown for _, shown in found[:3]] == [False, False, True]
    assert any(one.startswith("pictures of the assistant") for one in dropped)


@pytest.mark.parametrize("target", ["openai_chat", "openai_responses", "anthropic", "bedrock"])
def test_results_of_tools_stay_with_their_calls(target: str) -> None:
    call = ToolCall(id="c1", name="f", arguments="{}")
    made = Message(role="assistant", parts=(TextPart(text="look"), PICTURE), tool_calls=(call,))
    answer = Message(role="tool", tool_call_id="c1", parts=(TextPart(text="42"),))
    wire, _ = rendered(target, said("draw"), made, answer, said("go on", "assistant"))
    order = {
        "openai_chat": ["user", "assistant", "tool", "user", "assistant"],
        "openai_responses": ["user", "assistant", "function_call", "function_call_output", "user", "assistant"],
    }.get(target, ["user", "assistant", "user", "assistant"])
    found = turns(target, wire)
    assert [role for role, _ in found] == order
    assert [shown for _, shown in found] == [False] * (len(order) - 2) + [True, False]


def test_gemini_holds_pictures_of_its_own_turns() -> None:
    made = Message(role="assistant", parts=(PICTURE,))
    wire, dropped = rendered("gemini", said("draw"), made, said("again"), dialect="openai_chat")
    assert "AAAA" in json.dumps(wire["contents"][1])
    assert dropped == []


@pytest.mark.parametrize("target", ["openai_chat", "openai_responses", "anthropic", "bedrock"])
def test_what_gemini_wants_back_is_named_where_it_stays_away(target: str) -> None:
    call = ToolCall(id="c1", name="f", arguments="{}", signature="c2ln")
    signed = Message(role="assistant", parts=(TextPart(text="yes", signature="c2ln"),), tool_calls=(call,))
    answer = Message(role="tool", tool_call_id="c1", parts=(TextPart(text="42"),))
    wire, dropped = rendered(target, said("hi"), signed, answer)
    assert "c2ln" not in json.dumps(wire)
    assert [one for one in dropped if "signature" in one] == [
        "text signature: it is of another provider",
        "tool call signature: it is of another provider",
    ]


SHOWN = {
    "gemini": {"contents": [{"parts": [{"text": "x"}]}], "generationConfig": {
        "maxOutputTokens": 20000, "thinkingConfig": {"includeThoughts": True}}},
    "openai_responses": {"model": "m", "input": "x", "reasoning": {"summary": "auto"}, "max_output_tokens": 20000},
}  # fmt: skip


@pytest.mark.parametrize("source", SHOWN)
@pytest.mark.parametrize(
    ("target", "model"), [("anthropic", "claude-sonnet-4-5"), ("bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0")]
)
def test_who_wants_to_see_thoughts_makes_claude_think(source: str, target: str, model: str) -> None:
    request = find(source).parse_request(json.dumps(SHOWN[source]).encode(), "m", None)
    losses = Losses(target)
    wire = json.loads(find(target).render_request(replace(request, model=model), CAN, losses))
    wire = wire.get("additionalModelRequestFields", wire)
    assert wire["thinking"] == {"type": "enabled", "budget_tokens": 8192}
    assert "reasoning budget: none was said, 8192 tokens were sent" in losses.dropped


def test_cache_points_inside_of_found_texts_stay() -> None:
    point = {"type": "ephemeral"}
    block = {
        "type": "search_result", "source": "https://example.org", "title": "t",
        "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b", "cache_control": point}],
    }  # fmt: skip
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": [block]}]}
    request = find("anthropic").parse_request(json.dumps(body).encode(), "m", None)
    wire = json.loads(find("anthropic").render_request(request, CAN, Losses("x")))
    (sent,) = wire["messages"][0]["content"]
    assert sent == block | {"content": [{"type": "text", "text": "a\nb", "cache_control": point}]}


# ---------------------------------------------------------------- Gemini's functions
def test_parts_of_a_function_response_that_are_no_media_stay_or_are_refused() -> None:
    picture = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
    strange = {"somethingNew": {"x": 1}}
    body = {"contents": [
        {"role": "user", "parts": [{"text": "x"}]},
        {"role": "model", "parts": [
            {"functionCall": {"id": "c", "name": "f", "args": {}}, "thoughtSignature": "c2ln"},
        ]},
        {"role": "user", "parts": [
            {"functionResponse": {"id": "c", "name": "f", "response": {"output": "42"}, "parts": [picture, strange]}},
        ]},
    ]}  # fmt: skip
    request = find("gemini").parse_request(json.dumps(body).encode(), "gemini-3-pro", None)
    wire = json.loads(find("gemini").render_request(request, CAN, Losses("x")))
    assert wire["contents"] == body["contents"]
    with pytest.raises(BadInput, match="parts"):
        find("openai_chat").render_request(request, CAN, Losses("x"))


def test_arguments_that_gemini_streams_in_pieces() -> None:
    pieces = [
        {"name": "f", "willContinue": True},
        {"partialArgs": [{"jsonPath": "$.city", "stringValue": "Ber", "willContinue": True}], "willContinue": True},
        {"partialArgs": [{"jsonPath": "$.city", "stringValue": "lin"}], "willContinue": True},
        {"partialArgs": [{"jsonPath": "$.days[0].n", "numberValue": 3}], "willContinue": True},
        {"partialArgs": [{"jsonPath": "$['a b']", "boolValue": True}, {"jsonPath": "$.z", "nullValue": None}],
         "willContinue": True},
        {},
    ]  # fmt: skip
    parser = find("gemini").stream_parser()
    events = []
    for piece in pieces:
        events += parser.feed(_chunk({"functionCall": piece}))
    events += parser.feed(_chunk({"functionCall": {"name": "g", "args": {"x": 1}}}, finishReason="STOP"))
    first, second = assemble(events).choices[0].message.tool_calls
    assert (first.name, json.loads(first.arguments)) == (
        "f", {"city": "Berlin", "days": [{"n": 3}], "a b": True, "z": None},
    )  # fmt: skip
    assert (second.name, second.arguments) == ("g", '{"x":1}')


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([{"jsonPath": "$.tags[]"}], {"tags": []}),
        ([{"jsonPath": "$.tags[0]", "stringValue": "a"}, {"jsonPath": "$.tags[]"}], {"tags": ["a"]}),
        ([{"jsonPath": "$.a.tags[]", "willContinue": False}, {"jsonPath": "$.b", "numberValue": 1}],
         {"a": {"tags": []}, "b": 1}),
        ([{"jsonPath": "$.rows[0][]"}], {"rows": [[]]}),
        ([{"jsonPath": "$.tags[]", "stringValue": "a"}, {"jsonPath": "$.tags[]", "stringValue": "b"}],
         {"tags": ["a", "b"]}),
        ([{"jsonPath": "$.t[]", "stringValue": "a", "willContinue": True}, {"jsonPath": "$.t[]", "stringValue": "b"}],
         {"t": ["ab"]}),
        ([{"jsonPath": "$.z", "nullValue": "NULL_VALUE"}], {"z": None}),
        ([{"jsonPath": "$.city", "stringValue": "Ulm", "willContinue": True}, {"jsonPath": "$.city"}], {"city": "Ulm"}),
        ([{"jsonPath": "$.city", "willContinue": True}, {"jsonPath": "$.city", "stringValue": "Ulm"}], {"city": "Ulm"}),
        ([{"jsonPath": "$.off", "boolValue": False}, {"jsonPath": "$.n", "numberValue": 0}], {"off": False, "n": 0}),
        ([{"jsonPath": "$.empty", "stringValue": ""}], {"empty": ""}),
    ],
)  # fmt: skip
def test_pieces_of_arguments(arguments: list[dict[str, Any]], wanted: dict[str, Any]) -> None:
    """A piece without a value ends what its place says: it takes nothing away, and an array may be empty."""
    parser = find("gemini").stream_parser()
    events = parser.feed(_chunk({"functionCall": {"name": "f", "willContinue": True}}))
    for one in arguments:
        events += parser.feed(_chunk({"functionCall": {"partialArgs": [one], "willContinue": True}}))
    events += parser.feed(_chunk({"functionCall": {}}, finishReason="STOP"))
    (call,) = assemble(events).choices[0].message.tool_calls
    assert (call.name, json.loads(call.arguments)) == ("f", wanted)


@pytest.mark.parametrize(
    "second",
    [
        [{"name": "g", "args": {"x": 1}}],
        [{"name": "g", "willContinue": True}, {"partialArgs": [{"jsonPath": "$.x", "numberValue": 1}]}],
        [{"name": "g", "partialArgs": [{"jsonPath": "$.x", "numberValue": 1}]}],
    ],
    ids=["whole", "pieces", "one piece"],
)
def test_a_named_call_ends_the_one_that_is_open(second: list[dict[str, Any]]) -> None:
    parser = find("gemini").stream_parser()
    open_piece = {"partialArgs": [{"jsonPath": "$.a", "stringValue": "x"}], "willContinue": True}
    pieces = [{"name": "f", "id": "1", "willContinue": True}, open_piece, *second]
    events = []
    for at, piece in enumerate(pieces):
        signature = {"thoughtSignature": "cw=="} if at == 0 else {}
        events += parser.feed(_chunk({"functionCall": piece} | signature))
    events += parser.feed(_chunk({"text": ""}, finishReason="STOP"))
    said = [(call.name, json.loads(call.arguments), call.signature) for call in _calls(events)]
    assert said == [("f", {"a": "x"}, "cw=="), ("g", {"x": 1}, "")]


def test_a_piece_that_says_its_calls_name_and_id_again_continues_it() -> None:
    parser = find("gemini").stream_parser()
    events = []
    for text, more in (("Ber", True), ("lin", False)):
        said = {"partialArgs": [{"jsonPath": "$.city", "stringValue": text}], "willContinue": more}
        events += parser.feed(_chunk({"functionCall": {"name": "f", "id": "1"} | said}))
    (call,) = _calls(events)
    assert (call.id, json.loads(call.arguments)) == ("1", {"city": "Berlin"})


def _calls(events: list[StreamEvent]) -> tuple[ToolCall, ...]:
    return assemble(events).choices[0].message.tool_calls


def test_arguments_that_are_cut_off_come_as_far_as_they_are() -> None:
    parser = find("gemini").stream_parser()
    piece = {"name": "f", "partialArgs": [{"jsonPath": "$.a", "stringValue": "x", "willContinue": True}]}
    events = parser.feed(_chunk({"functionCall": piece | {"willContinue": True}}, finishReason="MAX_TOKENS"))
    (call,) = assemble(events).choices[0].message.tool_calls
    assert (call.name, json.loads(call.arguments)) == ("f", {"a": "x"})


@pytest.mark.parametrize("path", ["$.a[999999999]", "city", "$..", "$.a[x]", "$.a[].b", "$[]", "$", 7])
def test_a_place_of_an_argument_that_is_none(path: Any) -> None:
    parser = find("gemini").stream_parser()
    with pytest.raises(UpstreamFailed) as caught:
        parser.feed(_chunk({"functionCall": {"name": "f", "partialArgs": [{"jsonPath": path, "stringValue": "x"}]}}))
    assert caught.value.code == "invalid_chunk"


def _chunk(part: dict[str, Any], **more: Any) -> bytes:
    candidate = {"index": 0, "content": {"role": "model", "parts": [part]}, **more}
    return b"data: " + json.dumps({"candidates": [candidate]}).encode() + b"\n\n"


# ---------------------------------------------------------------- long streams
def test_long_arguments_are_looked_at_once() -> None:
    """A call whose words are mixed with another's; quadratic, this took a minute."""
    number = 20_000
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    request = find("anthropic").parse_request(json.dumps(body).encode(), "m", None)
    writer = find("anthropic").stream_renderer(request)
    begun = time.process_time()
    writer.feed(ToolDelta(call=0, id="a", name="f", arguments='{"a": "'))
    for _ in range(number):
        writer.feed(ToolDelta(call=0, arguments='xy{\\"'))
        writer.feed(ToolDelta(call=1, arguments="x"))
    last = writer.feed(ToolDelta(call=0, arguments='"}'))
    assert time.process_time() - begun < 8
    assert b"content_block_stop" in last, "the other call has its turn"


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "open"])
def test_many_calls_that_wait_are_written_once(closed: bool) -> None:
    number = 6000
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    request = find("anthropic").parse_request(json.dumps(body).encode(), "m", None)
    writer = find("anthropic").stream_renderer(request)
    begun = time.process_time()
    data = b"".join(writer.feed(ToolDelta(call=at, id=f"c{at}", name="f", arguments='{"a": "')) for at in range(number))
    if closed:
        data += b"".join(writer.feed(ToolDelta(call=at, arguments='x"}')) for at in reversed(range(number)))
    data += writer.done()
    assert time.process_time() - begun < 3
    parser = find("anthropic").stream_parser()
    (choice,) = assemble([event for frame in SseCutter().feed(data) for event in parser.feed(frame)]).choices
    assert [call.id for call in choice.message.tool_calls] == [f"c{at}" for at in range(number)]
    assert {call.arguments for call in choice.message.tool_calls} == {'{"a": "' + ('x"}' if closed else "")}


def test_many_choices_are_put_together_in_one_pass() -> None:
    events = [event for at in range(4000) for event in (Delta(index=at, text="x"), Finished(index=at, reason="stop"))]
    begun = time.process_time()
    assert len(assemble(events).choices) == 4000
    assert time.process_time() - begun < 1
