"""Citations: the sources that an answer names by URL, from every dialect's words to every other's.

    OpenAI chat        message.annotations[].url_citation       characters of the text
    OpenAI responses   output_text.annotations[], url_citation  characters of the text
    Anthropic          text.citations[]                         the text block
    Gemini             groundingMetadata, citationMetadata      bytes of the text
    Bedrock            citationsContent.citations[]             the cited text
    Perplexity         citations[], search_results[]            none: they stand beside the choices

What cites no URL (a page of a document that the caller sent) has no word elsewhere. Pure. Sources: the API references
of the four, and the types of openai 3.54, anthropic 2.12 and google-genai 3.4 (November 2026).
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from volant.core.chat import (
    ChatResponse,
    Choice,
    Delta,
    Finished,
    Json,
    Message,
    Part,
    Started,
    StreamEvent,
    TextPart,
)

SPANS = "cited"  # in `extra` beside `citations`: [start, end] of each, in characters of the text so far
_MOST = 1000  # of Gemini's: each is looked for in the whole text
LISTS = ("search_results", "citations")  # of sources without a place: URLs, or objects with one
NAMES = frozenset({"annotations", *LISTS, SPANS, "groundingMetadata", "citationMetadata"})


class Citation(msgspec.Struct, frozen=True):
    """A source of the words from `start` to `end`, in characters of the answer's text."""

    url: str
    title: str = ""
    start: int = 0
    end: int = 0


# ---------------------------------------------------------------- from the wire
def citations_of(choice: Choice, response: ChatResponse) -> list[Citation]:
    """The URLs that `choice`, one of the whole answer `response`, cites. Never raises."""
    message = choice.message
    found = _found(message.extra | choice.extra, response.dialect, message.text)
    cited = [*_of_parts(message.parts), *found]
    return cited + _listed((response.extra, message.extra, choice.extra), {one.url for one in cited})


class Cited:
    """The citations of a stream, as its events tell them; sources without a place once its words have ended."""

    def __init__(self, started: Started) -> None:
        self._dialect = started.dialect
        self._beside = started.extra
        self._lists: dict[int, list[Json]] = {}  # choice → what says sources without a place
        self._urls: dict[int, set[str]] = {}  # choice → what it cited
        self._said: dict[int, list[str]] = {}  # choice → its words so far, where places are counted in them

    def of(self, event: StreamEvent) -> list[Citation]:
        """The URLs that this event cites."""
        if isinstance(event, Delta) and event.text and self._dialect == "gemini":
            self._said.setdefault(event.index, []).append(event.text)
        if not isinstance(event, Delta | Finished):
            return []
        cited: list[Citation] = []
        if not NAMES.isdisjoint(event.extra):
            cited += _found(event.extra, self._dialect, "".join(self._said.get(event.index, ())))
            self._urls.setdefault(event.index, set()).update(one.url for one in cited)
            self._lists.setdefault(event.index, []).append(event.extra)
        if isinstance(event, Finished):
            lists = self._lists.get(event.index, ())
            cited += _listed((self._beside, *lists), self._urls.get(event.index, set()))
        return cited


def blocks_of(text: str, extra: Json) -> list[tuple[str, list[Json]]]:
    """`text` cut where the `citations` of `extra` begin and end, each piece with those that stand beside it.

    What says no place in it stands beside the last piece.
    """
    citations = _dicts(extra.get("citations"))
    spans = [_clamped(_pair(extra.get(SPANS), at), len(text)) for at in range(len(citations))]
    ends = sorted({0, len(text), *(at for span in spans for at in span)})
    cut: list[tuple[str, list[Json]]] = [(text[start:end], []) for start, end in itertools.pairwise(ends)]
    cut = cut or [(text, [])]
    for one, (start, end) in zip(citations, spans, strict=True):
        for _, said in cut[bisect_left(ends, start) : bisect_left(ends, end)] or cut[-1:]:
            said.append(one)
    return cut


def _pair(spans: object, at: int) -> tuple[int, int]:
    """The place at `at` of `spans`; (0, 0) where it says none."""
    span = spans[at] if isinstance(spans, list) and at < len(spans) else ()
    return (_number(span[0]), _number(span[1])) if isinstance(span, list | tuple) and len(span) == 2 else (0, 0)


def _clamped(span: tuple[int, int], length: int) -> tuple[int, int]:
    start = min(max(0, span[0]), length)
    return start, min(max(start, span[1]), length)


def _listed(extras: Iterable[Json], known: set[str]) -> list[Citation]:
    """Sources without a place: those with a title first, none twice, and none of `known`."""
    extras = list(extras)
    found: dict[str, Citation] = {}
    for name in LISTS:
        for extra in extras:
            for said in _list(extra.get(name)):
                for one in _linked(said if isinstance(said, dict) else {"url": said}, 0, 0):
                    if one.url not in known:
                        found.setdefault(one.url, one)
    return list(found.values())


def _of_parts(parts: Iterable[Part]) -> Iterator[Citation]:
    """Those beside a text block (Anthropic's)."""
    at = 0
    for part in parts:
        if isinstance(part, TextPart):
            end = at + len(part.text)
            for one in _dicts(part.extra.get("citations")):
                yield from _linked(one, at, end)
            at = end


