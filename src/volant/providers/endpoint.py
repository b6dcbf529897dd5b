"""Endpoint: a Target's way to do one operation, as an address and the constant part of every request to it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from volant.core.errors import BadInput
from volant.core.nouns import Target
from volant.providers.http import Origin, request_head
from volant.providers.registry import Provider, Wire

_REPLACEABLE = frozenset({"anthropic-version", "anthropic-beta"})  # a caller of the same dialect may say them


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a Target is, and the head of its requests up to `content-length: `.

    `spoken`: header lines that stand in every request unless its caller says them, by their lower-case name.
    """

    origin: Origin
    head: bytes
    stream_head: bytes = b""  # where a stream has a path of its own
    spoken: tuple[tuple[bytes, bytes], ...] = ()

    def request(
        self, body: bytes, extra: bytes = b"", *, stream: bool = False, said: tuple[tuple[bytes, bytes], ...] = ()
    ) -> bytes:
        """One request: head, length, `extra` header lines (each ended by CR LF) and body.

        `said`: headers of the caller that go along.
        """
        if self.spoken or said:
            names = {name for name, _ in said}
            lines = [line for name, line in self.spoken if name not in names]
            extra += b"".join(lines) + b"".join(b"%b: %b\r\n" % pair for pair in said)
        head = self.stream_head if stream and self.stream_head else self.head
        return b"%s%d\r\n%s\r\n%s" % (head, len(body), extra, body)


def endpoint_of(target: Target, sheet: Provider, wire: Wire | None = None) -> Endpoint:
    """The way to `target` by `wire` (its provider's first for chats, where none is given).

    Raises BadInput `no_base_url` when neither the deployment nor its provider says where it is, `missing_option` when
    its address has a part that the deployment does not say, and `bad_proxy`.
    """
    wire = wire or sheet.wire("chat", "openai_chat") or sheet.wires[0]
    base = _filled(target.base_url or sheet.base_url, target, sheet)
    if not base:
        raise BadInput(
            "no_base_url",
            f"deployment {target.name!r} has no address yet",
            hint="give it a base_url; an engine of ours gets its address when it has started",
        )
    origin, root = Origin.parse(base)
    origin = origin.via(target.proxy, target.ca_file)
    headers = {"content-type": "application/json", "accept": "*/*", "user-agent": "volant"}
    headers |= {name.lower(): _filled(value, target, sheet) for name, value in sheet.headers}
    if target.api_key and sheet.auth == "header":
        headers[sheet.auth_header.lower()] = sheet.auth_value.format(key=target.api_key)
    headers |= {name.lower(): value for name, value in target.headers.items()}
    spoken = {name: headers.pop(name) for name in _REPLACEABLE & headers.keys()}

    def head(path: str) -> bytes:
        whole = root.rstrip("/") + _filled(path, target, sheet)
        return request_head("POST", origin, whole, headers.items()) + b"content-length: "

    return Endpoint(
        origin=origin,
        head=head(wire.path),
        stream_head=head(wire.stream_path) if wire.stream_path else b"",
        spoken=tuple((name.encode(), f"{name}: {value}\r\n".encode("latin-1")) for name, value in spoken.items()),
    )


def _filled(text: str, target: Target, sheet: Provider) -> str:
    """`text` with {model} and {OPTION} replaced, percent-encoded but for a base URL's host."""
    if "{" not in text:
        return text
    for name, value in {**sheet.options, **target.options, "model": target.model}.items():
        if value:
            text = text.replace("{" + name + "}", quote(value, safe=""))
    if "{" in text:
        missing = text.partition("{")[2].partition("}")[0]
        raise BadInput(
            "missing_option",
            f"deployment {target.name!r} says no {missing!r}, and its address needs it",
            where=f"options.{missing}",
            hint="set it in the deployment's options",
        )
    return text
