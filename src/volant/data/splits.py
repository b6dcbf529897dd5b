"""Splits: which user's questions train, validate, flow as traffic, or test.

The unit is the user: all questions of one user lie in one part. Near-duplicate questions never lie in two parts: either
users who asked them are joined, or the copies outside of one part are dropped, with the reason. Stable by seed and
independent of the rows' order. Knows rows and similarity; knows no store and no model.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec
import xxhash

from volant.core.errors import BadInput
from volant.data.dedup import near_pairs, similarity
from volant.data.rows import Removal, Row

_LARGEST_GROUP = 0.5  # of the smallest share: a joined group above it cannot be placed without bending the shares


class Splits(msgspec.Struct, frozen=True, kw_only=True):
    """Parts by name, in the order of the shares. Rows in = rows in all parts + removals."""

    parts: dict[str, list[Row]]
    removals: list[Removal]

    def users(self) -> dict[str, int]:
        """Number of users per part."""
        return {name: len({row.user for row in rows}) for name, rows in self.parts.items()}


def split_by_user(
    rows: Sequence[Row],
    shares: Mapping[str, float],
    *,
    seed: int,
    near_threshold: float | None = 0.8,
    straddlers: Literal["drop", "join"] = "drop",
) -> Splits:
    """Split rows so that each part of `shares` (name -> share of the rows, sum 1) gets its share, by whole users.

    Users are ordered by a keyed hash and cut at the cumulative shares. `straddlers`: "drop" keeps a cluster of near
    duplicates in the part that holds most of it and drops its other rows; "join" keeps all rows and lets users who
    asked near duplicates move together. `near_threshold` None skips both (for rows without near duplicates). Raises
    BadInput: `bad_shares`, `no_users`, `too_few_users` (a part stays empty), `users_inseparable` ("join" only).
    """
    _check(rows, shares)
    pairs = near_pairs([row.text for row in rows], near_threshold) if near_threshold is not None else []
    groups = _Forest(range(len(rows)))
    first_of_user: dict[str, int] = {}
    for at, row in enumerate(rows):
        groups.union(first_of_user.setdefault(row.user, at), at)
    if straddlers == "join":
        for one, other, _ in pairs:
            groups.union(one, other)
    part_of = _assign(rows, groups, shares, seed, joined=straddlers == "join")
    removals = _drop_straddlers(rows, part_of, pairs, shares) if straddlers == "drop" else {}
    parts: dict[str, list[Row]] = {name: [] for name in shares}
    for at, row in enumerate(rows):
        if at not in removals:
            parts[part_of[at]].append(row)
    empty = [name for name, share in shares.items() if share > 0 and not parts[name]]
    if empty:
        raise BadInput(
            "too_few_users",
            f"nothing is left for {', '.join(empty)}: {len(first_of_user)} users, {len(rows)} rows",
            where="shares",
            hint="import more users, or split into fewer parts",
        )
    return Splits(parts=parts, removals=[removals[at] for at in sorted(removals)])


def known_intents(labels: Iterable[str], share: float = 2 / 3, *, seed: int) -> tuple[str, ...]:
    """The intents that the first model knows: `share` of the distinct labels, drawn by seed, sorted.

    At least one; with two or more labels at least one stays unknown while share < 1. The draw of one label does not
    depend on the others, so a new label hardly moves the set. Raises ValueError for a share outside of (0, 1] or
    without labels.
    """
    distinct = sorted(set(labels), key=lambda label: (_hash(seed, label), label))
    if not distinct or not 0 < share <= 1:
        raise ValueError(f"needs labels and a share in (0, 1], got {len(distinct)} labels and {share}")
    most = len(distinct) if share == 1 else max(1, len(distinct) - 1)
    return tuple(sorted(distinct[: min(most, max(1, round(len(distinct) * share)))]))


def restrict(rows: Sequence[Row], known: Iterable[str]) -> tuple[list[Row], list[Removal]]:
    """Rows of known intents, and the withheld ones with the reason (for a first train set: the products came later)."""
    labels = frozenset(known)
    inside = [row for row in rows if row.label in labels]
    outside = [
        Removal(row=row, step="unknown_intent", reason=f"the intent {row.label!r} is not known yet")
        for row in rows
        if row.label not in labels
    ]
    return inside, outside


def require_classes(rows: Sequence[Row], labels: Iterable[str], *, where: str, minimum: int = 1) -> None:
    """Raise BadInput (`empty_class`) when one of `labels` has fewer than `minimum` rows; names up to five of them."""
    counts = Counter(row.label for row in rows)
    short = sorted(label for label in set(labels) if counts[label] < minimum)
    if short:
        shown = ", ".join(f"{label!r} ({counts[label]})" for label in short[:5])
        raise BadInput(
            "empty_class",
            f"{len(short)} classes have fewer than {minimum} rows: {shown}" + (", …" if len(short) > 5 else ""),
            where=where,
            hint="add examples for them, or take the class out",
        )


class _Forest:
    """Union-find with path halving; the smaller number is the root."""

    def __init__(self, members: Iterable[int]) -> None:
        self._parent = {member: member for member in members}

    def root(self, member: int) -> int:
        parent = self._parent
        while parent[member] != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    def union(self, one: int, other: int) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self._parent[high] = low


def _assign(rows: Sequence[Row], groups: _Forest, shares: Mapping[str, float], seed: int, *, joined: bool) -> list[str]:
    """Part of each row: groups in the order of their hash, cut where the cumulative shares lie."""
    members: dict[int, list[int]] = {}
    for at in range(len(rows)):
        members.setdefault(groups.root(at), []).append(at)
    if joined:
        _check_largest(max(map(len, members.values())), len(rows), shares)
    keys = {root: min(rows[at].user for at in group) for root, group in members.items()}
    names = [name for name, share in shares.items() if share > 0]
    cuts: list[float] = []
    for name in names:
        cuts.append((cuts[-1] if cuts else 0.0) + shares[name] * len(rows))
    cuts[-1] = math.inf
    part_of = [""] * len(rows)
    before = 0
    for root in sorted(members, key=lambda root: (_hash(seed, keys[root]), keys[root])):
        middle = before + len(members[root]) / 2
        part = names[next(number for number, cut in enumerate(cuts) if middle < cut)]
        for at in members[root]:
            part_of[at] = part
        before += len(members[root])
    return part_of


def _drop_straddlers(
    rows: Sequence[Row], part_of: Sequence[str], pairs: Sequence[tuple[int, int, float]], shares: Mapping[str, float]
) -> dict[int, Removal]:
    """Removals by row number: of each cluster of near duplicates only the part that holds most of it stays."""
    clusters = _Forest({at for one, other, _ in pairs for at in (one, other)})
    for one, other, _ in pairs:
        clusters.union(one, other)
    members: dict[int, list[int]] = {}
    for at in sorted({at for one, other, _ in pairs for at in (one, other)}):
        members.setdefault(clusters.root(at), []).append(at)
    removals: dict[int, Removal] = {}
    for cluster in members.values():
        held = Counter(part_of[at] for at in cluster)
        if len(held) == 1:
            continue
        winner = min(held, key=lambda part: (-held[part], shares[part], part))  # a tie goes to the scarcer part
        staying = [at for at in cluster if part_of[at] == winner]
        for at in cluster:
            if part_of[at] == winner:
                continue
            score, keeper = max((similarity(rows[at].text, rows[other].text), -other) for other in staying)
            keeper_id = rows[-keeper].id
            removals[at] = Removal(
                row=rows[at],
                step="straddle",
                reason=f"in {part_of[at]}, near a cluster of duplicates that stays in {winner} ({keeper_id})",
                keeper_id=keeper_id,
                score=round(score, 4),
            )
    return removals


def _check(rows: Sequence[Row], shares: Mapping[str, float]) -> None:
    if not shares or any(share < 0 for share in shares.values()) or not math.isclose(sum(shares.values()), 1.0):
        raise BadInput(
            "bad_shares",
            f"the shares of the parts must be positive and sum to 1, got {dict(shares)}",
            where="shares",
            hint="for example train=0.6, validation=0.1, pool_a=0.15, pool_b=0.15",
        )
    nobody = [row for row in rows if not row.user]
    if nobody or not rows:
        raise BadInput(
            "no_users",
            f"{len(nobody)} of {len(rows)} rows have no user",
            where=nobody[0].id if nobody else "rows",
            hint="import a column of users, or draw them with draw_users",
        )


def _check_largest(largest: int, total: int, shares: Mapping[str, float]) -> None:
    smallest = min(share for share in shares.values() if share > 0)
    if largest > _LARGEST_GROUP * smallest * total:
        raise BadInput(
            "users_inseparable",
            f"near duplicates tie {largest} of {total} rows into one group, too many for a part of {smallest:.0%}",
            where="straddlers",
            hint='use straddlers="drop", or a higher similarity threshold',
        )


def _hash(seed: int, name: str) -> int:
    return xxhash.xxh3_64_intdigest(f"{seed}\x00{name}".encode("utf-8", "surrogatepass"))
