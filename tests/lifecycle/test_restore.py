"""A restore is whole or nothing; it needs the right key, and it brings back nobody who was erased since."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.lifecycle.conftest import make_backup, make_restore

from volant.app import restoring
from volant.app.bootstrap import open_context
from volant.app.supervisor import lock
from volant.core.clock import SystemClock
from volant.core.errors import BadInput, Conflict, NotFound, Unauthenticated
from volant.core.settings import ServerSettings
from volant.lifecycle import ledger, restore
from volant.lifecycle.ledger import Erased
from volant.registry import audit, erasures, keys, models, records
from volant.store import upgrade
from volant.store.database import Database
from volant.store.vault import key_digest
from volant.traces.drain import TraceDrain

PASSPHRASE = "correct horse battery"


@pytest.fixture
def data(released: Callable[[str], Path]) -> Path:
    return released("0001")


@pytest.fixture
def place(data: Path, tmp_path: Path) -> Path:
    make_backup(data, tmp_path / "b.tar")
    return tmp_path / "b.tar"


def erase(data: Path, subject: str) -> None:
    """One person, as a server would."""
    settings = ServerSettings(data_dir=str(data))
    context = open_context(data, settings, environment={}, publish=lambda: None)
    drain = TraceDrain(context.db, context.keyring, data / "spool", context.clock)
    restoring._erase(context, drain, Erased(project="default", subject=subject, destroyed_ms=1))
    context.db.close()


def somebody(data: Path) -> str:
    """The person with the most records in datasets."""
    query = (
        "select subject from record join subject_key using (project, subject) where subject_key.destroyed_ms = 0 "
        "group by subject order by count(*) desc, subject limit 1"
    )
    with closing(sqlite3.connect(data / "volant.db")) as connection:
        return str(connection.execute(query).fetchone()[0])


def rows_of(data: Path, subject: str) -> int:
    with closing(sqlite3.connect(data / "volant.db")) as connection:
        return sum(
            connection.execute(f"select count(*) from {table} where subject = ?", (subject,)).fetchone()[0]
            for table in ("record", "inference", "feedback")
        )


# ---------------------------------------------------------------- whole or nothing
def test_it_makes_a_folder_that_only_its_owner_can_read(data: Path, place: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    key = (data / "master.key").read_bytes()
    done = make_restore(place, new, master_key=key)
    assert (done.moved_aside, done.ledger, done.erased_again) == ("", "", [])
    assert (new / "master.key").read_bytes() == key
    modes = {oct(one.stat().st_mode)[-3:] for one in [new, *new.rglob("*")]}
    assert modes == {"700", "600"}
    for one in data.glob("blobs/*/*"):
        assert (new / one.relative_to(data)).read_bytes() == one.read_bytes()
    db = Database.open(f"sqlite:///{new / 'volant.db'}")
    with db.read() as tx:
        assert db.revision() == db.head()
        told = tx.exec_driver_sql("select actor, action from audit order by id desc limit 1").one()
        assert tuple(told) == (audit.HOLDER, "backup.restore")
    db.close()


def test_without_a_root_key_it_makes_one_that_the_next_start_registers(place: Path, data: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    done = make_restore(place, new, master_key=(data / "master.key").read_bytes())
    clear = (new / "root.key").read_text().strip()
    assert done.new_root_key
    assert clear != (data / "root.key").read_text().strip()
    context = open_context(new, ServerSettings(data_dir=str(new)), environment={}, publish=lambda: None)
    with context.db.read() as tx:
        known = {one.sha256: one.scopes for one in keys.list_keys(tx, "default")}
    context.db.close()
    assert known[key_digest(clear)] == ("admin",)


def test_the_passphrase_brings_both_keys_back(data: Path, tmp_path: Path) -> None:
    make_backup(data, tmp_path / "k.tar", passphrase=PASSPHRASE)
    done = make_restore(tmp_path / "k.tar", tmp_path / "new", passphrase=PASSPHRASE)
    assert not done.new_root_key
    for name in ("master.key", "root.key"):
        assert (tmp_path / "new" / name).read_bytes() == (data / name).read_bytes()
    assert not (tmp_path / "new" / "keys.sealed").exists()
    with pytest.raises(BadInput, match="does not open"):
        make_restore(tmp_path / "k.tar", tmp_path / "other", passphrase="another passphrase")
    assert not (tmp_path / "other").exists()


def test_no_key_another_key_and_a_damaged_backup_change_nothing(data: Path, place: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    with pytest.raises(Unauthenticated, match="without its master key"):
        make_restore(place, new)
    with pytest.raises(Unauthenticated, match="does not open this backup"):
        make_restore(place, new, master_key=os.urandom(32))
    whole = place.read_bytes()
    place.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput) as found:
        make_restore(place, data, force=True)
    assert found.value.code == "backup_damaged"
    with pytest.raises(NotFound):
        make_restore(tmp_path / "nowhere.tar", new)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["b.tar", data.name], "nothing is left lying about"
    assert (data / "volant.db").exists()


def test_what_is_there_is_moved_aside_never_overwritten(data: Path, place: Path, tmp_path: Path) -> None:
    (data / "note.txt").write_text("mine")
    with pytest.raises(Conflict, match="something is there"):
        make_restore(place, data)
    done = make_restore(place, data, force=True)
    assert (Path(done.moved_aside) / "note.txt").read_text() == "mine"
    assert not (data / "note.txt").exists()
    assert (data / "root.key").read_bytes() == (Path(done.moved_aside) / "root.key").read_bytes()


def test_a_running_server_is_not_restored_over(data: Path, place: Path) -> None:
    held = lock(data)
    try:
        with pytest.raises(Conflict, match="a server works"):
            make_restore(place, data, force=True)
    finally:
        os.close(held)


def test_no_server_starts_on_a_folder_that_is_being_replaced(data: Path, place: Path) -> None:
    os.close(lock(data))  # as a server leaves it
    tried: list[str] = []

    def settle_slowly(*arguments: Any) -> list[str]:
        with pytest.raises(Conflict) as refused:
            os.close(lock(data))
        tried.append(refused.value.code)
        return restoring.settle(*arguments)

    restore.restore(place, data, restore.Wish(force=True), clock=SystemClock(), settle=settle_slowly)
    assert tried == ["data_dir_in_use"]
    os.close(lock(data))


# ---------------------------------------------------------------- erasures
def test_who_was_erased_after_the_backup_does_not_come_back(data: Path, place: Path, tmp_path: Path) -> None:
    subject = somebody(data)
    assert rows_of(data, subject) > 0
    erase(data, subject)
    assert rows_of(data, subject) == 0
    done = make_restore(place, data, force=True)
    assert rows_of(Path(done.moved_aside), subject) == 0
    assert rows_of(data, subject) == 0, "the folder that was replaced said who"
    assert len(done.erased_again) == 1
    assert done.erasures_known == 1, "the one from before the backup"
    context = open_context(data, ServerSettings(data_dir=str(data)), environment={}, publish=lambda: None)
    with context.db.read() as tx:
        found = erasures.get_erasure(tx, "default", done.erased_again[0])
        assert (found.state, found.receipt["outcome"]) == ("done", "complete")
        assert found.receipt["reason"] == restoring.REASON
        flagged = [m for m in models.list_models(tx, "default") if any(f["kind"] == "erasure" for f in m.flags)]
        assert flagged, "models that learned from them are flagged again"
        assert context.keyring.subject_keys(tx, "default", [subject])[subject].raw is None
        assert not records.ids_of_subject(tx, "default", subject)
        assert audit.verify(tx, context.vault).intact
    context.db.close()


def test_the_ledger_alone_is_enough_on_a_new_machine(data: Path, place: Path, tmp_path: Path) -> None:
    subject = somebody(data)
    erase(data, subject)
    db = Database.open(f"sqlite:///{data / 'volant.db'}")
    with db.read() as tx:
        assert ledger.save(tmp_path / "ledger.jsonl", ledger.read_rows(tx)) == 2
    db.close()
    key = (data / "master.key").read_bytes()
    shutil.rmtree(data)
    without = make_restore(place, tmp_path / "without", master_key=key)
    assert rows_of(tmp_path / "without", subject) > 0, "this is what the ledger is for"
    assert without.ledger == ""
    done = make_restore(place, tmp_path / "with", master_key=key, ledger=tmp_path / "ledger.jsonl")
    assert len(done.erased_again) == 1
    assert rows_of(tmp_path / "with", subject) == 0
    assert b"user" not in (tmp_path / "ledger.jsonl").read_bytes(), "keyed hashes and times only"


def test_an_erasure_reaches_the_copy_from_before_an_upgrade(data: Path) -> None:
    subject = somebody(data)
    opened = open_context(data, ServerSettings(data_dir=str(data)), environment={}, publish=lambda: None)
    opened.db.close()
    assert upgrade.copies(data), "the fixture was migrated, and its databases kept"
    erase(data, subject)
    assert upgrade.copies(data) == []
    db = Database.open(f"sqlite:///{data / 'volant.db'}")
    with db.read() as tx:
        newest = erasures.list_erasures(tx, "default")[-1]
    db.close()
    assert (newest.subject, newest.receipt["outcome"]) == (subject, "complete")


def test_what_a_killed_restore_left_goes_with_the_next(data: Path, place: Path, tmp_path: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    left = tmp_path / f".new.restoring-{dead.pid}"
    left.mkdir()
    (left / "master.key").write_bytes(b"x")
    make_restore(place, tmp_path / "new", master_key=(data / "master.key").read_bytes())
    assert not left.exists()


def test_another_installations_folder_erases_nobody(data: Path, place: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    context = open_context(other, ServerSettings(data_dir=str(other)), environment={}, publish=lambda: None)
    with context.db.begin() as tx:
        context.keyring.destroy(tx, "default", "sub_" + "0" * 32, now_ms=5)
    context.db.close()
    key = (data / "master.key").read_bytes()
    done = make_restore(place, other, force=True, master_key=key)
    assert (done.ledger, done.erased_again) == ("", [])


@pytest.mark.parametrize("line", ["{", '{"project": "default"}', '{"project": 1, "subject": "s", "destroyed_ms": 1}'])
def test_a_ledger_that_is_none_says_its_line(place: Path, data: Path, tmp_path: Path, line: str) -> None:
    (tmp_path / "ledger.jsonl").write_text('{"project": "default", "subject": "sub_1", "destroyed_ms": 1}\n' + line)
    wish: dict[str, Any] = {"master_key": (data / "master.key").read_bytes(), "ledger": tmp_path / "ledger.jsonl"}
    with pytest.raises(BadInput, match="line 2"):
        make_restore(place, tmp_path / "new", **wish)
    assert not (tmp_path / "new").exists()
