"""Browser: a person's cookie, and what protects it: the CSRF token, the Origin, where the answer may be sent.

    cookie  volant_session: HttpOnly, SameSite=Lax, path /, Secure over https
    header  x-volant-csrf: with every change that is asked by cookie
    header  Origin: where a browser sends one, ours

A TLS proxy in front is not seen from here: `server.public_url` says what people have in their address bar.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from fastapi import Request, Response

from volant.core.errors import Forbidden
from volant.core.settings import ServerSettings
from volant.registry import sessions

COOKIE = "volant_session"
CSRF = "x-volant-csrf"
SAFE = ("GET", "HEAD", "OPTIONS")


def cookie_of(request: Request) -> str:
    """The session's cookie; empty when there is none."""
    return request.cookies.get(COOKIE, "")


def set_cookie(response: Response, request: Request, settings: ServerSettings, token: str) -> None:
    """Hand the browser its session. It ends with the session on our side, whatever the browser thinks."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(settings.people.session_lasts_s),
        path="/",
        secure=is_secure(request, settings),
        httponly=True,
        samesite="lax",
    )


def drop_cookie(response: Response, request: Request, settings: ServerSettings) -> None:
    """Take it back."""
    response.delete_cookie(COOKIE, path="/", secure=is_secure(request, settings), httponly=True, samesite="lax")


def check_change(request: Request, token: str) -> None:
    """A change by cookie is meant by our own page. Raises Forbidden."""
    check_origin(request)
    if not hmac.compare_digest(request.headers.get(CSRF, "").encode(), sessions.csrf_of(token).encode()):
        raise Forbidden(
            "csrf_failed",
            "the change carries no token of this session",
            where=CSRF,
            hint="send the `csrf` that GET /api/v1/session gives in the header x-volant-csrf",
        )


def check_origin(request: Request) -> None:
    """What another site's page sends is refused. Raises Forbidden. Programs send no Origin."""
    origin = request.headers.get("origin")
    if origin is None:
        return
    settings: ServerSettings = request.app.state.services.context.settings
    if origin == origin_of(request, settings) or (not settings.public_url and _same_host(origin, request)):
        return
    raise Forbidden(
        "origin_refused",
        f"the page at {origin[:100]!r} is not this installation's",
        where="Origin",
        hint="set server.public_url to the address that people open",
    )


def origin_of(request: Request, settings: ServerSettings) -> str:
    """`https://volant.example.com`: the configured one, else the one that was asked."""
    if settings.public_url:
        parts = urlsplit(settings.public_url)
        return f"{parts.scheme}://{parts.netloc}"
    return f"{_scheme(request)}://{request.headers.get('host', 'localhost')}"


def is_secure(request: Request, settings: ServerSettings) -> bool:
    """Whether the cookie may travel over https only."""
    return settings.people.secure_cookies or origin_of(request, settings).startswith("https://")


def address_of(request: Request) -> str:
    """Who is at the other end, as the gateway saw it: it writes the header itself; only it reaches control."""
    forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return forwarded or (request.client.host if request.client else "")


def _same_host(origin: str, request: Request) -> bool:
    """The scheme is left out: a TLS proxy in front changes it."""
    return urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower() != ""


def _scheme(request: Request) -> str:
    return request.headers.get("x-forwarded-proto", "") or request.url.scheme
