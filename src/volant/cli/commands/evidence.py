"""eval, gate: test a model, and let a gate decide on its reports."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from volant.cli import show
from volant.cli.commands.train import finish
from volant.cli.options import AsJson, DataDir, Follow, Url, connect
from volant.core.errors import Conflict

Model = Annotated[str, typer.Argument(help="Id, name@version, or name: its newest version.")]
COLORS = {"pass": "green", "fail": "red", "insufficient_evidence": "yellow"}


def add(app: typer.Typer) -> None:
    app.command("eval")(evaluate)
    app.command()(gate)


def evaluate(
    model: Model,
    suite: Annotated[
        list[str] | None, typer.Option(help="accuracy, bias, security; again for more. None: all.")
    ] = None,
    data: Annotated[str, typer.Option(help="Dataset version. Default: the one the model was made with.")] = "",
    baseline: Annotated[str, typer.Option(help="A model to compare with, item by item.")] = "",
    reports: Annotated[bool, typer.Option("--reports", help="Show the reports there are; test nothing.")] = False,
    key: Annotated[str, typer.Option(help="The same key finds the same evaluation.")] = "",
    follow: Follow = True,
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Run evaluation suites against a registered model; every number comes with its interval.

    Example: `volant eval helpdesk-intent@2 --suite accuracy --baseline helpdesk-intent@1`
    """
    client = connect(url, data_dir)
    if not reports:
        body = {"model": model, "suites": suite or [], "dataset_version_id": data, "baseline": baseline, "key": key}
        started = client.post("/api/v1/reports", body)
        if not follow or as_json:
            finish(client, started, follow, as_json)
            return
        finish(client, started, True, False)
    model_id = client.get(f"/api/v1/models/{model}")["id"]
    found = client.get("/api/v1/reports", model_id=model_id)
    show.result(found, as_json, lambda: _reports(found["data"]))


def gate(
    model: Model,
    name: Annotated[str, typer.Option("--gate", help="The gate's name in volant.toml.")],
    baseline: Annotated[str, typer.Option(help="A model to compare with. Default: the live one.")] = "",
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Let a gate read a model's newest reports. Exit code 0: pass; 5: fail or insufficient evidence.

    Example: `volant gate helpdesk-intent@2 --gate standard`
    """
    body = {"model": model, "gate": name, "baseline": baseline}
    verdict = connect(url, data_dir).post("/api/v1/verdicts", body)

    def human() -> None:
        outcome = verdict["outcome"]
        show.line(f"[bold {COLORS[outcome]}]{outcome.replace('_', ' ')}[/]  ({verdict['verdict_id']})")
        for reason in verdict["reasons"]:
            color = COLORS[reason["outcome"]]
            show.line(f"  [{color}]{reason['outcome'].replace('_', ' ')}[/]  {escape(reason['sentence'])}")

    show.result(verdict, as_json, human)
    if verdict["outcome"] != "pass":
        raise typer.Exit(Conflict.exit_code)


def _reports(found: list[dict[str, Any]]) -> None:
    rows = [
        {"suite": report["suite"], "n": metric["n"], **metric,
         "interval": f"[{metric['low']:.3f}, {metric['high']:.3f}]"}
        for report in found
        for metric in report["metrics"]
    ]  # fmt: skip
    columns = {"suite": "suite", "name": "metric", "slice": "slice", "value": "value", "interval": "interval", "n": "n",
               "note": "note"}  # fmt: skip
    show.table(rows, columns, "no reports yet: `volant eval MODEL`")
