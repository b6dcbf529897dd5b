"""The HTTP side at the level of bytes: the door and uvicorn's ordinary way give the same answers."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from gateway_stack import HELLO, KEY, Stack

from volant.gateway.wire import HotCycle, Wire

BODY = json.dumps(HELLO).encode()
AUTH = f"authorization: Bearer {KEY}\r\n"


@pytest.fixture
def stack(stack: Stack) -> Stack:
    stack.simple()
    stack.boot = {"max_body_bytes": 1 << 20}
    stack.start()
    return stack


@pytest.fixture
def raw(stack: Stack) -> Iterator[socket.socket]:
    host, port = stack.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as one:
        yield one


def _post(path: str = "/v1/chat/completions", headers: str = "", body: bytes = BODY, version: str = "1.1") -> bytes:
    head = f"POST {path} HTTP/{version}\r\nhost: x\r\n{AUTH}{headers}content-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _answers(raw: socket.socket, count: int) -> list[tuple[int, bytes]]:
    """That many answers with a content-length."""
    found: list[tuple[int, bytes]] = []
    data = b""
    while len(found) < count:
        head, _, rest = data.partition(b"\r\n\r\n")
        lengths = [int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        if rest and lengths and len(rest) >= lengths[0]:
            found.append((int(head.split()[1]), rest[: lengths[0]]))
            data = rest[lengths[0] :]
            continue
        piece = raw.recv(65536)
        assert piece, f"closed after {found} and {data!r}"
        data += piece
    return found


def _is_answer(found: tuple[int, bytes]) -> bool:
    return found[0] == 200 and json.loads(found[1])["choices"][0]["message"]["content"] == "the quick brown fox"


def test_pipelined_requests_are_answered_in_order(stack: Stack, raw: socket.socket) -> None:
    slow = json.dumps({**HELLO, "messages": [{"role": "user", "content": "ttft_ms=150 chunks=1"}]}).encode()
    raw.sendall(_post(body=slow) + _post() + b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n" + _post())
    first, second, third, fourth = _answers(raw, 4)
    assert json.loads(first[1])["choices"][0]["message"]["content"] == "the"
    assert _is_answer(second)
    assert third == (200, b'{"status":"ok"}')
    assert _is_answer(fourth)
    assert len(stack.records(3)) == 3


@pytest.mark.parametrize("path", ["/v1/chat/completions?api-version=1", "/v1/chat/%63ompletions"])
def test_other_spellings_take_the_ordinary_way_to_the_same_answer(raw: socket.socket, path: str) -> None:
    raw.sendall(_post(path))
    assert _is_answer(_answers(raw, 1)[0])
    raw.sendall(_post(path, body=b"{"))
    assert _answers(raw, 1)[0][0] == 400
    raw.sendall(_post(path, body=b'{"model": "' + b"x" * (2 << 20) + b'"}'))
    assert _answers(raw, 1)[0][0] == 413


def test_a_body_in_chunks_and_in_drops(raw: socket.socket) -> None:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(BODY[at : at + 7]), BODY[at : at + 7]) for at in range(0, len(BODY), 7))
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n{AUTH}transfer-encoding: chunked\r\n\r\n".encode()
    for byte in head:
        raw.sendall(bytes([byte]))
    raw.sendall(chunks)
    raw.sendall(b"0\r\n\r\n")
    assert _is_answer(_answers(raw, 1)[0])
    raw.sendall(_post())  # and the connection is as good as before
    assert _is_answer(_answers(raw, 1)[0])


def test_a_client_that_waits_for_leave_to_send(raw: socket.socket) -> None:
    whole = _post(headers="expect: 100-continue\r\n")
    head = whole[: -len(BODY)]
    raw.sendall(head)
    assert raw.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    raw.sendall(BODY)
    assert _is_answer(_answers(raw, 1)[0])


def test_an_endless_body_is_refused_while_it_comes(raw: socket.socket) -> None:
    raw.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n{AUTH}transfer-encoding: chunked\r\n\r\n".encode())
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    for _ in range(17):
        raw.sendall(chunk)
    status, body = _answers(raw, 1)[0]
    assert (status, json.loads(body)["error"]["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(("version", "headers"), [("1.0", ""), ("1.1", "connection: close\r\n")])
def test_connections_that_end_after_the_answer(raw: socket.socket, version: str, headers: str) -> None:
    raw.sendall(_post(headers=headers, version=version))
    data = b""
    while piece := raw.recv(65536):
        data += piece
    assert data.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"connection: close\r\n" in data
    assert b"the quick brown fox" in data


def test_what_is_no_http(stack: Stack, raw: socket.socket) -> None:
    raw.sendall(b"\x16\x03\x01 this is TLS to a plain port\r\n\r\n")
    assert raw.recv(1000).startswith(b"HTTP/1.1 400")
    assert stack.chat(HELLO)[0] == 200


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_other_methods_on_the_chat_path_are_refused(stack: Stack, method: str) -> None:
    status, body, _ = stack.send(method, "/v1/chat/completions", None)
    assert status == 405
    assert json.loads(body)["error"]["code"] == "method_not_allowed"


def test_a_head_request_for_the_chat_path_goes_to_control(stack: Stack) -> None:
    assert stack.send("HEAD", "/v1/chat/completions", None)[:2] == (201, b"")
    assert stack.control.seen[-1][0] == "HEAD"


def test_a_half_sent_request_leaves_nothing_behind(stack: Stack) -> None:
    host, port = stack.url.removeprefix("http://").split(":")
    for _ in range(5):
        with socket.create_connection((host, int(port))) as one:
            one.sendall(_post()[:-10])
    time.sleep(0.2)
    assert stack.mocks["main"].stats["requests"] == 0
    assert stack.chat(HELLO)[0] == 200


def test_headers_of_answers_hold_no_line_ends(stack: Stack) -> None:
    forged = {**HELLO, "user": "a\r\nx-evil: 1"}
    _, _, headers = stack.chat(forged, **{"x-request-id": "fine-1"})
    assert "x-evil" not in headers
    assert headers["x-request-id"] == "fine-1"
    long: dict[str, Any] = {"x-request-id": "y" * 200}
    assert stack.chat(HELLO, **long)[2]["x-request-id"].startswith("inf_")


class _Sent:
    """A protocol and its transport, as far as one answer needs them."""

    def __init__(self) -> None:
        self.transport = self.loop = self
        self.data, self.aborted = b"", False

    def write(self, data: bytes) -> None:
        self.data += data

    def abort(self) -> None:
        self.aborted = True

    def call_later(self, *_: Any) -> None: ...
    def close(self) -> None: ...


def test_an_answer_has_one_head() -> None:
    for again in (
        lambda wire: wire.start(200, b"", b"b"),
        lambda wire: wire.respond(502, b"", b"{}"),
    ):
        sent = _Sent()
        wire = Wire(sent, HotCycle(True, lambda: None))  # type: ignore[arg-type]
        wire.start(200, b"", b"a")
        again(wire)
        assert (sent.data.count(b"HTTP/1.1"), sent.aborted) == (1, True), "a part must not look like the whole"


@pytest.mark.parametrize("unread", [True, False])
def test_who_is_answered_before_the_body_is_there_hears_that_the_connection_ends(unread: bool) -> None:
    sent = _Sent()
    cycle = HotCycle(True, lambda: None)
    cycle.more_body = unread
    Wire(sent, cycle).respond(413, b"", b"{}")  # type: ignore[arg-type]
    assert (b"connection: close" in sent.data) == unread
