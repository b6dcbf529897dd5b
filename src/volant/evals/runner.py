"""Runner: ask a model many questions over the OpenAI chat API.

Bounded concurrency, retries with back-off, and a journal: an evaluation that was killed goes on where it was. The
journal holds keys and the model's own words, never the questions. Knows HTTP and chat completions; knows nothing of
what a right answer is.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import msgspec

from volant.core.errors import BadInput, Conflict, UpstreamFailed
from volant.providers.http import Answer, HttpClient, Origin, Timeouts, TransportError, request_head

_RETRIED = (408, 409, 425, 429, 500, 502, 503, 504, 529)
_LONGEST_WAIT_S = 30.0


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One question to ask. The key is all that is kept of it."""

    key: str
    text: str


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What came back for one question."""

    key: str
    output: str = ""  # the model's own words
    error: str = ""  # empty: it answered; "refused_400", "no_completion": its own fault; else why nobody answered
    attempts: int = 1
    latency_ms: float = 0.0  # of the last attempt

    @property
    def asked(self) -> bool:
        """True when the model had its say, even if that was to refuse the request (too long, say)."""
        return not self.error or self.error == "no_completion" or self.error.startswith("refused_")


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """Where the model is and how it is asked."""

    base_url: str  # ends before /chat/completions
    model: str
    api_key: str = ""
    parameters: dict[str, Any] = msgspec.field(default_factory=lambda: {"temperature": 0, "max_tokens": 32})
    system: str = ""  # a system message put first
    headers: dict[str, str] = {}
    concurrency: int = 8
    attempts: int = 4  # for one question
    timeout_s: float = 60.0  # for one attempt


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """All answers of one run, and what it took."""

    answers: dict[str, Answered]
    resumed: int = 0  # of them, found in the journal
    wall_s: float = 0.0
    cpu_ms_per_sample: float = 0.0  # of this process, for the questions that were really asked

    def __getitem__(self, key: str) -> Answered:
        return self.answers[key]

    def __iter__(self) -> Iterator[Answered]:
        return iter(self.answers.values())

    @property
    def asked(self) -> int:
        """Questions on which the model had its say."""
        return sum(answer.asked for answer in self)


async def ask_all(
    samples: Sequence[Sample],
    connection: Connection,
    *,
    journal: Path | None = None,
    most_unanswered: float = 0.01,
    progress: Callable[[int, int], None] = lambda done, whole: None,
) -> Answers:
    """Ask every question; answers by key, in the samples' order.

    Raises BadInput for a key that comes twice, Conflict for a journal of another model or other parameters, and
    UpstreamFailed when more than `most_unanswered` of the questions found nobody to answer: nothing can be concluded
    then, and asking again with the same journal asks only those.
    """
    keys = [sample.key for sample in samples]
    if len(set(keys)) != len(keys):
        raise BadInput("sample_twice", "two samples have the same key", hint="give every item its own key")
    began, cpu = time.monotonic(), time.process_time()
    known = _read_journal(journal, connection) if journal else {}
    missing = [sample for sample in samples if sample.key not in known]
    found = await _ask_missing(missing, connection, journal, len(samples), progress)
    spent_ms = 1000 * (time.process_time() - cpu)
    everything = {key: known.get(key) or found[key] for key in keys}
    silent = [answer for answer in everything.values() if not answer.asked]
    if len(silent) > most_unanswered * len(samples):
        raise UpstreamFailed(
            "evaluation_incomplete", f"{len(silent)} of {len(samples)} questions found nobody to answer "
            f"({silent[0].error})", where=connection.base_url,
            hint="is the engine up? run it again: what was answered is kept",
        )  # fmt: skip
    return Answers(
        answers=everything,
        resumed=len(samples) - len(missing),
        wall_s=time.monotonic() - began,
        cpu_ms_per_sample=spent_ms / max(1, len(missing)),
    )


async def _ask_missing(
    missing: Sequence[Sample],
    connection: Connection,
    journal: Path | None,
    whole: int,
    progress: Callable[[int, int], None],
) -> dict[str, Answered]:
    origin, head = _head(connection)
    found: dict[str, Answered] = {}
    waiting = iter(missing)
    log = _open_journal(journal, connection) if journal else None
    client = HttpClient()
    timeouts = Timeouts(first_byte_s=connection.timeout_s, total_s=connection.timeout_s)

    async def worker() -> None:
        for sample in waiting:
            answer = await _ask(client, origin, head, sample, connection, timeouts)
            found[sample.key] = answer
            if log is not None and answer.asked:
                log.write(msgspec.json.encode(answer) + b"\n")
            progress(whole - len(missing) + len(found), whole)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(connection.concurrency, len(missing))):
                group.create_task(worker())
    finally:
        await client.aclose()
        if log is not None:
            log.close()
    return found


async def _ask(
    client: HttpClient, origin: Origin, head: bytes, sample: Sample, connection: Connection, timeouts: Timeouts
) -> Answered:
    """One question, tried again while trying again may help."""
    body = _body(connection, sample)
    error, latency_ms = "", 0.0
    for attempt in range(1, connection.attempts + 1):
        began = time.monotonic()
        wait_s = 0.0
        try:
            answer = await client.fetch(origin, head, body, timeouts)
            latency_ms = 1000 * (time.monotonic() - began)
            if answer.status == 200:
                return _read(sample.key, answer, attempt, latency_ms)
            if answer.status not in _RETRIED:
                error = f"refused_{answer.status}"
                break
            error = f"http_{answer.status}"
            wait_s = _retry_after_s(answer)
        except TransportError as failure:
            error = failure.code
        if attempt < connection.attempts:
            await asyncio.sleep(wait_s or min(_LONGEST_WAIT_S, 0.1 * 2**attempt * (0.5 + random.random())))
    return Answered(key=sample.key, error=error, attempts=attempt, latency_ms=latency_ms)


def _body(connection: Connection, sample: Sample) -> bytes:
    system = [{"role": "system", "content": connection.system}] if connection.system else []
    messages = [*system, {"role": "user", "content": sample.text}]
    return msgspec.json.encode({"model": connection.model, "messages": messages, **connection.parameters})


def _head(connection: Connection) -> tuple[Origin, bytes]:
    origin, path = Origin.parse(connection.base_url)
    headers = [("content-type", "application/json"), ("user-agent", "volant-evals"), *connection.headers.items()]
    if connection.api_key:
        headers.append(("authorization", f"Bearer {connection.api_key}"))
    return origin, request_head("POST", origin, path.rstrip("/") + "/chat/completions", headers)


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message


class _Completion(msgspec.Struct):
    choices: list[_Choice]


_COMPLETION = msgspec.json.Decoder(_Completion)


def _read(key: str, answer: Answer, attempt: int, latency_ms: float) -> Answered:
    """The words of a chat completion; an answer that is none counts as the model's own fault."""
    try:
        content = _COMPLETION.decode(answer.body).choices[0].message.content or ""
    except (msgspec.DecodeError, UnicodeDecodeError, IndexError):
        return Answered(key=key, error="no_completion", attempts=attempt, latency_ms=latency_ms)
    return Answered(key=key, output=content, attempts=attempt, latency_ms=latency_ms)


