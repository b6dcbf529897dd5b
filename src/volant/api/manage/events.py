"""Events: what changes in a project, as server-sent events, so that open pages ask again. Names and ids only.

    data: {"topic":"runs","ids":["run_…"]}

Source: WHATWG HTML, server-sent events. A stream ends after a quarter of an hour and the browser comes again, so that
nobody listens longer than their session lasts; it also ends within a heartbeat of a session that was ended.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from volant.api.access import Caller, Reads, caller_of
from volant.api.live import Live
from volant.core.errors import VolantError

router = APIRouter(prefix="/events", tags=["events"])
LASTS_S = 900.0
AGAIN_MS = 2000  # how soon a browser comes back


@router.get(
    "",
    summary="What changes in the project, as server-sent events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def events(caller: Reads, request: Request) -> StreamingResponse:
    """Topics: traces, feedback, datasets, runs, progress, models, reports, releases, reviews, alerts, erasures,
    settings, prompts, people, audit."""
    live: Live = request.app.state.live
    live.check()
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_stream(live, caller, request), media_type="text/event-stream", headers=headers)


async def _stream(live: Live, caller: Caller, request: Request) -> AsyncIterator[bytes]:
    yield f"retry: {AGAIN_MS}\n\n".encode()
    async for some in live.listen(caller.project, lambda: _still(request), LASTS_S):
        yield b"".join(b"data: " + msgspec.json.encode(one) + b"\n\n" for one in some) or b": still here\n\n"


def _still(request: Request) -> bool:
    try:
        return "read" in caller_of(request).permissions
    except VolantError:
        return False
