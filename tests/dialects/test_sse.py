"""SSE: events are the same wherever the network cut the bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volant.dialects.sse import DONE, SseCutter, data_of, event_of

LINE = st.text(alphabet=st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]), max_size=12)
END = st.sampled_from(["\n", "\r\n", "\r"])


@st.composite
def _streams(draw: st.DrawFn) -> tuple[bytes, list[list[str]]]:
    """A stream that uses one kind of line end an event, and the data lines of each of its events."""
    stream, events = "", []
    for _ in range(draw(st.integers(0, 6))):
        end = draw(END)
        data = draw(st.lists(LINE, min_size=1, max_size=3))
        before = draw(st.sampled_from(["", f": a comment{end}", f"event: named{end}", f"id: 7{end}"]))
        stream += before + "".join(f"data: {line}{end}" for line in data) + end
        events.append(data)
    return stream.encode(), events


@given(_streams(), st.data())
def test_events_come_out_whole_whatever_the_pieces(made: tuple[bytes, list[list[str]]], data: st.DataObject) -> None:
    stream, expected = made
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    cutter = SseCutter()
    events = [event for piece in pieces for event in cutter.feed(piece)]
    if rest := cutter.flush():
        events.append(rest)
    assert b"".join(events) == stream  # nothing is added, lost or changed
    assert [data_of(event) for event in events] == ["\n".join(lines).encode() for lines in expected]


@given(_streams())
def test_byte_by_byte_is_the_same_as_at_once(made: tuple[bytes, list[list[str]]]) -> None:
    stream, _ = made
    slow, fast = SseCutter(), SseCutter()
    one_by_one = [event for at in range(len(stream)) for event in slow.feed(stream[at : at + 1])]
    at_once = fast.feed(stream)
    assert [*one_by_one, slow.flush()] == [*at_once, fast.flush()]


@pytest.mark.parametrize(
    ("event", "data"),
    [
        (b'data: {"a":1}\n\n', b'{"a":1}'),
        (b"data:no space\n\n", b"no space"),
        (b"data: a\ndata: b\n\n", b"a\nb"),
        (b": comment\n\n", None),
        (b"event: ping\n\n", None),
        (b"event: x\ndata: y\r\n\r\n", b"y"),
        (b"data\n\n", b""),
        (DONE, b"[DONE]"),
    ],
)
def test_data_of_an_event(event: bytes, data: bytes | None) -> None:
    assert data_of(event) == data


@given(st.binary().filter(lambda data: b"\n" not in data and b"\r" not in data))
def test_what_is_rendered_is_read_again(data: bytes) -> None:
    assert data_of(event_of(data)) == data
    assert SseCutter().feed(event_of(data)) == [event_of(data)]
