"""Supervisor: `volant up`. Small enough not to fail: the standard library and core, no store, no HTTP.

Locks the data directory, binds the port, starts control and the gateways, and makes true what control wants
(`run/desired.json`): engines and runs, which therefore outlive control. Writes what is to `run/actual.json`.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from volant.app.children import Children, Wanted
from volant.app.logs import rotate
from volant.core import lifeline
from volant.core.errors import BadInput, Conflict
from volant.core.settings import ServerSettings

LOOK_EVERY_S = 0.05
LOGS_EVERY_S = 10.0
PREDECESSOR_LEAVES_S = 10.0
CLOSE_WITHIN_S = 8.0  # after drain_s: cutting what is late, shadow copies, flushing the spool


class Desired(msgspec.Struct, frozen=True, kw_only=True):
    """What control wants; replaced as a whole."""

    processes: tuple[Wanted, ...] = ()


class Supervisor:
    """One server on one data directory."""

    def __init__(self, settings: ServerSettings, note: Callable[[str], None]) -> None:
        self.settings = settings
        self.data = Path(settings.data_dir).resolve()
        self._note = note
        boot = {"VOLANT_BOOT": msgspec.json.encode(settings).decode(), "PYTHONUNBUFFERED": "1"}
        self._children = Children(note, {**os.environ, **boot})
        self._stopping = False
        self._published = True  # is what runs written down?
        self._desired_seen = (0, 0)
        self._wanted: dict[str, Wanted] = {}
        self._lock_fd = -1
        self._listener: socket.socket | None = None
        self._logs_seen = time.monotonic()

    def prepare(self) -> str:
        """Take the directory and the port; gives the URL. Raises Conflict or BadInput, having changed nothing."""
        make_private_folder(self.data)
        (self.data / "run").mkdir(mode=0o700, exist_ok=True)
        self._lock_fd = lock(self.data)
        self._listener = bind(self.settings.host, self.settings.port, self._predecessor_lives)
        host, port = self._listener.getsockname()[:2]
        write_atomically(
            self.data / "run" / "server.json", json.dumps({"pid": os.getpid(), "host": host, "port": port})
        )
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def run(self) -> int:
        """Supervise until SIGTERM or SIGINT; gives the exit code."""
        assert self._listener is not None, "prepare() first"
        lifeline.watch()  # started by another program (the demo), it ends with it
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)
        fd = self._listener.fileno()
        python = [sys.executable, "-m"]
        common = ("--data-dir", str(self.data))
        logs = self.data / "logs"
        to_files = self.settings.log_to == "files"
        self._children.want(
            Wanted(
                name="control",
                kind="control",
                argv=(*python, "volant.app.control", *common),
                log=str(logs / "control.log") if to_files else "",
            )
        )
        for index in range(self.settings.workers):
            self._children.want(
                Wanted(
                    name=f"gateway-{index}",
                    kind="gateway",
                    argv=(*python, "volant.app.gateway", *common, "--worker-index", str(index), "--listen-fd", str(fd)),
                    log=str(logs / f"gateway-{index}.log") if to_files else "",
                ),
                pass_fds=(fd,),
            )
        while not self._stopping:
            self._follow_control()
            if self._children.step() or not self._published:
                self._publish()
            self._tidy_logs(logs)
            time.sleep(LOOK_EVERY_S)
        return self._drain()

    def _follow_control(self) -> None:
        place = self.data / "run" / "desired.json"
        try:
            facts = place.stat()
            seen = (facts.st_mtime_ns, facts.st_ino)
            if seen != self._desired_seen:
                desired = msgspec.json.decode(place.read_bytes(), type=Desired)
                self._desired_seen = seen
                self._wanted = {wanted.name: wanted for wanted in desired.processes}
        except FileNotFoundError:
            return
        except msgspec.DecodeError as error:
            self._note(f"{place} cannot be read and is ignored: {error}")
            self._desired_seen = seen
            return
        for name in self._children.names("engine", "run") - set(self._wanted):
            self._children.stop(name)
        for wanted in self._wanted.values():
            if wanted.kind in ("engine", "run"):
                self._children.want(wanted)

    def _tidy_logs(self, folder: Path) -> None:
        if time.monotonic() - self._logs_seen < LOGS_EVERY_S:
            return
        self._logs_seen = time.monotonic()
        try:
            rotate(folder, self.settings.log_max_bytes)
        except OSError as error:  # a full disk: the next look tries again
            self._note(f"cannot move a log file: {error.strerror}")

    def _publish(self) -> None:
        """Write what is. A full disk must not end the supervisor, and everything with it: it is tried again."""
        actual = dict(self._children.actual())
        try:
            write_atomically(self.data / "run" / "actual.json", msgspec.json.encode(actual).decode())
        except OSError as error:
            if self._published:
                self._note(f"cannot write what runs, and tries again: {error}")
            self._published = False
        else:
            self._published = True

    def _drain(self) -> int:
        """Gateways first (they finish what is in flight), then runs and engines, control last."""
        if self._listener is not None:
            self._listener.close()
        for kinds in (("gateway",), ("run", "engine"), ("control",)):
            for name in self._children.names(*kinds):
                delay = self.settings.drain_delay_s if kinds == ("gateway",) else 0.0
                self._children.stop(name, delay + self.settings.drain_s + CLOSE_WITHIN_S)
            while self._children.names(*kinds):
                self._children.step()
                time.sleep(LOOK_EVERY_S)
            self._publish()
        os.close(self._lock_fd)
        return 0

    def _predecessor_lives(self) -> bool:
        """Are children of a killed supervisor of this directory still on their way out?"""
        try:
            actual = json.loads((self.data / "run" / "actual.json").read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return False
        return any(
            is_ours(entry["pid"], self.data) for entry in actual.values() if entry["kind"] in ("gateway", "control")
        )

    def _ask_to_stop(self, _number: int, _frame: object) -> None:
        self._stopping = True


def lock(data: Path) -> int:
    """Take the directory for this process; gives the open lock's descriptor. Raises Conflict `data_dir_in_use`."""
    descriptor = os.open(data / "volant.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise Conflict(
            "data_dir_in_use",
            f"another Volant server (pid {holder}) works on this data directory",
            where=str(data),
            hint="use that server, stop it first, or give another --data-dir",
        ) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def bind(host: str, port: int, wait_while: Callable[[], bool]) -> socket.socket:
    """A listening socket. Waits while a predecessor of ours still holds the port. Raises Conflict `port_in_use`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    end = time.monotonic() + PREDECESSOR_LEAVES_S
    while True:
        try:
            listener = socket.create_server((host, port), family=family, backlog=2048)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and wait_while() and time.monotonic() < end:
                time.sleep(0.1)
                continue
            if error.errno == errno.EADDRINUSE:
                raise Conflict(
                    "port_in_use",
                    f"port {port} on {host} is taken by another program",
                    where=f"{host}:{port}",
                    hint="stop that program, or start with --port 0 for a free port or --port NUMBER for another one",
                ) from None
            raise BadInput(
                "address_unusable",
                f"cannot listen there: {error.strerror or error}",
                where=f"{host}:{port}",
                hint="give an address of this machine with --host, and a port above 1023 unless you are root",
            ) from None
        listener.set_inheritable(True)
        return listener


def make_private_folder(place: Path) -> None:
    """Create the data directory for its owner only. Raises BadInput `data_dir_unusable`."""
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = place / ".write-probe"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise BadInput(
            "data_dir_unusable",
            f"cannot write there: {error.strerror}",
            where=str(place),
            hint="give a folder that you own with --data-dir",
        ) from None


def is_ours(pid: int, data: Path) -> bool:
    """Does this pid run a process of Volant on this data directory (and not a stranger with a reused pid)?"""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True  # no /proc here (macOS): believe the file
    return str(data).encode() in command


def write_atomically(place: Path, content: str) -> None:
    """Replace a small file so that a reader sees the old one or the new one."""
    beside = place.with_name(place.name + ".new")
    beside.write_text(content)
    beside.replace(place)
