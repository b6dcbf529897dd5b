"""prompt: what models are told: versions, labels, differences, renderings."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.markup import escape

from volant.cli import show
from volant.cli.options import AsJson, Comment, DataDir, Url, connect, pairs
from volant.core.errors import BadInput, NotFound

prompts = typer.Typer(help="Prompts and their versions. Example: `volant prompt list`", no_args_is_help=True)
Reference = Annotated[str, typer.Argument(help="NAME, NAME@NUMBER, NAME@LABEL or NAME@latest.")]
Name = Annotated[str, typer.Argument(help="The prompt's name.")]
_API = "/api/v1/prompts"


def add(app: typer.Typer) -> None:
    app.add_typer(prompts, name="prompt")


@prompts.command("list")
def list_(
    archived: Annotated[bool, typer.Option("--archived", help="Also those that were put away.")] = False,
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Every prompt with its labels and where it is used.

    Example: `volant prompt list`
    """
    found = connect(url, data_dir).get(_API, archived="true" if archived else None)
    rows = [
        {
            **one,
            "labels": ", ".join(f"{label['label']}→{label['version']}" for label in one["labels"]),
            "uses": ", ".join(f"{use['task']}/{use['variant']}" for use in one["uses"]),
        }
        for one in found["data"]
    ]
    columns = {"name": "name", "versions": "versions", "labels": "labels", "uses": "used by", "preview": "begins"}
    show.result(found, as_json, lambda: show.table(rows, columns, "no prompts yet: `volant prompt save FILE`"))


@prompts.command("show")
def show_(reference: Reference, url: Url = "", data_dir: DataDir = "", as_json: AsJson = False) -> None:
    """One version whole, or with a bare name the prompt's versions and its labels' moves too.

    Example: `volant prompt show helpdesk@production`
    """
    client = connect(url, data_dir)
    name, at, which = reference.partition("@")
    found = client.get(f"{_path(name)}/versions/{quote(which or 'latest', safe='')}")
    if not at:
        found |= client.get(_path(name))
    show.result(found, as_json, lambda: _one(found, name))


def _one(found: dict[str, Any], name: str) -> None:
    version = found["version"]
    labels = f"  [green]{escape(', '.join(version['labels']))}[/green]" if version["labels"] else ""
    show.line(f"[bold]{escape(name)}@{version['version']}[/bold]{labels}  [dim]{version['hash']}[/dim]")
    show.card(version, {"author": "saved by", "created_ms": "at", "comment": "why"})
    for message in found["messages"]:
        show.line(f"\n[bold]{message['role']}[/bold]")
        own = "[dim]the caller's own messages[/dim]"
        show.line(own if message["role"] == "placeholder" else escape(message["template"]))
    if found["variables"]:
        show.line("")
        rows = [
            {"name": one, **spec, "required": spec["required"] and spec["default"] is None}
            for one, spec in found["variables"].items()
        ]
        columns = {"name": "variable", "type": "type", "required": "required", "default": "default",
                   "description": "what"}  # fmt: skip
        show.table(rows, columns, "")
    if "moves" in found:
        show.line("")
        columns = {"version": "version", "labels": "labels", "created_ms": "saved", "author": "by", "comment": "why"}
        show.table(found["versions"], columns, "")
    if found.get("moves"):
        show.line("")
        columns = {"moved_ms": "moved", "label": "label", "from_version": "from", "version": "to", "moved_by": "by",
                   "comment": "why"}  # fmt: skip
        show.table(found["moves"], columns, "")


