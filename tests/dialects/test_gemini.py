"""Gemini: there and back again, for requests, answers and streams; Google's own types as the judge of names."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import msgspec
import pytest
from google.genai import types
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from volant.core.capabilities import Capabilities
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
from volant.core.errors import BadInput, LimitReached, UpstreamFailed
from volant.dialects import find
from volant.dialects.dialect import Losses
from volant.dialects.gemini import DIALECT
from volant.dialects.gemini_thoughts import wrapped
from volant.dialects.sse import SseCutter

ALL = Capabilities(files=True, audio=True, image_urls=True)
TEXT = st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=20)
WORD = TEXT.filter(bool)
PLAIN = WORD.filter(lambda text: "{" not in text)  # an object is sent as one, and comes back without its spaces
DATA = st.binary(min_size=1, max_size=9).map(lambda raw: base64.b64encode(raw).decode())
SIGNATURE = st.just("") | DATA
JSON_VALUE = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | TEXT, lambda one: st.lists(one, max_size=2))
ARGUMENTS = st.dictionaries(TEXT, JSON_VALUE, max_size=2).map(lambda one: msgspec.json.encode(one).decode())
PART = st.one_of(
    st.builds(TextPart, text=TEXT, signature=SIGNATURE),
    st.builds(ImagePart, url=DATA.map(lambda data: f"data:image/png;base64,{data}")),
    st.builds(AudioPart, data=DATA, format=st.sampled_from(["wav", "mp3", "ogg"])),
    st.builds(FilePart, data=DATA.map(lambda data: f"data:application/pdf;base64,{data}"), name=TEXT),
    st.builds(FilePart, file_id=st.just("https://generativelanguage.googleapis.com/v1beta/files/f1")),
)
PARTS = st.lists(PART, min_size=1, max_size=3).map(tuple)
THOUGHT = st.builds(Thought, text=WORD, signature=SIGNATURE, dialect=st.just("gemini"))
SCHEMA = st.fixed_dictionaries({"type": st.just("object"), "properties": st.just({"a": {"type": "string"}})})


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Message, ...]:
    """Turns that Gemini can hold: every call answered by the next turn, in order."""
    turns = [Message(role="system", parts=(TextPart(text=draw(WORD)),))] if draw(st.booleans()) else []
    for round_ in range(draw(st.integers(1, 3))):
        turns.append(Message(role="user", parts=draw(PARTS)))
        calls = tuple(
            ToolCall(id=f"c{round_}-{at}", name=draw(WORD), arguments=draw(ARGUMENTS), signature=draw(DATA))
            for at in range(draw(st.integers(0, 2)))
        )
        thoughts = tuple(draw(st.lists(THOUGHT, max_size=1)))
        turns.append(Message(role="assistant", parts=draw(PARTS), thoughts=thoughts, tool_calls=calls))
        turns += [
            Message(role="tool", tool_call_id=call.id, parts=(TextPart(text=draw(PLAIN)),), failed=draw(st.booleans()))
            for call in calls
        ]
    return tuple(turns)


NUMBER = st.none() | st.floats(0, 2)
REQUEST = st.builds(
    ChatRequest,
    model=st.sampled_from(["gemini-3-pro", "gemini-2.5-flash"]),
    messages=conversations(),
    tools=st.lists(st.builds(Tool, name=WORD, description=TEXT, parameters=SCHEMA), max_size=2).map(tuple),
    tool_choice=st.none() | st.builds(ToolChoice, mode=st.sampled_from(["auto", "none", "required"])),
    sampling=st.builds(
        Sampling,
        temperature=NUMBER,
        top_p=NUMBER,
        top_k=st.none() | st.integers(1, 99),
        max_tokens=st.none() | st.integers(1, 9999),
        stop=st.lists(WORD, max_size=2).map(tuple),
        seed=st.none() | st.integers(0, 9),
        n=st.none() | st.integers(1, 3),
        presence_penalty=NUMBER,
        logprobs=st.none() | st.booleans(),
        top_logprobs=st.none() | st.integers(0, 5),
    ),
    output_format=st.none()
    | st.builds(OutputFormat, kind=st.sampled_from(["text", "json"]))
    | st.builds(OutputFormat, kind=st.just("json_schema"), schema=SCHEMA),
    reasoning=st.none() | st.builds(Reasoning, budget_tokens=st.integers(1, 9999), shown=st.booleans()),
    own_tools=st.just(()) | st.just(({"googleSearch": {}}, {"codeExecution": {}})),
    extra=st.just({})
    | st.just({"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]})
    | st.just({"cachedContent": "cachedContents/x", "generationConfig.responseModalities": ["TEXT"]}),
    dialect=st.just("gemini"),
)


def render(request: ChatRequest, **can: bool) -> tuple[dict[str, Any], list[str]]:
    losses = Losses(DIALECT.title)
    capabilities = replace(Capabilities(files=True, audio=True), **can)
    return json.loads(DIALECT.render_request(request, capabilities, losses)), losses.dropped


def parse(body: dict[str, Any], model: str = "gemini-3-pro", stream: bool = False) -> ChatRequest:
    return DIALECT.parse_request(json.dumps(body).encode(), model, stream)


def user(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "parts": list(parts)}


def model(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"role": "model", "parts": list(parts)}


def asked(*messages: Message, **more: Any) -> ChatRequest:
    return ChatRequest(**({"model": "gemini-3-pro", "messages": messages} | more))


def said(text: str) -> Message:
    return Message(role="user", parts=(TextPart(text=text),))


# ---------------------------------------------------------------- request
@given(REQUEST)
@settings(max_examples=150, deadline=None)
def test_a_request_comes_back_as_it_went(request: ChatRequest) -> None:
    losses = Losses(DIALECT.title)
    body = DIALECT.render_request(request, ALL, losses)
    assert losses.dropped == []
    assert DIALECT.parse_request(body, request.model, False) == request


@given(REQUEST)
@settings(max_examples=60, deadline=None)
def test_google_s_own_types_know_every_name_of_a_request(request: ChatRequest) -> None:
    wire, _ = render(request, image_urls=True)
    for content in wire["contents"]:
        types.Content.model_validate(content)
    for tool in wire.get("tools", ()):
        types.Tool.model_validate(tool)
    types.ToolConfig.model_validate(wire.get("toolConfig", {}))
    types.GenerationConfig.model_validate(wire.get("generationConfig", {}))
    assert set(wire) <= {
        *("contents", "systemInstruction", "tools", "toolConfig", "generationConfig"),
        *("safetySettings", "cachedContent"),
    }


def test_snake_case_is_read_and_the_caller_s_own_names_are_left_alone() -> None:
    request = parse({
        "system_instruction": {"parts": [{"text": "be brief"}]},
        "contents": [
            user({"text": "hi"}, {"inline_data": {"mime_type": "image/png", "data": "_-8="}}),
            model({"function_call": {"name": "f", "args": {"snake_arg": {"in_ner": 1}}}, "thought_signature": "AA=="}),
            user({"function_response": {"name": "f", "response": {"snake_key": 2}}}),
        ],
        "generation_config": {"max_output_tokens": 7, "stop_sequences": ["x_y"], "top_k": 40.0},
        "tools": [{
            "function_declarations": [
                {"name": "f", "parameters": {"type": "OBJECT", "properties": {"snake_arg": {"type": "INTEGER"}}}}
            ]
        }],
        "safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT"}],
    })  # fmt: skip
    assert request.messages[0] == Message(role="system", parts=(TextPart(text="be brief"),))
    assert request.messages[1].parts[1] == ImagePart(url="data:image/png;base64,/+8=")
    call = request.messages[2].tool_calls[0]
    assert json.loads(call.arguments) == {"snake_arg": {"in_ner": 1}}
    assert call.signature == "AA=="
    assert json.loads(request.messages[3].text) == {"snake_key": 2}
    assert request.sampling == Sampling(max_tokens=7, stop=("x_y",), top_k=40)
    assert request.tools[0].parameters["properties"] == {"snake_arg": {"type": "integer"}}
    assert request.extra == {"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT"}]}


def test_answers_without_ids_find_their_calls_by_name_and_order() -> None:
    contents = [
        user({"text": "weather here and there, and the time"}),
        model(
            {"functionCall": {"name": "weather", "args": {"at": "here"}}},
            {"functionCall": {"name": "time", "args": {}}},
            {"functionCall": {"name": "weather", "args": {"at": "there"}}},
        ),
        user(
            {"functionResponse": {"name": "time", "response": {"output": "noon"}}},
            {"functionResponse": {"name": "weather", "response": {"output": "sun"}}},
            {"functionResponse": {"name": "weather", "response": {"error": "no station"}}},
            {"text": "go on"},
        ),
    ]
    first = parse({"contents": contents})
    again = parse({"contents": [*contents, model({"text": "ok"})]})
    here, time, there = first.messages[1].tool_calls
    assert len({here.id, time.id, there.id}) == 3
    assert first.messages == again.messages[:-1], "the ids are the same each time"
    tools = [(message.tool_call_id, message.text, message.failed) for message in first.messages[2:5]]
    assert tools == [(time.id, "noon", False), (here.id, "sun", False), (there.id, "no station", True)]
    assert first.messages[5] == said("go on")
    answers = render(first)[0]["contents"][2]["parts"]
    assert [part["functionResponse"]["name"] for part in answers] == ["time", "weather", "weather"]
    assert answers[2]["functionResponse"]["response"] == {"error": "no station"}


def test_calls_of_another_model_are_sent_as_such_where_gemini_asks_for_signatures() -> None:
    call = ToolCall(id="call_1", name="f", arguments="{}")
    earlier = (said("a"), Message(role="assistant", tool_calls=(call,)), Message(role="tool", tool_call_id="call_1"))
    other = ToolCall(id="call_2", name="f", arguments="{}")
    third = ToolCall(id="call_3", name="f", arguments="{}")
    now = (said("b"), Message(role="assistant", tool_calls=(other, third)), Message(role="tool", tool_call_id="call_2"))
    wire, dropped = render(asked(*earlier, *now))
    signed = [
        part.get("thoughtSignature")
        for content in wire["contents"]
        for part in content["parts"]
        if "functionCall" in part
    ]
    assert signed == [None, "skip_thought_signature_validator", None], "only this turn's first call of a step"
    assert base64.urlsafe_b64decode(signed[1] or "")
    assert [one.partition(":")[0] for one in dropped] == ["tool call signature"]
    wire, dropped = render(asked(*now, model="gemini-2.5-pro"))
    assert "thoughtSignature" not in json.dumps(wire)
    assert dropped == []


def test_a_real_signature_goes_round_and_another_provider_s_does_not() -> None:
    mine = Thought(text="hm", signature="AAAA", dialect="gemini")
    theirs = Thought(text="um", signature="BBBB", dialect="anthropic")
    wire, dropped = render(
        asked(said("x"), Message(role="assistant", thoughts=(mine, theirs), parts=(TextPart(text="y"),)))
    )
    assert wire["contents"][1]["parts"] == [
        {"text": "hm", "thought": True, "thoughtSignature": "AAAA"},
        {"text": "y"},
    ]
    assert "BBBB" not in json.dumps(wire)
    assert [one.partition(":")[0] for one in dropped] == ["reasoning"]


def test_schemas_cross_in_both_directions() -> None:
    theirs = {
        "type": "OBJECT",
        "propertyOrdering": ["b", "a"],
        "properties": {
            "a": {"type": "STRING", "nullable": True, "format": "enum", "enum": ["x"]},
            "b": {"type": "ARRAY", "items": {"type": "INTEGER"}, "minItems": "1", "example": [1]},
            "c": {"anyOf": [{"type": "STRING"}, {"type": "NUMBER"}], "nullable": True},
        },
        "required": ["b"],
    }
    request = parse({
        "contents": [user({"text": "x"})],
        "generationConfig": {"responseMimeType": "application/json", "responseSchema": theirs},
    })  # fmt: skip
    shape = request.output_format
    assert shape is not None
    assert shape.kind == "json_schema"
    assert list(shape.schema["properties"]) == ["b", "a", "c"]
    assert shape.schema["properties"] == {
        "b": {"type": "array", "items": {"type": "integer"}, "minItems": 1, "examples": [[1]]},
        "a": {"type": ["string", "null"], "enum": ["x", None]},
        "c": {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]},
    }
    ours = {
        "type": "object",
        "definitions": {"D": {"const": 3}},
        "properties": {"d": {"$ref": "#/definitions/D", "description": "d"}, "e": {"allOf": [{"type": "string"}]}},
        "additionalProperties": False,
    }
    wire, dropped = render(
        asked(said("x"), output_format=OutputFormat(kind="json_schema", name="N", schema=ours, strict=True))
    )
    assert wire["generationConfig"]["responseJsonSchema"] == {
        "title": "N",
        "type": "object",
        "$defs": {"D": {"enum": [3]}},
        "properties": {"d": {"description": "d", "anyOf": [{"$ref": "#/$defs/D"}]}, "e": {"type": "string"}},
        "additionalProperties": False,
    }
    assert dropped == []


def test_a_schema_that_gemini_does_not_hold_is_refused_where_it_counts_and_named_elsewhere() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^x"}}}
    strict = OutputFormat(kind="json_schema", schema=schema, strict=True)
    with pytest.raises(BadInput, match="pattern") as refused:
        render(asked(said("x"), output_format=strict))
    assert refused.value.code == "not_supported"
    _, dropped = render(asked(said("x"), output_format=OutputFormat(kind="json_schema", schema=schema)))
    assert dropped == ["response_format: it does not hold answers to the schema's 'pattern'"]


def test_which_tools_may_be_called() -> None:
    def choice(config: dict[str, Any]) -> ChatRequest:
        names = [{"name": name} for name in ("a", "b", "c")]
        return parse({
            "contents": [user({"text": "x"})],
            "tools": [{"functionDeclarations": names}, {"googleSearch": {}}],
            "toolConfig": {"functionCallingConfig": config, "retrievalConfig": {"languageCode": "de"}},
        })  # fmt: skip

    assert choice({"mode": "AUTO"}).tool_choice == ToolChoice(mode="auto")
    assert choice({"mode": "NONE"}).tool_choice == ToolChoice(mode="none")
    some = choice({"mode": "ANY", "allowedFunctionNames": ["a", "c"]})
    assert some.tool_choice == ToolChoice(mode="required")
    assert [tool.name for tool in some.tools] == ["a", "c"], "who may call only these two is offered only these two"
    one = choice({"mode": "ANY", "allowedFunctionNames": ["b"]})
    assert one.tool_choice == ToolChoice(mode="tool", name="b")
    assert one.own_tools == ({"googleSearch": {}},)
    assert one.extra == {"toolConfig.retrievalConfig": {"languageCode": "de"}}
    wire, _ = render(one)
    assert wire["toolConfig"] == {
        "functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["b"]},
        "retrievalConfig": {"languageCode": "de"},
    }
    strict = choice({"mode": "VALIDATED"})
    assert all(tool.strict for tool in strict.tools)
    assert render(strict)[0]["toolConfig"]["functionCallingConfig"] == {"mode": "VALIDATED"}


@pytest.mark.parametrize(
    ("name", "reasoning", "thinking"),
    [
        ("gemini-2.5-flash", Reasoning(effort="medium"), {"thinkingBudget": 8192}),
        ("gemini-2.5-flash", Reasoning(effort="none"), {"thinkingBudget": 0}),
        ("gemini-3-pro", Reasoning(effort="medium", shown=True), {"thinkingLevel": "MEDIUM", "includeThoughts": True}),
        ("gemini-3-pro", Reasoning(effort="max"), {"thinkingLevel": "XHIGH"}),
        ("gemini-flash-latest", Reasoning(budget_tokens=77), {"thinkingBudget": 77}),
    ],
)
def test_how_much_to_think(name: str, reasoning: Reasoning, thinking: dict[str, Any]) -> None:
    wire, _ = render(asked(said("x"), model=name, reasoning=reasoning))
    assert wire["generationConfig"]["thinkingConfig"] == thinking
    types.ThinkingConfig.model_validate(thinking)


def test_thinking_as_much_as_the_model_likes_goes_back_as_it_came() -> None:
    body = {"contents": [user({"text": "x"})], "generationConfig": {"thinkingConfig": {"thinkingBudget": -1}}}
    request = parse(body)
    assert request.reasoning == Reasoning()
    assert render(request)[0] == body


def test_what_another_provider_runs_or_holds_is_refused() -> None:
    for request in (
        asked(said("x"), own_tools=({"type": "web_search"},), dialect="openai_responses"),
        asked(Message(role="user", parts=(FilePart(file_id="file-abc"),)), dialect="openai_chat"),
        asked(said("x"), Message(role="tool", tool_call_id="nobody", parts=(TextPart(text="y"),))),
    ):
        with pytest.raises(BadInput) as refused:
            render(request)
        assert refused.value.code == "not_supported"


def test_harmless_losses_are_named() -> None:
    system = Message(role="system", parts=(TextPart(text="now in French"),))
    request = asked(
        said("x"), system, user="u", metadata={"a": "b"}, tools=(Tool(name="f"),), parallel_tool_calls=False
    )
    wire, dropped = render(request)
    assert [content["role"] for content in wire["contents"]] == ["user", "user"]
    names = [one.partition(":")[0] for one in dropped]
    assert names == ["system message", "user", "metadata", "parallel_tool_calls"]


def test_a_broken_call_of_the_history_is_still_told() -> None:
    call = ToolCall(id="c", name="f", arguments='{"a": ')
    wire, dropped = render(asked(said("x"), Message(role="assistant", tool_calls=(call,))))
    assert wire["contents"][1]["parts"][0]["functionCall"]["args"] == {"INVALID_JSON": '{"a": '}
    assert any(one.startswith("tool_calls.arguments") for one in dropped)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"contents": 5}, "contents"),
        ({"contents": [{"role": "assistant", "parts": []}]}, "contents[0].role"),
        ({"contents": [user({"text": 5})]}, "contents[0].parts[0].text"),
        ({"contents": [user({"inlineData": {"data": "*"}})]}, "contents[0].parts[0].inlineData.data"),
        ({"contents": [user({"functionCall": {"name": "f"}})]}, "contents[0].parts[0].functionCall"),
        ({"contents": [], "generationConfig": {"topK": "many"}}, "generationConfig.topK"),
        ({"contents": [], "generationConfig": {"temperature": "hot"}}, "generationConfig.temperature"),
        ({"contents": [], "tools": [{"functionDeclarations": [{}]}]}, "tools[0].functionDeclarations[0].name"),
    ],
)
def test_a_wrong_field_is_named_with_its_path(body: dict[str, Any], where: str) -> None:
    with pytest.raises(BadInput) as error:
        parse(body)
    assert error.value.code == "invalid_field"
    assert error.value.where == where


NAMES = st.sampled_from([
    *("contents", "parts", "role", "text", "functionCall", "functionResponse", "inlineData", "name", "data", "tools"),
    *("functionDeclarations", "parameters", "properties", "type", "generationConfig", "thinkingConfig", "toolConfig"),
    *("responseSchema", "systemInstruction"),
])  # fmt: skip
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda one: st.lists(one) | st.dictionaries(NAMES, one),
    max_leaves=30,
)


@given(ANY_JSON)
@settings(max_examples=300, deadline=None)
def test_any_json_is_a_request_or_a_named_complaint(body: Any) -> None:
    with contextlib.suppress(BadInput):  # and nothing else
        assert DIALECT.parse_request(json.dumps(body).encode(), "m", None).model == "m"


# ---------------------------------------------------------------- answers and streams
USAGE = {"promptTokenCount": 9, "candidatesTokenCount": 4, "thoughtsTokenCount": 3, "totalTokenCount": 18,
         "cachedContentTokenCount": 2, "toolUsePromptTokenCount": 2}  # fmt: skip
PIECE = st.one_of(
    st.builds(lambda text: {"text": text}, TEXT),
    st.builds(lambda text: {"text": text, "thought": True}, WORD),
    st.builds(lambda sign: {"text": "", "thoughtSignature": sign}, DATA),
    st.builds(lambda text, sign: {"text": text, "thought": True, "thoughtSignature": sign}, WORD, DATA),
    st.builds(
        lambda name, sign: {"functionCall": {"name": name, "args": {"a": 1}}, "thoughtSignature": sign}, WORD, DATA
    ),
    st.builds(lambda data: {"inlineData": {"mimeType": "image/png", "data": data}}, DATA),
    st.just({"executableCode": {"language": "PYTHON", "code": "1+1"}}),
)


@st.composite
def answers(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Chunks of one stream: every candidate's pieces, cut anywhere between, a finish each."""
    about = {"responseId": "r1", "modelVersion": "gemini-3-pro"}
    chunks: list[dict[str, Any]] = []
    for index in range(draw(st.integers(1, 2))):
        for parts in draw(st.lists(st.lists(PIECE, max_size=2), max_size=3)):
            chunks += [{"candidates": [{"index": index, "content": model(*parts)}], **about}]
        last: dict[str, Any] = {"index": index, "finishReason": draw(st.sampled_from(["STOP", "MAX_TOKENS", "SAFETY"]))}
        if draw(st.booleans()):
            last["groundingMetadata"] = {"webSearchQueries": ["q"]}
        chunks.append({"candidates": [last], "usageMetadata": USAGE, **about})
    return chunks


