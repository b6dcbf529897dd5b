"""Fetching: get the pictures, sounds and documents that callers give by URL, for providers that do not fetch.

A caller's URL may lead anywhere, so each look-up is checked (`addresses`) and the connection goes to the very address
that was checked, for every redirect anew. Sizes, times, redirects, ports and types are limited; cookies, credentials
and the caller's headers never go along; what a server said is never shown, only that it failed.

What all requests together hold is limited too, for as long as they hold it: a request begins with room for all that its
URLs may give, keeps as much as their servers announce, and the rest wait for their turn.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import msgspec

from volant.core.addresses import NOTHING, Allowed, check_address
from volant.core.capabilities import Capabilities
from volant.core.chat import ChatRequest, FilePart, ImagePart, Message, Part
from volant.core.errors import BadInput, TooLarge, Unavailable
from volant.providers.http import HttpClient, Origin, Queue, Timeouts, TransportError, request_head
from volant.providers.http.dialing import resolve as look_up

MOST_REDIRECTS = 3
MOST_URLS = 32  # of one request
AT_ONCE = 16  # of one fetcher, over all requests
_PORTS = (80, 443)  # others only of hosts that the operator names: no mail servers, no databases
_REDIRECTS = (301, 302, 303, 307, 308)
_HEADERS = (
    ("user-agent", "volant"),
    ("accept", "image/*, application/pdf, audio/*"),
    ("accept-encoding", "identity"),
)
_UNSAID = ("", "application/octet-stream", "binary/octet-stream")
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
)

Addresses = list[tuple[int, tuple[Any, ...]]]
LookUp = Callable[[asyncio.AbstractEventLoop, str, int], Awaitable[Addresses]]


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Media:
    """What a URL gave. `type` is its media type, lower case, without parameters."""

    type: str
    data: bytes

    @property
    def url(self) -> str:
        """As a data: URL."""
        return f"data:{self.type};base64,{base64.b64encode(self.data).decode()}"


Fetch = Callable[[Iterable[str]], Awaitable[Mapping[str, Media]]]  # every URL given, or an error


# ---------------------------------------------------------------- of a request
def urls_to_inline(request: ChatRequest, capabilities: Capabilities) -> list[str]:
    """The http: and https: URLs that a provider with these capabilities would not fetch, each once, in order."""
    found = dict.fromkeys(
        url for message in request.messages for part in message.parts if (url := _url(part, capabilities))
    )
    return list(found)


async def inline_media(request: ChatRequest, capabilities: Capabilities, fetch: Fetch) -> ChatRequest:
    """`request` with what those URLs give in their place, as data: URLs; as it is where there are none.

    Raises what `fetch` raises: BadInput url_not_allowed, media_unreachable or media_type, TooLarge media_too_large.
    """
    urls = urls_to_inline(request, capabilities)
    if not urls:
        return request
    got = await fetch(urls)
    messages = tuple(_inlined(message, capabilities, got) for message in request.messages)
    return msgspec.structs.replace(request, messages=messages)


def _url(part: Part, capabilities: Capabilities) -> str:
    for kind, fetched in ((ImagePart, capabilities.image_urls), (FilePart, capabilities.file_urls)):
        if isinstance(part, kind) and not fetched and part.url[:8].lower().startswith(("http://", "https://")):
            return part.url
    return ""


def _inlined(message: Message, capabilities: Capabilities, got: Mapping[str, Media]) -> Message:
    parts = tuple(_replaced(part, got[url]) if (url := _url(part, capabilities)) else part for part in message.parts)
    return message if parts == message.parts else msgspec.structs.replace(message, parts=parts)


def _replaced(part: Part, media: Media) -> Part:
    if isinstance(part, ImagePart):
        return msgspec.structs.replace(part, url=media.url)
    assert isinstance(part, FilePart)
    if media.type.startswith("image/"):
        return ImagePart(url=media.url, extra=part.extra)
    return msgspec.structs.replace(part, url="", data=media.url)


# ---------------------------------------------------------------- over the network
class Fetcher:
    """Fetches the URLs of one request after another. Belongs to the event loop of its client."""

    def __init__(
        self,
        client: HttpClient,
        *,
        allow: Allowed = NOTHING,
        max_bytes: int = 20 << 20,
        total_bytes: int = 64 << 20,
        total_s: float = 20.0,
        look_up: LookUp = look_up,
    ) -> None:
        """`max_bytes`: of all URLs of one request together; `total_bytes`: of those of all requests, while somebody
        has what they gave; `total_s`: for all URLs of one request, its wait for room included."""
        self._client = client
        self._allow = allow
        self._max_bytes = max_bytes
        self._total_s = total_s
        self._look_up = look_up
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._store = _Store(max(total_bytes, max_bytes))

    @property
    def held_bytes(self) -> int:
        """What is held now, by requests that fetch and by those that have fetched."""
        return self._store.held

    async def __call__(self, urls: Iterable[str]) -> dict[str, Media]:
        """What each URL gives. The first that fails ends the others. Raises as `inline_media`, and Unavailable
        `media_busy` where other requests hold all the room until its time is over."""
        wanted = list(dict.fromkeys(urls))
        if len(wanted) > MOST_URLS:
            raise TooLarge("media_too_large", f"the request names {len(wanted)} URLs; at most {MOST_URLS} are fetched")
        room = _Room(self._max_bytes, len(wanted), self._store)
        tasks: list[asyncio.Future[Media]] = []

        async def one(url: str) -> Media:
            async with self._turns:
                return await self._fetch(url, room)

        try:
            async with asyncio.timeout(self._total_s):
                await room.enter()
                tasks += [asyncio.ensure_future(one(url)) for url in wanted]
                got = await asyncio.gather(*tasks)
        except TimeoutError:
            if not tasks:
                raise _busy() from None
            raise _unreachable(wanted[0], f"not all of it came within {self._total_s:g} s") from None
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            room.leave()
        for media in got:
            self._store.keep(media)
        return dict(zip(wanted, got, strict=True))

    async def _fetch(self, url: str, room: _Room) -> Media:
        at = url
        for _ in range(MOST_REDIRECTS + 1):
            status, headers, body = await self._get(at, url, room)
            said = dict(reversed(headers))
            if status in _REDIRECTS and said.get(b"location"):
                at = urljoin(at, said[b"location"].decode("latin-1"))
                continue
            if status != 200:
                raise _unreachable(url, f"its server answered {status}")
            return _media(url, said.get(b"content-type", b"").decode("latin-1"), body)
        raise _unreachable(url, f"it is redirected more than {MOST_REDIRECTS} times")

    async def _get(self, at: str, url: str, room: _Room) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """One request, without following. `url` is what the caller gave, for errors."""
        host, port, tls, path = _taken_apart(at)
        error: TransportError | None = None
        try:
            addresses = await self._look_up(self._client.loop, host, port)
        except TransportError as failed:
            raise _unreachable(url, "its host is not known") from failed
        for _, address in addresses:  # each, before the first is asked
            check_address(str(address[0]), self._allow, host=host)
            if port not in _PORTS and not self._allow.expects(str(address[0]), host):
                raise _not_allowed(url, f"names port {port}; only {_PORTS[0]} and {_PORTS[1]} are asked")
        for _, address in addresses:
            origin = Origin(host, port, tls, address=str(address[0]))
            try:
                return await self._ask(origin, path, url, room)
            except TransportError as failed:
                error = failed
                if not failed.code.startswith("connect_"):
                    break
        raise _unreachable(url, f"its server did not give it ({error.code if error else 'no address'})") from error

    async def _ask(
        self, origin: Origin, path: str, url: str, room: _Room
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        timeouts = Timeouts(connect_s=5.0, first_byte_s=self._total_s, total_s=self._total_s)
        connection = await self._client.connect(origin, timeouts.connect_s, fresh=True)
        sink = Queue(connection)
        connection.start(request_head("GET", origin, path, _HEADERS) + b"\r\n", sink, timeouts)
        try:
            status, headers = await sink.started
            if status != 200:
                return status, headers, b""
            length = next((value for name, value in headers if name == b"content-length"), b"0")
            if length.isdigit() and (len(length) > 15 or int(length) > room.left):
                raise room.full(url)
            if any(name == b"content-length" for name, _ in headers):
                room.expect(int(length))
            return status, headers, b"".join([room.take(piece, url) async for piece in sink.pieces()])
        finally:
            connection.cancel()


class _Store:
    """How many bytes all requests hold. First come, first served, so that nobody waits for ever for much."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, size: int) -> None:
        """Wait until there is so much room, and have it."""
        if not self._waiting and self.held + size <= self._most:
            self.held += size
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it came in the same moment
                self.give_back(size)
            else:
                self._waiting.remove((size, turn))
                self.give_back(0)
            raise

    def give_back(self, size: int) -> None:
        self.held -= size
        while self._waiting and self.held + self._waiting[0][0] <= self._most:
            wanted, turn = self._waiting.popleft()
            self.held += wanted
            turn.set_result(None)

    def keep(self, media: Media) -> None:
        """It counts until nobody has it any more. Whose thread finds that out does not matter."""
        self.held += len(media.data)
        loop = asyncio.get_running_loop()
        weakref.finalize(media, self._let_go, loop, len(media.data)).atexit = False

    def _let_go(self, loop: asyncio.AbstractEventLoop, size: int) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits
            loop.call_soon_threadsafe(self.give_back, size)


