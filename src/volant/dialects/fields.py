"""Fields: read decoded JSON whose shape nobody vouches for. Every complaint names the path of the field."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from volant.core.errors import BadInput

Json = dict[str, Any]
T = TypeVar("T")


def decode(body: bytes) -> Any:
    """The JSON in `body`. Raises BadInput `invalid_json` with the position."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput("invalid_json", f"the body is not valid JSON: {error}") from None


def want(value: object, kind: type[T], path: str) -> T:
    """`value`, which must be a `kind`. Raises BadInput `invalid_field`."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        found = "missing" if value is None else f"of type {type(value).__name__}"
        raise bad(path, f"is {found}; it must be of type {kind.__name__}")
    return value


def maybe(value: object, kind: type[T], path: str) -> T | None:
    """As `want`, or None."""
    return None if value is None else want(value, kind, path)


def number(value: object, path: str) -> float | None:
    """A number, whole or not, or None."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else maybe(value, float, path)


def listed(value: object, path: str) -> list[Any]:
    """A list; none is an empty one."""
    return want(value if value is not None else [], list, path)


def words(value: object, path: str) -> str:
    """A text; none is an empty one."""
    return want(value if value is not None else "", str, path)


def bad(path: str, sentence: str) -> BadInput:
    """The complaint about one field."""
    return BadInput("invalid_field", f"`{path}` {sentence}", where=path)


def filled(**fields: Any) -> Json:
    """Those that say something."""
    return {name: value for name, value in fields.items() if value}
