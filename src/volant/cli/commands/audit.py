"""audit: read, check and export the log of who did what. `verify` also reads a data directory without its server."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from volant.cli import settings_file, show
from volant.cli.options import AsJson, DataDir, Limit, Url, connect
from volant.core.errors import BadInput, NotFound, Unavailable

audit = typer.Typer(help="Who did what, hash-chained. Example: `volant audit verify`", no_args_is_help=True)
COLUMNS = {"id": "id", "created_ms": "when", "actor": "who", "action": "did", "object_kind": "to", "object_id": "which",
           "detail": "detail"}  # fmt: skip

Action = Annotated[str, typer.Option(help='Only this, e.g. "key.create", or its noun and a dot: "key.".')]
Since = Annotated[float, typer.Option("--hours", min=0, help="Only the last so many hours; 0: all.")]


def add(app: typer.Typer) -> None:
    app.add_typer(audit, name="audit")


@audit.command("list")
def list_(
    actor: Annotated[str, typer.Option(help="Only what this key or person did.")] = "",
    action: Action = "",
    kind: Annotated[str, typer.Option(help="Only about this kind of thing, e.g. rollout.")] = "",
    about: Annotated[str, typer.Option(help="Only about this thing, by its id.")] = "",
    user: Annotated[str, typer.Option(help="Who read what this person said; as the application names them.")] = "",
    hours: Since = 0.0,
    limit: Limit = 50,
    cursor: Annotated[str, typer.Option(help="`next_cursor` of the page before.")] = "",
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """What was done, newest first.

    Example: `volant audit list --action key. --hours 24`
    """
    found = connect(url, data_dir).get(
        "/api/v1/audit", actor=actor, action=action, object_kind=kind, object_id=about, user=user,
        since_ms=_since(hours), limit=limit, cursor=cursor,
    )  # fmt: skip

    def human() -> None:
        show.table(found["data"], COLUMNS, "nothing that fits was done")
        if found["has_more"]:
            show.line(f"[dim]older: --cursor {found['next_cursor']}[/dim]")

    show.result(found, as_json, human)


@audit.command()
def verify(
    head: Annotated[
        str, typer.Option(help="A head noted before, which must still be in the chain: ID:HASH, or a file with it.")
    ] = "",
    note: Annotated[str, typer.Option(help="Write the head to this file when all is well; keep it elsewhere.")] = "",
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Follow the whole chain. Exit code 1 when a row is not as it was written, and which is the first.

    Where no server runs on the data directory, its files are read directly, with its master key.

    Example: `volant audit verify --head audit-head.txt`
    """
    seen = _noted(head)
    found = _asked(url, data_dir, seen)

    def human() -> None:
        if found["intact"]:
            show.line(f"[green]intact[/green]  {escape(found['sentence'])}")
            show.line(f"head    {found['head_id']}:{found['head_hash']}")
        else:
            show.line(f"[bold red]broken[/bold red]  at row {found['first_bad_id']}: {escape(found['sentence'])}")

    show.result(found, as_json, human)
    if not found["intact"]:
        raise typer.Exit(1)
    if note:
        Path(note).write_text(f"{found['head_id']}:{found['head_hash']}\n")


@audit.command()
def export(
    action: Action = "",
    hours: Since = 0.0,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file. Default: standard output.")] = None,
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Write the rows as JSON lines, oldest first.

    Example: `volant audit export -o audit.jsonl`
    """
    lines = connect(url, data_dir).lines("/api/v1/audit/export", action=action, since_ms=_since(hours))
    if output is None:
        for line in lines:
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
        return
    count = 0
    with output.open("xb") as file:
        for line in lines:
            file.write(line)
            count += 1
    show.result({"rows": count, "file": str(output)}, as_json, lambda: show.line(f"{count} rows in {output}"))


def _noted(head: str) -> str:
    """The head itself, or what the file of that name holds. Raises BadInput."""
    text = Path(head).read_text().strip() if head and Path(head).is_file() else head
    number, colon, digest = text.partition(":")
    if text and not (number.isdecimal() and colon and len(digest) == 64):
        raise BadInput("bad_head", f"{text[:80]!r} is neither ID:HASH nor a file that holds it", where="--head",
                       hint="`volant audit verify --note FILE` writes one")  # fmt: skip
    return text


def _asked(url: str, data_dir: str, head: str) -> dict[str, Any]:
    """What the server finds; without one, what stands in the data directory."""
    named = url or os.environ.get("VOLANT_URL", "")
    chosen = data_dir or os.environ.get("VOLANT_DATA_DIR", "") or settings_file.data_dir(os.environ)
    folder = Path(chosen or "volant-data")
    try:
        return connect(url, data_dir).get("/api/v1/audit/verify", head=head)
    except (NotFound, Unavailable) as error:
        away = error.code in ("server_unknown", "server_unreachable")
        if named or not away or not (folder / "volant.db").is_file():
            raise
    return _read_directly(folder, head)


def _read_directly(folder: Path, head: str) -> dict[str, Any]:
    import msgspec  # late: only here does a command need the store

    from volant.registry import audit as chain
    from volant.store.database import Database
    from volant.store.vault import Vault, load_master_key

    vault = Vault(load_master_key(folder, os.environ.get("VOLANT_MASTER_KEY", "")))
    db = Database.open(f"sqlite:///{folder / 'volant.db'}", read_only=True)
    try:
        with db.read() as tx:
            checked = chain.verify(tx, vault, seen=chain.parse_head(head) if head else None)
    finally:
        db.close()
    found: dict[str, Any] = msgspec.to_builtins(checked)
    return found


def _since(hours: float) -> int | None:
    return int((time.time() - hours * 3600) * 1000) if hours else None
