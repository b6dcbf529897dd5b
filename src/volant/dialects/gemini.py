"""Gemini: generateContent and streamGenerateContent as a `Dialect`.

    gemini_request   the body of a request         gemini_messages, gemini_parts   turns and their pieces
    gemini_stream    reading answers               gemini_schema                   its subset of OpenAPI
    gemini_pieces    calls whose arguments stream
    gemini_answer    writing answers               gemini_errors, gemini_logprobs, gemini_thoughts, gemini_wire

Towards a provider a stream is always asked for with `alt=sse`. A client that asks without it gets the same chunks as
one JSON array, as from Google's servers: the gateway puts them into one (`gateway.streams`).
"""

from __future__ import annotations

from volant.dialects.dialect import Dialect
from volant.dialects.gemini_answer import StreamRenderer, render_response
from volant.dialects.gemini_errors import parse_error, render_error
from volant.dialects.gemini_request import parse_request, render_request
from volant.dialects.gemini_stream import StreamParser, parse_response
from volant.dialects.gemini_wire import NAME, TITLE

DIALECT = Dialect(
    name=NAME,
    title=TITLE,
    parse_request=parse_request,
    render_request=render_request,
    parse_response=parse_response,
    render_response=render_response,
    stream_parser=StreamParser,
    stream_renderer=StreamRenderer,
    parse_error=parse_error,
    render_error=render_error,
)
