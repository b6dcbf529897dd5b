"""spend: who spends how much, and how far each ceiling is used."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from volant.cli import show
from volant.cli.options import AsJson, DataDir, Url, connect

TOP = {
    "title": "name",
    "requests": "requests",
    "errors": "errors",
    "input_tokens": "input tokens",
    "output_tokens": "output tokens",
    "cost_usd": "usd",
    "saved_usd": "saved",
}
CEILINGS = {
    "over": "over",
    "id": "id",
    "title": "name",
    "limit": "limit",
    "ceiling": "ceiling",
    "used": "used",
    "leased": "leased",
    "left": "left",
    "projected": "projected",
}


def add(app: typer.Typer) -> None:
    app.command()(spend)


def spend(
    over: Annotated[Literal["key", "project", "task", "model"], typer.Option(help="Of what the sums are.")] = "key",
    days: Annotated[int, typer.Option(help="So many days back, today included.")] = 30,
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Who spends how much, the dearest first, and what is left of every ceiling.

    Example: `volant spend --over task --days 7`
    """
    found = connect(url, data_dir).get("/api/v1/spend", over=over, days=days)
    show.result(found, as_json, lambda: _tables(found))


def _tables(found: dict[str, Any]) -> None:
    rows = [{"title": one["title"], **one["use"]} for one in found["top"]]
    columns = {"name": "id", **TOP} if found["over"] == "key" else TOP  # two keys may have one name
    show.table(rows, columns, f"nothing was used since {found['since_day']}")
    ceilings = [
        {"over": one["over"], "title": one["title"], **burn, "id": one["name"] if one["over"] == "key" else ""}
        for one in found["ceilings"]
        for burn in one["burns"]
    ]
    if ceilings:
        show.line("")
        show.table(ceilings, CEILINGS, "")
