"""Sources that an answer cites: in every dialect's words, whole and streamed, told in every other's."""

from __future__ import annotations

import base64
import contextlib
import copy
import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from google.genai.types import GenerateContentResponse
from msgspec.structs import replace
from openai.types.chat import ChatCompletion
from openai.types.responses import Response
from pydantic import TypeAdapter

from volant.core.chat import (
    ChatRequest,
    ChatResponse,
    Choice,
    Delta,
    Finished,
    FinishReason,
    Message,
    Started,
    StreamEvent,
    TextPart,
    ToolDelta,
    assemble,
)
from volant.core.errors import UpstreamFailed
from volant.dialects import find
from volant.dialects.citations import citations_of
from volant.dialects.openai_reading import read_stream
from volant.dialects.sse import SseCutter, data_of
from volant.dialects.unsaid import unsaid
from volant.gateway.translation import replay

TEXT = "Grün ist der Himmel nie. Er ist blau."
CITED = "Er ist blau."
START = TEXT.index(CITED)
URL, TITLE = "https://example.org/sky", "The sky"
BYTE = len(TEXT[:START].encode())
ANNOTATION = {"start_index": START, "end_index": len(TEXT), "url": URL, "title": TITLE}
GROUNDING = {
    "groundingChunks": [{"web": {"uri": URL, "title": TITLE}}],
    "groundingSupports": [
        {
            "segment": {"startIndex": BYTE, "endIndex": len(TEXT.encode()), "text": CITED},
            "groundingChunkIndices": [0],
        }
    ],
}
SEARCHED = {
    "type": "web_search_result_location", "url": URL, "title": TITLE, "cited_text": "x", "encrypted_index": "e",
}  # fmt: skip
WHOLE: dict[str, Any] = {
    "openai_chat": {
        "id": "i", "created": 1, "model": "m",
        "choices": [{
            "index": 0, "finish_reason": "stop",
            "message": {
                "role": "assistant", "content": TEXT,
                "annotations": [{"type": "url_citation", "url_citation": ANNOTATION}],
            },
        }],
    },
    "openai_responses": {
        "id": "resp_i", "created_at": 1, "model": "m", "status": "completed",
        "output": [{
            "type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
            "content": [{
                "type": "output_text", "text": TEXT, "logprobs": [],
                "annotations": [{"type": "url_citation", **ANNOTATION}],
            }],
        }],
    },
    "anthropic": {
        "id": "i", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
        "content": [
            {"type": "text", "text": TEXT[:START]}, {"type": "text", "text": CITED, "citations": [SEARCHED]},
        ],
    },
    "gemini": {
        "responseId": "i", "modelVersion": "m",
        "candidates": [{
            "index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": [{"text": TEXT}]},
            "groundingMetadata": GROUNDING,
        }],
    },
    "bedrock": {
        "stopReason": "end_turn",
        "output": {"message": {"role": "assistant", "content": [
            {"text": TEXT[:START]},
            {"citationsContent": {
                "content": [{"text": CITED}],
                "citations": [{"title": TITLE, "location": {"web": {"url": URL}}}],
            }},
        ]}},
    },
}  # fmt: skip
CLIENTS = ("openai_chat", "openai_responses", "anthropic", "gemini")
PAIRS = [(source, client) for source in WHOLE for client in CLIENTS if source != client]
BODIES = {
    "openai_chat": {"model": "m", "messages": []},
    "openai_responses": {"model": "m", "input": "x"},
    "anthropic": {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]},
    "gemini": {"contents": [{"parts": [{"text": "x"}]}]},
}


def asked(client: str) -> ChatRequest:
    return find(client).parse_request(json.dumps(BODIES[client]).encode(), "m", None)


def cited_in(client: str, wire: dict[str, Any]) -> Any:
    """What a client reads: the source and where it holds."""
    if client == "openai_chat":
        (one,) = wire["choices"][0]["message"]["annotations"]
        return one["url_citation"]
    if client == "openai_responses":
        (one,) = wire["output"][0]["content"][0]["annotations"]
        return {name: value for name, value in one.items() if name != "type"}
    if client == "anthropic":
        (one,) = wire["content"][-1]["citations"]
        assert one["type"] == "search_result_location"
        return {"url": one["source"], "title": one["title"]}
    return wire["candidates"][0]["groundingMetadata"]


