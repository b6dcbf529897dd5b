"""Ceilings: which accounts a request stands on (key, project, task, model), as a snapshot says. Pure.

A request without any gets FREE_STANDING, by one look-up, and costs nothing more.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from volant.core.accounts import Over, account_of
from volant.core.nouns import KeyGrant, Limits, Snapshot

NONE = Limits()


class Ceiling(NamedTuple):
    """One account and its limits."""

    account: str
    over: Over
    name: str  # of the project, task or model; of a key its id
    limits: Limits

    @property
    def who(self) -> str:
        """As a sentence names it."""
        return "this key" if self.over == "key" else f"the {self.over} {self.name!r}"


class Standing:
    """All ceilings of a kind of request. Admission keeps its accounts here, so that they are looked up once."""

    __slots__ = ("accounts", "ceilings")

    def __init__(self, ceilings: tuple[Ceiling, ...]) -> None:
        self.ceilings = ceilings
        self.accounts: tuple[Any, ...] | None = None  # of gateway/accounts.py

    def __bool__(self) -> bool:
        return bool(self.ceilings)


FREE_STANDING = Standing(())


class Ceilings:
    """All ceilings of a snapshot; a new snapshot, a new one of these."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        if snapshot is None:
            snapshot = Snapshot(revision=-1, config_hash="", routes={}, targets={}, keys={}, subject_keys={})
        self._specs: dict[tuple[str, str, str], Limits] = {
            (project, spec.over, spec.name): spec.limits
            for project, specs in snapshot.limits.items()
            for spec in specs
            if spec.limits != NONE
        }
        self._projects = {project for project, _, _ in self._specs}
        self._limited = {grant.key_id for grant in snapshot.keys.values() if grant.limits != NONE}
        self._found: dict[tuple[str, str, str], Standing] = {}

    def concern(self, grant: KeyGrant) -> bool:
        """Some ceiling may hold for what this key asks for."""
        return grant.key_id in self._limited or grant.project in self._projects

    def of(self, grant: KeyGrant, task: str, model: str) -> Standing:
        """Where a request stands that `grant` makes of a task, to be answered by a model (the variant's own)."""
        key = (grant.key_id, task, model)
        found = self._found.get(key)
        if found is None:
            if not self.concern(grant):
                return FREE_STANDING
            found = self._found[key] = self._look_up(grant, task, model)
        return found

    def of_model(self, project: str, model: str) -> Standing:
        """A model's own: for a fallback to another model, once a request is under way."""
        key = ("", project, model)
        found = self._found.get(key)
        if found is None:
            one = self._named(project, "model", model)
            found = self._found[key] = Standing((one,)) if one is not None else FREE_STANDING
        return found

    def _look_up(self, grant: KeyGrant, task: str, model: str) -> Standing:
        account = grant.account or grant.key_id
        own = Ceiling(account, "key", grant.key_id, grant.limits) if grant.limits != NONE else None
        project = grant.project
        others = (
            self._named(project, "project", ""),
            self._named(project, "task", task),
            self._named(project, "model", model),
        )
        found = tuple(one for one in (own, *others) if one is not None)
        return Standing(found) if found else FREE_STANDING

    def _named(self, project: str, over: Over, name: str) -> Ceiling | None:
        limits = self._specs.get((project, over, name))
        if limits is None:
            return None
        return Ceiling(account_of(over, project, name), over, name or project, limits)
