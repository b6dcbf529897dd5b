"""Auth: from a key to what it may do. Knows hashes of keys only; wrong and expired keys look alike."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from volant.core.errors import Forbidden, Unauthenticated
from volant.core.nouns import KeyGrant


def authenticate(key: str, keys: Mapping[str, KeyGrant], now_ms: int, scope: str = "inference") -> KeyGrant:
    """The grant of `key` in `keys` (by hex SHA-256). `admin` has every scope, as in the API.

    Raises Unauthenticated, or Forbidden without the scope.
    """
    if not key:
        raise Unauthenticated(
            "missing_key",
            "no API key was sent",
            hint="send it as `Authorization: Bearer ...` (make one: volant key create)",
        )
    grant = keys.get(hashlib.sha256(key.encode("utf-8", "replace")).hexdigest())
    if grant is None or (grant.expires_ms and grant.expires_ms <= now_ms):
        raise Unauthenticated(
            "invalid_key",
            f"the API key {_shown(key)} is not valid",
            hint="it is unknown, revoked or expired; make a new one: volant key create",
        )
    if scope not in grant.scopes and "admin" not in grant.scopes:
        raise Forbidden(
            "missing_scope",
            f"this key may not do this: it has no scope {scope!r}",
            hint=f"its scopes: {', '.join(grant.scopes) or 'none'}",
        )
    return grant


def _shown(key: str) -> str:
    """Enough to tell which key it was, not enough to use it."""
    return f"{key[:6]}..." if len(key) > 16 else "..."
