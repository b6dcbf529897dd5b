"""A shrunken story, killed ten times in ten named stages, ends as the one that nobody killed.

Compared: how many rows every split of both dataset versions has and what they say, the weights of both models, how
many questions were answered and reviewed, how the rollouts ended, and that the erased person is gone.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from volant.store.vault import new_key

EXAMPLE = Path(__file__).parents[2] / "examples" / "helpdesk" / "questions.csv"
ROWS = 700
STORY_S = 900

pytestmark = [pytest.mark.story, pytest.mark.timeout(3 * STORY_S)]

# stage of the book, kind of run that must be under way (if any), whom to kill
KILLS: tuple[tuple[str, str, str], ...] = (
    ("data", "", "all"),
    ("first_model", "train", "all"),
    ("first_model", "evaluate", "run"),
    ("traffic", "", "gateway"),
    ("traffic", "", "all"),
    ("retrain", "train", "all"),
    ("retrain", "evaluate", "control"),
    ("rollout", "", "all"),
    ("broken", "", "control"),
    ("prove", "", "all"),
)


class Telling:
    """One `volant demo` on one data directory."""

    def __init__(self, folder: Path, questions: Path, key: bytes) -> None:
        self.data = folder / "data"
        self._questions = questions
        self._log = folder / "log.txt"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("VOLANT_")}
        self._environment = {**kept, "VOLANT_MASTER_KEY": key.hex(), "COLUMNS": "140"}
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir()

    def start(self, *, resume: bool) -> None:
        command = [
            sys.executable,
            "-m",
            "volant.cli",
            "demo",
            "--scale",
            "tiny",
            "--once",
            "--data-dir",
            str(self.data),
        ]
        command += ["--resume"] if resume else ["--data", str(self._questions)]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=subprocess.STDOUT)

    def finish(self) -> int:
        assert self.process is not None
        try:
            return self.process.wait(STORY_S)
        finally:
            self.kill_all()

    def kill_all(self) -> None:
        """Every process of the story at once, and see that none is left."""
        assert self.process is not None
        victims = [self.process.pid, *descendants(self.process.pid)]
        for pid in victims:
            kill(pid)
        self.process.wait(30)
        until(lambda: not any(alive(pid) for pid in victims), 30, "processes outlived their killed parents")

    def kill_one(self, kind: str) -> None:
        """One process of a kind that the supervisor watches."""
        actual = json.loads((self.data / "run" / "actual.json").read_text())
        pids = [entry["pid"] for entry in actual.values() if entry["kind"] == kind and entry["pid"]]
        assert pids, f"no {kind} runs"
        kill(pids[0])

    def at(self, stage: str, run_kind: str) -> bool:
        """Has the story come to this stage, and is such a run under way?"""
        book = self.book()
        if book.get("stage") != stage or book["chapters"].get(stage, {}).get("done"):
            return False
        return not run_kind or any(kind == run_kind for kind in self._runs_under_way())

    def passed(self, stage: str) -> bool:
        return bool(self.book().get("chapters", {}).get(stage, {}).get("done"))

    def book(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.data / "story.json").read_text())
        except FileNotFoundError:
            return {}
        return found

    def log(self) -> str:
        return self._log.read_text(errors="replace")[-6000:]

    def _runs_under_way(self) -> Iterator[str]:
        for spec in self.data.glob("runs/*/spec.json"):
            if not (spec.parent / "result.json").exists() and (spec.parent / "progress.jsonl").exists():
                yield json.loads(spec.read_text())["kind"]


def descendants(pid: int) -> list[int]:
    """Children, their children, and so on, by /proc."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, frontier = [], [pid]
    while frontier:
        frontier = [child for one in frontier for child in parents.get(one, [])]
        found += frontier
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def until(holds: Callable[[], bool], most_s: float, otherwise: str) -> None:
    end = time.monotonic() + most_s
    while not holds():
        assert time.monotonic() < end, otherwise
        time.sleep(0.02)


def outcome(telling: Telling) -> dict[str, Any]:
    """What must be the same, killed or not."""
    chapters = {name: chapter["facts"] for name, chapter in telling.book()["chapters"].items()}
    return {
        "splits of version 1": chapters["data"]["counts"],
        "splits of version 2": chapters["retrain"]["counts"],
        "removed": chapters["data"]["removed"],
        "first weights": chapters["first_model"]["model"]["weights"],
        "next weights": chapters["retrain"]["model"]["weights"],
        "twin's weights": chapters["retrain"]["twin"]["model"]["weights"],
        "answered items": chapters["traffic"]["items"],
        "rollout": chapters["rollout"]["state"],
        "broken": chapters["broken"]["state"],
        "left of the person": chapters["prove"]["hits_after"],
        "receipt": chapters["prove"]["outcome"],
    }


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """The first rows of the example."""
    place = tmp_path / "questions.csv"
    with EXAMPLE.open(newline="", encoding="utf-8") as source, place.open("w", newline="", encoding="utf-8") as target:
        rows = csv.reader(source)
        writer = csv.writer(target)
        for number, row in enumerate(rows):
            if number > ROWS:
                break
            writer.writerow(row)
    return place


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the story's processes in /proc")
def test_ten_kills_change_nothing(tmp_path: Path, questions: Path) -> None:
    key = new_key()
    calm, killed = Telling(tmp_path / "calm", questions, key), Telling(tmp_path / "killed", questions, key)
    calm.start(resume=False)
    assert calm.finish() == 0, calm.log()

    killed.start(resume=False)
    done = []
    try:
        for stage, run_kind, whom in KILLS:
            until(
                lambda s=stage, r=run_kind: killed.at(s, r) or killed.passed(s) or _ended(killed),  # type: ignore[misc]
                STORY_S,
                f"never came to {stage}",
            )
            assert not _ended(killed), killed.log()
            assert killed.at(stage, run_kind), f"{stage} {run_kind} was over before it could be killed"
            time.sleep(int(hashlib.sha256(f"{stage}{run_kind}{whom}".encode()).hexdigest(), 16) % 700 / 1000)
            if whom == "all":
                killed.kill_all()
                killed.start(resume=True)
            else:
                killed.kill_one(whom)
            done.append((stage, run_kind, whom))
        assert killed.finish() == 0, killed.log()
    finally:
        if killed.process is not None and killed.process.poll() is None:
            killed.kill_all()
    assert len(done) == 10
    assert outcome(killed) == outcome(calm)


def _ended(telling: Telling) -> bool:
    return telling.process is not None and telling.process.poll() is not None
