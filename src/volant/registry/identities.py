"""Identities: accounts at OpenID providers, and whom they belong to here.

Knows claims that were already checked; knows neither tokens nor HTTP (`api.oidc` does). An account is its issuer and
`sub`. It becomes a person's at the first sign-in, by the e-mail that the provider vouches for: a person's own, an
invited one, or, where the settings give a role to strangers, a new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select

from volant.core.errors import Conflict, Forbidden
from volant.core.people_settings import OidcSettings
from volant.registry import invitations, people, projects
from volant.store.tables import person_identity


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of somebody, checked."""

    issuer: str
    subject: str
    email: str
    email_verified: bool
    name: str = ""
    others: dict[str, Any] = msgspec.field(default_factory=dict)  # for `role_claim`


def person_of(tx: Connection, provider: str, settings: OidcSettings, claims: Claims, *, now_ms: int) -> people.Person:
    """Who signs in with these claims, made and given their role if need be. Raises Forbidden, saying what lacks."""
    email = _allowed_email(settings, claims)
    person = find(tx, claims.issuer, claims.subject)
    if person is None:
        person = people.by_email(tx, email) or _newcomer(tx, settings, claims, email, now_ms)
        _link(tx, claims, person.id, now_ms=now_ms)
    if not person.active:
        raise Forbidden("person_disabled", "your account is disabled here", hint="ask an admin of the installation")
    for invited in invitations.all_open_for(tx, email, now_ms=now_ms) if person.email == email else ():
        invitations.use(tx, invited, now_ms=now_ms)
        with suppress(Conflict):  # the last admin stays one: an invitation to less must not keep them out
            people.set_role(tx, invited.project, person.id, invited.role, by=invited.invited_by, now_ms=now_ms)
        if invited.installation_admin:
            people.set_installation_admin(tx, person.id, yes=True, now_ms=now_ms)
    _follow_claim(tx, provider, settings, claims, person, now_ms)
    return people.get(tx, person.id)


def find(tx: Connection, issuer: str, subject: str) -> people.Person | None:
    """Whose account it is."""
    at = (person_identity.c.issuer == issuer, person_identity.c.identifier == subject)
    found = tx.execute(select(person_identity.c.person_id).where(*at)).scalar_one_or_none()
    return people.get(tx, found) if found else None


def role_in(settings: OidcSettings, claims: Claims) -> str:
    """The role that the provider's word gives; empty: none."""
    said = claims.others.get(settings.role_claim) if settings.role_claim else None
    values = (
        {str(one) for one in said} if isinstance(said, list | tuple) else {str(said)} if said is not None else set()
    )
    return next((role for value, role in settings.roles.items() if value in values), settings.default_role)


def _allowed_email(settings: OidcSettings, claims: Claims) -> str:
    if not claims.email_verified or not claims.email:
        raise Forbidden(
            "email_unverified",
            "the provider does not vouch for your e-mail",
            hint="confirm it there, or have the provider send email and email_verified",
        )
    email = people.clean_email(claims.email)
    domain = email.rpartition("@")[2]
    if settings.allowed_domains and domain not in {one.lower() for one in settings.allowed_domains}:
        raise Forbidden(
            "domain_refused", "your e-mail's domain may not sign in here", hint="ask an admin to invite you"
        )
    return email


def _newcomer(tx: Connection, settings: OidcSettings, claims: Claims, email: str, now_ms: int) -> people.Person:
    invited = invitations.all_open_for(tx, email, now_ms=now_ms)
    if not invited and not role_in(settings, claims):
        raise Forbidden("not_invited", "nobody invited you", hint="ask an admin of a project for an invitation")
    name = claims.name.strip() or email.partition("@")[0]
    return people.create(tx, email=email, name=name[:120], password_hash="", now_ms=now_ms)


def _link(tx: Connection, claims: Claims, person_id: str, *, now_ms: int) -> None:
    row: Mapping[str, Any] = {
        "issuer": claims.issuer,
        "identifier": claims.subject,
        "person_id": person_id,
        "created_ms": now_ms,
    }
    tx.execute(insert(person_identity).values(row))


def _follow_claim(
    tx: Connection, provider: str, settings: OidcSettings, claims: Claims, person: people.Person, now_ms: int
) -> None:
    """What the provider gave it changes and takes back; what a person gave stays."""
    role, by = role_in(settings, claims), f"oidc:{provider}"
    held = people.roles_of(tx, person.id).get(settings.project, "")
    if held == role or (held and people.member(tx, settings.project, person.id).added_by != by):
        return
    projects.get(tx, settings.project)
    try:
        if role:
            people.set_role(tx, settings.project, person.id, role, by=by, now_ms=now_ms)
        else:
            people.remove(tx, settings.project, person.id, now_ms=now_ms)
    except Conflict:
        return  # a project keeps its last admin until somebody else is one
