"""Control: API, the store's only writer, workflows, monitors, sealing. One process of one data directory.

    python -m volant.app.control --data-dir DATA        boot settings as JSON in VOLANT_BOOT

Serves FastAPI on DATA/run/control.sock. Beside it, in threads: the spools' drain, the gateways' snapshot, the engines'
watch, the loop's ticks, housekeeping. Killed at any moment it is started again and goes on: what was acknowledged is
committed, spools wait on disk, workflows resume at their last finished step, runs and engines never noticed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

import msgspec
import uvicorn
from starlette.types import ASGIApp

from volant.api.app import create_app, limited
from volant.api.manage.retention import sweeper_of
from volant.api.services import Services
from volant.app import housekeeping, logs
from volant.app.background import Background
from volant.app.bootstrap import open_context
from volant.app.engines import LOOK_EVERY_S as ENGINES_EVERY_S
from volant.app.engines import EngineWatcher
from volant.app.exporter import Exporter
from volant.app.leases import LeaseBook
from volant.app.readiness import ControlReadiness
from volant.app.snapshots import LOOK_EVERY_S as SNAPSHOT_EVERY_S
from volant.app.snapshots import SnapshotPublisher
from volant.core import lifeline
from volant.core.errors import VolantError
from volant.core.nouns import InferenceRecord
from volant.core.settings import ServerSettings
from volant.gateway import gauges
from volant.governance import elsewhere
from volant.governance.house import House
from volant.jobs.actions import Loop
from volant.jobs.context import Context
from volant.lifecycle import ceiling
from volant.registry import spending
from volant.store.place import place_of
from volant.traces.drain import TraceDrain
from volant.traces.meter import Meter

LEASES_EVERY_S = 5.0  # how long what a killed worker held stays away after its lease is over, at most
DRAIN_EVERY_S = 0.15  # how long a record waits in a spool, at most, about; a batch costs as much as fifty records
GAUGES_EVERY_S = 1.0
CEILINGS_EVERY_MS = 5_000
EXPORT_EVERY_S = 1.0

log = logging.getLogger("volant.control")


def main(arguments: list[str] | None = None) -> None:
    """Run until SIGTERM or the supervisor's end."""
    parser = argparse.ArgumentParser(prog="python -m volant.app.control")
    parser.add_argument("--data-dir", type=Path, required=True)
    data_dir = parser.parse_args(arguments).data_dir.resolve()
    lifeline.watch()
    os.umask(0o077)
    settings = boot_settings(data_dir)
    logs.configure("control", settings)
    try:
        code = Control(data_dir, settings).run()
    except VolantError as error:
        log.error("control cannot start: %s", error)
        code = error.exit_code
    sys.stderr.flush()
    os._exit(code)  # a workflow's step may still be waiting in its thread: it is taken up again at the next start


def boot_settings(data_dir: Path) -> ServerSettings:
    """What the supervisor validated and handed down; the defaults when started by hand."""
    handed = os.environ.get("VOLANT_BOOT", "")
    if handed:
        return msgspec.json.decode(handed, type=ServerSettings)
    return ServerSettings(data_dir=str(data_dir))


