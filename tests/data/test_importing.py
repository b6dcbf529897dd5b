"""Importing: every kind of broken file gives a clear error or a rejected row with its line; nothing is lost."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volant.core.errors import BadInput, NotFound, TooLarge
from volant.data.header import Columns
from volant.data.importing import Imported, Limits, read_file
from volant.data.rows import Row


def write(folder: Path, content: str | bytes, name: str = "q.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def values(imported: Imported) -> list[tuple[str, str, str, int]]:
    return [(row.text, row.label, row.user, row.line) for row in imported.rows]


def test_plain_csv_with_usual_names(tmp_path: Path) -> None:
    path = write(tmp_path, "Question,Category,Customer ID\nwhere is my card?,card,u1\n\n,,\nhow much?,fees,\n")
    imported = read_file(path)
    assert values(imported) == [("where is my card?", "card", "u1", 2), ("how much?", "fees", "", 5)]
    assert [(r.line, r.code) for r in imported.rejected] == [(4, "empty_text")]
    assert imported.rows[0].id == "q.csv:2"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_read_from_the_header(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path, f'text{delimiter}label\n"a, b; c\td|e"{delimiter}x\n')
    assert values(read_file(path)) == [("a, b; c\td|e", "x", "", 2)]


def test_commas_in_rows_do_not_outvote_the_header(tmp_path: Path) -> None:
    path = write(tmp_path, "text;label\none, two, three, four;x\nfive, six;y\n")
    assert [row[:2] for row in values(read_file(path))] == [("one, two, three, four", "x"), ("five, six", "y")]


def test_named_columns_win(tmp_path: Path) -> None:
    path = write(tmp_path, "text,label,Frage,Klasse\nno,no,wo?,ort\n")
    assert values(read_file(path, columns=Columns(text="frage", label="KLASSE"))) == [("wo?", "ort", "", 2)]


def test_lines_are_counted_through_quoted_newlines(tmp_path: Path) -> None:
    path = write(tmp_path, 'text,label\n"one\ntwo",x\n,y\n"three ""quoted""",z\n')
    imported = read_file(path)
    assert values(imported) == [("one\ntwo", "x", "", 2), ('three "quoted"', "z", "", 5)]
    assert [(r.line, r.code) for r in imported.rejected] == [(4, "empty_text")]


def test_ragged_and_unlabelled_rows_come_back_with_their_text(tmp_path: Path) -> None:
    path = write(tmp_path, "text,label\nyes, but no,x\ngood,x\nalone\nno label,\n")
    imported = read_file(path)
    assert [r.text for r in imported.rows] == ["good"]
    assert [(r.line, r.code, r.raw) for r in imported.rejected] == [
        (2, "ragged_row", "yes, but no,x"),
        (4, "ragged_row", "alone"),
        (5, "empty_label", "no label,"),
    ]
    assert "3 fields where the header has 2" in imported.rejected[0].message


def test_labels_may_be_absent_where_they_are_not_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, "text\nhello\n")
    assert values(read_file(path, labelled=False)) == [("hello", "", "", 2)]
    with pytest.raises(BadInput, match="no column for the label") as caught:
        read_file(path)
    assert (caught.value.code, caught.value.where) == ("missing_columns", "q.csv:1")
    assert "'text'" in caught.value.message


def test_a_stray_quote_costs_one_row(tmp_path: Path) -> None:
    path = write(tmp_path, 'text,label\n"open,x\n"fine",y\nplain,z\n"bad" tail,w\nlast,v\n')
    imported = read_file(path)
    assert [r.text for r in imported.rows] == ["fine", "plain", "last"]
    assert [(r.line, r.code) for r in imported.rejected] == [(2, "malformed_row"), (5, "malformed_row")]
    assert [row.line for row in imported.rows] == [3, 4, 6]


def test_an_unterminated_quote_is_named_with_the_line_where_it_opens(tmp_path: Path) -> None:
    path = write(tmp_path, 'text,label\nfine,x\n"never closed,y\nmore,z\n')
    with pytest.raises(BadInput, match="never closed") as caught:
        read_file(path)
    assert (caught.value.code, caught.value.where) == ("unterminated_quote", "q.csv:3")
    assert caught.value.hint


