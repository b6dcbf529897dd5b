"""Passwords: argon2id, and which ones are refused.

Parameters: RFC 9106's second recommendation (3 passes, 64 MiB, 4 lanes); a hash of older ones is renewed at the next
sign-in. At most two are computed at a time, so that a flood of sign-ins takes 128 MiB and not the machine's memory.
Rules: NIST SP 800-63B-4 section 3.1.1.2 (length, no composition rules, no expected words), read November 2026.
"""

from __future__ import annotations

import functools
import re
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from volant.core.errors import BadInput, Unavailable

SHORTEST, LONGEST = 12, 256  # characters
_FEWEST_KINDS = 5  # different characters
_WORDS = ("password", "passwort", "volant", "qwerty", "letmein", "welcome", "changeme", "administrator", "iloveyou")
_AT_ONCE = 2
_WAIT_S = 10.0
_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_places = threading.BoundedSemaphore(_AT_ONCE)


def check(password: str, *, email: str, name: str = "") -> None:
    """Raises BadInput for a password that is too easy to guess, saying why."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise _weak(f"it has {len(password)} characters; {SHORTEST} to {LONGEST} are needed")
    folded = _letters(password)
    if len(set(password)) < _FEWEST_KINDS:
        raise _weak("it is made of too few different characters")
    own = [_letters(word) for word in (email, email.partition("@")[0], name)]
    for word in (*own, *_WORDS):
        rest = folded.replace(word, "") if len(word) >= 4 else folded
        if word and rest != folded and len(rest) < SHORTEST // 2:
            raise _weak("it is your e-mail, your name or a common word with little else")
    if re.fullmatch(r"(.{1,6})\1+", password):
        raise _weak("it repeats itself")


def hash_of(password: str) -> str:
    """argon2id in PHC form. Some 0.1 s of CPU: never in a transaction or on an event loop."""
    with _place():
        return _hasher.hash(_normal(password))


def matches(hashed: str, password: str) -> bool:
    """Whether it is the password. An empty `hashed` matches nothing, and takes as long to say so."""
    with _place():
        try:
            _hasher.verify(hashed or _stand_in(), _normal(password[:LONGEST]))
        except (VerificationError, InvalidHashError):
            return False
        return bool(hashed) and len(password) <= LONGEST


def outdated(hashed: str) -> bool:
    """Whether it was made with other parameters than today's."""
    return _hasher.check_needs_rehash(hashed)


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(timeout=_WAIT_S):
        raise Unavailable(
            "sign_in_busy", "too many people sign in at this moment", hint="try again in a minute", retry_after_s=30
        )
    try:
        yield
    finally:
        _places.release()


@functools.cache
def _stand_in() -> str:
    """A hash of nobody's password, so that an unknown e-mail costs the same time."""
    return _hasher.hash("nobody has this password")


def _normal(password: str) -> str:
    """One form for what looks the same on different keyboards (NIST: NFKC before hashing)."""
    return unicodedata.normalize("NFKC", password)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


def _weak(why: str) -> BadInput:
    return BadInput("weak_password", f"the password will not do: {why}", where="password", hint="take a few words")
