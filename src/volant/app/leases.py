"""Leases: ceilings shared out to the gateways' workers, so that the sum never passes them.

A worker asks for a part of each account that its requests stand on, spends it by itself, tells what it spent (as a
total), and asks again. All that is known of a lease stands in the store, so that control may be killed, and so that
several machines share one PostgreSQL: who changes an account holds the lock of its row of `spend`, and accounts are
taken in the order of their names.

    usd, tokens           granted ≤ the day's (and month's) ceiling − spent − what others hold
    requests, tokens      of a UTC minute: granted within it, and no such lease is used beyond it (a gateway stops
                          SAFETY_MS before the end that it is told)
    slots                 granted ≤ ceiling − what others hold

A lease that is not renewed returns when it expires; then what its holder spent is what its drained records say
(traces/usage.py adds them up in the lease's row), also those that come later still. Leases of workers of this place
wait for the drain; those of another machine for `FOREIGN_MS`. Locks are taken in one order, account by account: its row
of `spend`, then its leases by holder. The drain locks leases alone, in that order.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, and_, collate, delete, or_, select, update

from volant.app.sharing import share
from volant.core.accounts import DAY_MS, EVER, MINUTE_MS, day_of, minute_of, month_of
from volant.core.clock import Clock
from volant.core.leasing import AccountAsk, Amount, Lease, LeaseAnswer, LeaseRequest
from volant.core.nouns import Limits
from volant.gateway.accounts import SAFETY_MS
from volant.registry.ceilings import CeilingBook
from volant.store import sums
from volant.store.database import Database
from volant.store.place import seat_of
from volant.store.tables import lease as leases
from volant.store.tables import spend

LEASE_MS = 30_000
RESTART_MS = 10_000  # after a start of control its workers have so long to come back
FOREIGN_MS = 120_000  # a machine that is silent for so long beyond its leases is gone
Row = dict[str, Any]


class LeaseBook:
    """Who holds how much of which account."""

    def __init__(
        self, db: Database, clock: Clock, *, place: str = "", drained_ms: Callable[[], int] | None = None
    ) -> None:
        """`place` is this machine's (store/place.py); empty: there is only one. `drained_ms`: when the last complete
        drain of this place's spools began; a lease is not taken back before its holder's records are in."""
        self._db = db
        self._clock = clock
        self._place = place
        self._drained_ms = drained_ms
        self._ceilings = CeilingBook()
        self._lock = threading.Lock()  # of what is kept in memory; what is in the store has its own locks
        self._started_ms = clock.now_ms()

    def lease(self, request: LeaseRequest, holder: str) -> LeaseAnswer:
        """Settle, then grant as much of what is asked as the ceilings leave; of an unknown account nothing."""
        now = self._clock.now_ms()
        granted: dict[str, Lease] = {}
        with self._db.begin() as tx:
            with self._lock:
                limits = {ask.account: self._ceilings.limits_of(tx, ask.account) for ask in request.asks}
            for ask in sorted(request.asks, key=lambda one: one.account):
                known = limits[ask.account]
                granted[ask.account] = self._one(tx, ask, known, holder, now) if known is not None else Lease()
        return LeaseAnswer(leases=tuple(granted[ask.account] for ask in request.asks))

    def take_back(self) -> int:
        """Let every lease return that is over, asked for or not; how many did."""
        now = self._clock.now_ms()
        with self._db.read() as tx:
            over = and_(leases.c.ended == 0, leases.c.expires_ms <= now)
            old = select(leases.c.account).where(or_(over, _LATE)).distinct()
            accounts = sorted(tx.execute(old).scalars())
        done = 0
        for account in accounts:
            with self._db.begin() as tx:
                self._hold(tx, account)
                done += self._take_back(tx, account, _rows(tx, account, ""), "", now)
        return done

    def forget_old(self) -> None:
        """Drop the minutes that are over, and holders that have been gone for a day."""
        now = self._clock.now_ms()
        with self._db.begin() as tx:
            before = minute_of(now - 60 * MINUTE_MS)
            tx.execute(delete(spend).where(spend.c.period.like("%T%"), spend.c.period < before))
            tx.execute(delete(leases).where(leases.c.ended == 1, leases.c.expires_ms < now - DAY_MS))

    # ------------------------------------------------------------ one account
    def _one(self, tx: Connection, ask: AccountAsk, limits: Limits, holder: str, now: int) -> Lease:
        self._hold(tx, ask.account)
        day, minute = day_of(now), minute_of(now)
        rows = _rows(tx, ask.account, holder)
        own = next((row for row in rows if row["holder"] == holder), None)
        others = [row for row in rows if row["holder"] != holder]
        self._take_back(tx, ask.account, others, holder, now)
        counted = _settle(tx, ask, own, day)
        spent = _spent(tx, ask.account, day, minute)
        same = own is not None and own["minute"] == minute
        before = (own["requests"], own["minute_tokens"]) if own is not None and same else (0, 0)
        used = (ask.used_requests, ask.used_minute_tokens) if ask.minute == minute else (0, 0)
        kept = ask.kept
        if ask.minute != minute:
            kept = Amount(usd=kept.usd, tokens=kept.tokens, slots=kept.slots)
        taken = _taken(spent, others, day, minute)
        taken["requests_per_minute"] += used[0] - before[0]
        taken["tokens_per_minute"] += used[1] - before[1]
        grant, rest, short = share(limits, taken, kept, ask.least, ask.most)
        requests, tokens = used[0] + grant.requests, used[1] + grant.minute_tokens
        _begin(tx, ask.account, minute, requests - before[0], tokens - before[1])
        held = {
            "usd": grant.usd, "tokens": grant.tokens, "slots": grant.slots, "requests": requests,
            "minute_tokens": tokens, "minute": minute, "day": day, "expires_ms": _ends(limits, now), "ended": 0,
            "told_usd": ask.told_usd, "told_tokens": ask.told_tokens, **counted,
        }  # fmt: skip
        at = {"account": ask.account, "holder": holder}
        if own is None:
            tx.execute(leases.insert().values(**at, **held))
        else:
            tx.execute(update(leases).where(*(leases.c[name] == value for name, value in at.items())).values(**held))
        return Lease(granted=grant, rest=rest, short=short, minute=minute, expires_ms=held["expires_ms"])

    def _hold(self, tx: Connection, account: str) -> None:
        """Whoever changes an account comes by here. SQLite has one writer anyway."""
        self._db.insert_ignore(tx, spend, [{"account": account, "period": EVER}])
        tx.execute(select(spend.c.usd).where(spend.c.account == account, spend.c.period == EVER).with_for_update())

    def _take_back(self, tx: Connection, account: str, rows: list[Row], holder: str, now: int) -> int:
        """Take what is over out of the rows: its worker is gone, so its records say what it spent."""
        done = 0
        for row in list(rows):
            at = (leases.c.account == account, leases.c.holder == row["holder"])
            if row["ended"]:
                _count_ended(tx, row)
                rows.remove(row)
            elif self._is_over(row, now):
                tx.execute(update(leases).where(*at).values(usd=0.0, tokens=0, slots=0, ended=1))
                _count_ended(tx, row)
                rows.remove(row)
                done += 1
            elif row["slots"] and holder and seat_of(row["holder"]) == seat_of(holder):
                # one process sits there at a time: the one before is dead, and so are its requests
                tx.execute(update(leases).where(*at).values(slots=0))
                row["slots"] = 0
        return done

    def _is_over(self, row: Row, now: int) -> bool:
        """Expired, and its holder had every occasion to renew it and to have its records drained."""
        expires = int(row["expires_ms"])
        if self._place and not row["holder"].startswith(f"{self._place}."):
            return now >= expires + FOREIGN_MS
        if now < max(expires, self._started_ms + RESTART_MS):
            return False
        return self._drained_ms is None or self._drained_ms() >= expires


def count(tx: Connection, account: str, day: str, usd: float, tokens: int) -> None:
    """Spent is spent: of the day, of its month, and ever."""
    rows = [
        {"account": account, "period": period, "usd": usd, "requests": 0, "tokens": tokens}
        for period in (EVER, month_of(day), day)
    ]
    sums.add(tx, spend, rows, ("usd", "tokens"))


_LATE = and_(  # records came after their holder had gone
    leases.c.ended == 1,
    or_(leases.c.recorded_usd > leases.c.counted_usd, leases.c.recorded_tokens > leases.c.counted_tokens),
)


def _rows(tx: Connection, account: str, holder: str) -> list[Row]:
    """The leases of an account that are not over or do not count whole, and the holder's own in any case; locked."""
    which = or_(leases.c.ended == 0, _LATE, leases.c.holder == holder)
    by_bytes = collate(leases.c.holder, "C") if tx.dialect.name == "postgresql" else leases.c.holder  # as Python sorts
    query = select(leases).where(leases.c.account == account, which).order_by(by_bytes).with_for_update()
    return [dict(row) for row in tx.execute(query).mappings()]


