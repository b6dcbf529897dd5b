"""Rows: the plain values that the steps of the data stage hand to each other.

Knows what a question with a label is, and what may become of it; knows no file, no store and no model. All are frozen,
so that a step returns new rows and says what it changed or removed.
"""

from __future__ import annotations

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One question as a person asked it, and the intent that it was given."""

    id: str  # unique inside an import: "<source>:<line>"
    text: str
    label: str = ""  # "" only where the import did not ask for labels
    user: str = ""  # "" until the file names one, or `users.draw_users` draws one
    source: str = ""  # name of the file, without its folder
    line: int = 0  # 1-based line of the file on which the row begins


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a file that could not be read as a row. `raw` may hold personal data: redact it before storing it."""

    source: str
    line: int
    code: str  # stable: "empty_label", "ragged_row", ...
    message: str  # what is wrong and what to do
    raw: str  # the row as it stood in the file, cut at 2,000 characters


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Something about a whole file that its reader should know; nothing was lost."""

    code: str  # stable: "encoding_fallback", "delimiter"
    message: str
    source: str
    line: int = 0  # 0 when it concerns the whole file


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A step wrote a row's text anew. Says what kind of change, never the text: that is what redaction took away."""

    row_id: str
    step: str  # "encoding", "whitespace", "pii"
    detail: str  # "EMAIL x1, PHONE x2"


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """A step took a row out, and why. `row` is as the step saw it (from the step "pii" on, redacted)."""

    row: Row
    step: str  # "empty", "language", "exact_duplicate", "near_duplicate", "leak", "straddle", ...
    reason: str  # for people
    keeper_id: str = ""  # the row that stays in its stead, where there is one
    score: float = 1.0  # similarity to the keeper, or probability of the reason, in [0, 1]


class LabelConflict(msgspec.Struct, frozen=True, kw_only=True):
    """Duplicates that carry different labels: one of them is wrong, or the labels overlap."""

    row_ids: tuple[str, ...]  # the kept row first
    labels: tuple[str, ...]  # in the order of `row_ids`
    score: float  # lowest similarity to the kept row; 1.0 for exact duplicates
