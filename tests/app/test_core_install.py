"""The core by itself: gateway, traces and control, installed without any extra, small, and at work.

Builds a real environment with `scripts/setup.sh core`, so it needs what pip needs. VOLANT_SKIP_INSTALL=1 skips it by
name where there is no package index; CI never does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MOST_MB = 150
MOST_S = 60  # wanted; twice that fails
DOCUMENTS = {
    "deployments": [{"name": "stand-in", "provider": "mock", "model": "m", "base_url": ""}],
    "tasks": [{"name": "echo", "variants": [{"name": "only", "deployments": ["stand-in"]}]}],
}

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the core and nothing else."""
    if os.environ.get("VOLANT_SKIP_INSTALL") == "1" and os.environ.get("VOLANT_STRICT") != "1":
        pytest.skip("VOLANT_SKIP_INSTALL=1: no package index here")
    place = tmp_path_factory.mktemp("core") / "venv"
    started = time.monotonic()
    made = subprocess.run(
        [ROOT / "scripts" / "setup.sh", "core"], env={**os.environ, "VENV": str(place)}, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr[-2000:]
    seconds = time.monotonic() - started
    assert seconds < 2 * MOST_S, f"{seconds:.0f} s; {MOST_S} are wanted"
    return place


def test_it_is_small(core: Path) -> None:
    """What is installed, without pip, which every environment has."""
    site = next(core.glob("lib/python*/site-packages"))
    parts = [path for path in site.iterdir() if not path.name.startswith("pip")]
    size = sum(file.stat().st_size for part in parts for file in ([part] if part.is_file() else part.rglob("*"))
               if file.is_file() and "__pycache__" not in file.parts)  # fmt: skip
    assert size < MOST_MB * 1e6, f"{size / 1e6:.0f} MB"


def test_it_has_no_extra(core: Path) -> None:
    code = (
        "import importlib.util as u; print([m for m in ('torch', 'transformers', 'scipy', 'sklearn', 'polars', "
        "'pandas', 'xllamacpp', 'openai', 'rensa') if u.find_spec(m)])"
    )
    found = subprocess.run([core / "bin" / "python", "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_it_serves_and_keeps_traces(core: Path, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("VOLANT_", "PYTHON"))}
    mock = subprocess.Popen(
        [core / "bin" / "python", "-m", "volant.providers.mock", "--port", "0", "--answer", "pong"],
        stdout=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    data = tmp_path / "data"
    server = subprocess.Popen(
        [core / "bin" / "volant", "up", "--data-dir", str(data), "--port", "0"], env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert mock.stdout is not None
        DOCUMENTS["deployments"][0]["base_url"] = mock.stdout.readline().strip()
        url, key = _ready(server, data)
        _call(url, key, "/api/v1/documents/apply", DOCUMENTS)
        answer: Any = _patiently(url, key, "/v1/chat/completions", {
            "model": "echo", "messages": [{"role": "user", "content": "ping"}],
        })  # fmt: skip
        assert answer["choices"][0]["message"]["content"] == "pong"
        end = time.monotonic() + 60
        while not (found := _call(url, key, "/api/v1/inferences")["data"]):
            assert time.monotonic() < end, "the answer never became a trace"
            time.sleep(0.1)
        assert found[0]["task"] == "echo"
    finally:
        for process in (server, mock):
            process.terminate()
            process.communicate(timeout=30)


MOST_TO_FIRST_TRACE_S = 120  # a newcomer's two minutes; the machine's part of them
PROVIDER_KEY = "sk-proj-Marked0123456789abcdefMarked"


class Upstream(BaseHTTPRequestHandler):
    """What a newcomer's OpenAI is here: it wants the key, and answers."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        right = self.headers["authorization"] == f"Bearer {PROVIDER_KEY}" and self.path == "/v1/chat/completions"
        message = {"role": "assistant", "content": f"hello from {asked['model']}"}
        wrong = {"error": {"message": "Incorrect API key", "type": "x", "param": None, "code": "invalid_api_key"}}
        body = wrong if not right else {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": asked["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14},
        }  # fmt: skip
        data = json.dumps(body).encode()
        self.send_response(200 if right else 401)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def test_a_newcomer_with_an_openai_key_sees_the_first_trace_within_two_minutes(core: Path, tmp_path: Path) -> None:
    """From the end of `pip install` to a trace that the API shows: `volant init` and nothing else."""
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("VOLANT_", "PYTHON"))}
    command = [
        core / "bin" / "volant", "init", "--provider", "openai", "--task", "helpdesk", "--port", "0", "--data-dir", "d",
        "--base-url", f"http://127.0.0.1:{upstream.server_port}/v1", "--start", "--once", "--json",
    ]  # fmt: skip
    started = time.monotonic()
    ran = subprocess.run(
        command, env={**environment, "OPENAI_API_KEY": PROVIDER_KEY}, cwd=tmp_path, capture_output=True, text=True,
        timeout=MOST_TO_FIRST_TRACE_S,
    )  # fmt: skip
    seconds = time.monotonic() - started
    upstream.shutdown()
    upstream.server_close()
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    sys.stdout.write(f"first trace after {seconds:.1f} s\n")
    assert seconds < MOST_TO_FIRST_TRACE_S
    assert said["answer"] == "hello from gpt-4o-mini"
    assert said["trace_url"] == f"{said['url']}/traces?open={said['inference_id']}"
    assert 'api_key_ref = "openai"' in (tmp_path / "volant.toml").read_text()
    for place in tmp_path.rglob("*"):
        assert not (place.is_file() and PROVIDER_KEY.encode() in place.read_bytes()), f"the key stands in {place}"
    assert PROVIDER_KEY not in ran.stdout + ran.stderr


def _ready(server: subprocess.Popen[str], data: Path) -> tuple[str, str]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert server.poll() is None, server.stderr.read() if server.stderr else ""
        try:
            facts = json.loads((data / "run" / "server.json").read_text())
            url, key = f"http://{facts['host']}:{facts['port']}", (data / "root.key").read_text().strip()
            _call(url, key, "/api/v1/documents")
        except (OSError, ValueError):
            time.sleep(0.1)
            continue
        return url, key
    raise AssertionError("volant up did not become ready")


def _patiently(url: str, key: str, path: str, body: Any) -> Any:
    """Gateways have a new configuration within a second."""
    for _ in range(30):
        try:
            return _call(url, key, path, body)
        except OSError:
            time.sleep(0.1)
    return _call(url, key, path, body)


def _call(url: str, key: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        url + path, data=None if body is None else json.dumps(body).encode(), method="GET" if body is None else "POST"
    )
    request.add_header("authorization", f"Bearer {key}")
    request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read())
