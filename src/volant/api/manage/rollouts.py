"""Rollouts: moving a task's users to a candidate: shadow → canary → full, or back."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Body

from volant.api.access import Reads, Releases
from volant.api.paging import Listing
from volant.api.services import Has, HasActions
from volant.api.structs import AsJson
from volant.core.nouns import Noun
from volant.jobs.actions import RolloutOptions, Started
from volant.registry import rollouts

router = APIRouter(prefix="/rollouts", tags=["rollouts"])
Act = Literal["promote", "hold", "resume", "rollback"]


class Word(Noun, frozen=True, kw_only=True):
    """Why a person decides so."""

    comment: str = ""


@router.get("", summary="Rollouts, oldest first")
def list_rollouts(caller: Reads, context: Has, task: str = "") -> Annotated[Listing[rollouts.Rollout], AsJson]:
    with context.db.read() as tx:
        return Listing(data=rollouts.list_rollouts(tx, caller.project, task=task))


@router.get("/{rollout_id}", summary="One rollout with every decision and its evidence")
def get_rollout(rollout_id: str, caller: Reads, context: Has) -> Annotated[rollouts.Rollout, AsJson]:
    with context.db.read() as tx:
        return rollouts.get_rollout(tx, caller.project, rollout_id)


@router.post("", status_code=202, summary="Begin to move a task's users to a model or variant")
def start(
    body: Annotated[RolloutOptions, AsJson, Body()], caller: Releases, actions: HasActions
) -> Annotated[Started, AsJson]:
    return actions.start_rollout(caller.project, body, by=caller.actor)


@router.post("/{rollout_id}/{action}", summary="A person's word: promote, hold, resume, or roll back")
def act(
    rollout_id: str,
    action: Act,
    body: Annotated[Word, AsJson, Body()],
    caller: Releases,
    context: Has,
    actions: HasActions,
) -> Annotated[rollouts.Rollout, AsJson]:
    actions.act_on_rollout(
        caller.project, rollout_id, action, reviewer=caller.name, comment=body.comment, by=caller.actor
    )
    return get_rollout(rollout_id, caller, context)
