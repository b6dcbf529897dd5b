"""Housekeeping: what time makes superfluous is removed: texts beyond the project's retention, stray uploads.

Numbers stay: an inference beyond its retention loses its payload, its feedback's texts and what names the person;
rollups and the row's measures go on counting. Records beyond their own term lose their text as well.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from sqlalchemy import Connection, delete, select, update

from volant.api.manage.datasets import UPLOAD_PREFIX
from volant.jobs.context import Context
from volant.registry import documents, projects
from volant.store.tables import feedback, inference, inference_payload

EVERY_S = 3600.0
DAY_MS = 86_400_000
_AT_ONCE = 500


def tidy(context: Context) -> int:
    """One round over every project; the number of inferences whose texts ended."""
    sweep_uploads(Path(tempfile.gettempdir()))
    now = context.clock.now_ms()
    ended = 0
    with context.db.read() as tx:
        terms = {
            project.id: documents.current(tx, project.id).documents.policy.retention_days
            for project in projects.list_all(tx)
        }
    for project, days in terms.items():
        while True:
            with context.db.begin() as tx:
                done = end_texts(tx, project, before_ms=now - days * DAY_MS)
            ended += done
            if done < _AT_ONCE:
                break
    return ended


def end_texts(tx: Connection, project: str, *, before_ms: int) -> int:
    """Take the texts and the person out of up to 500 inferences that began before; how many."""
    query = (
        select(inference.c.id)
        .join(inference_payload, inference_payload.c.id == inference.c.id)
        .where(inference.c.project == project, inference.c.started_ms < before_ms)
        .limit(_AT_ONCE)
    )
    found = list(tx.execute(query).scalars())
    if found:
        tx.execute(delete(inference_payload).where(inference_payload.c.id.in_(found)))
        tx.execute(update(feedback).where(feedback.c.inference_id.in_(found)).values(sealed=None, subject=""))
        tx.execute(
            update(inference).where(inference.c.id.in_(found)).values(subject="", session="", tags="{}", findings="[]")
        )
    return len(found)


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
