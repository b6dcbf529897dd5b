"""Context: what control hands to routes and workflows. Made once, in control's composition root.

Only things of the floors below the stages: so the loop can take it without knowing the app.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from volant.core.clock import Clock
from volant.core.settings import ServerSettings
from volant.jobs.executor import LocalExecutor
from volant.jobs.workflows import Workflows
from volant.registry import audit
from volant.store.blobs import Blobs
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One control process."""

    data_dir: Path
    settings: ServerSettings
    clock: Clock
    db: Database
    vault: Vault
    keyring: KeyRing
    blobs: Blobs
    executor: LocalExecutor
    workflows: Workflows
    publish: Callable[[], None]  # call after a commit that changes what gateways read: a new snapshot goes out
    project: str = "default"  # the project that a first start makes

    def audit(
        self,
        tx: Connection,
        project: str,
        actor: str,
        action: str,
        object_kind: str = "",
        object_id: str = "",
        /,
        **detail: Any,
    ) -> audit.Head:
        """Add an audit row in the transaction that does what it tells, as its last statement. See `registry.audit`."""
        return audit.append(
            tx, self.vault, project=project, actor=actor, action=action, object_kind=object_kind, object_id=object_id,
            detail=detail, now_ms=self.clock.now_ms(),
        )  # fmt: skip

    def audit_once(
        self, tx: Connection, project: str, actor: str, action: str, object_kind: str, object_id: str, /, **detail: Any
    ) -> None:
        """As `audit`, for a workflow's step that may be done again: the object's row of this action is written once."""
        if not audit.is_told(tx, action, object_id):
            self.audit(tx, project, actor, action, object_kind, object_id, **detail)
