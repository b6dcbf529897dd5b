"""Attempts: whatever goes wrong between a call and its verdict, the place's slot is free again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import zlib
from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

import pytest

from volant.core.errors import BadInput
from volant.core.nouns import Route, Snapshot, Target, TaskSpec, VariantSpec
from volant.gateway import attempt, body
from volant.gateway.attempt import Attempts
from volant.gateway.call import Call, Job
from volant.gateway.exchange import Exchange
from volant.gateway.plan import Plans, compile_plans
from volant.gateway.routing import Leg
from volant.gateway.translation import Crossing
from volant.providers.fetching import Media
from volant.providers.http import HttpClient, Timeouts, TransportError


class Patient:
    """A client that waits."""

    gone = cut = complete = started = congested = False
    on_close = on_pause = on_stop = None


def plans_of(target: dict[str, Any] | None = None, **variant: Any) -> Plans:
    spec = VariantSpec(name="v", deployments=("a", "b"), **variant)
    task = TaskSpec(name="t", variants=(spec,))
    target = {"provider": "mock", "model": "m", "base_url": "http://127.0.0.1:9/v1", **(target or {})}
    snapshot = Snapshot(
        revision=1, config_hash="h", routes={"p": {"t": Route(task=task, live="v")}}, keys={}, subject_keys={},
        targets={"p": {name: Target(name=name, **target) for name in ("a", "b")}},
    )  # fmt: skip
    return compile_plans(snapshot, {})


def job_of(plans: Plans) -> Job:
    raw = json.dumps({"model": "t", "messages": []}).encode()
    variant = plans.tasks["p"]["t"].live
    return Job(
        inference_id="inf_" + "0" * 32, asked=body.parse(raw), variant=variant, live=variant, trace_id="1" * 32,
        wire=Patient(), answer_head=b"",  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize("calls", [1, 2], ids=["alone", "hedged"])
async def test_a_bug_in_the_verdict_leaks_no_slot(monkeypatch: pytest.MonkeyPatch, calls: int) -> None:
    """With a hedge both end in the same moment; the bug meets the first, and nobody looks at the second."""
    begun, all_begun = 0, asyncio.Event()

    async def broken_off(client: HttpClient, job: Job, leg: Leg, *_: Any) -> Call:
        nonlocal begun
        begun += 1
        if begun == calls:
            all_begun.set()
        await all_begun.wait()
        crossing = Crossing(way=leg.place.ways["chat"], body=b"", relays=True)
        return Call(
            crossing=crossing, exchange=Exchange.never_sent(client.loop, TransportError("closed", "it broke off"))
        )  # fmt: skip

    def bug(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(attempt, "make_call", broken_off)
    monkeypatch.setattr(attempt, "failure_of", bug)
    plans = plans_of(hedge_after_ms=20.0 if calls == 2 else 0.0)
    client = HttpClient()
    with pytest.raises(RuntimeError, match="a bug"):
        await Attempts(client, Random(1)).answer(job_of(plans))
    assert begun == calls
    assert [place.health.in_flight for place in plans.places["p"].values()] == [0, 0]
    await client.aclose()


class Reader(Patient):
    """A client that writes down what it is sent."""

    def __init__(self) -> None:
        self.heads = 0
        self.read = b""

    def start(self, status: int, headers: bytes, first: bytes) -> None:
        self.started, self.heads, self.read = True, self.heads + 1, self.read + first

    def write(self, data: bytes) -> None:
        self.read += data


def events(word: str) -> list[bytes]:
    chunks = [{"delta": {"content": word}, "finish_reason": None}, {"delta": {}, "finish_reason": "stop"}]
    said = [{"id": "x", "object": "chat.completion.chunk", "choices": [{"index": 0, **one}]} for one in chunks]
    return [b"data: " + json.dumps(one).encode() + b"\n\n" for one in said] + [b"data: [DONE]\n\n"]


class Place:
    """A provider that streams slowly, after a while."""

    def __init__(self, word: str, delay_s: float) -> None:
        self.word, self.delay_s, self.asked = word, delay_s, 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while await reader.readline() not in (b"\r\n", b""):
                pass
            self.asked += 1
            await asyncio.sleep(self.delay_s)
            writer.write(b"HTTP/1.1 200 X\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            for event in events(self.word):
                writer.write(b"%x\r\n%b\r\n" % (len(event), event))
                await writer.drain()
                await asyncio.sleep(0.2)
            writer.write(b"0\r\n\r\n")
        writer.close()

    async def start(self) -> str:
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/v1"


PICTURE = {
    "model": "t", "stream": True,
    "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://a.example/x.png"}}]}],
}  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("fails_after_s", "answers", "words"),
    [(0.35, 0.1, b"quick"), (0.1, 0.2, b"quick"), (0.1, 0.0, b"third")],
    ids=["once the other one speaks", "before the other one speaks", "and the other one breaks"],
)
async def test_a_picture_that_one_of_two_cannot_have_is_not_the_others_trouble(
    fails_after_s: float, answers: float, words: bytes
) -> None:
    """The first of two fetches it by itself, in vain. The one that speaks goes on, and nobody speaks after it."""
    broken = not answers
    places = {"quick": Place("quick", answers), "third": Place("third", 0.0)}
    urls = {name: await place.start() for name, place in places.items()}
    if broken:
        places["quick"].server.close()
    targets = {
        "slow": Target(name="slow", provider="ollama", model="m", base_url="http://127.0.0.1:9/v1"),
        "quick": Target(name="quick", provider="openai", model="m", base_url=urls["quick"], priority=1),
        "third": Target(name="third", provider="openai", model="m", base_url=urls["third"]),
    }
    spec = VariantSpec(name="v", deployments=("slow", "quick"), fallbacks=("third",), hedge_after_ms=20.0)
    snapshot = Snapshot(
        revision=1, config_hash="h", routes={"p": {"t": Route(task=TaskSpec(name="t", variants=(spec,)), live="v")}},
        keys={}, subject_keys={}, targets={"p": targets},
    )  # fmt: skip
    plans = compile_plans(snapshot, {})
    variant, reader = plans.tasks["p"]["t"].live, Reader()

    async def fetch(urls: Iterable[str]) -> Mapping[str, Media]:
        await asyncio.sleep(fails_after_s)
        raise BadInput("media_unreachable", "slow, and gone")

    client = HttpClient()
    job = Job(
        inference_id="inf_" + "0" * 32, asked=body.parse(json.dumps(PICTURE).encode()), variant=variant, live=variant,
        trace_id="1" * 32, wire=reader, answer_head=b"",  # type: ignore[arg-type]
    )  # fmt: skip
    outcome = await Attempts(client, Random(1), fetch=fetch).answer(job)
    assert outcome.failure is None
    assert (reader.heads, reader.read.count(words)) == (1, 1)
    assert places["third"].asked == (words == b"third")
    assert outcome.calls[-1].error_code == ""
    assert all(place.health.in_flight == 0 for place in plans.places["p"].values())
    await client.aclose()
    for place in places.values():
        place.server.close()


@pytest.mark.anyio
async def test_a_retry_ends_with_the_requests_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call has its place's patience, and the last one only what is left of the request's."""
    given: list[float] = []

    async def slow(client: HttpClient, job: Job, leg: Leg, span_id: str, timeouts: Timeouts, *_: Any) -> Call:
        given.append(timeouts.total_s)
        await asyncio.sleep(0.1)
        crossing = Crossing(way=leg.place.ways["chat"], body=b"", relays=True)
        return Call(crossing=crossing, exchange=Exchange.never_sent(client.loop, TransportError("closed", "it broke")))

    monkeypatch.setattr(attempt, "make_call", slow)
    plans = plans_of(target={"timeout_total_s": 30.0})
    client = HttpClient()
    await Attempts(client, Random(1)).answer(job_of(plans))
    assert given[0] == 30.0
    assert len(given) > 1
    assert all(later <= 29.9 for later in given[1:])
    await client.aclose()


