"""Place: one data directory on one machine, by a random word that it keeps. Machines that share a database tell their
workers apart by it. Knows no table.

    DATA/place      the word, and the file's own inode number

The inode tells a copy from the original: a copied or restored directory has the file, with another inode, and gets a
word of its own. A container that comes back with its volume under another host name is the same place.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path

FILE = "place"
_LENGTH = 12  # hexadecimal digits


def place_of(data_dir: Path) -> str:
    """Twelve hexadecimal digits: the same at every start, others for every other directory. Made when they are not
    there, once, whoever of a machine's processes comes first. Raises OSError."""
    handle = os.open(data_dir / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # until it is closed
        inode = str(os.fstat(handle).st_ino)
        word, _, of = os.pread(handle, 100, 0).decode("ascii", "replace").strip().partition(" ")
        if len(word) == _LENGTH and of == inode:
            return word
        word = secrets.token_hex(_LENGTH // 2)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{word} {inode}\n".encode(), 0)
        os.fsync(handle)
        return word
    finally:
        os.close(handle)


def holder_of(place: str, worker: int, word: str) -> str:
    """A worker's name in its life; `word` is new at every start."""
    return f"{place}.{worker}.{word}"


def seat_of(holder: str) -> str:
    """The place and the worker's number, without the life: one process sits there at a time."""
    return holder.rpartition(".")[0]
