"""A real gateway process between a mock upstream and a small stand-in for control, all on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import openai
import pytest

from volant.core.nouns import InferenceRecord, KeyGrant, Limits, Route, Snapshot, Split, Target, TaskSpec, VariantSpec
from volant.gateway import snapshot_file
from volant.providers.mock.server import MockServer
from volant.store.spool import read_segment, segments
from volant.store.vault import Vault

MASTER = bytes(range(32))
KEY = "sk-volant-test-0123456789abcdef"
LIMITED = "sk-volant-limited-0123456789abc"
BUDGET = "sk-volant-budget-0123456789abcd"
READER = "sk-volant-reader-0123456789abcd"
EXPIRED = "sk-volant-expired-0123456789abc"
HASH_KEY = "11" * 32
T = TypeVar("T")


class Loop:
    """An event loop in a thread, for the servers that a synchronous test needs."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def close(self) -> None:
        async def cancel() -> None:
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self.run(cancel())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


class FakeControl:
    """Serves snapshots by long poll, leases from one budget, and echoes every other path."""

    def __init__(self, path: Path, token: str) -> None:
        self.path = path
        self.token = token
        self.snapshot: Snapshot | None = None
        self.budget_usd = 0.0  # of all keys together, what is left to grant
        self.requests_left = 0
        self.settled = {"usd": 0.0, "requests": 0, "tokens": 0}
        self.leases: list[dict[str, Any]] = []
        self.outstanding: dict[str, tuple[float, int, float, int, int]] = {}
        self.lease_delay_s = 0.0
        self.parts = {"database": "ok", "workflows": "ok"}
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self._server: asyncio.Server | None = None
        self._changed = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self.path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self.path, limit=1 << 24)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.transport.abort()
            await asyncio.sleep(0.01)
            self.path.unlink(missing_ok=True)

    async def publish(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                method, target, _ = line.decode().split()
                headers: dict[str, str] = {}
                while (line := await reader.readline()) not in (b"\r\n", b""):
                    name, _, value = line.decode("latin-1").partition(":")
                    headers[name.lower()] = value.strip()
                await self._answer(method, target, headers, await _read_body(reader, headers), writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(
        self, method: str, target: str, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
    ) -> None:
        if target.startswith("/internal/"):
            assert headers.get("x-volant-internal") == self.token
            if target.startswith("/internal/lease"):
                await asyncio.sleep(self.lease_delay_s)
                _write(writer, 200, json.dumps(self._lease(json.loads(body))).encode())
            else:
                await self._poll(int(target.rpartition("=")[2]), writer)
        elif target == "/readyz":
            _write(writer, 200, json.dumps({"status": "ok", "problems": [], "parts": self.parts}).encode())
        elif target.startswith("/events"):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            writer.write(b"d\r\ndata: first\n\n\r\n")
            await writer.drain()
            await asyncio.sleep(60)
        elif target.startswith("/stream"):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n")
            for at in range(5):
                writer.write(b"6\r\npiece%d\r\n" % at)
                await writer.drain()
                await asyncio.sleep(0.2)
            writer.write(b"0\r\n\r\n")
        elif target.startswith("/break"):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
            await writer.drain()
            writer.transport.abort()
        else:
            self.seen.append((method, target, headers, body))
            seen = {"method": method, "path": target, "headers": headers, "size": len(body)}
            _write(writer, 201, b"" if method == "HEAD" else json.dumps(seen).encode())
        await writer.drain()

    async def _poll(self, after: int, writer: asyncio.StreamWriter) -> None:
        deadline = time.monotonic() + 5
        while self.snapshot is None or self.snapshot.revision == after:
            try:
                await asyncio.wait_for(self._changed.wait(), deadline - time.monotonic())
            except TimeoutError:
                _write(writer, 204, b"")
                return
        _write(writer, 200, snapshot_file.encode(self.snapshot))

    def _lease(self, request: dict[str, Any]) -> dict[str, Any]:
        """Grants replace: what was left of the old lease comes back first."""
        self.leases.append(request)
        return {"leases": [self._one_lease(ask) for ask in request["asks"]]}

    def _one_lease(self, ask: dict[str, Any]) -> dict[str, Any]:
        account, most = ask["account"], ask["most"]
        told_usd, told_tokens, held_usd, held_requests, used = self.outstanding.get(account, (0.0, 0, 0.0, 0, 0))
        spent, begun = ask["told_usd"] - told_usd, ask["used_requests"] - used
        self.settled["usd"] += spent
        self.settled["tokens"] += ask["told_tokens"] - told_tokens
        self.settled["requests"] += begun
        self.budget_usd += held_usd - spent
        self.requests_left += held_requests - begun
        usd = max(0.0, min(most["usd"], self.budget_usd))
        requests = max(0, min(most["requests"], self.requests_left))
        self.budget_usd -= usd
        self.requests_left -= requests
        self.outstanding[account] = (ask["told_usd"], ask["told_tokens"], usd, requests, ask["used_requests"])
        granted = {**most, "usd": usd, "requests": requests}
        return {"granted": granted, "minute": ask["minute"], "expires_ms": int(time.time() * 1000) + 60_000}


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "chunked" in headers.get("transfer-encoding", ""):
        pieces = []
        while size := int((await reader.readline()).strip(), 16):
            pieces.append(await reader.readexactly(size))
            await reader.readline()
        await reader.readline()
        return b"".join(pieces)
    return await reader.readexactly(int(headers.get("content-length", 0)))


def _write(writer: asyncio.StreamWriter, status: int, body: bytes) -> None:
    framing = b"" if status == 204 else b"content-length: %d\r\n" % len(body)
    writer.write(b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\n%b\r\n%b" % (status, framing, body))


class Stack:
    """Upstreams, control and one gateway."""

    def __init__(self, data_dir: Path, loop: Loop) -> None:
        self.data_dir = data_dir
        self.loop = loop
        self.vault = Vault(MASTER)
        self.mocks: dict[str, MockServer] = {}
        self.urls: dict[str, str] = {}
        self.control = FakeControl(data_dir / "run" / "control.sock", self.vault.internal_token)
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.revision = 0
        self.boot: dict[str, Any] = {}
        self.pass_fds: tuple[int, ...] = ()
        self.clients: list[openai.OpenAI] = []
        (data_dir / "run").mkdir(parents=True)

    # ------------------------------------------------------------ servers
    def add_mock(self, name: str, **options: Any) -> MockServer:
        mock = MockServer(**options)
        self.mocks[name] = mock
        self.urls[name] = self.loop.run(mock.start())
        return mock

    def kill_mock(self, name: str) -> None:
        self.loop.run(self.mocks[name].stop())

    def start(
        self,
        *,
        wait: bool = True,
        control: bool = True,
        worker: int = 0,
        environment: dict[str, str] | None = None,
    ) -> None:
        if control:
            self.loop.run(self.control.start())
        listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        listener.set_inheritable(True)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        argv = [sys.executable, "-m", "volant.app.gateway", "--data-dir", str(self.data_dir)]
        argv += ["--worker-index", str(worker)]
        self.log = (self.data_dir / "gateway.log").open("ab")
        self.process = subprocess.Popen(
            [*argv, "--listen-fd", str(listener.fileno())],
            pass_fds=(listener.fileno(), *self.pass_fds),
            env={
                **os.environ,
                "VOLANT_MASTER_KEY": MASTER.hex(),
                "VOLANT_BOOT": json.dumps({"disk_floor_mb": 0, **self.boot}),
                **(environment or {}),
            },
            stdout=self.log,
            stderr=self.log,
        )
        listener.close()
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self, revision: int = -1) -> None:
        def ready() -> bool:
            status, body, _ = self.get("/readyz")
            return status == 200 and (revision < 0 or json.loads(body)["revision"] == revision)

        eventually(ready, "the gateway is not ready")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(how)
        code = self.process.wait(60)
        self.process = None
        self.log.close()
        return code

    def close(self) -> None:
        for client in self.clients:
            client.close()  # else its sockets are closed, and complained about, in another test
        if self.process is not None:
            self.stop(signal.SIGKILL)
        for mock in self.mocks.values():
            self.loop.run(mock.stop())
        self.loop.run(self.control.stop())

    # ------------------------------------------------------------ configuration
    def publish(
        self,
        tasks: list[TaskSpec],
        targets: list[Target],
        *,
        splits: dict[str, Split] | None = None,
        live: dict[str, str] | None = None,
        keys: list[KeyGrant] | None = None,
        **more: Any,
    ) -> None:
        self.revision += 1
        routes = {
            task.name: Route(
                task=task,
                live=(live or {}).get(task.name, task.variants[0].name),
                release_id="rel_1",
                split=(splits or {}).get(task.name),
            )
            for task in tasks
        }
        snapshot = Snapshot(
            revision=self.revision,
            config_hash=f"hash{self.revision}",
            routes={"default": routes},
            targets={"default": {target.name: target for target in targets}},
            keys={grant.sha256: grant for grant in (keys if keys is not None else default_keys())},
            subject_keys={"default": HASH_KEY},
            **more,
        )
        self.loop.run(self.control.publish(snapshot))
        if self.process is not None:
            self.wait_until_ready(self.revision)

    def target(self, name: str, **more: Any) -> Target:
        fields = {"provider": "mock", "model": "mock-model", "base_url": self.urls.get(name, ""), **more}
        return Target(name=name, **fields)

    def simple(self, **more: Any) -> None:
        """One task "help" with one deployment "main"."""
        if "main" not in self.mocks:
            self.add_mock("main")
        self.publish([task("help", ["main"])], [self.target("main")], **more)

    # ------------------------------------------------------------ talking to it
    def client(self, key: str = KEY, **more: Any) -> openai.OpenAI:
        made = openai.OpenAI(**{"base_url": self.url + "/v1", "max_retries": 0, **more}, api_key=key)
        self.clients.append(made)
        return made

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes, dict[str, str]]:
        return self.send("GET", path, None, headers)

    def send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes, dict[str, str]]:
        request = urllib.request.Request(self.url + path, body, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read(), {k.lower(): v for k, v in answer.headers.items()}
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), {k.lower(): v for k, v in error.headers.items()}
        except (urllib.error.URLError, ConnectionError):
            return 0, b"", {}

    def log_text(self) -> str:
        """What the gateway has logged."""
        return (self.data_dir / "gateway.log").read_text()

    def chat(self, body: dict[str, Any], key: str = KEY, **headers: str) -> tuple[int, Any, dict[str, str]]:
        status, data, answered = self.send(
            "POST",
            "/v1/chat/completions",
            json.dumps(body).encode(),
            {"authorization": f"Bearer {key}", "content-type": "application/json", **headers},
        )
        return status, json.loads(data) if data.startswith(b"{") else data, answered

    def records(self, count: int | None = None) -> list[InferenceRecord]:
        """What is in the spool; waits until there are `count`."""

        def read() -> list[InferenceRecord]:
            return [
                msgspec.msgpack.decode(record, type=InferenceRecord)
                for path in segments(self.data_dir / "spool" / "0")
                for record in read_segment(path, self.vault.spool_key)
            ]

        if count is not None:
            eventually(lambda: len(read()) >= count, f"there are {len(read())} records, not {count}")
        return read()


