"""Scan: look for needles in every place of a data directory, through every encoding, packing and encryption.

Each file is read raw (database pages, free pages, WAL, torn segments and strangers included); packed frames at any
offset are unpacked, sealed values and spool segments opened with every key that can be had, and databases read row by
row too, because a long value lies in pieces on overflow pages. What came out is scanned again, `_DEEPEST` times.
Keys: those the caller knows, and every wrapped key that the master key opens, wherever a copy of one lies.

Knows places and needles by their number; never shows a needle's content. Writes nothing. Does not find what a model
has learnt: weights are searched for bytes, not for memories.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from volant.governance import unpack, unseal
from volant.governance.needles import Needle, Sieve, patterns_of
from volant.governance.places import OpenFile, Read, files_under, head_of, reader, size_of
from volant.governance.unseal import KeyChest
from volant.store.vault import Vault

Item = TypeVar("Item")

_WINDOW = 8 << 20  # bytes of a file in memory at once
_BATCH = 4 << 20  # bytes of a column scanned together
_OPENED = 512 << 10  # bytes of opened texts scanned together
_DEEPEST = 6  # packings inside packings
_BREAK = b"\n\0\n"
_SQLITE = b"SQLite format 3\0"
_ZLIB = (0x0178, 0x5E78, 0x9C78, 0xDA78)


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A needle that was found. The place is relative to the directory; a database's has " › table.column"."""

    place: str
    decoded: str  # how it was reached and in which form it stood, e.g. "gzip > sealed > base64"
    needle: int  # its number
    owner: str = ""  # whose key opened the sealed value around it; empty: it stood in clear
    count: int = 1


class ScanResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a scan found, and how much it looked at, so that a scan of nothing is seen to be one."""

    hits: tuple[Hit, ...]
    needles: int  # looked for ...
    too_short: tuple[int, ...]  # ... but for these, too short to tell from chance
    files: int
    size_bytes: int
    rows: int  # of databases
    frames_unpacked: int
    keys: int  # tried on sealed values
    sealed_opened: int  # distinct sealed values and spool records
    sealed_unopened: int  # distinct sealed values in their own column, file or frame that no key opens
    sealed_unopened_raw: int  # the same elsewhere: old pages, or chance (about 60 in 1 GB of noise)
    cut: int  # frames that open to more than is looked at
    unreadable: tuple[str, ...]  # places that could not be read: the scan says nothing about them
    seconds: float

    @property
    def found(self) -> frozenset[int]:
        """The numbers of the needles that were found anywhere."""
        return frozenset(hit.needle for hit in self.hits)


def scan(
    roots: Path | Sequence[Path],
    vault: Vault,
    needles: Sequence[Needle],
    *,
    keys: Mapping[bytes, str] | None = None,
    skip: Collection[Path] = (),
    progress: Callable[[int, int], None] | None = None,
) -> ScanResult:
    """Look for `needles` under `roots` (data directory first, backups after it).

    `keys`: raw key → owner's label, as the store knows them. `skip`: files left out. `progress(done, total)` in bytes.
    A process that has one of the databases open calls `apart.scan_apart` instead, which says why.
    """
    started = time.monotonic()
    folders = [roots] if isinstance(roots, Path) else list(roots)
    left_out = {path.resolve() for path in skip}
    listed, closed = files_under(folders)
    files = [(name, path) for name, path in listed if path.resolve() not in left_out]
    chest = KeyChest(vault, keys or {})
    for _, path in files:
        _collect_keys(path, chest)
    while True:
        known = len(chest)
        work = _Scan(needles, chest, closed)
        work.run(files, progress)
        if len(chest) == known:  # else a key came out of something packed: it may open what was read before
            return work.result(time.monotonic() - started)


def find_key(
    roots: Path | Sequence[Path],
    vault: Vault,
    key: bytes,
    *,
    skip: Collection[Path] = (),
) -> tuple[Hit, ...]:
    """Every copy of a raw key: its bytes in any form, and wrapped under any of the master's keys."""
    return scan(roots, vault, (Needle(number=0, kind="key", data=key),), skip=skip).hits


# ---------------------------------------------------------------- keys first
def _collect_keys(path: Path, chest: KeyChest) -> None:
    try:
        with closing(OpenFile(path)) as file:
            for at in range(0, file.size, _WINDOW):
                data = file.read(at, _WINDOW + unseal.WRAPPED_BYTES)
                for _, key in unseal.wrapped_keys(data, chest.unwrap):
                    chest.add(key)
    except OSError:
        return  # the scan proper reports it


# ---------------------------------------------------------------- the scan proper
class _Around:
    """Where a stretch of bytes comes from."""

    __slots__ = ("depth", "how", "owner", "place")

    def __init__(self, place: str, how: str = "", owner: str = "", depth: int = 0) -> None:
        self.place, self.how, self.owner, self.depth = place, how, owner, depth

    def inside(self, how: str, owner: str | None = None) -> _Around:
        """One packing deeper."""
        outer = f"{self.how} > {how}" if self.how else how
        return _Around(self.place, outer, self.owner if owner is None else owner, self.depth + 1)

    def at(self, place: str) -> _Around:
        """The same in a part of the place."""
        return _Around(f"{self.place} › {place}", self.how, self.owner, self.depth)


