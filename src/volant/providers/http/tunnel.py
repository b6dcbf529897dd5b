"""Tunnel: ask an HTTP proxy for a way to a server behind TLS (CONNECT, RFC 9110, 9.3.6)."""

from __future__ import annotations

import asyncio
import socket

from volant.providers.http.words import Origin, TransportError

_MAX_HEAD = 16 << 10


async def dig(loop: asyncio.AbstractEventLoop, sock: socket.socket, origin: Origin) -> None:
    """On a socket that is connected to the proxy. Afterwards its bytes are the server's. Raises TransportError
    `proxy_failed` with what the proxy said."""
    assert origin.proxy is not None
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    lines = [f"CONNECT {host}:{origin.port} HTTP/1.1", f"host: {host}:{origin.port}"]
    if origin.proxy.authorization:
        lines.append(f"proxy-authorization: {origin.proxy.authorization}")
    head = b""
    try:
        await loop.sock_sendall(sock, "\r\n".join([*lines, "", ""]).encode("latin-1"))
        while b"\r\n\r\n" not in head:
            piece = await loop.sock_recv(sock, 4096)
            head += piece
            if not piece or len(head) > _MAX_HEAD:
                raise TransportError("proxy_failed", "the proxy closed the connection, or spoke no HTTP")
    except OSError as error:
        raise TransportError("proxy_failed", f"the proxy broke off: {error}") from None
    status = head.split(b" ", 2)[1:2]
    if not status or not status[0].startswith(b"2"):
        said = head.split(b"\r\n", 1)[0][:80].decode("latin-1")
        why = ": it wants other credentials" if status == [b"407"] else ""
        raise TransportError("proxy_failed", f"the proxy refused the way to {host}:{origin.port}{why} ({said})")
    if not head.endswith(b"\r\n\r\n"):
        raise TransportError("proxy_failed", "the proxy spoke on after it had opened the way")