def whole_of(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """The whole answer that says the same."""
    candidates: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        for piece in chunk["candidates"]:
            into = candidates.setdefault(piece["index"], {"content": {"role": "model", "parts": []}})
            into["content"]["parts"] += piece.get("content", {}).get("parts", [])
            into |= {name: value for name, value in piece.items() if name != "content"}
    return {
        "candidates": list(candidates.values()),
        "usageMetadata": USAGE,
        "responseId": "r1",
        "modelVersion": "gemini-3-pro",
    }


def sse(chunks: list[dict[str, Any]]) -> bytes:
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n" for chunk in chunks)


def events_of(pieces: list[bytes]) -> list[StreamEvent]:
    cutter, parser = SseCutter(), DIALECT.stream_parser()
    events: list[StreamEvent] = []
    for piece in pieces:
        for event in cutter.feed(piece):
            events += parser.feed(event)
    events += parser.feed(cutter.flush())
    return events


@given(answers(), st.data())
@settings(max_examples=150, deadline=None)
def test_any_cut_of_a_stream_amounts_to_the_whole_answer(chunks: list[dict[str, Any]], data: st.DataObject) -> None:
    body = sse(chunks)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=6)))
    pieces = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    events = events_of(pieces)
    assert events == events_of([body])
    assert assemble(events) == DIALECT.parse_response(json.dumps(whole_of(chunks)).encode())


