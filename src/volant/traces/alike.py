"""Alike: records that are counted together, so that what a sum costs is paid for a group and not for each record.

Knows which fields the sums of rollups, usage and leases are kept by; does not know how they are summed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

from volant.core.accounts import MINUTE_MS
from volant.core.nouns import InferenceRecord


class Alike(NamedTuple):
    """What the records of a group have in common."""

    minute_ms: int  # Unix milliseconds at the start of the minute in which they began
    project: str
    task: str
    variant: str
    deployment: str
    arm: str
    key_id: str
    holder: str
    status: int
    error_code: str
    fallback: bool
    cache: str

    @property
    def failed(self) -> bool:
        """Their callers saw an error."""
        return failed(self.status, self.error_code)


Groups = Mapping[Alike, Sequence[InferenceRecord]]
_pick = attrgetter(*Alike._fields[1:])


def failed(status: int, error_code: str) -> bool:
    """Whoever asked saw an error."""
    return status >= 400 or status == 0 or bool(error_code)


def groups_of(records: Iterable[InferenceRecord]) -> Groups:
    """Each record in its group, in the order in which they came."""
    found: dict[tuple[int | str, ...], list[InferenceRecord]] = {}
    for record in records:
        key = (record.started_ms // MINUTE_MS, *_pick(record))
        group = found.get(key)
        if group is None:
            found[key] = [record]
        else:
            group.append(record)
    return {Alike(key[0] * MINUTE_MS, *key[1:]): group for key, group in found.items()}  # type: ignore[arg-type]
