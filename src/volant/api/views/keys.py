"""Keys and budgets: what each key may do, how far each ceiling is used, who spends; and one budget's burn-down.

Keys are shown to those who manage them. Sums come from the daily usage and the leases' books; only a burn-down reads
requests, of its own period, added up in the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query
from sqlalchemy import Connection, func, select

from volant.api.access import Reads
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.core.accounts import DAY_MS, Over, day_of, month_of, start_of
from volant.core.errors import NotFound
from volant.core.nouns import Limits
from volant.registry import documents, keys, spending
from volant.store.tables import inference, model_call, rollup
from volant.store.tables import usage as usages
from volant.traces import usage

router = APIRouter(prefix="/keys", tags=["views"])
HOUR_MS = 3_600_000
TOP = 8  # spenders of each kind
Budget = Literal["usd_per_day", "usd_per_month", "tokens_per_day", "tokens_per_month"]


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One API key, never itself."""

    id: str
    name: str
    prefix: str
    scopes: tuple[str, ...]
    tasks: tuple[str, ...]  # empty: all
    operations: tuple[str, ...]  # empty: all
    direct: bool
    limits: Limits
    expires_ms: int
    revoked_ms: int
    usable: bool
    created_ms: int
    root: bool  # of the installation
    short_lived: bool  # made by a page for itself, ends by itself
    burns: tuple[spending.Burn, ...]  # its ceilings and their use; of a usable key
    requests: int  # since `since_day`
    cost_usd: float
    tokens: int


class Spender(msgspec.Struct, frozen=True, kw_only=True):
    """A key, task or model, and what it used."""

    name: str  # the key's id, the task, the model
    title: str
    requests: int
    errors: int
    cache_hits: int
    tokens: int
    cost_usd: float
    saved_usd: float
    days: list[float]  # US dollars, day by day, in the order of the view's `days`
    day_requests: list[int]


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """What the project used, day by day; days without use are zero."""

    days: list[str]  # 2026-11-23, UTC
    cost_usd: list[float]
    requests: list[int]
    tokens: list[int]


class KeysView(msgspec.Struct, frozen=True, kw_only=True):
    """The page of keys and budgets."""

    public_url: str  # of this server; empty: the one that the reader asked
    now_ms: int
    keys: list[KeyRow] | None  # newest first; None: the caller may not see them
    ceilings: list[spending.Burning]  # of the project, its tasks and models: `[[limits]]`
    tasks: list[str]
    days: Days
    top_keys: list[Spender]  # dearest first
    top_tasks: list[Spender]
    top_models: list[Spender]


class BurnPoint(msgspec.Struct, frozen=True, kw_only=True):
    """How much was used when an hour (of a month: a day) ended."""

    at_ms: int
    used: float  # since the period began


class BurnDown(msgspec.Struct, frozen=True, kw_only=True):
    """One budget in its period, UTC."""

    burn: spending.Burn
    begins_ms: int
    now_ms: int
    points: list[BurnPoint]  # the first is zero at the beginning; the last stands at now


@router.get("", summary="The page of keys and budgets: what each key may do and uses, ceilings, who spends")
def keys_page(
    caller: Reads, context: Has, days: Annotated[int, Query(ge=7, le=92)] = 30
) -> Annotated[KeysView, AsJson]:
    now_ms = context.clock.now_ms()
    since_day = day_of(now_ms - (days - 1) * DAY_MS)
    named = [day_of(now_ms - back * DAY_MS) for back in range(days - 1, -1, -1)]
    with context.db.read() as tx:
        burning = spending.burning(tx, caller.project, now_ms=now_ms)
        listed = keys.list_keys(tx, caller.project)
        titles = {key.id: key.name for key in listed}
        return KeysView(
            public_url=context.settings.public_url.rstrip("/"),
            now_ms=now_ms,
            keys=_keys(tx, caller.project, listed, burning, since_day, now_ms)
            if "keys" in caller.permissions
            else None,
            ceilings=[one for one in burning if one.over != "key"],
            tasks=[task.name for task in documents.current(tx, caller.project).documents.tasks],
            days=_days(tx, caller.project, named),
            top_keys=_top(tx, caller.project, "key", named, titles),
            top_tasks=_top(tx, caller.project, "task", named, {}),
            top_models=_top(tx, caller.project, "model", named, {}),
        )


@router.get("/burn-down", summary="One budget in its period: how it was used, hour by hour or day by day")
def burn_down(
    caller: Reads,
    context: Has,
    over: Over,
    budget: Budget,
    name: Annotated[str, Query(max_length=200, description="the key's id, the task or model; none of a project")] = "",
) -> Annotated[BurnDown, AsJson]:
    now_ms = context.clock.now_ms()
    begins = now_ms - now_ms % DAY_MS if budget.endswith("day") else start_of(month_of(day_of(now_ms)))
    with context.db.read() as tx:
        found = spending.burning(tx, caller.project, now_ms=now_ms, over=over)
        burns = [burn for one in found if one.name == name for burn in one.burns if burn.limit == budget]
        if not burns:
            raise NotFound("budget_unknown", f"there is no {budget} over {over} {name[:60]!r}", where=caller.project,
                           hint="a usable key's limits, or [[limits]] of volant.toml")  # fmt: skip
        money = budget.startswith("usd")
        grown = (
            _by_hour(tx, caller.project, over, name, begins, money)
            if budget.endswith("day")
            else _by_day(tx, caller.project, over, name, begins, money)
        )
    points, used = [BurnPoint(at_ms=begins, used=0.0)], 0.0
    length = HOUR_MS if budget.endswith("day") else DAY_MS
    for ends_ms, more in grown:
        if ends_ms - length > points[-1].at_ms:  # nothing was used before: the line is flat until then
            points.append(BurnPoint(at_ms=ends_ms - length, used=round(used, 9)))
        used += more
        if ends_ms < now_ms:
            points.append(BurnPoint(at_ms=ends_ms, used=round(used, 9)))
    points.append(BurnPoint(at_ms=now_ms, used=burns[0].used))
    return BurnDown(burn=burns[0], begins_ms=begins, now_ms=now_ms, points=points)