def joined(response: ChatResponse) -> ChatResponse:
    """Unsigned thoughts with nothing between them are one on the wire."""
    choices = []
    for choice in response.choices:
        thoughts: list[Thought] = []
        for thought in choice.message.thoughts:
            if thoughts and not thoughts[-1].signature:
                thoughts[-1] = replace(thought, text=thoughts[-1].text + thought.text)
            else:
                thoughts.append(thought)
        choices.append(replace(choice, message=replace(choice.message, thoughts=tuple(thoughts))))
    return replace(response, choices=tuple(choices))


@given(answers())
@settings(max_examples=150, deadline=None)
def test_an_answer_comes_back_as_it_went_whole_and_streamed(chunks: list[dict[str, Any]]) -> None:
    shown = asked(said("x"), reasoning=Reasoning(shown=True))
    response = DIALECT.parse_response(json.dumps(whole_of(chunks)).encode())
    body = DIALECT.render_response(response, shown)
    types.GenerateContentResponse.model_validate(json.loads(body))
    assert joined(DIALECT.parse_response(body)) == joined(response)
    renderer = DIALECT.stream_renderer(shown)
    events = events_of([sse(chunks)])
    streamed = b"".join(map(renderer.feed, events)) + renderer.done()
    assert joined(assemble(events_of([streamed]))) == joined(assemble(events))


