"""Wanted: what one erasure looks for, kept in a file of its own until the erasure has been checked.

The words must be known after their key is destroyed, also when a kill lies between. So they stand, with the name and
the key, in `run/erasure-<id>.sealed` (0600), sealed under a key that comes from the master key and the erasure's id.
It is the last copy, and `destroy` overwrites and removes it.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import msgspec

from volant.store.vault import Vault

_PREFIX, _SUFFIX = "erasure-", ".sealed"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for."""

    user: str = ""  # as the application calls them; empty: only the subject was given
    texts: tuple[str, ...] = ()
    left_out: int = 0  # texts too short to tell whose they are
    keys: tuple[bytes, ...] = ()  # the person's key, raw

    def joined(self, other: Wanted) -> Wanted:
        """Both together."""
        return Wanted(
            user=self.user or other.user,
            texts=tuple(dict.fromkeys((*self.texts, *other.texts))),
            left_out=max(self.left_out, other.left_out),
            keys=tuple(dict.fromkeys((*self.keys, *other.keys))),
        )


def path_of(data_dir: Path, erasure_id: str) -> Path:
    """Where it stands."""
    return data_dir / "run" / f"{_PREFIX}{erasure_id}{_SUFFIX}"


def save(data_dir: Path, vault: Vault, erasure_id: str, wanted: Wanted) -> None:
    """Write it whole, durably, over the one before."""
    path = path_of(data_dir, erasure_id)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    sealed = vault.seal(_key(vault, erasure_id), msgspec.msgpack.encode(wanted), erasure_id.encode())
    temporary = path.with_name(f".{path.name}.new")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync(path.parent)


def load(data_dir: Path, vault: Vault, erasure_id: str) -> Wanted:
    """What was saved; nothing when there is no such file."""
    try:
        sealed = path_of(data_dir, erasure_id).read_bytes()
    except FileNotFoundError:
        return Wanted()
    opened = vault.open_sealed(_key(vault, erasure_id), sealed, erasure_id.encode())
    return msgspec.msgpack.decode(opened, type=Wanted)


def destroy(data_dir: Path, erasure_id: str) -> None:
    """Overwrite and remove it; nothing happens when it is gone."""
    path = path_of(data_dir, erasure_id)
    for one in (path, path.with_name(f".{path.name}.new")):
        try:
            with one.open("r+b") as file:
                file.write(os.urandom(one.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
            one.unlink()
        except FileNotFoundError:
            continue
    _sync(path.parent)


def sweep(data_dir: Path, open_ids: Collection[str]) -> None:
    """Destroy the files of erasures that are not under way: a kill came before their row was written."""
    for path in (data_dir / "run").glob(f"{_PREFIX}*{_SUFFIX}"):
        erasure_id = path.name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
        if erasure_id not in open_ids:
            destroy(data_dir, erasure_id)


def _key(vault: Vault, erasure_id: str) -> bytes:
    return vault.derive(f"erasure/{erasure_id}")


def _sync(folder: Path) -> None:
    if folder.is_dir():
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
