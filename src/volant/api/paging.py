"""Paging: newest first, `limit` and `cursor`. A cursor is the last id seen; ids sort by time, so pages never repeat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

import msgspec
from fastapi import Query

Item = TypeVar("Item")

Limit = Annotated[int, Query(ge=1, le=500, description="How many, at most.")]
Cursor = Annotated[str, Query(max_length=200, description="`next_cursor` of the page before; empty: the first page.")]


class Page(msgspec.Struct, Generic[Item], frozen=True, kw_only=True):
    """Some of the rows, newest first."""

    data: list[Item]
    has_more: bool = False
    next_cursor: str = ""  # give it as `cursor` for the next page; empty on the last


class Listing(msgspec.Struct, Generic[Item], frozen=True, kw_only=True):
    """All of the rows."""

    data: list[Item]


def page(rows: Sequence[Item], limit: int) -> Page[Item]:
    """A page from up to `limit` + 1 rows that have an `id`: the one too many says that there is more."""
    shown = list(rows[:limit])
    more = len(rows) > limit
    return Page(data=shown, has_more=more, next_cursor=str(getattr(shown[-1], "id", "")) if more else "")
