"""model: the registry's model versions."""

from __future__ import annotations

from typing import Annotated

import typer

from volant.cli import show
from volant.cli.options import AsJson, DataDir, Url, connect

models = typer.Typer(help="Model versions. Example: `volant model list`", no_args_is_help=True)
CARD = {"id": "model", "name": "name", "version": "version", "state": "state", "flags": "flags", "run_id": "made by",
        "base_model_id": "tuned from", "dataset_version_id": "learned from", "facts": "facts",
        "checkpoint_hash": "checkpoint", "gguf_hash": "gguf", "created_ms": "made"}  # fmt: skip


def add(app: typer.Typer) -> None:
    app.add_typer(models, name="model")


@models.command("list")
def list_(
    name: Annotated[str, typer.Option(help="Only this name.")] = "",
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Every model version, oldest first.

    Example: `volant model list`
    """
    found = connect(url, data_dir).get("/api/v1/models", name=name)
    columns = {"id": "id", "name": "name", "version": "no", "state": "state", "base_model_id": "tuned from",
               "dataset_version_id": "learned from", "created_ms": "made"}  # fmt: skip
    show.result(found, as_json, lambda: show.table(found["data"], columns, "no models yet: `volant train TASK`"))


@models.command("show")
def show_(
    model: Annotated[str, typer.Argument(help="Id, name@version, or name: its newest version.")],
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """One model version.

    Example: `volant model show helpdesk-intent@2`
    """
    found = connect(url, data_dir).get(f"/api/v1/models/{model}")
    show.result(found, as_json, lambda: show.card(found, CARD))
