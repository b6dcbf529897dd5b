"""Readiness of control: each part that must work, looked at when somebody asks. Sentences name no text of a caller."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from volant.core.errors import VolantError
from volant.jobs.context import Context
from volant.lifecycle import ceiling

MOST_WAITING_BYTES = 1 << 30  # of records in the spools: the drain does not keep up


class ControlReadiness:
    """Answers for the parts of one control process."""

    def __init__(self, context: Context, failing: Callable[[], dict[str, str]]) -> None:
        """`failing`: what failed at its last turn in the background, with a sentence each."""
        self._context = context
        self._failing = failing
        self.serving = False

    def parts(self) -> dict[str, str]:
        """Part → "ok" or what is wrong (api.services.Readiness)."""
        context = self._context
        failing = self._failing()
        return {
            "api": "ok" if self.serving else "control is starting or stopping",
            "database": self._database(),
            "spools": _spools(context.data_dir / "spool"),
            "storage": _disk(context.data_dir, context.settings.disk_floor_mb),
            "workflows": "ok" if context.workflows.running else "not running",
            "background": "ok" if not failing else ", ".join(f"{name} failed at its last turn" for name in failing),
        }

    def _database(self) -> str:
        try:
            with self._context.db.read() as tx:
                tx.execute(text("SELECT 1")).scalar_one()
        except (SQLAlchemyError, VolantError, OSError) as error:
            return f"does not answer ({type(error).__name__})"
        return "ok"


def _spools(folder: Path) -> str:
    waiting = 0
    for place in folder.glob("*/*.seg"):
        try:
            waiting += place.stat().st_blocks * 512
        except FileNotFoundError:
            continue  # drained meanwhile
    return "ok" if waiting < MOST_WAITING_BYTES else f"{waiting >> 20} MiB of records wait to be drained"


def _disk(folder: Path, floor_mb: int) -> str:
    if sentence := ceiling.over(folder):
        return sentence
    free = shutil.disk_usage(folder).free >> 20
    return "ok" if free >= floor_mb else f"{free} MiB free, {floor_mb} are kept in reserve"
