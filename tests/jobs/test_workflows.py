"""Workflows: named, idempotent by id, only short values kept, and resumed at the last finished step after kill -9."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from volant.core.errors import BadInput, Conflict, NotFound, VolantError
from volant.jobs.workflows import MOST_TEXT, Workflows


@pytest.fixture
def workflows(tmp_path: Path) -> Iterator[Workflows]:
    made = Workflows(f"sqlite:///{tmp_path}/dbos.db")
    yield made
    made.close()


def test_a_workflow_runs_once_for_one_id_and_gives_its_result(workflows: Workflows) -> None:
    calls: list[str] = []

    def note(what: str) -> str:
        calls.append(what)
        return what.upper()

    @workflows.workflow("shout")
    def shout(word: str) -> dict[str, str]:
        assert workflows.current_id() == "w-1"
        return {"said": workflows.step("note", note, word)}

    workflows.launch()
    assert workflows.start("shout", "w-1", "hello") == "w-1"
    assert workflows.result("w-1") == {"said": "HELLO"}
    workflows.start("shout", "w-1", "again")
    assert workflows.result("w-1") == {"said": "HELLO"}
    assert calls == ["hello"]
    status = workflows.status("w-1")
    assert status is not None
    assert (status.state, status.name, status.output) == ("done", "shout", {"said": "HELLO"})
    assert [one.workflow_id for one in workflows.list(name="shout")] == ["w-1"]
    assert workflows.list(active=True) == []


def test_errors_come_back_as_what_they_were_and_strangers_without_their_text(
    workflows: Workflows, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    @workflows.workflow("refuse")
    def refuse(kind: str) -> None:
        if kind == "ours":
            raise Conflict("run_cancelled", "run run_1 was cancelled", hint="start it again")
        raise ValueError("jane@example.org asked about her card")

    workflows.launch()
    workflows.start("refuse", "ours", "ours")
    with pytest.raises(Conflict, match="run_1 was cancelled"):
        workflows.result("ours")
    workflows.start("refuse", "stranger", "stranger")
    with pytest.raises(VolantError, match="ValueError") as caught:
        workflows.result("stranger")
    status = workflows.status("stranger")
    assert status is not None
    assert (status.state, status.error["code"]) == ("failed", "workflow_failed")
    assert "in refuse" in caplog.text
    kept = b"".join(place.read_bytes() for place in tmp_path.glob("dbos.db*"))
    assert b"run_1 was cancelled" in kept
    for place in (str(status.error), str(caught.value), caplog.text, kept.decode(errors="replace")):
        assert "jane" not in place


def test_long_texts_and_other_types_do_not_pass(workflows: Workflows) -> None:
    @workflows.workflow("echo")
    def echo(word: str) -> str:
        return word

    @workflows.workflow("leak")
    def leak() -> str:
        return workflows.step("leak", lambda: "x" * (MOST_TEXT + 1))

    workflows.launch()
    with pytest.raises(BadInput, match="2001 characters"):
        workflows.start("echo", "long", "x" * (MOST_TEXT + 1))
    with pytest.raises(BadInput, match="bytes"):
        workflows.start("echo", "bytes", b"x")  # type: ignore[arg-type]
    assert workflows.status("long") is None
    workflows.start("leak", "leak")
    with pytest.raises(BadInput, match="2001 characters"):
        workflows.result("leak")


def test_unknown_names_and_ids_are_named(workflows: Workflows) -> None:
    workflows.launch()
    with pytest.raises(NotFound, match="'nope'"):
        workflows.start("nope", "w")
    with pytest.raises(NotFound, match="'w'"):
        workflows.cancel("w")
    with pytest.raises(Conflict):
        workflows.launch()
    with pytest.raises(Conflict):
        workflows.workflow("late")(lambda: None)


def test_a_cancelled_workflow_ends_at_its_next_step(workflows: Workflows, tmp_path: Path) -> None:
    @workflows.workflow("slow")
    def slow() -> None:
        for turn in range(200):
            workflows.step(f"turn-{turn}", time.sleep, 0.02)

    workflows.launch()
    workflows.start("slow", "w")
    time.sleep(0.1)
    workflows.cancel("w")
    end = time.monotonic() + 60
    while (status := workflows.status("w")) and status.state != "cancelled":
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_database_keeps_no_pickles_and_is_private(workflows: Workflows, tmp_path: Path) -> None:
    @workflows.workflow("echo")
    def echo(word: str) -> str:
        return word

    workflows.launch()
    workflows.start("echo", "w", "dsv_1")
    workflows.result("w")
    place = tmp_path / "dbos.db"
    assert place.stat().st_mode & 0o777 == 0o600
    connection = sqlite3.connect(place)
    assert connection.execute("select inputs from workflow_input").fetchall() == [('{"args":["dsv_1"],"kwargs":{}}',)]
    assert connection.execute("select output from workflow_output").fetchall() == [('"dsv_1"',)]
    assert connection.execute("select serialization from workflow_status").fetchall() == [("volant_json",)]
    assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
    connection.close()


PROGRAM = """
import os, sys, time
from pathlib import Path
from volant.jobs.workflows import Workflows
place = Path(sys.argv[1])
workflows = Workflows(f"sqlite:///{place}/dbos.db")

def act(name):
    with (place / "journal").open("a") as file:
        file.write(f"{name} {os.getpid()}\\n")
    return name + "!"

def hang_the_first_time():
    act("second")
    if not (place / "killed").exists():
        time.sleep(60)
    return "second!"

@workflows.workflow("three")
def three(word):
    first = workflows.step("first", act, "first")
    second = workflows.step("second", hang_the_first_time)
    third = workflows.step("third", act, "third")
    return " ".join([word, first, second, third])

workflows.launch()
workflows.start("three", "one", "hello")
print(workflows.result("one"), flush=True)
os._exit(0)
"""


def test_kill_9_in_the_middle_resumes_at_the_last_finished_step(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    journal = tmp_path / "journal"
    first = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        end = time.monotonic() + 90
        while not journal.exists() or "second" not in journal.read_text():
            assert first.poll() is None, "it ended before it was killed"
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        os.kill(first.pid, signal.SIGKILL)
        first.communicate()
    (tmp_path / "killed").touch()
    second = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60)
    assert second.returncode == 0
    assert second.stdout == "hello first! second! third!\n"
    steps = [(line.split()[0], int(line.split()[1]) == first.pid) for line in journal.read_text().splitlines()]
    assert steps == [("first", True), ("second", True), ("second", False), ("third", False)]
