"""erase: remove a person everywhere, and print the receipt."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from volant.cli import follow as following
from volant.cli import show
from volant.cli.commands.backup import place_of
from volant.cli.options import AsJson, DataDir, Follow, Url, connect
from volant.core.errors import BadInput, NotFound

CARD = {"id": "erasure", "subject": "subject", "state": "state", "requested_ms": "requested", "deadline_ms": "deadline",
        "ended_ms": "ended"}  # fmt: skip


def add(app: typer.Typer) -> None:
    app.command()(erase)


def erase(
    user: Annotated[str, typer.Argument(help="The user as the application names them.")] = "",
    subject: Annotated[str, typer.Option(help="Or the keyed hash of the user.")] = "",
    reason: Annotated[str, typer.Option(help="Why; it stands in the receipt.")] = "",
    receipt: Annotated[str, typer.Option(help="Print the receipt of an earlier erasure, by its id.")] = "",
    ledger: Annotated[
        Path | None, typer.Option(help="Write who was erased, as keyed hashes, to this file: a restore needs it.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    follow: Follow = True,
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Remove a person's records, answers, feedback and keys, and flag the models that learned from them.

    It cannot be undone. The receipt says what was done and how it was checked.

    Example: `volant erase customer-0042 --reason "their request of 3 May"`
    """
    if ledger is not None:
        _write_ledger(ledger, data_dir, as_json)
        return
    client = connect(url, data_dir)
    if receipt:
        found = client.get(f"/api/v1/erasures/{receipt}")
        show.result(found, as_json, lambda: _receipt(found))
        return
    if bool(user) == bool(subject):
        raise BadInput("bad_erasure", "name the person: USER or --subject", hint="volant erase customer-0042")
    if not yes and not as_json:
        typer.confirm(f"Remove {user or subject} for good?", abort=True)
    started = client.post("/api/v1/erasures", {"user": user, "subject": subject, "reason": reason})
    if not follow:
        show.result(started, as_json, lambda: show.line(f"Started: volant erase --receipt {started['object_id']}"))
        return
    following.workflow(client, started["workflow_id"], quiet=as_json)
    found = client.get(f"/api/v1/erasures/{started['object_id']}")
    show.result(found, as_json, lambda: _receipt(found))


def _write_ledger(place: Path, data_dir: str, as_json: bool) -> None:
    """From the data directory itself, with the server running or stopped."""
    from volant.lifecycle import ledger as ledgers  # late: it opens a database; no other command waits for that
    from volant.store.database import Database

    settings, data = place_of("", data_dir)
    if not settings.database_url and not (data / "volant.db").exists():
        raise NotFound(
            "ledger_no_database",
            "there is no database",
            where=str(data),
            hint="name the server's folder with --data-dir",
        )
    db = Database.open(settings.database_url or f"sqlite:///{data / 'volant.db'}", read_only=True)
    try:
        with db.read() as tx:
            count = ledgers.save(place, ledgers.read_rows(tx))
    finally:
        db.close()
    show.result({"path": str(place), "people": count}, as_json, lambda: show.line(f"{count} people in {place}"))


def _receipt(found: dict[str, Any]) -> None:
    show.card(found, CARD)
    body = found.get("receipt") or {}
    if body:
        show.line("")
        show.card(body, {name: name.replace("_", " ") for name in body})
