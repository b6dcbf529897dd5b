"""Checking: volant.checks as a gateway uses them. Short texts here, long ones in another process.

Checks are imported when they are first needed. A pool's process that died is replaced; one that is asked while it dies
is asked again once.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import multiprocessing.connection
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from volant.core import lifeline
from volant.core.errors import VolantError

if TYPE_CHECKING:
    from volant.checks import Check, Finding

T = TypeVar("T")
Json = dict[str, Any]
LONG_TEXT = 8_000  # characters: above, a text goes to another process
_MOST_LOADED = 500  # checks with options; configurations come and go
_log = logging.getLogger("volant.gateway")


class Checks:
    """Redaction (pii), guardrails that flag, and findings for guards and moderations."""

    def __init__(self) -> None:
        self._loaded: dict[str, Check] = {}
        self._configured: dict[bytes, Check] = {}
        self._pool: ProcessPoolExecutor | None = None

    def load(self, names: set[str]) -> None:
        """Import checks (some tenths of a second): called off the event loop as soon as a task wants them."""
        for name in names - set(self._loaded):
            try:
                self._loaded[name] = _create(name)
            except VolantError as error:
                _log.error("a guardrail is left out: %s", error)

    async def redact(self, texts: list[str]) -> list[str]:
        """The texts without what pii finds."""
        if sum(map(len, texts)) > LONG_TEXT:
            return await self._elsewhere(redact_texts, texts)
        self.load({"pii"})
        return _redact(self._loaded["pii"], texts)

    async def flag(self, names: tuple[str, ...], texts: list[str]) -> list[str]:
        """Kinds that the named checks find, e.g. "injection:ROLE_OVERRIDE"; a name that nobody knows finds nothing."""
        if sum(map(len, texts)) > LONG_TEXT:
            return await self._elsewhere(flag_texts, [*names, *texts], len(names))
        self.load(set(names))
        return _flag({name: self._loaded[name] for name in names if name in self._loaded}, texts)

    async def find(self, name: str, options: Json, texts: list[str]) -> list[list[Finding]]:
        """What the check finds in each text. Raises NotFound, BadInput `bad_check_option`."""
        if sum(map(len, texts)) > LONG_TEXT:
            return await self._elsewhere(find_in_texts, name, options, texts)
        key = msgspec.msgpack.encode((name, options), order="sorted")
        check = self._configured.get(key)
        if check is None:
            if len(self._configured) >= _MOST_LOADED:
                self._configured.clear()
            check = self._configured[key] = _create(name, options)
        return [check.find(text) for text in texts]

    async def has_personal_data(self, texts: list[str]) -> bool:
        """Does pii find anything?"""
        return any(await self.find("pii", {}, texts))

    async def _elsewhere(self, work: Callable[..., T], *arguments: object) -> T:
        for again in (False, True):
            if self._pool is None:
                # spawn: a forked child would hold the spool's lock and the listening socket
                self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_follow_parent)
            pool = self._pool
            try:
                return await asyncio.get_running_loop().run_in_executor(pool, work, *arguments)
            except BrokenProcessPool:
                if self._pool is pool:
                    self._pool = None
                if again:
                    raise
                _log.warning("the process that checks long texts died; another one is started")
        raise AssertionError("a loop of two ended without an answer")

    def close(self) -> None:
        """End the other process."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)


# ---------------------------------------------------------------- in the pool's process
def redact_texts(texts: list[str]) -> list[str]:
    """As Checks.redact."""
    return _redact(_create("pii"), texts)


def flag_texts(names_and_texts: list[str], names: int) -> list[str]:
    """As Checks.flag; the first `names` items are checks' names."""
    from volant.checks import names as known

    wanted = set(names_and_texts[:names]) & set(known())
    return _flag({name: _create(name) for name in wanted}, names_and_texts[names:])


def find_in_texts(name: str, options: Json, texts: list[str]) -> list[list[Finding]]:
    """As Checks.find."""
    check = _create(name, options)
    return [check.find(text) for text in texts]


def _follow_parent() -> None:
    """A pool's process ends when its gateway does, `kill -9` included."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(lifeline.EXIT_CODE)

    threading.Thread(target=wait, daemon=True).start()


# ---------------------------------------------------------------- in either
def _create(name: str, options: Json | None = None) -> Check:
    from volant.checks import create

    return create(name, options)


def _redact(check: Check, texts: list[str]) -> list[str]:
    from volant.checks import redact

    return [redact(text, check.find(text)) for text in texts]


def _flag(checks: dict[str, Check], texts: list[str]) -> list[str]:
    found = {f"{name}:{one.kind}" for name, check in checks.items() for text in texts for one in check.find(text)}
    return sorted(found)
