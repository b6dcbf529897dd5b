"""Every other path: to control and back, streaming, and nothing of ours from outside."""

from __future__ import annotations

import http.client
import json
import time

import pytest
from gateway_stack import HELLO, Stack, eventually

from volant.gateway.relay import is_internal


@pytest.fixture
def stack(stack: Stack) -> Stack:
    stack.simple()
    stack.boot = {"max_upload_bytes": 3 << 20}
    stack.start()
    return stack


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_any_method_goes_to_control_as_it_is(stack: Stack, method: str) -> None:
    body = None if method == "GET" else b"some bytes"
    status, answer, _ = stack.send(
        method, "/api/v1/tasks?limit=2&after=%2Fx", body, {"authorization": "Bearer anything", "x-mine": "1"}
    )
    seen = json.loads(answer)
    assert status == 201
    assert (seen["method"], seen["path"]) == (method, "/api/v1/tasks?limit=2&after=%2Fx")
    assert seen["headers"]["authorization"] == "Bearer anything"
    assert seen["headers"]["x-mine"] == "1"
    assert seen["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert seen["headers"]["host"] == stack.url.removeprefix("http://")
    assert seen["size"] == (0 if body is None else len(body))


def test_a_head_request_has_no_body(stack: Stack) -> None:
    assert stack.send("HEAD", "/v1/models", None)[:2] == (201, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/internal/snapshot?after=-1", "/internal/lease", "//internal/snapshot", "/internal", "/INTERNAL/lease",
        "/%69nternal/snapshot", "/%2Finternal/snapshot", "/x/../internal/snapshot",
    ],
)  # fmt: skip
def test_the_internal_paths_are_not_there(stack: Stack, path: str) -> None:
    connection = http.client.HTTPConnection(stack.url.removeprefix("http://"), timeout=60)
    connection.request("GET", path, headers={"x-volant-internal": stack.vault.internal_token})
    answer = connection.getresponse()
    assert answer.status == 404
    assert b"no_such_path" in answer.read()
    connection.close()
    assert all("internal" not in path for _, path, _, _ in stack.control.seen)


def test_our_own_headers_cannot_be_sent_from_outside(stack: Stack) -> None:
    stack.send(
        "GET", "/api/v1/x", None, {"x-volant-internal": stack.vault.internal_token, "x-forwarded-for": "10.0.0.1"}
    )
    [(_, _, headers, _)] = stack.control.seen
    assert "x-volant-internal" not in headers
    assert headers["x-forwarded-for"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("path", "internal"), [("/internals", False), ("/api/internal/x", False), ("/internal/", True)]
)
def test_which_paths_are_internal(path: str, internal: bool) -> None:
    assert is_internal(path) is internal


def test_answers_stream(stack: Stack) -> None:
    connection = http.client.HTTPConnection(stack.url.removeprefix("http://"), timeout=60)
    connection.request("GET", "/stream")
    answer = connection.getresponse()
    started = time.monotonic()
    pieces = []
    while piece := answer.read1(100):
        pieces.append((piece, time.monotonic() - started))
    connection.close()
    assert b"".join(piece for piece, _ in pieces) == b"piece0piece1piece2piece3piece4"
    assert pieces[-1][1] - pieces[0][1] > 0.1  # they came one by one


def test_uploads_stream_whole_and_chunked(stack: Stack) -> None:
    data = bytes(range(256)) * 8192  # 2 MiB
    _, answer, _ = stack.send("POST", "/v1/files", data)
    assert json.loads(answer)["size"] == len(data)
    connection = http.client.HTTPConnection(stack.url.removeprefix("http://"), timeout=60)
    connection.request("POST", "/v1/files", body=iter([data[:1000], data[1000:]]), encode_chunked=True,
                       headers={"transfer-encoding": "chunked"})  # fmt: skip
    assert json.loads(connection.getresponse().read())["size"] == len(data)
    connection.close()
    assert stack.control.seen[-1][3] == data


def test_an_upload_that_is_too_large(stack: Stack) -> None:
    status, answer, _ = stack.send("POST", "/v1/files", bytes(4 << 20))
    assert (status, json.loads(answer)["error"]["code"]) == (413, "body_too_large")


def test_an_answer_that_breaks_off_does_not_look_whole(stack: Stack) -> None:
    connection = http.client.HTTPConnection(stack.url.removeprefix("http://"), timeout=60)
    connection.request("GET", "/break")
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        connection.getresponse().read()
    connection.close()


def test_without_control_the_rest_is_unavailable_and_chat_goes_on(stack: Stack) -> None:
    assert stack.get("/api/v1/tasks")[0] == 201
    stack.loop.run(stack.control.stop())
    status, answer, headers = stack.get("/api/v1/tasks")
    assert (status, json.loads(answer)["error"]["code"]) == (503, "control_away")
    assert headers["retry-after"] == "1"
    assert stack.chat(HELLO)[0] == 200
    stack.loop.run(stack.control.start())
    eventually(lambda: stack.get("/api/v1/tasks")[0] == 201, "control's return was not noticed")
