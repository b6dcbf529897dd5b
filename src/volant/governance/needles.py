"""Needles: what a scan looks for, and every form in which it may stand on a disk.

Knows encodings and one fast search for many byte strings at once; knows nothing of files, keys or persons.
The search is a filter on four-byte windows (one table look-up a byte, in numpy), then on eight, then the exact
comparison: its time hardly depends on the number of patterns (after Wu and Manber 1994, without the shifts).
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote, quote_plus

import numpy as np
import numpy.typing as npt

Kind = Literal["text", "identity", "key"]

SHORTEST = 6  # bytes of a needle or a form; shorter ones would match by chance
_PIECE = 64  # characters; of longer texts three pieces are searched, so that a torn copy is found too
_BITS = 20  # of the filter's table
_MIX = np.uint32(0x9E3779B1)
_TILE = 1 << 20  # bytes filtered at once: what fits a cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Needle:
    """One thing to look for. Its content is never shown."""

    number: int
    kind: Kind
    data: bytes = field(repr=False)  # UTF-8 of a text or name; raw bytes of a key


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One form of one needle."""

    needle: int
    form: str  # "utf-8", "base64", ...
    data: bytes = field(repr=False)
    whole: bool = False  # only between characters that are no letters or digits
    wide: bool = False  # two bytes a character


def make_needles(
    *, texts: Sequence[str] = (), identities: Sequence[str] = (), keys: Sequence[bytes] = ()
) -> tuple[Needle, ...]:
    """Number them: texts first, then identities (matched as whole words), then raw keys. Duplicates are left out."""
    found: dict[tuple[Kind, bytes], None] = {}
    for text in texts:
        found[("text", text.encode("utf-8", "surrogatepass"))] = None
    for identity in identities:
        found[("identity", identity.encode("utf-8", "surrogatepass"))] = None
    for key in keys:
        found[("key", key)] = None
    return tuple(Needle(number=number, kind=kind, data=data) for number, (kind, data) in enumerate(found) if data)


def patterns_of(needle: Needle) -> list[Pattern]:
    """Every form of a needle that is long enough to mean something; empty for one that is too short."""
    if len(needle.data) < SHORTEST:
        return []
    found: dict[bytes, tuple[str, bool]] = {}
    forms = [("raw", needle.data)] if needle.kind == "key" else _text_forms(needle.data)
    for name, form in forms:
        found.setdefault(form, (name, name.startswith("utf-16")))
    for name, form in _byte_forms(needle.data):
        found.setdefault(form, (name, False))
    whole = needle.kind == "identity"
    return [
        Pattern(needle=needle.number, form=name, data=form, wide=wide, whole=whole and name not in ("base64", "hex"))
        for form, (name, wide) in found.items()
        if len(form) >= SHORTEST
    ]


def _text_forms(data: bytes) -> list[tuple[str, bytes]]:
    text = data.decode("utf-8", "surrogatepass")
    pieces = [("", text)]
    if len(text) > _PIECE + _PIECE // 2:
        middle = (len(text) - _PIECE) // 2
        pieces = [(" (part)", text[at : at + _PIECE]) for at in (0, middle, len(text) - _PIECE)]
    forms: list[tuple[str, str | bytes]] = []
    for note, piece in pieces:
        in_json = json.dumps(piece)[1:-1]
        forms += [
            (f"utf-8{note}", piece),
            (f"utf-16le{note}", piece.encode("utf-16-le", "surrogatepass")),
            (f"utf-16be{note}", piece.encode("utf-16-be", "surrogatepass")),
            (f"json{note}", in_json),
            (f"json{note}", json.dumps(piece, ensure_ascii=False)[1:-1]),
            (f"json in json{note}", json.dumps(in_json)[1:-1]),
            (f"json in json{note}", json.dumps(json.dumps(piece, ensure_ascii=False)[1:-1], ensure_ascii=False)[1:-1]),
            (f"csv{note}", piece.replace('"', '""')),
            (f"html{note}", html.escape(piece)),
            (f"escaped{note}", piece.encode("unicode_escape")),
        ]
        for quoted in (quote(piece, safe="", errors="replace"), quote(piece, errors="replace")):
            written = (quoted, quoted.replace("%20", "+"), _lower(quoted))
            forms += [(f"url{note}", one) for one in written]
        forms.append((f"url{note}", _lower(quote_plus(piece, errors="replace"))))
        if _is_latin(piece):
            forms.append((f"latin-1{note}", piece.encode("latin-1")))
    return [(name, form if isinstance(form, bytes) else form.encode("utf-8", "surrogatepass")) for name, form in forms]


def _is_latin(text: str) -> bool:
    return all(ord(character) < 256 for character in text)


def _lower(quoted: str) -> str:
    """Percent escapes with small hex digits, which some writers use."""
    parts = quoted.split("%")
    return parts[0] + "".join("%" + part[:2].lower() + part[2:] for part in parts[1:])


