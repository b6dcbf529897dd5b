"""Ids sort by time, never repeat, and say what they are."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from volant.core.ids import PREFIXES, new_id, new_span_id, new_trace_id, request_ids, time_ms_of


def test_ids_sort_in_the_order_they_were_made() -> None:
    made = [new_id("inference") for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_threads_never_make_the_same_id() -> None:
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda _: [new_id("run") for _ in range(3000)], range(8)))
    made = [identifier for part in parts for identifier in part]
    assert len(set(made)) == len(made)
    assert len({identifier[:20] for identifier in made}) == len(made)  # time and sequence alone differ


@pytest.mark.parametrize("noun", sorted(PREFIXES))
def test_an_id_carries_its_noun_and_its_time(noun: str) -> None:
    identifier = new_id(noun, now_ms=1_700_000_000_123)
    assert identifier.startswith(PREFIXES[noun] + "_")
    assert time_ms_of(identifier) == 1_700_000_000_123
    digits = identifier.split("_")[1]
    assert digits[12] == "7"  # the version of RFC 9562
    assert digits[16] in "89ab"  # its variant


def test_what_is_no_id_is_refused() -> None:
    with pytest.raises(ValueError, match="not an id"):
        time_ms_of("chatcmpl-123")


def test_w3c_ids_have_their_lengths() -> None:
    assert len(new_trace_id()) == 32
    assert len(new_span_id()) == 16


def test_traces_sort_by_time_and_stay_random_at_the_right() -> None:
    before = f"{time.time_ns() // 1_000_000:012x}"
    made = [new_trace_id() for _ in range(100)] + [request_ids()[1] for _ in range(100)]
    assert all(before <= one[:12] <= f"{time.time_ns() // 1_000_000 + 1:012x}" for one in made)
    assert len({one[18:] for one in made}) == 200


def test_the_ids_of_a_request_have_their_lengths() -> None:
    inference_id, trace_id, span_id, call_span_id = request_ids()
    assert abs(time_ms_of(inference_id) - time.time_ns() // 1_000_000) < 1000
    assert [len(one) for one in (trace_id, span_id, call_span_id)] == [32, 16, 16]
    assert span_id != call_span_id
