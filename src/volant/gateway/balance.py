"""Balance: which deployment answers, and which rest because they failed.

Knows load and health; knows nothing of HTTP, prompts or prices. Sources: Mitzenmacher 2001, the power of two choices;
Nygard, "Release It!", the circuit breaker with a half-open probe.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

FAILURES_TO_OPEN = 3  # in a row
OPEN_FIRST_S = 5.0
OPEN_LAST_S = 60.0
_SMOOTHING = 0.2


class Health:
    """What is known of one deployment in this worker. Outlives snapshots."""

    __slots__ = ("failures", "in_flight", "max_in_flight", "open_until", "openings", "probing", "ttft_ms", "weight")

    def __init__(self, weight: float = 1.0, max_in_flight: int = 256) -> None:
        self.weight = weight
        self.max_in_flight = max_in_flight
        self.in_flight = 0  # requests not yet finished
        self.ttft_ms = 0.0  # moving average of the time to the first byte
        self.failures = 0  # in a row
        self.openings = 0  # circuits opened in a row
        self.open_until = 0.0  # monotonic seconds; 0: closed
        self.probing = False

    def is_healthy(self, now: float) -> bool:
        """Closed, or open for so long that one probe may try."""
        return self.open_until == 0.0 or (now >= self.open_until and not self.probing)

    def is_saturated(self) -> bool:
        return self.in_flight >= self.max_in_flight

    def begin(self) -> None:
        """A call starts."""
        self.in_flight += 1
        if self.open_until:
            self.probing = True

    def succeed(self, ttft_ms: float) -> None:
        """It answered."""
        self.in_flight -= 1
        self.ttft_ms += (ttft_ms - self.ttft_ms) * (_SMOOTHING if self.ttft_ms else 1.0)
        if self.failures or self.open_until:
            self.failures = self.openings = 0
            self.open_until, self.probing = 0.0, False

    def fail(self, now: float, rest_s: float = 0.0) -> None:
        """It failed. `rest_s`: it asked not to be called for so long (retry-after)."""
        self.in_flight -= 1
        self.failures += 1
        if self.probing or self.failures >= FAILURES_TO_OPEN or rest_s:
            own = min(OPEN_FIRST_S * 2**self.openings, OPEN_LAST_S)
            self.open_until = now + (min(rest_s, OPEN_LAST_S) or own)
            self.openings += 1
            self.probing = False

    def let_go(self) -> None:
        """It ended without a verdict: the client left, or the request itself was wrong."""
        self.in_flight -= 1
        self.probing = False

    def load(self) -> float:
        """Requests in flight for its weight."""
        return self.in_flight / self.weight if self.weight > 0 else float("inf")


def choose(healths: Sequence[Health], rng: Random) -> int:
    """The index of the less loaded of two that are drawn by weight; the first drawn where loads are equal."""
    first = _draw(healths, rng, -1)
    if len(healths) == 1:
        return first
    second = _draw(healths, rng, first)
    return second if healths[second].load() < healths[first].load() else first


def _draw(healths: Sequence[Health], rng: Random, without: int) -> int:
    """An index by weight, other than `without`; by order where nobody has any weight."""
    left = [index for index in range(len(healths)) if index != without]
    at = rng.random() * sum(healths[index].weight for index in left)
    for index in left:
        at -= healths[index].weight
        if at < 0:
            return index
    return left[-1]
