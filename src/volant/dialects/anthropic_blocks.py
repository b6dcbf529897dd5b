"""Anthropic content blocks: between the wire and the parts, thoughts and tool calls of `core.chat`, both ways.

Blocks without a word of ours (a server tool's use and result, a container's file) are kept whole, with their place, in
a message's `extra`: as `blocks` in an answer, as `input_blocks` in what a user or a tool says. Thoughts of other
dialects reach an Anthropic client with their dialect and id before their signature, so that they find the way home.

Source: Anthropic API reference, "Messages" (versions 2023-06-01 and 2026-10-21); anthropic SDK 2.12.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from volant.core.chat import AudioPart, FilePart, ImagePart, Json, Part, TextPart, Thought, ToolCall
from volant.core.errors import BadInput
from volant.dialects.data_urls import data_url, split_data_url, text_of, text_url
from volant.dialects.dialect import NAMES, Losses
from volant.dialects.fields import bad, filled, maybe, want, words
from volant.dialects.fitting import object_of
from volant.dialects.signed_ids import read_call

NAME = "anthropic"
_FOREIGN_ID = re.compile(r"[^a-zA-Z0-9_-]")


# ---------------------------------------------------------------- from the wire
def parse_part(block: Json, path: str) -> Part | None:
    """The part that a block is; None for one that we have no word for. Raises BadInput with the path."""
    kind = want(block.get("type"), str, f"{path}.type")
    if kind == "text":
        return TextPart(text=want(block.get("text"), str, f"{path}.text"), extra=_rest(block, "text"))
    if kind == "image":
        return _parse_image(block, path)
    if kind == "document":
        return _parse_document(block, path)
    if kind == "search_result":
        return _parse_search_result(block, path)
    return None


def parse_thought(block: Json, path: str) -> Thought:
    """The thought of a `thinking` or `redacted_thinking` block."""
    if block["type"] == "redacted_thinking":
        dialect, ident, data = _home(want(block.get("data"), str, f"{path}.data"))
        return Thought(redacted=data, id=ident, dialect=dialect)
    dialect, ident, signature = _home(words(block.get("signature"), f"{path}.signature"))
    dialect = dialect if signature or ident else ""  # nobody vouches for it
    return Thought(
        text=words(block.get("thinking"), f"{path}.thinking"), signature=signature, id=ident, dialect=dialect
    )


def parse_call(block: Json, path: str) -> tuple[ToolCall, Json]:
    """The call of a `tool_use` block, and what else it says."""
    given = block.get("input")
    arguments = msgspec.json.encode({} if given is None else given).decode()
    ident, name = want(block.get("id"), str, f"{path}.id"), want(block.get("name"), str, f"{path}.name")
    return read_call(ToolCall(id=ident, name=name, arguments=arguments)), _rest(block, "id", "name", "input")


def _parse_image(block: Json, path: str) -> Part:
    source = want(block.get("source"), dict, f"{path}.source")
    extra = _rest(block, "source")
    kind = source.get("type")
    if kind == "base64":
        media = want(source.get("media_type"), str, f"{path}.source.media_type")
        return ImagePart(url=data_url(media, want(source.get("data"), str, f"{path}.source.data")), extra=extra)
    if kind == "url":
        return ImagePart(url=want(source.get("url"), str, f"{path}.source.url"), extra=extra)
    if kind == "file":
        return FilePart(
            file_id=want(source.get("file_id"), str, f"{path}.source.file_id"), extra=extra | {"is": "image"}
        )
    raise bad(f"{path}.source.type", f"is {str(kind)[:40]!r}; it must be base64, url or file")


def _parse_document(block: Json, path: str) -> Part | None:
    source = want(block.get("source"), dict, f"{path}.source")
    name = maybe(block.get("title"), str, f"{path}.title") or ""
    extra = _rest(block, "source", "title")
    kind = source.get("type")
    if kind == "base64":
        media = want(source.get("media_type"), str, f"{path}.source.media_type")
        data = data_url(media, want(source.get("data"), str, f"{path}.source.data"))
        return FilePart(data=data, name=name, extra=extra)
    if kind == "text":
        return FilePart(data=text_url(want(source.get("data"), str, f"{path}.source.data")), name=name, extra=extra)
    if kind == "url":
        return FilePart(url=want(source.get("url"), str, f"{path}.source.url"), name=name, extra=extra)
    if kind == "file":
        return FilePart(file_id=want(source.get("file_id"), str, f"{path}.source.file_id"), name=name, extra=extra)
    if kind == "content":
        return None
    raise bad(f"{path}.source.type", f"is {str(kind)[:40]!r}; it must be base64, text, url, file or content")


def _parse_search_result(block: Json, path: str) -> Part:
    """A found text is words with a source: its texts joined, so that checks and other dialects read them."""
    content = want(block.get("content"), list, f"{path}.content")
    texts = [
        want(want(one, dict, f"{path}.content[{at}]").get("text"), str, f"{path}.content[{at}].text")
        for at, one in enumerate(content)
    ]
    beside: Json = {}
    for one in content:
        beside |= _rest(one, "text")  # cache_control of the last text that has it
    return TextPart(text="\n".join(texts), extra={"search_result": _rest(block, "content") | filled(content=beside)})


def _rest(block: Mapping[str, Any], *known: str) -> Json:
    return {name: value for name, value in block.items() if name != "type" and name not in known and value is not None}


# ---------------------------------------------------------------- to the wire
def render_part(part: Part, own: bool, losses: Losses) -> Json:
    """The block of a part; `own`: the request came in this dialect. Raises BadInput `not_supported`."""
    if isinstance(part, TextPart):
        if found := part.extra.get("search_result"):
            beside = found.get("content") or {}
            return {"type": "search_result", **found, "content": [{"type": "text", "text": part.text, **beside}]}
        return {"type": "text", "text": part.text, **part.extra}
    if isinstance(part, ImagePart):
        if part.detail and part.detail != "auto":
            losses.drop("image_url.detail")
        return {"type": "image", "source": _image_source(part.url), **part.extra}
    if isinstance(part, AudioPart):
        losses.refuse("input_audio", "it hears no sound")
    if part.file_id and not own:
        losses.refuse("file_id", "the file lies with another provider; send the file itself")
    return _render_file(part, losses)


def render_thought(thought: Thought) -> Json:
    """The block of a thought, for a client. One of another dialect carries its way home before its signature."""
    if thought.redacted:
        return {"type": "redacted_thinking", "data": proof(thought.dialect, thought.id, thought.redacted)}
    signature = proof(thought.dialect, thought.id, thought.signature)
    return {"type": "thinking", "thinking": thought.text, "signature": signature}


def render_call(call: ToolCall, losses: Losses | None = None) -> Json:
    """The block of a tool call."""
    return {"type": "tool_use", "id": tool_id(call.id), "name": call.name, "input": object_of(call, losses)}


def tool_id(ident: str) -> str:
    """An id as Anthropic takes it: letters, digits, _ and -."""
    return _FOREIGN_ID.sub("_", ident)


def proof(dialect: str, ident: str, signature: str) -> str:
    """A signature as an Anthropic client keeps it and gives it back; `parse_thought` reads it."""
    return signature if dialect in ("", NAME) or not (signature or ident) else f"{dialect}:{ident}:{signature}"


def placed(blocks: Iterable[Json], kept: object) -> list[Json]:
    """`blocks` with those kept aside put back at their places."""
    found = list(blocks)
    if isinstance(kept, list):
        for before, one in enumerate(kept):
            if isinstance(one, dict) and isinstance(one.get("block"), dict):
                at = one.get("at")
                found.insert((at if isinstance(at, int) else len(found)) + before, one["block"])
    return found


def _image_source(url: str) -> Json:
    split = split_data_url(url)
    if split is None:
        return {"type": "url", "url": url}
    return {"type": "base64", "media_type": split[0], "data": split[1]}


def _render_file(part: FilePart, losses: Losses) -> Json:
    extra = dict(part.extra)
    kind = extra.pop("is", "document")
    shell = {"type": kind, **filled(title=part.name), **extra}
    if part.file_id:
        return shell | {"source": {"type": "file", "file_id": part.file_id}}
    if part.url:
        return shell | {"source": {"type": "url", "url": part.url}}
    split = split_data_url(part.data)
    media, data = split if split else ("application/pdf", part.data)
    if media.startswith("text/") or media == "application/json":
        text = text_of(data)
        if text is None:
            raise BadInput("invalid_field", f"the document {part.name!r} is said to be text but is none", where="file")
        return shell | {"source": {"type": "text", "media_type": "text/plain", "data": text}}
    if media != "application/pdf":
        losses.refuse("file", f"it reads PDFs and plain text, not {media[:60]}")
    return shell | {"source": {"type": "base64", "media_type": media, "data": data}}


def _home(said: str) -> tuple[str, str, str]:
    """Dialect, id and signature of what `proof` made."""
    dialect, first, rest = said.partition(":")
    if first and dialect in NAMES:
        ident, second, signature = rest.partition(":")
        if second:
            return dialect, ident, signature
    return NAME, "", said
