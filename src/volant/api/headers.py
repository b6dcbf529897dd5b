"""Headers: which Host names are answered, and what every answer tells a browser about itself. Wraps the application.

The console's pages run their own scripts and nothing else; an API answer is no page at all. A page of another site that
makes its own name point here (DNS rebinding) arrives with that name as Host and is refused. Knows no route.
Sources: OWASP Secure Headers Project; RFC 6797 (HSTS); W3C Content Security Policy 3. Mantine needs inline styles.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from volant.api.problems import render
from volant.core.errors import VolantError
from volant.core.settings import ServerSettings

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
DATA_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
ALWAYS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
}
HSTS = b"max-age=31536000"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class HostRefused(VolantError):
    """The request names a host that this server does not answer for."""

    status = 421


class Headers:
    """Adds the headers, and refuses foreign hosts."""

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self._app = app
        self._hosts = allowed_hosts(settings)
        self._public_https = settings.public_url.startswith("https://")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = {name: value for name, value in scope["headers"] if name in (b"host", b"x-forwarded-proto")}
        secure = self._public_https or asked.get(b"x-forwarded-proto", scope["scheme"].encode()) == b"https"

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": with_headers(list(message.get("headers", ())), secure=secure)}
            await send(message)

        host = host_of(asked.get(b"host", b"").decode("latin-1"))
        if self._hosts is not None and host and host not in self._hosts:
            await render(scope["path"], _refused(host))(scope, receive, dressed)
            return
        await self._app(scope, receive, dressed)


def allowed_hosts(settings: ServerSettings) -> frozenset[str] | None:
    """Names without ports, in lower case; None: any, where the server listens for others and none is named."""
    named = {host_of(name) for name in settings.allowed_hosts}
    if settings.public_url:
        named.add(host_of(urlsplit(settings.public_url).netloc))
    if not named and not _is_loopback(settings.host):
        return None
    return frozenset(named | LOOPBACK_NAMES | {settings.host.lower()})


def host_of(authority: str) -> str:
    """`Example.com:8321` → `example.com`; `[::1]:80` → `::1`."""
    authority = authority.strip().lower()
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority if authority.count(":") > 1 else authority.partition(":")[0]


def with_headers(headers: list[tuple[bytes, bytes]], *, secure: bool) -> list[tuple[bytes, bytes]]:
    """What a route says itself stands; the rest is added."""
    said = {name.lower(): value for name, value in headers}
    is_page = said.get(b"content-type", b"").startswith(b"text/html")
    added = {
        **ALWAYS,
        b"content-security-policy": (PAGE_POLICY if is_page else DATA_POLICY).encode(),
        b"cache-control": b"no-store",
    }
    if secure:
        added[b"strict-transport-security"] = HSTS
    kept = [(name, value) for name, value in headers if name.lower() != b"server"]
    return kept + [(name, value) for name, value in added.items() if name not in said]


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _refused(host: str) -> HostRefused:
    return HostRefused(
        "host_refused",
        f"this server does not answer for the host {host[:100]!r}",
        where="Host",
        hint="name it in server.allowed_hosts (VOLANT_ALLOWED_HOSTS), or set server.public_url",
    )
