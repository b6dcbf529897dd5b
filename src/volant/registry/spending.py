"""Spending: how far each ceiling of a project is used, what is leased, and where it goes if it goes on like this.

Reads what leases wrote (store: `spend`, `lease`); grants nothing. Use without ceilings is in traces/usage.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from volant.core.accounts import (
    DAY_MS,
    MINUTE_MS,
    Over,
    day_of,
    end_of_day,
    end_of_month,
    minute_of,
    month_of,
    parts_of,
    start_of,
)
from volant.core.nouns import Limits
from volant.registry import keys, projects
from volant.registry.ceilings import limits_in
from volant.store.tables import lease, spend

_EARLY = 0.02  # of a period: before that a projection says nothing
_AT_ONCE = 500  # accounts of one query
Row = dict[str, Any]


class Burn(msgspec.Struct, frozen=True, kw_only=True):
    """One ceiling. In its own unit: US dollars, tokens or requests."""

    limit: str  # as `Limits` names it
    ceiling: float
    used: float  # settled in this period; requests under way for `concurrent`
    leased: float  # held by workers, and not settled
    left: float  # what could still be granted
    projected: float | None  # at the period's end, if it goes on so; None where there is no telling
    ends_ms: int  # when it frees; 0: with every answer


class Burning(msgspec.Struct, frozen=True, kw_only=True):
    """All ceilings of one key, project, task or model."""

    over: Over
    name: str  # of a key its id
    title: str  # as people call it
    burns: tuple[Burn, ...]


def burning(tx: Connection, project: str, *, now_ms: int, over: str = "") -> list[Burning]:
    """Every account of the project that has limits: of usable keys, by the newest of each, then what `[[limits]]`
    names."""
    newest = {key.account: key for key in keys.list_keys(tx, project) if key.usable(now_ms)}
    found = [(account, key.id, key.name, key.limits) for account, key in newest.items()]
    found += [(account, parts_of(account)[2], "", limits) for account, limits in limits_in(tx, project).items()]
    found = [one for one in found if one[3] != Limits() and (not over or parts_of(one[0])[0] == over)]
    spent, held = _books(tx, [account for account, *_ in found], now_ms)
    out = []
    for account, name, title, limits in found:
        burns = tuple(_burns(limits, spent.get(account, {}), held.get(account, []), now_ms))
        out.append(Burning(over=parts_of(account)[0], name=name, title=title or name or project, burns=burns))
    return out


def _books(tx: Connection, accounts: Sequence[str], now: int) -> tuple[dict[str, dict[str, Row]], dict[str, list[Row]]]:
    """Of each account what is spent by period, and the leases that are not over."""
    day = day_of(now)
    periods = (day, month_of(day), minute_of(now))
    spent: dict[str, dict[str, Row]] = {}
    held: dict[str, list[Row]] = {}
    for at in range(0, len(accounts), _AT_ONCE):
        some = accounts[at : at + _AT_ONCE]
        for row in tx.execute(select(spend).where(spend.c.account.in_(some), spend.c.period.in_(periods))).mappings():
            spent.setdefault(row["account"], {})[row["period"]] = dict(row)
        for row in tx.execute(select(lease).where(lease.c.account.in_(some), lease.c.ended == 0)).mappings():
            held.setdefault(row["account"], []).append(dict(row))
    return spent, held


def _burns(limits: Limits, spent: dict[str, Row], held: list[Row], now: int) -> Iterator[Burn]:
    for name in Limits.__struct_fields__:
        ceiling = getattr(limits, name)
        if not ceiling:
            continue
        if name == "concurrent":
            slots = sum(row["slots"] for row in held)
            yield Burn(limit=name, ceiling=ceiling, used=0, leased=slots, left=max(0, ceiling - slots), projected=None,
                       ends_ms=0)  # fmt: skip
            continue
        yield _of_period(name, float(ceiling), spent, held, now)


def _of_period(name: str, ceiling: float, spent: dict[str, Row], held: list[Row], now: int) -> Burn:
    day = day_of(now)
    what, _, length = name.partition("_per_")
    period, begins, ends = {
        "minute": (minute_of(now), now - now % MINUTE_MS, now - now % MINUTE_MS + MINUTE_MS),
        "day": (day, now - now % DAY_MS, end_of_day(now)),
        "month": (month_of(day), start_of(month_of(day)), end_of_month(now)),
    }[length]
    used = float(spent[period][what]) if period in spent else 0.0
    leased = 0.0
    if length != "minute":  # of a minute, what is granted counts as used
        leased = float(sum(row[what] for row in held if row["day"].startswith(period)))
    gone = (now - begins) / (ends - begins)
    projected = used / gone if length != "minute" and gone >= _EARLY else None
    left = max(0.0, ceiling - used - leased)
    return Burn(limit=name, ceiling=ceiling, used=used, leased=leased, left=left, projected=projected, ends_ms=ends)


def gauges_of(tx: Connection, *, now_ms: int) -> list[tuple[tuple[str, str, str, str], float, float]]:
    """Every ceiling of every project as metrics want it: (project, over, name, kind), the ceiling, what is spent or
    held of it. A key goes by its id."""
    return [
        ((project.id, one.over, one.name, burn.limit), burn.ceiling, burn.used + burn.leased)
        for project in projects.list_all(tx)
        for one in burning(tx, project.id, now_ms=now_ms)
        for burn in one.burns
    ]
