"""Relay: every path that is not the gateway's own goes to control, streaming both ways.

Knows HTTP and nothing of what is said. Hop-by-hop headers and our internal ones stay behind; `/internal/` is not there
for outsiders. Sources: RFC 9110 7.6 (message forwarding), RFC 7239's predecessors (x-forwarded-*).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from volant.core.errors import NotFound, TooLarge, Unavailable
from volant.gateway.proxies import Proxies
from volant.gateway.wire import Wire
from volant.providers.http import Connection, HttpClient, Origin, Queue, Timeouts, TransportError, is_stale

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_TIMEOUTS = Timeouts(connect_s=2.0, first_byte_s=300.0, total_s=24 * 3600.0)
_HOP = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
        b"trailer", b"transfer-encoding", b"upgrade", b"content-length", b"expect", b"http2-settings",
    }
)  # fmt: skip
_OURS = frozenset({b"x-volant-internal", b"x-volant-worker", b"x-forwarded-for", b"x-forwarded-proto", b"host"})


class Relay:
    """Hands requests to control."""

    def __init__(
        self, client: HttpClient, socket_path: str, max_upload_bytes: int, proxies: Proxies | None = None
    ) -> None:
        self._client = client
        self._proxies = proxies or Proxies()
        self._origin = Origin("localhost", 0, False, socket_path)
        self._max_upload_bytes = max_upload_bytes

    async def __call__(self, scope: Message, receive: Receive, send: Send, wire: Wire) -> None:
        """Raises NotFound, TooLarge or Unavailable before the answer has begun; afterwards it breaks off."""
        if is_internal(scope["path"]):
            raise NotFound("no_such_path", f"there is nothing at {scope['path'][:80]!r}")
        length = next((int(value) for name, value in scope["headers"] if name == b"content-length"), None)
        if length is not None and length > self._max_upload_bytes:
            raise _too_large(self._max_upload_bytes)
        has_body = length is not None or any(name == b"transfer-encoding" for name, _ in scope["headers"])
        head = self._head(scope, length, has_body)
        if has_body:
            queue = await self._send_with_body(head, receive, wire, chunked=length is None)
        else:
            queue = await self._send(head, wire, no_body=scope["method"] == "HEAD")
        try:
            await self._answer(queue, send, wire)
        finally:
            wire.on_close = wire.on_stop = None

    # ------------------------------------------------------------ the request
    def _head(self, scope: Message, length: int | None, has_body: bool) -> bytes:
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        peer = scope.get("client")
        client, scheme = self._proxies.client_of(peer[0] if peer else "unknown", scope["scheme"], scope["headers"])
        lines = [scope["method"].encode() + b" " + target + b" HTTP/1.1"]
        host = b"localhost"
        for name, value in scope["headers"]:
            if name == b"host":
                host = value
            elif name not in _HOP and name not in _OURS:
                lines.append(name + b": " + value)
        lines.append(b"host: " + host)
        lines.append(b"x-forwarded-for: " + client.encode())
        lines.append(b"x-forwarded-proto: " + scheme.encode())
        if length is not None:
            lines.append(b"content-length: %d" % length)
        elif has_body:
            lines.append(b"transfer-encoding: chunked")
        return b"\r\n".join(lines) + b"\r\n\r\n"

    async def _send(self, head: bytes, wire: Wire, *, no_body: bool) -> Queue:
        for fresh in (False, True):
            connection, queue = await self._connect(wire, fresh=fresh)
            connection.start(head, queue, _TIMEOUTS, no_body=no_body)
            try:
                await asyncio.shield(queue.started)
                return queue
            except TransportError as error:
                if fresh or not is_stale(connection, error):  # stale: control restarted since it was used
                    raise _away() from None
        raise _away()

    async def _send_with_body(self, head: bytes, receive: Receive, wire: Wire, *, chunked: bool) -> Queue:
        """On a fresh connection: a body cannot be sent twice."""
        connection, queue = await self._connect(wire, fresh=True)
        connection.start(head, queue, _TIMEOUTS)
        await self._upload(connection, queue, receive, chunked=chunked)
        return queue

    async def _connect(self, wire: Wire, *, fresh: bool) -> tuple[Connection, Queue]:
        try:
            connection = await self._client.connect(self._origin, _TIMEOUTS.connect_s, fresh=fresh)
        except TransportError:
            raise _away() from None
        queue = Queue(connection)

        def leave() -> None:
            connection.cancel()
            queue.failed(TransportError("client_gone", "the client closed the connection"))

        wire.on_close = leave
        wire.on_stop = lambda final: leave() if final else None
        return connection, queue

    async def _upload(self, connection: Connection, queue: Queue, receive: Receive, *, chunked: bool) -> None:
        sent = 0
        more = True
        while more and not queue.started.done():
            message = await receive()
            if message["type"] != "http.request":
                connection.cancel()
                raise Unavailable("client_gone", "the client left while it was sending")
            piece = message.get("body", b"")
            more = message.get("more_body", False)
            sent += len(piece)
            if sent > self._max_upload_bytes:
                connection.cancel()
                raise _too_large(self._max_upload_bytes)
            if piece:
                connection.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            if not more and chunked:
                connection.send(b"0\r\n\r\n")
            await connection.drain()

    # ------------------------------------------------------------ the answer
    async def _answer(self, queue: Queue, send: Send, wire: Wire) -> None:
        try:
            status, headers = await queue.started
        except TransportError:
            raise _away() from None
        kept = [(name, value) for name, value in headers if name not in _HOP or name == b"content-length"]
        live = any(name == b"content-type" and value.startswith(b"text/event-stream") for name, value in headers)
        wire.on_stop = lambda final: queue.leave(whole=live) if live or final else None
        await send({"type": "http.response.start", "status": status, "headers": kept})
        try:
            async for piece in queue.pieces():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                if wire.gone:
                    return
        except TransportError:
            wire.break_off()  # a part must not look like the whole
            return
        await send({"type": "http.response.body", "body": b""})


def is_internal(path: str) -> bool:
    """Is this one of the paths between our own processes, however it is written?"""
    first = path.replace("\\", "/").lstrip("/").partition("/")[0].strip().lower()
    return first == "internal" or (".." in path and "internal" in path.lower())


def _away() -> Unavailable:
    return Unavailable(
        "control_away",
        "the control process does not answer",
        hint="it starts or restarts; chat goes on meanwhile. If it stays away, look at logs/control.log",
        retry_after_s=1.0,
    )


def _too_large(limit: int) -> TooLarge:
    return TooLarge("body_too_large", f"the body is larger than {limit} bytes", hint="raise max_upload_bytes")
