"""Accounts: what one worker holds of one ceiling, as plain numbers that a request takes from and gives back to.

`usd`, `tokens`, `requests`, `minute_tokens` and `slots` are what is left here and now; of what has no ceiling there is
infinitely much, so that taking needs no questions. Knows no control and no event loop; the clock comes in.
"""

from __future__ import annotations

from math import ceil, inf

from volant.core.accounts import minute_of
from volant.core.leasing import AccountAsk, Amount, Lease
from volant.core.nouns import Limits
from volant.gateway.ceilings import Ceiling

SAFETY_MS = 1_000  # a lease is not used in its last second: clocks differ
OWN_LEASE_MS = 10_000  # of rates, that a worker gives itself while control is away
ASK_AGAIN_MS = 500  # after control said no
_OWN_SHARE = 6  # of a minute's ceiling, in such a lease
_DUST_USD = 1e-9  # asked for beyond: sums of floating point numbers come out a little short
_DAY_SHARE, _MONTH_SHARE = 0.05, 0.005  # of a budget, asked for at once
_MINUTE_SHARE, _SLOT_SHARE = 6, 8  # a sixth of a minute's ceiling; an eighth of the slots to spare


class Account:
    """One ceiling in this worker."""

    __slots__ = (
        "ask_again_ms", "ceiling", "chunk", "counted", "expires_ms", "in_flight", "minute", "minute_tokens", "need",
        "only_money", "refused", "requests", "reserved_tokens", "reserved_usd", "rest", "short", "slots",
        "spent_tokens", "spent_usd", "tokens", "told", "usd", "used_ms", "used_requests", "used_tokens", "waited",
    )  # fmt: skip

    def __init__(self, ceiling: Ceiling) -> None:
        self.usd = self.tokens = self.requests = self.minute_tokens = self.slots = inf
        self.spent_usd = 0.0  # in this worker's life, as the next
        self.spent_tokens = 0
        self.reserved_usd = 0.0  # by requests under way, as the next two
        self.reserved_tokens = 0
        self.in_flight = 0
        self.minute = ""  # of the lease, and of the next two
        self.used_requests = 0
        self.used_tokens = 0
        self.expires_ms = 0
        self.told: tuple[float, int] = (0.0, 0)  # of what was spent, what control knows
        self.need: tuple[float, int] | None = None  # dollars and tokens of the largest request that waits for control
        self.waited = False  # a request waits for it; else it is asked for ahead of the next one
        self.refused: tuple[float, int] = (0.0, 0)  # what control would not grant last
        self.ask_again_ms = 0  # until then it is not asked for as much again
        self.short = ""  # the limit that it named for that
        self.counted = True  # control answered the last exchange
        self.used_ms = 0
        self.rest = Amount()  # what control could still have granted then
        self.take_ceiling(ceiling)

    def take_ceiling(self, ceiling: Ceiling) -> None:
        """The limits as they are now. What has become limited has nothing left until control says so."""
        limits = ceiling.limits
        self.ceiling = ceiling
        self.expires_ms = self.ask_again_ms = 0
        money = bool(limits.usd_per_day or limits.usd_per_month)
        words = bool(limits.tokens_per_day or limits.tokens_per_month)
        self.usd = _left(self.usd, money, -self.reserved_usd)
        self.tokens = _left(self.tokens, words, -self.reserved_tokens)
        self.requests = _left(self.requests, bool(limits.requests_per_minute), 0)
        self.minute_tokens = _left(self.minute_tokens, bool(limits.tokens_per_minute), 0)
        self.slots = _left(self.slots, bool(limits.concurrent), -self.in_flight)
        self.only_money = inf == self.tokens == self.requests == self.minute_tokens == self.slots
        self.chunk = _chunk(limits)

    # ------------------------------------------------------------ the hot path
    def covers(self, usd: float, tokens: int, now_ms: int) -> bool:
        """May a request that takes at most so much start now?"""
        if now_ms > self.expires_ms - SAFETY_MS:
            return self.only_money and not usd
        return (
            self.requests >= 1
            and self.slots >= 1
            and self.usd >= usd
            and self.tokens >= tokens
            and self.minute_tokens >= tokens
        ) or (self.only_money and not usd)

    def take(self, usd: float, tokens: int) -> None:
        """A request begins."""
        self.usd -= usd
        self.reserved_usd += usd
        self.tokens -= tokens
        self.reserved_tokens += tokens
        self.requests -= 1
        self.used_requests += 1
        self.minute_tokens -= tokens
        self.used_tokens += tokens
        self.slots -= 1
        self.in_flight += 1

    def more(self, usd: float, tokens: int) -> None:
        """A request that is under way needs more than it held."""
        self.usd -= usd
        self.reserved_usd += usd
        self.tokens -= tokens
        self.reserved_tokens += tokens
        self.minute_tokens -= tokens
        self.used_tokens += tokens

    def give_back(self, held_usd: float, held_tokens: int, minute: str, usd: float, tokens: int) -> None:
        """It is over: it held so much, begun in that minute, and took so much."""
        self.slots += 1
        self.in_flight -= 1
        self.give_back_more(held_usd, held_tokens, minute, usd, tokens)

    def give_back_more(self, held_usd: float, held_tokens: int, minute: str, usd: float, tokens: int) -> None:
        """What `more` took is over, and the request itself goes on."""
        self.usd += held_usd - usd
        self.spent_usd += usd
        self.tokens += held_tokens - tokens
        self.reserved_tokens -= held_tokens
        self.spent_tokens += tokens
        if minute == self.minute:
            self.minute_tokens += held_tokens - tokens
            self.used_tokens -= held_tokens - tokens
        self.reserved_usd = self.reserved_usd - held_usd if self.in_flight else 0.0  # no dust of floating point

    def runs_low(self, now_ms: int) -> bool:
        """Better ask before somebody has to wait."""
        chunk = self.chunk
        return now_ms >= self.ask_again_ms and (
            now_ms > self.expires_ms - 2 * SAFETY_MS
            or self.requests <= chunk.requests // 4
            or self.usd < chunk.usd / 4
            or self.tokens < chunk.tokens // 4
            or self.minute_tokens < chunk.minute_tokens // 4
        )

    # ------------------------------------------------------------ with control
    def sits_on_slots(self) -> bool:
        """It holds more free slots than it should: others may want them."""
        return self.slots != inf and self.slots > self.chunk.slots

    def has_news(self) -> bool:
        """Something was spent that control does not know, or is held that nobody uses, or its last answer got lost."""
        held = (self.usd, self.tokens, self.requests, self.minute_tokens, self.slots)
        return (
            not self.counted or self.told != (self.spent_usd, self.spent_tokens) or any(0 < left < inf for left in held)
        )

    def ask(self, need: tuple[float, int] | None, *, idle: bool = False) -> AccountAsk:
        """What to tell and ask control. `need`: dollars and tokens of a request that waits. `idle`: nobody does; what
        is not under way goes back. What is not asked for is given back from this moment on, whatever comes of it."""
        usd, tokens = need or (0.0, 0)
        waits, chunk = int(need is not None), Amount() if idle else self.chunk
        least = Amount(
            usd=self.reserved_usd + usd + waits * _DUST_USD if self.usd != inf else 0.0,
            tokens=self.reserved_tokens + tokens if self.tokens != inf else 0,
            requests=waits if self.requests != inf else 0,
            minute_tokens=tokens if self.minute_tokens != inf else 0,
            slots=self.in_flight + waits if self.slots != inf else 0,
        )
        most = Amount(
            usd=least.usd + chunk.usd,
            tokens=least.tokens + chunk.tokens,
            requests=max(least.requests, chunk.requests),
            minute_tokens=least.minute_tokens + chunk.minute_tokens,
            slots=least.slots + chunk.slots,
        )
        if idle:
            self._lower(most)
        elif need is None and self.slots != inf:  # free slots go back; the rest may be about to be taken by who waited
            self.slots = min(self.slots, most.slots - self.in_flight)
        return AccountAsk(
            account=self.ceiling.account,
            told_usd=self.spent_usd,
            told_tokens=self.spent_tokens,
            minute=self.minute,
            used_requests=self.used_requests,
            used_minute_tokens=self.used_tokens,
            kept=self._kept(),
            least=least,
            most=most,
        )

    def take_lease(self, ask: AccountAsk, lease: Lease) -> None:
        """Control answered `ask`; what was taken and spent meanwhile comes off."""
        granted = lease.granted
        if lease.minute != self.minute:
            self.minute, self.used_requests, self.used_tokens = lease.minute, 0, 0
            begun, begun_tokens = 0, 0
        else:
            begun = self.used_requests - ask.used_requests
            begun_tokens = self.used_tokens - ask.used_minute_tokens
        if self.usd != inf:
            self.usd = granted.usd - self.reserved_usd - (self.spent_usd - ask.told_usd)
        if self.tokens != inf:
            self.tokens = granted.tokens - self.reserved_tokens - (self.spent_tokens - ask.told_tokens)
        if self.requests != inf:
            self.requests = granted.requests - begun
        if self.minute_tokens != inf:
            self.minute_tokens = granted.minute_tokens - begun_tokens
        if self.slots != inf:
            self.slots = granted.slots - self.in_flight
        self.expires_ms, self.rest, self.counted = lease.expires_ms, lease.rest, True
        self.told = (ask.told_usd, ask.told_tokens)

    def control_said_no(self, need: tuple[float, int], short: str, now_ms: int, *, waited: bool) -> None:
        """It granted less than `need`. What nobody waited for refuses nobody: a request may fit when it comes, for what
        was held meanwhile is back."""
        if not waited:
            need = (inf, 0)
        self.refused, self.short, self.ask_again_ms = need, short, now_ms + ASK_AGAIN_MS

    def is_refused(self, usd: float, tokens: int, now_ms: int) -> bool:
        """Control said a moment ago that there is not as much, or did not answer."""
        if now_ms >= self.ask_again_ms:
            return False
        if not self.counted:
            return True
        if self.short == "requests_per_minute":
            return self.requests < 1
        if self.short == "concurrent":
            return self.slots < 1
        return usd >= self.refused[0] and tokens >= self.refused[1]

    def without_control(self, now_ms: int) -> None:
        """It does not answer: a lease is good until it expires, then rates go on by our own count, budgets do not."""
        self.counted = False
        self.ask_again_ms = now_ms + ASK_AGAIN_MS
        if now_ms <= self.expires_ms - SAFETY_MS:
            return
        limits = self.ceiling.limits
        self.usd = min(self.usd, -self.reserved_usd) if self.usd != inf else inf
        self.tokens = min(self.tokens, -self.reserved_tokens) if self.tokens != inf else inf
        if not (limits.requests_per_minute or limits.tokens_per_minute or limits.concurrent):
            return
        minute = minute_of(now_ms)
        if minute != self.minute:
            self.minute, self.used_requests, self.used_tokens = minute, 0, 0
        if self.requests != inf:
            self.requests = max(1, limits.requests_per_minute // _OWN_SHARE)
        if self.minute_tokens != inf:
            self.minute_tokens = max(1, limits.tokens_per_minute // _OWN_SHARE)
        if self.slots != inf:
            self.slots = limits.concurrent - self.in_flight
        self.expires_ms = now_ms + OWN_LEASE_MS + SAFETY_MS

    # ------------------------------------------------------------ inside
    def _kept(self) -> Amount:
        return Amount(
            usd=max(0.0, self.usd + self.reserved_usd) if self.usd != inf else 0.0,
            tokens=max(0, int(self.tokens) + self.reserved_tokens) if self.tokens != inf else 0,
            requests=max(0, int(self.requests)) if self.requests != inf else 0,
            minute_tokens=max(0, int(self.minute_tokens)) if self.minute_tokens != inf else 0,
            slots=max(0, int(self.slots) + self.in_flight) if self.slots != inf else 0,
        )

    def _lower(self, most: Amount) -> None:
        """Keep no more than is asked for."""
        if self.usd != inf:
            self.usd = min(self.usd, most.usd - self.reserved_usd)
        if self.tokens != inf:
            self.tokens = min(self.tokens, most.tokens - self.reserved_tokens)
        if self.requests != inf:
            self.requests = min(self.requests, most.requests)
        if self.minute_tokens != inf:
            self.minute_tokens = min(self.minute_tokens, most.minute_tokens)
        if self.slots != inf:
            self.slots = min(self.slots, most.slots - self.in_flight)


def _left(left: float, limited: bool, nothing: float) -> float:
    """What is left after the limits became others."""
    if not limited:
        return inf
    return nothing if left == inf else left


def _chunk(limits: Limits) -> Amount:
    """How much to hold beyond what is under way."""
    usd = [limits.usd_per_day * _DAY_SHARE, limits.usd_per_month * _MONTH_SHARE]
    tokens = [limits.tokens_per_day * _DAY_SHARE, limits.tokens_per_month * _MONTH_SHARE]
    return Amount(
        usd=min((one for one in usd if one), default=0.0),
        tokens=ceil(min((one for one in tokens if one), default=0)),
        requests=max(1, limits.requests_per_minute // _MINUTE_SHARE) if limits.requests_per_minute else 0,
        minute_tokens=limits.tokens_per_minute // _MINUTE_SHARE,
        slots=limits.concurrent // _SLOT_SHARE,
    )
