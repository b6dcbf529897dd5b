"""Writers of one SQLite database take turns: beside one that writes batch after batch, another waits for one batch."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from volant.store.database import Database
from volant.store.turns import Turns


def test_a_short_write_waits_for_the_batches_before_it_only(tmp_path: Path) -> None:
    db = Database.open(f"sqlite:///{tmp_path / 'x.db'}")
    with db.begin() as tx:
        tx.execute(text("CREATE TABLE t (a INT)"))
    over, done = threading.Event(), list[int]()

    def batches() -> None:
        while not over.is_set():
            with db.begin() as tx:
                tx.execute(text("INSERT INTO t VALUES (1)"))
                time.sleep(0.1)
                done.append(1)

    threads = [threading.Thread(target=batches) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        waits = []
        for _ in range(11):
            before = len(done)
            with db.begin() as tx:
                waits.append(len(done) - before)
                tx.execute(text("INSERT INTO t VALUES (2)"))
    finally:
        over.set()
        for thread in threads:
            thread.join()
    db.close()
    assert sorted(waits)[5] <= 2, waits  # by luck alone it is dozens


def test_turns_are_in_order_and_one_at_a_time() -> None:
    turns, order, inside = Turns(), list[int](), 0

    def take(number: int) -> None:
        nonlocal inside
        with turns.one(60.0) as mine:
            assert mine
            inside += 1
            assert inside == 1
            order.append(number)
            time.sleep(0.01)
            inside -= 1

    threads = []
    with turns.one(60.0):
        for number in range(8):
            threads.append(threading.Thread(target=take, args=(number,)))
            threads[-1].start()
            while len(turns._waiting) <= number:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert order == list(range(8))


def test_who_does_not_get_a_turn_goes_on_without_and_disturbs_nobody() -> None:
    turns = Turns()
    with turns.one(1.0):
        late = []

        def wait() -> None:
            with turns.one(0.05) as mine:
                late.append(mine)

        thread = threading.Thread(target=wait)
        thread.start()
        thread.join()
        assert late == [False]
    with turns.one(0.01) as mine:
        assert mine


def test_a_turn_ends_with_an_error(tmp_path: Path) -> None:
    db = Database.open(f"sqlite:///{tmp_path / 'x.db'}")
    for _ in range(2):
        with pytest.raises(ValueError, match="mine"), db.begin():
            raise ValueError("mine")
    with db.begin() as tx:
        tx.execute(text("CREATE TABLE t (a INT)"))
    db.close()
