"""Elsewhere: what an erasure leaves in files, here and on the other machines that share the database.

Rows go once, for all. Spool segments, cached answers, results of runs and free pages lie in each machine's own data
directory, which only its own control reaches. So each control says that it is there (`present`) and cleans its
directory for the erasures that others carry out (`catch_up`), and an erasure waits for them (`missing`). What to look
for stays on the machine that carries the erasure out: another drops all cached answers of the project.

A machine that says nothing for `GONE_MS` is not waited for. Should it come back, it cleans when it starts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import Connection, select, update

from volant.core.accounts import DAY_MS
from volant.governance import purge
from volant.governance.house import House
from volant.store import cached_answers
from volant.store.tables import erasure as erasures
from volant.store.tables import erasure_place, place
from volant.store.upgrade import drop_copies

GONE_MS = 7 * DAY_MS
EVERY_S = 5.0  # how often a control looks for what others erase
_AFTER_REMOVAL = ("removed", "cleaned", "checked", "done", "incomplete")


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """Of an erasure's progress, what another machine needs."""

    class Removed(msgspec.Struct, frozen=True, kw_only=True):
        stand_in: str = ""

    removed: Removed | None = None
    removed_ms: int = 0
    place: str = ""


# ---------------------------------------------------------------- this machine's files
def clean_files(
    house: House,
    project: str,
    subject: str,
    done: Removal,
    drain: Callable[[], object],
    *,
    words: Sequence[str] | None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Leave no copy in this data directory. Without `words` all cached answers of the project go.

    Raises Unavailable, to be tried again, when a segment or a database stays in use; StorageFull.
    """
    kek = house.ring.vault.spool_key
    purge.drain_until_gone(house.data_dir / "spool", kek, subject, done.removed_ms, drain, sleep=sleep)
    if done.removed is not None:
        purge.replace_in_results(house.data_dir / "runs", subject, done.removed.stand_in)
    if words is None:
        cached_answers.forget_all(house.data_dir, project)
    else:
        cached_answers.forget(house.data_dir, house.ring.vault, project, subject, words)
    drop_copies(house.data_dir)  # from before an upgrade: they hold the person's key
    for path in _databases(house):
        purge.compact(path, sleep=sleep)


def _databases(house: House) -> list[Path]:
    """The SQLite files; on PostgreSQL the rows are gone, and its own vacuum and WAL are the server's."""
    url = house.db.engine.url
    own = [Path(url.database)] if url.get_backend_name() == "sqlite" and url.database else []
    return [*own, house.data_dir / "dbos.db", house.data_dir / cached_answers.FILE]


# ---------------------------------------------------------------- the other machines'
def present(house: House) -> None:
    """Say that this machine is there."""
    if not _shared(house):
        return
    row = {"id": house.place, "name": os.uname().nodename, "seen_ms": house.clock.now_ms()}
    with house.db.begin() as tx:
        if not tx.execute(update(place).where(place.c.id == house.place).values(**row)).rowcount:
            house.db.insert_ignore(tx, place, [row])


def confirm(house: House, tx: Connection, erasure_id: str) -> None:
    """This machine's files are clean."""
    if _shared(house):
        row = {"erasure_id": erasure_id, "place": house.place, "cleaned_ms": house.clock.now_ms()}
        house.db.insert_ignore(tx, erasure_place, [row])


def missing(house: House, tx: Connection, erasure_id: str) -> tuple[str, ...]:
    """The other machines that have not cleaned their files yet, as people know them."""
    if not _shared(house):
        return ()
    clean = select(erasure_place.c.place).where(erasure_place.c.erasure_id == erasure_id)
    since = house.clock.now_ms() - GONE_MS
    query = select(place.c.name, place.c.id).where(
        place.c.seen_ms > since, place.c.id != house.place, place.c.id.not_in(clean)
    )
    return tuple(f"{name} ({identifier})" for name, identifier in tx.execute(query.order_by(place.c.id)))


def catch_up(house: House, drain: Callable[[], object], *, sleep: Callable[[float], None] = time.sleep) -> int:
    """Clean this machine's files for the erasures that others carry out; gives for how many.

    Raises what `clean_files` raises; what was not confirmed is taken up again.
    """
    if not _shared(house):
        return 0
    present(house)
    clean = select(erasure_place.c.erasure_id).where(erasure_place.c.place == house.place)
    query = select(erasures).where(erasures.c.state.in_(_AFTER_REMOVAL), erasures.c.id.not_in(clean))
    with house.db.read() as tx:
        rows = tx.execute(query.order_by(erasures.c.requested_ms)).all()
    count = 0
    for row in rows:
        done = msgspec.json.decode(row.progress, type=Removal)
        if done.place not in ("", house.place):
            clean_files(house, row.project, row.subject, done, drain, words=None, sleep=sleep)
            count += 1
        with house.db.begin() as tx:
            confirm(house, tx, row.id)  # its own and those from before there were several too: they are read once
    return count


def _shared(house: House) -> bool:
    """An SQLite file is one machine's."""
    return bool(house.place) and house.db.engine.dialect.name != "sqlite"