def answer(**more: Any) -> dict[str, Any]:
    return {"candidates": [{"content": model({"text": "hi"}), "finishReason": "STOP"}], **more}


def test_usage_counts_thoughts_and_the_provider_s_tools_in() -> None:
    response = DIALECT.parse_response(json.dumps(answer(usageMetadata=USAGE)).encode())
    assert response.usage == Usage(input_tokens=11, output_tokens=7, cached_tokens=2, reasoning_tokens=3)
    wire = json.loads(DIALECT.render_response(response, asked(said("x"))))["usageMetadata"]
    assert wire == {
        "promptTokenCount": 11,
        "candidatesTokenCount": 4,
        "thoughtsTokenCount": 3,
        "cachedContentTokenCount": 2,
        "totalTokenCount": 18,
    }


@pytest.mark.parametrize(
    ("word", "reason", "detail", "back"),
    [
        ("STOP", "stop", "", "STOP"),
        ("MAX_TOKENS", "length", "", "MAX_TOKENS"),
        ("SAFETY", "content_filter", "SAFETY", "SAFETY"),
        ("RECITATION", "content_filter", "RECITATION", "RECITATION"),
        ("MALFORMED_FUNCTION_CALL", "error", "MALFORMED_FUNCTION_CALL", "MALFORMED_FUNCTION_CALL"),
    ],
)
def test_finish_reasons(word: str, reason: str, detail: str, back: str) -> None:
    response = DIALECT.parse_response(json.dumps({"candidates": [{"finishReason": word}]}).encode())
    assert (response.choices[0].finish, response.choices[0].finish_detail) == (reason, detail)
    wire = json.loads(DIALECT.render_response(response, asked(said("x"))))
    assert wire["candidates"][0]["finishReason"] == back


