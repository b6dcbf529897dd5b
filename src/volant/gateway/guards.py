"""Guards: a task's checks with an action, over one request and its answer, in their order.

Knows normalised words, guards and what each found; knows no dialect, no route and no provider. Checks run where `Find`
runs them (short texts here, long ones in another process), models are asked through `Models`. A verdict holds kinds,
counts and times, never a text. What was redacted from the request lives in this request's object only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from time import perf_counter, time_ns
from typing import Any

import msgspec

from volant.checks import Finding, create, redact
from volant.checks.guarding import Guard, read
from volant.core.chat import ChatRequest, ChatResponse
from volant.core.errors import BadInput, VolantError
from volant.core.ids import new_span_id
from volant.core.nouns import GuardSpec, GuardVerdict, ModelCall, TaskSpec
from volant.gateway.guard_models import Meanings, question, score_of
from volant.gateway.guard_scan import Blocked, Tally
from volant.gateway.guard_stream import OutputFilter, blocked_response, texts_of
from volant.gateway.guard_texts import Visit, visit_json, visit_request, visit_response
from volant.gateway.hooks import Filter, Models
from volant.gateway.placeholders import Placeholders, Restorer

Json = dict[str, Any]
Find = Callable[[str, Json, list[str]], Awaitable[list[list[Finding]]]]  # check, options, texts -> findings of each
Edit = Callable[[Visit], Any]  # all texts, as the visitor gives them back
_CEILINGS = frozenset({"rate_limited", "budget_exhausted", "budget_unknown"})  # no fault of the guard's model


class GuardBlocked(BadInput):
    """A guard refused the request. `answer`: what the caller is to read in place of the error; empty: the error."""

    def __init__(self, guard: Guard, kinds: Sequence[str]) -> None:
        found = f" ({', '.join(sorted(kinds))})" if kinds else ""
        super().__init__(
            "guardrail_blocked",
            f"the guard {guard.spec.name!r} does not let this request through: {guard.spec.check}{found}",
            where=f"guards.{guard.spec.name}",
            hint="change the request; whoever runs this task decides about its guards",
        )
        self.guard = guard.spec.name
        self.answer = guard.common.answer


class Guards:
    """All tasks' guards. One a worker."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._read: dict[bytes, Guard] = {}
        self._meanings = Meanings()

    def open(self, task: TaskSpec, models: Models, calls: list[ModelCall]) -> GuardRun | None:
        """One request's guards; None where the task has none. `calls`: where `models` writes what it asked."""
        if not task.guards:
            return None
        return GuardRun([self._guard(spec) for spec in task.guards], self._find, models, self._meanings, calls)

    def load(self, specs: Iterable[GuardSpec]) -> None:
        """Import and compile what these need; called off the event loop when the configuration comes."""
        for spec in specs:
            with contextlib.suppress(VolantError):  # said at `volant apply`, and by the verdict of each request
                self._guard(spec)

    def _guard(self, spec: GuardSpec) -> Guard:
        key = msgspec.msgpack.encode(spec)
        guard = self._read.get(key)
        if guard is None:
            if len(self._read) > 1_000:  # configurations come and go
                self._read.clear()
            guard = self._read[key] = read(spec)
        return guard


