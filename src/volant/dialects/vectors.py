"""Vectors as base64 of little-endian float32, as OpenAI's embeddings carry them."""

from __future__ import annotations

import base64
import binascii
import sys
from array import array
from collections.abc import Sequence


def to_base64(vector: Sequence[float]) -> str:
    """`vector` as text. A value that no float32 holds becomes infinite."""
    numbers = array("f", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()


def from_base64(text: str) -> tuple[float, ...]:
    """The vector in `text`. Raises ValueError where it is none."""
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    if len(raw) % 4:
        raise ValueError(f"{len(raw)} bytes are no whole number of float32")
    numbers = array("f")
    numbers.frombytes(raw)
    if sys.byteorder == "big":
        numbers.byteswap()
    return tuple(numbers)