def test_a_call_finishes_with_a_call_and_words_of_other_providers_become_gemini_s() -> None:
    called = {"candidates": [{"content": model({"functionCall": {"name": "f"}}), "finishReason": "STOP"}]}
    assert DIALECT.parse_response(json.dumps(called).encode()).choices[0].finish == "tool_calls"
    message = Message(role="assistant", parts=(TextPart(text="no"),))
    choice = Choice(index=0, message=message, finish="stop", finish_detail="pause_turn")
    foreign = ChatResponse(id="m", created_s=1, model="claude", choices=(choice,), dialect="anthropic", extra={"a": 1})
    wire = json.loads(DIALECT.render_response(foreign, asked(said("x"))))
    assert wire["candidates"][0]["finishReason"] == "STOP"
    assert "a" not in wire


def test_a_blocked_prompt_is_a_filtered_answer_and_goes_back_as_it_came() -> None:
    body = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 3}}
    response = DIALECT.parse_response(json.dumps(body).encode())
    assert (response.choices[0].finish, response.choices[0].finish_detail) == ("content_filter", "PROHIBITED_CONTENT")
    wire = json.loads(DIALECT.render_response(response, asked(said("x"))))
    assert wire["promptFeedback"] == body["promptFeedback"]
    assert "candidates" not in wire
    events = events_of([sse([body])])
    renderer = DIALECT.stream_renderer(asked(said("x")))
    streamed = b"".join(map(renderer.feed, events)) + renderer.done()
    assert assemble(events_of([streamed])) == response == assemble(events)


