"""Audit: any change of what was written is found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from volant.core.errors import BadInput
from volant.registry import audit as chain
from volant.store.database import Database
from volant.store.tables import audit, audit_head
from volant.store.vault import Vault, new_key

VAULT = Vault(bytes(range(32)))


@pytest.fixture
def db(tmp_path: Path) -> Database:
    db = Database.open(f"sqlite:///{tmp_path / 'volant.db'}")
    db.migrate()
    with db.begin() as tx:
        for number in range(5):
            add(tx, number)
    return db


def add(tx: Connection, number: int, vault: Vault = VAULT) -> chain.Head:
    return chain.append(
        tx, vault, project="default", actor="key_1", action="model.register", object_kind="model",
        object_id=f"mdl_{number}", detail={"because": "gate", "count": number}, now_ms=1000 + number,
    )  # fmt: skip


def test_an_untouched_chain_is_intact(db: Database) -> None:
    with db.read() as tx:
        found = chain.verify(tx, VAULT)
        assert (found.intact, found.rows, found.head_id) == (True, 5, 5)
        assert chain.head(tx) == (found.head_id, found.head_hash)


def test_an_empty_chain_is_intact(tmp_path: Path) -> None:
    db = Database.open(f"sqlite:///{tmp_path / 'empty.db'}")
    db.migrate()
    with db.read() as tx:
        assert chain.verify(tx, VAULT).intact


@pytest.mark.parametrize("column", ["project", "actor", "action", "object_kind", "object_id", "detail", "hash"])
def test_a_changed_word_is_found(db: Database, column: str) -> None:
    with db.begin() as tx:
        tx.execute(update(audit).where(audit.c.id == 3).values({column: "something else"}))
    with db.read() as tx:
        found = chain.verify(tx, VAULT)
    assert (found.intact, found.first_bad_id, found.rows) == (False, 3, 2)


def _drop_middle(tx: Connection) -> None:
    tx.execute(delete(audit).where(audit.c.id == 3))


def _drop_first(tx: Connection) -> None:
    tx.execute(delete(audit).where(audit.c.id == 1))


def _drop_last(tx: Connection) -> None:
    tx.execute(delete(audit).where(audit.c.id == 5))


def _drop_all(tx: Connection) -> None:
    tx.execute(delete(audit))


def _swap(tx: Connection) -> None:
    for old, new in ((3, 99), (4, 3), (99, 4)):
        tx.execute(update(audit).where(audit.c.id == old).values(id=new))


def _change_time(tx: Connection) -> None:
    tx.execute(update(audit).where(audit.c.id == 2).values(created_ms=7))


def _insert_own(tx: Connection) -> None:
    """By somebody who can write the database and knows the code, but not the master key."""
    add(tx, 9, Vault(new_key()))


def _rewrite_with_another_key(tx: Connection) -> None:
    tx.execute(delete(audit))
    tx.execute(delete(audit_head))
    for number in range(5):
        add(tx, number, Vault(new_key()))


def _copy_a_row(tx: Connection) -> None:
    row = dict(tx.execute(select(audit).where(audit.c.id == 2)).one()._mapping)
    tx.execute(insert(audit).values(**(row | {"id": 6})))
    tx.execute(update(audit_head).values(last_id=6, hash=row["hash"]))


@pytest.mark.parametrize(
    "tamper",
    [_drop_middle, _drop_first, _drop_last, _drop_all, _swap, _change_time, _insert_own, _rewrite_with_another_key,
     _copy_a_row],
)  # fmt: skip
def test_tampering_is_found(db: Database, tamper: Callable[[Connection], None]) -> None:
    with db.begin() as tx:
        tamper(tx)
    with db.read() as tx:
        found = chain.verify(tx, VAULT)
    assert not found.intact
    assert found.sentence


def test_a_database_set_back_is_found_by_a_head_that_was_kept(db: Database, tmp_path: Path) -> None:
    with db.begin() as tx:
        early = tx.execute(select(audit)).mappings().all()
        before = chain.head(tx)
        seen = add(tx, 6)
    with db.begin() as tx:  # everything as it was, heads too
        tx.execute(delete(audit).where(audit.c.id > len(early)))
        tx.execute(update(audit_head).values(last_id=before.id, hash=before.hash))
    with db.read() as tx:
        assert chain.verify(tx, VAULT).intact
        assert not chain.verify(tx, VAULT, seen=seen).intact
    with db.begin() as tx:
        add(tx, 7)  # another history grows over it
    with db.read() as tx:
        assert not chain.verify(tx, VAULT, seen=seen).intact
        assert chain.verify(tx, VAULT, seen=before).intact


@pytest.mark.parametrize("detail", [{"text": "x" * 201}, {"a": {"b": ["y" * 300]}}, {"raw": b"bytes"}, {"o": object()}])
def test_texts_have_no_place_in_an_audit_row(db: Database, detail: dict[str, Any]) -> None:
    with db.begin() as tx, pytest.raises(BadInput):
        chain.append(tx, VAULT, project="p", actor="a", action="key.create", detail=detail, now_ms=1)
    with db.read() as tx:
        assert chain.verify(tx, VAULT).rows == 5


def test_a_row_that_is_rolled_back_leaves_the_chain_whole(db: Database) -> None:
    tx = db.engine.connect()
    tx.begin()
    add(tx, 8)
    tx.rollback()
    tx.close()
    with db.begin() as tx:
        assert add(tx, 9).id == 6
        assert chain.verify(tx, VAULT).intact


def _insert_before_the_first(tx: Connection) -> None:
    row = dict(tx.execute(select(audit).where(audit.c.id == 1)).one()._mapping)
    tx.execute(insert(audit).values(**(row | {"id": 0})))


@pytest.mark.parametrize(
    ("tamper", "bad", "says"),
    [
        (_drop_middle, 3, "row 3 is missing"),
        (_drop_first, 1, "row 1 is missing"),
        (_drop_last, 5, "the chain ends at row 4"),
        (_drop_all, 1, "the chain ends at row 0"),
        (_swap, 3, "row 3 is not what was written"),
        (_change_time, 2, "row 2 is not what was written"),
        (_insert_own, 6, "row 6 is not what was written"),
        (_copy_a_row, 6, "row 6 is not what was written"),
        (_insert_before_the_first, 0, "row 0 was inserted"),
    ],
)
def test_the_first_bad_row_is_named(db: Database, tamper: Callable[[Connection], None], bad: int, says: str) -> None:
    with db.begin() as tx:
        tamper(tx)
    with db.read() as tx:
        found = chain.verify(tx, VAULT)
    assert (found.intact, found.first_bad_id) == (False, bad)
    assert says in found.sentence


def test_a_head_is_read_as_it_is_written(db: Database) -> None:
    with db.read() as tx:
        newest = chain.head(tx)
    assert chain.parse_head(f" {newest}\n") == newest
    for text in ("", "5", "x:" + "0" * 64, "5:" + "0" * 63, "-1:" + "0" * 64):
        with pytest.raises(BadInput):
            chain.parse_head(text)


def test_an_action_outside_the_table_is_refused(db: Database) -> None:
    with db.begin() as tx, pytest.raises(BadInput, match="not in the table"):
        chain.append(tx, VAULT, project="p", actor="a", action="key.invent", now_ms=1)


@pytest.mark.parametrize("name", ["jane@example.org", "Jane Doe", "", "x" * 81, "é", "-x", "a\nb"])
def test_a_name_that_is_no_plain_word_stands_as_its_digest(name: str) -> None:
    assert chain.word(name).startswith("#")
    assert len(chain.word(name)) == 17
    assert chain.word("helpdesk-intent:v1.2/x") == "helpdesk-intent:v1.2/x"