def _keys(
    tx: Connection,
    project: str,
    listed: Sequence[keys.ApiKey],
    burning: Sequence[spending.Burning],
    since_day: str,
    now_ms: int,
) -> list[KeyRow]:
    burns = {one.name: one.burns for one in burning if one.over == "key"}
    used = {one.name: one for one in usage.by_name(tx, project, "key", since_day=since_day, limit=5_000)}
    out = []
    for key in reversed(listed):
        use = used.get(key.id)
        out.append(
            KeyRow(
                id=key.id,
                name=key.name,
                prefix=key.prefix,
                scopes=key.scopes,
                tasks=key.tasks,
                operations=key.operations,
                direct=key.direct,
                limits=key.limits,
                expires_ms=key.expires_ms,
                revoked_ms=key.revoked_ms,
                usable=key.usable(now_ms),
                created_ms=key.created_ms,
                root=key.installation_admin,
                short_lived=key.name.startswith(keys.SHORT_LIVED),
                burns=burns.get(key.id, ()),
                requests=use.requests if use else 0,
                cost_usd=use.cost_usd if use else 0.0,
                tokens=use.input_tokens + use.output_tokens if use else 0,
            )
        )
    return out


def _days(tx: Connection, project: str, named: Sequence[str]) -> Days:
    found = {one.day: one for one in usage.by_day(tx, project, "project", since_day=named[0])}
    return Days(
        days=list(named),
        cost_usd=[found[day].cost_usd if day in found else 0.0 for day in named],
        requests=[found[day].requests if day in found else 0 for day in named],
        tokens=[found[day].input_tokens + found[day].output_tokens if day in found else 0 for day in named],
    )


def _top(tx: Connection, project: str, over: Over, named: Sequence[str], titles: dict[str, str]) -> list[Spender]:
    top = usage.by_name(tx, project, over, since_day=named[0], limit=TOP)
    query = select(usages.c.name, usages.c.day, usages.c.cost_usd, usages.c.requests).where(
        usages.c.project == project,
        usages.c.over == over,
        usages.c.day >= named[0],
        usages.c.name.in_([one.name for one in top]),
    )
    by_day = {(row.name, row.day): (float(row.cost_usd), int(row.requests)) for row in tx.execute(query)}
    return [
        Spender(
            name=one.name,
            title=titles.get(one.name) or one.name,
            requests=one.requests,
            errors=one.errors,
            cache_hits=one.cache_hits,
            tokens=one.input_tokens + one.output_tokens,
            cost_usd=one.cost_usd,
            saved_usd=one.saved_usd,
            days=[by_day.get((one.name, day), (0.0, 0))[0] for day in named],
            day_requests=[by_day.get((one.name, day), (0.0, 0))[1] for day in named],
        )
        for one in top
    ]


# ---------------------------------------------------------------- of one budget
def _by_day(tx: Connection, project: str, over: Over, name: str, begins: int, money: bool) -> list[tuple[int, float]]:
    """(end of the day, used in it), oldest first."""
    names = keys.together(tx, project, name) if over == "key" else [name]
    days = usage.by_day(tx, project, over, since_day=day_of(begins), names=names)
    return [
        (start_of(one.day) + DAY_MS, one.cost_usd if money else float(one.input_tokens + one.output_tokens))
        for one in days
    ]


def _by_hour(tx: Connection, project: str, over: Over, name: str, begins: int, money: bool) -> list[tuple[int, float]]:
    """(end of the hour, used in it), oldest first. The store adds up: of tasks and projects minutes, else requests."""
    table: Any = {"key": inference, "model": model_call}.get(over, rollup)
    at = rollup.c.minute_ms if table is rollup else inference.c.started_ms
    amount = table.c.cost_usd if money else table.c.input_tokens + table.c.output_tokens
    hour = (at - at % HOUR_MS).label("hour")
    query = select(hour, func.sum(amount).label("used")).group_by(hour).order_by(hour)
    if table is rollup:
        query = query.where(rollup.c.project == project, at >= begins)
        if over == "task":
            query = query.where(rollup.c.task == name)
    elif over == "key":
        mine = keys.together(tx, project, name)
        query = query.where(inference.c.project == project, at >= begins, inference.c.key_id.in_(mine))
    else:
        query = query.select_from(model_call.join(inference, inference.c.id == model_call.c.inference_id)).where(
            inference.c.project == project, at >= begins, model_call.c.model == name
        )
    return [(int(row.hour) + HOUR_MS, float(row.used or 0)) for row in tx.execute(query)]
