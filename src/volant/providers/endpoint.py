"""Endpoint: a Target as an address and the constant part of every request to it."""

from __future__ import annotations

from dataclasses import dataclass

from volant.core.errors import BadInput
from volant.core.nouns import Target
from volant.providers.http import Origin, request_head
from volant.providers.registry import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a Target is, and the head of its requests up to `content-length: `."""

    origin: Origin
    head: bytes

    def request(self, body: bytes, extra: bytes = b"") -> bytes:
        """One request: head, length, `extra` header lines (each ended by CR LF) and body."""
        return b"%s%d\r\n%s\r\n%s" % (self.head, len(body), extra, body)


def endpoint_of(target: Target, sheet: Provider) -> Endpoint:
    """Raises BadInput `no_base_url` when neither the deployment nor its provider says where it is."""
    base = target.base_url or sheet.base_url
    if not base:
        raise BadInput(
            "no_base_url",
            f"deployment {target.name!r} has no address yet",
            hint="give it a base_url; an engine of ours gets its address when it has started",
        )
    origin, path = Origin.parse(base)
    headers = [("content-type", "application/json"), ("accept", "*/*"), ("user-agent", "volant"), *sheet.headers]
    if target.api_key:
        headers.append((sheet.auth_header, sheet.auth_value.format(key=target.api_key)))
    head = request_head("POST", origin, path.rstrip("/") + _chat_path(sheet), headers)
    return Endpoint(origin=origin, head=head + b"content-length: ")


def _chat_path(sheet: Provider) -> str:
    wire = sheet.wire("chat", "openai_chat")
    return wire.path if wire is not None else ""
