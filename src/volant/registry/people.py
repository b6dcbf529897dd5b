"""People: who signs in, and their roles in projects. A person belongs to the installation, a role to a project.

Knows rows; knows neither passwords' rules (`passwords`), browsers (`sessions`) nor OpenID providers (`identities`).
A person's password hash never leaves this module but for the check at sign-in.
"""

from __future__ import annotations

import re
from typing import Any, cast, get_args

import msgspec
from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from volant.core.errors import BadInput, Conflict, NotFound
from volant.core.ids import new_id
from volant.core.permissions import EVERY, ROLES, Permission, Role
from volant.registry import sessions
from volant.store.tables import membership as memberships
from volant.store.tables import person as people

_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f<>\"]{1,64}@[^\s@\x00-\x1f\x7f<>\"]{1,190}")
_LONGEST_NAME = 120


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may sign in, as others may see them."""

    id: str
    email: str
    name: str
    installation_admin: bool
    state: str  # active or disabled
    last_login_ms: int  # 0: never
    created_ms: int

    @property
    def active(self) -> bool:
        """May sign in and work."""
        return self.state == "active"


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A person in one project."""

    id: str
    name: str
    email: str
    role: str
    state: str  # active or disabled
    installation_admin: bool
    last_login_ms: int
    since_ms: int  # when they became a member
    added_by: str


# ---------------------------------------------------------------- one person
def clean_email(text: str) -> str:
    """The e-mail as it is kept: trimmed, lower case. Raises BadInput for what is none."""
    email = text.strip().lower()
    if not _EMAIL.fullmatch(email):
        raise BadInput("bad_email", "that is no e-mail address", where="email", hint="e.g. ada@example.com")
    return email


def clean_name(text: str) -> str:
    """The name in one line. Raises BadInput when it is empty or too long."""
    name = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    if not name or len(name) > _LONGEST_NAME:
        raise BadInput("bad_name", f"a name has 1 to {_LONGEST_NAME} characters", where="name")
    return name


def create(
    tx: Connection, *, email: str, name: str, password_hash: str, now_ms: int, installation_admin: bool = False
) -> Person:
    """A new person. `password_hash` empty: signs in by OpenID Connect only. Raises Conflict for a known e-mail."""
    email = clean_email(email)
    if by_email(tx, email) is not None:
        raise Conflict("email_taken", "somebody with this e-mail is here already", where="email")
    row = {
        "id": new_id("person", now_ms),
        "email": email,
        "name": clean_name(name),
        "password_hash": password_hash,
        "installation_admin": int(installation_admin),
        "password_changed_ms": now_ms,
        "created_ms": now_ms,
    }
    tx.execute(insert(people).values(row))
    return get(tx, str(row["id"]))


def get(tx: Connection, person_id: str) -> Person:
    """Raises NotFound."""
    row = tx.execute(_people().where(people.c.id == person_id)).one_or_none()
    if row is None:
        raise person_unknown(person_id)
    return _person(row)


def by_email(tx: Connection, email: str) -> Person | None:
    """The person of that e-mail, whatever its case."""
    row = tx.execute(_people().where(people.c.email == email.strip().lower())).one_or_none()
    return _person(row) if row is not None else None


def anybody(tx: Connection) -> bool:
    """Whether anybody can sign in yet."""
    return tx.execute(select(people.c.id).limit(1)).first() is not None


def password_hash(tx: Connection, person_id: str) -> str:
    """The hash in PHC form; empty when there is none. For the check at sign-in only."""
    return str(tx.execute(select(people.c.password_hash).where(people.c.id == person_id)).scalar_one_or_none() or "")


def set_password_hash(tx: Connection, person_id: str, hashed: str, *, now_ms: int) -> None:
    """A new password: `hashed` in PHC form."""
    changed = {"password_hash": hashed, "password_changed_ms": now_ms}
    tx.execute(update(people).where(people.c.id == person_id).values(changed))


def rehash(tx: Connection, person_id: str, before: str, after: str) -> None:
    """The same password under newer parameters, unless it changed meanwhile."""
    tx.execute(
        update(people).where(people.c.id == person_id, people.c.password_hash == before).values(password_hash=after)
    )


def note_login(tx: Connection, person_id: str, *, now_ms: int) -> None:
    """They signed in now."""
    tx.execute(update(people).where(people.c.id == person_id).values(last_login_ms=now_ms))


def set_state(tx: Connection, person_id: str, *, active: bool, now_ms: int) -> Person:
    """Let them work, or not. Disabling ends their sessions. Raises Conflict for the last installation admin."""
    person = get(tx, person_id)
    if not active:
        _keep_an_installation_admin(tx, person)
        for project in roles_of(tx, person_id):
            _keep_an_admin(tx, project, person_id)
        sessions.end_all(tx, person_id, now_ms=now_ms)
    tx.execute(update(people).where(people.c.id == person_id).values(state="active" if active else "disabled"))
    return get(tx, person_id)


def set_installation_admin(tx: Connection, person_id: str, *, yes: bool, now_ms: int) -> Person:
    """Make them an admin of everything, or no longer, which ends their sessions. Raises Conflict for the last one."""
    person = get(tx, person_id)
    if person.installation_admin and not yes:
        _keep_an_installation_admin(tx, person)
        sessions.end_all(tx, person_id, now_ms=now_ms)
    tx.execute(update(people).where(people.c.id == person_id).values(installation_admin=int(yes)))
    return get(tx, person_id)


