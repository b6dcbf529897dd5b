"""Unseal: open every sealed value and every wrapped key in a stream of bytes, with every key that can be had.

Sealed values are found by their magic, wherever they lie, and opened without knowing their length or what they are
bound to: AES-GCM's cipher is AES-CTR from counter 2 (NIST SP 800-38D, section 7.1), and a zstd frame says by itself
where it ends. A key is the right one when the first four bytes come out as zstd's magic (chance: 2^-32).
Knows no files and no persons; a key's owner is a label that the caller gives.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from volant.core.errors import BadInput
from volant.governance.places import Read
from volant.governance.unpack import run_stream, zstd_stream
from volant.store.vault import KEY_BYTES, Vault, unwrap_key

SEALED, WRAPPED, SEGMENT = b"VS1", b"VK1", b"VSP1"
MAGICS = (SEALED, WRAPPED, SEGMENT)
WRAPPED_BYTES = len(WRAPPED) + 12 + KEY_BYTES + 16
_FRAME = 16  # bytes before a spool frame's ciphertext: length, checksum, counter
_LARGEST_FRAME = 64 << 20
_COUNTER = b"\0\0\0\2"
_ZSTD = np.uint32(int.from_bytes(b"\x28\xb5\x2f\xfd", "little"))
_HEAD = len(SEALED) + 12 + 4  # magic, nonce and the four bytes that tell the right key


class _Encryptor(Protocol):
    def update(self, data: bytes, /) -> bytes: ...


class KeyChest:
    """The keys that can be had, each with its owner's label."""

    def __init__(self, vault: Vault, labels: Mapping[bytes, str]) -> None:
        """`labels`: raw key → owner, for the keys that the store knows; others are "a copied key"."""
        self._vault = vault
        self._labels = labels
        self._keys: dict[bytes, _Encryptor] = {}
        self.add(vault.snapshot_key)
        for key in labels:
            self.add(key)

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: bytes) -> bool:
        """True when it is new."""
        if key in self._keys:
            return False
        self._keys[key] = Cipher(AES(key), ECB()).encryptor()
        return True

    def owner(self, key: bytes) -> str:
        """The label of a key's owner."""
        if key == self._vault.snapshot_key:
            return "master"
        return self._labels.get(key, "a copied key")

    def unwrap(self, blob: bytes) -> bytes | None:
        """The key in a wrapped key, whichever of the master's keys wraps it; None when none does."""
        for kek in (None, self._vault.spool_key):
            try:
                return self._vault.unwrap(blob) if kek is None else unwrap_key(kek, blob)
            except BadInput:
                continue
        return None

    def match(self, heads: Sequence[bytes]) -> list[bytes | None]:
        """For each beginning of a sealed value (magic, nonce, 4 bytes) the key that opens it, or None."""
        found: list[bytes | None] = [None] * len(heads)
        open_ = np.arange(len(heads))
        blocks = np.frombuffer(b"".join(head[3:15] + _COUNTER for head in heads), dtype=np.uint8).reshape(-1, 16)
        want = np.frombuffer(b"".join(head[15:19] for head in heads), dtype="<u4") ^ _ZSTD
        for key, encryptor in self._keys.items():
            if not len(open_):
                break
            stream = np.frombuffer(encryptor.update(blocks[open_].tobytes()), dtype="<u4")[::4]
            right = stream == want[open_]
            if right.any():
                for index in open_[right]:
                    found[index] = key
                open_ = open_[~right]
        return found

    def open_at(self, read: Read, at: int, key: bytes) -> tuple[bytes, bool]:
        """The plaintext of the sealed value at `at`, and whether it came out whole."""
        nonce = read(at + 3, 12)
        first = at + 15

        def decrypted(place: int, size: int) -> bytes:
            data = read(place, size)
            blocks = (len(data) + 15) // 16
            return _xor(data, self._keys[key].update(_counters(nonce, 2 + (place - first) // 16, blocks)))

        plain, whole, _ = run_stream(zstd_stream(), decrypted, first)
        return plain, whole


def _counters(nonce: bytes, first: int, count: int) -> bytes:
    """The counter blocks that AES-CTR encrypts."""
    blocks = np.empty((count, 16), dtype=np.uint8)
    blocks[:, :12] = np.frombuffer(nonce, dtype=np.uint8)
    blocks[:, 12:] = np.arange(first, first + count, dtype=">u4").view(np.uint8).reshape(-1, 4)
    return blocks.tobytes()


def _xor(data: bytes, stream: bytes) -> bytes:
    size = len(data)
    mixed = np.frombuffer(data, dtype=np.uint8) ^ np.frombuffer(stream, dtype=np.uint8, count=size)
    return mixed.tobytes()


def sealed_heads(data: bytes, places: Sequence[int]) -> list[tuple[int, bytes]]:
    """(position, beginning) of each sealed value among the places where a magic was seen."""
    return [(at, data[at : at + _HEAD]) for at in places if data.startswith(SEALED, at) and len(data) - at >= _HEAD]


def wrapped_keys(data: bytes, unwrap: Callable[[bytes], bytes | None]) -> Iterator[tuple[int, bytes]]:
    """(position, raw key) of every wrapped key in `data` that the master key opens."""
    at = data.find(WRAPPED)
    while at >= 0:
        key = unwrap(data[at : at + WRAPPED_BYTES])
        if key is not None:
            yield at, key
        at = data.find(WRAPPED, at + 1)


def segment_records(read: Read, at: int, unwrap: Callable[[bytes], bytes | None]) -> Iterator[bytes] | None:
    """The records of the spool segment that begins at `at`; None when no key opens its header."""
    head = read(at, 6)
    if not head.startswith(SEGMENT) or len(head) < 6:
        return None
    size = int.from_bytes(head[4:6], "little")
    key = unwrap(read(at + 6, size)) if size == WRAPPED_BYTES else None
    return None if key is None else _frames(read, at + 6 + size, AESGCM(key))


def _frames(read: Read, at: int, cipher: AESGCM) -> Iterator[bytes]:
    while True:
        head = read(at, 8)
        size = int.from_bytes(head[:4], "little")
        if len(head) < 8 or not 8 < size <= _LARGEST_FRAME:
            return
        sealed = read(at + 8, size)
        if len(sealed) < size:
            return
        at += 8 + size
        if zlib.crc32(sealed) != int.from_bytes(head[4:], "little"):
            continue
        try:
            yield cipher.decrypt(b"\0\0\0\0" + sealed[:8], sealed[8:], SEGMENT)
        except InvalidTag:
            continue
