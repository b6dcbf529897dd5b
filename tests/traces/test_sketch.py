"""The sketch's two promises: one per cent, and merging loses nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volant.traces.sketch import LARGEST, RELATIVE_ERROR, SMALLEST, Sketch

VALUES = st.lists(st.floats(min_value=SMALLEST, max_value=LARGEST), min_size=1, max_size=200)


@given(values=VALUES, q=st.floats(min_value=0, max_value=1))
def test_a_quantile_is_within_one_per_cent_of_the_value_at_its_rank(values: list[float], q: float) -> None:
    exact = sorted(values)[math.floor(q * (len(values) - 1))]
    assert Sketch(values).quantile(q) == pytest.approx(exact, rel=RELATIVE_ERROR * 1.0001)


@given(parts=st.lists(VALUES, min_size=1, max_size=6))
def test_merging_equals_one_sketch_of_all_in_any_order(parts: list[list[float]]) -> None:
    whole = Sketch([value for part in parts for value in part])
    forwards, backwards = Sketch(), Sketch()
    for part in parts:
        forwards.merge(Sketch(part))
    for part in reversed(parts):
        backwards.merge(Sketch.decode(Sketch(part).encode()))
    assert forwards == backwards == whole
    assert forwards.encode() == backwards.encode() == whole.encode()
    assert whole.count == sum(len(part) for part in parts)


def test_the_size_is_bounded_over_all_magnitudes() -> None:
    sketch = Sketch(SMALLEST * (LARGEST / SMALLEST) ** (n / 50_000) for n in range(50_001))
    sketch.add(1e300)
    assert len(sketch.encode()) < 12_000


def test_edges() -> None:
    assert Sketch().quantile(0.5) == 0.0
    assert Sketch([0.0, -1.0, 1e-9]).quantile(1.0) == 0.0
    assert Sketch([0.0, 100.0]).quantile(1.0) == pytest.approx(100, rel=RELATIVE_ERROR)
    assert Sketch.decode(None) == Sketch.decode(b"") == Sketch()
    with pytest.raises(ValueError, match="NaN"):
        Sketch([math.nan])
    with pytest.raises(ValueError, match="between 0 and 1"):
        Sketch([1.0]).quantile(95)
