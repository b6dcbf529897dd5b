"""Children: start, watch, restart and stop processes towards a desired list. Knows nothing of what they do.

Every child holds the read end of a pipe whose write end only this process has (`VOLANT_PARENT_FD`): when this process
dies, however it dies, the pipe closes and the child leaves. So nothing keeps a port or a run.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

import msgspec

BACKOFF_FIRST_S = 0.2
BACKOFF_LAST_S = 5.0
HEALTHY_AFTER_S = 10.0  # a child that lived so long starts again without waiting, unless its restarts are limited


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One process that should be."""

    name: str
    kind: Literal["control", "gateway", "engine", "run"]
    argv: tuple[str, ...]
    env: dict[str, str] = {}
    nice: int = 0
    restart: Literal["always", "on_failure", "never"] = "always"
    max_restarts: int = 0  # 0: no limit
    cwd: str = ""
    log: str = ""  # file that takes its output; empty: inherited


class Actual(msgspec.Struct, frozen=True, kw_only=True):
    """One process as it is."""

    pid: int
    kind: str
    state: Literal["running", "waiting", "exited", "failed", "stopping"]
    exit_code: int | None = None
    restarts: int = 0
    started_ms: int = 0


@dataclass(slots=True)
class _Child:
    wanted: Wanted
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    started: float = 0.0
    started_ms: int = 0
    next_start: float = 0.0
    exit_code: int | None = None
    done: bool = False
    stop_by: float | None = None
    pass_fds: tuple[int, ...] = field(default=())


class Children:
    """The processes of one supervisor."""

    def __init__(self, note: Callable[[str], None], environment: Mapping[str, str]) -> None:
        """`environment` is what every child gets, on top of which it has its own."""
        self._note = note
        self._environment = dict(environment)
        self._children: dict[str, _Child] = {}
        self._lifeline_read, self._lifeline_write = os.pipe()

    def want(self, wanted: Wanted, *, pass_fds: tuple[int, ...] = ()) -> None:
        """Have this process; one of the same name with another description is stopped first and started anew."""
        child = self._children.get(wanted.name)
        if child is not None and child.wanted == wanted and child.stop_by is None:
            return
        if child is not None and child.process is not None:
            self.stop(wanted.name)
            return  # asked again at the next look, when the old one is gone
        self._children[wanted.name] = _Child(wanted=wanted, pass_fds=pass_fds)

    def names(self, *kinds: str) -> set[str]:
        return {name for name, child in self._children.items() if child.wanted.kind in kinds}

    def stop(self, name: str, grace_s: float = 5.0) -> None:
        """Ask it to end; killed after `grace_s`."""
        child = self._children.get(name)
        if child is None or child.stop_by is not None:
            return
        child.stop_by = time.monotonic() + grace_s
        if child.process is not None:
            child.process.send_signal(signal.SIGTERM)

    def step(self) -> bool:
        """Reap, restart, start and kill what is due. True when anything changed."""
        changed = False
        now = time.monotonic()
        for name, child in list(self._children.items()):
            if child.process is not None and child.process.poll() is not None:
                self._ended(child, now)
                changed = True
            if child.stop_by is not None:
                if child.process is None:
                    del self._children[name]
                    changed = True
                elif now > child.stop_by:
                    child.process.kill()
                continue
            if child.process is None and not child.done and now >= child.next_start:
                self._start(child, now)
                changed = True
        return changed

    def running(self) -> int:
        return sum(child.process is not None for child in self._children.values())

    def actual(self) -> Mapping[str, Actual]:
        return {
            name: Actual(
                pid=child.process.pid if child.process else 0,
                kind=child.wanted.kind,
                state=_state(child),
                exit_code=child.exit_code,
                restarts=child.restarts,
                started_ms=child.started_ms,
            )
            for name, child in self._children.items()
        }

    def _start(self, child: _Child, now: float) -> None:
        wanted = child.wanted
        output: IO[bytes] | None = None
        try:
            output = _open_log(wanted.log)
            child.process = subprocess.Popen(
                wanted.argv,
                env={**self._environment, **wanted.env, "VOLANT_PARENT_FD": str(self._lifeline_read)},
                cwd=wanted.cwd or None,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                pass_fds=(self._lifeline_read, *child.pass_fds),
                start_new_session=True,
            )
        except OSError as error:
            self._note(f"{wanted.name} could not start: {error}")
            child.next_start = now + BACKOFF_LAST_S
            return
        finally:
            if output:
                output.close()
        if wanted.nice:
            os.setpriority(os.PRIO_PROCESS, child.process.pid, wanted.nice)
        child.started, child.started_ms = now, time.time_ns() // 1_000_000
        child.exit_code = None

    def _ended(self, child: _Child, now: float) -> None:
        assert child.process is not None
        code = child.exit_code = child.process.returncode
        child.process = None
        wanted = child.wanted
        if child.stop_by is not None:
            return
        again = wanted.restart == "always" or (wanted.restart == "on_failure" and code != 0)
        if not again or (wanted.max_restarts and child.restarts >= wanted.max_restarts):
            child.done = True
            if code != 0:
                self._note(f"{wanted.name} ended with {code} and is not started again")
            return
        if not wanted.max_restarts and now - child.started > HEALTHY_AFTER_S:
            child.restarts = 0
        delay = min(BACKOFF_FIRST_S * 2**child.restarts, BACKOFF_LAST_S)
        child.restarts += 1
        child.next_start = now + delay
        self._note(f"{wanted.name} ended with {code}; starting it again in {delay:.1f} s")


def _open_log(place: str) -> IO[bytes] | None:
    if not place:
        return None
    Path(place).parent.mkdir(parents=True, exist_ok=True)
    return Path(place).open("ab")


def _state(child: _Child) -> Literal["running", "waiting", "exited", "failed", "stopping"]:
    if child.stop_by is not None:
        return "stopping"
    if child.process is not None:
        return "running"
    if not child.done:
        return "waiting"
    return "exited" if child.exit_code == 0 else "failed"
