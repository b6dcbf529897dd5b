"""Caller: who asks, from the headers and from what the body says about people.

Knows where clients put things (OpenAI's `safety_identifier`, `user`, `metadata`; W3C `traceparent`; our headers); does
not know whether a key is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from volant.core.errors import BadInput
from volant.gateway.values import value_of

_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_REQUEST_ID = re.compile(rb"[!-~]{1,128}")
_LONGEST_NAME = 256
_LONGEST_TAG = 1024


class Caller(msgspec.Struct, kw_only=True):
    """What the headers say."""

    key: str = ""
    user: str = ""
    session: str = ""
    trace_id: str = ""
    parent_span_id: str = ""
    request_id: bytes = b""
    content_length: int = 0
    cache_control: bytes = b""
    cache_wish: bytes = b""  # `x-volant-cache`


class Extension(msgspec.Struct, forbid_unknown_fields=True):
    """Our object in the body, `volant`: stripped before the upstream sees it."""

    tags: dict[str, str] = {}
    session: str = ""
    user: str = ""
    variables: dict[str, Any] = {}


class Subject(msgspec.Struct, kw_only=True):
    """Whom the application serves, as this call names them."""

    user: str
    session: str
    tags: dict[str, str]
    variables: dict[str, Any]  # for the variant's prompt


def read_headers(headers: Iterable[tuple[bytes, bytes]]) -> Caller:
    """One pass over ASGI headers (names in lower case)."""
    found = dict(headers)  # of a header sent twice the last counts
    caller = Caller()
    bearer = found.get(b"authorization", b"")
    if bearer[:7].lower() == b"bearer ":
        caller.key = bearer[7:].strip().decode("latin-1")
    else:
        key = found.get(b"x-api-key") or found.get(b"x-goog-api-key") or found.get(b"api-key")  # the last: Azure's SDKs
        caller.key = key.decode("latin-1") if key else ""
    length = found.get(b"content-length", b"")
    if length.isdigit():
        caller.content_length = int(length)
    if user := found.get(b"x-volant-user"):
        caller.user = user.decode("utf-8", "replace")
    if session := found.get(b"x-volant-session"):
        caller.session = session.decode("utf-8", "replace")
    if parent := found.get(b"traceparent"):
        match = _TRACEPARENT.fullmatch(parent)
        if match is not None and match[1] != b"0" * 32 and match[2] != b"0" * 16:
            caller.trace_id, caller.parent_span_id = match[1].decode(), match[2].decode()
    caller.cache_control = found.get(b"cache-control", b"")
    caller.cache_wish = found.get(b"x-volant-cache", b"")
    request_id = found.get(b"x-request-id")
    if request_id and _REQUEST_ID.fullmatch(request_id):
        caller.request_id = request_id
    return caller


_FORWARDED = {"anthropic": (b"anthropic-version", b"anthropic-beta")}  # family -> headers


def going_along(family: str, headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[bytes, bytes], ...]:
    """Headers that a place of the same dialect is told as they came."""
    names = _FORWARDED.get(family)
    return tuple(pair for pair in headers if pair[0] in names and _VALUE.fullmatch(pair[1])) if names else ()


_VALUE = re.compile(rb"[ -~]{1,1024}")


def subject_of_call(caller: Caller, fields: dict[str, msgspec.Raw]) -> Subject:
    """User, session, tags, variables. The header wins over the body; there `safety_identifier`, `user`, `metadata`.

    Raises BadInput `invalid_field` for an extension object that is not ours, and for what cannot be read.
    """
    if not caller.user and not caller.session and _NAMING.isdisjoint(fields):
        return _NOBODY
    extension = _extension(fields.get("volant"))
    user = caller.user or extension.user or _text(fields, "safety_identifier") or _text(fields, "user")
    session = caller.session or extension.session
    if "metadata" in fields and not (user and session):
        metadata = _metadata(fields)
        user = user or str(metadata.get("user_id") or "")
        session = session or str(metadata.get("session") or "")
    user, session = user[:_LONGEST_NAME], session[:_LONGEST_NAME]
    return Subject(user=user, session=session, tags=extension.tags, variables=extension.variables)


_NAMING = frozenset({"volant", "safety_identifier", "user", "metadata"})
_NOBODY = Subject(user="", session="", tags={}, variables={})


def _extension(raw: msgspec.Raw | None) -> Extension:
    if raw is None:
        return _NOTHING
    try:
        extension = msgspec.json.decode(raw, type=Extension)
    except msgspec.ValidationError as error:
        raise BadInput("invalid_field", f"`volant` is not understood: {error}", where="volant") from None
    if any(len(name) + len(value) > _LONGEST_TAG for name, value in extension.tags.items()):
        raise BadInput("invalid_field", f"a tag is longer than {_LONGEST_TAG} characters", where="volant.tags")
    return extension


_NOTHING = Extension()


def _text(fields: dict[str, msgspec.Raw], name: str) -> str:
    value = value_of(fields, name)
    return value if isinstance(value, str) else ""


def _metadata(fields: dict[str, msgspec.Raw]) -> dict[str, Any]:
    value = value_of(fields, "metadata")
    return value if isinstance(value, dict) else {}
