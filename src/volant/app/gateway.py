"""Gateway process: one worker of the hot path.

    python -m volant.app.gateway --data-dir D --worker-index I --listen-fd FD

Puts the pieces of `volant.gateway` together and serves them by uvicorn on the socket that the supervisor bound. Boot
settings come in VOLANT_BOOT (JSON of core.settings.ServerSettings).
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
import time
from collections.abc import Generator
from pathlib import Path
from random import Random

import msgspec
import uvicorn

from volant.app import logs
from volant.app.checking import Checks
from volant.core import lifeline
from volant.core.addresses import Allowed
from volant.core.errors import VolantError
from volant.core.ids import random_hex
from volant.core.nouns import GuardSpec, InferenceRecord, Snapshot
from volant.core.prompts import Compiled
from volant.core.settings import ServerSettings
from volant.core.workers import WorkerFacts
from volant.gateway import gauges, snapshot_file
from volant.gateway.admission import Admission
from volant.gateway.app import Gateway
from volant.gateway.attempt import Attempts
from volant.gateway.balance import Health
from volant.gateway.cache import AnswerCache
from volant.gateway.cache_meaning import packed
from volant.gateway.chat import Chat
from volant.gateway.control_link import ControlLink
from volant.gateway.express import Express
from volant.gateway.guards import Guards
from volant.gateway.patience import Patience
from volant.gateway.plan import Plans, compile_plans
from volant.gateway.proxies import Proxies
from volant.gateway.readiness import Held, Readiness
from volant.gateway.record import Recorder
from volant.gateway.relay import Relay
from volant.gateway.shadow import Shadows
from volant.gateway.wire import GatewayProtocol, look_at_clocks
from volant.providers.fetching import Fetcher
from volant.providers.http import HttpClient
from volant.store.place import holder_of, place_of
from volant.store.spool import SpoolWriter
from volant.store.vault import Vault, load_master_key

CLOCKS_EVERY_TICKS = 10  # of uvicorn's, 0.1 s each
HOUSEKEEPING_S = 0.25
SYNC_EVERY_S = 1.0  # the window of a power cut
SWEEP_EVERY_S = 60.0  # answers kept beyond their time go
SHADOW_WAIT_S = 3.0
CUT_WITHIN_S = 2  # after drain_s: for the ends of what was cut

_log = logging.getLogger("volant.gateway")
_access = logging.getLogger("volant.access")


# ---------------------------------------------------------------- the worker
class Worker:
    """One gateway process, put together."""

    def __init__(self, data_dir: Path, index: int, settings: ServerSettings) -> None:
        """Inside the running event loop."""
        self._data_dir = data_dir
        self._index = index
        self._region = settings.region
        self._share = 1.0 / settings.workers  # of the deployments' limits a minute
        self._vault = Vault(load_master_key(data_dir, os.environ.get("VOLANT_MASTER_KEY", ""), create=True))
        self._plans: Plans | None = None
        self._healths: dict[tuple[str, ...], Health] = {}
        self._templates: dict[str, Compiled] = {}  # of prompts, by hash; empty: jinja2 is never imported
        self._client = HttpClient()
        self._checks = Checks()
        self._guards = Guards(self._checks.find)
        self._cache = AnswerCache(data_dir, self._vault, _now_ms, self._checks.has_personal_data)
        self._spool = SpoolWriter(
            data_dir / "spool" / str(index),
            self._vault.spool_key,
            min_free_bytes=settings.disk_floor_mb << 20,
            full_while=data_dir / "run" / "over-ceiling",
            defer=True,
        )
        control = str(data_dir / "run" / "control.sock")
        holder = holder_of(place_of(data_dir), index, random_hex(8))
        self._link = ControlLink(self._client, control, self._vault.internal_token, holder)
        self._admission = Admission(self._link, _now_ms, holder)
        say = _say if settings.access_log == "all" else None
        self._recorder = Recorder(self._spool, self._checks.redact, self._checks.flag, say=say)
        fetch = Fetcher(
            self._client,
            allow=Allowed.parse(settings.fetch_allow),
            max_bytes=settings.fetch_max_bytes,
            total_bytes=settings.fetch_total_bytes,
            total_s=settings.fetch_s,
        )
        attempts = Attempts(self._client, Random(), fetch=fetch)
        self._shadows = Shadows(attempts, self._recorder)
        chat = Chat(
            plans=lambda: self._plans,
            attempts=attempts,
            admission=self._admission,
            recorder=self._recorder,
            shadows=self._shadows,
            max_json_depth=settings.max_json_depth,
            guards=self._guards,
            cache=self._cache,
            find=self._checks.find,
        )
        relay = Relay(self._client, control, settings.max_upload_bytes, Proxies(settings.trusted_proxies))
        self.readiness = Readiness(self._link, data_dir, settings.disk_floor_mb << 20, self._recorder.is_full)
        self.app = Gateway(
            chat=chat,
            express=Express(self._client, self._admission, self._recorder, Random()),
            relay=relay,
            readiness=self.readiness,
            max_body_bytes=settings.max_body_bytes,
            patience=Patience.of(settings),
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._unrecorded_said = 0

    def start(self) -> None:
        """Take the sealed snapshot, if there is one, and begin to follow control."""
        try:
            snapshot = snapshot_file.load(self._data_dir, self._vault)
            if snapshot is not None:
                self._take(snapshot)
        except VolantError as error:
            _log.warning("the sealed snapshot is not usable, waiting for control: %s", error)
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._link.follow(self._revision, self._take)),
            loop.create_task(self._keep_house()),
        ]

    async def stop(self) -> None:
        """After the last request: settle, flush, close."""
        await self._shadows.close(SHADOW_WAIT_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._admission.close()
        await self._cache.close()
        self._spool.close()
        self._checks.close()
        await self._client.aclose()

    def _revision(self) -> int:
        return self._plans.snapshot.revision if self._plans is not None else -1

    def _take(self, snapshot: Snapshot) -> None:
        now = self._client.loop.time()
        self._plans = compile_plans(snapshot, self._healths, self._templates, self._region, now=now, share=self._share)
        self.readiness.held = Held(
            revision=snapshot.revision,
            taken=time.monotonic(),
            refuses_on_full_disk=snapshot.on_full_disk == "refuse",
        )
        tasks = [route.task for routes in snapshot.routes.values() for route in routes.values()]
        wanted = {name for task in tasks for name in task.guardrails} | (
            {"pii"} if any(t.redact for t in tasks) else set()
        )
        guards = [guard for task in tasks for guard in task.guards]
        by_meaning = any(task.cache is not None and task.cache.semantic for task in tasks)
        if wanted or guards or by_meaning:
            loop = asyncio.get_running_loop()
            loop.run_in_executor(None, self._load, wanted, guards, by_meaning)
        _log.info("configuration %d (%s)", snapshot.revision, snapshot.config_hash[:12])

    def _load(self, checks: set[str], guards: list[GuardSpec], by_meaning: bool) -> None:
        """Import and compile what requests will need: some tenths of a second, off the event loop."""
        self._checks.load(checks)
        self._guards.load(guards)
        if by_meaning:
            packed([1.0])

    async def _keep_house(self) -> None:
        loop = asyncio.get_running_loop()
        synced = swept = loop.time()
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            if loop.time() - swept >= SWEEP_EVERY_S:
                swept = loop.time()
                self._cache.sweep()
            if loop.time() - synced >= SYNC_EVERY_S:
                synced = loop.time()
                self._spool.retire_stale()
                if (flush := self._spool.flusher()) is not None:
                    await loop.run_in_executor(None, flush)
                await self._admission.settle_idle()
                self._say_unrecorded()
                gauges.write(self._data_dir / "run", self._facts(loop.time()))

    def _facts(self, now: float) -> WorkerFacts:
        return WorkerFacts(
            worker=self._index,
            pid=os.getpid(),
            said_ms=_now_ms(),
            revision=self._revision(),
            places=gauges.places_of(self._healths, now),
            refused=dict(self.app.refused),
            unrecorded=self._recorder.unrecorded,
            shadows_dropped=self._shadows.dropped,
        )

    def _say_unrecorded(self) -> None:
        if self._recorder.unrecorded != self._unrecorded_said:
            self._unrecorded_said = self._recorder.unrecorded
            _log.error("the disk is full: %d inferences were served unrecorded", self._unrecorded_said)


class _Server(uvicorn.Server):
    """uvicorn, stopped by the event loop's own signal handlers and ending with exit code 0."""

    def __init__(self, config: uvicorn.Config, readiness: Readiness, settings: ServerSettings) -> None:
        super().__init__(config)
        self._readiness = readiness
        self._settings = settings

    async def on_tick(self, counter: int) -> bool:
        if counter % CLOCKS_EVERY_TICKS == 0:
            look_at_clocks(self.server_state.connections, CLOCKS_EVERY_TICKS / 10)
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ask_to_stop)
        yield

    def _ask_to_stop(self) -> None:
        """/readyz says 503 first, so that a load balancer can look away; then no more connections are taken."""
        self._readiness.draining = True
        asyncio.get_running_loop().call_later(self._settings.drain_delay_s, self._stop_now)

    def _stop_now(self) -> None:
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's; what is still being answered when the time is over gets an end."""
        asyncio.get_running_loop().call_later(self._settings.drain_s, self._cut)
        await super().shutdown(sockets)

    def _cut(self) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, GatewayProtocol):
                connection.cut()


