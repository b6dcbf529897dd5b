"""Access: who calls, and may they. Every route declares a permission; nothing answers without one but what is open.

A key comes as `Authorization: Bearer`, `x-api-key`, `x-goog-api-key` or `?key=`, as the SDKs of the field send it.
Its project is the caller's: no route takes a project from anywhere else.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from volant.api.services import _services
from volant.core.errors import Unauthenticated
from volant.core.permissions import Permission
from volant.registry import keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An authenticated key and its project."""

    key: keys.ApiKey
    project: str

    @property
    def name(self) -> str:
        """As it stands in audits and reviews."""
        return f"{self.key.name or 'key'} ({self.key.id})"


class Needs:
    """A dependency that lets a caller with the permission pass."""

    def __init__(self, permission: Permission) -> None:
        self.permission: Permission = permission

    def __call__(self, request: Request) -> Caller:
        """Raises Unauthenticated or Forbidden."""
        context = _services(request).context
        with context.db.read() as tx:
            key = keys.authenticate(tx, clear_key(request), now_ms=context.clock.now_ms())
        keys.require(key, self.permission)
        return Caller(key=key, project=key.project)


class Internal:
    """A dependency for what only processes of this data directory may ask."""

    def __call__(self, request: Request) -> None:
        """Raises Unauthenticated."""
        token = _services(request).context.vault.internal_token
        if not hmac.compare_digest(request.headers.get("x-volant-internal", ""), token):
            raise Unauthenticated("internal_only", "only the gateways of this data directory may ask this")


def clear_key(request: Request) -> str:
    """The key as the caller sent it. Raises Unauthenticated when there is none."""
    authorization = request.headers.get("authorization", "")
    scheme, _, bearer = authorization.partition(" ")
    found = (
        (bearer.strip() if scheme.lower() == "bearer" else "")
        or request.headers.get("x-api-key", "")
        or request.headers.get("x-goog-api-key", "")
        or request.query_params.get("key", "")
    )
    if not found:
        raise Unauthenticated(
            "key_missing",
            "the request has no API key",
            where="Authorization",
            hint="send `Authorization: Bearer KEY`; the root key stands in DATA/root.key",
        )
    return found


def permission_of(dependant: Any) -> str | None:
    """The permission that a route declares ("internal" for internal ones); None when none. For the tests."""
    for part in dependant.dependencies:
        if isinstance(part.call, Needs):
            return part.call.permission
        if isinstance(part.call, Internal):
            return "internal"
        found = permission_of(part)
        if found is not None:
            return found
    return None


Infers = Annotated[Caller, Depends(Needs("inference"))]
GivesFeedback = Annotated[Caller, Depends(Needs("feedback"))]
Reads = Annotated[Caller, Depends(Needs("read"))]
ReadsContent = Annotated[Caller, Depends(Needs("content"))]
Configures = Annotated[Caller, Depends(Needs("configure"))]
ManagesData = Annotated[Caller, Depends(Needs("data"))]
Trains = Annotated[Caller, Depends(Needs("train"))]
Evaluates = Annotated[Caller, Depends(Needs("evaluate"))]
Reviews = Annotated[Caller, Depends(Needs("review"))]
Releases = Annotated[Caller, Depends(Needs("release"))]
Operates = Annotated[Caller, Depends(Needs("operate"))]
ManagesKeys = Annotated[Caller, Depends(Needs("keys"))]
Erases = Annotated[Caller, Depends(Needs("erase"))]
ReadsAudit = Annotated[Caller, Depends(Needs("audit"))]
ManagesPeople = Annotated[Caller, Depends(Needs("people"))]
