"""Scan: what is planted is found, in every form, packing and place; and what is not there is not."""

from __future__ import annotations

import base64
import bz2
import gzip
import html
import io
import json
import lzma
import os
import sqlite3
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from volant.governance import looking
from volant.governance.apart import scan_apart
from volant.governance.needles import Sieve, make_needles, patterns_of
from volant.governance.scan import ScanResult, find_key, scan
from volant.store.spool import SpoolWriter
from volant.store.vault import Vault, new_key, wrap_key

VAULT = Vault(bytes(range(32)))
TEXT = 'Why was my "Kreditkarte" declined\nin Łódź & who pays, Ms <Müller>?'
OTHER = "Somebody else asks something else entirely, at some length."


def found(folder: Path, text: str = TEXT, **given: Any) -> dict[str, str]:
    """Place → how it was decoded, for one text; every hit must be that text's."""
    result = scan(folder, VAULT, make_needles(texts=[text, OTHER]), **given)
    assert {hit.needle for hit in result.hits} <= {0}
    return {hit.place: hit.decoded for hit in result.hits}


# ---------------------------------------------------------------- forms
FORMS: dict[str, Callable[[str], bytes]] = {
    "utf-8": lambda text: text.encode(),
    "utf-16le": lambda text: text.encode("utf-16-le"),
    "utf-16be": lambda text: text.encode("utf-16-be"),
    "json ascii": lambda text: json.dumps({"q": text}).encode(),
    "json": lambda text: json.dumps({"q": text}, ensure_ascii=False).encode(),
    "json in json": lambda text: json.dumps({"body": json.dumps({"q": text})}).encode(),
    "url": lambda text: quote(text).encode(),
    "url all": lambda text: quote(text, safe="").encode(),
    "url plus": lambda text: quote_plus(text).encode(),
    "csv": lambda text: b'1,"' + text.replace('"', '""').encode() + b'"\n',
    "html": lambda text: html.escape(text).encode(),
    "repr": lambda text: text.encode("unicode_escape"),
    "hex": lambda text: text.encode().hex().encode(),
    "HEX": lambda text: text.encode().hex().upper().encode(),
    "base64 0": lambda text: base64.b64encode(text.encode()),
    "base64 1": lambda text: base64.b64encode(b"x" + text.encode() + b"tail"),
    "base64 2": lambda text: base64.b64encode(b"xy" + text.encode()),
    "base64 url": lambda text: base64.urlsafe_b64encode(b"\xff\xfe\xfb" + text.encode()),
    "base64 lines": lambda text: base64.encodebytes(b"head" * 20 + text.encode() + b"tail" * 20),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_text_is_found(tmp_path: Path, form: str) -> None:
    (tmp_path / "log.txt").write_bytes(b"before " + FORMS[form](TEXT) + b" after\n")
    assert found(tmp_path).keys() == {"log.txt"}
    (tmp_path / "log.txt").write_bytes(b"before " + FORMS[form](TEXT[::-1]) + b" after\n")
    assert found(tmp_path) == {}  # the test can fail


@pytest.mark.parametrize("form", ["base64 0", "utf-16le", "hex"])
def test_forms_within_forms_are_found(tmp_path: Path, form: str) -> None:
    twice = base64.b64encode(gzip.compress(FORMS[form](TEXT)))
    (tmp_path / "mail.txt").write_bytes(b"Content: " + twice + b"\n")
    how = found(tmp_path)["mail.txt"]
    assert how.startswith("base64 > gzip > ")


def zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.txt", data * 3)
    return out.getvalue()


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": zstd.compress,
    "zstd stream": lambda data: zstd.compress(data, options={zstd.CompressionParameter.content_size_flag: 0}),
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": zipped,
    "zstd in gzip": lambda data: gzip.compress(b"x" * 5000 + zstd.compress(data)),
}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("lead", [0, 1, 8 * 2**20 - 3])  # the last: across the border of two windows
def test_packed_frames_are_opened_wherever_they_begin(tmp_path: Path, packing: str, lead: int) -> None:
    (tmp_path / "blob").write_bytes(os.urandom(min(lead, 64)).ljust(lead, b"\1") + PACKINGS[packing](TEXT.encode()))
    assert found(tmp_path).keys() == {"blob"}


def test_a_text_across_the_border_of_two_windows_is_found_once(tmp_path: Path) -> None:
    for back in (1, 5, len(TEXT)):
        (tmp_path / "big").write_bytes(b"." * (8 * 2**20 - back) + TEXT.encode() + b"." * 100)
        hits = scan(tmp_path, VAULT, make_needles(texts=[TEXT])).hits
        assert [(hit.decoded, hit.count) for hit in hits] == [("utf-8", 1)]


