"""Gemini's schemas: its subset of OpenAPI 3.0 to JSON Schema, and JSON Schema to what its JSON Schema fields hold.

Sources: Gemini API reference, "Schema" and `responseJsonSchema` (read November 2026): the latter takes any JSON Schema
and holds answers to the keywords in `_HELD` only.
"""

from __future__ import annotations

from typing import Any

from volant.dialects.dialect import Losses
from volant.dialects.fields import Json, want
from volant.dialects.gemini_wire import whole_number

_HELD = frozenset({
    "$id", "$defs", "$ref", "$anchor", "type", "format", "title", "description", "enum", "items", "prefixItems",
    "minItems", "maxItems", "minimum", "maximum", "anyOf", "oneOf", "properties", "additionalProperties", "required",
    "propertyOrdering",
})  # fmt: skip
_NOTES = frozenset({"$schema", "$comment", "default", "examples", "deprecated", "readOnly", "writeOnly"})
_COUNTS = ("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties")
_SAME = ("title", "description", "default", "pattern", "required", "minimum", "maximum")


# ---------------------------------------------------------------- theirs to JSON Schema
def from_openapi(raw: object, path: str) -> Json:
    """The JSON Schema that says what Gemini's Schema object `raw` says. Raises BadInput `invalid_field`."""
    theirs = want(raw, dict, path)
    ours: Json = {}
    kind = theirs.get("type")
    if kind is not None and kind != "TYPE_UNSPECIFIED":
        ours["type"] = want(kind, str, f"{path}.type").lower()
    ours |= {name: theirs[name] for name in _SAME if name in theirs}
    ours |= {name: whole_number(theirs[name], f"{path}.{name}") for name in _COUNTS if name in theirs}
    if theirs.get("format") not in (None, "enum"):
        ours["format"] = theirs["format"]
    if "example" in theirs:
        ours["examples"] = [theirs["example"]]
    if "ref" in theirs:
        ours["$ref"] = want(theirs["ref"], str, f"{path}.ref").replace("#/defs/", "#/$defs/")
    for name, mine in (("properties", "properties"), ("defs", "$defs")):
        if name in theirs:
            inner = want(theirs[name], dict, f"{path}.{name}")
            ours[mine] = {key: from_openapi(one, f"{path}.{name}.{key}") for key, one in inner.items()}
    if isinstance(order := theirs.get("propertyOrdering"), list) and "properties" in ours:
        ours["properties"] = _ordered(ours["properties"], order)
    for name in ("items", "additionalProperties"):
        if name in theirs:
            inner = theirs[name]
            ours[name] = inner if isinstance(inner, bool) else from_openapi(inner, f"{path}.{name}")
    if "anyOf" in theirs:
        among = want(theirs["anyOf"], list, f"{path}.anyOf")
        ours["anyOf"] = [from_openapi(one, f"{path}.anyOf[{at}]") for at, one in enumerate(among)]
    if "enum" in theirs:
        ours["enum"] = list(want(theirs["enum"], list, f"{path}.enum"))
    return _with_null(ours) if theirs.get("nullable") is True else ours


def _ordered(properties: Json, order: list[Any]) -> Json:
    first = {name: properties[name] for name in order if isinstance(name, str) and name in properties}
    return first | {name: one for name, one in properties.items() if name not in first}


def _with_null(schema: Json) -> Json:
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    if "type" in schema:
        schema["type"] = [schema["type"], "null"]
    elif "anyOf" in schema:
        schema["anyOf"] = [*schema["anyOf"], {"type": "null"}]
    elif "$ref" in schema:
        schema["anyOf"] = [{"$ref": schema.pop("$ref")}, {"type": "null"}]
    return schema


# ---------------------------------------------------------------- JSON Schema to theirs
def to_gemini(schema: Json, losses: Losses, where: str, *, strict: bool = False) -> Json:
    """`schema` in the keywords that Gemini holds answers to.

    What says the same in other words is rewritten (`const`, `definitions`, one `allOf`). Any other keyword is sent as
    it is and named in `losses`, or refused where `strict`: the caller counts on it. Raises BadInput `not_supported`.
    """
    ours: Json = {}
    for name, value in schema.items():
        if name == "const" and isinstance(value, str | int | float) and not isinstance(value, bool):
            ours["enum"] = [value]
        elif name == "$ref" and isinstance(value, str):
            ours[name] = value.replace("#/definitions/", "#/$defs/")
        elif name in ("properties", "$defs", "definitions") and isinstance(value, dict):
            inner = {key: _inner(one, losses, where, strict=strict) for key, one in value.items()}
            ours["$defs" if name == "definitions" else name] = inner
        elif name in ("items", "additionalProperties"):
            ours[name] = _inner(value, losses, where, strict=strict)
        elif name in ("anyOf", "oneOf", "prefixItems") and isinstance(value, list):
            ours[name] = [_inner(one, losses, where, strict=strict) for one in value]
        elif name == "allOf" and isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
            ours |= to_gemini(value[0], losses, where, strict=strict)
        else:
            if name not in _HELD and name not in _NOTES:
                _lose(name, losses, where, strict=strict)
            ours[name] = value
    if "$ref" in ours and any(not name.startswith("$") for name in ours):  # a $ref must stand alone
        ours["anyOf"] = [*ours.get("anyOf", ()), {"$ref": ours.pop("$ref")}]
    return ours


def _inner(schema: Any, losses: Losses, where: str, *, strict: bool) -> Any:
    """A schema inside another: true and false are schemas too."""
    return to_gemini(schema, losses, where, strict=strict) if isinstance(schema, dict) else schema


def _lose(name: str, losses: Losses, where: str, *, strict: bool) -> None:
    why = f"it does not hold answers to the schema's {name[:40]!r}"
    if strict:
        losses.refuse(where, why)
    losses.drop(where, why)
