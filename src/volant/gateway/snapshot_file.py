"""Snapshot file: the last configuration, sealed, so that a gateway starts without control.

Control saves it with every revision; a gateway loads it at start. Written whole or not at all.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from volant.core.errors import BadInput
from volant.core.nouns import Snapshot
from volant.store.vault import Vault

NAME = "snapshot.sealed"
_AAD = b"snapshot 2"  # another number where one of before would be read wrongly: then control is waited for


def encode(snapshot: Snapshot) -> bytes:
    """As it travels over the internal socket: msgpack."""
    return msgspec.msgpack.encode(snapshot)


def decode(data: bytes) -> Snapshot:
    """Raises BadInput `bad_snapshot` for one of another version."""
    try:
        return msgspec.msgpack.decode(data, type=Snapshot)
    except msgspec.DecodeError as error:
        raise BadInput("bad_snapshot", f"the snapshot is not of this version: {error}") from None


def save(data_dir: Path, vault: Vault, snapshot: Snapshot) -> None:
    """Replace DATA/snapshot.sealed (0600)."""
    place = data_dir / NAME
    beside = place.with_name(f".{NAME}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, vault.seal(vault.snapshot_key, encode(snapshot), _AAD))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    beside.replace(place)


def load(data_dir: Path, vault: Vault) -> Snapshot | None:
    """The last snapshot; None where there is none. Raises BadInput where it is damaged or of another master key."""
    try:
        blob = (data_dir / NAME).read_bytes()
    except FileNotFoundError:
        return None
    return decode(vault.open_sealed(vault.snapshot_key, blob, _AAD))
