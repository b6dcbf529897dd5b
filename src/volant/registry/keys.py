"""Keys: API keys with scopes. A key is shown once; what is kept is its SHA-256.

A key is `vk_` and 43 characters of base 62 (32 random bytes), so a plain hash is enough: there is nothing to guess.
"""

from __future__ import annotations

import os
from collections.abc import Sequence, Set

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select, update

from volant.core.accounts import DAY_MS
from volant.core.deployment_rules import wrong_limits
from volant.core.errors import BadInput, Conflict, Forbidden, NotFound, Unauthenticated
from volant.core.ids import new_id
from volant.core.nouns import KeyGrant, Limits
from volant.core.permissions import SCOPES as SCOPE_PERMISSIONS
from volant.core.permissions import Permission, of_scopes
from volant.registry import revision
from volant.store.tables import api_key as api_keys
from volant.store.vault import key_digest

SCOPES = tuple(SCOPE_PERMISSIONS)
OPERATIONS = ("chat", "embeddings", "count_tokens", "moderations", "models")
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SHORT_LIVED = "playground of "  # how the names of keys begin that a page makes for itself
SHORT_LIVED_KEPT_MS = 7 * DAY_MS  # after their end, so that traces still say whose they were
_PREFIX = "vk_"
_LENGTH = 43  # ceil(256 / log2(62))


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as everyone may see it: never the key itself."""

    id: str
    project: str
    name: str
    sha256: str
    prefix: str  # the first characters, to tell keys apart
    scopes: tuple[str, ...]
    tasks: tuple[str, ...]  # empty: all
    requests_per_minute: int  # of `limits`, 0: no limit
    usd_per_day: float  # of `limits`, 0: no budget
    expires_ms: int  # 0: never
    revoked_ms: int  # 0: not revoked
    created_ms: int
    installation_admin: bool = False  # the root key: may choose any project
    limits: Limits = Limits()
    operations: tuple[str, ...] = ()  # empty: all
    direct: bool = False  # may ask for a deployment or provider/model
    account: str = ""  # whom its use counts for: the first key of those that came in each other's place

    def usable(self, now_ms: int) -> bool:
        """Neither revoked nor expired."""
        return not (self.revoked_ms and self.revoked_ms <= now_ms) and not (
            self.expires_ms and self.expires_ms <= now_ms
        )


def new_clear_key() -> str:
    """A fresh key in clear."""
    number = int.from_bytes(os.urandom(32), "big")
    digits = []
    for _ in range(_LENGTH):
        number, rest = divmod(number, 62)
        digits.append(_DIGITS[rest])
    return _PREFIX + "".join(digits)


def create_key(
    tx: Connection,
    project: str,
    *,
    name: str,
    scopes: Sequence[str],
    now_ms: int,
    tasks: Sequence[str] = (),
    limits: Limits | None = None,
    operations: Sequence[str] = (),
    direct: bool = False,
    expires_ms: int = 0,
    clear: str = "",
    installation_admin: bool = False,
    account: str = "",
) -> tuple[ApiKey, str]:
    """A new key and its clear text, which is shown this once.

    `clear` may be given (the root key, which is written to its file first), and `account`, whose budgets it shares.
    Raises BadInput for a scope nobody knows.
    """
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise BadInput(
            "bad_scope",
            f"there is no scope {unknown[0][:40]!r}" if unknown else "a key needs at least one scope",
            where="scopes",
            hint=f"choose from {', '.join(SCOPES)}",
        )
    limits = limits or Limits()
    check_limits(limits, where="limits")
    check_operations(operations)
    clear = clear or new_clear_key()
    made = new_id("key", now_ms)
    row = {
        "id": made,
        "account": account or made,
        "project": project,
        "name": name,
        "sha256": key_digest(clear),
        "prefix": clear[: len(_PREFIX) + 6],
        "scopes": msgspec.json.encode(list(scopes)).decode(),
        "tasks": msgspec.json.encode(list(tasks)).decode(),
        "limits": _stored(limits),
        "operations": msgspec.json.encode(list(operations)).decode(),
        "direct": int(direct),
        "expires_ms": expires_ms,
        "created_ms": now_ms,
        "installation_admin": int(installation_admin),
    }
    tx.execute(insert(api_keys).values(row))
    revision.bump(tx)
    return get_key(tx, project, made), clear


def change(
    tx: Connection,
    project: str,
    key_id: str,
    *,
    limits: Limits | None = None,
    operations: Sequence[str] | None = None,
    direct: bool | None = None,
) -> ApiKey:
    """Other limits, operations or reach from now on; None leaves them. Limits are of the account: a key in its grace
    that this one replaces has them too. Raises NotFound, BadInput, Conflict for a revoked key."""
    found = get_key(tx, project, key_id)
    if found.revoked_ms:
        raise Conflict("key_revoked", f"the key {key_id} is revoked", where="key", hint="create a new key")
    values: dict[str, object] = {}
    if limits is not None:
        check_limits(limits, where="limits")
        shared = (api_keys.c.account == found.account, api_keys.c.project == project)
        tx.execute(update(api_keys).where(*shared).values(limits=_stored(limits)))
    if operations is not None:
        check_operations(operations)
        values["operations"] = msgspec.json.encode(list(operations)).decode()
    if direct is not None:
        values["direct"] = int(direct)
    if values:
        tx.execute(update(api_keys).where(api_keys.c.id == key_id).values(**values))
    if values or limits is not None:
        revision.bump(tx)
    return get_key(tx, project, key_id)


def check_limits(limits: Limits, *, where: str) -> None:
    """Raises BadInput for a ceiling that cannot be one."""
    for name, words in wrong_limits(limits):
        raise BadInput("bad_limit", f"{name} {words}", where=where, hint="0 means no limit")


def check_operations(operations: Sequence[str]) -> None:
    """Raises BadInput for an operation that no gateway has."""
    unknown = [name for name in operations if name not in OPERATIONS]
    if unknown:
        raise BadInput(
            "bad_operation",
            f"there is no operation {unknown[0][:40]!r}",
            where="operations",
            hint=f"choose from {', '.join(OPERATIONS)}",
        )


def _stored(limits: Limits) -> str:
    """Only what is limited."""
    given = {name: value for name, value in msgspec.structs.asdict(limits).items() if value}
    return msgspec.json.encode(given).decode()


def authenticate(tx: Connection, clear: str, *, now_ms: int) -> ApiKey:
    """The key behind a clear text. Raises Unauthenticated for one that is unknown, expired or revoked."""
    row = tx.execute(select(api_keys).where(api_keys.c.sha256 == key_digest(clear))).one_or_none()
    key = _key(row) if row is not None else None
    if key is None or not key.usable(now_ms):
        why = "nobody knows this key" if key is None else ("it was revoked" if key.revoked_ms else "it expired")
        raise Unauthenticated(
            "key_unknown",
            f"the API key is not valid: {why}",
            where="Authorization",
            hint="`volant key create` makes one; the root key stands in DATA/root.key",
        )
    return key


def require(key: ApiKey, permission: Permission) -> None:
    """Raises Forbidden when no scope of the key gives the permission; `admin` gives every one."""
    if permission not in of_scopes(key.scopes):
        raise lacks(key, permission)


def require_no_more(scopes: Sequence[str], permissions: Set[Permission]) -> None:
    """Nobody hands out, takes over or ends more than they have. Raises Forbidden."""
    more = sorted(of_scopes(tuple(scopes)) - permissions)
    if more:
        raise Forbidden(
            "key_beyond_you",
            f"such a key may {', '.join(more)}, and you may not",
            where="scopes",
            hint="choose narrower scopes, or ask an admin of the project",
        )


def lacks(key: ApiKey, permission: Permission) -> Forbidden:
    """The refusal, naming the scope that would give the permission."""
    gives = next(scope for scope in SCOPES if permission in SCOPE_PERMISSIONS[scope])
    return Forbidden(
        "scope_missing",
        f"the key {key.prefix}… lacks the scope {gives!r}; it has {', '.join(key.scopes)}",
        where="Authorization",
        hint=f"create a key with `volant key create --scope {gives}`",
    )


def get_key(tx: Connection, project: str, key_id: str) -> ApiKey:
    """Raises NotFound."""
    row = tx.execute(select(api_keys).where(api_keys.c.project == project, api_keys.c.id == key_id)).one_or_none()
    if row is None:
        raise NotFound(
            "key_unknown",
            f"there is no key {key_id[:60]!r} in project {project!r}",
            where="key",
            hint="a key goes by its id, not its name: `volant key list` shows both",
        )
    return _key(row)


def limits_of(tx: Connection, account: str) -> Limits | None:
    """The ceilings of a key's account, of any project: all its keys have the same; None for one that nobody knows."""
    found = tx.execute(select(api_keys.c.limits).where(api_keys.c.account == account).limit(1)).scalar_one_or_none()
    return None if found is None else msgspec.json.decode(found, type=Limits)


