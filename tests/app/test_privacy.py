"""What a whole running server says: marked secrets, payloads, names and addresses go through every kind of route, and
none stands in any log; nothing it does leaves this machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import missing

from volant.app import logs
from volant.cli.client import Client
from volant.core.errors import VolantError
from volant.core.settings import ServerSettings

MARKS = {
    "payload": "MARKpayload", "query": "MARKquery", "secret": "MARKsecret", "email": "markmail@example.com",
    "path": "MARKpath", "password": "MARKpassword123", "name": "MARKname", "header": "MARKheader",
}  # fmt: skip


def documents(upstream: str) -> dict[str, Any]:
    return {
        "deployments": [
            {"name": "d", "provider": "mock", "model": "m", "base_url": upstream},
            {"name": "away", "provider": "mock", "model": "m", "base_url": "http://127.0.0.1:9/v1", "api_key_ref": "k"},
        ],
        "tasks": [
            {"name": "help", "guardrails": ["pii"], "variants": [{"name": "v", "deployments": ["d"]}]},
            {"name": "broken", "variants": [{"name": "v", "deployments": ["away"]}]},
        ],
    }


@pytest.fixture
def upstream() -> Any:
    mock = subprocess.Popen(
        [sys.executable, "-m", "volant.providers.mock", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert mock.stdout is not None
    yield mock.stdout.readline().strip()
    mock.terminate()
    mock.communicate(timeout=20)


def everything(url: str, key: str, upstream: str) -> int:
    """Marked values through every described route, and through chat; how many requests were made."""
    client = Client(url, key)
    client.post("/api/v1/documents/apply", documents(upstream))
    client.ask("PUT", "/api/v1/secrets/k", {"value": MARKS["secret"]})
    warm = {"model": "help", "messages": [{"role": "user", "content": MARKS["payload"]}]}
    until = time.monotonic() + 90
    while _whole(url, key, warm) != "whole":  # gateways have a new configuration within a second
        assert time.monotonic() < until
        time.sleep(0.1)
    text = f"{MARKS['payload']} my mail is {MARKS['email']} chunks=3"
    for task in ("help", "broken", MARKS["name"]):
        for stream in (False, True):
            body = {
                "model": task,
                "stream": stream,
                "user": MARKS["name"],
                "messages": [{"role": "user", "content": text}],
            }
            _send(url, key, "POST", f"/v1/chat/completions?note={MARKS['query']}", body)
    _send(url, "", "POST", "/v1/chat/completions", b'{"model": "MARKpayload", ')
    made = 7
    marked = {
        "name": MARKS["name"], "email": MARKS["email"], "password": MARKS["password"], "comment": MARKS["payload"],
        "value": MARKS["secret"], "user": MARKS["name"], "token": MARKS["secret"], "text": MARKS["payload"],
    }  # fmt: skip
    described = json.loads((Path(__file__).parents[2] / "openapi.json").read_text())["paths"]
    for path, methods in described.items():
        if path.endswith("/events"):
            continue
        for method in methods:
            filled = re.sub(r"{\w+}", MARKS["path"], path) + f"?q={MARKS['query']}&user={MARKS['email']}&key={key}"
            for body in (marked, b"{MARKpayload"):
                _send(url, key if made % 2 else f"vk_{MARKS['secret']}", method.upper(), filled, body)
                made += 1
    return made


def _send(url: str, key: str, method: str, path: str, body: Any) -> None:
    data = None if method == "GET" else body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}", "x-note": MARKS["header"]}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url + path, data, headers, method=method), timeout=30
        ) as answer:
            answer.read()
    except (urllib.error.URLError, ConnectionError):
        pass


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_log_holds_what_anybody_sent(start_server: Any, upstream: str, log_format: str, tmp_path: Path) -> None:
    environment = {"VOLANT_LOG_FORMAT": log_format, "VOLANT_LOG_LEVEL": "debug", "VOLANT_ACCESS_LOG": "all"}
    server = start_server(None, env=environment)
    made = everything(server.url, server.key, upstream)
    code, said = server.stop()
    assert code == 0, said
    found = {place.name: place.read_text() for place in (server.data / "logs").glob("*.log")} | {"stderr": said}
    for place in (*server.data.glob("runs/*/log.txt"), *server.data.glob("engines/*/log.txt")):
        found[str(place)] = place.read_text()
    for where, text in found.items():
        for what, mark in MARKS.items():
            assert mark not in text, f"{what} in {where}: {text[max(0, text.index(mark) - 200) :][:300]}"
        assert server.key not in text, f"the root key in {where}"
    lines = found["control.log"].splitlines()
    assert sum("volant.access" in line for line in lines) > made / 2, "and yet requests are logged"
    assert "/api/v1/runs/{run_id}" in found["control.log"]
    assert "inference 200" in found["gateway-0.log"]
    if log_format == "json":
        for line in lines + found["gateway-0.log"].splitlines():
            assert {"time", "level", "process", "logger", "message"} <= set(json.loads(line)), line


def test_logs_go_to_stderr_where_asked(start_server: Any) -> None:
    server = start_server(None, env={"VOLANT_LOG_TO": "stderr", "VOLANT_LOG_FORMAT": "json"})
    Client(server.url, server.key).get("/api/v1/keys")
    _, said = server.stop()
    rows = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert {"control", "gateway-0"} <= {row["process"] for row in rows}
    assert any(row.get("route") == "/api/v1/keys" for row in rows)
    assert not list((server.data / "logs").glob("*.log"))


def test_an_exception_is_logged_by_its_places() -> None:
    import logging

    try:
        raise ValueError("MARKpayload")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "it failed", None, sys.exc_info())
    for kind in ("json", "text"):
        line = logs.formatter("p", kind).format(record)
        assert "ValueError" in line
        assert "test_privacy.py" in line
        assert "MARKpayload" not in line
        record.exc_text = None


def test_a_log_that_outgrew_its_size_is_moved_and_goes_on(tmp_path: Path) -> None:
    place = tmp_path / "control.log"
    with place.open("ab") as file:
        file.write(b"x" * 5000)
        file.flush()
        assert logs.rotate(tmp_path, 4000) == ["control.log"]
        file.write(b"new\n")
    assert place.read_bytes() == b"new\n"
    assert (tmp_path / "control.log.1").stat().st_size == 5000
    assert logs.rotate(tmp_path, 4000) == []
    assert ServerSettings().log_max_bytes > 1 << 20


# ---------------------------------------------------------------- no telemetry
AUDIT = """
import os, sys
def _seen(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        where = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[0]
        host = where[0] if isinstance(where, tuple) else where
        text = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
        here = ("127.0.0.1", "::1", "localhost", "None", "")
        if text not in here and not text.startswith("/") and "sock" not in text:
            with open(os.environ["AUDIT_FILE"], "a") as file:
                file.write(f"{event} {text}\\n")
sys.addaudithook(_seen)
open(os.environ["AUDIT_FILE"] + f".{os.getpid()}", "w").close()
"""


def test_no_process_of_ours_asks_for_another_machine(start_server: Any, upstream: str, tmp_path: Path) -> None:
    """Python's own audit hook in every process of a server under work: connections, datagrams and name look-ups."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(AUDIT)
    seen = tmp_path / "seen"
    server = start_server(None, env={"PYTHONPATH": str(hooks), "AUDIT_FILE": str(seen)})
    everything(server.url, server.key, upstream)
    server.stop()
    assert len(list(tmp_path.glob("seen.*"))) >= 3, "supervisor, control and gateway were watched"
    assert not seen.exists(), seen.read_text()


def test_no_system_call_reaches_for_another_machine(tmp_path: Path) -> None:
    """The kernel's view, for what C libraries do past Python: every address of every connect and send."""
    if shutil.which("strace") is None:
        missing("strace is not installed", "apt-get install strace")
    if subprocess.run(["strace", "-qq", "true"], capture_output=True).returncode:
        pytest.skip("strace may not trace here: the sandbox forbids ptrace")
    here = Path(__file__).parents[2]
    work = tmp_path / "work.py"
    work.write_text(
        textwrap.dedent(f"""\
        import socket, subprocess, sys
        from pathlib import Path
        sys.path.insert(0, {str(here)!r})
        from tests.app.test_privacy import everything
        from tests.conftest import _start_server
        mock = subprocess.Popen([sys.executable, "-m", "volant.providers.mock", "--port", "0"],
                                stdout=subprocess.PIPE, text=True)
        server = _start_server(Path({str(tmp_path)!r}) / "data")
        everything(server.url, server.key, mock.stdout.readline().strip())
        assert server.stop()[0] == 0
        mock.terminate()
        mock.wait()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.connect(("192.0.2.1", 9))  # sends nothing; shows that the trace sees
        """)
    )
    trace = tmp_path / "trace"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VOLANT_")}
    ran = subprocess.run(
        ["strace", "-f", "-qq", "-o", str(trace), "-e", "trace=connect,sendto,sendmsg,sendmmsg",
         sys.executable, str(work)],
        capture_output=True, text=True, timeout=280, env=environment,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    text = trace.read_text()
    found = set(re.findall(r'sin_addr=inet_addr\("([^"]+)"\)', text)) | set(
        re.findall(r'inet_pton\(AF_INET6, "([^"]+)"', text)
    )
    assert found - {"127.0.0.1", "::1", "0.0.0.0", "::"} == {"192.0.2.1"}, found


# ---------------------------------------------------------------- a stop under load
def test_a_stop_under_load_ends_every_accepted_request(start_server: Any, upstream: str) -> None:
    """Streams and answers under way when SIGTERM comes: each that was accepted is whole; records are all there."""
    server = start_server()
    client = Client(server.url, server.key)
    client.post("/api/v1/documents/apply", documents(upstream))
    ended: list[str] = []
    stopping = threading.Event()

    def ask(number: int) -> None:
        while not stopping.is_set():
            content = "chunks=20 delay_ms=40" if number % 2 else "ttft_ms=300"
            body = {"model": "help", "stream": bool(number % 2), "messages": [{"role": "user", "content": content}]}
            ended.append(_whole(server.url, server.key, body))

    until = time.monotonic() + 90
    while _whole(server.url, server.key, {"model": "help", "messages": [{"role": "user", "content": "x"}]}) != "whole":
        assert time.monotonic() < until
        time.sleep(0.1)
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 90
    while len(ended) < 32:
        assert time.monotonic() < until, ended
        time.sleep(0.02)
    stopping.set()  # each finishes the one that it has under way, and asks no more
    code, said = server.stop()
    for thread in threads:
        thread.join(60)
    assert code == 0, said
    assert set(ended) == {"whole"}, {one: ended.count(one) for one in set(ended)}
    again = start_server()
    rows = Client(again.url, again.key).get("/api/v1/inferences", limit=500)["data"]
    assert sum(row["status"] == 200 for row in rows) == len(ended) + 1, "each has its record"


def _whole(url: str, key: str, body: dict[str, Any]) -> str:
    """ "whole", or what it was instead."""
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(body).encode(), headers), timeout=30
        ) as answer:
            data = answer.read()
    except (urllib.error.URLError, ConnectionError, VolantError) as error:
        return f"{type(error).__name__} {error}"[:80]
    return "whole" if (data.rstrip().endswith(b"[DONE]") if body.get("stream") else b"choices" in data) else "cut"
