"""Guard stream: a task's output guards over one answer, whole or as it streams.

    scanners    redact or block in each text as it grows, each with its window
    whole       what must see the whole answer first (length, schema, judge, topics by meaning): the stream is held back
    observers   flag, and what only shadows: they change nothing, so nothing waits for them
    restorers   put back what was redacted from the request; last, so that no guard sees it

The arguments of a call are held until it ends, because JSON has more than one way to spell a letter. So are, of chat
completions, a provider's own words beside the answer (a transcript of sound), which come in pieces; in other dialects
they come whole (citations, results of tools) and are looked at as they come.

An answer that is blocked ends with the finish reason content_filter, and nothing more of it goes on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from volant.checks import Finding, redact
from volant.checks.guarding import Guard
from volant.core.chat import (
    ChatResponse,
    Choice,
    Counted,
    Delta,
    Failed,
    Finished,
    Message,
    Started,
    StreamEvent,
    TextPart,
    ThoughtEnded,
    ToolDelta,
    assemble,
)
from volant.gateway.guard_extras import Extras
from volant.gateway.guard_scan import Blocked, Scanner, Tally
from volant.gateway.guard_texts import visit_arguments, visit_json, visit_response
from volant.gateway.placeholders import Restorer

replace = msgspec.structs.replace
Assess = Callable[[Tally, list[str]], Awaitable[None]]  # run a guard over texts and tell its tally
_TEXTS = ("text", "reasoning", "refusal")


@dataclass(slots=True)
class Channel:
    """One text of one choice, through every scanner and then the restorer."""

    scanners: list[Scanner]
    restorer: Restorer | None

    def feed(self, piece: str) -> tuple[str, str]:
        """(what may be kept, what may be given)."""
        sure = piece
        for scanner in self.scanners:
            if not sure:
                return "", ""
            sure = scanner.feed(sure)
        return sure, (self.restorer.feed(sure) if self.restorer is not None else sure)

    def flush(self) -> tuple[str, str]:
        """The rest of both."""
        sure = ""
        for scanner in self.scanners:
            sure = (scanner.feed(sure) if sure else "") + scanner.flush()
        return sure, (self.restorer.feed(sure) + self.restorer.flush() if self.restorer is not None else sure)


class OutputFilter:
    """One stream. `kept` may be recorded and cached: guarded, with placeholders where the client reads originals."""

    def __init__(self, tallies: list[Tally], originals: dict[str, str], assess: Assess) -> None:
        self.tallies = tallies
        held = [tally for tally in tallies if tally.guard.holds]
        self._scanned = [tally for tally in held if tally.guard.window is not None and not tally.guard.whole]
        self._whole = [tally for tally in held if tally not in self._scanned]
        self._observed = [tally for tally in tallies if tally not in held]
        self._originals = originals
        self._assess = assess
        self._channels: dict[tuple[int, str], Channel] = {}
        self._open: dict[int, str] = {}  # of a choice: the channel that spoke last
        self._begun: set[int] = set()
        self._over: set[int] = set()
        self._indexes: set[int] = set()
        self._held: list[StreamEvent] = []
        self._raw: list[StreamEvent] = []
        self._kept: list[StreamEvent] = []
        self._seen = not self._whole  # by every guard
        self._in_pieces = True  # what a provider says beside the answer
        self._calls: dict[int, dict[int, ToolDelta]] = {}  # of a choice: calls whose arguments are not whole yet
        self._extras: dict[int, Extras] = {}  # of a choice: words beside the answer, held until its end
        self.blocked: Guard | None = None

    @property
    def kept(self) -> list[StreamEvent]:
        """What may be recorded: no words, as long as some guard has not seen all of them."""
        if self._seen:
            return self._kept
        return [_without_extra(one) for one in self._kept if not isinstance(one, Delta | ThoughtEnded | ToolDelta)]

    @property
    def stopped(self) -> bool:
        """No more words will go on: the upstream need not say the rest."""
        return self.blocked is not None

    async def feed(self, events: list[StreamEvent]) -> list[StreamEvent]:
        """What may go on now."""
        if self._observed or self._whole:
            self._raw += events
        out: list[StreamEvent] = []
        for event in events:
            try:
                self._take(event, out)
            except Blocked as stop:
                self._block(stop.guard, out)
        if not self._whole:
            return out
        self._held += out
        if any(isinstance(event, Failed) for event in out) or self.stopped:  # its words were not seen by all guards
            return [one for one in self._let_go() if not isinstance(one, Delta | ThoughtEnded | ToolDelta)]
        return []

    async def end(self) -> list[StreamEvent]:
        """The rest, after the guards that needed all of it."""
        out: list[StreamEvent] = []
        try:
            for index in sorted(self._indexes - self._over):
                self._finish(index, out)
        except Blocked as stop:
            self._block(stop.guard, out)
        if self._observed:
            said = assemble(self._raw)
            for tally in self._observed:
                await self._assess(tally, texts_of(said, tally.guard.spec.check))
        if self._whole and not self.stopped:
            self._held += out
            out = []
            said = assemble(self._kept)
            for tally in self._whole:
                await self._assess(tally, texts_of(said, tally.guard.spec.check))
                if tally.fired or (tally.error and tally.guard.spec.on_error == "block"):
                    self._held = [one for one in self._held if not _speaks(one)]
                    self._kept = [one for one in self._kept if not _speaks(one)]
                    self._begun.clear()
                    self._over.clear()
                    if (failure := tally.failure) is not None:
                        raise failure
                    self._block(tally.guard, out)
                    break
            self._seen = True
            return _ordered([*self._let_go(), *out])
        return out

    def _let_go(self) -> list[StreamEvent]:
        held, self._held = self._held, []
        return held

    # ------------------------------------------------------------ events
    def _take(self, event: StreamEvent, out: list[StreamEvent]) -> None:
        if isinstance(event, Delta | ThoughtEnded | ToolDelta | Finished):
            if self.stopped or event.index in self._over:
                return
            self._indexes.add(event.index)
        if isinstance(event, Delta):
            self._take_words(self._take_extra(event, out) if event.extra else event, out)
        elif isinstance(event, ToolDelta) and self._scanned:
            self._hold_call(event)
        elif isinstance(event, ToolDelta):
            name = f"call{event.call}"
            self._switch(event.index, name, out)
            kept, given = self._channel(event.index, name, json=True).feed(event.arguments)
            self._emit(replace(event, arguments=kept), replace(event, arguments=given), out)
        elif isinstance(event, ThoughtEnded):
            edited = self._is_edited(event.index, "reasoning")
            self._flush(event.index, out)
            if edited or self._is_edited(event.index, "reasoning"):
                event = replace(event, signature="")
            self._emit(event, event, out)
        elif isinstance(event, Finished):
            self._finish(event.index, out)
            end = replace(event, extra=visit_json(event.extra, self._checked))
            self._over.add(event.index)
            self._emit(end, replace(end, extra=visit_json(end.extra, self._restored)), out)
        elif isinstance(event, Started):
            self._in_pieces = event.dialect in ("", "openai_chat")
            try:
                event = replace(event, extra=visit_json(event.extra, self._checked))
            except Blocked:
                event = replace(event, extra={})
                raise
            finally:
                self._emit(event, event, out)
        else:
            if isinstance(event, Failed):  # what is held back could have become anything
                self._over |= self._indexes
            self._emit(event, event, out)

    def _take_extra(self, event: Delta, out: list[StreamEvent]) -> Delta:
        """The event without what its provider said beside the answer: that goes on by itself, or is held."""
        bare, extra = replace(event, extra={}), event.extra
        if self._scanned and self._in_pieces:
            self._extras.setdefault(event.index, Extras()).add(extra)
        else:
            self._emit_extra(event.index, visit_json(extra, self._checked), out)
        return bare

    def _emit_extra(self, index: int, extra: dict[str, Any], out: list[StreamEvent]) -> None:
        given = visit_json(extra, self._restored)
        self._emit(Delta(index=index, extra=extra), Delta(index=index, extra=given), out)

    def _hold_call(self, event: ToolDelta) -> None:
        calls = self._calls.setdefault(event.index, {})
        before = calls.get(event.call)
        calls[event.call] = event if before is None else _joined(before, event)

    def _take_words(self, event: Delta, out: list[StreamEvent]) -> None:
        said = [name for name in _TEXTS if getattr(event, name)]
        if said or event.parts:  # no call goes on after that
            self._flush_calls(event.index, out)
        if not said and not event.parts:
            self._emit(self._bare(event), self._bare(event), out)
            return
        if event.parts:
            self._flush(event.index, out)
        kept: dict[str, str] = {}
        given: dict[str, str] = {}
        for name in said:
            self._switch(event.index, name, out)
            channel = self._channel(event.index, name)
            before = getattr(event, name)
            kept[name], given[name] = channel.feed(before)
        empty = dict.fromkeys(said, "")
        bare = self._bare(event)
        self._emit(replace(bare, **(empty | kept)), replace(bare, **(empty | given)), out)

    def _bare(self, event: Delta) -> Delta:
        """Log-probabilities spell the words out: they cannot go on where words are held back."""
        return replace(event, logprobs=None) if self._scanned or self._whole else event

    def _emit(self, kept: StreamEvent, given: StreamEvent, out: list[StreamEvent]) -> None:
        if not _is_empty(kept):
            self._kept.append(kept)
        if not _is_empty(given):
            if isinstance(given, Delta | ToolDelta):
                self._begun.add(given.index)
            out.append(given)

    # ------------------------------------------------------------ channels
    def _channel(self, index: int, name: str, *, json: bool = False) -> Channel:
        channel = self._channels.get((index, name))
        if channel is None:
            restores = self._originals and name != "reasoning"  # its proof would not hold with other words
            channel = self._channels[index, name] = Channel(
                [Scanner(tally, json=json) for tally in self._scanned],
                Restorer(self._originals, json=json) if restores else None,
            )
        return channel

    def _is_edited(self, index: int, name: str) -> bool:
        channel = self._channels.get((index, name))
        return channel is not None and any(scanner.edited for scanner in channel.scanners)

    def _switch(self, index: int, name: str, out: list[StreamEvent]) -> None:
        """Another text of the choice begins: what is held back of the one before comes first."""
        if self._open.get(index, name) != name:
            self._flush_one(index, self._open[index], out)
        self._open[index] = name

    def _finish(self, index: int, out: list[StreamEvent]) -> None:
        """All that is held back of a choice."""
        self._flush(index, out)
        self._flush_calls(index, out)
        if (extras := self._extras.pop(index, None)) is not None:
            for tally in self._scanned:
                extras.redact(partial(_find, tally), partial(_act, tally))
            for extra in extras.take():
                self._emit_extra(index, extra, out)

    def _flush_calls(self, index: int, out: list[StreamEvent]) -> None:
        calls = self._calls.pop(index, {})
        if calls:
            self._flush(index, out)
        for _, call in sorted(calls.items()):
            kept = replace(call, arguments=visit_arguments(call.arguments, self._checked))
            self._emit(kept, replace(kept, arguments=visit_arguments(kept.arguments, self._restored)), out)

    def _flush(self, index: int, out: list[StreamEvent]) -> None:
        for at, name in [key for key in self._channels if key[0] == index]:
            self._flush_one(at, name, out)

    def _flush_one(self, index: int, name: str, out: list[StreamEvent]) -> None:
        channel = self._channels.get((index, name))
        if channel is None:
            return
        kept, given = channel.flush()
        if name.startswith("call"):
            call = int(name.removeprefix("call"))
            self._emit(
                ToolDelta(index=index, call=call, arguments=kept),
                ToolDelta(index=index, call=call, arguments=given),
                out,
            )
        else:
            nothing = Delta(index=index)
            self._emit(replace(nothing, **{name: kept}), replace(nothing, **{name: given}), out)

    # ------------------------------------------------------------ texts that are whole
    def _checked(self, text: str) -> str:
        """`text` as the scanning guards leave it. Raises Blocked."""
        for tally in self._scanned:
            found = _find(tally, text)
            if _act(tally, found):
                text = redact(text, found)
        return text

    def _restored(self, text: str) -> str:
        if not self._originals:
            return text
        restorer = Restorer(self._originals)
        return restorer.feed(text) + restorer.flush()

    # ------------------------------------------------------------ the end of it
    def _block(self, guard: Guard, out: list[StreamEvent]) -> None:
        self.blocked = guard
        for index in sorted(self._indexes - self._over) or ([] if self._indexes else [0]):
            if guard.common.answer and index not in self._begun:
                answer = Delta(index=index, text=guard.common.answer)
                self._emit(answer, answer, out)
            end = Finished(index=index, reason="content_filter", detail=detail_of(guard))
            self._over.add(index)
            self._emit(end, end, out)


def _find(tally: Tally, text: str) -> list[Finding]:
    assert tally.guard.check is not None
    return tally.wanted(tally.guard.check.find(text))


def _act(tally: Tally, found: list[Finding]) -> bool:
    """Count it. Is it to be redacted? Raises Blocked."""
    guard = tally.guard
    blocks = guard.spec.action == "block" and bool(found) and tally.would_be(found) >= guard.common.threshold
    tally.add(found)
    if blocks:
        raise Blocked(guard)
    return guard.spec.action == "redact" and bool(found)


def detail_of(guard: Guard) -> str:
    """What stands where a provider would say why an answer ended."""
    return f"guardrail:{guard.spec.name}"


def blocked_response(response: ChatResponse, guard: Guard) -> ChatResponse:
    """The answer without its words."""
    parts = (TextPart(text=guard.common.answer),) if guard.common.answer else ()
    choices = tuple(
        Choice(
            index=choice.index,
            message=Message(role="assistant", parts=parts),
            finish="content_filter",
            finish_detail=detail_of(guard),
        )
        for choice in response.choices
    )
    return replace(response, choices=choices)


def texts_of(response: ChatResponse, check: str = "") -> list[str]:
    """What a model said: of each choice the words, the refusal, the thinking and the arguments of its calls.

    For `schema` the words only, an empty one too where nothing else was said; for `length` nothing beside them. Others
    read every string, also what the provider says beside the answer.
    """
    if check == "schema":
        said = [choice.message for choice in response.choices]
        return [one.text for one in said if one.text or not (one.tool_calls or one.refusal)]
    texts: list[str] = []
    if check != "length":

        def collect(text: str) -> str:
            texts.append(text)
            return text

        visit_response(response, collect)
        return [text for text in texts if text]
    for choice in response.choices:
        message = choice.message
        texts += [message.text, message.refusal, message.reasoning, *(call.arguments for call in message.tool_calls)]
    return [text for text in texts if text]


def _joined(before: ToolDelta, more: ToolDelta) -> ToolDelta:
    return replace(
        before,
        id=before.id + more.id,
        name=before.name + more.name,
        arguments=before.arguments + more.arguments,
        signature=before.signature + more.signature,
    )


def _without_extra(event: StreamEvent) -> StreamEvent:
    return replace(event, extra={}) if isinstance(event, Started | Finished) and event.extra else event


def _speaks(event: StreamEvent) -> bool:
    return isinstance(event, Delta | ThoughtEnded | ToolDelta | Finished)


def _is_empty(event: StreamEvent) -> bool:
    if isinstance(event, Delta):
        return not (
            event.text or event.reasoning or event.refusal or event.parts or event.signature or event.extra
            or event.logprobs
        )  # fmt: skip
    if isinstance(event, ToolDelta):
        return not (event.id or event.name or event.arguments or event.signature)
    return False


def _ordered(events: list[StreamEvent]) -> list[StreamEvent]:
    """Usage last, where words were put in after it."""
    return [one for one in events if not isinstance(one, Counted)] + [one for one in events if isinstance(one, Counted)]
