"""Reviews: people's decisions, bound to the evidence by its hash."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Body

from volant.api.access import Reads, Reviews
from volant.api.paging import Listing
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.trail import did
from volant.core.nouns import Noun
from volant.registry import audit, reviews

router = APIRouter(prefix="/reviews", tags=["reviews"])


class NewReview(Noun, frozen=True, kw_only=True):
    """One decision; the reviewer is the key's owner."""

    subject_kind: Literal["release", "rollout", "model", "erasure", "verdict"]
    subject_id: str
    evidence_hash: str
    decision: Literal["approve", "reject"]
    comment: str = ""


@router.get("/{subject_kind}/{subject_id}", summary="Every decision on one thing, oldest first")
def list_reviews(
    subject_kind: str, subject_id: str, caller: Reads, context: Has
) -> Annotated[Listing[reviews.Review], AsJson]:
    with context.db.read() as tx:
        return Listing(data=reviews.reviews_of(tx, caller.project, subject_kind, subject_id))


@router.post("", status_code=201, summary="Approve or reject, on this very evidence")
def add_review(
    body: Annotated[NewReview, AsJson, Body()], caller: Reviews, context: Has
) -> Annotated[reviews.Review, AsJson]:
    with context.db.begin() as tx:
        made = reviews.add_review(
            tx,
            caller.project,
            subject_kind=body.subject_kind,
            subject_id=body.subject_id,
            evidence_hash=body.evidence_hash,
            decision=body.decision,
            reviewer=caller.name,
            comment=body.comment,
            now_ms=context.clock.now_ms(),
        )
        about = {"kind": body.subject_kind, "subject": audit.word(body.subject_id)}
        did(tx, context, caller, "review.sign", "review", made.id, decision=body.decision, **about)
    return made
