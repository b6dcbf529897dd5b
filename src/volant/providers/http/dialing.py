"""Dialing: from a name to a connected socket, by whichever of IPv6 and IPv4 answers first.

Source: RFC 8305, happy eyeballs (addresses of the two families by turns, the next one tried after a quarter of a second
or as soon as one fails). uvloop has no such option, so it is here.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address
from itertools import chain, zip_longest
from typing import Any

from volant.providers.http.words import TransportError

STAGGER_S = 0.25

Address = tuple[int, tuple[Any, ...]]  # family, what connect() takes


async def dial(loop: asyncio.AbstractEventLoop, host: str, port: int) -> socket.socket:
    """A connected socket. Raises TransportError dns_failed, connect_refused or connect_failed."""
    addresses = await resolve(loop, host, port)
    if len(addresses) == 1:
        try:
            return await _connect(loop, addresses[0])
        except OSError as error:
            raise failure(error) from None
    return await _race(loop, addresses)


async def resolve(loop: asyncio.AbstractEventLoop, host: str, port: int) -> list[Address]:
    """Addresses in the order to try them: the families by turns, the system's first choice first."""
    try:
        literal = ip_address(host)
    except ValueError:
        pass
    else:
        return [(socket.AF_INET if literal.version == 4 else socket.AF_INET6, (host, port))]
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (socket.gaierror, UnicodeError) as error:
        raise TransportError("dns_failed", f"the name {host!r} cannot be resolved: {error}") from None
    if not found:
        raise TransportError("dns_failed", f"the name {host!r} has no address")
    addresses: list[Address] = [(family, address) for family, _, _, _, address in found]
    first = [one for one in addresses if one[0] == addresses[0][0]]
    second = [one for one in addresses if one[0] != addresses[0][0]]
    return [one for one in chain.from_iterable(zip_longest(first, second)) if one is not None]


def failure(error: OSError) -> TransportError:
    """A failed connect, named."""
    if isinstance(error, ConnectionRefusedError):
        return TransportError("connect_refused", "nothing listens there: the connection was refused")
    return TransportError("connect_failed", f"cannot connect: {error}")


async def _connect(loop: asyncio.AbstractEventLoop, address: Address) -> socket.socket:
    sock = socket.socket(address[0], socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await loop.sock_connect(sock, address[1])
    except BaseException:
        sock.close()
        raise
    return sock


async def _race(loop: asyncio.AbstractEventLoop, addresses: list[Address]) -> socket.socket:
    """The first that connects; the others are closed."""
    waiting = list(addresses)
    running: set[asyncio.Task[socket.socket]] = set()
    error: OSError = OSError("no address")
    try:
        while waiting or running:
            if waiting:
                running.add(loop.create_task(_connect(loop, waiting.pop(0))))
            done, running = await asyncio.wait(
                running, timeout=STAGGER_S if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            won = [task for task in done if task.exception() is None]
            for late in won[1:]:
                late.result().close()
            if won:
                return won[0].result()
            for task in done:
                if isinstance(failed := task.exception(), OSError):
                    error = failed
                elif failed is not None:
                    raise failed
        raise failure(error)
    finally:
        for task in running:
            task.add_done_callback(_drop)
            task.cancel()


def _drop(task: asyncio.Task[socket.socket]) -> None:
    if not task.cancelled() and task.exception() is None:
        task.result().close()
