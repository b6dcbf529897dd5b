"""App: the ASGI application. Which path goes where, and what an error looks like.

POST /v1/chat/completions, /openai/v1/chat/completions    chat
GET  /healthz, /readyz                                    here, without a key
everything else                                           control
"""

from __future__ import annotations

import logging
from typing import Any

from volant.core.errors import VolantError
from volant.dialects.openai_errors import error_body
from volant.gateway.chat import JSON_HEADER, Chat, ClientGone, send_error, too_large
from volant.gateway.patience import Patience
from volant.gateway.readiness import Readiness
from volant.gateway.relay import Receive, Relay, Send
from volant.gateway.wire import Door, Wire
from volant.providers.http import Headers

_CHAT = frozenset({"/v1/chat/completions", "/openai/v1/chat/completions"})
_log = logging.getLogger("volant.gateway")


class Gateway:
    """ASGI 3. Needs `wire.GatewayProtocol` as the server's HTTP protocol."""

    def __init__(
        self, *, chat: Chat, relay: Relay, readiness: Readiness, max_body_bytes: int, patience: Patience
    ) -> None:
        self._chat = chat
        self._relay = relay
        self._readiness = readiness
        self.patience = patience

        def refuse(wire: Wire) -> None:
            send_error(wire, too_large(max_body_bytes))

        paths = frozenset(path.encode() for path in _CHAT)
        self.door = Door(paths, self._through_the_door, max_body_bytes, refuse)

    async def _through_the_door(self, headers: Headers, body: bytes, wire: Wire) -> None:
        try:
            await self._chat.answer(headers, body, wire)
        except VolantError as error:
            _refuse(wire, error)
        except Exception:  # noqa: BLE001  # the edge: a bug of ours must not look like a closed connection
            _excuse(wire, "chat")

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        wire: Wire = scope["extensions"]["volant.wire"]
        path = scope["path"]
        try:
            if path in _CHAT and scope["method"] == "POST":
                await self._chat(scope, receive, wire)
            elif path == "/healthz":
                wire.respond(200, JSON_HEADER, b'{"status":"ok"}')
            elif path == "/readyz":
                ready, body = await self._readiness.answer()
                wire.respond(200 if ready else 503, JSON_HEADER, body)
            else:
                await self._relay(scope, receive, send, wire)
        except VolantError as error:
            _refuse(wire, error)
        except ClientGone:
            pass
        except Exception:  # noqa: BLE001  # the edge, as above
            _excuse(wire, path)


def _refuse(wire: Wire, error: VolantError) -> None:
    if not wire.started:
        send_error(wire, error)
    elif not wire.complete:
        wire.break_off()


def _excuse(wire: Wire, path: str) -> None:
    """Called while an unexpected exception is handled."""
    _log.exception("%s failed", path)
    if not wire.started:
        message = "something went wrong in the gateway; its log says what"
        wire.respond(500, JSON_HEADER, error_body(message, kind="server_error", code="internal_error"))
    elif not wire.complete:
        wire.break_off()
