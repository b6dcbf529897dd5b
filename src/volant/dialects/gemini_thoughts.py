"""Gemini's thoughts: thinking on its wire, and other providers' proofs of thinking through clients that speak Gemini.

Gemini's own thoughtSignature goes round as it is. Another provider's (Anthropic's signature, OpenAI's encrypted
content) is wrapped so that it looks like one: base64, which the SDK decodes and encodes again. When the client sends it
back it is unwrapped for the provider that made it; Gemini itself never sees it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

import msgspec

from volant.core.chat import Thought
from volant.dialects.dialect import Losses
from volant.dialects.fields import Json, filled
from volant.dialects.fitting import thoughts_for
from volant.dialects.gemini_wire import NAME

_MARK = b"volant-thought:"


class _Proof(msgspec.Struct, omit_defaults=True):
    dialect: str
    signature: str = ""
    redacted: str = ""
    id: str = ""


def parse_thought(text: str, signature: str) -> Thought:
    """The thought of one part: Gemini's own, or another provider's that we wrapped."""
    try:
        raw = base64.b64decode(signature.translate(_USUAL), validate=True)
        proof = msgspec.json.decode(raw.removeprefix(_MARK), type=_Proof) if raw.startswith(_MARK) else None
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        proof = None
    if proof is None:
        return Thought(text=text, signature=signature, dialect=NAME)
    return Thought(text=text, signature=proof.signature, redacted=proof.redacted, id=proof.id, dialect=proof.dialect)


_USUAL = str.maketrans("-_", "+/")


def wrapped(thought: Thought) -> str:
    """What stands as thoughtSignature for a client: Gemini's own, another's wrapped, or nothing."""
    if thought.dialect == NAME or not (thought.signature or thought.redacted):
        return thought.signature if thought.dialect == NAME else ""
    proof = _Proof(thought.dialect, thought.signature, thought.redacted, thought.id)
    return base64.b64encode(_MARK + msgspec.json.encode(proof)).decode()


def part_of(text: str, signature: str) -> Json:
    """A part that is thinking."""
    return {"text": text, "thought": True} | filled(thoughtSignature=signature)


def for_client(thought: Thought, *, shown: bool) -> list[Json]:
    """The part that a client reads. One that did not ask for thoughts gets proofs only, where they need no text."""
    signature = wrapped(thought)
    if shown or (signature and not thought.text):
        return [part_of(thought.text, signature)]
    return []


def for_provider(thoughts: Sequence[Thought], losses: Losses) -> list[Json]:
    """The parts that Gemini gets."""
    taken = thoughts_for(("", NAME), thoughts, losses)
    return [part_of(one.text, one.signature if one.dialect else "") for one in taken]