def eventually(holds: Callable[[], bool], message: str, within_s: float = 60.0) -> None:
    end = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > end:
            pytest.fail(message)
        time.sleep(0.02)


def task(name: str, deployments: list[str], **more: Any) -> TaskSpec:
    fields = {"fallbacks": tuple(more.pop("fallbacks", ())), "parameters": more.pop("parameters", {})}
    variant = VariantSpec(name="v1", deployments=tuple(deployments), system=more.pop("system", ""), **fields)
    return TaskSpec(name=name, variants=(variant, *more.pop("further", ())), **more)


def grant(key: str, **more: Any) -> KeyGrant:
    fields = {"key_id": f"key_{key[10:17]}", "project": "default", "scopes": ("inference",), **more}
    return KeyGrant(sha256=hashlib.sha256(key.encode()).hexdigest(), **fields)


def default_keys() -> list[KeyGrant]:
    return [
        grant(KEY),
        grant(LIMITED, limits=Limits(requests_per_minute=60)),
        grant(BUDGET, limits=Limits(usd_per_day=1.0)),
        grant(READER, scopes=("read",)),
        grant(EXPIRED, expires_ms=1),
    ]


HELLO: dict[str, Any] = {"model": "help", "messages": [{"role": "user", "content": "where is my card? chunks=4"}]}