def _byte_forms(data: bytes) -> Iterator[tuple[str, bytes]]:
    pieces = [data]
    if len(data) > 96:
        middle = (len(data) - _PIECE) // 2
        pieces = [data[at : at + _PIECE] for at in (0, middle, len(data) - _PIECE)]
    for piece in pieces:
        yield "hex", piece.hex().encode()
        yield "hex", piece.hex().upper().encode()
        for shift, lead in ((0, 0), (1, 2), (2, 3)):  # the three ways a text may lie in groups of three bytes
            encoded = base64.b64encode(b"\0" * shift + piece)[lead : (shift + len(piece)) * 8 // 6]
            yield "base64", encoded
            yield "base64", encoded.replace(b"+", b"-").replace(b"/", b"_")


class Sieve:
    """Finds many patterns, and places that begin like one of `magics`, in one pass over a buffer."""

    def __init__(self, patterns: Sequence[Pattern], magics: Sequence[bytes] = ()) -> None:
        """A magic is at least three bytes; its first three are looked for."""
        self.longest = max((len(pattern.data) for pattern in patterns), default=SHORTEST)
        self._short = [pattern for pattern in patterns if len(pattern.data) < 8]
        self._by_anchor: dict[int, list[tuple[int, Pattern]]] = {}
        table = np.zeros(1 << _BITS, dtype=np.bool_)
        for pattern in patterns:
            if len(pattern.data) >= 8:
                at = _anchor_of(pattern.data)
                anchor = int.from_bytes(pattern.data[at : at + 8], "little")
                self._by_anchor.setdefault(anchor, []).append((at, pattern))
        heads = np.array(sorted({anchor & 0xFFFFFFFF for anchor in self._by_anchor}), dtype=np.uint32)
        table[_hash(heads)] = True
        self._magic_heads = np.array(sorted({int.from_bytes(magic[:3], "little") for magic in magics}), dtype=np.uint32)
        for head in self._magic_heads:
            table[_hash(head + (np.arange(256, dtype=np.uint32) << np.uint32(24)))] = True
        self._table = table
        self._anchors = np.array(sorted(self._by_anchor), dtype=np.uint64)

    def sift(self, data: bytes) -> tuple[list[tuple[int, Pattern]], list[int]]:
        """(position, pattern) of every pattern found, and the positions that begin like a magic, both sorted."""
        hits: list[tuple[int, Pattern]] = []
        magics: list[int] = []
        for start in range(0, len(data), _TILE):
            self._tile(data, start, hits, magics)
        for pattern in self._short:
            at = data.find(pattern.data)
            while at >= 0:
                hits.append((at, pattern))
                at = data.find(pattern.data, at + 1)
        kept = [(at, pattern) for at, pattern in hits if not pattern.whole or _is_whole(data, at, pattern)]
        kept.sort(key=lambda hit: hit[0])
        magics.sort()
        return kept, magics

    def _tile(self, data: bytes, start: int, hits: list[tuple[int, Pattern]], magics: list[int]) -> None:
        tile = data[start : start + _TILE + 12]
        last = min(_TILE, len(data) - start)
        for shift in range(4):
            piece = tile[shift : shift + (len(tile) - shift) // 4 * 4]
            words = np.frombuffer(piece, dtype="<u4")
            if not len(words):
                continue
            found = np.flatnonzero(self._table[_hash(words)])
            found = found[found * 4 + shift < last]
            if not len(found):
                continue
            low = words[found]
            if len(self._magic_heads):
                begins = found[_among(low & np.uint32(0xFFFFFF), self._magic_heads)]
                magics.extend((begins * 4 + (start + shift)).tolist())
            self._verify(data, start + shift, words, found[found + 1 < len(words)], hits)

    def _verify(
        self,
        data: bytes,
        start: int,
        words: npt.NDArray[np.uint32],
        found: npt.NDArray[np.int64],
        hits: list[tuple[int, Pattern]],
    ) -> None:
        if not len(self._anchors) or not len(found):
            return
        eight = words[found].astype(np.uint64) | (words[found + 1].astype(np.uint64) << np.uint64(32))
        right = _among(eight, self._anchors)
        for index, anchor in zip(found[right].tolist(), eight[right].tolist(), strict=True):
            place = start + index * 4
            for offset, pattern in self._by_anchor[anchor]:
                at = place - offset
                if at >= 0 and data.startswith(pattern.data, at):
                    hits.append((at, pattern))


def _hash(words: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    mixed: npt.NDArray[np.uint32] = (words * _MIX) >> np.uint32(32 - _BITS)
    return mixed


def _among(values: npt.NDArray[Any], ordered: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which of `values` stand in `ordered`, which is sorted and not empty; numpy's `isin` would sort again."""
    places = np.searchsorted(ordered, values)
    places[places == len(ordered)] = 0
    right: npt.NDArray[np.bool_] = ordered[places] == values
    return right


def _anchor_of(data: bytes) -> int:
    """Where the eight bytes begin that stand for a pattern: those with the most different bytes, the rarest first."""
    best, place = (-1, -1), 0
    for at in range(min(len(data) - 7, 64)):
        window = data[at : at + 8]
        rare = sum(byte not in b" etaoinsrhld\0" for byte in window[:4])
        if (len(set(window)), rare) > best:
            best, place = (len(set(window)), rare), at
    return place


def _is_whole(data: bytes, at: int, pattern: Pattern) -> bool:
    step = 2 if pattern.wide else 1
    before = data[max(at - step, 0) : at].strip(b"\0")
    after = data[at + len(pattern.data) : at + len(pattern.data) + step].strip(b"\0")
    return not (before.isalnum() or after.isalnum())
