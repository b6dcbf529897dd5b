"""What goes wrong, as the vendors' SDKs raise it: from every provider, at every door, whole and streamed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import types
from tests.clients import settings
from tests.clients.asks import BY_NAME, Ask
from tests.clients.brain import THINKING, signature
from tests.clients.conftest import Volant
from tests.clients.drivers import DRIVERS, Driver

NAMES = {400: "BadRequestError", 401: "AuthenticationError", 404: "NotFoundError", 429: "RateLimitError",
         502: "InternalServerError", 503: "InternalServerError", 529: "OverloadedError"}  # fmt: skip
SEEN = {400: 400, 401: 502, 404: 502, 429: 429, 500: 502, 529: 503}  # the provider's status → the client's


def raised(status: int, door: str) -> str:
    """The class that an SDK raises for a status. Google's knows two."""
    return NAMES[status] if door != "gemini" else "ClientError" if status < 500 else "ServerError"


MESSAGES: list[Any] = [{"role": "user", "content": "say hello"}]


@pytest.fixture(scope="module")
def drivers(volant: Volant) -> Iterator[dict[str, Driver]]:
    made = {name: driver(volant.base_url(name), volant.key) for name, driver in DRIVERS.items()}
    yield made
    for one in made.values():
        one.close()


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("status", settings.STATUSES)
@pytest.mark.parametrize("target", settings.TARGETS)
@pytest.mark.parametrize("door", DRIVERS)
def test_a_providers_error(door: str, target: str, status: int, stream: bool, drivers: dict[str, Driver]) -> None:
    """Its refusal of the request is the caller's; what is wrong with the deployment or its key is not."""
    driver = drivers[door]
    got = driver.ask(f"{settings.task(target)}-{status}", Ask(f"fail {status}", stream=stream))
    seen = 529 if (door, status) == ("anthropic", 529) else SEEN[status]  # a number of Anthropic's own
    assert (got.error, got.status) == (raised(seen, door), seen), got
    if status == 400:
        assert "asked to fail with 400" in got.message
    else:
        assert f"{target}-{status}" in got.message  # which deployment, and what it said
        assert int(driver.headers["retry-after"]) >= 1
        assert int(driver.headers["retry-after-ms"]) > 0
        assert driver.headers["x-should-retry"] == "true"
    if (target, status) == ("gemini", 429):  # which says it in the body only
        assert int(driver.headers["retry-after-ms"]) == 1500


@pytest.mark.parametrize("door", DRIVERS)
def test_a_wrong_key_and_a_wrong_model(door: str, volant: Volant, drivers: dict[str, Driver]) -> None:
    stranger = DRIVERS[door](volant.base_url(door), "vk_nobody-knows-this-key")
    got = stranger.ask("at-openai", Ask("say hello"))
    stranger.close()
    assert (got.error, got.status) == (raised(401, door), 401), got
    assert "nobody-knows" not in got.message
    got = drivers[door].ask("no-such-task", Ask("say hello"))
    assert (got.error, got.status) == (raised(404, door), 404), got
    assert "no-such-task" in got.message


# ---------------------------------------------------------------- retries
def _by_openai(volant: Volant, prompt: str) -> str:
    with openai.OpenAI(base_url=volant.base_url("chat"), api_key=volant.key, max_retries=4) as client:
        answer = client.chat.completions.create(model="at-openai-429", messages=[{"role": "user", "content": prompt}])
    return str(answer.choices[0].message.content)


def _by_anthropic(volant: Volant, prompt: str) -> str:
    with anthropic.Anthropic(base_url=volant.base_url("anthropic"), api_key=volant.key, max_retries=4) as client:
        answer = client.messages.create(
            model="at-openai-429", max_tokens=100, messages=[{"role": "user", "content": prompt}]
        )
    return str(getattr(answer.content[0], "text", ""))


def _by_gemini(volant: Volant, prompt: str) -> str:
    retry = types.HttpRetryOptions(attempts=5, initial_delay=0.3, jitter=0.1)
    options = types.HttpOptions(base_url=volant.base_url("gemini"), retry_options=retry)
    client = genai.Client(api_key=volant.key, http_options=options, vertexai=False)
    return str(client.models.generate_content(model="at-openai-429", contents=prompt).text)


@pytest.mark.parametrize("ask", [_by_openai, _by_anthropic, _by_gemini])
def test_an_sdk_tries_again_when_it_was_told_to(ask: Callable[[Volant, str], str], volant: Volant) -> None:
    """The provider says 429 and `retry-after-ms`, Volant passes that on, the SDK waits and gets its answer."""
    begun = time.monotonic()
    assert ask(volant, f"once 429 {ask.__name__}") == ask.__name__
    assert time.monotonic() - begun >= 0.25


def test_an_error_has_its_request_id(volant: Volant) -> None:
    with (
        openai.OpenAI(base_url=volant.base_url("chat"), api_key=volant.key, max_retries=0) as client,
        pytest.raises(openai.NotFoundError) as caught,
    ):
        client.chat.completions.create(model="no-such-task", messages=MESSAGES)
    assert caught.value.request_id
    with (
        anthropic.Anthropic(base_url=volant.base_url("anthropic"), api_key=volant.key, max_retries=0) as client,
        pytest.raises(anthropic.NotFoundError) as refused,
    ):
        client.messages.create(model="no-such-task", max_tokens=9, messages=MESSAGES)
    assert refused.value.request_id


# ---------------------------------------------------------------- signatures
PROVEN = {"openai": "openai", "anthropic": "anthropic", "gemini": "gemini", "bedrock": "bedrock"}
KEPT = {  # door → providers whose proof of thinking a client of this door gives back
    "chat": ("anthropic", "gemini", "bedrock"),
    "responses": ("openai", "anthropic", "gemini", "bedrock"),
    "anthropic": ("anthropic", "gemini", "bedrock"),
    "gemini": ("anthropic", "gemini", "bedrock"),
}


@pytest.mark.parametrize("row", ["thinking_tools", "thinking_tools_stream"])
@pytest.mark.parametrize(("door", "target"), [(door, target) for door in KEPT for target in KEPT[door]])
def test_proofs_of_thinking_find_their_way_home(
    door: str, target: str, row: str, volant: Volant, drivers: dict[str, Driver]
) -> None:
    """What proves a thought comes back to the provider that made it, through clients of every dialect."""
    mark = volant.upstream.mark()
    got = drivers[door].ask(settings.task(target), BY_NAME[row].ask)
    assert not got.error, got
    first, second = volant.upstream.seen(mark)
    proof = signature(PROVEN[target], THINKING)
    assert proof not in first.raw.decode()
    assert proof in second.raw.decode().replace("\\/", "/"), second.raw
