"""HTTP: a small HTTP/1.1 client on asyncio.Protocol and httptools, for TCP, TLS, proxies and Unix sockets.

Knows connections, requests and deadlines; knows nothing of models. Two ways to use it:

    answer = await client.fetch(origin, request_head(...), body, timeouts)  # the whole answer
    connection = await client.connect(origin)                              # or piece by piece:
    connection.start(data, sink, timeouts)                                 # `sink` gets head, data, end, failed

    words        origins, timeouts, errors, request heads
    connection   one connection, and one answer on it
    sinks        who takes an answer: whole, or piece by piece
    client       all connections, by origin
    dialing      from a name to a connected socket
    tunnel       through a proxy
    tls          certificates and sessions

An idle connection that the server closed just as we used it is the one failure that is retried here (`start` before any
byte of the answer, on a connection that was used before); every other failure is the caller's to judge.
"""

from __future__ import annotations

from volant.providers.http.client import IDLE_S, MAX_IDLE, HttpClient, is_stale
from volant.providers.http.connection import Connection
from volant.providers.http.sinks import HIGH_WATER, MAX_FETCH_BYTES, Collector, Queue
from volant.providers.http.words import (
    Answer,
    Headers,
    Origin,
    Sink,
    Timeouts,
    TransportError,
    request_head,
)

__all__ = [
    "HIGH_WATER", "IDLE_S", "MAX_FETCH_BYTES", "MAX_IDLE", "Answer", "Collector", "Connection", "Headers", "HttpClient",
    "Origin", "Queue", "Sink", "Timeouts", "TransportError", "is_stale", "request_head",
]  # fmt: skip
