"""Many who append at once: one chain, no gap, no row lost; also for those who verify meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path

from volant.registry import audit as chain
from volant.store import tables
from volant.store.database import Database
from volant.store.vault import Vault

VAULT = Vault(bytes(range(32)))
WRITERS, EACH = 6, 25


def test_many_writers_on_sqlite(tmp_path: Path) -> None:
    _all_at_once(f"sqlite:///{tmp_path / 'volant.db'}")


def test_many_writers_on_postgresql(postgres: str) -> None:
    """The very first row too: no link is there yet that could be locked."""
    _all_at_once(postgres)


def _all_at_once(url: str) -> None:
    db = Database.open(url)
    tables.metadata.create_all(db.engine, tables=[tables.audit, tables.audit_head])
    gate = threading.Barrier(WRITERS)
    failures: list[BaseException] = []

    def write(writer: int) -> None:
        gate.wait()
        for number in range(EACH):
            try:
                with db.begin() as tx:
                    chain.append(
                        tx, VAULT, project="p", actor=f"key_{writer}", action="key.create", object_kind="key",
                        object_id=f"key_{writer}_{number}", now_ms=number,
                    )  # fmt: skip
            except BaseException as error:
                failures.append(error)
                raise

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        with db.read() as tx:
            meanwhile = chain.verify(tx, VAULT)
        assert meanwhile.intact, meanwhile.sentence
    for thread in threads:
        thread.join()
    assert not failures
    with db.read() as tx:
        found = chain.verify(tx, VAULT)
        rows = tx.execute(tables.audit.select().order_by(tables.audit.c.id)).all()
    db.close()
    assert (found.intact, found.rows) == (True, WRITERS * EACH)
    assert [row.id for row in rows] == list(range(1, WRITERS * EACH + 1))
    assert len({row.object_id for row in rows}) == WRITERS * EACH
    for writer in range(WRITERS):
        mine = [row.created_ms for row in rows if row.actor == f"key_{writer}"]
        assert mine == sorted(mine), "one writer's rows stand in their order"
