"""Work: what a run receives and how it says what became of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from volant.core.settings import ServerSettings
from volant.store.blobs import Blobs
from volant.store.database import Database
from volant.store.keys import KeyRing

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """A run's folder and its read-only view of the store."""

    data: Path
    run_id: str
    folder: Path
    db: Database
    keyring: KeyRing
    blobs: Blobs
    settings: ServerSettings


Kind = Callable[[Workplace, Mapping[str, Any]], Json]  # (where, spec) -> what goes into result.json


def write_result(folder: Path, result: Json) -> None:
    """Atomically and durably; a reader sees none or the whole."""
    beside = folder / ".result.json.new"
    with beside.open("wb") as file:
        file.write(msgspec.json.encode(result))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / "result.json")
