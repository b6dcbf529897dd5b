"""Loop: start what spans stages: build a task's model, retrain it. Long: they answer at once with a workflow's id."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body

from volant.api.access import Trains
from volant.api.services import HasActions
from volant.api.structs import AsJson
from volant.core.nouns import Noun
from volant.jobs.actions import BuildOptions, Started

router = APIRouter(prefix="/loop", tags=["loop"])


class Retrain(Noun, frozen=True, kw_only=True):
    """Why a task's model is made anew."""

    alert_id: str = ""  # the alert that asks for it
    key: str = ""  # idempotency


@router.post("/{task}/train", status_code=202, summary="Train a model for a task: train → evaluate → gate → release")
def train(
    task: str, body: Annotated[BuildOptions, AsJson, Body()], caller: Trains, actions: HasActions
) -> Annotated[Started, AsJson]:
    return actions.start_build(caller.project, task, body, by=caller.actor)


@router.post("/{task}/retrain", status_code=202, summary="Close the loop now, as a firing monitor would")
def retrain(
    task: str, body: Annotated[Retrain, AsJson, Body()], caller: Trains, actions: HasActions
) -> Annotated[Started, AsJson]:
    return actions.start_retrain(caller.project, task, alert_id=body.alert_id, key=body.key, by=caller.actor)
