"""backup: write a consistent copy while the server runs, list copies, and check one. On the server's own machine."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from volant.cli import settings_file, show
from volant.cli.options import AsJson, Config, DataDir
from volant.core.clock import SystemClock
from volant.core.errors import BadInput, VolantError
from volant.core.settings import ServerSettings
from volant.lifecycle import backup as backups
from volant.lifecycle import keys, verify
from volant.store.vault import Vault, load_master_key

NICE = 10
backup = typer.Typer(
    help="Copies of the whole installation, as one file each. Example: `volant backup create --to backup`",
    no_args_is_help=True,
)
CARD = {"path": "backup", "began_ms": "holds all before", "schema": "schema", "volant": "written by", "runs": "runs",
        "files": "files", "size_bytes": "bytes", "has_keys": "keys in it", "is_sealed": "seal checked",
        "seconds": "seconds"}  # fmt: skip


def add(app: typer.Typer) -> None:
    app.add_typer(backup, name="backup")


@backup.command()
def create(
    to: Annotated[
        str, typer.Option(help="A folder, or a file that ends in .tar. Default: server.backup_dir.", metavar="DIR|FILE")
    ] = "",
    runs: Annotated[
        str, typer.Option(help="What of the runs: results, models (and weights) or all (and checkpoints).")
    ] = "models",
    with_keys: Annotated[
        Path | None,
        typer.Option(help="Put the master key in, sealed under this file's first line.", metavar="PASSPHRASE-FILE"),
    ] = None,
    keep: Annotated[int, typer.Option(min=0, help="Then remove all but so many dated backups there; 0: none.")] = 0,
    data_dir: DataDir = "",
    config: Config = "",
    as_json: AsJson = False,
) -> None:
    """Back up the data directory, with the server running or stopped, and check the result.

    Whatever was acknowledged before the command began is in it. The master key is not, unless you ask for it.

    Example: `volant backup create --to backup --keep 7`
    """
    settings, data = place_of(config, data_dir)
    if settings.database_url:
        raise BadInput(
            "backup_not_sqlite", "this installation keeps its rows in PostgreSQL", where="server.database_url",
            hint="back that up with pg_dump, and copy blobs, runs and engines of the data directory after it",
        )  # fmt: skip
    clock = SystemClock()
    target = backups.target_of(to, backups.folder_of(data, settings.backup_dir), clock.now_ms())
    vault = Vault(load_master_key(data, os.environ.get("VOLANT_MASTER_KEY", "")))
    passphrase = keys.read_passphrase(with_keys) if with_keys else ""
    wish = msgspec.convert({"runs": runs, "passphrase": passphrase}, backups.Wish) if _known(runs) else backups.Wish()
    os.nice(NICE)
    began = time.monotonic()
    backups.create(data, target, wish, vault=vault, root_key=_text(data / "root.key"), clock=clock)
    checked = verify.verify(target, mac_key=backups.mac_key(vault))
    gone = backups.keep_newest(target.parent, keep) if keep else []
    found = _facts(checked, target) | {"seconds": round(time.monotonic() - began, 2), "removed": gone}

    def human() -> None:
        show.card(found, CARD)
        if not checked.has_keys:
            show.line(f"Keep {data / 'master.key'} apart from it: nothing in it can be read without.")
        for name in gone:
            show.line(f"removed {name}")

    show.result(found, as_json, human)


@backup.command("list")
def list_(
    folder: Annotated[str, typer.Option("--in", help="The folder. Default: server.backup_dir.")] = "",
    data_dir: DataDir = "",
    config: Config = "",
    as_json: AsJson = False,
) -> None:
    """The backups in a folder, newest first.

    Example: `volant backup list`
    """
    settings, data = place_of(config, data_dir)
    where = Path(folder) if folder else backups.folder_of(data, settings.backup_dir)
    found = [msgspec.to_builtins(one) for one in backups.list_backups(where)]
    columns = {"name": "name", "made_ms": "made", "size_bytes": "bytes"}
    show.result({"folder": str(where), "data": found}, as_json, lambda: show.table(found, columns, f"None in {where}."))


@backup.command("verify")
def verify_(
    file: Annotated[Path, typer.Argument(help="The backup.")],
    data_dir: DataDir = "",
    config: Config = "",
    as_json: AsJson = False,
) -> None:
    """Read every byte of a backup, check every hash, and open its databases. Exit code 2 when it is damaged.

    With the data directory's master key at hand the manifest's seal is checked as well.

    Example: `volant backup verify backup/*.tar`
    """
    _, data = place_of(config, data_dir)
    try:
        vault = Vault(load_master_key(data, os.environ.get("VOLANT_MASTER_KEY", "")))
    except VolantError:
        mac_key = None
    else:
        mac_key = backups.mac_key(vault)
    found = _facts(verify.verify(file, mac_key=mac_key), file)
    show.result(found, as_json, lambda: show.card(found, CARD))


def place_of(config: str, data_dir: str) -> tuple[ServerSettings, Path]:
    """The settings, and the data directory that they mean."""
    settings, _, _ = settings_file.load(config, os.environ, {"data_dir": data_dir or None})
    return settings, Path(settings.data_dir).resolve()


def _facts(checked: verify.Verified, place: Path) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(checked)
    facts.pop("type", None)
    return facts | {"path": str(place)}


def _known(runs: str) -> bool:
    if runs not in ("results", "models", "all"):
        raise BadInput("bad_runs", f"{runs!r} is none of results, models, all", where="--runs", hint="see --help")
    return True


def _text(place: Path) -> str:
    try:
        return place.read_text().strip()
    except OSError:
        return ""
