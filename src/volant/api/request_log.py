"""Request log: one line for each request that control answers, and the request's id on the answer. Wraps the app.

The line has the method, the route's pattern, the status, milliseconds, the project and the caller's id: never a path
as it was asked (ids in it may be chosen by callers), a query, a body, an address or a name.
"""

from __future__ import annotations

import logging
import re
from time import perf_counter
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from volant.core.ids import random_hex

ID_HEADER = b"x-request-id"
_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_OFTEN = ("/internal/", "/healthz", "/readyz")  # asked all the time by machines: only at debug

log = logging.getLogger("volant.access")


class RequestLog:
    """Logs what the application answered, when it has."""

    def __init__(self, app: ASGIApp, *, lines: bool = True) -> None:
        """Without `lines`, answers get their id and nothing is logged."""
        self._app = app
        self._lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = next((value for name, value in scope["headers"] if name == ID_HEADER), b"")
        request_id = asked if _ID.fullmatch(asked) else random_hex(16).encode()
        scope.setdefault("state", {})["request_id"] = request_id.decode()
        status, began = 0, perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), (ID_HEADER, request_id)]}
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            if self._lines:
                _say(scope, status, (perf_counter() - began) * 1000, request_id.decode())


def _say(scope: Scope, status: int, ms: float, request_id: str) -> None:
    route = route_of(scope)
    caller = scope.get("state", {}).get("caller")
    fields: dict[str, Any] = {
        "request_id": request_id,
        "method": scope["method"] if scope["method"].isalpha() else "?",
        "route": route,
        "status": status,
        "ms": round(ms, 1),
        "project": getattr(caller, "project", ""),
        "actor": getattr(caller, "actor", ""),
    }
    level = logging.DEBUG if scope["path"].startswith(_OFTEN) else logging.INFO
    log.log(level, "%s %s %d", fields["method"], route, status, extra={"fields": fields})


def route_of(scope: Scope) -> str:
    """The pattern of the route that answered, e.g. `/api/v1/runs/{run_id}`; empty where none did.

    A route knows its pattern without the prefixes that routers were included under: those are the path's first parts.
    """
    pattern = str(getattr(scope.get("route"), "path", ""))
    if not pattern or ":path}" in pattern:
        return pattern
    parts = scope["path"].split("/")
    return "/".join(parts[: len(parts) - pattern.count("/")]) + pattern
