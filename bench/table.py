"""Table: every measured figure of bench/results, readable. `make bench`.

    python bench/table.py [NAME ...]           all rows, or those of the named results
    python bench/table.py --failing            only rows whose goal does not hold
    python bench/table.py --strict             exit code 1 when a row's goal does not hold
    python bench/table.py --write README.md    put the headline figures between the file's two `bench` marks

Reads results and measures nothing. Exit code 2 when a file is no result.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"
BEGIN, END = "<!-- bench: begin (python bench/table.py --write README.md) -->", "<!-- bench: end -->"
FIELDS = ("name", "value", "unit", "baseline", "ratio", "goal", "holds")
COMMANDS = {  # others: python bench/NAME.py
    "story": "make story",
    "demo": "make demo",
    "soak": "make soak",
    "gateway": "make bench-gateway",
}

HEADLINES: dict[str, tuple[str, ...]] = {  # result -> patterns of the rows that the README shows, in this order
    "story": ("exact match*", "customers until*", "requests a second*"),
    "gateway": ("json_c16: CPU a request", "sse_paced: CPU a request", "json_c1: added p50 over direct"),
    "soak": ("requests", "saved of those*", "wrong answers"),
    "ingest": ("ingest, CPU",),
    "pii": ("scan of records full of PII", "recall of PHONE", "precision of PHONE"),
    "canary_sim": (
        "false promotion, candidate worse by exactly the margin*",
        "false rollback, identical candidate*",
        "demo: better, * until promotion",
        "demo: every request fails, until rollback",
    ),
}


class NotAResult(Exception):
    """A file of bench/results that has not the shape that docs/benchmarks.md describes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One file: what was measured, where and when."""

    name: str
    machine: dict[str, Any]
    commit: str
    date: str
    rows: tuple[dict[str, Any], ...]

    @property
    def command(self) -> str:
        """What measures it again."""
        return COMMANDS.get(self.name, f"python bench/{self.name}.py")


def read(folder: Path) -> list[Result]:
    """Every result of a folder, by name. Raises NotAResult, naming file and field."""
    return [_read(place) for place in sorted(folder.glob("*.json"))]


def _read(place: Path) -> Result:
    try:
        content = json.loads(place.read_text(encoding="utf-8"))
        result = Result(
            name=content["name"],
            machine=dict(content["machine"]),
            commit=str(content["commit"]),
            date=str(content["date"]),
            rows=tuple(content["rows"]),
        )
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise NotAResult(f"{place.name}: {type(error).__name__}: {error}") from None
    if result.name != place.stem:
        raise NotAResult(f"{place.name}: its name is {result.name!r}")
    for number, row in enumerate(result.rows):
        missing = [field for field in FIELDS if field not in row]
        if missing:
            raise NotAResult(f"{place.name}: row {number} has no {', '.join(missing)}")
    return result


def headlines(results: Sequence[Result]) -> Iterator[tuple[Result, dict[str, Any]]]:
    """The rows that the README shows."""
    by_name = {result.name: result for result in results}
    for name, patterns in HEADLINES.items():
        if (result := by_name.get(name)) is None:
            continue
        for pattern in patterns:
            yield from ((result, row) for row in result.rows if fnmatch.fnmatchcase(row["name"], pattern))


def markdown(results: Sequence[Result]) -> str:
    """The headline figures as a table of the README."""
    lines = ["| figure | value | compared with | goal | measured by |", "|---|---|---|---|---|"]
    for result, row in headlines(results):
        base = quantity(row["baseline"], row["unit"]) if row["baseline"] is not None else ""
        goal = f"{row['goal']}{'' if row['holds'] is None else ' ✓' if row['holds'] else ' ✗'}" if row["goal"] else ""
        value = quantity(row["value"], row["unit"])
        lines.append(f"| {row['name']} | {value} | {base} | {goal.strip()} | `{result.command}` |")
    if len(lines) == 2:
        return "No figure is measured yet.\n"
    return "\n".join(line.replace("  ", " ") for line in lines) + "\n"


def replaced(document: str, table: str) -> str:
    """`document` with the table between its two marks. Raises NotAResult when it has none."""
    head, begin, rest = document.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise NotAResult(f"the document has no {BEGIN!r} … {END!r}")
    return f"{head}{BEGIN}\n{table}{END}{tail}"


def quantity(value: Any, unit: str) -> str:
    """A value with its unit; shares as percentages."""
    if unit in ("share", "of runs", "of rollouts") and isinstance(value, int | float):
        return f"{100 * value:.1f} %"
    return f"{number(value)} {unit}"


def number(value: Any) -> str:
    """Four significant digits, without an exponent, thousands apart."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if value != 0 and abs(value) < 1000:
        return f"{value:.4g}"
    return f"{value:,.0f}"


def text(results: Sequence[Result], failing: bool) -> str:
    """All rows for a terminal."""
    out: list[str] = []
    for result in results:
        rows = [row for row in result.rows if not failing or row["holds"] is False]
        if failing and not rows:
            continue
        processor = result.machine.get("cpu") or result.machine.get("processor", "?")
        where = f"{result.machine.get('cores', '?')} cores, {processor}"
        out.append(f"{result.name}   {result.date}, commit {result.commit}, {where}   ({result.command})")
        cells = [("", "value", "unit", "baseline", "ratio", "goal", "holds")]
        cells += [
            (row["name"], number(row["value"]), row["unit"], number(row["baseline"]), number(row["ratio"]),
             str(row["goal"] or ""), {True: "yes", False: "NO", None: ""}[row["holds"]])
            for row in rows
        ]  # fmt: skip
        widths = [max(len(cell[column]) for cell in cells) for column in range(len(FIELDS))]
        for cell in cells:
            padded = [
                value.rjust(width) if column in (1, 3, 4) else value.ljust(width)
                for column, (value, width) in enumerate(zip(cell, widths, strict=True))
            ]
            out.append(("  " + "  ".join(padded)).rstrip())
        out.append("")
    return "\n".join(out) or "no rows\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="results to show; all without a name")
    parser.add_argument("--failing", action="store_true", help="only rows whose goal does not hold")
    parser.add_argument("--strict", action="store_true", help="exit code 1 when a goal does not hold")
    parser.add_argument("--write", type=Path, help="a Markdown file whose `bench` marks take the headline figures")
    parser.add_argument("--results", type=Path, default=RESULTS, help="another folder of results")
    given = parser.parse_args(arguments)
    try:
        results = read(given.results)
        unknown = set(given.names) - {result.name for result in results}
        if unknown:
            raise NotAResult(f"no such result: {', '.join(sorted(unknown))}")
        if given.write:
            old = given.write.read_text(encoding="utf-8")
            given.write.write_text(replaced(old, markdown(results)), encoding="utf-8")
            print(f"{given.write}: {sum(1 for _ in headlines(results))} figures")
            return 0
    except NotAResult as error:
        print(f"table: {error}", file=sys.stderr)
        return 2
    shown = [result for result in results if not given.names or result.name in given.names]
    print(text(shown, given.failing))
    missed = [f"{result.name}: {row['name']}" for result in shown for row in result.rows if row["holds"] is False]
    for sentence in missed:
        print(f"does not hold: {sentence}", file=sys.stderr)
    return 1 if missed and given.strict else 0


if __name__ == "__main__":
    sys.exit(main())
