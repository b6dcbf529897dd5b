"""release: the decisions to serve a model."""

from __future__ import annotations

from typing import Annotated

import typer

from volant.cli import show
from volant.cli.options import AsJson, Comment, DataDir, Url, connect

releases = typer.Typer(help="Decisions to serve a model. Example: `volant release list`", no_args_is_help=True)
CARD = {
    "id": "release",
    "task": "task",
    "variant": "variant",
    "model_id": "model",
    "verdict_id": "verdict",
    "rollout_id": "rollout",
    "state": "state",
    "reason": "reason",
    "created_ms": "made",
    "ended_ms": "ended",
}


def add(app: typer.Typer) -> None:
    app.add_typer(releases, name="release")


@releases.command("make")
def make(
    task: Annotated[str, typer.Argument(help="The task to serve.")],
    model: Annotated[str, typer.Option(help="Id, name@version, or name: its newest version.")],
    verdict: Annotated[str, typer.Option(help="The passing verdict. Default: the model's newest.")] = "",
    comment: Comment = "",
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Serve a model at once, by your word. A rollout (`volant rollout start`) moves users step by step instead.

    Example: `volant release make helpdesk-intent --model helpdesk-intent@1`
    """
    body = {"task": task, "model": model, "verdict_id": verdict, "comment": comment}
    made = connect(url, data_dir).post("/api/v1/releases", body)
    show.result(made, as_json, lambda: show.card(made, CARD))


@releases.command("list")
def list_(
    task: Annotated[str, typer.Option(help="Only this task.")] = "",
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Releases, oldest first.

    Example: `volant release list --task helpdesk-intent`
    """
    found = connect(url, data_dir).get("/api/v1/releases", task=task)
    columns = {
        "id": "id",
        "task": "task",
        "variant": "variant",
        "model_id": "model",
        "state": "state",
        "created_ms": "made",
    }
    show.result(found, as_json, lambda: show.table(found["data"], columns, "no releases yet"))


@releases.command("show")
def show_(
    release_id: Annotated[str, typer.Argument(help="The release's id.")],
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """One release.

    Example: `volant release show rel_01…`
    """
    found = connect(url, data_dir).get(f"/api/v1/releases/{release_id}")
    show.result(found, as_json, lambda: show.card(found, CARD))