async def serve(data_dir: Path, index: int, listener: socket.socket, settings: ServerSettings) -> None:
    """Serve until SIGTERM; then finish what is in flight within `settings.drain_s`."""
    worker = Worker(data_dir, index, settings)
    config = uvicorn.Config(
        worker.app,
        http=GatewayProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=2048,
        timeout_keep_alive=max(1, int(settings.keep_alive_s)),
        timeout_graceful_shutdown=int(settings.drain_s) + CUT_WITHIN_S,
    )
    worker.start()
    gc.collect()
    gc.freeze()  # what is there now stays: the collector need not look at it
    gc.set_threshold(20_000, 20, 20)
    try:
        await _Server(config, worker.readiness, settings).serve(sockets=[listener])
    finally:
        await worker.stop()


def _say(record: InferenceRecord) -> None:
    """A line for an inference: ids, names of the configuration and numbers."""
    fields = {
        "inference_id": record.inference_id, "project": record.project, "actor": record.key_id, "task": record.task,
        "variant": record.variant, "status": record.status, "ms": round(record.latency_ms, 1),
        "error": record.error_code,
    }  # fmt: skip
    _access.info("inference %d", record.status, extra={"fields": fields})


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def main() -> None:
    """The process."""
    parser = argparse.ArgumentParser(prog="python -m volant.app.gateway", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--worker-index", type=int, default=0)
    parser.add_argument("--listen-fd", type=int, required=True)
    given = parser.parse_args()
    lifeline.watch()
    boot = os.environ.get("VOLANT_BOOT", "")
    settings = msgspec.json.decode(boot, type=ServerSettings) if boot else ServerSettings()
    logs.configure(f"gateway-{given.worker_index}", settings)
    listener = socket.socket(fileno=given.listen_fd)
    listener.setblocking(False)
    try:
        import uvloop
    except ImportError:
        asyncio.run(serve(given.data_dir, given.worker_index, listener, settings))
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(given.data_dir, given.worker_index, listener, settings))


if __name__ == "__main__":
    main()