class _Room:
    """How many bytes the URLs of one request may still give."""

    def __init__(self, most: int, urls: int, store: _Store) -> None:
        self._most = self.left = most
        self._unsure = urls  # that have not said how long they are
        self._store = store
        self._sure = self._held = 0

    async def enter(self) -> None:
        """Have room for the most that may come."""
        await self._store.take(self._most)
        self._held = self._most

    def expect(self, size: int) -> None:
        """One of the URLs says how much it gives; when all have, the rest is free."""
        self._unsure -= 1
        self._sure += size
        if self._unsure == 0 and self._sure < self._held:
            rest, self._held = self._held - self._sure, self._sure
            self._store.give_back(rest)

    def leave(self) -> None:
        """Nothing more comes."""
        self._store.give_back(self._held)
        self._held = 0

    def take(self, piece: bytes, url: str) -> bytes:
        self.left -= len(piece)
        if self.left < 0:
            raise self.full(url)
        return piece

    def full(self, url: str) -> TooLarge:
        return TooLarge(
            "media_too_large",
            f"what {_short(url)} gives is too large: the URLs of a request may give {self._most} bytes together",
            hint="send a smaller one, or raise server.fetch_max_bytes",
        )


def _busy() -> Unavailable:
    return Unavailable(
        "media_busy",
        "other requests' pictures and documents take all the room that this server has for what it fetches",
        hint="ask again in a moment, send the data itself, or raise server.fetch_total_bytes",
        retry_after_s=1.0,
    )


