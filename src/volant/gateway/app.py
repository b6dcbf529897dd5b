"""App: the ASGI application. Which path goes where, and what an error looks like.

POST /v1/chat/completions, /openai/v1/chat/completions    chat
GET  /healthz, /readyz                                    here, without a key
everything else                                           control
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import msgspec

from volant.core.errors import Unavailable, VolantError
from volant.dialects.openai_errors import error_body
from volant.gateway.chat import JSON_HEADER, Chat, ClientGone, send_error
from volant.gateway.relay import Receive, Relay, Send
from volant.gateway.wire import Wire

_CHAT = frozenset({"/v1/chat/completions", "/openai/v1/chat/completions"})
_log = logging.getLogger("volant.gateway")


class Gateway:
    """ASGI 3. Needs `wire.GatewayProtocol` as the server's HTTP protocol."""

    def __init__(self, *, chat: Chat, relay: Relay, revision: Callable[[], int]) -> None:
        """`revision` gives the configuration's, -1 before there is one."""
        self._chat = chat
        self._relay = relay
        self._revision = revision

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        wire: Wire = scope["extensions"]["volant.wire"]
        path = scope["path"]
        try:
            if path in _CHAT and scope["method"] == "POST":
                await self._chat(scope, receive, wire)
            elif path == "/healthz":
                wire.respond(200, JSON_HEADER, b'{"status":"ok"}')
            elif path == "/readyz":
                self._ready(wire)
            else:
                await self._relay(scope, receive, send, wire)
        except VolantError as error:
            if not wire.started:
                send_error(wire, error)
            elif not wire.complete:
                wire.break_off()
        except ClientGone:
            pass
        except Exception:  # noqa: BLE001  # the edge: a bug of ours must not look like a closed connection
            _log.exception("%s %s failed", scope["method"], path)
            if not wire.started:
                message = "something went wrong in the gateway; its log says what"
                wire.respond(500, JSON_HEADER, error_body(message, kind="server_error", code="internal_error"))
            elif not wire.complete:
                wire.break_off()

    def _ready(self, wire: Wire) -> None:
        revision = self._revision()
        if revision < 0:
            raise Unavailable("starting", "no configuration yet: control has not said any", retry_after_s=1.0)
        wire.respond(200, JSON_HEADER, msgspec.json.encode({"status": "ready", "revision": revision}))