def sdk_reads(client: str, wire: dict[str, Any]) -> None:
    """Raises where the vendor's own types do not allow what we wrote."""
    if client == "openai_chat":
        TypeAdapter(ChatCompletion).validate_python(wire)
    elif client == "openai_responses":
        TypeAdapter(Response).validate_python(wire)
    elif client == "anthropic":
        TypeAdapter(anthropic.types.Message).validate_python(wire)
    elif client == "gemini":
        GenerateContentResponse.model_validate(wire)


def wanted(client: str) -> Any:
    return {"anthropic": {"url": URL, "title": TITLE}, "gemini": GROUNDING}.get(client, ANNOTATION)


@pytest.mark.parametrize(("source", "client"), PAIRS)
def test_a_whole_answer_names_its_sources(source: str, client: str) -> None:
    response = find(source).parse_response(json.dumps(WHOLE[source]).encode())
    wire = json.loads(find(client).render_response(response, asked(client)))
    assert cited_in(client, wire) == wanted(client)
    assert unsaid(response, client) == ()
    sdk_reads(client, wire)


def streamed(source: str) -> list[Any]:
    """The answer as its provider's stream, read."""
    if source == "bedrock":
        return _bedrock()
    rendered = find(source).stream_renderer(asked(source))
    response = find(source).parse_response(json.dumps(WHOLE[source]).encode())
    if source == "anthropic":
        said = [
            {"type": "message_start", "message": {"id": "i", "model": "m", "usage": {}}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": TEXT[:START]}},
            {"type": "content_block_stop", "index": 0},
            {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": CITED}},
            {"type": "content_block_delta", "index": 1, "delta": {"type": "citations_delta", "citation": SEARCHED}},
            {"type": "content_block_stop", "index": 1},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
            {"type": "message_stop"},
        ]
        data = b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in said)
    else:
        data = b"".join(rendered.feed(event) for event in replay(response)) + rendered.done()
    parser = find(source).stream_parser()
    return [event for frame in SseCutter().feed(data) for event in parser.feed(frame)]


def _bedrock() -> list[Any]:
    from tests.dialects.test_bedrock import frame

    said = [
        ("messageStart", {"role": "assistant"}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": TEXT[:START]}}),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": CITED}}),
        ("contentBlockDelta", {
            "contentBlockIndex": 1, "delta": {"citation": {"title": TITLE, "location": {"web": {"url": URL}}}},
        }),
        ("contentBlockStop", {"contentBlockIndex": 1}),
        ("messageStop", {"stopReason": "end_turn"}),
    ]  # fmt: skip
    parser = find("bedrock").stream_parser()
    return [event for kind, payload in said for event in parser.feed(frame(kind, payload))]


@pytest.mark.parametrize(("source", "client"), PAIRS)
def test_a_stream_names_its_sources(source: str, client: str) -> None:
    writer = find(client).stream_renderer(asked(client))
    data = b"".join(writer.feed(event) for event in streamed(source)) + writer.done()
    parser = find(client).stream_parser()
    answer = assemble([event for frame in SseCutter().feed(data) for event in parser.feed(frame)])
    (choice,) = answer.choices
    assert choice.message.text == TEXT
    (one,) = citations_of(choice, answer)
    assert (one.url, one.title) == (URL, TITLE)
    assert client == "anthropic" or (one.start, one.end) == (START, len(TEXT))


@pytest.mark.parametrize("source", WHOLE)
def test_an_answer_kept_whole_and_its_stream_cite_the_same(source: str) -> None:
    """A cache gives one in place of the other."""
    whole = find(source).parse_response(json.dumps(WHOLE[source]).encode())
    (cited,) = citations_of(whole.choices[0], whole)
    assert (cited.url, cited.title, cited.start, cited.end) == (URL, TITLE, START, len(TEXT))
    for other in (assemble(replay(whole)), assemble(streamed(source)), assemble(replay(assemble(streamed(source))))):
        assert citations_of(other.choices[0], other) == [cited]
        assert other.choices[0].message.text == TEXT


