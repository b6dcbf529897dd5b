"""Importing: read a file of labelled questions, CSV or JSON Lines, row by row.

Knows formats, encodings and limits; knows nothing of what makes a good question. A file that cannot be read raises
BadInput with the file and line; a row that cannot be read comes back as Rejected, so that rows in = rows out +
rejected.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import msgspec

from volant.core.errors import BadInput, NotFound, TooLarge
from volant.data.encoding import Encoding, sniff_encoding
from volant.data.header import Columns, Header, read_header
from volant.data.jsonl import parse_line
from volant.data.rows import Notice, Rejected, Row

_RAW_LIMIT = 2_000  # characters of a rejected row that are kept


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What an import accepts; above it, TooLarge or a rejected row."""

    file_bytes: int = 1 << 30
    row_chars: int = 100_000
    rows: int = 5_000_000


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """All of one file. `len(rows) + len(rejected)` is the number of rows that the file holds."""

    rows: list[Row]
    rejected: list[Rejected]
    notices: list[Notice]


def read_file(
    path: Path, *, columns: Columns | None = None, limits: Limits | None = None, labelled: bool = True
) -> Imported:
    """Read the whole file. Raises as `stream_file` does, and BadInput (`no_rows`) when not one row could be used."""
    rows: list[Row] = []
    rejected: list[Rejected] = []
    notices: list[Notice] = []
    for item in stream_file(path, columns=columns, limits=limits, labelled=labelled):
        if isinstance(item, Row):
            rows.append(item)
        elif isinstance(item, Rejected):
            rejected.append(item)
        else:
            notices.append(item)
    if not rows:
        first = rejected[0] if rejected else None
        raise BadInput(
            "no_rows",
            f"none of the {len(rejected)} rows can be used" + (f"; the first: {first.message}" if first else ""),
            where=f"{path.name}:{first.line}" if first else path.name,
            hint="one row is one question with its label; see docs/data.md for the formats",
        )
    return Imported(rows=rows, rejected=rejected, notices=notices)


def stream_file(
    path: Path, *, columns: Columns | None = None, limits: Limits | None = None, labelled: bool = True
) -> Iterator[Row | Rejected | Notice]:
    """Yield the rows of `path` one by one; memory stays that of one row.

    `columns` names the columns; without it the usual names are looked for. `labelled=False` takes files without labels.
    Raises NotFound without the file; TooLarge above a limit; BadInput for an empty or binary file, missing columns, and
    a quote that is never closed. `where` holds `name:line`.
    """
    columns, limits = columns or Columns(), limits or Limits()
    _check_size(path, limits)
    encoding = sniff_encoding(path)
    yield from encoding.notices
    if encoding.first_character == "[":
        raise BadInput(
            "not_json_lines",
            "the file is one JSON list",
            where=f"{path.name}:1",
            hint="write one object per line (JSON Lines), for example with: jq -c '.[]'",
        )
    with path.open("r", encoding=encoding.name, newline="") as file:
        items = _stream_json if _is_json_lines(path, encoding) else _stream_csv
        count = 0
        for item in items(file, path.name, columns, limits, labelled):
            count += not isinstance(item, Notice)
            if count > limits.rows:
                raise TooLarge(
                    "too_many_rows",
                    f"more than {limits.rows:,} rows",
                    where=path.name,
                    hint="split the file, or raise the limit of rows",
                )
            yield item


def _check_size(path: Path, limits: Limits) -> None:
    if not path.is_file():
        raise NotFound("no_such_file", f"there is no file {path.name!r}", where=str(path), hint="check the path")
    size = path.stat().st_size
    if size > limits.file_bytes:
        raise TooLarge(
            "file_too_large",
            f"the file has {size:,} bytes, the limit is {limits.file_bytes:,}",
            where=path.name,
            hint="split the file, or raise the limit of bytes",
        )
    if not size:
        raise BadInput("empty_file", "the file is empty", where=path.name, hint="export it again, with a header line")


def _is_json_lines(path: Path, encoding: Encoding) -> bool:
    return path.suffix.lower() in (".jsonl", ".ndjson", ".json") or encoding.first_character == "{"


def _stream_csv(
    file: TextIO, source: str, columns: Columns, limits: Limits, labelled: bool
) -> Iterator[Row | Rejected | Notice]:
    """Rows of a delimited file. A record may span lines inside quotes; `line` is the one on which it begins."""
    lines = _Lines(file, source, limits)
    header = read_header(lines.first(), source, columns, labelled)
    yield from header.notices
    reader = csv.reader(lines, delimiter=header.delimiter, strict=True)
    while True:
        lines.begin_record()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if lines.ended:
                raise lines.unterminated() from None
            lines.retry_rest()
            yield _rejected(source, lines, "malformed_row", f"{error}; quote the field, and double quotes inside it")
            continue
        if lines.too_long:
            yield _rejected(source, lines, "row_too_long", f"longer than {limits.row_chars:,} characters; shorten it")
        elif fields:
            yield _csv_row(fields, header, source, lines, labelled)


