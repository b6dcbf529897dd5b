"""Admission: requests a minute and dollars a day, spent from leases that control grants.

A lease is an amount this worker may spend until it expires. Each exchange with control settles what was spent and
*replaces* the lease: what was left of the old one goes back by itself. A request reserves the most it can cost before
it starts and gives the rest back when it is known, so the sum over workers never passes what control granted.

When control is away: a lease is good until it expires; then a rate limit goes on by this worker's own count (the key's
whole rate), and a budget stands still (503), because money that nobody counts is not spent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from volant.core.errors import LimitReached, Unavailable
from volant.core.nouns import KeyGrant

OUTPUT_TOKENS = 4096  # reserved for a request that names no limit
LEASE_SHARE = 0.05  # of the day's budget asked for at once
OWN_LEASE_S = 10.0  # a rate lease that a worker gives itself while control is away
ASK_AGAIN_S = 0.5  # after control said no
SAFETY_MS = 1_000  # a lease is not used in its last second: clocks differ


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What was spent since the last one."""

    usd: float = 0.0
    requests: int = 0
    tokens: int = 0


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """Body of `POST /internal/lease`: what was spent, and how much this worker wants to hold from now on."""

    key_id: str
    usd: float
    requests: int
    settle: Settlement


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """What control grants: it replaces the lease before it."""

    granted_usd: float = 0.0
    granted_requests: int = 0
    expires_ms: int = 0


class ControlAway(Exception):
    """Control does not answer."""


class Lender(Protocol):
    """Control, as far as admission knows it. Raises ControlAway."""

    async def lease(self, ask: Ask) -> Lease: ...


class Account:
    """One key's lease in this worker."""

    __slots__ = (
        "ask_again_at", "asking", "counted", "grant", "lease", "reserved_usd", "spent_requests", "spent_tokens",
        "spent_usd", "used_at",
    )  # fmt: skip

    def __init__(self, grant: KeyGrant) -> None:
        self.grant = grant
        self.lease = Lease()
        self.reserved_usd = 0.0  # by requests in flight
        self.spent_usd = 0.0  # since the last settlement, as the next three
        self.spent_requests = 0
        self.spent_tokens = 0
        self.asking: asyncio.Task[None] | None = None
        self.ask_again_at = 0.0
        self.counted = True  # control answered the last exchange
        self.used_at = 0.0

    def left_usd(self) -> float:
        return self.lease.granted_usd - self.spent_usd - self.reserved_usd

    def left_requests(self) -> int:
        return self.lease.granted_requests - self.spent_requests

    def covers(self, usd: float, now_ms: int) -> bool:
        """May a request that costs `usd` at most start now?"""
        grant = self.grant
        needs_usd = bool(grant.usd_per_day) and usd > 0
        if not needs_usd and not grant.requests_per_minute:
            return True
        if now_ms > self.lease.expires_ms - SAFETY_MS:
            return False
        if grant.requests_per_minute and self.left_requests() < 1:
            return False
        return not needs_usd or self.left_usd() >= usd


class Reservation:
    """What one request holds. `settle` exactly once."""

    __slots__ = ("_account", "usd")

    def __init__(self, account: Account | None, usd: float) -> None:
        self._account = account
        self.usd = usd

    def settle(self, usd: float, tokens: int) -> None:
        """It is over, and this is what it cost."""
        account, self._account = self._account, None
        if account is not None:
            account.reserved_usd = max(0.0, account.reserved_usd - self.usd)
            account.spent_usd += usd
            account.spent_tokens += tokens

    @property
    def limit(self) -> tuple[int, int]:
        """(requests a minute, requests left in this lease); (0, 0) where there is no limit."""
        if self._account is None or not self._account.grant.requests_per_minute:
            return (0, 0)
        return (self._account.grant.requests_per_minute, max(0, self._account.left_requests()))


FREE = Reservation(None, 0.0)  # for keys without limits: settling it does nothing


