"""Structs: core's msgspec nouns as FastAPI's request and response models, and as schemas in openapi.json.

    def create(body: Annotated[NewKey, AsJson, Body()]) -> Annotated[ApiKey, AsJson]: ...

FastAPI speaks pydantic; the nouns are msgspec structs and stay so. `AsJson` validates with msgspec.convert, writes
with msgspec.to_builtins, and leaves a mark in the schema that `resolve` turns into a reference to a component.
"""

from __future__ import annotations

from typing import Any

import msgspec
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

_MARK = "x-volant-struct"


class _Marker:
    """Annotates a msgspec type for pydantic."""

    def __get_pydantic_core_schema__(self, source: Any, _handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        _types[_name(source)] = source

        def convert(value: Any) -> Any:
            if isinstance(source, type) and isinstance(value, source):
                return value
            if isinstance(value, bytes):
                raise ValueError("send JSON with the header `content-type: application/json`")
            try:
                return msgspec.convert(value, source)
            except msgspec.ValidationError as error:
                raise ValueError(str(error)) from None

        return core_schema.no_info_plain_validator_function(
            convert,
            serialization=core_schema.plain_serializer_function_ser_schema(msgspec.to_builtins),
            metadata={_MARK: _name(source)},
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {_MARK: schema["metadata"][_MARK]}


AsJson = _Marker()
_types: dict[str, Any] = {}  # filled while routes are declared, then only read


def resolve(openapi: dict[str, Any]) -> dict[str, Any]:
    """Replace the marks by references and add the components that they name."""
    used: set[str] = set()
    resolved: dict[str, Any] = _replace(openapi, used)
    names = sorted(used)
    schemas, components = msgspec.json.schema_components(
        [_types[name] for name in names], ref_template="#/components/schemas/{name}"
    )
    inline = {name: schema for name, schema in zip(names, schemas, strict=True) if name not in components}
    target = resolved.setdefault("components", {}).setdefault("schemas", {})
    target.update({name: schema for name, schema in (components | inline).items() if not _is_reference(schema, name)})
    resolved["components"]["schemas"] = dict(sorted(target.items()))
    return resolved


def _replace(node: Any, used: set[str]) -> Any:
    if isinstance(node, dict):
        if _MARK in node:
            used.add(node[_MARK])
            return {"$ref": f"#/components/schemas/{node[_MARK]}"}
        return {key: _replace(value, used) for key, value in node.items()}
    if isinstance(node, list):
        return [_replace(item, used) for item in node]
    return node


def _is_reference(schema: dict[str, Any], name: str) -> bool:
    return schema == {"$ref": f"#/components/schemas/{name}"}


def _name(source: Any) -> str:
    """As msgspec names it in components: `Page_ApiKey_` for `Page[ApiKey]`."""
    text = getattr(source, "__name__", "") if not hasattr(source, "__args__") else ""
    if text:
        return str(text)
    arguments = "_".join(_name(argument) for argument in source.__args__)
    return f"{source.__origin__.__name__}_{arguments}_"
