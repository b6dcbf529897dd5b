"""Anthropic messages as the vendor's API writes them, drawn at random, and the vendor's client to read ours."""

from __future__ import annotations

import base64
from typing import Any

import anthropic
import httpx2
from hypothesis import strategies as st

from volant.core.capabilities import Capabilities
from volant.dialects import find

DIALECT = find("anthropic")
CAN = Capabilities(files=True, seed=False, penalties=False, logprobs=False, choices=False, sampling=False)
WORD = st.text(alphabet=st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=12)
IDENT = st.text(alphabet="abcXYZ019_-", min_size=1, max_size=8)
CACHE: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.just({"cache_control": {"type": "ephemeral", "ttl": "1h"}})
VALUE = st.integers() | WORD | st.booleans() | st.none() | st.lists(st.integers(), max_size=2)
INPUT = st.dictionaries(WORD, VALUE, max_size=3)


def _block(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(kind), **fields})


def _cached(block: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda one, cache: one | cache, block, CACHE)


BASE64 = st.binary(max_size=8).map(lambda data: base64.b64encode(data).decode())
TEXT = _cached(_block("text", text=WORD))
IMAGE = _cached(
    _block(
        "image",
        source=_block("base64", media_type=st.sampled_from(["image/png", "image/webp"]), data=BASE64)
        | _block("url", url=st.just("https://example.com/a.png"))
        | _block("file", file_id=IDENT),
    )
)
DOCUMENT = _cached(
    st.builds(
        lambda block, more: block | more,
        _block(
            "document",
            source=_block("base64", media_type=st.just("application/pdf"), data=BASE64)
            | _block("text", media_type=st.just("text/plain"), data=WORD)
            | _block("url", url=st.just("https://example.com/a.pdf"))
            | _block("content", content=WORD),
        ),
        st.just({}) | st.fixed_dictionaries({"title": WORD, "citations": st.just({"enabled": True})}),
    )
)
FOUND = _cached(
    _block(
        "search_result", source=WORD, title=WORD, content=st.lists(_block("text", text=WORD), min_size=1, max_size=1)
    )
)
STRANGE = _block("container_upload", file_id=IDENT)
SAID = TEXT | IMAGE | DOCUMENT | FOUND | STRANGE


def _plain(blocks: list[dict[str, Any]]) -> Any:
    """A list of one bare text says the same as a string, which is how we write it."""
    return blocks[0]["text"] if len(blocks) == 1 and blocks[0].keys() == {"type", "text"} else blocks


RESULT = _cached(
    st.builds(
        lambda block, more: block | more,
        _block("tool_result", tool_use_id=IDENT),
        st.just({})
        | st.fixed_dictionaries({"content": st.lists(TEXT | IMAGE, min_size=1, max_size=2).map(_plain)})
        | st.fixed_dictionaries({"content": WORD, "is_error": st.just(True)}),
    )
)
THINKING = _block("thinking", thinking=WORD, signature=IDENT) | _block("redacted_thinking", data=IDENT)
CALL = _cached(_block("tool_use", id=IDENT, name=IDENT, input=INPUT))
SERVER = _block("server_tool_use", id=IDENT, name=st.just("web_search"), input=INPUT) | _block(
    "web_search_tool_result", tool_use_id=IDENT, content=st.just([])
)
USER = st.lists(SAID | RESULT, min_size=1, max_size=4).map(_plain)
ASSISTANT = (
    st.lists(TEXT | THINKING | CALL | SERVER, min_size=1, max_size=5)
    .filter(
        lambda blocks: (
            len({block["id"] for block in blocks if block["type"] == "tool_use"})
            == sum(block["type"] == "tool_use" for block in blocks)
        )
    )
    .map(_plain)
)


