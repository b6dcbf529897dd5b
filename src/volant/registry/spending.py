"""Spending: how far each ceiling of a project is used, what is leased, and where it goes if it goes on like this.

Reads what leases wrote (store: `spend`, `lease`); grants nothing. Use without ceilings is in traces/usage.py.
"""

from __future__ import annotations

from collections.abc import Iterator
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
from volant.registry import keys
from volant.registry.ceilings import limits_in
from volant.store.tables import lease, spend

_EARLY = 0.02  # of a period: before that a projection says nothing


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
    """Every account of the project that has limits: keys that are not revoked, then what `[[limits]]` names."""
    found: list[tuple[str, str, Limits]] = [
        (key.id, key.name, key.limits) for key in keys.list_keys(tx, project) if key.usable(now_ms)
    ]
    found += [(account, "", limits) for account, limits in limits_in(tx, project).items()]
    out = []
    for account, title, limits in found:
        kind, _, name = parts_of(account)
        if limits == Limits() or (over and kind != over):
            continue
        burns = tuple(_burns(tx, account, limits, now_ms))
        out.append(Burning(over=kind, name=name, title=title or name or project, burns=burns))
    return out


def _burns(tx: Connection, account: str, limits: Limits, now: int) -> Iterator[Burn]:
    day, minute = day_of(now), minute_of(now)
    periods = (day, month_of(day), minute)
    query = select(spend).where(spend.c.account == account, spend.c.period.in_(periods))
    spent = {row["period"]: row for row in tx.execute(query).mappings()}
    held = list(tx.execute(select(lease).where(lease.c.account == account, lease.c.ended == 0)).mappings())
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


def _of_period(name: str, ceiling: float, spent: dict[str, Any], held: list[Any], now: int) -> Burn:
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
