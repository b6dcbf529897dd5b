"""Bedrock Converse: botocore's service model accepts what we write, and we read the frames that botocore reads."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

import msgspec
import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from volant.core.capabilities import Capabilities
from volant.core.chat import (
    AudioPart,
    ChatRequest,
    Counted,
    Delta,
    Failed,
    FilePart,
    Finished,
    ImagePart,
    Message,
    OutputFormat,
    Reasoning,
    Sampling,
    StreamEvent,
    TextPart,
    Thought,
    Tool,
    ToolCall,
    ToolChoice,
    Usage,
    assemble,
)
from volant.core.errors import BadInput, UpstreamFailed
from volant.dialects import find
from volant.dialects.aws_events import EventCutter, read, write
from volant.dialects.dialect import Losses
from volant.providers import find as provider

BEDROCK = find("bedrock")
CAN = provider("bedrock").capabilities
HEARS = msgspec.structs.replace(CAN, audio=True)
MODEL = ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))
CONVERSE = MODEL.operation_model("Converse")
PNG = "data:image/png;base64,AAAA"
USER = Message(role="user", parts=(TextPart(text="hi"),))


def rendered(request: ChatRequest, can: Capabilities = CAN) -> tuple[dict[str, Any], list[str]]:
    losses = Losses(BEDROCK.title)
    wire = json.loads(BEDROCK.render_request(request, can, losses))
    report = ParamValidator().validate({"modelId": "m", **wire}, CONVERSE.input_shape)
    assert not report.has_errors(), report.generate_report()
    return wire, losses.dropped


def asked(*messages: Message, **more: Any) -> ChatRequest:
    return ChatRequest(**{"model": "m", "messages": messages or (USER,), "dialect": "anthropic", **more})


def test_a_whole_conversation() -> None:
    cached = {"cache_control": {"type": "ephemeral"}}
    request = asked(
        Message(role="system", parts=(TextPart(text="be kind", extra=cached),)),
        Message(role="user", parts=(
            TextPart(text="what is it?"), ImagePart(url=PNG), AudioPart(data="AAAA", format="mp3"),
            FilePart(data="data:application/pdf;base64,AAAA", name="a/b: report.v2.pdf"))),
        Message(role="assistant", thoughts=(Thought(text="hm", signature="s", dialect="bedrock"),
                                            Thought(redacted="AAAA", dialect="bedrock")),
                parts=(TextPart(text="let me see"), TextPart(text=" ")),
                tool_calls=(ToolCall(id="call/1", name="f", arguments='{"a": 1}'),)),
        Message(role="tool", tool_call_id="call/1", parts=(TextPart(text="no"), ImagePart(url=PNG)), failed=True),
        Message(role="user", parts=(TextPart(text="and?", extra=cached),)),
        tools=(Tool(name="f", description="d", parameters={"type": "object"}, extra=cached),),
        tool_choice=ToolChoice(mode="tool", name="f"),
        sampling=Sampling(max_tokens=9, temperature=0.5, top_p=0.9, stop=("x",)),
        output_format=OutputFormat(kind="json_schema", name="n", schema={"type": "object"}),
        reasoning=Reasoning(effort="high"),
    )  # fmt: skip
    wire, dropped = rendered(request, HEARS)
    assert dropped == []
    point = {"cachePoint": {"type": "default"}}
    assert wire["system"] == [{"text": "be kind"}, point]
    assert [message["role"] for message in wire["messages"]] == ["user", "assistant", "user"]
    first, second, third = (message["content"] for message in wire["messages"])
    assert first[1:] == [
        {"image": {"format": "png", "source": {"bytes": "AAAA"}}},
        {"audio": {"format": "mp3", "source": {"bytes": "AAAA"}}},
        {"document": {"format": "pdf", "name": "a b report v2", "source": {"bytes": "AAAA"}}},
    ]
    assert second == [
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
        {"reasoningContent": {"redactedContent": "AAAA"}},
        {"text": "let me see"},
        {"toolUse": {"toolUseId": "call_1", "name": "f", "input": {"a": 1}}},
    ]
    assert third[0]["toolResult"]["toolUseId"] == "call_1"
    assert third[0]["toolResult"]["status"] == "error"
    assert third[1:] == [{"text": "and?"}, point]
    assert wire["toolConfig"]["tools"][1] == point
    assert wire["toolConfig"]["toolChoice"] == {"tool": {"name": "f"}}
    assert wire["inferenceConfig"] == {"maxTokens": 9, "temperature": 0.5, "topP": 0.9, "stopSequences": ["x"]}
    assert json.loads(wire["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"]) == {"type": "object"}
    assert wire["outputConfig"]["effort"] == "high"
    without = rendered(request, msgspec.structs.replace(HEARS, cache_points=False))
    assert "cachePoint" not in json.dumps(without[0])
    assert without[1] == ["cache_control"]


def test_what_is_harmless_is_named() -> None:
    request = asked(
        USER,
        Message(role="assistant", thoughts=(Thought(text="x", signature="y", dialect="anthropic"),),
                tool_calls=(ToolCall(id="c", name="f", arguments="{oops", signature="s"),)),
        Message(role="tool", tool_call_id="c"),
        Message(role="system", parts=(TextPart(text="later"),)),
        sampling=Sampling(top_k=3, seed=1, presence_penalty=0.5), user="u", metadata={"a": "b"},
        parallel_tool_calls=False, reasoning=Reasoning(budget_tokens=20000),
    )  # fmt: skip
    wire, dropped = rendered(request)
    assert {one.partition(":")[0] for one in dropped} == {
        "reasoning", "tool call signature", "tool_calls.arguments", "system", "top_k", "seed", "presence_penalty",
        "user", "metadata", "parallel_tool_calls", "reasoning budget", "tools",
    }  # fmt: skip
    assert wire["messages"][1]["content"][0]["toolUse"]["input"] == {"INVALID_JSON": "{oops"}
    assert wire["toolConfig"]["tools"][0]["toolSpec"]["name"] == "f"
    assert wire["system"] == [{"text": "later"}]


def test_claude_is_told_how_to_think_in_its_own_words() -> None:
    thinks = {"reasoning": Reasoning(effort="high", shown=True), "sampling": Sampling(top_k=5, max_tokens=9000)}
    wire, dropped = rendered(asked(model="eu.anthropic.claude-sonnet-5-v1:0", dialect="openai_chat", **thinks))
    assert wire["additionalModelRequestFields"] == {
        "thinking": {"type": "adaptive", "display": "summarized"}, "top_k": 5, "output_config": {"effort": "high"},
    }  # fmt: skip
    assert dropped == []
    signed = Message(role="assistant", thoughts=(Thought(text="x", signature="y", dialect="bedrock"),),
                     tool_calls=(ToolCall(id="c", name="f", arguments="{}"),))  # fmt: skip
    conversation = (USER, signed, Message(role="tool", tool_call_id="c", parts=(TextPart(text="r"),)))
    thinks["reasoning"] = Reasoning(budget_tokens=2048)
    wire, _ = rendered(asked(*conversation, model="anthropic.claude-sonnet-4-v1:0", dialect="openai_chat", **thinks))
    assert wire["additionalModelRequestFields"]["thinking"] == {"type": "enabled", "budget_tokens": 2048}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"messages": (Message(role="user", parts=(ImagePart(url="https://a/b.png"),)),)}, "image"),
        ({"messages": (Message(role="user", parts=(ImagePart(url="data:image/tiff;base64,AA=="),)),)}, "image"),
        ({"messages": (Message(role="user", parts=(FilePart(file_id="f"),)),)}, "file"),
        ({"messages": (Message(role="user", parts=(FilePart(data="data:video/mp4;base64,AA=="),)),)}, "file"),
        ({"messages": (Message(role="system", parts=(ImagePart(url=PNG),)),)}, "system"),
        ({"output_format": OutputFormat(kind="json")}, "response_format"),
        ({"sampling": Sampling(n=2)}, "n"),
        ({"sampling": Sampling(logprobs=True)}, "logprobs"),
        ({"own_tools": ({"type": "web_search"},)}, "tools"),
        ({"messages": (USER, Message(role="tool", tool_call_id="c")), "tool_choice": ToolChoice(mode="none")},
         "tool_choice"),
    ],
)  # fmt: skip
def test_what_changes_the_question_is_refused(change: dict[str, Any], where: str) -> None:
    with pytest.raises(BadInput) as caught:
        rendered(asked(**change))
    assert (caught.value.code, caught.value.where) == ("not_supported", where)


ANSWER = {
    "output": {"message": {"role": "assistant", "content": [
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "sig"}}},
        {"text": "hello "}, {"text": "world"},
        {"toolUse": {"toolUseId": "t1", "name": "f", "input": {"a": 1}}},
    ]}},
    "stopReason": "tool_use",
    "usage": {"inputTokens": 5, "outputTokens": 7, "totalTokens": 22, "cacheReadInputTokens": 4,
              "cacheWriteInputTokens": 6},
    "metrics": {"latencyMs": 3},
}  # fmt: skip
EVENTS: list[tuple[str, dict[str, Any]]] = [
    ("messageStart", {"role": "assistant"}),
    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "hm"}}}),
    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"signature": "sig"}}}),
    ("contentBlockStop", {"contentBlockIndex": 0}),
    ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": "hello "}}),
    ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": "world"}}),
    ("contentBlockStop", {"contentBlockIndex": 1}),
    ("contentBlockStart", {"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "t1", "name": "f"}}}),
    ("contentBlockDelta", {"contentBlockIndex": 2, "delta": {"toolUse": {"input": '{"a":'}}}),
    ("contentBlockDelta", {"contentBlockIndex": 2, "delta": {"toolUse": {"input": "1}"}}}),
    ("contentBlockStop", {"contentBlockIndex": 2}),
    ("messageStop", {"stopReason": "tool_use"}),
    ("metadata", {"usage": ANSWER["usage"], "metrics": {"latencyMs": 3}}),
]  # fmt: skip


def frame(kind: str, said: dict[str, Any], message_type: str = "event") -> bytes:
    name = ":event-type" if message_type == "event" else ":exception-type"
    headers = {name: kind, ":content-type": "application/json", ":message-type": message_type}
    return write(headers, json.dumps(said).encode())


STREAM = b"".join(frame(kind, said) for kind, said in EVENTS)


def parsed(pieces: list[bytes]) -> list[StreamEvent]:
    cutter, parser = BEDROCK.cutter(), BEDROCK.stream_parser()
    events = [event for piece in pieces for one in cutter.feed(piece) for event in parser.feed(one)]
    assert cutter.flush() == b""
    assert parser.done
    return events


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_a_stream_cut_anywhere_amounts_to_its_answer(cuts: list[int]) -> None:
    places = sorted(cuts)
    events = parsed([STREAM[a:b] for a, b in zip([0, *places], [*places, len(STREAM)], strict=True)])
    whole = BEDROCK.parse_response(json.dumps(ANSWER).encode())
    assert assemble(events) == whole
    message = whole.choices[0].message
    assert message.text == "hello world"
    assert message.thoughts == (Thought(text="hm", signature="sig", dialect="bedrock"),)
    assert message.tool_calls == (ToolCall(id="t1", name="f", arguments='{"a":1}'),)
    assert whole.usage == Usage(input_tokens=15, output_tokens=7, cached_tokens=4, cache_write_tokens=6)
    assert whole.choices[0].finish == "tool_calls"


def test_botocore_reads_our_frames_and_we_read_its() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(STREAM)
    theirs = [(message.headers[":event-type"], json.loads(message.payload)) for message in buffer]
    assert theirs == EVENTS
    ours = [read(one) for one in EventCutter().feed(STREAM)]
    assert [(headers[":event-type"], json.loads(payload)) for headers, payload in ours] == EVENTS


@given(st.integers(0, len(STREAM) - 1), st.integers(1, 255))
def test_a_damaged_byte_is_noticed(at: int, change: int) -> None:
    damaged = bytearray(STREAM)
    damaged[at] ^= change
    with pytest.raises(UpstreamFailed) as caught:
        parsed([bytes(damaged)])
    assert caught.value.code == "invalid_chunk"


def test_headers_of_every_type_are_passed_over() -> None:
    texts = b"\x01a\x07\x00\x01x"
    others = (
        b"\x01b\x00" b"\x01c\x01" b"\x01d\x02\x05" b"\x01e\x03\x00\x05" b"\x01f\x04\x00\x00\x00\x05"
        b"\x01g\x05" + b"\x00" * 8 + b"\x01h\x06\x00\x02zz" b"\x01i\x08" + b"\x00" * 8 + b"\x01j\x09" + b"\x00" * 16
    )  # fmt: skip
    headers = others + texts
    prelude = struct.pack(">II", 12 + len(headers) + 4, len(headers))
    whole = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers
    whole += struct.pack(">I", zlib.crc32(whole))
    assert read(whole) == ({"a": "x"}, b"")


def test_exceptions_break_the_stream_off() -> None:
    parser = BEDROCK.stream_parser()
    said = frame("throttlingException", {"message": "slow down"}, "exception")
    assert parser.feed(said) == [Failed(message="slow down", kind="throttlingException", code="throttlingException")]
    assert parser.done


def test_pictures_and_hidden_thoughts_stream() -> None:
    events = [
        ("contentBlockStart", {"contentBlockIndex": 0, "start": {"image": {"format": "png"}}}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"image": {"source": {"bytes": "AAAA"}}}}),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"reasoningContent": {"redactedContent": "BBBB"}}}),
        ("contentBlockStop", {"contentBlockIndex": 1}),
        ("messageStop", {"stopReason": "guardrail_intervened"}),
        ("metadata", {"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}}),
    ]  # fmt: skip
    got = parsed([frame(kind, said) for kind, said in events])
    assert got[0] == Delta(parts=(ImagePart(url=PNG),))
    assert got[2] == Finished(reason="content_filter", detail="guardrail_intervened")
    assert isinstance(got[3], Counted)
    message = assemble(got).choices[0].message
    assert message.thoughts == (Thought(redacted="BBBB", dialect="bedrock"),)


def test_errors() -> None:
    error = BEDROCK.parse_error(400, b'{"message":"Input is too long for requested model."}')
    assert (error.message, error.context_exceeded) == ("Input is too long for requested model.", True)
    named = BEDROCK.parse_error(429, b'{"__type":"com.amazon#ThrottlingException","Message":"slow"}')
    assert (named.kind, named.message, named.context_exceeded) == ("ThrottlingException", "slow", False)
    assert BEDROCK.parse_error(500, b"\xff").message == "\ufffd"


@given(st.binary(max_size=80))
def test_arbitrary_answers_are_refused_not_crashed_on(body: bytes) -> None:
    with pytest.raises(UpstreamFailed):
        BEDROCK.parse_response(body)


def test_no_client_speaks_it() -> None:
    with pytest.raises(BadInput, match="no client speaks"):
        BEDROCK.parse_request(b"{}", "m", None)
    with pytest.raises(BadInput, match="no client speaks"):
        BEDROCK.stream_renderer(asked())
