"""Engine client: wait until an engine is healthy, and ask it what it serves.

Knows an engine's folder and its two questions over HTTP; knows nothing of who started it. Blocking: an asynchronous
caller runs it in a thread.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from volant.core.errors import Unavailable, UpstreamFailed
from volant.serve.files import Address, read_address, read_failure

_SHORT_S = 2.0


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine says that it serves."""

    model: str
    parameters: int
    context: int  # tokens of one request
    vocabulary: int
    size_bytes: int


def healthy(address: Address) -> bool:
    """One question: does the engine at this address answer, now, as healthy?"""
    try:
        status, _ = _get(address, "/health")
    except OSError:
        return False
    return status == 200


def wait_healthy(
    folder: Path,
    timeout_s: float = 60.0,
    *,
    alive: Callable[[], bool] = lambda: True,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Address:
    """Wait for the engine of this folder to answer. Raises Unavailable, with the reason that it left, when it does not.

    `alive` says whether its process still runs; when it gives False the wait ends at once.
    """
    deadline = monotonic() + timeout_s
    while True:
        running = alive()
        address = read_address(folder)
        if address is not None and healthy(address):
            return address
        failure = read_failure(folder)
        if failure is not None:
            raise Unavailable(failure.code, failure.message, where=str(folder), hint=failure.hint)
        if not running:
            raise Unavailable("engine_ended", "the engine ended without saying why", where=str(folder),
                              hint="read load.log and log.txt in the engine's folder")  # fmt: skip
        if monotonic() >= deadline:
            raise Unavailable("engine_not_healthy", f"the engine did not answer within {timeout_s:.0f} s",
                              where=str(folder), hint="is the machine overloaded, or the model large?")  # fmt: skip
        sleep(0.05)


def describe(address: Address) -> Served:
    """Ask an engine what it serves. Raises UpstreamFailed when it does not answer as llama.cpp does."""
    try:
        _, body = _get(address, "/v1/models")
        first = msgspec.json.decode(body)["data"][0]
        meta = first["meta"]
        return Served(
            model=str(first["id"]), parameters=int(meta["n_params"]), context=int(meta["n_ctx"]),
            vocabulary=int(meta["n_vocab"]), size_bytes=int(meta["size"]),
        )  # fmt: skip
    except (OSError, msgspec.DecodeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise UpstreamFailed(
            "engine_not_understood", f"no description from the engine: {type(error).__name__}", where=address.base_url,
            hint="is something else listening on its port?",
        ) from error  # fmt: skip


def _get(address: Address, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(address.host, address.port, timeout=_SHORT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except http.client.HTTPException as error:
        raise OSError(f"not HTTP: {type(error).__name__}") from error
    finally:
        connection.close()
