"""Releases: the decisions to serve a model as a variant of a task."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body

from volant.api.access import Reads, Releases
from volant.api.paging import Listing
from volant.api.services import Has, HasActions
from volant.api.structs import AsJson
from volant.core.nouns import Noun
from volant.registry import models, releases

router = APIRouter(prefix="/releases", tags=["releases"])


class NewRelease(Noun, frozen=True, kw_only=True):
    """A model to serve at once, by a person's word; a rollout moves traffic step by step instead."""

    task: str
    model: str  # id, `name@version`, or name
    verdict_id: str = ""  # the passing verdict; empty: the newest of the model
    comment: str = ""


@router.get("", summary="Releases, oldest first")
def list_releases(caller: Reads, context: Has, task: str = "") -> Annotated[Listing[releases.Release], AsJson]:
    with context.db.read() as tx:
        return Listing(data=releases.list_releases(tx, caller.project, task=task))


@router.get("/{release_id}", summary="One release")
def get_release(release_id: str, caller: Reads, context: Has) -> Annotated[releases.Release, AsJson]:
    with context.db.read() as tx:
        return releases.get_release(tx, caller.project, release_id)


@router.post("", status_code=201, summary="Serve a model at once, without a rollout")
def make_release(
    body: Annotated[NewRelease, AsJson, Body()], caller: Releases, context: Has, actions: HasActions
) -> Annotated[releases.Release, AsJson]:
    with context.db.read() as tx:
        model = models.resolve(tx, caller.project, body.model)
    made = actions.release(
        caller.project,
        body.task,
        model_id=model.id,
        verdict_id=body.verdict_id,
        reviewer=caller.name,
        comment=body.comment,
        by=caller.actor,
    )
    return get_release(made, caller, context)
