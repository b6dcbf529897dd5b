"""Balance: which deployment answers, and which rest because they failed.

Knows load, latency and health; knows nothing of HTTP, prompts or prices. Time comes in as `now`, monotonic seconds.
Sources: Mitzenmacher 2001, the power of two choices; Finagle's Peak EWMA (the cost of a place is its latency, which
rises at once and falls slowly, times what it has to do); Nygard, "Release It!", the circuit breaker with a half-open
probe; Envoy's slow start (a place that is new or came back gets its share little by little).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from random import Random

FAILURES_TO_OPEN = 5  # in a row
RATE_TO_OPEN = 0.5  # of the calls in the window that failed
CALLS_TO_JUDGE = 20  # in the window; fewer say nothing about a rate
WINDOW_S = 10.0  # the rate is of one to two of these
OPEN_FIRST_S = 5.0
OPEN_LAST_S = 60.0
SLOW_START_S = 30.0
SLOW_START_SHARE = 0.1  # of its weight, at the start
LATENCY_S = 10.0  # time constant of the moving time to first token
NOISE_MS = 50.0  # added to every latency that is compared: a few milliseconds say nothing
TOLERANCE = 0.7  # latencies nearer to one another than this count as equal


class Health:
    """What is known of one deployment in this worker. Outlives snapshots."""

    __slots__ = (
        "_bad", "_bad_before", "_calls", "_calls_before", "_stamp", "_window", "failures", "in_flight", "max_in_flight",
        "meter", "open_until", "openings", "probing", "rest_until", "since", "ttft_ms", "weight",
    )  # fmt: skip

    def __init__(self, weight: float = 1.0, max_in_flight: int = 256, *, since: float = 0.0) -> None:
        """`since`: when it came, or came back; its weight grows from then on."""
        self.weight = weight
        self.max_in_flight = max_in_flight
        self.since = since
        self.meter: Meter | None = None
        self.in_flight = 0  # requests not yet finished
        self.ttft_ms = 0.0  # moving average of the time to the first byte, as of `_stamp`; 0: not known
        self.failures = 0  # in a row
        self.openings = 0  # circuits opened in a row
        self.open_until = 0.0  # 0: closed
        self.rest_until = 0.0  # it asked not to be called before
        self.probing = False
        self._stamp = 0.0
        self._window = 0.0  # when the present window began
        self._calls = self._bad = self._calls_before = self._bad_before = 0

    # ------------------------------------------------------------ questions
    def is_healthy(self, now: float) -> bool:
        """Closed, or open for so long that one probe may try; and not resting."""
        if self.rest_until > now:
            return False
        return self.open_until == 0.0 or (now >= self.open_until and not self.probing)

    def is_saturated(self) -> bool:
        """All its slots are taken."""
        return self.in_flight >= self.max_in_flight

    def state(self, now: float) -> str:
        """closed, open, half_open or resting, for people."""
        if self.open_until:
            return "open" if now < self.open_until else "half_open"
        return "resting" if self.rest_until > now else "closed"

    def share(self, now: float) -> float:
        """Its weight now: less while it starts slowly."""
        age = now - self.since
        if self.since == 0.0 or age >= SLOW_START_S:
            return self.weight
        return self.weight * max(SLOW_START_SHARE, age / SLOW_START_S)

    def latency_ms(self, now: float) -> float:
        """Moving time to first token; what is long ago counts less, so that a slow one is asked again. 0: not known."""
        if not self.ttft_ms or now <= self._stamp:
            return self.ttft_ms
        return self.ttft_ms * exp((self._stamp - now) / LATENCY_S)

    # ------------------------------------------------------------ what happens
    def begin(self, now: float = 0.0) -> None:
        """A call starts."""
        self.in_flight += 1
        if self.open_until and now >= self.open_until:
            self.probing = True

    def succeed(self, ttft_ms: float, now: float = 0.0) -> None:
        """It answered."""
        self.in_flight -= 1
        self._observe(ttft_ms, now)
        self._count(now, False)
        if self.failures or self.open_until:
            if self.open_until:
                self.since = now  # it came back: slowly
                self._calls = self._bad = self._calls_before = self._bad_before = 0
            self.failures = self.openings = 0
            self.open_until, self.probing = 0.0, False

    def fail(self, now: float, rest_s: float = 0.0) -> None:
        """It failed. `rest_s`: it asked not to be called for so long (retry-after)."""
        self.in_flight -= 1
        self.failures += 1
        self._count(now, True)
        if rest_s > 0.0:
            self.rest_until = max(self.rest_until, now + min(rest_s, OPEN_LAST_S))
        if self.open_until > now:  # asked although it rests, because nobody else was left: no news
            return
        if self.open_until or self.failures >= FAILURES_TO_OPEN or self._fails_often():
            self.open_until = now + min(OPEN_FIRST_S * 2**self.openings, OPEN_LAST_S)
            self.openings = min(self.openings + 1, 10)
            self.probing = False

    def let_go(self) -> None:
        """It ended without a verdict: the client left, or the request itself was wrong."""
        self.in_flight -= 1
        self.probing = False

    def lose(self, silent_ms: float, now: float) -> None:
        """Another was quicker: no failure, but it was silent for so long."""
        self.let_go()
        if silent_ms > self.latency_ms(now):
            self._observe(silent_ms, now)

    # ------------------------------------------------------------ inside
    def _observe(self, ttft_ms: float, now: float) -> None:
        known = self.latency_ms(now)
        if ttft_ms >= known:
            self.ttft_ms = ttft_ms  # the peak counts at once
        else:
            old = exp((self._stamp - now) / LATENCY_S) if now > self._stamp else 0.8
            self.ttft_ms = self.ttft_ms * old + ttft_ms * (1.0 - old)
        self._stamp = now

    def _count(self, now: float, bad: bool) -> None:
        age = now - self._window
        if age >= WINDOW_S:
            recent = age < 2 * WINDOW_S
            self._calls_before, self._bad_before = (self._calls, self._bad) if recent else (0, 0)
            self._calls = self._bad = 0
            self._window = now
        self._calls += 1
        self._bad += bad

    def _fails_often(self) -> bool:
        calls = self._calls + self._calls_before
        return calls >= CALLS_TO_JUDGE and self._bad + self._bad_before >= RATE_TO_OPEN * calls


class Meter:
    """Requests and tokens of the last minute, as its provider counts them: never more than the limit in any minute.

    Six buckets of ten seconds; one is given back as a whole when it is a minute old. `share`: of the limit, for this
    worker: the sum over all workers stays below.
    """

    __slots__ = ("_buckets", "_requests", "_tokens", "requests_per_minute", "tokens_per_minute")

    BUCKET_S = 10.0
    BUCKETS = 6

    def __init__(self, requests_per_minute: int, tokens_per_minute: int, share: float = 1.0) -> None:
        self.set_limits(requests_per_minute, tokens_per_minute, share)
        self._buckets: list[list[int]] = []  # [number, requests, tokens], oldest first
        self._requests = self._tokens = 0

    def set_limits(self, requests_per_minute: int, tokens_per_minute: int, share: float = 1.0) -> None:
        """0: no limit. What is counted stays."""
        self.requests_per_minute = max(1, int(requests_per_minute * share)) if requests_per_minute else 0
        self.tokens_per_minute = max(1, int(tokens_per_minute * share)) if tokens_per_minute else 0

    def has_room(self, tokens: int, now: float) -> bool:
        """May a request of about `tokens` go now? One that is larger than the whole limit may go when nothing did."""
        self._forget(now)
        if self.requests_per_minute and self._requests >= self.requests_per_minute:
            return False
        limit = self.tokens_per_minute
        return not limit or self._tokens == 0 or self._tokens + tokens <= limit

    def wait_s(self, tokens: int, now: float) -> float:
        """Seconds until there may be room; 0: there is."""
        if self.has_room(tokens, now):
            return 0.0
        return max(0.1, (self._buckets[0][0] + self.BUCKETS + 1) * self.BUCKET_S - now)

    def take(self, tokens: int, now: float) -> None:
        """A request of about `tokens` goes."""
        self._forget(now)
        number = int(now / self.BUCKET_S)
        if not self._buckets or self._buckets[-1][0] != number:
            self._buckets.append([number, 0, 0])
        bucket = self._buckets[-1]
        bucket[1] += 1
        bucket[2] += tokens
        self._requests += 1
        self._tokens += tokens

    def correct(self, tokens: int, now: float) -> None:
        """It was `tokens` more than was thought (or fewer, where negative)."""
        self._forget(now)
        if self._buckets and tokens:
            bucket = self._buckets[-1]
            tokens = max(tokens, -bucket[2])
            bucket[2] += tokens
            self._tokens += tokens

    def counted(self, now: float) -> tuple[int, int]:
        """(requests, tokens) of the last minute."""
        self._forget(now)
        return self._requests, self._tokens

    def _forget(self, now: float) -> None:
        oldest = int(now / self.BUCKET_S) - self.BUCKETS
        while self._buckets and self._buckets[0][0] < oldest:
            _, requests, tokens = self._buckets.pop(0)
            self._requests -= requests
            self._tokens -= tokens


def choose(healths: Sequence[Health], rng: Random, now: float = 0.0) -> int:
    """The index of the cheaper of two that are drawn by weight; the first drawn where it makes little difference."""
    if len(healths) == 1:
        return 0
    shares = [health.share(now) for health in healths]
    first = _draw(shares, rng, -1)
    second = 1 - first if len(shares) == 2 else _draw(shares, rng, first)
    cheaper = _is_cheaper(healths[second], shares[second], healths[first], shares[first], now)
    return second if cheaper else first


def _is_cheaper(one: Health, ours: float, other: Health, theirs: float, now: float) -> bool:
    """(requests in flight for its weight, and this one) * moving time to first token.

    The draw has given each its share by weight, so idle places differ by latency only, and only where both are known
    and differ clearly: else the slightly slower one would starve.
    """
    if ours <= 0 or theirs <= 0:
        return theirs <= 0 < ours
    this = 2.0 / (ours + theirs)
    ratio = 1.0
    if one.ttft_ms and other.ttft_ms:
        ratio = (one.latency_ms(now) + NOISE_MS) / (other.latency_ms(now) + NOISE_MS)
        if TOLERANCE <= ratio <= 1.0 / TOLERANCE:
            ratio = 1.0
    return ratio * (one.in_flight / ours + this) < other.in_flight / theirs + this


def _draw(shares: Sequence[float], rng: Random, without: int) -> int:
    """An index by weight, other than `without`; the last one where nobody has any weight."""
    at = rng.random() * (sum(shares) - (shares[without] if without >= 0 else 0.0))
    last = 0
    for index, share in enumerate(shares):
        if index == without:
            continue
        last = index
        at -= share
        if at < 0:
            return index
    return last
