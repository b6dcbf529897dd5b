"""Documents: the project's configuration as one versioned whole. What the loop owns is shown, never touched."""

from __future__ import annotations

import os
from typing import Annotated

import msgspec
from fastapi import APIRouter, Body

from volant.api.access import Configures, Reads
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.trail import did
from volant.core.nouns import Documents
from volant.registry import credentials, documents

router = APIRouter(prefix="/documents", tags=["documents"])


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What applying would change, and what it would leave as the loop decided."""

    revision: int  # that the comparison was made with
    changes: tuple[documents.Change, ...]
    sentences: tuple[str, ...]  # the changes as a person reads them
    held: tuple[documents.Held, ...]
    warnings: tuple[str, ...] = ()  # what would hold and yet not work, e.g. a key that is not there


@router.get("", summary="The configuration that holds now")
def current(caller: Reads, context: Has) -> Annotated[documents.Applied, AsJson]:
    with context.db.read() as tx:
        return documents.current(tx, caller.project)


@router.post("/diff", summary="What applying this would change")
def diff(body: Annotated[Documents, AsJson, Body()], caller: Reads, context: Has) -> Annotated[Difference, AsJson]:
    with context.db.read() as tx:
        now = documents.current(tx, caller.project)
        held = documents.held(tx, caller.project)
        warnings: tuple[str, ...] = ()
        if "configure" in caller.permissions:  # what is set on the server is not for those who only read
            warnings = credentials.warnings(tx, caller.project, body.deployments, os.environ)
    changes = documents.diff(now.documents, body)
    sentences = tuple(change.sentence() for change in changes)
    return Difference(revision=now.revision, changes=changes, sentences=sentences, held=held, warnings=warnings)


@router.post("/apply", summary="Make this the configuration; gateways have it within a second")
def apply(
    body: Annotated[Documents, AsJson, Body()], caller: Configures, context: Has
) -> Annotated[documents.Applied, AsJson]:
    with context.db.begin() as tx:
        before = documents.current(tx, caller.project).revision
        applied = documents.apply(tx, caller.project, body, applied_by=caller.name, now_ms=context.clock.now_ms())
        if applied.revision != before:
            revision, digest = applied.revision, applied.hash
            did(tx, context, caller, "document.apply", "document", str(revision), revision=revision, hash=digest)
    context.publish()
    return applied
