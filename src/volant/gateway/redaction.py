"""Redaction: blank what must not be written, before it is written.

Knows which strings of a chat payload people wrote, in documents of text too; the redactor itself comes as an argument
(built on checks.pii by `app.gateway`, which sends long texts to a process pool). What cannot be parsed is not kept at
all: better no payload than a leak.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import msgspec

from volant.dialects.data_urls import document_of, with_text

Redact = Callable[[list[str]], Awaitable[list[str]]]  # the same texts in the same order, blanked

_STRUCTURE = frozenset(
    {
        "id", "object", "model", "role", "type", "finish_reason", "system_fingerprint", "tool_call_id", "service_tier",
        "tool_choice", "reasoning_effort", "response_format", "detail", "format",
    }
)  # fmt: skip
_UNREADABLE = b'{"volant":"payload left out: it could not be read, so it could not be redacted"}'


Flag = Callable[[tuple[str, ...], list[str]], Awaitable[list[str]]]  # names of checks, texts -> kinds found, sorted


def texts_of(payload: bytes) -> list[str]:
    """Every text of a payload that a person may have written; none of one that cannot be read."""
    try:
        tree = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeError):
        return []
    texts: list[str] = []
    _walk(tree, texts.append)
    return texts


async def redact_payload(payload: bytes, redact: Redact) -> bytes:
    """`payload` (JSON) with every text that a person may have written redacted; keys are left as they are."""
    if not payload:
        return payload
    try:
        tree = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeError):
        return _UNREADABLE
    texts: list[str] = []
    _walk(tree, texts.append)
    if not texts:
        return payload
    blanked = iter(await redact(texts))
    return msgspec.json.encode(_replace(tree, blanked))


def _walk(node: Any, take: Callable[[str], None], structure: frozenset[str] = _STRUCTURE) -> None:
    if isinstance(node, str):
        document = document_of(node) if node[:5].lower() == "data:" else None
        take(node if document is None else document[1])
    elif isinstance(node, list):
        for item in node:
            _walk(item, take, structure)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name not in structure:
                _walk(value, take, _below(name, structure))


def _replace(node: Any, blanked: Iterator[str], structure: frozenset[str] = _STRUCTURE) -> Any:
    if isinstance(node, str):
        text = next(blanked)
        document = document_of(node) if node[:5].lower() == "data:" else None
        if document is None:
            return text
        return node if text == document[1] else with_text(node, text)
    if isinstance(node, list):
        return [_replace(item, blanked, structure) for item in node]
    if isinstance(node, dict):
        return {
            name: value if name in structure else _replace(value, blanked, _below(name, structure))
            for name, value in node.items()
        }
    return node


def _below(name: str, structure: frozenset[str]) -> frozenset[str]:
    """Inside of `metadata`, and of `volant` with its variables, every name is the caller's own, `id` included."""
    return frozenset() if name in ("metadata", "volant") else structure
