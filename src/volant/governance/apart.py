"""Apart: run a scan in a process of its own.

A process that has SQLite databases open must not open and close their files beside SQLite: closing any descriptor of
a file drops the POSIX locks that the process holds on it (sqlite.org/howtocorrupt.html, section 2.2, read 2026-11).
It also keeps the server answering while gigabytes are searched. Keys and needles go through the child's standard
input: neither a command line nor a disk sees them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import msgspec

from volant.core.errors import VolantError
from volant.governance.needles import Kind, Needle
from volant.governance.scan import ScanResult, scan
from volant.store.vault import Vault

_NICE = 10


class _Task(msgspec.Struct, frozen=True, kw_only=True):
    roots: list[str]
    master_key: bytes
    needles: list[tuple[int, Kind, bytes]]
    keys: list[tuple[bytes, str]]
    skip: list[str]


def scan_apart(
    roots: Path | Sequence[Path],
    vault: Vault,
    needles: Sequence[Needle],
    *,
    keys: Mapping[bytes, str] | None = None,
    skip: Collection[Path] = (),
) -> ScanResult:
    """As `scan.scan`, in a niced child process. Raises VolantError `scan_failed` when that process fails."""
    task = _Task(
        roots=[str(path.resolve()) for path in ([roots] if isinstance(roots, Path) else roots)],
        master_key=vault.master_key,
        needles=[(needle.number, needle.kind, needle.data) for needle in needles],
        keys=list((keys or {}).items()),
        skip=[str(path.resolve()) for path in skip],
    )
    done = subprocess.run(
        [sys.executable, "-m", "volant.governance.apart"],
        input=msgspec.msgpack.encode(task),
        capture_output=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )
    if done.returncode != 0:
        kind = (
            done.stderr.decode(errors="replace").strip().rsplit("\n", 1)[-1].partition(":")[0]
        )  # no more: it may quote
        raise VolantError("scan_failed", f"the scan's process ended with {done.returncode} ({kind[:60]})", where="scan")
    return msgspec.msgpack.decode(done.stdout, type=ScanResult)


def main() -> None:
    """The child: a task on standard input, its result on standard output."""
    os.nice(_NICE)
    task = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=_Task)
    needles = [Needle(number=number, kind=kind, data=data) for number, kind, data in task.needles]
    parent = os.getppid()

    def alive(_done: int, _total: int) -> None:
        if os.getppid() != parent:  # killed: nobody waits for the answer
            sys.exit(1)

    result = scan(
        [Path(root) for root in task.roots],
        Vault(task.master_key),
        needles,
        keys=dict(task.keys),
        skip=[Path(path) for path in task.skip],
        progress=alive,
    )
    sys.stdout.buffer.write(msgspec.msgpack.encode(result))


if __name__ == "__main__":
    main()
