"""Guard stream: a task's output guards over one answer, whole or as it streams.

    scanners    redact or block in each text as it grows, each with its window
    whole       what must see the whole answer first (length, schema, judge, topics by meaning): the stream is held back
    observers   flag, and what only shadows: they change nothing, so nothing waits for them
    restorers   put back what was redacted from the request; last, so that no guard sees it

An answer that is blocked ends with the finish reason content_filter, and nothing more of it goes on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec

from volant.checks.guarding import Guard
from volant.core.chat import (
    ChatResponse,
    Choice,
    Counted,
    Delta,
    Failed,
    Finished,
    Message,
    StreamEvent,
    TextPart,
    ThoughtEnded,
    ToolDelta,
    assemble,
)
from volant.gateway.guard_scan import Blocked, Scanner, Tally
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
        self.kept: list[StreamEvent] = []
        self.blocked: Guard | None = None

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
                self._flush(index, out)
        except Blocked as stop:
            self._block(stop.guard, out)
        if self._observed:
            said = assemble(self._raw)
            for tally in self._observed:
                await self._assess(tally, texts_of(said, tally.guard.spec.check))
        if self._whole and not self.stopped:
            self._held += out
            out = []
            said = assemble(self.kept)
            for tally in self._whole:
                await self._assess(tally, texts_of(said, tally.guard.spec.check))
                if tally.fired or (tally.error and tally.guard.spec.on_error == "block"):
                    self._held = [one for one in self._held if not _speaks(one)]
                    self.kept = [one for one in self.kept if not _speaks(one)]
                    self._begun.clear()
                    self._over.clear()
                    self._block(tally.guard, out)
                    break
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
            self._take_words(event, out)
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
            self._flush(event.index, out)
            self._over.add(event.index)
            self._emit(event, event, out)
        else:
            if isinstance(event, Failed):  # what is held back could have become anything
                self._over |= self._indexes
            self._emit(event, event, out)

    def _take_words(self, event: Delta, out: list[StreamEvent]) -> None:
        said = [name for name in _TEXTS if getattr(event, name)]
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
            self.kept.append(kept)
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

    For `schema` the words only, an empty one too where nothing else was said.
    """
    if check == "schema":
        said = [choice.message for choice in response.choices]
        return [one.text for one in said if one.text or not (one.tool_calls or one.refusal)]
    texts: list[str] = []
    for choice in response.choices:
        message = choice.message
        texts += [message.text, message.refusal, message.reasoning, *(call.arguments for call in message.tool_calls)]
    return [text for text in texts if text]


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
