"""Backups: have one made while everything serves, list them, check one. They hold the whole installation.

They go to the server's own folder (`server.backup_dir`) and are never sent over HTTP; keys are never in them. They
reach beyond a project, its rows are counted and a disk is filled: so they are for the installation's admins.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Body, Request

from volant.api.access import Caller, Operates
from volant.api.manage.people import need_installation_admin
from volant.api.paging import Listing
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.trail import begins
from volant.core.errors import Conflict
from volant.core.nouns import Noun
from volant.jobs.context import Context
from volant.lifecycle import backup
from volant.lifecycle.runner import Job, Runner

router = APIRouter(prefix="/backups", tags=["backups"])


class NewBackup(Noun, frozen=True, kw_only=True):
    """What is to be in it."""

    runs: backup.Runs = "models"


class BackupCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that was read whole, and would start."""

    name: str
    began_ms: int  # whatever was acknowledged before is in it
    volant: str
    schema: str
    runs: str
    has_keys: bool
    is_sealed: bool
    files: int
    size_bytes: int
    counts: dict[str, int]


@router.post("", status_code=202, summary="Write a backup in the background, and check it")
def create_backup(
    body: Annotated[NewBackup, AsJson, Body()], caller: Operates, context: Has, request: Request
) -> Annotated[Job, AsJson]:
    runner = _runner(request, context, caller)
    begins(context, caller, "backup.create", "backup", "", runs=body.runs)
    return runner.start(body.runs, context.clock.now_ms())


@router.get("", summary="The backups in the server's folder, newest first; one that runs or failed before them")
def list_backups(caller: Operates, context: Has, request: Request) -> Annotated[Listing[Job], AsJson]:
    return Listing(data=_runner(request, context, caller).list())


@router.post("/{name}/verify", summary="Read every byte of a backup and open its databases")
def verify_backup(name: str, caller: Operates, context: Has, request: Request) -> Annotated[BackupCheck, AsJson]:
    found = _runner(request, context, caller).verify(name)
    return msgspec.convert(found, BackupCheck, from_attributes=True)


def _runner(request: Request, context: Context, caller: Caller) -> Runner:
    """One for the process. Raises Forbidden; Conflict where the rows are not in SQLite."""
    need_installation_admin(caller)
    if context.settings.database_url:
        raise Conflict(
            "backup_not_sqlite", "this installation keeps its rows in PostgreSQL", where="server.database_url",
            hint="back that up with pg_dump, and copy blobs, runs and engines of the data directory after it",
        )  # fmt: skip
    state = request.app.state
    if not hasattr(state, "backups"):
        folder = backup.folder_of(context.data_dir, context.settings.backup_dir)
        state.backups = Runner(context.data_dir, folder, context.vault)
    found: Runner = state.backups
    return found
