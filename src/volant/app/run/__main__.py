"""The process's entry."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import msgspec

from volant.app.run import evaluating, training
from volant.app.run.work import Kind, Workplace, write_result
from volant.core import lifeline
from volant.core.errors import VolantError
from volant.core.settings import ServerSettings
from volant.store.blobs import Blobs
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.vault import Vault, load_master_key

KINDS: dict[str, Kind] = {
    "train": training.run,
    "evaluate": evaluating.run,
}
log = logging.getLogger("volant.run")


def main(arguments: list[str]) -> int:
    """Do one run. Exit codes: 0 when `result.json` says what became of it, 2 for wrong arguments."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m volant.app.run DATA RUN_ID\n")
        return 2
    lifeline.watch()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    data, run_id = Path(arguments[0]), arguments[1]
    folder = data / "runs" / run_id
    if (folder / "result.json").exists():
        return 0
    try:
        result = _do(data, run_id, folder)
    except VolantError as error:
        log.error("%s: %s", error.code, error)
        write_result(folder, {"state": "failed", "error": error.as_dict()})
    else:
        write_result(folder, {"state": "done", **result})
    return 0


def _do(data: Path, run_id: str, folder: Path) -> dict[str, object]:
    spec = msgspec.json.decode((folder / "spec.json").read_bytes())
    settings = msgspec.json.decode(os.environ.get("VOLANT_BOOT", "{}"), type=ServerSettings)
    vault = Vault(load_master_key(data, os.environ.get("VOLANT_MASTER_KEY", "")))
    db = Database.open(settings.database_url or f"sqlite:///{data / 'volant.db'}", read_only=True)
    try:
        place = Workplace(
            data=data,
            run_id=run_id,
            folder=folder,
            db=db,
            keyring=KeyRing(db, vault, read_only=True),
            blobs=Blobs(data / "blobs"),
            settings=settings,
        )
        return KINDS[spec["kind"]](place, spec)
    finally:
        db.close()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
