"""Access: who calls, and may they. Every route declares a permission; nothing answers without one but what is open.

Programs send a key: `Authorization: Bearer`, `x-api-key`, `x-goog-api-key`, `api-key` or `?key=`, as SDKs do.
Its project is the caller's. People send their session's cookie, and `x-volant-project` (or `?project=` where a GET
cannot carry a header) to say which of their projects they mean. No route takes a project from anywhere else.
A key wins over a cookie. What a caller may do is looked up with every request: a role taken away is gone at once.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import Connection

from volant.api import browser
from volant.api.services import _services
from volant.core.errors import Forbidden, NotFound, Unauthenticated
from volant.core.permissions import ROLES, Permission, of_scopes
from volant.jobs.context import Context
from volant.registry import keys, people, projects, sessions

PROJECT = "x-volant-project"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An authenticated key or person, and the project that they work in."""

    project: str
    permissions: frozenset[Permission]
    key: keys.ApiKey | None = None
    person: people.Person | None = None
    role: str = ""  # the person's, in this project

    @property
    def actor(self) -> str:
        """`key_…` or `usr_…`: as it stands in audit rows."""
        return self.person.id if self.person else self.key.id if self.key else ""

    @property
    def name(self) -> str:
        """As people read it, e.g. in reviews: `Ada (usr_…)`."""
        if self.person:
            return f"{self.person.name or 'person'} ({self.person.id})"
        return f"{self.key.name or 'key'} ({self.key.id})" if self.key else ""

    @property
    def installation_admin(self) -> bool:
        """May make projects and mend everybody's access: the root key, or a person so marked."""
        return bool(self.person and self.person.installation_admin) or bool(self.key and self.key.installation_admin)

    @property
    def tasks(self) -> frozenset[str]:
        """The tasks that they may call; empty: all."""
        return frozenset(self.key.tasks) if self.key else frozenset()

    @property
    def operations(self) -> frozenset[str]:
        """Of the gateway, those that they may ask for; empty: all."""
        return frozenset(self.key.operations) if self.key else frozenset()

    @property
    def direct(self) -> bool:
        """May ask for a deployment or provider/model. People may, and whoever may do everything."""
        return self.key is None or self.key.direct or self.key.installation_admin


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A person by their session's cookie, whatever they may do."""

    person: people.Person
    session: sessions.LoginSession
    token: str  # the cookie's value, for the CSRF token


class Needs:
    """A dependency that lets a caller with the permission pass, and with `also` where two are needed."""

    def __init__(self, permission: Permission, *, also: Permission | None = None) -> None:
        self.permission: Permission = permission
        self.also = also

    def __call__(self, request: Request) -> Caller:
        """Raises Unauthenticated, Forbidden, or NotFound for a project that is not theirs."""
        caller = caller_of(request)
        for needed in (self.permission, self.also):
            if needed and needed not in caller.permissions:
                raise _lacks(caller, needed)
        request.state.caller = caller
        return caller


class Signed:
    """A dependency that lets any signed-in person pass: for their own session and password."""

    def __call__(self, request: Request) -> SignedIn:
        """Raises Unauthenticated or Forbidden."""
        return _signed_in(request, _services(request).context)


class Open:
    """A dependency that says in so many words that anybody may ask. Other sites' pages may not."""

    def __call__(self, request: Request) -> None:
        """Raises Forbidden."""
        if request.method not in browser.SAFE:
            browser.check_origin(request)


class Internal:
    """A dependency for what only processes of this data directory may ask."""

    def __call__(self, request: Request) -> None:
        """Raises Unauthenticated."""
        token = _services(request).context.vault.internal_token
        if not hmac.compare_digest(request.headers.get("x-volant-internal", "").encode(), token.encode()):
            raise Unauthenticated("internal_only", "only the gateways of this data directory may ask this")


def caller_of(request: Request) -> Caller:
    """The caller, whatever they may do: also for a long answer to ask again whether it may go on.

    Raises Unauthenticated, NotFound, or Forbidden for a change without its CSRF token.
    """
    context = _services(request).context
    clear = _sent_key(request)
    if not clear and browser.cookie_of(request):
        person = _signed_in(request, context).person
        with context.db.read() as tx:
            return _person_caller(tx, person, _wanted_project(request))
    with context.db.read() as tx:
        key = keys.authenticate(tx, clear or clear_key(request), now_ms=context.clock.now_ms())
        return _key_caller(tx, key, _wanted_project(request))


def clear_key(request: Request) -> str:
    """The key as the caller sent it. Raises Unauthenticated when there is none."""
    found = _sent_key(request)
    if not found:
        raise Unauthenticated(
            "key_missing",
            "the request has no API key",
            where="Authorization",
            hint="send `Authorization: Bearer KEY`; the root key stands in DATA/root.key",
        )
    return found


