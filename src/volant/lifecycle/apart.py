"""Apart: a backup or its verification in a niced process of its own, as control asks for it.

A process that has SQLite databases open must not copy their files beside SQLite, and the server goes on answering while
gigabytes are read. The task, with the master key, goes through the child's standard input: no command line shows it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Literal

import msgspec

from volant.core import errors
from volant.core.clock import SystemClock
from volant.core.errors import VolantError
from volant.lifecycle import backup, verify
from volant.lifecycle.verify import Verified
from volant.store.vault import Vault

_NICE = 10


class _Task(msgspec.Struct, frozen=True, kw_only=True):
    kind: Literal["create", "verify"]
    data_dir: str
    place: str
    runs: backup.Runs
    master_key: bytes


class _Failed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    kind: str
    code: str
    message: str
    where: str
    hint: str


def create_apart(data_dir: Path, place: Path, vault: Vault, *, runs: backup.Runs = "models") -> Verified:
    """As `backup.create`, then `verify.verify`. Raises what they raise."""
    return _ask(_Task(kind="create", data_dir=str(data_dir), place=str(place), runs=runs, master_key=vault.master_key))


def verify_apart(place: Path, vault: Vault) -> Verified:
    """As `verify.verify`. Raises what it raises."""
    return _ask(_Task(kind="verify", data_dir="", place=str(place), runs="models", master_key=vault.master_key))


def _ask(task: _Task) -> Verified:
    done = subprocess.run(
        [sys.executable, "-m", "volant.lifecycle.apart"],
        input=msgspec.msgpack.encode(task),
        capture_output=True,
        check=False,
    )
    try:
        answer = msgspec.msgpack.decode(done.stdout, type=Verified | _Failed)
    except msgspec.DecodeError:
        last = done.stderr.decode(errors="replace").strip().rsplit("\n", 1)[-1]
        raise VolantError(
            "backup_failed", f"its process ended with {done.returncode}: {last[:200]}", where=task.place,
            hint="try `volant backup create` on the machine itself: it says more",
        ) from None  # fmt: skip
    if isinstance(answer, _Failed):
        kind = getattr(errors, answer.kind, VolantError)
        raise kind(answer.code, answer.message, where=answer.where, hint=answer.hint)
    return answer


def main() -> None:
    """The child: a task on standard input, what came of it on standard output."""
    os.nice(_NICE)
    os.umask(0o077)
    task = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=_Task)
    answer: Verified | _Failed
    try:
        answer = _do(task)
    except VolantError as error:
        answer = _Failed(
            kind=type(error).__name__, code=error.code, message=error.message, where=error.where, hint=error.hint
        )
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer))


def _do(task: _Task) -> Verified:
    place, vault = Path(task.place), Vault(task.master_key)
    if task.kind == "create":
        wish = backup.Wish(runs=task.runs)
        backup.create(Path(task.data_dir), place, wish, vault=vault, root_key="", clock=SystemClock())
    return verify.verify(place, mac_key=backup.mac_key(vault))


if __name__ == "__main__":
    main()
