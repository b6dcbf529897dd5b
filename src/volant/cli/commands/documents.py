"""diff, apply: compare volant.toml with the server, and make it hold there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.markup import escape

from volant.cli import settings_file, show
from volant.cli.options import AsJson, Config, DataDir, Url, connect
from volant.core.errors import NotFound


def add(app: typer.Typer) -> None:
    app.command()(diff)
    app.command()(apply)


def diff(url: Url = "", data_dir: DataDir = "", config: Config = "", as_json: AsJson = False) -> None:
    """Show what `volant apply` would change on the server, and what it would leave as the loop decided.

    Example: `volant diff --config volant.toml`
    """
    documents, _ = _documents(config)
    client = connect(url, data_dir, config=config)
    found = client.post("/api/v1/documents/diff", documents)

    def human() -> None:
        show.line(f"[dim]the server at {escape(client.url)}:[/dim]")
        if not found["changes"]:
            show.line("No differences: the server holds this configuration.")
        for sentence in found["sentences"]:
            color = {"+": "green", "-": "red"}.get(sentence[:1], "yellow")
            show.line(f"[{color}]{escape(sentence)}[/{color}]")
        if found["held"]:
            show.line("\n[dim]Decided by the loop, never changed by apply:[/dim]")
            for one in found["held"]:
                show.line(f"[dim]  {escape(one['sentence'])}[/dim]")
        _warn(found)

    show.result(found, as_json, human)


def apply(
    url: Url = "",
    data_dir: DataDir = "",
    config: Config = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make volant.toml hold on the server; gateways have it within a second. What the loop decided stays.

    Example: `volant apply --yes`
    """
    documents, place = _documents(config)
    client = connect(url, data_dir, config=config)
    planned = client.post("/api/v1/documents/diff", documents)
    if not as_json and not yes and planned["changes"]:
        for sentence in planned["sentences"]:
            show.line(escape(sentence))
        _warn(planned)
        typer.confirm(f"Apply to {client.url}?", abort=True)
    applied = client.post("/api/v1/documents/apply", documents)

    def human() -> None:
        count = len(planned["changes"])
        what = f"{count} change{'s' if count != 1 else ''}" if count else "Nothing to change"
        show.line(f"{what}: {place} is revision {applied['revision']} ({applied['hash']}) of {escape(client.url)}.")
        if yes:
            _warn(planned)

    show.result(applied, as_json, human)


def _warn(planned: dict[str, Any]) -> None:
    for sentence in planned["warnings"]:
        show.line(f"[yellow]warning[/yellow] {escape(sentence)}")


def _documents(config: str) -> tuple[dict[str, Any], Path]:
    _, documents, place = settings_file.load(config, os.environ, {})
    if place is None:
        raise NotFound(
            "config_missing", "there is no volant.toml here", hint="`volant init` writes one, --config names another"
        )
    return msgspec.to_builtins(documents), place
