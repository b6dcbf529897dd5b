"""Place: this data directory on this machine, as a short word. Machines that share a database tell their workers apart
by it. Knows no table."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def place_of(data_dir: Path) -> str:
    """Eight hexadecimal digits: the same at every start, another for another machine or directory."""
    return hashlib.sha256(f"{os.uname().nodename}\0{data_dir.resolve()}".encode()).hexdigest()[:8]


def holder_of(place: str, worker: int, word: str) -> str:
    """A worker's name in its life; `word` is new at every start."""
    return f"{place}.{worker}.{word}"


def seat_of(holder: str) -> str:
    """The place and the worker's number, without the life: one process sits there at a time."""
    return holder.rpartition(".")[0]
