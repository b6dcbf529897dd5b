"""People: the members of the caller's project, their roles, and invitations.

An admin of a project sees and changes who works in it. What reaches beyond a project (a new password, disabling, the
installation's admins) is for the installation's admins: the root key and people so marked.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Body, Query, Request
from sqlalchemy import Connection

from volant.api import browser
from volant.api.access import Caller, ManagesPeople
from volant.api.paging import Listing
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.trail import did
from volant.core.errors import Forbidden
from volant.core.nouns import Noun
from volant.jobs.context import Context
from volant.registry import invitations, people, throttle

router = APIRouter(tags=["people"])


class PersonChange(Noun, frozen=True, kw_only=True):
    """What to change; what is left out stays."""

    role: str | None = None  # in this project
    active: bool | None = None  # false: may not sign in anywhere (installation admins only)
    installation_admin: bool | None = None  # (installation admins only)


class NewInvitation(Noun, frozen=True, kw_only=True):
    """Whom to invite, as what."""

    email: str
    role: str
    installation_admin: bool = False  # (installation admins only)


class MemberView(msgspec.Struct, frozen=True, kw_only=True):
    """A member of the project."""

    id: str
    name: str
    email: str
    role: str  # empty: none in this project
    state: str  # active, locked or disabled
    installation_admin: bool
    last_login_ms: int  # 0: never
    since_ms: int


class InvitationRow(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation as admins see it: never the link."""

    id: str
    email: str
    role: str
    purpose: str  # join, setup or reset
    state: str  # open, accepted, revoked or expired
    invited_by: str
    created_ms: int
    expires_ms: int


