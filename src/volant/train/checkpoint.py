"""Checkpoint: a directory that is either whole or not there.

Written beside its place under a name that no reader looks at, flushed to the disk file by file, then renamed. Knows
what a run needs to go on exactly where it was; knows nothing of how training works.

    checkpoints/step-00000400/   weights, optimiser, schedule, random state, run.json
    best/step-00000400/          the weights that the validation rows chose so far
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from volant.core.errors import Conflict, StorageFull

_STATE = "run.json"


class RunState(msgspec.Struct, frozen=True, kw_only=True):
    """What stands beside the tensors: where the run is, what it is, and the best step on the validation rows."""

    step: int  # steps done
    tokens: int  # tokens seen, padding not counted
    config_hash: str
    data_hash: str
    best_step: int = -1  # -1: nothing validated yet
    best_exact: float = 0.0
    best_loss: float = 0.0
    wall_s: float = 0.0  # over all starts of the run
    cpu_s: float = 0.0


def step_directory(root: Path, step: int) -> Path:
    """Where the checkpoint of a step stands."""
    return root / f"step-{step:08d}"


@contextmanager
def whole_directory(place: Path) -> Iterator[Path]:
    """Yield an empty directory to write into; afterwards it stands at `place`, whole and on the disk.

    Raises StorageFull("disk_full") when there is no room; then nothing stands at `place`.
    """
    staging = place.with_name(f".{place.name}.{os.getpid()}.partial")
    shutil.rmtree(staging, ignore_errors=True)
    try:
        staging.mkdir(parents=True)
        yield staging
        for path in sorted(staging.rglob("*")):
            if path.is_file():
                _flush(path)
        _flush(staging)
        if place.exists():
            shutil.rmtree(place)
        staging.rename(place)
        _flush(place.parent)
    except OSError as error:
        shutil.rmtree(staging, ignore_errors=True)
        if error.errno in (28, 122):  # no space left, quota exceeded
            raise StorageFull("disk_full", "no room for a checkpoint", where=str(place.parent),
                              hint="free some space, then start the run again: it resumes") from error  # fmt: skip
        raise
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def newest(root: Path) -> Path | None:
    """The newest whole checkpoint under a directory, if there is one. Leftovers of killed runs are removed."""
    if not root.exists():
        return None
    for leftover in root.glob(".step-*.partial"):
        shutil.rmtree(leftover, ignore_errors=True)
    found = sorted(path for path in root.glob("step-*") if (path / _STATE).exists())
    return found[-1] if found else None


def keep_newest(root: Path, count: int) -> None:
    """Remove all but the newest `count` checkpoints."""
    for path in sorted(root.glob("step-*"))[:-count]:
        shutil.rmtree(path, ignore_errors=True)


def write_state(directory: Path, state: RunState) -> None:
    """Put the run's state into a checkpoint that is being written."""
    (directory / _STATE).write_bytes(msgspec.json.encode(state))


def read_state(directory: Path, config_hash: str, data_hash: str) -> RunState:
    """The state of a checkpoint. Raises Conflict("resume_mismatch") when it belongs to another run."""
    state = msgspec.json.decode((directory / _STATE).read_bytes(), type=RunState)
    for name, mine, theirs in (("configuration", config_hash, state.config_hash), ("data", data_hash, state.data_hash)):
        if mine != theirs:
            raise Conflict("resume_mismatch", f"the checkpoint belongs to another {name}", where=str(directory),
                           hint="use a new output directory, or remove the old checkpoints")  # fmt: skip
    return state


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