class _Scan:
    """One pass over all files; counts as it goes."""

    def __init__(self, needles: Sequence[Needle], chest: KeyChest, unreadable: Sequence[str]) -> None:
        forms = {needle.number: patterns_of(needle) for needle in needles}
        self._chest = chest
        self._sieve = Sieve([p for found in forms.values() for p in found], (*unpack.MAGICS, *unseal.MAGICS))
        self._key_needles = {needle.data: needle.number for needle in needles if needle.kind == "key"}
        self._too_short = tuple(number for number, found in forms.items() if not found)
        self._needles = len(needles)
        self._hits: Counter[tuple[str, str, int, str]] = Counter()
        self._opened: set[bytes] = set()  # nonces
        self._clean: set[bytes] = set()  # of those, whose text was searched whole and held nothing
        self._unopened: set[bytes] = set()
        self._unopened_raw: set[bytes] = set()
        self._unreadable = list(unreadable)
        self._files = self._bytes = self._rows = self._frames = self._records = self._cut = 0

    # ------------------------------------------------------------ all
    def run(self, files: Sequence[tuple[str, Path]], progress: Callable[[int, int], None] | None) -> None:
        """Rows first: what is opened there whole need not be opened again in raw pages."""
        names = _BREAK.join(name.encode("utf-8", "surrogateescape") for name, _ in files)
        self._data(names, _Around("names of files"), text=True)
        total = sum(size_of(path) for _, path in files)
        for name, path in files:
            if head_of(path, len(_SQLITE)) == _SQLITE:
                self._database(path, _Around(name))
        for name, path in files:
            try:
                with closing(OpenFile(path)) as file:
                    self._files += 1
                    self._bytes += file.size
                    self._stream(file.read, file.size, _Around(name), text=unpack.is_text(file.read(0, 4096)))
            except FileNotFoundError:
                continue  # drained or cut meanwhile: it holds nothing
            except OSError as error:
                self._unreadable.append(f"{name}: {error.strerror}")
            if progress is not None:
                progress(self._bytes, total)

    def result(self, seconds: float) -> ScanResult:
        """Everything counted so far."""
        return ScanResult(
            hits=tuple(
                Hit(place=place, decoded=decoded, needle=needle, owner=owner, count=count)
                for (place, decoded, needle, owner), count in sorted(self._hits.items())
            ),
            needles=self._needles,
            too_short=self._too_short,
            files=self._files,
            size_bytes=self._bytes,
            rows=self._rows,
            frames_unpacked=self._frames,
            keys=len(self._chest),
            sealed_opened=len(self._opened) + self._records,
            sealed_unopened=len(self._unopened),
            sealed_unopened_raw=len(self._unopened_raw - self._unopened),
            cut=self._cut,
            unreadable=tuple(self._unreadable),
            seconds=seconds,
        )

    # ------------------------------------------------------------ bytes
    def _data(self, data: bytes, around: _Around, *, text: bool | None = None) -> None:
        """Scan something that is in memory."""
        if not data or around.depth > _DEEPEST:
            self._cut += around.depth > _DEEPEST
            return
        self._stream(reader(data), len(data), around, text=unpack.is_text(data) if text is None else text)
        if around.depth and data.startswith(_SQLITE):
            self._database_in(data, around)

    def _stream(self, read: Read, size: int, around: _Around, *, text: bool) -> None:
        overlap = max(self._sieve.longest, 4096)
        for at in range(0, size, _WINDOW):
            lead = min(at, 4)  # what stands before a needle may make it a part of another word
            data = read(at - lead, lead + _WINDOW + overlap)
            hits, magics = self._sieve.sift(data)
            for place, pattern in hits:
                if lead <= place < lead + _WINDOW:
                    self._hit(around, pattern.form, pattern.needle)
            places = [place for place in magics if lead <= place < lead + _WINDOW]
            self._wrapped(data, places, around)
            self._sealed(data, at - lead, places, read, around)
            self._packed(data, at - lead, places, read, around)
            if text:
                for run in unpack.runs(data[lead:]):
                    self._data(run.data, around.inside(run.how))

    def _hit(self, around: _Around, form: str, needle: int) -> None:
        self._hits[around.place, f"{around.how} > {form}" if around.how else form, needle, around.owner] += 1

    def _wrapped(self, data: bytes, places: Iterable[int], around: _Around) -> None:
        for place in places:
            if data.startswith(unseal.WRAPPED, place):
                key = self._chest.unwrap(data[place : place + unseal.WRAPPED_BYTES])
                if key is not None:
                    self._chest.add(key)
                    if key in self._key_needles:
                        self._hit(around, "wrapped key", self._key_needles[key])

    # ------------------------------------------------------------ packed
    def _packed(self, data: bytes, base: int, places: Iterable[int], read: Read, around: _Around) -> None:
        for place in places:
            if data.startswith(unseal.SEGMENT, place):
                self._segment(read, base + place, around)
            elif not data.startswith(unseal.MAGICS, place):
                self._unpacked(unpack.unpack_at(read, base + place), around)
        for place in _zlib_places(data[: _WINDOW + 4]):
            self._unpacked(unpack.zlib_at(read, base + place), around)

    def _unpacked(self, found: unpack.Unpacked | None, around: _Around) -> None:
        if found is not None:
            self._frames += found.whole
            self._cut += found.cut
            self._data(found.data, around.inside(found.how))

    def _segment(self, read: Read, at: int, around: _Around) -> None:
        records = unseal.segment_records(read, at, self._chest.unwrap)
        if records is None:
            return
        for batch in _batches(records, len, _BATCH):
            self._records += len(batch)
            self._data(_BREAK.join(batch), around.inside("spool", owner="spool"))

    # ------------------------------------------------------------ sealed
    def _sealed(self, data: bytes, base: int, places: Sequence[int], read: Read, around: _Around) -> None:
        heads = [(at, head) for at, head in unseal.sealed_heads(data, places) if head[3:15] not in self._clean]
        if not heads:
            return
        texts: dict[str, list[tuple[bytes, bytes]]] = {}
        for (at, head), key in zip(heads, self._chest.match([head for _, head in heads]), strict=True):
            nonce = head[3:15]
            if key is None:
                value = base + at == 0 or data[max(at - 3, 0) : at] == _BREAK
                (self._unopened if value else self._unopened_raw).add(nonce)
                continue
            plain, whole = self._chest.open_at(read, base + at, key)
            self._opened.add(nonce)
            texts.setdefault(self._chest.owner(key), []).append((plain, nonce if whole else b""))
        for owner, opened in texts.items():
            for batch in _batches(opened, lambda one: len(one[0]), _OPENED):
                before = self._hits.total()
                self._data(_BREAK.join(plain for plain, _ in batch), around.inside("sealed", owner))
                if self._hits.total() == before:
                    self._clean.update(nonce for _, nonce in batch if nonce)

    # ------------------------------------------------------------ databases
    def _database(self, path: Path, around: _Around) -> None:
        """A file beside a WAL is read through it; one without is not touched, so no WAL appears beside it."""
        mode = "mode=ro" if path.with_name(path.name + "-wal").exists() else "immutable=1"
        try:
            with closing(sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True, timeout=20)) as connection:
                self._tables(connection, around)
        except sqlite3.Error as error:
            self._unreadable.append(f"{around.place}: as a database: {error}")

    def _database_in(self, data: bytes, around: _Around) -> None:
        """A database that came out of something packed."""
        journalled = data[:18] + b"\1\1" + data[20:]  # one in memory cannot have a WAL
        try:
            with closing(sqlite3.connect(":memory:")) as connection:
                connection.deserialize(journalled)
                self._tables(connection, around)
        except sqlite3.Error:
            return  # torn; its bytes were searched raw

    def _tables(self, connection: sqlite3.Connection, around: _Around) -> None:
        connection.text_factory = bytes
        connection.execute("BEGIN")
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in tables:
            table = name.decode()
            try:
                cursor = connection.execute('SELECT * FROM "' + table.replace('"', '""') + '"')
            except sqlite3.OperationalError as error:  # a virtual table; its shadow tables are read
                self._unreadable.append(f"{around.place} › {table}: {error}")
                continue
            self._rows_of(cursor, around, table)

    def _rows_of(self, cursor: sqlite3.Cursor, around: _Around, table: str) -> None:
        names = [column[0] for column in cursor.description]
        kept: list[list[bytes]] = [[] for _ in names]
        sizes = [0] * len(names)

        def flush(index: int) -> None:
            self._data(_BREAK + _BREAK.join(kept[index]), around.at(f"{table}.{names[index]}"))
            kept[index].clear()
            sizes[index] = 0

        for row in cursor:
            self._rows += 1
            for index, value in enumerate(row):
                if isinstance(value, bytes) and value:
                    kept[index].append(value)
                    sizes[index] += len(value)
                    if sizes[index] > _BATCH:
                        flush(index)
        for index, values in enumerate(kept):
            if values:
                flush(index)


def _batches(items: Iterable[Item], size: Callable[[Item], int], most: int) -> Iterator[list[Item]]:
    """Lists of items that are `most` bytes together, or a little more."""
    batch: list[Item] = []
    total = 0
    for item in items:
        batch.append(item)
        total += size(item)
        if total > most:
            yield batch
            batch, total = [], 0
    if batch:
        yield batch


def _zlib_places(data: bytes) -> list[int]:
    """Where two bytes stand that a zlib stream begins with."""
    found: list[int] = []
    for shift in (0, 1):
        piece = data[shift : shift + (len(data) - shift) // 2 * 2]
        pairs = np.frombuffer(piece, dtype="<u2")
        right = (pairs == _ZLIB[0]) | (pairs == _ZLIB[1]) | (pairs == _ZLIB[2]) | (pairs == _ZLIB[3])
        found += [int(index) * 2 + shift for index in np.flatnonzero(right)]
    return found
