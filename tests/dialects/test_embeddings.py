"""Embeddings: OpenAI's and Gemini's, there and back again, and what cannot cross."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import pytest
from google.genai import types as google
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types import CreateEmbeddingResponse

from volant.core.embeddings import EmbeddingRequest, EmbeddingResponse
from volant.core.errors import BadInput, UpstreamFailed
from volant.dialects import EMBEDDING_NAMES, find_embeddings
from volant.dialects.dialect import EmbeddingDialect, Losses
from volant.dialects.gemini_embeddings import DIALECT as GEMINI
from volant.dialects.openai_embeddings import DIALECT as OPENAI

TEXT = st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=20)
TOKENS = st.lists(st.integers(0, 200_000), min_size=1, max_size=4).map(tuple)
KINDS = st.sampled_from(["", "query", "document", "similarity", "classification", "clustering"])
FLOAT32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
VECTORS = st.lists(st.lists(FLOAT32, min_size=1, max_size=3).map(tuple), min_size=1, max_size=3).map(tuple)
SIZE = st.none() | st.integers(1, 3072)


@st.composite
def openai_requests(draw: st.DrawFn) -> EmbeddingRequest:
    single = draw(st.booleans())
    one = TEXT | TOKENS
    inputs = (draw(one),) if single else tuple(draw(st.lists(one, min_size=1, max_size=3)))
    return EmbeddingRequest(
        model=draw(TEXT.filter(bool)),
        inputs=inputs,
        single=single,
        dimensions=draw(SIZE),
        base64=draw(st.booleans()),
        user=draw(TEXT),
        dialect="openai",
        extra=draw(st.just({}) | st.just({"input_type": "query"})),
    )


@st.composite
def gemini_requests(draw: st.DrawFn) -> EmbeddingRequest:
    return EmbeddingRequest(
        model="gemini-embedding-001",
        inputs=tuple(draw(st.lists(TEXT, min_size=1, max_size=3))),
        dimensions=draw(SIZE),
        kind=draw(KINDS),
        title=draw(TEXT),
        dialect="gemini",
        extra=draw(st.just({}) | st.just({"autoTruncate": True})),
    )


def render(dialect: EmbeddingDialect, request: EmbeddingRequest) -> tuple[dict[str, Any], list[str]]:
    losses = Losses(dialect.title)
    return json.loads(dialect.render_request(request, losses)), losses.dropped


@given(openai_requests())
@settings(deadline=None)
def test_an_openai_request_comes_back_as_it_went(request: EmbeddingRequest) -> None:
    wire, dropped = render(OPENAI, request)
    assert dropped == []
    assert OPENAI.parse_request(json.dumps(wire).encode(), "") == request


@given(gemini_requests())
@settings(deadline=None)
def test_a_gemini_request_comes_back_as_it_went(request: EmbeddingRequest) -> None:
    wire, dropped = render(GEMINI, request)
    assert dropped == []
    assert GEMINI.parse_request(json.dumps(wire).encode(), request.model) == request
    for one in wire["requests"]:
        assert one["model"] == "models/gemini-embedding-001"
        google.Content.model_validate(one["content"])


@given(VECTORS, st.booleans(), st.integers(0, 99))
@settings(deadline=None)
def test_vectors_survive_every_way_they_are_written(
    vectors: tuple[tuple[float, ...], ...], packed: bool, tokens: int
) -> None:
    response = EmbeddingResponse(model="m", vectors=vectors, input_tokens=tokens)
    request = EmbeddingRequest(model="m", inputs=("x",) * len(vectors), base64=packed)
    body = OPENAI.render_response(response, request)
    assert OPENAI.parse_response(body) == response
    if not packed:
        CreateEmbeddingResponse.model_validate_json(body, strict=True)
    theirs = GEMINI.render_response(response, request)
    assert GEMINI.parse_response(theirs).vectors == vectors
    assert GEMINI.parse_response(theirs).input_tokens == tokens
    google.EmbedContentResponse.model_validate(json.loads(theirs))


def test_base64_is_what_the_sdk_reads() -> None:
    request = EmbeddingRequest(model="m", inputs=("x",), base64=True)
    body = json.loads(OPENAI.render_response(EmbeddingResponse(model="m", vectors=((1.5, -2.0),)), request))
    assert base64.b64decode(body["data"][0]["embedding"]) == struct.pack("<2f", 1.5, -2.0)


def test_vectors_are_ordered_by_their_index() -> None:
    data = [{"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": [1.0]}]
    response = OPENAI.parse_response(json.dumps({"data": data, "model": "m", "usage": {"prompt_tokens": 4}}).encode())
    assert response == EmbeddingResponse(model="m", vectors=((1.0,), (2.0,)), input_tokens=4)


def test_one_and_many_are_answered_in_their_own_shapes() -> None:
    one = GEMINI.parse_request(
        b'{"content": {"parts": [{"text": "a"}, {"text": "b"}]}, "task_type": "CLUSTERING"}', "models/e"
    )
    assert one == EmbeddingRequest(model="e", inputs=("ab",), single=True, kind="clustering", dialect="gemini")
    many = GEMINI.parse_request(b'{"requests": [{"content": {"parts": [{"text": "a"}]}}]}', "e")
    assert not many.single
    answer = EmbeddingResponse(model="e", vectors=((1.0,),))
    assert json.loads(GEMINI.render_response(answer, one)) == {"embedding": {"values": [1.0]}}
    assert json.loads(GEMINI.render_response(answer, many)) == {"embeddings": [{"values": [1.0]}]}
    assert GEMINI.parse_response(GEMINI.render_response(answer, one)).vectors == ((1.0,),)


def test_titles_and_purposes_of_a_batch() -> None:
    def batch(*requests: dict[str, Any]) -> bytes:
        return json.dumps({"requests": [{"content": {"parts": [{"text": "t"}]}} | one for one in requests]}).encode()

    titled = GEMINI.parse_request(batch({"title": "a"}, {"title": "b"}), "e")
    assert [one["title"] for one in render(GEMINI, titled)[0]["requests"]] == ["a", "b"]
    asking = GEMINI.parse_request(batch({"taskType": "QUESTION_ANSWERING"}), "e")
    assert render(GEMINI, asking)[0]["requests"][0]["taskType"] == "QUESTION_ANSWERING"
    assert render(OPENAI, asking)[1] == ["taskType"]
    with pytest.raises(BadInput) as error:
        GEMINI.parse_request(batch({"taskType": "CLUSTERING"}, {}), "e")
    assert error.value.where == "requests[1].taskType"


def test_gemini_takes_a_hundred_texts_a_request_in_their_order_with_their_titles() -> None:
    texts = [f"t{at}" for at in range(201)]
    requests = [{"title": text, "content": {"parts": [{"text": text}]}} for text in texts]
    asked = GEMINI.parse_request(json.dumps({"requests": requests}).encode(), "e")
    parts = [render(GEMINI, part)[0]["requests"] for part in GEMINI.split(asked)]
    assert [len(part) for part in parts] == [100, 100, 1]
    every = [one for part in parts for one in part]
    assert [one["title"] for one in every] == [one["content"]["parts"][0]["text"] for one in every] == texts
    small = EmbeddingRequest(model="m", inputs=("x",) * 100)
    assert GEMINI.split(small) == (small,)
    many = EmbeddingRequest(model="m", inputs=("x",) * 300)
    assert OPENAI.split(many) == (many,)


def test_what_cannot_cross_is_refused_and_what_is_harmless_is_named() -> None:
    tokens = EmbeddingRequest(model="m", inputs=((1, 2),), dialect="openai")
    with pytest.raises(BadInput, match="token ids") as refused:
        render(GEMINI, tokens)
    assert refused.value.code == "not_supported"
    with pytest.raises(BadInput, match="token ids"):
        render(GEMINI, EmbeddingRequest(model="m", inputs=("x",) * 101 + ((1, 2),)))
    _, dropped = render(GEMINI, EmbeddingRequest(model="m", inputs=("x",), user="u", dialect="openai"))
    assert dropped == ["user"]
    wire, dropped = render(
        OPENAI, EmbeddingRequest(model="m", inputs=("x",), kind="query", title="t", dialect="gemini")
    )
    assert [one.partition(":")[0] for one in dropped] == ["task type", "title"]
    assert wire == {"model": "m", "input": ["x"]}


@pytest.mark.parametrize(
    ("dialect", "body", "where"),
    [
        (OPENAI, {"model": "m"}, "input"),
        (OPENAI, {"model": "m", "input": []}, "input"),
        (OPENAI, {"model": "m", "input": [1, "a"]}, "input[0]"),
        (OPENAI, {"model": "m", "input": [[1], [True]]}, "input[1]"),
        (OPENAI, {"model": "m", "input": "x", "encoding_format": "hex"}, "encoding_format"),
        (OPENAI, {"input": "x"}, "model"),
        (GEMINI, {"requests": []}, "requests"),
        (GEMINI, {"content": {}}, "content.parts"),
        (GEMINI, {"content": {"parts": [{"inlineData": {}}]}}, "content.parts[0]"),
        (GEMINI, {"requests": [{"content": {"parts": [{"text": "a"}]}, "outputDimensionality": "x"}]},
         "requests[0].outputDimensionality"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_with_its_path(dialect: EmbeddingDialect, body: dict[str, Any], where: str) -> None:
    with pytest.raises(BadInput) as error:
        dialect.parse_request(json.dumps(body).encode(), "")
    assert error.value.where == where


@pytest.mark.parametrize("dialect", [OPENAI, GEMINI])
@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"data": [{"embedding": "AAA"}]}', b'{"data": [{"embedding": ["x"]}]}',
             b'{"embeddings": [{"values": [null]}]}', b'{"embedding": 5}'],
)  # fmt: skip
def test_an_answer_that_is_none_is_named(dialect: EmbeddingDialect, body: bytes) -> None:
    with pytest.raises(UpstreamFailed) as error:
        dialect.parse_response(body)
    assert error.value.code == "invalid_answer"


def test_both_are_found_by_name() -> None:
    assert [find_embeddings(name).name for name in EMBEDDING_NAMES] == ["openai", "gemini"]
