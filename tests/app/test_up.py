"""`volant up` for real: a first start, two servers on one directory, a taken port, kill -9 of control, of all."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from volant.cli.client import Client
from volant.core.errors import NotFound, Unauthenticated, Unavailable, VolantError

DOCUMENTS: dict[str, Any] = {
    "deployments": [{"name": "d", "provider": "mock", "model": "m", "base_url": "http://127.0.0.1:9/v1"}],
    "tasks": [{"name": "helpdesk", "variants": [{"name": "v", "deployments": ["d"]}]}],
}


def up(data: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "volant.cli", "up", "--data-dir", str(data), *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=data.parent)


def until(holds: Callable[[], Any], seconds: float = 90.0) -> Any:
    end = time.monotonic() + seconds
    while True:
        try:
            found = holds()
        except (VolantError, OSError):
            found = None
        if found:
            return found
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_first_start_is_private_says_where_and_answers_by_key_only(server: Any) -> None:
    assert {name: value for name, value in server.said.items() if name != "setup_url"} == {
        "url": server.url, "pid": server.process.pid, "data_dir": str(server.data),
        "root_key": str(server.data / "root.key"),
    }  # fmt: skip
    assert (server.data / "root.key").stat().st_mode & 0o777 == 0o600
    assert server.data.stat().st_mode & 0o777 == 0o700
    assert (server.data / "run" / "control.sock").stat().st_mode & 0o777 == 0o600
    assert Client(server.url, server.key).get("/api/v1/keys")["data"][0]["name"] == "root"
    for key in ("", "vk_wrong"):
        with pytest.raises(Unauthenticated):
            Client(server.url, key).get("/api/v1/keys")
    with pytest.raises(NotFound, match="nothing at GET /api/v1/nothing"):
        Client(server.url, server.key).get("/api/v1/nothing")
    assert "vk_" not in "".join(place.read_text() for place in server.data.glob("logs/*.log"))


def test_internal_routes_are_not_there_for_outsiders(server: Any) -> None:
    with pytest.raises(NotFound):
        Client(server.url, server.key).get("/internal/snapshot")


def test_no_secret_of_the_first_start_stands_elsewhere(server: Any) -> None:
    for place in server.data.rglob("*"):
        if place.is_file() and place.name != "root.key":
            assert server.key.encode() not in place.read_bytes(), place


def test_a_second_server_on_the_directory_is_refused_and_the_first_goes_on(server: Any) -> None:
    ended = up(server.data, "--port", "0")
    assert ended.returncode == 5
    assert f"pid {server.process.pid}" in ended.stderr
    assert "another --data-dir" in ended.stderr
    as_json = up(server.data, "--port", "0", "--json")
    assert json.loads(as_json.stderr)["error"]["code"] == "data_dir_in_use"
    Client(server.url, server.key).get("/readyz")


def test_a_taken_port_is_named_with_what_to_do(server: Any, tmp_path: Path) -> None:
    port = server.url.rsplit(":", 1)[1]
    ended = up(tmp_path / "data", "--port", port, "--json")
    error = json.loads(ended.stderr)["error"]
    assert (ended.returncode, error["code"]) == (5, "port_in_use")
    assert "--port 0" in error["hint"]


def test_wrong_settings_are_all_named_and_nothing_is_made(tmp_path: Path) -> None:
    config = tmp_path / "volant.toml"
    config.write_text('[server]\nprot = 1\nworkers = 0\n[[tasks]]\nname = "t"\nvariants = []\n')
    ended = up(tmp_path / "data", "--config", str(config))
    assert ended.returncode == 2
    for part in ("server.prot: no such setting; did you mean 'port'?", "needs at least one variant"):
        assert part in ended.stderr
    assert not (tmp_path / "data").exists()
    missing = up(tmp_path / "data", "--config", str(tmp_path / "no.toml"))
    assert missing.returncode == 4
    config.write_text("[server\n")
    torn = up(tmp_path / "data", "--config", str(config))
    assert (torn.returncode, "line 1" in torn.stderr) == (2, True)


def test_a_first_start_applies_the_file_and_later_ones_leave_it_to_apply(start_server: Any, tmp_path: Path) -> None:
    config = tmp_path / "volant.toml"
    config.write_text(
        '[[deployments]]\nname = "d"\nprovider = "mock"\nmodel = "m"\nbase_url = "http://127.0.0.1:9/v1"\n'
        '[[tasks]]\nname = "helpdesk"\n[[tasks.variants]]\nname = "v"\ndeployments = ["d"]\n'
    )
    first = start_server(None, "--config", str(config))
    assert Client(first.url, first.key).get("/api/v1/documents")["revision"] == 1
    code, said = first.stop()
    assert code == 0, said
    config.write_text(config.read_text().replace("helpdesk", "other"))
    second = start_server(None, "--config", str(config))
    client = Client(second.url, second.key)
    assert [task["name"] for task in client.get("/api/v1/tasks")["data"]] == ["helpdesk"]
    assert second.key == first.key


def test_a_first_configuration_that_cannot_hold_ends_the_server(tmp_path: Path) -> None:
    """It would say that it is ready, and serve nothing."""
    config = tmp_path / "volant.toml"
    config.write_text(
        '[[deployments]]\nname = "d"\nprovider = "mock"\nmodel = "m"\nbase_url = "http://127.0.0.1:9/v1"\n'
        '[[tasks]]\nname = "helpdesk"\n[[tasks.variants]]\nname = "v"\ndeployments = ["d"]\n'
        'prompt = "greeting@production"\n[[tasks.guards]]\nname = "g"\ncheck = "no-such-check"\n'
    )
    ended = up(tmp_path / "data", "--config", str(config), "--port", "0")
    assert ended.returncode == 2, ended.stderr
    assert "no-such-check" in ended.stderr
    config.write_text(config.read_text().partition("[[tasks.guards]]")[0].replace('prompt = "greeting@production"', ""))
    data = tmp_path / "data"
    command = [
        sys.executable,
        "-m",
        "volant.cli",
        "up",
        "--data-dir",
        str(data),
        "--config",
        str(config),
        "--port",
        "0",
    ]
    with subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, text=True, cwd=tmp_path) as again:
        try:
            assert again.stdout is not None
            facts = json.loads(again.stdout.readline())  # corrected, it starts
            key = (data / "root.key").read_text().strip()
            assert Client(facts["url"], key).get("/api/v1/documents")["revision"] == 1
        finally:
            again.terminate()


def test_killed_control_comes_back_and_lost_nothing(start_server: Any) -> None:
    server = start_server()
    client = Client(server.url, server.key)
    client.post("/api/v1/documents/apply", DOCUMENTS)
    made = client.post("/api/v1/keys", {"name": "app", "scopes": ["read"]})
    before = server.actual()
    os.kill(before["control"]["pid"], signal.SIGKILL)
    until(lambda: server.actual()["control"]["pid"] not in (0, before["control"]["pid"]))
    until(lambda: Client(server.url, made["clear"]).get("/api/v1/documents")["revision"] == 1)
    after = server.actual()
    assert after["gateway-0"]["pid"] == before["gateway-0"]["pid"], "the gateway never noticed"
    assert after["control"]["restarts"] == 1
    until(lambda: client.get("/readyz"))


def test_killed_gateway_comes_back_on_the_same_port(start_server: Any) -> None:
    server = start_server()
    before = server.actual()
    os.kill(before["gateway-0"]["pid"], signal.SIGKILL)
    until(lambda: server.actual()["gateway-0"]["pid"] not in (0, before["gateway-0"]["pid"]))
    until(lambda: Client(server.url, server.key).get("/api/v1/keys")["data"])
    assert server.actual()["control"]["pid"] == before["control"]["pid"]


def test_killed_supervisor_leaves_no_orphan_and_the_next_start_goes_on(start_server: Any) -> None:
    first = start_server()
    Client(first.url, first.key).post("/api/v1/documents/apply", DOCUMENTS)
    pids = [one["pid"] for one in first.actual().values()]
    first.process.kill()
    first.process.communicate()
    until(lambda: not any(alive(pid) for pid in pids))
    second = start_server(None, "--port", first.url.rsplit(":", 1)[1])
    assert second.url == first.url
    assert Client(second.url, second.key).get("/api/v1/documents")["revision"] == 1


def test_a_stop_is_clean_and_the_port_is_free_again(start_server: Any) -> None:
    server = start_server()
    pids = [one["pid"] for one in server.actual().values()]
    code, said = server.stop()
    assert code == 0, said
    assert not any(alive(pid) for pid in pids)
    socket.create_server(("127.0.0.1", int(server.url.rsplit(":", 1)[1]))).close()
    assert "control stopped" in (server.data / "logs" / "control.log").read_text()
    with pytest.raises(Unavailable, match="no Volant server answers"):
        Client(server.url, server.key).get("/readyz")


def test_a_wanted_run_is_started_once_ends_and_outlives_control(start_server: Any, tmp_path: Path) -> None:
    """Through control's own executor file: the supervisor makes it so."""
    from volant.jobs.executor import LocalExecutor

    server = start_server()
    program = (
        "import json, pathlib, sys, time\n"
        "place = pathlib.Path(sys.argv[1])\n"
        "(place / 'begun').write_text('x')\n"
        "while not (place / 'go').exists(): time.sleep(0.02)\n"
        "(place / 'result.json').write_text(json.dumps({'state': 'done', 'answer': 42}))\n"
    )
    executor = LocalExecutor(server.data)
    folder = executor.run_dir("run_1")
    handle = executor.want_run("run_1", [sys.executable, "-c", program, str(folder)])
    until((folder / "begun").exists)
    until(lambda: handle.state() == "running")
    pid = server.actual()["run_1"]["pid"]
    assert os.getpriority(os.PRIO_PROCESS, pid) == 10
    control = server.actual()["control"]["pid"]
    os.kill(control, signal.SIGKILL)
    until(lambda: server.actual()["control"]["pid"] not in (0, control))
    until(lambda: Client(server.url, server.key).get("/api/v1/documents"))
    assert server.actual()["run_1"]["pid"] == pid
    (folder / "go").touch()
    assert handle.wait(0.05)["answer"] == 42
    until(lambda: "run_1" not in server.actual())
