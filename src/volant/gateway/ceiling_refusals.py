"""Refusals: which ceiling a request would pass, of what, and when it frees, in words. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from volant.core.accounts import MINUTE_MS, end_of_day, end_of_month
from volant.core.errors import LimitReached, Unavailable, VolantError
from volant.gateway.accounts import Account

SLOT_RETRY_S = 1.0
LONGEST_RETRY_S = 3600.0  # nobody waits longer in one go


class CeilingReached(LimitReached):
    """A LimitReached that knows where it stands, for the headers that say what is left."""

    def __init__(
        self, code: str, message: str, *, accounts: tuple[Account, ...], hint: str, retry_after_s: float | None
    ) -> None:
        super().__init__(code, message, hint=hint, retry_after_s=retry_after_s)
        self.accounts = accounts


class NeverFits(CeilingReached):
    """A request that may take more than its whole ceiling: waiting does not help."""

    retry_helps = False


def refusal_of(account: Account, usd: float, tokens: int, now_ms: int) -> VolantError:
    """Why a request that may take so much cannot start."""
    short = _short(account, usd, tokens)
    limits, who = account.ceiling.limits, account.ceiling.who
    if not account.counted and short[:3] in ("usd", "tok") and short != "tokens_per_minute":
        return Unavailable(
            "budget_unknown",
            f"{who} has a budget, and the process that counts it does not answer",
            hint="it is usually back within seconds",
            retry_after_s=2.0,
        )
    ceiling = getattr(limits, short)
    if (usd if short.startswith("usd") else tokens if short.startswith("tokens") else 1) > ceiling:
        return _never(account, short, ceiling, usd, tokens)
    if short == "concurrent":
        what, hint, frees_s = f"have {ceiling:,} requests under way", "wait for an answer", SLOT_RETRY_S
    elif short == "requests_per_minute":
        what, hint, frees_s = f"make {ceiling} requests a minute", "ask more slowly", _until_minute(now_ms)
    elif short == "tokens_per_minute":
        what = f"use {ceiling:,} tokens a minute, and a request like this may use {tokens:,}"
        hint, frees_s = "ask for fewer tokens (max_tokens), or more slowly", _until_minute(now_ms)
    else:
        return _budget(account, short, ceiling, usd, tokens, now_ms)
    return CeilingReached(
        "rate_limited", f"{who} may {what}", accounts=(account,), hint=hint, retry_after_s=max(0.5, frees_s)
    )


def _never(account: Account, short: str, ceiling: float, usd: float, tokens: int) -> VolantError:
    what, _, period = short.partition("_per_")
    if what == "usd":
        allowed, needed = f"spend ${ceiling:g}", f"cost ${usd:.6f}"
    else:
        allowed, needed = f"use {ceiling:,} tokens", f"use {tokens:,}"
    return NeverFits(
        "rate_limited" if period == "minute" else "budget_exhausted",
        f"{account.ceiling.who} may {allowed} a {period}, and one request like this may {needed}: more than all of it",
        accounts=(account,),
        hint="ask for fewer tokens (max_tokens), or have the limit raised (volant key limits, [[limits]])",
        retry_after_s=None,
    )


def _budget(account: Account, short: str, ceiling: float, usd: float, tokens: int, now_ms: int) -> VolantError:
    month = short.endswith("month")
    ends_ms = end_of_month(now_ms) if month else end_of_day(now_ms)
    period, frees = "month" if month else "day", datetime.fromtimestamp(ends_ms / 1000, UTC)
    if short.startswith("usd"):
        what = f"spend ${ceiling:g} a {period}, and a request like this may cost ${usd:.6f}"
    else:
        what = f"use {ceiling:,} tokens a {period}, and a request like this may use {tokens:,}"
    return CeilingReached(
        "budget_exhausted",
        f"{account.ceiling.who} may {what}; the next {period} begins at {frees:%Y-%m-%dT%H:%MZ}",
        accounts=(account,),
        hint="ask for fewer tokens (max_tokens), or have the limit raised (volant key limits, [[limits]])",
        retry_after_s=min(LONGEST_RETRY_S, max(1.0, (ends_ms - now_ms) / 1000)),
    )


def _short(account: Account, usd: float, tokens: int) -> str:
    """The name of the limit that stands in the way: control's word, or what is not here."""
    limits = account.ceiling.limits
    if account.slots < 1:
        return "concurrent"
    if account.requests < 1:
        return "requests_per_minute"
    if account.minute_tokens < tokens:
        return "tokens_per_minute"
    by = account.short.rpartition("_")[2] if account.short.startswith(("usd", "tokens_per")) else ""
    if account.tokens < tokens:
        return f"tokens_per_{by if by in ('day', 'month') else ('day' if limits.tokens_per_day else 'month')}"
    return f"usd_per_{by if by in ('day', 'month') else ('day' if limits.usd_per_day else 'month')}"


def _until_minute(now_ms: int) -> float:
    return (MINUTE_MS - now_ms % MINUTE_MS) / 1000
