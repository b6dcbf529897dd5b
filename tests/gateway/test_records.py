"""Records through the real process: none that was acknowledged is lost, and none holds what it must not."""

from __future__ import annotations

import contextlib
import http.client
import json
import resource
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from gateway_stack import HELLO, Stack, eventually, task

from volant.store.spool import drain, segments


def test_kill_9_loses_no_acknowledged_record(stack: Stack) -> None:
    stack.simple()
    stack.start()
    acknowledged: list[str] = []
    lock = threading.Lock()

    def ask(number: int) -> None:
        body = {**HELLO, "stream": number % 2 == 0}
        status, answer, headers = stack.chat(body)
        whole = b"[DONE]" in answer if body["stream"] and status == 200 else status == 200
        if whole:
            with lock:
                acknowledged.append(headers["x-volant-inference-id"])
                if len(acknowledged) == 60 and stack.process is not None:
                    stack.process.send_signal(signal.SIGKILL)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(_quietly(ask), range(200)))
    assert stack.process is not None
    assert stack.process.wait(60) == -signal.SIGKILL
    recorded = {record.inference_id for record in stack.records()}
    assert len(acknowledged) >= 60
    assert set(acknowledged) <= recorded


def _quietly(ask: Any) -> Any:
    def run(number: int) -> None:
        with contextlib.suppress(OSError, KeyError, ValueError, http.client.HTTPException):
            ask(number)  # the gateway may be killed under it

    return run


def test_a_restarted_gateway_goes_on_in_a_new_segment(stack: Stack) -> None:
    stack.simple()
    stack.start()
    stack.chat(HELLO)
    stack.stop(signal.SIGKILL)
    stack.start(control=False)
    stack.chat(HELLO)
    assert len(stack.records(2)) == 2
    assert len(segments(stack.data_dir / "spool" / "0")) == 2
    taken: list[bytes] = []
    assert drain(stack.data_dir / "spool", stack.vault.spool_key, taken.extend) == 2
    assert len(segments(stack.data_dir / "spool" / "0")) == 1  # the dead one's is gone, the open one stays


def test_nothing_that_was_said_is_readable_on_disk(stack: Stack) -> None:
    stack.simple()
    stack.start()
    stack.chat(
        {"model": "help", "messages": [{"role": "user", "content": "my-very-special-word"}], "user": "ada-lovelace"}
    )
    stack.records(1)
    for path in stack.data_dir.rglob("*"):
        if path.is_file():
            assert b"special-word" not in path.read_bytes(), path
            assert b"lovelace" not in path.read_bytes(), path


def test_personal_data_is_redacted_before_the_append(stack: Stack) -> None:
    stack.add_mock("main")
    stack.publish([task("help", ["main"], redact=True)], [stack.target("main")])
    stack.start()
    words = "echo=1 write to ada@example.org please"
    status, answer, _ = stack.chat(
        {"model": "help", "messages": [{"role": "user", "content": words}], "user": "ada@example.org"}
    )
    assert status == 200
    assert "ada@example.org" in answer["choices"][0]["message"]["content"]  # the caller's own answer is whole
    [record] = stack.records(1)
    for payload in (record.input, record.output):
        assert b"ada@example.org" not in payload
        assert b"[EMAIL]" in payload
    assert json.loads(record.input)["messages"][0]["content"] == "echo=1 write to [EMAIL] please"
    assert json.loads(record.input)["model"] == "help"


def test_long_texts_are_redacted_in_another_process(stack: Stack) -> None:
    stack.add_mock("main")
    stack.publish([task("help", ["main"], redact=True)], [stack.target("main")])
    stack.start()
    words = "write to ada@example.org please. " * 600
    stack.chat({"model": "help", "messages": [{"role": "user", "content": words}]})
    [record] = stack.records(1)
    content = json.loads(record.input)["messages"][0]["content"]
    assert content.count("[EMAIL]") == 600
    assert b"ada@" not in record.input


@pytest.mark.parametrize("repeats", [1, 600])
def test_guardrails_flag_what_they_find_and_keep_no_text_of_it(stack: Stack, repeats: int) -> None:
    """Short texts here, long ones in another process."""
    stack.add_mock("main")
    spec = task("help", ["main"], guardrails=("pii", "no-such-check"), record_payload=False)
    stack.publish([spec], [stack.target("main")])
    stack.start()
    words = "write to ada@example.org please. " * repeats
    assert stack.chat({"model": "help", "messages": [{"role": "user", "content": words}]})[0] == 200
    assert stack.chat(HELLO)[0] == 200
    flagged, clean = stack.records(2)
    assert flagged.findings == ("pii:EMAIL",)
    assert clean.findings == ()


def test_a_task_may_keep_no_payload(stack: Stack) -> None:
    stack.add_mock("main")
    stack.publish([task("help", ["main"], record_payload=False)], [stack.target("main")])
    stack.start()
    stack.chat(HELLO)
    [record] = stack.records(1)
    assert (record.input, record.output, record.output_tokens) == (b"", b"", 4)


@pytest.mark.parametrize("policy", ["serve", "refuse"])
def test_a_full_disk(stack: Stack, policy: str) -> None:
    stack.add_mock("main")
    stack.publish([task("help", ["main"])], [stack.target("main")], on_full_disk=policy)
    stack.start()
    assert stack.process is not None
    _, hard = resource.prlimit(stack.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(stack.process.pid, resource.RLIMIT_FSIZE, (1 << 20, hard))  # a "disk" without room for a segment
    found = [stack.chat(HELLO) for _ in range(3)]
    if policy == "serve":
        assert [status for status, _, _ in found] == [200] * 3
    else:
        assert [status for status, _, _ in found] == [507] * 3
        assert found[0][1]["error"]["code"] == "disk_full"
        _, body, _ = stack.chat({**HELLO, "stream": True})
        assert body["error"]["code"] == "disk_full"
    resource.prlimit(stack.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    assert stack.records() == []

    def is_back() -> bool:
        return stack.chat(HELLO)[0] == 200 and len(stack.records()) > 0

    eventually(is_back, "it did not go on when there was room again")