def test_a_torn_copy_of_a_long_text_is_found(tmp_path: Path) -> None:
    long = " ".join(f"word{number}" for number in range(200))
    (tmp_path / "page").write_bytes(b"\0" * 50 + long[: len(long) // 2].encode())
    (tmp_path / "other").write_bytes(b"\0" * 50 + long[50 : len(long) // 3].encode())
    assert found(tmp_path, long) == {"page": "utf-8 (part)"}


def test_names_are_whole_words_and_too_short_ones_are_said(tmp_path: Path) -> None:
    (tmp_path / "a").write_text('{"user": "user-12"}')
    (tmp_path / "b").write_text('{"user": "user-123", "x": "superuser-12"}')
    (tmp_path / "c").write_bytes("user-12 ".encode("utf-16-le") + "user-123".encode("utf-16-le"))
    result = scan(tmp_path, VAULT, make_needles(identities=["user-12", "bob"]))
    assert {(hit.place, hit.count) for hit in result.hits} == {("a", 1), ("c", 1)}
    assert result.too_short == (1,)


def test_the_names_of_files_are_searched(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "anna.kowalska-0042.csv").write_text("nothing")
    hits = scan(tmp_path, VAULT, make_needles(identities=["anna.kowalska-0042"])).hits
    assert [hit.place for hit in hits] == ["names of files"]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.binary(min_size=6, max_size=40), st.binary(max_size=300))
def test_the_sieve_agrees_with_a_plain_search(before: bytes, key: bytes, after: bytes) -> None:
    patterns = [p for needle in make_needles(keys=[key, bytes(reversed(key))]) for p in patterns_of(needle)]
    data = before + key + after + base64.b64encode(key) + key.hex().encode()
    hits, _ = Sieve(patterns, (b"VS1",)).sift(data)
    plain = [(at, p.data) for p in patterns for at in range(len(data)) if data.startswith(p.data, at)]
    assert sorted((at, p.data) for at, p in hits) == sorted(plain)
    assert (len(before), key) in plain


# ---------------------------------------------------------------- keys and sealed values
def test_sealed_values_open_with_any_key_that_can_be_had(tmp_path: Path) -> None:
    key, lost = new_key(), new_key()
    (tmp_path / "keys.bak").write_bytes(b"stray" + VAULT.wrap(key) + b"more")
    (tmp_path / "pages").write_bytes(b"\0" * 100 + VAULT.seal(key, TEXT.encode(), b"bound to something") + b"\0" * 9)
    (tmp_path / "lost").write_bytes(VAULT.seal(lost, TEXT.encode()))
    result = scan(tmp_path, VAULT, make_needles(texts=[TEXT]))
    assert [(hit.place, hit.decoded, hit.owner) for hit in result.hits] == [("pages", "sealed > utf-8", "a copied key")]
    assert (result.sealed_opened, result.sealed_unopened) == (1, 1)
    assert scan(tmp_path, VAULT, make_needles(texts=[TEXT]), keys={lost: "sub_x"}).sealed_opened == 2
    (tmp_path / "keys.bak").unlink()
    assert scan(tmp_path, VAULT, make_needles(texts=[TEXT])).hits == ()
    assert scan(tmp_path, Vault(new_key()), make_needles(texts=[TEXT]), keys={}).sealed_unopened == 1


def test_a_key_that_comes_out_of_something_packed_opens_what_was_read_before(tmp_path: Path) -> None:
    key = new_key()
    (tmp_path / "a-sealed").write_bytes(VAULT.seal(key, TEXT.encode()))
    (tmp_path / "b-backup.gz").write_bytes(gzip.compress(b"backup" + VAULT.wrap(key)))
    assert found(tmp_path) == {"a-sealed": "sealed > utf-8"}


def test_a_large_sealed_value_opens_though_its_end_is_unknown(tmp_path: Path) -> None:
    key = new_key()
    body = os.urandom(300_000).hex().encode() + TEXT.encode() + os.urandom(300_000)
    (tmp_path / "sealed").write_bytes(b"x" * 7 + VAULT.seal(key, body) + os.urandom(5000))
    result = scan(tmp_path, VAULT, make_needles(texts=[TEXT]), keys={key: "sub_x"})
    assert [(hit.decoded, hit.owner) for hit in result.hits] == [("sealed > utf-8", "sub_x")]


def test_spool_segments_open_also_inside_other_files(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path / "spool", VAULT.spool_key)
    for text in (OTHER[::-1], TEXT):
        writer.append(json.dumps({"q": text}, ensure_ascii=False).encode())
    writer.close()
    segment = (tmp_path / "spool" / "0000000001.seg").read_bytes()
    (tmp_path / "backup.tar").write_bytes(b"\0" * 512 + segment[:-3])  # its last record is torn
    (tmp_path / "whole.tar").write_bytes(b"\0" * 512 + segment + b"\0" * 512)
    assert found(tmp_path) == {"spool/0000000001.seg": "spool > json", "whole.tar": "spool > json"}


@pytest.mark.parametrize("wrap", [VAULT.wrap, lambda key: wrap_key(VAULT.spool_key, key)], ids=["master", "spool"])
def test_every_copy_of_a_key_is_found(tmp_path: Path, wrap: Callable[[bytes], bytes]) -> None:
    key = new_key()
    (tmp_path / "raw").write_bytes(b"zz" + key)
    (tmp_path / "hex").write_text(f"key = {key.hex()}\n")
    (tmp_path / "base64").write_text("key = " + base64.b64encode(b"q" + key).decode() + "\n")
    (tmp_path / "wrapped").write_bytes(os.urandom(10) + wrap(key))
    (tmp_path / "wrapped.json").write_text(json.dumps({"key": base64.b64encode(wrap(key)).decode()}))
    (tmp_path / "wrapped.hex").write_text(f"X'{wrap(key).hex()}'")
    (tmp_path / "another").write_bytes(wrap(new_key()))
    assert {hit.place for hit in find_key(tmp_path, VAULT, key)} == {
        "raw", "hex", "base64", "wrapped", "wrapped.json", "wrapped.hex"
    }  # fmt: skip


# ---------------------------------------------------------------- databases
def test_databases_are_read_by_row_raw_and_out_of_backups(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    long = "x" * 3900 + TEXT + "y" * 9000  # the text lies across two pages
    connection = sqlite3.connect(path)
    connection.execute('CREATE TABLE "odd name" (a TEXT, b BLOB)')
    connection.execute('INSERT INTO "odd name" VALUES (?, ?)', ("fine", zstd.compress(long.encode())))
    connection.execute('INSERT INTO "odd name" VALUES (?, NULL)', (long,))
    connection.commit()
    (tmp_path / "backup.gz").write_bytes(gzip.compress(path.read_bytes()))
    places = found(tmp_path)
    assert places["some.db › odd name.a"] == "utf-8"
    assert places["some.db › odd name.b"] == "zstd > utf-8"
    assert places["backup.gz › odd name.a"] == "gzip > utf-8"
    connection.execute("PRAGMA secure_delete=OFF")
    connection.execute('DELETE FROM "odd name"')
    connection.commit()
    connection.close()
    assert found(tmp_path).keys() >= {"some.db"}  # a free page: the row is gone, the text is not
    assert not (tmp_path / "some.db-wal").exists()


def test_a_row_that_is_only_in_the_wal_is_found(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "live.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("CREATE TABLE t (a TEXT)")
    connection.execute("INSERT INTO t VALUES (?)", (TEXT,))
    connection.commit()
    places = scan_apart(tmp_path, VAULT, make_needles(texts=[TEXT]))
    assert {hit.place for hit in places.hits} == {"live.db › t.a", "live.db-wal"}
    connection.close()


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"SQLite format 3\0" + os.urandom(5000))
    (tmp_path / "link").symlink_to("/etc/hostname")
    result = scan(tmp_path, VAULT, make_needles(texts=[TEXT]))
    assert len(result.unreadable) == 1
    assert result.unreadable[0].startswith("broken.db: as a database: ")
    assert result.files == 1  # a link is not followed


# ---------------------------------------------------------------- a real data directory
def labels(bank: Any) -> dict[bytes, str]:
    with bank.house.db.read() as tx:
        return looking.key_labels(tx, bank.house.ring)


def scanned(bank: Any, *texts: str) -> ScanResult:
    return scan_apart(bank.data, bank.vault, make_needles(texts=texts), keys=labels(bank))


def test_a_persons_texts_are_found_in_every_place_they_are(bank: Any) -> None:
    result = scan_apart(
        bank.data, bank.vault, make_needles(texts=bank.texts, identities=[bank.name]), keys=labels(bank)
    )
    theirs = [hit for hit in result.hits if hit.owner == bank.anna]
    assert {hit.needle for hit in theirs} == set(range(len(bank.texts) + 1))
    places = {hit.place for hit in theirs}
    columns = {"record.sealed", "inference_payload.sealed", "feedback.sealed"}
    assert {f"volant.db › {column}" for column in columns} <= places
    assert "volant.db-wal" in places or "volant.db" in places
    clear = {hit.place for hit in result.hits if not hit.owner}
    assert clear >= {"volant.db › inference.tags", "volant.db › inference.session"}
    assert {hit.place for hit in result.hits if hit.owner == "spool"} == {"spool/1/0000000001.seg"}
    assert {hit.place for hit in scanned(bank, bank.waiting).hits} == {"spool/1/0000000001.seg"}
    assert (result.sealed_unopened, result.unreadable) == (0, ())
    assert result.rows > 20
    assert result.keys >= 4


def test_the_same_words_under_another_persons_key_are_told_apart(bank: Any) -> None:
    owners = {hit.owner for hit in scanned(bank, bank.both_said).hits}
    assert owners == {bank.anna, bank.ben}


def test_the_child_process_finds_what_the_parent_finds_and_leaves_the_locks(bank: Any) -> None:
    with bank.house.db.begin() as tx:  # a writer at work
        bank.house.ring.ensure_project(tx, "another", now_ms=1)
        result = scanned(bank, bank.texts[0])
    assert {hit.needle for hit in result.hits} == {0}
    with bank.house.db.read() as tx:
        assert bank.house.ring.project_key(tx, "another")


def test_a_bomb_is_cut_and_said(tmp_path: Path) -> None:
    (tmp_path / "bomb.zst").write_bytes(zstd.compress(bytes(100 << 20)))
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(bytes(100 << 20), 1))
    tracemalloc.start()
    result = scan(tmp_path, VAULT, make_needles(texts=[TEXT]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result.cut == 2
    assert peak < 300 << 20
