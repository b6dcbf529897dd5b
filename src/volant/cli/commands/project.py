"""project: the tenants of the installation."""

from __future__ import annotations

from typing import Annotated

import typer

from volant.cli import show
from volant.cli.options import AsJson, DataDir, Url, connect

projects = typer.Typer(no_args_is_help=True, help="Projects: list, create.")


def add(app: typer.Typer) -> None:
    app.add_typer(projects, name="project")


@projects.command("list")
def list_(url: Url = "", data_dir: DataDir = "", as_json: AsJson = False) -> None:
    """The projects that the key works in; the root key works in every one.

    Example: `volant project list`
    """
    found = connect(url, data_dir).get("/api/v1/projects")
    show.result(found, as_json, lambda: show.table(found["data"], {"id": "project"}, "no projects"))


@projects.command()
def create(
    name: Annotated[str, typer.Argument(help="Up to 63 of a-z, 0-9, - and _; it is the project's id as well.")],
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Make a project: nothing in it is seen from another one. Needs the root key.

    Example: `volant project create bank`
    """
    made = connect(url, data_dir).post("/api/v1/projects", {"name": name})
    next_ = f"volant person invite EMAIL --role admin --project {name}"
    show.result(made, as_json, lambda: show.line(f"The project {name!r} is there. Next: {next_}"))
