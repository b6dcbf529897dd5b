"""Endpoint: a Target's way to do one operation, as an address and the constant part of every request to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from volant.core.errors import BadInput
from volant.core.nouns import Target
from volant.providers.http import Origin, request_head
from volant.providers.registry import Provider, Wire
from volant.providers.sigv4 import Credentials, credentials_of, sign

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
    signed: Callable[[bytes, bool], bytes] | None = None  # header lines that depend on the body, and on streaming

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
        if self.signed is not None:
            extra += self.signed(body, stream)
        head = self.stream_head if stream and self.stream_head else self.head
        return b"%s%d\r\n%s\r\n%s" % (head, len(body), extra, body)


def endpoint_of(target: Target, sheet: Provider, wire: Wire | None = None) -> Endpoint:
    """The way to `target` by `wire` (its provider's first for chats, where none is given).

    Raises BadInput `no_base_url` when neither the deployment nor its provider says where it is, `missing_option` when
    its address has a part that the deployment does not say, `bad_proxy` and `bad_credentials`.
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
    credentials = credentials_of(target.api_key) if target.api_key and sheet.auth == "sigv4" else None
    if target.api_key and sheet.auth == "sigv4" and credentials is None:
        headers["authorization"] = f"Bearer {target.api_key}"
    headers |= {name.lower(): value for name, value in target.headers.items()}
    spoken = {name: headers.pop(name) for name in _REPLACEABLE & headers.keys()}

    def whole(path: str) -> str:
        return root.rstrip("/") + _filled(path, target, sheet)

    def head(path: str) -> bytes:
        return request_head("POST", origin, whole(path), headers.items()) + b"content-length: "

    paths = (whole(wire.path), whole(wire.stream_path or wire.path))
    region = {**sheet.options, **target.options}.get("region", "")
    return Endpoint(
        origin=origin,
        head=head(wire.path),
        stream_head=head(wire.stream_path) if wire.stream_path else b"",
        signed=_signer(origin, paths, region, credentials) if credentials is not None else None,
        spoken=tuple((name.encode(), f"{name}: {value}\r\n".encode("latin-1")) for name, value in spoken.items()),
    )


def _signer(
    origin: Origin, paths: tuple[str, str], region: str, credentials: Credentials
) -> Callable[[bytes, bool], bytes]:
    """The lines of a signature that is made now."""

    def signed(body: bytes, stream: bool) -> bytes:
        path = paths[stream]
        return b"".join(sign("POST", origin, path, {}, body, region, "bedrock", credentials, datetime.now(UTC)))

    return signed


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
