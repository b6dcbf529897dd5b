"""Express: the usual request gives the same answer and the same record on the straight way as on the general one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvicorn
from gateway_stack import HASH_KEY, KEY, LIMITED, MASTER, grant
from uvicorn.server import ServerState

from volant.app.gateway import Worker
from volant.core.accounts import minute_of
from volant.core.leasing import AccountAsk, Amount, Lease, LeaseAnswer, LeaseRequest
from volant.core.nouns import (
    InferenceRecord,
    KeyGrant,
    Limits,
    LimitSpec,
    Route,
    Snapshot,
    Target,
    TaskSpec,
    VariantSpec,
)
from volant.core.settings import ServerSettings
from volant.gateway.wire import GatewayProtocol
from volant.store.spool import read_segment, segments
from volant.store.vault import Vault

pytestmark = pytest.mark.anyio
NOW_MS = 1_800_000_000_000
USAGE = {"prompt_tokens": 24, "completion_tokens": 40, "total_tokens": 64}
Json = dict[str, Any]


def _said(content: str = "yes", **more: Any) -> bytes:
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    whole = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m-1", "choices": [choice]}
    return json.dumps({**whole, "usage": USAGE, **more}).encode()


def _http(body: bytes, status: int = 200, headers: str = "content-type: application/json\r\n") -> bytes:
    return f"HTTP/1.1 {status} X\r\n{headers}content-length: {len(body)}\r\n\r\n".encode() + body


CLOSED = b""
BEYOND = "1e999"  # sent without its quotes: JSON, and no number that anybody can hold
ANSWERS: dict[str, bytes | list[bytes]] = {
    "plain": _http(_said()),
    "more counts": _http(
        _said(
            usage={
                **USAGE,
                "prompt_tokens_details": {"cached_tokens": 8, "audio_tokens": 2},
                "completion_tokens_details": {"reasoning_tokens": 3},
            }
        )
    ),
    "absurd counts": _http(_said(usage={"prompt_tokens": 1 << 50, "completion_tokens": -3, "total_tokens": 0})),
    "no usage": _http(_said(usage=None)),
    "empty": _http(_said("")),
    "no answer at all": _http(b'{"object":"list"}'),
    "no JSON": _http(b"<html>", headers="content-type: text/html\r\n"),
    "another type": _http(_said(), headers="Content-Type: application/json; charset=utf-8\r\nx-request-id: p\r\n"),
    "a refusal": _http(b'{"error":{"message":"no such thing","type":"invalid_request_error","code":"bad"}}', 400),
    "too many": _http(b'{"error":{"message":"slow down"}}', 429),
    "down": _http(b'{"error":{"message":"oh"}}', 500),
    "no content": b"HTTP/1.1 204 X\r\n\r\n",
    "a stale connection": [CLOSED, _http(_said())],
    "broken off": b"HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\nhalf",
    "no HTTP": b"\x00\x01\x02",
    "parts that are no text": _http(_said("@").replace(b'"@"', b'["\xff"]')),
    "words that are no text": _http(_said("@").replace(b'"@"', b'"\xff"')),
    "very deep": _http(_said("[" * 3_000 + "]" * 3_000)),
    "a stream nobody asked for": _http(b"data: {}\n\n", headers="content-type: text/event-stream\r\n"),
}
MESSAGES = [{"role": "user", "content": "where is my card?"}]
REQUESTS: dict[str, Json] = {
    "plain": {},
    "a limit": {"max_tokens": 7, "temperature": 0.5},
    "a user": {"user": "ada", "metadata": {"session": "s1"}},
    "our object": {"volant": {"tags": {"a": "b"}, "session": "s2", "user": "bob"}},
    "JSON asked for": {"response_format": {"type": "json_object"}},
    "text asked for": {"response_format": {"type": "text"}},
    "a picture": {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,x"}}]}]},
    "several": {"n": 3, "max_completion_tokens": 5},
    "variables": {"volant": {"variables": {"a": 1}}},
    "a shape beyond all numbers": {"response_format": BEYOND},
    "a stream beyond all numbers": {"stream": BEYOND},
    "a user beyond all numbers": {"user": BEYOND},
    "a limit beyond all numbers": {"max_tokens": BEYOND},
    "a limit in quotes": {"max_tokens": "12"},
}
UNSURE = {"a limit beyond all numbers", "a limit in quotes"}  # nobody reads it, unless a ceiling must hold
REFUSED = {name for name in REQUESTS if "beyond" in name} - UNSURE | {"variables"}
SPECS: dict[str, Json] = {
    "plain": {},
    "defaults": {"parameters": {"temperature": 0.1, "max_tokens": 9}, "system": "Be brief."},
    "JSON expected": {"expects": "json"},
    "JSON by default": {"parameters": {"response_format": {"type": "json_object"}}},
    "text by default": {"parameters": {"response_format": {"type": "text"}}},
    "not recorded": {"record_payload": False},
    "two deployments": {"deployments": ("main", "other")},  # the other has no weight: it is there, and not drawn
    "a fallback": {"fallbacks": ("other",)},
    "a limited fallback": {"fallbacks": ("dear",), "limits": Limits(usd_per_day=1e-6)},  # of its model
}
HEADERS: dict[str, str] = {
    "plain": "",
    "ids": "x-request-id: abc\r\ntraceparent: 00-" + "a" * 32 + "-" + "b" * 16 + "-01\r\n",
    "people": "x-volant-user: eve\r\nx-volant-session: s9\r\n",
}
CASES = (
    [("plain", request, "plain", "plain", key) for request in REQUESTS for key in (KEY, LIMITED)]
    + [(answer, "plain", "plain", "plain", key) for answer in ANSWERS for key in (KEY, LIMITED)]
    + [("plain", "plain", spec, "plain", LIMITED) for spec in SPECS]
    + [("down", "plain", spec, "plain", LIMITED) for spec in ("two deployments", "a fallback")]
    + [("plain", "a user", "plain", headers, LIMITED) for headers in HEADERS]
    + [("down", "plain", "a limited fallback", "plain", key) for key in (KEY, LIMITED)]
    + [("plain", "text asked for", spec, "plain", KEY) for spec in ("JSON by default", "JSON expected")]
    + [(answer, "plain", "JSON expected", "plain", KEY) for answer in ("empty", "very deep")]
    + [("plain", "plain", "plain", "plain", "sk-unknown")]
)


class Lender:
    """Control with enough of everything, but for models."""

    async def lease(self, request: LeaseRequest) -> LeaseAnswer:
        return LeaseAnswer(
            leases=tuple(
                Lease(granted=self._granted(ask), expires_ms=NOW_MS + 60_000, minute=minute_of(NOW_MS))
                for ask in request.asks
            )
        )

    def _granted(self, ask: AccountAsk) -> Amount:
        most = ask.most
        return msgspec.structs.replace(most, usd=min(most.usd, 1e-6)) if ask.account.startswith("model:") else most


class Provider:
    """Says what it is told, one saying a request; an empty one is a closed connection."""

    def __init__(self) -> None:
        self.says: list[bytes] = []
        self.heard: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                self.heard.append(await reader.readexactly(length))
                said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
                writer.write(said)
                await writer.drain()
                if said == CLOSED or said.endswith(b"half"):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


class Place:
    """A worker without its process, before one provider."""

    def __init__(self, folder: Path, provider: Provider, port: int) -> None:
        (folder / "run").mkdir(parents=True)
        self.folder, self.provider, self.port = folder, provider, port
        self.worker = Worker(folder, 0, ServerSettings(disk_floor_mb=0))
        self.worker._admission._lender = Lender()
        self.worker._admission._now_ms = lambda: NOW_MS
        self.at = 0  # the worker's port
        self.taken = 0
        take = self.worker.app._express.take

        def counted(*given: Any) -> bool:
            went = take(*given)
            self.taken += went
            return went

        self.take: Callable[..., bool] = counted
        config = uvicorn.Config(self.worker.app, ws="none", lifespan="off", interface="asgi3", log_config=None)
        config.load()
        loop, state = asyncio.get_running_loop(), ServerState()
        self.serving = loop.create_server(lambda: GatewayProtocol(config, state, {}, loop), "127.0.0.1", 0)

    def configure(self, spec: Json) -> None:
        more = dict(spec)
        limits = more.pop("limits", None)
        variant = VariantSpec(
            name="v1",
            deployments=more.pop("deployments", ("main",)),
            fallbacks=more.pop("fallbacks", ()),
            parameters=more.pop("parameters", {}),
            system=more.pop("system", ""),
            retries=0,
        )
        task = TaskSpec(name="help", variants=(variant,), **more)
        target = Target(
            name="main",
            provider="openai",
            model="m-1",
            base_url=f"http://127.0.0.1:{self.port}/v1",
            usd_per_input_token=1e-6,
            usd_per_output_token=2e-6,
        )
        other = msgspec.structs.replace(target, name="other", weight=0.0)
        dear = msgspec.structs.replace(target, name="dear", model="m-2")
        keys: list[KeyGrant] = [
            grant(KEY),
            grant(LIMITED, limits=Limits(requests_per_minute=600, tokens_per_minute=9_000_000, usd_per_day=9.0)),
        ]
        self.worker._take(
            Snapshot(
                revision=1,
                config_hash="h",
                routes={"default": {"help": Route(task=task, live="v1", release_id="rel_1")}},
                targets={"default": {"main": target, "other": other, "dear": dear}},
                limits={"default": (LimitSpec(over="model", name="m-2", limits=limits),)} if limits is not None else {},
                keys={one.sha256: one for one in keys},
                subject_keys={"default": HASH_KEY},
            )
        )

    async def ask(self, request: Json, headers: str, key: str, express: bool) -> tuple[bytes, bytes]:
        """(head, body) of the answer."""
        self.worker.app._express.take = self.take if express else lambda *given: False  # type: ignore[method-assign]
        body = json.dumps({"model": "help", "messages": MESSAGES, **request}).encode()
        body = body.replace(json.dumps(BEYOND).encode(), BEYOND.encode())
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n{headers}"
        reader, writer = await asyncio.open_connection("127.0.0.1", self.at)
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        try:
            said = await reader.readuntil(b"\r\n\r\n")
            length = int(said.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            return said, await reader.readexactly(length)
        finally:
            writer.close()

    def waiting(self) -> int:
        """Connections to the provider that wait for work."""
        return sum(len(some) for some in self.worker._client._idle.values())

    def records(self) -> list[InferenceRecord]:
        return [
            msgspec.msgpack.decode(record, type=InferenceRecord)
            for path in segments(self.folder / "spool" / "0")
            for record in read_segment(path, Vault(MASTER).spool_key)
        ]


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setenv("VOLANT_MASTER_KEY", MASTER.hex())
    provider = Provider()
    upstream = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
    place = Place(tmp_path / "data", provider, upstream.sockets[0].getsockname()[1])
    server = await place.serving
    place.at = server.sockets[0].getsockname()[1]
    yield place
    server.close()
    await place.worker.stop()
    upstream.close()


def _without_chance(record: InferenceRecord) -> Json:
    """But for ids and times, which are never the same twice."""
    found = msgspec.structs.asdict(record)
    found["calls"] = [msgspec.structs.asdict(call) for call in record.calls]
    for one in (found, *found["calls"]):
        for name in ("inference_id", "trace_id", "span_id", "call_id", "started_ms", "latency_ms", "ttft_ms"):
            assert one.pop(name, True), f"{name} is missing"
    return found


def _head_without_chance(head: bytes) -> list[bytes]:
    ours = (
        b"x-volant-inference-id",
        b"x-volant-trace-id",
        b"x-request-id: inf_",
        b"x-request-id: req_",
        b"x-ratelimit-re",
    )
    return [line for line in head.split(b"\r\n") if not line.startswith(ours)]


@pytest.mark.parametrize(("answer", "request_", "spec", "headers", "key"), CASES)
async def test_both_ways_are_the_same(
    place: Place, answer: str, request_: str, spec: str, headers: str, key: str
) -> None:
    place.configure(SPECS[spec])
    found: list[tuple[list[bytes], bytes, list[bytes], list[Json], Json]] = []
    for express in (False, True):
        place.provider.says = [ANSWERS["plain"]]  # type: ignore[list-item]
        await place.ask({}, "", KEY, False)  # so that a connection waits
        before = len(place.records())
        for health in place.worker._healths.values():
            health.__init__()  # type: ignore[misc]
        place.configure(SPECS[spec])
        said = ANSWERS[answer]
        place.provider.says, place.provider.heard = list(said) if isinstance(said, list) else [said], []
        head, body = await place.ask(REQUESTS[request_], HEADERS[headers], key, express)
        records = place.records()[before:]
        _assert_nothing_is_held(place)
        health = next(iter(place.worker._healths.values()))
        left = {"failures": health.failures, "open": bool(health.open_until), "waiting": place.waiting()}
        lines = _head_without_chance(head)
        found.append((lines, body, list(place.provider.heard), [_without_chance(one) for one in records], left))
    assert found[0] == found[1]
    asks = not _is_refused(request_, key)
    if (answer, key) != ("absurd counts", LIMITED):  # that took the budget, and control is asked first
        assert place.taken == asks
    assert not any(b" 500 Internal" in line for line in found[1][0])
    assert len(found[1][3]) == asks, "one record a request"


def _is_refused(request: str, key: str) -> bool:
    """Before anybody is asked: what cannot be read, and by a ceiling what it cannot be sure of."""
    return key not in (KEY, LIMITED) or request in REFUSED or (request in UNSURE and key == LIMITED)


def _assert_nothing_is_held(place: Place) -> None:
    for account in place.worker._admission._accounts.values():
        assert (account.in_flight, account.reserved_usd, account.reserved_tokens) == (0, 0.0, 0)
    for health in place.worker._healths.values():
        assert health.in_flight == 0


@pytest.mark.parametrize("express", [False, True])
@pytest.mark.parametrize(
    ("broken", "at", "code"),
    [("read_answer", "invalid_answer", "upstream_failed"), ("fault_of", "", "internal_error")],
)
async def test_a_mistake_of_ours_frees_everything_and_is_recorded(
    place: Place, monkeypatch: pytest.MonkeyPatch, broken: str, at: str, code: str, express: bool
) -> None:
    """Once an answer was paid for, whatever goes wrong here."""
    place.provider.says = [ANSWERS["plain"]]  # type: ignore[list-item]
    place.configure({})
    await place.ask({}, "", LIMITED, False)
    spent = [account.spent_usd for account in place.worker._admission._accounts.values()]

    def fail(*given: Any, **named: Any) -> Any:
        raise ArithmeticError("a mistake")

    for module in ("express", "call" if broken == "read_answer" else "record"):
        monkeypatch.setattr(f"volant.gateway.{module}.{broken}", fail)
    head, body = await place.ask({}, "", LIMITED, express)
    assert json.loads(body)["error"]["code"] == code
    assert b"x-volant-inference-id: inf_" in head
    _assert_nothing_is_held(place)
    (record,) = place.records()[1:]
    assert (record.error_code, record.status, record.output) == (code, 500 if code == "internal_error" else 502, b"")
    (call,) = record.calls
    assert (call.error_code, call.cost_usd > 0, record.cost_usd) == (at, True, call.cost_usd)
    assert [account.spent_usd for account in place.worker._admission._accounts.values()] == [
        pytest.approx(before + call.cost_usd) for before in spent
    ]
    assert place.taken == express


@pytest.mark.parametrize(
    ("broken", "answer"),
    [("attempt.failure_to_tell", "no answer at all"), ("answering.complete", "plain"), ("chat._job", "plain")],
)
async def test_a_mistake_on_the_general_way_is_recorded_once_it_cost_something(
    place: Place, monkeypatch: pytest.MonkeyPatch, broken: str, answer: str
) -> None:
    place.provider.says = [ANSWERS[answer]]  # type: ignore[list-item]
    place.configure({})

    def fail(*given: Any, **named: Any) -> Any:
        raise ArithmeticError("a mistake")

    monkeypatch.setattr(f"volant.gateway.{broken}", fail)
    _, body = await place.ask({}, "", LIMITED, False)
    assert json.loads(body)["error"]["code"] == "internal_error"
    _assert_nothing_is_held(place)
    paid = sum(account.spent_usd for account in place.worker._admission._accounts.values())
    if broken == "chat._job":  # nobody was asked
        assert (paid, place.records()) == (0.0, [])
    else:
        (record,) = place.records()
        assert (record.status, record.error_code, record.output) == (500, "internal_error", b"")
        assert record.cost_usd == paid > 0


async def test_what_is_spent_is_the_same(place: Place) -> None:
    place.provider.says = [ANSWERS["plain"]]  # type: ignore[list-item]
    place.configure({})
    spent: list[tuple[float, int]] = []
    for express in (False, False, True):
        await place.ask({}, "", LIMITED, express)
        account = next(iter(place.worker._admission._accounts.values()))
        spent.append((account.spent_usd, account.spent_tokens))
    assert place.taken == 1
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in zip([(0.0, 0), *spent], spent, strict=False)]
    assert steps[1] == pytest.approx(steps[2])
    assert steps[2][1] == 64


async def test_a_caller_that_leaves_frees_everything(place: Place) -> None:
    place.provider.says = [ANSWERS["plain"]]  # type: ignore[list-item]
    place.configure({})
    await place.ask({}, "", LIMITED, False)
    place.provider.says = [b"HTTP/1.1 200 X\r\n"]  # and nothing more
    asking = asyncio.create_task(place.ask({}, "", LIMITED, True))
    await _until(lambda: place.taken == 1)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await _until(lambda: len(place.records()) == 2)
    record = place.records()[-1]
    assert (record.status, record.calls[0].error_code) == (499, "client_gone")
    account = next(iter(place.worker._admission._accounts.values()))
    assert (account.in_flight, next(iter(place.worker._healths.values())).in_flight) == (0, 0)


async def _until(holds: Callable[[], bool]) -> None:
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not come")


async def test_what_is_refused_is_counted_whichever_way_it_came(place: Place) -> None:
    """What comes while another request of its connection is answered takes uvicorn's way."""
    place.provider.says = [ANSWERS["plain"]]  # type: ignore[list-item]
    place.configure({})
    wrong, unknown = b'{"model":"help","messages":[],"stream":3}', b'{"model":"nobody","messages":[]}'
    right = b'{"model":"help","messages":[]}'
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %b\r\n" % KEY.encode()
    get = b"GET /v1/chat/completions HTTP/1.1\r\nhost: x\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", place.at)
    asked = [head + b"content-length: %d\r\n\r\n%b" % (len(body), body) for body in (wrong, right, wrong, unknown)]
    writer.write(b"".join(asked) + get)
    for status in (b"400", b"200", b"400", b"404", b"405"):
        said = await reader.readuntil(b"\r\n\r\n")
        assert said.split()[1] == status
        await reader.readexactly(int(said.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
    writer.close()
    assert sum(place.worker.app.refused.values()) == 4, place.worker.app.refused
    assert place.worker.app.refused["invalid_field"] == 2
