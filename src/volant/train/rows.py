"""Rows: what a training run reads. One question, the answer wanted, and which split it belongs to.

Knows nothing of where rows come from: the worker hands over an iterable, from memory, a pipe or a file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from volant.core.errors import BadInput

_FORM = 'a line is {"id", "question", "answer", "split": "train" | "validation"}'


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One example. `answer` is the exact text that the model shall give, e.g. '{"intent": "card_arrival"}'."""

    id: str
    question: str
    answer: str
    split: Literal["train", "validation"] = "train"


def read_rows(lines: Iterable[bytes]) -> Iterator[Row]:
    """Rows from JSON lines. Raises BadInput("row_invalid") with the line's number, never its text."""
    decoder = msgspec.json.Decoder(Row)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadInput("row_invalid", f"not a training row: {error}", where=f"line {number}",
                           hint=_FORM) from None  # fmt: skip


def split_rows(rows: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """(train, validation), each in the order given. Raises BadInput without training rows, or with an id twice."""
    train: list[Row] = []
    validation: list[Row] = []
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            raise BadInput("row_twice", f"row {row.id!r} comes twice", hint="give every row its own id")
        if not row.question.strip() or not row.answer.strip():
            raise BadInput("row_empty", f"row {row.id!r} has an empty question or answer", hint="clean the data first")
        seen.add(row.id)
        (train if row.split == "train" else validation).append(row)
    if not train:
        raise BadInput("no_training_rows", "no row has split 'train'", hint="check the dataset version's splits")
    return train, validation


def fingerprint(rows: Sequence[Row]) -> str:
    """SHA-256 (hex) over ids and splits in order. Ids only, so that it can outlive an erasure of the texts."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(f"{row.id}\x1f{row.split}\x1e".encode())
    return digest.hexdigest()
