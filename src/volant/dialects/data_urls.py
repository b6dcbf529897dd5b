"""Data URLs: take them apart and make them. Source: RFC 2397."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_to_bytes


def split_data_url(url: str) -> tuple[str, str] | None:
    """Media type and base64 text of a data: URL; None where `url` is none. A type that is missing is text/plain."""
    if url[:5].lower() != "data:":
        return None
    head, comma, data = url[5:].partition(",")
    if not comma:
        return None
    kind, *options = head.split(";")
    if not options or options[-1].strip().lower() != "base64":
        data = base64.b64encode(unquote_to_bytes(data)).decode()
    return kind.strip().lower() or "text/plain", data


def data_url(media_type: str, data: str) -> str:
    """The data: URL of base64 text."""
    return f"data:{media_type};base64,{data}"


def text_url(text: str) -> str:
    """The data: URL of a plain text."""
    return data_url("text/plain", base64.b64encode(text.encode()).decode())


def text_of(data: str) -> str | None:
    """The text that base64 holds; None where it holds none."""
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None


_NO_WORDS = ("image/", "audio/", "video/", "application/pdf")


def document_of(url: str) -> tuple[str, str] | None:
    """Media type and text of a data: URL that holds words; None where it holds none, or is none.

    Readers are lenient: spaces in base64 are passed over, and what is no UTF-8 is read byte by byte.
    """
    split = split_data_url(url)
    if split is None or split[0].startswith(_NO_WORDS):
        return None
    kind, data = split
    try:
        raw = base64.b64decode("".join(data.split()) + "==")
    except (binascii.Error, ValueError):
        return None
    try:
        return kind, raw.decode()
    except UnicodeDecodeError:
        return (kind, raw.decode("latin-1")) if kind.startswith("text/") else None


def with_text(url: str, text: str) -> str:
    """The same document with other words."""
    split = split_data_url(url)
    return data_url(split[0] if split is not None else "text/plain", base64.b64encode(text.encode()).decode())
