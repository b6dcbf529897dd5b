from __future__ import annotations

import msgspec
import pytest

from volant.core.errors import BadInput
from volant.train.rows import Row, fingerprint, read_rows, split_rows

A = Row(id="a", question="q", answer="x")
B = Row(id="b", question="q", answer="x", split="validation")


def test_rows_come_from_lines_and_empty_lines_are_left_out() -> None:
    assert list(read_rows([msgspec.json.encode(A), b"\n", msgspec.json.encode(B)])) == [A, B]


@pytest.mark.parametrize("line", [b"{", b'{"id": "a"}', b'{"id":"a","question":"secret","answer":"x","split":"test"}'])
def test_a_bad_line_is_named_by_number_and_not_by_text(line: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        list(read_rows([msgspec.json.encode(A), line]))
    assert caught.value.code == "row_invalid"
    assert caught.value.where == "line 2"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([], "no_training_rows"),
        ([B], "no_training_rows"),
        ([A, A], "row_twice"),
        ([Row(id="a", question=" ", answer="x")], "row_empty"),
    ],
)
def test_rows_that_cannot_train_are_refused(rows: list[Row], code: str) -> None:
    with pytest.raises(BadInput) as caught:
        split_rows(rows)
    assert caught.value.code == code


def test_the_fingerprint_follows_ids_splits_and_order_and_not_texts() -> None:
    assert split_rows([A, B]) == ([A], [B])
    assert fingerprint([A, B]) == fingerprint([Row(id="a", question="other", answer="y"), B])
    assert (
        len(
            {
                fingerprint(rows)
                for rows in ([A, B], [B, A], [A], [Row(id="a", question="q", answer="x", split="validation"), B])
            }
        )
        == 4
    )
