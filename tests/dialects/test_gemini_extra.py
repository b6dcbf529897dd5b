"""Gemini beside generateContent: counts of tokens and lists of models, judged by Google's own types."""

from __future__ import annotations

import json

import pytest
from google.genai import types

from volant.core.capabilities import Capabilities
from volant.core.chat import ChatRequest, Message, TextPart, Tool
from volant.core.errors import UpstreamFailed
from volant.dialects.dialect import Losses
from volant.dialects.gemini_extra import answer_count, model_info, models_list, parse_count, read_count, render_count

HI = Message(role="user", parts=(TextPart(text="hi"),))


def test_both_shapes_of_a_count_are_read() -> None:
    contents = [{"role": "user", "parts": [{"text": "hi"}]}]
    bare = parse_count(json.dumps({"contents": contents}).encode(), "models/g")
    whole = {"model": "models/g", "contents": contents, "tools": [{"functionDeclarations": [{"name": "f"}]}]}
    full = parse_count(json.dumps({"generate_content_request": whole}).encode())
    assert (bare.model, bare.messages) == (full.model, full.messages) == ("g", (HI,))
    assert full.tools == (Tool(name="f"),)


def test_a_count_is_asked_with_all_that_counts() -> None:
    def asked(request: ChatRequest) -> dict[str, object]:
        return json.loads(render_count(request, Capabilities(), Losses("Gemini")))  # type: ignore[no-any-return]

    bare = ChatRequest(model="g", messages=(HI,), user="u")
    assert asked(bare) == {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
    system = Message(role="system", parts=(TextPart(text="s"),))
    request = ChatRequest(model="g", messages=(system, HI))
    wire = asked(request)
    assert parse_count(json.dumps(wire).encode()).messages == request.messages
    assert wire["generateContentRequest"]["model"] == "models/g"  # type: ignore[index]


def test_counts_come_back() -> None:
    assert read_count(answer_count(31)) == 31
    assert types.CountTokensResponse.model_validate_json(answer_count(31)).total_tokens == 31
    for body in (b"{}", b"[]", b"no", b'{"totalTokens": "many"}'):
        with pytest.raises(UpstreamFailed):
            read_count(body)


def test_models_are_listed_in_google_s_shape() -> None:
    listed = json.loads(models_list(["a", "b"]))["models"]
    assert [one["name"] for one in listed] == ["models/a", "models/b"]
    assert listed[0] == json.loads(model_info("a"))
    assert "generateContent" in listed[0]["supportedGenerationMethods"]
