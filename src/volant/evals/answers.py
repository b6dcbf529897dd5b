"""Answers: the label in what a model said. Knows JSON with one field; repairs nothing."""

from __future__ import annotations

from typing import Any

import msgspec

NO_LABEL = ""  # what an answer without a readable label counts as


def label_of(output: str, field: str = "intent") -> str:
    """The text at `field` of a JSON object; NO_LABEL for anything else. An empty field takes the whole output."""
    if not field:
        return output.strip()
    try:
        document: Any = msgspec.json.decode(output)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return NO_LABEL
    found = document.get(field) if isinstance(document, dict) else None
    return found if isinstance(found, str) else NO_LABEL
