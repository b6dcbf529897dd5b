"""The engines' watch: a place follows its engine: address, health, and being wanted no more."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from volant.app.engines import EngineWatcher
from volant.core.clock import ManualClock
from volant.jobs.executor import LocalExecutor
from volant.registry import revision, state
from volant.serve.files import Address, write_address
from volant.store.database import Database
from volant.store.keys import KeyRing


class Health(http.server.BaseHTTPRequestHandler):
    """An engine's /health: 503 while it loads."""

    status = 200

    def do_GET(self) -> None:
        self.send_response(type(self).status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def engine() -> Iterator[http.server.HTTPServer]:
    Health.status = 200
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Health)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_place_follows_its_engine(
    database: Database, ring: KeyRing, tmp_path: Path, engine: http.server.HTTPServer
) -> None:
    told: list[int] = []
    executor = LocalExecutor(tmp_path)
    watcher = EngineWatcher(database, executor, ManualClock(), lambda: told.append(1))

    def place() -> state.Place:
        with database.read() as tx:
            return state.places(tx, "default")["mine"]

    with database.begin() as tx:
        state.put_place(tx, "default", "mine", state.Place(base_url="", healthy=False, engine="eng_1"), now_ms=1)
        state.put_place(tx, "default", "theirs", state.Place(base_url="http://x/v1"), now_ms=1)
    assert watcher.look() is False, "an engine that is not there yet changes nothing"
    executor.want_engine("eng_1", ["engine"])
    port = engine.server_address[1]
    write_address(executor.engine_dir("eng_1"), Address(port=port, pid=1, model_sha256="ab"))
    assert watcher.look() is True
    assert (place().base_url, place().healthy) == (f"http://127.0.0.1:{port}/v1", True)
    with database.read() as tx:
        before = revision.current(tx)
    assert watcher.look() is False
    with database.read() as tx:
        assert revision.current(tx) == before, "nothing new, nothing pushed"
    Health.status = 503
    assert watcher.look() is True
    assert place().healthy is False
    Health.status = 200
    watcher.look()
    executor.drop("eng_1")
    assert watcher.look() is True
    assert place().healthy is False
    assert len(told) == 4
    with database.read() as tx:
        assert state.places(tx, "default")["theirs"].healthy is True


def test_a_place_that_was_removed_meanwhile_stays_away(
    database: Database, ring: KeyRing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = LocalExecutor(tmp_path)
    watcher = EngineWatcher(database, executor, ManualClock(), lambda: None)
    with database.begin() as tx:
        state.put_place(tx, "default", "mine", state.Place(base_url="http://x/v1", engine="eng_1"), now_ms=1)

    def removed_meanwhile(_place: state.Place, _wanted: bool) -> state.Place:
        with database.begin() as tx:
            state.remove_place(tx, "default", "mine")
        return state.Place(base_url="http://y/v1", engine="eng_1")

    monkeypatch.setattr(watcher, "_seen", removed_meanwhile)
    watcher.look()
    with database.read() as tx:
        assert state.places(tx, "default") == {}
