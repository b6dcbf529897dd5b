"""A run that somebody stopped goes on from its checkpoint, in a real process, and its model is registered."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from volant.cli.client import Client
from volant.core.errors import Conflict

pytest.importorskip("torch")

QUESTIONS = Path(__file__).parents[2] / "examples" / "helpdesk" / "questions.csv"
DOCUMENTS = {
    "deployments": [{"name": "d", "provider": "mock", "model": "m", "base_url": "http://127.0.0.1:9/v1"}],
    "tasks": [{"name": "desk", "variants": [{"name": "v", "deployments": ["d"]}]}],
}
BUILD = {
    "recipe": "debug", "evaluate": False, "name": "tiny", "gate": "none",
    "recipe_options": {"steps": 1500, "checkpoint_every": 25},
}  # fmt: skip


def until(wanted: Callable[[], Any], seconds: float = 300.0) -> Any:
    """What `wanted` gives as soon as it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := wanted():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


@pytest.mark.timeout(900)
def test_a_stopped_training_goes_on_from_its_checkpoint(start_server: Any) -> None:
    server = start_server()
    client = Client(server.url, server.key)

    def call(method: str, path: str, body: Any = None) -> Any:
        return client.ask(method, f"/api/v1{path}", body)

    def steps(run: str) -> list[dict[str, Any]]:
        place = server.data / "runs" / run / "progress.jsonl"
        return [json.loads(line) for line in place.read_text().splitlines()] if place.exists() else []

    call("POST", "/documents/apply", DOCUMENTS)
    options = {"options": json.dumps({"dataset": "desk"})}
    client.upload("/api/v1/datasets/import", options, [("data", QUESTIONS)])
    call("POST", "/loop/desk/train", BUILD)
    run = until(lambda: call("GET", "/runs")["data"])[0]["id"]
    until(lambda: any(line["event"] == "checkpoint" for line in steps(run)))
    with pytest.raises(Conflict) as refused:
        call("POST", f"/runs/{run}/resume", {})
    assert refused.value.code == "run_not_resumable"
    call("POST", f"/runs/{run}/cancel")
    page = call("GET", f"/views/runs/{run}")
    assert page["may_resume"], page["resume_sentence"]
    kept = max(one["step"] for one in page["checkpoints"] if one["name"].startswith("checkpoints/"))
    assert f"after step {kept}" in page["resume_sentence"]
    until(lambda: run not in server.actual() or server.actual()[run]["state"] not in ("running", "stopping"))
    assert call("GET", "/models")["data"] == []

    call("POST", f"/runs/{run}/resume", {"name": "again"})
    ended = until(lambda: (one := call("GET", f"/runs/{run}")) and one["state"] in ("succeeded", "failed") and one)
    assert (ended["state"], ended["attempt"]) == ("succeeded", 2), ended["error"]
    resumed = next(line for line in steps(run) if line["event"] == "resumed")
    assert resumed["step"] >= kept > 0
    (model,) = until(lambda: call("GET", "/models")["data"])
    assert (model["name"], model["run_id"], model["facts"]["steps"]) == ("again", run, 1500)
