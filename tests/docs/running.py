"""Running a page: its blocks in order, in a scratch folder, against a real server, with what it shows checked.

Knows shells, one Python a page, ports, placeholders and outputs; knows nothing of Markdown (conftest.py) or of which
pages there are. A page is written for a person at a terminal, so three things are put in for it:

- **Ports.** 8321 (Volant), 9101 (the stand-in) and 9000 become free ones, in settings files of the folder too.
- **Placeholders.** `vk_…` is the key that the page printed last, else the root key; `inf_…` the newest inference, and
  so for the other prefixes: what a reader would copy from their own screen.
- **make** prints what it would do (`make -n`): its targets are CI's own jobs.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PORTS = ("8321", "9101", "9000")
BLOCK_WITHIN_S = 240.0  # a block that hangs; machines may be busy
READY_WITHIN_S = 120.0
GONE_WITHIN_S = 60.0
ANY = "…"  # in a shown output: anything
LISTS = {  # prefix of an id → where the newest stands
    "inf": "/api/v1/inferences?limit=1", "run": "/api/v1/runs", "key": "/api/v1/keys", "rel": "/api/v1/releases",
    "rol": "/api/v1/rollouts", "mdl": "/api/v1/models", "dsv": "/api/v1/datasets", "era": "/api/v1/erasures",
    "rep": "/api/v1/reports", "ver": "/api/v1/verdicts", "alr": "/api/v1/alerts", "inv": "/api/v1/invitations",
}  # fmt: skip
PLACEHOLDER = re.compile(rf"\b(vk|{'|'.join(LISTS)})_(?:0[0-9a-f]*)?{ANY}")
DRIVER = """
import contextlib, io, json, os, sys, traceback
space = {"__name__": "__main__"}
for line in sys.stdin:
    job = json.loads(line)
    os.chdir(job["cwd"]); os.environ.clear(); os.environ.update(job["env"])
    out, error = io.StringIO(), ""
    with contextlib.redirect_stdout(out):
        try:
            exec(compile("\\n" * job["line"] + job["text"], job["page"], "exec"), space)
        except BaseException:
            error = traceback.format_exc()
    print(json.dumps({"out": out.getvalue(), "error": error}), flush=True)
