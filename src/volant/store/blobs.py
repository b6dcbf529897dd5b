"""Blobs: artifacts by the hash of their content, on the local disk.

Create-only, written beside and renamed into place, the hash checked on every read. Knows nothing of what is inside:
whoever stores personal text seals it first.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from volant.core.errors import NotFound, StorageFull, VolantError


class Blobs:
    """A folder of blobs: `ROOT/ab/cdef…` for sha256 `abcdef…`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, content: bytes) -> str:
        """Keep `content`; gives its sha256 in hex. Putting it again changes nothing. Raises StorageFull."""
        digest = hashlib.sha256(content).hexdigest()
        place = self._place(digest)
        if place.exists():
            return digest
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            with tempfile.NamedTemporaryFile(dir=place.parent, prefix=".new-", delete=False) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(place)
        except OSError as error:
            raise StorageFull(
                "storage_full",
                f"could not store {len(content)} bytes: {error.strerror}",
                where=str(place.parent),
                hint="free space on that disk and try again",
            ) from error
        _sync_folder(place.parent)
        return digest

    def get(self, digest: str) -> bytes:
        """The content. Raises NotFound, or VolantError `blob_damaged` when its hash is not its name."""
        try:
            content = self._place(digest).read_bytes()
        except FileNotFoundError:
            raise NotFound("blob_unknown", f"no blob {digest[:12]}…", where=str(self.root)) from None
        if hashlib.sha256(content).hexdigest() != digest:
            raise VolantError(
                "blob_damaged",
                f"blob {digest[:12]}… does not have the content its name promises",
                where=str(self._place(digest)),
                hint="restore it from a backup; the disk may be failing",
            )
        return content

    def delete(self, digest: str) -> bool:
        """Remove it; False when it was not there."""
        try:
            self._place(digest).unlink()
        except FileNotFoundError:
            return False
        return True

    def _place(self, digest: str) -> Path:
        if len(digest) != 64 or not all(c in "0123456789abcdef" for c in digest):
            raise NotFound("blob_unknown", "a blob is named by 64 hex digits", where=str(self.root))
        return self.root / digest[:2] / digest[2:]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
