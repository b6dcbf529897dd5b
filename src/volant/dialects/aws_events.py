"""AWS events: cut and read a binary event stream (`application/vnd.amazon.eventstream`).

    total length (4) | headers' length (4) | CRC-32 of those 8 (4) | headers | payload | CRC-32 of all before (4)

A frame whose lengths are wrong cannot be cut; it is given as it is, for `read` to refuse. Source: AWS, "Amazon event
stream encoding" (Smithy specification, read November 2026).
"""

from __future__ import annotations

import struct
import zlib

from volant.core.errors import UpstreamFailed

PRELUDE = 12
MAX_FRAME = 24 << 20  # AWS allows 16 MiB of payload and 128 KiB of headers
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}  # type of a header's value → bytes; 6 and 7 say their own
_TEXT = 7


class EventCutter:
    """Gives whole frames out of pieces that the network cut anywhere."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> list[bytes]:
        """The frames that `piece` completes, in order; what comes after a broken one stays with it."""
        data = self._rest + piece if self._rest else piece
        frames: list[bytes] = []
        start = 0
        while len(data) - start >= PRELUDE:
            length = _length(data[start : start + PRELUDE])
            if length is None:
                frames.append(data[start:])
                start = len(data)
            elif len(data) - start < length:
                break
            else:
                frames.append(data[start : start + length])
                start += length
        self._rest = data[start:]
        return frames

    def flush(self) -> bytes:
        """At the end of the stream: what came of a frame that has not ended."""
        rest, self._rest = self._rest, b""
        return rest


def read(frame: bytes) -> tuple[dict[str, str], bytes]:
    """Headers whose values are texts, and the payload. Raises UpstreamFailed `invalid_chunk` for a damaged frame."""
    length = _length(frame[:PRELUDE]) if len(frame) >= PRELUDE else None
    if length is None or length != len(frame):
        raise _broken("its lengths do not fit")
    if zlib.crc32(frame[:-4]) != int.from_bytes(frame[-4:], "big"):
        raise _broken("its checksum does not fit")
    end = PRELUDE + int.from_bytes(frame[4:8], "big")
    return _headers(frame[PRELUDE:end]), frame[end:-4]


def write(headers: dict[str, str], payload: bytes) -> bytes:
    """One frame, as AWS sends it: for stand-ins and tests."""
    said = b"".join(
        bytes([len(name.encode())]) + name.encode() + struct.pack(">BH", _TEXT, len(value.encode())) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", PRELUDE + len(said) + len(payload) + 4, len(said))
    frame = prelude + struct.pack(">I", zlib.crc32(prelude)) + said + payload
    return frame + struct.pack(">I", zlib.crc32(frame))


def _length(prelude: bytes) -> int | None:
    """Of the whole frame; None where the prelude is damaged."""
    total, headers, checksum = struct.unpack(">III", prelude)
    fits = PRELUDE + headers + 4 <= total <= MAX_FRAME
    return total if fits and zlib.crc32(prelude[:8]) == checksum else None


def _headers(data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    try:
        while at < len(data):
            end = at + 1 + data[at]
            name, kind = data[at + 1 : end].decode(), data[end]
            at = end + 1
            if kind in (6, _TEXT):
                size = int.from_bytes(data[at : at + 2], "big")
                at += 2
            else:
                size = _SIZES[kind]
            if at + size > len(data):
                raise IndexError
            if kind == _TEXT:
                found[name] = data[at : at + size].decode()
            at += size
    except (IndexError, KeyError, UnicodeDecodeError):
        raise _broken("its headers cannot be read") from None
    return found


def _broken(why: str) -> UpstreamFailed:
    return UpstreamFailed("invalid_chunk", f"the upstream's stream has a damaged frame: {why}")
