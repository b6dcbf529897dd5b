"""Vault: sealing and the keys that come from the one master key.

    master key (32 bytes, file or environment)
    ├── HKDF "wrap"      wraps project, hash and subject keys where they are stored
    ├── HKDF "spool"     wraps the key of each spool segment
    ├── HKDF "snapshot"  seals the gateways' last snapshot
    └── HKDF "internal"  the token that the processes of one data directory show each other

Knows bytes and keys; knows neither a database nor which key belongs to whom (`store.keys` does).
AES-256-GCM with random 96-bit nonces (NIST SP 800-38D: fewer than 2^32 messages a key); HKDF-SHA256 (RFC 5869).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from backports import zstd
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from volant.core.errors import BadInput, Conflict

KEY_BYTES = 32
_NONCE_BYTES = 12
_WRAPPED = b"VK1"
_SEALED = b"VS1"
_LARGEST_PLAINTEXT = 1 << 30  # a sealed blob never opens to more than 1 GiB


def new_key() -> bytes:
    """32 random bytes."""
    return os.urandom(KEY_BYTES)


def wrap_key(kek: bytes, key: bytes) -> bytes:
    """`key` encrypted under `kek`: b"VK1", nonce, ciphertext and tag."""
    return _wrap(AESGCM(kek), key)


def unwrap_key(kek: bytes, blob: bytes) -> bytes:
    """The key in `blob`. Raises BadInput `wrong_key` when `kek` is not its key or the blob is damaged."""
    return _unwrap(AESGCM(kek), blob)


def derive(master_key: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose (HKDF-SHA256, no salt, info = "volant/" + purpose)."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"volant/{purpose}".encode()).derive(master_key)


def subject_of(hash_key: bytes, user: str) -> str:
    """The keyed hash of a user's name: "sub_" and 32 hex digits of HMAC-SHA256."""
    return "sub_" + hmac.digest(hash_key, user.encode(), "sha256").hex()[:32]


def content_hmac(hash_key: bytes, text: str | bytes) -> str:
    """64 hex digits that stand for a text in a manifest, worthless without the project's hash key."""
    return hmac.digest(hash_key, b"content\0" + (text.encode() if isinstance(text, str) else text), "sha256").hex()


def key_digest(clear: str) -> str:
    """What is kept of an API key: hex SHA-256. Keys are random, so no slow hash is needed."""
    return hashlib.sha256(clear.encode()).hexdigest()


class Vault:
    """Wraps keys and seals texts under keys that come from the master key."""

    def __init__(self, master_key: bytes) -> None:
        """Raises BadInput when the key is not 32 bytes long."""
        if len(master_key) != KEY_BYTES:
            raise BadInput(
                "bad_master_key",
                f"the master key has {len(master_key)} bytes, it needs {KEY_BYTES}",
                hint="VOLANT_MASTER_KEY holds 64 hex digits; a key file holds 32 raw bytes",
            )
        self._master_key = master_key

    # ------------------------------------------------------------ keys of purposes
    @cached_property
    def _wrapper(self) -> AESGCM:
        return AESGCM(derive(self._master_key, "wrap"))

    @cached_property
    def spool_key(self) -> bytes:
        """The `kek` of spool segments."""
        return derive(self._master_key, "spool")

    @property
    def master_key(self) -> bytes:
        """For the standard input of a child process; never for a command line, an environment or a disk."""
        return self._master_key

    @cached_property
    def snapshot_key(self) -> bytes:
        """Seals `snapshot.sealed`."""
        return derive(self._master_key, "snapshot")

    @cached_property
    def internal_token(self) -> str:
        """What gateways and control show each other in `x-volant-internal`, 64 hex digits."""
        return derive(self._master_key, "internal").hex()

    def derive(self, purpose: str) -> bytes:
        """A key for one more purpose, 32 bytes."""
        return derive(self._master_key, purpose)

    # ------------------------------------------------------------ keys
    def wrap(self, key: bytes) -> bytes:
        """`key` as it may be stored."""
        return _wrap(self._wrapper, key)

    def unwrap(self, blob: bytes) -> bytes:
        """The key that `wrap` was given. Raises BadInput under another master key."""
        return _unwrap(self._wrapper, blob)

    # ------------------------------------------------------------ texts
    def seal(self, key: bytes, plaintext: bytes, aad: bytes = b"") -> bytes:
        """`plaintext` compressed (zstd), then encrypted; `aad` must be given again to open it."""
        return self.sealer(key, aad)(plaintext)

    def sealer(self, key: bytes, aad: bytes = b"") -> Callable[[bytes], bytes]:
        """`seal` for many texts under one key. Keep it no longer than the key."""
        encrypt, pack, more = AESGCM(key).encrypt, _threads.compressor.compress, _SEALED + aad

        def seal(plaintext: bytes) -> bytes:
            nonce = os.urandom(_NONCE_BYTES)
            return _SEALED + nonce + encrypt(nonce, pack(plaintext, zstd.ZstdCompressor.FLUSH_FRAME), more)

        return seal

    def open_sealed(self, key: bytes, blob: bytes, aad: bytes = b"") -> bytes:
        """The plaintext. Raises BadInput when key or `aad` is another one, or the blob is damaged."""
        if not blob.startswith(_SEALED):
            raise BadInput("not_sealed", f"not a sealed text: it starts with {blob[:3]!r}")
        packed = _decrypt(AESGCM(key), blob[len(_SEALED) :], _SEALED + aad)
        size = zstd.get_frame_info(packed).decompressed_size
        if size is None or size > _LARGEST_PLAINTEXT:
            raise BadInput("not_sealed", f"the sealed text would open to {size} bytes")
        return zstd.decompress(packed)

    # ------------------------------------------------------------ derived from a person
    def subject_of(self, hash_key: bytes, user: str) -> str:
        """See the function of that name."""
        return subject_of(hash_key, user)

    def content_hmac(self, hash_key: bytes, text: str | bytes) -> str:
        """See the function of that name."""
        return content_hmac(hash_key, text)


