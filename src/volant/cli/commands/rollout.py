"""rollout: move a task's users to a candidate, step by step, and say a word about it."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from volant.cli import show
from volant.cli.commands.train import finish
from volant.cli.options import AsJson, Comment, DataDir, Url, connect

rollouts = typer.Typer(
    help="Moving users to a candidate: shadow → canary → full, or back. Example: `volant rollout list`",
    no_args_is_help=True,
)
RolloutId = Annotated[str, typer.Argument(help="The rollout's id (`volant rollout list`).")]
CARD = {"id": "rollout", "task": "task", "baseline": "from", "candidate": "to", "state": "state", "step": "step",
        "share": "share of users", "reason": "reason", "created_ms": "begun", "ended_ms": "ended"}  # fmt: skip


def add(app: typer.Typer) -> None:
    app.add_typer(rollouts, name="rollout")


@rollouts.command()
def start(
    task: Annotated[str, typer.Argument(help="The task whose users move.")],
    model: Annotated[str, typer.Option(help="A registered model, by id: an engine is started for it.")] = "",
    variant: Annotated[str, typer.Option(help="Or a variant that exists.")] = "",
    verdict: Annotated[str, typer.Option(help="The passing verdict. Default: the model's newest.")] = "",
    key: Annotated[str, typer.Option(help="The same key finds the same rollout.")] = "",
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Watch until it ends, or leave.")] = False,
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Begin to move a task's users. It promotes or rolls back by itself, on statistics.

    Example: `volant rollout start helpdesk-intent --model mdl_01…`
    """
    client = connect(url, data_dir)
    body = {"task": task, "model_id": model, "variant": variant, "verdict_id": verdict, "key": key}
    finish(client, client.post("/api/v1/rollouts", body), follow, as_json)


@rollouts.command("list")
def list_(
    task: Annotated[str, typer.Option(help="Only this task.")] = "",
    url: Url = "",
    data_dir: DataDir = "",
    as_json: AsJson = False,
) -> None:
    """Rollouts, oldest first.

    Example: `volant rollout list`
    """
    found = connect(url, data_dir).get("/api/v1/rollouts", task=task)
    columns = {"id": "id", "task": "task", "candidate": "to", "state": "state", "share": "share", "reason": "reason",
               "created_ms": "begun"}  # fmt: skip
    show.result(found, as_json, lambda: show.table(found["data"], columns, "no rollouts yet"))


@rollouts.command("show")
def show_(rollout_id: RolloutId, url: Url = "", data_dir: DataDir = "", as_json: AsJson = False) -> None:
    """One rollout with its decisions.

    Example: `volant rollout show rol_01…`
    """
    found = connect(url, data_dir).get(f"/api/v1/rollouts/{rollout_id}")
    show.result(found, as_json, lambda: _one(found))


@rollouts.command()
def promote(
    rollout_id: RolloutId, comment: Comment = "", url: Url = "", data_dir: DataDir = "", as_json: AsJson = False
) -> None:
    """Move everybody to the candidate now, by your word.

    Example: `volant rollout promote rol_01… -m "agreed with the help desk"`
    """
    _act("promote", rollout_id, comment, url, data_dir, as_json)


@rollouts.command()
def hold(
    rollout_id: RolloutId, comment: Comment = "", url: Url = "", data_dir: DataDir = "", as_json: AsJson = False
) -> None:
    """Keep the rollout at its step until it is resumed.

    Example: `volant rollout hold rol_01… -m "holiday traffic"`
    """
    _act("hold", rollout_id, comment, url, data_dir, as_json)


@rollouts.command()
def resume(
    rollout_id: RolloutId, comment: Comment = "", url: Url = "", data_dir: DataDir = "", as_json: AsJson = False
) -> None:
    """Go on with a rollout that was held.

    Example: `volant rollout resume rol_01…`
    """
    _act("resume", rollout_id, comment, url, data_dir, as_json)


@rollouts.command()
def rollback(
    rollout_id: RolloutId, comment: Comment = "", url: Url = "", data_dir: DataDir = "", as_json: AsJson = False
) -> None:
    """Move everybody back now.

    Example: `volant rollout rollback rol_01… -m "wrong answers about fees"`
    """
    _act("rollback", rollout_id, comment, url, data_dir, as_json)


def _act(action: str, rollout_id: str, comment: str, url: str, data_dir: str, as_json: bool) -> None:
    found = connect(url, data_dir).post(f"/api/v1/rollouts/{rollout_id}/{action}", {"comment": comment})
    show.result(found, as_json, lambda: _one(found))


def _one(found: dict[str, Any]) -> None:
    show.card(found, CARD)
    for decision in found["decisions"][-20:]:
        what = decision.get("sentence") or show.cell("", {k: v for k, v in decision.items() if k != "at_ms"})
        show.line(f"  [dim]{show.cell('at_ms', decision.get('at_ms'))}[/dim]  {escape(what)}")
