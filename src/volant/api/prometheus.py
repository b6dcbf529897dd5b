"""Prometheus: GET /metrics, the project's series in Prometheus' text format. With a key, like everything else.

The root key, and an installation's admin, see every project's series and the workers'; others their own project's.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from volant.api.access import Reads
from volant.api.services import HasServices

router = APIRouter(tags=["metrics"])
TEXT = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/metrics", summary="Every series, for Prometheus", response_class=Response)
def expose(
    caller: Reads,
    services: HasServices,
    project: Annotated[str, Query(description="Only this project's; for an installation's admin.")] = "",
) -> Response:
    only = project if caller.installation_admin else caller.project
    return Response(services.meter.exposition(only), media_type=TEXT)
