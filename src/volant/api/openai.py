"""OpenAI: GET /v1/models. The chat route itself is the gateway's."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter

from volant.api.access import Caller, Infers
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.core.errors import NotFound
from volant.jobs.context import Context
from volant.registry import documents

router = APIRouter(tags=["openai"])


class OpenAIModel(msgspec.Struct, frozen=True, kw_only=True):
    """One name that `model` may have."""

    id: str
    created: int  # Unix seconds
    object: Literal["model"] = "model"
    owned_by: str = "volant"


class OpenAIModels(msgspec.Struct, frozen=True, kw_only=True):
    """OpenAI's list."""

    data: list[OpenAIModel]
    object: Literal["list"] = "list"


@router.get("/models", summary="The tasks that this key may call, as OpenAI lists models")
def models(caller: Infers, context: Has) -> Annotated[OpenAIModels, AsJson]:
    return OpenAIModels(data=_visible(caller, context))


@router.get("/models/{model}", summary="One task, as OpenAI shows a model")
def model(model: str, caller: Infers, context: Has) -> Annotated[OpenAIModel, AsJson]:
    for one in _visible(caller, context):
        if one.id == model:
            return one
    raise NotFound("model_unknown", f"no task is called {model[:80]!r}", where="model", hint="GET /v1/models")


def _visible(caller: Caller, context: Context) -> list[OpenAIModel]:
    with context.db.read() as tx:
        applied = documents.current(tx, caller.project)
    allowed = caller.tasks
    return [
        OpenAIModel(id=task.name, created=applied.created_ms // 1000)
        for task in applied.documents.tasks
        if not allowed or task.name in allowed
    ]
