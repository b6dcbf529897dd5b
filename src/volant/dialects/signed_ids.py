"""Signed ids: what a provider signed of a tool call, inside of the call's id.

Gemini 3 refuses a function call that comes back without its thoughtSignature. Other dialects have no field for it, and
most clients leave out fields that they do not know; but an id all of them give back as it came, with the call and with
its result. So a client reads `ID__thought__SIGNATURE`, in letters that every dialect takes in ids (the URL-safe ones of
base64), and whoever reads it back has ID and signature again. LiteLLM writes its ids the same way: conversations that
began there go on here.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from volant.core.chat import Message, ToolCall

MARK = "__thought__"
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_TO_ID, _FROM_ID = str.maketrans("+/", "-_", "="), str.maketrans("-_", "+/", "=")


def signed_id(ident: str, signature: str) -> str:
    """The id for a client. A signature that is no base64, which nobody is known to write, stays away."""
    if not signature or not _BASE64.fullmatch(signature):
        return ident
    return f"{ident}{MARK}{signature.translate(_TO_ID)}"


def read_id(said: str) -> tuple[str, str]:
    """The call's own id, and its signature if it has one."""
    ident, mark, signature = said.partition(MARK)
    if not mark or not _BASE64.fullmatch(signature):
        return said, ""
    signature = signature.translate(_FROM_ID)
    return ident, signature + "=" * (-len(signature) % 4)


def signed_calls(message: Message) -> Message:
    """An answer's calls, for a client."""
    if not any(call.signature for call in message.tool_calls):
        return message
    calls = tuple(replace(call, id=signed_id(call.id, call.signature)) for call in message.tool_calls)
    return replace(message, tool_calls=calls)


def read_call(call: ToolCall) -> ToolCall:
    """A call as a client, or another gateway, gave it: a signature of its own field wins."""
    if MARK not in call.id:
        return call
    ident, signature = read_id(call.id)
    return replace(call, id=ident, signature=call.signature or signature)
