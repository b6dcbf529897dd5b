"""`python -m volant.train SPEC.json`: one training as a process of its own.

The specification holds names, numbers and paths, never a row's text:

    run_id        written into training.json and nowhere interpreted
    recipe        a recipe's name, with `options` for it; or
    config        a whole TrainConfig in place of both
    input         path of a JSONL file of rows, or "-": rows come on standard input and stay in memory
    output        directory for checkpoints/ and final/
    progress      path of the progress file (default: OUTPUT/progress.jsonl)
    watch_parent  a process id: leave when it is no longer our parent (default 0: do not watch)

Started again with the same specification it resumes. Exit code: 0, or that of the error, whose code and hint stand in
the last line of the progress file and on standard error; 113 when the parent is gone.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgspec

from volant.core import lifeline
from volant.core.clock import SystemClock
from volant.core.errors import BadInput, VolantError
from volant.train.config import TrainConfig
from volant.train.progress import Progress
from volant.train.recipes import build
from volant.train.rows import Row, read_rows
from volant.train.worker import train


class Spec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the process is asked to do; see the module's docstring."""

    run_id: str = ""
    recipe: str = ""
    options: dict[str, Any] = {}
    config: TrainConfig | None = None
    input: str
    output: str
    progress: str = ""
    watch_parent: int = 0


def read_spec(path: Path) -> Spec:
    """Raises BadInput("spec_invalid") with the field that is wrong."""
    try:
        spec = msgspec.json.decode(path.read_bytes(), type=Spec)
    except OSError as error:
        raise BadInput("spec_invalid", f"cannot be read: {error.strerror}", where=str(path)) from None
    except msgspec.DecodeError as error:
        raise BadInput("spec_invalid", str(error), where=str(path), hint="see volant.train.__main__") from None
    if bool(spec.recipe) == (spec.config is not None):
        raise BadInput("spec_invalid", "give either recipe or config", where=str(path), hint="recipe is usual")
    return spec


def watch_parent(parent: int, every_s: float = 0.5) -> None:
    """Leave the process at once when `parent` is no longer its parent. A daemon thread."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(every_s)
        os._exit(lifeline.EXIT_CODE)

    threading.Thread(target=watch, name="watch-parent", daemon=True).start()


def _rows(source: str) -> list[Row]:
    if source == "-":
        return list(read_rows(sys.stdin.buffer))
    try:
        with Path(source).open("rb") as file:
            return list(read_rows(file))
    except OSError as error:
        raise BadInput("input_missing", f"cannot be read: {error.strerror}", where=source) from None


def run(spec: Spec) -> None:
    """Do what the specification asks. Errors stand in the progress file and are raised."""
    output = Path(spec.output)
    progress = Progress(Path(spec.progress) if spec.progress else output / "progress.jsonl", SystemClock().now_ms)
    try:
        try:
            config = spec.config if spec.config is not None else build(spec.recipe, spec.options)
            rows = _rows(spec.input)
        except VolantError as error:
            progress.event("failed", code=error.code, message=error.message, hint=error.hint)
            raise
        train(config, rows, output, progress, spec.run_id)
    finally:
        progress.close()


def main(arguments: list[str]) -> int:
    """The process's entry; returns its exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m volant.train SPEC.json\n")
        return 2
    lifeline.watch()
    try:
        spec = read_spec(Path(arguments[0]))
        if spec.watch_parent:
            watch_parent(spec.watch_parent)
        run(spec)
    except VolantError as error:
        sys.stderr.write(f"{error.code}: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
