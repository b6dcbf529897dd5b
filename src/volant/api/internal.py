"""Internal: what the gateways of this data directory ask control, over its Unix socket, with the internal token."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Header, Query, Response

from volant.api.access import Internal
from volant.api.services import HasServices
from volant.api.structs import AsJson
from volant.core.leasing import LeaseAnswer, LeaseRequest

router = APIRouter(prefix="/internal", include_in_schema=False, dependencies=[Depends(Internal())])
LONGEST_POLL_S = 25.0


@router.get("/snapshot")
async def snapshot(
    services: HasServices,
    after: int = -1,
    wait_s: Annotated[float, Query(ge=0, le=LONGEST_POLL_S)] = LONGEST_POLL_S,
    worker: Annotated[str, Header(alias="x-volant-worker")] = "",
) -> Response:
    """The newest Snapshot as msgpack, as soon as its revision is not `after`; 204 when nothing came in `wait_s`."""
    found = await services.snapshots.wait(after, wait_s, worker)
    if found is None:
        return Response(status_code=204)
    revision, body = found
    return Response(body, media_type="application/msgpack", headers={"x-volant-revision": str(revision)})


@router.post("/lease")
def lease(
    request: Annotated[LeaseRequest, AsJson, Body()],
    services: HasServices,
    worker: Annotated[str, Header(alias="x-volant-worker")] = "",
) -> Annotated[LeaseAnswer, AsJson]:
    """A part of the ceilings for one worker, which `worker` names in its life."""
    return services.leases.lease(request, worker)
