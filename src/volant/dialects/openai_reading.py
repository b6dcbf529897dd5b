"""Reading: what is counted in an OpenAI chat answer that is otherwise relayed unread.

The quick way for the gateway: typed decoding of a handful of fields, about a microsecond a chunk. A stream that holds
more than plain text of one choice goes through the full translation of `openai_chat` instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from volant.core.chat import ChatResponse, Failed, StreamEvent, Usage, assemble
from volant.core.errors import UpstreamFailed
from volant.dialects.openai_chat import StreamParser, render_response
from volant.dialects.sse import SseCutter, data_of


class Reading(msgspec.Struct, kw_only=True):
    """What is counted. `counted` is False where the upstream gave no usage."""

    response_id: str = ""
    model: str = ""
    content: str = ""  # of the first choice
    calls_tools: bool = False
    refused: bool = False
    finish: str = ""
    failed: bool = False  # the upstream said an error inside of its stream
    counted: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0
    output: bytes = b""  # a stream as one chat completion; of a whole answer: the answer

    def count(self, usage: Usage) -> None:
        """Take over what it took."""
        self.counted = True
        self.input_tokens, self.output_tokens = usage.input_tokens, usage.output_tokens
        self.cached_tokens, self.cache_write_tokens = usage.cached_tokens, usage.cache_write_tokens
        self.reasoning_tokens = usage.reasoning_tokens
        self.input_audio_tokens, self.output_audio_tokens = usage.input_audio_tokens, usage.output_audio_tokens


class _InputDetails(msgspec.Struct):
    cached_tokens: int | None = 0
    audio_tokens: int | None = 0


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: int | None = 0
    audio_tokens: int | None = 0


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = 0
    completion_tokens: int | None = 0
    total_tokens: int | None = 0
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None


class _Message(msgspec.Struct):
    content: str | list[msgspec.Raw] | None = None
    tool_calls: list[msgspec.Raw] | None = None
    function_call: dict[str, msgspec.Raw] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    annotations: msgspec.Raw = msgspec.Raw()


class _Choice(msgspec.Struct):
    index: int = 0
    message: _Message | None = None
    delta: _Message | None = None
    finish_reason: str | None = None
    logprobs: dict[str, msgspec.Raw] | None = None


class _Answer(msgspec.Struct):
    choices: list[_Choice] = []
    id: str | None = ""
    model: str | None = ""
    created: int | None = 0
    usage: _Usage | None = None
    error: dict[str, msgspec.Raw] | str | None = None
    system_fingerprint: str | None = None
    citations: msgspec.Raw = msgspec.Raw()  # beside the choices (Perplexity's), as the next
    search_results: msgspec.Raw = msgspec.Raw()


_ANSWER = msgspec.json.Decoder(_Answer)
_CHUNKS = msgspec.json.Decoder(list[_Answer])
_UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)  # what msgspec says of bytes that nobody checked


def read_answer(body: bytes) -> Reading | None:
    """What is counted in a whole answer; None where it is no chat completion."""
    try:
        answer = _ANSWER.decode(body)
        if not answer.choices or answer.choices[0].message is None:
            return None
        reading = Reading(response_id=answer.id or "", model=answer.model or "", output=body)
        _count(reading, answer.usage)
        choice = answer.choices[0]
        _read_message(reading, choice.message, choice.finish_reason)
    except _UNREADABLE:
        return None
    return reading


def read_stream(blocks: Sequence[bytes]) -> Reading | None:
    """What is counted in a stream, given as blocks of whole events; None where it holds no chunk that can be read."""
    reading = _read_plain(blocks)
    if reading is None:
        try:
            reading = _read_fully(blocks)
        except (UpstreamFailed, *_UNREADABLE):
            return None
    return reading


def first_word(block: bytes) -> Literal["nothing", "words", "error"]:
    """Have these events a word? "nothing": roles, empty words, comments; "error": it says one, or is broken."""
    for event in block.replace(b"\r\n", b"\n").split(b"\n\n"):
        data = data_of(event + b"\n\n")
        if data is None or not data.strip() or data.strip() == b"[DONE]":
            continue
        try:
            chunk = msgspec.json.decode(data)
            if chunk.get("error"):
                return "error"
            for choice in chunk.get("choices") or ():
                said = choice.get("delta") or choice
                if choice.get("finish_reason") or any(value and name != "role" for name, value in said.items()):
                    return "words"
        except (*_UNREADABLE, AttributeError, TypeError):
            return "error"
    return "nothing"


def usage_only(data: bytes) -> bool:
    """Is this chunk the one that only carries usage (`choices` empty)?"""
    try:
        answer = _ANSWER.decode(data)
    except _UNREADABLE:
        return False
    return answer.usage is not None and not answer.choices


def _read_plain(blocks: Sequence[bytes]) -> Reading | None:
    """The usual stream; None where it needs the full translation."""
    stream = b"".join(blocks)
    if b"\r" in stream:
        return None
    events = [event[6:] for event in stream.split(b"\n\n") if event.startswith(b"data: {")]
    try:
        chunks = _CHUNKS.decode(b"[" + b",".join(events) + b"]")
    except _UNREADABLE:
        return None
    text: list[str] = []
    finish, usage, failed = "", None, False
    for chunk in chunks:
        if chunk.usage is not None:
            usage = chunk.usage
        if chunk.error:
            failed = True
        if _says(chunk.citations) or _says(chunk.search_results):
            return None
        for choice in chunk.choices:
            delta = choice.delta
            if choice.index or choice.logprobs or delta is None or not _is_plain(delta):
                return None
            if delta.content:
                text.append(delta.content)  # type: ignore[arg-type]  # a str: checked by _is_plain
            finish = choice.finish_reason or finish
    if not chunks:
        return None
    first = chunks[0]
    reading = Reading(response_id=first.id or "", model=first.model or "", content="".join(text), finish=finish)
    reading.failed = failed
    _count(reading, usage)
    reading.output = _whole(first, reading)
    return reading


def _is_plain(delta: _Message) -> bool:
    return (
        (delta.content is None or isinstance(delta.content, str))
        and not delta.tool_calls
        and not delta.function_call
        and not delta.refusal
        and not delta.reasoning_content
        and not _says(delta.annotations)
    )


def _says(raw: msgspec.Raw) -> bool:
    return bytes(raw) not in (b"", b"null", b"[]")


def _read_fully(blocks: Sequence[bytes]) -> Reading | None:
    cutter, parser = SseCutter(), StreamParser()
    events: list[StreamEvent] = []
    for block in (*blocks, b"\n\n"):
        for event in cutter.feed(block):
            events += parser.feed(event)
    response = assemble(events)
    if not response.choices:
        return None
    return reading_of(response, failed=any(isinstance(event, Failed) for event in events))


def reading_of(response: ChatResponse, *, failed: bool = False) -> Reading:
    """What is counted in an answer of any dialect; `output` is that answer as a chat completion."""
    choice = response.choices[0]
    reading = Reading(
        response_id=response.id,
        model=response.model,
        content=choice.message.text,
        calls_tools=bool(choice.message.tool_calls),
        refused=bool(choice.message.refusal),
        finish=choice.finish or "",
        failed=failed,
        output=render_response(response),
    )
    if response.usage is not None:
        reading.count(response.usage)
    return reading


def _read_message(reading: Reading, message: _Message | None, finish: str | None) -> None:
    if message is None:
        return
    content = message.content
    reading.content = content if isinstance(content, str) else b"".join(bytes(part) for part in content or ()).decode()
    reading.calls_tools = bool(message.tool_calls or message.function_call)
    reading.refused = bool(message.refusal)
    reading.finish = finish or ""


def _count(reading: Reading, usage: _Usage | None) -> None:
    if usage is not None:
        reading.counted = True
        reading.input_tokens = usage.prompt_tokens or 0
        reading.output_tokens = usage.completion_tokens or 0
        if usage.prompt_tokens_details is not None:
            reading.cached_tokens = usage.prompt_tokens_details.cached_tokens or 0
            reading.input_audio_tokens = usage.prompt_tokens_details.audio_tokens or 0
        if usage.completion_tokens_details is not None:
            reading.reasoning_tokens = usage.completion_tokens_details.reasoning_tokens or 0
            reading.output_audio_tokens = usage.completion_tokens_details.audio_tokens or 0
            beside = reading.input_tokens + reading.output_tokens + reading.reasoning_tokens
            if reading.reasoning_tokens and usage.total_tokens == beside:  # xAI counts it beside the output
                reading.output_tokens += reading.reasoning_tokens


def _whole(first: _Answer, reading: Reading) -> bytes:
    message = {"role": "assistant", "content": reading.content}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reading.finish or None}
    whole = {
        "id": reading.response_id,
        "object": "chat.completion",
        "created": first.created or 0,
        "model": reading.model,
        "choices": [choice],
    }
    if reading.counted:
        total = reading.input_tokens + reading.output_tokens
        counts: dict[str, object] = {
            "prompt_tokens": reading.input_tokens,
            "completion_tokens": reading.output_tokens,
            "total_tokens": total,
        }
        if reading.cached_tokens:
            counts["prompt_tokens_details"] = {"cached_tokens": reading.cached_tokens}
        if reading.reasoning_tokens:
            counts["completion_tokens_details"] = {"reasoning_tokens": reading.reasoning_tokens}
        whole["usage"] = counts
    return msgspec.json.encode(whole)


__all__ = ["Reading", "data_of", "first_word", "read_answer", "read_stream", "reading_of", "usage_only"]
