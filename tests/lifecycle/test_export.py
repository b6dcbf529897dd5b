"""An export holds everything of a project, whole and checked, in formats that other programs read; nothing secret."""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from volant.cli.client import Client
from volant.cli.commands import export as command
from volant.core.errors import Forbidden, NotFound, Unavailable

SAME = {  # kind → table, where they have as many rows
    "inferences": "inference", "model_calls": "model_call", "feedback": "feedback", "records": "record",
    "models": "model", "reports": "report", "verdicts": "verdict", "releases": "release", "rollouts": "rollout",
    "lineage": "lineage", "reviews": "review", "alerts": "alert", "erasures": "erasure", "runs": "run",
    "dataset_versions": "dataset_version", "documents": "document", "rollups": "rollup", "usage": "usage",
}  # fmt: skip
TOKEN = "an-engines-own-token"
WEIGHTS = bytes(range(256)) * 40


@pytest.fixture
def server(start_server: Any, released: Callable[[str], Path]) -> Any:
    """The first release's data, with weights put back."""
    data = released("0001")
    with closing(sqlite3.connect(data / "volant.db")) as connection:
        for checkpoint, gguf in connection.execute("select checkpoint, gguf from model"):
            (data / checkpoint).mkdir(parents=True, exist_ok=True)
            (data / checkpoint / "model.safetensors").write_bytes(WEIGHTS)
            (data / gguf).write_bytes(b"GGUF" + WEIGHTS)
        body = "json_set(body, '$.api_key', ?)"
        put = connection.execute(f"update state set body = {body} where kind = 'deployment'", (TOKEN,))
        assert put.rowcount > 0
        connection.commit()
    return start_server(data)


def volant(server: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    called = [sys.executable, "-m", "volant.cli", "export", *arguments, "--data-dir", str(server.data), "--json"]
    return subprocess.run(called, capture_output=True, text=True)


def lines(place: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in place.read_text().splitlines()]


def test_everything_is_in_it_and_the_manifest_says_how_much(server: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = volant(server, str(out), "--content", "--csv")
    assert done.returncode == 0, done.stderr
    manifest = json.loads((out / "manifest.json").read_text())
    assert {one["path"] for one in manifest["files"]} | {"manifest.json", "README.md"} == {
        str(place.relative_to(out)) for place in out.rglob("*") if place.is_file()
    }
    for one in manifest["files"]:
        content = (out / one["path"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (one["size_bytes"], one["sha256"])
        if one["path"].endswith(".jsonl"):
            assert one["rows"] == len(content.splitlines())
    with closing(sqlite3.connect(server.data / "volant.db")) as connection:
        for kind, table in SAME.items():
            wanted = connection.execute(f"select count(*) from {table}").fetchone()[0]
            assert len(lines(out / f"{kind}.jsonl")) == wanted > 0, kind
    assert len(list(out.glob("models/*/final/model.safetensors"))) == 3
    assert {place.read_bytes() for place in out.glob("models/*/model.gguf")} == {b"GGUF" + WEIGHTS}
    with (out / "inferences.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [row["id"] for row in lines(out / "inferences.jsonl")]
    fields = set(lines(out / "inferences.jsonl")[0])
    readme = (out / "README.md").read_text()
    assert all(f"`{name}`" in readme for name in fields)


def test_what_people_wrote_is_in_it_only_when_asked_and_no_secret_ever(server: Any, tmp_path: Path) -> None:
    plain, full = tmp_path / "plain", tmp_path / "full"
    assert volant(server, str(plain)).returncode == 0
    assert volant(server, str(full), "--content").returncode == 0
    asked = [row["input"]["messages"][-1]["content"] for row in lines(full / "inferences.jsonl") if row["input"]]
    assert len(asked) == 400
    texts = [text for text in {*asked} if len(text) > 25][:40]
    everything = "".join(place.read_text() for place in plain.glob("*.json*"))
    assert not [text for text in texts if text in everything]
    assert [row["body"] for row in lines(full / "records.jsonl") if row["body"]]
    key, master = server.key, (server.data / "master.key").read_bytes()
    with closing(sqlite3.connect(server.data / "volant.db")) as connection:
        hashes = [one for (one,) in connection.execute("select sha256 from api_key")]
    hashes.append(TOKEN)
    for place in [*plain.rglob("*"), *full.rglob("*")]:
        if place.is_file() and place.suffix != ".safetensors":
            content = place.read_bytes()
            assert not [s for s in (key.encode(), master, b"not-a-key", *map(str.encode, hashes)) if s in content]
    audited = Client(server.url, server.key).get("/api/v1/audit", action="content.read")["data"]
    assert {row["object_id"] for row in audited} >= {"inferences", "records", "feedback"}


def test_kinds_can_be_chosen_and_nothing_is_overwritten(server: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert volant(server, str(out), "--what", "lineage", "--what", "audit").returncode == 0
    assert {place.name for place in out.iterdir()} == {"lineage.jsonl", "audit.jsonl", "manifest.json", "README.md"}
    again = volant(server, str(out))
    assert (again.returncode, json.loads(again.stderr)["error"]["code"]) == (5, "export_exists")
    wrong = volant(server, str(tmp_path / "b"), "--what", "secrets")
    assert (wrong.returncode, json.loads(wrong.stderr)["error"]["code"]) == (2, "export_kind")
    assert [
        place.name for place in tmp_path.iterdir() if "out" not in place.name and "released" not in place.name
    ] == []


def test_permissions_hold_on_every_part(server: Any) -> None:
    root = Client(server.url, server.key)
    reader = Client(server.url, root.post("/api/v1/keys", {"name": "r", "scopes": ["read"]})["clear"])
    writer = Client(server.url, root.post("/api/v1/keys", {"name": "w", "scopes": ["write"]})["clear"])
    model = root.get("/api/v1/models")["data"][0]["id"]
    for path in ("/api/v1/export", "/api/v1/export/rows/inferences", f"/api/v1/export/models/{model}"):
        with pytest.raises(Forbidden):
            reader.get(path)
    with pytest.raises(Forbidden):
        writer.get("/api/v1/export/content/inferences")
    for name in ("../../../master.key", "../result.json", "/etc/passwd", "final/../../../../master.key"):
        with pytest.raises(NotFound, match="has no file"):
            root.get(f"/api/v1/export/models/{model}/file", name=name)


def test_a_stream_that_breaks_off_is_no_export() -> None:
    whole = [b'{"id": 1}\n', b'{"id": 2}\n', b'{"end": 2}\n']
    assert list(command._whole(iter(whole), "runs")) == whole[:2]
    for part in (whole[:2], whole[:1], [], [whole[0], whole[2]]):
        with pytest.raises(Unavailable, match="broke off"):
            list(command._whole(iter(part), "runs"))


def test_a_cell_that_a_spreadsheet_would_run_is_disarmed() -> None:
    assert [command._harmless(value) for value in ("=1+1", "@x", "-2", "plain", 3)] == [
        "'=1+1",
        "'@x",
        "'-2",
        "plain",
        3,
    ]
