"""OpenAI's envelope: what stands around the choices in answers and chunks of chat completions and completions; usage.

Source: OpenAI API reference, "Chat completion", "Chat completion chunk" and "Completion" (read November 2026).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from volant.core.chat import ChatResponse, Choice, Counted, Delta, Failed, Json, Started, StreamEvent, Usage
from volant.core.errors import BadInput, UpstreamFailed
from volant.dialects.citations import LISTS
from volant.dialects.fields import decode, filled, listed, want
from volant.dialects.sse import data_of

_MOST = 1000  # sources that are looked for in each other
_CHUNK = frozenset({"id", "created", "model", "object", "choices", "usage"})


def parse_whole(body: bytes, dialect: str, kind: str, parse_choice: Callable[[object, str], Choice]) -> ChatResponse:
    """The answer in `body`. `kind`: what people call it. Raises UpstreamFailed `invalid_answer` where it is none."""
    try:
        rest = dict(want(decode(body), dict, "body"))
        usage = rest.pop("usage", None)
        rest.pop("object", None)
        return ChatResponse(
            id=str(rest.pop("id", None) or ""),
            created_s=int(rest.pop("created", None) or 0),
            model=str(rest.pop("model", None) or ""),
            choices=tuple(
                parse_choice(choice, f"choices[{at}]")
                for at, choice in enumerate(want(rest.pop("choices", None), list, "choices"))
            ),
            usage=parse_usage(usage) if usage else None,
            dialect=dialect,
            extra=rest,
        )
    except (BadInput, TypeError, ValueError, AttributeError) as error:
        raise UpstreamFailed("invalid_answer", f"the upstream's answer is no {kind}: {error}") from error


class ChunkParser:
    """Turns the events of one stream (as `sse.SseCutter` cuts them) into `core.chat` events.

    Who inherits reads the choices.
    """

    dialect: ClassVar[str]

    def __init__(self) -> None:
        self.done = False  # [DONE] was seen
        self._started = False
        self._sources: Json = {}  # those beside the choices, so far

    def feed(self, event: bytes) -> list[StreamEvent]:
        """What one SSE event says; empty for comments. Raises UpstreamFailed for one that is no chunk."""
        data = data_of(event)
        if data is None or not data.strip():
            return []
        if data.strip() == b"[DONE]":
            self.done = True
            return []
        try:
            return list(self._events(want(decode(data), dict, "chunk")))
        except (BadInput, TypeError, ValueError, AttributeError) as error:
            raise UpstreamFailed("invalid_chunk", f"the upstream's stream has a broken chunk: {error}") from error

    def _events(self, chunk: Json) -> Iterator[StreamEvent]:
        if error := chunk.get("error"):
            detail = error if isinstance(error, dict) else {"message": str(error)}
            yield Failed(
                message=str(detail.get("message") or ""),
                kind=str(detail.get("type") or "server_error"),
                code=str(detail.get("code") or ""),
            )
            return
        if not self._started:
            self._started = True
            self._sources = {name: chunk[name] for name in LISTS if isinstance(chunk.get(name), list)}
            yield Started(
                id=str(chunk.get("id") or ""),
                created_s=int(chunk.get("created") or 0),
                model=str(chunk.get("model") or ""),
                dialect=self.dialect,
                extra={name: value for name, value in chunk.items() if name not in _CHUNK},
            )
        elif new := self._new_sources(chunk):
            yield Delta(extra=new)
        for choice in listed(chunk.get("choices"), "choices"):
            yield from self._choice(want(choice, dict, "choices"))
        if usage := chunk.get("usage"):
            yield Counted(usage=parse_usage(usage))

    def _new_sources(self, chunk: Json) -> Json:
        """What it names beside the choices that no chunk before it has; Perplexity repeats them."""
        new: Json = {}
        for name in LISTS:
            before = self._sources.get(name, [])
            if isinstance(said := chunk.get(name), list) and said != before:
                grown = said[: len(before)] == before
                new[name] = said[len(before) :] if grown else [one for one in said[:_MOST] if one not in before[:_MOST]]
                self._sources[name] = [*before, *new[name]]
        return filled(**new)

    def _choice(self, choice: Json) -> Iterator[StreamEvent]:
        raise NotImplementedError


def parse_usage(wire: Mapping[str, Any]) -> Usage:
    """Token counts; what is missing counts as 0. Some servers (xAI) count reasoning beside the output: added here."""
    inputs = wire.get("prompt_tokens_details") or {}
    outputs = wire.get("completion_tokens_details") or {}
    asked, said = int(wire.get("prompt_tokens") or 0), int(wire.get("completion_tokens") or 0)
    reasoning = int(outputs.get("reasoning_tokens") or 0)
    if reasoning and int(wire.get("total_tokens") or 0) == asked + said + reasoning:
        said += reasoning
    return Usage(
        input_tokens=asked,
        output_tokens=said,
        cached_tokens=int(inputs.get("cached_tokens") or wire.get("prompt_cache_hit_tokens") or 0),
        cache_write_tokens=int(inputs.get("cache_write_tokens") or 0),
        input_audio_tokens=int(inputs.get("audio_tokens") or 0),
        reasoning_tokens=reasoning,
        output_audio_tokens=int(outputs.get("audio_tokens") or 0),
    )


def render_usage(usage: Usage) -> Json:
    """`usage` on the wire."""
    wire: Json = {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
    inputs = filled(
        cached_tokens=usage.cached_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        audio_tokens=usage.input_audio_tokens,
    )
    outputs = filled(reasoning_tokens=usage.reasoning_tokens, audio_tokens=usage.output_audio_tokens)
    return wire | filled(prompt_tokens_details=inputs, completion_tokens_details=outputs)
