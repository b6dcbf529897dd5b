"""Console: the built web application, served from package data. Knows files and addresses, nothing of the API.

Wraps the application (ASGI): an address whose first part no route has is the console's. A file of the build is served
as it is, and for a year where its name holds its hash; any other address is a page of the application, so it gets
index.html, which is asked for anew each time. Built by `make console`; without a build a page says so.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

BUILT = Path(__file__).resolve().parents[1] / "_console"  # volant/_console in wheels and in a checkout
HASHED = "/assets/"  # Vite writes the content's hash into every name below it

# Scripts are files of ours only. Styles may stand in elements: the component library writes its variables so.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_ALWAYS = {"x-content-type-options": "nosniff", "referrer-policy": "same-origin"}

NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Volant: the console is not built</title>
<style>body{font:15px/1.6 system-ui,sans-serif;max-width:34em;margin:12vh auto;padding:0 1em;color:#14161b}
code{background:#f4f5f7;padding:.1em .35em;border-radius:4px}
@media (prefers-color-scheme:dark){body{background:#0b0c0f;color:#edeef1}code{background:#1a1d23}}</style></head><body>
<h1>Volant serves, but its console is not built</h1>
<p>This is a checkout without the web application. With Node 20.19 or newer, run <code>make console</code> in the
project's folder and load this page again; the server need not restart.</p>
<p>Installed packages bring the console along. Everything it does, the API and <code>volant --help</code> do too.</p>
</body></html>
"""


class Console:
    """The API where a route's first part says so, else the web application."""

    def __init__(self, app: ASGIApp, first_parts: frozenset[str], built: Path = BUILT) -> None:
        """`first_parts`: what API paths begin with, as `first_parts` below finds it."""
        self._app = app
        self._api = first_parts
        self._built = built.resolve()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or self._is_api(scope["path"]):
            await self._app(scope, receive, send)
            return
        accepted = next((value for name, value in scope["headers"] if name == b"accept-encoding"), b"")
        await self._answer(scope["path"], gzip=b"gzip" in accepted)(scope, receive, send)

    def _is_api(self, path: str) -> bool:
        return path.split("/", 2)[1:2] == [] or path.split("/", 2)[1] in self._api

    def _answer(self, path: str, *, gzip: bool) -> Response:
        file = self._file(path)
        if file is not None:
            forever = path.startswith(HASHED)
            cache = "public, max-age=31536000, immutable" if forever else "public, max-age=3600"
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            headers = _ALWAYS | {"cache-control": cache, "vary": "accept-encoding"}
            small = file.with_name(f"{file.name}.gz")  # the build lays it there
            if gzip and small.is_file():
                return FileResponse(small, headers=headers | {"content-encoding": "gzip"}, media_type=kind)
            return FileResponse(file, headers=headers, media_type=kind)
        if path.startswith(HASHED):  # of an older build: a page in its place would be run as a script
            return Response("There is no such file in this build.\n", 404, _ALWAYS, media_type="text/plain")
        headers = _ALWAYS | {"cache-control": "no-cache", "content-security-policy": POLICY}
        index = self._built / "index.html"
        if not index.is_file():
            return HTMLResponse(NOT_BUILT, 503, headers)
        return FileResponse(index, headers=headers, media_type="text/html; charset=utf-8")

    def _file(self, path: str) -> Path | None:
        """A file inside of the build, or None: whatever the path says, never one outside."""
        if "\0" in path:
            return None
        try:
            wanted = (self._built / path.lstrip("/")).resolve()
            inside = wanted.is_relative_to(self._built) and wanted.name != "index.html"
            return wanted if inside and wanted.is_file() else None
        except OSError:  # longer than a name can be
            return None


def first_parts(app: FastAPI) -> frozenset[str]:
    """What the paths of the application's routes begin with: `api`, `v1`, `healthz`."""
    paths: list[Any] = [route.path for route in iter_route_contexts(app.routes)]
    return frozenset(str(path).split("/", 2)[1] for path in paths)
