"""Agents: the bank's people who look at a share of the answers and accept or correct them.

Pure: a decision is a function of the seed and the item, so that a resumed story decides the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One agent's word on one answer."""

    accepted: bool
    demonstration: str  # the right answer as the agent sees it
    noisy: bool  # the agent was wrong (the story counts it; the platform does not know)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agents:
    """A team of reviewers."""

    labels: Sequence[str]
    share: float  # of answers looked at
    noise: float  # of reviews with a wrong label
    seed: int

    def review(self, item: str, answer: str, truth: str) -> Review | None:
        """The verdict on `answer`; None when nobody looked."""
        if _draw(self.seed, "look", item) >= self.share:
            return None
        noisy = _draw(self.seed, "noise", item) < self.noise
        label = truth
        if noisy:
            others = [other for other in self.labels if other != truth]
            label = others[int(_draw(self.seed, "which", item) * len(others))]
        return Review(accepted=intent_of(answer) == label, demonstration=json.dumps({"intent": label}), noisy=noisy)


def intent_of(answer: str) -> str | None:
    """The intent in an answer of the task; None when it holds none."""
    try:
        value = json.loads(answer)
    except json.JSONDecodeError:
        return None
    intent = value.get("intent") if isinstance(value, dict) else None
    return intent if isinstance(intent, str) else None


def _draw(seed: int, what: str, item: str) -> float:
    digest = hashlib.sha256(f"{seed}|{what}|{item}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
