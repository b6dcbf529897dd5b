"""The stand-in's faults: each is what its name says, and a plan fails the share that it names."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import msgspec
import pytest

from volant.providers.http import Answer, HttpClient, Origin, Timeouts, TransportError, request_head
from volant.providers.mock.faults import AFTER_FIRST_TOKEN, FAULTS, HARMLESS, Dice, Plan
from volant.providers.mock.server import MockServer

pytestmark = pytest.mark.anyio
QUICK = Timeouts(first_byte_s=0.5, between_s=0.3, total_s=3)


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    one = HttpClient()
    yield one
    await one.aclose()


@pytest.fixture
async def mock() -> AsyncIterator[tuple[MockServer, Origin]]:
    server = MockServer(faults=Plan(slow_s=1.0))
    url = await server.start()
    yield server, Origin.parse(url)[0]
    await server.stop()


async def _ask(client: HttpClient, origin: Origin, words: str, stream: bool, limits: Timeouts = QUICK) -> Answer:
    body = json.dumps({"messages": [{"role": "user", "content": words}], "stream": stream}).encode()
    head = request_head("POST", origin, "/v1/chat/completions", [("content-type", "application/json")])
    return await client.fetch(origin, head, body, limits)


def _words(answer: Answer) -> str:
    """What was said; raises where it is not whole."""
    if not answer.body.startswith(b"data:"):
        return str(json.loads(answer.body)["choices"][0]["message"]["content"])
    events = [event for event in answer.body.decode().split("\n\n") if event.startswith("data: ")]
    assert events[-1] == "data: [DONE]", "the stream has no end"
    chunks = [json.loads(event[6:]) for event in events[:-1]]
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)


@pytest.mark.parametrize(
    ("fault", "status", "header"),
    [
        ("rate_limited", 429, (b"retry-after", b"1")),
        ("rate_limited_ms", 429, (b"retry-after-ms", b"50")),
        ("server_error", 500, (b"content-type", b"application/json")),
        ("bad_gateway", 502, (b"content-type", b"text/html")),
        ("overloaded", 529, (b"content-type", b"application/json")),
        ("error_body_200", 200, (b"content-type", b"application/json")),
        ("wrong_type", 200, (b"content-type", b"text/html")),
        ("empty_body", 200, (b"content-length", b"0")),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_what_it_says(
    client: HttpClient,
    mock: tuple[MockServer, Origin],
    fault: str,
    status: int,
    header: tuple[bytes, bytes],
    stream: bool,
) -> None:
    answer = await _ask(client, mock[1], f"fault={fault}", stream)
    assert (answer.status, answer.header(header[0])) == (status, header[1])
    with pytest.raises((ValueError, KeyError)):
        _words(answer)


@pytest.mark.parametrize(
    ("fault", "whole", "streamed"),
    [
        ("slow_first_token", "first_byte_timeout", "first_byte_timeout"),
        ("stall", "between_timeout", "between_timeout"),
        ("stall_after_head", "first_byte_timeout", "first_byte_timeout"),
        ("cut", "closed", "closed"),
        ("closed", "closed", "closed"),
        ("reset", "reset", "reset"),
        ("reset_mid_stream", "reset", "reset"),
        ("length_too_long", "closed", "closed"),
        ("no_http", "broken_answer", "broken_answer"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_what_breaks(
    client: HttpClient, mock: tuple[MockServer, Origin], fault: str, whole: str, streamed: str, stream: bool
) -> None:
    with pytest.raises(TransportError) as caught:
        await _ask(client, mock[1], f"fault={fault}", stream)
    assert caught.value.code == (streamed if stream else whole)


@pytest.mark.parametrize(
    "fault",
    ["malformed_json", "malformed_sse", "malformed_sse_mid_stream", "ends_early", "length_too_short", "empty_stream",
     "error_event_first"],
)  # fmt: skip
@pytest.mark.parametrize("stream", [False, True])
async def test_what_is_whole_as_http_and_no_answer(
    client: HttpClient, mock: tuple[MockServer, Origin], fault: str, stream: bool
) -> None:
    answer = await _ask(client, mock[1], f"fault={fault}", stream)
    assert answer.status == 200
    with pytest.raises((ValueError, KeyError, IndexError, AssertionError)):
        _words(answer)


@pytest.mark.parametrize("fault", HARMLESS)
@pytest.mark.parametrize("stream", [False, True])
async def test_what_is_borne(client: HttpClient, mock: tuple[MockServer, Origin], fault: str, stream: bool) -> None:
    server, origin = mock
    answer = await _ask(client, origin, f"chunks=3 mark=m17 fault={fault}", stream, Timeouts())
    assert _words(answer) == "m17 the quick brown m17"
    assert (server.stats["answered"], server.stats["words"], server.stats["failures"]) == (1, 5, 0)


async def test_a_large_request_is_read_slowly(client: HttpClient, mock: tuple[MockServer, Origin]) -> None:
    server, origin = mock
    server.dice = Dice(Plan(share=1.0, kinds=("slow_reader",)))
    started = client.loop.time()
    answer = await _ask(client, origin, "mark=m5 " + "x" * 4_000_000, False, Timeouts())
    assert "m5" in _words(answer)
    assert client.loop.time() - started > 0.3


async def test_every_fault_is_tested_and_sorted() -> None:
    tests = (test_what_it_says, test_what_breaks, test_what_is_whole_as_http_and_no_answer, test_what_is_borne)
    marks = [mark for test in tests for mark in test.pytestmark if mark.name == "parametrize"]
    cases = [case for mark in marks if mark.args[0] != "stream" for case in mark.args[1]]
    assert {case[0] if isinstance(case, tuple) else case for case in cases} == set(FAULTS)
    assert set(AFTER_FIRST_TOKEN) | set(HARMLESS) < set(FAULTS)


async def test_a_plan_fails_its_share_in_every_way_by_turns(
    client: HttpClient, mock: tuple[MockServer, Origin]
) -> None:
    server, origin = mock
    body = msgspec.json.encode({"share": 0.2, "kinds": ["server_error", "overloaded", "rate_limited"], "seed": 3})
    head = request_head("PUT", origin, "/faults", [("content-type", "application/json")])
    assert (await client.fetch(origin, head, body)).status == 200
    statuses = [(await _ask(client, origin, "mark=a", False)).status for _ in range(1000)]
    counts = [statuses.count(status) for status in (500, 529, 429)]
    assert 160 <= sum(counts) <= 240
    assert max(counts) - min(counts) <= 1
    found = await client.fetch(origin, request_head("GET", origin, "/faults", []), None)
    assert sum(json.loads(found.body)["counts"].values()) == sum(counts)
    assert server.stats["answered"] == 1000 - sum(counts)


async def test_a_plan_that_cannot_be(client: HttpClient, mock: tuple[MockServer, Origin]) -> None:
    head = request_head("PUT", mock[1], "/faults", [])
    for body in (b'{"share": 0.2, "kinds": ["meteor"]}', b'{"share": "much"}', b"{", b'{"wrong": 1}'):
        assert (await client.fetch(mock[1], head, body)).status == 400
    with pytest.raises(ValueError, match="meteor"):
        Plan(kinds=("meteor",))


async def test_many_at_once_get_their_own_answers(client: HttpClient, mock: tuple[MockServer, Origin]) -> None:
    answers = await asyncio.gather(*(_ask(client, mock[1], f"mark=m{n}", bool(n % 2), Timeouts()) for n in range(100)))
    for n, answer in enumerate(answers):
        assert _words(answer).startswith(f"m{n} ")
        assert _words(answer).endswith(f" m{n}")