def _count_ended(tx: Connection, row: Row) -> None:
    """Let the records of a holder that is gone count, as far as it did not tell what they cost."""
    usd, tokens = max(0.0, row["recorded_usd"] - row["counted_usd"]), row["recorded_tokens"] - row["counted_tokens"]
    tokens = max(0, tokens)
    if not usd and not tokens:
        return
    at = (leases.c.account == row["account"], leases.c.holder == row["holder"])
    counted = {"counted_usd": row["counted_usd"] + usd, "counted_tokens": row["counted_tokens"] + tokens}
    tx.execute(update(leases).where(*at).values(**counted))
    count(tx, row["account"], row["day"], usd, tokens)


def _settle(tx: Connection, ask: AccountAsk, own: Row | None, day: str) -> dict[str, Any]:
    """Count what was told beyond what counts already; gives the new totals."""
    usd, tokens = (own["counted_usd"], own["counted_tokens"]) if own is not None else (0.0, 0)
    more_usd, more_tokens = max(0.0, ask.told_usd - usd), max(0, ask.told_tokens - tokens)
    if more_usd or more_tokens:
        count(tx, ask.account, own["day"] if own is not None and own["day"] else day, more_usd, more_tokens)
    return {"counted_usd": usd + more_usd, "counted_tokens": tokens + more_tokens}


