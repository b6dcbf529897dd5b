"""Gemini's answers: GenerateContentResponse, whole or as a stream, to and from `core.chat`.

A stream's chunk is a whole answer in small, so both are read by the same code and a stream amounts to its whole
answer. Source: Gemini API reference, "GenerateContentResponse" (read November 2026), and google-genai 3.4.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from volant.core.chat import (
    AudioPart,
    ChatResponse,
    Counted,
    Delta,
    Failed,
    FilePart,
    Finished,
    ImagePart,
    Started,
    StreamEvent,
    ThoughtEnded,
    ToolDelta,
    Usage,
    assemble,
)
from volant.core.errors import BadInput, UpstreamFailed
from volant.dialects.fields import Json, decode, listed, want, words
from volant.dialects.gemini_logprobs import from_logprobs_result
from volant.dialects.gemini_parts import made_up_id, parse_call, parse_media
from volant.dialects.gemini_pieces import Pieces, is_piece
from volant.dialects.gemini_wire import NAME, finish_of, proto, whole_number
from volant.dialects.sse import data_of

_READ = frozenset({"candidates", "usageMetadata", "responseId", "modelVersion", "createTime", "promptFeedback"})
_OF_CANDIDATE = frozenset({"index", "content", "finishReason", "logprobsResult"})


def parse_response(body: bytes) -> ChatResponse:
    """The answer in `body`. Raises UpstreamFailed `invalid_answer` where it is none, or holds no candidate."""
    reader = _Reader()
    try:
        events = list(reader.read(decode(body)))
    except (BadInput, TypeError, ValueError, RecursionError) as error:
        raise UpstreamFailed("invalid_answer", f"the upstream's answer is none of Gemini's: {error}") from error
    response = assemble([*events, Counted(usage=reader.usage)] if reader.usage is not None else events)
    if not response.choices:
        raise UpstreamFailed("invalid_answer", "the upstream's answer holds no candidate and no reason for that")
    return response


class StreamParser:
    """Turns events of `alt=sse` into `core.chat` events. An error may come as bare JSON; it is read too."""

    def __init__(self) -> None:
        self.done = False
        self._reader = _Reader()

    @property
    def usage(self) -> Usage | None:
        """So far: each chunk says it anew."""
        return self._reader.usage

    def feed(self, event: bytes) -> list[StreamEvent]:
        """The events that this one amounts to. Raises UpstreamFailed `invalid_chunk`."""
        data = data_of(event)
        if data is None:
            if not event.lstrip().startswith((b"{", b"[")):
                return []
            data = event
        try:
            chunk = decode(data)
            if isinstance(chunk, list) and len(chunk) == 1:
                chunk = chunk[0]
            if isinstance(chunk, dict) and "error" in chunk:
                self.done = True
                return [_failed(chunk["error"])]
            events = list(self._reader.read(chunk))
        except (BadInput, TypeError, ValueError, RecursionError) as error:
            raise UpstreamFailed(
                "invalid_chunk", f"the upstream's stream holds a chunk that is none: {error}"
            ) from error
        if self._reader.finished and self._reader.usage is not None:
            events.append(Counted(usage=self._reader.usage))
        self.done = self._reader.finished
        return events


def _failed(error: Any) -> Failed:
    said = error if isinstance(error, dict) else {}
    kind = str(said.get("status") or "INTERNAL")
    return Failed(message=str(said.get("message") or error), kind=kind, code=str(said.get("code") or ""))


# ---------------------------------------------------------------- reading
class _Candidate:
    """What is known of one candidate so far."""

    def __init__(self) -> None:
        self.thinks = False
        self.calls = 0
        self.pieces: Pieces | None = None  # of a call that has not ended
        self.signature = ""  # of that call
        self.finished = False
        self.extra: Json = {}


class _Reader:
    """Reads chunk after chunk; a whole answer is one chunk."""

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self._started = False
        self._id = ""
        self._candidates: dict[int, _Candidate] = {}

    @property
    def finished(self) -> bool:
        """Is every candidate so far complete?"""
        return bool(self._candidates) and all(one.finished for one in self._candidates.values())

    def read(self, raw: object) -> Iterator[StreamEvent]:
        """The events of one chunk. Raises BadInput for what is none."""
        chunk = proto(want(raw, dict, "body"))
        feedback = want(chunk.get("promptFeedback") or {}, dict, "promptFeedback")
        if not self._started:
            self._started = True
            self._id = words(chunk.get("responseId"), "responseId")
            rest = {name: value for name, value in chunk.items() if name not in _READ}
            yield Started(
                id=self._id,
                created_s=_seconds(chunk.get("createTime")),
                model=words(chunk.get("modelVersion"), "modelVersion"),
                dialect=NAME,
                extra=rest | ({"promptFeedback": feedback} if feedback else {}),
            )
        if chunk.get("usageMetadata"):
            self.usage = parse_usage(want(chunk["usageMetadata"], dict, "usageMetadata"))
        candidates = listed(chunk.get("candidates"), "candidates")
        for at, raw_candidate in enumerate(candidates):
            path = f"candidates[{at}]"
            candidate = want(raw_candidate, dict, path)
            index = whole_number(candidate.get("index"), f"{path}.index") or 0
            yield from self._read_candidate(candidate, index, path)
        if not candidates and (reason := words(feedback.get("blockReason"), "promptFeedback.blockReason")):
            self._candidates.setdefault(0, _Candidate()).finished = True
            yield Finished(reason="content_filter", detail=reason)

    def _read_candidate(self, candidate: Json, index: int, path: str) -> Iterator[StreamEvent]:
        state = self._candidates.setdefault(index, _Candidate())
        state.extra |= {name: value for name, value in candidate.items() if name not in _OF_CANDIDATE}
        content = want(candidate.get("content") or {}, dict, f"{path}.content")
        for at, raw in enumerate(listed(content.get("parts"), f"{path}.content.parts")):
            here = f"{path}.content.parts[{at}]"
            yield from self._read_part(want(raw, dict, here), state, index, here)
        if (result := candidate.get("logprobsResult")) is not None:
            yield Delta(index=index, logprobs=from_logprobs_result(want(result, dict, f"{path}.logprobsResult")))
        word = words(candidate.get("finishReason"), f"{path}.finishReason")
        if word and word != "FINISH_REASON_UNSPECIFIED" and not state.finished:
            yield from _thought_over(state, index)
            if state.pieces is not None:
                yield self._cut_off(state.pieces, state, index, f"{path}.content")
            state.finished = True
            reason, detail = finish_of(word, bool(state.calls))
            yield Finished(index=index, reason=reason, detail=detail, extra=state.extra)

    def _read_part(self, part: Json, state: _Candidate, index: int, path: str) -> Iterator[StreamEvent]:
        signature = words(part.get("thoughtSignature"), f"{path}.thoughtSignature")
        if part.get("thought") is True and ("text" in part or signature):
            state.thinks = True
            if text := words(part.get("text"), f"{path}.text"):
                yield Delta(index=index, reasoning=text)
            if signature:
                yield from _thought_over(state, index, signature)
            return
        if "functionCall" in part:
            yield from _thought_over(state, index)
            said = part["functionCall"]
            if state.pieces is not None and state.pieces.is_other(said):
                yield self._cut_off(state.pieces, state, index, path)
            if is_piece(said, state.pieces is not None):
                state.pieces = state.pieces or Pieces()
                state.signature = signature or state.signature
                said, signature = state.pieces.feed(said, f"{path}.functionCall"), state.signature
                if said is None:
                    return
                state.pieces, state.signature = None, ""
            yield self._call(said, state, index, signature, f"{path}.functionCall")
            return
        if "text" in part:
            text = words(part["text"], f"{path}.text")
            if text:
                yield from _thought_over(state, index)
            if text or signature:
                yield Delta(index=index, text=text, signature=signature)
            return
        yield from _thought_over(state, index)
        media = parse_media(part, path)
        if isinstance(media, ImagePart | AudioPart | FilePart):
            yield Delta(index=index, parts=(media,))
        else:
            yield Delta(index=index, extra={"ownParts": [part]})

    def _cut_off(self, pieces: Pieces, state: _Candidate, index: int, path: str) -> ToolDelta:
        """A call that did not say its end, as far as it came."""
        signature, state.pieces, state.signature = state.signature, None, ""
        return self._call(pieces.whole(), state, index, signature, path)

    def _call(self, said: object, state: _Candidate, index: int, signature: str, path: str) -> ToolDelta:
        fallback = made_up_id(self._id, index, state.calls)
        call = parse_call(said, path, signature=signature, fallback=fallback)
        state.calls += 1
        return ToolDelta(
            index=index,
            call=state.calls - 1,
            id=call.id,
            name=call.name,
            arguments=call.arguments,
            signature=signature,
        )


def _thought_over(state: _Candidate, index: int, signature: str = "") -> Iterator[StreamEvent]:
    if state.thinks:
        state.thinks = False
        yield ThoughtEnded(index=index, signature=signature, dialect=NAME)


def _seconds(created: object) -> int:
    if not isinstance(created, str):
        return 0
    try:
        return int(datetime.datetime.fromisoformat(created[:19] + "+00:00").timestamp())
    except ValueError:
        return 0


def parse_usage(wire: Json) -> Usage:
    """Token counts; what is missing counts as 0. Thoughts and the input of the provider's own tools are counted in."""

    def count(name: str) -> int:
        return whole_number(wire.get(name), f"usageMetadata.{name}") or 0

    def sound(name: str) -> int:
        details = listed(wire.get(name), f"usageMetadata.{name}")
        heard = [one for one in details if isinstance(one, dict) and one.get("modality") == "AUDIO"]
        return sum(whole_number(one.get("tokenCount"), name) or 0 for one in heard)

    return Usage(
        input_tokens=count("promptTokenCount") + count("toolUsePromptTokenCount"),
        output_tokens=count("candidatesTokenCount") + count("thoughtsTokenCount"),
        cached_tokens=count("cachedContentTokenCount"),
        reasoning_tokens=count("thoughtsTokenCount"),
        input_audio_tokens=sound("promptTokensDetails"),
        output_audio_tokens=sound("candidatesTokensDetails"),
    )
