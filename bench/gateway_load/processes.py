"""The processes under test: start, pin, meter, stop. CPU and memory of a whole process tree, from /proc."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

TICK_MS = 1000.0 / os.sysconf("SC_CLK_TCK")
PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20

NGINX = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    keepalive_requests 100000000;
    upstream mock {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 100000000; }}
    server {{
        listen 127.0.0.1:{port} {listen};
        {more}
        client_max_body_size 64m;
        location / {{
            proxy_pass {scheme}://mock;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_ssl_session_reuse on;
            proxy_buffering off;
            proxy_request_buffering off;
        }}
    }}
}}
"""


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cores() -> tuple[set[int], set[int]]:
    """Cores for the gateway and for everything else: the same where there is only one."""
    all_of_them = sorted(os.sched_getaffinity(0))
    return {all_of_them[0]}, set(all_of_them[1:]) or {all_of_them[0]}


@contextlib.contextmanager
def running(argv: list[str], port: int, pinned: set[int], *, within_s: float = 20, **more: object) -> Iterator[int]:
    """A process with its port open, pinned; gives its pid, ends it afterwards."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, pinned)  # inherited
    try:
        process = subprocess.Popen(argv, **more)  # type: ignore[call-overload]
    finally:
        os.sched_setaffinity(0, before)
    try:
        end = time.monotonic() + within_s
        while True:
            if process.poll() is not None:
                raise SystemExit(f"{argv[0]} ended with {process.returncode}")
            try:
                socket.create_connection(("127.0.0.1", port), 0.5).close()
                break
            except OSError:
                if time.monotonic() > end:
                    raise SystemExit(f"{argv[0]} did not open its port") from None
                time.sleep(0.05)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def mock(port: int, pinned: set[int]) -> contextlib.AbstractContextManager[int]:
    """The stand-in upstream."""
    return running(
        [sys.executable, "-m", "volant.providers.mock", "--port", str(port)], port, pinned, stdout=subprocess.DEVNULL
    )


def nginx(config: str, port: int, folder: Path, pinned: set[int]) -> contextlib.AbstractContextManager[int]:
    """nginx with a configuration. Raises FileNotFoundError where it is not installed."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")
    if program is None:
        raise FileNotFoundError("nginx")
    place = folder / f"nginx-{port}.conf"
    place.write_text(config.replace("nginx.pid", f"nginx-{port}.pid"))
    return running([program, "-c", str(place), "-e", str(folder / f"start-{port}.log")], port, pinned)


# ---------------------------------------------------------------- meters
def _stat(pid: int) -> list[str]:
    text = Path(f"/proc/{pid}/stat").read_text()
    return text[text.rindex(")") + 2 :].split()


def tree(root: int) -> set[int]:
    """A process and all its descendants."""
    parents: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError, ValueError):
                parents[int(entry)] = int(_stat(int(entry))[1])
    found = {root}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def command(pid: int) -> str:
    """What it was started with."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    return ""


def cpu_ms(pids: Iterable[int]) -> float:
    """User and system time of the processes so far, their ended children included."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            total += sum(int(value) for value in _stat(pid)[11:15])
    return total * TICK_MS


def rss_mib(pids: Iterable[int]) -> float:
    """Resident memory of the processes together."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(OSError):
            total += int(_stat(pid)[21]) * PAGE_MIB
    return total
