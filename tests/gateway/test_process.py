"""The process: slim, started without control, drained on SIGTERM, gone with its parent."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import Any

from gateway_stack import HELLO, Stack, eventually, task

from volant.core import lifeline
from volant.gateway import snapshot_file

HEAVY = (
    "sqlalchemy",
    "fastapi",
    "starlette",
    "dbos",
    "torch",
    "alembic",
    "pydantic",
    "genai_prices",
    "numpy",
    "polars",
)


def test_the_gateways_imports_are_slim() -> None:
    script = (
        "import sys\n"
        "import volant.app.gateway\n"
        "from volant.providers import names\n"
        "names()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert answer.stdout.strip() == "[]"


def test_memory_stays_small(stack: Stack) -> None:
    stack.simple()
    stack.start()
    for _ in range(50):
        stack.chat(HELLO)
    assert stack.process is not None
    with open(f"/proc/{stack.process.pid}/statm") as file:
        assert int(file.read().split()[1]) * 4096 / 2**20 < 80


def test_it_starts_from_the_sealed_snapshot_without_control(stack: Stack) -> None:
    stack.simple()
    assert stack.control.snapshot is not None
    snapshot_file.save(stack.data_dir, stack.vault, stack.control.snapshot)
    assert b"mock-model" not in (stack.data_dir / snapshot_file.NAME).read_bytes()
    stack.start(control=False)
    assert stack.chat(HELLO)[0] == 200
    stack.loop.run(stack.control.start())
    stack.publish([task("newer", ["main"])], [stack.target("main")])
    assert stack.chat({**HELLO, "model": "newer"})[0] == 200


def test_it_says_that_it_is_not_ready_without_any_configuration(stack: Stack) -> None:
    stack.start(control=False, wait=False)
    eventually(lambda: stack.get("/healthz")[0] == 200, "it does not even live")
    assert stack.get("/readyz")[0] == 503
    status, error, _ = stack.chat(HELLO)
    assert (status, error["error"]["code"]) == (503, "starting")
    stack.add_mock("main")
    stack.loop.run(stack.control.start())
    stack.publish([task("help", ["main"])], [stack.target("main")])
    assert stack.chat(HELLO)[0] == 200


def test_a_damaged_snapshot_does_not_stop_it(stack: Stack) -> None:
    (stack.data_dir / snapshot_file.NAME).write_bytes(b"VS1 damaged beyond repair, and long enough")
    stack.simple()
    stack.start()
    assert stack.chat(HELLO)[0] == 200


def test_sigterm_finishes_what_is_in_flight(stack: Stack) -> None:
    stack.simple()
    stack.start()
    found: list[Any] = []
    body = {**HELLO, "stream": True, "messages": [{"role": "user", "content": "chunks=20 delay_ms=30"}]}
    thread = threading.Thread(target=lambda: found.append(stack.chat(body)))
    thread.start()
    eventually(lambda: stack.mocks["main"].stats["streams"] == 1, "the stream did not start")
    code = stack.stop()
    thread.join(10)
    assert code == 0
    assert found[0][0] == 200
    assert found[0][1].rstrip().endswith(b"data: [DONE]")
    assert len(stack.records()) == 1


def test_it_leaves_with_its_parent(stack: Stack) -> None:
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    stack.simple()
    assert lifeline.VARIABLE == "VOLANT_PARENT_FD"
    stack.pass_fds = (reading,)
    stack.start(environment={lifeline.VARIABLE: str(reading)})
    os.close(reading)
    assert stack.process is not None
    assert stack.process.poll() is None
    os.close(writing)
    assert stack.process.wait(60) == lifeline.EXIT_CODE


def test_two_workers_share_one_port_and_one_data_directory(stack: Stack) -> None:
    """Each has its own spool folder, so neither waits for the other."""
    stack.simple()
    stack.start()
    first = stack.process
    stack.process = None
    log = stack.log
    stack.start(control=False, worker=1)
    assert stack.chat(HELLO)[0] == 200
    spool = stack.data_dir / "spool"
    eventually(lambda: {path.name for path in spool.iterdir()} == {"0", "1"}, "each has its own spool")
    assert first is not None
    first.terminate()
    assert first.wait(60) == 0
    log.close()
