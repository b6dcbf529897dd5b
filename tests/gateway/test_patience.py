"""What one connection may take: heads, bodies and answers that come drop by drop or are too large; stops under load."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import Any

import pytest
from gateway_stack import HELLO, KEY, Stack, eventually

from volant.gateway.patience import Patience
from volant.gateway.proxies import Proxies

AUTH = f"host: x\r\nauthorization: Bearer {KEY}\r\n"
BOOT = {
    "header_timeout_s": 1.0, "body_timeout_s": 1.0, "keep_alive_s": 3.0, "write_timeout_s": 1.0, "max_connections": 8,
    "max_headers": 20, "max_header_bytes": 4096, "max_url_bytes": 1024, "max_json_depth": 20, "drain_s": 1.0,
}  # fmt: skip


@pytest.fixture
def stack(stack: Stack) -> Stack:
    stack.simple()
    stack.boot = dict(BOOT)
    stack.start()
    return stack


def connect(stack: Stack) -> socket.socket:
    host, port = stack.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=60)


def until_closed(one: socket.socket) -> bytes:
    data = b""
    try:
        while piece := one.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    return data


def ask(stack: Stack, raw: bytes) -> bytes:
    with connect(stack) as one:
        one.sendall(raw)
        return until_closed(one)


# ---------------------------------------------------------------- too much
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/v1/keys"])
@pytest.mark.parametrize(
    ("status", "head"),
    [
        (431, "".join(f"x-{at}: 1\r\n" for at in range(30))),
        (431, f"x-long: {'a' * 5000}\r\n"),
        (431, f"x-endless: {'a' * 600_000}"),  # never ends
    ],
)
def test_a_head_beyond_its_limits_is_refused(stack: Stack, path: str, status: int, head: str) -> None:
    answer = ask(stack, f"POST {path} HTTP/1.1\r\n{AUTH}content-length: 2\r\n{head}\r\n\r\n{{}}".encode())
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:200]
    assert stack.chat(HELLO)[0] == 200, "others are served"


@pytest.mark.parametrize("path", ["/v1/models", "/v1/chat/completions"])
def test_a_long_url_is_refused(stack: Stack, path: str) -> None:
    answer = ask(stack, f"GET {path}?q={'a' * 2000} HTTP/1.1\r\n{AUTH}\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 414 ")
    assert b"url_too_long" in answer


def test_deep_json_is_refused_and_as_deep_as_allowed_is_not(stack: Stack) -> None:
    def nested(levels: int) -> dict[str, Any]:
        found: Any = "x"
        for _ in range(levels):
            found = [found]
        return {**HELLO, "metadata": {"user_id": found}}

    status, error, _ = stack.chat(nested(19))
    assert (status, error["error"]["code"]) == (400, "json_too_deep")
    assert stack.chat(nested(18))[0] == 200


def test_more_connections_than_allowed_are_told_so(stack: Stack) -> None:
    held = [connect(stack) for _ in range(8)]
    time.sleep(0.2)
    with connect(stack) as one:
        assert until_closed(one).startswith(b"HTTP/1.1 503 ")
    for each in held:
        each.close()
    eventually(lambda: stack.chat(HELLO)[0] == 200, "the places did not become free")


# ---------------------------------------------------------------- too slow
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/v1/keys"])
def test_a_head_drop_by_drop_is_closed(stack: Stack, path: str) -> None:
    began = time.monotonic()
    with connect(stack) as one:
        one.sendall(f"POST {path} HTTP/1.1\r\n".encode())
        answer = drip(one, b"x-drop: 1\r\n")
    assert 0.9 < time.monotonic() - began < 60
    assert b" 408 " in answer


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/v1/keys"])
def test_a_body_drop_by_drop_is_closed(stack: Stack, path: str) -> None:
    began = time.monotonic()
    with connect(stack) as one:
        one.sendall(f"POST {path} HTTP/1.1\r\n{AUTH}content-length: 100000\r\n\r\n".encode())
        answer = drip(one, b"x")
    assert 0.9 < time.monotonic() - began < 60
    assert b" 408 " in answer


def drip(one: socket.socket, drop: bytes) -> bytes:
    one.settimeout(0.2)
    data = b""
    for _ in range(50):
        try:
            one.sendall(drop)
            piece = one.recv(65536)
        except TimeoutError:
            continue
        except (BrokenPipeError, ConnectionResetError):
            break
        if not piece:
            break
        data += piece
    return data


def test_a_connection_without_a_request_is_closed_after_its_time(stack: Stack) -> None:
    began = time.monotonic()
    with connect(stack) as one:
        assert until_closed(one) == b""
    assert 2.5 < time.monotonic() - began < 60


def test_who_never_reads_is_closed_and_the_upstream_let_go(stack: Stack) -> None:
    body = json.dumps({
        **HELLO, "stream": True, "messages": [{"role": "user", "content": "chunks=400000 delay_ms=0"}],
    }).encode()  # fmt: skip
    with connect(stack) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.sendall(f"POST /v1/chat/completions HTTP/1.1\r\n{AUTH}content-length: {len(body)}\r\n\r\n".encode() + body)
        [record] = stack.records(1)
        assert record.status == 499


def test_a_slow_but_steady_upload_is_not_late() -> None:
    patience = Patience()
    assert not patience.body_is_late(600, 600 * 1024)
    assert patience.body_is_late(600, 100 * 1024)
    assert not patience.body_is_late(29, 0)


# ---------------------------------------------------------------- stops
def test_a_stop_cuts_what_is_late_with_an_error_that_can_be_read_and_records_it(stack: Stack) -> None:
    found: list[Any] = []
    contents = ["chunks=4000 delay_ms=30", "ttft_ms=30000"]  # a stream that has begun, an answer that has not
    threads = [
        threading.Thread(target=lambda text=text, stream=stream: found.append(stack.chat(
            {**HELLO, "stream": stream, "messages": [{"role": "user", "content": text}]}
        ))) for text, stream in zip(contents, (True, False), strict=True)
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    eventually(lambda: stack.mocks["main"].stats["requests"] == 2, "they did not start")
    time.sleep(0.3)
    began = time.monotonic()
    assert stack.stop() == 0
    assert 0.9 < time.monotonic() - began < 60
    for thread in threads:
        thread.join(30)
    begun, not_begun = sorted(found, key=lambda one: one[0])
    assert begun[0] == 200
    assert b"server_stopping" in begun[1].rstrip().splitlines()[-1], "the stream ends with an error event"
    assert (not_begun[0], not_begun[1]["error"]["code"]) == (503, "server_stopping")
    assert sorted(record.error_code for record in stack.records(2)) == ["server_stopping"] * 2


def test_a_stop_does_not_wait_for_a_stream_of_live_events(stack: Stack) -> None:
    stack.stop()
    stack.boot = {**BOOT, "drain_s": 90.0}
    stack.start(control=False)
    with connect(stack) as one:
        one.sendall(b"GET /events HTTP/1.1\r\nhost: x\r\n\r\n")
        data = b""
        while b"first" not in data:
            data += one.recv(65536)
        began = time.monotonic()
        stopping = threading.Thread(target=stack.stop)
        stopping.start()
        assert until_closed(one).endswith(b"0\r\n\r\n"), "its end is an end"
        stopping.join(60)
    assert time.monotonic() - began < 45, "drain_s is for what ends by itself"


def test_a_delayed_stop_says_so_first_and_answers_meanwhile(stack: Stack) -> None:
    assert stack.process is not None
    stack.stop()
    stack.boot = {**BOOT, "drain_delay_s": 6.0}
    stack.start(control=False)
    stack.process.terminate()
    eventually(lambda: stack.get("/readyz")[0] == 503, "it does not say that it stops")
    said = json.loads(stack.get("/readyz")[1])
    assert (said["status"], said["parts"]["gateway"]) == ("not ready", "draining")
    assert stack.chat(HELLO)[0] == 200
    assert stack.process.wait(30) == 0


# ---------------------------------------------------------------- whom to believe
@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "wanted"),
    [
        ((), "10.0.0.1", "1.2.3.4", "10.0.0.1"),
        (("10.0.0.0/8",), "10.0.0.1", "1.2.3.4", "1.2.3.4"),
        (("10.0.0.0/8",), "10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
        (("10.0.0.0/8",), "9.9.9.9", "1.2.3.4", "9.9.9.9"),
        (("10.0.0.0/8",), "10.0.0.1", "6.6.6.6, nonsense", "10.0.0.1"),
        (("::1",), "::1", "2001:db8::7", "2001:db8::7"),
    ],
)
def test_forwarded_addresses_are_believed_from_trusted_proxies_only(
    trusted: tuple[str, ...], peer: str, forwarded: str, wanted: str
) -> None:
    headers = [(b"x-forwarded-for", forwarded.encode()), (b"x-forwarded-proto", b"https")]
    client, scheme = Proxies(trusted).client_of(peer, "http", headers)
    assert client == wanted
    believed = bool(trusted) and peer != "9.9.9.9"
    assert scheme == ("https" if believed else "http")
