"""OpenAI responses: there and back again, streams equal answers, and the real SDK accepts all of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import omit
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from volant.core.capabilities import Capabilities
from volant.core.chat import (
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
from volant.dialects import find
from volant.dialects.dialect import Losses
from volant.dialects.sse import SseCutter

RESPONSES = find("openai_responses")
EVENT = TypeAdapter(ResponseStreamEvent)
TEXT = st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=12)
WORD = TEXT.filter(bool)
CALL = st.builds(ToolCall, id=WORD, name=WORD, arguments=TEXT)
THOUGHT = st.one_of(
    st.builds(Thought, text=TEXT, signature=WORD, dialect=st.sampled_from(["anthropic", "gemini", "bedrock"])),
    st.builds(Thought, redacted=WORD, dialect=st.just("anthropic")),
)
COUNT = st.integers(0, 10**6)
USAGE = st.builds(
    Usage,
    input_tokens=COUNT,
    output_tokens=COUNT,
    cached_tokens=COUNT,
    cache_write_tokens=COUNT,
    reasoning_tokens=COUNT,
)
ASKED = ChatRequest(model="m", messages=(Message(role="user", parts=(TextPart(text="hi"),)),), dialect=RESPONSES.name)


@st.composite
def _responses(draw: st.DrawFn) -> ChatResponse:
    text, calls = draw(TEXT), draw(st.lists(CALL, max_size=2, unique_by=lambda call: call.id))
    message = Message(
        role="assistant",
        parts=(TextPart(text=text),) if text else (),
        refusal=draw(TEXT),
        thoughts=tuple(draw(st.lists(THOUGHT, max_size=2))),
        tool_calls=tuple(calls),
    )
    tokens = draw(st.lists(st.builds(_token, WORD), max_size=2)) if text else []
    choice = Choice(
        index=0,
        message=message,
        finish=draw(st.sampled_from(["length", "content_filter", "tool_calls" if calls else "stop"])),
        logprobs={"content": tokens} if tokens else None,
    )
    return ChatResponse(
        id="resp_" + draw(WORD),
        created_s=draw(st.integers(0, 2**31)),
        model=draw(WORD),
        choices=(choice,),
        usage=draw(st.none() | USAGE),
        dialect=RESPONSES.name,
        extra=draw(st.sampled_from([{}, {"service_tier": "default"}])),
    )


def _token(text: str) -> dict[str, Any]:
    return {"token": text, "logprob": -0.5, "bytes": [1], "top_logprobs": []}


def _taken_apart(response: ChatResponse) -> Any:
    yield Started(
        id=response.id, created_s=response.created_s, model=response.model, dialect=response.dialect,
        extra=response.extra,
    )  # fmt: skip
    choice = response.choices[0]
    message = choice.message
    for thought in message.thoughts:
        for letter in thought.text:
            yield Delta(reasoning=letter)
        yield ThoughtEnded(
            signature=thought.signature, redacted=thought.redacted, id=thought.id, dialect=thought.dialect
        )
    for letter in message.text:
        yield Delta(text=letter)
    for token in (choice.logprobs or {}).get("content", []):
        yield Delta(logprobs={"content": [token]})
    if message.refusal:
        yield Delta(refusal=message.refusal)
    for place, call in enumerate(message.tool_calls):
        yield ToolDelta(call=place, id=call.id, name=call.name)
        for letter in call.arguments:
            yield ToolDelta(call=place, arguments=letter)
    if choice.finish is not None:
        yield Finished(reason=choice.finish)
    if response.usage is not None:
        yield Counted(usage=response.usage)


def streamed(events: list[StreamEvent], request: ChatRequest = ASKED) -> bytes:
    renderer = RESPONSES.stream_renderer(request)
    return b"".join(renderer.feed(event) for event in events) + renderer.done()


def parsed(stream: bytes, cuts: list[int] | None = None) -> list[StreamEvent]:
    places = sorted(cuts or [])
    cutter, parser = SseCutter(), RESPONSES.stream_parser()
    pieces = [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]
    events = [event for piece in pieces for sse in cutter.feed(piece) for event in parser.feed(sse)]
    assert parser.done
    return events


def datas(stream: bytes) -> list[dict[str, Any]]:
    events = []
    for block in stream.decode().strip().split("\n\n"):
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        events.append(event)
    return events


@settings(max_examples=60, deadline=None)
@given(_responses())
def test_an_answer_comes_back(response: ChatResponse) -> None:
    body = RESPONSES.render_response(response, ASKED)
    assert RESPONSES.parse_response(body) == response
    Response.model_validate(json.loads(body))


@settings(max_examples=60, deadline=None)
@given(_responses(), st.lists(st.integers(0, 400), max_size=8))
def test_a_stream_amounts_to_its_answer(response: ChatResponse, cuts: list[int]) -> None:
    """Any answer, taken apart, streamed, cut anywhere, parsed and put together again."""
    stream = streamed(list(_taken_apart(response)))
    assert assemble(parsed(stream, [min(cut, len(stream)) for cut in cuts])) == response
    last = datas(stream)[-1]["response"]  # the last event says the whole answer once more
    assert RESPONSES.parse_response(json.dumps(last).encode()) == response


@settings(max_examples=40, deadline=None)
@given(_responses())
def test_the_sdk_accepts_and_accumulates_every_event(response: ChatResponse) -> None:
    state: Any = ResponseStreamState(input_tools=[], text_format=omit)
    numbers = []
    for data in datas(streamed(list(_taken_apart(response)))):
        event = EVENT.validate_python(data)
        numbers.append(data["sequence_number"])
        state.handle_event(event)
    assert numbers == list(range(len(numbers)))
    if response.choices[0].finish in ("stop", "tool_calls"):
        whole = state._completed_response
        assert whole.output_text == response.choices[0].message.text
        assert [item.call_id for item in whole.output if item.type == "function_call"] == [
            call.id for call in response.choices[0].message.tool_calls
        ]


def test_the_order_of_events() -> None:
    events: list[StreamEvent] = [
        Started(id="x", created_s=1, model="m"), Delta(reasoning="hm"),
        ThoughtEnded(signature="s", dialect="anthropic"), Delta(text="a"), Delta(refusal="no"),
        ToolDelta(call=0, id="c", name="f"), ToolDelta(call=1, id="d", name="g", arguments="{"),
        ToolDelta(call=0, arguments="{}"), ToolDelta(call=1, arguments="}"), Finished(reason="tool_calls"),
    ]  # fmt: skip
    found = datas(streamed(events))
    assert [event["type"].removeprefix("response.") for event in found] == [
        "created", "in_progress", "output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta",
        "reasoning_summary_text.done", "reasoning_summary_part.done", "output_item.done", "output_item.added",
        "content_part.added", "output_text.delta", "output_text.done", "content_part.done", "content_part.added",
        "refusal.delta", "refusal.done", "content_part.done", "output_item.done", "output_item.added",
        "output_item.added", "function_call_arguments.delta", "function_call_arguments.delta",
        "function_call_arguments.delta", "function_call_arguments.done", "output_item.done",
        "function_call_arguments.done", "output_item.done", "completed",
    ]  # fmt: skip
    items = found[-1]["response"]["output"]
    assert [item["type"] for item in items] == ["reasoning", "message", "function_call", "function_call"]
    assert items[0]["encrypted_content"] == "volant:anthropic:signature:s"
    assert [item["arguments"] for item in items[2:]] == ["{}", "{}"]


def test_a_stream_that_breaks_off() -> None:
    stream = streamed([Started(id="x", created_s=1, model="m"), Delta(text="a"), Failed(message="boom", code="slow")])
    found = datas(stream)
    assert [event["type"] for event in found[-2:]] == ["error", "response.failed"]
    assert found[-1]["response"]["error"] == {"code": "slow", "message": "boom"}
    assert parsed(stream)[-1] == Failed(message="boom", code="slow")


def test_a_stream_of_nothing_is_well_formed() -> None:
    assert [event["type"] for event in datas(streamed([]))] == [
        "response.created", "response.in_progress", "response.completed",
    ]  # fmt: skip


def test_a_server_that_sends_only_whole_items_is_understood() -> None:
    items = [
        {
            "type": "reasoning",
            "id": "rs",
            "summary": [{"type": "summary_text", "text": "hm"}],
            "encrypted_content": "e",
        },
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hello"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
    ]
    whole = {"id": "resp_1", "created_at": 1, "model": "m", "status": "completed", "output": items}
    events: list[dict[str, Any]] = [{"type": "response.created", "response": {**whole, "output": []}}]
    for at, item in enumerate(items):
        if item["type"] == "message":
            events.append({"type": "response.output_text.done", "output_index": at, "text": "hello"})
        events.append({"type": "response.output_item.done", "output_index": at, "item": item})
    events.append({"type": "response.completed", "response": whole})
    stream = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    expected = RESPONSES.parse_response(json.dumps(whole).encode())
    assert assemble(parsed(stream)) == expected
    assert expected.choices[0].message.thoughts == (
        Thought(text="hm", signature="e", id="rs", dialect="openai_responses"),
    )


# ---------------------------------------------------------------- requests
def asked(body: dict[str, Any]) -> ChatRequest:
    return RESPONSES.parse_request(json.dumps({"model": "m", **body}).encode(), "", None)


def rendered(request: ChatRequest, can: Capabilities | None = None) -> tuple[dict[str, Any], list[str]]:
    losses = Losses(RESPONSES.title)
    can = can or Capabilities(files=True)
    return json.loads(RESPONSES.render_request(request, can, losses)), losses.dropped


FULL: dict[str, Any] = {
    "model": "m",
    "instructions": "be kind",
    "input": [
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "d"}]},
        {"type": "message", "role": "user", "content": [
            {"type": "input_text", "text": "what is it?"},
            {"type": "input_image", "image_url": "https://a/b.png", "detail": "low"},
            {"type": "input_image", "file_id": "file_1", "detail": "auto"},
            {"type": "input_file", "file_data": "data:application/pdf;base64,AA==", "filename": "a.pdf"},
        ]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}],
         "encrypted_content": "enc"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "let me look"}],
         "id": "msg_1", "status": "completed", "phase": "commentary"},
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "c2", "name": "sql", "input": "select 1"},
        {"type": "function_call_output", "call_id": "c1", "output": [
            {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "auto"}]},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "1"},
        {"type": "web_search_call", "id": "ws_1", "status": "completed"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "and?"}]},
    ],
    "tools": [
        {"type": "function", "name": "look", "description": "d", "parameters": {"type": "object"}, "strict": True},
        {"type": "custom", "name": "sql", "format": {"type": "text"}},
        {"type": "web_search"},
    ],
    "tool_choice": {"type": "function", "name": "look"},
    "parallel_tool_calls": False,
    "temperature": 0.5,
    "top_p": 0.9,
    "max_output_tokens": 9,
    "top_logprobs": 2,
    "text": {"format": {"type": "json_schema", "name": "a", "schema": {"type": "object"}, "strict": True},
             "verbosity": "low"},
    "reasoning": {"effort": "high", "summary": "detailed", "context": "auto"},
    "stream": True,
    "user": "u",
    "metadata": {"a": "b"},
    "store": False,
    "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
    "truncation": "auto",
    "prompt_cache_key": "k",
}  # fmt: skip


def test_a_request_comes_back_to_the_same_dialect() -> None:
    request = asked(FULL)
    assert rendered(request) == (FULL, [])
    assert request.sampling.logprobs is True
    assert request.reasoning is not None
    assert (request.reasoning.effort, request.reasoning.shown) == ("high", True)
    assert request.own_tools == ({"type": "web_search"},)
    turn = request.messages[3]
    assert (turn.role, turn.text, len(turn.thoughts), len(turn.tool_calls)) == ("assistant", "let me look", 1, 2)


def test_a_plain_text_is_a_user_message() -> None:
    assert asked({"input": "hi"}).messages == (Message(role="user", parts=(TextPart(text="hi"),)),)
    easy = asked({"input": [{"role": "assistant", "content": "yes"}, {"role": "user", "content": "ok"}]})
    assert [message.text for message in easy.messages] == ["yes", "ok"]


def test_what_needs_a_conversation_elsewhere_is_refused_in_translation() -> None:
    chat = find("openai_chat")
    for body, where in (
        ({"input": "x", "previous_response_id": "resp_1"}, "previous_response_id"),
        ({"input": "x", "conversation": "conv_1"}, "conversation"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "item_reference"),
        ({"input": "x", "tools": [{"type": "web_search"}]}, "tools"),
        ({"input": "x", "background": True}, "background"),
    ):
        request = asked(body)
        assert rendered(request)[1] == []
        with pytest.raises(BadInput) as caught:
            chat.render_request(request, Capabilities(), Losses(chat.title))
        assert (caught.value.code, caught.value.where) == ("not_supported", where)


def test_an_item_reference_goes_out_as_it_came() -> None:
    item = {"type": "item_reference", "id": "msg_1"}
    assert rendered(asked({"input": [item]}))[0] == {"model": "m", "input": [item]}


def test_a_conversation_of_items_is_one_of_messages_elsewhere() -> None:
    body = {name: FULL[name] for name in ("model", "input", "instructions", "store", "truncation", "prompt_cache_key")}
    body["input"] = [item for item in FULL["input"] if item.get("role") != "user"]
    body["tools"] = FULL["tools"][:2]
    losses = Losses("OpenAI chat completions")
    wire = json.loads(find("openai_chat").render_request(asked(body), Capabilities(), losses))
    assert [message["role"] for message in wire["messages"]] == [
        "system", "system", "assistant", "tool", "tool", "user",
    ]  # fmt: skip
    assert [call["type"] for call in wire["messages"][2]["tool_calls"]] == ["function", "function"]
    assert wire["messages"][5]["content"][0]["type"] == "image_url"  # what the tool showed
    assert {one.partition(":")[0] for one in losses.dropped} == {
        "truncation", "prompt_cache_key", "items", "reasoning", "tool result", "custom",
    }  # fmt: skip


def test_requests_of_others_keep_no_state_there() -> None:
    request = ChatRequest(
        model="m",
        messages=(
            Message(role="system", parts=(TextPart(text="s"),)),
            Message(role="user", parts=(TextPart(text="hi"), ImagePart(url="data:image/png;base64,AA=="))),
            Message(role="assistant", thoughts=(Thought(text="x", signature="y", dialect="anthropic"),),
                    tool_calls=(ToolCall(id="c", name="f", arguments="{}"),)),
            Message(role="tool", tool_call_id="c", parts=(TextPart(text="r"),), failed=True),
        ),
        tools=(Tool(name="f"),),
        tool_choice=ToolChoice(mode="required"),
        sampling=Sampling(max_tokens=5, temperature=0.0, top_k=3, seed=1, logprobs=True),
        output_format=OutputFormat(kind="json"),
        reasoning=Reasoning(effort="low", shown=True),
        metadata={"a": "b"},
        dialect="anthropic",
    )  # fmt: skip
    wire, dropped = rendered(request)
    assert wire["instructions"] == "s"
    assert wire["store"] is False
    assert wire["include"] == ["reasoning.encrypted_content", "message.output_text.logprobs"]
    assert wire["reasoning"] == {"effort": "low", "summary": "auto"}
    assert [item["type"] for item in wire["input"]] == ["message", "function_call", "function_call_output"]
    assert wire["text"] == {"format": {"type": "json_object"}}
    assert {one.partition(":")[0] for one in dropped} == {"top_k", "seed", "reasoning", "is_error", "metadata"}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"sampling": Sampling(stop=("x",))}, "stop"),
        ({"sampling": Sampling(n=2)}, "n"),
        ({"messages": (Message(role="user", parts=(FilePart(file_id="f"),)),)}, "file"),
        ({"own_tools": ({"googleSearch": {}},)}, "tools"),
    ],
)
def test_what_this_dialect_has_no_word_for_is_refused(change: dict[str, Any], where: str) -> None:
    with pytest.raises(BadInput) as caught:
        rendered(ChatRequest(**{"model": "m", "messages": (), "dialect": "gemini", **change}))
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"input": 3}, "input"),
        ({"input": [3]}, "input[0]"),
        ({"input": [{}]}, "input[0].type"),
        ({"input": [{"role": "boss", "content": ""}]}, "input[0].role"),
        ({"input": [{"role": "user", "content": [{"type": "smell"}]}]}, "input[0].content[0].type"),
        ({"input": [{"type": "function_call", "name": "f"}]}, "input[0].call_id"),
        ({"input": "x", "text": {"format": {"type": "xml"}}}, "text.format.type"),
        ({"input": "x", "reasoning": "much"}, "reasoning"),
        ({"input": "x", "tools": [{"type": "function"}]}, "tools[0].name"),
        ({"input": "x", "max_output_tokens": "many"}, "max_output_tokens"),
        ({"input": "x", "tool_choice": "maybe"}, "tool_choice"),
    ],
)
def test_wrong_fields_are_named(body: dict[str, Any], path: str) -> None:
    with pytest.raises(BadInput) as caught:
        asked(body)
    assert caught.value.where == path


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["type", "role", "content", "text", "input", "output", "item", "id", "name", "summary",
                         "arguments", "call_id", "message", "user", "output_text", "function_call", "reasoning",
                         "delta", "response", "output_index", "encrypted_content", "tools", "format"]),
        inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def _outcome(read: Any, said: bytes) -> str:
    """The code of the complaint; any other exception is a crash."""
    try:
        read(said)
    except (BadInput, UpstreamFailed) as error:
        return error.code
    return "read"


@given(st.dictionaries(st.sampled_from(["input", "tools", "text", "reasoning", "tool_choice", "include"]), JSON))
def test_no_request_crashes_the_parser(body: dict[str, Any]) -> None:
    assert _outcome(lambda said: asked(json.loads(said)), json.dumps(body).encode()) in ("read", "invalid_field")


@given(JSON)
def test_no_answer_crashes_the_parser(body: Any) -> None:
    said = json.dumps({"output": [body]}).encode()
    assert _outcome(RESPONSES.parse_response, said) in ("read", "invalid_answer")


@given(st.sampled_from(["response.output_item.done", "response.output_text.delta", "response.completed"]), JSON)
def test_no_event_crashes_the_parser(kind: str, said: Any) -> None:
    event = {"type": kind, "item": said, "response": said, "delta": said, "output_index": 0}
    data = b"data: " + json.dumps(event).encode() + b"\n\n"
    assert _outcome(RESPONSES.stream_parser().feed, data) in ("read", "invalid_chunk")


def test_a_failed_response_is_a_failure() -> None:
    body = {"status": "failed", "output": [], "error": {"code": "server_error", "message": "boom"}}
    with pytest.raises(UpstreamFailed, match="boom"):
        RESPONSES.parse_response(json.dumps(body).encode())


def test_a_custom_call_and_a_picture_stream_as_themselves() -> None:
    request = asked({"input": "x", "tools": [{"type": "custom", "name": "sql"}]})
    said = json.dumps({"input": 'a "b"\n'})
    events: list[StreamEvent] = [
        Started(id="resp_1", created_s=1, model="m"),
        Delta(parts=(ImagePart(url="data:image/png;base64,AA=="),)),
        ToolDelta(id="c", name="sql", arguments=said[:7]),
        ToolDelta(arguments=said[7:]),
        Finished(reason="tool_calls"),
    ]
    stream = streamed(events, request)
    items = datas(stream)[-1]["response"]["output"]
    assert items[1]["input"] == 'a "b"\n'
    for data in datas(stream):
        EVENT.validate_python(data)
    whole = assemble(parsed(stream))
    assert json.loads(whole.choices[0].message.tool_calls[0].arguments) == {"input": 'a "b"\n'}
    assert whole.choices[0].message.parts == (ImagePart(url="data:image/png;base64,AA=="),)
    assert RESPONSES.parse_response(json.dumps(datas(stream)[-1]["response"]).encode()).choices == whole.choices


def test_what_stands_beside_a_call_goes_back_to_openai_and_is_named_elsewhere() -> None:
    call = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"}
    beside = {"namespace": "crm", "caller": {"type": "program", "caller_id": "p"}}
    result = {"type": "function_call_output", "call_id": "c", "output": "4"}
    picture = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "AA=="}
    request = asked({"input": [call | beside, result | {"caller": beside["caller"]}, picture, call]})
    sent = json.loads(find("openai_responses").render_request(request, Capabilities(), Losses("x")))["input"]
    assert sent[0] == {name: value for name, value in (call | beside).items() if name != "id"}
    assert sent[1] == result | {"caller": beside["caller"]}
    assert sent[2] == picture, "an assistant's content holds no pictures there"
    losses = Losses("chat")
    find("openai_chat").render_request(request, Capabilities(), losses)
    pictures = "pictures of the assistant: its images and files follow in a user message"
    assert losses.dropped == ["call_fields", pictures]
    plain, silent = (
        asked({"input": [call | {"caller": {"type": "direct"}, "status": "completed"}, result]}),
        Losses("c"),
    )
    find("openai_chat").render_request(plain, Capabilities(), silent)
    assert silent.dropped == []


def test_how_to_reason_beside_the_effort_is_named_elsewhere() -> None:
    losses = Losses("Anthropic messages")
    request = asked({"input": "x", "reasoning": {"effort": "low", "mode": "pro", "context": "all_turns"}})
    find("anthropic").render_request(request, Capabilities(), losses)
    assert {"reasoning.mode", "reasoning.context"} <= set(losses.dropped)
    usual = Losses("Anthropic messages")
    said = {"effort": "low", "mode": "standard", "context": "auto", "summary": "auto"}
    find("anthropic").render_request(asked({"input": "x", "reasoning": said}), Capabilities(), usual)
    assert not any(one.startswith("reasoning.") for one in usual.dropped)
