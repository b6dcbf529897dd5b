"""Header: which column is the text, the label and the user, and what separates the columns.

The delimiter is the one under which the header holds the columns that are needed; nothing is guessed from the rows.
"""

from __future__ import annotations

import csv

import msgspec

from volant.core.errors import BadInput
from volant.data.rows import Notice

_DELIMITERS = ",;\t|"
TEXT_NAMES = (
    "text", "question", "utterance", "query", "message", "prompt", "input", "sentence", "request", "content", "body",
)  # fmt: skip
LABEL_NAMES = (
    "label", "intent", "category", "class", "target", "topic", "answer", "output", "completion", "tag",
)  # fmt: skip
USER_NAMES = (
    "user", "userid", "customer", "customerid", "author", "authorid", "subject", "client", "clientid", "account",
    "accountid", "session", "sessionid", "conversationid",
)  # fmt: skip


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """Names of the columns, where the caller knows them; "" looks for the usual names. Case and spaces do not count."""

    text: str = ""
    label: str = ""
    user: str = ""

    def names(self, role: str) -> tuple[str, ...]:
        """The names that would do for `role` ("text", "label" or "user"), best first, folded."""
        wanted: str = getattr(self, role)
        usual = {"text": TEXT_NAMES, "label": LABEL_NAMES, "user": USER_NAMES}[role]
        return (fold(wanted),) if wanted else usual


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """Where each column stands."""

    delimiter: str
    width: int  # number of columns
    text: int
    label: int | None
    user: int | None
    notices: tuple[Notice, ...] = ()


def fold(name: str) -> str:
    """A column's name without case, spaces, hyphens and underscores."""
    return "".join(c for c in name.casefold() if c.isalnum())


def pick(found: list[str], names: tuple[str, ...]) -> int | None:
    """Position in `found` (folded) of the first of `names` that is there."""
    return next((found.index(name) for name in names if name in found), None)


def read_header(line: str, source: str, columns: Columns, labelled: bool) -> Header:
    """Find the delimiter and the columns in the header line. Raises BadInput (`missing_columns`, `bad_header`)."""
    candidates = [(delimiter, _fields(line, delimiter)) for delimiter in _DELIMITERS]
    fitting: list[Header] = []
    for delimiter, fields in candidates:
        found = [fold(field) for field in fields]
        text, label = pick(found, columns.names("text")), pick(found, columns.names("label"))
        if text is None or (labelled and label is None) or text == label:
            continue
        user = pick(found, columns.names("user"))
        if columns.user and user is None:
            raise _missing(source, fields, f"no column {columns.user!r} for the user")
        fitting.append(Header(delimiter=delimiter, width=len(fields), text=text, label=label, user=user))
    if not fitting:
        fields = max(candidates, key=lambda candidate: len(candidate[1]))[1]
        found = [fold(field) for field in fields]
        absent = [
            f"{role} ({getattr(columns, role) or ', '.join(columns.names(role)[:4]) + ', …'})"
            for role in (("text", "label") if labelled else ("text",))
            if pick(found, columns.names(role)) is None
        ]
        raise _missing(source, fields, f"no column for the {' and the '.join(absent)}")
    best = max(fitting, key=lambda header: header.width)
    return _with_notices(best, _fields(line, best.delimiter), source)


def _with_notices(header: Header, fields: list[str], source: str) -> Header:
    chosen = f"text={fields[header.text]!r}"
    chosen += f", label={fields[header.label]!r}" if header.label is not None else ""
    chosen += f", user={fields[header.user]!r}" if header.user is not None else ", no user"
    names = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
    message = f"columns: {chosen}; separated by {names[header.delimiter]}"
    return msgspec.structs.replace(header, notices=(Notice(code="columns", message=message, source=source, line=1),))


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        return [field.strip() for field in next(csv.reader([line], delimiter=delimiter, strict=True))]
    except (csv.Error, StopIteration):
        return [line.strip()]


def _missing(source: str, fields: list[str], message: str) -> BadInput:
    shown = ", ".join(repr(field[:40]) for field in fields[:12])
    return BadInput(
        "missing_columns",
        f"{message}; the file has: {shown}",
        where=f"{source}:1",
        hint="name the columns in the first line (such as text,label,user), or say which columns to take",
    )
