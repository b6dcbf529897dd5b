"""Sinks: who takes an answer, whole or piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from volant.providers.http.connection import Connection
from volant.providers.http.words import Answer, Headers, TransportError

MAX_FETCH_BYTES = 64 << 20
HIGH_WATER = 256 << 10


class Collector:
    """Takes a whole answer; `answer` gives it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: int = MAX_FETCH_BYTES) -> None:
        self.answer: asyncio.Future[Answer] = loop.create_future()
        self._taking = Answer()
        self._pieces: list[bytes] = []
        self._room = limit

    def head(self, status: int, headers: Headers) -> None:
        self._taking.status = status
        self._taking.headers = headers

    def data(self, piece: bytes) -> None:
        self._room -= len(piece)
        if self._room >= 0:
            self._pieces.append(piece)

    def end(self) -> None:
        if self.answer.done():
            return
        if self._room < 0:
            self.answer.set_exception(TransportError("too_large", "the answer is larger than we take"))
            return
        self._taking.body = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self.answer.set_result(self._taking)

    def failed(self, error: TransportError) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Queue:
    """Takes an answer piece by piece, and pauses the connection while nobody takes them."""

    def __init__(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        self.started: asyncio.Future[tuple[int, Headers]] = loop.create_future()
        self._connection = connection
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._over = False
        self._error: TransportError | None = None
        self._news = asyncio.Event()

    def head(self, status: int, headers: Headers) -> None:
        if not self.started.done():
            self.started.set_result((status, headers))

    def data(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._waiting += len(piece)
        if self._waiting > HIGH_WATER:
            self._connection.pause()
        self._news.set()

    def end(self) -> None:
        self._over = True
        self._news.set()

    def failed(self, error: TransportError) -> None:
        self._error, self._over = error, True
        if not self.started.done():
            self.started.set_exception(error)
        self._news.set()

    def leave(self, *, whole: bool) -> None:
        """Take no more. `whole`: what came counts as all of it (a stream of events has no end of its own)."""
        self._connection.cancel()
        if whole:
            self.end()
        else:
            self.failed(TransportError("left", "nobody waits for the rest"))

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body. Raises TransportError where the answer broke off. Leaving early closes the connection."""
        try:
            while True:
                if self._pieces:
                    taken, self._pieces, self._waiting = b"".join(self._pieces), [], 0
                    self._connection.resume()
                    yield taken
                elif self._over:
                    if self._error is not None:
                        raise self._error
                    return
                else:
                    self._news.clear()
                    await self._news.wait()
        finally:
            if not self._over:
                self._connection.cancel()
