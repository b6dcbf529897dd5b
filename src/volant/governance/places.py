"""Places: the files under some folders, read by offset while others write them. Links are not followed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

Read = Callable[[int, int], bytes]  # (offset, size) -> bytes, fewer at the end


def files_under(roots: Sequence[Path]) -> tuple[list[tuple[str, Path]], list[str]]:
    """(place, path) of every regular file under the roots, and what could not be looked into."""
    found: list[tuple[str, Path]] = []
    closed: list[str] = []

    def note(error: OSError) -> None:
        closed.append(f"{error.filename}: {error.strerror}")

    for number, root in enumerate(roots):
        prefix = "" if number == 0 else f"{root.name}: "
        if root.is_file():
            found.append((root.name, root))
            continue
        for folder, folders, names in os.walk(root, onerror=note):
            folders.sort()
            for name in sorted(names):
                path = Path(folder, name)
                if path.is_file() and not path.is_symlink():
                    found.append((f"{prefix}{path.relative_to(root)}", path))
    return found, closed


class OpenFile:
    """A file read by offset; it may grow, shrink or vanish meanwhile."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.size = os.fstat(self._descriptor).st_size

    def read(self, offset: int, size: int) -> bytes:
        """As `Read`."""
        return os.pread(self._descriptor, size, offset)

    def close(self) -> None:
        """Close the descriptor; see `apart` for why not in a process that has the databases open."""
        os.close(self._descriptor)


def reader(data: bytes) -> Read:
    """Bytes in memory, read like a file."""
    return lambda offset, size: data[offset : offset + size]


def size_of(path: Path) -> int:
    """In bytes; 0 for what is gone."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def head_of(path: Path, size: int) -> bytes:
    """How a file begins; nothing for what is gone or closed to us."""
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError:
        return b""
