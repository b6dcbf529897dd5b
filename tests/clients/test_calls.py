"""What is not a chat, through Volant with the vendors' Python SDKs: models, embeddings, token counts, moderations,
legacy completions; and where a client may knock: prefixes, the root, keys in every header."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from google import genai
from google.genai import errors as genai_errors
from google.genai import types
from tests.clients import settings, up_openai
from tests.clients.asks import SAID
from tests.clients.brain import INPUT, vector
from tests.clients.conftest import Volant

EMBEDDING = ("openai", "azure", "compatible", "gemini")
NOT_EMBEDDING = ("anthropic", "bedrock")


@pytest.fixture(scope="module")
def by_openai(volant: Volant) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=volant.base_url("chat"), api_key=volant.key, max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def by_anthropic(volant: Volant) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=volant.base_url("anthropic"), api_key=volant.key, max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def by_gemini(volant: Volant) -> genai.Client:
    options = types.HttpOptions(
        base_url=volant.base_url("gemini"), retry_options=types.HttpRetryOptions(attempts=1), api_version="v1beta"
    )
    return genai.Client(api_key=volant.key, http_options=options, vertexai=False)


# ---------------------------------------------------------------- models
def test_openai_lists_and_gets_models(by_openai: openai.OpenAI) -> None:
    assert {settings.task(target) for target in settings.TARGETS} <= {model.id for model in by_openai.models.list()}
    assert by_openai.models.retrieve("at-gemini").object == "model"
    with pytest.raises(openai.NotFoundError, match="nothing-of-this-name"):
        by_openai.models.retrieve("nothing-of-this-name")


def test_anthropic_lists_and_gets_models(by_anthropic: anthropic.Anthropic) -> None:
    assert {settings.task(target) for target in settings.TARGETS} <= {model.id for model in by_anthropic.models.list()}
    assert by_anthropic.models.retrieve("at-openai").type == "model"
    with pytest.raises(anthropic.NotFoundError, match="nothing-of-this-name"):
        by_anthropic.models.retrieve("nothing-of-this-name")


def test_gemini_lists_and_gets_models(by_gemini: genai.Client) -> None:
    names = {model.name for model in by_gemini.models.list()}
    assert {f"models/{settings.task(target)}" for target in settings.TARGETS} <= names
    assert by_gemini.models.get(model="at-openai").name == "models/at-openai"
    with pytest.raises(genai_errors.ClientError, match="nothing-of-this-name"):
        by_gemini.models.get(model="nothing-of-this-name")


# ---------------------------------------------------------------- embeddings
@pytest.mark.parametrize("target", EMBEDDING)
def test_openai_embeds_in_base64_as_it_does_by_default(target: str, by_openai: openai.OpenAI) -> None:
    answer = by_openai.embeddings.create(model=settings.task(target), input=["one", "two ✓"])
    assert [one.embedding for one in answer.data] == [vector("one", 8), vector("two ✓", 8)]
    assert [one.index for one in answer.data] == [0, 1]
    plain = by_openai.embeddings.create(model=settings.task(target), input="one", encoding_format="float", dimensions=4)
    assert plain.data[0].embedding == vector("one", 4)


@pytest.mark.parametrize("target", EMBEDDING)
def test_openai_reads_base64_by_itself_too(target: str, volant: Volant) -> None:
    """What the SDK decodes is really base64 on the wire."""
    said = httpx2.post(
        f"{volant.base_url('chat')}/embeddings",
        headers={"authorization": f"Bearer {volant.key}"},
        json={"model": settings.task(target), "input": "one", "encoding_format": "base64"},
    ).json()
    packed = base64.b64decode(said["data"][0]["embedding"])
    assert list(struct.unpack("<8f", packed)) == vector("one", 8)
    assert said["usage"]["prompt_tokens"] > 0 or target == "gemini"  # whose answer counts nothing


@pytest.mark.parametrize("target", ["openai", "azure", "compatible"])
def test_tokens_are_embedded_where_the_provider_takes_them(target: str, by_openai: openai.OpenAI) -> None:
    answer = by_openai.embeddings.create(model=settings.task(target), input=[[1, 2, 3], [4]])
    assert [one.embedding for one in answer.data] == [vector("tokens:1,2,3", 8), vector("tokens:4", 8)]


def test_tokens_are_refused_where_it_does_not(by_openai: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="token") as caught:
        by_openai.embeddings.create(model="at-gemini", input=[[1, 2, 3]])
    assert caught.value.code == "not_supported"


@pytest.mark.parametrize("target", NOT_EMBEDDING)
def test_embedding_is_refused_where_the_provider_has_none(target: str, by_openai: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="embed") as caught:
        by_openai.embeddings.create(model=settings.task(target), input="one")
    assert caught.value.code == "not_supported"


@pytest.mark.parametrize("target", EMBEDDING)
def test_gemini_embeds_one_and_many(target: str, by_gemini: genai.Client) -> None:
    one = by_gemini.models.embed_content(model=settings.task(target), contents="one")
    assert [got.values for got in one.embeddings or ()] == [vector("one", 8)]
    config = types.EmbedContentConfig(output_dimensionality=4)
    both = by_gemini.models.embed_content(model=settings.task(target), contents=["one", "two"], config=config)
    merged = target == "gemini"  # the SDK takes every name with "gemini" in it for a model of one vector a request
    wanted = [vector("onetwo", 4)] if merged else [vector("one", 4), vector("two", 4)]
    assert [got.values for got in both.embeddings or ()] == wanted


@pytest.mark.parametrize("target", EMBEDDING)
def test_gemini_embeds_by_the_path_for_one(target: str, volant: Volant) -> None:
    said = httpx2.post(
        f"{volant.base_url('gemini')}/v1beta/models/{settings.task(target)}:embedContent",
        headers={"x-goog-api-key": volant.key},
        json={"content": {"parts": [{"text": "one"}]}},
    ).json()
    assert said["embedding"]["values"] == vector("one", 8)


# ---------------------------------------------------------------- counting
COUNTED = INPUT + len("Be brief.")


@pytest.mark.parametrize("target", ["anthropic", "gemini"])
def test_anthropic_counts_tokens(target: str, by_anthropic: anthropic.Anthropic) -> None:
    count = by_anthropic.messages.count_tokens(
        model=settings.task(target), system="Be brief.", messages=[{"role": "user", "content": "say hello"}]
    )
    assert count.input_tokens == COUNTED


@pytest.mark.parametrize("target", ["anthropic", "gemini"])
def test_gemini_counts_tokens(target: str, volant: Volant, by_gemini: genai.Client) -> None:
    assert by_gemini.models.count_tokens(model=settings.task(target), contents="say hello").total_tokens == INPUT
    said = httpx2.post(
        f"{volant.base_url('gemini')}/v1beta/models/{settings.task(target)}:countTokens",
        headers={"x-goog-api-key": volant.key},
        json={
            "generateContentRequest": {
                "model": f"models/{settings.task(target)}",
                "contents": [{"parts": [{"text": "say hello"}]}],
                "systemInstruction": {"parts": [{"text": "Be brief."}]},
            }
        },
    ).json()
    assert said["totalTokens"] == COUNTED


# ---------------------------------------------------------------- moderations
def test_moderations_by_the_provider(by_openai: openai.OpenAI) -> None:
    answer = by_openai.moderations.create(model="at-openai", input=["I hate you", "good morning"])
    assert [one.flagged for one in answer.results] == [True, False]
    assert answer.results[0].categories.hate


@pytest.mark.parametrize("target", ["anthropic", "compatible"])
def test_moderations_by_our_own_checks(target: str, by_openai: openai.OpenAI) -> None:
    answer = by_openai.moderations.create(
        model=settings.task(target), input=["I hate you and I will kill you, you worthless idiot", "good morning"]
    )
    assert [one.flagged for one in answer.results] == [True, False]


# ---------------------------------------------------------------- legacy completions
@pytest.mark.parametrize("target", settings.TARGETS)
def test_completions(target: str, by_openai: openai.OpenAI) -> None:
    whole = by_openai.completions.create(model=settings.task(target), prompt=f"say {SAID}", max_tokens=2000)
    assert whole.choices[0].text == SAID
    assert whole.choices[0].finish_reason == "stop"
    assert whole.usage is not None
    assert whole.usage.prompt_tokens == INPUT
    chunks = list(
        by_openai.completions.create(model=settings.task(target), prompt=f"say {SAID}", max_tokens=2000, stream=True)
    )
    assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == SAID
    assert len(chunks) > 3
    cut = by_openai.completions.create(model=settings.task(target), prompt="say one two three", max_tokens=2)
    assert (cut.choices[0].text, cut.choices[0].finish_reason) == ("one two", "length")


# ---------------------------------------------------------------- doors and keys
CHAT = {"model": "at-openai", "messages": [{"role": "user", "content": "say hello"}]}
MESSAGE = CHAT | {"model": "at-anthropic", "max_tokens": 100}
CONTENT = {"contents": [{"role": "user", "parts": [{"text": "say hello"}]}]}
GENERATE = "models/at-gemini:generateContent"
V = {"anthropic-version": "2023-06-01"}


@pytest.mark.parametrize(
    ("path", "headers", "body"),
    [
        ("/v1/chat/completions", {"authorization": "Bearer KEY"}, CHAT),
        ("/openai/v1/chat/completions", {"authorization": "Bearer KEY"}, CHAT),
        ("/v1/messages", {"x-api-key": "KEY"} | V, MESSAGE),
        ("/v1/messages", {"authorization": "Bearer KEY", "anthropic-version": "2026-10-21"}, MESSAGE),
        ("/anthropic/v1/messages", {"x-api-key": "KEY"} | V, MESSAGE),
        (f"/v1beta/{GENERATE}", {"x-goog-api-key": "KEY"}, CONTENT),
        (f"/v1/{GENERATE}", {"x-goog-api-key": "KEY"}, CONTENT),
        (f"/{GENERATE}", {"x-goog-api-key": "KEY"}, CONTENT),
        (f"/gemini/v1beta/{GENERATE}?key=KEY", {}, CONTENT),
        (f"/gemini/v1/{GENERATE}", {"authorization": "Bearer KEY"}, CONTENT),
        (f"/gemini/{GENERATE}", {"x-goog-api-key": "KEY"}, CONTENT),
    ],
)
def test_every_door_and_every_place_of_a_key(path: str, headers: dict[str, str], body: Any, volant: Volant) -> None:
    sent = {name: value.replace("KEY", volant.key) for name, value in headers.items()}
    said = httpx2.post(volant.server.url + path.replace("KEY", volant.key), headers=sent, json=body)
    assert said.status_code == 200, said.text
    assert "hello" in said.text
    assert said.headers["x-volant-inference-id"].startswith("inf_")


@pytest.mark.parametrize(
    ("headers", "shape"),
    [
        ({"authorization": "Bearer KEY"}, ["object", "data"]),
        ({"x-api-key": "KEY"} | V, ["data", "has_more", "first_id", "last_id"]),
        ({"x-goog-api-key": "KEY"}, ["models"]),
    ],
)
def test_the_models_at_the_root_have_the_callers_shape(
    headers: dict[str, str], shape: list[str], volant: Volant
) -> None:
    sent = {name: value.replace("KEY", volant.key) for name, value in headers.items()}
    said = httpx2.get(f"{volant.server.url}/v1/models", headers=sent).json()
    assert set(shape) <= said.keys()


def test_betas_go_on_and_the_keys_do_not(volant: Volant, by_anthropic: anthropic.Anthropic) -> None:
    mark = volant.upstream.mark()
    by_anthropic.messages.create(
        model="at-anthropic",
        max_tokens=100,
        messages=[{"role": "user", "content": "say hello"}],
        extra_headers={"anthropic-beta": "context-1m-2025-08-07"},
    )
    (seen,) = volant.upstream.seen(mark)
    assert seen.headers["anthropic-beta"] == "context-1m-2025-08-07"
    assert volant.key not in json.dumps(seen.headers)


def test_a_field_of_tomorrow_reaches_its_own_provider(volant: Volant, by_openai: openai.OpenAI) -> None:
    """Same dialect in and out: what nobody here knows goes through, and the provider says what it thinks of it."""
    with pytest.raises(openai.BadRequestError, match="tomorrow"):
        by_openai.chat.completions.create(
            model="at-openai", messages=[{"role": "user", "content": "say hello"}], extra_body={"tomorrow": 1}
        )
    mark = volant.upstream.mark()
    answer = by_openai.chat.completions.create(
        model="at-compatible", messages=[{"role": "user", "content": "say hello"}], extra_body={"tomorrow": 1}
    )
    assert answer.choices[0].message.content == "hello"
    assert volant.upstream.seen(mark)[0].body["tomorrow"] == 1
    assert up_openai.KEY in volant.upstream.seen(mark)[0].headers["authorization"]
