"""Invitations: links that make somebody a member, the first person of an installation, or give a new password.

The link's token is shown once; what is kept is its SHA-256. Only the first person's is derived from the master key, so
that a start can show it again until it is used.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, Select, insert, select, update

from volant.core.errors import NotFound
from volant.core.ids import new_id
from volant.registry import people, projects
from volant.store.tables import invitation as invitations
from volant.store.vault import Vault, key_digest

Purpose = Literal["join", "setup", "reset"]
_OPEN = (invitations.c.accepted_ms == 0, invitations.c.revoked_ms == 0)


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """A link as its makers may see it: never the token."""

    id: str
    project: str
    email: str  # empty: whoever has the link (the first person's only)
    role: str
    purpose: str  # join, setup or reset
    installation_admin: bool
    invited_by: str
    created_ms: int
    expires_ms: int
    accepted_ms: int  # 0: not used
    revoked_ms: int  # 0: not revoked

    def state(self, now_ms: int) -> str:
        """open, accepted, revoked or expired."""
        if self.accepted_ms:
            return "accepted"
        if self.revoked_ms:
            return "revoked"
        return "open" if now_ms < self.expires_ms else "expired"


def make(
    tx: Connection,
    project: str,
    *,
    email: str,
    role: str,
    by: str,
    now_ms: int,
    lasts_ms: int,
    purpose: Purpose = "join",
    installation_admin: bool = False,
    vault: Vault | None = None,
) -> tuple[Invitation, str]:
    """A new link and its token, shown this once; older open ones for the same e-mail and purpose end.

    `vault` derives the token from the master key, so that it can be told again. Raises BadInput.
    """
    email = people.clean_email(email) if purpose != "setup" else ""
    people.check_role(role)
    fresh = new_id("invitation", now_ms)
    token = _derived(vault, fresh) if vault else secrets.token_urlsafe(32)
    older = (
        invitations.c.project == project,
        invitations.c.email == email,
        invitations.c.purpose == purpose,
        invitations.c.accepted_ms == 0,
        invitations.c.revoked_ms == 0,
    )
    tx.execute(update(invitations).where(*older).values(revoked_ms=now_ms))
    row = {
        "id": fresh,
        "project": project,
        "sha256": key_digest(token),
        "email": email,
        "role": role,
        "purpose": purpose,
        "installation_admin": int(installation_admin),
        "invited_by": by,
        "created_ms": now_ms,
        "expires_ms": now_ms + lasts_ms,
    }
    tx.execute(insert(invitations).values(row))
    return get(tx, project, fresh), token


def get(tx: Connection, project: str, invitation_id: str) -> Invitation:
    """Raises NotFound."""
    at = (invitations.c.project == project, invitations.c.id == invitation_id)
    row = tx.execute(_invitations().where(*at)).one_or_none()
    if row is None:
        raise NotFound(
            "invitation_unknown", f"there is no invitation {invitation_id[:60]!r}", hint="`volant person invitations`"
        )
    return _invitation(row)


def find(tx: Connection, token: str, *, now_ms: int) -> Invitation:
    """The open invitation of a link's token. Raises NotFound for one that is unknown, used, revoked or too old."""
    row = tx.execute(_invitations().where(invitations.c.sha256 == key_digest(token))).one_or_none()
    found = _invitation(row) if row is not None else None
    state = found.state(now_ms) if found else "unknown"
    if found is None or state != "open":
        raise NotFound(
            "invitation_over",
            f"this link opens nothing: it is {'used' if state == 'accepted' else state}",
            where="token",
            hint="ask for a new one: an admin makes it with `volant person invite`",
        )
    return found


def use(tx: Connection, found: Invitation, *, now_ms: int) -> None:
    """It is used up. Raises NotFound when somebody was faster."""
    at = (invitations.c.id == found.id, invitations.c.accepted_ms == 0, invitations.c.revoked_ms == 0)
    if tx.execute(update(invitations).where(*at).values(accepted_ms=now_ms)).rowcount == 0:
        raise NotFound("invitation_over", "this link was just used", where="token", hint="ask for a new one")


