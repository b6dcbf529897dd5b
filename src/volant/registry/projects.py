"""Projects: the tenants. Everything else belongs to one; its id is its name."""

from __future__ import annotations

import re

import msgspec
from sqlalchemy import Connection, select

from volant.core.errors import BadInput, NotFound
from volant.registry import revision
from volant.store.keys import KeyRing
from volant.store.tables import project as projects

DEFAULT = "default"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """One tenant."""

    id: str
    created_ms: int


def ensure(tx: Connection, ring: KeyRing, name: str, *, now_ms: int) -> Project:
    """The project of that name, made with its keys when it is new. Raises BadInput for a bad name."""
    if not _NAME.fullmatch(name):
        raise BadInput(
            "bad_project_name",
            f"{name[:70]!r} cannot name a project",
            hint="use up to 63 of a-z, 0-9, - and _, beginning with a letter or digit",
        )
    if ring.ensure_project(tx, name, now_ms=now_ms):
        revision.bump(tx)
    return get(tx, name)


def get(tx: Connection, name: str) -> Project:
    """Raises NotFound."""
    row = tx.execute(select(projects.c.id, projects.c.created_ms).where(projects.c.id == name)).one_or_none()
    if row is None:
        raise NotFound("project_unknown", f"there is no project {name[:60]!r}", hint="`volant init` makes one")
    return Project(id=row.id, created_ms=row.created_ms)


def list_all(tx: Connection) -> list[Project]:
    """Every project, by name."""
    rows = tx.execute(select(projects.c.id, projects.c.created_ms).order_by(projects.c.id))
    return [Project(id=row.id, created_ms=row.created_ms) for row in rows]
