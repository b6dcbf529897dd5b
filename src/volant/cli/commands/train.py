"""train: make a model for a task, or close the loop now."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from volant.cli import follow as following
from volant.cli import show
from volant.cli.options import AsJson, DataDir, Follow, Url, connect, pairs


def add(app: typer.Typer) -> None:
    app.command()(train)


def train(
    task: Annotated[str, typer.Argument(help="The task that the model is for.")],
    data: Annotated[str, typer.Option(help="Dataset version, by id. Default: the task's newest.")] = "",
    recipe: Annotated[str, typer.Option(help="Recipe. Default: the task's loop says.")] = "",
    option: Annotated[list[str] | None, typer.Option("--option", "-o", help="Of the recipe, e.g. epochs=3.")] = None,
    base: Annotated[str, typer.Option(help="A registered model to tune. Default: from scratch.")] = "",
    known_only: Annotated[bool, typer.Option(help="Learn known labels only (a first model).")] = False,
    gate: Annotated[str, typer.Option(help="The gate. Default: the task's loop says.")] = "",
    release: Annotated[bool, typer.Option(help="Release it when the gate passes it.")] = True,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Close the loop: grow the data by reviewed answers, tune, gate, roll out.")
    ] = False,
    key: Annotated[str, typer.Option(help="The same key finds the same training.")] = "",
    follow: Follow = True,
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Train a model for a task: train → export → evaluate → gate → release. It survives a kill of anything.

    Example: `volant train helpdesk-intent --data dsv_01… --option epochs=4`
    """
    client = connect(url, data_dir)
    if retrain:
        started = client.post(f"/api/v1/loop/{task}/retrain", {"key": key})
    else:
        body: dict[str, Any] = {
            "dataset_version_id": data,
            "recipe": recipe,
            "recipe_options": pairs(option, "--option"),
            "base_model_id": base,
            "known_only": known_only,
            "gate": gate,
            "release": "if_passed" if release else "none",
            "key": key,
        }
        started = client.post(f"/api/v1/loop/{task}/train", body)
    finish(client, started, follow, as_json)


def finish(client: Any, started: dict[str, Any], follow: bool, as_json: bool) -> None:
    """Show what was started, and its end when it is followed."""
    if not follow:
        again = " (it was started before)" if started["already"] else ""
        show.result(started, as_json, lambda: show.line(f"Started {started['kind']} {started['workflow_id']}{again}."))
        return
    status = following.workflow(client, started["workflow_id"], quiet=as_json)

    def human() -> None:
        output = status.get("output")
        show.line(f"[bold]{started['kind']} done[/bold] ({started['workflow_id']})")
        if isinstance(output, dict):
            show.card(output, {name: name.replace("_", " ") for name in output})
        elif output is not None:
            show.line(show.cell("", output))

    show.result(status, as_json, human)
