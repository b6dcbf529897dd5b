"""SSE: cut a byte stream into events, wherever the network cut it.

Source: WHATWG HTML, "Server-sent events", 9.2.6 (lines end with CR LF, LF or CR; an empty line ends an event). Knows
nothing of what the data mean.
"""

from __future__ import annotations

import re

_BOUNDARY = re.compile(rb"\r\n\r\n|\n\n|\r\r|\r\n\n|\n\r\n")
_LONGEST_BOUNDARY = 4  # bytes
_LINE = re.compile(rb"\r\n|\n|\r")


class SseCutter:
    """Gives whole events out of pieces: raw bytes, each with the empty line that ends it."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = bytearray()

    @property
    def rest(self) -> bytes:
        """What came of an event that has not ended."""
        return bytes(self._rest)

    def feed(self, piece: bytes) -> list[bytes]:
        """The events that `piece` completes, in order; their bytes joined are the stream's, unchanged.

        A CR at the very end may be half of a CR LF, so an event that ends with one is given with the next piece.
        """
        looked = max(0, len(self._rest) - _LONGEST_BOUNDARY + 1)  # before it no boundary begins
        data: bytes | bytearray = piece
        if self._rest:
            self._rest += piece  # in place: an event of megabytes comes in many pieces
            data = self._rest
        events: list[bytes] = []
        start = 0
        for match in _BOUNDARY.finditer(data, looked):
            end = match.end()
            if end == len(data) and data[end - 1] == 13:  # is it the first half of CR LF?
                break
            events.append(bytes(data[start:end]))
            start = end
        if start or data is piece:
            self._rest = bytearray(data[start:])
        return events

    def flush(self) -> bytes:
        """At the end of the stream: the rest, which some servers do not end with an empty line."""
        rest, self._rest = bytes(self._rest), bytearray()
        return rest


def data_of(event: bytes) -> bytes | None:
    """The `data` of one event, its lines joined by LF; None for a comment or an event without data."""
    if event.startswith(b"data: ") and event.find(b"\n") >= len(event) - 2 and b"\r" not in event:  # the usual one
        return event[6:].rstrip(b"\n")
    lines = []
    for line in _LINE.split(event):
        name, _, value = line.partition(b":")
        if name == b"data":
            lines.append(value[1:] if value.startswith(b" ") else value)
    return b"\n".join(lines) if lines else None


def event_of(data: bytes) -> bytes:
    """One event without a name. `data` must hold no line end (JSON text never does)."""
    return b"data: " + data + b"\n\n"


DONE = b"data: [DONE]\n\n"
