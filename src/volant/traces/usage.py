"""Usage: who spends, summed a UTC day for keys, the project, tasks and models; and what workers spent by their records.

Written in the transaction that writes the inferences, for new ones only (`ingest` knows which), so that a record which
comes again counts once. Sums hold nothing about a person: an erasure leaves them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from volant.core.accounts import account_of, day_of
from volant.core.nouns import InferenceRecord
from volant.store import sums
from volant.store.database import mark_of, one_of
from volant.store.tables import usage
from volant.traces.alike import Alike, Groups, failed

_SUMS = ("requests", "errors", "cache_hits", "input_tokens", "output_tokens", "cost_usd", "saved_usd")


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What one key, task or model, or the project, used in some days."""

    name: str  # the key's id, the task's or model's name; empty for the project
    day: str = ""  # where use is given by day
    requests: int
    errors: int
    cache_hits: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    saved_usd: float


@dataclass(slots=True, kw_only=True)
class _Sum:
    """What a group of inferences, or the calls of a model in it, used."""

    requests: int = 0
    errors: int = 0
    cache_hits: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    saved_usd: float = 0.0

    def add(self, more: _Sum) -> None:
        self.requests += more.requests
        self.errors += more.errors
        self.cache_hits += more.cache_hits
        self.input_tokens += more.input_tokens
        self.output_tokens += more.output_tokens
        self.cost_usd += more.cost_usd
        self.saved_usd += more.saved_usd


_Used = tuple[Alike, _Sum, dict[str, _Sum]]  # a group, what it used, and what each model used in it


def grow(tx: Connection, groups: Groups) -> None:
    """Count new inferences."""
    used = [_used(one, records) for one, records in groups.items()]
    sums.add(tx, usage, _rows(used), _SUMS)
    _tell_leases(tx, _spent(used, _accounts_of_keys(tx, used)))


def by_name(tx: Connection, project: str, over: str, *, since_day: str, limit: int = 100) -> list[Use]:
    """Who used most since a day, dearest first."""
    totals = [func.sum(usage.c[name]).label(name) for name in _SUMS]
    query = (
        select(usage.c.name, *totals)
        .where(usage.c.project == project, usage.c.over == over, usage.c.day >= since_day)
        .group_by(usage.c.name)
        .order_by(func.sum(usage.c.cost_usd).desc(), func.sum(usage.c.requests).desc(), usage.c.name)
        .limit(limit)
    )
    return [_use(row) for row in tx.execute(query).mappings()]


def by_day(tx: Connection, project: str, over: str, *, since_day: str, names: Sequence[str] | None = None) -> list[Use]:
    """Day by day since a day, oldest first: of those named, or (`names` None) of all together."""
    query = select(usage.c.day, *(func.sum(usage.c[one]).label(one) for one in _SUMS)).where(
        usage.c.project == project, usage.c.over == over, usage.c.day >= since_day
    )
    if names is not None:
        query = query.where(usage.c.name.in_(names))
    rows = tx.execute(query.group_by(usage.c.day).order_by(usage.c.day)).mappings()
    return [_use({**row, "name": names[0] if names else ""}) for row in rows]


def _use(row: Any) -> Use:
    return Use(
        name=row["name"],
        day=row.get("day", ""),
        requests=int(row["requests"]),
        errors=int(row["errors"]),
        cache_hits=int(row["cache_hits"]),
        input_tokens=int(row["input_tokens"]),
        output_tokens=int(row["output_tokens"]),
        cost_usd=float(row["cost_usd"]),
        saved_usd=float(row["saved_usd"]),
    )


def _used(one: Alike, records: Sequence[InferenceRecord]) -> _Used:
    count = len(records)
    tokens = [tokens_of(record) for record in records]
    total = _Sum(
        requests=count,
        errors=count * one.failed,
        cache_hits=count * bool(one.cache),
        input_tokens=sum(used_in for used_in, _ in tokens),
        output_tokens=sum(used_out for _, used_out in tokens),
        cost_usd=sum(record.cost_usd for record in records),
        saved_usd=sum(record.saved_usd for record in records),
    )
    models: dict[str, _Sum] = {}
    for record in records:
        for call in record.calls:
            row = models.get(call.model)
            if row is None:
                row = models[call.model] = _Sum()
            row.requests += 1
            row.errors += failed(call.status, call.error_code)
            row.input_tokens += call.input_tokens
            row.output_tokens += call.output_tokens
            row.cost_usd += call.cost_usd
    return one, total, models


def _rows(used: Iterable[_Used]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str, str, str], _Sum] = {}
    for one, total, models in used:
        day = day_of(one.minute_ms)
        parts = [("key", one.key_id, total), ("project", "", total), ("task", one.task, total)]
        for over, name, more in (*parts, *(("model", model, part) for model, part in models.items())):
            if name or over == "project":
                found.setdefault((one.project, day, over, name), _Sum()).add(more)
    return [
        {"project": project, "day": day, "over": over, "name": name} | {one: getattr(total, one) for one in _SUMS}
        for (project, day, over, name), total in found.items()
    ]


def tokens_of(record: InferenceRecord) -> tuple[int, int]:
    """(input, output) of all its calls: repeated ones are paid for too. Nothing for an answer from the cache."""
    if len(record.calls) == 1:
        return record.calls[0].input_tokens, record.calls[0].output_tokens
    if record.calls:
        return sum(call.input_tokens for call in record.calls), sum(call.output_tokens for call in record.calls)
    return (0, 0) if record.cache else (record.input_tokens, record.output_tokens)


# ---------------------------------------------------------------- leases
def _tell_leases(tx: Connection, spent: Mapping[tuple[str, str], tuple[float, int]]) -> None:
    """What workers spent by their records. Locks rows of `lease` only, in their order: what counts of it against the
    ceilings is for those who hold an account's lock to say (app/leases.py)."""
    if not spent:
        return
    mark = mark_of(tx)
    grown = f"recorded_usd = recorded_usd + {mark}, recorded_tokens = recorded_tokens + {mark}"
    rows = [(*more, *at) for at, more in sorted(spent.items())]
    tx.exec_driver_sql(f"UPDATE lease SET {grown} WHERE account = {mark} AND holder = {mark}", rows)


def _accounts_of_keys(tx: Connection, used: Iterable[_Used]) -> dict[str, str]:
    """Key -> account, of those keys that came in another's place."""
    names = sorted({one.key_id for one, _, _ in used if one.holder and one.key_id})
    if not names:
        return {}
    among, values = one_of(tx, names)
    found = tx.exec_driver_sql(f"SELECT id, account FROM api_key WHERE account <> id AND id{among}", (values,))
    return {row[0]: row[1] for row in found}


def _spent(used: Iterable[_Used], accounts: Mapping[str, str]) -> dict[tuple[str, str], tuple[float, int]]:
    """(account, holder) -> (US dollars, tokens), of every account that a record may stand on."""
    spent: dict[tuple[str, str], tuple[float, int]] = {}
    for one, total, models in used:
        if not one.holder:
            continue
        key = accounts.get(one.key_id, one.key_id)
        parts = [("key", key, total), ("project", "", total), ("task", one.task, total)]
        for over, name, more in (*parts, *(("model", model, part) for model, part in models.items())):
            at = (account_of(over, one.project, name), one.holder)
            usd, tokens = spent.get(at, (0.0, 0))
            spent[at] = (usd + more.cost_usd, tokens + more.input_tokens + more.output_tokens)
    return spent
