"""Deduplication: the same question twice, exactly or nearly.

Exact means equal after folding case, punctuation and spaces. Near means a Jaccard similarity of character 5-grams of
that folded text at or above a threshold: MinHash with locality-sensitive hashing proposes pairs (Broder 1997;
Leskovec, Rajaraman, Ullman, ch. 3), and the true similarity of each pair decides. Knows texts and labels; knows no
users or splits.
"""

from __future__ import annotations

import functools
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import xxhash

from volant.data.extra import need
from volant.data.rows import LabelConflict, Removal, Row

SHINGLE = 5  # characters
PERMUTATIONS = 128
_SEED = 42  # of the hash family; pairs are verified, so it decides nothing but which rare pairs are missed
_MISS = 0.001  # chance to miss a pair that lies exactly at the threshold
_CACHED_SHINGLES = 8192


class Deduplicated(msgspec.Struct, frozen=True, kw_only=True):
    """`len(kept) + len(removals)` is the number of rows that came in; `kept` stays in their order."""

    kept: list[Row]
    removals: list[Removal]
    conflicts: list[LabelConflict]


def normalised(text: str) -> str:
    """Fold for comparison: NFKC, case, every run of characters that are no letter or digit becomes one space."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c if c.isalnum() else " " for c in folded).split())


def text_key(text: str) -> str:
    """A 128-bit key (32 hexadecimal digits) that equal folded texts share. A text of marks only stands for itself."""
    folded = normalised(text) or "\x00" + text.strip()
    return xxhash.xxh3_128_hexdigest(folded.encode("utf-8", "surrogatepass"))


def exact_duplicates(rows: Sequence[Row]) -> Deduplicated:
    """Keep one row of each folded text: the first that bears the commonest label. Different labels are reported."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(text_key(row.text), []).append(row)
    removals: list[Removal] = []
    conflicts: list[LabelConflict] = []
    gone: set[str] = set()
    for group in groups.values():
        if len(group) == 1:
            continue
        commonest = Counter(row.label for row in group).most_common(1)[0][0]  # the first seen wins a tie
        keeper = next(row for row in group if row.label == commonest)
        others = [row for row in group if row is not keeper]
        if any(row.label != keeper.label for row in others):
            conflicts.append(_conflict(keeper, others, 1.0))
        for row in others:
            gone.add(row.id)
            reason = f"same text as {keeper.id}, but for case and punctuation"
            reason += f" (labels differ: {row.label!r}, kept {keeper.label!r})" if row.label != keeper.label else ""
            removals.append(Removal(row=row, step="exact_duplicate", reason=reason, keeper_id=keeper.id, score=1.0))
    return Deduplicated(kept=[row for row in rows if row.id not in gone], removals=removals, conflicts=conflicts)


def near_duplicates(rows: Sequence[Row], threshold: float = 0.8) -> Deduplicated:
    """Remove each row that is near to an earlier kept row of the same label.

    A near pair with different labels stays, both rows, and is reported: one word can be the whole difference
    ("activate", "deactivate"), and a model needs both to learn it. `threshold` is a Jaccard similarity in (0, 1].
    """
    index = _Index(threshold)
    hashes = index.hashes(row.text for row in rows)
    kept: list[Row] = []
    removals: list[Removal] = []
    conflicts: list[LabelConflict] = []
    for at, row in enumerate(rows):
        near = index.near(row.text, hashes[at])
        same = [(score, -other) for other, score in near if rows[other].label == row.label]
        if same:
            score, negated = max(same)
            keeper = rows[-negated]
            reason = f"{score:.2f} similar to {keeper.id}"
            removals.append(
                Removal(row=row, step="near_duplicate", reason=reason, keeper_id=keeper.id, score=round(score, 4))
            )
            continue
        if near:
            conflicts.append(_conflict(row, [rows[other] for other, _ in near], min(score for _, score in near)))
        index.add(at, row.text, hashes[at])
        kept.append(row)
    return Deduplicated(kept=kept, removals=removals, conflicts=conflicts)


def near_pairs(texts: Sequence[str], threshold: float = 0.8) -> list[tuple[int, int, float]]:
    """All pairs (i, j, similarity) of `texts` with i < j at or above `threshold`, verified, in order of j."""
    index = _Index(threshold)
    hashes = index.hashes(texts)
    pairs: list[tuple[int, int, float]] = []
    for at, text in enumerate(texts):
        pairs += [(other, at, score) for other, score in index.near(text, hashes[at])]
        index.add(at, text, hashes[at])
    return pairs


def similarity(one: str, other: str) -> float:
    """Jaccard similarity of the folded texts' character 5-grams, in [0, 1]."""
    return _jaccard(_shingles(normalised(one)), _shingles(normalised(other)))


def bands_for(threshold: float, permutations: int = PERMUTATIONS) -> int:
    """Fewest bands that miss a pair at `threshold` with a chance of at most 0.1 %: (1 - t^r)^b, r = permutations / b.

    Raises ValueError for a threshold outside of (0, 1].
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"a Jaccard threshold lies in (0, 1], got {threshold}")
    bands = 1
    while bands < permutations and (1 - threshold ** (permutations // bands)) ** bands > _MISS:
        bands *= 2
    return bands


class _Index:
    """Texts seen so far, findable by similarity."""

    def __init__(self, threshold: float) -> None:
        self._rensa = need("rensa")
        self._threshold = threshold
        self._lsh = self._rensa.RMinHashLSH(threshold, PERMUTATIONS, bands_for(threshold))
        self._texts: dict[int, str] = {}
        self._shingled = functools.lru_cache(_CACHED_SHINGLES)(_shingles)

    def hashes(self, texts: Iterable[str]) -> list[Any]:
        """One MinHash per text."""
        shingles = [sorted(_shingles(normalised(text))) for text in texts]
        hashes: list[Any] = self._rensa.RMinHash.from_token_sets(shingles, PERMUTATIONS, _SEED)
        return hashes

    def near(self, text: str, minhash: object) -> list[tuple[int, float]]:
        """(number, true similarity) of each added text at or above the threshold, by number."""
        candidates = self._lsh.query(minhash)
        if not candidates:
            return []
        own = self._shingled(normalised(text))
        scored = ((other, _jaccard(own, self._shingled(self._texts[other]))) for other in sorted(set(candidates)))
        return [(other, score) for other, score in scored if score >= self._threshold]

    def add(self, number: int, text: str, minhash: object) -> None:
        self._texts[number] = normalised(text)
        self._lsh.insert(number, minhash)


def _shingles(folded: str) -> frozenset[str]:
    return frozenset(folded[at : at + SHINGLE] for at in range(max(1, len(folded) - SHINGLE + 1)))


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


def _conflict(first: Row, others: Sequence[Row], score: float) -> LabelConflict:
    rows = (first, *others)
    return LabelConflict(
        row_ids=tuple(row.id for row in rows), labels=tuple(row.label for row in rows), score=round(score, 4)
    )
