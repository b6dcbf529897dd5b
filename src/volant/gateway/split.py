"""Split: which variant answers a user, while a rollout runs or several share them. Sticky: same user, same variant.

Pure: a hash in place of a coin. Widening a share keeps everybody where they are, because the salt stays. Source:
Tang et al., "Overlapping Experiment Infrastructure", KDD 2010 (diversion by hash of a unit and a layer's salt).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Literal

from volant.core.nouns import Split

Arm = Literal["live", "canary", "shadow"]


def position(salt: str, unit: str) -> float:
    """Where `unit` stands in [0, 1): uniform over units, constant for one."""
    digest = blake2b(f"{salt}\0{unit}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 9007199254740992.0  # 53 bits over 2^53: never rounds up to 1


def arm_of(split: Split | None, unit: str) -> Arm:
    """The arm of one user (or of one inference where the call names no user).

    "shadow": the live variant answers and the candidate gets a copy.
    """
    if split is None or position(split.salt, unit) >= split.share:
        return "live"
    return split.mode


def share_of(weights: Sequence[float], salt: str, unit: str) -> int:
    """The index of the one of several variants that serves `unit`. `weights` are positive."""
    at = position(salt, unit) * sum(weights)
    for index, weight in enumerate(weights):
        at -= weight
        if at < 0:
            return index
    return len(weights) - 1