class Silent:
    """A provider that reads, and says no more than `pieces`."""

    def __init__(self, kind: str, pieces: list[bytes]) -> None:
        self.kind, self.pieces = kind, pieces

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while await reader.readline() not in (b"\r\n", b""):
                pass
            if self.pieces:
                head = b"HTTP/1.1 200 X\r\ncontent-type: %b\r\ntransfer-encoding: chunked\r\n\r\n" % self.kind.encode()
                writer.write(head + b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in self.pieces))
            await reader.read()
        writer.close()

    async def start(self) -> str:
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"


def frame(kind: str, payload: Any) -> bytes:
    """Of AWS's event stream."""
    headers = b""
    for name, value in ((":event-type", kind), (":message-type", "event"), (":content-type", "application/json")):
        headers += bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
    body = json.dumps(payload).encode()
    start = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
    message = start + struct.pack(">I", zlib.crc32(start)) + headers + body
    return message + struct.pack(">I", zlib.crc32(message))


def sse(payload: Any) -> bytes:
    return b"data: " + json.dumps(payload).encode() + b"\n\n"


_WORDS = [{"contentBlockIndex": 0, "delta": {"text": "word "}} for _ in range(50)]
_GEMINI = {"candidates": [{"content": {"parts": [{"text": "x" * 40}], "role": "model"}, "index": 0}]}
_CLAUDE = {
    "id": "m",
    "role": "assistant",
    "model": "c",
    "content": [],
    "usage": {"input_tokens": 900, "output_tokens": 1},
}
CUT = {
    "nothing": ("mock", "", [], (None, 0)),
    "a head": ("mock", "text/event-stream", [b": hello\n\n"], (None, 0)),
    "bedrock": (
        "bedrock", "application/vnd.amazon.eventstream",
        [frame("messageStart", {"role": "assistant"}), *(frame("contentBlockDelta", one) for one in _WORDS)],
        (None, 62),
    ),
    "gemini": (
        "google", "text/event-stream",
        [sse(_GEMINI | {"usageMetadata": {"promptTokenCount": 700, "candidatesTokenCount": n}}) for n in (50, 300)],
        (700, 300),
    ),
    "anthropic": (
        "anthropic", "text/event-stream",
        [
            sse({"type": "message_start", "message": _CLAUDE}),
            sse({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            sse({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x" * 400}}),
        ],
        (900, 100),
    ),
}  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize("case", CUT)
async def test_what_a_provider_read_and_said_is_paid_for_though_it_took_too_long(case: str) -> None:
    provider, kind, pieces, (tokens_in, tokens_out) = CUT[case]
    place = Silent(kind, pieces)
    target = Target(
        name="a", provider=provider, model="m", base_url=await place.start(), timeout_first_token_s=0.3,
        timeout_total_s=0.3, usd_per_input_token=1.0, usd_per_output_token=1.0,
    )  # fmt: skip
    spec = VariantSpec(name="v", deployments=("a",))
    snapshot = Snapshot(
        revision=1, config_hash="h", routes={"p": {"t": Route(task=TaskSpec(name="t", variants=(spec,)), live="v")}},
        keys={}, subject_keys={}, targets={"p": {"a": target}},
    )  # fmt: skip
    plans = compile_plans(snapshot, {})
    variant = plans.tasks["p"]["t"].live
    raw = json.dumps({"model": "t", "stream": True, "messages": [{"role": "user", "content": "x" * 400}]}).encode()
    job = Job(
        inference_id="inf_" + "0" * 32, asked=body.parse(raw), variant=variant, live=variant, trace_id="1" * 32,
        wire=Reader(), answer_head=b"",  # type: ignore[arg-type]
    )  # fmt: skip
    client = HttpClient()
    outcome = await Attempts(client, Random(1)).answer(job)
    call = outcome.calls[0]
    assert call.error_code.endswith("_timeout")
    assert (call.input_tokens, call.output_tokens) == (tokens_in or len(raw) // 4 + 1, tokens_out)
    assert call.cost_usd == call.input_tokens + call.output_tokens
    await client.aclose()
    place.server.close()
