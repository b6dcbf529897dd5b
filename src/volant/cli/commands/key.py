"""key: create, list, rotate and revoke API keys, and keep providers' keys."""

from __future__ import annotations

import sys
import time
from typing import Annotated, Any

import typer

from volant.cli import show
from volant.cli.options import AsJson, DataDir, Url, connect
from volant.core.errors import BadInput

keys = typer.Typer(
    help="API keys and their scopes. Example: `volant key create app --scope inference`", no_args_is_help=True
)
COLUMNS = {
    "id": "id",
    "name": "name",
    "prefix": "begins",
    "scopes": "scopes",
    "tasks": "tasks",
    "requests_per_minute": "rpm",
    "usd_per_day": "usd/day",
    "expires_ms": "expires",
    "state": "state",
}


def add(app: typer.Typer) -> None:
    app.add_typer(keys, name="key")


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="inference, feedback, read, write or admin; again for more.")
    ] = None,
    task: Annotated[list[str] | None, typer.Option(help="Only this task; again for more. Default: all.")] = None,
    rpm: Annotated[int, typer.Option(help="Requests a minute; 0: no limit.")] = 0,
    usd_per_day: Annotated[float, typer.Option(help="Budget a day; 0: none.")] = 0.0,
    days: Annotated[float, typer.Option(help="Valid so many days; 0: for ever.")] = 0.0,
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Make a key. Its clear text is printed once and kept nowhere.

    Example: `volant key create chat-app --scope inference --scope feedback --task helpdesk-intent --rpm 600`
    """
    body = {
        "name": name,
        "scopes": scope or ["inference"],
        "tasks": task or [],
        "requests_per_minute": rpm,
        "usd_per_day": usd_per_day,
        "expires_ms": int((time.time() + days * 86400) * 1000) if days else 0,
    }
    made = connect(url, data_dir).post("/api/v1/keys", body)
    show.result(made, as_json, lambda: _made(made))


@keys.command("list")
def list_(url: Url = "", data_dir: DataDir = "", as_json: AsJson = False) -> None:
    """Every key, revoked ones included.

    Example: `volant key list`
    """
    found = connect(url, data_dir).get("/api/v1/keys")
    rows = [{**key, "state": _state(key)} for key in found["data"]]
    show.result(found, as_json, lambda: show.table(rows, COLUMNS, "no keys: `volant key create NAME`"))


@keys.command()
def rotate(
    key_id: Annotated[str, typer.Argument(help="The key's id (`volant key list`).")],
    grace_s: Annotated[float, typer.Option(help="How long the old key goes on working.")] = 0.0,
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Replace a key by a new one with the same scopes and limits.

    Example: `volant key rotate key_01… --grace-s 3600`
    """
    made = connect(url, data_dir).ask("POST", f"/api/v1/keys/{key_id}/rotate", query={"grace_s": grace_s})
    show.result(made, as_json, lambda: _made(made))


@keys.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="The key's id (`volant key list`).")],
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """End a key now, for good; gateways know within a second.

    Example: `volant key revoke key_01…`
    """
    gone = connect(url, data_dir).delete(f"/api/v1/keys/{key_id}")
    show.result(gone, as_json, lambda: show.line(f"Key {gone['name']!r} ({gone['id']}) is revoked."))


@keys.command()
def secret(
    name: Annotated[str, typer.Argument(help="Its name; deployments use it as `api_key_ref`.")],
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Keep a provider's key, sealed. Reads it from standard input, so that it stands in no history.

    Example: `volant key secret openai < openai.key`
    """
    value = typer.prompt(f"value of {name}", hide_input=True) if sys.stdin.isatty() else sys.stdin.read().strip()
    if not value:
        raise BadInput(
            "bad_secret", "nothing was given", where="standard input", hint=f"volant key secret {name} < file"
        )
    connect(url, data_dir).ask("PUT", f"/api/v1/secrets/{name}", {"value": value})
    show.result({"name": name}, as_json, lambda: show.line(f'Kept, sealed: use `api_key_ref = "{name}"`.'))


def _made(made: dict[str, Any]) -> None:
    show.card(made["key"], {"id": "id", "name": "name", "scopes": "scopes", "tasks": "tasks"})
    show.line(f"\n[bold]{made['clear']}[/bold]\n\n[dim]This is shown once. Send it as `Authorization: Bearer …`.[/dim]")


def _state(key: dict[str, Any]) -> str:
    if key["revoked_ms"]:
        return "revoked"
    return "expired" if key["expires_ms"] and key["expires_ms"] < time.time() * 1000 else "valid"
