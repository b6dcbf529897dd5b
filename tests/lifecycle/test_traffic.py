"""Backup, restore and upgrade with traffic running lose nothing that was acknowledged."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from volant.cli.client import Client
from volant.core.errors import VolantError
from volant.registry import audit
from volant.store.database import Database
from volant.store.vault import Vault, load_master_key

pytestmark = pytest.mark.timeout(300)


def volant(*arguments: str) -> Any:
    """The command's JSON."""
    done = subprocess.run([sys.executable, "-m", "volant.cli", *arguments, "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def ids(data: Path, table: str) -> set[str]:
    with closing(sqlite3.connect(data / "volant.db")) as connection:
        return {one for (one,) in connection.execute(f"select id from {table}")}


def audit_holds(data: Path) -> bool:
    db = Database.open(f"sqlite:///{data / 'volant.db'}")
    try:
        with db.read() as tx:
            return audit.verify(tx, Vault(load_master_key(data))).intact
    finally:
        db.close()


def lists_of(client: Client) -> dict[str, Any]:
    """Every list of the API that takes no more than a project, and what `why` says of a model's answer."""
    described = json.loads((Path(__file__).parents[2] / "openapi.json").read_text())
    found: dict[str, Any] = {}
    for path, methods in described["paths"].items():
        plain = "get" in methods and path.startswith("/api/v1/") and "{" not in path
        required = [one for one in methods.get("get", {}).get("parameters", []) if one.get("required")]
        if (
            plain
            and not required
            and "/auth" not in path
            and "event" not in path
            and "/session" not in path
            and not path.endswith("/impact")
        ):
            try:
                found[path] = client.get(path)
            except VolantError as error:
                found[path] = f"{error.code}: {error.message}"
    return found


def kinds_of(node: Any) -> list[str]:
    """The kind of a node of `why` and of all behind it."""
    return [node["kind"], *(kind for child in node["children"] for kind in kinds_of(child))]


def test_whatever_was_acknowledged_before_a_backup_began_is_in_it(
    start_server: Any, under_load: Callable[[Any], Any], tmp_path: Path
) -> None:
    server = start_server()
    traffic = under_load(server)
    traffic.wait_for(150)
    made = []
    for number in range(3):
        traffic.wait_for(40)
        made.append(
            volant("backup", "create", "--data-dir", str(server.data), "--to", str(tmp_path / f"b{number}.tar"))
        )
    traffic.wait_for(40)
    traffic.stop()
    assert not traffic.failed, "nobody noticed the backups"
    for number, one in enumerate(made):
        data = tmp_path / f"restored-{number}"
        key = ("--master-key", str(server.data / "master.key"))
        restored = volant("restore", one["path"], "--data-dir", str(data), *key)
        answered, judged = traffic.before(one["began_ms"])
        assert len(answered) > 150 + 40 * number
        assert not answered - ids(data, "inference"), "an acknowledged answer is missing"
        assert not judged - ids(data, "feedback"), "an acknowledged judgement is missing"
        assert restored["backup"]["counts"]["document"] == 1
        assert audit_holds(data)
    again = start_server(tmp_path / "restored-2")
    client = Client(again.url, again.key)
    answered, _ = traffic.before(made[2]["began_ms"])
    metrics = client.get("/api/v1/metrics", task="echo")["total"]["requests"]
    assert metrics == len(ids(again.data, "inference")) >= len(answered), "rollups and rows agree"
    known = sorted(answered)[-1]
    assert client.get(f"/api/v1/inferences/{known}/payload")["input"]["messages"][0]["content"].startswith("where is")
    later = under_load(again)
    later.wait_for(20)
    later.stop()
    assert not later.failed


def test_an_upgrade_from_the_first_release_serves_at_once_and_loses_nothing(
    start_server: Any, released: Callable[[str], Path], under_load: Callable[[Any], Any]
) -> None:
    data = released("0001")
    before = {table: ids(data, table) for table in ("inference", "record", "model", "report", "feedback", "release")}
    with closing(sqlite3.connect(data / "volant.db")) as db:
        served = db.execute("select max(id) from inference where model_id != ''").fetchone()[0]
    server = start_server(data)
    traffic = under_load(server)
    traffic.wait_for(60)
    client = Client(server.url, server.key)
    found = lists_of(client)
    wrong = {path: said for path, said in found.items() if isinstance(said, str)}
    assert not wrong
    assert len(found) > 15
    chain = client.get(f"/api/v1/why/{served}")
    assert {"model", "run", "dataset_version"} <= set(kinds_of(chain["root"])), chain
    assert chain["gaps"] == []
    for model in client.get("/api/v1/models")["data"]:
        assert client.get(f"/api/v1/models/{model['id']}")["id"] == model["id"]
    made = client.post("/api/v1/keys", {"name": "new", "scopes": ["inference"]})
    assert made["clear"]
    traffic.stop()
    assert not traffic.failed
    end = time.monotonic() + 60
    answered = {one for _, one in traffic.answered}
    while answered - ids(data, "inference"):
        assert time.monotonic() < end, "an acknowledged answer is missing"
        time.sleep(0.05)
    for table, rows in before.items():
        assert not rows - ids(data, table), f"{table} lost rows"
    assert not {one for _, one in traffic.judged} - ids(data, "feedback")
    assert audit_holds(data)
    copies = list((data / "before-upgrade").glob("0001-*/volant.db"))
    assert len(copies) == 1
    assert "before-upgrade" in (data / "logs" / "control.log").read_text()
