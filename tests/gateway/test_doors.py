"""Doors: which request line is whose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volant.gateway import doors

GOOGLE = [(b"x-goog-api-key", b"k")]
CLAUDE = [(b"anthropic-version", b"2026-10-21")]


@pytest.mark.parametrize(
    ("url", "headers", "kind", "model"),
    [
        ("/v1/chat/completions", [], "chat/openai_chat", ""),
        ("/openai/v1/responses", [], "chat/openai_responses", ""),
        ("/v1/completions?x=1", [], "chat/openai_completions", ""),
        ("/chat/completions", [], "chat/openai_chat", ""),
        ("/embeddings?api-version=1", [], "embeddings/openai", ""),
        ("/v1/models", [], "models/openai", ""),
        ("/v1/models", CLAUDE, "models/anthropic", ""),
        ("/v1/models", GOOGLE, "models/gemini", ""),
        ("/v1/models/a%2Fb", [], "models/openai", "a/b"),
        ("/v1/models/a/b", CLAUDE, "models/anthropic", "a/b"),
        ("/v1/messages", [], "chat/anthropic", ""),
        ("/anthropic/v1/messages/count_tokens", [], "count_tokens/anthropic", ""),
        ("/v1beta/models/m:generateContent", [], "chat/gemini", "m"),
        ("/v1/models/m:streamGenerateContent?alt=sse", [], "chat/gemini", "m"),
        ("/models/a%2Fb:7b:countTokens", [], "count_tokens/gemini", "a/b:7b"),
        ("/gemini/v1beta/models/m:embedContent", [], "embeddings/gemini", "m"),
        ("/gemini/models/m:batchEmbedContents", [], "embeddings/gemini", "m"),
        ("/v1beta/models", [], "models/gemini", ""),
        ("/models", GOOGLE, "models/gemini", ""),
        ("/models?key=k", [], "models/gemini", ""),
        ("/openai/deployments/help/chat/completions?api-version=2024-10-21", [], "chat/openai_chat", "help"),
        ("/openai/deployments/a%2Fb/completions", [], "chat/openai_completions", "a/b"),
        ("/openai/deployments/a/embeddings?api-version=preview", [], "embeddings/openai", "a"),
        ("/openai/responses?api-version=2025-04-01-preview", [], "chat/openai_responses", ""),
        ("/openai/models?api-version=2024-10-21", [], "models/openai", ""),
    ],
)
def test_whose_it_is(url: str, headers: list[tuple[bytes, bytes]], kind: str, model: str) -> None:
    entrance = doors.find(url.encode(), headers)
    assert entrance is not None
    assert (entrance.kind, entrance.model, entrance.refusal) == (kind, model, None)


@pytest.mark.parametrize("url", ["/", "/models", "/models/7", "/v1/files", "/openai/v1/files", "/api/keys", "/v1beta"])
def test_what_is_controls(url: str) -> None:
    assert doors.find(url.encode(), []) is None


@pytest.mark.parametrize(
    ("url", "headers", "family"),
    [
        ("/openai/deployments/a/images", [], "openai"),
        ("/openai/deployments//completions", [], "openai"),
        ("/anthropic/x", [], "anthropic"),
        ("/gemini/x", [], "gemini"),
        ("/v1/files", CLAUDE, "anthropic"),
    ],
)
def test_what_is_nowhere(url: str, headers: list[tuple[bytes, bytes]], family: str) -> None:
    entrance = doors.find(url.encode(), headers)
    assert entrance is not None
    assert entrance.family == family
    assert entrance.refusal is not None
    assert entrance.refusal.status == 404


def test_streams_and_keys_are_in_the_line() -> None:
    whole = doors.find(b"/v1beta/models/m:generateContent?key=a%2Bb", [])
    array = doors.find(b"/v1beta/models/m:streamGenerateContent?key=s", [])
    events = doors.find(b"/v1beta/models/m:streamGenerateContent?alt=sse", [])
    assert whole is not None
    assert array is not None
    assert events is not None
    assert (whole.stream, whole.key) == (False, "a+b")
    assert (array.stream, array.sse, array.key) == (True, False, "s")
    assert (events.stream, events.sse) == (True, True)


def test_another_method_is_refused() -> None:
    entrance = doors.wrong_method(doors.CHAT, b"GET")
    assert entrance.refusal is not None
    assert entrance.refusal.status == 405


@given(st.binary(max_size=60), st.sampled_from([[], GOOGLE, CLAUDE]))
def test_no_line_breaks_it(rest: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    for start in (b"", b"/v1", b"/v1/models/", b"/gemini/", b"/anthropic/", b"/models/"):
        entrance = doors.find(start + rest, headers)
        assert entrance is None or entrance.family in ("openai", "anthropic", "gemini")
