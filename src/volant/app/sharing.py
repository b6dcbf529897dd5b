"""Sharing: how much of what is left one worker gets. Pure arithmetic.

A worker keeps what it may be using, gets what its next request needs, and beyond that at most a quarter of what is
left, so that no one sits on the last of it while another refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from volant.core.leasing import Amount
from volant.core.nouns import Limits

OF: Final[Mapping[str, tuple[str, ...]]] = {
    "usd": ("usd_per_day", "usd_per_month"),
    "tokens": ("tokens_per_day", "tokens_per_month"),
    "requests": ("requests_per_minute",),
    "minute_tokens": ("tokens_per_minute",),
    "slots": ("concurrent",),
}
SHARE = 4


def share(
    limits: Limits, taken: Mapping[str, float], kept: Amount, least: Amount, most: Amount
) -> tuple[Amount, Amount, str]:
    """What to grant, what is left beside it, and the limit that kept it from granting `least` (empty: none did).

    `taken` says of each limit what others hold and what is spent; what the worker itself holds is not in it.
    """
    grant: dict[str, float] = {}
    rest: dict[str, float] = {}
    short = ""
    for resource, names in OF.items():
        lefts = {name: getattr(limits, name) - taken.get(name, 0) for name in names if getattr(limits, name)}
        if not lefts:
            grant[resource], rest[resource] = getattr(most, resource), 0
            continue
        tightest = min(lefts, key=lambda name: lefts[name])
        left = max(0, lefts[tightest])
        granted = _part(left, getattr(kept, resource), getattr(least, resource), getattr(most, resource))
        if granted < getattr(least, resource) and not short:
            short = tightest
        grant[resource], rest[resource] = granted, left - granted
    return _amount(grant), _amount(rest), short


def _part(left: float, kept: float, least: float, most: float) -> float:
    if least > left:
        return min(left, kept)  # it helps nobody to hold what is not enough
    quarter = left / SHARE if isinstance(most, float) else left // SHARE
    return min(left, max(least, kept, min(most, quarter)))


def _amount(of: Mapping[str, float]) -> Amount:
    return Amount(
        usd=float(of["usd"]),
        tokens=int(of["tokens"]),
        requests=int(of["requests"]),
        minute_tokens=int(of["minute_tokens"]),
        slots=int(of["slots"]),
    )
