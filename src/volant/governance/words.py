"""Words: the texts that one person gave, gathered from where they are kept, so that a scan can look for them.

Only what people write counts: the text of records, what a request's user says, comments and demonstrations. System
prompts, labels, answers in JSON and answers of models are not theirs and stand in a thousand other places.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from volant.registry import records
from volant.store.keys import KeyRing
from volant.store.tables import feedback, inference, inference_payload
from volant.traces.ingest import Payload

LEAST = 12  # characters; shorter ones ("hello there") say nothing about whose they are
MOST = 1000  # texts looked for, the longest first
_NOT_WORDS = frozenset({"label", "item", "id"})  # fields of a record that no person wrote


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """One person's texts."""

    texts: tuple[str, ...]  # distinct, longest first
    left_out: int = 0  # too short, or beyond MOST


def gather(tx: Connection, ring: KeyRing, project: str, subject: str) -> Words:
    """All that can still be opened. Call before the key is destroyed."""
    said = (text.strip() for text in _all(tx, ring, project, subject))
    found = {text for text in said if text and not text.startswith(("{", "["))}
    kept = sorted((text for text in found if len(text) >= LEAST), key=lambda text: (-len(text), text))[:MOST]
    return Words(texts=tuple(kept), left_out=len(found) - len(kept))


def _all(tx: Connection, ring: KeyRing, project: str, subject: str) -> Iterator[str]:
    for record in records.read(tx, ring, project, records.ids_of_subject(tx, project, subject)):
        yield from _strings({name: value for name, value in record.body.items() if name not in _NOT_WORDS})
    theirs = (inference.c.project == project, inference.c.subject == subject)
    query = select(inference_payload.c.sealed).join(inference, inference.c.id == inference_payload.c.id).where(*theirs)
    for sealed in tx.execute(query).scalars():
        text = ring.open_for(tx, project, subject, sealed)
        if text is not None:
            yield from _said(msgspec.msgpack.decode(text, type=Payload).input)
    judged = (feedback.c.project == project, feedback.c.subject == subject, feedback.c.sealed.is_not(None))
    for sealed in tx.execute(select(feedback.c.sealed).where(*judged)).scalars():
        text = ring.open_for(tx, project, subject, sealed)
        if text is not None:
            yield from (one for one in _strings(msgspec.json.decode(text)) if " " in one.strip())  # not a bare label


def _said(body: bytes) -> Iterator[str]:
    """What the user says in a chat request; all strings of a body in another form."""
    try:
        request = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return
    messages = request.get("messages") if isinstance(request, dict) else None
    if not isinstance(messages, list):
        yield from _strings(request)
        return
    for message in messages:
        if isinstance(message, dict) and message.get("role") == "user":
            yield from _strings({"content": message.get("content"), "name": message.get("name")})


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