def test_an_answer_without_candidates_or_reason_is_none() -> None:
    for body in (b"{}", b'{"candidates": []}', b"[]", b"<html>", b'{"candidates": [{"content": {"parts": [5]}}]}'):
        with pytest.raises(UpstreamFailed) as error:
            DIALECT.parse_response(body)
        assert error.value.code == "invalid_answer"


def test_log_probabilities_cross() -> None:
    result = {
        "chosenCandidates": [{"token": "hi", "logProbability": -0.25}],
        "topCandidates": [
            {"candidates": [{"token": "hi", "logProbability": -0.25}, {"token": "ho", "logProbability": -2.5}]}
        ],
    }
    body = answer()
    body["candidates"][0]["logprobsResult"] = result
    response = DIALECT.parse_response(json.dumps(body).encode())
    top = [
        {"token": token, "logprob": value, "bytes": list(token.encode())}
        for token, value in (("hi", -0.25), ("ho", -2.5))
    ]
    assert response.choices[0].logprobs == {"content": [{**top[0], "top_logprobs": top}]}
    wire = json.loads(DIALECT.render_response(response, asked(said("x"))))
    assert wire["candidates"][0]["logprobsResult"] == result


def test_a_foreign_stream_becomes_gemini_s() -> None:
    renderer = DIALECT.stream_renderer(asked(said("x")))
    events: list[StreamEvent] = [
        Started(id="c1", created_s=1, model="gpt", dialect="openai_chat", extra={"system_fingerprint": "f"}),
        Delta(reasoning="not asked for"),
        Delta(text="a"),
        ToolDelta(call=0, id="i0", name="f", arguments=""),
        ToolDelta(call=0, arguments='{"x":'),
        ToolDelta(call=1, id="i1", name="g", arguments="{}"),
        ToolDelta(call=0, arguments="1}"),
        Finished(reason="tool_calls"),
        Counted(usage=Usage(input_tokens=3, output_tokens=5, reasoning_tokens=2)),
    ]
    body = b"".join(map(renderer.feed, events)) + renderer.done()
    chunks = [json.loads(frame[6:]) for frame in body.split(b"\n\n") if frame]
    for chunk in chunks:
        types.GenerateContentResponse.model_validate(chunk)
        assert chunk["responseId"] == "c1"
    assert chunks[0]["candidates"][0]["content"]["parts"] == [{"text": "a"}]
    last = chunks[-1]
    assert last["candidates"][0]["finishReason"] == "STOP"
    assert last["candidates"][0]["content"]["parts"] == [
        {"functionCall": {"id": "i0", "name": "f", "args": {"x": 1}}},
        {"functionCall": {"id": "i1", "name": "g", "args": {}}},
    ]
    assert last["usageMetadata"]["thoughtsTokenCount"] == 2
    assert "not asked for" not in body.decode()
    assert "system_fingerprint" not in body.decode()


