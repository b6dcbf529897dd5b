"""A scripted chat server, so that the probes meet models whose behaviour is known."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from volant.evals.runner import Connection

Say = Callable[[str], str]


@dataclass
class Scripted:
    """Answers what `say` gives for the last message; counts, and fails where `status` says so."""

    say: Say
    status: Callable[[int, str], int] = lambda number, text: 200
    pause_s: float = 0.0
    requests: list[dict[str, Any]] = field(default_factory=list)
    open: int = 0
    most_open: int = 0
    base_url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
                )
                body = msgspec.json.decode(await reader.readexactly(length))
                self.requests.append(body)
                number = len(self.requests)
                self.open += 1
                self.most_open = max(self.most_open, self.open)
                await asyncio.sleep(self.pause_s)
                text = body["messages"][-1]["content"]
                status = self.status(number, text)
                content: Any = {"choices": [{"index": 0, "message": {"role": "assistant", "content": self.say(text)}}]}
                if status != 200:
                    content = {"error": {"message": "scripted", "type": "x", "param": None, "code": None}}
                answer = msgspec.json.encode(content)
                self.open -= 1
                writer.write(
                    b"HTTP/1.1 %d X\r\ncontent-length: %d\r\nretry-after-ms: 1\r\n\r\n" % (status, len(answer))
                )
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def connection(self, **fields: Any) -> Connection:
        return Connection(base_url=self.base_url, model="m", **fields)


@pytest.fixture
async def scripted() -> AsyncIterator[Callable[..., Awaitable[Scripted]]]:
    """Start scripted servers; they stop with the test."""
    servers: list[asyncio.Server] = []

    async def start(say: Say, **fields: Any) -> Scripted:
        made = Scripted(say, **fields)
        server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
        servers.append(server)
        made.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        return made

    yield start
    for server in servers:
        server.close()
