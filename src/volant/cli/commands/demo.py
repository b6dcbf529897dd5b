"""demo: the whole loop, once around, on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from volant.cli.options import AsJson

Scale = Literal["demo", "story", "tiny"]


def add(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    data: Annotated[Path | None, typer.Option(help="Your labelled questions. Default: the bank's help desk.")] = None,
    test: Annotated[Path | None, typer.Option(help="Your test file. Default: a share of the users.")] = None,
    scale: Annotated[Scale, typer.Option(help="How much of everything.")] = "demo",
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a killed demo was.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Remove an earlier demo and begin anew.")] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Stop the server at the end instead of going on serving.")
    ] = False,
    data_dir: Annotated[str, typer.Option(help="Where everything is kept.")] = "volant-demo",
    port: Annotated[int, typer.Option(help="TCP port; 0 takes a free one.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Turn the whole loop on this machine: data → train → evaluate → gate → serve → traffic → retrain → roll out.

    Takes minutes on two cores. It ends with a summary and keeps serving.

    Example: `volant demo --data train.csv --test test.csv`
    """
    from volant.app.story.main import DemoOptions, run  # late: it drives the loop; no other command needs it

    options = DemoOptions(
        data_dir=Path(data_dir),
        data=data,
        test=test,
        scale=scale,
        port=port,
        resume=resume,
        once=once or os.environ.get("ONCE") == "1",
        fresh=fresh,
        as_json=as_json,
    )
    raise typer.Exit(run(options))
