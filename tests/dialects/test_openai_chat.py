"""OpenAI chat: there and back again, for requests, answers and streams."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volant.core.chat import (
    AudioPart,
    ChatRequest,
    ChatResponse,
    Choice,
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
    Started,
    StreamEvent,
    TextPart,
    Thought,
    ThoughtEnded,
    Tool,
    ToolCall,
    ToolChoice,
    ToolDelta,
    Usage,
    assemble,
)
from volant.core.errors import BadInput, UpstreamFailed
from volant.dialects.openai_chat import (
    StreamParser,
    StreamRenderer,
    parse_request,
    parse_response,
    render_request,
    render_response,
)
from volant.dialects.openai_errors import error_body, render_error, retry_headers
from volant.dialects.openai_reading import read_answer, read_stream
from volant.dialects.sse import SseCutter

TEXT = st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=20)
WORD = TEXT.filter(bool)
PART = st.one_of(
    st.builds(TextPart, text=TEXT),
    st.builds(ImagePart, url=WORD, detail=st.sampled_from(["", "low"])),
    st.builds(AudioPart, data=WORD, format=st.sampled_from(["wav", "mp3"])),
    st.builds(FilePart, file_id=WORD),
)
# one empty text part and no part at all are the same on the wire
PARTS = st.lists(PART, max_size=3).map(tuple).filter(lambda parts: parts != (TextPart(text=""),))
CALL = st.builds(ToolCall, id=WORD, name=WORD, arguments=TEXT, signature=TEXT)
SCHEMA = st.fixed_dictionaries({"type": st.just("object")})
EXTRA = st.dictionaries(st.sampled_from(["x_new", "prediction"]), st.integers() | TEXT, max_size=2)
PROOF = st.builds(
    Thought, text=TEXT, signature=WORD, id=TEXT, dialect=st.sampled_from(["anthropic", "gemini", "openai_responses"])
) | st.builds(Thought, redacted=WORD, dialect=st.just("anthropic"))
THOUGHTS = (
    st.just(())
    | st.builds(Thought, text=WORD).map(lambda one: (one,))
    | st.lists(PROOF, min_size=1, max_size=2).map(tuple)
)
MESSAGE = st.one_of(
    st.builds(Message, role=st.sampled_from(["system", "developer", "user"]), parts=PARTS, name=TEXT, extra=EXTRA),
    st.builds(
        Message,
        role=st.just("assistant"),
        parts=PARTS,
        tool_calls=st.lists(CALL, max_size=2).map(tuple),
        refusal=TEXT,
        thoughts=THOUGHTS,
    ),
    st.builds(Message, role=st.just("tool"), parts=PARTS, tool_call_id=WORD),
)
NUMBER = st.none() | st.floats(0, 2)
SAMPLING = st.builds(
    Sampling,
    temperature=NUMBER,
    top_p=NUMBER,
    top_k=st.none() | st.integers(1, 99),
    max_tokens=st.none() | st.integers(1, 9999),
    stop=st.lists(WORD, max_size=3).map(tuple),
    seed=st.none() | st.integers(0, 99),
    n=st.none() | st.integers(1, 3),
    frequency_penalty=NUMBER,
    presence_penalty=NUMBER,
    logprobs=st.none() | st.booleans(),
    top_logprobs=st.none() | st.integers(0, 5),
)
REQUEST = st.builds(
    ChatRequest,
    model=TEXT,
    messages=st.lists(MESSAGE, max_size=4).map(tuple),
    tools=st.lists(
        st.builds(Tool, name=WORD, description=TEXT, parameters=SCHEMA, strict=st.booleans()), max_size=2
    ).map(tuple),
    own_tools=st.sampled_from([(), ({"type": "browser_search"},)]),
    reasoning=st.none()
    | st.sampled_from([Reasoning(effort="none"), *(Reasoning(effort=one, shown=True) for one in ("low", "high"))]),
    dialect=st.just("openai_chat"),
    tool_choice=st.none()
    | st.sampled_from([ToolChoice(mode="auto"), ToolChoice(mode="none"), ToolChoice(mode="tool", name="f")]),
    parallel_tool_calls=st.none() | st.booleans(),
    sampling=SAMPLING,
    output_format=st.none()
    | st.sampled_from([OutputFormat(kind="text"), OutputFormat(kind="json")])
    | st.builds(OutputFormat, kind=st.just("json_schema"), name=WORD, schema=SCHEMA, strict=st.booleans()),
    stream=st.booleans(),
    include_usage=st.booleans(),
    user=TEXT,
    metadata=st.dictionaries(WORD, TEXT, max_size=2),
    extra=EXTRA,
)
COUNT = st.integers(0, 10**6)
USAGE = st.builds(
    Usage,
    input_tokens=COUNT,
    output_tokens=COUNT,
    cached_tokens=COUNT,
    reasoning_tokens=COUNT,
    input_audio_tokens=COUNT,
    output_audio_tokens=COUNT,
)
FINISH = st.sampled_from(["stop", "length", "tool_calls", "content_filter"])
TEXTS = TEXT.map(lambda text: (TextPart(text=text),) if text else ())
ANSWER = st.builds(
    Message,
    role=st.just("assistant"),
    parts=TEXTS,
    tool_calls=st.lists(CALL, max_size=2).map(tuple),
    refusal=TEXT,
    thoughts=THOUGHTS,
)
LOGPROBS = st.none() | st.lists(st.builds(lambda token: {"token": token, "logprob": -0.5}, TEXT), min_size=1).map(
    lambda tokens: {"content": tokens}
)


@st.composite
def _responses(draw: st.DrawFn) -> ChatResponse:
    choices = [
        Choice(index=index, message=draw(ANSWER), finish=draw(FINISH), logprobs=draw(LOGPROBS))
        for index in range(draw(st.integers(1, 2)))
    ]
    return ChatResponse(
        id=draw(WORD),
        created_s=draw(st.integers(0, 2**31)),
        model=draw(TEXT),
        choices=tuple(choices),
        usage=draw(st.none() | USAGE),
        dialect="openai_chat",
        extra=draw(st.dictionaries(st.just("system_fingerprint"), TEXT, max_size=1)),
    )


@settings(max_examples=60)
@given(REQUEST)
def test_a_request_comes_back(request: ChatRequest) -> None:
    assert parse_request(render_request(request)) == request


@settings(max_examples=60)
@given(_responses())
def test_an_answer_comes_back(response: ChatResponse) -> None:
    assert parse_response(render_response(response)) == response


@settings(max_examples=60)
@given(_responses(), st.data())
def test_a_stream_amounts_to_its_answer(response: ChatResponse, data: st.DataObject) -> None:
    """Any answer, taken apart, streamed, cut anywhere, parsed and put together again."""
    events = list(_taken_apart(response))
    renderer = StreamRenderer(include_usage=True)
    stream = b"".join(renderer.feed(event) for event in events) + renderer.done()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    cutter, parser = SseCutter(), StreamParser()
    parsed = [event for piece in pieces for sse in cutter.feed(piece) for event in parser.feed(sse)]
    assert parser.done
    assert assemble(parsed) == response
    reading = read_stream([stream])  # and the quick reading agrees
    assert reading is not None
    first = response.choices[0]
    assert (reading.content, reading.finish) == (first.message.text, first.finish)
    assert reading.calls_tools == bool(first.message.tool_calls)
    assert reading.counted == (response.usage is not None)
    if response.usage is not None:
        assert (reading.input_tokens, reading.output_tokens) == (
            response.usage.input_tokens,
            response.usage.output_tokens,
        )
    assert parse_response(reading.output).choices[0].message.text == first.message.text


def _taken_apart(response: ChatResponse) -> Any:
    yield Started(
        id=response.id,
        created_s=response.created_s,
        model=response.model,
        dialect=response.dialect,
        extra=response.extra,
    )
    for choice in response.choices:
        message = choice.message
        for thought in message.thoughts:
            for letter in thought.text:
                yield Delta(index=choice.index, reasoning=letter)
            if thought.dialect:
                yield ThoughtEnded(
                    index=choice.index, signature=thought.signature, redacted=thought.redacted, id=thought.id,
                    dialect=thought.dialect,
                )  # fmt: skip
        for letter in message.text:
            yield Delta(index=choice.index, text=letter)
        for token in (choice.logprobs or {}).get("content", []):
            yield Delta(index=choice.index, logprobs={"content": [token]})
        if message.refusal:
            yield Delta(index=choice.index, refusal=message.refusal)
        for place, call in enumerate(message.tool_calls):
            yield ToolDelta(index=choice.index, call=place, id=call.id, name=call.name, signature=call.signature)
            for letter in call.arguments:
                yield ToolDelta(index=choice.index, call=place, arguments=letter)
        if choice.finish is not None:
            yield Finished(index=choice.index, reason=choice.finish)
    if response.usage is not None:
        yield Counted(usage=response.usage)


def test_the_usage_event_is_only_for_those_who_asked() -> None:
    renderer = StreamRenderer(include_usage=False)
    assert renderer.feed(Counted(usage=Usage(input_tokens=1))) == b""


def test_an_error_inside_a_stream() -> None:
    event = StreamRenderer(include_usage=False).feed(Failed(message="too busy", code="overloaded"))
    [failed] = StreamParser().feed(event)
    assert failed == Failed(message="too busy", kind="server_error", code="overloaded")
    reading = read_stream([b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n', event])
    assert reading is not None
    assert (reading.content, reading.failed) == ("a", True)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"messages": []}, "model"),
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": [3]}, "messages[0]"),
        ({"model": "m", "messages": [{"role": "boss", "content": ""}]}, "messages[0].role"),
        ({"model": "m", "messages": [{"role": "user", "content": [{"type": "smell"}]}]}, "messages[0].content[0].type"),
        ({"model": "m", "messages": [], "temperature": "hot"}, "temperature"),
        ({"model": "m", "messages": [], "n": 1.5}, "n"),
        ({"model": "m", "messages": [], "tools": [{"type": "function"}]}, "tools[0].function"),
        ({"model": "m", "messages": [], "response_format": {"type": "xml"}}, "response_format.type"),
        ({"model": "m", "messages": [], "tool_choice": "maybe"}, "tool_choice"),
        ({"model": "m", "messages": [], "stream": 1}, "stream"),
    ],
)
def test_wrong_fields_are_named(body: dict[str, Any], path: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_request(json.dumps(body).encode())
    assert caught.value.where == path
    assert path in caught.value.message


def test_broken_json_has_a_position() -> None:
    with pytest.raises(BadInput, match=r"byte \d+"):
        parse_request(b'{"model": }')


@given(st.binary(max_size=60))
def test_arbitrary_answers_are_refused_not_crashed_on(body: bytes) -> None:
    with pytest.raises(UpstreamFailed):
        parse_response(body)
    assert read_answer(body) is None
    read_stream([body])  # any result, no crash


def test_unknown_fields_of_the_wire_are_kept() -> None:
    wire = {"model": "m", "messages": [{"role": "user", "content": "x", "cache_control": {"a": 1}}], "verbosity": "low"}
    request = parse_request(json.dumps(wire).encode())
    assert request.extra == {"verbosity": "low"}
    assert request.messages[0].extra == {"cache_control": {"a": 1}}
    assert json.loads(render_request(request)) == wire


def test_a_quick_reading_of_a_whole_answer() -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "hi", "tool_calls": []}, "finish_reason": "stop"}
    body = json.dumps({"id": "c1", "choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}).encode()
    reading = read_answer(body)
    assert reading is not None
    assert (reading.content, reading.calls_tools, reading.input_tokens, reading.output_tokens) == ("hi", False, 3, 4)
    assert reading.output == body


def test_errors_have_the_shape_that_clients_read() -> None:
    body = json.loads(error_body("no", kind="server_error", code="x"))
    assert body == {"error": {"message": "no", "type": "server_error", "param": None, "code": "x"}}
    error = BadInput("bad", "it is bad", where="messages", hint="do better", retry_after_s=1.2)
    assert json.loads(render_error(error))["error"]["message"] == "it is bad (messages). do better"
    assert dict(retry_headers(error)) == {b"x-should-retry": b"false", b"retry-after": b"2", b"retry-after-ms": b"1200"}


def test_every_event_type_is_rendered() -> None:
    events: list[StreamEvent] = [
        Started(id="a", created_s=1, model="m"), Delta(text="x"), ToolDelta(id="t", name="f"), Finished(reason="stop"),
        Counted(usage=Usage()), Failed(message="e"),
    ]  # fmt: skip
    renderer = StreamRenderer(include_usage=True)
    assert [bool(renderer.feed(event)) for event in events] == [False, True, True, True, True, True]