def together(tx: Connection, project: str, key_id: str) -> list[str]:
    """Ids of the keys that came in each other's place, this one first: their use counts as one."""
    account = select(api_keys.c.account).where(api_keys.c.project == project, api_keys.c.id == key_id)
    query = select(api_keys.c.id).where(api_keys.c.project == project, api_keys.c.account == account.scalar_subquery())
    return [key_id, *(one for one in tx.execute(query).scalars() if one != key_id)]


def list_keys(tx: Connection, project: str) -> list[ApiKey]:
    """Every key of the project, oldest first, revoked ones included."""
    query = select(api_keys).where(api_keys.c.project == project).order_by(api_keys.c.created_ms, api_keys.c.id)
    return [_key(row) for row in tx.execute(query)]


def revoke(tx: Connection, project: str, key_id: str, *, now_ms: int) -> ApiKey:
    """Revoke it now; again changes nothing. Raises NotFound."""
    key = get_key(tx, project, key_id)
    if not key.revoked_ms:
        tx.execute(update(api_keys).where(api_keys.c.id == key_id).values(revoked_ms=now_ms))
        revision.bump(tx)
    return get_key(tx, project, key_id)


def rotate(tx: Connection, project: str, key_id: str, *, now_ms: int, grace_ms: int = 0) -> tuple[ApiKey, str]:
    """A new key with the old one's name, scopes, limits and what is spent of them; the old one ends after `grace_ms`.

    Raises NotFound, and Conflict for a key that was revoked: it stays so.
    """
    old = get_key(tx, project, key_id)
    if old.revoked_ms:
        raise Conflict("key_revoked", f"the key {old.prefix}… was revoked", where=key_id, hint="create a new key")
    if grace_ms > 0:
        ends = now_ms + grace_ms
        tx.execute(
            update(api_keys)
            .where(api_keys.c.id == key_id)
            .values(expires_ms=min(old.expires_ms, ends) if old.expires_ms else ends)
        )
    else:
        revoke(tx, project, key_id, now_ms=now_ms)
    return create_key(
        tx,
        project,
        name=old.name,
        scopes=old.scopes,
        now_ms=now_ms,
        tasks=old.tasks,
        limits=old.limits,
        operations=old.operations,
        direct=old.direct,
        expires_ms=old.expires_ms,
        installation_admin=old.installation_admin,
        account=old.account,
    )


