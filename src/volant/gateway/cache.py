"""Cache: answers given before, to the same question or to one that means the same.

Decides what is looked for and what is kept: whole, well ended answers, after the output guards and with placeholders
where the caller reads a person's own words; refusals of the request itself where the task says how long. Knows
normalised words and the file (store.cached_answers), which is only touched in a thread of its own: nothing here waits
for a disk. A cache that does not work is a miss.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from volant.core.chat import ChatResponse
from volant.core.errors import VolantError
from volant.gateway.answers import Refusal
from volant.gateway.cache_key import canonical, digest_of, frame_of, is_kept, owner_of, told
from volant.gateway.cache_meaning import Meanings, packed
from volant.gateway.hooks import Found, Models, Question
from volant.store.cached_answers import CachedAnswers, Entry
from volant.store.vault import Vault

T = TypeVar("T")
HasPersonalData = Callable[[list[str]], Awaitable[bool]]
_EMBED_TIMEOUT_S = 5.0
_REFUSED = frozenset({400, 413, 414, 415, 422})  # of the request itself, whoever asks and whenever
_WHOLE = frozenset({"stop", "tool_calls"})
_ENCODER = msgspec.msgpack.Encoder()
_ANSWERS = msgspec.msgpack.Decoder(ChatResponse)
_log = logging.getLogger("volant.cache")


class _Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's refusal as it is kept."""

    status: int
    code: str
    message: str


