"""Playground: what can be asked (tasks, deployments), said (prompts), and where a case can be kept (datasets)."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter

from volant.api.access import Reads
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.core.nouns import PromptVariable
from volant.registry import datasets, documents, prompts, state

router = APIRouter(prefix="/playground", tags=["views"])


class AskedTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task as one may ask it."""

    name: str
    description: str
    live: str  # the variant that answers most
    models: tuple[str, ...]  # of that variant's deployments
    prompt: str  # its prompt's reference; empty: none
    variables: dict[str, PromptVariable]  # that the prompt needs


class AskedDeployment(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment as one may ask it directly."""

    name: str
    provider: str
    model: str
    ours: bool  # an engine of this installation


class KeptPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt whose versions can be tried."""

    name: str
    versions: int
    labels: dict[str, int]  # label → version


class PlaygroundView(msgspec.Struct, frozen=True, kw_only=True):
    """The playground page."""

    tasks: list[AskedTask]
    deployments: list[AskedDeployment]
    prompts: list[KeptPrompt]
    datasets: list[str]
    may_ask: bool


@router.get("", summary="The playground page: what can be asked, said and kept")
def playground_page(caller: Reads, context: Has) -> Annotated[PlaygroundView, AsJson]:
    with context.db.read() as tx:
        applied = documents.current(tx, caller.project).documents
        places = state.places(tx, caller.project)
        specs: dict[str, Any] = {name: place.spec for name, place in places.items() if place.spec is not None}
        specs |= {spec.name: spec for spec in applied.deployments}
        live = state.listed(tx, caller.project, "live", state.Live)
        tasks = []
        for task in applied.tasks:
            if caller.tasks and task.name not in caller.tasks:
                continue
            variants = {one.name: one for one in task.variants} | state.variants(tx, caller.project, task.name)
            wanted = live[task.name].variant if task.name in live else task.live
            variant = variants.get(wanted) or task.variants[0]
            bound = prompts.bind(tx, caller.project, variant.prompt) if variant.prompt else None
            tasks.append(
                AskedTask(
                    name=task.name,
                    description=task.description,
                    live=variant.name,
                    models=tuple(dict.fromkeys(specs[one].model for one in variant.deployments if one in specs)),
                    prompt=variant.prompt,
                    variables=dict(bound.variables) if bound else {},
                )
            )
        kept = [
            KeptPrompt(
                name=one.name,
                versions=one.versions,
                labels={label.label: label.version for label in one.labels},
            )
            for one in prompts.list_prompts(tx, caller.project, ())
        ]
        named = sorted({one.name for one in datasets.list_versions(tx, caller.project)})
    deployments = [
        AskedDeployment(name=name, provider=spec.provider, model=spec.model, ours=spec.provider == "local")
        for name, spec in sorted(specs.items())
    ]
    return PlaygroundView(
        tasks=tasks,
        deployments=[] if caller.tasks else deployments,
        prompts=kept,
        datasets=named,
        may_ask="inference" in caller.permissions,
    )