def _spent(tx: Connection, account: str, day: str, minute: str) -> dict[str, Row]:
    periods = (month_of(day), day, minute)
    query = select(spend).where(spend.c.account == account, spend.c.period.in_(periods))
    found = {row["period"]: dict(row) for row in tx.execute(query).mappings()}
    return {period: found.get(period, {"usd": 0.0, "requests": 0, "tokens": 0}) for period in periods}


def _taken(spent: dict[str, Row], others: Sequence[Row], day: str, minute: str) -> dict[str, float]:
    """Of each limit, what is spent and what others hold. A lease of yesterday is paid from yesterday's budget."""
    month = month_of(day)
    today = [row for row in others if row["day"] == day]
    lately = [row for row in others if month_of(row["day"]) == month]
    return {
        "usd_per_day": spent[day]["usd"] + sum(row["usd"] for row in today),
        "usd_per_month": spent[month]["usd"] + sum(row["usd"] for row in lately),
        "tokens_per_day": spent[day]["tokens"] + sum(row["tokens"] for row in today),
        "tokens_per_month": spent[month]["tokens"] + sum(row["tokens"] for row in lately),
        "requests_per_minute": spent[minute]["requests"],
        "tokens_per_minute": spent[minute]["tokens"],
        "concurrent": sum(row["slots"] for row in others),
    }


def _begin(tx: Connection, account: str, minute: str, requests: int, tokens: int) -> None:
    """Of a minute what is granted counts; what comes back unused does not."""
    if requests or tokens:
        row = {"account": account, "period": minute, "usd": 0.0, "requests": requests, "tokens": tokens}
        sums.add(tx, spend, [row], ("requests", "tokens"))


def _ends(limits: Limits, now: int) -> int:
    """No lease reaches beyond its day; one of rates not beyond its minute."""
    ends = min(now + LEASE_MS, (now // DAY_MS + 1) * DAY_MS + SAFETY_MS)
    if limits.requests_per_minute or limits.tokens_per_minute:
        ends = min(ends, (now // MINUTE_MS + 1) * MINUTE_MS + SAFETY_MS)
    return ends
