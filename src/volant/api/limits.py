"""Limits: how large and how deep a body may be, how many listen to live events, and that a nearly full disk takes no
more writes. Wraps the application (ASGI). Heads, addresses and times are the gateway's: only it reaches control."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from volant.api.problems import render
from volant.core.errors import BadInput, StorageFull, TooLarge, Unavailable, VolantError
from volant.core.json_depth import is_deeper
from volant.lifecycle import ceiling

_READS = ("GET", "HEAD", "OPTIONS")


class Limits:
    """Refuses a body above its limit before it is read, or as soon as it passes it."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_body_bytes: int,
        larger: Mapping[str, int],
        data_dir: Path,
        disk_floor_bytes: int,
        may_always: tuple[str, ...] = (),
        max_json_depth: int = 200,
        max_listeners: int = 64,
        free_bytes: Callable[[Path], int] = lambda place: shutil.disk_usage(place).free,
    ) -> None:
        """`larger`: exact paths with a limit of their own; `may_always`: paths that a full disk does not stop."""
        self._app = app
        self._most = max_body_bytes
        self._larger = larger
        self._data_dir = data_dir
        self._floor = disk_floor_bytes
        self._may_always = may_always
        self._max_json_depth = max_json_depth
        self._listeners = _Listeners(max_listeners)
        self._free = free_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] in _READS:
            await self._listeners.run(self._app, scope, receive, send)
            return
        most = self._larger.get(scope["path"], self._most)
        try:
            self._check_disk(scope["path"])
            _check_length(scope, most)
        except VolantError as error:
            await render(scope["path"], error)(scope, receive, send)
            return
        deepest = 0 if scope["path"] in self._larger else self._max_json_depth
        await _Counted(self._app, most, deepest)(scope, receive, send)

    def _check_disk(self, path: str) -> None:
        if path.startswith(self._may_always):
            return
        if path in self._larger:
            ceiling.check(self._data_dir)
        free = self._free(self._data_dir)
        if free < self._floor:
            raise StorageFull(
                "disk_floor",
                f"only {free // 2**20} MiB are free on the disk, and {self._floor // 2**20} MiB are kept in reserve",
                where=str(self._data_dir),
                hint="free space, move the data directory, or lower server.disk_floor_mb; nothing was lost",
            )


def _check_length(scope: Scope, most: int) -> None:
    for name, value in scope["headers"]:
        if name == b"content-length":
            if not value.isdigit():
                raise BadInput("bad_content_length", "content-length is not a number", where="request")
            if int(value) > most:
                raise _too_large(int(value), most)


class _Counted:
    """One request whose body is counted while it comes in: its length need not be declared."""

    def __init__(self, app: ASGIApp, most: int, deepest: int) -> None:
        """`deepest`: levels of JSON; 0: the body is no JSON, and is not looked at."""
        self._app = app
        self._most = most
        self._deepest = deepest
        self._deep = False
        self._seen = 0
        self._answered = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        pieces: list[bytes] = []

        async def counted() -> Message:
            message = await receive()
            piece = message.get("body", b"")
            self._seen += len(piece)
            if self._seen > self._most:
                raise _too_large(self._seen, self._most)
            if self._deepest:
                pieces.append(piece)
                if not message.get("more_body", False) and is_deeper(b"".join(pieces), self._deepest):
                    self._deep = True
                    raise _too_deep(self._deepest)
            return message

        async def passed(message: Message) -> None:
            if (
                self._seen <= self._most and not self._deep
            ) or self._answered:  # else the framework's own words for our error
                self._answered = True
                await send(message)

        try:
            await self._app(scope, counted, passed)
        except (TooLarge, BadInput):
            if self._answered:
                raise
        if not self._answered:
            error = _too_deep(self._deepest) if self._deep else _too_large(self._seen, self._most)
            await render(scope["path"], error)(scope, receive, send)


class _TooMany(Exception):
    """One listener more than there may be."""


class _Listeners:
    """Answers that stay open to tell news: server-sent events. Each holds a place."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._now = 0

    async def run(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """The application's answer, or 503 where it would be one listener too many."""
        holds = refused = False

        async def counted(message: Message) -> None:
            nonlocal holds, refused
            if message["type"] == "http.response.start" and _is_live(message):
                if self._now >= self._most:
                    refused = True
                    raise _TooMany
                self._now += 1
                holds = True
            await send(message)

        try:
            await app(scope, receive, counted)
        except Exception:
            if not refused:
                raise
        finally:
            self._now -= holds
        if refused:
            error = Unavailable(
                "too_many_listeners",
                f"{self._most} streams of live events are open, as many as may be",
                where=scope["path"][:80],
                hint="close other consoles, or raise server.max_listeners",
                retry_after_s=5.0,
            )
            await render(scope["path"], error)(scope, receive, send)


def _is_live(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in message.get("headers", ())
    )


def _too_deep(deepest: int) -> BadInput:
    return BadInput(
        "json_too_deep",
        f"the JSON nests deeper than {deepest} levels",
        where="request body",
        hint="send it flatter, or raise server.max_json_depth",
    )


def _too_large(size: int, most: int) -> TooLarge:
    return TooLarge(
        "body_too_large",
        f"the request has {size} bytes or more; {most} are allowed",
        where="request body",
        hint="send less at once, or raise server.max_body_bytes (files: server.max_upload_bytes)",
    )