class GuardRun:
    """One request's guards."""

    def __init__(
        self, guards: list[Guard], find: Find, models: Models, meanings: Meanings, calls: list[ModelCall]
    ) -> None:
        self._guards = guards
        self._find = find
        self._models = models
        self._meanings = meanings
        self._placeholders = Placeholders()
        self._schema: Json = {}  # that the request asks for
        self.calls = calls
        self.verdicts: list[GuardVerdict] = []
        self.recorded: ChatRequest | None = None  # of a request that was blocked: what may be written of it

    @property
    def reads_output(self) -> bool:
        """Some guard looks at the answer, or something is put back into it."""
        return bool(self._placeholders.originals) or any("output" in guard.spec.on for guard in self._guards)

    @property
    def restores(self) -> bool:
        """Some guard puts one person's words back into the answer, if there are any: no answer for others."""
        return any(guard.common.restore for guard in self._guards)

    # ------------------------------------------------------------ the request
    async def before(self, request: ChatRequest) -> ChatRequest:
        """The request to be asked; the same object where nothing was edited. Raises GuardBlocked and GuardFailed."""
        if request.output_format is not None:
            self._schema = request.output_format.schema
        for guard in self._guards:
            if "input" not in guard.spec.on:
                continue
            tally = Tally(guard)
            here = request

            def edit(visit: Visit, guard: Guard = guard, here: ChatRequest = here) -> ChatRequest:
                return visit_request(here, guard.roles, guard.everything, visit)

            try:
                request = await self._run(tally, "input", request, edit)
            except Blocked:
                self.recorded = await self._blanked(tally, request)
                raise tally.failure or GuardBlocked(guard, tuple(tally.kinds)) from None
        return request

    async def texts(self, texts: list[str]) -> list[str]:
        """As `before`, for texts that stand in no message: inputs of embeddings."""
        guarded: list[str] = await self._loose(texts)
        return guarded

    async def values(self, values: Json) -> Json:
        """As `before`, for what is filled into a prompt; the same object where nothing was edited."""
        guarded: Json = await self._loose(values)
        return guarded

    async def _loose(self, value: Any) -> Any:
        for guard in self._guards:
            if "input" not in guard.spec.on:
                continue
            tally = Tally(guard)
            here = value

            def edit(visit: Visit, here: Any = here) -> Any:
                return visit_json(here, visit)

            try:
                value = await self._run(tally, "input", value, edit)
            except Blocked:
                self.recorded = ChatRequest(model="", messages=())
                raise tally.failure or GuardBlocked(guard, tuple(tally.kinds)) from None
        return value

    # ------------------------------------------------------------ the answer
    async def after(self, response: ChatResponse) -> ChatResponse:
        """The answer as it may be kept: redacted, or without words where a guard blocks it; not restored.

        Raises VolantError where a guard that must let nothing unchecked through could not check it.
        """
        for guard in self._guards:
            if "output" not in guard.spec.on:
                continue
            tally = Tally(guard)
            here = response

            def edit(visit: Visit, here: ChatResponse = here) -> ChatResponse:
                return visit_response(here, visit)

            try:
                response = await self._run(tally, "output", response, edit)
            except Blocked:
                if (failure := tally.failure) is not None:
                    raise failure from None
                return blocked_response(response, guard)
        return response

    def restore(self, response: ChatResponse) -> ChatResponse:
        """The answer as the caller reads it: what was taken out of the request is put back."""
        originals = self._placeholders.originals
        if not originals:
            return response

        def visit(text: str) -> str:
            restorer = Restorer(originals)
            return restorer.feed(text) + restorer.flush()

        thoughts = {choice.index: choice.message.thoughts for choice in response.choices}
        restored = visit_response(response, visit)
        if restored is response:
            return response
        choices = tuple(  # thinking keeps its placeholders, because its proof would not hold without them
            msgspec.structs.replace(one, message=msgspec.structs.replace(one.message, thoughts=thoughts[one.index]))
            for one in restored.choices
        )
        return msgspec.structs.replace(restored, choices=choices)

    def filter(self) -> OutputFilter:
        """For a new stream; several may run beside each other, and one is what the caller gets."""
        tallies = [Tally(guard) for guard in self._guards if "output" in guard.spec.on]
        return OutputFilter(tallies, self._placeholders.originals, self._assess)

    def conclude(self, sieve: Filter) -> None:
        """That stream is what the caller got: its verdicts."""
        assert isinstance(sieve, OutputFilter)
        for tally in sieve.tallies:
            self._tell(tally, "output")

    # ------------------------------------------------------------ one guard
    async def _run(self, tally: Tally, side: str, value: Any, edit: Edit) -> Any:
        """`value` as the guard leaves it. Raises Blocked."""
        guard = tally.guard
        texts = _texts_by(edit)
        if side == "output" and guard.spec.check in ("schema", "length"):
            texts = texts_of(value, guard.spec.check)
        if side == "input" and guard.common.restore:
            self._placeholders.reserve(texts)
        try:
            found = await self._timed(tally, texts)
        finally:
            self._tell(tally, side)
        if guard.spec.mode == "shadow" or guard.spec.action == "flag":
            return value
        if tally.error:
            if guard.spec.on_error == "block":
                raise Blocked(guard)
            return value
        if not tally.fired:
            return value
        if guard.spec.action == "block":
            raise Blocked(guard)
        write = self._placeholders.redact if side == "input" and guard.common.restore else redact
        each: Iterator[list[Finding]] = iter(found)
        return edit(lambda text: write(text, next(each)))

    async def _timed(self, tally: Tally, texts: list[str]) -> list[list[Finding]]:
        """Findings of each text, told to the tally; so is an error."""
        tally.started_ms, started = time_ns() // 1_000_000, perf_counter()
        found: list[list[Finding]] = [[] for _ in texts]
        try:
            if tally.guard.whole:
                await self._ask(tally, texts)
            elif texts:
                found = [
                    tally.wanted(one) for one in await self._find(tally.guard.spec.check, tally.guard.options, texts)
                ]
                for one in found:
                    tally.add(one)
        except VolantError as error:
            tally.error = error.code
            tally.refused = error if error.code in _CEILINGS else None
        except Exception as error:  # noqa: BLE001  # a check that fails must not fail open: on_error decides
            tally.error = type(error).__name__
        tally.seconds += perf_counter() - started
        return found

    async def _assess(self, tally: Tally, texts: list[str]) -> None:
        """For the filter: a guard that looks at all of an answer."""
        await self._timed(tally, texts)

    async def _ask(self, tally: Tally, texts: list[str]) -> None:
        """A guard about all that was said."""
        guard, text = tally.guard, "\n\n".join(texts)
        if guard.judge is not None:
            if text:
                score = score_of(
                    await self._models.ask(guard.judge.model, question(guard, text), guard.judge.timeout_s)
                )
                tally.say("JUDGED", score)
        elif guard.meaning is not None:
            for kind, near in (await self._meanings.kinds(guard, text, self._models) if text else {}).items():
                tally.say(kind, near, always=True)
        elif guard.spec.check == "schema":
            check: Any = create("schema", {"schema": self._schema}) if self._own_schema(guard) else guard.check
            for one in texts:
                if kind := check.fault(one):
                    tally.say(kind, 1.0)
        else:
            (found,) = await self._find(guard.spec.check, guard.options, [text])
            tally.add(tally.wanted(found))

    def _own_schema(self, guard: Guard) -> bool:
        return bool(self._schema) and not guard.options.get("schema")

    async def _blanked(self, tally: Tally, request: ChatRequest) -> ChatRequest:
        """A blocked request without what was found in it; without any text where the check failed."""
        guard = tally.guard
        if tally.error:
            return visit_request(request, guard.roles, True, lambda _: "[NOT_CHECKED]")
        if guard.check is None or guard.whole:
            return request

        def edit(visit: Visit) -> ChatRequest:
            return visit_request(request, guard.roles, guard.everything, visit)

        each = iter(await self._find(guard.spec.check, guard.options, _texts_by(edit)))
        blanked: ChatRequest = edit(lambda text: redact(text, tally.wanted(next(each))))
        return blanked

    def _tell(self, tally: Tally, side: str) -> None:
        spec = tally.guard.spec
        acts = tally.fired or bool(tally.error and spec.on_error == "block" and spec.action != "flag")
        self.verdicts.append(
            GuardVerdict(
                guard=spec.name,
                check=spec.check,
                on=side,  # type: ignore[arg-type]  # of the two
                action=spec.action if acts and not (tally.error and spec.action == "redact") else _else(tally),
                mode=spec.mode,
                span_id=new_span_id(),
                started_ms=tally.started_ms or time_ns() // 1_000_000,
                latency_ms=tally.seconds * 1000,
                kinds=dict(tally.kinds),
                score=round(tally.score, 4),
                error=tally.error,
            )
        )


def _else(tally: Tally) -> Any:
    """A redaction that failed and must not let through is a block; everything else lets through."""
    spec = tally.guard.spec
    return "block" if tally.error and spec.action == "redact" and spec.on_error == "block" else "allow"


def _texts_by(edit: Edit) -> list[str]:
    texts: list[str] = []

    def collect(text: str) -> str:
        texts.append(text)
        return text

    edit(collect)
    return texts
