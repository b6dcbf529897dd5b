"""An erasure on two machines with one database: done when both have cleaned their files, and not before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from volant.core.clock import ManualClock
from volant.core.nouns import Policy
from volant.governance import elsewhere, erasure, receipt
from volant.governance.house import House
from volant.registry import erasures
from volant.store.blobs import Blobs
from volant.store.cached_answers import CachedAnswers, Entry
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.place import place_of
from volant.store.vault import Vault

ASKED = "Can my sister in Gdańsk use my second account?"


@pytest.fixture
def houses(postgres: str, tmp_path: Path) -> Iterator[tuple[House, House]]:
    """Two machines that know of each other."""
    clock, vault = ManualClock(), Vault(b"m" * 32)
    made = []
    for name in ("here", "there"):
        data = tmp_path / name
        for folder in ("run", "runs", "spool"):
            (data / folder).mkdir(parents=True)
        db = Database.open(postgres)
        db.migrate()
        ring = KeyRing(db, vault)
        made.append(House(data_dir=data, db=db, ring=ring, blobs=Blobs(data / "blobs"), clock=clock,
                          place=place_of(data)))  # fmt: skip
    with made[0].db.begin() as tx:
        made[0].ring.ensure_project(tx, "default", now_ms=1)
    for house in made:
        elsewhere.present(house)
    yield made[0], made[1]
    for house in made:
        house.db.close()


def keep(house: House, user: str, text: str) -> tuple[CachedAnswers, bytes]:
    file = CachedAnswers(house.data_dir, house.ring.vault)
    now_ms, digest = house.clock.now_ms(), user.encode().ljust(32)
    with house.db.begin() as tx:
        subject = house.ring.subject_of(tx, "default", user)
    entry = Entry(kind="answer", body=text.encode(), created_ms=now_ms, expires_ms=now_ms + 3_600_000)
    file.put(digest, entry, project="default", task="help", subject=subject, max_entries=100)
    return file, digest


def erase(house: House, waited: list[float] | None = None) -> str:
    """All steps on that machine; the time that it waits is not slept."""
    made = erasure.request(house, "default", user="anna-0042", policy=Policy())
    erasure.look(house, "default", made)
    erasure.remove(house, "default", made)
    erasure.clean(house, "default", made, lambda: None, sleep=(waited if waited is not None else []).append)
    erasure.check(house, "default", made)
    erasure.finish(house, "default", made)
    return made


def receipt_at(house: House, erasure_id: str) -> receipt.Receipt:
    with house.db.read() as tx:
        return erasure.receipt_of(erasures.get_erasure(tx, "default", erasure_id))


def test_an_erasure_is_not_done_before_every_machine_has_cleaned_its_files(houses: tuple[House, House]) -> None:
    here, there = houses
    file, digest = keep(there, "anna-0042", ASKED)
    other, others = keep(here, "ben-0007", "Ring us on Monday.")
    waited: list[float] = []
    made = erase(here, waited)
    early = receipt_at(here, made)
    assert (early.outcome, len(early.missing or ())) == ("incomplete", 1)
    assert there.place in (early.missing or ("",))[0]
    assert "has not cleaned its files yet" in receipt.as_text(early)
    assert sum(waited) == pytest.approx(60.0), "it waited for the other"
    assert file.get(digest, now_ms=there.clock.now_ms()) is not None
    assert elsewhere.catch_up(there, lambda: None) == 1
    assert file.get(digest, now_ms=there.clock.now_ms()) is None
    assert b"anna" not in (there.data_dir / "cache" / "answers.db").read_bytes()
    assert elsewhere.catch_up(there, lambda: None) == 0
    assert erase(here) == made, "asked again, the same one goes on"
    late = receipt_at(here, made)
    assert (late.outcome, late.missing or ()) == ("complete", ())
    with here.db.read() as tx:
        key = here.ring.project_key(tx, "default")
    assert receipt.verify(early, key)
    assert receipt.verify(late, key)
    assert elsewhere.catch_up(here, lambda: None) == 0, "its own it cleans by itself"
    assert other.get(others, now_ms=here.clock.now_ms()) is not None, "where the words are known, others' answers stay"
    for opened in (file, other):
        opened.close()


def test_a_machine_that_is_gone_is_not_waited_for_and_cleans_when_it_comes_back(houses: tuple[House, House]) -> None:
    here, there = houses
    file, digest = keep(there, "anna-0042", ASKED)
    assert isinstance(here.clock, ManualClock)
    here.clock.advance(elsewhere.GONE_MS + 1)
    elsewhere.present(here)
    waited: list[float] = []
    assert receipt_at(here, erase(here, waited)).outcome == "complete"
    assert waited == []
    assert elsewhere.catch_up(there, lambda: None) == 1
    file.close()
    file, _ = keep(there, "ben-0007", "Ring us on Monday.")
    assert file.get(digest, now_ms=0) is None
    file.close()
