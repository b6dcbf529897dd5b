"""Runner: the backups that control makes when somebody asks over HTTP: one at a time, in the background.

Remembers the last that failed until the next begins; finished ones are the files in the folder. A control that ends
meanwhile leaves a child that has nobody to answer: its backup is finished or swept by the next, and never half there.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Literal

import msgspec

from volant.core.errors import Conflict, NotFound, VolantError
from volant.lifecycle import apart, backup
from volant.lifecycle.verify import Verified
from volant.store.vault import Vault

log = logging.getLogger("volant.backup")


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One backup as it stands."""

    name: str
    state: Literal["running", "failed", "done"]
    size_bytes: int = 0
    made_ms: int = 0  # Unix milliseconds
    error: str = ""  # of a failed one


class Runner:
    """Makes backups of one data directory into one folder. Thread-safe."""

    def __init__(self, data_dir: Path, folder: Path, vault: Vault) -> None:
        self.folder = folder
        self._data_dir = data_dir
        self._vault = vault
        self._lock = threading.Lock()
        self._last: Job | None = None  # running or failed

    def start(self, runs: backup.Runs, now_ms: int) -> Job:
        """Begin one. Raises Conflict while another runs."""
        place = backup.target_of("", self.folder, now_ms)
        with self._lock:
            if self._last is not None and self._last.state == "running":
                raise Conflict("backup_running", f"{self._last.name} is being written", where=str(self.folder),
                               hint="wait for it: GET /api/v1/backups")  # fmt: skip
            self._last = job = Job(name=place.name, state="running", made_ms=now_ms)
        threading.Thread(target=self._run, args=(place, runs, job), name="backup", daemon=True).start()
        return job

    def list(self) -> list[Job]:
        """What runs or failed, then what is in the folder, newest first."""
        with self._lock:
            last = self._last
        found = [
            Job(name=one.name, state="done", size_bytes=one.size_bytes, made_ms=one.made_ms)
            for one in backup.list_backups(self.folder)
            if last is None or one.name != last.name
        ]
        return found if last is None else [last, *found]

    def verify(self, name: str) -> Verified:
        """Raises NotFound for what is no backup in the folder, BadInput `backup_damaged`."""
        if name not in {one.name for one in backup.list_backups(self.folder)}:
            raise NotFound(
                "backup_missing", f"there is no backup {name[:80]!r}", where="backup", hint="GET /api/v1/backups"
            )
        return apart.verify_apart(self.folder / name, self._vault)

    def _run(self, place: Path, runs: backup.Runs, job: Job) -> None:
        try:
            apart.create_apart(self._data_dir, place, self._vault, runs=runs)
        except VolantError as error:
            log.error("the backup %s failed: %s", job.name, error)
            self._end(msgspec.structs.replace(job, state="failed", error=error.message))
        except OSError as error:
            log.error("the backup %s failed: %s", job.name, error)
            self._end(msgspec.structs.replace(job, state="failed", error=error.strerror or type(error).__name__))
        else:
            self._end(None)

    def _end(self, job: Job | None) -> None:
        with self._lock:
            self._last = job
