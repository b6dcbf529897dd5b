"""Anthropic schemas: bend a JSON Schema to the subset that structured outputs take, and say what was bent.

Every object is closed (`additionalProperties: false`) and keywords outside of the subset go into the description, where
the model may still heed them: what Anthropic's own SDKs do with a caller's types.

Source: Anthropic documentation, "Structured outputs", JSON Schema limitations (November 2026).
"""

from __future__ import annotations

from typing import Any

import msgspec

from volant.core.chat import Json
from volant.dialects.dialect import Losses

_KEPT = {"$ref", "$schema", "type", "enum", "const", "description", "title", "default", "required"}
_FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}


def closed_schema(schema: Json, losses: Losses) -> Json:
    """`schema` as Anthropic takes it. What has no place is named in `losses` and told to the model in words."""
    bent: Json = {}
    aside: Json = {}
    for name, value in schema.items():
        if name in ("$defs", "definitions", "properties") and isinstance(value, dict):
            bent[name] = {key: _closed(one, losses) for key, one in value.items()}
        elif name in ("anyOf", "oneOf", "allOf") and isinstance(value, list):
            bent["anyOf" if name == "oneOf" else name] = [_closed(one, losses) for one in value]
        elif name == "items":
            bent[name] = _closed(value, losses)
        elif name in _KEPT or _is_taken(name, value):
            bent[name] = value
        elif name != "additionalProperties":
            aside[name] = value
    if _is_object(schema):
        if schema.get("additionalProperties"):
            losses.drop("additionalProperties", "Anthropic takes closed objects only")
        bent["additionalProperties"] = False
    if aside:
        losses.drop(f"schema keywords {', '.join(sorted(aside))}", "told to the model in words")
        told = ", ".join(f"{name}: {msgspec.json.encode(value).decode()}" for name, value in aside.items())
        before = f"{bent['description']} " if isinstance(bent.get("description"), str) else ""
        bent["description"] = f"{before}({told})"
    return bent


def _closed(schema: Any, losses: Losses) -> Any:
    return closed_schema(schema, losses) if isinstance(schema, dict) else schema


def _is_object(schema: Json) -> bool:
    kind = schema.get("type")
    return kind == "object" or "properties" in schema or (isinstance(kind, list) and "object" in kind)


def _is_taken(name: str, value: object) -> bool:
    return (name == "format" and value in _FORMATS) or (name == "minItems" and value in (0, 1))
