"""Leaks: questions of the test that also stand in train. The train copy goes, the test stays as it is.

Knows folded texts (case, punctuation and spaces do not count); knows no labels: a leak with another label is one too.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from volant.data.dedup import text_key
from volant.data.rows import Removal, Row


class Leak(msgspec.Struct, frozen=True, kw_only=True):
    """One test item that train holds as well."""

    test_id: str
    train_ids: tuple[str, ...]


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """`len(kept) + len(removals)` is the number of train rows that came in."""

    kept: list[Row]
    removals: list[Removal]
    leaks: list[Leak]


def find_leaks(train: Sequence[Row], test: Sequence[Row]) -> list[Leak]:
    """Every test item whose folded text stands in train, in the order of the test."""
    holders: dict[str, list[str]] = {}
    for row in train:
        holders.setdefault(text_key(row.text), []).append(row.id)
    keyed = ((row.id, holders.get(text_key(row.text))) for row in test)
    return [Leak(test_id=test_id, train_ids=tuple(ids)) for test_id, ids in keyed if ids]


def drop_leaks(train: Sequence[Row], test: Sequence[Row]) -> Sealed:
    """Take the copies of test items out of train (and so out of everything that is split from it)."""
    leaks = find_leaks(train, test)
    copy_of: dict[str, str] = {}
    for leak in leaks:
        for train_id in leak.train_ids:
            copy_of.setdefault(train_id, leak.test_id)
    removals = [
        Removal(
            row=row,
            step="leak",
            reason=f"the test item {copy_of[row.id]} is the same question",
            keeper_id=copy_of[row.id],
        )
        for row in train
        if row.id in copy_of
    ]
    return Sealed(kept=[row for row in train if row.id not in copy_of], removals=removals, leaks=leaks)