class Control:
    """The parts of one control process, put together."""

    def __init__(self, data_dir: Path, settings: ServerSettings) -> None:
        self._background = Background()
        changed = threading.Event()
        self.context = open_context(data_dir, settings, environment=os.environ, publish=self._announce)
        context = self.context
        self._snapshots = SnapshotPublisher(data_dir, context.db, context.keyring, context.clock, os.environ, changed)
        self._meter = Meter()
        self._ceilings_ms = 0  # when they were read last
        self._exporter = Exporter(settings, os.environ, self._meter) if settings.otlp_url else None
        self._drain = TraceDrain(
            context.db, context.keyring, context.data_dir / "spool", context.clock, heard=self._heard
        )
        self._place = place_of(context.data_dir)
        self._leases = LeaseBook(
            context.db, context.clock, place=self._place, drained_ms=lambda: self._drain.drained_ms
        )
        self._loop = bind_loop(context)
        self._watcher = EngineWatcher(context.db, context.executor, context.clock, context.publish)
        self._readiness = ControlReadiness(context, self._background.failing)

    def run(self) -> int:
        """Serve until told to stop."""
        context = self.context
        self._snapshots.refresh()
        context.executor.restore()
        context.workflows.launch()
        self._start_background()
        services = Services(
            context=context,
            snapshots=self._snapshots,
            leases=self._leases,
            readiness=self._readiness,
            meter=self._meter,
            actions=self._loop.actions if self._loop else None,
        )
        inner = create_app(services)
        app = limited(inner, services)
        with unix_socket(context.data_dir / "run" / "control.sock") as listener:
            self._readiness.serving = True
            gc.collect()
            gc.freeze()  # what is there now stays: the collector need not look at it, nor stop a thread for it
            gc.set_threshold(20_000, 20, 20)
            log.info("control serves on %s", context.data_dir / "run" / "control.sock")
            asyncio.run(self._server(app, inner.state.live.close).serve(sockets=[listener]))
        self._readiness.serving = False
        self._background.stop()
        housekeeping.sweep_uploads(Path(tempfile.gettempdir()), leaving=True)
        self._drain.run_once()
        context.db.checkpoint()
        context.db.close()
        log.info("control stopped")
        return 0

    def _start_background(self) -> None:
        context, every = self.context, self._background.every
        every("snapshot", SNAPSHOT_EVERY_S, self._snapshots.refresh, wake=self._snapshots.changed)
        every("drain", DRAIN_EVERY_S, self._drain.run_once, yields=True)
        every("gauges", GAUGES_EVERY_S, self._read_gauges)
        if self._exporter is not None:
            every("export", EXPORT_EVERY_S, self._exporter.tick)
        every("engines", ENGINES_EVERY_S, self._watcher.look)
        every("leases", LEASES_EVERY_S, self._leases.take_back)
        every("old leases", 600.0, self._leases.forget_old)
        sweeper = sweeper_of(context)
        every("retention", housekeeping.EVERY_S, lambda: housekeeping.tidy(context, sweeper))
        every("erasures elsewhere", elsewhere.EVERY_S, self._erase_here)
        every("ceiling", ceiling.LOOK_EVERY_S, housekeeping.ceiling_of(context, sweeper).look)
        for tick in self._loop.ticks if self._loop else ():
            every(tick.name, tick.every_s, tick.run)

    def _announce(self) -> None:
        """To snapshots that are made after the context, of which they need the parts."""
        self._snapshots.announce()

    def _heard(self, records: Sequence[InferenceRecord]) -> None:
        self._meter.observe(records)
        if self._exporter is not None:
            self._exporter.take(records)

    def _erase_here(self) -> None:
        """What other machines on this database erase is cleaned from this one's files; its spools drain meanwhile."""
        context = self.context
        house = House(
            data_dir=context.data_dir, db=context.db, ring=context.keyring, blobs=context.blobs, clock=context.clock,
            place=self._place,
        )  # fmt: skip
        elsewhere.catch_up(house, lambda: None)

    def _read_gauges(self) -> None:
        now_ms = self.context.clock.now_ms()
        self._meter.set_workers(gauges.read(self.context.data_dir / "run", now_ms))
        if now_ms - self._ceilings_ms >= CEILINGS_EVERY_MS:
            self._ceilings_ms = now_ms
            with self.context.db.read() as tx:
                self._meter.set_limits(spending.gauges_of(tx, now_ms=now_ms))

    def _server(self, app: ASGIApp, end_streams: Callable[[], None]) -> uvicorn.Server:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,  # the gateway says it
            timeout_graceful_shutdown=int(self.context.settings.drain_s) or 1,
            loop="auto",
        )

        def on_stop() -> None:
            self._snapshots.close()
            end_streams()

        return _Server(config, on_stop)


class _Server(uvicorn.Server):
    """Uvicorn that lets long polls and event streams go as soon as it is told to stop."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._on_stop()
        super().handle_exit(sig, frame)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, without raising the signal again at the end: `run` goes on to close the store."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def bind_loop(context: Context) -> Loop | None:
    """The loop's workflows, actions and ticks; None, and a line in the log, where an extra that it needs is missing."""
    try:
        from volant.loop import register  # late: a gateway with traces needs no data or evaluation libraries
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("volant"):
            raise
        log.warning("no loop here: %s is not installed (pip install 'volant[all]')", error.name)
        return None
    return register(context)


@contextlib.contextmanager
def unix_socket(place: Path) -> Iterator[socket.socket]:
    """A listening Unix socket that only its owner may use; a dead predecessor's is replaced."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _at(place.parent):  # the path in a socket's address may have 107 bytes only
            listener.bind(place.name)
        place.chmod(0o600)
        listener.listen(1024)
        yield listener
    finally:
        listener.close()
        place.unlink(missing_ok=True)


@contextlib.contextmanager
def _at(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


if __name__ == "__main__":
    main()