def test_a_stream_of_anthropic_that_is_given_whole_cites_block_by_block() -> None:
    """And the other way: the caller speaks Anthropic, and a cache kept what Anthropic said."""
    dialect, request = find("anthropic"), asked("anthropic")
    wanted_blocks = WHOLE["anthropic"]["content"]
    assert json.loads(dialect.render_response(assemble(streamed("anthropic")), request))["content"] == wanted_blocks
    whole = dialect.parse_response(json.dumps(WHOLE["anthropic"]).encode())
    for kept in (whole, assemble(streamed("anthropic"))):
        writer = dialect.stream_renderer(request)
        data = b"".join(writer.feed(event) for event in replay(kept)) + writer.done()
        told = [json.loads(said) for frame in SseCutter().feed(data) if (said := data_of(frame))]
        texts = {one["index"]: "" for one in told if one["type"] == "content_block_start"}
        sources: dict[int, list[Any]] = {place: [] for place in texts}
        for one in told:
            if one["type"] == "content_block_delta":
                texts[one["index"]] += one["delta"].get("text", "")
                sources[one["index"]] += [one["delta"]["citation"]] if "citation" in one["delta"] else []
        assert texts == {0: TEXT[:START], 1: CITED}
        assert sources == {0: [], 1: [SEARCHED]}


def test_a_block_whose_sources_come_before_its_words_cites_its_words() -> None:
    said = [
        {"type": "message_start", "message": {"id": "i", "model": "m", "usage": {}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta", "citation": SEARCHED}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": CITED}},
        {"type": "content_block_stop", "index": 0},
    ]
    parser = find("anthropic").stream_parser()
    answer = assemble([event for one in said for event in parser.feed(b"data: " + json.dumps(one).encode() + b"\n\n")])
    (cited,) = citations_of(answer.choices[0], answer)
    assert (cited.url, cited.start, cited.end) == (URL, 0, len(CITED))


@pytest.mark.parametrize("spans", [[], [[0, 10**12]], [[-5, -1]], [[9, 2]], [1], [["a", None]], "x", None, [[1, 2, 3]]])
def test_places_that_are_none_lose_no_word_and_no_source(spans: Any) -> None:
    response = ChatResponse(
        id="i", created_s=0, model="m", dialect="anthropic",
        choices=(
            Choice(
                index=0,
                message=Message(
                    role="assistant", parts=(TextPart(text=CITED),), extra={"citations": [SEARCHED], "cited": spans}
                ),
            ),
        ),
    )  # fmt: skip
    for one in (response, assemble(replay(response))):
        content = json.loads(find("anthropic").render_response(one, asked("anthropic")))["content"]
        assert "".join(block["text"] for block in content) == CITED
        assert [source for block in content for source in block.get("citations", ())] == [SEARCHED]
    other = replace(response, dialect="openai_chat")  # whose provider may say such words too
    assert [one.url for one in citations_of(other.choices[0], other)] == [URL]


# ---------------------------------------------------------------- sources of the answer as a whole
PAGES = ["https://example.org/a", "https://example.org/b"]
SEARCHES = [{"title": "A", "url": PAGES[0], "date": "2026-01-02"}, {"title": "C", "url": "https://example.org/c"}]
LISTED = {"citations": PAGES, "search_results": SEARCHES}
ALL = [("https://example.org/a", "A"), ("https://example.org/c", "C"), ("https://example.org/b", "")]
PERPLEXITY: dict[str, Any] = {
    "id": "i", "created": 1, "model": "sonar", **LISTED,
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "So [1][2]."}}],
}  # fmt: skip


@pytest.mark.parametrize("client", ["openai_responses", "anthropic", "gemini"])
def test_sources_of_a_whole_answer_reach_every_dialect(client: str) -> None:
    """Perplexity names them at the top of its answers: URLs, and what its search found."""
    response = find("openai_chat").parse_response(json.dumps(PERPLEXITY).encode())
    assert [(one.url, one.title) for one in citations_of(response.choices[0], response)] == ALL
    wire = json.loads(find(client).render_response(response, asked(client)))
    assert _urls(client, wire) == ALL
    assert unsaid(response, client) == ()
    sdk_reads(client, wire)


def _urls(client: str, wire: dict[str, Any]) -> list[tuple[str, str]]:
    if client == "openai_responses":
        return [(one["url"], one["title"]) for one in wire["output"][0]["content"][0]["annotations"]]
    if client == "anthropic":
        return [(one["source"], one["title"] or "") for one in wire["content"][-1]["citations"]]
    chunks = wire["candidates"][0]["groundingMetadata"]["groundingChunks"]
    return [(one["web"]["uri"], one["web"]["title"]) for one in chunks]