def sweep_short_lived(tx: Connection, *, now_ms: int) -> int:
    """Remove the keys that pages made for themselves and that ended a week ago; gives how many."""
    ended = (api_keys.c.expires_ms > 0, api_keys.c.expires_ms < now_ms - SHORT_LIVED_KEPT_MS)
    return int(tx.execute(delete(api_keys).where(api_keys.c.name.startswith(SHORT_LIVED), *ended)).rowcount)


def mark_installation_admin(tx: Connection, key_id: str) -> None:
    """Make it a root key: for whoever owns the data directory, at a start."""
    tx.execute(update(api_keys).where(api_keys.c.id == key_id).values(installation_admin=1))


def grants(tx: Connection, *, now_ms: int) -> dict[str, KeyGrant]:
    """Every usable key as gateways know it: SHA-256 in hex → grant."""
    keys = [_key(row) for row in tx.execute(select(api_keys).where(api_keys.c.revoked_ms == 0))]
    return {
        key.sha256: KeyGrant(
            key_id=key.id,
            project=key.project,
            sha256=key.sha256,
            scopes=key.scopes,
            tasks=key.tasks,
            limits=key.limits,
            operations=key.operations,
            direct=key.direct,
            expires_ms=key.expires_ms,
            account=key.account if key.account != key.id else "",
        )
        for key in keys
        if key.usable(now_ms)
    }


def _key(row: Row[tuple[object, ...]]) -> ApiKey:
    values = dict(row._mapping)
    for name in ("scopes", "tasks", "operations"):
        values[name] = msgspec.json.decode(values[name], type=tuple[str, ...])
    limits = msgspec.json.decode(values["limits"], type=Limits)
    values |= {
        "limits": limits,
        "requests_per_minute": limits.requests_per_minute,
        "usd_per_day": limits.usd_per_day,
        "direct": bool(values["direct"]),
    }
    values["installation_admin"] = bool(values["installation_admin"])
    return ApiKey(**values)
