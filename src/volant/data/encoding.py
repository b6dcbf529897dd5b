"""Encoding: how the bytes of a file become text. Reads the file once, in blocks, before it is parsed.

UTF-8 (with or without a byte order mark) and UTF-16 with one are taken as they are. Anything else that is text is read
as Windows-1252, with a notice that names the first line that is not UTF-8. What is not text is refused.
"""

from __future__ import annotations

import codecs
from pathlib import Path

import msgspec

from volant.core.errors import BadInput
from volant.data.rows import Notice

_BLOCK = 1 << 20
_MAGIC = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"SQLite format 3": "an SQLite database",
}
_CONTROLS = bytes(set(range(32)) - {9, 10, 11, 12, 13, 27})


class Encoding(msgspec.Struct, frozen=True, kw_only=True):
    """What to open the file with, and what its reader should know."""

    name: str  # as Python's codecs call it
    notices: tuple[Notice, ...] = ()
    first_character: str = ""  # the first that is not white space


def sniff_encoding(path: Path) -> Encoding:
    """Decide how to decode `path`. Raises BadInput (`not_text`, `not_utf8`), with the line where there is one."""
    with path.open("rb") as file:
        head = file.read(4096)
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            raise _not_text(path, f"this is {what}, not CSV or JSON Lines")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _utf16(path)
    bad = _first_bad_utf8(path)
    first = head.removeprefix(codecs.BOM_UTF8).lstrip()[:1].decode("ascii", "replace")
    if bad is None:
        name = "utf-8-sig" if head.startswith(codecs.BOM_UTF8) else "utf-8"
        return Encoding(name=name, first_character=first)
    line, byte = bad
    try:
        with path.open("r", encoding="cp1252", newline="") as text:
            while text.read(_BLOCK):
                pass
    except UnicodeDecodeError as error:
        raise BadInput(
            "not_utf8",
            f"the byte 0x{byte:02x} is not UTF-8, and the file is not Windows-1252 either ({error.reason})",
            where=f"{path.name}:{line}",
            hint="save the file as UTF-8 and import it again",
        ) from None
    notice = Notice(
        code="encoding_fallback",
        message=f"the byte 0x{byte:02x} is not UTF-8: the file was read as Windows-1252; check accents and quotes",
        source=path.name,
        line=line,
    )
    return Encoding(name="cp1252", notices=(notice,), first_character=first)


def _first_bad_utf8(path: Path) -> tuple[int, int] | None:
    """Line (from 1) and value of the first byte that is not UTF-8, or None. Raises BadInput for control bytes."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, bad, at_end = 1, None, False
    with path.open("rb") as file:
        while not at_end:
            block = file.read(_BLOCK)
            at_end = not block
            controls = len(block) - len(block.translate(None, _CONTROLS))
            if b"\x00" in block or controls > len(block) // 100 + 8:
                raise _not_text(path, "the file holds control bytes, so it is not text")
            if bad is None:
                pending = decoder.getstate()[0]
                try:
                    decoder.decode(block, final=at_end)
                except UnicodeDecodeError as error:
                    joined = pending + block
                    bad = (line + joined[: error.start].count(b"\n"), joined[error.start])
                line += block.count(b"\n")
    return bad


def _utf16(path: Path) -> Encoding:
    try:
        with path.open("r", encoding="utf-16", newline="") as text:
            first = text.read(4096).lstrip()[:1]
            while text.read(_BLOCK):
                pass
    except UnicodeError:
        raise _not_text(path, "the file begins like UTF-16 but does not go on so") from None
    return Encoding(name="utf-16", first_character=first)


def _not_text(path: Path, message: str) -> BadInput:
    return BadInput("not_text", message, where=path.name, hint="export it as CSV or JSON Lines in UTF-8")
