"""Archive: a tar file whose last members are a manifest and its seal. Knows bytes and names; not what they mean.

    volant.db, blobs/ab/…, …        any order, each once
    manifest.json                   Manifest: every member's size and SHA-256
    manifest.mac                    HMAC-SHA256 of manifest.json under a key from the master key; where there was one

What has no manifest is no archive: a writer that was killed left none. Read and written as a stream, one member at a
time; memory is bounded by the number of members (about 200 bytes each), not by their size.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import hmac
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Any, Self

import msgspec

from volant.core.errors import BadInput, NotFound, StorageFull, Unavailable

FORMAT = 1
MANIFEST, MAC = "manifest.json", "manifest.mac"
SUFFIX = ".tar"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CHUNK = 1 << 20
_LARGEST_MANIFEST = 256 << 20


class Member(msgspec.Struct, frozen=True, array_like=True):
    """One file: in the manifest a list of three."""

    path: str
    size: int  # bytes
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive holds, and of when."""

    format: int = FORMAT
    volant: str = ""  # the version that wrote it
    schema: str = ""  # revision of volant.db
    began_ms: int  # Unix milliseconds: whatever was acknowledged before is in it
    pinned_ms: int = 0  # the moment at which both databases were seen
    runs: str = ""  # results, models or all
    has_keys: bool = False
    counts: dict[str, int] = {}  # rows per table of volant.db
    files: list[Member] = []