@prompts.command("save")
def save(
    file: Annotated[Path, typer.Argument(help="TOML or JSON with name, messages, variables: docs/prompts.md.")],
    label: Annotated[list[str] | None, typer.Option(help="Let this label point at it; may be repeated.")] = None,
    comment: Comment = "",
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Save a file as the prompt's next version; the same again is the same version.

    Example: `volant prompt save helpdesk.toml --label staging`
    """
    body = _read(file)
    if label:
        body["labels"] = label
    if comment:
        body["comment"] = comment
    found = connect(url, data_dir).post(_API, body)

    def human() -> None:
        what = "saved" if found["new"] else "is there already, nothing was saved"
        show.line(f"[bold]{escape(found['name'])}@{found['version']['version']}[/bold] {what}.")
        for moved in found["moved"]:
            show.line(f"  {escape(moved)} points at it now.")
        for warning in found["warnings"]:
            show.line(f"[yellow]warning:[/yellow] {escape(warning)}")

    show.result(found, as_json, human)


@prompts.command("diff")
def diff(
    name: Name,
    before: Annotated[str, typer.Argument(help="A number, a label, or latest.")],
    after: Annotated[str, typer.Argument(help="A number, a label, or latest.")] = "latest",
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """What two versions say otherwise.

    Example: `volant prompt diff helpdesk production latest`
    """
    found = connect(url, data_dir).get(f"{_path(name)}/diff", before=before, after=after)

    def human() -> None:
        if not found["unified"]:
            show.line("They say the same.")
        for text in found["unified"].splitlines():
            color = {"+": "green", "-": "red", "@": "cyan"}.get(text[:1])
            show.line(f"[{color}]{escape(text)}[/{color}]" if color else escape(text))

    show.result(found, as_json, human)


@prompts.command("label")
def label_(
    reference: Reference,
    label: Annotated[str, typer.Argument(help="e.g. production")],
    comment: Comment = "",
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Let a label point at a version. Gateways follow within a second; moving it back is the rollback.

    Example: `volant prompt label helpdesk@3 production`
    """
    name, at, which = reference.partition("@")
    if not at:
        raise BadInput("bad_prompt_reference", f"{name[:80]!r} does not say which version", where="REFERENCE",
                       hint="write NAME@NUMBER, e.g. helpdesk@3")  # fmt: skip
    target = {"version": which, "comment": comment}
    found = connect(url, data_dir).ask("PUT", f"{_path(name)}/labels/{quote(label, safe='')}", target)

    def human() -> None:
        before = f" (it was at {found['from_version']})" if found["from_version"] else ""
        show.line(f"{escape(label)} points at [bold]{escape(name)}@{found['version']}[/bold]{before}.")

    show.result(found, as_json, human)


@prompts.command("render")
def render(
    reference: Reference,
    var: Annotated[list[str] | None, typer.Option("--var", help="NAME=VALUE, a text; may be repeated.")] = None,
    values: Annotated[Path | None, typer.Option("--values", help="JSON file with an object of variables.")] = None,
    message: Annotated[str, typer.Option(help="The caller's own message, as a user says it.")] = "",
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """What a model would be sent; no model is called.

    Example: `volant prompt render helpdesk@latest --var name=Ann`
    """
    pairs(var, "--var")  # says what is no NAME=VALUE; the values stay texts, as they were typed
    given = _read(values) if values is not None else {}
    given |= {one.partition("=")[0]: one.partition("=")[2] for one in var or []}
    own = [{"role": "user", "content": message}] if message else []
    name, _, which = reference.partition("@")
    path = f"{_path(name)}/versions/{quote(which or 'latest', safe='')}/render"
    found = connect(url, data_dir).post(path, {"variables": given, "messages": own})

    def human() -> None:
        for one in found["messages"]:
            show.line(f"[bold]{escape(one['role'])}[/bold]\n{escape(show.as_text(one.get('content', '')))}\n")

    show.result(found, as_json, human)


@prompts.command("archive")
def archive(name: Name, url: Url = "", data_dir: DataDir = "", as_json: AsJson = False) -> None:
    """Put a prompt away. Its versions stay; it cannot be bound until it is restored.

    Example: `volant prompt archive old-triage`
    """
    found = connect(url, data_dir).post(f"{_path(name)}/archive")
    show.result(found, as_json, lambda: show.line(f"{escape(name)} was put away."))


@prompts.command("restore")
def restore(name: Name, url: Url = "", data_dir: DataDir = "", as_json: AsJson = False) -> None:
    """Take a prompt out of the archive.

    Example: `volant prompt restore old-triage`
    """
    found = connect(url, data_dir).post(f"{_path(name)}/restore")
    show.result(found, as_json, lambda: show.line(f"{escape(name)} is back."))


def _path(name: str) -> str:
    return f"{_API}/{quote(name, safe='')}"


def _read(file: Path) -> dict[str, Any]:
    """A TOML or JSON file with one object. Raises NotFound, or BadInput with the line."""
    try:
        text = file.read_text(encoding="utf-8")
        found = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise NotFound("file_missing", f"cannot read it: {error.strerror}", where=str(file)) from None
    except ValueError as error:
        raise BadInput("bad_file", f"it cannot be read: {error}", where=str(file),
                       hint="prompts are TOML, or JSON with the suffix .json")  from None  # fmt: skip
    if not isinstance(found, dict):
        raise BadInput("bad_file", "it must hold one object", where=str(file))
    return found
