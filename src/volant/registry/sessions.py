"""Sessions: signed-in browsers. The cookie is 32 random bytes; what is kept of it is its SHA-256.

The CSRF token is HMAC-SHA256 of a fixed word under the cookie's value: whoever holds the cookie can be told it again
after a reload, whoever does not cannot guess it, and another session's is another one.
Sources: OWASP Session Management and CSRF Prevention Cheat Sheets (HMAC-based token pattern), read November 2026.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from volant.core.accounts import DAY_MS
from volant.core.errors import NotFound
from volant.core.ids import new_id
from volant.store.tables import login_session
from volant.store.vault import key_digest

TOUCH_EVERY_MS = 60_000  # `seen_ms` is that exact: a write for every request would be dear
KEPT_MS = 30 * DAY_MS  # ended sessions are forgotten after that
_LONGEST_AGENT = 200


class LoginSession(msgspec.Struct, frozen=True, kw_only=True):
    """One signed-in browser as its owner may see it."""

    id: str
    person_id: str
    agent: str
    created_ms: int
    seen_ms: int
    expires_ms: int
    revoked_ms: int  # 0: not ended

    def usable(self, now_ms: int, idle_ms: int) -> bool:
        """Neither ended, nor too old, nor too long unused."""
        return not self.revoked_ms and now_ms < self.expires_ms and now_ms < self.seen_ms + idle_ms


def begin(tx: Connection, person_id: str, *, now_ms: int, lasts_ms: int, agent: str = "") -> tuple[LoginSession, str]:
    """A new session and its cookie's value. Always a fresh one: no value that a browser brought is taken over."""
    token = secrets.token_urlsafe(32)
    row = {
        "id": new_id("session", now_ms),
        "sha256": key_digest(token),
        "person_id": person_id,
        "agent": "".join(letter for letter in agent if letter.isprintable())[:_LONGEST_AGENT],
        "created_ms": now_ms,
        "seen_ms": now_ms,
        "expires_ms": now_ms + lasts_ms,
    }
    tx.execute(delete(login_session).where(login_session.c.expires_ms < now_ms - KEPT_MS))
    tx.execute(insert(login_session).values(row))
    return _session(tx.execute(_sessions().where(login_session.c.id == row["id"])).one()), token


def find(tx: Connection, token: str, *, now_ms: int, idle_ms: int) -> LoginSession | None:
    """The live session of a cookie's value."""
    row = tx.execute(_sessions().where(login_session.c.sha256 == key_digest(token))).one_or_none()
    session = _session(row) if row is not None else None
    return session if session is not None and session.usable(now_ms, idle_ms) else None


def touch(tx: Connection, session_id: str, *, now_ms: int) -> None:
    """It was used now. An ended one stays ended."""
    tx.execute(update(login_session).where(login_session.c.id == session_id).values(seen_ms=now_ms))


def csrf_of(token: str) -> str:
    """What every change by this session must carry in `x-volant-csrf`: 64 hex digits."""
    return hmac.digest(token.encode(), b"volant csrf", "sha256").hex()


def live_of(tx: Connection, person_id: str, *, now_ms: int, idle_ms: int) -> list[LoginSession]:
    """The person's live sessions, newest first."""
    query = _sessions().where(login_session.c.person_id == person_id).order_by(login_session.c.created_ms.desc())
    return [one for one in map(_session, tx.execute(query)) if one.usable(now_ms, idle_ms)]


def end(tx: Connection, person_id: str, session_id: str, *, now_ms: int) -> None:
    """End one session of this person. Raises NotFound, for somebody else's too."""
    at = (login_session.c.id == session_id, login_session.c.person_id == person_id)
    changed = tx.execute(update(login_session).where(*at, login_session.c.revoked_ms == 0).values(revoked_ms=now_ms))
    if changed.rowcount == 0:
        raise NotFound("session_unknown", f"you have no session {session_id[:60]!r}", hint="GET /api/v1/session/all")


def end_all(tx: Connection, person_id: str, *, now_ms: int) -> int:
    """End every session of the person; gives how many."""
    at = (login_session.c.person_id == person_id, login_session.c.revoked_ms == 0)
    return int(tx.execute(update(login_session).where(*at).values(revoked_ms=now_ms)).rowcount)


def _sessions() -> Select[Any]:
    return select(*(column for column in login_session.c if column.name != "sha256"))


def _session(row: Row[Any]) -> LoginSession:
    return LoginSession(**row._mapping)
