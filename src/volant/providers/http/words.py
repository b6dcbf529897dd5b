"""Words of the HTTP client: where a server is, how long to wait, what an answer is, and what can go wrong."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from volant.core.errors import BadInput

Headers = list[tuple[bytes, bytes]]


class Proxy(NamedTuple):
    """An http:// proxy. `authorization` is the value of its header, a secret; empty: none."""

    host: str
    port: int
    authorization: str = ""

    @staticmethod
    def parse(url: str) -> Proxy:
        """Of `http://[user:password@]host[:port]`. Raises BadInput `bad_proxy`, which never shows the password."""
        try:
            parts = urlsplit(url)
            port = parts.port or 80
        except ValueError:
            raise BadInput("bad_proxy", "the proxy's address is no URL", hint=_PROXY_HINT) from None
        if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/"):
            raise BadInput("bad_proxy", "the proxy's address is no http URL of a host", hint=_PROXY_HINT)
        said = ""
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            said = "Basic " + b64encode(pair.encode()).decode()
        return Proxy(parts.hostname, port, said)


_PROXY_HINT = "write e.g. http://proxy.example.com:3128"


class Origin(NamedTuple):
    """Where a server is, and the way there. `unix` is a socket's path, empty for TCP; `ca_file` a PEM file of
    certificates to trust instead of the system's; `address` the IP address to connect to without another look-up."""

    host: str
    port: int
    tls: bool = False
    unix: str = ""
    proxy: Proxy | None = None
    ca_file: str = ""
    address: str = ""

    @staticmethod
    def parse(url: str) -> tuple[Origin, str]:
        """Origin and path of `http://`, `https://` or `http+unix://%2Fpath%2Fof.sock/`. Raises BadInput `bad_url`."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise BadInput("bad_url", f"{url[:120]!r} is no URL: {error}") from None
        if parts.scheme == "http+unix" and parts.netloc:
            return Origin("localhost", 0, False, unquote(parts.netloc)), parts.path or "/"
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadInput(
                "bad_url", f"{url[:120]!r} is no http or https URL", hint="write e.g. http://127.0.0.1:8000/v1"
            )
        tls = parts.scheme == "https"
        return Origin(parts.hostname, port or (443 if tls else 80), tls), parts.path or "/"

    def via(self, proxy: str = "", ca_file: str = "") -> Origin:
        """The same server by another way. Raises BadInput `bad_proxy`."""
        if not proxy and not ca_file:
            return self
        return self._replace(proxy=Proxy.parse(proxy) if proxy and not self.unix else None, ca_file=ca_file)

    @property
    def authority(self) -> str:
        """What goes into the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.unix or self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds."""

    connect_s: float = 5.0
    first_byte_s: float = 60.0  # until the first byte of the answer's body
    between_s: float = 0.0  # that the body may pause once it has begun; 0: as long as it likes
    total_s: float = 300.0


class TransportError(Exception):
    """No answer, or only a part of one. `code` is stable:

    dns_failed, connect_refused, connect_failed, connect_timeout, tls_failed, proxy_failed     nothing was sent
    closed, reset, broken_answer, too_large, first_byte_timeout, between_timeout, total_timeout   it went wrong later
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Sink(Protocol):
    """Takes one answer. Called from the event loop's read callback: must be quick and must not raise."""

    def head(self, status: int, headers: Headers) -> None: ...
    def data(self, piece: bytes) -> None: ...
    def end(self) -> None: ...
    def failed(self, error: TransportError) -> None: ...


@dataclass(slots=True)
class Answer:
    """A whole answer. Header names are lower case."""

    status: int = 0
    headers: Headers = field(default_factory=list)
    body: bytes = b""

    def header(self, name: bytes) -> bytes:
        """The first header of that lower-case name, or nothing."""
        return next((value for key, value in self.headers if key == name), b"")


def request_head(method: str, origin: Origin, path: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """Request line and headers, without the empty line. Raises BadInput for a line end inside a value.

    A plain server behind a proxy is named in the request line, and the proxy's own authorization goes along
    (RFC 9112, 3.2.2); one behind TLS knows nothing of the proxy.
    """
    proxy = origin.proxy if not origin.tls else None
    target = path if proxy is None else f"http://{origin.authority}{path}"
    lines = [
        f"{method} {target} HTTP/1.1",
        f"host: {origin.authority}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    if proxy is not None and proxy.authorization:
        lines.append(f"proxy-authorization: {proxy.authorization}")
    if any("\r" in line or "\n" in line for line in lines):
        raise BadInput("bad_header", "a header value holds a line end")
    return ("\r\n".join(lines) + "\r\n").encode("latin-1")
