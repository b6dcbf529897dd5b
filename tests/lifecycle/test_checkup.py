"""The doctor finds each thing that is wrong, says what to do, and shows no secret."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.lifecycle.conftest import make_backup

from volant.core.clock import ManualClock, SystemClock
from volant.core.settings import ServerSettings
from volant.lifecycle import backup, ceiling, checkup
from volant.store.database import Database
from volant.store.vault import load_master_key


@pytest.fixture
def data(released: Callable[[str], Path]) -> Path:
    """A sound data directory with today's schema."""
    made = released("0001")
    for place in made.rglob("*"):
        place.chmod(0o700 if place.is_dir() else 0o600)
    db = Database.open(f"sqlite:///{made / 'volant.db'}")
    db.migrate()
    db.close()
    make_backup(made, backup.folder_of(made, "") / "b.tar", runs="results")
    return made


def states(data: Path, **settings: Any) -> dict[str, checkup.Finding]:
    environment = settings.pop("environment", {})
    clock = settings.pop("clock", SystemClock())
    made = ServerSettings(data_dir=str(data), **settings)
    return {one.name: one for one in checkup.look(data, made, environment, clock)}


def problem(found: checkup.Finding, *words: str) -> None:
    assert found.state == "problem", found
    assert found.hint
    assert all(word in found.sentence for word in words), found.sentence


def test_a_sound_one_has_nothing_to_say(data: Path) -> None:
    found = states(data)
    assert {one.state for one in found.values()} == {"ok"}, [one for one in found.values() if one.state != "ok"]
    assert len(found) == 14
    assert all(one.state == "ok" for one in checkup.versions())


def test_a_flipped_page_and_a_changed_blob_are_found(data: Path) -> None:
    blob = next(data.glob("blobs/*/*"))
    blob.write_bytes(blob.read_bytes() + b"x")
    with (data / "volant.db").open("r+b") as file:
        file.seek(4096 * 3)
        file.write(os.urandom(4096 * 40))
    found = states(data)
    problem(found["blobs"], "its name promises")
    problem(found["integrity"], "volant.db")


def test_a_wrong_and_a_missing_master_key_are_found(data: Path) -> None:
    assert states(data, environment={"VOLANT_MASTER_KEY": "00" * 32})["master key"].state == "problem"
    (data / "master.key").write_bytes(os.urandom(32))
    problem(states(data)["master key"])
    (data / "master.key").unlink()
    problem(states(data)["master key"], "no master key")


def test_an_older_schema_is_told_and_a_newer_one_is_a_problem(released: Callable[[str], Path]) -> None:
    data = released("0001")
    older = states(data)["database"]
    assert (older.state, "schema 0001" in older.sentence) == ("warning", True)
    with closing(sqlite3.connect(data / "volant.db")) as connection, connection:
        connection.execute("update alembic_version set version_num = '9999'")
    problem(states(data)["database"], "newer")


def test_what_others_may_read_a_full_disk_and_a_ceiling_are_found(data: Path) -> None:
    (data / "master.key").chmod(0o644)
    data.chmod(0o755)
    problem(states(data)["data directory"], "master.key", data.name)
    problem(states(data, disk_floor_mb=10**9)["disk"], "below the floor")
    assert states(data, disk_ceiling_mb=1)["ceiling"].state == "warning"
    (data / "run").mkdir(exist_ok=True)
    (data / ceiling.MARKER).write_text("full")
    problem(states(data, disk_ceiling_mb=1)["ceiling"], "imports are refused")


def test_waiting_records_lost_weights_and_stuck_workflows_are_found(data: Path) -> None:
    segment = data / "spool" / "0" / "0000000001.seg"
    segment.parent.mkdir(parents=True, exist_ok=True)
    with segment.open("wb") as file:
        file.truncate(2 << 30)
    engine = data / "engines" / "m-v1"
    engine.mkdir(parents=True)
    (engine / "process.json").write_text("{}")
    (engine / "engine.json").write_text('{"model": "../../runs/r/model.gguf"}')
    with closing(sqlite3.connect(data / "dbos.db")) as connection, connection:
        row = ("w-1", "PENDING", int(time.time() * 1000) - 3 * 86_400_000)
        connection.execute("insert into workflow_status (workflow_uuid, status, updated_at) values (?, ?, ?)", row)
    found = states(data)
    problem(found["spools"], "2048 MiB")
    problem(found["engines"], "m-v1", "missing")
    assert (found["workflows"].state, "w-1" in found["workflows"].sentence) == ("warning", True)


def test_a_clock_that_went_back_and_an_old_backup_are_found(data: Path) -> None:
    problem(states(data, clock=ManualClock(1_700_000_000_000))["clock"], "future")
    old = time.time() - 30 * 86_400
    os.utime(backup.folder_of(data, "") / "b.tar", (old, old))
    assert states(data)["backups"].state == "warning"
    assert states(data, backup_dir=str(data.parent / "nowhere"))["backups"].state == "warning"


def test_the_command_works_beside_a_server_and_without_one_and_shows_no_secret(start_server: Any, data: Path) -> None:
    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "volant.cli", "doctor", "--data-dir", str(data), "--json"]
        return subprocess.run(
            command, capture_output=True, text=True, cwd=data.parent, env=os.environ | {"VOLANT_PORT": "0"}
        )

    stopped = run()
    server = start_server(data)
    running = run()
    for done, server_state in ((stopped, "warning"), (running, "ok")):
        assert done.returncode == 0, done.stdout
        found = {one["name"]: one for one in json.loads(done.stdout)["findings"]}
        assert found["server"]["state"] == server_state
        for secret in (server.key, load_master_key(data).hex(), "not-a-key"):
            assert secret not in done.stdout + done.stderr
    assert "held by a server" in running.stdout
    (data / "master.key").chmod(0o644)
    assert run().returncode == 1
