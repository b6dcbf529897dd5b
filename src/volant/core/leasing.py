"""Leasing: the words in which gateways' workers and control speak of ceilings (`POST /internal/lease`).

Everything is told as a total, so that an exchange whose answer got lost does no harm when it is repeated:

    told        what the worker has spent of an account in its whole life
    used        requests and tokens that it has begun within `minute`
    granted     beyond that, what it may use until `expires_ms`: it replaces the grant before
    rest        what control could still grant to somebody
"""

from __future__ import annotations

import msgspec


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """Of each ceiling a part. What has no ceiling is left at 0."""

    usd: float = 0.0  # of the day and the month
    tokens: int = 0  # of the day and the month
    requests: int = 0  # of the minute
    minute_tokens: int = 0  # of the minute
    slots: int = 0  # requests under way


class AccountAsk(msgspec.Struct, frozen=True, kw_only=True):
    """One account's part of an exchange."""

    account: str
    told_usd: float = 0.0
    told_tokens: int = 0
    minute: str = ""  # which minute `used` is of
    used_requests: int = 0
    used_minute_tokens: int = 0
    kept: Amount = Amount()  # what the worker does not give back: it may be using it this moment
    least: Amount = Amount()  # what is under way and what the next request needs; less than that helps nobody
    most: Amount = Amount()  # what would be nice to have


class LeaseRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker asks of all accounts that its requests need, at once."""

    asks: tuple[AccountAsk, ...]


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """What control grants of one account."""

    granted: Amount = Amount()
    rest: Amount = Amount()
    short: str = ""  # the limit that kept it from granting `least`, as `Limits` names it
    minute: str = ""  # of the granted requests and tokens
    expires_ms: int = 0  # not used in its last second: clocks differ


class LeaseAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """In the order of the asks."""

    leases: tuple[Lease, ...]
