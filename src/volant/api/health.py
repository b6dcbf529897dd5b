"""Health: is the process there (/healthz), can it work (/readyz). The only routes without a key; they tell nothing."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Response

from volant.api.services import HasServices
from volant.lifecycle import ceiling

router = APIRouter(tags=["health"])
OPEN = ("/healthz", "/readyz")


@router.get("/healthz", summary="The process is there")
def healthz() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz", summary="The process can work", responses={503: {"description": "Not yet, or no longer"}})
def readyz(services: HasServices) -> Response:
    parts = services.readiness.parts()
    problems = [f"{name}: {said}" for name, said in parts.items() if said != "ok"]
    body = {"status": "not ready" if problems else "ok", "problems": problems, "parts": parts}
    if warning := ceiling.near(services.context.data_dir):
        body["warnings"] = [warning]
    return Response(msgspec.json.encode(body), 503 if problems else 200, media_type="application/json")
