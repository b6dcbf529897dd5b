"""A backup is whole or none: hashes, seals, kills, full disks, and what is and is not in it."""

from __future__ import annotations

import io
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections import namedtuple
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.lifecycle.conftest import make_backup

from volant.core.errors import BadInput, Conflict, NotFound, StorageFull
from volant.lifecycle import archive, backup, keys, verify
from volant.store.vault import Vault, load_master_key

Released = Callable[[str], Path]
PASSPHRASE = "correct horse battery"


@pytest.fixture
def data(released: Released) -> Path:
    """A data directory with rows in every table, blobs and runs."""
    return released("0001")


def names(place: Path) -> set[str]:
    with tarfile.open(place) as tar:
        return set(tar.getnames())


def command(data: Path, target: Path) -> list[str]:
    return [
        sys.executable,
        "-m",
        "volant.cli",
        "backup",
        "create",
        "--data-dir",
        str(data),
        "--to",
        str(target),
        "--json",
    ]


def rewritten(place: Path, target: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """The archive with some members changed, or left out where `change` gives None."""
    with tarfile.open(place) as old, tarfile.open(target, "w") as new:
        for facts in old:
            file = old.extractfile(facts)
            assert file is not None
            content = change(facts.name, file.read())
            if content is not None:
                facts.size = len(content)
                new.addfile(facts, io.BytesIO(content))
    return target


# ---------------------------------------------------------------- what is in it
def test_it_holds_the_rows_blobs_and_results_and_no_key(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "b.tar"
    made = make_backup(data, target)
    inside = names(target)
    assert {"volant.db", "dbos.db", archive.MANIFEST, archive.MAC} <= inside
    assert {f"blobs/{one.parent.name}/{one.name}" for one in data.glob("blobs/*/*")} <= inside
    assert any(name.endswith("/result.json") for name in inside)
    assert not [name for name in inside if "key" in name or name.startswith(("run/", "logs/", "snapshot"))]
    content = target.read_bytes()
    assert load_master_key(data) not in content
    assert (data / "root.key").read_bytes().strip() not in content
    with closing(sqlite3.connect(data / "volant.db")) as connection:
        assert made.counts["inference"] == connection.execute("select count(*) from inference").fetchone()[0]
    assert oct(target.stat().st_mode)[-3:] == "600"
    checked = verify.verify(target, mac_key=backup.mac_key(Vault(load_master_key(data))))
    assert (checked.files, checked.is_sealed, checked.schema) == (len(inside) - 2, True, "0001")


def test_weights_and_checkpoints_are_taken_as_it_was_asked(data: Path, tmp_path: Path) -> None:
    folder = next(data.glob("runs/*"))
    for name in ("engine.json", "process.json", "log.txt", "address.json"):
        (data / "engines" / "m").mkdir(parents=True, exist_ok=True)
        (data / "engines" / "m" / name).write_text("{}")
    for name in ("final/model.safetensors", "model.gguf", "checkpoints/step-1/model.safetensors", "log.txt", ".new"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"w" * 100)
    taken = {}
    for runs in ("results", "models", "all"):
        make_backup(data, tmp_path / f"{runs}.tar", runs=runs)
        taken[runs] = {
            name.split("/", 2)[2] for name in names(tmp_path / f"{runs}.tar") if name.startswith(f"runs/{folder.name}/")
        }
    engine = {name for name in names(tmp_path / "results.tar") if name.startswith("engines/")}
    assert engine == {"engines/m/engine.json", "engines/m/process.json"}
    assert "result.json" in taken["results"]
    assert "model.gguf" not in taken["results"]
    assert taken["models"] - taken["results"] == {"final/model.safetensors", "model.gguf"}
    assert taken["all"] - taken["models"] == {"checkpoints/step-1/model.safetensors"}


def test_a_result_stands_before_its_weights(data: Path, tmp_path: Path) -> None:
    """Where the result was there, the weights were whole: they are written first and copied last."""
    folder = next(data.glob("runs/*"))
    (folder / "model.gguf").write_bytes(b"w")
    make_backup(data, tmp_path / "b.tar")
    with tarfile.open(tmp_path / "b.tar") as tar:
        order = tar.getnames()
    assert order.index(f"runs/{folder.name}/result.json") < order.index(f"runs/{folder.name}/model.gguf")
    assert order.index("volant.db") < min(order.index(name) for name in order if name.startswith("blobs/"))


def test_both_databases_are_of_one_moment(data: Path, tmp_path: Path) -> None:
    """A writer puts the same number into both, one after the other: the copies may differ by one, never more, and the
    workflow's is never ahead."""
    program = (
        "import sqlite3, sys\n"
        "a, b = (sqlite3.connect(p, isolation_level=None, timeout=30) for p in sys.argv[1:])\n"
        "for c in (a, b):\n"
        "    c.execute('pragma journal_mode=wal')\n"
        "    c.execute('create table mark (n integer)')\n"
        "    c.execute('insert into mark values (0)')\n"
        "n = 0\n"
        "while True:\n"
        "    n += 1\n"
        "    for c in (a, b): c.execute('update mark set n = ?', (n,))\n"
        "    if n == 1: print('ready', flush=True)\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", program, str(data / "volant.db"), str(data / "dbos.db")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    try:
        for number in range(8):
            make_backup(data, tmp_path / f"{number}.tar")
            seen = []
            with tarfile.open(tmp_path / f"{number}.tar") as tar:
                for name in ("volant.db", "dbos.db"):
                    tar.extract(name, tmp_path / str(number), filter="data")
                    with closing(sqlite3.connect(tmp_path / str(number) / name)) as connection:
                        seen.append(connection.execute("select n from mark").fetchone()[0])
            assert seen[0] > 0
            assert 0 <= seen[0] - seen[1] <= 1, seen
    finally:
        writer.kill()
        writer.communicate()


# ---------------------------------------------------------------- damage
def test_any_flipped_byte_is_noticed(data: Path, tmp_path: Path) -> None:
    make_backup(data, tmp_path / "b.tar")
    whole = (tmp_path / "b.tar").read_bytes()
    with tarfile.open(tmp_path / "b.tar") as tar:
        members = [facts for facts in tar if facts.size]
    key = backup.mac_key(Vault(load_master_key(data)))
    for facts in members:
        at = facts.offset_data + facts.size // 2
        (tmp_path / "bad.tar").write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(BadInput) as found:
            verify.verify(tmp_path / "bad.tar", mac_key=key)
        assert found.value.code == "backup_damaged", facts.name


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.9995])
def test_a_cut_file_is_no_backup(data: Path, tmp_path: Path, share: float) -> None:
    make_backup(data, tmp_path / "b.tar")
    whole = (tmp_path / "b.tar").read_bytes()
    end = whole.rstrip(b"\0")
    (tmp_path / "cut.tar").write_bytes(end[: int(len(end) * share)])
    with pytest.raises(BadInput, match=r"manifest|tar|missing"):
        verify.verify(tmp_path / "cut.tar", mac_key=backup.mac_key(Vault(load_master_key(data))))


def test_a_member_that_is_missing_more_or_forged_is_noticed(data: Path, tmp_path: Path) -> None:
    make_backup(data, tmp_path / "b.tar")
    key = backup.mac_key(Vault(load_master_key(data)))
    blob = next(name for name in names(tmp_path / "b.tar") if name.startswith("blobs/"))

    def without_blob(name: str, content: bytes) -> bytes | None:
        if name == archive.MANIFEST:
            manifest = json.loads(content)
            manifest["files"] = [one for one in manifest["files"] if one[0] != blob]
            return json.dumps(manifest).encode()
        return None if name == blob else content

    with pytest.raises(BadInput, match="is missing"):
        verify.verify(rewritten(tmp_path / "b.tar", tmp_path / "1.tar", lambda n, c: None if n == blob else c))
    forged = rewritten(tmp_path / "b.tar", tmp_path / "2.tar", without_blob)
    with pytest.raises(BadInput, match="rows of dataset version"):
        verify.verify(forged)
    with pytest.raises(BadInput, match="manifest was changed"):
        verify.verify(forged, mac_key=key)
    unsealed = rewritten(tmp_path / "b.tar", tmp_path / "3.tar", lambda n, c: None if n == archive.MAC else c)
    with pytest.raises(BadInput, match="manifest was changed"):
        verify.verify(unsealed, mac_key=key)


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "..\\evil"])
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "evil.tar", "w") as tar:
        facts = tarfile.TarInfo(name)
        facts.size = 1
        tar.addfile(facts, io.BytesIO(b"x"))
    with pytest.raises(BadInput, match="belongs into a data directory"):
        archive.read(tmp_path / "evil.tar", lambda one: tmp_path / "into" / one)
    assert not (tmp_path / "evil").exists()


