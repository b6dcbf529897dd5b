"""Ids: prefixed and time-sortable (UUIDv7, RFC 9562 section 5.7).

`inf_018f…`: the prefix says the noun, the rest sorts by creation time. Traces and spans keep W3C ids.
"""

from __future__ import annotations

import os
import time

PREFIXES = {
    "inference": "inf",
    "model_call": "call",
    "feedback": "fb",
    "record": "rec",
    "dataset": "ds",
    "dataset_version": "dsv",
    "run": "run",
    "model": "mdl",
    "report": "rep",
    "verdict": "ver",
    "release": "rel",
    "rollout": "rol",
    "review": "rev",
    "erasure": "era",
    "alert": "alr",
    "key": "key",
    "document": "doc",
    "deployment": "dep",
    "engine": "eng",
}

_last_ms = 0
_sequence = 0


def new_id(noun: str, now_ms: int | None = None) -> str:
    """A fresh id for `noun`, e.g. `inf_` and 32 hex digits; monotonic within a process.

    Raises KeyError for a noun without a prefix.
    """
    global _last_ms, _sequence
    ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    if ms <= _last_ms and now_ms is None:
        ms = _last_ms
        _sequence += 1
        if _sequence > 0xFFF:
            ms, _sequence = ms + 1, 0
    else:
        _sequence = 0
    if now_ms is None:
        _last_ms = ms
    tail = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF
    return f"{PREFIXES[noun]}_{ms & 0xFFFF_FFFF_FFFF:012x}7{_sequence:03x}{tail | 0x8000_0000_0000_0000:016x}"


def time_ms_of(identifier: str) -> int:
    """The creation time in an id of ours, Unix milliseconds. Raises ValueError when it is none."""
    _, _, digits = identifier.partition("_")
    if len(digits) != 32:
        raise ValueError(f"not an id of ours: {identifier[:60]!r}")
    return int(digits[:12], 16)


def new_trace_id() -> str:
    """A W3C trace id, 32 hex digits, never all zero."""
    return f"{int.from_bytes(os.urandom(16), 'big') or 1:032x}"


def new_span_id() -> str:
    """A W3C span id, 16 hex digits, never all zero."""
    return f"{int.from_bytes(os.urandom(8), 'big') or 1:016x}"