"""


class PageWrong(AssertionError):
    """A block that did not do what its page says."""


@dataclass(slots=True)
class PageRun:
    """One reader working through one page. `url`, `key` and `data` are those of a server that was started for it."""

    folder: Path
    url: str = ""
    key: str = ""
    data: str = ""
    ports: dict[str, str] = field(default_factory=lambda: {port: str(free_port()) for port in PORTS})
    environment: dict[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    last: str = ""
    printed_key: str = ""
    python: subprocess.Popen[str] | None = None
    started: list[subprocess.Popen[Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        tools = self.folder / ".tools"
        tools.mkdir()
        shim = tools / "make"
        shim.write_text(
            f'#!/bin/sh\nexec /usr/bin/env -u MAKEFLAGS "$(PATH=$REAL_PATH command -v make)" -n -C {ROOT} "$@" >&2\n'
        )
        shim.chmod(0o755)
        (self.folder / "examples").symlink_to(ROOT / "examples")
        # a page's request that is refused is a page that is wrong
        (self.folder / ".curlrc").write_text("fail-with-body\n")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("VOLANT_", "PYTEST"))}
        path = f"{Path(sys.executable).parent}:{kept.get('PATH', '')}"
        self.environment = kept | {
            "PATH": f"{tools}:{path}", "REAL_PATH": path, "HOME": str(self.folder), "COLUMNS": "120", "NO_COLOR": "1",
            "TERM": "dumb", "VOLANT_PORT": self.ports["8321"], "PYTHONPATH": str(ROOT / "src"),
        }  # fmt: skip
        if self.url:
            self.environment |= {"VOLANT_URL": self.url, "VOLANT_API_KEY": self.key, "VOLANT_DATA_DIR": self.data}
            self.ports["8321"] = self.url.rpartition(":")[2]
        self.cwd = self.folder

    # ------------------------------------------------------------ blocks
    def write(self, name: str, text: str) -> None:
        """A block with a title is that file."""
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(self._here(text), encoding="utf-8")

    def shell(self, text: str, where: str, *, code: int = 0) -> None:
        """Run a shell block; its folder and variables hold for the next one. Raises PageWrong."""
        state, output = self.folder / ".tools" / "state", self.folder / ".tools" / "output"
        script = f"set -aeuo pipefail\ntrap '{{ pwd; env -0; }} >{state}' EXIT\n{self._filled(text)}\n"
        with output.open("wb") as out:
            process = subprocess.Popen(
                ["bash", "-c", script], cwd=self.cwd, env=self.environment, stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            self.started.append(process)
            try:
                ended = process.wait(BLOCK_WITHIN_S)
            except subprocess.TimeoutExpired:
                raise PageWrong(f"{where} did not end within {BLOCK_WITHIN_S:.0f} s:\n{output.read_text()}") from None
        self._said(output.read_text(encoding="utf-8", errors="replace"))
        if ended != code:
            raise PageWrong(f"{where} ended with {ended}:\n{self.last}")
        where_now, _, variables = state.read_text().partition("\n")
        self.cwd = Path(where_now)
        self.environment = dict(one.split("=", 1) for one in variables.split("\0") if "=" in one)
        self._repoint_files()

    def background(self, text: str, where: str) -> None:
        """Start a block as in a terminal of its own, and wait until what it starts answers. Raises PageWrong."""
        output = self.folder / ".tools" / f"background-{len(self.started)}"
        with output.open("wb") as out:
            process = subprocess.Popen(
                ["bash", "-euc", self._filled(text)], cwd=self.cwd, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self.started.append(process)
        port = next((self.ports[port] for port in PORTS if port in text), self.ports["8321"])
        path = "/readyz" if "volant up" in text else ""
        deadline = time.monotonic() + READY_WITHIN_S
        while not _answers(port, path):
            if process.poll() is not None or time.monotonic() > deadline:
                raise PageWrong(f"{where} does not answer on port {port}:\n{output.read_text()}")
            time.sleep(0.1)

    def run_python(self, text: str, page: str, line: int) -> None:
        """Run a Python block in the page's one interpreter. Raises PageWrong."""
        if self.python is None:
            self.python = subprocess.Popen(
                [sys.executable, "-W", "error", "-c", DRIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                cwd=self.cwd, env=self.environment, start_new_session=True,
            )  # fmt: skip
            self.started.append(self.python)
        assert self.python.stdin is not None
        assert self.python.stdout is not None
        job = {"cwd": str(self.cwd), "env": self.environment, "page": page, "line": line, "text": self._filled(text)}
        self.python.stdin.write(json.dumps(job) + "\n")
        self.python.stdin.flush()
        answer = self.python.stdout.readline()
        if not answer:
            raise PageWrong(f"{page}:{line}: Python ended with {self.python.wait()}")
        told = json.loads(answer)
        self._said(told["out"])
        if told["error"]:
            raise PageWrong(f"{page}:{line}: {told['error']}\n{self.last}")

    def close(self) -> None:
        """End what the page started, gently first."""
        for one in self.started:
            _signal(one, signal.SIGTERM)
        deadline = time.monotonic() + GONE_WITHIN_S
        for one in self.started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                one.wait(max(0.1, deadline - time.monotonic()))
            _signal(one, signal.SIGKILL)
            one.wait(GONE_WITHIN_S)
            for pipe in filter(None, (one.stdin, one.stdout)):
                pipe.close()

    # ------------------------------------------------------------ what is put in, and what came out
    def _here(self, text: str) -> str:
        for named, port in self.ports.items():
            text = re.sub(rf"\b{named}\b", port, text)
        return text

    def _filled(self, text: str) -> str:
        return PLACEHOLDER.sub(lambda found: self._id(found[1]), self._here(text))

    def _id(self, prefix: str) -> str:
        if prefix == "vk":
            return self.printed_key or self._root_key()
        url = self.environment.get("VOLANT_URL") or f"http://127.0.0.1:{self.ports['8321']}"
        request = urllib.request.Request(url + LISTS[prefix], headers={"authorization": f"Bearer {self._root_key()}"})
        for _ in range(50):  # a record is drained within the second
            with urllib.request.urlopen(request, timeout=10) as answer:
                found = re.findall(rf'"({prefix}_[0-9a-f]{{12,}})"', answer.read().decode())
            if found:
                return max(found)  # ids are ordered by time
            time.sleep(0.1)
        raise PageWrong(f"the page names {prefix}_{ANY} and {LISTS[prefix]} lists none")

    def _root_key(self) -> str:
        return self.key or next(self.folder.rglob("root.key")).read_text().strip()

    def _said(self, text: str) -> None:
        for named, port in self.ports.items():
            text = re.sub(rf"\b{port}\b", named, text)
        self.last = text.replace(f"{self.folder}/", "")
        if keys := re.findall(r"\bvk_\w{20,}", text):
            self.printed_key = keys[-1]

    def _repoint_files(self) -> None:
        for place in self.folder.glob("*.toml"):
            text = place.read_text(encoding="utf-8")
            if (here := self._here(text)) != text:
                place.write_text(here, encoding="utf-8")


# ---------------------------------------------------------------- outputs
def differs(shown: str, said: str, language: str) -> str:
    """What a shown output says that was not said; empty when it holds. `…` stands for anything."""
    if language == "json":
        return _differs_json(json.loads(shown), json.loads(said), "$")
    wanted, told = [[line.rstrip() for line in text.strip("\n").splitlines()] for text in (shown, said)]
    at = 0
    loose = False
    for line in wanted:
        if line.strip() == ANY:
            loose = True
            continue
        pattern = re.compile(".*".join(map(re.escape, line.split(ANY))))
        hits = [n for n in range(at, len(told) if loose else min(at + 1, len(told))) if pattern.fullmatch(told[n])]
        if not hits:
            return f"shown: {line!r}; printed there: {told[at : at + (40 if loose else 1)]!r}"
        at, loose = hits[0] + 1, False
    return "" if loose or at == len(told) else f"printed, and not shown: {told[at:]!r}"


def _differs_json(shown: Any, said: Any, where: str) -> str:
    """Objects may show a part; lists end with "…" where they do."""
    if isinstance(shown, dict) and isinstance(said, dict):
        wrong = [f"{where}.{key}: not there" for key in shown if key not in said]
        wrong += [_differs_json(value, said[key], f"{where}.{key}") for key, value in shown.items() if key in said]
        return next(filter(None, wrong), "")
    if isinstance(shown, list) and isinstance(said, list):
        part = shown[:-1] if shown[-1:] == [ANY] else shown
        if len(part) > len(said) or (part is shown and len(shown) != len(said)):
            return f"{where}: {len(said)} entries"
        pairs = enumerate(zip(part, said, strict=False))
        return next(filter(None, (_differs_json(a, b, f"{where}[{n}]") for n, (a, b) in pairs)), "")
    if isinstance(shown, str) and ANY in shown:
        pattern = ".*".join(map(re.escape, shown.split(ANY)))
        return "" if re.fullmatch(pattern, str(said), re.DOTALL) else f"{where}: {said!r} is not {shown!r}"
    return "" if shown == said else f"{where}: {said!r} is not {shown!r}"


# ---------------------------------------------------------------- processes
def free_port() -> int:
    """A TCP port of loopback that nobody has just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _answers(port: str, path: str) -> bool:
    try:
        if not path:
            socket.create_connection(("127.0.0.1", int(port)), timeout=5).close()
            return True
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _signal(process: subprocess.Popen[Any], number: signal.Signals) -> None:
    """To all of its session: what it started in the background too."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
