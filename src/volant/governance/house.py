"""House: what an erasure works on, on one machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from volant.core.clock import Clock
from volant.store.blobs import Blobs
from volant.store.database import Database
from volant.store.keys import KeyRing


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The database may be other machines' too; the data directory is this one's."""

    data_dir: Path
    db: Database
    ring: KeyRing
    blobs: Blobs
    clock: Clock
    place: str = ""  # this machine's (store/place.py); empty: there is only one