def _found(extra: Json, dialect: str, text: str) -> Iterator[Citation]:
    if dialect == "gemini":
        yield from _of_grounding(_dict(extra.get("groundingMetadata")), text)
        sources = _dict(extra.get("citationMetadata"))
        data = text.encode()
        for one in _dicts(sources.get("citationSources") or sources.get("citations"))[:_MOST]:
            span = _span(_number(one.get("startIndex")), _number(one.get("endIndex")), "", text, data)
            yield from _linked(one, *span)
        return
    for one in _dicts(extra.get("annotations")):
        said = _dict(one.get("url_citation")) or one
        yield from _linked(said, _number(said.get("start_index")), _number(said.get("end_index")))
    for at, one in enumerate(_dicts(extra.get("citations"))):
        yield from _linked(one, *_pair(extra.get(SPANS), at))


def _of_grounding(said: Json, text: str) -> Iterator[Citation]:
    chunks = [_dict(_dict(one).get("web")) for one in _list(said.get("groundingChunks"))]
    used: set[int] = set()
    data = text.encode()
    for support in _dicts(said.get("groundingSupports"))[:_MOST]:
        segment = _dict(support.get("segment"))
        words = segment.get("text")
        start, end = _span(
            _number(segment.get("startIndex")),
            _number(segment.get("endIndex")),
            words if isinstance(words, str) else "",
            text,
            data,
        )
        for at in _list(support.get("groundingChunkIndices")):
            if isinstance(at, int) and 0 <= at < len(chunks):
                used.add(at)
                yield from _linked(chunks[at], start, end)
    for at, chunk in enumerate(chunks):
        if at not in used:
            yield from _linked(chunk, 0, 0)


def _span(start: int, end: int, words: str, text: str, data: bytes) -> tuple[int, int]:
    """Bytes of a text as characters of it; the words themselves win where they stand elsewhere."""
    first, last = (len(data[: max(0, at)].decode(errors="ignore")) for at in (start, end))
    if words and text[first:last] != words and (found := text.find(words)) >= 0:
        return found, found + len(words)
    return first, max(first, last)


def _linked(one: Json, start: int, end: int) -> Iterator[Citation]:
    """A source with its URL, whatever its dialect calls it; nothing where it has none."""
    web = _dict(_dict(one.get("location")).get("web"))  # Bedrock's
    url = next((u for u in (one.get("url"), one.get("uri"), web.get("url"), one.get("source")) if _is_url(u)), None)
    if url is not None:
        title = one.get("title")
        yield Citation(str(url), title if isinstance(title, str) else "", start, end)


def _is_url(said: object) -> bool:
    return isinstance(said, str) and said.startswith(("https:", "http:"))


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _dicts(value: object) -> list[Json]:
    return [one for one in _list(value) if isinstance(one, dict)]


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


# ---------------------------------------------------------------- to the wire
def for_chat(citation: Citation) -> Json:
    """One of chat completions' annotations."""
    return {"type": "url_citation", "url_citation": _annotation(citation)}


def for_responses(citation: Citation) -> Json:
    """One of an output_text's annotations."""
    return {"type": "url_citation"} | _annotation(citation)


def _annotation(citation: Citation) -> Json:
    return {
        "start_index": citation.start,
        "end_index": citation.end,
        "url": citation.url,
        "title": citation.title,
    }


def for_anthropic(citation: Citation, number: int) -> Json:
    """One of a text block's citations; not a web search's, which holds a proof that Anthropic alone makes."""
    return {
        "type": "search_result_location",
        "source": citation.url,
        "title": citation.title or None,
        "cited_text": "",
        "search_result_index": number,
        "start_block_index": 0,
        "end_block_index": 1,
    }


def in_words(citations: Sequence[Citation]) -> str:
    """The sources as words, for an answer that has none they could stand beside."""
    return f"[Sources: {', '.join(dict.fromkeys(one.url for one in citations))}]"


def for_gemini(citations: Sequence[Citation], text: str) -> Json:
    """The groundingMetadata of a candidate."""
    places: dict[str, int] = {}
    chunks: list[Json] = []
    supports: list[Json] = []
    for one in citations:
        if one.url not in places:
            places[one.url] = len(chunks)
            chunks.append({"web": {"uri": one.url, "title": one.title}})
        if one.end > one.start:
            words = text[one.start : one.end]
            start = len(text[: one.start].encode())
            segment = {"startIndex": start, "endIndex": start + len(words.encode()), "text": words}
            supports.append({"segment": segment, "groundingChunkIndices": [places[one.url]]})
    return {"groundingChunks": chunks} | ({"groundingSupports": supports} if supports else {})


def without_url(message: Message, dialect: str) -> bool:
    """Does it cite what has no URL?"""
    cited = [one for part in message.parts if isinstance(part, TextPart) for one in _dicts(part.extra.get("citations"))]
    if dialect != "gemini":
        cited += [_dict(one.get("url_citation")) or one for one in _dicts(message.extra.get("annotations"))]
        cited += _dicts(message.extra.get("citations"))
    return any(not list(_linked(one, 0, 0)) for one in cited)
