"""Hooks: what may stand beside the pipeline: guards and a cache. Protocols only.

    guards    open(task) -> Guarding, or None where the task has none; then texts, before, after, or a Filter
    cache     look(question) before anybody is asked; keep(question, answer) after a good answer

Both see normalised words, so that each works in every dialect. What is given back as the same object was not
edited, and is then relayed as it came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from volant.core.chat import ChatRequest, ChatResponse, StreamEvent
from volant.core.errors import VolantError
from volant.core.nouns import CacheSpec, GuardVerdict, KeyGrant, ModelCall, TaskSpec
from volant.gateway.plan import VariantPlan


# ---------------------------------------------------------------- guards
class Models(Protocol):
    """Asks a task or deployment by its name, outside of any guard and cache. Raises VolantError."""

    async def ask(self, name: str, request: ChatRequest, timeout_s: float) -> str:
        """The words of its answer."""
        ...

    async def embed(self, name: str, texts: Sequence[str], timeout_s: float) -> list[Sequence[float]]:
        """One vector a text."""
        ...


class Filter(Protocol):
    """Output guards on one stream, with whatever they hold back."""

    @property
    def kept(self) -> list[StreamEvent]:
        """What may be recorded and cached."""
        ...

    @property
    def stopped(self) -> bool:
        """No more words will go on: the upstream need not say the rest."""
        ...

    async def feed(self, events: list[StreamEvent]) -> list[StreamEvent]:
        """What may go on to the client now, of these events and those held back before."""
        ...

    async def end(self) -> list[StreamEvent]:
        """The rest, when the upstream said everything."""
        ...


class Guarding(Protocol):
    """One request's guards. It remembers between `before` and `restore` what to put back."""

    verdicts: list[GuardVerdict]
    calls: list[ModelCall]  # what a judge asked, with its cost
    recorded: ChatRequest | None  # of a request that was refused: what may be written of it

    @property
    def reads_output(self) -> bool:
        """Some guard looks at the answer, or something is put back into it: it is not relayed unread."""
        ...

    @property
    def restores(self) -> bool:
        """Some guard puts one person's words back into the answer: no answer for others."""
        ...

    async def texts(self, texts: list[str]) -> list[str]:
        """As `before`, for texts that stand in no message: inputs of embeddings."""
        ...

    async def values(self, values: dict[str, Any]) -> dict[str, Any]:
        """As `before`, for what is filled into a prompt; the same object where nothing was edited."""
        ...

    async def before(self, request: ChatRequest) -> ChatRequest:
        """The request to be asked. Raises VolantError for one that is refused."""
        ...

    async def after(self, response: ChatResponse) -> ChatResponse:
        """The answer as it may be recorded and cached."""
        ...

    def restore(self, response: ChatResponse) -> ChatResponse:
        """That answer as the caller reads it."""
        ...

    def filter(self) -> Filter:
        """A new stream."""
        ...

    def conclude(self, sieve: Filter) -> None:
        """That stream is what the caller got: its verdicts."""
        ...


class Guards(Protocol):
    """All tasks' guards."""

    def open(self, task: TaskSpec, models: Models, calls: list[ModelCall]) -> Guarding | None:
        """None where the task has none. `calls`: where `models` writes what it asked."""
        ...


# ---------------------------------------------------------------- cache
class Wish(NamedTuple):
    """What the caller says about the cache."""

    reads: bool = True
    keeps: bool = True
    max_age_s: float | None = None


WILLING = Wish()


@dataclass(slots=True, kw_only=True)
class Question:
    """What is asked, and of whom. The cache writes down beside it what it worked out."""

    grant: KeyGrant
    task: TaskSpec
    variant: VariantPlan
    request: ChatRequest  # after the guards, without what the variant adds
    said: tuple[tuple[bytes, bytes], ...] = ()  # headers of the caller that go along to a place of the same dialect
    subject: str = ""  # hash of the person who asks
    personal: bool = False  # a guard puts this person's words into the answer
    wish: Wish = WILLING
    models: Models | None = None  # for the vector of a question
    digest: bytes = b""
    frame: bytes = b""
    vector: bytes = b""
    owner: tuple[str, ...] | None = None

    @property
    def spec(self) -> CacheSpec:
        """The task's."""
        assert self.task.cache is not None
        return self.task.cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was given before: an answer (guarded, not yet restored), or the refusal that the provider gave."""

    how: str  # "exact" or "semantic"
    age_s: int = 0
    response: ChatResponse | None = None
    refusal: VolantError | None = None


class Cache(Protocol):
    """Answers given before. Asked only for tasks with a `cache`."""

    async def look(self, question: Question) -> Found | None:
        """Never raises."""
        ...

    async def keep(self, question: Question, response: ChatResponse | None, refusal: VolantError | None) -> None:
        """`response` as it may be recorded; `refusal` says what the provider found wrong with the request."""
        ...
