"""Gemini's streams without `alt=sse`: one JSON array, however they end."""

from __future__ import annotations

import json

import pytest

from volant.core.chat import Delta, Failed, Finished, StreamEvent
from volant.core.errors import UpstreamFailed
from volant.dialects import find
from volant.gateway.answers import error_event
from volant.gateway.body import Asked
from volant.gateway.doors import Entrance
from volant.gateway.streams import OneArray

ASKED = Asked(
    raw=b'{"contents":[]}',
    fields={},
    model="m",
    stream=True,
    include_usage=True,
    entrance=Entrance(family="gemini", operation="chat", dialect="gemini", model="m", stream=True, sse=False),
)


def array() -> OneArray:
    return OneArray(find("gemini").stream_renderer(ASKED.chat()))


@pytest.mark.parametrize(
    ("events", "length"),
    [
        ([], 0),
        ([Delta(text="a")], 1),
        ([Delta(text="a"), Delta(text="b"), Finished(reason="stop")], 3),
        ([Delta(text="a"), Failed(message="gone")], 2),
        ([Failed(message="gone")], 1),
    ],
)
def test_an_array_is_whole_however_its_stream_ends(events: list[StreamEvent], length: int) -> None:
    renderer = array()
    chunks = json.loads(b"".join(map(renderer.feed, events)) + renderer.done())
    assert len(chunks) == length
    if events and isinstance(events[-1], Failed):
        assert chunks[-1]["error"]["message"] == "gone"


def test_an_array_that_we_break_off_ends_with_the_error() -> None:
    begun = array().feed(Delta(text="a"))
    chunks = json.loads(begun + error_event(ASKED, UpstreamFailed("closed", "the answer broke off")))
    assert chunks[1]["error"]["message"] == "the answer broke off"
