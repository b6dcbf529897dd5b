"""Limits: how large a body may be, and that a nearly full disk takes no more writes. Wraps the application (ASGI)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from volant.api.problems import render
from volant.core.errors import BadInput, StorageFull, TooLarge, VolantError

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
        free_bytes: Callable[[Path], int] = lambda place: shutil.disk_usage(place).free,
    ) -> None:
        """`larger`: exact paths with a limit of their own; `may_always`: paths that a full disk does not stop."""
        self._app = app
        self._most = max_body_bytes
        self._larger = larger
        self._data_dir = data_dir
        self._floor = disk_floor_bytes
        self._may_always = may_always
        self._free = free_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _READS:
            await self._app(scope, receive, send)
            return
        most = self._larger.get(scope["path"], self._most)
        try:
            self._check_disk(scope["path"])
            _check_length(scope, most)
        except VolantError as error:
            await render(scope["path"], error)(scope, receive, send)
            return
        await _Counted(self._app, most)(scope, receive, send)

    def _check_disk(self, path: str) -> None:
        if path.startswith(self._may_always):
            return
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

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most
        self._seen = 0
        self._answered = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counted() -> Message:
            message = await receive()
            self._seen += len(message.get("body", b""))
            if self._seen > self._most:
                raise _too_large(self._seen, self._most)
            return message

        async def passed(message: Message) -> None:
            if self._seen <= self._most or self._answered:  # else the framework's own words for our error
                self._answered = True
                await send(message)

        try:
            await self._app(scope, counted, passed)
        except TooLarge:
            if self._answered:
                raise
        if not self._answered:
            await render(scope["path"], _too_large(self._seen, self._most))(scope, receive, send)


def _too_large(size: int, most: int) -> TooLarge:
    return TooLarge(
        "body_too_large",
        f"the request has {size} bytes or more; {most} are allowed",
        where="request body",
        hint="send less at once, or raise server.max_body_bytes (files: server.max_upload_bytes)",
    )
