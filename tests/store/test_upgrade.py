"""Every released schema is migrated by today's code; the databases from before are kept; a failed migration harms
nothing; the copy goes when its time has come."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections import namedtuple
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from volant.core.errors import StorageFull
from volant.core.nouns import Limits
from volant.registry import keys
from volant.store import database as database_module
from volant.store import upgrade
from volant.store.database import Database

RELEASES = sorted(place.name for place in (Path(__file__).parent / "released").iterdir() if place.is_dir())
DAY_MS = 86_400_000
BROKEN = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "9999", "{head}", None, None
def upgrade():
    op.create_table("half_made", sa.Column("id", sa.String(), primary_key=True))
    op.execute("delete from feedback")
    op.execute("select no_such_column from project")
"""


def counts(place: Path) -> dict[str, int]:
    """Rows of every table, the schema's own included."""
    with closing(sqlite3.connect(place)) as connection:
        names = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        return {name: connection.execute(f'select count(*) from "{name}"').fetchone()[0] for name in names}


def revision_of(place: Path) -> str:
    with closing(sqlite3.connect(place)) as connection:
        return str(connection.execute("select version_num from alembic_version").fetchone()[0])


@pytest.fixture
def broken_head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The migrations with one more that fails in its middle."""
    place = tmp_path / "migrations"
    shutil.copytree(database_module.MIGRATIONS, place, ignore=shutil.ignore_patterns("__pycache__"))
    head = max(one.name[:4] for one in place.glob("versions/[0-9]*.py"))
    (place / "versions" / "9999_broken.py").write_text(BROKEN.format(head=head))
    monkeypatch.setattr(database_module, "MIGRATIONS", place)
    return place


def test_a_fixture_of_every_released_schema_is_kept() -> None:
    """All revisions but the newest, which is not released, or was just now."""
    versions = sorted(one.name[:4] for one in database_module.MIGRATIONS.glob("versions/[0-9]*.py"))
    assert set(versions[:-1]) <= set(RELEASES)


@pytest.mark.parametrize("revision", RELEASES)
def test_a_released_schema_is_migrated_and_every_row_is_still_there(
    revision: str, released: Callable[[str], Path]
) -> None:
    data = released(revision)
    before = counts(data / "volant.db")
    assert all(before.values()), f"a table without rows proves nothing: {before}"
    db = Database.open(f"sqlite:///{data / 'volant.db'}")
    assert db.revision() == revision
    assert db.migrate() == db.head() == db.revision()
    db.close()
    after = counts(data / "volant.db")
    grown = {"spend"}  # months are added up from days
    assert {name: after[name] for name in before if name not in grown} == {
        name: rows for name, rows in before.items() if name not in grown
    }
    assert after["spend"] >= before["spend"]


def test_limits_of_keys_and_what_was_spent_survive(released: Callable[[str], Path]) -> None:
    data = released("0002")
    with closing(sqlite3.connect(data / "volant.db")) as connection:
        was = connection.execute(
            "select sum(usd), sum(requests), sum(tokens) from spend where length(day) = 10"
        ).fetchone()
        answered = connection.execute("select count(*), sum(cost_usd) from inference").fetchone()
    db = Database.open(f"sqlite:///{data / 'volant.db'}")
    db.migrate()
    with db.read() as tx:
        budget = next(key for key in keys.list_keys(tx, "default") if key.name == "budget")
        spent = tx.exec_driver_sql("select sum(usd), sum(requests), sum(tokens) from spend where period = ''").one()
        used = tx.exec_driver_sql("select sum(requests), sum(cost_usd) from usage where over = 'project'").one()
    db.close()
    assert budget.limits == Limits(requests_per_minute=60, usd_per_day=2.5)
    assert tuple(spent) == pytest.approx(was)
    assert tuple(used) == pytest.approx(answered)


def test_the_databases_from_before_are_kept_and_the_old_version_can_have_them_back(
    released: Callable[[str], Path],
) -> None:
    data = released("0001")
    before = counts(data / "volant.db")
    db = Database.open(f"sqlite:///{data / 'volant.db'}")
    copied = upgrade.copy_before_upgrade(data, db, keep_days=7, now_ms=1_700_000_000_000)
    assert copied is not None
    assert copied.name.startswith("0001-20231114T")
    db.migrate()
    assert upgrade.copy_before_upgrade(data, db, keep_days=7, now_ms=1) is None, "nothing is left to migrate"
    db.close()
    assert (revision_of(copied / "volant.db"), counts(copied / "volant.db")) == ("0001", before)
    assert counts(copied / "dbos.db") == counts(data / "dbos.db")
    assert oct((copied / "volant.db").stat().st_mode)[-3:] == "600"


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    released: Callable[[str], Path], broken_head: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = released("0001")
    before = counts(data / "volant.db")
    db = Database.open(f"sqlite:///{data / 'volant.db'}")
    with pytest.raises(Exception, match="no_such_column"):
        db.migrate()
    db.close()
    assert (revision_of(data / "volant.db"), counts(data / "volant.db")) == ("0001", before)
    monkeypatch.undo()
    db = Database.open(f"sqlite:///{data / 'volant.db'}")
    assert db.migrate() == db.head()
    db.close()


def test_tries_of_an_hour_share_one_copy_and_a_later_one_replaces_it(
    released: Callable[[str], Path], broken_head: Path
) -> None:
    data = released("0001")
    db = Database.open(f"sqlite:///{data / 'volant.db'}")
    now_ms = int(time.time() * 1000)
    first = upgrade.copy_before_upgrade(data, db, keep_days=7, now_ms=now_ms)
    assert upgrade.copy_before_upgrade(data, db, keep_days=7, now_ms=now_ms + 60_000) == first
    later = upgrade.copy_before_upgrade(data, db, keep_days=7, now_ms=now_ms + 3 * 3_600_000)
    db.close()
    assert later != first
    assert upgrade.copies(data) == [later], "one is enough"


def test_the_copy_goes_with_its_days_and_none_is_made_where_none_is_wanted(released: Callable[[str], Path]) -> None:
    data = released("0001")
    db = Database.open(f"sqlite:///{data / 'volant.db'}")
    assert upgrade.copy_before_upgrade(data, db, keep_days=0, now_ms=1) is None
    now_ms = int(time.time() * 1000)
    copied = upgrade.copy_before_upgrade(data, db, keep_days=7, now_ms=now_ms)
    db.close()
    assert copied is not None
    assert upgrade.sweep(data, keep_days=7, now_ms=now_ms + 6 * DAY_MS) == 0
    assert upgrade.sweep(data, keep_days=7, now_ms=now_ms + 8 * DAY_MS) == 1
    assert not copied.exists()


def test_no_room_for_the_copy_stops_the_upgrade_before_it_begins(
    released: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = released("0001")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(10**9, 10**9 - 1000, 1000))
    db = Database.open(f"sqlite:///{data / 'volant.db'}")
    with pytest.raises(StorageFull, match="safety copy") as full:
        upgrade.copy_before_upgrade(data, db, keep_days=7, now_ms=1)
    db.close()
    assert full.value.code == "upgrade_no_room"
    assert revision_of(data / "volant.db") == "0001"
