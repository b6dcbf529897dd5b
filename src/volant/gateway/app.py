"""App: the ASGI application. Which path goes where, and what an error looks like.

what `doors` knows      chat and the other operations
GET /healthz, /readyz   here, without a key
everything else         control
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Coroutine
from typing import Any

from volant.core.errors import VolantError
from volant.gateway import edge
from volant.gateway.answers import JSON_HEADER
from volant.gateway.caller import read_headers
from volant.gateway.chat import Chat
from volant.gateway.doors import Family, find, wrong_method
from volant.gateway.express import Express
from volant.gateway.listing import Listing
from volant.gateway.opening import Opening
from volant.gateway.patience import Patience
from volant.gateway.readiness import Readiness
from volant.gateway.relay import Receive, Relay, Send
from volant.gateway.wire import Door, Head, Wire, too_large


class ClientGone(Exception):
    """The client left before it had said everything."""


class Gateway:
    """ASGI 3. Needs `wire.GatewayProtocol` as the server's HTTP protocol."""

    def __init__(
        self,
        *,
        chat: Chat,
        express: Express,
        relay: Relay,
        readiness: Readiness,
        max_body_bytes: int,
        patience: Patience,
    ) -> None:
        self._chat = chat
        self._express = express
        self._listing = Listing(chat)
        self._relay = relay
        self._readiness = readiness
        self._max_body_bytes = max_body_bytes
        self.patience = patience
        self.refused: Counter[str] = Counter()  # requests that reached no deployment, by the code of their error
        self.door = Door(self._through_the_door, max_body_bytes)

    def _through_the_door(self, head: Head, body: bytes, wire: Wire) -> Coroutine[Any, Any, None] | None:
        entrance = head.entrance
        try:
            if (opening := self._open(head, body, wire)) is None or self._express.take(opening, wire, self._rest):
                return None
        except VolantError as error:
            self._refuse(error, wire, entrance.family)
            return None
        except Exception:  # noqa: BLE001  # the edge: a bug of ours must not look like a closed connection
            edge.excuse(wire, entrance.operation, entrance.family)
            return None
        return self._rest(opening, wire)

    async def _rest(self, opening: Opening, wire: Wire) -> None:
        """What is left to do of a request, with time to wait."""
        entrance = opening.asked.entrance
        try:
            await self._chat.answer(opening, wire)
        except VolantError as error:
            self._refuse(error, wire, entrance.family)
        except Exception:  # noqa: BLE001  # the edge, as above
            edge.excuse(wire, entrance.operation, entrance.family)

    def _refuse(self, error: VolantError, wire: Wire, family: Family) -> None:
        """It reached no deployment."""
        self.refused[error.code] += 1
        edge.refuse(wire, error, family)

    def _open(self, head: Head, body: bytes, wire: Wire) -> Opening | None:
        """None: it is answered."""
        entrance = head.entrance
        if entrance.refusal is not None:
            raise entrance.refusal
        if entrance.operation == "models":
            self._listing.answer(head, wire)
            return None
        return self._chat.open(head, body)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        wire: Wire = scope["extensions"]["volant.wire"]
        path, headers = scope["path"], scope["headers"]
        url = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        entrance = find(url, headers) if scope["method"] not in ("HEAD", "OPTIONS") else None
        family: Family = entrance.family if entrance is not None else "openai"
        try:
            if entrance is not None:
                method = scope["method"].encode()
                entrance = entrance if method == entrance.method else wrong_method(entrance, method)
                announced = read_headers(headers).content_length
                body = b"" if entrance.refusal is not None else await self._read(receive, announced)
                if (opening := self._open(Head(entrance, headers), body, wire)) is not None:
                    await self._rest(opening, wire)
            elif path == "/healthz":
                wire.respond(200, JSON_HEADER, b'{"status":"ok"}')
            elif path == "/readyz":
                ready, body = await self._readiness.answer()
                wire.respond(200 if ready else 503, JSON_HEADER, body)
            else:
                await self._relay(scope, receive, send, wire)
        except VolantError as error:
            if entrance is not None:
                self._refuse(error, wire, family)
            else:
                edge.refuse(wire, error, family)
        except ClientGone:
            pass
        except Exception:  # noqa: BLE001  # the edge, as above
            edge.excuse(wire, path, family)

    async def _read(self, receive: Receive, announced: int) -> bytes:
        """A body that does not come through the door."""
        limit = self._max_body_bytes
        if announced > limit:
            raise too_large(limit)
        pieces: list[bytes] = []
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                raise ClientGone
            piece, more = message["body"], message["more_body"]
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                raise too_large(limit)
        return b"".join(pieces)
