"""Admission: a request takes from all ceilings that it stands on, at once or from none, out of leases of this worker.

A lease is what control lets this worker use of one account (a key's, project's, task's or model's) until it expires. A
request reserves the most it can take before it starts and gives the rest back when it is known, so the sum over workers
never passes what control granted. Each exchange tells control what was spent and replaces the leases of all accounts
that are in need; there is one exchange at a time, for everybody who waits.

When control is away: a lease is good until it expires; then rates and concurrency go on by this worker's own count (the
whole ceiling's), and budgets stand still (503), because money that nobody counts is not spent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from volant.core.errors import VolantError
from volant.core.leasing import AccountAsk, Lease, LeaseAnswer, LeaseRequest
from volant.core.nouns import ModelCall
from volant.gateway.accounts import SAFETY_MS, Account
from volant.gateway.ceiling_refusals import refusal_of
from volant.gateway.ceilings import Standing

IDLE_MS = 2_000  # after which a lease goes back
RENEW_MS = 10_000  # before its end a lease with requests under way is renewed
SLOTS_BACK_S = 0.05  # a free slot waits so long for the next request here


_log = logging.getLogger("volant.gateway")


class ControlAway(Exception):
    """Control does not answer."""


class Lender(Protocol):
    """Control, as far as admission knows it. Raises ControlAway."""

    async def lease(self, request: LeaseRequest) -> LeaseAnswer: ...


class Reservation:
    """What one request holds. `settle` exactly once."""

    __slots__ = ("_admission", "_minutes", "accounts", "tokens", "usd")

    def __init__(self, admission: Admission | None, accounts: tuple[Account, ...], usd: float, tokens: int) -> None:
        self._admission = admission
        self.accounts = accounts
        self._minutes = [account.minute for account in accounts]
        self.usd = usd
        self.tokens = tokens

    @property
    def holder(self) -> str:
        """Whose leases it is spent from: stands in the record (`InferenceRecord.holder`); empty: from nobody's."""
        return self._admission.holder if self._admission is not None else ""

    def settle(self, usd: float, tokens: int) -> None:
        """It is over, and this is what all its calls took."""
        accounts, self.accounts = self.accounts, ()
        for account, minute in zip(accounts, self._minutes, strict=False):
            self._back(account, minute, usd, tokens)

    def settle_calls(self, calls: Sequence[ModelCall]) -> None:
        """As `settle`, and a model's account pays for the calls of that model only."""
        usd, tokens = 0.0, 0
        for call in calls:
            usd += call.cost_usd
            tokens += call.input_tokens + call.output_tokens
        accounts, self.accounts = self.accounts, ()
        for account, minute in zip(accounts, self._minutes, strict=False):
            if account.ceiling.over != "model":
                self._back(account, minute, usd, tokens)
            else:
                its = [call for call in calls if call.model == account.ceiling.name]
                used = sum(call.input_tokens + call.output_tokens for call in its)
                self._back(account, minute, sum(call.cost_usd for call in its), used)

    def _back(self, account: Account, minute: str, usd: float, tokens: int) -> None:
        account.give_back(self.usd, self.tokens, minute, usd, tokens)
        if account.sits_on_slots() and self._admission is not None:
            self._admission.slots_are_free(account)

    def more(self, usd: float, tokens: int) -> bool:
        """Hold more, for a call beside the first (a hedge): from what is here; False where that is not enough."""
        if self.accounts and self._admission is not None:
            if not all(
                one.usd >= usd and one.tokens >= tokens and one.minute_tokens >= tokens for one in self.accounts
            ):
                return False
            for account in self.accounts:
                account.more(usd, tokens)
            self.usd += usd
            self.tokens += tokens
        return True


FREE = Reservation(None, (), 0.0, 0)  # where there are no ceilings: settling it does nothing


