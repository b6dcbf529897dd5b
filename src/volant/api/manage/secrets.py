"""Secrets: providers' keys, sealed. A deployment names one by `api_key_ref`; nobody reads one back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body

from volant.api.access import ManagesKeys
from volant.api.paging import Listing
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.trail import did
from volant.core.errors import NotFound
from volant.core.nouns import Noun
from volant.registry import audit, secrets

router = APIRouter(prefix="/secrets", tags=["secrets"])


class SecretValue(Noun, frozen=True, kw_only=True):
    """What is kept, sealed."""

    value: str


@router.get("", summary="The names of the project's secrets")
def list_secrets(caller: ManagesKeys, context: Has) -> Annotated[Listing[str], AsJson]:
    with context.db.read() as tx:
        return Listing(data=secrets.names(tx, caller.project))


@router.put("/{name}", status_code=204, summary="Keep a secret; the one before is gone")
def put_secret(name: str, body: Annotated[SecretValue, AsJson, Body()], caller: ManagesKeys, context: Has) -> None:
    with context.db.begin() as tx:
        secrets.put(tx, context.keyring, caller.project, name, body.value, now_ms=context.clock.now_ms())
        did(tx, context, caller, "secret.put", "secret", audit.word(name))
    context.publish()


@router.delete("/{name}", status_code=204, summary="Forget a secret")
def remove_secret(name: str, caller: ManagesKeys, context: Has) -> None:
    with context.db.begin() as tx:
        gone = secrets.remove(tx, caller.project, name)
        if gone:
            did(tx, context, caller, "secret.remove", "secret", audit.word(name))
    if not gone:
        raise NotFound("secret_unknown", f"there is no secret {name[:60]!r}", hint="GET /api/v1/secrets")
    context.publish()
