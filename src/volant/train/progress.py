"""Progress: JSON lines that a run appends and anybody may follow; they survive the run and whoever watches it.

Every line has `event` and `at_ms`. Events and their other fields:

    started     step, steps, tokens_total, parameters, vocabulary, rows, validation_rows, memory_bytes, config_hash,
                data_hash
    resumed     step, checkpoint, and the fields of `started`
    step        step, loss, learning_rate, tokens, tokens_per_s, elapsed_s, memory_bytes     (about once a second)
    validated   step, val_loss, val_exact, best (bool), elapsed_s
    checkpoint  step, path
    finished    step, chosen_step, val_exact, val_loss, wall_s, cpu_s, final
    failed      code, message, hint

Texts of rows never appear here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec


class Progress:
    """Appends to one file, flushing each line. `now_ms` is the clock."""

    def __init__(self, path: Path, now_ms: Callable[[], int]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)
        self._now_ms = now_ms

    def event(self, name: str, **fields: Any) -> None:
        """Append one line in one write, so that a reader sees whole lines."""
        self._file.write(msgspec.json.encode({"event": name, "at_ms": self._now_ms(), **fields}) + b"\n")

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        self._file.close()


def read_progress(path: Path) -> list[dict[str, Any]]:
    """All whole lines of a progress file; a torn last line (a kill in the middle of a write) is left out."""
    if not path.exists():
        return []
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    return [msgspec.json.decode(line) for line in whole.split(b"\n") if line]
