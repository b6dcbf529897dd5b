"""The API reference: every route of openapi.json as a heading with its permission, parameters, body and answer.

Knows OpenAPI 3.1 as FastAPI writes it and Markdown; knows no route by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

SHOWN = 24  # fields of a body or an answer that are listed; the rest stands in openapi.json


def routes_page(described: Mapping[str, Any], permissions: Mapping[tuple[str, str], str]) -> str:
    """Markdown of all routes, by noun. `permissions`: (method, path) → permission, empty where no key is needed."""
    by_tag: dict[str, list[str]] = {}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            permission = permissions.get((method.upper(), path), "")
            text = route(described, f"{method.upper()} {path}", operation, permission)
            by_tag.setdefault(operation["tags"][0], []).append(text)
    return "\n\n".join(f"### {tag}\n\n" + "\n\n".join(texts) for tag, texts in sorted(by_tag.items()))


def route(described: Mapping[str, Any], name: str, operation: Mapping[str, Any], permission: str) -> str:
    """One route's section."""
    parts = [f"#### `{name}`", _sentence(operation.get("summary", ""))]
    if prose := operation.get("description", "").strip():
        parts.append(_safe(prose))
    parts.append(f"Permission: `{permission}`." if permission else "No key is needed.")
    if parameters := operation.get("parameters"):
        rows = [(f"`{one['name']}`", one["in"], _kind(one["schema"]), _default(one), _prose(one)) for one in parameters]
        parts.append(table(("parameter", "in", "type", "default", "what"), rows))
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(_fields(described, content["schema"], f"Body, `{media}`"))
    for status, answer in operation.get("responses", {}).items():
        if status != "default":
            parts.append(_answer(described, status, answer))
    return "\n\n".join(filter(None, parts))


def _answer(described: Mapping[str, Any], status: str, answer: Mapping[str, Any]) -> str:
    content = answer.get("content", {})
    for media, shape in content.items():
        return _fields(described, shape.get("schema", {}), f"Answer {status}, `{media}`")
    return f"Answer {status}, without a body."


def _fields(described: Mapping[str, Any], schema: Mapping[str, Any], title: str) -> str:
    schema, many = _resolved(described, schema)
    fields = schema.get("properties", {})
    title += ", a list of" if many else ""
    if not fields:
        kind = _kind(schema)
        return f"{title}." if kind == "any" else f"{title}: {kind}."
    required = set(schema.get("required", ()))
    rows = [
        (f"`{name}`", _kind(field), "required" if name in required and "Body" in title else _default({"schema": field}),
         _prose(field))
        for name, field in list(fields.items())[:SHOWN]
    ]  # fmt: skip
    if not any(row[2] for row in rows):
        text = table(("field", "type", "what"), [(row[0], row[1], row[3]) for row in rows])
    else:
        text = table(("field", "type", "default", "what"), rows)
    rest = len(fields) - SHOWN
    return f"{title}:\n\n{text}" + (f"\n\nand {rest} more fields: see `openapi.json`." if rest > 0 else "")


def _resolved(described: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """The object behind references and lists, and whether it is listed."""
    many = False
    while True:
        if "$ref" in schema:
            schema = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        elif schema.get("type") == "array" and "properties" not in schema:
            schema, many = schema.get("items", {}), True
        else:
            return schema, many


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return _safe(schema["$ref"].rpartition("/")[2])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            kinds = [_kind(one) for one in schema[word] if one.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    names = {"string": "text", "boolean": "true or false", "object": "object"}
    kind = schema.get("type", "any")
    return names.get(kind, kind) if isinstance(kind, str) else " or ".join(kind)


def _default(one: Mapping[str, Any]) -> str:
    if one.get("required"):
        return "required"
    value = one["schema"].get("default")
    if value is None or value == "" or isinstance(value, (dict, list)):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _prose(one: Mapping[str, Any]) -> str:
    return _safe(one.get("description", ""))


def _sentence(text: str) -> str:
    return _safe(text if text.endswith((".", "?")) else f"{text}.") if text else ""


def _safe(text: str) -> str:
    text = re.sub(r"<(?=[a-zA-Z])", "&lt;", text)
    return re.sub(r"(?<!`)\[(?=[^\]]*\](?!\())", r"\\[", text) if "`" not in text else text


def table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Markdown; bars in cells are escaped. A column that is empty in every row is left out."""
    head, body = list(titles), [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    kept = [n for n in range(len(head)) if n == 0 or any(row[n] for row in body)]
    lines = [[row[n] for n in kept] for row in (head, *body)]
    text = ["| " + " | ".join(row) + " |" for row in lines]
    return "\n".join([text[0], "|" + "---|" * len(kept), *text[1:]])
