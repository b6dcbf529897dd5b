"""Models: versions of named models, what they were made of and what is held against them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from volant.api.access import Reads
from volant.api.paging import Listing
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.registry import models

router = APIRouter(prefix="/models", tags=["models"])


@router.get("", summary="Every model version, oldest first")
def list_models(
    caller: Reads, context: Has, name: str = "", state: str = ""
) -> Annotated[Listing[models.ModelVersion], AsJson]:
    with context.db.read() as tx:
        return Listing(data=models.list_models(tx, caller.project, name=name, state=state))


@router.get("/{model}", summary="One model version: by id, `name@version`, or name (the newest)")
def get_model(model: str, caller: Reads, context: Has) -> Annotated[models.ModelVersion, AsJson]:
    with context.db.read() as tx:
        return models.resolve(tx, caller.project, model)