def permission_of(dependant: Any) -> str | None:
    """What a route declares: a permission, "internal", "signed in" or "open"; None when nothing."""
    for part in dependant.dependencies:
        if isinstance(part.call, Needs):
            return part.call.permission
        for kind, word in ((Internal, "internal"), (Signed, "signed in"), (Open, "open")):
            if isinstance(part.call, kind):
                return word
        found = permission_of(part)
        if found is not None:
            return found
    return None


def also_needed(dependant: Any) -> Permission | None:
    """The second permission that a route declares; None when one is enough."""
    needs = [part.call for part in dependant.dependencies if isinstance(part.call, Needs)]
    return needs[0].also if needs else None


# ---------------------------------------------------------------- inside
def _sent_key(request: Request) -> str:
    authorization = request.headers.get("authorization", "")
    scheme, _, bearer = authorization.partition(" ")
    return (
        (bearer.strip() if scheme.lower() == "bearer" else "")
        or request.headers.get("x-api-key", "")
        or request.headers.get("x-goog-api-key", "")
        or request.headers.get("api-key", "")
        or request.query_params.get("key", "")
    )


def _wanted_project(request: Request) -> str:
    wanted = request.headers.get(PROJECT, "")
    return wanted or (request.query_params.get("project", "") if request.method == "GET" else "")


def _signed_in(request: Request, context: Context) -> SignedIn:
    token, now = browser.cookie_of(request), context.clock.now_ms()
    idle_ms = int(context.settings.people.session_idle_s * 1000)
    with context.db.read() as tx:
        session = sessions.find(tx, token, now_ms=now, idle_ms=idle_ms) if token else None
        person = people.get(tx, session.person_id) if session else None
    if session is None or person is None or not person.active:
        raise Unauthenticated(
            "session_missing", "you are not signed in, or your session ended", where=browser.COOKIE, hint="sign in"
        )
    if request.method not in browser.SAFE:
        browser.check_change(request, token)
    listening = "text/event-stream" in request.headers.get("accept", "")  # an open page by itself is no use of it
    if now - session.seen_ms > sessions.TOUCH_EVERY_MS and not listening:
        with context.db.begin() as tx:
            sessions.touch(tx, session.id, now_ms=now)
    return SignedIn(person=person, session=session, token=token)


def _person_caller(tx: Connection, person: people.Person, wanted: str) -> Caller:
    roles = people.roles_of(tx, person.id)
    project = wanted or next(iter(roles), "")
    if person.installation_admin:
        project = projects.get(tx, project or projects.DEFAULT).id
        role = "admin"
    elif not project:
        raise Forbidden("no_project", "you are a member of no project", hint="ask an admin to invite you")
    elif project not in roles:
        raise _not_yours(project)
    else:
        role = roles[project]
    return Caller(project=project, permissions=people.permissions_of(person, role), person=person, role=role)


def _key_caller(tx: Connection, key: keys.ApiKey, wanted: str) -> Caller:
    project = key.project
    if wanted and wanted != project:
        if not key.installation_admin:
            raise _not_yours(wanted)
        project = projects.get(tx, wanted).id
    return Caller(project=project, permissions=of_scopes(key.scopes), key=key)


def _not_yours(project: str) -> NotFound:
    """The same words whether the project exists or not."""
    return NotFound("project_unknown", f"there is no project {project[:60]!r}", hint="GET /api/v1/projects lists yours")


def _lacks(caller: Caller, permission: Permission) -> Forbidden:
    if caller.key is not None:
        return keys.lacks(caller.key, permission)
    able = ", ".join(role for role, given in ROLES.items() if permission in given)
    return Forbidden(
        "role_lacks",
        f"the role {caller.role!r} in the project {caller.project!r} does not give {permission!r}",
        where=caller.project,
        hint=f"ask an admin of the project; these roles give it: {able}",
    )


IsOpen = Annotated[None, Depends(Open())]
IsSignedIn = Annotated[SignedIn, Depends(Signed())]
Infers = Annotated[Caller, Depends(Needs("inference"))]
GivesFeedback = Annotated[Caller, Depends(Needs("feedback"))]
Reads = Annotated[Caller, Depends(Needs("read"))]
ReadsContent = Annotated[Caller, Depends(Needs("content"))]
Configures = Annotated[Caller, Depends(Needs("configure"))]
ManagesData = Annotated[Caller, Depends(Needs("data"))]
ManagesContent = Annotated[Caller, Depends(Needs("data", also="content"))]
Trains = Annotated[Caller, Depends(Needs("train"))]
Evaluates = Annotated[Caller, Depends(Needs("evaluate"))]
Reviews = Annotated[Caller, Depends(Needs("review"))]
Releases = Annotated[Caller, Depends(Needs("release"))]
Operates = Annotated[Caller, Depends(Needs("operate"))]
ManagesKeys = Annotated[Caller, Depends(Needs("keys"))]
Erases = Annotated[Caller, Depends(Needs("erase"))]
ReadsAudit = Annotated[Caller, Depends(Needs("audit"))]
ManagesPeople = Annotated[Caller, Depends(Needs("people"))]
