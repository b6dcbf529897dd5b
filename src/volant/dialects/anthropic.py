"""Anthropic messages, as one object: what the gateway asks for a chat in this dialect.

anthropic_request   the request        anthropic_blocks     content blocks, thoughts, tool calls
anthropic_answer    the whole answer   anthropic_thinking   effort and budgets, facts of models
anthropic_stream    its stream, read   anthropic_schema     JSON Schema as structured outputs take it
anthropic_writer    its stream, made   anthropic_errors     error bodies
anthropic_turns     its turns
"""

from __future__ import annotations

from volant.dialects.anthropic_answer import TITLE, parse_response, render_response
from volant.dialects.anthropic_errors import parse_error, render_error
from volant.dialects.anthropic_request import parse_request, render_request
from volant.dialects.anthropic_stream import AnthropicParser
from volant.dialects.anthropic_writer import AnthropicWriter
from volant.dialects.dialect import Dialect

DIALECT = Dialect(
    name="anthropic",
    title=TITLE,
    parse_request=parse_request,
    render_request=render_request,
    parse_response=parse_response,
    render_response=render_response,
    stream_parser=AnthropicParser,
    stream_renderer=AnthropicWriter,
    parse_error=parse_error,
    render_error=render_error,
)
