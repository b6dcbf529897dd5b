"""Proxies: whom to believe about the client's address and scheme. Pure.

Anybody may send X-Forwarded-For. It is believed only from an address in `server.trusted_proxies`, and of its list only
the part that such proxies wrote: from the right, the first address that is not one of them. Source: RFC 7239 8.1.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Headers = Iterable[tuple[bytes, bytes]]


class Proxies:
    """The addresses that may speak for others."""

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        """`trusted`: addresses or networks. Raises ValueError for what is neither."""
        self._networks = [ipaddress.ip_network(text, strict=False) for text in trusted]

    def client_of(self, peer: str, scheme: str, headers: Headers) -> tuple[str, str]:
        """(address, scheme) of who asks, as far as it can be believed."""
        if not self._networks or not self._trusts(peer):
            return peer, scheme
        forwarded = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
        said = next((value.decode("latin-1") for name, value in headers if name == b"x-forwarded-proto"), scheme)
        scheme = said if said in ("http", "https") else scheme
        client = peer
        for address in reversed([part.strip() for line in forwarded for part in line.split(",")]):
            if not _is_address(address):
                break
            client = address
            if not self._trusts(address):
                break
        return client, scheme

    def _trusts(self, address: str) -> bool:
        try:
            one = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(one in network for network in self._networks)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
