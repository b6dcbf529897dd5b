"""Spool: append-only segments of one worker, read back by control.

    DIR/0000000001.seg     header  b"VSP1" | u16 length | segment key wrapped under the kek
                           frame   u32 length | u32 crc32 of what follows | u64 counter, big-endian | ciphertext + tag
                           zeros   room reserved for what comes; cut off when the segment is closed

Knows bytes; does not know what a record is. An append is a copy into a memory-mapped file whose blocks were reserved
before (1 µs; a write to a growing file costs 8), so what it acknowledged belongs to the kernel and survives `kill -9`
of any process; where the system cannot reserve blocks, it is one `os.write`. The power-cut window is what passes
between two calls of `sync`. A writer holds a lock (flock) on its open segment; a segment whose lock is free is closed.
Other numbers are little-endian; the counter is the AES-256-GCM nonce and is never used twice under one segment key, not
even after a write that failed. A frame's length is written last, so a reader never sees half a frame.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from volant.core.errors import BadInput, StorageFull
from volant.store.vault import new_key, unwrap_key, wrap_key

_MAGIC = b"VSP1"
_FRAME = struct.Struct("<IIQ")
_LENGTH, _COUNTER_AT = 4, 8
_WORD, _COUNT = struct.Struct("<I"), struct.Struct(">Q")
_TAG_BYTES = 16
_AHEAD_BYTES = 256 << 10
_MADV_POPULATE_WRITE = 23  # Linux 5.14; Python has no name for it yet
_CHUNK = 1 << 20  # bytes read at once
_SUFFIX = ".seg"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
CAN_RESERVE = hasattr(os, "posix_fallocate")


# ---------------------------------------------------------------- files that are written
class _File(Protocol):
    """An open segment. `size` is what was written, `limit` the most it can hold."""

    fd: int
    size: int
    limit: int

    def append(self, cipher: AESGCM, counter: int, record: bytes) -> None:
        """The whole frame or nothing. Raises OSError."""
        ...

    def close(self) -> None: ...


class _Mapped:
    """Blocks reserved first, then sealed right into: a full disk shows at the start, never inside a record."""

    __slots__ = ("_map", "_populated", "_view", "fd", "limit", "size")

    def __init__(self, fd: int, header: bytes, reserve: int) -> None:
        os.posix_fallocate(fd, 0, reserve)
        self._map = mmap.mmap(fd, reserve)
        self._map[: len(header)] = header
        self._view = memoryview(self._map)
        self.fd, self.size, self.limit = fd, len(header), reserve
        self._populated = 0

    def append(self, cipher: AESGCM, counter: int, record: bytes) -> None:
        at = self.size
        end = at + _FRAME.size + len(record) + _TAG_BYTES
        if end > self._populated:
            self._populate(end)
        view = self._view
        cipher.encrypt_into(counter.to_bytes(12, "big"), record, _MAGIC, view[at + _FRAME.size : end])
        _COUNT.pack_into(view, at + _COUNTER_AT, counter)
        _WORD.pack_into(view, at + _LENGTH, zlib.crc32(view[at + _COUNTER_AT : end]))
        view[at : at + _LENGTH] = (end - at - _COUNTER_AT).to_bytes(4, "little")  # last, and in one: now it is there
        self.size = end

    def _populate(self, end: int) -> None:
        """Have the next pages ready at once: a page fault each costs as much as the record. Where the system cannot
        (Linux before 5.14, others), they come one by one."""
        start = self._populated
        self._populated = min(len(self._view), max(end, start + _AHEAD_BYTES))
        first = start - start % mmap.PAGESIZE
        if sys.platform != "linux":
            return
        with contextlib.suppress(OSError):
            self._map.madvise(_MADV_POPULATE_WRITE, first, self._populated - first)

    def close(self) -> None:
        self._view.release()
        self._map.close()
        os.ftruncate(self.fd, self.size)
        os.close(self.fd)


class _Plain:
    """One write a frame, for systems without posix_fallocate."""

    __slots__ = ("fd", "limit", "size")

    def __init__(self, fd: int, header: bytes) -> None:
        if os.write(fd, header) != len(header):
            raise OSError(errno.ENOSPC, "the disk took only a part of a new segment's header")
        self.fd, self.size, self.limit = fd, len(header), 1 << 62

    def append(self, cipher: AESGCM, counter: int, record: bytes) -> None:
        nonce = counter.to_bytes(12, "big")
        sealed = nonce[4:] + cipher.encrypt(nonce, record, _MAGIC)
        frame = struct.pack("<II", len(sealed), zlib.crc32(sealed)) + sealed
        written = os.write(self.fd, frame)
        if written != len(frame):
            os.ftruncate(self.fd, self.size)
            os.lseek(self.fd, self.size, os.SEEK_SET)
            raise OSError(errno.ENOSPC, "the disk took only a part of the record")
        self.size += written

    def close(self) -> None:
        os.close(self.fd)


# ---------------------------------------------------------------- writing
class SpoolWriter:
    """Appends sealed records to the newest segment of one folder. One writer a folder; not thread-safe."""

    def __init__(
        self,
        folder: Path | str,
        kek: bytes,
        *,
        segment_bytes: int = 4 << 20,
        segment_s: float = 10.0,
        max_bytes: int = 4 << 30,
        min_free_bytes: int = 0,
        full_while: Path | None = None,
        reserve: bool = CAN_RESERVE,
        defer: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Rotates at `segment_bytes` or `segment_s`; refuses beyond `max_bytes` in the folder, and where the disk has
        less than `min_free_bytes` left or the file `full_while` is there (looked at once a second). `reserve`: map
        segments whose blocks are reserved.
        `defer`: a full segment is flushed and closed by the next `flusher`, not by the append that found it full.

        The first segment is made by the first append, so that a full disk does not keep a gateway from starting.
        """
        self._folder = Path(folder)
        self._kek = kek
        self._segment_bytes = segment_bytes
        self._segment_s = segment_s
        self._max_bytes = max_bytes
        self._min_free_bytes = min_free_bytes
        self._full_while = full_while
        self._reserve = reserve
        self._defer = defer
        self._retired: list[_File] = []
        self._monotonic = monotonic
        self._look_at = 0.0  # when the disk's free space is looked at again
        self._is_low = False
        self._is_over_ceiling = False
        self._file: _File | None = None
        self._path = Path()
        self._counter = 0
        self._opened_at = 0.0
        self._dirty = False
        self._cipher = AESGCM(new_key())
        self._others_bytes = 0  # segments that wait for their drain, as counted at the last rotation
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def append(self, record: bytes) -> None:
        """Seal and write one record; when this returns, `kill -9` does not lose it.

        Raises StorageFull when the disk or the ceiling is full (nothing is left half-written).
        """
        now = self._monotonic()
        if (self._min_free_bytes or self._full_while is not None) and now >= self._look_at:
            self._look(now)
        if self._is_low:
            raise self._storage_full(f"the disk has less than {self._min_free_bytes >> 20} MiB left")
        if self._is_over_ceiling:
            raise self._storage_full("the data directory has reached server.disk_ceiling_mb")
        size = _FRAME.size + len(record) + _TAG_BYTES
        file = self._file
        if (
            file is None
            or file.size >= self._segment_bytes
            or file.size + size > file.limit
            or now - self._opened_at >= self._segment_s
        ):
            if self._defer and file is not None:
                self._retired.append(file)
            else:
                self.rotate()
            file = self._open(size)
        if self._others_bytes + file.size + size > self._max_bytes and self._is_over(file.size + size):
            raise StorageFull(
                "spool_full",
                f"the spool holds its {self._max_bytes} bytes",
                where=str(self._folder),
                hint="control drains the spool: is it running? Else raise the ceiling",
            )
        self._counter += 1
        try:
            file.append(self._cipher, self._counter, record)
        except OSError as error:
            raise self._full(error) from error
        self._dirty = True

    def is_stale(self) -> bool:
        """True when the open segment holds something and is older than `segment_s`."""
        return self._is_old(self._monotonic())

    def retire_stale(self) -> None:
        """Have the next `flusher` close a segment that `is_stale`, so that an idle worker leaves nothing behind."""
        if self._file is not None and self.is_stale():
            self._retired.append(self._file)
            self._file = None

    def rotate(self) -> None:
        """Close the open segment, so that it can be drained and deleted. The next append opens another."""
        if self._file is not None:
            self._retired.append(self._file)
            self._file = None
        if (flush := self.flusher()) is not None:
            flush()

    def sync(self) -> None:
        """Flush to the medium what was appended since the last call. May take milliseconds."""
        if (flush := self.flusher()) is not None:
            flush()

    def flusher(self) -> Callable[[], None] | None:
        """What `sync` would do, for another thread to call once; None where there is nothing to flush."""
        retired, self._retired = self._retired, []
        own = -1
        if self._file is not None and self._dirty:
            own = os.dup(self._file.fd)  # a rotation meanwhile does not matter
            self._dirty = False
        if own < 0 and not retired:
            return None

        def flush() -> None:
            for file in retired:
                try:
                    os.fsync(file.fd)
                finally:
                    file.close()  # frees the lock
            if own >= 0:
                try:
                    os.fsync(own)
                finally:
                    os.close(own)

        return flush

    def close(self) -> None:
        """Close for good; a later append would open a new segment."""
        self.rotate()

    # ------------------------------------------------------------ inside
    def _is_old(self, now: float) -> bool:
        return self._file is not None and self._counter > 0 and now - self._opened_at >= self._segment_s

    def _look(self, now: float) -> None:
        disk = os.statvfs(self._folder)
        self._is_low = disk.f_bavail * disk.f_frsize < self._min_free_bytes
        self._is_over_ceiling = self._full_while is not None and self._full_while.exists()
        self._look_at = now + 1.0

    def _is_over(self, wanted: int) -> bool:
        """Count again what the folder holds: control may have drained some of it."""
        self._others_bytes = sum(_size_of(path) for path in segments(self._folder) if path != self._path)
        return self._others_bytes + wanted > self._max_bytes

    def _full(self, error: OSError) -> Exception:
        return self._storage_full(str(error)) if error.errno in _FULL else error

    def _storage_full(self, message: str) -> StorageFull:
        return StorageFull("disk_full", message, where=str(self._folder), hint="free some space on that disk")

    def _open(self, first: int) -> _File:
        """Make the next segment, for a first frame of `first` bytes: written and locked under another name first, so
        that nobody sees half a header."""
        existing = segments(self._folder)
        number = int(existing[-1].stem) + 1 if existing else 1
        key = new_key()
        wrapped = wrap_key(self._kek, key)
        header = _MAGIC + struct.pack("<H", len(wrapped)) + wrapped
        temporary = self._folder / f".new.{os.getpid()}"
        path = self._folder / f"{number:010d}{_SUFFIX}"
        fd = -1
        try:
            fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            fcntl.flock(fd, fcntl.LOCK_EX)
            file: _File
            if self._reserve:
                file = _Mapped(fd, header, max(self._segment_bytes, len(header) + first))
            else:
                file = _Plain(fd, header)
            os.rename(temporary, path)
        except OSError as error:
            if fd >= 0:
                os.close(fd)
                temporary.unlink(missing_ok=True)  # it may hold the last free blocks
            raise self._full(error) from error
        self._others_bytes = sum(_size_of(other) for other in existing)
        self._file, self._path, self._counter = file, path, 0
        self._cipher, self._opened_at, self._dirty = AESGCM(key), self._monotonic(), True
        return file


