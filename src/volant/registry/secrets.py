"""Secrets: providers' keys, sealed under the project's key. A deployment names one by `api_key_ref`."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from volant.core.errors import BadInput, NotFound
from volant.registry import revision
from volant.store.keys import KeyRing
from volant.store.tables import secret


def put(tx: Connection, ring: KeyRing, project: str, name: str, value: str, *, now_ms: int) -> None:
    """Keep `value` under `name`; the one before is gone. Raises BadInput for an empty name or value."""
    if not name or not value:
        raise BadInput("bad_secret", "a secret needs a name and a value", where=f"secrets.{name[:60]}")
    sealed = ring.vault.seal(ring.project_key(tx, project), value.encode())
    tx.execute(delete(secret).where(secret.c.project == project, secret.c.name == name))
    tx.execute(insert(secret).values(project=project, name=name, sealed=sealed, created_ms=now_ms))
    revision.bump(tx)


def get(tx: Connection, ring: KeyRing, project: str, name: str) -> str:
    """The value. Raises NotFound."""
    query = select(secret.c.sealed).where(secret.c.project == project, secret.c.name == name)
    sealed = tx.execute(query).scalar_one_or_none()
    if sealed is None:
        raise NotFound("secret_unknown", f"there is no secret {name[:60]!r}", where=project, hint="`volant key secret`")
    return ring.vault.open_sealed(ring.project_key(tx, project), sealed).decode()


def names(tx: Connection, project: str) -> list[str]:
    """The names of the project's secrets."""
    return list(tx.execute(select(secret.c.name).where(secret.c.project == project).order_by(secret.c.name)).scalars())


def remove(tx: Connection, project: str, name: str) -> bool:
    """False when there was none."""
    gone = tx.execute(delete(secret).where(secret.c.project == project, secret.c.name == name)).rowcount > 0
    if gone:
        revision.bump(tx)
    return gone
