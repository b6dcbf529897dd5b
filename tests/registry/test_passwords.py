"""Passwords: real argon2id with the promised parameters, two at a time; and the throttle's waits."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volant.core.errors import BadInput, LimitReached, Unavailable
from volant.registry import passwords, throttle
from volant.store.database import Database
from volant.store.keys import KeyRing

GOOD = "four words make sense"


def test_hashes_are_argon2id_by_rfc_9106_and_differ() -> None:
    one, two = passwords.hash_of(GOOD), passwords.hash_of(GOOD)
    assert one.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert one != two
    assert passwords.matches(one, GOOD)
    assert not passwords.matches(one, GOOD + " ")
    assert not passwords.matches("", GOOD)
    assert not passwords.matches("no hash at all", GOOD)
    assert not passwords.outdated(one)


def test_what_looks_the_same_is_the_same() -> None:
    assert passwords.matches(passwords.hash_of("Zürich und Köln 1"), "Zu\u0308rich und Ko\u0308ln 1")


def test_an_unknown_email_takes_as_long() -> None:
    hashed = passwords.hash_of(GOOD)
    passwords.matches("", "warm")

    def took(one: str) -> float:
        began = time.process_time()  # of this process: others may keep the machine busy
        for _ in range(3):
            passwords.matches(one, "wrong wrong wrong")
        return time.process_time() - began

    known, unknown = took(hashed), took("")
    assert 0.4 < known / unknown < 2.5


def test_no_more_than_two_are_computed_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once, most, lock = 0, 0, threading.Lock()

    class Slow:
        def hash(self, _text: str) -> str:
            nonlocal at_once, most
            with lock:
                at_once += 1
                most = max(most, at_once)
            time.sleep(0.05)
            with lock:
                at_once -= 1
            return "x"

    monkeypatch.setattr(passwords, "_hasher", Slow())
    threads = [threading.Thread(target=passwords.hash_of, args=(GOOD,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2
    monkeypatch.setattr(passwords, "_WAIT_S", 0.01)
    with passwords._place(), passwords._place(), pytest.raises(Unavailable, match="too many people"):
        passwords.hash_of(GOOD)


@given(st.text(max_size=40))
def test_checking_never_fails_otherwise_and_short_ones_never_pass(text: str) -> None:
    code = ""
    try:
        passwords.check(text, email="ada@example.com", name="Ada Lovelace")
    except BadInput as error:
        code = error.code
    assert code == "weak_password" or (not code and len(text) >= passwords.SHORTEST)


@pytest.mark.parametrize(
    "good", [GOOD, "correct horse battery", "my password is a long line of verse", "adaptive cats 17"]
)
def test_long_phrases_pass(good: str) -> None:
    passwords.check(good, email="ada@example.com", name="Ada")


def test_waits_grow_to_their_most() -> None:
    waits = [throttle.EMAIL.wait_ms(failures) for failures in range(4, 13)]
    assert waits == [0, 30_000, 60_000, 120_000, 240_000, 480_000, 900_000, 900_000, 900_000]
    assert throttle.EMAIL.wait_ms(10**9) == 900_000


def test_many_at_once_get_no_more_tries_than_one_after_another(database: Database, ring: KeyRing) -> None:
    """Each try counts before its password is looked at."""
    bucket = throttle.email_bucket(ring.vault, "ada@example.com")
    passed, refused = [], []

    def attempt() -> None:
        try:
            with database.begin() as tx:
                throttle.count(tx, database, [bucket], now_ms=1000)
            passed.append(1)
        except LimitReached:
            refused.append(1)

    threads = [threading.Thread(target=attempt) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(passed), len(refused)) == (5, 15)


def test_one_customers_ipv6_addresses_are_one_place(ring: KeyRing) -> None:
    def place(address: str) -> str:
        return throttle.address_bucket(ring.vault, address).id

    assert place("2001:db8:1:2::1") == place("2001:0db8:1:2:ffff::9")
    assert place("2001:db8:1:2::1") != place("2001:db8:1:3::1")
    assert place("::ffff:192.0.2.7") == place("192.0.2.7") != place("192.0.2.8")
    assert place("") != place("unix")


def test_a_bucket_is_forgotten_after_a_day(database: Database, ring: KeyRing) -> None:
    one, other = (throttle.email_bucket(ring.vault, text) for text in ("a@example.com", "b@example.com"))
    for _ in range(5):
        with database.begin() as tx:
            throttle.count(tx, database, [one], now_ms=1000)
    with database.begin() as tx:
        assert throttle.locked_until(tx, one) == 31_000
        throttle.count(tx, database, [other], now_ms=1001 + throttle.FORGET_MS)
        assert throttle.locked_until(tx, one) == 0