# ---------------------------------------------------------------- reading
def segments(folder: Path | str) -> list[Path]:
    """The segments of one worker's folder, oldest first."""
    place = Path(folder)
    try:
        names = os.listdir(place)
    except FileNotFoundError:
        return []
    return [place / name for name in sorted(names) if name.endswith(_SUFFIX) and name[: -len(_SUFFIX)].isdigit()]


class SegmentReader:
    """Reads one segment, also while it grows: `read()` again goes on where the last one ended."""

    def __init__(self, path: Path | str, kek: bytes) -> None:
        self.path = Path(path)
        self.damaged = 0  # frames that were whole but wrong (a bit flipped on the medium)
        self.torn = False  # the last read ended at something that is no whole frame (yet)
        self.offset = 0
        self._at_room = False  # the last read ended at reserved room
        self._kek = kek
        self._cipher: AESGCM | None = None

    def read(self, limit: int = 1_000_000) -> list[bytes]:
        """Up to `limit` records that follow; empty at the end. Raises BadInput for another master key."""
        fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return self._read(fd, limit)
        finally:
            os.close(fd)

    def rewind(self, offset: int) -> None:
        """Go back to an offset that was there before a `read`; 0 is before the header, which is read again."""
        self.offset = offset
        if offset == 0:
            self._cipher = None

    def at_end(self) -> bool:
        """True when nothing whole is left to read (a torn tail and reserved room do not count)."""
        return self.torn or self.offset >= _size_of(self.path)

    def _read(self, fd: int, limit: int) -> list[bytes]:
        if self._cipher is None:
            self._cipher = self._read_header(os.pread(fd, 1024, 0))
            if self._cipher is None:
                return []
        data = os.pread(fd, _LENGTH, self.offset)
        if any(data):  # else nothing came since: most looks end here
            data = os.pread(fd, _CHUNK, self.offset)
        records = self._frames(data, limit)
        if self.torn and not self._at_room and len(data) == _CHUNK:  # inside the file, not at its end
            self.torn = False
            if not records:  # one frame larger than the chunk
                records = self._frames(os.pread(fd, os.fstat(fd).st_size, self.offset), limit)
        return records

    def _read_header(self, head: bytes) -> AESGCM | None:
        if len(head) < 6:
            self.torn = True
            return None
        if head[:4] != _MAGIC:
            raise BadInput("not_a_segment", f"it starts with {head[:4]!r}", where=str(self.path))
        end = 6 + int.from_bytes(head[4:6], "little")
        if len(head) < end:
            self.torn = True
            return None
        cipher = AESGCM(unwrap_key(self._kek, head[6:end]))
        self.offset = end
        return cipher

    def _frames(self, data: bytes, limit: int) -> list[bytes]:
        assert self._cipher is not None
        decrypt, view = self._cipher.decrypt, memoryview(data)
        out: list[bytes] = []
        at, end = 0, len(data)
        self.torn = self._at_room = False
        while len(out) < limit and at < end:
            length = int.from_bytes(data[at : at + _LENGTH], "little")
            stop = at + _COUNTER_AT + length
            if length < 8 or stop > end:  # reserved room, or a tail that was cut off
                self.torn = True
                self._at_room = length == 0 and at + _LENGTH <= end
                break
            checksum, counter = data[at + _LENGTH : at + _COUNTER_AT], data[at + _COUNTER_AT : at + _FRAME.size]
            record: bytes | None = None
            if zlib.crc32(view[at + _COUNTER_AT : stop]) == int.from_bytes(checksum, "little"):
                with contextlib.suppress(InvalidTag):
                    record = decrypt(b"\0\0\0\0" + counter, view[at + _FRAME.size : stop], _MAGIC)
            if record is not None:
                out.append(record)
            elif not any(data[stop : stop + _LENGTH]):  # the last frame: it may be on its way
                self.torn = True
                break
            else:
                self.damaged += 1
            at = stop
        self.offset += at
        return out


