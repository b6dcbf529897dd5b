"""Ids: prefixed and time-sortable (UUIDv7, RFC 9562 section 5.7).

`inf_018f…`: the prefix says the noun, the rest sorts by creation time. Traces and spans keep W3C ids; a trace's sorts
by creation time too.
"""

from __future__ import annotations

import os
import threading
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
    "person": "usr",
    "session": "ses",
    "invitation": "inv",
    "prompt": "prm",
    "prompt_version": "prv",
    "backup": "bak",
}

_ZERO_SPAN = "0" * 16  # W3C: not valid

_VARIANT = tuple(f"{byte & 0x3F | 0x80:02x}" for byte in range(256))  # the two bits that say RFC 9562

_lock = threading.Lock()
_last_ms = 0
_sequence = 0
_random = b""  # bytes of the system's generator, fetched 4 KiB at a time: a system call an id is dear on the hot path
_random_at = 0


def _forget() -> None:
    """A forked child must not hand out its parent's bytes."""
    global _random, _lock
    _random, _lock = b"", threading.Lock()


os.register_at_fork(after_in_child=_forget)


def _random_bytes(count: int) -> bytes:
    global _random, _random_at
    with _lock:
        at = _random_at
        if at + count > len(_random):
            _random, at = os.urandom(4096), 0
        _random_at = at + count
        return _random[at : at + count]


def _tick(now_ms: int | None) -> tuple[int, int]:
    """(milliseconds, sequence): never the same twice within a process, whichever thread asks."""
    global _last_ms, _sequence
    with _lock:
        ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
        if now_ms is not None:
            return ms, 0
        if ms > _last_ms:
            _last_ms, _sequence = ms, 0
        elif _sequence < 0xFFF:
            _sequence += 1
        else:
            _last_ms, _sequence = _last_ms + 1, 0
        return _last_ms, _sequence


def new_id(noun: str, now_ms: int | None = None) -> str:
    """A fresh id for `noun`, e.g. `inf_` and 32 hex digits; monotonic within a process.

    Raises KeyError for a noun without a prefix.
    """
    ms, sequence = _tick(now_ms)
    head = ((ms & 0xFFFF_FFFF_FFFF) << 16 | 0x7000 | sequence).to_bytes(8, "big")
    tail = _random_bytes(8)
    return f"{PREFIXES[noun]}_{head.hex()}{_VARIANT[tail[0]]}{tail[1:].hex()}"


def request_ids() -> tuple[str, str, str, str]:
    """(inference, trace, span, span of its first call): what one request needs, from one draw.

    A span is all zero once in 2^64, and then only not shown."""
    ms, sequence = _tick(None)
    made = _random_bytes(34)
    digits = made.hex()
    head = f"{(ms & 0xFFFF_FFFF_FFFF) << 16 | 0x7000 | sequence:016x}"
    inference_id = f"inf_{head}{_VARIANT[made[0]]}{digits[2:16]}"
    return inference_id, head[:12] + digits[16:36], digits[36:52], digits[52:]


def time_ms_of(identifier: str) -> int:
    """The creation time in an id of ours, Unix milliseconds. Raises ValueError when it is none."""
    _, _, digits = identifier.partition("_")
    if len(digits) != 32:
        raise ValueError(f"not an id of ours: {identifier[:60]!r}")
    return int(digits[:12], 16)


def random_hex(count: int) -> str:
    """`count` random bytes as hex digits: for those who need several ids at once."""
    return _random_bytes(count).hex()


def new_trace_id() -> str:
    """A W3C trace id, 32 hex digits: the time in milliseconds, then 80 random bits.

    They sort by time, so that an index takes them at its end: random ones touch a page each. The 56 bits at the right
    are random, as Trace Context Level 2 asks of ids that say they are random (W3C).
    """
    ms = time.time_ns() // 1_000_000
    return f"{ms & 0xFFFF_FFFF_FFFF:012x}{_random_bytes(10).hex()}"


def new_span_id() -> str:
    """A W3C span id, 16 hex digits, never all zero."""
    made = _random_bytes(8).hex()
    return made if made != _ZERO_SPAN else new_span_id()
