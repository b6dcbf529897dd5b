"""JSON Lines: one object per line, with the same usual names as a CSV header."""

from __future__ import annotations

from typing import Any

import msgspec

from volant.core.errors import BadInput
from volant.data.header import Columns, fold, pick

_decode = msgspec.json.Decoder().decode


def parse_line(raw: str, where: str, columns: Columns, labelled: bool) -> tuple[str, str, str]:
    """Text, label and user of one line, stripped; "" where a value is absent or null.

    Raises BadInput: `bad_json`, `not_an_object`, `missing_columns`, `wrong_type`.
    """
    try:
        value: Any = _decode(raw)
    except msgspec.DecodeError as error:
        raise BadInput("bad_json", f"not valid JSON: {error}", where=where, hint="one object per line") from None
    if not isinstance(value, dict):
        kind = "a list" if isinstance(value, list) else f"{type(value).__name__}"
        raise BadInput("not_an_object", f"{kind} where an object is expected", where=where, hint="one object per line")
    keys = list(value)
    found = [fold(key) for key in keys]
    places = {role: pick(found, columns.names(role)) for role in ("text", "label", "user")}
    needed = ["text", *(["label"] if labelled else []), *(["user"] if columns.user else [])]
    if absent := [role for role in needed if places[role] is None]:
        shown = ", ".join(repr(key[:40]) for key in keys[:12])
        raise BadInput(
            "missing_columns",
            f"no field for the {' and the '.join(absent)}; the object has: {shown}",
            where=where,
            hint='name the fields "text", "label" and "user", or say which fields to take',
        )
    text, label, user = (
        _plain(value[keys[place]], keys[place], where) if (place := places[role]) is not None else ""
        for role in ("text", "label", "user")
    )
    return text, label, user


def _plain(value: object, key: str, where: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadInput(
            "wrong_type", f"{key[:40]!r} is not a text or number", where=where, hint="write it as one JSON string"
        )
    return str(value).strip()