def test_a_stream_ends_well_formed_without_finish_or_usage() -> None:
    assert DIALECT.stream_renderer(asked(said("x"))).done() == b""
    renderer = DIALECT.stream_renderer(asked(said("x")))
    assert events_of([renderer.feed(Delta(text="a")) + renderer.done()])[1:] == [Delta(text="a")]


def test_a_stream_that_breaks_off_says_so_both_ways() -> None:
    renderer = DIALECT.stream_renderer(asked(said("x")))
    body = renderer.feed(Delta(text="a")) + renderer.feed(Failed(message="gone", kind="UNAVAILABLE", code="stalled"))
    events = events_of([body + renderer.done()])
    assert events[-1] == Failed(message="gone", kind="UNAVAILABLE", code="503")
    bare = events_of([b'{\n  "error": {\n    "code": 500,\n    "message": "ouch",\n    "status": "INTERNAL"\n  }\n}\n'])
    assert bare == [Failed(message="ouch", kind="INTERNAL", code="500")]


def test_a_chunk_that_is_none_is_named() -> None:
    for frame in (b"data: {nope\n\n", b"data: [1, 2]\n\n", b'data: {"candidates": {"a": 1}}\n\n'):
        with pytest.raises(UpstreamFailed) as error:
            DIALECT.stream_parser().feed(frame)
        assert error.value.code == "invalid_chunk"
    assert DIALECT.stream_parser().feed(b": keep-alive\n\n") == []


FOREIGN = st.builds(
    Thought,
    text=TEXT,
    signature=WORD,
    redacted=TEXT,
    id=TEXT,
    dialect=st.sampled_from(["anthropic", "openai_responses"]),
)


