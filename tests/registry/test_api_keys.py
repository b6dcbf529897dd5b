"""API keys: shown once, hashed, scoped, revoked, rotated."""

from __future__ import annotations

from pathlib import Path

import pytest

from volant.core.errors import BadInput, Forbidden, NotFound, Unauthenticated
from volant.core.nouns import Limits
from volant.registry import keys, revision
from volant.store.database import Database
from volant.store.keys import KeyRing

pytestmark = pytest.mark.usefixtures("ring")


def test_a_key_is_shown_once_and_its_text_is_nowhere(database: Database, tmp_path: Path) -> None:
    with database.begin() as tx:
        key, clear = keys.create_key(tx, "default", name="app", scopes=["inference"], now_ms=5)
    assert clear.startswith("vk_")
    assert len(clear) == 46
    assert clear.startswith(key.prefix)
    assert len(key.prefix) == 9
    database.checkpoint()
    assert clear.encode() not in (tmp_path / "volant.db").read_bytes()
    with database.read() as tx:
        assert keys.authenticate(tx, clear, now_ms=6) == key
        with pytest.raises(Unauthenticated, match="nobody knows"):
            keys.authenticate(tx, clear[:-1], now_ms=6)


def test_scopes_open_what_they_name(database: Database) -> None:
    with database.begin() as tx:
        key, _ = keys.create_key(tx, "default", name="app", scopes=["inference", "feedback"], now_ms=5)
        admin, _ = keys.create_key(tx, "default", name="root", scopes=["admin"], now_ms=5)
        with pytest.raises(BadInput, match="no scope 'everything'"):
            keys.create_key(tx, "default", name="app", scopes=["everything"], now_ms=5)
        with pytest.raises(BadInput, match="at least one"):
            keys.create_key(tx, "default", name="app", scopes=[], now_ms=5)
    keys.require(key, "feedback")
    keys.require(admin, "feedback")
    with pytest.raises(Forbidden, match="lacks the scope 'write'"):
        keys.require(key, "release")


def test_expired_and_revoked_keys_end(database: Database) -> None:
    with database.begin() as tx:
        short, clear = keys.create_key(tx, "default", name="short", scopes=["read"], now_ms=5, expires_ms=10)
        assert keys.authenticate(tx, clear, now_ms=9) == short
        with pytest.raises(Unauthenticated, match="expired"):
            keys.authenticate(tx, clear, now_ms=10)
        long, clear = keys.create_key(tx, "default", name="long", scopes=["read"], now_ms=5)
        before = revision.current(tx)
        assert keys.revoke(tx, "default", long.id, now_ms=8).revoked_ms == 8
        assert keys.revoke(tx, "default", long.id, now_ms=9).revoked_ms == 8
        assert revision.current(tx) == before + 1
        with pytest.raises(Unauthenticated, match="revoked"):
            keys.authenticate(tx, clear, now_ms=9)
        with pytest.raises(NotFound):
            keys.revoke(tx, "other", long.id, now_ms=9)
        assert keys.grants(tx, now_ms=9) == {short.sha256: keys.grants(tx, now_ms=9)[short.sha256]}
        assert keys.grants(tx, now_ms=10) == {}


def test_rotation_keeps_the_limits_and_gives_grace(database: Database) -> None:
    with database.begin() as tx:
        old, old_clear = keys.create_key(
            tx, "default", name="app", scopes=["inference"], now_ms=5, tasks=["t"], limits=Limits(usd_per_day=2.5)
        )
        new, clear = keys.rotate(tx, "default", old.id, now_ms=100, grace_ms=50)
        assert (new.tasks, new.usd_per_day, new.name) == (("t",), 2.5, "app")
        assert keys.authenticate(tx, old_clear, now_ms=149).id == old.id
        with pytest.raises(Unauthenticated):
            keys.authenticate(tx, old_clear, now_ms=150)
        keys.rotate(tx, "default", new.id, now_ms=200)
        with pytest.raises(Unauthenticated, match="revoked"):
            keys.authenticate(tx, clear, now_ms=200)
        assert len(keys.list_keys(tx, "default")) == 3


def test_a_given_clear_text_is_kept_by_its_hash(database: Database, ring: KeyRing) -> None:
    clear = keys.new_clear_key()
    with database.begin() as tx:
        _, shown = keys.create_key(tx, "default", name="root", scopes=["admin"], now_ms=5, clear=clear)
        assert shown == clear
        assert keys.authenticate(tx, clear, now_ms=6).name == "root"


def test_the_keys_of_one_account_are_found_by_each(database: Database) -> None:
    with database.begin() as tx:
        first, _ = keys.create_key(tx, "default", name="app", scopes=["inference"], now_ms=5)
        other, _ = keys.create_key(tx, "default", name="app", scopes=["inference"], now_ms=5)
        second, _ = keys.rotate(tx, "default", first.id, now_ms=6, grace_ms=5)
        third, _ = keys.rotate(tx, "default", second.id, now_ms=7)
        assert keys.together(tx, "default", third.id)[0] == third.id
        assert set(keys.together(tx, "default", third.id)) == {first.id, second.id, third.id}
        assert keys.together(tx, "default", other.id) == [other.id]
        assert {key.account for key in keys.list_keys(tx, "default")} == {first.id, other.id}