def read_segment(path: Path | str, kek: bytes) -> Iterator[bytes]:
    """The records of one segment, oldest first; a torn tail is left out, a damaged frame is passed over."""
    reader = SegmentReader(path, kek)
    while True:
        before = reader.offset
        yield from reader.read()
        if reader.offset == before:
            return


class Drain:
    """Hands the records of every worker's segments to a sink, and deletes what is closed and handed on.

    The sink is called with at most `batch` records and must have committed them when it returns; after a crash the
    same records come again, so it must know them by their id. Offsets are kept in memory only.
    """

    def __init__(self, root: Path | str, kek: bytes, sink: Callable[[list[bytes]], None], *, batch: int = 500) -> None:
        self._root = Path(root)
        self._kek = kek
        self._sink = sink
        self._batch = batch
        self._readers: dict[Path, SegmentReader] = {}
        self.damaged = 0

    def run_once(self) -> int:
        """Drain all that is there now; the number of records handed on. A sink's error leaves them for the next."""
        total = 0
        for folder in _folders(self._root):
            for path in segments(folder):
                total += self._drain_segment(path)
        return total

    def _drain_segment(self, path: Path) -> int:
        closed = _is_closed(path)  # asked first: what is written before the lock was freed is read below
        reader = self._readers.setdefault(path, SegmentReader(path, self._kek))
        total = 0
        while True:
            before = reader.offset
            records = reader.read(self._batch)
            if records:
                try:
                    self._sink(records)
                except BaseException:
                    reader.rewind(before)
                    raise
                total += len(records)
            if reader.offset == before:
                break
        if closed and reader.at_end():
            self.damaged += reader.damaged
            del self._readers[path]
            path.unlink()
        return total


def drain(root: Path | str, kek: bytes, sink: Callable[[list[bytes]], None], *, batch: int = 500) -> int:
    """One pass over every worker's folder under `root`; see Drain."""
    return Drain(root, kek, sink, batch=batch).run_once()


def _folders(root: Path) -> list[Path]:
    """One a worker. Asked at every look for records, so by the system's own list: a glob costs ten times as much."""
    try:
        with os.scandir(root) as found:
            return sorted(root / entry.name for entry in found if entry.is_dir())
    except FileNotFoundError:
        return []


def _is_closed(path: Path) -> bool:
    """True when no writer holds the segment."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0  # drained meanwhile