class Admission:
    """All leases of this worker."""

    def __init__(self, lender: Lender, now_ms: Callable[[], int], holder: str = "worker") -> None:
        """`holder` names this worker in its life, as control hears it: another one at every start."""
        self.holder = holder
        self._lender = lender
        self._now_ms = now_ms
        self._accounts: dict[str, Account] = {}
        self._returning: set[Account] = set()  # those whose free slots go back in a moment
        self._due: dict[Account, bool] = {}  # for the next exchange; True: it is idle
        self._running: asyncio.Task[None] | None = None
        self._next: asyncio.Future[None] | None = None  # done when the next exchange is

    def take(self, standing: Standing, usd: float, tokens: int) -> Reservation | None:
        """A reservation out of what is here; None: ask `admit`, which asks control."""
        accounts = standing.accounts
        if accounts is None:
            accounts = self._stand(standing)
        now_ms = self._now_ms()
        for account in accounts:
            if not account.covers(usd, tokens, now_ms):
                return None
        for account in accounts:
            account.take(usd, tokens)
            account.used_ms = now_ms
            if account.runs_low(now_ms) and account not in self._due:
                self._ask(account, (usd, tokens), waits=False)
        return Reservation(self, accounts, usd, tokens)

    async def admit(self, standing: Standing, usd: float, tokens: int) -> Reservation:
        """Reserve one request that takes at most so many dollars and tokens: of all its ceilings, or of none.

        Raises LimitReached `rate_limited` or `budget_exhausted`, or Unavailable `budget_unknown` while control is away.
        """
        if not standing:
            return FREE
        while (taken := self.take(standing, usd, tokens)) is None:
            now_ms = self._now_ms()
            lacking = [one for one in standing.accounts or () if not one.covers(usd, tokens, now_ms)]
            for account in lacking:
                account.used_ms = now_ms
                if account.is_refused(usd, tokens, now_ms):
                    raise self.refusal(account, usd, tokens)
                self._ask(account, (usd, tokens))
            await self._exchanged()
        return taken

    async def also(self, reservation: Reservation, standing: Standing, usd: float, tokens: int) -> Reservation:
        """The reservation of a request under way, standing on a further ceiling too (its fallback's model).

        Raises what `admit` raises; the reservation is as before then.
        """
        held = {account.ceiling.account for account in reservation.accounts}
        if all(ceiling.account in held for ceiling in standing.ceilings):
            return reservation
        if reservation is FREE:
            return await self.admit(standing, usd, tokens)
        other = await self.admit(standing, reservation.usd, reservation.tokens)
        reservation.accounts += other.accounts
        reservation._minutes += other._minutes
        return reservation

    async def extend(self, reservation: Reservation, usd: float, tokens: int) -> None:
        """Hold so much more for a request under way, and ask control where it is not here.

        Raises what `admit` raises; the reservation is as before then.
        """
        while not reservation.more(usd, tokens):
            now_ms = self._now_ms()
            for account in reservation.accounts:
                if account.usd >= usd and account.tokens >= tokens and account.minute_tokens >= tokens:
                    continue
                account.used_ms = now_ms
                if account.is_refused(usd, tokens, now_ms):
                    raise self.refusal(account, usd, tokens)
                self._ask(account, (usd, tokens))
            await self._exchanged()

    def refusal(self, account: Account, usd: float, tokens: int) -> VolantError:
        """Why a request may not start, as its caller reads it."""
        return refusal_of(account, usd, tokens, self._now_ms())

    async def settle_idle(self, idle_ms: int = IDLE_MS) -> None:
        """Every second or so: tell what was spent where nothing happens any more and give those leases back; renew
        the leases of requests that take long."""
        now_ms = self._now_ms()
        for account in self._accounts.values():
            if account in self._due:
                continue
            if now_ms < account.ask_again_ms:
                continue
            if now_ms - account.used_ms >= idle_ms and account.has_news():
                self._due[account] = True
            elif account.in_flight and now_ms > account.expires_ms - RENEW_MS:
                self._due[account] = False
        if self._due:
            self._run()
            await self._exchanged()

    async def close(self) -> None:
        """Tell everything: the worker ends. An exchange on its way is waited for; it told what was spent before."""
        while self._running is not None:
            await asyncio.wait({self._running})
        self._due = dict.fromkeys((one for one in self._accounts.values() if one.has_news()), True)
        if self._due:
            self._run()
            await self._exchanged()

    def slots_are_free(self, account: Account) -> None:
        """Give free slots back, unless they are used within a moment."""
        if account not in self._returning:
            self._returning.add(account)
            asyncio.get_running_loop().call_later(SLOTS_BACK_S, self._give_slots_back, account)

    # ------------------------------------------------------------ inside
    def _stand(self, standing: Standing) -> tuple[Account, ...]:
        found = []
        for ceiling in standing.ceilings:
            account = self._accounts.get(ceiling.account)
            if account is None:
                account = self._accounts[ceiling.account] = Account(ceiling)
            elif account.ceiling.limits != ceiling.limits:
                account.take_ceiling(ceiling)
            found.append(account)
        standing.accounts = tuple(found)
        return standing.accounts

    def _give_slots_back(self, account: Account) -> None:
        self._returning.discard(account)
        if account.sits_on_slots() and account not in self._due:
            self._due[account] = False
            self._run()

    def _ask(self, account: Account, need: tuple[float, int], *, waits: bool = True) -> None:
        account.waited |= waits
        account.need = need if account.need is None else max(account.need, need)
        self._due[account] = False
        self._run()

    def _run(self) -> None:
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        if self._running is None:
            self._running = asyncio.create_task(self._exchanges())

    async def _exchanged(self) -> None:
        assert self._next is not None
        await asyncio.shield(self._next)

    async def _exchanges(self) -> None:
        """One after the other as long as somebody needs one."""
        try:
            while self._due:
                due, self._due = self._due, {}
                done, self._next = self._next, asyncio.get_running_loop().create_future()
                try:
                    await self._exchange(due)
                finally:
                    if done is not None:
                        done.set_result(None)
        finally:
            self._running = None
            waiting, self._next = self._next, None
            if waiting is not None:
                waiting.set_result(None)

    async def _exchange(self, due: dict[Account, bool]) -> None:
        accounts = list(due)
        asked_ms = self._now_ms()
        needs = [account.need for account in accounts]
        asks = tuple(account.ask(need, idle=due[account]) for account, need in zip(accounts, needs, strict=True))
        waited = [account.waited for account in accounts]
        for account in accounts:
            account.need, account.waited = None, False
        try:
            leases: tuple[Lease, ...] = (await self._lender.lease(LeaseRequest(asks=asks))).leases
        except ControlAway:
            leases = ()
        except Exception:  # noqa: BLE001  # a bug of the link must not keep everybody waiting, nor ask without a pause
            _log.exception("asking for leases failed here")
            leases = ()
        now_ms = self._now_ms()
        if len(leases) != len(asks):
            for account in accounts:
                account.without_control(now_ms)
            return
        for account, need, waits, ask, lease in zip(accounts, needs, waited, asks, leases, strict=True):
            account.take_lease(ask, lease)
            if need is not None and not account.covers(*need, now_ms) and not _is_enough(lease, ask, asked_ms):
                account.control_said_no(need, lease.short, now_ms, waited=waits)


def _is_enough(lease: Lease, ask: AccountAsk, asked_ms: int) -> bool:
    """Control gave what was asked for at `asked_ms`. Where that covers nobody, another took it meanwhile, or its
    minute ended on the way: who waits asks again."""
    granted, least = lease.granted, ask.least
    given = all(getattr(granted, name) >= getattr(least, name) for name in least.__struct_fields__)
    return given and not lease.short and asked_ms <= lease.expires_ms - SAFETY_MS


__all__ = ["FREE", "SAFETY_MS", "Admission", "ControlAway", "Lender", "Reservation"]
