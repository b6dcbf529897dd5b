"""Erasures: remove a person everywhere, and show the receipt of what was done and how it was checked."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body

from volant.api.access import Erases, Reads
from volant.api.paging import Listing
from volant.api.services import Has, HasActions
from volant.api.structs import AsJson
from volant.core.errors import BadInput
from volant.core.nouns import Noun
from volant.jobs.actions import Started
from volant.registry import erasures

router = APIRouter(prefix="/erasures", tags=["erasures"])


class NewErasure(Noun, frozen=True, kw_only=True):
    """Whom to remove: one of the two."""

    user: str = ""  # as the application names them
    subject: str = ""  # the keyed hash
    reason: str = ""


@router.post("", status_code=202, summary="Remove a person everywhere, in the background; models are flagged")
def erase(
    body: Annotated[NewErasure, AsJson, Body()], caller: Erases, actions: HasActions
) -> Annotated[Started, AsJson]:
    if bool(body.user) == bool(body.subject):
        raise BadInput("bad_erasure", "name the person by `user` or by `subject`", where="body")
    return actions.start_erasure(
        caller.project, user=body.user, subject=body.subject, reason=body.reason, by=caller.actor
    )


@router.get("", summary="Erasures, oldest first")
def list_erasures(caller: Reads, context: Has, state: str = "") -> Annotated[Listing[erasures.Erasure], AsJson]:
    with context.db.read() as tx:
        return Listing(data=erasures.list_erasures(tx, caller.project, state=state))


@router.get("/{erasure_id}", summary="One erasure with its receipt")
def get_erasure(erasure_id: str, caller: Reads, context: Has) -> Annotated[erasures.Erasure, AsJson]:
    with context.db.read() as tx:
        return erasures.get_erasure(tx, caller.project, erasure_id)
