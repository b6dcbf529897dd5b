"""Values: one field of the caller's body, read when somebody wants it. Pure.

A body is taken apart into raw fields and checked as text, so that a value can still be one that nobody can hold: a
number such as 1e999.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from volant.core.errors import BadInput


def value_of(fields: Mapping[str, msgspec.Raw], name: str) -> Any:
    """The field's value; None where it is not there. Raises BadInput `invalid_field`."""
    raw = fields.get(name)
    return None if raw is None else value_at(raw, name)


def value_at(raw: msgspec.Raw | bytes, where: str) -> Any:
    """What `raw` says. Raises BadInput `invalid_field` for what nobody can hold."""
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        raise BadInput("invalid_field", f"`{where}` cannot be read: {error}", where=where) from None
