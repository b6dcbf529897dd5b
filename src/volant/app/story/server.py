"""Server: the story's hold on a real `volant up`, from outside: a process, its API, and nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from volant.app.story import leash
from volant.core.errors import Unavailable, VolantError

Json = dict[str, Any]
START_S = 60.0
_AWAY = (429, 502, 503, 504)  # statuses of a server that is on its way back


class Api:
    """The management API over HTTP, as any client would use it."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self._key = key

    def get(self, path: str, **query: Any) -> Any:
        """The decoded answer. Raises VolantError with the server's own words."""
        return json.loads(self._send("GET", path, query, None, "application/json") or b"null")

    def post(self, path: str, body: Any = None, **query: Any) -> Any:
        return json.loads(
            self._send("POST", path, query, json.dumps(body or {}).encode(), "application/json") or b"null"
        )

    def upload(self, path: str, files: list[tuple[str, Path]], fields: Json) -> Any:
        """Files with their role and a JSON field `options`, as multipart/form-data (RFC 7578)."""
        boundary = "volant-story-boundary-7d1f"
        parts = [
            f'--{boundary}\r\ncontent-disposition: form-data; name="options"\r\n\r\n{json.dumps(fields)}\r\n'.encode()
        ]
        for role, place in files:
            head = f'--{boundary}\r\ncontent-disposition: form-data; name="{role}"; filename="{place.name}"\r\n'
            kind = b"content-type: application/octet-stream\r\n\r\n"
            parts.append(head.encode() + kind + place.read_bytes() + b"\r\n")
        parts.append(f"--{boundary}--\r\n".encode())
        body = b"".join(parts)
        return json.loads(self._send("POST", path, {}, body, f"multipart/form-data; boundary={boundary}", 600))

    def lines(self, path: str, **query: Any) -> Iterator[Json]:
        """The rows of an answer in JSON lines."""
        for line in self._send("GET", path, query, None, "application/json", 120).splitlines():
            if line.strip():
                yield json.loads(line)

    def ready(self) -> bool:
        """Does the gateway answer, and control behind it?"""
        try:
            with urllib.request.urlopen(self.url + "/readyz", timeout=2):
                pass
            self.get("/api/v1/documents")
        except (OSError, VolantError):
            return False
        return True

    def _send(self, method: str, path: str, query: Json, body: bytes | None, kind: str, timeout: float = 60) -> bytes:
        present = {name: value for name, value in query.items() if value not in (None, "")}
        url = self.url + path + ("?" + urlencode(present) if present else "")
        request = urllib.request.Request(url, data=body, method=method)
        request.add_header("authorization", f"Bearer {self._key}")
        request.add_header("content-type", kind)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            raise _error(error) from None
        except (OSError, TimeoutError) as error:
            raise Unavailable("server_away", f"no answer from {self.url}: {error}", where=path) from None


class Server:
    """A `volant up` of ours on one data directory."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.data_dir = data_dir
        self._port = port
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Api:
        """Start it and wait until it answers. Raises what `volant up` said when it did not."""
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        place = self.data_dir / "run" / "server.json"
        place.unlink(missing_ok=True)
        log = self.data_dir / "logs" / "up.log"
        log.parent.mkdir(exist_ok=True, mode=0o700)
        where = ["--data-dir", str(self.data_dir), "--port", str(self._port)]
        command = [sys.executable, "-m", "volant.cli", "up", *where]
        with log.open("wb") as output:
            self.process = leash.start(command, stdout=output, stderr=subprocess.STDOUT, env=_environment())
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise Unavailable("server_ended", log.read_text().strip()[-1500:] or "volant up ended", where=str(log))
            if place.exists() and (self.data_dir / "root.key").exists():
                facts = json.loads(place.read_text())
                api = Api(f"http://{facts['host']}:{facts['port']}", (self.data_dir / "root.key").read_text().strip())
                if api.ready():
                    return api
            time.sleep(0.1)
        raise Unavailable(
            "server_not_ready", f"volant up did not answer within {START_S:.0f} s", where=str(log), hint="read that log"
        )

    def stop(self) -> None:
        """Ask it to drain and end; kill it when it does not."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def kill_engine(self, name: str) -> int:
        """`kill -9` one engine of this server, as a crash would; gives its pid."""
        actual = json.loads((self.data_dir / "run" / "actual.json").read_text())
        pid = int(actual[name]["pid"])
        os.kill(pid, signal.SIGKILL)
        return pid


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VOLANT_")}
    for name in ("VOLANT_MASTER_KEY",):
        if name in os.environ:
            kept[name] = os.environ[name]
    return kept


def _error(error: urllib.error.HTTPError) -> VolantError:
    try:
        facts = json.loads(error.read())["error"]
    except (json.JSONDecodeError, KeyError, TypeError):
        facts = {"code": "http_error", "message": f"HTTP {error.code}"}
    kind = Unavailable if facts.get("retry_helps") or error.code in _AWAY else VolantError
    return kind(
        str(facts.get("code", "")),
        str(facts.get("message", "")),
        where=str(facts.get("where", "")),
        hint=str(facts.get("hint", "")),
    )
