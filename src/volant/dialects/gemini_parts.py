"""Gemini's parts: pieces of a content, to and from `core.chat`. The same in requests and answers.

A part is an object with one of text, inlineData, fileData, functionCall, functionResponse, executableCode, ...; beside
it may stand `thought`, `thoughtSignature` and notes. What `core.chat` has no word for is kept whole:
of a user in `Message.extra["parts"]`, without which the question is another; of a model (code that it ran, searches)
in `Message.extra["ownParts"]`, which others can do without.
"""

from __future__ import annotations

import hashlib
import mimetypes
from typing import Any

import msgspec

from volant.core.chat import AudioPart, FilePart, ImagePart, Message, Part, TextPart, ToolCall
from volant.dialects.data_urls import split_data_url
from volant.dialects.dialect import Losses
from volant.dialects.fields import Json, filled, want, words
from volant.dialects.fitting import object_of
from volant.dialects.gemini_wire import base64_text

_SOUNDS = {
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/vnd.wave": "wav",
    "audio/x-flac": "flac",
    "audio/l16": "pcm16",
}
_OWN_FILES = ("https://generativelanguage.googleapis.com/", "gs://", "files/")


# ---------------------------------------------------------------- reading
def made_up_id(*about: object) -> str:
    """The id of a call that Gemini gave none: the same for the same place, at most 40 characters."""
    return "call_" + hashlib.blake2s(repr(about).encode(), digest_size=12).hexdigest()


def parse_call(raw: object, path: str, *, signature: str, fallback: str) -> ToolCall:
    """A functionCall; `fallback` is its id where it has none."""
    call = want(raw, dict, path)
    arguments = want(call.get("args") if call.get("args") is not None else {}, dict, f"{path}.args")
    return ToolCall(
        id=words(call.get("id"), f"{path}.id") or fallback,
        name=want(call.get("name"), str, f"{path}.name"),
        arguments=msgspec.json.encode(arguments).decode(),
        signature=signature,
    )


def parse_media(part: Json, path: str) -> Part | None:
    """A picture, sound or document; None where the part is something else."""
    rest = {name: value for name, value in part.items() if name not in ("inlineData", "fileData")}
    if "inlineData" in part:
        return _inline(want(part["inlineData"], dict, f"{path}.inlineData"), rest, f"{path}.inlineData")
    if "fileData" in part:
        return _linked(want(part["fileData"], dict, f"{path}.fileData"), rest, f"{path}.fileData")
    return None


def _inline(blob: Json, rest: Json, path: str) -> Part:
    mime = words(blob.get("mimeType"), f"{path}.mimeType").lower()
    data = base64_text(blob.get("data"), f"{path}.data")
    url = f"data:{mime or 'application/octet-stream'};base64,{data}"
    if mime.startswith("image/"):
        return ImagePart(url=url, extra=rest)
    if mime.startswith("audio/") and not rest:
        kind = mime.partition(";")[0]
        return AudioPart(data=data, format=_SOUNDS.get(kind, kind[6:]))
    return FilePart(data=url, name=words(blob.get("displayName"), f"{path}.displayName"), extra=rest)


def _linked(file: Json, rest: Json, path: str) -> Part:
    uri = want(file.get("fileUri"), str, f"{path}.fileUri")
    mime = words(file.get("mimeType"), f"{path}.mimeType")
    extra = rest | filled(mimeType=mime)
    name = words(file.get("displayName"), f"{path}.displayName")
    if uri.startswith(_OWN_FILES) or not uri.startswith(("https:", "http:")):
        return FilePart(file_id=uri, name=name, extra=extra)
    if mime.startswith("image/"):
        return ImagePart(url=uri, extra=extra)
    return FilePart(url=uri, name=name, extra=extra)


# ---------------------------------------------------------------- writing
def render_parts(message: Message, losses: Losses, *, same: bool) -> list[Json]:
    """The parts of one turn, but its thoughts and function calls. `same`: its `extra` is in Gemini's words."""
    wire: list[Json] = [*message.extra.get("ownParts", ()), *message.extra.get("parts", ())] if same else []
    if message.refusal:
        wire.append({"text": message.refusal})
    return wire + [_render_part(part, losses, same=same) for part in message.parts]


def render_call(call: ToolCall, losses: Losses) -> Json:
    """A functionCall part."""
    wire: Json = {"functionCall": filled(id=call.id) | {"name": call.name, "args": object_of(call, losses)}}
    return wire | filled(thoughtSignature=call.signature)


def _render_part(part: Part, losses: Losses, *, same: bool) -> Json:
    if isinstance(part, TextPart):
        return {"text": part.text} | filled(thoughtSignature=part.signature) | (part.extra if same else {})
    if isinstance(part, AudioPart):
        mime = "audio/pcm" if part.format == "pcm16" else f"audio/{part.format}"
        return {"inlineData": {"mimeType": mime, "data": part.data}}
    extra = dict(part.extra) if same else {}
    mime = extra.pop("mimeType", "")
    name = getattr(part, "name", "")
    if name and not same:  # servers without tools of their own refuse it
        losses.drop("file name")
    if isinstance(part, ImagePart):
        if part.detail not in ("", "auto"):
            losses.drop("image detail")
        return _media(part.url, "", mime) | extra
    if part.file_id:
        if not same and not part.file_id.startswith(_OWN_FILES):
            losses.refuse("file_id", "it names a file of another provider; send the document itself")
        return {"fileData": filled(mimeType=mime, fileUri=part.file_id, displayName=name if same else "")} | extra
    return _media(part.data or part.url, name if same else "", mime or _type_of(name)) | extra


def _type_of(name: str) -> str:
    return mimetypes.guess_type(name)[0] or ""


def _media(url: str, name: str, mime: str) -> Json:
    if url.startswith(("https:", "http:")):
        return {"fileData": filled(mimeType=mime or _type_of(url.partition("?")[0]), fileUri=url, displayName=name)}
    kind, data = split_data_url(url) or (mime or "application/pdf", url)  # else bare base64
    return {"inlineData": {"mimeType": kind, "data": data} | filled(displayName=name)}


def output_of(response: Any) -> tuple[str, bool]:
    """Text and failure of a functionResponse's `response`."""
    if isinstance(response, dict) and len(response) == 1:
        if isinstance(text := response.get("output"), str):
            return text, False
        if "error" in response:
            error = response["error"]
            return (error if isinstance(error, str) else msgspec.json.encode(error).decode()), True
    return msgspec.json.encode(response).decode(), False


def response_of(text: str, *, failed: bool) -> Json:
    """The `response` of a functionResponse. Gemini reads `output`, `error`, or else the whole object."""
    if failed:
        return {"error": text}
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        value = None
    if isinstance(value, dict) and "output" not in value and "error" not in value:
        return value
    return {"output": text}
