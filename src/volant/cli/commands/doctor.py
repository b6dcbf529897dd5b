"""doctor: look at this installation and say what would not work, and what to do about it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.markup import escape

from volant import __version__
from volant.cli import client, settings_file, show
from volant.cli.options import AsJson, Config, DataDir, Url
from volant.core.clock import SystemClock
from volant.core.errors import VolantError
from volant.core.settings import ServerSettings

if TYPE_CHECKING:
    from volant.lifecycle.checkup import Finding, State

Ask = Callable[[str], Any]  # a path of the server's API → what it says
EXTRAS = {"data": "rensa", "train": "torch", "serve": "xllamacpp", "evals": "sklearn"}
MARKS = {"ok": "[green]ok[/green]      ", "warning": "[yellow]warning[/yellow] ", "problem": "[red]problem[/red] "}


def add(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(url: Url = "", data_dir: DataDir = "", config: Config = "", as_json: AsJson = False) -> None:
    """Check the installation and its data directory, with the server running or stopped. Exit code 1 when one is wrong.

    Looks at versions, extras, settings, disk and ceiling, permissions, lock, master key, schema, integrity, blobs,
    spools, clock, engines, workflows, backups, port and server. Reads only, and shows no secret.

    Example: `volant doctor --data-dir volant-data`
    """
    from volant.lifecycle import checkup  # late: it opens databases; no other command waits for that

    findings = [_finding("volant", "ok", __version__), *map(_shown, checkup.versions()), *_extras()]
    settings, found = _settings(config, data_dir)
    findings.append(found)
    if settings is not None:
        data = Path(settings.data_dir)
        findings += map(_shown, checkup.look(data, settings, os.environ, SystemClock()))
        findings += _server(url, data, settings)
    worst = "problem" if any(one["state"] == "problem" for one in findings) else "ok"

    def human() -> None:
        for one in findings:
            show.line(f"{MARKS[one['state']]} [bold]{one['name']}[/bold]  {escape(one['sentence'])}")
            if one["hint"]:
                show.line(f"          what to do: {escape(one['hint'])}")

    show.result({"state": worst, "findings": findings}, as_json, human)
    if worst == "problem":
        raise typer.Exit(1)


def _shown(found: Finding) -> dict[str, Any]:
    return _finding(found.name, found.state, found.sentence, found.hint)


def _finding(name: str, state: State, sentence: str, hint: str = "") -> dict[str, Any]:
    return {"name": name, "state": state, "sentence": sentence, "hint": hint}


def _extras() -> list[dict[str, Any]]:
    out = []
    for extra, module in EXTRAS.items():
        if importlib.util.find_spec(module) is None:
            out.append(
                _finding(
                    f"extra {extra}", "warning", "is not installed", f"pip install 'volant[{extra}]' where it is needed"
                )
            )
        else:
            out.append(_finding(f"extra {extra}", "ok", _version(module)))
    return out


def _version(module: str) -> str:
    names = importlib.metadata.packages_distributions().get(module, [module])
    return f"{names[0]} {importlib.metadata.version(names[0])}"


def _settings(config: str, data_dir: str) -> tuple[ServerSettings | None, dict[str, Any]]:
    try:
        settings, documents, place = settings_file.load(config, os.environ, {"data_dir": data_dir or None})
    except VolantError as error:
        return None, _finding("settings", "problem", error.message, error.hint)
    where = f"{place}: {len(documents.tasks)} tasks" if place else "no volant.toml: the defaults hold"
    return settings, _finding("settings", "ok", where)


def _server(url: str, data: Path, settings: ServerSettings) -> list[dict[str, Any]]:
    try:
        found = client.find(url, str(data), os.environ)
    except VolantError as error:
        return [_finding("server", "warning", error.message, error.hint), _port(settings)]
    try:
        found.get("/readyz")
    except VolantError as error:
        out = [_finding("server", "warning", error.message, error.hint)]
        return out if url else [*out, _port(settings)]
    ready = _finding("server", "ok", f"{found.url} is ready")
    return [ready, *_looked("tasks", tasks, found), *_processes(data), *_looked("deployments", deployments, found)]


def _looked(name: str, look: Callable[[Ask], list[dict[str, Any]]], server: client.Client) -> list[dict[str, Any]]:
    """What `look` finds; where the server does not tell it, that, and no word about the server."""
    try:
        return look(server.get)
    except VolantError as error:
        return [_finding(name, "warning", f"could not be looked at: {error.message}", error.hint)]


def tasks(ask: Ask) -> list[dict[str, Any]]:
    """How many the server serves."""
    return [_finding("tasks", "ok", f"{len(ask('/api/v1/tasks')['data'])} are served")]


def deployments(ask: Ask) -> list[dict[str, Any]]:
    """A finding for each that could not be called, or whose calls failed, of those that were looked at."""
    out = []
    said = {one["name"]: one["missing"] for one in ask("/api/v1/deployments")["data"]}
    view = ask("/api/v1/views/deployments")
    requests = f"the newest {_counted(view['recent'], 'request')} of the last hour"
    for one in view["deployments"]:
        name = f"deployment {one['name']}"
        if said.get(one["name"]):
            out.append(_finding(name, "warning", "its key is not there", said[one["name"]]))
        if one["failed_calls"]:
            codes = ", ".join(f"{each['code']} ×{each['calls']}" for each in one["failures"])
            newest = max(one["failures"], key=lambda each: int(each["last_ms"]))["inference_id"]
            sentence = f"{one['failed_calls']} of its {_counted(one['calls'], 'call')} of {requests} failed: {codes}"
            out.append(_finding(name, "warning", sentence, f"volant trace show {newest}"))
    if out:
        return out
    calls = sum(one["calls"] for one in view["deployments"])
    looked = f"no call failed: {_counted(calls, 'call')} of {requests}"
    none = "no request came in the last hour, so no call could be looked at"
    return [_finding("deployments", "ok", f"{len(view['deployments'])}; {looked if view['recent'] else none}")]


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _processes(data: Path) -> list[dict[str, Any]]:
    try:
        actual = json.loads((data / "run" / "actual.json").read_text())
    except (OSError, json.JSONDecodeError):
        return []
    failed = [name for name, one in actual.items() if one["state"] == "failed"]
    if failed:
        return [_finding("processes", "problem", f"{', '.join(failed)} failed", f"read the logs under {data}")]
    return [_finding("processes", "ok", ", ".join(f"{name} {actual[name]['state']}" for name in sorted(actual)))]


def _port(settings: ServerSettings) -> dict[str, Any]:
    if not settings.port:
        return _finding("port", "ok", "a free one is taken")
    try:
        socket.create_server((settings.host, settings.port)).close()
    except OSError as error:
        hint = "stop what holds it, or start with --port 0"
        return _finding("port", "problem", f"{settings.host}:{settings.port}: {error.strerror}", hint)
    return _finding("port", "ok", f"{settings.host}:{settings.port} is free")
