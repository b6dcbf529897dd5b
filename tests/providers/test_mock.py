"""The stand-in that ships: the official client understands it, and its knobs do what they say."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import openai
import pytest


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    argv = [sys.executable, "-m", "volant.providers.mock", "--port", "0", "--answer", '{"intent": "card_lost"}']
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


@pytest.fixture
def client(base_url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=base_url, api_key="any", max_retries=0) as one:
        yield one


def _stats(base_url: str) -> dict[str, int]:
    with urllib.request.urlopen(base_url.removesuffix("/v1") + "/stats") as answer:
        return json.load(answer)  # type: ignore[no-any-return]


def _ask(words: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": words}]


def test_whole_and_streamed_answers_are_the_same(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="m", messages=_ask("hi"))  # type: ignore[arg-type]
    assert whole.choices[0].message.content == '{"intent": "card_lost"}'
    stream = client.chat.completions.create(
        model="m", messages=_ask("hi"), stream=True, stream_options={"include_usage": True}  # type: ignore[arg-type]
    )  # fmt: skip
    chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == '{"intent": "card_lost"}'
    assert chunks[-1].usage == whole.usage
    assert [model.id for model in client.models.list()] == ["mock-model"]


def test_knobs(client: openai.OpenAI, base_url: str) -> None:
    before = _stats(base_url)
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model="m", messages=_ask("fail=503"))  # type: ignore[arg-type]
    echo = client.chat.completions.create(model="m", messages=_ask("echo=1 my words"))  # type: ignore[arg-type]
    assert echo.choices[0].message.content == "echo=1 my words"
    empty = client.chat.completions.create(model="m", messages=_ask("empty=1"))  # type: ignore[arg-type]
    assert (empty.choices[0].message.content or "").strip() == ""
    started = time.monotonic()
    client.chat.completions.create(model="m", messages=_ask("ttft_ms=200"))  # type: ignore[arg-type]
    assert time.monotonic() - started >= 0.2
    with pytest.raises(openai.APIConnectionError):
        client.chat.completions.create(model="m", messages=_ask("cut=1"))  # type: ignore[arg-type]
    after = _stats(base_url)
    assert after["requests"] - before["requests"] == 5
    assert after["failures"] - before["failures"] == 1
