"""Readiness: may this worker get traffic, and how is each part? Answers `GET /readyz`, which needs no key: no texts.

Not ready (503): no configuration, a full disk under a policy that refuses, or a stop has begun. Control's parts are
asked for and shown; when control is away or unwell this worker still answers chat, so it is `degraded` and stays ready.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec

ASK_AGAIN_S = 1.0  # control's answer is good for so long
LATE_AFTER_S = 2.0  # control did not answer


class Asks(Protocol):
    """How control says how it is: its parts, or None when it is away."""

    async def parts(self) -> dict[str, str] | None: ...


class Held(msgspec.Struct, kw_only=True):
    """What a worker holds of the configuration."""

    revision: int = -1  # -1: none yet
    taken: float = 0.0  # monotonic, when it came
    refuses_on_full_disk: bool = False


class Readiness:
    """One worker's."""

    def __init__(
        self,
        link: Asks,
        data_dir: Path,
        floor_bytes: int,
        spool_is_full: Callable[[], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._link = link
        self._data_dir = data_dir
        self._floor = floor_bytes
        self._spool_is_full = spool_is_full
        self._monotonic = monotonic
        self._control: dict[str, str] = {"control": "not asked yet"}
        self._asked = float("-inf")
        self._asking = asyncio.Lock()
        self.held = Held()
        self.draining = False

    async def answer(self) -> tuple[bool, bytes]:
        """(ready, body)."""
        await self._ask_control()
        parts = {**self._own_parts(), **self._control}
        ready = not self.draining and self.held.revision >= 0
        if self.held.refuses_on_full_disk and (parts["disk"] != "ok" or parts["spool"] != "ok"):
            ready = False
        well = all(said == "ok" for said in parts.values())
        body: dict[str, Any] = {
            "status": ("ready" if well else "degraded") if ready else "not ready",
            "revision": self.held.revision,
            "snapshot_age_s": round(self._monotonic() - self.held.taken, 1) if self.held.revision >= 0 else None,
            "parts": parts,
        }
        return ready, msgspec.json.encode(body)

    def _own_parts(self) -> dict[str, str]:
        free = shutil.disk_usage(self._data_dir).free
        return {
            "gateway": "draining" if self.draining else "ok",
            "configuration": "ok" if self.held.revision >= 0 else "none yet: control has not said any",
            "spool": "full" if self._spool_is_full() else "ok",
            "disk": "ok" if free >= self._floor else f"{free >> 20} MiB free, {self._floor >> 20} are kept in reserve",
        }

    async def _ask_control(self) -> None:
        async with self._asking:
            if self._monotonic() - self._asked < ASK_AGAIN_S:
                return
            said = await self._link.parts()
            self._control = {"control": "away"} if said is None else {"control": "ok", **said}
            self._asked = self._monotonic()
