"""OpenAI chat as a target: what came in other words is bent to it, and nothing is lost in silence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volant.core.capabilities import Capabilities
from volant.core.chat import (
    AudioPart,
    ChatRequest,
    Delta,
    FilePart,
    Finished,
    ImagePart,
    Message,
    OutputFormat,
    Reasoning,
    Sampling,
    Started,
    TextPart,
    Thought,
    Tool,
    ToolCall,
    ToolChoice,
    ToolDelta,
    assemble,
)
from volant.core.errors import BadInput, NotFound, UpstreamFailed
from volant.dialects import find
from volant.dialects.dialect import Losses
from volant.dialects.openai_reading import read_answer

CHAT = find("openai_chat")
OPENAI = Capabilities(
    top_k=False, limit_field="max_completion_tokens", developer_role=True, reasoning_content=False, files=True
)
USER = Message(role="user", parts=(TextPart(text="hi"),))


def asked(*messages: Message, **more: Any) -> ChatRequest:
    return ChatRequest(**{"model": "m", "messages": messages or (USER,), "dialect": "anthropic", **more})


def rendered(request: ChatRequest, can: Capabilities = OPENAI) -> tuple[dict[str, Any], list[str]]:
    losses = Losses("OpenAI chat completions")
    return json.loads(CHAT.render_request(request, can, losses)), losses.dropped


def test_the_limit_has_the_name_that_the_provider_takes() -> None:
    request = asked(sampling=Sampling(max_tokens=7))
    assert rendered(request)[0]["max_completion_tokens"] == 7
    assert rendered(request, Capabilities())[0]["max_tokens"] == 7


def test_top_k_goes_to_those_who_take_it() -> None:
    request = asked(sampling=Sampling(top_k=5))
    assert rendered(request, Capabilities()) == (
        {"model": "m", "messages": [{"role": "user", "content": "hi"}], "top_k": 5},
        [],
    )
    wire, dropped = rendered(request)
    assert "top_k" not in wire
    assert dropped == ["top_k"]


def test_thoughts_of_others_stay_here() -> None:
    thoughts = (Thought(text="hm", signature="sig", dialect="anthropic"), Thought(text="own"))
    request = asked(USER, Message(role="assistant", parts=(TextPart(text="a"),), thoughts=thoughts))
    wire, dropped = rendered(request, Capabilities())
    assert wire["messages"][1] == {"role": "assistant", "content": "a", "reasoning_content": "own"}
    assert "reasoning" in dropped[0]
    assert "reasoning_content" not in rendered(request)[0]["messages"][1]


@pytest.mark.parametrize(
    ("reasoning", "effort"),
    [
        (Reasoning(effort="xhigh"), "xhigh"),
        (Reasoning(budget_tokens=0), "none"),
        (Reasoning(budget_tokens=1024), "low"),
        (Reasoning(budget_tokens=10_000), "medium"),
        (Reasoning(budget_tokens=32_000), "high"),
        (Reasoning(budget_tokens=-1), None),
    ],
)
def test_thinking_is_asked_for_as_effort(reasoning: Reasoning, effort: str | None) -> None:
    wire, dropped = rendered(asked(reasoning=reasoning))
    assert wire.get("reasoning_effort") == effort
    assert bool(dropped) == (reasoning.budget_tokens is not None)


def test_thinking_that_is_never_shown_is_named() -> None:
    assert "reasoning summary" in rendered(asked(reasoning=Reasoning(effort="low", shown=True)))[1][0]
    assert rendered(asked(reasoning=Reasoning(effort="low", shown=True)), Capabilities())[1] == []


@pytest.mark.parametrize(
    ("request_", "can", "where"),
    [
        (asked(own_tools=({"type": "web_search_20250305", "name": "web_search"},)), OPENAI, "tools"),
        (asked(extra={"mcp_servers": [{"url": "x"}]}), OPENAI, "mcp_servers"),
        (asked(Message(role="user", parts=(ImagePart(url="data:,"),))), Capabilities(images=False), "image"),
        (asked(Message(role="user", parts=(ImagePart(url="https://a"),))), Capabilities(image_urls=False), "image"),
        (asked(Message(role="user", parts=(AudioPart(data="", format="wav"),))), OPENAI, "audio"),
        (asked(Message(role="user", parts=(FilePart(data="data:,"),))), Capabilities(), "file"),
        (asked(Message(role="user", parts=(FilePart(url="https://a"),))), OPENAI, "file"),
        (asked(Message(role="user", parts=(FilePart(file_id="file_1"),))), OPENAI, "file"),
        (asked(tools=(Tool(name="f"),)), Capabilities(tools=False), "tools"),
        (asked(output_format=OutputFormat(kind="json")), Capabilities(json_object=False), "response_format"),
        (asked(output_format=OutputFormat(kind="json_schema")), Capabilities(json_schema=False), "response_format"),
        (asked(sampling=Sampling(logprobs=True)), Capabilities(logprobs=False), "logprobs"),
        (asked(sampling=Sampling(n=2)), Capabilities(choices=False), "n"),
        (asked(sampling=Sampling(stop=("x",))), Capabilities(stop=False), "stop"),
        (asked(stream=True), Capabilities(streaming=False), "stream"),
    ],
)
def test_what_changes_the_question_is_refused(request_: ChatRequest, can: Capabilities, where: str) -> None:
    with pytest.raises(BadInput) as caught:
        rendered(request_, can)
    assert caught.value.code == "not_supported"
    assert caught.value.where == where
    assert "OpenAI chat completions cannot take" in caught.value.message


def test_what_is_harmless_is_named() -> None:
    can = Capabilities(sampling=False, seed=False, penalties=False, parallel_tools=False, reasoning=False)
    request = asked(
        sampling=Sampling(temperature=1.0, top_p=0.5, seed=1, presence_penalty=0.1, frequency_penalty=0.0, n=1),
        parallel_tool_calls=True,
        reasoning=Reasoning(effort="low"),
        extra={"container": None, "service_tier": "auto", "thing": 1},
        metadata={"a": "b"},
    )
    wire, dropped = rendered(request, can)
    assert set(wire) == {"model", "messages", "n"}
    assert {one.partition(":")[0] for one in dropped} == {
        "temperature", "top_p", "seed", "presence_penalty", "parallel_tool_calls", "reasoning", "thing", "metadata",
    }  # fmt: skip


def test_hints_on_messages_parts_and_tools_are_named_once() -> None:
    cached = TextPart(text="x", extra={"cache_control": {"type": "ephemeral"}})
    request = asked(
        Message(role="user", parts=(cached, cached)), tools=(Tool(name="f", extra={"cache_control": {"type": "e"}}),)
    )
    wire, dropped = rendered(request)
    assert dropped == ["cache_control"]
    assert "cache_control" not in json.dumps(wire)


def test_what_came_in_this_dialect_goes_out_as_it_was() -> None:
    body = {
        "model": "m",
        "messages": [{"role": "developer", "content": "be kind"}, {"role": "user", "content": "x", "weight": 1}],
        "tools": [{"type": "browser_search"}],
        "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}},
        "logit_bias": {"1": 2},
        "metadata": {"a": "b"},
        "stream": True,
        "stream_options": {"include_obfuscation": False, "include_usage": True},
    }
    request = CHAT.parse_request(json.dumps(body).encode(), "", None)
    assert rendered(request) == (body, [])


def test_a_developer_is_the_system_where_nobody_knows_him() -> None:
    wire, dropped = rendered(asked(Message(role="developer", parts=(TextPart(text="x"),))), Capabilities())
    assert (wire["messages"][0]["role"], dropped) == ("system", [])


def test_pictures_of_tools_are_shown_after_all_their_results() -> None:
    image = ImagePart(url="data:image/png;base64,AA==")
    request = asked(
        Message(role="assistant", tool_calls=tuple(ToolCall(id=i, name="f", arguments="{}") for i in "ab")),
        Message(role="tool", tool_call_id="a", parts=(TextPart(text="see"), image)),
        Message(role="tool", tool_call_id="b", parts=(image,), failed=True),
        USER,
    )
    wire, dropped = rendered(request)
    assert [message["role"] for message in wire["messages"]] == ["assistant", "tool", "tool", "user", "user"]
    assert [message["content"] for message in wire["messages"][1:3]] == ["see", "(see the next message)"]
    assert [part["type"] for part in wire["messages"][3]["content"]] == ["image_url", "image_url"]
    assert len(dropped) == 2


def test_signatures_of_calls_go_round_but_not_to_others() -> None:
    call = ToolCall(id="1", name="f", arguments="{}", signature="sig")
    wire, dropped = rendered(asked(Message(role="assistant", tool_calls=(call,))))
    assert "extra_content" not in wire["messages"][0]["tool_calls"][0]
    assert dropped
    delta = CHAT.stream_renderer(asked()).feed(ToolDelta(id="1", name="f", arguments="{}", signature="sig"))
    assert CHAT.stream_parser().feed(delta)[1:] == [ToolDelta(id="1", name="f", arguments="{}", signature="sig")]


CUSTOM = {"type": "custom", "custom": {"name": "sql", "description": "d", "format": {"type": "text"}}}
SAID = 'select "ä"\n'


def test_a_custom_tool_is_a_function_to_others_and_itself_to_openai() -> None:
    call = {"id": "1", "type": "custom", "custom": {"name": "sql", "input": SAID}}
    body = {
        "model": "m",
        "messages": [{"role": "assistant", "content": None, "tool_calls": [call]}],
        "tools": [CUSTOM],
        "tool_choice": {"type": "custom", "custom": {"name": "sql"}},
    }
    request = CHAT.parse_request(json.dumps(body).encode(), "", None)
    assert rendered(request) == (body, [])
    assert request.tools[0].parameters["required"] == ["input"]
    assert request.tool_choice == ToolChoice(mode="tool", name="sql")
    assert json.loads(request.messages[0].tool_calls[0].arguments) == {"input": SAID}


def test_a_custom_call_streams_both_ways() -> None:
    request = CHAT.parse_request(json.dumps({"model": "m", "messages": [], "tools": [CUSTOM]}).encode(), "", None)
    arguments = json.dumps({"input": SAID})
    renderer, parser = CHAT.stream_renderer(request), CHAT.stream_parser()
    events = [
        Started(id="i", created_s=1, model="m"),
        ToolDelta(id="1", name="sql", arguments=arguments[:9]),
        ToolDelta(arguments=arguments[9:]),
        Finished(reason="tool_calls"),
    ]
    stream = b"".join(renderer.feed(event) for event in events)
    assert b'"type":"custom"' in stream
    pieces = stream.split(b"\n\n")
    got = [event for piece in pieces for event in parser.feed(piece + b"\n\n")]
    [call] = assemble(got).choices[0].message.tool_calls
    assert (call.id, call.name, json.loads(call.arguments)) == ("1", "sql", {"input": SAID})


def test_pieces_of_a_custom_text_are_escaped_on_the_way() -> None:
    parser = CHAT.stream_parser()
    got: list[Any] = []
    for custom in ({"name": "sql", "input": ""}, {"input": 'a "'}, {"input": '\n"b'}):
        chunk = {"id": "i", "choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "custom": custom}]}}]}
        got += parser.feed(f"data: {json.dumps(chunk)}\n\n".encode())
    got += parser.feed(b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}\n\n')
    [call] = assemble(got).choices[0].message.tool_calls
    assert json.loads(call.arguments) == {"input": 'a "\n"b'}


def test_reasoning_beside_the_output_is_counted_in() -> None:
    usage = {
        "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 22,
        "completion_tokens_details": {"reasoning_tokens": 7},
    }  # fmt: skip
    body = {"choices": [{"message": {"content": "x"}}], "usage": usage}
    counted = CHAT.parse_response(json.dumps(body).encode()).usage
    assert counted is not None
    assert (counted.output_tokens, counted.reasoning_tokens) == (12, 7)
    quick = read_answer(json.dumps(body).encode())
    assert quick is not None
    assert (quick.output_tokens, quick.reasoning_tokens) == (12, 7)
    usage["total_tokens"] = 15
    counted = CHAT.parse_response(json.dumps(body).encode()).usage
    assert counted is not None
    assert counted.output_tokens == 5


def test_an_unknown_end_keeps_its_word() -> None:
    body = {"choices": [{"message": {"content": "x"}, "finish_reason": "eos_token"}]}
    [choice] = CHAT.parse_response(json.dumps(body).encode()).choices
    assert (choice.finish, choice.finish_detail) == ("stop", "eos_token")
    [_, _, finished] = CHAT.stream_parser().feed(
        b'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop","stop_reason":"END"}]}\n\n'
    )
    assert finished == Finished(reason="stop", detail="END", extra={"stop_reason": "END"})


def test_pictures_signatures_and_unknown_words_of_an_answer_stream() -> None:
    image = ImagePart(url="data:image/png;base64,AA==")
    events = [
        Started(id="i", created_s=1, model="m", dialect="openai_chat", extra={"system_fingerprint": "f"}),
        Delta(text="a"),
        Delta(parts=(image,), signature="sig", extra={"annotations": [{"type": "url_citation"}]}),
        Finished(reason="stop", extra={"content_filter_results": {"hate": 0}}),
    ]
    renderer, parser = CHAT.stream_renderer(asked()), CHAT.stream_parser()
    assert [event for one in events for event in parser.feed(renderer.feed(one) or b": \n\n")] == events
    whole = assemble(events)
    assert CHAT.parse_response(CHAT.render_response(whole, asked())) == whole


def test_words_of_other_dialects_do_not_reach_the_client() -> None:
    events = [
        Started(id="i", created_s=1, model="m", dialect="gemini", extra={"modelVersion": "v"}),
        Delta(text="a", extra={"parts": []}),
        Finished(reason="stop", extra={"groundingMetadata": {}}),
    ]
    renderer = CHAT.stream_renderer(asked())
    stream = b"".join(renderer.feed(event) for event in events)
    body = CHAT.render_response(assemble(events), asked())
    for said in (stream, body):
        assert b"a" in said
        assert not any(word in said for word in (b"modelVersion", b"groundingMetadata", b"parts"))


def test_log_probabilities_stream() -> None:
    said = {"content": [{"token": "a", "logprob": -0.1, "bytes": None, "top_logprobs": []}]}
    chunk = CHAT.stream_renderer(asked()).feed(Delta(text="a", logprobs=said))
    assert CHAT.stream_parser().feed(chunk)[-1] == Delta(text="a", logprobs=said)


@pytest.mark.parametrize(
    ("body", "message", "kind", "code", "too_long"),
    [
        ({"error": {"message": "M", "type": "T", "code": "context_length_exceeded"}}, "M", "T",
         "context_length_exceeded", True),
        ({"error": {"message": "M", "type": "exceed_context_size_error"}}, "M", "exceed_context_size_error", "", True),
        ({"object": "error", "message": "This model's maximum context length is 8 tokens", "type": "BadRequestError",
          "code": 400}, "This model's maximum context length is 8 tokens", "BadRequestError", "400", True),
        ({"error": "model 'x' not found"}, "model 'x' not found", "", "", False),
        ({"detail": "Not Found"}, "Not Found", "", "", False),
        ([{"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}], "no", "INVALID_ARGUMENT", "400",
         False),
        ("what", "what", "", "", False),
    ],
)  # fmt: skip
def test_errors_of_all_the_copies_are_read(body: Any, message: str, kind: str, code: str, too_long: bool) -> None:
    error = CHAT.parse_error(400, json.dumps(body).encode())
    assert (error.message, error.kind, error.code, error.context_exceeded) == (message, kind, code, too_long)
    assert not CHAT.parse_error(500, json.dumps(body).encode()).context_exceeded


def test_an_error_that_is_no_json_is_shown_as_it_is() -> None:
    assert CHAT.parse_error(502, b"<html>Bad gateway\xff</html>\n").message == "<html>Bad gateway\ufffd</html>"
    assert json.loads(CHAT.render_error(NotFound("x", "no such"), "req_1"))["error"]["type"] == "not_found_error"


def test_thinking_beside_the_words_is_thinking() -> None:
    """As Mistral writes it, whole and streamed."""
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "yes"}]
    whole = CHAT.parse_response(json.dumps({"choices": [{"message": {"content": parts}}]}).encode())
    chunks = [{"choices": [{"delta": {"content": [part]}}]} for part in parts]
    parser = CHAT.stream_parser()
    events = [event for chunk in chunks for event in parser.feed(b"data: " + json.dumps(chunk).encode() + b"\n\n")]
    for message in (whole.choices[0].message, assemble(events).choices[0].message):
        assert (message.text, message.reasoning) == ("yes", "hm")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["type", "role", "content", "text", "function", "custom", "tool_calls", "id", "image_url",
                         "name", "arguments", "url", "delta", "message", "user", "index", "extra_content", "google",
                         "reasoning_details", "images", "logprobs", "finish_reason", "thinking", "file"]),
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


@given(
    st.dictionaries(st.sampled_from(["tools", "tool_choice", "response_format", "stop", "stream_options"]), JSON), JSON
)
def test_no_request_crashes_the_parser(body: dict[str, Any], message: Any) -> None:
    said = json.dumps({"model": "m", "messages": [message], **body}).encode()
    assert _outcome(lambda raw: CHAT.parse_request(raw, "", None), said) in ("read", "invalid_field")


@given(JSON)
def test_no_answer_crashes_the_parser(choice: Any) -> None:
    said = json.dumps({"choices": [choice]}).encode()
    assert _outcome(CHAT.parse_response, said) in ("read", "invalid_answer")
    assert _outcome(CHAT.stream_parser().feed, b"data: " + said + b"\n\n") in ("read", "invalid_chunk")


def test_a_web_search_with_nothing_more_to_say_is_not_left_out_in_silence() -> None:
    wire = {"model": "m", "messages": [{"role": "user", "content": "x"}], "web_search_options": {}}
    request = find("openai_chat").parse_request(json.dumps(wire).encode(), "", None)
    with pytest.raises(BadInput, match="web_search_options"):
        find("anthropic").render_request(request, Capabilities(), Losses("Anthropic messages"))


def test_the_name_of_a_system_message_is_named_where_bedrock_has_none() -> None:
    wire = {
        "model": "m",
        "messages": [{"role": "system", "name": "n", "content": "s"}, {"role": "user", "content": "x"}],
    }
    losses = Losses("Bedrock Converse")
    request = find("openai_chat").parse_request(json.dumps(wire).encode(), "", None)
    find("bedrock").render_request(request, Capabilities(), losses)
    assert losses.dropped == ["name: messages have no names"]