def _csv_row(fields: list[str], header: Header, source: str, lines: _Lines, labelled: bool) -> Row | Rejected:
    if len(fields) != header.width:
        message = (
            f"{len(fields)} fields where the header has {header.width}; "
            f"quote a text that holds {header.delimiter!r}, or add the missing field"
        )
        return _rejected(source, lines, "ragged_row", message)
    text = fields[header.text].strip()
    label = fields[header.label].strip() if header.label is not None else ""
    user = fields[header.user].strip() if header.user is not None else ""
    if problem := _problem(text, label, labelled):
        return _rejected(source, lines, *problem)
    line = lines.record_line
    return Row(id=f"{source}:{line}", text=text, label=label, user=user, source=source, line=line)


def _stream_json(
    file: TextIO, source: str, columns: Columns, limits: Limits, labelled: bool
) -> Iterator[Row | Rejected | Notice]:
    """Rows of a JSON Lines file: one object per line; blank lines are skipped."""
    lines = _Lines(file, source, limits)
    some_fit, missing = False, None
    while True:
        lines.begin_record()
        raw = next(lines, None)
        if raw is None:
            break
        if lines.too_long:
            yield _rejected(source, lines, "row_too_long", f"longer than {limits.row_chars:,} characters; shorten it")
            continue
        if not raw.strip():
            continue
        line = lines.record_line
        try:
            text, label, user = parse_line(raw, f"{source}:{line}", columns, labelled)
        except BadInput as error:
            missing = missing or (error if error.code == "missing_columns" else None)
            yield _rejected(source, lines, error.code, error.message)
            continue
        some_fit = True
        if problem := _problem(text, label, labelled):
            yield _rejected(source, lines, *problem)
        else:
            yield Row(id=f"{source}:{line}", text=text, label=label, user=user, source=source, line=line)
    if missing is not None and not some_fit:
        raise missing


def _problem(text: str, label: str, labelled: bool) -> tuple[str, str] | None:
    if not text:
        return "empty_text", "the text is empty; fill it in, or delete the row"
    if labelled and not label:
        return "empty_label", "the label is empty; fill it in, or delete the row"
    return None


def _rejected(source: str, lines: _Lines, code: str, message: str) -> Rejected:
    return Rejected(source=source, line=lines.record_line, code=code, message=message, raw=lines.raw[:_RAW_LIMIT])


class _Lines:
    """Physical lines of a text file for the csv reader; remembers those of the current record.

    A line above the limit is cut and drained, so that memory stays bounded. A record that grows above the limit over
    many lines has an unclosed quote. `retry_rest` gives all lines of a broken record but its first back to be read
    again, so that one stray quote costs one row.
    """

    def __init__(self, file: TextIO, source: str, limits: Limits) -> None:
        self._file = file
        self._source = source
        self._limit = limits.row_chars
        self._read = 0  # lines read from the file
        self._waiting: deque[tuple[int, str]] = deque()
        self.ended = False
        self.begin_record()

    def begin_record(self) -> None:
        """Forget the record before; the next line read begins a new one."""
        self._record: list[tuple[int, str]] = []
        self._size = 0
        self.too_long = False

    @property
    def record_line(self) -> int:
        """Line on which the current record begins, from 1."""
        return self._record[0][0] if self._record else self._read + 1

    @property
    def raw(self) -> str:
        """The current record as it stands in the file."""
        return "".join(line for _, line in self._record).rstrip("\r\n")

    def retry_rest(self) -> None:
        """Give back every line of the current record but its first."""
        self._waiting.extendleft(reversed(self._record[1:]))
        del self._record[1:]

    def first(self) -> str:
        """The first line that is not blank (the header)."""
        for line in self:
            if line.strip():
                return line
            self.begin_record()
        raise BadInput(
            "empty_file", "the file holds only blank lines", where=self._source, hint="export it again, with a header"
        )

    def unterminated(self) -> BadInput:
        """The error of a quote that opens in the current record and is never closed."""
        return BadInput(
            "unterminated_quote",
            "a quoted field opens here and is never closed, so the rest of the file would be one field",
            where=f"{self._source}:{self.record_line}",
            hint='close the quote, or write a quote that belongs to the text twice ("")',
        )

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        number, line = self._waiting.popleft() if self._waiting else self._next_of_file()
        if self._record and self._size + len(line) > self._limit:
            raise self.unterminated()
        self._record.append((number, line))
        self._size += len(line)
        if len(line) > self._limit + 1:  # a cut line becomes one plain field: its quotes must not swallow what follows
            self.too_long = True
            return "cut\n"
        return line

    def _next_of_file(self) -> tuple[int, str]:
        line = self._file.readline(self._limit + 2)
        if not line:
            self.ended = True
            raise StopIteration
        self._read += 1
        if len(line) > self._limit + 1:
            end = line
            while end and not end.endswith(("\n", "\r")):
                end = self._file.readline(1 << 16)
        return self._read, line
