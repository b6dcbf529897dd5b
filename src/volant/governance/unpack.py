"""Unpack: what lies packed at a place in a stream of bytes, found by how it begins.

Knows zstd, gzip, zlib, bzip2, xz and zip entries, and runs of base64 or hex in text. A frame may begin anywhere and be
cut off; nothing opens to more than `LARGEST` bytes. Knows nothing of keys: sealed values are `unseal`'s.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from backports import zstd

from volant.governance.places import Read

LARGEST = 64 << 20  # bytes that one frame may open to; more is cut and counted
_FIRST, _MOST = 2 << 10, 1 << 20  # bytes read at once, growing; the larger bounds what comes out at once too
_RUN = 24  # digits of base64 that are worth decoding
_HEX = re.compile(rb"[0-9a-f]+|[0-9A-F]+")
_DIGITS = np.zeros(256, dtype=np.bool_)
_DIGITS[list(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")] = True
_STANDARD = bytes.maketrans(b"-_", b"+/")


class Stream(Protocol):
    """A decompressor in the manner of the standard library's."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    def decompress(self, data: bytes, /, max_length: int) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """What came out of one frame."""

    how: str  # "zstd", "gzip", ...
    data: bytes = field(repr=False)
    whole: bool  # the frame's end was reached
    cut: bool = False  # it would have opened to more than LARGEST


def zstd_stream() -> Stream:
    """A decompressor that takes windows of up to 128 MiB."""
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: 27})


class _Zlib:
    """zlib's decompressor, brought into that manner."""

    def __init__(self, window: int) -> None:
        self._inner = zlib.decompressobj(window)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    def decompress(self, data: bytes, /, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


@dataclass(frozen=True, slots=True)
class _Kind:
    how: str
    magic: bytes
    open: Callable[[], Stream]
    confirm: re.Pattern[bytes] | None = None


_KINDS = (
    _Kind("zstd", b"\x28\xb5\x2f\xfd", zstd_stream),
    _Kind("gzip", b"\x1f\x8b\x08", lambda: _Zlib(31)),
    _Kind("bzip2", b"BZh", bz2.BZ2Decompressor, re.compile(rb"BZh[1-9]1AY&SY")),
    _Kind("xz", b"\xfd7zXZ\0", lzma.LZMADecompressor),
)
_ZIP = b"PK\x03\x04"
MAGICS = (*(kind.magic for kind in _KINDS), _ZIP)
_ERRORS = (zstd.ZstdError, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, MemoryError)


def unpack_at(read: Read, at: int) -> Unpacked | None:
    """What is packed at `at`; None when nothing that opens begins there."""
    head = read(at, 30)
    for kind in _KINDS:
        if head.startswith(kind.magic) and (kind.confirm is None or kind.confirm.match(head)):
            return _run(kind.how, kind.open(), read, at)
    if head.startswith(_ZIP) and len(head) == 30 and int.from_bytes(head[8:10], "little") == 8:
        start = at + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        return _run("zip", _Zlib(-15), read, start)
    return None


def zlib_at(read: Read, at: int) -> Unpacked | None:
    """A bare zlib stream; its two bytes come up by chance all the time, so only one that ends well counts."""
    found = _run("zlib", _Zlib(15), read, at)
    return found if found is not None and found.whole else None


def _run(how: str, stream: Stream, read: Read, at: int) -> Unpacked | None:
    data, whole, cut = run_stream(stream, read, at)
    return Unpacked(how=how, data=data, whole=whole, cut=cut) if data else None


def run_stream(stream: Stream, read: Read, at: int) -> tuple[bytes, bool, bool]:
    """(what came out, whether the end was reached, whether it is more than `LARGEST`) of what begins at `at`.

    `read` is asked for one stretch after the other.
    """
    out: list[bytes] = []
    size, step = 0, _FIRST
    try:
        while not stream.eof and size < LARGEST:
            data = b""
            if stream.needs_input:
                data = read(at, step)
                if not data:
                    break
                at, step = at + len(data), min(step * 4, _MOST)
            piece = stream.decompress(data, max_length=_MOST)
            out.append(piece)
            size += len(piece)
    except _ERRORS:
        pass  # no such stream, torn or overwritten: what came out so far
    return b"".join(out), stream.eof, size >= LARGEST and not stream.eof


def is_text(head: bytes) -> bool:
    """True when the beginning of a stream looks like text in an encoding that ASCII is part of."""
    sample = head[:4096]
    if not sample:
        return False
    odd = sum(sample.count(byte) for byte in (b"\0", b"\1", b"\2", b"\3", b"\4", b"\5", b"\6", b"\x0e", b"\xff"))
    return odd * 50 < len(sample)


def runs(text: bytes) -> Iterator[Unpacked]:
    """All runs of base64, decoded and put together, and the same for hex; at most one of each."""
    found: list[bytes] = []
    digits: list[bytes] = []
    for start, end, goes_on in _runs(text):
        run = text[start:end].translate(_STANDARD)
        if goes_on:  # the next line of the same wrapped text
            found[-1] += run
        else:
            found.append(run)
        if len(run) >= 2 * _RUN and _HEX.fullmatch(run):
            digits.append(run[: len(run) // 2 * 2])
    if found:
        padded = b"AAAA".join(run + b"A" * (-len(run) % 4) for run in found)  # three zero bytes between two
        yield Unpacked(how="base64", data=base64.b64decode(padded), whole=True)
    if digits:
        yield Unpacked(how="hex", data=binascii.unhexlify(b"000000".join(digits)), whole=True)


def _runs(text: bytes) -> Iterator[tuple[int, int, bool]]:
    """(start, end, goes on from the line before) of each stretch of at least `_RUN` base64 digits."""
    data = np.frombuffer(text, dtype=np.uint8)
    edges = np.flatnonzero(np.diff(_DIGITS[data], prepend=np.False_, append=np.False_))
    starts, ends = edges[::2], edges[1::2]
    long = ends - starts >= _RUN
    between = starts[1:] - ends[:-1]
    after_line = (data[starts[1:] - 1] == 10) & ((between == 1) | ((between == 2) & (data[starts[1:] - 2] == 13)))
    goes_on = np.concatenate(([False], after_line & long[:-1])) if len(starts) else long
    kept = long | goes_on  # the last line of a wrapped text may be short
    return zip(starts[kept].tolist(), ends[kept].tolist(), goes_on[kept].tolist(), strict=True)
