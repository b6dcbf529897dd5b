"""An upstream that says what a test wrote, whatever is asked, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Scripted:
    """Answers in turn; the last one again and again. `pieces`: of a body, each written and flushed by itself."""

    answers: list[tuple[int, str, list[bytes]]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False  # after the last piece the connection breaks
    _server: asyncio.Server | None = None

    def say(self, body: Any, status: int = 200) -> None:
        self.answers.append((status, "application/json", [json.dumps(body).encode()]))

    def stream(self, *events: str | bytes, kind: str = "text/event-stream") -> None:
        self.answers.append((200, kind, [one.encode() if isinstance(one, str) else one for one in events]))

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while line := await reader.readline():
                method, path, _ = line.decode().split()
                headers: dict[str, str] = {}
                while (line := await reader.readline()) not in (b"\r\n", b""):
                    name, _, value = line.decode("latin-1").partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.asked.append(Asked(method, path, headers, body))
                status, kind, pieces = self.answers[min(len(self.asked), len(self.answers)) - 1]
                more = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
                writer.write(
                    f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\n{more}transfer-encoding: chunked\r\n\r\n".encode()
                )
                for piece in pieces:
                    writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    await writer.drain()
                    await asyncio.sleep(0.005)
                if self.cut:
                    writer.transport.abort()
                    return
                writer.write(b"0\r\n\r\n")
                await writer.drain()
        writer.close()
