"""Keys: the master key and the root key in a backup, sealed under a passphrase.

A backup holds neither unless somebody asks: with them it opens every text, without them it is noise.
Source: RFC 7914 (scrypt), with the cost that its section 2 leaves to the times: 64 MiB and about 0.2 s a guess.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from volant.core.errors import BadInput

NAME = "keys.sealed"
SHORTEST = 12  # characters of a passphrase
_N, _R, _P = 1 << 16, 8, 1
_MOST_N = 1 << 20
_AAD = b"volant/backup-keys/1"


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """What opens a data directory."""

    master: bytes  # 32 bytes
    root: str = ""  # the root key in clear; empty: whoever owned the folder had removed it


class _Sealed(msgspec.Struct, frozen=True, kw_only=True):
    n: int
    r: int
    p: int
    salt: bytes
    nonce: bytes
    sealed: bytes


def seal(keys: Keys, passphrase: str) -> bytes:
    """JSON that only the passphrase opens."""
    salt, nonce = os.urandom(16), os.urandom(12)
    key = _derived(passphrase, salt, _N, _R, _P)
    sealed = AESGCM(key).encrypt(nonce, msgspec.msgpack.encode(keys), _AAD)
    return msgspec.json.encode(_Sealed(n=_N, r=_R, p=_P, salt=salt, nonce=nonce, sealed=sealed))


def unseal(content: bytes, passphrase: str) -> Keys:
    """Raises BadInput `wrong_passphrase`."""
    try:
        found = msgspec.json.decode(content, type=_Sealed)
        if not 1 < found.n <= _MOST_N or found.r != _R or found.p != _P:
            raise ValueError("cost")
        key = _derived(passphrase, found.salt, found.n, found.r, found.p)
        return msgspec.msgpack.decode(AESGCM(key).decrypt(found.nonce, found.sealed, _AAD), type=Keys)
    except (InvalidTag, ValueError):
        raise BadInput(
            "wrong_passphrase", "the passphrase does not open the keys in this backup", where=NAME,
            hint="give the file with the passphrase of that day; or the old master.key with --master-key",
        ) from None  # fmt: skip


def read_passphrase(place: Path) -> str:
    """The first line of a file. Raises BadInput when there is none, or it is short."""
    try:
        lines = place.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            "passphrase_unreadable", f"the passphrase's file cannot be read ({type(error).__name__})",
            where=str(place), hint="one line of text; keep it apart from the backups",
        ) from None  # fmt: skip
    found = lines[0].strip() if lines else ""
    if len(found) < SHORTEST:
        raise BadInput(
            "passphrase_short", f"a passphrase has {SHORTEST} characters or more", where=str(place),
            hint="openssl rand -base64 24 > passphrase",
        )  # fmt: skip
    return found


def _derived(passphrase: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(passphrase.encode())
