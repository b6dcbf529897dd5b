"""Tasks: what applications ask for, as the gateways route it now: documents and the loop's state put together."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter

from volant.api.access import Reads
from volant.api.paging import Listing
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.core.errors import NotFound
from volant.core.nouns import Split, VariantSpec
from volant.jobs.context import Context
from volant.registry import documents, state

router = APIRouter(prefix="/tasks", tags=["tasks"])


class TaskView(msgspec.Struct, frozen=True, kw_only=True):
    """One task and who serves it."""

    name: str
    description: str
    live: str  # the variant that serves
    release_id: str  # the release that put it there; empty: the documents did
    variants: tuple[VariantSpec, ...]  # of the documents and of releases
    split: Split | None  # while a rollout runs
    redact: bool
    guardrails: tuple[str, ...]


@router.get("", summary="Every task and who serves it")
def list_tasks(caller: Reads, context: Has) -> Annotated[Listing[TaskView], AsJson]:
    return Listing(data=_views(context, caller.project))


@router.get("/{task}", summary="One task and who serves it")
def get_task(task: str, caller: Reads, context: Has) -> Annotated[TaskView, AsJson]:
    for view in _views(context, caller.project):
        if view.name == task:
            return view
    raise NotFound("task_unknown", f"there is no task {task[:80]!r}", where=caller.project, hint="`volant diff`")


def _views(context: Context, project: str) -> list[TaskView]:
    with context.db.read() as tx:
        configured = documents.current(tx, project).documents
        out = []
        for task in configured.tasks:
            added = state.variants(tx, project, task.name)
            variants = (*(one for one in task.variants if one.name not in added), *added.values())
            fact = state.live(tx, project, task.name)
            out.append(
                TaskView(
                    name=task.name,
                    description=task.description,
                    live=fact.variant if fact else task.live or task.variants[0].name,
                    release_id=fact.release_id if fact else "",
                    variants=variants,
                    split=state.split(tx, project, task.name),
                    redact=task.redact,
                    guardrails=task.guardrails,
                )
            )
    return out
