"""The local executor: desired state on disk, results, progress, cancel, attempts, and its rebirth."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec
import pytest

from volant.app.supervisor import Desired
from volant.core.errors import Conflict, NotFound, VolantError
from volant.jobs.executor import LocalExecutor


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def desired(data: Path) -> dict[str, tuple[str, ...]]:
    """Read as the supervisor reads it."""
    read = msgspec.json.decode((data / "run" / "desired.json").read_bytes(), type=Desired)
    return {process.name: process.argv for process in read.processes}


def say(data: Path, name: str, state: str, exit_code: int | None = None) -> None:
    facts = {"pid": 1, "kind": "run", "state": state, "exit_code": exit_code, "restarts": 5, "started_ms": 1}
    (data / "run" / "actual.json").write_text(json.dumps({name: facts}))


def finish(data: Path, run_id: str, result: dict[str, object]) -> None:
    (data / "runs" / run_id / "result.json").write_text(json.dumps(result))


def test_a_run_is_wanted_once_and_left_alone_when_finished(data: Path) -> None:
    executor = LocalExecutor(data)
    handle = executor.want_run("run_1", nice=7)
    assert desired(data)["run_1"] == (sys.executable, "-m", "volant.app.run", str(data), "run_1")
    assert executor.wanted()["run_1"].nice == 7
    assert handle.state() == "waiting"
    say(data, "run_1", "running")
    assert handle.state() == "running"
    finish(data, "run_1", {"state": "done", "model_id": "mdl_1"})
    assert handle.wait()["model_id"] == "mdl_1"
    assert desired(data) == {}
    assert executor.want_run("run_1").state() == "done"
    assert desired(data) == {}


def test_waiting_waits_and_raises_the_runs_own_error(data: Path) -> None:
    executor = LocalExecutor(data)
    handle = executor.want_run("run_1")
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            error = {"code": "recipe_unknown", "message": "no recipe 'x'", "hint": "see recipes"}
            finish(data, "run_1", {"state": "failed", "error": error})

    with pytest.raises(VolantError, match="no recipe 'x'") as caught:
        handle.wait(0.5, sleep=nap)
    assert (caught.value.code, naps) == ("recipe_unknown", [0.5, 0.5, 0.5])


def test_a_run_that_dies_again_and_again_is_an_error_that_names_its_log(data: Path) -> None:
    executor = LocalExecutor(data)
    handle = executor.want_run("run_1")
    say(data, "run_1", "failed", -9)
    with pytest.raises(VolantError, match="without a result") as caught:
        handle.wait()
    assert caught.value.where == "runs/run_1/log.txt"
    again = executor.want_run("run_1", attempt=2)
    assert executor.wanted()["run_1"].env["VOLANT_RUN_ATTEMPT"] == "2"
    say(data, "run_1", "running")
    assert again.state() == "running"


def test_cancel_stops_it_for_good(data: Path) -> None:
    executor = LocalExecutor(data)
    handle = executor.want_run("run_1")
    executor.cancel("run_1")
    assert desired(data) == {}
    assert handle.state() == "cancelled"
    with pytest.raises(Conflict, match="cancelled"):
        handle.wait()
    executor.want_run("run_1")
    assert LocalExecutor(data).restore() == []
    with pytest.raises(NotFound):
        executor.cancel("run_2")
    finish(data, "run_1", {"state": "done"})
    with pytest.raises(Conflict, match="ended"):
        executor.cancel("run_1")


def test_another_executor_wants_what_the_first_wanted(data: Path) -> None:
    first = LocalExecutor(data)
    first.want_run("run_1", env={"OMP_NUM_THREADS": "1"})
    first.want_run("run_2")
    first.want_engine("eng_1", ["engine", "--model", f"{data}/models/m.gguf"])
    finish(data, "run_2", {"state": "done"})
    wanted = {name: process for name, process in first.wanted().items() if name != "run_2"}
    second = LocalExecutor(data)
    assert second.restore() == ["eng_1", "run_1"]
    assert second.wanted() == wanted
    assert second.engines() == ["eng_1"]


def test_a_moved_data_directory_still_starts_its_engines(data: Path, tmp_path: Path) -> None:
    LocalExecutor(data).want_engine("eng_1", ["engine", f"{data}/models/m.gguf"])
    moved = data.rename(tmp_path / "moved")
    executor = LocalExecutor(moved)
    executor.restore()
    assert desired(moved)["eng_1"] == ("engine", f"{moved}/models/m.gguf")


def test_engines_address_and_drop(data: Path) -> None:
    executor = LocalExecutor(data)
    executor.want_engine("eng_1", ["engine"])
    assert executor.engine_address("eng_1") is None
    (data / "engines" / "eng_1" / "address.json").write_text('{"base_url": "http://127.0.0.1:9/v1"}')
    assert executor.engine_address("eng_1") == {"base_url": "http://127.0.0.1:9/v1"}
    executor.drop("eng_1")
    assert executor.engine_address("eng_1") is None
    assert LocalExecutor(data).restore() == []


def test_progress_goes_on_where_it_was_and_waits_for_a_torn_line(data: Path) -> None:
    executor = LocalExecutor(data)
    assert executor.progress("run_1") == ([], 0)
    place = executor.run_dir("run_1") / "progress.jsonl"
    place.write_bytes(b'{"step": 1}\n{"step": 2}\n{"st')
    lines, after = executor.progress("run_1")
    assert lines == [{"step": 1}, {"step": 2}]
    with place.open("ab") as file:
        file.write(b'ep": 3}\n')
    assert executor.progress("run_1", after)[0] == [{"step": 3}]


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "x" * 201])
def test_names_that_would_leave_the_folder_are_refused(data: Path, name: str) -> None:
    with pytest.raises(NotFound):
        LocalExecutor(data).want_run(name)
