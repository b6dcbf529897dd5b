"""up: start the server and stay with it."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from volant.app import logs
from volant.app.supervisor import Supervisor
from volant.cli import settings_file, show
from volant.cli.client import Client
from volant.cli.options import AsJson, Config
from volant.core.errors import BadInput, VolantError
from volant.core.nouns import Documents
from volant.core.settings import ServerSettings

READY_WITHIN_S = 60.0


def add(app: typer.Typer) -> None:
    app.command()(up)


def up(
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port; 0 takes a free one. Default: 8321.")] = None,
    data_dir: Annotated[str | None, typer.Option(help="Where everything is kept. Default: ./volant-data.")] = None,
    workers: Annotated[int | None, typer.Option(help="Gateway processes. Default: 1.")] = None,
    config: Config = "",
    as_json: AsJson = False,
) -> None:
    """Start the server: gateways, control, and the engines and runs that the loop wants.

    Flags win over the environment (VOLANT_PORT), which wins over volant.toml. A first start makes the data directory
    with a root key that only you can read, and applies the tasks of volant.toml. Stop with Ctrl-C.

    Example: `volant up --port 8321 --workers 2`
    """
    flags = {"host": host, "port": port, "data_dir": data_dir, "workers": workers}
    settings, documents, place = settings_file.load(config, os.environ, flags)
    supervisor = Supervisor(settings, partial(_note, settings))
    url = supervisor.prepare()
    refused: list[int] = []
    threading.Thread(
        target=_greet, args=(url, supervisor.data, documents, place, as_json, refused), name="greeting", daemon=True
    ).start()
    ended = supervisor.run()
    raise typer.Exit(refused[0] if refused else ended)


def _greet(url: str, data: Path, documents: Documents, config: Path | None, as_json: bool, refused: list[int]) -> None:
    """Wait until the server answers, apply a first configuration, and say where everything is.

    A first configuration that cannot hold ends the server, and `refused` has the exit code: it would serve nothing.
    """
    begun = time.time()
    try:
        client = _when_ready(url, data)
        applied = _apply_first(client, documents)
        setup = str(client.get("/api/v1/invitations/setup")["link"])
    except BadInput as error:
        show.problem(error, as_json)
        refused.append(error.exit_code)
        os.kill(os.getpid(), signal.SIGTERM)
        return
    except VolantError as error:
        show.problem(error, as_json)
        return
    if as_json:
        facts = {"url": url, "pid": os.getpid(), "data_dir": str(data), "root_key": str(data / "root.key")}
        facts["setup_url"] = setup
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()
        return
    show.line(f"\n[bold]Volant serves at {url}[/bold]")
    show.line(f"  data      {data}")
    show.line(f"  root key  {data / 'root.key'}  [dim](only you can read it)[/dim]")
    for place in sorted(data.glob("before-upgrade/[0-9]*")):
        if place.stat().st_mtime >= begun:
            show.line(f"  upgraded  the databases as they were before are kept in {place}")
    if setup:
        show.line(f"  console   {setup}")
        show.line("            [dim]nobody can sign in yet: this link, which works once, makes the first person[/dim]")
    else:
        show.line(f"  console   {url}/")
    if applied:
        show.line(f"  applied   {config}: {applied}")
    show.line("\nNext:")
    key = f"$(cat {data / 'root.key'})"
    show.line(
        f"  an OpenAI client   base_url={url}/v1  api_key={key}",
    )
    if not documents.tasks:
        show.line("  a task             volant init, then volant apply")
    show.line("  a key for an app   volant key create app --scope inference --scope feedback")
    show.line("  the whole loop     volant demo")
    show.line("[dim]Stop with Ctrl-C.[/dim]\n")


def _when_ready(url: str, data: Path) -> Client:
    end = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            client = Client(url, (data / "root.key").read_text().strip(), timeout_s=5.0)
            client.get("/readyz")
            client.get("/api/v1/documents")
        except (VolantError, OSError) as error:
            if time.monotonic() > end:
                raise VolantError(
                    "not_ready",
                    f"the server is not ready after {READY_WITHIN_S:.0f} s: {error}",
                    where=str(data / "logs"),
                    hint="read control.log and gateway-0.log there",
                ) from None
            time.sleep(0.1)
        else:
            return client


def _apply_first(client: Client, documents: Documents) -> str:
    """A data directory without a configuration takes the file's; later changes are for `volant apply`."""
    if documents == Documents() or client.get("/api/v1/documents")["revision"]:
        return ""
    client.post("/api/v1/documents/apply", msgspec.to_builtins(documents))
    return f"{len(documents.tasks)} tasks, {len(documents.deployments)} deployments"


def _note(settings: ServerSettings, sentence: str) -> None:
    if settings.log_format == "json" or settings.log_to == "stderr":
        logs.note(settings, sentence)
    else:
        show.err.print(f"[dim]supervisor:[/dim] {sentence}", markup=True)
