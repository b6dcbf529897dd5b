"""The stand-ins of all providers, behind one real server on loopback: routing, the log of what came, replies."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn


@dataclass
class Seen:
    """A request that a stand-in got."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes
    raw_query: str = ""
    match: dict[str, str] = field(default_factory=dict)  # what the route's pattern found in the path
    status: int = 0  # of the answer

    @property
    def body(self) -> Any:
        return json.loads(self.raw) if self.raw else None


@dataclass
class Reply:
    """What a stand-in answers: a JSON value, bytes, or frames of a stream."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    frames: Iterable[bytes] | None = None
    content_type: str = ""


Handler = Callable[[Seen], Reply]
Routes = list[tuple[str, str, Handler]]


class Upstream:
    """One server, every stand-in under a path of its own."""

    def __init__(self, routes: Routes, hosts: dict[str, str] | None = None) -> None:
        """`hosts`: a vendor's host → the path under which its stand-in lies."""
        self._routes = [(method, re.compile(pattern), handler) for method, pattern, handler in routes]
        self._hosts = hosts or {}
        self._log: list[Seen] = []
        self._served: list[tuple[uvicorn.Server, threading.Thread, socket.socket]] = []
        self.port = self._serve()

    def serve_tls(self, chain: Path, key: Path) -> int:
        """The same over TLS; its port."""
        return self._serve(ssl_certfile=str(chain), ssl_keyfile=str(key))

    def _serve(self, **more: Any) -> int:
        place = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            self, log_level="error", lifespan="off", http="httptools", loop="asyncio", ws="none", **more
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[place])), daemon=True)
        thread.start()
        self._served.append((server, thread, place))
        return int(place.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        for server, thread, place in self._served:
            server.should_exit = True
            thread.join(10)
            place.close()

    def mark(self) -> int:
        """Where the log is now, for `seen`."""
        return len(self._log)

    def seen(self, mark: int = 0, path: str = "") -> list[Seen]:
        """What came since."""
        return [one for one in self._log[mark:] if path in one.path]

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        raw, more = b"", True
        while more:
            message = await receive()
            raw += message.get("body", b"")
            more = message.get("more_body", False)
        query = scope["query_string"].decode()
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        seen = Seen(
            method=scope["method"],
            path=scope["raw_path"].decode(),
            query={name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()},
            headers=headers,
            raw=raw,
            raw_query=query,
        )
        self._log.append(seen)
        reply = self._answer(seen)
        seen.status = reply.status
        await _send(reply, send)

    def _answer(self, seen: Seen) -> Reply:
        prefix = self._hosts.get(seen.headers.get("host", ""), "")
        for method, pattern, handler in self._routes:
            if method == seen.method and (found := pattern.fullmatch(prefix + seen.path)):
                seen.match = found.groupdict()
                return handler(seen)
        return Reply({"error": {"message": f"no route {seen.method} {seen.path}", "code": 404}}, 404)


async def _send(reply: Reply, send: Any) -> None:
    kind = reply.content_type or ("text/event-stream" if reply.frames is not None else "application/json")
    headers = [(b"content-type", kind.encode())]
    headers += [(name.encode(), value.encode()) for name, value in reply.headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if reply.frames is None:
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        await send({"type": "http.response.body", "body": body})
        return
    for piece in _cut(reply.frames):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _cut(frames: Iterable[bytes]) -> Iterator[bytes]:
    """Frames as a network brings them: now and then two at once, or one in two."""
    waiting = b""
    for at, frame in enumerate(frames):
        waiting += frame
        if at % 3 == 0:
            yield waiting
            waiting = b""
        elif at % 3 == 1:
            half = len(waiting) // 2
            yield waiting[:half]
            waiting = waiting[half:]
    if waiting:
        yield waiting


def sse(value: Any, event: str = "") -> bytes:
    """One server-sent event."""
    named = f"event: {event}\n" if event else ""
    return f"{named}data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()
