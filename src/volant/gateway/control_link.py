"""Control link: what the gateway hears from control and tells it, over run/control.sock.

Snapshots by long poll, leases by question and answer. Both carry the internal token. Knows no request of a client.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import msgspec

from volant.core.errors import VolantError
from volant.core.leasing import LeaseAnswer, LeaseRequest
from volant.core.nouns import Snapshot
from volant.gateway import snapshot_file
from volant.gateway.admission import ControlAway
from volant.providers.http import Answer, HttpClient, Origin, Timeouts, TransportError, request_head

LONG_POLL_S = 25.0  # control answers by then
BACKOFF_FIRST_S = 0.1
BACKOFF_LAST_S = 2.0
_LEASE = Timeouts(connect_s=1.0, first_byte_s=6.0, total_s=8.0)  # a busy machine; one that is down says so at once
_POLL = Timeouts(connect_s=1.0, first_byte_s=LONG_POLL_S + 10.0, total_s=LONG_POLL_S + 20.0)
_LOOK = Timeouts(connect_s=1.0, first_byte_s=2.0, total_s=2.0)
_log = logging.getLogger("volant.gateway")


class _Ready(msgspec.Struct):
    parts: dict[str, str]


class ControlLink:
    """One worker's link."""

    def __init__(self, client: HttpClient, socket_path: str, token: str, holder: str) -> None:
        self._client = client
        self._origin = Origin("localhost", 0, False, socket_path)
        self._headers = [("x-volant-internal", token), ("x-volant-worker", holder)]
        self.reachable = False

    async def lease(self, request: LeaseRequest) -> LeaseAnswer:
        """Settle and ask. Raises ControlAway."""
        try:
            answer = await self._send("POST", "/internal/lease", msgspec.json.encode(request), _LEASE)
            if answer.status == 200:
                return msgspec.json.decode(answer.body, type=LeaseAnswer)
        except (TransportError, msgspec.DecodeError) as error:
            _log.warning("control did not answer for leases: %s", error)
            raise ControlAway(str(error)) from error
        _log.warning("control answered %d for leases", answer.status)
        raise ControlAway(f"control answered {answer.status}")

    async def parts(self) -> dict[str, str] | None:
        """How control's parts are; None when it does not answer."""
        try:
            answer = await self._send("GET", "/readyz", None, _LOOK)
            found = msgspec.json.decode(answer.body, type=_Ready)
        except (TransportError, msgspec.DecodeError):
            return None
        return found.parts

    async def follow(self, revision: Callable[[], int], take: Callable[[Snapshot], None]) -> None:
        """Hand every new snapshot to `take`, for ever. `revision` gives the one held (-1: none)."""
        pause = BACKOFF_FIRST_S
        while True:
            try:
                answer = await self._send("GET", f"/internal/snapshot?after={revision()}", None, _POLL)
                self.reachable = True
                if answer.status == 200 and answer.body:
                    snapshot = snapshot_file.decode(answer.body)
                    if snapshot.revision != revision():
                        take(snapshot)
                        pause = BACKOFF_FIRST_S
                        continue
                elif answer.status in (204, 304):
                    pause = BACKOFF_FIRST_S
                    continue
                else:
                    _log.warning("control answered %d to the snapshot poll", answer.status)
            except TransportError:
                self.reachable = False  # it starts, restarts or is gone: what we hold stays good
            except VolantError as error:
                _log.error("control's snapshot is not usable: %s", error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, BACKOFF_LAST_S)

    async def _send(self, method: str, path: str, body: bytes | None, timeouts: Timeouts) -> Answer:
        headers = [*self._headers, ("content-type", "application/json"), ("accept", "*/*")]
        head = request_head(method, self._origin, path, headers)
        return await self._client.fetch(self._origin, head, body, timeouts)
