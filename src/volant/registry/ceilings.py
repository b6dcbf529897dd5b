"""Ceilings: the limits of every account as they stand in the store: of keys on the key, of the rest in `[[limits]]`.

Knows no lease and no spending. What was looked up is kept until the store's revision changes.
"""

from __future__ import annotations

from sqlalchemy import Connection

from volant.core.accounts import account_of_spec, parts_of
from volant.core.nouns import Limits
from volant.registry import documents, keys, projects, revision


class CeilingBook:
    """Not thread-safe by itself; who shares one holds a lock."""

    def __init__(self) -> None:
        self._revision = -1
        self._keys: dict[str, Limits | None] = {}
        self._projects: dict[str, dict[str, Limits]] = {}

    def limits_of(self, tx: Connection, account: str) -> Limits | None:
        """No limits at all for what is not limited; None for a key or project that nobody knows."""
        current = revision.current(tx)
        if current != self._revision:
            self._revision, self._keys, self._projects = current, {}, {}
        over, project, _ = parts_of(account)
        if over == "key":
            if account not in self._keys:
                self._keys[account] = keys.limits_of(tx, account)
            return self._keys[account]
        if project not in self._projects:
            self._projects[project] = limits_in(tx, project)
        found = self._projects[project].get(account)
        if found is None and project not in {one.id for one in projects.list_all(tx)}:
            return None
        return found or Limits()


def limits_in(tx: Connection, project: str) -> dict[str, Limits]:
    """Account → limits, of what a project's `[[limits]]` say."""
    configured = documents.current(tx, project).documents
    return {account_of_spec(project, spec): spec.limits for spec in configured.limits}
