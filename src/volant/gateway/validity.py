"""Validity: is this technically an answer? So that a rollout sees a broken chat template before any person complains.

Cheap and blind to quality: nothing but "is there something, and is it JSON where JSON was asked for". Pure.
"""

from __future__ import annotations

import msgspec

from volant.dialects.openai_reading import Reading

INVALID = "invalid_output"


def fault_of(reading: Reading | None, *, json: bool) -> str:
    """`invalid_output`, or nothing. `json`: the request, or its task, expects JSON."""
    if reading is None:
        return INVALID
    if reading.calls_tools or reading.refused:
        return ""
    if not reading.content.strip():
        return INVALID
    if json:
        try:
            msgspec.json.decode(reading.content)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return INVALID
    return ""