class _Threads(threading.local):
    """A compressor each: making one costs as much as compressing a short text."""

    def __init__(self) -> None:
        self.compressor = zstd.ZstdCompressor(level=1)  # bodies of a few kB get no smaller by 3, and cost more


_threads = _Threads()


def _wrap(cipher: AESGCM, key: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return _WRAPPED + nonce + cipher.encrypt(nonce, key, _WRAPPED)


def _unwrap(cipher: AESGCM, blob: bytes) -> bytes:
    if not blob.startswith(_WRAPPED):
        raise BadInput("not_sealed", f"not a wrapped key: it starts with {blob[:3]!r}")
    return _decrypt(cipher, blob[len(_WRAPPED) :], _WRAPPED)


def _decrypt(cipher: AESGCM, blob: bytes, aad: bytes) -> bytes:
    if len(blob) < _NONCE_BYTES + 16:
        raise BadInput("not_sealed", f"a sealed text cannot be {len(blob)} bytes long")
    try:
        return cipher.decrypt(blob[:_NONCE_BYTES], blob[_NONCE_BYTES:], aad)
    except InvalidTag:
        raise BadInput(
            "wrong_key",
            "the key does not open this, or it was changed",
            hint="was the data directory moved without its master.key?",
        ) from None


# ---------------------------------------------------------------- where the master key lives
def load_master_key(data_dir: Path, environment: str = "", *, create: bool = False) -> bytes:
    """The master key: `environment` (the value of VOLANT_MASTER_KEY, 64 hex digits) wins over DATA/master.key.

    With `create`, a missing file is written (0600, create-only, so that two starters agree on one key).
    Raises BadInput for a key that is none, Conflict when there is none and `create` is False.
    """
    if environment:
        try:
            return _checked(bytes.fromhex(environment.strip()), "VOLANT_MASTER_KEY")
        except ValueError:
            raise BadInput(
                "bad_master_key", "it is not hexadecimal", where="VOLANT_MASTER_KEY", hint="give it 64 hex digits"
            ) from None
    path = data_dir / "master.key"
    if create and not path.exists():
        _create(path, new_key())
    try:
        return _checked(path.read_bytes(), str(path))
    except FileNotFoundError:
        raise Conflict(
            "no_master_key", "there is no master key", where=str(path), hint="start once with `volant up`"
        ) from None


def _checked(key: bytes, where: str) -> bytes:
    if len(key) != KEY_BYTES:
        raise BadInput("bad_master_key", f"it has {len(key)} bytes, it needs {KEY_BYTES}", where=where)
    return key


def _create(path: Path, key: bytes) -> None:
    """Write the key whole or not at all: a complete private file, then a link that fails when one exists."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(fd, key)
        os.fsync(fd)
    finally:
        os.close(fd)
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass  # another process was first: its key counts
    finally:
        temporary.unlink()
