"""Streams through the real process: usage asked for and kept back, endings good and bad, clients that leave."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import openai
import pytest
from gateway_stack import HELLO, KEY, Stack, eventually, task


@pytest.fixture
def stack(stack: Stack) -> Stack:
    stack.simple()
    stack.start()
    return stack


def _ask(words: str, **more: Any) -> dict[str, Any]:
    return {"model": "help", "messages": [{"role": "user", "content": words}], "stream": True, **more}


def test_a_client_that_did_not_ask_gets_no_usage_chunk(stack: Stack) -> None:
    chunks = list(stack.client().chat.completions.create(**_ask("chunks=5")))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "the quick brown fox jumps"
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)
    assert json.loads(stack.mocks["main"].last_body)["stream_options"] == {"include_usage": True}
    [record] = stack.records(1)
    assert (record.streamed, record.input_tokens, record.output_tokens) == (True, 20, 5)
    whole = json.loads(record.output)
    assert whole["object"] == "chat.completion"
    assert whole["choices"][0]["message"]["content"] == "the quick brown fox jumps"
    assert whole["choices"][0]["finish_reason"] == "stop"
    assert whole["usage"]["total_tokens"] == 25


def test_a_client_that_asked_gets_it(stack: Stack) -> None:
    options = {"include_usage": True}
    chunks = list(stack.client().chat.completions.create(**_ask("chunks=5", stream_options=options)))
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 5


def test_the_bytes_are_the_upstreams(stack: Stack) -> None:
    body = _ask("chunks=6", stream_options={"include_usage": True})
    _, relayed, headers = stack.chat(body)
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["x-volant-inference-id"] == stack.records(1)[0].inference_id
    direct = stack.urls["main"].removeprefix("http://")
    host, port = direct.removesuffix("/v1").split(":")
    with socket.create_connection((host, int(port))) as raw:
        data = json.dumps({**body, "model": "mock-model"}).encode()
        raw.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(data) + data)
        seen = b""
        while not seen.endswith(b"0\r\n\r\n"):
            seen += raw.recv(65536)
    frames = seen.partition(b"\r\n\r\n")[2]
    events = b"".join(
        line + b"\n\n" for line in frames.split(b"\r\n") if line.startswith(b"data:") for line in [line.rstrip()]
    )
    assert relayed == events


def test_a_stream_that_breaks_off_says_so(stack: Stack) -> None:
    text = ""
    with pytest.raises(openai.APIError, match="broke off"):  # noqa: PT012  # the loop is what raises
        for chunk in stack.client().chat.completions.create(**_ask("chunks=20 cut=6 delay_ms=5")):
            text += chunk.choices[0].delta.content or ""
    assert text.startswith("the quick")
    [record] = stack.records(1)
    assert (record.status, record.error_code) == (200, "closed")
    assert json.loads(record.output)["choices"][0]["message"]["content"].startswith("the quick")
    assert record.output_tokens > 0  # what came is counted, by estimate


def test_a_stream_that_fails_before_it_began_is_answered_by_the_fallback(stack: Stack) -> None:
    stack.add_mock("spare", model="spare-model")
    stack.publish([task("help", ["main"], fallbacks=["spare"])], [stack.target("main"), stack.target("spare")])
    stack.kill_mock("main")
    chunks = list(stack.client().chat.completions.create(**_ask("chunks=3")))
    assert {chunk.model for chunk in chunks} == {"spare-model"}
    [record] = stack.records(1)
    assert (record.fallback, record.deployment, len(record.calls)) == (True, "spare", 2)


def test_an_error_instead_of_a_stream_is_an_error(stack: Stack) -> None:
    with pytest.raises(openai.BadRequestError):
        stack.client().chat.completions.create(**_ask("fail=400"))


def test_a_client_that_leaves_stops_the_upstream(stack: Stack) -> None:
    stream = stack.client().chat.completions.create(**_ask("chunks=500 delay_ms=10"))
    next(iter(stream))
    stream.close()
    eventually(lambda: stack.mocks["main"].stats["aborted"] == 1, "the upstream goes on for nobody")
    [record] = stack.records(1)
    assert (record.status, record.error_code) == (499, "client_gone")


def test_a_client_that_leaves_before_the_answer_stops_the_upstream(stack: Stack) -> None:
    data = json.dumps({**HELLO, "messages": [{"role": "user", "content": "hang=1"}]}).encode()
    host, port = stack.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as raw:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n"
        raw.sendall(head.encode() + b"content-length: %d\r\n\r\n" % len(data) + data)
        eventually(lambda: stack.mocks["main"].stats["requests"] == 1, "nothing arrived")
    eventually(lambda: stack.mocks["main"].stats["aborted"] == 1, "the upstream waits for nobody")
    assert stack.records(1)[0].status == 499


def test_a_slow_reader_slows_the_upstream_down(stack: Stack) -> None:
    """50,000 chunks are about 10 MB: far more than what the sockets hold."""
    data = json.dumps(_ask("chunks=50000")).encode()
    host, port = stack.url.removeprefix("http://").split(":")
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        raw.connect((host, int(port)))
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n"
        raw.sendall(head.encode() + b"content-length: %d\r\n\r\n" % len(data) + data)
        assert raw.recv(1000).startswith(b"HTTP/1.1 200")
        before = _rss_mib(stack)
        time.sleep(1.0)
        grown = _rss_mib(stack) - before
        assert grown < 8, f"{grown:.1f} MiB grew in the gateway while nobody read"
        tail = b""
        raw.settimeout(60)
        while not tail.endswith(b"0\r\n\r\n"):
            tail = (tail + raw.recv(1 << 20))[-64:]
    assert b"data: [DONE]" in tail
    assert stack.records(1)[0].output_tokens == 50000


def _rss_mib(stack: Stack) -> float:
    assert stack.process is not None
    with open(f"/proc/{stack.process.pid}/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20


def test_timeouts_are_told_apart(stack: Stack) -> None:
    stack.publish([task("help", ["main"])], [stack.target("main", timeout_first_token_s=0.3, timeout_total_s=0.8)])
    status, error, _ = stack.chat(_ask("hang=1"))
    assert (status, error["error"]["code"]) == (502, "upstream_failed")
    assert "first_byte_timeout" in error["error"]["message"]
    with pytest.raises(openai.APIError, match="broke off"):
        list(stack.client().chat.completions.create(**_ask("chunks=500 delay_ms=10")))
    assert [record.error_code for record in stack.records(2)] == ["upstream_failed", "total_timeout"]
