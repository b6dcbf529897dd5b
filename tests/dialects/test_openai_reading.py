"""Reading: what is counted in an answer that is otherwise relayed unread; whatever its bytes are, it never raises."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volant.dialects.openai_reading import first_word, read_answer, read_stream, usage_only

USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
PARTS = [{"type": "text", "text": "yes"}]
ANSWER = json.dumps(
    {"id": "c", "model": "m", "choices": [{"message": {"content": PARTS}, "finish_reason": "stop"}], "usage": USAGE}
).encode()
CHUNK = json.dumps({"id": "c", "choices": [{"index": 0, "delta": {"content": "yes"}}]}).encode()
LAST = json.dumps({"id": "c", "choices": [], "usage": USAGE}).encode()
STREAM = b"".join(b"data: %b\n\n" % one for one in (CHUNK, LAST, b"[DONE]"))
DEEP = b"[" * 3_000 + b"]" * 3_000


def test_a_whole_answer_is_counted() -> None:
    reading = read_answer(ANSWER)
    assert reading is not None
    assert (reading.input_tokens, reading.output_tokens, reading.finish) == (3, 2, "stop")


@pytest.mark.parametrize("odd", [b'"\xff"', b'["\xff"]', b'["\\ud800"]', b"1e999", DEEP])
@pytest.mark.parametrize("name", [b"content", b"tool_calls", b"extra"])
def test_an_answer_with_such_a_field_is_read_or_is_none(name: bytes, odd: bytes) -> None:
    message = b'{"%b":%b}' % (name, odd)
    whole = b'{"choices":[{"message":%b}]}' % message
    if name == b"content":
        assert read_answer(whole) is None
    else:
        read_answer(whole)
    block = b'data: {"choices":[{"delta":%b}]}\n\n' % message
    for read in (lambda: read_stream([block]), lambda: first_word(block), lambda: usage_only(whole)):
        read()


@given(st.integers(0, len(STREAM)), st.integers(0, 9), st.binary(max_size=4) | st.sampled_from([b'"\xff"', DEEP]))
def test_whatever_the_bytes_are_nothing_raises(at: int, left_out: int, put: bytes) -> None:
    for whole in (ANSWER, STREAM, LAST):
        odd = whole[:at] + put + whole[at + left_out :]
        read_answer(odd)
        read_stream([odd])
        first_word(odd)
        usage_only(odd)