class Writer:
    """Appends files to a new archive. `close` writes the manifest; without it the file is worthless."""

    def __init__(self, place: Path) -> None:
        self._file = place.open("xb")
        place.chmod(0o600)
        self._tar = tarfile.open(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self.members: list[Member] = []

    def add(self, name: str, source: Path) -> bool:
        """One file as it is now; False when it is gone. What is appended to it meanwhile is left out.

        Raises Unavailable when it shrinks while it is read, StorageFull.
        """
        try:
            with source.open("rb") as file:
                self._add(name, file, os.fstat(file.fileno()).st_size)
        except FileNotFoundError:
            return False
        return True

    def add_bytes(self, name: str, content: bytes) -> None:
        """Raises StorageFull."""
        self._add(name, io.BytesIO(content), len(content))

    def close(self, manifest: Manifest, mac_key: bytes | None) -> Manifest:
        """Write the manifest with the members that were added, and everything to the medium. Raises StorageFull."""
        manifest = msgspec.structs.replace(manifest, files=self.members)
        body = msgspec.json.encode(manifest)
        self.add_bytes(MANIFEST, body)
        if mac_key is not None:
            self.add_bytes(MAC, hmac.digest(mac_key, body, "sha256").hex().encode())
        try:
            self._tar.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise no_room(Path(self._file.name), error) from error
        return manifest

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let a half-made file go; the caller removes it."""
        with contextlib.suppress(OSError):  # its last buffer finds no room either
            self._file.close()

    def _add(self, name: str, file: IO[bytes], size: int) -> None:
        facts = tarfile.TarInfo(name)
        facts.size, facts.mode = size, 0o600
        hashed = _Hashed(file)
        try:
            self._tar.addfile(facts, hashed)
        except OSError as error:
            if hashed.count < size and "unexpected end" in str(error):
                raise Unavailable(
                    "backup_file_shrank", f"{name} became shorter while it was read", where=name, hint="try again"
                ) from error
            if error.errno not in FULL:
                raise
            raise no_room(Path(self._file.name), error) from error
        self._tar.members = []  # type: ignore[attr-defined]  # it keeps them all, else
        self.members.append(Member(name, size, hashed.digest.hexdigest()))


class _Hashed:
    """A file that is hashed while it is read. As much of IO as tarfile wants."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        self.count += len(data)
        return data


def read(place: Path, into: Callable[[str], Path | None], *, mac_key: bytes | None = None) -> Manifest:
    """Read the whole archive and check every byte of it; `into` says where a member is written, None: nowhere.

    Raises NotFound; BadInput `backup_damaged` when anything is missing, more, or other than the manifest says, or,
    given the key, when the manifest is not the one that was written.
    """
    seen: dict[str, Member] = {}
    last: dict[str, bytes] = {}
    try:
        with tarfile.open(place, mode="r|") as tar:
            for facts in tar:
                tar.members = []  # type: ignore[attr-defined]  # it keeps them all, else
                name = _checked_name(facts, place)
                file = tar.extractfile(facts)
                assert file is not None  # regular, or _checked_name had refused
                if name in (MANIFEST, MAC):
                    if facts.size > _LARGEST_MANIFEST:
                        raise damaged(place, f"its {name} would have {facts.size} bytes")
                    last[name] = file.read()
                elif name in seen or last:
                    raise damaged(place, f"{name} stands twice, or behind the manifest")
                else:
                    seen[name] = _copied(name, file, into(name))
    except FileNotFoundError:
        raise NotFound(
            "backup_missing", "there is no such backup", where=str(place), hint="volant backup list"
        ) from None
    except (tarfile.TarError, EOFError) as error:
        raise damaged(place, f"it is no whole tar file ({error})") from error
    return _matched(place, seen, last, mac_key)


def check_seal(place: Path, mac_key: bytes) -> None:
    """As `read` does with a key, for a manifest that was read without one. Raises BadInput `backup_damaged`."""
    with tarfile.open(place, mode="r:") as tar:
        found = {facts.name: tar.extractfile(facts) for facts in tar if facts.name in (MANIFEST, MAC)}
        last = {name: file.read() for name, file in found.items() if file is not None}
    _check_mac(place, last, mac_key)


def _check_mac(place: Path, last: dict[str, bytes], mac_key: bytes) -> None:
    wanted = hmac.digest(mac_key, last[MANIFEST], "sha256").hex().encode()
    if not hmac.compare_digest(last.get(MAC, b""), wanted):
        raise damaged(place, "its manifest was changed, or it belongs to another master key")


def _matched(place: Path, seen: dict[str, Member], last: dict[str, bytes], mac_key: bytes | None) -> Manifest:
    if MANIFEST not in last:
        raise damaged(place, "it has no manifest: whoever wrote it was stopped before the end")
    if mac_key is not None:
        _check_mac(place, last, mac_key)
    try:
        manifest = msgspec.json.decode(last[MANIFEST], type=Manifest)
    except msgspec.DecodeError as error:
        raise damaged(place, f"its manifest cannot be read ({error})") from error
    if manifest.format > FORMAT:
        raise BadInput(
            "backup_newer", f"its format is {manifest.format}; this version reads {FORMAT}", where=str(place),
            hint="use the version of Volant that wrote it, or a newer one",
        )  # fmt: skip
    for member in manifest.files:
        found = seen.pop(member.path, None)
        if found != member:
            raise damaged(place, f"{member.path} is missing" if found is None else f"{member.path} was changed")
    if seen:
        raise damaged(place, f"{next(iter(seen))} stands in no manifest")
    return manifest


def _copied(name: str, file: IO[bytes], target: Path | None) -> Member:
    digest, size = hashlib.sha256(), 0
    out: Any = None
    try:
        if target is not None:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            out = os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            if out is not None:
                _write(out, chunk)
    finally:
        if out is not None:
            out.close()
    return Member(name, size, digest.hexdigest())


def _write(out: IO[bytes], chunk: bytes) -> None:
    try:
        out.write(chunk)
        out.flush()
    except OSError as error:
        raise no_room(Path(str(out.name)), error) from error


def _checked_name(facts: tarfile.TarInfo, place: Path) -> str:
    """A plain file below the folder, or BadInput: an archive comes from anywhere."""
    path = PurePosixPath(facts.name)
    if not facts.isreg() or path.is_absolute() or ".." in path.parts or not path.parts or "\\" in facts.name:
        raise damaged(place, f"{facts.name[:80]!r} is no file that belongs into a data directory")
    return str(path)


def damaged(place: Path, what: str) -> BadInput:
    """The error of a backup that cannot be trusted."""
    return BadInput("backup_damaged", what, where=str(place), hint="use another backup; do not restore this one")


def no_room(place: Path, error: OSError) -> StorageFull:
    """The error of a disk that took no more."""
    return StorageFull(
        "storage_full", f"the disk took no more: {error.strerror or error}", where=str(place.parent),
        hint="free space there, or name another folder with --to; nothing half-made is left",
    )  # fmt: skip
