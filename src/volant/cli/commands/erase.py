"""erase: remove a person everywhere, and print the receipt."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from volant.cli import follow as following
from volant.cli import show
from volant.cli.options import AsJson, DataDir, Follow, Url, connect
from volant.core.errors import BadInput

CARD = {"id": "erasure", "subject": "subject", "state": "state", "requested_ms": "requested", "deadline_ms": "deadline",
        "ended_ms": "ended"}  # fmt: skip


def add(app: typer.Typer) -> None:
    app.command()(erase)


def erase(
    user: Annotated[str, typer.Argument(help="The user as the application names them.")] = "",
    subject: Annotated[str, typer.Option(help="Or the keyed hash of the user.")] = "",
    reason: Annotated[str, typer.Option(help="Why; it stands in the receipt.")] = "",
    receipt: Annotated[str, typer.Option(help="Print the receipt of an earlier erasure, by its id.")] = "",
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


def _receipt(found: dict[str, Any]) -> None:
    show.card(found, CARD)
    body = found.get("receipt") or {}
    if body:
        show.line("")
        show.card(body, {name: name.replace("_", " ") for name in body})
