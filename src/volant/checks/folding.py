"""Folding: lower case with the same offsets, so that cues can be searched as plain literals."""

from __future__ import annotations


def lowered(text: str) -> str:
    """`text` in lower case and of the same length: the few letters that grow when lowered are kept as they are."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(one if len(one := c.lower()) == 1 else c for c in text)
