"""Heads: what a connection repeats is known again, and nothing else is."""

from __future__ import annotations

import asyncio
from typing import Any

import httptools
import pytest
import uvicorn
from hypothesis import example, given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from volant.gateway.doors import CHAT
from volant.gateway.patience import Patience
from volant.gateway.wire import Door, GatewayProtocol, Head

START = b"POST /v1/chat/completions HTTP/1.1\r\n"
USUAL = (
    b"host: x\r\n",
    b"Content-Length: %d\r\n",
    b"authorization: Bearer k\r\n",
    b"content-type: application/json\r\n",
)


class _Parsed:
    """What httptools takes bytes for."""

    def __init__(self, data: bytes) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.whole = 0
        self.parser = httptools.HttpRequestParser(self)
        try:
            self.parser.feed_data(data)
            self.broken = False
        except httptools.HttpParserError:
            self.broken = True

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_body(self, piece: bytes) -> None:
        self.body += piece

    def on_message_complete(self) -> None:
        self.whole += 1


def _request(body: bytes, lines: tuple[bytes, ...] = USUAL) -> bytes:
    head = b"".join(line % len(body) if b"%d" in line else line for line in lines)
    return START + head + b"\r\n" + body


def _learnt(data: bytes, *, keep_alive: bool = True) -> Head:
    head = Head(CHAT, _Parsed(data).headers, keep_alive)
    head.learn(data)
    return head


def test_a_repeated_head_is_known_whatever_its_length() -> None:
    head = _learnt(_request(b"{}"))
    assert head.body_of(_request(b'{"a": 1}')) == b'{"a": 1}'
    assert head.body_of(_request(b"x" * 1234)) == b"x" * 1234
    assert b"content-length" not in dict(head.headers), "its value is the first one's only"
    assert dict(head.headers)[b"authorization"] == b"Bearer k"


@pytest.mark.parametrize(
    "lines",
    [
        (*USUAL, b"expect: 100-continue\r\n"),
        (*USUAL, b"upgrade: websocket\r\n"),
        (b"host: x\r\n", b"transfer-encoding: chunked\r\n"),
        (b"host: x\r\n",),
    ],
)
def test_unusual_heads_are_not_kept(lines: tuple[bytes, ...]) -> None:
    assert _learnt(_request(b"{}", lines)).body_of(_request(b"{}", lines)) is None


def test_who_closes_is_not_kept() -> None:
    data = _request(b"{}")
    assert _learnt(data, keep_alive=False).body_of(data) is None


@pytest.mark.parametrize("more", [b"POST /", b"\r\n", _request(b"{}")])
def test_more_than_one_request_or_less_is_for_the_parser(more: bytes) -> None:
    one = _request(b'{"a": 1}')
    assert _learnt(one + more).body_of(one) is None, "what was not whole was not learnt"
    assert _learnt(one).body_of(one + more) is None
    assert _learnt(one).body_of(one[:-1]) is None


@given(
    cut=st.integers(0, 150),
    put=st.sampled_from([b"", b" ", b"\r\n", b"0", b"-1", b"+1", b"1_0", b"x", b"\xb2", b"content-length: 3\r\n"]),
    drop=st.integers(0, 3),
)
@example(cut=len(START) + len(b"host: x\r\nContent-Length: "), put=b"-", drop=0)
@example(cut=len(START) + len(b"host: x\r\nContent-Length: "), put=b"0", drop=0)
def test_what_is_known_is_what_the_parser_would_find(cut: int, put: bytes, drop: int) -> None:
    """However a request differs from the one before: either the parser reads it, or it means what the parser says."""
    first, body = _request(b'{"a": 1}'), b'{"bc": 22}'
    other = _request(body)
    other = other[:cut] + put + other[cut + drop :]
    found = _learnt(first).body_of(other)
    if found is not None:
        parsed = _Parsed(other)
        assert (parsed.broken, parsed.whole, parsed.body) == (False, 1, found)
        assert [pair for pair in parsed.headers if pair[0] != b"content-length"] == _learnt(first).headers


@pytest.mark.anyio
async def test_a_connection_hands_known_requests_on_as_others() -> None:
    seen: list[tuple[bytes, bool]] = []

    async def answer(body: bytes, wire: Any) -> None:
        await asyncio.sleep(0)
        wire.respond(200, b"", body[::-1])

    def handler(head: Head, body: bytes, wire: Any) -> Any:
        seen.append((body, head.caller is not None))
        head.caller = head.caller or object()  # type: ignore[assignment]  # a mark
        return answer(body, wire)

    connection, sent = _connection(handler)
    for body in (b"one", b"second", b"third"):
        connection.data_received(_request(body))
        await asyncio.sleep(0.01)
    assert seen == [(b"one", False), (b"second", True), (b"third", True)]
    assert [said.rpartition(b"\r\n\r\n")[2] for said in sent] == [b"eno", b"dnoces", b"driht"]
    other = _request(b"x", (*USUAL[:2], b"authorization: Bearer other\r\n"))
    connection.data_received(other[:40])
    connection.data_received(other[40:])
    await asyncio.sleep(0.01)
    assert seen[-1] == (b"x", False), "another key is another head"


def _connection(handler: Any) -> tuple[Any, list[bytes]]:
    class App:
        door = Door(handler, 1 << 20)
        patience = Patience()

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            raise AssertionError("not this way")

    sent: list[bytes] = []

    class Transport(asyncio.Transport):
        def get_extra_info(self, name: str, default: Any = None) -> Any:
            return default

        def is_closing(self) -> bool:
            return False

        def write(self, data: Any) -> None:
            sent.append(bytes(data))

        def pause_reading(self) -> None: ...
        def resume_reading(self) -> None: ...
        def close(self) -> None: ...

    config = uvicorn.Config(App(), http=GatewayProtocol, ws="none", lifespan="off", interface="asgi3", log_config=None)
    config.load()
    connection = GatewayProtocol(config, ServerState(), {}, asyncio.get_running_loop())
    connection.connection_made(Transport())
    return connection, sent
