"""run: executions of anything long: list, show, follow, cancel."""

from __future__ import annotations

from typing import Annotated

import typer

from volant.cli import follow as following
from volant.cli import show
from volant.cli.options import AsJson, DataDir, Limit, Url, connect

runs = typer.Typer(help="Executions of anything long. Example: `volant run list`", no_args_is_help=True)
RunId = Annotated[str, typer.Argument(help="The run's id (`volant run list`).")]
CARD = {"id": "run", "kind": "kind", "state": "state", "attempt": "attempts", "workflow_id": "workflow",
        "created_ms": "made", "started_ms": "started", "ended_ms": "ended", "error.message": "error",
        "error.hint": "what to do", "result": "result", "spec": "specification"}  # fmt: skip


def add(app: typer.Typer) -> None:
    app.add_typer(runs, name="run")


@runs.command("list")
def list_(
    kind: Annotated[str, typer.Option(help="train, evaluate, …")] = "",
    state: Annotated[str, typer.Option(help="queued, running, succeeded, failed or cancelled.")] = "",
    limit: Limit = 20,
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Runs, newest first.

    Example: `volant run list --state failed`
    """
    found = connect(url, data_dir).get("/api/v1/runs", kind=kind, state=state, limit=limit)
    columns = {"id": "id", "kind": "kind", "state": "state", "started_ms": "started", "ended_ms": "ended",
               "error.message": "error"}  # fmt: skip
    show.result(found, as_json, lambda: show.table(found["data"], columns, "no runs yet: `volant train TASK`"))


@runs.command("show")
def show_(run_id: RunId, url: Url = "", data_dir: DataDir = "", as_json: AsJson = False) -> None:
    """One run, its specification and its result.

    Example: `volant run show run_01…`
    """
    found = connect(url, data_dir).get(f"/api/v1/runs/{run_id}")
    show.result(found, as_json, lambda: show.card(found, CARD))


@runs.command()
def follow(run_id: RunId, url: Url = "", data_dir: DataDir = "", as_json: AsJson = False) -> None:
    """Watch a run until it ends. Leaving (Ctrl-C) does not stop it.

    Example: `volant run follow run_01…`
    """
    found = following.run(connect(url, data_dir), run_id, quiet=as_json)
    show.result(found, as_json, lambda: show.card(found, CARD))


@runs.command()
def cancel(run_id: RunId, url: Url = "", data_dir: DataDir = "", as_json: AsJson = False) -> None:
    """Stop a run and keep it stopped.

    Example: `volant run cancel run_01…`
    """
    found = connect(url, data_dir).post(f"/api/v1/runs/{run_id}/cancel")
    show.result(found, as_json, lambda: show.line(f"Run {run_id} is {found['state']}."))