@pytest.mark.parametrize("where", [(0,), (2,), (0, 1, 2), (1,)], ids=["first", "last", "each", "between"])
@pytest.mark.parametrize("client", CLIENTS)
def test_sources_of_a_whole_answer_are_read_from_any_chunk(client: str, where: tuple[int, ...]) -> None:
    words = [{"role": "assistant", "content": ""}, {"content": "So [1]"}, {"content": "[2]."}]
    chunks = [
        {
            "id": "i", "created": 1, "model": "sonar", **(LISTED if at in where else {}),
            "choices": [{"index": 0, "delta": delta, "finish_reason": "stop" if at == 2 else None}],
        }
        for at, delta in enumerate(words)
    ]  # fmt: skip
    parser = find("openai_chat").stream_parser()
    events = [event for one in chunks for event in parser.feed(b"data: " + json.dumps(one).encode() + b"\n\n")]
    said = assemble(events)
    assert [(one.url, one.title) for one in citations_of(said.choices[0], said)] == ALL
    writer = find(client).stream_renderer(asked(client))
    data = b"".join(writer.feed(event) for event in events) + writer.done()
    if client == "openai_chat":  # in its provider's own words: the last chunk says all of it at its top
        told = [json.loads(one) for frame in SseCutter().feed(data) if (one := data_of(frame)) and one != b"[DONE]"]
        assert {name: told[-1][name] for name in LISTED} == LISTED
        return
    reader = find(client).stream_parser()
    answer = assemble([event for frame in SseCutter().feed(data) for event in reader.feed(frame)])
    assert [(one.url, one.title) for one in citations_of(answer.choices[0], answer)] == ALL


def test_a_kept_stream_of_chunks_holds_its_sources() -> None:
    """What the cache and the record keep of a stream that was relayed unread."""
    annotations = [{"type": "url_citation", "url_citation": ANNOTATION}]
    for beside, delta in (({}, {"annotations": annotations}), (LISTED, {})):
        first = {"id": "i", "created": 1, "model": "m"}
        said = [
            first | {"choices": [{"index": 0, "delta": {"content": TEXT}}]},
            first | beside | {"choices": [{"index": 0, "delta": delta, "finish_reason": "stop"}]},
        ]
        reading = read_stream([b"data: " + json.dumps(one).encode() + b"\n\n" for one in said])
        assert reading is not None
        kept = find("openai_chat").parse_response(reading.output)
        cited = [one.url for one in citations_of(kept.choices[0], kept)]
        assert cited == ([url for url, _ in ALL] if beside else [URL])


def test_what_stands_beside_the_choices_is_named() -> None:
    """What only tells of the work does not count."""
    wire = PERPLEXITY | {"related_questions": ["Why?"], "system_fingerprint": "f", "service_tier": "default"}
    response = find("openai_chat").parse_response(json.dumps(wire).encode())
    assert unsaid(response, "anthropic") == ("related_questions in the answer",)
    assert unsaid(response, "openai_chat") == ()
    tools = WHOLE["anthropic"] | {"container": {"id": "c", "expires_at": "2026"}, "usage": {"service_tier": "standard"}}
    response = find("anthropic").parse_response(json.dumps(tools).encode())
    assert unsaid(response, "openai_chat") == ("container in the answer",)


def test_what_cites_no_url_is_named() -> None:
    page = {"type": "page_location", "document_index": 0, "cited_text": "x"}
    wire = WHOLE["anthropic"] | {"content": [{"type": "text", "text": CITED, "citations": [page]}]}
    response = find("anthropic").parse_response(json.dumps(wire).encode())
    assert unsaid(response, "openai_chat") == ("citations: those without a URL",)
    assert unsaid(response, "anthropic") == ()


# ---------------------------------------------------------------- sound
SOUND = {"inlineData": {"mimeType": "audio/wav", "data": base64.b64encode(b"RIFF").decode()}}


@pytest.mark.parametrize("words", [[], [{"text": "Listen: "}]], ids=["alone", "after words"])
@pytest.mark.parametrize("client", ["openai_chat", "openai_responses", "anthropic", "openai_completions"])
def test_a_sentence_stands_for_sound(client: str, words: list[Any]) -> None:
    wire = {"candidates": [{"finishReason": "STOP", "content": {"role": "model", "parts": [*words, SOUND]}}]}
    response = find("gemini").parse_response(json.dumps(wire).encode())
    body = {"model": "m", "prompt": "x"} if client == "openai_completions" else BODIES[client]
    request = find(client).parse_request(json.dumps(body).encode(), "m", None)
    title = find(client).title
    sentence = f"[The model answered with sound, which {title} cannot carry.]"
    whole = find(client).parse_response(find(client).render_response(response, request))
    assert whole.choices[0].message.text == ("Listen: " if words else "") + sentence
    assert unsaid(response, client) == ("sound in the answer: a sentence stands in its place",)

    source = find("gemini").stream_parser()
    writer = find(client).stream_renderer(request)
    events = source.feed(b"data: " + json.dumps(wire).encode() + b"\n\n")
    data = b"".join(writer.feed(event) for event in events) + writer.done()
    parser = find(client).stream_parser()
    read = assemble([event for frame in SseCutter().feed(data) for event in parser.feed(frame)])
    assert read.choices[0].message.text == whole.choices[0].message.text


