"""Housekeeping: what time makes superfluous is removed: what ran out (lifecycle.retention), stray uploads, the copies
that were made before an upgrade, the playground's keys.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from volant.api.manage.datasets import UPLOAD_PREFIX
from volant.jobs.context import Context
from volant.lifecycle.ceiling import Ceiling
from volant.lifecycle.retention import Sweeper, Swept
from volant.registry import audit, keys
from volant.store import upgrade

EVERY_S = 3600.0


def tidy(context: Context, sweeper: Sweeper) -> Swept:
    """One round; what was removed of what had run out."""
    sweep_uploads(Path(tempfile.gettempdir()))
    upgrade.sweep(context.data_dir, keep_days=context.settings.upgrade_copy_days, now_ms=context.clock.now_ms())
    with context.db.begin() as tx:
        keys.sweep_short_lived(tx, now_ms=context.clock.now_ms())
    return sweeper.sweep_all()


def ceiling_of(context: Context, sweeper: Sweeper) -> Ceiling:
    """The watch over the data directory's size."""

    def told(count: int) -> None:
        with context.db.begin() as tx:
            context.audit(tx, "", audit.LOOP, "ceiling.sweep", count=count)

    return Ceiling(
        data_dir=context.data_dir,
        db=context.db,
        ceiling_bytes=context.settings.disk_ceiling_mb << 20,
        sweeper=sweeper,
        clock=context.clock,
        told=told,
    )


def sweep_uploads(folder: Path, *, leaving: bool = False) -> int:
    """Remove what a killed control left of uploads, and our own when this process is `leaving`; how many folders."""
    own = f"{UPLOAD_PREFIX}{os.getpid()}-"
    found = folder.glob(f"{UPLOAD_PREFIX}*")
    strays = [place for place in found if not _lives(place.name) or (leaving and place.name.startswith(own))]
    for place in strays:
        shutil.rmtree(place, ignore_errors=True)
    return len(strays)


def _lives(name: str) -> bool:
    number = name.removeprefix(UPLOAD_PREFIX).partition("-")[0]
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True
