"""TLS: which certificates are trusted, and sessions that are taken up again.

A handshake that resumes a session saves the server's certificate and its check. Python's event loops have no word for
that, but both make their TLS objects by the context's `wrap_bio`, so that is where the session is given. Tickets of TLS
1.3 come after the handshake: `remember` is called when an answer has come.
"""

from __future__ import annotations

import os
import ssl
from typing import Any, cast

from volant.providers.http.words import TransportError

MAX_SESSIONS = 1000


class Resuming(ssl.SSLContext):
    """A client's context that offers a server the session of last time."""

    sessions: dict[str, ssl.SSLSession]  # by server name

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        name = server_hostname if isinstance(server_hostname, str) else ""
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, session or self.sessions.get(name))

    def remember(self, tls: ssl.SSLObject, name: str) -> None:
        """Keep its session for the next connection."""
        session = tls.session
        if session is not None and session.has_ticket:
            if len(self.sessions) >= MAX_SESSIONS:
                self.sessions.clear()
            self.sessions[name] = session


class Contexts:
    """A context for each set of trusted certificates; a file that changed is read anew."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[int, Resuming]] = {}  # ca_file -> when it was changed, context

    def of(self, ca_file: str) -> Resuming:
        """Raises TransportError `tls_failed` where the file cannot be used."""
        try:
            changed = os.stat(ca_file).st_mtime_ns if ca_file else 0
            made = self._made.get(ca_file)
            if made is None or made[0] != changed:
                made = self._made[ca_file] = (changed, _context(ca_file))
        except (OSError, ssl.SSLError) as error:
            raise TransportError(
                "tls_failed", f"the certificates of ca_file {ca_file!r} cannot be read: {error}"
            ) from None
        return made[1]


def _context(ca_file: str) -> Resuming:
    context = Resuming(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificates and names
    context.sessions = {}
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_TRUSTED_FIRST
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    else:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    return context


def tls_object(transport: Any) -> ssl.SSLObject | None:
    """Of a TLS transport, of either event loop."""
    return cast("ssl.SSLObject | None", transport.get_extra_info("ssl_object"))
