"""Patience: how long and how much a client connection may take. Knows numbers; writes nothing to a socket.

A client that sends its head or body drop by drop (slow loris), or reads its answer so, holds memory and a place among
the connections: each of the three has a time. Source: RFC 9110 15.5.9 (408), RFC 6585 5 (431).
"""

from __future__ import annotations

import msgspec

from volant.core.settings import ServerSettings

SLOWEST_BODY = 1024  # bytes a second beyond body_timeout_s: a large upload over a slow line is honest


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one client connection; names and units as in the settings."""

    max_connections: int = 4096
    max_headers: int = 100
    max_header_bytes: int = 64 * 1024
    max_url_bytes: int = 8 * 1024
    header_timeout_s: float = 15.0
    body_timeout_s: float = 30.0
    write_timeout_s: float = 60.0
    keep_alive_s: float = 75.0

    @staticmethod
    def of(settings: ServerSettings) -> Patience:
        """As the settings have it."""
        return Patience(**{name: getattr(settings, name) for name in Patience.__struct_fields__})

    def body_is_late(self, taking_s: float, received: int) -> bool:
        """Has a body of which `received` bytes are there taken too long?"""
        return taking_s > self.body_timeout_s + received / SLOWEST_BODY
