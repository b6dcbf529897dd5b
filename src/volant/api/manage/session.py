"""Session: sign in and out, by password, link or provider; one's own sessions and password.

The cookie is set here and nowhere else; its value is in no answer. OpenID Connect is next door (`oidc.py`).
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Body, Query, Request, Response

from volant.api import browser
from volant.api.access import IsOpen, IsSignedIn
from volant.api.paging import Listing
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.core.nouns import Noun
from volant.jobs.context import Context
from volant.registry import invitations, people, projects, sessions
from volant.registry.sign_in import Begun, SignIn, Where

router = APIRouter(prefix="/session", tags=["session"])


class Password(Noun, frozen=True, kw_only=True):
    """Who signs in."""

    email: str
    password: str


class Acceptance(Noun, frozen=True, kw_only=True):
    """Whoever uses a link."""

    token: str
    email: str
    password: str
    name: str = ""  # of somebody new


class NewPassword(Noun, frozen=True, kw_only=True):
    """The password that is, and the one that shall be."""

    old: str
    new: str


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """The person who is signed in."""

    id: str
    name: str
    email: str
    installation_admin: bool


class MyProject(msgspec.Struct, frozen=True, kw_only=True):
    """A project and what its caller may do there."""

    id: str
    name: str
    role: str
    permissions: list[str]


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in, where they work, and the token that every change must carry in `x-volant-csrf`."""

    person: Me
    projects: list[MyProject]
    csrf: str
    expires_ms: int


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """A way in by OpenID Connect."""

    name: str
    label: str


class Methods(msgspec.Struct, frozen=True, kw_only=True):
    """The ways in."""

    password: bool
    oidc: list[Provider]
    setup: bool  # nobody is here yet: the link that `volant up` prints makes the first person


class InvitationView(msgspec.Struct, frozen=True, kw_only=True):
    """What a link opens."""

    email: str  # empty: any
    role: str
    project: str
    expires_ms: int
    setup: bool


@router.get("/methods", summary="The ways to sign in here")
def methods(_open: IsOpen, context: Has) -> Annotated[Methods, AsJson]:
    settings = context.settings.people
    with context.db.read() as tx:
        empty = not people.anybody(tx)
    return Methods(
        password=settings.passwords,
        oidc=[Provider(name=name, label=one.label or name) for name, one in settings.oidc.items()],
        setup=empty and settings.passwords,
    )


@router.post("", summary="Sign in by e-mail and password")
def sign_in(
    body: Annotated[Password, AsJson, Body()], _open: IsOpen, request: Request, response: Response, context: Has
) -> Annotated[SessionView, AsJson]:
    return begun(context, request, response, ways_in(context).by_password(body.email, body.password, where(request)))


@router.get("", summary="Who is signed in, and the token for changes")
def current(signed: IsSignedIn, response: Response, context: Has) -> Annotated[SessionView, AsJson]:
    return _view(context, response, signed.person, signed.session, signed.token)


@router.delete("", status_code=204, summary="Sign out")
def sign_out(signed: IsSignedIn, request: Request, context: Has) -> Response:
    _end(context, signed.person.id, signed.session.id)
    response = Response(status_code=204)
    browser.drop_cookie(response, request, context.settings)
    return response


@router.put("/password", summary="Change one's password; every other session ends")
def change_password(
    body: Annotated[NewPassword, AsJson, Body()], signed: IsSignedIn, request: Request, response: Response, context: Has
) -> Annotated[SessionView, AsJson]:
    changed = ways_in(context).change_password(signed.person, body.old, body.new, where(request))
    return begun(context, request, response, changed)


@router.get("/all", summary="One's own live sessions, newest first")
def list_sessions(signed: IsSignedIn, context: Has) -> Annotated[Listing[sessions.LoginSession], AsJson]:
    idle = int(context.settings.people.session_idle_s * 1000)
    with context.db.read() as tx:
        return Listing(data=sessions.live_of(tx, signed.person.id, now_ms=context.clock.now_ms(), idle_ms=idle))


@router.delete("/{session_id}", status_code=204, summary="End one of one's own sessions")
def end_session(session_id: str, signed: IsSignedIn, context: Has) -> Response:
    _end(context, signed.person.id, session_id)
    return Response(status_code=204)


@router.get("/invitation", summary="What a link opens")
def invitation(
    _open: IsOpen, context: Has, token: Annotated[str, Query(max_length=200)]
) -> Annotated[InvitationView, AsJson]:
    with context.db.read() as tx:
        found = invitations.find(tx, token, now_ms=context.clock.now_ms())
    return InvitationView(
        email=found.email,
        role=found.role,
        project=found.project,
        expires_ms=found.expires_ms,
        setup=found.purpose == "setup",
    )


@router.post("/accept", summary="Use a link: become a member, the first person, or take a new password")
def accept(
    body: Annotated[Acceptance, AsJson, Body()], _open: IsOpen, request: Request, response: Response, context: Has
) -> Annotated[SessionView, AsJson]:
    accepted = ways_in(context).accept(body.token, body.name, body.email, body.password, where(request))
    return begun(context, request, response, accepted)


# ---------------------------------------------------------------- shared with oidc.py
def ways_in(context: Context) -> SignIn:
    """The ways in to this installation."""
    return SignIn(db=context.db, vault=context.vault, clock=context.clock, settings=context.settings.people)


def where(request: Request) -> Where:
    """The browser that asks."""
    return Where(address=browser.address_of(request), agent=request.headers.get("user-agent", ""))


def begun(context: Context, request: Request, response: Response, new: Begun) -> SessionView:
    """The answer to whoever just signed in, with their cookie."""
    browser.set_cookie(response, request, context.settings, new.token)
    return _view(context, response, new.person, new.session, new.token)


def my_projects(context: Context, person: people.Person) -> list[MyProject]:
    """Where the person may work: their memberships, oldest first; for installation admins every project."""
    with context.db.read() as tx:
        roles = people.roles_of(tx, person.id)
        if person.installation_admin:
            roles |= {one.id: "admin" for one in projects.list_all(tx)}
    return [
        MyProject(id=one, name=one, role=role, permissions=sorted(people.permissions_of(person, role)))
        for one, role in roles.items()
    ]


def _view(
    context: Context, response: Response, person: people.Person, session: sessions.LoginSession, token: str
) -> SessionView:
    response.headers["cache-control"] = "no-store"
    me = Me(id=person.id, name=person.name, email=person.email, installation_admin=person.installation_admin)
    mine = my_projects(context, person)
    return SessionView(person=me, projects=mine, csrf=sessions.csrf_of(token), expires_ms=session.expires_ms)


def _end(context: Context, person_id: str, session_id: str) -> None:
    with context.db.begin() as tx:
        sessions.end(tx, person_id, session_id, now_ms=context.clock.now_ms())
        context.audit(tx, "", person_id, "session.end", "person", person_id, session=session_id)
