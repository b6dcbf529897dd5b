"""docs/data-model.md names every table and column, and the migrations make exactly the tables of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from volant.store.database import Database
from volant.store.tables import metadata

PAGE = Path(__file__).parents[2] / "docs" / "data-model.md"


def sections() -> dict[str, set[str]]:
    """Table → the columns that its section explains."""
    parts = re.split(r"^### `(\w+)`$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {
        name: {
            column
            for line in body.splitlines()
            if line.startswith("| `")
            for column in re.findall(r"`(\w+)`", line.split("|")[1])
        }
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_the_page_explains_every_column(table: str) -> None:
    assert sections().get(table) == {column.name for column in metadata.tables[table].columns}


def test_the_page_explains_no_table_that_is_not_there() -> None:
    assert set(sections()) == set(metadata.tables)


def test_the_migrations_make_the_tables_of_the_code(database: Database) -> None:
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}
    assert database.migrate() == database.migrate()