# ---------------------------------------------------------------- an answer that broke
ENDS = {
    "openai_chat": lambda wire: wire["choices"][0]["finish_reason"] == "content_filter",
    "openai_completions": lambda wire: wire["choices"][0]["finish_reason"] == "content_filter",
    "openai_responses": lambda wire: (
        (wire["status"], wire["error"])
        == (
            "failed",
            {"code": "server_error", "message": "the provider broke this answer off: MALFORMED_FUNCTION_CALL"},
        )
        and wire["output"][-1]["status"] == "incomplete"
    ),
    "anthropic": lambda wire: (
        (wire["stop_reason"], wire["stop_details"]["explanation"])
        == ("refusal", "the provider broke this answer off: MALFORMED_FUNCTION_CALL")
    ),
}


@pytest.mark.parametrize("client", ENDS)
def test_a_broken_answer_does_not_look_whole(client: str) -> None:
    wire = {"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL", "content": {"parts": [{"text": "I"}]}}]}
    response = find("gemini").parse_response(json.dumps(wire).encode())
    body = {"model": "m", "prompt": "x"} if client == "openai_completions" else BODIES[client]
    request = find(client).parse_request(json.dumps(body).encode(), "m", None)
    whole = json.loads(find(client).render_response(response, request))
    assert ENDS[client](whole)
    sdk_reads(client, whole)
    writer = find(client).stream_renderer(request)
    events = find("gemini").stream_parser().feed(b"data: " + json.dumps(wire).encode() + b"\n\n")
    data = b"".join(writer.feed(event) for event in events) + writer.done()
    last = [json.loads(said) for frame in SseCutter().feed(data) if (said := data_of(frame)) and said != b"[DONE]"]
    if client == "openai_responses":
        assert last[-1]["type"] == "response.failed"
        assert ENDS[client](last[-1]["response"])
    elif client == "anthropic":
        assert ENDS[client](next(one["delta"] for one in last if one["type"] == "message_delta"))
    else:
        assert any(ENDS[client](one) for one in last if one.get("choices"))


@pytest.mark.parametrize(("finish", "reason"), [("MAX_TOKENS", "max_output_tokens"), ("SAFETY", "content_filter")])
def test_the_last_item_of_an_incomplete_response_is_incomplete(finish: str, reason: str) -> None:
    wire = {"candidates": [{"finishReason": finish, "content": {"parts": [{"text": "I"}]}}]}
    response = find("gemini").parse_response(json.dumps(wire).encode())
    whole = json.loads(find("openai_responses").render_response(response, asked("openai_responses")))
    assert (whole["incomplete_details"]["reason"], whole["output"][0]["status"]) == (reason, "incomplete")
    writer = find("openai_responses").stream_renderer(asked("openai_responses"))
    events = find("gemini").stream_parser().feed(b"data: " + json.dumps(wire).encode() + b"\n\n")
    data = b"".join(writer.feed(event) for event in events) + writer.done()
    last = json.loads(data_of(SseCutter().feed(data)[-1]) or b"")
    assert last["response"]["output"][0]["status"] == "incomplete"


