"""Ceiling: the most that a data directory may hold (`server.disk_ceiling_mb`; 0: as much as the disk has).

    from 80 %   it is said: in the log, by /readyz and by `volant doctor`
    from 100 %  the oldest texts go, oldest first over all projects, none of the last hour, until 95 % is reached;
                where all old texts would not be enough, none goes: imports are refused and the gateways follow the
                project's `on_full_disk`, until somebody raises the ceiling or removes runs

Used is what the files take on the disk, less the free pages inside the database: SQLite fills those first, so deleted
rows make room although the file does not shrink. Knows files and one pragma; the sweeping is retention's.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
from sqlalchemy import func, select

from volant.core.clock import Clock
from volant.core.errors import StorageFull
from volant.lifecycle.retention import Sweeper
from volant.store import tables
from volant.store.database import Database

LOOK_EVERY_S = 30.0
MARKER = "run/over-ceiling"  # there while the ceiling is passed: gateways look for it, and imports are refused
NEAR = "run/near-ceiling"  # there from 80 %; both hold the sentence that is shown
WARN, FULL, ENOUGH = 0.80, 1.00, 0.95
_YOUNG_MS = 3_600_000
_ROWS = 500

log = logging.getLogger("volant.control")


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """How full a data directory is."""

    used_bytes: int
    ceiling_bytes: int  # 0: none

    @property
    def share(self) -> float:
        """Of the ceiling; 0 where there is none."""
        return self.used_bytes / self.ceiling_bytes if self.ceiling_bytes else 0.0

    @property
    def sentence(self) -> str:
        """As people read it."""
        if not self.ceiling_bytes:
            return f"{self.used_bytes / 2**20:.0f} MiB used; no ceiling"
        return f"{self.used_bytes / 2**20:.0f} MiB used, {self.share:.0%} of the {self.ceiling_bytes >> 20} MiB allowed"


_UNKNOWN = Usage(used_bytes=0, ceiling_bytes=0)


def files_bytes(data_dir: Path) -> int:
    """What the files take on the disk."""
    total = 0
    for folder, _, names in os.walk(data_dir):
        for name in names:
            with suppress(OSError):
                facts = os.lstat(os.path.join(folder, name))
                total += facts.st_blocks * 512
    return total


def free_bytes(db: Database) -> int:
    """Free pages inside an SQLite database."""
    if db.engine.dialect.name != "sqlite":
        return 0
    with db.read() as tx:
        pages = int(tx.exec_driver_sql("pragma freelist_count").scalar_one())
        return pages * int(tx.exec_driver_sql("pragma page_size").scalar_one())


@dataclass(slots=True)
class Ceiling:
    """Watches one data directory. `look` is a tick of control."""

    data_dir: Path
    db: Database
    ceiling_bytes: int
    sweeper: Sweeper
    clock: Clock
    told: Callable[[int], None]  # hears how many inferences lost their texts, to write it into the audit
    is_over: bool = False
    usage: Usage = _UNKNOWN

    def look(self) -> Usage:
        """Measure, sweep where it must be, and say what is so."""
        before = self.usage.share
        self.usage = self._measure()
        if self.usage.ceiling_bytes and self.usage.share >= FULL:
            self._make_room()
        self._mark()
        if self.usage.share >= WARN > before:
            log.warning("the data directory is nearly full: %s", self.usage.sentence)
        return self.usage

    def _measure(self) -> Usage:
        if not self.ceiling_bytes:
            return Usage(used_bytes=0, ceiling_bytes=0)  # not worth a walk
        used = files_bytes(self.data_dir) - free_bytes(self.db)
        return Usage(used_bytes=max(0, used), ceiling_bytes=self.ceiling_bytes)

    def _make_room(self) -> None:
        if self._sweepable() < self.usage.used_bytes - ENOUGH * self.ceiling_bytes:
            return  # all old texts together are not enough: somebody has to decide, and nothing is lost for nothing
        ended, others = 0, self.usage.used_bytes + free_bytes(self.db)
        while self.usage.share > ENOUGH:
            done = self.sweeper.end_oldest_texts(younger_than_ms=self.clock.now_ms() - _YOUNG_MS, rows=_ROWS)
            if not done:
                break
            ended += done
            used = max(0, others - free_bytes(self.db))
            self.usage = Usage(used_bytes=used, ceiling_bytes=self.ceiling_bytes)
        if ended:
            self.db.checkpoint()
            self.told(ended)
            log.warning("the oldest texts of %s inferences made room: %s", ended, self.usage.sentence)
            self.usage = self._measure()

    def _sweepable(self) -> int:
        """Bytes of texts that are old enough to go."""
        old = tables.inference.c.started_ms < self.clock.now_ms() - _YOUNG_MS
        sizes = select(func.sum(func.length(tables.inference_payload.c.sealed)))
        with self.db.read() as tx:
            query = sizes.join(tables.inference, tables.inference.c.id == tables.inference_payload.c.id).where(old)
            return int(tx.execute(query).scalar() or 0)

    def _mark(self) -> None:
        over = self.usage.share >= FULL
        if over and not self.is_over:
            log.error("the data directory is full, and old texts are not what fills it: %s", self.usage.sentence)
        self.is_over = over
        for name, holds in ((MARKER, over), (NEAR, self.usage.share >= WARN)):
            place = self.data_dir / name
            if holds:
                place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                place.write_text(self.usage.sentence)
            else:
                place.unlink(missing_ok=True)


def near(data_dir: Path) -> str:
    """What is to be said of a nearly full data directory; empty for one that is not."""
    return _read(data_dir / NEAR)


def over(data_dir: Path) -> str:
    """The same from 100 % on, when sweeping would not help."""
    return _read(data_dir / MARKER)


def check(data_dir: Path) -> None:
    """Raises StorageFull `disk_ceiling` while the ceiling is passed."""
    if sentence := over(data_dir):
        raise StorageFull(
            "disk_ceiling", f"the data directory has reached its ceiling: {sentence}", where=str(data_dir),
            hint="raise server.disk_ceiling_mb, shorten [retention], or remove runs; nothing was lost",
        )  # fmt: skip


def _read(place: Path) -> str:
    try:
        return place.read_text()
    except OSError:
        return ""
