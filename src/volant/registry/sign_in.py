"""Sign in: how a session begins: by password, by a link, by an OpenID provider; and how a password is changed.

Every way ends in a fresh session. A wrong password and an unknown e-mail get the same answer after the same work.
Hashing stands between transactions, never in one. Knows no HTTP.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from volant.core.clock import Clock
from volant.core.errors import BadInput, Forbidden, Unauthenticated, Unavailable
from volant.core.people_settings import OidcSettings, PeopleSettings
from volant.registry import audit, identities, invitations, passwords, people, sessions, throttle
from volant.store.database import Database
from volant.store.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Somebody who just signed in."""

    person: people.Person
    session: sessions.LoginSession
    token: str  # the cookie's value


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The browser that asks."""

    address: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One installation's ways in."""

    db: Database
    vault: Vault
    clock: Clock
    settings: PeopleSettings

    def by_password(self, email: str, password: str, where: Where) -> Begun:
        """Raises Unauthenticated, or LimitReached when there were too many tries."""
        self._need_passwords()
        with self.db.read() as tx:
            person = people.by_email(tx, email)
        hashed = self._check(person, email, password, where)
        if person is None or not person.active or not hashed:
            raise wrong_password()
        fresh = passwords.hash_of(password) if passwords.outdated(hashed) else ""
        with self.db.begin() as tx:
            if fresh:
                people.rehash(tx, person.id, hashed, fresh)
            return self._begin(tx, person.id, where, by="password")

    def accept(self, token: str, name: str, email: str, password: str, where: Where) -> Begun:
        """Use a link: become a member, the first person, or take a new password. Raises NotFound for a dead link."""
        self._need_passwords()
        with self.db.read() as tx:
            found = invitations.find(tx, token, now_ms=self.clock.now_ms())
            email = people.clean_email(email)
            if found.email and found.email != email:
                raise BadInput("other_email", "the link was made for another e-mail", where="email")
            person = people.by_email(tx, email)
        if person is not None and found.purpose == "join":
            return self._join(found, person, password, where)
        passwords.check(password, email=email, name=person.name if person else name)
        hashed = passwords.hash_of(password)
        with self.db.begin() as tx:
            now = self.clock.now_ms()
            invitations.use(tx, found, now_ms=now)
            if found.purpose == "reset":
                if person is None or not person.active:
                    raise invitations_over()
                self._new_password(tx, person, hashed)
            else:
                person = self._newcomer(tx, found, name, email, hashed)
            return self._begin(tx, person.id, where, by=f"invitation.{found.purpose}", project=found.project)

    def change_password(self, begun: people.Person, old: str, new: str, where: Where) -> Begun:
        """A new password by somebody signed in: every session ends, a fresh one begins. Raises Forbidden."""
        with self.db.read() as tx:
            hashed = people.password_hash(tx, begun.id)
        bucket = throttle.email_bucket(self.vault, f"change {begun.id}")  # not the one that strangers can fill
        with self.db.begin() as tx:
            throttle.count(tx, self.db, [bucket], now_ms=self.clock.now_ms())
        if not self._matches(hashed, old, [bucket]):
            raise Forbidden("wrong_password", "the old password is not right", where="old")
        with self.db.begin() as tx:  # at once: a new one that is too weak is no wrong password
            throttle.forgive(tx, bucket)
        passwords.check(new, email=begun.email, name=begun.name)
        fresh = passwords.hash_of(new)
        with self.db.begin() as tx:
            self._new_password(tx, begun, fresh)
            return self._begin(tx, begun.id, where, by="password")

    def by_identity(self, provider: str, settings: OidcSettings, claims: identities.Claims, where: Where) -> Begun:
        """Claims that were checked. Raises Forbidden when they open nothing here."""
        with self.db.begin() as tx:
            person = identities.person_of(tx, provider, settings, claims, now_ms=self.clock.now_ms())
            return self._begin(tx, person.id, where, by=f"oidc.{provider}")

    # ------------------------------------------------------------ inside
    def _check(self, person: people.Person | None, email: str, password: str, where: Where) -> str:
        """The person's hash when the password is right, else empty; counted against e-mail and address."""
        by_email = throttle.email_bucket(self.vault, email)
        by_address = throttle.address_bucket(self.vault, where.address)
        with self.db.begin() as tx:
            now = self.clock.now_ms()
            locked = throttle.count(tx, self.db, [by_email, by_address], now_ms=now)
            hashed = people.password_hash(tx, person.id) if person else ""
        if not self._matches(hashed, password, [by_email, by_address]):
            if locked and person is not None:
                with self.db.begin() as tx:
                    self._note(tx, "", "", "session.lock", person.id)
            return ""
        with self.db.begin() as tx:
            throttle.forgive(tx, by_email, by_address)
        return hashed

    def _matches(self, hashed: str, password: str, counted: Sequence[throttle.Bucket]) -> bool:
        """Whether it is the password. Raises Unavailable when too many ask at once: nobody's wrong password."""
        try:
            return passwords.matches(hashed, password)
        except Unavailable:
            with self.db.begin() as tx:
                throttle.uncount(tx, counted)
            raise

    def _join(self, found: invitations.Invitation, person: people.Person, password: str, where: Where) -> Begun:
        """Somebody who is here already becomes a member, by the password that they have."""
        hashed = self._check(person, person.email, password, where)
        if not hashed or not person.active:
            raise Unauthenticated(
                "wrong_password",
                "somebody with this e-mail is here already, and this is not their password",
                where="password",
                hint="give the password that you have, or sign in by your provider: the invitation is taken up then",
            )
        with self.db.begin() as tx:
            now = self.clock.now_ms()
            invitations.use(tx, found, now_ms=now)
            people.set_role(tx, found.project, person.id, found.role, by=found.invited_by, now_ms=now)
            if found.installation_admin:
                people.set_installation_admin(tx, person.id, yes=True, now_ms=now)
            return self._begin(tx, person.id, where, by="invitation.join", project=found.project)

    def _newcomer(
        self, tx: Connection, found: invitations.Invitation, name: str, email: str, hashed: str
    ) -> people.Person:
        now = self.clock.now_ms()
        if found.purpose == "setup" and people.anybody(tx):
            raise invitations_over()
        person = people.create(
            tx, email=email, name=name, password_hash=hashed, now_ms=now, installation_admin=found.installation_admin
        )
        people.set_role(tx, found.project, person.id, found.role, by=found.invited_by or person.id, now_ms=now)
        return person

    def _new_password(self, tx: Connection, person: people.Person, hashed: str) -> None:
        now = self.clock.now_ms()
        people.set_password_hash(tx, person.id, hashed, now_ms=now)
        sessions.end_all(tx, person.id, now_ms=now)
        invitations.end_resets(tx, person.email, now_ms=now)
        throttle.forgive(tx, throttle.email_bucket(self.vault, person.email))
        self._note(tx, "", person.id, "password.change", person.id)

    def _begin(self, tx: Connection, person_id: str, where: Where, *, by: str, project: str = "") -> Begun:
        now = self.clock.now_ms()
        lasts = int(self.settings.session_lasts_s * 1000)
        session, token = sessions.begin(tx, person_id, now_ms=now, lasts_ms=lasts, agent=where.agent)
        people.note_login(tx, person_id, now_ms=now)
        person = people.get(tx, person_id)
        self._note(tx, project, person_id, "session.begin", person_id, by=by, session=session.id)
        return Begun(person=person, session=session, token=token)

    def _note(self, tx: Connection, project: str, actor: str, action: str, person_id: str, **detail: str) -> None:
        audit.append(
            tx, self.vault, project=project, actor=actor, action=action, object_kind="person", object_id=person_id,
            detail=detail, now_ms=self.clock.now_ms(),
        )  # fmt: skip

    def _need_passwords(self) -> None:
        if not self.settings.passwords:
            raise Forbidden(
                "passwords_off", "people sign in by their provider here", hint="GET /api/v1/session/methods"
            )


def wrong_password() -> Unauthenticated:
    """One answer for an unknown e-mail, a wrong password and a disabled person."""
    return Unauthenticated(
        "wrong_sign_in", "e-mail or password is wrong", where="session", hint="`volant person reset-password` mends it"
    )


def invitations_over() -> Unauthenticated:
    """What the link was for came to pass otherwise."""
    return Unauthenticated("invitation_pointless", "this link has nothing to open any more", where="token")
