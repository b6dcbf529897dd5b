"""Anthropic messages: a stream is its whole answer, and what the vendor's SDK makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import anthropic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialects.anthropic_wires import ASKED, DIALECT, IDENT, INPUT, WORD, answers, sdk

from volant.core.chat import (
    ChatRequest,
    ChatResponse,
    Choice,
    Counted,
    Delta,
    Failed,
    Finished,
    Message,
    Started,
    StreamEvent,
    TextPart,
    Thought,
    ThoughtEnded,
    ToolCall,
    ToolDelta,
    Usage,
    assemble,
)
from volant.core.errors import UpstreamFailed
from volant.dialects.sse import SseCutter


# ---------------------------------------------------------------- streams
def _sse(kind: str, **data: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind} | data)}\n\n".encode()


def _pieces(draw: st.DrawFn, text: str) -> list[str]:
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=3)))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@st.composite
def _streams(draw: st.DrawFn) -> tuple[dict[str, Any], bytes]:
    """An answer, and its stream as Anthropic sends it."""
    wire = draw(answers())
    start = wire | {"content": [], "stop_reason": None, "stop_sequence": None}
    said = [_sse("message_start", message=start | {"usage": wire["usage"] | {"output_tokens": 1}}), _sse("ping")]
    for at, block in enumerate(wire["content"]):
        kind = block["type"]
        open_fields: dict[str, Any] = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""}}.get(
            kind, {}
        )
        if "input" in block:
            open_fields = {"input": {}}
        said.append(_sse("content_block_start", index=at, content_block=block | open_fields))
        deltas: list[dict[str, Any]] = []
        if kind == "text":
            deltas = [{"type": "text_delta", "text": piece} for piece in _pieces(draw, block["text"])]
        elif kind == "thinking":
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in _pieces(draw, block["thinking"])]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        elif block.get("input"):
            pieces = _pieces(draw, json.dumps(block["input"]))
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *pieces]]
        said += [_sse("content_block_delta", index=at, delta=delta) for delta in deltas]
        said.append(_sse("content_block_stop", index=at))
    stop = {"stop_reason": wire["stop_reason"], "stop_sequence": wire["stop_sequence"]}
    said.append(_sse("message_delta", delta=stop, usage={"output_tokens": wire["usage"]["output_tokens"]}))
    said.append(_sse("message_stop"))
    return wire, b"".join(said)


def _parse(stream: bytes, cuts: list[int]) -> list[StreamEvent]:
    cutter, parser = SseCutter(), DIALECT.stream_parser()
    events: list[StreamEvent] = []
    bounds = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    for a, b in pairwise(bounds):
        for frame in cutter.feed(stream[a:b]):
            events += parser.feed(frame)
    assert parser.done
    return events


def _told(response: ChatResponse) -> Any:
    """What is said, in the form that a stream and a whole answer share."""
    choice = response.choices[0] if response.choices else Choice(index=0, message=Message(role="assistant"))
    calls = [(call.id, call.name, json.loads(call.arguments)) for call in choice.message.tool_calls]
    strange = [kept["block"] for kept in choice.message.extra.get("blocks", [])]
    finish = (choice.finish, choice.finish_detail)
    return (
        response.id,
        response.model,
        choice.message.text,
        choice.message.thoughts,
        calls,
        strange,
        finish,
        response.usage,
    )


@settings(max_examples=80)
@given(_streams(), st.lists(st.integers(0, 10**6), max_size=6))
def test_a_stream_is_its_whole_answer_wherever_it_is_cut(made: tuple[dict[str, Any], bytes], cuts: list[int]) -> None:
    wire, stream = made
    events = _parse(stream, cuts)
    assert events == _parse(stream, [])
    assert _told(assemble(events)) == _told(DIALECT.parse_response(json.dumps(wire).encode()))


def _accumulated(body: bytes) -> anthropic.types.Message:
    with sdk(body) as client:
        with client.messages.stream(model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}]) as stream:
            return stream.get_final_message()


def _write(events: list[StreamEvent], request: ChatRequest = ASKED) -> bytes:
    writer = DIALECT.stream_renderer(request)
    return b"".join([*(writer.feed(event) for event in events), writer.done()])


@settings(max_examples=60, deadline=None)
@given(_streams())
def test_the_sdk_reads_a_stream_that_went_through_us(made: tuple[dict[str, Any], bytes]) -> None:
    wire, stream = made
    message = _accumulated(_write(_parse(stream, [])))
    direct = _accumulated(stream)
    assert message.id == wire["id"]
    assert _merged(message) == _merged(direct)
    assert (message.stop_reason, message.stop_sequence) == (wire["stop_reason"], wire["stop_sequence"])
    assert message.usage.input_tokens == wire["usage"]["input_tokens"]
    assert message.usage.output_tokens == wire["usage"]["output_tokens"]
    assert message.usage.cache_read_input_tokens == wire["usage"]["cache_read_input_tokens"]


def _merged(message: anthropic.types.Message) -> list[dict[str, Any]]:
    """Blocks as the SDK has them; texts side by side are one, as in our events."""
    found: list[dict[str, Any]] = []
    for block in message.content:
        one = block.to_dict()
        one.pop("parsed_output", None)
        if found and one["type"] == "text" == found[-1]["type"]:
            found[-1]["text"] += one["text"]
        else:
            found.append(one)
    return found


EVENT = st.one_of(
    st.builds(Delta, text=WORD),
    st.builds(Delta, reasoning=WORD),
    st.builds(Delta, refusal=WORD),
    st.builds(Delta, index=st.just(1), text=WORD),
    st.builds(ThoughtEnded, signature=IDENT, dialect=st.sampled_from(["anthropic", "gemini"])),
    st.builds(ThoughtEnded, redacted=IDENT, dialect=st.just("bedrock")),
)


@st.composite
def _events(draw: st.DrawFn) -> tuple[list[StreamEvent], dict[int, tuple[str, Any]]]:
    """Words, thoughts and tool calls, the pieces of the calls strewn among the rest in any order."""
    events: list[StreamEvent] = list(draw(st.lists(EVENT, max_size=6)))
    calls = {}
    for call in range(draw(st.integers(0, 3))):
        given_input = draw(INPUT)
        calls[call] = (f"call_{call}", given_input)
        pieces = [ToolDelta(call=call, id=f"call_{call}", name="f")]
        pieces += [ToolDelta(call=call, arguments=piece) for piece in _pieces(draw, json.dumps(given_input))]
        at = 0
        for piece in pieces:
            at = draw(st.integers(at, len(events)))
            events.insert(at, piece)
            at += 1
    ends: list[StreamEvent] = [Finished(reason="tool_calls"), Counted(usage=Usage(input_tokens=3, output_tokens=4))]
    start: list[StreamEvent] = [Started(id="m1", created_s=1, model="x", dialect="openai_chat")]
    kept = draw(st.tuples(st.booleans(), st.booleans(), st.booleans()))
    return (start if kept[0] else []) + events + [one for one, keep in zip(ends, kept[1:], strict=True) if keep], calls


@settings(max_examples=150, deadline=None)
@given(_events())
def test_the_sdk_reads_whatever_we_write(made: tuple[list[StreamEvent], dict[int, tuple[str, Any]]]) -> None:
    events, calls = made
    body = _write(events)
    message = _accumulated(body)
    said = [event for event in events if isinstance(event, Delta) and event.index == 0]
    texts = [block.text for block in message.content if block.type == "text"]
    assert "".join(texts) == "".join(one.text or one.refusal for one in said)
    thoughts = [block.thinking for block in message.content if block.type == "thinking"]
    assert "".join(thoughts) == "".join(one.reasoning for one in said)
    assert {block.id: block.input for block in message.content if block.type == "tool_use"} == dict(calls.values())
    _check_one_block_at_a_time(body)


def _check_one_block_at_a_time(body: bytes) -> None:
    """Numbers go up by one, and no block begins before the last has ended."""
    place, is_open = -1, False
    for data in _data(body):
        if data["type"] == "content_block_start":
            assert not is_open
            assert data["index"] == place + 1
            place, is_open = data["index"], True
        elif data["type"].startswith("content_block"):
            assert is_open
            assert data["index"] == place
            is_open = data["type"] != "content_block_stop"
    assert not is_open


def _data(body: bytes) -> Iterator[dict[str, Any]]:
    for frame in body.decode().split("\n\n"):
        if frame:
            name, data = frame.split("\n")
            one = json.loads(data.removeprefix("data: "))
            assert name == f"event: {one['type']}"
            yield one


def test_citations_and_server_tools_pass_through_a_stream() -> None:
    citation = {
        "type": "char_location",
        "cited_text": "c",
        "document_index": 0,
        "start_char_index": 0,
        "end_char_index": 1,
    }
    stream = b"".join(
        [
            _sse(
                "message_start",
                message={"id": "m", "type": "message", "role": "assistant", "model": "c", "content": []}
                | {"usage": {"input_tokens": 2, "output_tokens": 1, "service_tier": "standard"}},
            ),
            _sse("content_block_start", index=0, content_block={"type": "text", "text": ""}),
            _sse("content_block_delta", index=0, delta={"type": "text_delta", "text": "It is so."}),
            _sse("content_block_delta", index=0, delta={"type": "citations_delta", "citation": citation}),
            _sse("content_block_stop", index=0),
            _sse("message_delta", delta={"stop_reason": "end_turn", "stop_details": None}, usage={"output_tokens": 5}),
            _sse("message_stop"),
        ]
    )
    message = _accumulated(_write(_parse(stream, [])))
    block = message.content[0]
    assert block.type == "text"
    assert block.citations is not None
    assert block.citations[0].to_dict() == citation
    assert message.usage.service_tier == "standard"


def test_an_error_inside_of_a_stream() -> None:
    head = _sse(
        "message_start",
        message={"id": "m", "model": "c", "content": [], "usage": {"input_tokens": 9, "output_tokens": 1}},
    )
    broken = head + _sse("error", error={"type": "overloaded_error", "message": "Overloaded"})
    parser = DIALECT.stream_parser()
    events = [event for frame in SseCutter().feed(broken) for event in parser.feed(frame)]
    # no usage: the start says how much was read, not how much was written
    assert events[1:] == [Failed(message="Overloaded", kind="overloaded_error")]
    with pytest.raises(anthropic.APIStatusError) as caught:
        _accumulated(_write(events))
    assert "Overloaded" in str(caught.value)
    assert not _write(events).endswith(b"message_stop\n\n")


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"[]",
        b'{"x": 1}',
        b'{"type": "content_block_delta", "index": 4, "delta": {"type": "text_delta", "text": "x"}}',
        b'{"type": "message_start"}',
        b'{"type": "content_block_start", "index": "0", "content_block": {"type": "text"}}',
    ],
)
def test_a_broken_event_is_said(data: bytes) -> None:
    with pytest.raises(UpstreamFailed) as caught:
        DIALECT.stream_parser().feed(b"event: x\ndata: " + data + b"\n\n")
    assert caught.value.code == "invalid_chunk"


def test_what_a_provider_wants_back_with_a_call_comes_back_with_it() -> None:
    """Gemini refuses a call without its signature; an Anthropic client sends back the blocks that it got."""
    calls = (ToolCall(id="a", name="f", arguments="{}", signature="s+/="), ToolCall(id="b", name="f", arguments="{}"))
    thought = Thought(text="hm", signature="t", dialect="gemini")
    said = Message(role="assistant", thoughts=(thought,), parts=(TextPart(text="so"),), tool_calls=calls)
    whole = ChatResponse(id="x", created_s=0, model="m", choices=(Choice(index=0, message=said, finish="tool_calls"),))
    events: list[StreamEvent] = [
        Delta(reasoning="hm"),
        ThoughtEnded(signature="t", dialect="gemini"),
        Delta(text="so"),
        *(
            ToolDelta(call=at, id=c.id, name=c.name, arguments="{}", signature=c.signature)
            for at, c in enumerate(calls)
        ),
        Finished(reason="tool_calls"),
    ]
    streamed = [block.to_dict() for block in _accumulated(_write(events)).content]
    for content in (json.loads(DIALECT.render_response(whole, ASKED))["content"], streamed):
        wire = {"model": "m", "messages": [{"role": "assistant", "content": content}]}
        [back] = DIALECT.parse_request(json.dumps(wire).encode(), "", None).messages
        assert (back.tool_calls, back.thoughts, back.text) == (calls, (thought,), "so")


@pytest.mark.parametrize(
    ("kind", "said"),
    [("overloaded_error", "overloaded_error"), ("server_error", "api_error"), ("RESOURCE_EXHAUSTED", "api_error")],
)
def test_a_stream_breaks_off_with_a_word_of_anthropics(kind: str, said: str) -> None:
    request = DIALECT.parse_request(
        b'{"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}', "", None
    )
    out = DIALECT.stream_renderer(request).feed(Failed(message="no", kind=kind))
    assert json.loads(out.partition(b"data: ")[2])["error"] == {"type": said, "message": "no"}
