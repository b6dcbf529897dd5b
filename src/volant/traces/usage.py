"""Usage: who spends, summed a UTC day for keys, the project, tasks and models; and what workers spent by their records.

Written in the transaction that writes the inferences, for new ones only (`ingest` knows which), so that a record which
comes again counts once. Sums hold nothing about a person: an erasure leaves them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select, update

from volant.core.accounts import EVER, account_of, day_of, month_of
from volant.core.nouns import InferenceRecord
from volant.store import sums
from volant.store.tables import lease, spend, usage
from volant.traces.rollups import failed

DAY_MS = 86_400_000
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


def grow(tx: Connection, records: Sequence[InferenceRecord]) -> None:
    """Count new inferences."""
    sums.add(tx, usage, _rows(records), _SUMS)
    _tell_leases(tx, records)


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


def by_day(tx: Connection, project: str, over: str, *, since_day: str, name: str | None = None) -> list[Use]:
    """Day by day since a day, oldest first: of one, or (`name` None) of all together."""
    query = select(usage.c.day, *(func.sum(usage.c[one]).label(one) for one in _SUMS)).where(
        usage.c.project == project, usage.c.over == over, usage.c.day >= since_day
    )
    if name is not None:
        query = query.where(usage.c.name == name)
    rows = tx.execute(query.group_by(usage.c.day).order_by(usage.c.day)).mappings()
    return [_use({**row, "name": name or ""}) for row in rows]


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


def _rows(records: Iterable[InferenceRecord]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str, str, str], dict[str, Any]] = {}

    def at(project: str, day: str, over: str, name: str) -> dict[str, Any]:
        key = (project, day, over, name)
        if key not in found:
            found[key] = {"project": project, "day": day, "over": over, "name": name, **dict.fromkeys(_SUMS, 0)}
        return found[key]

    by_caller: dict[tuple[str, int, str, str], dict[str, Any]] = {}  # summed once, then given to key, project and task
    for record in records:
        used_in, used_out = tokens_of(record)
        caller = (record.project, record.started_ms // DAY_MS, record.key_id, record.task)
        row = by_caller.get(caller)
        if row is None:
            row = by_caller[caller] = {"day": day_of(record.started_ms), **dict.fromkeys(_SUMS, 0)}
        row["requests"] += 1
        row["errors"] += failed(record.status, record.error_code)
        row["cache_hits"] += bool(record.cache)
        row["input_tokens"] += used_in
        row["output_tokens"] += used_out
        row["cost_usd"] += record.cost_usd
        row["saved_usd"] += record.saved_usd
        for call in record.calls:
            if not call.model:
                continue
            row = at(record.project, by_caller[caller]["day"], "model", call.model)
            row["requests"] += 1
            row["errors"] += failed(call.status, call.error_code)
            row["input_tokens"] += call.input_tokens
            row["output_tokens"] += call.output_tokens
            row["cost_usd"] += call.cost_usd
    for (project, _, key_id, task), used in by_caller.items():
        for over, name in (("key", key_id), ("project", ""), ("task", task)):
            if name or over == "project":
                row = at(project, used["day"], over, name)
                for field in _SUMS:
                    row[field] += used[field]
    return list(found.values())


def tokens_of(record: InferenceRecord) -> tuple[int, int]:
    """(input, output) of all its calls: repeated ones are paid for too. Nothing for an answer from the cache."""
    if len(record.calls) == 1:
        return record.calls[0].input_tokens, record.calls[0].output_tokens
    if record.calls:
        return sum(call.input_tokens for call in record.calls), sum(call.output_tokens for call in record.calls)
    return (0, 0) if record.cache else (record.input_tokens, record.output_tokens)


# ---------------------------------------------------------------- leases
def _tell_leases(tx: Connection, records: Sequence[InferenceRecord]) -> None:
    """What workers spent by their records. Of a holder that is gone it counts at once (see app/leases.py)."""
    for (account, holder), (usd, tokens) in sorted(_spent(records).items()):
        at = (lease.c.account == account, lease.c.holder == holder)
        grown = {"recorded_usd": lease.c.recorded_usd + usd, "recorded_tokens": lease.c.recorded_tokens + tokens}
        if tx.execute(update(lease).where(*at).values(**grown)).rowcount:
            count_ended(tx, account, holder)


def count_ended(tx: Connection, account: str, holder: str) -> None:
    """Let the records of a holder that is gone count, as far as it did not tell what they cost."""
    at = (lease.c.account == account, lease.c.holder == holder)
    row = tx.execute(select(lease).where(*at, lease.c.ended == 1).with_for_update()).one_or_none()
    if row is None:
        return
    usd, tokens = max(0.0, row.recorded_usd - row.counted_usd), max(0, row.recorded_tokens - row.counted_tokens)
    if not usd and not tokens:
        return
    grown = {"counted_usd": row.counted_usd + usd, "counted_tokens": row.counted_tokens + tokens}
    tx.execute(update(lease).where(*at).values(**grown))
    rows = [
        {"account": account, "period": period, "usd": usd, "requests": 0, "tokens": tokens}
        for period in (EVER, month_of(row.day), row.day)
    ]
    sums.add(tx, spend, rows, ("usd", "tokens"))


def _spent(records: Iterable[InferenceRecord]) -> dict[tuple[str, str], tuple[float, int]]:
    """(account, holder) -> (US dollars, tokens), of every account that a record may stand on."""
    callers: dict[tuple[str, str, str, str], tuple[float, int]] = {}  # summed once, then given to key, project and task
    models: dict[tuple[str, str, str], tuple[float, int]] = {}
    for record in records:
        if not record.holder:
            continue
        caller = (record.holder, record.project, record.key_id, record.task)
        usd, tokens = callers.get(caller, (0.0, 0))
        used_in, used_out = tokens_of(record)
        callers[caller] = (usd + record.cost_usd, tokens + used_in + used_out)
        for call in record.calls:
            model = (record.holder, record.project, call.model)
            usd, tokens = models.get(model, (0.0, 0))
            models[model] = (usd + call.cost_usd, tokens + call.input_tokens + call.output_tokens)
    spent: dict[tuple[str, str], tuple[float, int]] = {}

    def add(over: str, project: str, name: str, holder: str, more: tuple[float, int]) -> None:
        account = account_of(over, project, name)
        usd, tokens = spent.get((account, holder), (0.0, 0))
        spent[account, holder] = (usd + more[0], tokens + more[1])

    for (holder, project, key_id, task), more in callers.items():
        for over, name in (("key", key_id), ("project", ""), ("task", task)):
            add(over, project, name, holder, more)
    for (holder, project, name), more in models.items():
        add("model", project, name, holder, more)
    return spent