class MadeInvitation(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation and its link, shown this once."""

    invitation: InvitationRow
    link: str


class SetupLink(msgspec.Struct, frozen=True, kw_only=True):
    """The first person's link."""

    link: str  # empty: somebody is here, or nobody can come by password


@router.get("/people", summary="The members of the project")
def list_people(
    caller: ManagesPeople,
    context: Has,
    everywhere: Annotated[bool, Query(description="Everybody of the installation (its admins only).")] = False,
) -> Annotated[Listing[MemberView], AsJson]:
    if everywhere:
        need_installation_admin(caller)
    with context.db.read() as tx:
        found = people.everybody(tx, caller.project) if everywhere else people.members(tx, caller.project)
        now = context.clock.now_ms()
        locked = {
            one.id: throttle.locked_until(tx, throttle.email_bucket(context.vault, one.email)) > now for one in found
        }
    return Listing(data=[_member(one, locked[one.id]) for one in found])


@router.put("/people/{person_id}", summary="Give a member another role; disable somebody; their sessions end")
def change_person(
    person_id: str, body: Annotated[PersonChange, AsJson, Body()], caller: ManagesPeople, context: Has
) -> Annotated[MemberView, AsJson]:
    if body.active is not None or body.installation_admin is not None:
        need_installation_admin(caller)
    now = context.clock.now_ms()
    with context.db.begin() as tx:
        _found(tx, caller, person_id)
        if body.role is not None:
            people.set_role(tx, caller.project, person_id, body.role, by=caller.actor, now_ms=now)
        if body.active is not None:
            people.set_state(tx, person_id, active=body.active, now_ms=now)
        if body.installation_admin is not None:
            people.set_installation_admin(tx, person_id, yes=body.installation_admin, now_ms=now)
        changed = _found(tx, caller, person_id)
        action = "person.state" if body.role is None else "person.role"
        did(tx, context, caller, action, "person", person_id, **_given(body))
    return _member(changed, locked=False)


@router.delete("/people/{person_id}", summary="End somebody's membership, and their sessions")
def remove_person(person_id: str, caller: ManagesPeople, context: Has) -> Annotated[MemberView, AsJson]:
    with context.db.begin() as tx:
        now = context.clock.now_ms()
        gone = people.remove(tx, caller.project, person_id, now_ms=now)
        invitations.end_joins(tx, caller.project, gone.email, now_ms=now)
        did(tx, context, caller, "person.remove", "person", person_id)
    return _member(gone, locked=False)


@router.post("/people/{person_id}/unlock", summary="End the wait after too many wrong passwords")
def unlock(person_id: str, caller: ManagesPeople, context: Has) -> Annotated[MemberView, AsJson]:
    with context.db.begin() as tx:
        found = _found(tx, caller, person_id)
        throttle.forgive(tx, throttle.email_bucket(context.vault, found.email))
        did(tx, context, caller, "person.unlock", "person", person_id)
    return _member(found, locked=False)


@router.post("/people/{person_id}/reset-password", status_code=201, summary="A link by which they take a new password")
def reset_password(
    person_id: str, caller: ManagesPeople, context: Has, request: Request
) -> Annotated[MadeInvitation, AsJson]:
    need_installation_admin(caller)  # the account may reach into projects that are not the caller's
    with context.db.begin() as tx:
        found = _found(tx, caller, person_id)
        made = _make(tx, context, caller, request, email=found.email, role=found.role or "viewer", purpose="reset")
        did(tx, context, caller, "password.reset", "person", person_id, invitation=made.invitation.id)
    return made


@router.get("/invitations", summary="The project's invitations, newest first")
def list_invitations(caller: ManagesPeople, context: Has) -> Annotated[Listing[InvitationRow], AsJson]:
    with context.db.read() as tx:
        found = invitations.list_all(tx, caller.project)
    return Listing(data=[_row(one, context) for one in found])


@router.post("/invitations", status_code=201, summary="Invite somebody; the link is shown this once")
def invite(
    body: Annotated[NewInvitation, AsJson, Body()], caller: ManagesPeople, context: Has, request: Request
) -> Annotated[MadeInvitation, AsJson]:
    if body.installation_admin:
        need_installation_admin(caller)
    with context.db.begin() as tx:
        made = _make(
            tx, context, caller, request, email=body.email, role=body.role, installation_admin=body.installation_admin
        )
        did(tx, context, caller, "person.invite", "invitation", made.invitation.id, role=body.role)
    return made


@router.get("/invitations/setup", summary="The first person's link, while nobody is here")
def setup_link(caller: ManagesPeople, context: Has, request: Request) -> Annotated[SetupLink, AsJson]:
    need_installation_admin(caller)
    with context.db.read() as tx:
        token = invitations.setup_token(tx, context.vault, now_ms=context.clock.now_ms())
    return SetupLink(link=_link(request, context, token) if token else "")


@router.delete("/invitations/{invitation_id}", summary="End an invitation")
def uninvite(invitation_id: str, caller: ManagesPeople, context: Has) -> Annotated[InvitationRow, AsJson]:
    with context.db.begin() as tx:
        gone = invitations.revoke(tx, caller.project, invitation_id, now_ms=context.clock.now_ms())
        did(tx, context, caller, "person.uninvite", "invitation", gone.id)
    return _row(gone, context)


def need_installation_admin(caller: Caller) -> None:
    """Raises Forbidden for whoever answers for a project only."""
    if not caller.installation_admin:
        raise Forbidden(
            "not_installation_admin",
            "this reaches beyond your project: it is for admins of the installation",
            hint="use the root key (DATA/root.key), or ask an installation admin",
        )


def _make(
    tx: Connection,
    context: Context,
    caller: Caller,
    request: Request,
    *,
    email: str,
    role: str,
    purpose: invitations.Purpose = "join",
    installation_admin: bool = False,
) -> MadeInvitation:
    made, token = invitations.make(
        tx,
        caller.project,
        email=email,
        role=role,
        by=caller.actor,
        now_ms=context.clock.now_ms(),
        lasts_ms=int(context.settings.people.invitation_lasts_s * 1000),
        purpose=purpose,
        installation_admin=installation_admin,
    )
    return MadeInvitation(invitation=_row(made, context), link=_link(request, context, token))


def _found(tx: Connection, caller: Caller, person_id: str) -> people.Member:
    """A member of the caller's project; for installation admins anybody. Raises NotFound."""
    if caller.installation_admin:
        return people.anywhere(tx, caller.project, person_id)
    return people.member(tx, caller.project, person_id)


def _link(request: Request, context: Context, token: str) -> str:
    return f"{browser.origin_of(request, context.settings)}/invite/{token}"


def _row(one: invitations.Invitation, context: Context) -> InvitationRow:
    return InvitationRow(
        id=one.id,
        email=one.email,
        role=one.role,
        purpose=one.purpose,
        state=one.state(context.clock.now_ms()),
        invited_by=one.invited_by,
        created_ms=one.created_ms,
        expires_ms=one.expires_ms,
    )


def _member(one: people.Member, locked: bool) -> MemberView:
    return MemberView(
        id=one.id,
        name=one.name,
        email=one.email,
        role=one.role,
        state="locked" if locked and one.state == "active" else one.state,
        installation_admin=one.installation_admin,
        last_login_ms=one.last_login_ms,
        since_ms=one.since_ms,
    )


def _given(body: PersonChange) -> dict[str, str | bool]:
    return {name: value for name, value in msgspec.to_builtins(body).items() if value is not None}
