"""Feedback: judgements on inferences, one or many at once. Acknowledged after their commit; idempotent by key."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Body

from volant.api.access import GivesFeedback
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.trail import did
from volant.core.errors import TooLarge
from volant.core.nouns import Noun
from volant.traces import feedback

router = APIRouter(prefix="/feedback", tags=["feedback"])
MOST = 500


class Batch(Noun, frozen=True, kw_only=True):
    """Up to 500 judgements; all are kept or none."""

    feedback: tuple[feedback.NewFeedback, ...]


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What became of them, in their order."""

    feedback: list[feedback.Added]


@router.post("", status_code=201, summary="Judge one inference; it may still be on its way")
def give(
    body: Annotated[feedback.NewFeedback, AsJson, Body()], caller: GivesFeedback, context: Has
) -> Annotated[feedback.Added, AsJson]:
    with context.db.begin() as tx:
        kept = feedback.add(tx, context.keyring, caller.project, body, now_ms=context.clock.now_ms())
        if kept.new:
            did(tx, context, caller, "feedback.give", "feedback", kept.id)
    return kept


@router.post("/batch", status_code=201, summary="Judge up to 500 inferences; all judgements are kept or none")
def give_many(body: Annotated[Batch, AsJson, Body()], caller: GivesFeedback, context: Has) -> Annotated[Given, AsJson]:
    if len(body.feedback) > MOST:
        raise TooLarge(
            "batch_too_large", f"{len(body.feedback)} judgements; {MOST} are allowed at once", where="feedback",
            hint="send them in parts",
        )  # fmt: skip
    now = context.clock.now_ms()
    with context.db.begin() as tx:
        kept = [feedback.add(tx, context.keyring, caller.project, one, now_ms=now) for one in body.feedback]
        if new := sum(one.new for one in kept):
            did(tx, context, caller, "feedback.give", "feedback", count=new)
    return Given(feedback=kept)
