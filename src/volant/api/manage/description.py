"""Description: openapi.json, for clients that ask the server itself."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from volant.api.access import Reads

router = APIRouter(tags=["description"])


@router.get("/openapi.json", summary="This API, described")
def openapi(request: Request, caller: Reads) -> dict[str, Any]:
    described: dict[str, Any] = request.app.openapi()
    return described
