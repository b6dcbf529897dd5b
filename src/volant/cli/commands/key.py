"""key: create, list, limit, rotate and revoke API keys, and keep providers' keys."""

from __future__ import annotations

import sys
import time
from typing import Annotated, Any

import typer
from rich.markup import escape

from volant.cli import show
from volant.cli.options import AsJson, DataDir, Url, connect
from volant.core.errors import BadInput, NotFound

keys = typer.Typer(
    help="API keys and their scopes. Example: `volant key create app --scope inference`", no_args_is_help=True
)
Rpm = Annotated[int | None, typer.Option(help="Requests a minute; 0: no limit.")]
TokensPerMinute = Annotated[int | None, typer.Option(help="Tokens a minute, input and output; 0: no limit.")]
Concurrent = Annotated[int | None, typer.Option(help="Requests under way at once; 0: no limit.")]
UsdPerDay = Annotated[float | None, typer.Option("--usd-per-day", "--budget", help="US dollars a UTC day; 0: none.")]
UsdPerMonth = Annotated[float | None, typer.Option(help="US dollars a UTC month; 0: none.")]
TokensPerDay = Annotated[int | None, typer.Option(help="Tokens a UTC day; 0: no limit.")]
TokensPerMonth = Annotated[int | None, typer.Option(help="Tokens a UTC month; 0: no limit.")]
COLUMNS = {
    "id": "id",
    "name": "name",
    "prefix": "begins",
    "scopes": "scopes",
    "tasks": "tasks",
    "operations": "operations",
    "direct": "direct",
    "limits": "limits",
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
    rpm: Rpm = None,
    tokens_per_minute: TokensPerMinute = None,
    concurrent: Concurrent = None,
    usd_per_day: UsdPerDay = None,
    usd_per_month: UsdPerMonth = None,
    tokens_per_day: TokensPerDay = None,
    tokens_per_month: TokensPerMonth = None,
    operation: Annotated[
        list[str] | None,
        typer.Option(help="Only chat, embeddings, count_tokens, moderations or models; again for more. Default: all."),
    ] = None,
    direct: Annotated[
        bool, typer.Option("--direct", help="May ask for a deployment or provider/model, not only for tasks.")
    ] = False,
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
        "limits": _limits(
            rpm, tokens_per_minute, concurrent, usd_per_day, usd_per_month, tokens_per_day, tokens_per_month
        ),
        "operations": operation or [],
        "direct": direct,
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
    rows = [_row(key) for key in found["data"]]
    show.result(found, as_json, lambda: show.table(rows, COLUMNS, "no keys: `volant key create NAME`"))


@keys.command()
def limits(
    key_id: Annotated[str, typer.Argument(help="The key's id (`volant key list`).")],
    rpm: Rpm = None,
    tokens_per_minute: TokensPerMinute = None,
    concurrent: Concurrent = None,
    usd_per_day: UsdPerDay = None,
    usd_per_month: UsdPerMonth = None,
    tokens_per_day: TokensPerDay = None,
    tokens_per_month: TokensPerMonth = None,
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Change a key's limits; those that are not named stay. 0 takes one away.

    Example: `volant key limits key_01… --usd-per-month 50 --concurrent 0`
    """
    server = connect(url, data_dir)
    key = next((one for one in server.get("/api/v1/keys")["data"] if one["id"] == key_id), None)
    if key is None:
        raise NotFound("key_unknown", f"there is no key {key_id[:60]!r}", hint="`volant key list`")
    given = _limits(rpm, tokens_per_minute, concurrent, usd_per_day, usd_per_month, tokens_per_day, tokens_per_month)
    changed = server.ask("PATCH", f"/api/v1/keys/{key_id}", {"limits": {**key["limits"], **given}})
    show.result(changed, as_json, lambda: show.card(changed["limits"], {name: name for name in changed["limits"]}))


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
    show.result(gone, as_json, lambda: show.line(f"Key {escape(repr(gone['name']))} ({gone['id']}) is revoked."))


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
    show.result({"name": name}, as_json, lambda: show.line(f'Kept, sealed: use `api_key_ref = "{escape(name)}"`.'))


def _limits(
    rpm: int | None,
    tokens_per_minute: int | None,
    concurrent: int | None,
    usd_per_day: float | None,
    usd_per_month: float | None,
    tokens_per_day: int | None,
    tokens_per_month: int | None,
) -> dict[str, float]:
    """Those that were named."""
    given = {
        "requests_per_minute": rpm,
        "tokens_per_minute": tokens_per_minute,
        "concurrent": concurrent,
        "usd_per_day": usd_per_day,
        "usd_per_month": usd_per_month,
        "tokens_per_day": tokens_per_day,
        "tokens_per_month": tokens_per_month,
    }
    return {name: value for name, value in given.items() if value is not None}


def _made(made: dict[str, Any]) -> None:
    """The clear key first: whatever comes after, it was shown."""
    show.line(f"[bold]{made['clear']}[/bold]\n\n[dim]This is shown once. Send it as `Authorization: Bearer …`.[/dim]\n")
    show.card(made["key"], {"id": "id", "name": "name", "scopes": "scopes", "tasks": "tasks"})
    for warning in made["warnings"]:
        show.line(f"[yellow]warning[/yellow] {escape(warning)}")


_UNITS = {
    "requests_per_minute": "requests/minute",
    "tokens_per_minute": "tokens/minute",
    "concurrent": "at once",
    "usd_per_day": "USD/day",
    "usd_per_month": "USD/month",
    "tokens_per_day": "tokens/day",
    "tokens_per_month": "tokens/month",
}


def _row(key: dict[str, Any]) -> dict[str, Any]:
    """A key in words: what is empty is all, and what is 0 is never or none."""
    limits = [f"{value:,.10g} {_UNITS.get(name, name)}" for name, value in key["limits"].items() if value]
    return {
        **key,
        "tasks": key["tasks"] or "all",
        "operations": key["operations"] or "all",
        "limits": ", ".join(limits) or "none",
        "expires_ms": key["expires_ms"] or "never",
        "state": _state(key),
    }


def _state(key: dict[str, Any]) -> str:
    if key["revoked_ms"]:
        return "revoked"
    return "expired" if key["expires_ms"] and key["expires_ms"] < time.time() * 1000 else "valid"
