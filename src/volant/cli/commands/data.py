"""data: import labelled files, list and show dataset versions, export rows."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from volant.cli import show
from volant.cli.options import AsJson, DataDir, Url, connect, pairs
from volant.core.errors import BadInput

data = typer.Typer(
    help="Datasets and their versions. Example: `volant data import questions.csv`", no_args_is_help=True
)
CARD = {"id": "version", "name": "dataset", "version": "number", "parent_id": "grown from", "content_hash": "content",
        "leaks": "leaked test items", "created_ms": "made"}  # fmt: skip


def add(app: typer.Typer) -> None:
    app.add_typer(data, name="data")


@data.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="CSV or JSONL files with questions, labels and, best, users.")],
    dataset: Annotated[str, typer.Option(help="The dataset's name. Default: the first file's.")] = "",
    test: Annotated[list[Path] | None, typer.Option(help="A test file; else a share of the users is the test.")] = None,
    text_column: Annotated[str, typer.Option(help="Column of the question. Default: found by its usual names.")] = "",
    label_column: Annotated[str, typer.Option(help="Column of the label.")] = "",
    user_column: Annotated[str, typer.Option(help="Column of the user. None: users are drawn.")] = "",
    share: Annotated[list[str] | None, typer.Option(help="Share of a split, e.g. train=0.6; again for more.")] = None,
    seed: Annotated[int, typer.Option(help="For everything that is drawn.")] = 0,
    known_share: Annotated[float, typer.Option(help="Share of the labels that a first model may know.")] = 1.0,
    language: Annotated[str, typer.Option(help="Keep only this language, e.g. en.")] = "",
    redact: Annotated[bool, typer.Option(help="Redact personal data before anything is written.")] = True,
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Clean, redact, split by user and keep labelled files as a new dataset version.

    Broken encoding is mended; exact and near duplicates, other languages and leaks into the test go, each with its
    reason.

    Example: `volant data import train.csv --test test.csv --dataset helpdesk-intent --known-share 0.67`
    """
    uploads = [("data", place) for place in files] + [("test", place) for place in test or []]
    _check(uploads)
    options: dict[str, Any] = {
        "dataset": dataset or files[0].stem,
        "text_column": text_column,
        "label_column": label_column,
        "user_column": user_column,
        "shares": pairs(share, "--share"),
        "seed": seed,
        "known_share": known_share,
        "language": language,
        "redact": redact,
    }
    size = sum(place.stat().st_size for _, place in uploads)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), console=show.err, disable=as_json
    ) as bars:
        bar = bars.add_task("sending", total=size)

        def sent(count: int) -> None:
            bars.advance(bar, count)
            if bars.tasks[0].completed >= size:
                bars.update(bar, description="cleaning, redacting, splitting")

        made = connect(url, data_dir).upload(
            "/api/v1/datasets/import", {"options": json.dumps(options)}, uploads, progress=sent
        )
    show.result(made, as_json, lambda: _version(made))


@data.command("list")
def list_(
    name: Annotated[str, typer.Option(help="Only this dataset.")] = "",
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Every dataset version.

    Example: `volant data list`
    """
    found = connect(url, data_dir).get("/api/v1/datasets", name=name)
    rows = [{**one, "rows": sum(count["records"] for count in one["counts"].values())} for one in found["data"]]
    columns = {"id": "id", "name": "dataset", "version": "no", "rows": "rows", "leaks": "leaks", "created_ms": "made"}
    show.result(found, as_json, lambda: show.table(rows, columns, "no datasets: `volant data import FILE`"))


@data.command("show")
def show_(
    version: Annotated[str, typer.Argument(help="A version's id, or a dataset's name: its newest version.")],
    removals: Annotated[bool, typer.Option("--removals", help="Every removed row with its reason.")] = False,
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """One dataset version: its splits, and what cleaning did.

    Example: `volant data show helpdesk-intent --removals`
    """
    client = connect(url, data_dir)
    found = client.get(f"/api/v1/dataset-versions/{version}")
    if not removals:
        show.result(found, as_json, lambda: _version(found))
        return
    funnel = client.get(f"/api/v1/dataset-versions/{found['id']}/funnel")["funnel"]
    columns = {"row": "row", "label": "label", "step": "step", "reason": "reason", "keeper": "kept instead"}
    show.result(funnel, as_json, lambda: show.table(funnel.get("removals", []), columns, "nothing was removed"))


@data.command()
def export(
    version: Annotated[str, typer.Argument(help="A version's id, or a dataset's name: its newest version.")],
    split: Annotated[list[str] | None, typer.Option(help="Only this split; again for more.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file. Default: standard output.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="How many rows, at most; 0: all.")] = 0,
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Write the rows as JSON lines. They hold what people wrote: keep the file safe.

    Example: `volant data export helpdesk-intent --split test -o test.jsonl`
    """
    lines = connect(url, data_dir).lines(f"/api/v1/dataset-versions/{version}/rows", split=split, limit=limit or None)
    if output is None:
        for line in lines:
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
        return
    count = 0
    with output.open("xb") as file:
        output.chmod(0o600)
        for line in lines:
            file.write(line)
            count += 1
    show.result({"rows": count, "file": str(output)}, as_json, lambda: show.line(f"{count} rows in {output}"))


def _check(uploads: list[tuple[str, Path]]) -> None:
    for _, place in uploads:
        if not place.is_file():
            raise BadInput("file_missing", "there is no such file", where=str(place))


def _version(found: dict[str, Any]) -> None:
    show.card(found, CARD)
    rows = [{"split": split, **count} for split, count in found["counts"].items()]
    show.line("")
    show.table(rows, {"split": "split", "records": "rows", "known": "of known labels"}, "no rows")
    funnel = found.get("funnel") or {}
    removed = funnel.get("removed") or {}
    if removed:
        show.line(f"\nremoved: {show.cell('', removed)}   (volant data show {found['id']} --removals)")
    agreement = funnel.get("intra_user_correlation") or {}
    if agreement:
        how = "users were drawn" if funnel.get("users_drawn") else "users of the file"
        show.line(
            f"intra-user correlation {agreement['value']:.3f} [{agreement['low']:.3f}, {agreement['high']:.3f}] ({how})"
        )
