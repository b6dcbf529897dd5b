"""The engine as a process: it serves, it says where, it survives kills, it refuses what is broken, it keeps quiet."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from volant.core.errors import Unavailable, UpstreamFailed
from volant.core.lifeline import EXIT_CODE
from volant.serve.engine_client import describe, healthy, wait_healthy
from volant.serve.files import (
    Address,
    read_address,
    read_failure,
    read_previous,
    read_spec,
    retire_address,
    write_address,
    write_spec,
)

Start = Callable[..., subprocess.Popen[bytes]]
MARK = "4929-zebra-7731"


def engine_folder(root: Path, model: Path, **fields: Any) -> Path:
    folder = root / "engine"
    folder.mkdir(exist_ok=True)
    spec = {"model": str(model), "alias": "tiny", "parallel": 2, **fields}
    (folder / "engine.json").write_text(json.dumps(spec))
    return folder


@pytest.fixture
def start() -> Iterator[Start]:
    """Start an engine on a folder; what is still running at the end is killed."""
    processes: list[subprocess.Popen[bytes]] = []

    def go(folder: Path, **options: Any) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "volant.serve.engine", str(folder)]
        with (folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, **options)
        processes.append(process)
        return process

    yield go
    for process in processes:
        process.kill()
        process.wait()


def up(folder: Path, process: subprocess.Popen[bytes]) -> Address:
    address = wait_healthy(folder, 240.0, alive=lambda: process.poll() is None)
    assert address.pid == process.pid
    return address


def ask(address: Address, body: dict[str, Any] | bytes) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection(address.host, address.port, timeout=20)
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request("POST", "/v1/chat/completions", content, {"content-type": "application/json"})
    answer = connection.getresponse()
    status, text = answer.status, answer.read()
    connection.close()
    return status, json.loads(text)


def question(text: str = "where is my card", **fields: Any) -> dict[str, Any]:
    return {
        "model": "tiny",
        "messages": [{"role": "user", "content": text}],
        "max_tokens": 8,
        "temperature": 0,
        **fields,
    }


def test_serves_greedily_with_logprobs_under_its_alias(tmp_path: Path, tiny_gguf: Path, start: Start) -> None:
    folder = engine_folder(tmp_path, tiny_gguf)
    address = up(folder, start(folder))
    status, first = ask(address, question(logprobs=True, top_logprobs=3))
    assert status == 200
    assert first["model"] == "tiny"
    assert first["usage"]["prompt_tokens"] == len("where is my card") + 1  # bytes, and the template's <s>
    chosen = first["choices"][0]["logprobs"]["content"]
    assert all(token["logprob"] == max(other["logprob"] for other in token["top_logprobs"]) for token in chosen)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: ask(address, question()), range(12)))
    assert {json.dumps(answer["choices"][0]["message"]) for _, answer in answers} == {
        json.dumps(first["choices"][0]["message"])
    }
    served = describe(address)
    assert (served.model, served.context, served.vocabulary) == ("tiny", 256, 259)


def test_too_long_a_question_gets_an_error_and_the_engine_goes_on(
    tmp_path: Path, tiny_gguf: Path, start: Start
) -> None:
    folder = engine_folder(tmp_path, tiny_gguf, context=200)
    address = up(folder, start(folder))
    status, answer = ask(address, question("x" * 300))
    assert status == 400
    assert "context size" in answer["error"]["message"]
    assert ask(address, question("x" * 20))[0] == 200


def test_a_killed_engine_comes_back_on_its_port_with_the_same_answers(
    tmp_path: Path, tiny_gguf: Path, start: Start
) -> None:
    folder = engine_folder(tmp_path, tiny_gguf)
    process = start(folder)
    before = up(folder, process)
    answer = ask(before, question())[1]["choices"]
    process.kill()
    process.wait()
    assert read_address(folder) == before  # it had no time to take it back ...
    assert not healthy(before)  # ... which is why one asks
    after = up(folder, start(folder))
    assert (after.port, after.model_sha256) == (before.port, before.model_sha256)
    assert after.pid != before.pid
    assert ask(after, question())[1]["choices"] == answer


def test_it_takes_another_port_when_somebody_took_its_own(tmp_path: Path, tiny_gguf: Path, start: Start) -> None:
    folder = engine_folder(tmp_path, tiny_gguf)
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        taken = somebody.getsockname()[1]
        write_address(folder, Address(port=taken, pid=1, model_sha256="0" * 64))
        retire_address(folder)
        assert up(folder, start(folder)).port != taken


def test_sigterm_ends_it_cleanly_and_its_address_is_taken_back(tmp_path: Path, tiny_gguf: Path, start: Start) -> None:
    folder = engine_folder(tmp_path, tiny_gguf)
    process = start(folder)
    address = up(folder, process)
    process.terminate()
    assert process.wait(60) == 0
    assert read_address(folder) is None
    assert read_previous(folder) == address


def test_it_ends_with_its_parent(tmp_path: Path, tiny_gguf: Path, start: Start) -> None:
    folder = engine_folder(tmp_path, tiny_gguf)
    reading, writing = os.pipe()
    process = start(folder, pass_fds=(reading,), env={**os.environ, "VOLANT_PARENT_FD": str(reading)})
    os.close(reading)
    address = up(folder, process)
    os.close(writing)
    assert process.wait(60) == EXIT_CODE
    assert not healthy(address)


def test_another_template_changes_the_prompt(tmp_path: Path, tiny_gguf: Path, start: Start) -> None:
    folder = engine_folder(tmp_path, tiny_gguf, chat_template="other.jinja")
    (folder / "other.jinja").write_text("{% for m in messages %}<s>Q: {{ m['content'] }} A:{% endfor %}")
    address = up(folder, start(folder))
    assert ask(address, question("card"))[1]["usage"]["prompt_tokens"] == len("Q: card A:") + 1


def truncated(root: Path, whole: Path) -> Path:
    (root / "cut.gguf").write_bytes(whole.read_bytes()[:-20_000])
    return root / "cut.gguf"


def garbage(root: Path, whole: Path) -> Path:
    (root / "noise.gguf").write_bytes(b"GGUF" + b"\xff" * 5_000)
    return root / "noise.gguf"


def absent(root: Path, whole: Path) -> Path:
    return root / "nowhere.gguf"


@pytest.mark.parametrize(
    ("model", "fields", "code", "says"),
    [
        (absent, {}, "model_file_missing", "nowhere.gguf"),
        (truncated, {}, "model_file_broken", ""),
        (garbage, {}, "model_file_broken", ""),
        (None, {"chat_template": "broken.jinja"}, "chat_template_invalid", "template"),
        (None, {"chat_template": "absent.jinja"}, "chat_template_missing", "absent.jinja"),
        (None, {"context": 100_000}, "context_too_long", "trained with 256"),
        (None, {"parallel": 0}, "engine_json_invalid", "parallel"),
        (None, {"thread": 3}, "engine_json_invalid", "thread"),
    ],
)
def test_what_cannot_work_ends_in_seconds_with_a_reason(
    model: Callable[[Path, Path], Path] | None, fields: dict[str, Any], code: str, says: str,
    tmp_path: Path, tiny_gguf: Path, start: Start,
) -> None:  # fmt: skip
    folder = engine_folder(tmp_path, model(tmp_path, tiny_gguf) if model else tiny_gguf, **fields)
    (folder / "broken.jinja").write_text("{% for m in messages %}{{ m['content' }}")
    process = start(folder)
    began = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        wait_healthy(folder, 240.0, alive=lambda: process.poll() is None)
    assert time.monotonic() - began < 90
    assert caught.value.code == code
    assert says in caught.value.message
    assert caught.value.hint
    assert process.wait(60) == 2
    assert code in (folder / "log.txt").read_text()


def test_a_failure_is_forgotten_once_the_cause_is_gone(tmp_path: Path, tiny_gguf: Path, start: Start) -> None:
    folder = engine_folder(tmp_path, tmp_path / "later.gguf")
    assert start(folder).wait(60) == 2
    assert read_failure(folder) is not None
    (tmp_path / "later.gguf").write_bytes(tiny_gguf.read_bytes())
    write_spec(folder, read_spec(folder))  # as whoever wants it again does
    up(folder, start(folder))
    assert read_failure(folder) is None


def test_nothing_that_a_caller_says_reaches_a_file(tmp_path: Path, tiny_gguf: Path, start: Start) -> None:
    folder = engine_folder(tmp_path, tiny_gguf)
    process = start(folder)
    address = up(folder, process)
    assert ask(address, question(MARK))[0] == 200
    assert ask(address, question(MARK * 40))[0] == 400
    assert ask(address, f'{{"messages": [{{"content": {MARK} "x"'.encode())[0] == 400
    assert ask(address, question(MARK, grammar=f"{MARK} ::= ["))[0] == 400  # llama.cpp prints it
    process.terminate()
    process.wait(60)
    for place in folder.iterdir():
        assert MARK not in place.read_text(errors="replace"), place.name
    assert "serving tiny" in (folder / "log.txt").read_text()


def test_waiting_ends_when_the_process_has_ended_without_a_word(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="without saying why"):
        wait_healthy(tmp_path, 30.0, alive=lambda: False)


def test_waiting_ends_at_its_limit(tmp_path: Path) -> None:
    moments = iter(range(100))
    with pytest.raises(Unavailable, match="did not answer within 5 s"):
        wait_healthy(tmp_path, 5.0, monotonic=lambda: float(next(moments)), sleep=lambda _: None)


def test_a_stranger_on_the_port_is_not_mistaken_for_an_engine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody, ThreadPoolExecutor(1) as pool:

        def answer_nonsense() -> None:
            connection, _ = somebody.accept()
            connection.recv(1000)
            connection.sendall(b"SSH-2.0-OpenSSH\r\n")
            connection.close()

        speaking = pool.submit(answer_nonsense)
        address = Address(port=somebody.getsockname()[1], pid=1, model_sha256="")
        with pytest.raises(UpstreamFailed):
            describe(address)
        speaking.result(5)


def test_an_engine_never_loads_torch() -> None:
    code = (
        "import sys, volant.serve.engine, gguf, xllamacpp; print({'torch', 'transformers'} & set(sys.modules) or '[]')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_sigint_during_service_is_a_clean_end_too(tmp_path: Path, tiny_gguf: Path, start: Start) -> None:
    folder = engine_folder(tmp_path, tiny_gguf)
    process = start(folder)
    up(folder, process)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
