"""A training process that is killed and started again gives the weights of one that was not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from volant.core import lifeline
from volant.core.errors import BadInput
from volant.train.model import weights_hash
from volant.train.progress import read_progress
from volant.train.rows import Row

LIMIT_S = 120.0


def _spec(folder: Path, output: str, recipe: str, options: dict[str, Any], **more: Any) -> Path:
    path = folder / f"{output}.json"
    fields = {"run_id": "run_k", "recipe": recipe, "options": options, "input": "-", "output": str(folder / output)}
    path.write_bytes(msgspec.json.encode(fields | more))
    return path


def _start(spec: Path, rows: list[Row], **more: Any) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-m", "volant.train", str(spec)], stdin=subprocess.PIPE, **more)
    assert process.stdin is not None
    process.stdin.write(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    process.stdin.close()
    return process


def _wait_for(progress: Path, event: str, count: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while sum(line["event"] == event for line in read_progress(progress)) < count:
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.002)


def _options(recipe: str, checkpoint: Path) -> dict[str, Any]:
    if recipe == "debug":
        return {"steps": 60, "checkpoint_every": 10, "optimiser": "muon"}
    return {"base": str(checkpoint), "epochs": 24, "batch_rows": 16, "checkpoint_every": 12, "threads": 1}


@pytest.mark.parametrize("recipe", ["debug", "sft", "lora"])
def test_a_killed_run_goes_on_bit_identically(recipe: str, checkpoint: Path, rows: list[Row], tmp_path: Path) -> None:
    options = _options(recipe, checkpoint)
    whole = _start(_spec(tmp_path, "whole", recipe, options), rows)
    assert whole.wait(LIMIT_S) == 0
    spec, progress = _spec(tmp_path, "killed", recipe, options), tmp_path / "killed" / "progress.jsonl"
    first = _start(spec, rows)
    _wait_for(progress, "checkpoint", 2, first)
    first.send_signal(signal.SIGKILL)
    assert first.wait(LIMIT_S) == -signal.SIGKILL
    (tmp_path / "killed" / "checkpoints" / ".step-00000099.1.partial").mkdir()  # as a kill in mid-write leaves it
    assert _start(spec, rows).wait(LIMIT_S) == 0
    events = read_progress(progress)
    resumed = next(event for event in events if event["event"] == "resumed")
    assert resumed["step"] >= 2 * options["checkpoint_every"]
    assert weights_hash(tmp_path / "killed" / "final") == weights_hash(tmp_path / "whole" / "final")
    ended, wanted = events[-1], read_progress(tmp_path / "whole" / "progress.jsonl")[-1]
    for name in ("chosen_step", "val_exact", "val_loss", "step"):
        assert ended[name] == wanted[name]


def test_errors_stand_in_the_progress_file_and_in_the_exit_code(rows: list[Row], tmp_path: Path) -> None:
    spec = _spec(tmp_path, "out", "debug", {"step": 3})
    process = _start(spec, rows, stderr=subprocess.PIPE)
    assert process.wait(LIMIT_S) == BadInput.exit_code
    assert process.stderr is not None
    assert b"recipe_option_unknown" in process.stderr.read()
    process.stderr.close()
    last = read_progress(tmp_path / "out" / "progress.jsonl")[-1]
    assert (last["event"], last["code"]) == ("failed", "recipe_option_unknown")


@pytest.mark.parametrize(
    "text", ["{", '{"input": "-", "output": "o"}', '{"input": "-", "output": "o", "recipes": "x"}']
)
def test_a_broken_specification_is_refused(text: str, tmp_path: Path) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text(text)
    done = subprocess.run([sys.executable, "-m", "volant.train", str(spec)], capture_output=True)
    assert done.returncode == BadInput.exit_code
    assert b"spec_invalid" in done.stderr


def test_a_run_leaves_when_its_parent_is_gone(rows: list[Row], tmp_path: Path) -> None:
    """A middle process starts the run and is killed; the run, then nobody's child, leaves before its end."""
    options = {"steps": 100000, "checkpoint_every": 50000}
    spec = _spec(tmp_path, "orphan", "debug", options, input=str(tmp_path / "rows.jsonl"))
    (tmp_path / "rows.jsonl").write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    middle_code = (
        "import json, os, subprocess, sys, time; path = sys.argv[1]; spec = json.load(open(path)); "
        "spec['watch_parent'] = os.getpid(); json.dump(spec, open(path, 'w')); "
        "child = subprocess.Popen([sys.executable, '-m', 'volant.train', path]); print(child.pid, flush=True); "
        "time.sleep(600)"
    )
    middle = subprocess.Popen([sys.executable, "-c", middle_code, str(spec)], stdout=subprocess.PIPE)
    assert middle.stdout is not None
    child = int(middle.stdout.readline())
    _wait_for(tmp_path / "orphan" / "progress.jsonl", "step", 1, middle)
    middle.kill()
    middle.wait(LIMIT_S)
    middle.stdout.close()
    deadline = time.monotonic() + 60
    while _alive(child):
        assert time.monotonic() < deadline, "the orphan still runs"
        time.sleep(0.05)
    assert lifeline.EXIT_CODE == 113


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")
