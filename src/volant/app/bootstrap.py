"""Bootstrap: open everything that control works with, in order, and make what a first start needs.

The root key's clear text goes to DATA/root.key (0600) before its hash goes to the store, so that a kill between the
two leaves a key that the next start registers. Removed by a person, it is not written again.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from volant.core.clock import Clock, SystemClock
from volant.core.settings import ServerSettings
from volant.jobs.context import Context
from volant.jobs.executor import LocalExecutor
from volant.jobs.workflows import Workflows
from volant.registry import audit, invitations, keys, projects
from volant.store.blobs import Blobs
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.upgrade import copy_before_upgrade
from volant.store.vault import Vault, key_digest, load_master_key

ROOT_KEY_NAME = "root"

log = logging.getLogger("volant.control")


def open_context(
    data_dir: Path,
    settings: ServerSettings,
    *,
    environment: Mapping[str, str],
    publish: Callable[[], None],
    clock: Clock | None = None,
) -> Context:
    """Everything of one data directory, migrated, with the default project and the root key."""
    clock = clock or SystemClock()
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    vault = Vault(load_master_key(data_dir, environment.get("VOLANT_MASTER_KEY", ""), create=True))
    db = Database.open(settings.database_url or f"sqlite:///{data_dir / 'volant.db'}")
    copied = copy_before_upgrade(data_dir, db, keep_days=settings.upgrade_copy_days, now_ms=clock.now_ms())
    if copied is not None:
        log.warning("the schema goes from %s to %s; a copy from before is in %s", db.revision(), db.head(), copied)
    db.migrate()
    if not settings.database_url:
        (data_dir / "volant.db").chmod(0o600)
    ring = KeyRing(db, vault)
    with db.begin() as tx:
        projects.ensure(tx, ring, projects.DEFAULT, now_ms=clock.now_ms())
        if settings.people.passwords:
            lasts = int(settings.people.invitation_lasts_s * 1000)
            invitations.ensure_setup(tx, vault, now_ms=clock.now_ms(), lasts_ms=lasts)
    ensure_root_key(data_dir, db, vault, clock)
    return Context(
        data_dir=data_dir,
        settings=settings,
        clock=clock,
        db=db,
        vault=vault,
        keyring=ring,
        blobs=Blobs(data_dir / "blobs"),
        executor=LocalExecutor(data_dir, run_nice=settings.run_nice),
        workflows=Workflows(f"sqlite:///{data_dir / 'dbos.db'}"),
        publish=publish,
        project=projects.DEFAULT,
    )


def ensure_root_key(data_dir: Path, db: Database, vault: Vault, clock: Clock) -> None:
    """The key of the data directory's owner: scope admin, in DATA/root.key."""
    place = data_dir / "root.key"
    with db.begin() as tx:
        known = [key for key in keys.list_keys(tx, projects.DEFAULT) if key.name == ROOT_KEY_NAME]
        if place.exists():
            clear = place.read_text().strip()
            found = next((key for key in known if key.sha256 == key_digest(clear)), None)
            if found is not None:
                keys.mark_installation_admin(tx, found.id)  # one of a release that knew no people
                return
        elif known:
            return
        else:
            clear = keys.new_clear_key()
            _write_private(place, clear + "\n")
        made, _ = keys.create_key(
            tx,
            projects.DEFAULT,
            name=ROOT_KEY_NAME,
            scopes=("admin",),
            now_ms=clock.now_ms(),
            clear=clear,
            installation_admin=True,
        )
        audit.append(
            tx, vault, project=projects.DEFAULT, actor=audit.HOLDER, action="key.create", object_kind="key",
            object_id=made.id, detail={"scopes": made.scopes}, now_ms=clock.now_ms(),
        )  # fmt: skip


def _write_private(place: Path, text: str) -> None:
    beside = place.with_name(f".{place.name}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, text.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    beside.replace(place)
