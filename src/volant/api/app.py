"""App: the FastAPI application of control, put together from its routers."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.types import ASGIApp

from volant import __version__
from volant.api import browser, health, internal, manage, openai, problems, prometheus, views
from volant.api.access import permission_of
from volant.api.console import Console, first_parts
from volant.api.headers import Headers
from volant.api.limits import Limits
from volant.api.live import Live
from volant.api.refusals import Refusals
from volant.api.request_log import RequestLog
from volant.api.services import Services
from volant.api.structs import resolve

PREFIX = "/api/v1"
UPLOADS = (f"{PREFIX}/datasets/import",)  # paths that take files
FREES_SPACE = (
    f"{PREFIX}/erasures",
    f"{PREFIX}/keys",
    f"{PREFIX}/retention/",
    f"{PREFIX}/session",
    "/internal/",
)  # what a full disk must not stop


def create_app(services: Services) -> FastAPI:
    """Every route of control. `services` is what routes may use."""
    app = routes()
    app.state.services = services
    app.state.live = Live(services.context)
    app.state.refusals = Refusals(services.context)
    return app


def limited(app: FastAPI, services: Services) -> ASGIApp:
    """The application as it is served: logged, with its headers, bodies and disk within their limits."""
    settings = services.context.settings
    within = Limits(
        problems.Answered(Console(app, first_parts(app))),
        max_body_bytes=settings.max_body_bytes,
        larger=dict.fromkeys(UPLOADS, settings.max_upload_bytes),
        data_dir=services.context.data_dir,
        disk_floor_bytes=settings.disk_floor_mb * 2**20,
        may_always=FREES_SPACE,
        max_json_depth=settings.max_json_depth,
        max_listeners=settings.max_listeners,
    )
    return RequestLog(Headers(within, settings), lines=settings.access_log != "off")


def routes() -> FastAPI:
    """The application without its services: enough to describe itself."""
    app = FastAPI(
        title="Volant",
        version=__version__,
        summary="Runs the whole life of a language model in production, as one loop.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
    )
    problems.install(app)
    app.include_router(health.router)
    app.include_router(prometheus.router)
    app.include_router(internal.router)
    app.include_router(openai.router, prefix="/v1")
    app.include_router(openai.router, prefix="/openai/v1", include_in_schema=False)
    for router in manage.routers():
        app.include_router(router, prefix=PREFIX)
    for router in views.routers():
        app.include_router(router, prefix=f"{PREFIX}/views")
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        described = resolve(FastAPI.openapi(app))
        _describe_errors(described)
        _describe_access(app, described)
        app.openapi_schema = described
    return app.openapi_schema


def _describe_access(app: FastAPI, described: dict[str, Any]) -> None:
    """Keys and cookies open a route; only a cookie its owner's session; nothing is needed where anybody may ask."""
    described["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": browser.COOKIE},
    }
    described["security"] = [{"key": []}, {"session": []}]
    only: dict[str, list[Any]] = {"open": [], "signed in": [{"session": []}]}
    for route in iter_route_contexts(app.routes):
        path, needed = described["paths"].get(str(route.path), {}), permission_of(route.dependant)
        for method in route.methods or ():
            if method.lower() in path and (route.path in health.OPEN or needed in only):
                path[method.lower()]["security"] = only[needed or "open"]


def _operation_id(route: APIRoute) -> str:
    """What typed clients call it: `keys_create_key`."""
    return f"{route.tags[0]}_{route.name}" if route.tags else route.name


def _describe_errors(described: dict[str, Any]) -> None:
    """Every error has our shape, in place of the framework's 422."""
    schemas = described["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    text = {"type": "string"}
    schemas["Error"] = {
        "type": "object",
        "description": "Any error. `code` is stable and stands in docs/errors.md.",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message", "where", "hint", "retry_helps"],
                "properties": {
                    "code": text,
                    "message": text,
                    "where": text,
                    "hint": text,
                    "retry_helps": {"type": "boolean"},
                },
            }
        },
    }
    or_none = {"type": ["string", "null"]}
    schemas["OpenAIError"] = {
        "type": "object",
        "description": "Any error under /v1, as OpenAI's clients read it.",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["message", "type", "param", "code"],
                "properties": {"message": text, "type": text, "param": or_none, "code": or_none},
            }
        },
    }
    for path, methods in described["paths"].items():
        shape = "OpenAIError" if path.startswith(problems.OPENAI_PREFIXES) else "Error"
        schema = {"$ref": f"#/components/schemas/{shape}"}
        for operation in methods.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = {
                "description": "An error",
                "content": {"application/json": {"schema": schema}},
            }
