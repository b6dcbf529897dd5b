"""Client: keep-alive connections, one request in flight on each; every answer is judged by its mark.

ok       the whole right answer
cut      a stream that had begun and ended with an error event; what came is the beginning of the right answer
refused  a key's budget is spent (429)
left     we hung up in the middle, on purpose
failed   an error, and not a word
wrong    anything else: another's words, a part that looks whole, an end without a word about it
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from time import perf_counter
from urllib.parse import urlsplit

import httptools

from soak_load.speech import CHUNKS, Said, Speech, expected, prompt

ANSWER_S = 60.0  # nobody waits for longer
PAD = 400_000  # bytes of a long prompt, for servers that read slowly


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """What to send, drawn request by request."""

    url: str
    speeches: tuple[Speech, ...]
    keys: tuple[tuple[str, float], ...]  # clear key, share; the first may send long prompts
    tasks: tuple[tuple[str, float], ...]  # task, share
    stream_share: float = 0.5
    left_share: float = 0.005
    long_share: float = 0.005
    seed: int = 7


@dataclass(slots=True)
class Tally:
    """What came of them."""

    kinds: Counter[str] = field(default_factory=Counter)
    by_speech: Counter[str] = field(default_factory=Counter)
    by_cut: Counter[str] = field(default_factory=Counter)  # codes of the error events
    statuses: Counter[int] = field(default_factory=Counter)
    recorded: int = 0  # answers with an inference id
    seconds: list[float] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)  # of failed and wrong ones
    sent: int = 0


class Connection(asyncio.Protocol):
    """One connection; `ask` sends a request and gives status and body."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self.first = asyncio.Event()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._parser = httptools.HttpResponseParser(self)

    def ask(self, data: bytes) -> asyncio.Future[tuple[int, bytes]]:
        assert self.transport is not None
        self._pieces: list[bytes] = []
        self.headers: dict[bytes, bytes] = {}
        self.first.clear()
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(data)
        return self._answer

    @property
    def alive(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError(f"hung up: {exc}"))

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value

    def on_body(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self.first.set()

    def on_message_complete(self) -> None:
        keep = self._parser.should_keep_alive()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), b"".join(self._pieces)))
        if not keep and self.transport is not None:
            self.transport.close()


async def soak(mix: Mix, requests: int, concurrency: int, tally: Tally) -> None:
    """Send `requests`, over so many connections; `tally` fills meanwhile."""
    rng = Random(mix.seed)
    parts = urlsplit(mix.url)

    async def worker() -> None:
        connection: Connection | None = None
        while tally.sent < requests:
            tally.sent += 1
            number = tally.sent
            if connection is None or not connection.alive:
                loop = asyncio.get_running_loop()
                _, connection = await loop.create_connection(Connection, parts.hostname, parts.port)
            await _one(mix, rng, number, connection, parts.netloc, tally)
        if connection is not None and connection.transport is not None:
            connection.transport.close()

    await asyncio.gather(*(worker() for _ in range(concurrency)))


async def _one(mix: Mix, rng: Random, number: int, connection: Connection, host: str, tally: Tally) -> None:
    speech = mix.speeches[rng.randrange(len(mix.speeches))]
    key, task = _drawn(mix.keys, rng), _drawn(mix.tasks, rng)
    leaves = rng.random() < mix.left_share
    stream = leaves or rng.random() < mix.stream_share
    mark = f"m{number}x{rng.getrandbits(48):012x}"
    pad = PAD if key == mix.keys[0][0] and rng.random() < mix.long_share else 0
    chunks = 40 if leaves else CHUNKS
    words = prompt(mark, chunks, delay_ms=20 if leaves else 0, pad=pad)
    started = perf_counter()
    answer = connection.ask(speech.request(host, key, task, words, stream))
    try:
        if leaves:
            kind = await _leave(connection, answer)
            if kind:
                tally.kinds[kind] += 1
                return
        status, body = await asyncio.wait_for(answer, ANSWER_S)
    except (ConnectionError, TimeoutError) as error:
        _note(tally, "wrong", speech, f"{type(error).__name__}: {error}")
        if connection.transport is not None:
            connection.transport.abort()
        return
    tally.seconds.append(perf_counter() - started)
    tally.statuses[status] += 1
    tally.recorded += b"x-volant-inference-id" in connection.headers
    said = speech.read(status, body, stream)
    kind = "refused" if status == 429 and b"budget" in body.lower() else _kind(said, expected(mark, chunks), stream)
    if kind == "cut":
        tally.by_cut[said.error] += 1
    _note(tally, kind, speech, f"{status} {said} {body[-300:]!r}" if kind in ("failed", "wrong") else "")


async def _leave(connection: Connection, answer: asyncio.Future[tuple[int, bytes]]) -> str:
    """Hang up after the first piece. Empty: the answer was over before."""
    first = asyncio.ensure_future(connection.first.wait())
    await asyncio.wait((first, answer), timeout=ANSWER_S, return_when=asyncio.FIRST_COMPLETED)
    first.cancel()
    if answer.done():
        return ""
    answer.cancel()
    if connection.transport is not None:
        connection.transport.abort()
    return "left"


def _kind(said: Said, right: str, stream: bool) -> str:
    if not said.error:
        return "ok" if said.whole and said.text == right else "wrong"
    if said.error.startswith("unreadable") or said.error == "talks_on":
        return "wrong"
    if stream and said.text:
        return "cut" if right.startswith(said.text) else "wrong"
    return "failed"


def _note(tally: Tally, kind: str, speech: Speech, sample: str) -> None:
    tally.kinds[kind] += 1
    tally.by_speech[speech.name] += 1
    if sample and len(tally.samples) < 20:
        tally.samples.append(f"{kind} {speech.name}: {sample}")


def _drawn(choices: tuple[tuple[str, float], ...], rng: Random) -> str:
    at = rng.random() * sum(share for _, share in choices)
    for name, share in choices:
        at -= share
        if at < 0:
            return name
    return choices[-1][0]
