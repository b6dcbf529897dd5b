"""Refusals: who was turned away (401, 403) stands in the audit, at a rate that fills no disk.

The same refusal is told once a minute, and all together at most `BURST` at once and one every `REFILL_S` after that
(3,000 rows a day, a megabyte). What was left out is counted in the next row's `suppressed`. A request without any
credentials is no event: every browser sends one before its person signs in.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict

from fastapi import Request

from volant.api.access import Caller, caller_of
from volant.core.errors import VolantError
from volant.jobs.context import Context

log = logging.getLogger("volant.api")
BURST = 60
REFILL_S = 30.0
AGAIN_S = 60.0
_MOST_KNOWN = 1024
_NO_EVENT = ("key_missing", "session_missing")


class Refusals:
    """The rows of one process."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._told: OrderedDict[tuple[str, ...], int] = OrderedDict()  # refusal → when it was told
        self._left = float(BURST)
        self._filled_ms = context.clock.now_ms()
        self._suppressed = 0

    def note(self, request: Request, error: VolantError) -> None:
        """Write it, or count it. Call it outside the event loop."""
        if error.status not in (401, 403) or error.code in _NO_EVENT:
            return
        if not self._may_write():
            return
        caller = _caller(request)
        project, actor = (caller.project, caller.actor) if caller else ("", "")
        method, route = request.method, str(getattr(request.scope.get("route"), "path", ""))
        suppressed = self._take((project, actor, error.code, method, route))
        if suppressed < 0:
            return
        with self._context.db.begin() as tx:
            detail = {"code": error.code, "status": error.status, "method": method, "route": route[:120]}
            self._context.audit(tx, project, actor, "access.refused", "route", **detail, suppressed=suppressed)

    def _may_write(self) -> bool:
        """Whether there is room; before anything is looked up."""
        with self._lock:
            now = self._context.clock.now_ms()
            self._left = min(BURST, self._left + (now - self._filled_ms) / 1000 / REFILL_S)
            self._filled_ms = now
            if self._left < 1:
                self._suppressed += 1
                return False
            return True

    def _take(self, refusal: tuple[str, ...]) -> int:
        """How many were left out before this one; -1: it is left out itself."""
        with self._lock:
            now = self._context.clock.now_ms()
            before = self._told.get(refusal)
            if self._left < 1 or (before is not None and now - before < AGAIN_S * 1000):
                self._suppressed += 1
                return -1
            self._left -= 1
            self._told[refusal] = now
            self._told.move_to_end(refusal)
            if len(self._told) > _MOST_KNOWN:
                self._told.popitem(last=False)
            left_out, self._suppressed = self._suppressed, 0
            return left_out


def note_refusal(request: Request, error: VolantError) -> None:
    """Write a refusal down, or count it; one that cannot be written (a full disk, a busy database) stays a refusal."""
    refusals: Refusals | None = getattr(request.app.state, "refusals", None)
    if refusals is None:
        return
    try:
        refusals.note(request, error)
    except Exception as failure:  # noqa: BLE001  # the refusal itself must not become a 500
        log.error("a refusal is not in the audit: %s", type(failure).__name__)


def _caller(request: Request) -> Caller | None:
    """Who it was; None for somebody whom nothing identifies."""
    known: Caller | None = getattr(request.state, "caller", None)
    if known is not None:
        return known
    try:
        return caller_of(request)
    except VolantError:
        return None