class Admission:
    """All keys' leases in this worker."""

    def __init__(self, lender: Lender, now_ms: Callable[[], int]) -> None:
        self._lender = lender
        self._now_ms = now_ms
        self._accounts: dict[str, Account] = {}

    async def admit(self, grant: KeyGrant, most_usd: float) -> Reservation:
        """Reserve one request that costs `most_usd` at most.

        Raises LimitReached `rate_limited` or `budget_exhausted`, or Unavailable `budget_unknown` while control is away.
        """
        if not grant.requests_per_minute and not grant.usd_per_day:
            return FREE
        account = self._accounts.get(grant.key_id)
        if account is None:
            account = self._accounts[grant.key_id] = Account(grant)
        account.grant = grant
        now_ms = self._now_ms()
        account.used_at = now_ms
        if not account.covers(most_usd, now_ms):
            await self._until_covered(account, most_usd)
        elif account.asking is None and self._runs_low(account, most_usd, now_ms):
            account.asking = asyncio.create_task(self._exchange(account, most_usd))
        if not grant.usd_per_day:
            most_usd = 0.0
        account.reserved_usd += most_usd
        account.spent_requests += 1
        return Reservation(account, most_usd)

    async def settle_idle(self, idle_ms: int = 2_000) -> None:
        """Tell control what was spent on keys that nobody has used for a while, and give their leases back."""
        now_ms = self._now_ms()
        for account in list(self._accounts.values()):
            if account.asking is None and now_ms - account.used_at >= idle_ms and _has_news(account):
                account.asking = asyncio.create_task(self._exchange(account, 0.0, give_back=True))
                await asyncio.shield(account.asking)

    async def close(self) -> None:
        """Settle everything: the worker ends. An exchange on its way is waited for; it told what was spent before."""
        for account in list(self._accounts.values()):
            while account.asking is not None:
                await asyncio.wait({account.asking})
        await self.settle_idle(idle_ms=-1)

    # ------------------------------------------------------------ inside
    async def _until_covered(self, account: Account, most_usd: float) -> None:
        """Ask control, one exchange at a time for all who wait, until there is enough or control says no."""
        while not account.covers(most_usd, self._now_ms()):
            if account.asking is None:
                if self._now_ms() < account.ask_again_at:
                    raise self._refusal(account, most_usd)
                account.asking = asyncio.create_task(self._exchange(account, most_usd))
            await asyncio.shield(account.asking)

    async def _exchange(self, account: Account, most_usd: float, give_back: bool = False) -> None:
        usd, requests, tokens = account.spent_usd, account.spent_requests, account.spent_tokens
        settle = Settlement(usd=usd, requests=requests, tokens=tokens)
        ask = Ask(
            key_id=account.grant.key_id,
            usd=account.reserved_usd if give_back else self._wanted_usd(account, most_usd),
            requests=0 if give_back else self._wanted_requests(account),
            settle=settle,
        )
        try:
            lease = await self._lender.lease(ask)
        except ControlAway:
            account.counted = False
            self._without_control(account)
        else:
            account.counted = True
            account.lease = lease
            account.spent_usd = max(0.0, account.spent_usd - usd)
            account.spent_requests -= requests
            account.spent_tokens -= tokens
            if not give_back and not account.covers(most_usd, self._now_ms()):
                account.ask_again_at = self._now_ms() + ASK_AGAIN_S * 1000
        finally:
            account.asking = None

    def _without_control(self, account: Account) -> None:
        now_ms = self._now_ms()
        account.ask_again_at = now_ms + ASK_AGAIN_S * 1000
        rate = account.grant.requests_per_minute
        if rate and now_ms > account.lease.expires_ms - SAFETY_MS:
            own = max(1, int(rate * OWN_LEASE_S / 60))
            account.lease = Lease(
                granted_usd=0.0,
                granted_requests=account.spent_requests + own,
                expires_ms=now_ms + int(OWN_LEASE_S * 1000) + SAFETY_MS,
            )

    def _wanted_usd(self, account: Account, most_usd: float) -> float:
        """At least what is left of the lease (requests in flight count on it), and some more."""
        budget = account.grant.usd_per_day
        if not budget:
            return 0.0
        left = max(0.0, account.lease.granted_usd - account.spent_usd)
        return max(left, account.reserved_usd + most_usd + budget * LEASE_SHARE)

    def _wanted_requests(self, account: Account) -> int:
        rate = account.grant.requests_per_minute
        return max(1, rate // 6) if rate else 0

    def _runs_low(self, account: Account, most_usd: float, now_ms: int) -> bool:
        if now_ms < account.ask_again_at:
            return False
        grant = account.grant
        if now_ms > account.lease.expires_ms - 2 * SAFETY_MS:
            return True
        if grant.requests_per_minute and account.left_requests() <= self._wanted_requests(account) // 4:
            return True
        return bool(grant.usd_per_day) and account.left_usd() < 4 * most_usd

    def _refusal(self, account: Account, most_usd: float) -> LimitReached | Unavailable:
        grant = account.grant
        if grant.usd_per_day and most_usd > 0 and not account.counted:
            return Unavailable(
                "budget_unknown",
                "this key has a budget, and the process that counts it does not answer",
                hint="it is usually back within seconds",
                retry_after_s=2.0,
            )
        if grant.requests_per_minute and account.left_requests() < 1:
            return LimitReached(
                "rate_limited",
                f"this key may make {grant.requests_per_minute} requests a minute",
                retry_after_s=max(0.5, 60.0 / grant.requests_per_minute),
            )
        return LimitReached(
            "budget_exhausted",
            f"this key may spend ${grant.usd_per_day:g} a day, and a request like this may cost ${most_usd:.6f}",
            hint="ask for fewer tokens (max_tokens), or raise the key's budget",
            retry_after_s=60.0,
        )


def _has_news(account: Account) -> bool:
    """Something was spent, or is held for nothing."""
    spent = account.spent_usd or account.spent_requests or account.spent_tokens
    return bool(spent or account.left_usd() > 0 or account.left_requests() > 0)
