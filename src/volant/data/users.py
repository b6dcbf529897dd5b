"""Users: who asked which question, where the file does not say.

Draws users so that one asks several questions and prefers some intents, as real people do: without that, a canary's
statistics per user would look better than they are. Knows rows and a random generator; knows no store and no clock.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from random import Random

import msgspec

from volant.data.rows import Row

_FAVOURITES = 2  # intents that a drawn user prefers


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """Rows in their order, each with a user."""

    rows: list[Row]
    users: int  # number of users, those of the file included
    drawn: int  # number of rows whose user was drawn
    correlation: float  # intra-user correlation of the intents, see `label_correlation`


def draw_users(
    rows: Sequence[Row], *, seed: int, questions: float = 3.0, affinity: float = 0.5, prefix: str = "user"
) -> Drawn:
    """Give every row without a user one; rows with a user keep theirs.

    A user asks 1 + Poisson(`questions` - 1) questions. Each is, with probability `affinity`, one of the user's two
    favourite intents as long as such rows are left, else any row that is left. The same rows and seed give the same
    users. Raises ValueError for questions < 1 or an affinity outside of [0, 1].
    """
    if questions < 1 or not 0 <= affinity <= 1:
        raise ValueError(f"needs questions >= 1 and 0 <= affinity <= 1, got {questions} and {affinity}")
    rng = Random(seed)
    open_rows = [at for at, row in enumerate(rows) if not row.user]
    rng.shuffle(open_rows)
    by_label: dict[str, list[int]] = {}
    for at in open_rows:
        by_label.setdefault(rows[at].label, []).append(at)
    left = list(open_rows)
    users: dict[int, str] = {}
    taken_names = {row.user for row in rows}
    number = 0
    while len(users) < len(open_rows):
        number += 1
        name = f"{prefix}-{number:05d}"
        if name in taken_names:
            continue
        favourites = _favourites(by_label, rng)
        for _ in range(1 + _poisson(rng, questions - 1)):
            wanted = by_label[rng.choice(favourites)] if favourites and rng.random() < affinity else []
            question = _pop_free(wanted, users)
            if question is None:
                question = _pop_free(left, users)
            if question is None:
                break
            users[question] = name
    given = [msgspec.structs.replace(row, user=users[at]) if at in users else row for at, row in enumerate(rows)]
    return Drawn(
        rows=given,
        users=len({row.user for row in given}),
        drawn=len(users),
        correlation=label_correlation(given),
    )


def label_correlation(rows: Sequence[Row]) -> float:
    """Intra-user correlation of the intents: the analysis-of-variance estimator pooled over one-hot intents.

    0 when users do not differ in what they ask, 1 when each asks about one intent only; may fall slightly below 0.
    Returns 0.0 where it is undefined (one user, one intent, or no user with two rows). Source: Donner 1986, with the
    mean squares summed over categories as in Landis and Koch 1977.
    """
    users: dict[str, Counter[str]] = {}
    for row in rows:
        users.setdefault(row.user, Counter())[row.label] += 1
    overall = Counter(row.label for row in rows)
    total, groups = len(rows), len(users)
    if groups < 2 or total <= groups or len(overall) < 2:
        return 0.0
    sizes = [own.total() for own in users.values()]
    own_squares = sum(sum(n * n for n in own.values()) / own.total() for own in users.values())
    all_squares = sum(n * n for n in overall.values()) / total
    between = (own_squares - all_squares) / (groups - 1)
    within = (total - own_squares) / (total - groups)
    size = (total - sum(n * n for n in sizes) / total) / (groups - 1)
    return (between - within) / (between + (size - 1) * within)


def _favourites(by_label: dict[str, list[int]], rng: Random) -> list[str]:
    """Intents by their frequency, without replacement as far as there are several."""
    labels = sorted(by_label)
    weights = [len(by_label[label]) for label in labels]
    if not any(weights):
        return []
    chosen = rng.choices(labels, weights, k=_FAVOURITES)
    return list(dict.fromkeys(chosen))


def _pop_free(stack: list[int], users: dict[int, str]) -> int | None:
    """Take rows off `stack` until one has no user yet."""
    while stack:
        at = stack.pop()
        if at not in users:
            return at
    return None


def _poisson(rng: Random, mean: float) -> int:
    """A Poisson draw by Knuth's product of uniforms; fine for the small means used here."""
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count
