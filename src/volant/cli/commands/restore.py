"""restore: make a data directory from a backup, with the server stopped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.markup import escape

from volant.cli import show
from volant.cli.options import AsJson
from volant.core.clock import SystemClock
from volant.core.errors import BadInput
from volant.lifecycle import keys
from volant.store.vault import load_master_key

if TYPE_CHECKING:
    from volant.lifecycle.restore import Restored


def add(app: typer.Typer) -> None:
    app.command()(restore)


def restore(
    file: Annotated[Path, typer.Argument(help="The backup.")],
    data_dir: Annotated[str, typer.Option(help="The folder to make. It must not hold anything, unless --force.")],
    force: Annotated[bool, typer.Option("--force", help="Move aside what is there.")] = False,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="Opens the keys of a backup that was made with --with-keys.")
    ] = None,
    master_key: Annotated[Path | None, typer.Option(help="The master.key of the installation it was made on.")] = None,
    erasures: Annotated[
        Path | None, typer.Option(help="A ledger by `volant erase --ledger`: who must not come back.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify a backup, unpack it, erase again who was erased since, and put it in place; all of it or nothing.

    Example: `volant restore backup/*.tar --data-dir restored --master-key volant-data/master.key`
    """
    from volant.app import restoring  # late: it migrates databases; no other command waits for that
    from volant.lifecycle.restore import Wish
    from volant.lifecycle.restore import restore as make

    environment = os.environ.get("VOLANT_MASTER_KEY", "")
    key = _master_key(master_key) if master_key else load_master_key(Path(), environment) if environment else b""
    wish = Wish(
        force=force,
        passphrase=keys.read_passphrase(passphrase_file) if passphrase_file else "",
        master_key=key,
        keep_master_key=bool(master_key) or not environment,
        ledger=erasures,
    )
    found = make(file, Path(data_dir), wish, clock=SystemClock(), settle=restoring.settle)
    facts: dict[str, Any] = msgspec.to_builtins(found)
    facts["backup"].pop("type", None)
    show.result(facts, as_json, lambda: _tell(found))


def _tell(found: Restored) -> None:
    counts = found.backup.counts
    show.line(f"[bold]Restored[/bold] {escape(found.backup.name)} to {escape(found.data_dir)}")
    show.line(f"  holds      everything acknowledged before {show.cell('began_ms', found.backup.began_ms)}")
    show.line(f"  rows       {counts.get('inference', 0)} inferences, {counts.get('feedback', 0)} judgements, "
              f"{counts.get('record', 0)} records, {counts.get('model', 0)} models")  # fmt: skip
    if found.moved_aside:
        show.line(f"  before     what was there is now {escape(found.moved_aside)}: remove it when all is well")
    if found.new_root_key:
        show.line("  root key   a new one is in root.key; the old one stays valid: volant key list, volant key revoke")
    if found.ledger:
        again = len(found.erased_again)
        show.line(f"  erasures   {again} people were erased again, {found.erasures_known} were already gone")
        show.line(f"             by {escape(found.ledger)}")
    else:
        show.line("[yellow]  erasures   WARNING: no ledger was given. Whoever was erased after this backup is back:"
                  " erase them again (volant erase), or restore with --erasures.[/yellow]")  # fmt: skip
    if found.backup.runs == "results":
        show.line("[yellow]  models     the backup holds no weights: engines of its models cannot start[/yellow]")
    show.line(f"Next: volant up --data-dir {escape(found.data_dir)}")


def _master_key(place: Path) -> bytes:
    try:
        key = place.read_bytes()
    except OSError as error:
        raise BadInput(
            "bad_master_key", f"it cannot be read: {error.strerror}", where=str(place), hint="name a master.key"
        ) from None
    if len(key) != 32:
        raise BadInput("bad_master_key", f"it has {len(key)} bytes in place of 32", where=str(place))
    return key
