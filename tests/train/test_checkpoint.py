from __future__ import annotations

import errno
from pathlib import Path

import pytest

from volant.core.errors import Conflict, StorageFull
from volant.train.checkpoint import (
    RunState,
    keep_newest,
    newest,
    read_state,
    step_directory,
    whole_directory,
    write_state,
)

STATE = RunState(step=3, tokens=10, config_hash="c", data_hash="d")


def _write(root: Path, step: int) -> Path:
    place = step_directory(root, step)
    with whole_directory(place) as directory:
        (directory / "tensor").write_bytes(b"x")
        write_state(directory, STATE)
    return place


def test_a_checkpoint_appears_whole_and_the_newest_is_found(tmp_path: Path) -> None:
    assert newest(tmp_path / "none") is None
    assert newest(tmp_path) is None
    places = [_write(tmp_path, step) for step in (1, 2, 10)]
    assert newest(tmp_path) == places[2]
    keep_newest(tmp_path, 2)
    assert sorted(tmp_path.iterdir()) == places[1:]
    assert read_state(places[2], "c", "d") == STATE


def _fail_in_the_middle(root: Path) -> None:
    with whole_directory(step_directory(root, 1)) as directory:
        (directory / "tensor").write_bytes(b"x")
        _ = 1 / 0


def test_a_failed_write_leaves_nothing_and_a_killed_one_is_swept(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        _fail_in_the_middle(tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / ".step-00000007.99.partial").mkdir()
    place = _write(tmp_path, 2)
    assert newest(tmp_path) == place
    assert list(tmp_path.iterdir()) == [place]


def test_a_full_disk_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(StorageFull) as caught, whole_directory(tmp_path / "step-1"):
        raise OSError(errno.ENOSPC, "no space")
    assert caught.value.code == "disk_full"
    assert "resumes" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("config_hash", "data_hash", "named"), [("x", "d", "configuration"), ("c", "x", "data")])
def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path, config_hash: str, data_hash: str, named: str) -> None:
    place = _write(tmp_path, 1)
    with pytest.raises(Conflict) as caught:
        read_state(place, config_hash, data_hash)
    assert caught.value.code == "resume_mismatch"
    assert named in caught.value.message
