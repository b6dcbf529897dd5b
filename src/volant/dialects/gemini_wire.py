"""Gemini's JSON: the small rules that hold everywhere in it.

Protocol buffers as JSON: names in camelCase or snake_case, 64-bit numbers as text, bytes as base64 of either alphabet
(the SDK writes the one for URLs), enumerations by name. Source: "ProtoJSON Format", protobuf.dev; Gemini API
reference (read November 2026).
"""

from __future__ import annotations

import binascii
import re
from typing import Any

from volant.core.chat import FinishReason
from volant.dialects.fields import Json, bad, want

NAME = "gemini"
TITLE = "Gemini generateContent"

_SNAKE = re.compile(r"_([a-z0-9])")
_FREE = frozenset({  # what stands below these names is the caller's own
    "args", "response", "parametersJsonSchema", "responseJsonSchema", "labels", "partMetadata", "default", "example",
    "metadata", "customMetadata",
})  # fmt: skip
_MAPS = frozenset({"properties", "defs"})  # the caller's own names, our values
_URL_ALPHABET = str.maketrans("-_", "+/", "\r\n= \t")

_BLOCKED = (
    "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR", "JAILBREAK", "ESCALATION",
)  # fmt: skip
_BROKEN = (
    "OTHER", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE",
    "MALFORMED_RESPONSE", "IMAGE_OTHER", "NO_IMAGE",
)  # fmt: skip
_FINISH: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    **dict.fromkeys(_BLOCKED, "content_filter"),
    **dict.fromkeys(_BROKEN, "error"),
}
_SAID: dict[FinishReason, str] = {
    "stop": "STOP",
    "tool_calls": "STOP",
    "length": "MAX_TOKENS",
    "content_filter": "SAFETY",
    "error": "OTHER",
}


def proto(value: Any) -> Any:
    """Decoded JSON with every name of the API in camelCase; the caller's own names as they are."""
    if isinstance(value, list):
        return [proto(one) for one in value]
    if not isinstance(value, dict):
        return value
    wire: Json = {}
    for name, inner in value.items():
        key = _SNAKE.sub(lambda found: found[1].upper(), name) if "_" in name else name
        if key in _FREE:
            wire[key] = inner
        elif key in _MAPS and isinstance(inner, dict):
            wire[key] = {own: proto(one) for own, one in inner.items()}
        else:
            wire[key] = proto(inner)
    return wire


def whole_number(value: object, path: str) -> int | None:
    """An integer, however JSON says it (5, 5.0, "5"), or None. Raises BadInput `invalid_field`."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.lstrip("-").isascii() and value.lstrip("-").isdecimal() and len(value) < 20:
        return int(value)
    return want(value, int, path)


def base64_text(value: object, path: str) -> str:
    """Base64 of the usual alphabet, padded, from either. Raises BadInput `invalid_field`."""
    text = want(value, str, path).translate(_URL_ALPHABET)
    text += "=" * (-len(text) % 4)
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except (ValueError, binascii.Error):
        raise bad(path, "is not base64") from None
    return text


def finish_of(word: str, calls: bool) -> tuple[FinishReason, str]:
    """Our word for a finishReason, and theirs where ours says less. `calls`: the answer calls functions."""
    reason = _FINISH.get(word, "stop")
    if reason == "stop" and calls:
        reason = "tool_calls"
    return reason, "" if word in ("STOP", "MAX_TOKENS") else word


def finish_word(reason: FinishReason, detail: str) -> str:
    """Their finishReason."""
    return detail if detail in _FINISH and detail != "JAILBREAK" else _SAID[reason]
