"""Problems: every error as JSON: ours under /api, OpenAI's shape where an OpenAI client asks (/v1, /openai/v1).

Broad handlers stand here because this is an edge: what nobody expected is logged without the caller's text and
answered with a number to look it up by.
"""

from __future__ import annotations

import logging
import math
import traceback

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from volant.api.refusals import note_refusal
from volant.core.errors import BadInput, NotFound, VolantError
from volant.dialects.openai_errors import render_error, retry_headers

log = logging.getLogger("volant.api")
OPENAI_PREFIXES = ("/v1/", "/openai/v1/")


class MethodNotAllowed(VolantError):
    """The path exists, the method does not."""

    status = 405


def install(app: FastAPI) -> None:
    """Render VolantErrors, FastAPI's own refusals and the unexpected."""

    @app.exception_handler(VolantError)
    async def ours(request: Request, error: VolantError) -> Response:
        if error.status in (401, 403):
            await run_in_threadpool(note_refusal, request, error)
        return render(request.url.path, error)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        return render(request.url.path, _as_bad_input(error))

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        return render(request.url.path, _as_volant(request, error))

    @app.exception_handler(OverflowError)
    async def beyond(request: Request, error: OverflowError) -> Response:
        """A number that the store cannot hold: the caller's, where SQLite says so."""
        if "SQLite" not in str(error):
            raise error
        return render(request.url.path, _too_large_a_number())

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        return render(request.url.path, unexpected_error(error, f"{request.method} {_route_of(request)}"))


class Answered:
    """Wraps the application: an error that was logged and answered ends here.

    Starlette raises it once more for the server, which would log it with its text.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            if not started:
                raise
            log.debug("answered: %s", type(error).__name__)


def render(path: str, error: VolantError) -> Response:
    """One error as the caller at `path` can read it."""
    if path.startswith(OPENAI_PREFIXES):
        headers = {name.decode(): value.decode() for name, value in retry_headers(error)}
        return Response(render_error(error), error.status, headers, media_type="application/json")
    headers = {}
    if error.retry_after_s is not None:
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after_s)))
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    body = msgspec.json.encode({"error": error.as_dict()})
    return Response(body, error.status, headers, media_type="application/json")


def unexpected_error(error: BaseException, where: str) -> VolantError:
    """A bug, or the machine's failure: logged with its places (an exception's text may quote a person)."""
    frames = traceback.extract_tb(error.__traceback__)
    places = "\n  ".join(f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames[-12:])
    log.error("%s in %s:\n  %s", type(error).__name__, where, places)
    return VolantError(
        "internal_error",
        f"{type(error).__name__} inside Volant",
        where=where,
        hint="DATA/logs/control.log has its place; please report it",
    )


def _too_large_a_number() -> BadInput:
    return BadInput(
        "number_too_large",
        "a number has more than 63 bits",
        where="request",
        hint="times are milliseconds since 1970; limits and counts are smaller still",
    )


def _route_of(request: Request) -> str:
    """The route's pattern, not the path: a path may hold an id that somebody chose."""
    return str(getattr(request.scope.get("route"), "path", request.url.path[:80]))


def _as_bad_input(error: RequestValidationError) -> BadInput:
    lines = []
    for problem in error.errors():
        place = ".".join(str(part) for part in problem["loc"])
        lines.append(f"{place}: {problem['msg'].removeprefix('Value error, ')}")
    return BadInput(
        "body_invalid",
        "; ".join(lines)[:2000],
        where="request",
        hint="openapi.json (GET /api/v1/openapi.json) describes every request",
    )


def _as_volant(request: Request, error: HTTPException) -> VolantError:
    if error.status_code == 404:
        return NotFound(
            "route_unknown",
            f"there is nothing at {request.method} {request.url.path[:120]}",
            hint="GET /api/v1/openapi.json lists every route",
        )
    if error.status_code == 405:
        return MethodNotAllowed("method_not_allowed", f"{request.url.path[:120]} knows no {request.method}")
    return BadInput("request_refused", str(error.detail)[:300], where="request")