def test_an_unterminated_quote_in_a_long_file_stops_at_the_row_limit(tmp_path: Path) -> None:
    path = write(tmp_path, 'text,label\n"open,x\n' + "filler without quotes,y\n" * 1000)
    with pytest.raises(BadInput) as caught:
        read_file(path, limits=Limits(row_chars=500))
    assert (caught.value.code, caught.value.where) == ("unterminated_quote", "q.csv:2")


@pytest.mark.parametrize("opening", ["", '"'])
def test_a_row_above_the_limit_is_rejected_and_the_next_is_read(tmp_path: Path, opening: str) -> None:
    path = write(tmp_path, f"text,label\n{opening}{'a' * 5000}{opening},x\nshort,y\n")
    imported = read_file(path, limits=Limits(row_chars=1000))
    assert values(imported) == [("short", "y", "", 3)]
    assert [(r.line, r.code) for r in imported.rejected] == [(2, "row_too_long")]
    assert len(imported.rejected[0].raw) <= 2000


def test_limits_on_file_and_rows(tmp_path: Path) -> None:
    path = write(tmp_path, "text,label\na,x\nb,x\nc,x\n")
    with pytest.raises(TooLarge) as size:
        read_file(path, limits=Limits(file_bytes=10))
    assert size.value.code == "file_too_large"
    with pytest.raises(TooLarge) as rows:
        read_file(path, limits=Limits(rows=2))
    assert rows.value.code == "too_many_rows"
    assert len(read_file(path, limits=Limits(rows=3)).rows) == 3


@pytest.mark.parametrize("content", [b"", b"\n  \n\n", b"\xef\xbb\xbf"])
def test_empty_files(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        read_file(write(tmp_path, content))
    assert caught.value.code == "empty_file"


def test_a_file_with_only_a_header_or_only_bad_rows(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="none of the 0 rows"):
        read_file(write(tmp_path, "text,label\n"))
    with pytest.raises(BadInput, match="the label is empty") as caught:
        read_file(write(tmp_path, "text,label\na,\nb,\n"))
    assert (caught.value.code, caught.value.where) == ("no_rows", "q.csv:2")


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="absent"):
        read_file(tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"PK\x03\x04rest", "Excel"),
        (b"\x1f\x8b\x08rest", "gzip"),
        (b"PAR1rest", "Parquet"),
        (b"text,label\na\x00b,x\n", "control bytes"),
        (bytes(range(1, 32)) * 20, "control bytes"),
        (b"\xff\xfea\x00b", "UTF-16"),
    ],
)
def test_binary_files(tmp_path: Path, content: bytes, word: str) -> None:
    with pytest.raises(BadInput, match=word) as caught:
        read_file(write(tmp_path, content))
    assert caught.value.code == "not_text"


def test_utf8_with_a_byte_order_mark_and_utf16(tmp_path: Path) -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        path = write(tmp_path, "text,label\nça va?,x\n".encode(encoding))
        assert values(read_file(path)) == [("ça va?", "x", "", 2)]


def test_windows_1252_is_read_with_a_notice(tmp_path: Path) -> None:
    path = write(tmp_path, "text,label\nplain,x\ncafé “now”,y\n".encode("cp1252"))
    imported = read_file(path)
    assert [r.text for r in imported.rows] == ["plain", "café “now”"]
    [notice] = [n for n in imported.notices if n.code == "encoding_fallback"]
    assert notice.line == 3
    assert "0xe9" in notice.message


def test_neither_utf8_nor_windows_1252(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="0x81") as caught:
        read_file(write(tmp_path, b"text,label\nfine,x\n\x81,y\n"))
    assert (caught.value.code, caught.value.where) == ("not_utf8", "q.csv:3")


def test_a_character_cut_at_the_end_of_the_file(tmp_path: Path) -> None:
    imported = read_file(write(tmp_path, b"text,label\nfine,x\ncaf\xc3"))
    assert [n.line for n in imported.notices if n.code == "encoding_fallback"] == [3]
    assert [r.code for r in imported.rejected] == ["ragged_row"]


