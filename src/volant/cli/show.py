"""Show: what commands print. Text for people on a terminal, JSON for programs; errors go to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from volant.core.errors import VolantError

Json = dict[str, Any]
PIPED_WIDTH = 400  # columns where no terminal says how wide it is: a pipe wants whole lines
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPED_WIDTH)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def result(value: object, as_json: bool, human: Callable[[], None]) -> None:
    """One JSON document on stdout, or what `human` prints."""
    if as_json:
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
    else:
        human()


def line(text: str) -> None:
    """One line of our own words; markup allowed."""
    out.print(text)


def table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], empty: str) -> None:
    """Rows under titles. `columns`: key in a row (dots go deeper) → title. `empty`: said when there is none."""
    if not rows:
        out.print(f"[dim]{escape(empty)}[/dim]")
        return
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for title in columns.values():
        grid.add_column(title, overflow="fold", no_wrap=title == "id")
    for row in rows:
        grid.add_row(*(escape(cell(key, _at(row, key))) for key in columns))
    out.print(grid)


def card(value: Mapping[str, Any], fields: Mapping[str, str]) -> None:
    """One thing: a name and a value a line; empty values are left out."""
    width = max(map(len, fields.values()), default=0)
    for key, title in fields.items():
        found = _at(value, key)
        if found not in (None, "", [], {}, 0) or found is False:
            out.print(f"[bold]{title.ljust(width)}[/bold]  {escape(cell(key, found))}")


def problem(error: VolantError, as_json: bool) -> None:
    """An error: what was wrong, where, and what to do."""
    if as_json:
        sys.stderr.write(json.dumps({"error": error.as_dict()}, ensure_ascii=False) + "\n")
        return
    where = f"[dim]{escape(error.where)}[/dim]: " if error.where else ""
    err.print(f"[bold red]error[/bold red] {where}{escape(error.message)}")
    if error.hint:
        err.print(f"  [bold]what to do:[/bold] {escape(error.hint)}")


def cell(key: str, value: object) -> str:
    """A value as text; a key that ends in `_ms` and holds a moment becomes a time."""
    if value is None:
        return ""
    if key.endswith("_ms") and isinstance(value, int | float) and value > 1e11:
        return datetime.fromtimestamp(value / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(cell("", one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={cell(name, one)}" for name, one in value.items())
    return str(value)


def _at(row: Mapping[str, Any], key: str) -> Any:
    found: Any = row
    for part in key.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def as_text(value: object) -> str:
    """JSON as a person reads it; a text as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