@given(st.lists(FOREIGN, min_size=1, max_size=3))
@settings(deadline=None)
def test_other_providers_proofs_of_thinking_survive_a_client_that_speaks_gemini(thoughts: list[Thought]) -> None:
    message = Message(role="assistant", thoughts=tuple(thoughts), parts=(TextPart(text="y"),))
    choice = Choice(index=0, message=message, finish="stop")
    response = ChatResponse(id="m", created_s=0, model="claude", choices=(choice,), dialect="anthropic")
    shown = asked(said("x"), reasoning=Reasoning(shown=True))
    content = json.loads(DIALECT.render_response(response, shown))["candidates"][0]["content"]
    through_the_sdk = types.Content.model_validate(content).model_dump(mode="json", exclude_none=True, by_alias=True)
    assert parse({"contents": [through_the_sdk]}).messages == (message,)
    events: list[StreamEvent] = [Started(id="m", created_s=0, model="claude", dialect="anthropic")]
    for one in thoughts:
        events += [Delta(reasoning=one.text)] if one.text else []
        events.append(ThoughtEnded(signature=one.signature, redacted=one.redacted, id=one.id, dialect=one.dialect))
    for seen in (True, False):
        renderer = DIALECT.stream_renderer(asked(said("x"), reasoning=Reasoning(shown=seen)))
        body = b"".join(map(renderer.feed, [*events, Delta(text="y"), Finished(reason="stop")])) + renderer.done()
        chunks = [json.loads(frame[6:]) for frame in body.split(b"\n\n") if frame]
        parts = [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"] if part.get("thought")]
        if not seen:
            assert len(parts) == sum(not one.text for one in thoughts), "what needs its text is not given without it"
        sealed = [part["thoughtSignature"] for part in parts if "thoughtSignature" in part]
        back = parse({"contents": [model(*({"text": "", "thought": True, "thoughtSignature": one} for one in sealed))]})
        want = [replace(one, text="") for one in thoughts if seen or not one.text]
        assert list(back.messages[0].thoughts) == want


# ---------------------------------------------------------------- errors
def test_errors_are_read() -> None:
    body = {
        "error": {
            "code": 429,
            "message": "quota",
            "status": "RESOURCE_EXHAUSTED",
            "details": [
                {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "RATE_LIMIT_EXCEEDED"},
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37.5s"},
            ],
        }
    }
    for raw in (json.dumps(body), json.dumps([body])):
        said_ = DIALECT.parse_error(429, raw.encode())
        assert (said_.message, said_.kind, said_.code) == ("quota", "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED")
        assert said_.retry_after_s == 37.5
        assert not said_.context_exceeded
    long = {
        "error": {
            "code": 400,
            "message": "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).",
        }
    }
    assert DIALECT.parse_error(400, json.dumps(long).encode()).context_exceeded
    assert DIALECT.parse_error(404, json.dumps(long).encode()).context_exceeded is False


@given(st.integers(100, 599), st.binary(max_size=60) | st.recursive(
    st.none() | st.integers() | TEXT,
    lambda one: st.lists(one) | st.dictionaries(st.sampled_from(["error", "message", "details", "retryDelay"]), one),
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
@settings(deadline=None)
def test_reading_an_error_never_fails(status: int, body: bytes) -> None:
    assert isinstance(DIALECT.parse_error(status, body).message, str)


def test_our_errors_are_written_as_google_s() -> None:
    error = LimitReached("rate_limited", "too many requests", where="key k", hint="wait", retry_after_s=1.5)
    wire = json.loads(DIALECT.render_error(error, "req_1"))["error"]
    assert (wire["code"], wire["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert wire["message"] == "too many requests (key k). wait"
    kinds = {detail["@type"].rpartition(".")[2]: detail for detail in wire["details"]}
    assert kinds["ErrorInfo"]["reason"] == "RATE_LIMITED"
    assert kinds["RetryInfo"]["retryDelay"] == "1.500s"
    assert kinds["RequestInfo"]["requestId"] == "req_1"
    assert DIALECT.parse_error(429, DIALECT.render_error(error, "req_1")).retry_after_s == 1.5


def test_the_dialect_is_found_by_name() -> None:
    assert find("gemini") is DIALECT


def test_parts_that_nobody_else_knows_are_refused_of_a_user_and_named_of_a_model() -> None:
    chat = find("openai_chat")
    ran = model({"executableCode": {"language": "PYTHON", "code": "1"}}, {"text": "1"})
    losses = Losses(chat.title)
    chat.render_request(parse({"contents": [user({"text": "x"}), ran]}), ALL, losses)
    assert losses.dropped == ["ownParts"]
    for body in (
        {"contents": [user({"text": "x"}, {"newThing": {}})]},
        {"contents": [user({"text": "x"})], "generationConfig": {"responseModalities": ["IMAGE"]}},
    ):
        with pytest.raises(BadInput) as refused:
            chat.render_request(parse(body), ALL, Losses(chat.title))
        assert refused.value.code == "not_supported"
        again, _ = render(parse(body))
        assert parse(again) == parse(body), "Gemini itself gets them as they came"


def test_a_wrapped_proof_belongs_to_all_pieces_of_its_stream() -> None:
    proof = wrapped(Thought(signature="c2ln", dialect="anthropic"))
    parts = [{"text": "Let ", "thought": True}, {"text": "me see.", "thought": True}]
    parts.append({"text": "", "thought": True, "thoughtSignature": proof})
    body = msgspec.json.encode({"contents": [{"role": "model", "parts": parts}]})
    (message,) = DIALECT.parse_request(body, "m", None).messages
    assert message.thoughts == (Thought(text="Let me see.", signature="c2ln", dialect="anthropic"),)
