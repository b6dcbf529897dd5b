"""Removal: one transaction that takes a person out of the database and says what was made from them.

Knows tables; knows neither files nor scans.
"""

from __future__ import annotations

import os

import msgspec
from sqlalchemy import ColumnElement, Connection, Text, delete, func, select, update
from sqlalchemy.schema import Table

from volant.core.nouns import Policy
from volant.governance.receipt import Derived, Retraining
from volant.registry import models, records
from volant.registry.lineage import Impact, impact
from volant.store import tables
from volant.store.blobs import Blobs
from volant.store.keys import KeyRing
from volant.traces import erase as traces

_PART = 0.75  # of the time until the deadline; the rest is for training, gate and rollout
# Not searched for the subject's hash: removed row by row; tombstones; or bound to by somebody's signature.
_LEFT_ALONE = frozenset(
    {"inference", "inference_payload", "model_call", "feedback", "record", "rollup", "subject_key", "erasure", "audit",
     "audit_head", "verdict", "review"}
)  # fmt: skip


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """What one removal did."""

    counts: dict[str, int]  # kind → rows
    derived: tuple[Derived, ...]
    models: tuple[str, ...]  # flagged
    blocked: tuple[str, ...]
    retraining: Retraining
    key_destroyed: bool
    stand_in: str  # what stands where the subject's hash stood in evidence


def plan(tx: Connection, blobs: Blobs, project: str, subject: str) -> dict[str, int]:
    """How many of each kind a removal would touch."""
    found = impact(tx, blobs, project, subject=subject)
    names = ("records", "inferences", "feedback", "dataset_versions", "runs", "models", "releases", "reports")
    return {name.replace("_", " "): len(getattr(found, name)) for name in names}


def remove_person(
    tx: Connection,
    ring: KeyRing,
    blobs: Blobs,
    project: str,
    subject: str,
    *,
    erasure_id: str,
    policy: Policy,
    deadline_ms: int,
    now_ms: int,
) -> Removed:
    """Everything in the database, at once. Done again, it finds nothing more."""
    found = impact(tx, blobs, project, subject=subject)
    counts = _delete_rows(tx, project, subject, found, now_ms)
    stand_in = "sub_" + os.urandom(16).hex()
    counts["places in evidence, under a random stand-in"] = _replace_subject(tx, subject, stand_in)
    destroyed = ring.destroy(tx, project, subject, now_ms=now_ms)
    counts["key"] = int(destroyed is not None)
    blocked = _hold_against(tx, project, found, erasure_id, policy)
    serving = [one for one in found.releases if one.facts["state"] == "live"]
    tasks = tuple(sorted({one.facts["task"] for one in serving}))
    due_ms = now_ms + int(max(0, deadline_ms - now_ms) * _PART)
    return Removed(
        counts=counts,
        derived=_derived(found, set(blocked)),
        models=tuple(one.id for one in found.models),
        blocked=blocked,
        retraining=Retraining(tasks=tasks, due_ms=due_ms) if tasks else Retraining(),
        key_destroyed=destroyed is not None,
        stand_in=stand_in,
    )


def _delete_rows(tx: Connection, project: str, subject: str, found: Impact, now_ms: int) -> dict[str, int]:
    made = records.ids_of_inferences(tx, project, found.inferences)  # from their answers, whoever they stand under
    erased = traces.erase_subject(tx, project, subject, now_ms=now_ms)
    gone = records.erase_subject(tx, project, subject)
    for ids in made.values():
        gone += tx.execute(delete(tables.record).where(tables.record.c.id.in_(ids))).rowcount
    return {
        "records": gone,
        "requests and answers": erased.payloads,
        "inferences that named them": erased.inferences,
        "texts of feedback": erased.feedback_texts,
    }


def _replace_subject(tx: Connection, subject: str, stand_in: str) -> int:
    """Reports cluster their items by person: the clusters stay, the hash goes. Gives the rows changed."""
    changed = 0
    for table in tables.metadata.sorted_tables:
        if table.name not in _LEFT_ALONE:
            changed += sum(_replace_in(tx, table, column, subject, stand_in) for column in table.c if _is_text(column))
    return changed


def _is_text(column: ColumnElement[object]) -> bool:
    return isinstance(column.type, Text)


def _replace_in(tx: Connection, table: Table, column: ColumnElement[object], subject: str, stand_in: str) -> int:
    values = {column: func.replace(column, subject, stand_in)}
    return tx.execute(update(table).where(column.contains(subject, autoescape=True)).values(values)).rowcount


def _hold_against(tx: Connection, project: str, found: Impact, erasure_id: str, policy: Policy) -> tuple[str, ...]:
    """Flag every model that learned from the person, and block them where the policy says so; gives the blocked."""
    blocked: list[str] = []
    for one in found.models:
        models.flag(tx, project, one.id, {"kind": "erasure", "erasure_id": erasure_id})
        if policy.erasure_blocks_models:
            models.set_state(tx, project, one.id, "blocked")
            blocked.append(one.id)
    return tuple(blocked)


def _derived(found: Impact, blocked: set[str]) -> tuple[Derived, ...]:
    flagged = [
        Derived(
            kind=one.kind,
            id=one.id,
            sentence=one.sentence,
            action="flagged and blocked" if one.id in blocked else "flagged; serves until it is trained again",
        )
        for one in found.models
    ]
    kept = [
        (found.dataset_versions, "their rows are skipped from now on; opaque ids stay"),
        (found.reports, "stays as evidence, with a stand-in for the person"),
    ]
    others = [
        Derived(kind=one.kind, id=one.id, sentence=one.sentence, action=action) for many, action in kept for one in many
    ]
    return (*flagged, *others)


def count_left(tx: Connection, project: str, subject: str) -> int:
    """Rows that still name the subject, tombstones left out; 0 after a removal."""
    left = 0
    for table in (tables.record, tables.inference, tables.feedback):
        where = (table.c.project == project, table.c.subject == subject)
        left += int(tx.execute(select(func.count()).select_from(table).where(*where)).scalar_one())
    return left
