"""retention: how long things are kept, what has run out, and a sweep by hand."""

from __future__ import annotations

from typing import Any

import typer

from volant.cli import show
from volant.cli.options import AsJson, DataDir, Url, connect

retention = typer.Typer(
    help="What is kept, and for how long. Example: `volant retention preview`", no_args_is_help=True
)
TERMS = {"payload_days": "texts", "inference_days": "inferences", "feedback_days": "feedback", "record_days": "records"}
COUNTS = {"texts": "texts", "inferences": "inferences", "feedback": "feedback", "records": "records",
          "models": "models flagged"}  # fmt: skip


def add(app: typer.Typer) -> None:
    app.add_typer(retention, name="retention")


@retention.command()
def preview(url: Url = "", data_dir: DataDir = "", as_json: AsJson = False) -> None:
    """The project's terms, what a sweep would remove now, and what the last ones removed. Changes nothing.

    Example: `volant retention preview`
    """
    found = connect(url, data_dir).get("/api/v1/retention")

    def human() -> None:
        for name, title in TERMS.items():
            days = found["terms"][name]
            show.line(f"[bold]{title:<11}[/bold] {f'kept {days} days' if days else 'kept for ever'}")
        show.line("\nHas run out:")
        _counts(found["due"])
        rows = [{"at_ms": one["at_ms"], "by": one["by"], "removed": one["counts"]} for one in found["last"]]
        show.line("\nLast sweeps:")
        show.table(rows, {"at_ms": "when", "by": "by", "removed": "removed"}, "None has removed anything yet.")

    show.result(found, as_json, human)


@retention.command()
def sweep(url: Url = "", data_dir: DataDir = "", as_json: AsJson = False) -> None:
    """Remove what has run out, now, without waiting for the hourly sweep. It cannot be undone.

    Example: `volant retention sweep`
    """
    found = connect(url, data_dir).post("/api/v1/retention/sweep")

    def human() -> None:
        _counts(found)
        if not found["is_done"]:
            show.line("Time was up: run it again, or leave the rest to the hourly sweep.")

    show.result(found, as_json, human)


def _counts(found: dict[str, Any]) -> None:
    if not any(found[name] for name in COUNTS):
        show.line("[dim]Nothing.[/dim]")
    show.card({name: len(found[name]) if name == "models" else found[name] for name in COUNTS}, COUNTS)