def _retry_after_s(answer: Answer) -> float:
    """What the server asks us to wait, in seconds, bounded; 0 when it says nothing that we understand."""
    for name, unit in ((b"retry-after-ms", 1000.0), (b"retry-after", 1.0)):
        value = answer.header(name)
        if value.replace(b".", b"", 1).isdigit():
            return min(_LONGEST_WAIT_S, float(value) / unit)
    return 0.0


# ---------------------------------------------------------------- journal
def _fingerprint(connection: Connection) -> str:
    """What must be equal for answers to be comparable; not the address, which changes with a restart."""
    said: Mapping[str, Any] = {
        "model": connection.model, "parameters": connection.parameters, "system": connection.system,
    }  # fmt: skip
    return hashlib.sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()[:32]


def _read_journal(journal: Path, connection: Connection) -> dict[str, Answered]:
    """Answers of an earlier start. A torn last line, from a kill in the middle of a write, is cut off."""
    if not journal.exists():
        return {}
    whole, _, torn = journal.read_bytes().rpartition(b"\n")
    if torn:
        with journal.open("r+b") as file:
            file.truncate(len(whole) + 1 if whole else 0)
    first, *lines = whole.split(b"\n") if whole else [b""]
    if first and msgspec.json.decode(first).get("asked") != _fingerprint(connection):
        raise Conflict(
            "journal_of_another_model", "the journal holds answers of another model or to other parameters",
            where=str(journal), hint="remove it, or give this evaluation another",
        )  # fmt: skip
    answers = [msgspec.json.decode(line, type=Answered) for line in lines]
    return {answer.key: answer for answer in answers}


def _open_journal(journal: Path, connection: Connection) -> IO[bytes]:
    journal.parent.mkdir(parents=True, exist_ok=True)
    log = journal.open("ab", buffering=0)
    if log.tell() == 0:
        log.write(msgspec.json.encode({"asked": _fingerprint(connection)}) + b"\n")
    return log