@given(content=st.binary(max_size=3000))
@settings(max_examples=60, deadline=None)
def test_any_other_file_is_refused_with_words(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    place = tmp_path_factory.mktemp("any") / "any.tar"
    place.write_bytes(content)
    with pytest.raises(BadInput) as found:
        archive.read(place, lambda name: None)
    assert found.value.code == "backup_damaged"


# ---------------------------------------------------------------- kills and full disks
def test_kill_9_in_the_middle_leaves_nothing_that_verify_accepts(data: Path, tmp_path: Path) -> None:
    folder = next(data.glob("runs/*"))
    with (folder / "model.gguf").open("wb") as file:
        file.truncate(3 << 30)  # sparse: long to copy, nothing to store
    target = tmp_path / "backups" / "b.tar"
    process = subprocess.Popen(command(data, target), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not (found := list(tmp_path.glob("backups/.b.tar.*.part/archive"))) or found[0].stat().st_size < 20 << 20:
        assert process.poll() is None, "it was too fast to be killed"
        assert time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not target.exists()
    assert backup.list_backups(target.parent) == []
    with pytest.raises(BadInput) as half:
        verify.verify(found[0])
    assert half.value.code == "backup_damaged"
    (folder / "model.gguf").unlink()
    make_backup(data, target)
    assert [place.name for place in target.parent.iterdir()] == ["b.tar"], "the next one clears up"


def test_a_disk_that_fills_up_meanwhile_ends_it_clearly_and_leaves_nothing(data: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: the kernel refuses the write in the middle of the archive."""
    size = 3 << 20

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    for taken in (size, 8 << 20):  # while the database is copied, and while the archive is written
        size = taken
        if taken > 3 << 20:
            (next(data.glob("runs/*")) / "model.gguf").write_bytes(os.urandom(16 << 20))
        target = tmp_path / "backups" / "b.tar"
        done = subprocess.run(command(data, target), preexec_fn=limit, capture_output=True, text=True)
        assert done.returncode == 7, done.stderr
        error = json.loads(done.stderr)["error"]
        assert error["code"] == "storage_full"
        assert error["hint"]
        assert list(target.parent.iterdir()) == []


def test_too_little_room_is_said_before_anything_is_written(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(10**9, 10**9, 1 << 20))
    with pytest.raises(StorageFull, match="needs up to") as full:
        make_backup(data, tmp_path / "new" / "b.tar")
    assert full.value.code == "backup_no_room"
    assert not (tmp_path / "new").exists()


# ---------------------------------------------------------------- where it goes
def test_it_refuses_to_overwrite_to_stand_inside_and_to_copy_nothing(data: Path, tmp_path: Path) -> None:
    make_backup(data, tmp_path / "b.tar")
    before = (tmp_path / "b.tar").read_bytes()
    with pytest.raises(Conflict, match="there already"):
        make_backup(data, tmp_path / "b.tar")
    assert (tmp_path / "b.tar").read_bytes() == before
    with pytest.raises(BadInput, match="lost with it"):
        make_backup(data, data / "backups" / "b.tar")
    (tmp_path / "empty").mkdir()
    shutil.copy(data / "master.key", tmp_path / "empty")
    shutil.copy(data / "root.key", tmp_path / "empty")
    with pytest.raises(NotFound, match="no database"):
        make_backup(tmp_path / "empty", tmp_path / "c.tar")


def test_only_dated_backups_of_ours_are_ever_removed(data: Path, tmp_path: Path) -> None:
    for number in range(4):
        target = backup.target_of("", tmp_path, 1_700_000_000_000 + number * 1000)
        make_backup(data, target, runs="results")
        os.utime(target, (1_700_000_000 + number,) * 2)
    make_backup(data, tmp_path / "before-the-move.tar", runs="results")
    gone = backup.keep_newest(tmp_path, 2)
    assert gone == ["volant-20231114T221321Z.tar", "volant-20231114T221320Z.tar"]
    left = {one.name for one in backup.list_backups(tmp_path)}
    assert left == {"before-the-move.tar", "volant-20231114T221323Z.tar", "volant-20231114T221322Z.tar"}


# ---------------------------------------------------------------- keys
def test_keys_in_a_backup_open_with_the_passphrase_only(data: Path, tmp_path: Path) -> None:
    make_backup(data, tmp_path / "b.tar", passphrase=PASSPHRASE)
    with tarfile.open(tmp_path / "b.tar") as tar:
        file = tar.extractfile(keys.NAME)
        assert file is not None
        sealed = file.read()
    master = load_master_key(data)
    assert master not in (tmp_path / "b.tar").read_bytes()
    found = keys.unseal(sealed, PASSPHRASE)
    assert (found.master, found.root) == (master, (data / "root.key").read_text().strip())
    with pytest.raises(BadInput, match="does not open"):
        keys.unseal(sealed, PASSPHRASE + "!")
    changed: dict[str, Any] = json.loads(sealed) | {"n": 1 << 30}
    with pytest.raises(BadInput, match="does not open"):
        keys.unseal(json.dumps(changed).encode(), PASSPHRASE)


def test_a_short_or_missing_passphrase_is_refused(tmp_path: Path) -> None:
    (tmp_path / "short").write_text("eleven char\n")
    with pytest.raises(BadInput, match="12 characters"):
        keys.read_passphrase(tmp_path / "short")
    with pytest.raises(BadInput, match="cannot be read"):
        keys.read_passphrase(tmp_path / "nowhere")
