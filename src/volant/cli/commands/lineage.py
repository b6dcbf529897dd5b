"""why, impact: the evidence chain of an answer, and what derives from a person or a row."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.tree import Tree

from volant.cli import show
from volant.cli.options import AsJson, DataDir, Url, connect

LISTS = {"dataset_versions": "dataset versions", "runs": "runs", "models": "models", "deployments": "deployments",
         "releases": "releases", "rollouts": "rollouts", "reports": "reports", "verdicts": "verdicts"}  # fmt: skip


def add(app: typer.Typer) -> None:
    app.command()(why)
    app.command()(impact)


def why(
    inference: Annotated[str, typer.Argument(help="The x-volant-inference-id of an answer, or the response's own id.")],
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Walk from an answer to the variant, model, run, data, reports and verdict behind it.

    Example: `volant why inf_01…`
    """
    chain = connect(url, data_dir).get(f"/api/v1/why/{inference}")

    def human() -> None:
        show.out.print(_tree(chain["root"]))
        for gap in chain["gaps"]:
            show.line(f"[yellow]gap:[/yellow] {escape(gap)}")
        if not chain["gaps"]:
            show.line("[green]The chain is complete.[/green]")

    show.result(chain, as_json, human)


def impact(
    user: Annotated[str, typer.Argument(help="The user as the application names them.")] = "",
    subject: Annotated[str, typer.Option(help="Or the keyed hash of the user.")] = "",
    record: Annotated[str, typer.Option(help="Or a record's id.")] = "",
    dataset: Annotated[str, typer.Option(help="Or a dataset version's id, or a dataset's name.")] = "",
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Everything derived from a person, a record or a dataset version.

    Example: `volant impact customer-0042`
    """
    found = connect(url, data_dir).get("/api/v1/impact", user=user, subject=subject, record=record, dataset=dataset)

    def human() -> None:
        show.line(f"[bold]{found['kind']}[/bold] {found['id']}")
        counts = {name: len(found[name]) for name in ("records", "inferences", "feedback")}
        show.line("  " + ", ".join(f"{count} {name}" for name, count in counts.items()))
        for name, title in LISTS.items():
            if found.get(name):
                show.line(f"[bold]{title}[/bold]")
                for one in found[name]:
                    show.line(f"  {one['id']}  {escape(one['sentence'])}")

    show.result(found, as_json, human)


def _tree(node: dict[str, Any], into: Tree | None = None) -> Tree:
    label = f"[bold]{escape(node['kind'])}[/bold] [dim]{escape(node['id'])}[/dim]  {escape(node['sentence'])}"
    here = Tree(label) if into is None else into.add(label)
    for child in node["children"]:
        _tree(child, here)
    return here
