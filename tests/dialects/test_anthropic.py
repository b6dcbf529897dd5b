"""Anthropic messages: there and back again, and what the vendor's SDK makes of it."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialects.anthropic_wires import CAN, DIALECT, VALUE, wires

from volant.core.capabilities import Capabilities
from volant.core.chat import (
    ChatRequest,
    ChatResponse,
    Choice,
    FilePart,
    ImagePart,
    Message,
    OutputFormat,
    Reasoning,
    Sampling,
    TextPart,
    Thought,
    Tool,
    ToolCall,
    ToolChoice,
)
from volant.core.errors import BadInput
from volant.dialects import find
from volant.dialects.dialect import Losses


@settings(max_examples=150)
@given(wires())
def test_a_request_comes_back(wire: dict[str, Any]) -> None:
    losses = Losses("Anthropic messages")
    request = DIALECT.parse_request(json.dumps(wire).encode(), "", None)
    back = json.loads(DIALECT.render_request(request, CAN, losses))
    assert back == wire
    assert losses.dropped == []
    assert request.dialect == "anthropic"


def _request(**fields: Any) -> ChatRequest:
    fields.setdefault("messages", (Message(role="user", parts=(TextPart(text="hi"),)),))
    return ChatRequest(model=fields.pop("model", "claude-sonnet-5"), **fields)


def _render(request: ChatRequest, can: Capabilities = CAN) -> tuple[dict[str, Any], list[str]]:
    losses = Losses("Anthropic messages")
    return json.loads(DIALECT.render_request(request, can, losses)), losses.dropped


def test_the_model_and_the_stream_of_a_path_hold() -> None:
    request = DIALECT.parse_request(b'{"messages": [{"role": "user", "content": "x"}]}', "claude-x", True)
    assert (request.model, request.stream, request.messages[0].text) == ("claude-x", True, "x")


def test_what_a_tool_answered_is_a_message_of_its_own() -> None:
    wire = {
        "model": "m",
        "messages": [
            {"role": "user", "content": "weather?"},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Bern"}}],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "t1", "content": "boom", "is_error": True},
                    {"type": "text", "text": "and tomorrow?"},
                ],
            },
        ],
    }
    request = DIALECT.parse_request(json.dumps(wire).encode(), "", None)
    assert [message.role for message in request.messages] == ["user", "assistant", "tool", "user"]
    assert request.messages[1].tool_calls == (ToolCall(id="t1", name="weather", arguments='{"city":"Bern"}'),)
    assert (request.messages[2].tool_call_id, request.messages[2].failed, request.messages[2].text) == (
        "t1",
        True,
        "boom",
    )


@pytest.mark.parametrize(
    ("wire", "where"),
    [
        ({}, "messages"),
        ({"messages": []}, "model"),
        ({"model": 3, "messages": []}, "model"),
        ({"model": "m", "messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"model": "m", "messages": [{"role": "user"}]}, "messages[0].content"),
        ({"model": "m", "messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"model": "m", "messages": [{"role": "user", "content": [5]}]}, "messages[0].content[0]"),
        (
            {"model": "m", "messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "x"}}]}]},
            "messages[0].content[0].source.type",
        ),
        ({"model": "m", "messages": [], "max_tokens": "9"}, "max_tokens"),
        ({"model": "m", "messages": [], "tools": [{"name": "f"}]}, "tools[0].input_schema"),
        ({"model": "m", "messages": [], "tool_choice": {"type": "must"}}, "tool_choice.type"),
        ({"model": "m", "messages": [], "thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
        ({"model": "m", "messages": [], "output_config": {"format": {"type": "xml"}}}, "output_config.format.type"),
    ],
)
def test_a_field_of_the_wrong_type_is_named(wire: dict[str, Any], where: str) -> None:
    with pytest.raises(BadInput) as caught:
        DIALECT.parse_request(json.dumps(wire).encode(), "", None)
    assert caught.value.where == where
    assert where in caught.value.message


@given(
    st.recursive(
        VALUE,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "model",
                        "messages",
                        "role",
                        "content",
                        "type",
                        "text",
                        "source",
                        "tools",
                        "system",
                        "thinking",
                        "input",
                    ]
                ),
                inner,
            )
        ),
    )
)
def test_whatever_is_sent_is_a_request_or_bad_input(wire: Any) -> None:
    with contextlib.suppress(BadInput):  # anything else fails
        DIALECT.parse_request(json.dumps(wire).encode(), "", None)


# ---------------------------------------------------------------- from other dialects
def test_an_openai_request_for_a_claude_model() -> None:
    request = _request(
        dialect="openai_chat",
        messages=(
            Message(role="system", parts=(TextPart(text="Be brief."),)),
            Message(
                role="user", parts=(TextPart(text="what is"), ImagePart(url="data:image/png;base64,AAAA", detail="low"))
            ),
            Message(role="assistant", tool_calls=(ToolCall(id="call.1", name="see", arguments=""),)),
            Message(role="tool", tool_call_id="call.1", parts=(TextPart(text="a cat"),)),
            Message(role="tool", tool_call_id="call_2", parts=(TextPart(text="a dog"),)),
            Message(role="system", parts=(TextPart(text="Now be long."),)),
        ),
        tools=(Tool(name="see"),),
        tool_choice=ToolChoice(mode="required"),
        parallel_tool_calls=False,
        sampling=Sampling(temperature=1.7, seed=3, stop=("END",)),
        metadata={"team": "x"},
        user="u1",
    )
    wire, dropped = _render(request, Capabilities())
    assert wire == {
        "model": "claude-sonnet-5",
        "system": [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Now be long."}],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "what is"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                ],
            },
            {"role": "assistant", "content": [{"type": "tool_use", "id": "call_1", "name": "see", "input": {}}]},
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "call_1", "content": "a cat"},
                    {"type": "tool_result", "tool_use_id": "call_2", "content": "a dog"},
                ],
            },
        ],
        "tools": [{"name": "see", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
        "max_tokens": 64000,
        "temperature": 1.0,
        "stop_sequences": ["END"],
        "metadata": {"user_id": "u1"},
    }
    said = "; ".join(dropped)
    for word in ("max_tokens: Anthropic needs one, 64000", "temperature", "seed", "metadata", "detail", "messages[5]"):
        assert word in said


def test_sampling_that_the_api_refuses_stays_away_and_is_named() -> None:
    request = _request(dialect="openai_chat", sampling=Sampling(temperature=0.2, top_p=0.9, top_k=4, max_tokens=9))
    wire, dropped = _render(request)
    assert not {"temperature", "top_p", "top_k"} & wire.keys()
    assert dropped == ["temperature", "top_p", "top_k"]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"sampling": Sampling(n=2)}, "n"),
        ({"sampling": Sampling(logprobs=True)}, "logprobs"),
        ({"sampling": Sampling(stop=("\n",))}, "stop"),
        ({"tool_choice": ToolChoice(mode="required")}, "tool_choice"),
        ({"messages": ()}, "messages"),
        ({"messages": (Message(role="user", parts=(FilePart(file_id="file-1"),)),)}, "file_id"),
        ({"messages": (Message(role="user", parts=(FilePart(data="data:image/tiff;base64,AA=="),)),)}, "file"),
    ],
)
def test_what_cannot_be_said_is_refused(fields: dict[str, Any], where: str) -> None:
    with pytest.raises(BadInput) as caught:
        _render(_request(dialect="openai_chat", **fields), Capabilities(files=True))
    assert (caught.value.code, caught.value.where) == ("not_supported", where)


@pytest.mark.parametrize(
    ("model", "reasoning", "wire", "config"),
    [
        ("claude-sonnet-4-5", Reasoning(effort="low"), {"type": "enabled", "budget_tokens": 2048}, None),
        ("claude-sonnet-4-5", Reasoning(budget_tokens=9), {"type": "enabled", "budget_tokens": 1024}, None),
        ("claude-sonnet-4-5", Reasoning(budget_tokens=99999), {"type": "enabled", "budget_tokens": 5000}, None),
        ("us.anthropic.claude-opus-4-7-v1:0", Reasoning(effort="xhigh"), {"type": "adaptive"}, {"effort": "xhigh"}),
        ("claude-opus-5", Reasoning(effort="minimal"), {"type": "adaptive"}, {"effort": "low"}),
        ("claude-opus-5", Reasoning(shown=True), {"type": "adaptive", "display": "summarized"}, None),
        ("claude-opus-5", Reasoning(budget_tokens=2000), {"type": "adaptive"}, {"effort": "low"}),
        ("claude-opus-5", Reasoning(effort="none"), {"type": "disabled"}, None),
        ("claude-3-5-haiku-latest", Reasoning(effort="high"), None, None),
    ],
)
def test_how_much_to_think_in_each_models_words(
    model: str, reasoning: Reasoning, wire: dict[str, Any] | None, config: dict[str, Any] | None
) -> None:
    request = _request(dialect="openai_chat", model=model, reasoning=reasoning, sampling=Sampling(max_tokens=10_000))
    rendered, _ = _render(request)
    assert rendered.get("thinking") == wire
    assert rendered.get("output_config") == config


def test_only_thoughts_that_anthropic_signed_go_back_to_it() -> None:
    thoughts = (
        Thought(text="mine", signature="sig", dialect="anthropic"),
        Thought(text="theirs", signature="enc", dialect="gemini"),
        Thought(text="nobody's"),
        Thought(redacted="blob", dialect="anthropic"),
    )
    assistant = Message(role="assistant", thoughts=thoughts, parts=(TextPart(text="so"),))
    wire, dropped = _render(_request(messages=(_request().messages[0], assistant, _request().messages[0])))
    assert wire["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "mine", "signature": "sig"},
        {"type": "redacted_thinking", "data": "blob"},
        {"type": "text", "text": "so"},
    ]
    assert any(said.startswith("reasoning:") for said in dropped)


def test_thoughts_of_another_dialect_find_home_through_an_anthropic_client() -> None:
    thought = Thought(text="hm", signature="enc:ry", id="rs_1", dialect="openai_responses")
    hidden = Thought(redacted="blob", dialect="bedrock")
    answer = ChatResponse(
        id="x",
        created_s=0,
        model="m",
        choices=(Choice(index=0, message=Message(role="assistant", thoughts=(thought, hidden))),),
    )
    content = json.loads(DIALECT.render_response(answer, _request()))["content"]
    wire = {"model": "m", "messages": [{"role": "assistant", "content": content}]}
    assert DIALECT.parse_request(json.dumps(wire).encode(), "", None).messages[0].thoughts == (thought, hidden)


def test_a_schema_is_closed_and_what_it_cannot_hold_is_told_in_words() -> None:
    schema = {
        "type": "object",
        "properties": {
            "age": {"type": "integer", "minimum": 3, "description": "years"},
            "tags": {"type": "array", "items": {"type": "object"}},
        },
        "additionalProperties": True,
    }
    shape = OutputFormat(kind="json_schema", name="x", schema=schema)
    wire, dropped = _render(_request(dialect="openai_chat", output_format=shape))
    assert wire["output_config"]["format"] == {
        "type": "json_schema",
        "schema": {
            "type": "object",
            "properties": {
                "age": {"type": "integer", "description": "years (minimum: 3)"},
                "tags": {"type": "array", "items": {"type": "object", "additionalProperties": False}},
            },
            "additionalProperties": False,
        },
    }
    assert any("minimum" in said for said in dropped)
    assert any("additionalProperties" in said for said in dropped)


def test_a_beginning_of_the_answer_ends_without_white_space() -> None:
    begun = Message(role="assistant", parts=(TextPart(text="Dear \n"),))
    wire, _ = _render(_request(dialect="openai_chat", messages=(*_request().messages, begun)))
    assert wire["messages"][-1] == {"role": "assistant", "content": "Dear"}


def test_a_system_prompt_alone_is_sent_as_the_users() -> None:
    system = Message(role="system", parts=(TextPart(text="Say hi."),))
    wire, dropped = _render(_request(dialect="openai_chat", messages=(system,)))
    assert wire["messages"] == [{"role": "user", "content": "Say hi."}]
    assert "system" not in wire
    assert any("system prompt" in said for said in dropped)


def test_other_providers_refuse_blocks_that_only_anthropic_knows() -> None:
    upload = {"type": "container_upload", "file_id": "f"}
    wire = {"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "x"}, upload]}]}
    request = DIALECT.parse_request(json.dumps(wire).encode(), "", None)
    with pytest.raises(BadInput) as caught:
        find("openai_chat").render_request(request, CAN, Losses("OpenAI"))
    assert (caught.value.code, caught.value.where) == ("not_supported", "input_blocks")


def test_what_anthropic_clients_say_beside_is_dropped_with_a_word_where_it_matters() -> None:
    tool = {"name": "f", "input_schema": {"type": "object"}, "eager_input_streaming": True}
    said = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}
    wire = {"model": "m", "messages": [{"role": "user", "content": [said]}], "tools": [tool]}
    losses = Losses("OpenAI")
    request = DIALECT.parse_request(json.dumps(wire).encode(), "", None)
    rendered = json.loads(find("openai_chat").render_request(request, CAN, losses))
    assert losses.dropped == ["cache_control"]
    assert rendered["messages"] == [{"role": "user", "content": "x"}]


def test_thinking_between_tools_is_anthropics_alone() -> None:
    wire = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    wire |= {"thinking": {"type": "between_tools"}}
    request = DIALECT.parse_request(json.dumps(wire).encode(), "", None)
    assert json.loads(DIALECT.render_request(request, CAN, Losses("x"))) == wire
    assert json.loads(find("openai_chat").render_request(request, CAN, Losses("x")))["reasoning_effort"] == "none"
