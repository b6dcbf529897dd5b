"""Restoring: what a restored folder needs before it may serve: today's schema, and who was erased since, erased again.

Opens the folder as a first start would, without a server; knows no archive and no HTTP.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from volant.app.bootstrap import open_context
from volant.core.settings import ServerSettings
from volant.governance import erasure
from volant.jobs.context import Context
from volant.lifecycle.archive import Manifest
from volant.lifecycle.keys import Keys
from volant.lifecycle.ledger import Erased
from volant.registry import audit, documents
from volant.traces.drain import TraceDrain

REASON = "erased after the backup that was restored"

log = logging.getLogger("volant.restore")


def settle(folder: Path, manifest: Manifest, keys: Keys, whom: list[Erased]) -> list[str]:
    """Migrate, drain the spools, erase `whom` again, and leave an audit row; gives the erasures' ids."""
    settings = ServerSettings(data_dir=str(folder), upgrade_copy_days=0)  # the backup is the way back
    environment = {"VOLANT_MASTER_KEY": keys.master.hex()}
    context = open_context(folder, settings, environment=environment, publish=lambda: None)
    try:
        drain = TraceDrain(context.db, context.keyring, folder / "spool", context.clock)
        drain.run_once()
        done = [_erase(context, drain, one) for one in whom]
        with context.db.begin() as tx:
            context.audit(
                tx, "", audit.HOLDER, "backup.restore", "backup", "",
                began_ms=manifest.began_ms, schema=manifest.schema, erased_again=len(done),
            )  # fmt: skip
        context.db.checkpoint()
    finally:
        context.db.close()
    return done


def _erase(context: Context, drain: TraceDrain, one: Erased) -> str:
    """One person, through every step of an erasure, to its receipt."""
    house = erasure.House(
        data_dir=context.data_dir, db=context.db, ring=context.keyring, blobs=context.blobs, clock=context.clock
    )
    with context.db.read() as tx:
        policy = documents.current(tx, one.project).documents.policy
    found = erasure.request(
        house, one.project, subject=one.subject, reason=REASON, requested_by=audit.HOLDER, policy=policy
    )
    erasure.look(house, one.project, found)
    removed = erasure.remove(house, one.project, found)
    _follow(context, one.project, found, removed)
    erasure.run(house, one.project, found, drain.run_once)
    return found


def _follow(context: Context, project: str, erasure_id: str, removed: dict[str, Any]) -> None:
    """What follows for models; where the loop is not installed, nothing of ours trains or serves them."""
    try:
        from volant.loop.forgetting import follow  # late: needs the extras of the loop
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("volant"):
            raise
        log.warning("no loop here (%s is not installed): models are flagged, nothing is scheduled", error.name)
        return
    follow(context, project, erasure_id, removed)
