"""Options that many commands share, with the same words everywhere."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from volant.cli import client, settings_file
from volant.core.errors import BadInput

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")]
Url = Annotated[str, typer.Option("--url", help="The server. Default: VOLANT_URL, else the one started on --data-dir.")]
DataDir = Annotated[
    str,
    typer.Option(
        "--data-dir", help="The server's folder. Default: VOLANT_DATA_DIR, else volant.toml's, else ./volant-data."
    ),
]
Config = Annotated[
    str, typer.Option("--config", "-c", help="The settings file. Default: VOLANT_CONFIG, else ./volant.toml.")
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=500, help="How many, at most.")]
Comment = Annotated[str, typer.Option("--comment", "-m", help="Why, in a sentence; it stays with the decision.")]
Follow = Annotated[bool, typer.Option("--follow/--no-follow", help="Watch until it ends, or start it and leave.")]


Project = Annotated[str, typer.Option("--project", help="The project. Default: VOLANT_PROJECT, else the key's own.")]


def connect(url: str, data_dir: str, project: str = "", config: str = "") -> client.Client:
    """The client that these options mean; the folder is found as `volant up` finds it."""
    folder = data_dir or os.environ.get("VOLANT_DATA_DIR", "") or settings_file.data_dir(os.environ, config)
    return client.find(url, folder, os.environ, project=project)


def pairs(values: list[str] | None, option: str) -> dict[str, object]:
    """`["epochs=3", "name=x"]` → {"epochs": 3, "name": "x"}. Raises BadInput for a word without `=`."""
    out: dict[str, object] = {}
    for value in values or []:
        name, sign, text = value.partition("=")
        if not sign or not name:
            raise BadInput("bad_option", f"{value!r} is not NAME=VALUE", where=option, hint=f"e.g. {option} epochs=3")
        out[name] = _value(text)
    return out


def _value(text: str) -> object:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)
