"""Executor: heavy work and engines as local processes, by desired state.

Control says which processes should be (`run/desired.json`); the supervisor makes it so and says which are
(`run/actual.json`). So runs and engines outlive control. Knows nothing of what a run does: it reads the
`result.json` and `progress.jsonl` that the run writes.

    runs/<run_id>/run.json       how it was started (argv, environment, attempt): the desired set, kept
                  progress.jsonl one JSON object a line, appended
                  result.json    written once, at the end, atomically: {"state": "done"|"failed", ...}
                  cancelled      an empty file: somebody cancelled it
    engines/<name>/process.json   how it is started; present = wanted
                   address.json  {"base_url": …} written by the engine when it listens

The desired set is rebuilt from these files, so a kill at any moment loses nothing. `attempt` is the fencing token of
a run: it goes into the environment (`VOLANT_RUN_ATTEMPT`), and a higher one replaces the process of a lower one.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from volant.core.errors import Conflict, NotFound, VolantError

Json = dict[str, Any]
DATA_MARK = "{DATA}"  # stands for the data directory in what is kept, so that a moved directory still starts


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """One process that should be, as the supervisor reads it."""

    name: str
    kind: Literal["engine", "run"]
    argv: tuple[str, ...]
    env: dict[str, str] = {}
    nice: int = 0
    restart: Literal["always", "on_failure", "never"] = "always"
    max_restarts: int = 0
    cwd: str = ""
    log: str = ""


class Actual(msgspec.Struct, frozen=True, kw_only=True):
    """One process as the supervisor last wrote it."""

    pid: int
    kind: str
    state: Literal["running", "waiting", "exited", "failed", "stopping"]
    exit_code: int | None = None
    restarts: int = 0
    started_ms: int = 0


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a wish."""

    argv: tuple[str, ...]
    env: dict[str, str] = {}
    nice: int = 0
    attempt: int = 1


