"""Audit log: the audit's rows as people read them: filtered, newest first. Appending and checking are `audit`'s."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select

from volant.core.errors import BadInput
from volant.store.tables import audit, inference, record


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One row."""

    id: int
    project: str  # empty: of the installation
    actor: str  # key_…, usr_…, "loop", "holder", or empty for a caller nobody knows
    action: str
    object_kind: str
    object_id: str
    detail: dict[str, Any]
    created_ms: int
    prev_hash: str
    hash: str


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows; what is empty or 0 does not choose."""

    projects: tuple[str, ...]  # only rows of these; "" stands for the installation's own
    actor: str = ""
    action: str = ""  # whole, or its noun and a dot: "key."
    object_kind: str = ""
    object_id: str = ""  # also finds reads that list it among others
    subject: str = ""  # reads of what this person said: by what is stored of them now ...
    versions: tuple[str, ...] = ()  # ... and of these dataset versions, which hold records of them
    since_ms: int = 0
    until_ms: int = 0  # exclusive
    before: int = 0  # only ids below


def entries(tx: Connection, chosen: Filter, limit: int) -> list[Entry]:
    """Newest first."""
    query = _query(chosen).order_by(audit.c.id.desc()).limit(limit)
    return [_entry(row) for row in tx.execute(query)]


def following(tx: Connection, chosen: Filter, after: int, limit: int = 1000) -> list[Entry]:
    """Oldest first, behind row `after`: an export goes on part by part, so that no long transaction is held."""
    query = _query(chosen).where(audit.c.id > after).order_by(audit.c.id).limit(limit)
    return [_entry(row) for row in tx.execute(query)]


def cursor(text: str) -> int:
    """A page's cursor as `before`. Raises BadInput."""
    if text and (not text.isdecimal() or len(text) > 18):
        raise BadInput("bad_cursor", f"{text[:40]!r} is no cursor of the audit log", where="cursor",
                       hint="give `next_cursor` of the page before")  # fmt: skip
    return int(text or 0)


def _query(chosen: Filter) -> Select[Any]:
    query = select(audit).where(audit.c.project.in_(chosen.projects))
    if chosen.actor:
        query = query.where(audit.c.actor == chosen.actor)
    if chosen.action:
        same = audit.c.action.startswith(chosen.action, autoescape=True)
        query = query.where(same if chosen.action.endswith(".") else audit.c.action == chosen.action)
    if chosen.object_kind:
        query = query.where(audit.c.object_kind == chosen.object_kind)
    if chosen.object_id:
        query = query.where(_about([chosen.object_id]))
    if chosen.subject:
        query = query.where(audit.c.action == "content.read", _of_subject(chosen))
    if chosen.since_ms:
        query = query.where(audit.c.created_ms >= chosen.since_ms)
    if chosen.until_ms:
        query = query.where(audit.c.created_ms < chosen.until_ms)
    if chosen.before:
        query = query.where(audit.c.id < chosen.before)
    return query


def _about(ids: Sequence[str]) -> ColumnElement[bool]:
    """Rows whose object is one of `ids`, or that list one of them. The second is looked at only where no object is."""
    listed = or_(*(audit.c.detail.contains(f'"{one}"', autoescape=True) for one in ids))
    return or_(audit.c.object_id.in_(ids), and_(audit.c.object_id == "", listed))


def _of_subject(chosen: Filter) -> ColumnElement[bool]:
    """Rows that name a stored inference or record of the person, alone or in a list; or everything there was then."""
    places: list[ColumnElement[bool]] = [audit.c.object_id.in_(chosen.versions)]
    for table in (inference, record):
        mine = select(table.c.id).where(table.c.project.in_(chosen.projects), table.c.subject == chosen.subject)
        listed = select(table.c.id).where(
            table.c.project.in_(chosen.projects),
            table.c.subject == chosen.subject,
            audit.c.detail.contains(table.c.id),
        )
        then = (
            mine.where(table.c.created_ms <= audit.c.created_ms)
            if table is record
            else mine.where(table.c.started_ms <= audit.c.created_ms)
        )
        places += [
            audit.c.object_id.in_(mine),
            and_(audit.c.object_id == "", listed.exists()),
            and_(audit.c.object_kind == "export", then.exists()),
        ]
    return or_(*places)


def _entry(row: Row[Any]) -> Entry:
    values = dict(row._mapping)
    values["detail"] = msgspec.json.decode(values["detail"])
    return Entry(**values)
