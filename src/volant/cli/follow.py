"""Follow: watch a workflow and its runs from the terminal until it ends. Reads only; leaving it changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from volant.cli import show
from volant.cli.client import Client
from volant.core.errors import VolantError

Json = dict[str, Any]
POLL_S = 0.5


def workflow(client: Client, workflow_id: str, *, quiet: bool, sleep: Callable[[float], None] = time.sleep) -> Json:
    """Wait for its end, showing the progress of its runs unless `quiet`; gives its status.

    Raises the workflow's own error when it failed or was cancelled.
    """
    watched = _Watched(client, workflow_id)
    with _bars(quiet) as bars:
        while True:
            status = client.get(f"/api/v1/workflows/{workflow_id}")
            if not quiet:
                watched.look(bars)
            if status["state"] in ("done", "failed", "cancelled"):
                break
            sleep(POLL_S)
    if status["state"] == "done":
        return status
    error = status.get("error") or {}
    raise VolantError(
        str(error.get("code") or f"workflow_{status['state']}"),
        str(error.get("message") or f"workflow {workflow_id} was {status['state']}"),
        where=str(error.get("where") or workflow_id),
        hint=str(error.get("hint") or "`volant run list` shows its runs, `volant run show RUN` one of them"),
    )


def run(client: Client, run_id: str, *, quiet: bool, sleep: Callable[[float], None] = time.sleep) -> Json:
    """Wait for a run's end, showing its progress; gives the run."""
    after = 0
    with _bars(quiet) as bars:
        bar = bars.add_task(run_id, total=None)
        while True:
            seen = client.get(f"/api/v1/runs/{run_id}/progress", after=after)
            after = seen["after"]
            for line in seen["lines"]:
                _advance(bars, bar, "run", line)
            found = client.get(f"/api/v1/runs/{run_id}")
            if found["state"] in ("succeeded", "failed", "cancelled"):
                return found
            sleep(POLL_S)


class _Watched:
    """The runs of one workflow and how far each was read."""

    def __init__(self, client: Client, workflow_id: str) -> None:
        self._client = client
        self._workflow_id = workflow_id
        self._after: dict[str, int] = {}
        self._bars: dict[str, TaskID] = {}

    def look(self, bars: Progress) -> None:
        listed = self._client.get("/api/v1/runs", limit=50)["data"]
        for one in reversed([run for run in listed if run["workflow_id"] == self._workflow_id]):
            run_id = one["id"]
            if run_id not in self._bars:
                self._bars[run_id] = bars.add_task(one["kind"], total=None)
            seen = self._client.get(f"/api/v1/runs/{run_id}/progress", after=self._after.get(run_id, 0))
            self._after[run_id] = seen["after"]
            for line in seen["lines"]:
                _advance(bars, self._bars[run_id], one["kind"], line)
            if one["state"] in ("succeeded", "failed", "cancelled"):
                bars.update(self._bars[run_id], description=f"{one['kind']} {one['state']}")
                bars.stop_task(self._bars[run_id])


def _advance(bars: Progress, bar: TaskID, kind: str, line: Mapping[str, Any]) -> None:
    """One line of progress on its bar: runs say `step` of `steps`, or `done` of `total`."""
    total = line.get("steps") or line.get("total")
    if total:
        bars.update(bar, total=float(total))
    done = line.get("step", line.get("done"))
    if done is not None:
        bars.update(bar, completed=float(done))
    said = [f"{name} {show.cell(name, line[name])}" for name in ("loss", "val_loss", "val_exact") if name in line]
    if said or line.get("event"):
        bars.update(bar, description=f"{kind} {' '.join(said) or line['event']}")


def _bars(quiet: bool) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total}"),
        TimeElapsedColumn(),
        console=show.err,
        disable=quiet,
        transient=False,
    )
