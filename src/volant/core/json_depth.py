"""JSON depth: how many objects and lists stand inside one another. Pure; knows nothing of who sent it.

A parser recurses, and so does what later reads the parsed value: text that is deep enough ends either. Counting is
cheap for what is shallow: bytes that hold few brackets cannot be deep. Linear in the text's length, whatever it holds.
"""

from __future__ import annotations

import re
from itertools import accumulate

_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)  # possessive, and an open one ends with the text
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = {ord("["): 1, ord("]"): -1}


def is_deeper(raw: bytes, limit: int) -> bool:
    """Are more than `limit` objects and lists inside one another? Text that is no JSON may give either answer."""
    if raw.count(b"[") + raw.count(b"{") <= limit:
        return False
    brackets = _STRINGS.sub(b"", raw).translate(None, _NOT_BRACKETS).replace(b"{", b"[").replace(b"}", b"]")
    taken = 0
    while taken < min(4, limit - 1) and b"[]" in brackets:  # leaves go at the speed of bytes.replace
        brackets = brackets.replace(b"[]", b"")
        taken += 1
    return any(depth > limit - taken for depth in accumulate(map(_STEPS.__getitem__, brackets)))