def _taken_apart(url: str) -> tuple[str, int, bool, str]:
    """Host, port, TLS and path with query. Raises BadInput `url_not_allowed`."""
    if any(letter.isspace() or letter == "\\" or not letter.isprintable() for letter in url):
        raise _not_allowed(url, "holds a space, a backslash or a control character")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _not_allowed(url, "is no URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _not_allowed(url, "is no http or https URL")
    if "@" in parts.netloc:
        raise _not_allowed(url, "names a user")
    try:
        host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode()
    except UnicodeError:
        raise _not_allowed(url, "names no host") from None
    tls = parts.scheme == "https"
    port = port if port is not None else 443 if tls else 80
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    return host, port, tls, f"{path}?{query}" if query else path


def _media(url: str, content_type: str, body: bytes) -> Media:
    """Raises BadInput `media_type`."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind in _UNSAID:
        kind = next((known for magic, known in _MAGIC if body.startswith(magic)), "")
        if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
            kind = "image/webp"
    if not body or not (kind.startswith(("image/", "audio/")) or kind == "application/pdf"):
        raise BadInput(
            "media_type",
            f"{_short(url)} gives no picture, sound or PDF",
            hint="the address must give the file itself, not a page that shows it",
        )
    return Media(kind, body)


def _short(url: str) -> str:
    """Host and path: a query may hold a key."""
    return repr(url.partition("?")[0][:120])


def _not_allowed(url: str, why: str) -> BadInput:
    return BadInput("url_not_allowed", f"{_short(url)} {why}, so it is not fetched")


def _unreachable(url: str, why: str) -> BadInput:
    return BadInput("media_unreachable", f"{_short(url)} could not be fetched: {why}")