# ---------------------------------------------------------------- roles in projects
def check_role(role: str) -> Role:
    """The role as such. Raises BadInput for a word that is none."""
    if role not in ROLES:
        raise BadInput(
            "bad_role", f"there is no role {role[:40]!r}", where="role", hint=f"choose from {', '.join(get_args(Role))}"
        )
    return role


def permissions_in(role: str) -> frozenset[Permission]:
    """What a role gives; a role nobody knows gives nothing."""
    return ROLES.get(cast(Role, role), frozenset())


def permissions_of(person: Person, role: str) -> frozenset[Permission]:
    """What the person may do where they have that role."""
    if not person.active:
        return frozenset()
    return EVERY if person.installation_admin else permissions_in(role)


def roles_of(tx: Connection, person_id: str) -> dict[str, str]:
    """Project → role, the oldest membership first."""
    query = (
        select(memberships.c.project, memberships.c.role)
        .where(memberships.c.person_id == person_id)
        .order_by(memberships.c.created_ms, memberships.c.project)
    )
    return {row.project: row.role for row in tx.execute(query)}


def members(tx: Connection, project: str) -> list[Member]:
    """Everybody in the project, by name."""
    return [_member(row) for row in tx.execute(_members(project).order_by(people.c.name, people.c.id))]


def member(tx: Connection, project: str, person_id: str) -> Member:
    """Raises NotFound, for somebody of another project as well."""
    row = tx.execute(_members(project).where(people.c.id == person_id)).one_or_none()
    if row is None:
        raise person_unknown(person_id)
    return _member(row)


def everybody(tx: Connection, project: str) -> list[Member]:
    """Everybody of the installation, by name, with their role in this project (empty: none)."""
    return [_member(row) for row in tx.execute(_members(project, outer=True).order_by(people.c.name, people.c.id))]


def anywhere(tx: Connection, project: str, person_id: str) -> Member:
    """As `member`, for somebody who need not be one. Raises NotFound."""
    row = tx.execute(_members(project, outer=True).where(people.c.id == person_id)).one_or_none()
    if row is None:
        raise person_unknown(person_id)
    return _member(row)


def set_role(tx: Connection, project: str, person_id: str, role: str, *, by: str, now_ms: int) -> Member:
    """Give a member, or a new one, this role; a change ends their sessions. Raises Conflict for the last admin."""
    check_role(role)
    get(tx, person_id)
    at = (memberships.c.project == project, memberships.c.person_id == person_id)
    before = tx.execute(select(memberships.c.role).where(*at)).scalar_one_or_none()
    if before is None:
        row = {"project": project, "person_id": person_id, "role": role, "added_by": by, "created_ms": now_ms}
        tx.execute(insert(memberships).values(row))
    elif before != role:
        if role != "admin":
            _keep_an_admin(tx, project, person_id)
        tx.execute(update(memberships).where(*at).values(role=role, added_by=by))
        sessions.end_all(tx, person_id, now_ms=now_ms)
    return member(tx, project, person_id)


def remove(tx: Connection, project: str, person_id: str, *, now_ms: int) -> Member:
    """End a membership and the person's sessions. Raises NotFound, or Conflict for the last admin."""
    gone = member(tx, project, person_id)
    _keep_an_admin(tx, project, person_id)
    tx.execute(delete(memberships).where(memberships.c.project == project, memberships.c.person_id == person_id))
    sessions.end_all(tx, person_id, now_ms=now_ms)
    return gone


def person_unknown(person_id: str) -> NotFound:
    """Nobody of that id here."""
    return NotFound("person_unknown", f"there is no person {person_id[:60]!r} here", hint="`volant person list`")


def _keep_an_admin(tx: Connection, project: str, leaving: str) -> None:
    query = (
        select(memberships.c.person_id)
        .join(people, people.c.id == memberships.c.person_id)
        .where(memberships.c.project == project, memberships.c.role == "admin", people.c.state == "active")
    )
    admins = set(tx.execute(query).scalars())
    if admins == {leaving}:
        raise Conflict(
            "last_admin",
            f"they are the only admin of the project {project!r}",
            where=project,
            hint="make somebody else an admin first",
        )


def _keep_an_installation_admin(tx: Connection, leaving: Person) -> None:
    if not leaving.installation_admin:
        return
    query = (
        select(func.count())
        .select_from(people)
        .where(people.c.installation_admin == 1, people.c.state == "active", people.c.id != leaving.id)
    )
    if tx.execute(query).scalar_one() == 0:
        raise Conflict(
            "last_admin",
            "they are the only admin of the installation",
            hint="make somebody else an installation admin first",
        )


def _people() -> Select[Any]:
    return select(
        people.c.id,
        people.c.email,
        people.c.name,
        people.c.installation_admin,
        people.c.state,
        people.c.last_login_ms,
        people.c.created_ms,
    )


def _members(project: str, *, outer: bool = False) -> Select[Any]:
    at = (memberships.c.person_id == people.c.id) & (memberships.c.project == project)
    return select(
        people.c.id,
        people.c.name,
        people.c.email,
        func.coalesce(memberships.c.role, "").label("role"),
        people.c.state,
        people.c.installation_admin,
        people.c.last_login_ms,
        func.coalesce(memberships.c.created_ms, 0).label("since_ms"),
        func.coalesce(memberships.c.added_by, "").label("added_by"),
    ).select_from(people.join(memberships, at, isouter=outer))


def _person(row: Row[Any]) -> Person:
    values = dict(row._mapping)
    return Person(**{**values, "installation_admin": bool(values["installation_admin"])})


def _member(row: Row[Any]) -> Member:
    values = dict(row._mapping)
    return Member(**{**values, "installation_admin": bool(values["installation_admin"])})