class LocalExecutor:
    """Runs and engines of one data directory. Thread-safe. Only control has one."""

    def __init__(self, data_dir: Path, *, run_nice: int = 10, engine_nice: int = 0, run_restarts: int = 5) -> None:
        self.data = data_dir
        self._run_nice = run_nice
        self._engine_nice = engine_nice
        self._run_restarts = run_restarts
        self._lock = threading.RLock()
        self._wanted: dict[str, Process] = {}

    def restore(self) -> list[str]:
        """Want again what was wanted before a restart: runs without a result, and engines. Gives their names."""
        with self._lock:
            self._wanted = {}
            for place in sorted(self.data.glob("runs/*/run.json")):
                run_id = place.parent.name
                if self.result(run_id) is None and not self.is_cancelled(run_id):
                    self._wanted[run_id] = self._run_process(run_id, _read(place, _Kept))
            for place in sorted(self.data.glob("engines/*/process.json")):
                self._wanted[place.parent.name] = self._engine_process(place.parent.name, _read(place, _Kept))
            self._publish()
            return sorted(self._wanted)

    # ------------------------------------------------------------ runs
    def run_dir(self, run_id: str) -> Path:
        """`DATA/runs/<run_id>`, made when it is not there."""
        place = self.data / "runs" / _safe(run_id)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return place

    def want_run(
        self,
        run_id: str,
        argv: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        nice: int | None = None,
        *,
        attempt: int = 1,
    ) -> RunHandle:
        """Have this run: started within a second, started again when it dies, until `result.json` is there.

        Empty `argv`: `python -m volant.app.run DATA RUN_ID`. Asking again changes nothing; a finished run stays so.
        A higher `attempt` than before removes a failed result and starts anew.
        """
        with self._lock:
            place = self.run_dir(run_id) / "run.json"
            before = _read(place, _Kept) if place.exists() else None
            if before is not None and attempt > before.attempt:
                (place.parent / "result.json").unlink(missing_ok=True)
                (place.parent / "cancelled").unlink(missing_ok=True)
            if before is None or attempt > before.attempt:
                kept = _Kept(
                    argv=self._marked(argv or (sys.executable, "-m", "volant.app.run", str(self.data), run_id)),
                    env=dict(env or {}),
                    nice=self._run_nice if nice is None else nice,
                    attempt=attempt,
                )
                _write(place, msgspec.json.encode(kept))
            else:
                kept = before
            if self.result(run_id) is None and not self.is_cancelled(run_id):
                self._wanted[run_id] = self._run_process(run_id, kept)
                self._publish()
            return RunHandle(self, run_id)

    def handle(self, run_id: str) -> RunHandle:
        """The handle of a run that was wanted before."""
        return RunHandle(self, run_id)

    def result(self, run_id: str) -> Json | None:
        """What the run wrote at its end; None while it has not."""
        return _read_json(self.data / "runs" / _safe(run_id) / "result.json")

    def progress(self, run_id: str, after: int = 0) -> tuple[list[Json], int]:
        """The lines of `progress.jsonl` beyond byte `after`, and where to go on. A torn last line waits."""
        place = self.data / "runs" / _safe(run_id) / "progress.jsonl"
        try:
            with place.open("rb") as file:
                file.seek(after)
                data = file.read(4 << 20)
        except FileNotFoundError:
            return [], after
        whole = data.rfind(b"\n") + 1
        lines: list[Json] = []
        for line in data[:whole].splitlines():
            try:
                lines.append(msgspec.json.decode(line, type=Json))
            except (msgspec.DecodeError, msgspec.ValidationError):
                continue  # torn by a kill in the middle of the file: the next attempt wrote on behind it
        return lines, after + whole

    def said_bytes(self, run_id: str) -> int:
        """How much a run has said of itself: `progress` has more where this has grown."""
        place = self.data / "runs" / _safe(run_id) / "progress.jsonl"
        return place.stat().st_size if place.exists() else 0

    def cancel(self, run_id: str) -> None:
        """Stop it and keep it stopped. Raises NotFound, or Conflict when it has ended."""
        place = self.data / "runs" / _safe(run_id)
        if not (place / "run.json").exists():
            raise NotFound("run_unknown", f"no run {run_id!r} was started here", where="runs")
        if self.result(run_id) is not None:
            raise Conflict("run_ended", f"run {run_id} has ended already")
        (place / "cancelled").touch()
        self.drop(run_id)

    def is_cancelled(self, run_id: str) -> bool:
        return (self.data / "runs" / _safe(run_id) / "cancelled").exists()

    # ------------------------------------------------------------ engines
    def engine_dir(self, name: str) -> Path:
        """`DATA/engines/<name>`, made when it is not there."""
        place = self.data / "engines" / _safe(name)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return place

    def want_engine(self, name: str, argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        """Have this engine running, always; another `argv` replaces it."""
        with self._lock:
            kept = _Kept(argv=self._marked(argv), env=dict(env or {}), nice=self._engine_nice)
            _write(self.engine_dir(name) / "process.json", msgspec.json.encode(kept))
            self._wanted[name] = self._engine_process(name, kept)
            self._publish()

    def engines(self) -> list[str]:
        """The names of the engines that are wanted."""
        with self._lock:
            return sorted(name for name, process in self._wanted.items() if process.kind == "engine")

    def engine_address(self, name: str) -> Json | None:
        """What the engine wrote when it began to listen, e.g. {"base_url": "http://127.0.0.1:40001/v1"}."""
        return _read_json(self.data / "engines" / _safe(name) / "address.json")

    # ------------------------------------------------------------ both
    def drop(self, name: str) -> None:
        """No longer have this run or engine; the supervisor stops it. Dropping what is not there changes nothing."""
        with self._lock:
            process = self._wanted.pop(name, None)
            if process is not None and process.kind == "engine":
                folder = self.data / "engines" / _safe(name)
                (folder / "process.json").unlink(missing_ok=True)
                (folder / "address.json").unlink(missing_ok=True)
            if process is not None:
                self._publish()

    def wanted(self) -> Mapping[str, Process]:
        with self._lock:
            return dict(self._wanted)

    def actual(self) -> dict[str, Actual]:
        """The supervisor's children as it last wrote them; empty before its first word."""
        try:
            return msgspec.json.decode((self.data / "run" / "actual.json").read_bytes(), type=dict[str, Actual])
        except FileNotFoundError:
            return {}

    def _run_process(self, run_id: str, kept: _Kept) -> Process:
        return Process(
            name=run_id,
            kind="run",
            argv=self._unmarked(kept.argv),
            env={**kept.env, "VOLANT_RUN_ATTEMPT": str(kept.attempt)},
            nice=kept.nice,
            restart="on_failure",
            max_restarts=self._run_restarts,
            log=str(self.data / "runs" / run_id / "log.txt"),
        )

    def _engine_process(self, name: str, kept: _Kept) -> Process:
        return Process(
            name=name,
            kind="engine",
            argv=self._unmarked(kept.argv),
            env=kept.env,
            nice=kept.nice,
            restart="always",
            log=str(self.data / "engines" / name / "log.txt"),
        )

    def _marked(self, argv: Sequence[str]) -> tuple[str, ...]:
        return tuple(argument.replace(str(self.data), DATA_MARK) for argument in argv)

    def _unmarked(self, argv: Sequence[str]) -> tuple[str, ...]:
        return tuple(argument.replace(DATA_MARK, str(self.data)) for argument in argv)

    def _publish(self) -> None:
        place = self.data / "run" / "desired.json"
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(place, msgspec.json.encode({"processes": list(self._wanted.values())}))


class RunHandle:
    """One run, to be waited for inside a workflow's step."""

    def __init__(self, executor: LocalExecutor, run_id: str) -> None:
        self._executor = executor
        self.run_id = run_id

    def wait(self, poll_s: float = 0.2, *, sleep: Callable[[float], None] = time.sleep) -> Json:
        """Wait for the end; gives `result.json`. May be called again after a restart.

        Raises VolantError with the run's own error, `run_cancelled`, or `run_died` when it ended without a result as
        often as it may.
        """
        while True:
            result = self._executor.result(self.run_id)
            if result is not None:
                self._executor.drop(self.run_id)
                if result.get("state", "done") != "done":
                    raise _failure(self.run_id, result)
                return result
            if self._executor.is_cancelled(self.run_id):
                raise Conflict("run_cancelled", f"run {self.run_id} was cancelled")
            if self.state() == "failed":
                self._executor.drop(self.run_id)
                raise VolantError(
                    "run_died",
                    f"run {self.run_id} ended again and again without a result",
                    where=f"runs/{self.run_id}/log.txt",
                    hint="its log says why; start it again when that is mended",
                )
            sleep(poll_s)

    def state(self) -> Literal["waiting", "running", "done", "failed", "cancelled"]:
        """What is known of it now, without waiting."""
        result = self._executor.result(self.run_id)
        if result is not None:
            return "done" if result.get("state", "done") == "done" else "failed"
        if self._executor.is_cancelled(self.run_id):
            return "cancelled"
        actual = self._executor.actual().get(self.run_id)
        if actual is None or actual.state == "waiting":
            return "waiting"
        return "failed" if actual.state == "failed" else "running"


def _failure(run_id: str, result: Json) -> VolantError:
    error = result.get("error") or {}
    return VolantError(
        str(error.get("code", "run_failed")),
        str(error.get("message", f"run {run_id} failed")),
        where=str(error.get("where") or f"runs/{run_id}"),
        hint=str(error.get("hint") or f"runs/{run_id}/log.txt says more"),
    )


def _safe(name: str) -> str:
    """A name that is one folder. Raises NotFound for anything else."""
    if not name or name.startswith(".") or "/" in name or "\0" in name or len(name) > 200:
        raise NotFound("name_unusable", f"{name[:60]!r} names no run or engine")
    return name


def _read(place: Path, kind: type[_Kept]) -> _Kept:
    return msgspec.json.decode(place.read_bytes(), type=kind)


def _read_json(place: Path) -> Json | None:
    try:
        return msgspec.json.decode(place.read_bytes(), type=Json)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _write(place: Path, content: bytes) -> None:
    """Replace a small file so that a reader, or a kill, finds the old one or the new one."""
    beside = place.with_name(f".{place.name}.new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(place)
