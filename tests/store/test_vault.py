"""Vault: what is sealed opens with its key and with no other."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volant.core.errors import BadInput, Conflict
from volant.store.vault import Vault, content_hmac, load_master_key, new_key, subject_of

VAULT = Vault(bytes(range(32)))


@given(st.binary(max_size=4000), st.binary(max_size=40))
def test_seal_opens_again(text: bytes, aad: bytes) -> None:
    key = new_key()
    assert VAULT.open_sealed(key, VAULT.seal(key, text, aad), aad) == text


def test_sealed_text_is_unreadable_and_bound_to_key_and_aad() -> None:
    key, text = new_key(), b"my card number is 4242 4242 4242 4242 " * 20
    blob = VAULT.seal(key, text, b"inf_1")
    assert blob.startswith(b"VS1")
    assert b"4242" not in blob
    assert len(blob) < len(text)  # compressed first
    with pytest.raises(BadInput, match="does not open"):
        VAULT.open_sealed(new_key(), blob, b"inf_1")
    with pytest.raises(BadInput, match="does not open"):
        VAULT.open_sealed(key, blob, b"inf_2")


@pytest.mark.parametrize("position", [3, 14, 20, -1])
def test_a_changed_byte_is_found(position: int) -> None:
    key = new_key()
    blob = bytearray(VAULT.seal(key, b"hello"))
    blob[position] ^= 1
    with pytest.raises(BadInput, match="does not open"):
        VAULT.open_sealed(key, bytes(blob))


@pytest.mark.parametrize("blob", [b"", b"VS1", b"VS1" + b"x" * 20, b"plain text that was never sealed"])
def test_what_was_never_sealed_is_refused(blob: bytes) -> None:
    with pytest.raises(BadInput):
        VAULT.open_sealed(new_key(), blob)


def test_wrapped_keys_need_the_same_master_key() -> None:
    key = new_key()
    blob = VAULT.wrap(key)
    assert blob.startswith(b"VK1")
    assert key not in blob
    assert VAULT.unwrap(blob) == key
    assert VAULT.wrap(key) != blob  # a fresh nonce every time
    with pytest.raises(BadInput, match="does not open"):
        Vault(new_key()).unwrap(blob)


def test_purposes_have_different_keys() -> None:
    derived = {VAULT.spool_key, VAULT.snapshot_key, VAULT.derive("other"), bytes.fromhex(VAULT.internal_token)}
    assert len(derived) == 4
    assert Vault(bytes(range(32))).internal_token == VAULT.internal_token


def test_subjects_are_keyed() -> None:
    a, b = new_key(), new_key()
    assert subject_of(a, "ada") == VAULT.subject_of(a, "ada")
    assert subject_of(a, "ada") != subject_of(b, "ada")
    assert subject_of(a, "ada") != subject_of(a, "ben")
    assert subject_of(a, "ada").startswith("sub_")
    assert len(subject_of(a, "ada")) == 36
    assert content_hmac(a, "text") == content_hmac(a, b"text") != content_hmac(b, "text")


def test_master_key_file_is_private_and_made_once(tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="no master key"):
        load_master_key(tmp_path / "data")
    first = load_master_key(tmp_path / "data", create=True)
    assert load_master_key(tmp_path / "data", create=True) == first
    mode = stat.S_IMODE(os.stat(tmp_path / "data" / "master.key").st_mode)
    assert mode == 0o600
    assert os.listdir(tmp_path / "data") == ["master.key"]


def test_master_key_from_the_environment_wins(tmp_path: Path) -> None:
    load_master_key(tmp_path, create=True)
    assert load_master_key(tmp_path, "ab" * 32) == b"\xab" * 32
    with pytest.raises(BadInput, match="hexadecimal"):
        load_master_key(tmp_path, "not hex")
    with pytest.raises(BadInput, match="needs 32"):
        load_master_key(tmp_path, "abcd")
