"""Following: waits for the end of a workflow or run, shows its runs' progress, raises its own error."""

from __future__ import annotations

from typing import Any

import pytest

from volant.cli import follow
from volant.core.errors import VolantError


class Scripted:
    """Stands for the client: answers by path from a list, the last answer again and again."""

    def __init__(self, **answers: list[dict[str, Any]]) -> None:
        self._answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        self.asked.append((path, query))
        name = path.removeprefix("/api/v1/").split("/")[-1].replace("-", "_")
        waiting = self._answers[name]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


def lines(after: int, *lines: dict[str, Any]) -> dict[str, Any]:
    return {"lines": list(lines), "after": after, "state": "running", "run_id": "run_1"}


def test_a_workflow_is_followed_to_its_end_and_its_runs_are_read_once() -> None:
    run = {"id": "run_1", "kind": "train", "workflow_id": "w", "state": "running"}
    client: Any = Scripted(
        w=[{"state": "running"}, {"state": "running"}, {"state": "done", "output": {"model_id": "mdl_1"}}],
        runs=[{"data": [run]}],
        progress=[lines(30, {"event": "started", "steps": 10}), lines(60, {"event": "step", "step": 10, "loss": 1.5})],
    )
    naps: list[float] = []
    status = follow.workflow(client, "w", quiet=False, sleep=naps.append)
    assert status["output"] == {"model_id": "mdl_1"}
    assert naps == [follow.POLL_S] * 2
    assert [query["after"] for path, query in client.asked if path.endswith("progress")] == [0, 30, 60]


def test_a_failed_workflow_raises_its_own_error() -> None:
    error = {"code": "run_died", "message": "run run_1 ended again and again", "where": "runs/run_1", "hint": "read it"}
    client: Any = Scripted(w=[{"state": "failed", "error": error}])
    with pytest.raises(VolantError, match="again and again") as caught:
        follow.workflow(client, "w", quiet=True)
    assert (caught.value.code, caught.value.hint) == ("run_died", "read it")
    cancelled: Any = Scripted(w=[{"state": "cancelled", "error": {}}])
    with pytest.raises(VolantError, match="cancelled"):
        follow.workflow(cancelled, "w", quiet=True)


def test_quiet_following_asks_for_the_workflow_only() -> None:
    client: Any = Scripted(w=[{"state": "running"}, {"state": "done", "output": None}])
    follow.workflow(client, "w", quiet=True, sleep=lambda _: None)
    assert {path for path, _ in client.asked} == {"/api/v1/workflows/w"}


def test_a_run_is_followed_to_its_end() -> None:
    client: Any = Scripted(
        progress=[lines(10, {"event": "step", "step": 1, "steps": 2})],
        run_1=[{"state": "running"}, {"state": "succeeded", "result": {"exact": 0.8}}],
    )
    assert follow.run(client, "run_1", quiet=True, sleep=lambda _: None)["result"] == {"exact": 0.8}
