"""`volant audit` against a server and against a stopped one's files: what was tampered with is noticed and named."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROWS = 6  # made by the fixture, on top of what the start wrote


@pytest.fixture
def stopped(start_server: Any, volant: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The data directory of a server that wrote some rows and was stopped; `head.txt` beside it holds the last head."""
    server = start_server(tmp_path / "data")
    monkeypatch.setenv("VOLANT_DATA_DIR", str(server.data))
    for number in range(ROWS):
        assert volant("key", "create", f"key {number}").code == 0
    head = tmp_path / "head.txt"
    done = volant("audit", "verify", "--note", str(head))
    assert done.code == 0, done.err
    assert "intact" in done.out
    code, said = server.stop()
    assert code == 0, said
    return Path(server.data)


def _sql(*statements: str) -> Callable[[sqlite3.Connection, int], None]:
    def tamper(db: sqlite3.Connection, last: int) -> None:
        for statement in statements:
            db.execute(statement.format(last=last, middle=last - 3, next=last - 2))

    return tamper


COPY = "insert into audit select {last} + 1, project, actor, action, object_kind, object_id, detail, created_ms, " \
       "prev_hash, hash from audit where id = {middle}"  # fmt: skip
TAMPERINGS = {
    "changed": (_sql("update audit set actor = 'key_somebody' where id = {middle}"), -3),
    "deleted": (_sql("delete from audit where id = {middle}"), -3),
    "inserted": (_sql(COPY, "update audit_head set last_id = {last} + 1"), 1),
    "swapped": (
        _sql("update audit set id = -1 where id = {middle}", "update audit set id = {middle} where id = {next}",
             "update audit set id = {next} where id = -1"), -3),
    "cut off": (_sql("delete from audit where id > {middle}"), -2),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERINGS)
def test_tampering_with_the_files_is_noticed_and_named(volant: Any, stopped: Path, how: str) -> None:
    tamper, offset = TAMPERINGS[how]
    last = _change(stopped, tamper)
    done = volant("audit", "verify")
    assert done.code == 1
    assert f"at row {last + offset}" in done.out
    as_json = volant("audit", "verify", "--json")
    assert (as_json.code, as_json.json()["intact"], as_json.json()["first_bad_id"]) == (1, False, last + offset)


def test_set_back_is_noticed_by_the_head_noted_before_and_another_key_reads_nothing(
    volant: Any, stopped: Path, tmp_path: Path
) -> None:
    whole = volant("audit", "verify", "--head", str(tmp_path / "head.txt"), "--json")
    assert whole.code == 0, "nobody touched it: the noted head is in it, read without a server"
    last = _change(
        stopped,
        _sql("update audit_head set hash = (select prev_hash from audit where id = {last}), last_id = {last} - 1",
             "delete from audit where id = {last}"),
    )  # fmt: skip
    assert volant("audit", "verify").code == 0, "alone, the chain cannot know"
    back = volant("audit", "verify", "--head", str(tmp_path / "head.txt"))
    assert back.code == 1
    assert f"at row {last}" in back.out
    assert volant("audit", "verify", "--head", (tmp_path / "head.txt").read_text().strip()).code == 1
    assert volant("audit", "verify", "--head", "nonsense").code == 2
    (stopped / "master.key").write_bytes(b"k" * 32)
    assert "at row 1" in volant("audit", "verify").out


def test_list_and_export_over_http(at: Any, tmp_path: Path) -> None:
    made = at("key", "create", "app", "--json").json()["key"]["id"]
    rows = at("audit", "list", "--action", "key.", "--about", made, "--json").json()["data"]
    assert [(row["action"], row["object_id"]) for row in rows] == [("key.create", made)]
    said = at("audit", "list", "--about", made)
    assert "key.create" in said.out
    assert at("audit", "list", "--actor", "usr_nobody").out.strip() == "nothing that fits was done"
    assert "older: --cursor" in at("audit", "list", "-n", "1").out
    place = tmp_path / "audit.jsonl"
    assert at("audit", "export", "-o", str(place)).code == 0
    lines = [json.loads(line) for line in place.read_text().splitlines()]
    assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)
    assert made in {line["object_id"] for line in lines}
    assert at("audit", "verify").code == 0


def _change(data: Path, tamper: Callable[[sqlite3.Connection, int], None]) -> int:
    db = sqlite3.connect(data / "volant.db")
    last = int(db.execute("select max(id) from audit").fetchone()[0])
    assert last >= ROWS
    tamper(db, last)
    db.commit()
    db.close()
    return last
