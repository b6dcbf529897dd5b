"""Addresses: which machines a URL that somebody else wrote may lead us to. Pure; opens nothing.

A server inside a network reaches what outsiders do not: its own loopback, the cloud's metadata service, other machines.
Only addresses of the public internet are allowed, and what the operator names. Whoever resolves a name checks every
address it gave and connects to the very one that was checked: a second look-up may answer otherwise.

Sources: IANA special-purpose address registries (read November 2026); OWASP, "Server-Side Request Forgery Prevention".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from volant.core.errors import BadInput

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_CLOSED = tuple(IPv4Network(text) for text in (
    "0.0.0.0/8",  # this machine, as most systems take it
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  # private
    "100.64.0.0/10",  # between providers and their customers; Alibaba's metadata
    "127.0.0.0/8",  # loopback
    "169.254.0.0/16",  # link-local: the metadata of most clouds
    "168.63.129.16/32",  # Azure's, in public space
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, and broadcast
))  # fmt: skip
_OPEN_6 = IPv6Network("2000::/3")  # all that is handed out for the public internet; of that these are not:
_CLOSED_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
_NAT64 = IPv6Network("64:ff9b::/96")  # holds an IPv4 address


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the operator allows besides the public internet."""

    names: frozenset[str] = frozenset()  # lower case; ".example.com": every name below it
    networks: tuple[Network, ...] = ()

    @staticmethod
    def parse(entries: Iterable[str]) -> Allowed:
        """Host names, `*.names`, addresses and networks. Raises ValueError for what is none of these."""
        names: set[str] = set()
        networks: list[Network] = []
        for entry in entries:
            try:
                networks.append(ip_network(entry, strict=False))
            except ValueError:
                names.add(_name(entry))
        return Allowed(frozenset(names), tuple(networks))

    def expects(self, address: str, host: str = "") -> bool:
        """Is this address in a network that is named, or its host named? A named host may be anywhere."""
        host = host.lower().removesuffix(".")
        parents = (host[at:] for at, letter in enumerate(host) if letter == ".")
        if host in self.names or any(parent in self.names for parent in parents):
            return True
        found = ip_address(address)
        inner = found.ipv4_mapped if isinstance(found, IPv6Address) else None
        return any(one in network for one in (found, inner) if one is not None for network in self.networks)


NOTHING = Allowed()


def _name(entry: str) -> str:
    name = entry.lower().removesuffix(".").removeprefix("*")
    labels = name.removeprefix(".").split(".")
    if not all(label and label.replace("-", "").replace("_", "").isalnum() and label.isascii() for label in labels):
        raise ValueError(f"{entry!r} is no host name, *.name, address or network")
    if labels[-1].isdecimal() or labels[-1].startswith("0x"):  # systems read these as addresses
        raise ValueError(f"{entry!r} is no address; write it as four decimal numbers")
    return name


def is_public(address: Address) -> bool:
    """Is it of the public internet? An IPv6 address that holds an IPv4 one is judged by that."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED)
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _OPEN_6 and not any(address in network for network in _CLOSED_6)


def check_address(address: str, allow: Allowed = NOTHING, *, host: str = "") -> None:
    """Raises BadInput `url_not_allowed` for an IP address that neither is public nor allowed.

    `host` is the name that led there, where there was one. What is no address in its usual form is refused: a name is
    resolved first.
    """
    try:
        found = ip_address(address)
    except ValueError:
        raise _refused(address, "is no IP address") from None
    if not is_public(found) and not allow.expects(address, host):
        raise _refused(host or address, "is not on the public internet")


def _refused(host: str, why: str) -> BadInput:
    return BadInput(
        "url_not_allowed",
        f"the host {host[:80]!r} {why}, so nothing is fetched from it",
        hint="send the data itself, or ask the operator to name the host or its network in server.fetch_allow",
    )
