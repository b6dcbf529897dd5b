"""Database: open, migrate, transact. SQLite by default, PostgreSQL by URL; SQLAlchemy Core on both.

One process writes (control); others open `read_only`. Knows no table by name but for the pragmas of its dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import msgspec
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import Table

from volant.core.errors import Conflict, StorageFull
from volant.store.turns import Turns

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_S = 20.0  # a writer waits for others no longer


class Database:
    """Connections to one database: `engine` writes, and of SQLite others read."""

    def __init__(self, engine: Engine, reader: Engine) -> None:
        self.engine = engine
        self._reader = reader
        self._turns = Turns() if engine.dialect.name == "sqlite" else None  # PostgreSQL has many writers

    @classmethod
    def open(cls, url: str, *, read_only: bool = False) -> Database:
        """Open `url`, e.g. `sqlite:////data/volant.db`; `read_only` refuses every write."""
        if not url.startswith("sqlite"):
            engine = create_engine(url, pool_pre_ping=True)
            # SQLite reads one snapshot by itself; PostgreSQL, by default, one a statement. The pool is the same.
            return cls(engine, engine.execution_options(isolation_level="REPEATABLE READ"))
        reader = _sqlite(url, _reader_pragmas if read_only else _pragmas, _begin_deferred)
        if read_only:
            return cls(reader, reader)
        return cls(_sqlite(url, _writer_pragmas, _begin_immediate), reader)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that commits on success. Raises StorageFull when the disk is full."""
        try:
            with self._turn(), self.engine.begin() as connection:
                yield connection
        except OperationalError as error:
            if "disk is full" in str(error) or "No space left" in str(error):
                raise StorageFull(
                    "storage_full",
                    "the disk that holds the database is full",
                    where=str(self.engine.url.database),
                    hint="free space or move the data directory; nothing acknowledged was lost",
                ) from error
            raise

    def _turn(self) -> AbstractContextManager[object]:
        return self._turns.one(BUSY_S) if self._turns is not None else nullcontext()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view; nothing is kept."""
        with self._reader.connect() as connection:
            yield connection

    def revision(self) -> str:
        """The schema's revision as it stands; empty for a database without one."""
        with self.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() or ""

    def head(self) -> str:
        """The newest revision that this code knows."""
        return ScriptDirectory.from_config(self._alembic()).get_current_head() or ""

    def migrate(self) -> str:
        """Bring the schema to the newest revision, in one transaction; gives its name.

        Raises Conflict on a schema newer than this code.
        """
        config = self._alembic()
        script = ScriptDirectory.from_config(config)
        current = self.revision()
        if current and current not in {revision.revision for revision in script.walk_revisions()}:
            raise Conflict(
                "schema_newer",
                f"the database has schema {current!r}, which this version of Volant does not know",
                where=str(self.engine.url.database),
                hint="run the version that wrote it, or restore a backup made before the upgrade",
            )
        head = script.get_current_head() or ""
        if current != head:
            with self.engine.begin() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        return head

    def checkpoint(self) -> None:
        """Move the WAL into the database and cut it to nothing, so that no old page survives in it (SQLite)."""
        if self.engine.dialect.name != "sqlite":
            return
        raw = self.engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            raw.close()

    def insert_ignore(self, connection: Connection, table: Table, rows: list[dict[str, Any]]) -> int:
        """Insert the rows that are new by any unique key; gives how many were. Idempotent ingest stands on this."""
        if not rows:
            return 0
        names = tuple(rows[0])
        marks = ", ".join([mark_of(connection)] * len(names))
        text = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks}) ON CONFLICT DO NOTHING"
        return int(connection.exec_driver_sql(text, [tuple(row[name] for name in names) for row in rows]).rowcount)

    def close(self) -> None:
        self.engine.dispose()
        self._reader.dispose()

    def _alembic(self) -> Config:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        return config


def insert_rows(connection: Connection, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert many rows, values as the driver takes them, in the order of `names`: for the paths that write most.

    What SQLAlchemy does for each value of each row costs more than SQLite does. Columns that `names` leaves out get
    the database's default.
    """
    if rows:
        marks = ", ".join([mark_of(connection)] * len(names))
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})", list(rows))


def mark_of(connection: Connection) -> str:
    """What stands for a value in a text that goes to the driver as it is."""
    return "?" if connection.dialect.name == "sqlite" else "%s"


def one_of(connection: Connection, values: Iterable[str]) -> tuple[str, Any]:
    """`column` + this text: one of many values, and what to bind to its one mark. The text is always the same, so
    that nothing is compiled or prepared again for another number of values."""
    if connection.dialect.name == "sqlite":
        return " IN (SELECT value FROM json_each(?))", msgspec.json.encode(list(values)).decode()
    return " = ANY(%s)", list(values)


def _sqlite(url: str, pragmas: Callable[[Any, Any], None], begin: Callable[[Connection], None]) -> Engine:
    """A pool that hands out the connection that was used last: its pages are still in memory."""
    engine = create_engine(url, pool_use_lifo=True)
    event.listen(engine, "connect", pragmas)
    event.listen(engine, "begin", begin)
    return engine


def _writer_pragmas(connection: Any, _record: Any) -> None:
    """Of the connections that write, one at a time. What it wrote stays in its cache while nobody else writes; a page
    that is written again and again reaches the database once a checkpoint."""
    _pragmas(connection, _record)
    cursor = connection.cursor()
    for pragma in ("cache_size=-32768", "wal_autocheckpoint=4000"):  # KiB; pages of 4 KiB
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, else DDL and reads escape the transaction
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "secure_delete=ON",
        "foreign_keys=ON",
        f"busy_timeout={int(BUSY_S * 1000)}",
        "temp_store=MEMORY",
        "journal_size_limit=67108864",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _reader_pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("query_only=ON", "busy_timeout=20000", "temp_store=MEMORY"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_deferred(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