def test_old_line_ends(tmp_path: Path) -> None:
    for end in ("\r\n", "\r"):
        path = write(tmp_path, f"text,label{end}a,x{end}b,y{end}")
        assert values(read_file(path)) == [("a", "x", "", 2), ("b", "y", "", 3)]


def test_json_lines(tmp_path: Path) -> None:
    lines = [
        '{"question": "où?", "intent": "place", "user_id": 7}',
        "",
        "not json",
        '["a"]',
        '{"question": "no label"}',
        '{"question": "", "intent": "x"}',
        '{"question": "q", "intent": null}',
        '{"question": {"a": 1}, "intent": "x"}',
        '{"intent": 3, "question": "last"}',
    ]
    imported = read_file(write(tmp_path, "\n".join(lines), "q.jsonl"))
    assert values(imported) == [("où?", "place", "7", 1), ("last", "3", "", 9)]
    assert [(r.line, r.code) for r in imported.rejected] == [
        (3, "bad_json"),
        (4, "not_an_object"),
        (5, "missing_columns"),
        (6, "empty_text"),
        (7, "empty_label"),
        (8, "wrong_type"),
    ]


def test_json_without_the_fields_names_those_that_exist(tmp_path: Path) -> None:
    path = write(tmp_path, '{"frage": "wo?", "klasse": "ort"}\n', "q.jsonl")
    with pytest.raises(BadInput, match="'frage', 'klasse'") as caught:
        read_file(path)
    assert (caught.value.code, caught.value.where) == ("missing_columns", "q.jsonl:1")
    assert values(read_file(path, columns=Columns(text="Frage", label="klasse"))) == [("wo?", "ort", "", 1)]


def test_a_json_list_is_told_how_to_become_lines(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="one JSON list") as caught:
        read_file(write(tmp_path, '[\n{"text": "a", "label": "b"}\n]', "q.json"))
    assert caught.value.code == "not_json_lines"


cell = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30).filter(str.strip)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=12))
def test_what_csv_and_json_write_is_read_back(
    rows: list[tuple[str, str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("roundtrip")
    out = io.StringIO()
    csv.writer(out).writerows([("text", "label", "user"), *rows])
    lines = [json.dumps({"text": t, "label": label, "user": user}) for t, label, user in rows]
    expected = [tuple(value.strip() for value in row) for row in rows]
    for path in (write(folder, out.getvalue()), write(folder, "\n".join(lines), "q.jsonl")):
        imported = read_file(path)
        assert [(r.text, r.label, r.user) for r in imported.rows] == expected
        assert imported.rejected == []


@settings(max_examples=100, deadline=None)
@given(body=st.text(alphabet='ab,"\n\r;é ', max_size=120))
def test_no_row_is_lost_whatever_the_body(body: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every non-blank line of a broken body is in a row or a rejected row, or the file is refused with its line."""
    path = write(tmp_path_factory.mktemp("any"), "text,label\nfirst,x\n" + body)
    imported, refused = read_or_refuse(path)
    if imported is None:
        assert refused is not None
        assert refused.code == "unterminated_quote"
        assert int(refused.where.rpartition(":")[2]) >= 2
        return
    items = [*imported.rows, *imported.rejected]
    assert all(isinstance(item, Row) or item.raw for item in items)
    assert len({item.line for item in items}) == len(items)
    letters = sum(c in "abé" for c in body)
    kept = sum(c in "abé" for item in items for c in (item.text + item.label if isinstance(item, Row) else item.raw))
    assert kept >= letters


def read_or_refuse(path: Path) -> tuple[Imported | None, BadInput | None]:
    try:
        return read_file(path), None
    except BadInput as error:
        return None, error


@pytest.mark.real_data
def test_real_questions(test_data: Path) -> None:
    train = read_file(test_data / "intents" / "banking77_train.csv")
    test = read_file(test_data / "intents" / "banking77_test.csv")
    assert (len(train.rows), len(test.rows)) == (10_003, 3_080)
    assert train.rejected == test.rejected == []
    assert len({row.label for row in train.rows}) == 77
