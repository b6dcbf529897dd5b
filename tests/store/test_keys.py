"""The key ring: who may read what, and what destroying a key means."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from volant.core.errors import BadInput, Conflict, NotFound
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.tables import subject_key
from volant.store.vault import Vault

TEXT = b"my card was swallowed by the machine"


def test_a_text_opens_for_its_subject_and_for_nobody_else(database: Database, ring: KeyRing) -> None:
    with database.begin() as tx:
        sealed = ring.seal_for(tx, "default", "sub_a", TEXT, now_ms=5)
        ring.seal_for(tx, "default", "sub_b", TEXT, now_ms=5)
    assert TEXT not in sealed
    with database.read() as tx:
        assert ring.open_for(tx, "default", "sub_a", sealed) == TEXT
        with pytest.raises(BadInput, match="does not open"):
            ring.open_for(tx, "default", "sub_b", sealed)
        assert ring.open_for(tx, "default", "sub_unknown", sealed) is None


def test_without_a_subject_the_projects_key_seals(database: Database, ring: KeyRing) -> None:
    with database.begin() as tx:
        sealed = ring.seal_for(tx, "default", "", TEXT, now_ms=5)
        assert tx.execute(select(subject_key)).all() == []
    with database.read() as tx:
        assert ring.open_for(tx, "default", "", sealed) == TEXT
        with pytest.raises(BadInput):
            ring.open_for(tx, "other", "", sealed)


def test_a_destroyed_key_opens_nothing_and_a_person_may_come_back(database: Database, ring: KeyRing) -> None:
    with database.begin() as tx:
        old = ring.seal_for(tx, "default", "sub_a", TEXT, now_ms=5)
    with database.begin() as tx:
        gone = ring.destroy(tx, "default", "sub_a", now_ms=10)
    assert gone is not None
    assert ring.vault.open_sealed(gone.raw, old) == TEXT  # it was that very key
    assert ring.vault.unwrap(gone.wrapped) == gone.raw
    with database.read() as tx:
        assert ring.open_for(tx, "default", "sub_a", old) is None
        assert ring.erased_ms(tx, "default", "sub_a") == 10
    with database.begin() as tx:
        new = ring.seal_for(tx, "default", "sub_a", b"hello again", now_ms=20)
    with database.read() as tx:
        assert ring.open_for(tx, "default", "sub_a", new) == b"hello again"
        assert ring.open_for(tx, "default", "sub_a", old) is None
        assert ring.erased_ms(tx, "default", "sub_a") == 10


def test_the_destroyed_key_leaves_no_byte_in_the_database_files(
    database: Database, ring: KeyRing, tmp_path: Path
) -> None:
    with database.begin() as tx:
        for number in range(50):
            ring.seal_for(tx, "default", f"sub_{number}", TEXT, now_ms=5)
    database.checkpoint()
    with database.begin() as tx:
        gone = ring.destroy(tx, "default", "sub_7", now_ms=10)
    assert gone is not None
    assert any(gone.wrapped in path.read_bytes() for path in tmp_path.glob("volant.db*"))  # before the WAL is cut
    database.checkpoint()
    assert not any(gone.wrapped in path.read_bytes() for path in tmp_path.glob("volant.db*"))


def test_a_key_of_a_rolled_back_transaction_is_never_used(database: Database, ring: KeyRing) -> None:
    with database.engine.connect() as tx:
        ring.seal_for(tx, "default", "sub_a", TEXT, now_ms=5)
        tx.rollback()
    with database.begin() as tx:
        sealed = ring.seal_for(tx, "default", "sub_a", TEXT, now_ms=6)
    fresh = KeyRing(database, ring.vault)
    with database.read() as tx:
        assert fresh.open_for(tx, "default", "sub_a", sealed) == TEXT


def test_an_erasure_of_an_unknown_person_is_remembered(database: Database, ring: KeyRing) -> None:
    with database.begin() as tx:
        assert ring.destroy(tx, "default", "sub_new", now_ms=10) is None
    with database.read() as tx:
        assert ring.erased_ms(tx, "default", "sub_new") == 10


def test_a_reading_process_opens_but_makes_no_key(database: Database, ring: KeyRing, tmp_path: Path) -> None:
    with database.begin() as tx:
        sealed = ring.seal_for(tx, "default", "sub_a", TEXT, now_ms=5)
    readers = Database.open(f"sqlite:///{tmp_path / 'volant.db'}", read_only=True)
    reading = KeyRing(readers, ring.vault, read_only=True)
    with readers.read() as tx:
        assert reading.open_for(tx, "default", "sub_a", sealed) == TEXT
        assert reading.vault.open_sealed(ring.project_key(tx, "default"), reading.seal_for(
            tx, "default", "", b"x", now_ms=1)) == b"x"  # fmt: skip
        with pytest.raises(Conflict, match="may not write"):
            reading.seal_for(tx, "default", "sub_new", TEXT, now_ms=5)
        with pytest.raises(Conflict, match="erasure"):
            reading.destroy(tx, "default", "sub_a", now_ms=5)
    readers.close()


def test_subjects_differ_by_project_and_agree_over_installations(
    database: Database, ring: KeyRing, tmp_path: Path
) -> None:
    with database.read() as tx:
        here = ring.subject_of(tx, "default", "ann@example.com")
        assert here != ring.subject_of(tx, "other", "ann@example.com")
        assert ring.subject_of(tx, "default", "") == ""
        with pytest.raises(NotFound, match="no project"):
            ring.subject_of(tx, "nobody", "ann@example.com")
    twin = Database.open(f"sqlite:///{tmp_path / 'twin.db'}")
    twin.migrate()
    same_master = KeyRing(twin, Vault(b"m" * 32))
    with twin.begin() as tx:
        assert same_master.ensure_project(tx, "default", now_ms=9)
        assert not same_master.ensure_project(tx, "default", now_ms=9)
        assert same_master.subject_of(tx, "default", "ann@example.com") == here
        with database.read() as here_tx:
            assert same_master.project_key(tx, "default") != ring.project_key(here_tx, "default")  # random, not derived
    twin.close()
