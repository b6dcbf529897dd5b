"""Spend: who spends how much, day by day, and how far each ceiling is used."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query

from volant.api.access import Reads
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.core.accounts import DAY_MS, day_of
from volant.registry import keys, spending
from volant.traces import usage

router = APIRouter(prefix="/spend", tags=["spend"])


class Spender(msgspec.Struct, frozen=True, kw_only=True):
    """A key, task or model, and what it used."""

    title: str  # as people call it: the key's name
    use: usage.Use


class SpendView(msgspec.Struct, frozen=True, kw_only=True):
    """What was used since `since_day`, and what is left of every ceiling. Days are UTC."""

    over: str
    since_day: str
    days: list[usage.Use]  # day by day, all together or the one that was asked for; days without use are left out
    top: list[Spender]  # the dearest first
    ceilings: list[spending.Burning]  # of every key, project, task and model that has limits


@router.get("", summary="Who spends how much, and how far each ceiling is used")
def show_spend(
    caller: Reads,
    context: Has,
    over: Literal["key", "project", "task", "model"] = "key",
    days: Annotated[int, Query(ge=1, le=366)] = 30,
    name: Annotated[str | None, Query(max_length=200, description="only this key's id, task or model")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Annotated[SpendView, AsJson]:
    now_ms = context.clock.now_ms()
    since_day = day_of(now_ms - (days - 1) * DAY_MS)
    with context.db.read() as tx:
        top = usage.by_name(tx, caller.project, over, since_day=since_day, limit=limit)
        by_day = usage.by_day(tx, caller.project, over, since_day=since_day, names=None if name is None else [name])
        titles = {key.id: key.name for key in keys.list_keys(tx, caller.project)} if over == "key" else {}
        ceilings = spending.burning(tx, caller.project, now_ms=now_ms)
    spenders = [Spender(title=titles.get(one.name) or one.name or caller.project, use=one) for one in top]
    return SpendView(over=over, since_day=since_day, days=by_day, top=spenders, ceilings=ceilings)
