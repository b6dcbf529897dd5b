"""Depth of JSON: exact on JSON, and linear in time whatever the bytes are."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volant.core.json_depth import is_deeper

values = st.recursive(
    st.none() | st.text() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=60,
)


def depth(value: Any) -> int:
    if isinstance(value, dict | list):
        return 1 + max(map(depth, value.values() if isinstance(value, dict) else value), default=0)
    return 0


@given(values, st.integers(1, 12))
def test_it_agrees_with_a_plain_count(value: Any, limit: int) -> None:
    assert is_deeper(json.dumps(value).encode(), limit) == (depth(value) > limit)


@pytest.mark.parametrize(
    "raw",
    [b"[" + b"[]," * 2_000_000 + b"[]]", b"[" * 6_000_000, (b"[" * 199 + b"]" * 199) * 15_000,
     b"[" * 300 + b'"\\' * 3_000_000, b"[" * 300 + b'"' * 6_000_000],
    ids=["flat", "open", "chains", "escapes", "quotes"],
)  # fmt: skip
def test_no_text_takes_long(raw: bytes) -> None:
    began = time.process_time()
    is_deeper(raw, 200)
    assert time.process_time() - began < 3
