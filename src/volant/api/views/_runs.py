"""What is read of runs for their page: rows without results, checkpoints on the disk, the end of the log."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from volant.registry.runs import RESUMABLE, Run
from volant.store.tables import run

LOG_LINES = 200
_LOG_BYTES = 64 << 10
_STEP = re.compile(r"step-(\d{8})")
_LOGGED = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d|Traceback \(|  File \"|[\w.]+(Error|Exception|Interrupt)\b")
_UNTOLD = "… (lines that no logger wrote are not shown: they may quote data)"


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A run without its result."""

    id: str
    kind: str
    state: str
    spec: dict[str, Any]
    error: dict[str, Any]
    attempt: int
    workflow_id: str
    created_ms: int
    started_ms: int
    ended_ms: int


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A whole checkpoint of a run."""

    name: str  # under the run's folder: "checkpoints/step-00000400", "best/…", "final"
    step: int  # -1: the final weights
    size_bytes: int
    sha256: str  # of the weights; empty until it was asked for once and they fit MOST_HASHED
    made_ms: int


def page(tx: Connection, project: str, *, kind: str, state: str, before: str, limit: int) -> list[Head]:
    """The newest runs first; `before` is the last id of the page before."""
    query = select(*(run.c[name] for name in Head.__struct_fields__)).where(run.c.project == project)
    for name, value in (("kind", kind), ("state", state)):
        if value:
            query = query.where(run.c[name] == value)
    if before:
        at = select(run.c.created_ms).where(run.c.project == project, run.c.id == before).scalar_subquery()
        query = query.where((run.c.created_ms < at) | ((run.c.created_ms == at) & (run.c.id < before)))
    query = query.order_by(run.c.created_ms.desc(), run.c.id.desc()).limit(limit)
    return [_head(row._mapping) for row in tx.execute(query)]


def counts(tx: Connection, project: str) -> tuple[dict[str, int], dict[str, int]]:
    """How many runs there are of each state and of each kind."""
    query = select(run.c.state, run.c.kind, func.count().label("count")).where(run.c.project == project)
    states: dict[str, int] = {}
    kinds: dict[str, int] = {}
    for row in tx.execute(query.group_by(run.c.state, run.c.kind).order_by(run.c.state, run.c.kind)):
        states[row.state] = states.get(row.state, 0) + row._mapping["count"]
        kinds[row.kind] = kinds.get(row.kind, 0) + row._mapping["count"]
    return states, kinds


def checkpoints(folder: Path) -> list[Checkpoint]:
    """The whole checkpoints that stand on the disk, oldest first, then the final weights."""
    found = [place for part in ("checkpoints", "best") for place in sorted((folder / part).glob("step-*"))]
    found += [folder / "final"] if (folder / "final").is_dir() else []
    return [_checkpoint(folder, place) for place in found]


def log_tail(place: Path, lines: int = LOG_LINES) -> list[str]:
    """The last lines that a logger wrote, and the places of tracebacks; none when there is no log.

    What a library printed, or an exception says, may quote a row: of those, the exception's type alone is shown.
    """
    try:
        with place.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _LOG_BYTES))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    out: list[str] = []
    for line in text.splitlines()[-lines:]:
        found = _LOGGED.match(line)
        shown = (found.group(0) if found.group(1) else line[:500]) if found else _UNTOLD
        if shown != _UNTOLD or out[-1:] != [_UNTOLD]:
            out.append(shown)
    return out


def resumable(found: Run, kept: Sequence[Checkpoint]) -> tuple[bool, str]:
    """Whether the run can go on, and a sentence that says from where, or why not."""
    if found.state not in RESUMABLE:
        return False, f"It is {found.state}: only a stopped or failed run can go on."
    if found.kind == "evaluate":
        return True, "It goes on with the answers that its journals hold; then its reports are kept."
    steps = [one.step for one in kept if one.name.startswith("checkpoints/")]
    where = f"after step {max(steps)}" if steps else "at its first step: it had kept no checkpoint"
    return True, f"It goes on {where}; then its model is registered, and a person may evaluate and gate it."


def _checkpoint(folder: Path, place: Path) -> Checkpoint:
    files = [path for path in sorted(place.rglob("*")) if path.is_file()]
    step = _STEP.fullmatch(place.name)
    weights = next((path for path in files if path.suffix == ".safetensors"), None)
    stat = place.stat()
    return Checkpoint(
        name=str(place.relative_to(folder)),
        step=int(step.group(1)) if step else -1,
        size_bytes=sum(path.stat().st_size for path in files),
        sha256=_sha256(weights, weights.stat().st_mtime_ns, weights.stat().st_size) if weights else "",
        made_ms=stat.st_mtime_ns // 1_000_000,
    )


MOST_HASHED = 256 << 20  # larger weights are not read for a page


@lru_cache(maxsize=256)
def _sha256(place: Path, _changed_ns: int, size: int) -> str:
    if size > MOST_HASHED:
        return ""
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _head(values: Any) -> Head:
    row = dict(values)
    for name in ("spec", "error"):
        row[name] = msgspec.json.decode(row[name])
    return Head(**row)