# ---------------------------------------------------------------- junk
JUNK: tuple[Any, ...] = (None, True, -1, 10**12, 1.5, "", "x", [], ["x"], {}, {"x": 1}, [[1]], [None])


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a JSON value: what holds it, and where."""
    found = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for at, inner in list(found):
        yield value, at
        yield from _places(inner)


@pytest.mark.parametrize("source", WHOLE)
def test_junk_instead_of_a_source_breaks_nothing(source: str) -> None:
    wire = copy.deepcopy(WHOLE[source])
    for holder, at in _places(wire):
        before = holder[at]
        for junk in JUNK:
            holder[at] = junk
            with contextlib.suppress(UpstreamFailed):
                response = find(source).parse_response(json.dumps(wire).encode())
                for client in CLIENTS:
                    find(client).render_response(response, asked(client))
                    writer = find(client).stream_renderer(asked(client))
                    for event in replay(response):
                        writer.feed(event)
                    writer.done()
                    unsaid(response, client)
        holder[at] = before


# ---------------------------------------------------------------- sources and Anthropic's blocks
SOURCE = Delta(extra={"annotations": [{"type": "url_citation", "url_citation": {"url": URL, "title": TITLE}}]})
CALLED = ToolDelta(id="c1", name="f", arguments="{}")
ASKED = ChatRequest(model="m", messages=())


@pytest.mark.parametrize(
    ("said", "words", "cited"),
    [
        ([Delta(text="so"), SOURCE], ["so"], 1),
        ([SOURCE, Delta(text="so")], ["so"], 1),
        ([Delta(reasoning="hm"), SOURCE, Delta(text="so"), SOURCE], ["so"], 2),
        ([Delta(text="so"), CALLED, SOURCE], ["so"], 0),
        ([SOURCE, CALLED], [], 0),
        ([SOURCE, SOURCE], [f"[Sources: {URL}]"], 2),
    ],
)
def test_sources_stand_beside_words_in_an_anthropic_stream(
    said: list[StreamEvent], words: list[str], cited: int
) -> None:
    """And the answer as a whole says the same; a block without words would be refused when it comes back."""
    reason: FinishReason = "tool_calls" if CALLED in said else "stop"
    events = [Started(id="x", created_s=0, model="m", dialect="openai_chat"), *said, Finished(reason=reason)]
    renderer = find("anthropic").stream_renderer(ASKED)
    data = b"".join(renderer.feed(event) for event in events) + renderer.done()
    told = [json.loads(line[6:]) for line in data.splitlines() if line.startswith(b"data: ")]
    deltas = [one["delta"] for one in told if one["type"] == "content_block_delta"]
    assert ["".join(one["text"] for one in deltas if one["type"] == "text_delta")] == (words or [""])
    sources = [one["citation"] for one in deltas if one["type"] == "citations_delta"]
    assert [one["source"] for one in sources] == [URL] * cited
    response = assemble(events)
    whole = json.loads(find("anthropic").render_response(response, ASKED))
    texts = [one for one in whole["content"] if one["type"] == "text"]
    assert [one["text"] for one in texts] == words
    named = [one for one in unsaid(response, "anthropic") if one.startswith("citations")]
    assert named == (["citations"] if said == [SOURCE, CALLED] else [])


# ---------------------------------------------------------------- sources and the items of responses
@pytest.mark.parametrize(
    ("said", "cited", "told"),
    [
        ([Delta(text="so"), SOURCE], 1, 1),
        ([SOURCE, Delta(text="so")], 1, 1),
        ([SOURCE, Delta(reasoning="hm"), Delta(text="so"), SOURCE], 2, 2),
        ([Delta(text="so"), CALLED, SOURCE], 1, 0),
        ([Delta(text="so"), Delta(reasoning="hm"), SOURCE], 1, 0),
        ([Delta(text="so"), Delta(refusal="no"), SOURCE], 1, 0),
        ([SOURCE, CALLED], 0, 0),
    ],
)
def test_sources_reach_the_whole_response_of_a_stream(said: list[StreamEvent], cited: int, told: int) -> None:
    """Those that come after the words were closed have no event of their own."""
    reason: FinishReason = "tool_calls" if CALLED in said else "stop"
    events = [Started(id="x", created_s=0, model="m", dialect="openai_chat"), *said, Finished(reason=reason)]
    renderer = find("openai_responses").stream_renderer(asked("openai_responses"))
    data = b"".join(renderer.feed(event) for event in events) + renderer.done()
    events_told = [json.loads(line[6:]) for line in data.splitlines() if line.startswith(b"data: ")]
    assert [one["type"] for one in events_told].count("response.output_text.annotation.added") == told
    whole = events_told[-1]["response"]
    sdk_reads("openai_responses", whole)
    parts = [part for item in whole["output"] if item["type"] == "message" for part in item["content"]]
    sources = [one for part in parts if part["type"] == "output_text" for one in part["annotations"]]
    assert [one["url"] for one in sources] == [URL] * cited
    named = [one for one in unsaid(assemble(events), "openai_responses") if one.startswith("citations")]
    assert named == ([] if cited else ["citations"])
