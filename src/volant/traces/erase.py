"""Erase: takes one person out of the traces.

Payloads and texts of feedback go; the narrow rows stay for the counts, without subject, session and tags. `item`
stays: it is the application's opaque name of a work item, and what makes a simulation resumable. Rollups hold nothing
about a person. Destroying the person's key is the key ring's work, in the same transaction.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, delete, select, update

from volant.store.tables import feedback, inference, inference_payload


class ErasedTraces(msgspec.Struct, frozen=True, kw_only=True):
    """What was removed."""

    inferences: int  # rows that no longer name the person
    payloads: int
    feedback_texts: int


def erase_subject(tx: Connection, project: str, subject: str, *, now_ms: int) -> ErasedTraces:
    """Remove what the traces know of one person."""
    if not subject:
        return ErasedTraces(inferences=0, payloads=0, feedback_texts=0)
    theirs = (inference.c.project == project, inference.c.subject == subject)
    ids = select(inference.c.id).where(*theirs)
    payloads = tx.execute(delete(inference_payload).where(inference_payload.c.id.in_(ids))).rowcount
    judged = (feedback.c.project == project, feedback.c.subject == subject)
    texts = tx.execute(update(feedback).where(*judged, feedback.c.sealed.is_not(None)).values(sealed=None)).rowcount
    tx.execute(update(feedback).where(*judged).values(subject=""))
    rows = tx.execute(update(inference).where(*theirs).values(subject="", session="", tags="{}", erased_ms=now_ms))
    return ErasedTraces(inferences=rows.rowcount, payloads=payloads, feedback_texts=texts)
