"""Deployments: reachable places that serve a model, with the address and health of those that are engines of ours."""

from __future__ import annotations

import os
from typing import Annotated

import msgspec
from fastapi import APIRouter

from volant.api.access import Reads
from volant.api.paging import Listing
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.registry import credentials, documents, secrets, state

router = APIRouter(prefix="/deployments", tags=["deployments"])


class DeploymentView(msgspec.Struct, frozen=True, kw_only=True):
    """One deployment. Its credentials are never shown."""

    name: str
    provider: str
    model: str
    base_url: str  # empty: the provider's own
    source: str  # "documents" or "loop"
    model_id: str = ""
    engine: str = ""  # the engine process behind it; empty: somebody else's
    engine_state: str = ""  # running, waiting, failed, stopping, exited
    healthy: bool | None = None  # None: gateways watch it by themselves
    missing: str = ""  # what its key lacks, as a clause; empty: nothing


@router.get("", summary="Every deployment, with address and health")
def list_deployments(caller: Reads, context: Has) -> Annotated[Listing[DeploymentView], AsJson]:
    with context.db.read() as tx:
        configured = documents.current(tx, caller.project).documents.deployments
        places = state.places(tx, caller.project)
        kept = set(secrets.names(tx, caller.project))
    actual = context.executor.actual()
    specs = {spec.name: (spec, "documents") for spec in configured}
    specs |= {
        name: (place.spec, "loop") for name, place in places.items() if place.spec is not None and name not in specs
    }
    out = []
    for name, (spec, source) in sorted(specs.items()):
        place = places.get(name)
        process = actual.get(place.engine) if place and place.engine else None
        out.append(
            DeploymentView(
                name=name,
                provider=spec.provider,
                model=spec.model,
                base_url=place.base_url if place else spec.base_url,
                source=source,
                model_id=place.model_id if place else "",
                engine=place.engine if place else "",
                engine_state=process.state if process else "",
                healthy=place.healthy if place else None,
                missing=credentials.missing(spec, kept, os.environ),
            )
        )
    return Listing(data=out)
