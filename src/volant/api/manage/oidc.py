"""OIDC: the two routes of a sign-in at an OpenID provider: there, and back.

They are pages that a browser opens, so errors lead to the console's sign-in page, which knows the codes. What the
browser carries between them is a sealed cookie of ten minutes; the code in the URL works once, at the provider.
"""

from __future__ import annotations

import logging
import os
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import RedirectResponse

from volant.api import browser, oidc
from volant.api.access import IsOpen
from volant.api.manage.session import ways_in, where
from volant.api.refusals import note_refusal
from volant.api.services import Has
from volant.core.errors import NotFound, VolantError
from volant.jobs.context import Context
from volant.registry import projects, secrets

router = APIRouter(prefix="/session/oidc", tags=["session"])
COOKIE, PATH = "volant_oidc", "/api/v1/session/oidc"
log = logging.getLogger("volant.api")
Text = Annotated[str, Query(max_length=4000)]


@router.get("/{name}/start", status_code=302, response_class=Response, summary="Go to a provider to sign in")
def start(name: str, _open: IsOpen, request: Request, context: Has, next: Text = "/") -> Response:  # noqa: A002
    try:
        place, way = client(request, context, name).start(
            _redirect_uri(request, context, name), next, now_ms=context.clock.now_ms()
        )
    except VolantError as error:
        return _to_sign_in(error)
    response = RedirectResponse(place, 302)
    response.set_cookie(
        COOKIE, oidc.seal_way(context.vault, way), max_age=int(oidc.WAY_LASTS_S), path=PATH, httponly=True,
        secure=browser.is_secure(request, context.settings), samesite="lax",
    )  # fmt: skip
    return response


@router.get("/{name}/callback", status_code=302, response_class=Response, summary="Back from a provider")
def callback(
    name: str, _open: IsOpen, request: Request, context: Has, state: Text = "", code: Text = "", iss: Text = ""
) -> Response:
    try:
        way = oidc.open_way(context.vault, request.cookies.get(COOKIE, ""))
        provider = client(request, context, name)
        claims = provider.finish(
            way, state, code, _redirect_uri(request, context, name), now_ms=context.clock.now_ms(), issuer=iss
        )
        begun = ways_in(context).by_identity(name, provider.settings, claims, where(request))
    except VolantError as error:
        note_refusal(request, error)  # a redirect here, so no handler sees it
        response = _to_sign_in(error)
    else:
        response = RedirectResponse(way.next, 302)
        browser.set_cookie(response, request, context.settings, begun.token)
    response.delete_cookie(COOKIE, path=PATH)
    response.headers["cache-control"] = "no-store"
    return response


def client(request: Request, context: Context, name: str) -> oidc.Client:
    """The provider of that name; its keys are kept with the application. Raises NotFound."""
    settings = context.settings.people.oidc.get(name)
    if settings is None:
        raise NotFound("provider_unknown", f"there is no provider {name[:40]!r}", hint="GET /api/v1/session/methods")
    kept: dict[str, oidc.Client] = request.app.state._state.setdefault("oidc_clients", {})
    return kept.setdefault(name, oidc.Client(name, settings, lambda: _secret(context, name)))


def _secret(context: Context, name: str) -> str:
    settings = context.settings.people.oidc[name]
    if settings.client_secret_ref:
        with context.db.read() as tx:
            return secrets.get(tx, context.keyring, projects.DEFAULT, settings.client_secret_ref)
    return os.environ.get(settings.client_secret_env, "") if settings.client_secret_env else ""


def _redirect_uri(request: Request, context: Context, name: str) -> str:
    return f"{browser.origin_of(request, context.settings)}{PATH}/{name}/callback"


def _to_sign_in(error: VolantError) -> Response:
    log.info("a sign-in at a provider was refused: %s", error.code)  # the text may quote what was sent
    return RedirectResponse(f"/sign-in?error={quote(error.code)}", 302)
