"""Leases: a key's limits, shared out to the gateways' workers so that the sum never passes the ceiling.

A worker asks for a part, spends it by itself, settles, and asks again. A lease that is not renewed returns when it
expires. What a crashed worker spent without settling is read from its drained records, so that it counts after all.

    usd        per UTC day: granted ≤ ceiling − settled − what other workers hold
    requests   per UTC minute: granted within the minute, and no such lease is used beyond its minute (a gateway
               stops SAFETY_MS before the end that it is told)

After a restart of control the leases of before are not known one by one: their sum (`spend.leased_usd`) stays taken
until the longest of them has expired, and the requests granted in a minute stand in the store.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, func, select

from volant.api.services import Lease, LeaseRequest
from volant.core.clock import Clock
from volant.core.errors import NotFound
from volant.core.nouns import Limits
from volant.gateway.admission import SAFETY_MS
from volant.registry import keys
from volant.store import sums
from volant.store.database import Database
from volant.store.tables import inference, spend
from volant.store.tables import lease as lease_table

LEASE_MS = 30_000
MINUTE_MS = 60_000
DAY_MS = 86_400_000


@dataclass(slots=True, kw_only=True)
class _Held:
    """What one worker holds of one key."""

    usd: float
    requests: int
    day: str
    minute: str
    expires_ms: int


class LeaseBook:
    """Who holds how much of which key."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[tuple[str, str], _Held] = {}  # (key, worker)
        self._started_ms = clock.now_ms()

    def lease(self, request: LeaseRequest, worker: str) -> Lease:
        """Settle, then grant as much of what is asked as the ceiling leaves. Raises NotFound for an unknown key."""
        key_id = request.key_id
        now = self._clock.now_ms()
        with self._lock, self._db.begin() as tx:
            limits = _limits(tx, key_id)
            day, minute = _day(now), _minute(now)
            self._settle(tx, request, worker, day)
            self._expire(tx, key_id, now)
            ends = min(now + LEASE_MS, (now // DAY_MS + 1) * DAY_MS + SAFETY_MS)
            usd, requests = request.usd, request.requests
            if limits.usd_per_day > 0:
                usd = self._grant_usd(tx, key_id, usd, limits.usd_per_day, day, now)
            if limits.requests_per_minute > 0:
                ends = min(ends, (now // MINUTE_MS + 1) * MINUTE_MS + SAFETY_MS)
                requests = _grant_requests(tx, self._db, key_id, requests, limits.requests_per_minute, minute)
            if limits.usd_per_day > 0 or limits.requests_per_minute > 0:
                held_usd = usd if limits.usd_per_day > 0 else 0.0
                self._held[(key_id, worker)] = _Held(
                    usd=held_usd, requests=requests, day=day, minute=minute, expires_ms=ends
                )
        return Lease(granted_usd=usd, granted_requests=requests, expires_ms=ends)

    def forget_old(self) -> None:
        """Drop the minutes that are over."""
        before = _minute(self._clock.now_ms() - 60 * MINUTE_MS)
        with self._db.begin() as tx:
            tx.execute(delete(spend).where(spend.c.period.like("%T%"), spend.c.period < before))

    def _settle(self, tx: Connection, request: LeaseRequest, worker: str, day: str) -> None:
        """Count what was spent; the worker's lease before is over with it, and what was left of it returns."""
        held = self._held.pop((request.key_id, worker), None)
        settled = request.settle
        if held is not None:
            day = held.day
            _add(tx, self._db, request.key_id, day, leased_usd=-held.usd)
            left = held.requests - settled.requests
            if left > 0:
                _add(tx, self._db, request.key_id, held.minute, requests=-left)
        if settled.usd or settled.requests or settled.tokens:
            _add(
                tx, self._db, request.key_id, day,
                usd=settled.usd, requests=settled.requests, tokens=settled.tokens,
            )  # fmt: skip

    def _expire(self, tx: Connection, key_id: str, now: int) -> None:
        """Take back what expired: its worker is gone, so its records say what it spent."""
        for place, held in list(self._held.items()):
            if place[0] == key_id and held.expires_ms <= now:
                del self._held[place]
                _add(tx, self._db, key_id, held.day, leased_usd=-held.usd)
                _count_recorded(tx, self._db, key_id, held.day)

    def _grant_usd(self, tx: Connection, key_id: str, asked: float, ceiling: float, day: str, now: int) -> float:
        used, leased = _spent(tx, key_id, day)
        known = sum(held.usd for (key, _), held in self._held.items() if key == key_id and held.day == day)
        if (
            now >= self._started_ms + LEASE_MS + SAFETY_MS and leased > known + 1e-9
        ):  # of before a restart: expired by now
            _add(tx, self._db, key_id, day, leased_usd=known - leased)
            _count_recorded(tx, self._db, key_id, day)
            used, leased = _spent(tx, key_id, day)
        granted = max(0.0, min(asked, ceiling - used - leased))
        if granted > 0:
            _add(tx, self._db, key_id, day, leased_usd=granted)
        return granted


def _limits(tx: Connection, key_id: str) -> Limits:
    found = keys.limits_of(tx, key_id)
    if found is None:
        raise NotFound("key_unknown", f"there is no key {key_id[:60]!r}", where="lease")
    return found


def _spent(tx: Connection, key_id: str, day: str) -> tuple[float, float]:
    used = tx.execute(select(spend.c.usd).where(spend.c.account == key_id, spend.c.period == day)).scalar_one_or_none()
    at = (lease_table.c.account == key_id, lease_table.c.holder == day)
    leased = tx.execute(select(lease_table.c.usd).where(*at)).scalar_one_or_none()
    return float(used or 0.0), max(0.0, float(leased or 0.0))


def _grant_requests(tx: Connection, db: Database, key_id: str, asked: int, ceiling: int, minute: str) -> int:
    at = (spend.c.account == key_id, spend.c.period == minute)
    granted = int(tx.execute(select(spend.c.requests).where(*at)).scalar_one_or_none() or 0)
    allowed = max(0, min(asked, ceiling - granted))
    if allowed:
        _add(tx, db, key_id, minute, requests=allowed)
    return allowed


def _add(
    tx: Connection,
    db: Database,
    key_id: str,
    day: str,
    *,
    usd: float = 0.0,
    requests: int = 0,
    tokens: int = 0,
    leased_usd: float = 0.0,
) -> None:
    row = {"account": key_id, "period": day, "usd": usd, "requests": requests, "tokens": tokens}
    sums.add(tx, spend, [row], ("usd", "requests", "tokens"))
    if leased_usd:
        sums.add(tx, lease_table, [{"account": key_id, "holder": day, "usd": leased_usd}], ("usd",))


def _count_recorded(tx: Connection, db: Database, key_id: str, day: str) -> None:
    """Settled is at least what the drained records of the day cost."""
    start = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)
    query = select(func.sum(inference.c.cost_usd)).where(
        inference.c.key_id == key_id, inference.c.started_ms >= start, inference.c.started_ms < start + DAY_MS
    )
    recorded = float(tx.execute(query).scalar_one_or_none() or 0.0)
    used, _ = _spent(tx, key_id, day)
    if recorded > used:
        _add(tx, db, key_id, day, usd=recorded - used)


def _day(now_ms: int) -> str:
    return datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y-%m-%d")


def _minute(now_ms: int) -> str:
    return datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M")
