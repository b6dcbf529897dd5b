"""Teller: how the story looks to a person at a terminal. Knows words and layout, no server."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

PICTURE = """\
   data ──▶ train ──▶ evaluate ──▶ gate ──▶ roll out
    ▲                                           │
    └── retrain ◀── monitor ◀── feedback ◀── serve
"""


class Teller:
    """Prints the story. On a terminal progress lives; in a log it is a line now and then."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=False)

    def opening(self, title: str, lines: Sequence[str]) -> None:
        body = Text(PICTURE, style="cyan")
        body.append("\n" + "\n".join(lines), style="default")
        self.console.print(Panel(body, title=f"[bold]{title}[/bold]", border_style="cyan", expand=False))

    def stage(self, number: int, title: str, sentence: str) -> None:
        self.console.print()
        self.console.print(Rule(f"[bold]{number}. {title}[/bold]", align="left", style="cyan"))
        self.console.print(Text(sentence, style="dim"))

    def fact(self, name: str, value: str, good: bool | None = None) -> None:
        mark = {True: "[green]✓[/green] ", False: "[red]✗[/red] ", None: "  "}[good]
        self.console.print(f"{mark}[bold]{name:<24}[/bold] {value}")

    def note(self, sentence: str) -> None:
        self.console.print(Text("  " + sentence, style="dim"))

    def plain(self, text: str) -> None:
        """Text from the server, shown as it is."""
        self.console.print(Text(text))

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> None:
        table = Table(title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False)
        for index, column in enumerate(columns):
            table.add_column(column, justify="left" if index == 0 else "right")
        for row in rows:
            table.add_row(*row)
        self.console.print(table)

    def progress(self, total: int | None, words: str) -> Live:
        return Live(self.console, total, words)

    def ending(self, title: str, rows: Sequence[Sequence[str]], next_lines: Sequence[str], good: bool) -> None:
        self.console.print()
        self.table(("what", "result", ""), rows, title=f"[bold]{title}[/bold]")
        style = "green" if good else "red"
        self.console.print(Panel("\n".join(next_lines), title="What to look at next", border_style=style, expand=False))


class Live:
    """A line that moves. In a log (no terminal) it prints its words at most every `log_every_s`."""

    def __init__(self, console: Console, total: int | None, words: str, log_every_s: float = 15.0) -> None:
        self._console = console
        self._terminal = console.is_terminal
        self._log_every_s = log_every_s
        self._said_at = 0.0
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn() if total else TextColumn(""),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not self._terminal,
        )
        self._task = self._progress.add_task(words, total=total)

    def __enter__(self) -> Live:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, words: str, done: int | None = None, now_s: Callable[[], float] | None = None) -> None:
        """Say where it stands."""
        self._progress.update(self._task, description=words, completed=done)
        if self._terminal:
            return
        now = (now_s or time.monotonic)()
        if now - self._said_at >= self._log_every_s:
            self._said_at = now
            self._console.print(Text("  … " + words, style="dim"))


def share(value: float | None, digits: int = 1) -> str:
    """A share as a percentage."""
    return "–" if value is None else f"{100 * value:.{digits}f} %"


def interval(metric: Mapping[str, Any]) -> str:
    """A metric with its interval, in percent."""
    return f"{100 * metric['value']:.1f} %  [{100 * metric['low']:.1f}, {100 * metric['high']:.1f}]"