@st.composite
def wires(draw: st.DrawFn) -> dict[str, Any]:
    turns = []
    for at in range(draw(st.integers(1, 4))):
        role, content = ("assistant", ASSISTANT) if at % 2 else ("user", USER)
        turns.append({"role": role, "content": draw(content)})
    wire = {"model": draw(IDENT), "messages": turns, "max_tokens": draw(st.integers(0, 9999))}
    tool = st.builds(
        lambda one, more: one | more,
        _cached(st.fixed_dictionaries({"name": IDENT, "input_schema": st.just({"type": "object"})})),
        st.just({}) | st.just({"description": "what it does", "strict": True}),
    )
    own = st.just({"type": "web_search_20250305", "name": "web_search", "max_uses": 3})
    optional: dict[str, st.SearchStrategy[Any]] = {
        "system": WORD | st.lists(_block("text", text=WORD, cache_control=st.just({"type": "ephemeral"})), min_size=1),
        "tools": st.tuples(st.lists(tool, min_size=1, max_size=2), st.lists(own, max_size=1)).map(
            lambda two: [*two[0], *two[1]]
        ),
        "stop_sequences": st.lists(WORD, min_size=1, max_size=2),
        "temperature": st.floats(0, 1),
        "top_p": st.floats(0, 1),
        "top_k": st.integers(1, 99),
        "metadata": st.fixed_dictionaries({"user_id": WORD}),
        "thinking": st.sampled_from(
            [
                {"type": "enabled", "budget_tokens": 2048},
                {"type": "adaptive"},
                {"type": "adaptive", "display": "omitted"},
                {"type": "disabled"},
            ]
        ),
        "output_config": st.sampled_from(
            [
                {"effort": "max"},
                {"format": {"type": "json_schema", "schema": {"type": "object"}}},
                {"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}, "task_budget": 3},
            ]
        ),
        "stream": st.just(True),
        "service_tier": st.just("auto"),
        "mcp_servers": st.just([{"type": "url", "url": "https://example.com", "name": "x"}]),
    }
    for name, value in optional.items():
        if draw(st.booleans()):
            wire[name] = draw(value)
    if "tools" in wire:
        choices = [
            {"type": "auto"},
            {"type": "any", "disable_parallel_tool_use": True},
            {"type": "tool", "name": "f", "disable_parallel_tool_use": False},
            {"type": "none"},
        ]
        wire |= draw(st.just({}) | st.sampled_from([{"tool_choice": choice} for choice in choices]))
    return wire


COUNT = st.integers(0, 10**6)
USAGE = st.builds(
    lambda base, more: base | more,
    st.fixed_dictionaries(
        {
            "input_tokens": COUNT,
            "output_tokens": COUNT,
            "cache_creation_input_tokens": COUNT,
            "cache_read_input_tokens": COUNT,
        }
    ),
    st.just({}) | st.just({"output_tokens_details": {"thinking_tokens": 7}, "service_tier": "standard"}),
)
STOPS = st.sampled_from(
    [
        ("end_turn", None),
        ("max_tokens", None),
        ("tool_use", None),
        ("pause_turn", None),
        ("refusal", None),
        ("model_context_window_exceeded", None),
        ("stop_sequence", "END"),
    ]
)
CITED = _block(
    "text",
    text=WORD,
    citations=st.just(
        [
            {
                "type": "page_location",
                "cited_text": "c",
                "document_index": 0,
                "document_title": None,
                "start_page_number": 1,
                "end_page_number": 2,
                "file_id": None,
            }
        ]
    ),
)
BARE_CALL = _block("tool_use", id=IDENT, name=IDENT, input=INPUT)
ORDERED = st.tuples(
    st.lists(THINKING, max_size=2),
    st.lists(_block("text", text=WORD) | SERVER, max_size=3),
    st.lists(BARE_CALL, max_size=2, unique_by=lambda block: block["id"]),
).map(lambda three: [*three[0], *three[1], *three[2]])
ASKED = DIALECT.parse_request(
    b'{"model": "m", "messages": [{"role": "user", "content": "x"}], "stop_sequences": ["END"]}', "", None
)


@st.composite
def answers(draw: st.DrawFn) -> dict[str, Any]:
    reason, sequence = draw(STOPS)
    return {
        "id": draw(IDENT),
        "type": "message",
        "role": "assistant",
        "model": draw(IDENT),
        "content": draw(ORDERED),
        "stop_reason": reason,
        "stop_sequence": sequence,
        "usage": draw(USAGE),
    }


def sdk(body: bytes, *, status: int = 200, stream: bool = True) -> anthropic.Anthropic:
    """The vendor's client, to whom every request is answered with `body`."""
    kind = "text/event-stream; charset=utf-8" if stream else "application/json"
    answer = httpx2.Response(status, content=body, headers={"content-type": kind})
    http = httpx2.Client(transport=httpx2.MockTransport(lambda _: answer))
    return anthropic.Anthropic(api_key="k", base_url="http://x", http_client=http, max_retries=0)
