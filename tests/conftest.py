"""What every test may use: the real data's folder, a database with keys, an anyio backend."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.vault import Vault


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data sets. Skips by name without VOLANT_TEST_DATA; strict under VOLANT_STRICT=1."""
    place = os.environ.get("VOLANT_TEST_DATA", "")
    if place and Path(place).is_dir():
        return Path(place)
    if os.environ.get("VOLANT_STRICT") == "1":
        pytest.fail(f"VOLANT_TEST_DATA={place!r} is not a folder, and VOLANT_STRICT=1 forbids skipping")
    pytest.skip("real data: set VOLANT_TEST_DATA to a folder with the public test sets (docs/test-data.md)")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A migrated SQLite database in a real file."""
    db = Database.open(f"sqlite:///{tmp_path / 'volant.db'}")
    db.migrate()
    yield db
    db.close()


@pytest.fixture
def ring(database: Database) -> KeyRing:
    """A key ring with the projects `default` and `other`."""
    made = KeyRing(database, Vault(b"m" * 32))
    with database.begin() as tx:
        made.ensure_project(tx, "default", now_ms=1)
        made.ensure_project(tx, "other", now_ms=1)
    return made


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "test_data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.real_data)