def end_resets(tx: Connection, email: str, *, now_ms: int) -> None:
    """The e-mail has a new password: links for another one end, whichever project they were made in."""
    at = (invitations.c.email == email, invitations.c.purpose == "reset", invitations.c.accepted_ms == 0)
    tx.execute(update(invitations).where(*at, invitations.c.revoked_ms == 0).values(revoked_ms=now_ms))


def end_joins(tx: Connection, project: str, email: str, *, now_ms: int) -> None:
    """Whoever is removed from a project does not come back by a link that was open."""
    at = (invitations.c.project == project, invitations.c.email == email, invitations.c.purpose == "join")
    tx.execute(update(invitations).where(*at, *_OPEN).values(revoked_ms=now_ms))


def open_for(tx: Connection, project: str, email: str, *, now_ms: int) -> Invitation | None:
    """The open invitation of somebody whose e-mail is proven."""
    query = _invitations().where(
        invitations.c.project == project,
        invitations.c.email == email.lower(),
        invitations.c.purpose == "join",
        invitations.c.accepted_ms == 0,
        invitations.c.revoked_ms == 0,
        invitations.c.expires_ms > now_ms,
    )
    row = tx.execute(query.order_by(invitations.c.created_ms.desc()).limit(1)).one_or_none()
    return _invitation(row) if row is not None else None


def all_open_for(tx: Connection, email: str, *, now_ms: int) -> list[Invitation]:
    """Every project's open invitation of somebody whose e-mail is proven."""
    found = (open_for(tx, project.id, email, now_ms=now_ms) for project in projects.list_all(tx))
    return [one for one in found if one is not None]


def list_all(tx: Connection, project: str) -> list[Invitation]:
    """The project's, newest first; used and ended ones included."""
    query = _invitations().where(invitations.c.project == project)
    return [_invitation(row) for row in tx.execute(query.order_by(invitations.c.created_ms.desc(), invitations.c.id))]


def revoke(tx: Connection, project: str, invitation_id: str, *, now_ms: int) -> Invitation:
    """End it; again, or after its use, changes nothing. Raises NotFound."""
    get(tx, project, invitation_id)
    at = (invitations.c.id == invitation_id, invitations.c.accepted_ms == 0, invitations.c.revoked_ms == 0)
    tx.execute(update(invitations).where(*at).values(revoked_ms=now_ms))
    return get(tx, project, invitation_id)


# ---------------------------------------------------------------- the first person
def ensure_setup(tx: Connection, vault: Vault, *, now_ms: int, lasts_ms: int) -> None:
    """Where nobody can sign in yet, there is one open link for the first person."""
    if not people.anybody(tx) and setup_token(tx, vault, now_ms=now_ms) is None:
        make(
            tx, projects.DEFAULT, email="", role="admin", by="", now_ms=now_ms, lasts_ms=lasts_ms, purpose="setup",
            installation_admin=True, vault=vault,
        )  # fmt: skip


def setup_token(tx: Connection, vault: Vault, *, now_ms: int) -> str | None:
    """The first person's token; None when it was used or is too old, or somebody is here."""
    if people.anybody(tx):
        return None
    query = _invitations().where(invitations.c.purpose == "setup").order_by(invitations.c.created_ms.desc())
    for found in map(_invitation, tx.execute(query)):
        if found.state(now_ms) == "open":
            return _derived(vault, found.id)
    return None


def _derived(vault: Vault, invitation_id: str) -> str:
    raw = hmac.digest(vault.derive("setup-invitation"), invitation_id.encode(), "sha256")
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _invitations() -> Select[Any]:
    return select(*(column for column in invitations.c if column.name != "sha256"))


def _invitation(row: Row[Any]) -> Invitation:
    values = dict(row._mapping)
    return Invitation(**{**values, "installation_admin": bool(values["installation_admin"])})
