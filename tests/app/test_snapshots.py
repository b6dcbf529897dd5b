"""Snapshots: pushed as soon as something changed, sealed on disk for a gateway that starts without control."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import msgspec
import pytest

from volant.app import snapshots
from volant.app.snapshots import SnapshotPublisher
from volant.core.clock import ManualClock
from volant.core.errors import VolantError
from volant.core.nouns import DeploymentSpec, Documents, Snapshot, TaskSpec, VariantSpec
from volant.gateway import snapshot_file
from volant.registry import documents, revision, state
from volant.store.database import Database
from volant.store.keys import KeyRing

DOCUMENTS = Documents(
    deployments=(
        DeploymentSpec(name="mini", provider="openai", model="gpt-4o-mini", api_key_env="SOME_KEY"),
        DeploymentSpec(name="mine", provider="local", model="m"),
    ),
    tasks=(TaskSpec(name="helpdesk", variants=(VariantSpec(name="v", deployments=("mine",), fallbacks=("mini",)),)),),
)


@pytest.fixture
def publisher(tmp_path: Path, database: Database, ring: KeyRing) -> SnapshotPublisher:
    environment = {"SOME_KEY": "sk-1"}
    return SnapshotPublisher(tmp_path, database, ring, ManualClock(), environment, threading.Event())


def apply(database: Database, given: Documents = DOCUMENTS) -> None:
    with database.begin() as tx:
        documents.apply(tx, "default", given, applied_by="test", now_ms=1)


def test_a_snapshot_has_addresses_credentials_and_dated_prices(
    publisher: SnapshotPublisher, database: Database, ring: KeyRing, tmp_path: Path
) -> None:
    apply(database)
    assert publisher.refresh() is True
    assert publisher.refresh() is False
    kept = snapshot_file.load(tmp_path, ring.vault)
    assert kept is not None
    targets = kept.targets["default"]
    assert set(targets) == {"mini"}, "an engine without an address is no target"
    mini = targets["mini"]
    assert (mini.base_url, mini.api_key) == ("https://api.openai.com/v1", "sk-1")
    assert 0 < mini.usd_per_input_token < mini.usd_per_output_token < 1e-3
    assert mini.price_version.startswith("genai-prices")
    assert (tmp_path / "snapshot.sealed").stat().st_mode & 0o777 == 0o600
    assert b"sk-1" not in (tmp_path / "snapshot.sealed").read_bytes()


def test_a_new_day_is_a_change_of_its_own(tmp_path: Path, database: Database, ring: KeyRing) -> None:
    """Prices may begin on it."""
    clock = ManualClock(1_795_435_200_000)  # noon
    publisher = SnapshotPublisher(tmp_path, database, ring, clock, {}, threading.Event())
    apply(database)
    assert publisher.refresh() is True
    clock.advance(11 * 3_600_000)
    assert publisher.refresh() is False
    clock.advance(3_600_000)
    assert publisher.refresh() is True
    assert publisher.refresh() is False


def test_a_snapshot_of_before_keys_had_limits_is_not_used(tmp_path: Path, ring: KeyRing) -> None:
    """It would let keys do what they like until control says otherwise."""
    held = snapshot_file.encode(Snapshot(revision=1, config_hash="", routes={}, targets={}, keys={}, subject_keys={}))
    (tmp_path / snapshot_file.NAME).write_bytes(ring.vault.seal(ring.vault.snapshot_key, held, b"snapshot"))
    with pytest.raises(VolantError):
        snapshot_file.load(tmp_path, ring.vault)


def test_those_who_wait_hear_of_a_change(publisher: SnapshotPublisher, database: Database) -> None:
    publisher.refresh()

    async def scene() -> tuple[int, Snapshot]:
        now = await publisher.wait(-1, 1.0)
        assert now is not None
        assert await publisher.wait(now[0], 0.01) is None
        waiting = asyncio.create_task(publisher.wait(now[0], 60.0))
        await asyncio.sleep(0.02)
        with database.begin() as tx:
            documents.apply(tx, "default", DOCUMENTS, applied_by="test", now_ms=1)
            place = state.Place(base_url="http://127.0.0.1:9/v1", engine="eng_1")
            state.put_place(tx, "default", "mine", place, now_ms=1)
        await asyncio.to_thread(publisher.refresh)
        changed = await waiting
        assert changed is not None
        assert changed[0] > now[0]
        return changed[0], msgspec.msgpack.decode(changed[1], type=Snapshot)

    revision, snapshot = asyncio.run(scene())
    assert snapshot.revision == revision
    assert snapshot.targets["default"]["mine"].base_url == "http://127.0.0.1:9/v1"


def test_a_gateway_with_a_newer_revision_than_a_restored_backup_is_corrected_at_once(
    publisher: SnapshotPublisher,
) -> None:
    publisher.refresh()
    found = asyncio.run(publisher.wait(999, 1.0))
    assert found is not None
    assert found[0] < 999


def test_closing_lets_everyone_go(publisher: SnapshotPublisher) -> None:
    publisher.refresh()

    async def scene() -> object:
        now = await publisher.wait(-1, 1.0)
        assert now is not None
        waiting = asyncio.create_task(publisher.wait(now[0], 120.0))
        await asyncio.sleep(0.02)
        publisher.close()
        return await asyncio.wait_for(waiting, 60.0)

    assert asyncio.run(scene()) is None


async def _poll(publisher: SnapshotPublisher, held: list[int], until: threading.Event) -> None:
    """A gateway: asks, takes, asks again with what it holds."""
    after = -1
    while not until.is_set():
        found = await publisher.wait(after, 0.2, "here.0.life")
        if found is not None:
            after = found[0]
            held.append(after)


def test_an_announced_change_is_held_by_the_gateways_when_announcing_ends(
    publisher: SnapshotPublisher, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "IN_FORCE_S", 60.0)
    apply(database)
    publisher.refresh()
    held: list[int] = []
    over = threading.Event()
    gateway = threading.Thread(target=lambda: asyncio.run(_poll(publisher, held, over)))
    refreshing = threading.Thread(target=lambda: [publisher.changed.wait(60), publisher.refresh()])
    gateway.start()
    try:
        while not held:
            over.wait(0.01)
        publisher.changed.clear()
        refreshing.start()
        apply(database, msgspec.structs.replace(DOCUMENTS, aliases={"gpt-4o": "helpdesk"}))
        publisher.announce()
        with database.read() as tx:
            assert held[-1] == revision.current(tx)
    finally:
        over.set()
        gateway.join()
        refreshing.join()


def test_a_gateway_that_does_not_answer_holds_nobody_up_for_long(
    publisher: SnapshotPublisher, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "IN_FORCE_S", 0.2)
    apply(database)
    publisher.refresh()
    for worker in ("here.0.life", "here.0.next", "here.1.life"):
        asyncio.run(publisher.wait(-1, 0.1, worker))
    apply(database, msgspec.structs.replace(DOCUMENTS, aliases={"gpt-4o": "helpdesk"}))
    publisher.refresh()
    with database.read() as tx:
        newest = revision.current(tx)
    asyncio.run(publisher.wait(newest, 0.01, "here.0.next"))  # one of two holds it
    started = time.monotonic()
    publisher.announce()
    assert 0.1 < time.monotonic() - started < 20.0


def test_announcing_inside_an_event_loop_does_not_stop_it(
    publisher: SnapshotPublisher, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "IN_FORCE_S", 30.0)
    apply(database)
    publisher.refresh()

    async def go() -> float:
        await publisher.wait(-1, 0.1, "here.0.life")
        apply(database, msgspec.structs.replace(DOCUMENTS, aliases={"gpt-4o": "helpdesk"}))
        started = time.monotonic()
        publisher.announce()
        return time.monotonic() - started

    assert asyncio.run(go()) < 15
