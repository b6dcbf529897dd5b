"""trace: what was asked and answered."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer
from rich.markup import escape

from volant.cli import show
from volant.cli.options import AsJson, DataDir, Limit, Url, connect

traces = typer.Typer(help="What was asked and answered. Example: `volant trace list --failed`", no_args_is_help=True)
CARD = {"inference.id": "inference", "inference.task": "task", "inference.key_id": "key",
        "inference.operation": "operation", "inference.dialect": "dialect", "inference.streamed": "streamed",
        "inference.cache": "from the cache", "inference.warnings": "left out", "inference.variant": "variant",
        "inference.deployment": "deployment", "inference.model": "model", "inference.model_id": "model id",
        "inference.prompt_version_id": "prompt version",
        "inference.release_id": "release", "inference.rollout_id": "rollout", "inference.arm": "arm",
        "inference.status": "status", "inference.error_code": "error", "inference.fallback": "fallback",
        "inference.subject": "subject", "inference.session": "session", "inference.tags": "tags",
        "inference.started_ms": "at", "inference.latency_ms": "latency, ms", "inference.ttft_ms": "first token, ms",
        "inference.input_tokens": "input tokens", "inference.output_tokens": "output tokens",
        "inference.cost_usd": "cost, usd", "inference.findings": "findings", "inference.trace_id": "trace"}  # fmt: skip


def add(app: typer.Typer) -> None:
    app.add_typer(traces, name="trace")


@traces.command("list")
def list_(
    task: Annotated[str, typer.Option(help="Only this task.")] = "",
    variant: Annotated[str, typer.Option(help="Only this variant.")] = "",
    user: Annotated[str, typer.Option(help="Only this user, as the application names them.")] = "",
    rollout: Annotated[str, typer.Option(help="Only this rollout.")] = "",
    failed: Annotated[bool | None, typer.Option("--failed/--answered", help="Only those, or only the others.")] = None,
    corrected: Annotated[
        bool | None, typer.Option("--corrected/--accepted", help="Only reviewed ones, by what.")
    ] = None,
    minutes: Annotated[float, typer.Option(help="Only of the last so many minutes; 0: any time.")] = 0.0,
    limit: Limit = 20,
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Inferences, newest first.

    Example: `volant trace list --task helpdesk-intent --corrected`
    """
    found = connect(url, data_dir).get(
        "/api/v1/inferences",
        task=task,
        variant=variant,
        user=user,
        rollout_id=rollout,
        failed=None if failed is None else str(failed).lower(),
        corrected=None if corrected is None else str(corrected).lower(),
        since_ms=int((time.time() - minutes * 60) * 1000) if minutes else 0,
        limit=limit,
    )
    columns = {"id": "id", "started_ms": "at", "task": "task", "variant": "variant", "deployment": "deployment",
               "status": "status", "latency_ms": "ms", "fallback": "fallback", "arm": "arm"}  # fmt: skip
    show.result(found, as_json, lambda: show.table(found["data"], columns, "nothing was asked yet"))


@traces.command("show")
def show_(
    inference: Annotated[str, typer.Argument(help="Our id or the response's own id.")],
    texts: Annotated[bool, typer.Option("--texts", help="Also what was said.")] = False,
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """One inference with its attempts and feedback.

    Example: `volant trace show inf_01… --texts`
    """
    client = connect(url, data_dir)
    found = client.get(f"/api/v1/inferences/{inference}")
    if texts:
        found["payload"] = client.get(f"/api/v1/inferences/{inference}/payload")
    show.result(found, as_json, lambda: _one(found))


def _one(found: dict[str, Any]) -> None:
    show.card(found, CARD)
    if found["calls"]:
        show.line("\n[bold]attempts[/bold]")
        columns = {"deployment": "deployment", "why": "why", "status": "status", "error_code": "error",
                   "latency_ms": "ms", "cost_usd": "usd"}  # fmt: skip
        show.table(found["calls"], columns, "")
    verdicts = found["inference"].get("verdicts")
    if verdicts:
        show.line("\n[bold]guards[/bold]")
        columns = {"guard": "guard", "on": "on", "action": "action", "mode": "mode", "kinds": "found", "score": "score",
                   "latency_ms": "ms", "error": "error"}  # fmt: skip
        show.table(verdicts, columns, "")
    if found["feedback"]:
        show.line("\n[bold]feedback[/bold]")
        columns = {"created_ms": "at", "metric": "metric", "value": "value", "demonstration": "right answer",
                   "comment": "comment", "source": "by"}  # fmt: skip
        show.table(found["feedback"], columns, "")
    payload = found.get("payload")
    if payload:
        show.line("\n[bold]said[/bold]")
        if payload["input"] is None and payload["output"] is None:
            show.line("[dim]nothing was recorded, or the person was erased[/dim]")
        else:
            show.line(escape(show.as_text(payload["input"])))
            show.line(escape(show.as_text(payload["output"])))
