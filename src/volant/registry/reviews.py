"""Reviews: people's decisions, each bound to the evidence it was made on by that evidence's hash. Append-only."""

from __future__ import annotations

from typing import Literal

import msgspec
from sqlalchemy import Connection, insert, select

from volant.core.errors import BadInput
from volant.core.ids import new_id
from volant.registry import edges
from volant.store.tables import review as reviews


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """One decision of a person."""

    id: str
    project: str
    subject_kind: str  # what is decided on: "release", "rollout", "model", "erasure"
    subject_id: str
    evidence_hash: str  # registry.reports.evidence_hash of what the person saw
    decision: str  # "approve" or "reject"
    reviewer: str
    comment: str
    created_ms: int


def add_review(
    tx: Connection,
    project: str,
    *,
    subject_kind: str,
    subject_id: str,
    evidence_hash: str,
    decision: Literal["approve", "reject"],
    reviewer: str,
    now_ms: int,
    comment: str = "",
) -> Review:
    """Keep a decision. Raises BadInput without a reviewer or evidence."""
    if decision not in ("approve", "reject") or not reviewer or not evidence_hash:
        raise BadInput(
            "bad_review",
            "a review needs a decision (approve or reject), a reviewer and the hash of the evidence",
            where=f"{subject_kind} {subject_id}",
        )
    row = {
        "id": new_id("review"),
        "project": project,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "evidence_hash": evidence_hash,
        "decision": decision,
        "reviewer": reviewer,
        "comment": comment,
        "created_ms": now_ms,
    }
    tx.execute(insert(reviews).values(row))
    edges.link(tx, project, ("review", str(row["id"])), (subject_kind, subject_id), decision, now_ms=now_ms)
    return Review(**row)  # type: ignore[arg-type]  # the values are what they say


def reviews_of(tx: Connection, project: str, subject_kind: str, subject_id: str) -> list[Review]:
    """Every decision on one thing, oldest first."""
    query = select(reviews).where(
        reviews.c.project == project, reviews.c.subject_kind == subject_kind, reviews.c.subject_id == subject_id
    )
    return [Review(**row._mapping) for row in tx.execute(query.order_by(reviews.c.created_ms, reviews.c.id))]


def approved(tx: Connection, project: str, subject_kind: str, subject_id: str, evidence_hash: str) -> bool:
    """The newest decision on this very evidence is an approval."""
    bound = [one for one in reviews_of(tx, project, subject_kind, subject_id) if one.evidence_hash == evidence_hash]
    return bool(bound) and bound[-1].decision == "approve"
