"""Throttle: how often somebody may try to sign in, per e-mail and per network address. Kept in the store.

Every try counts as failed before its password is looked at, so that many at once gain nothing; a right one takes the
count back. After a few free tries each further one waits twice as long as the one before. An e-mail that nobody has
is throttled like any other, so that nothing shows whether it exists. Sessions that live are not asked: nobody can be
locked out of the work they are at.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Network, ip_address

from sqlalchemy import Connection, delete, select, update

from volant.core.accounts import DAY_MS
from volant.core.errors import LimitReached
from volant.store.database import Database
from volant.store.tables import login_throttle
from volant.store.vault import Vault

FORGET_MS = DAY_MS  # a day after the newest try


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How many tries are free, and how long one then waits."""

    free: int
    first_s: float  # after the last free try
    most_s: float

    def wait_ms(self, failures: int) -> int:
        """How long nobody may try after so many failures, milliseconds."""
        if failures < self.free:
            return 0
        return int(min(self.first_s * 2.0 ** min(failures - self.free, 30), self.most_s) * 1000)


EMAIL = Rule(free=5, first_s=30.0, most_s=900.0)
ADDRESS = Rule(free=50, first_s=60.0, most_s=900.0)  # an office may stand behind one address


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What is counted together."""

    id: str
    rule: Rule


def email_bucket(vault: Vault, email: str) -> Bucket:
    """Everybody who tries this e-mail, from wherever."""
    return Bucket(id=_hashed(vault, "email", email.strip().lower()), rule=EMAIL)


def address_bucket(vault: Vault, address: str) -> Bucket:
    """Everybody at this network address, whatever e-mails they try; of IPv6 its /64, which one customer has whole."""
    return Bucket(id=_hashed(vault, "address", _place(address)), rule=ADDRESS)


def count(tx: Connection, db: Database, buckets: Sequence[Bucket], *, now_ms: int) -> bool:
    """Count one try in each bucket; gives whether it locked one. Raises LimitReached, counting nothing, if one is."""
    _check(tx, buckets, now_ms)
    tx.execute(delete(login_throttle).where(login_throttle.c.seen_ms < now_ms - FORGET_MS))
    locked = False
    for bucket in buckets:
        db.insert_ignore(tx, login_throttle, [{"bucket": bucket.id}])
        at = login_throttle.c.bucket == bucket.id
        failures = tx.execute(select(login_throttle.c.failures).where(at)).scalar_one() + 1
        wait = bucket.rule.wait_ms(failures)
        locked = locked or wait > 0
        changed = {"failures": failures, "locked_until_ms": now_ms + wait if wait else 0, "seen_ms": now_ms}
        tx.execute(update(login_throttle).where(at).values(changed))
    return locked


def forgive(tx: Connection, email: Bucket, address: Bucket | None = None) -> None:
    """The try was right: the e-mail begins anew, the address is one try back."""
    tx.execute(delete(login_throttle).where(login_throttle.c.bucket == email.id))
    if address is not None:
        at = (login_throttle.c.bucket == address.id, login_throttle.c.failures > 0)
        tx.execute(update(login_throttle).where(*at).values(failures=login_throttle.c.failures - 1, locked_until_ms=0))


def uncount(tx: Connection, buckets: Sequence[Bucket]) -> None:
    """No password was looked at after all: one try back in each bucket, and no wait that only it began."""
    for bucket in buckets:
        at = login_throttle.c.bucket == bucket.id
        failures = int(tx.execute(select(login_throttle.c.failures).where(at)).scalar_one_or_none() or 0)
        changed: dict[str, int] = {"failures": max(failures - 1, 0)}
        if failures - 1 < bucket.rule.free:
            changed["locked_until_ms"] = 0
        tx.execute(update(login_throttle).where(at).values(changed))


def locked_until(tx: Connection, bucket: Bucket) -> int:
    """Unix milliseconds; 0: not locked."""
    found = tx.execute(select(login_throttle.c.locked_until_ms).where(login_throttle.c.bucket == bucket.id))
    return int(found.scalar_one_or_none() or 0)


def _check(tx: Connection, buckets: Sequence[Bucket], now_ms: int) -> None:
    left_ms = max(locked_until(tx, bucket) for bucket in buckets) - now_ms
    if left_ms > 0:
        raise LimitReached(
            "sign_in_locked",
            "too many wrong passwords: signing in waits for a while",
            where="session",
            hint="wait, or ask an admin for `volant person unlock`; sessions that are signed in go on",
            retry_after_s=left_ms / 1000,
        )


def _place(address: str) -> str:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Network((found, 64), strict=False))


def _hashed(vault: Vault, kind: str, text: str) -> str:
    return hmac.digest(vault.derive("login-throttle"), f"{kind}\0{text}".encode(), "sha256").hex()