class AnswerCache:
    """All tasks' answers. One a worker; the file is all workers'."""

    def __init__(
        self,
        data_dir: Path,
        vault: Vault,
        now_ms: Callable[[], int],
        has_personal_data: HasPersonalData | None = None,
    ) -> None:
        """`has_personal_data`: asked where a task redacts what is written; such answers are not kept."""
        self._data_dir, self._vault, self._now_ms = data_dir, vault, now_ms
        self._has_personal_data = has_personal_data
        self._digest_key = vault.derive("cache/digest")
        self._meanings = Meanings()
        self._file: CachedAnswers | None = None
        self._broken = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cache")  # starts when it is first used
        self._writing: set[asyncio.Future[object]] = set()

    # ------------------------------------------------------------ looking
    async def look(self, question: Question) -> Found | None:
        """An answer that may be given. Never raises."""
        spec = question.spec
        question.owner = owner_of(spec, question.grant, question.subject, personal=question.personal)
        if question.owner is None or not is_kept(question.request):
            question.owner = None
            return None
        question.digest = self._digest(question, "exact", canonical(question.request))
        now_ms = self._now_ms()
        if question.wish.reads:
            entry = await self._run(lambda file: file.get(question.digest, now_ms=now_ms))
            if (found := self._found(question, entry, "exact", now_ms)) is not None:
                self._later(lambda file: self._used(file, question, question.digest, now_ms))
                return found
        if spec.semantic and question.models is not None:
            return await self._look_for_meaning(question, question.models, now_ms)
        return None

    async def _look_for_meaning(self, question: Question, models: Models, now_ms: int) -> Found | None:
        framed = frame_of(question.request)
        if framed is None:
            return None
        bare, words = framed
        spec = question.spec
        try:
            (vector,) = await models.embed(spec.embedding, [words], _EMBED_TIMEOUT_S)
            question.vector = packed(vector)
        except (VolantError, ValueError) as error:
            _log.warning("a question could not be embedded by %s: %s", spec.embedding, type(error).__name__)
            return None
        if not question.vector:
            return None
        question.frame = self._digest(question, "frame", spec.embedding.encode() + b"\0" + canonical(bare))
        if not question.wish.reads:
            return None

        def nearest(file: CachedAnswers) -> tuple[bytes, Entry | None]:
            digest, cosine = self._meanings.nearest(
                question.frame,
                question.vector,
                file.removed(),
                lambda after: file.vectors(question.frame, after, now_ms=now_ms, limit=spec.max_entries),
            )
            return digest, file.get(digest, now_ms=now_ms) if cosine >= spec.similarity else None

        digest, entry = await self._run(nearest) or (b"", None)
        found = self._found(question, entry, "semantic", now_ms)
        if found is not None:
            self._later(lambda file: self._used(file, question, digest, now_ms))
        return found

    def _found(self, question: Question, entry: Entry | None, how: str, now_ms: int) -> Found | None:
        if entry is None or (how == "semantic" and entry.kind != "answer"):
            return None
        age_s = max(0, now_ms - entry.created_ms) // 1000
        if question.wish.max_age_s is not None and age_s > question.wish.max_age_s:
            return None
        try:
            if entry.kind == "refusal":
                said = msgspec.msgpack.decode(entry.body, type=_Refused)
                return Found(how=how, age_s=age_s, refusal=Refusal(said.status, said.code, said.message))
            return Found(how=how, age_s=age_s, response=_ANSWERS.decode(entry.body))
        except msgspec.MsgspecError:  # of another version of Volant
            return None

    # ------------------------------------------------------------ keeping
    async def keep(self, question: Question, response: ChatResponse | None, refusal: VolantError | None) -> None:
        """Keep what may be given again. Returns before it is written. Never raises."""
        if question.owner is None or not question.wish.keeps or not question.digest:
            return
        spec = question.spec
        if response is not None and is_whole(response):
            if question.task.redact and await self._is_personal(response):
                return
            with contextlib.suppress(OverflowError):  # a provider's number beyond 64 bits
                self._put(question, "answer", _ENCODER.encode(response), spec.ttl_s)
        elif isinstance(refusal, Refusal) and refusal.status in _REFUSED and spec.errors_ttl_s > 0:
            said = _Refused(status=refusal.status, code=refusal.code, message=refusal.message)
            self._put(question, "refusal", _ENCODER.encode(said), spec.errors_ttl_s)

    def _put(self, question: Question, kind: str, body: bytes, ttl_s: float) -> None:
        now_ms = self._now_ms()
        entry = Entry(kind=kind, body=body, created_ms=now_ms, expires_ms=now_ms + int(ttl_s * 1000))  # type: ignore[arg-type]
        meant = kind == "answer" and bool(question.vector)
        self._later(
            lambda file: file.put(
                question.digest,
                entry,
                project=question.grant.project,
                task=question.task.name,
                subject=question.subject,
                max_entries=question.spec.max_entries,
                frame=question.frame if meant else None,
                vector=question.vector if meant else None,
            )
        )

    async def _is_personal(self, response: ChatResponse) -> bool:
        if self._has_personal_data is None:
            return True
        said = [choice.message for choice in response.choices]
        texts = [text for one in said for text in (one.text, one.refusal, one.reasoning)]
        return await self._has_personal_data(texts + [call.arguments for one in said for call in one.tool_calls])

    def _used(self, file: CachedAnswers, question: Question, digest: bytes, now_ms: int) -> None:
        file.used(digest, question.grant.project, question.subject, now_ms=now_ms)

    # ------------------------------------------------------------ the thread
    async def settle(self) -> None:
        """Wait until what is to be kept is written."""
        while self._writing:
            await asyncio.gather(*self._writing, return_exceptions=True)

    def sweep(self) -> None:
        """Remove what has ended, in a moment; called now and then, does nothing where nothing was ever kept."""
        if self._file is not None:
            now_ms = self._now_ms()
            self._later(lambda file: file.sweep(now_ms=now_ms))

    async def close(self) -> None:
        """Finish what is to be written and let go of the file."""
        await self.settle()
        file, self._file = self._file, None
        if file is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, file.close)
        self._thread.shutdown(wait=False)

    def _digest(self, question: Question, kind: str, said: bytes) -> bytes:
        return digest_of(
            self._digest_key,
            kind,  # type: ignore[arg-type]  # of the two
            owner=question.owner or (),
            task=question.task,
            variant=question.variant,
            said=said + told(question.said, question.request.dialect, question.variant),
        )

    def _later(self, work: Callable[[CachedAnswers], object]) -> None:
        future = asyncio.ensure_future(self._run(work))
        self._writing.add(future)
        future.add_done_callback(self._writing.discard)

    async def _run(self, work: Callable[[CachedAnswers], T]) -> T | None:
        """In the thread; None where it did not work."""

        def there() -> T | None:
            try:
                if self._file is None:
                    self._file = CachedAnswers(self._data_dir, self._vault)
                done = work(self._file)
                self._broken = False
                return done
            except (sqlite3.Error, OSError, VolantError) as error:
                if not self._broken:  # once, not at every request
                    _log.warning("the answer cache does not work: %s", error)
                self._broken = True
                return None

        return await asyncio.get_running_loop().run_in_executor(self._thread, there)


def is_whole(response: ChatResponse) -> bool:
    """Every choice ended by itself: nothing cut off, filtered or failed."""
    return bool(response.choices) and all(
        choice.finish in _WHOLE and (choice.message.parts or choice.message.tool_calls) for choice in response.choices
    )
