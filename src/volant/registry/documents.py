"""Documents: the configuration that people apply, versioned as a whole. What the loop owns is state, not document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, insert, select

from volant.checks import guarding
from volant.core.errors import BadInput
from volant.core.ids import new_id
from volant.core.nouns import Documents
from volant.core.settings import check_references, settings_hash
from volant.registry import prompts, revision, state
from volant.store.tables import document

_NAMES = {
    "deployments": "name",
    "tasks": "name",
    "prompts": "name",
    "monitors": "name",
    "gates": "name",
    "loops": "task",
}
_MADE = "made"  # a kind of state


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One difference between two configurations."""

    action: Literal["add", "remove", "change"]
    kind: str  # "deployments", "tasks", "prompts", "monitors", "gates", "loops", "policy", "retention"
    name: str  # of the thing; empty for the policy
    path: str = ""  # the setting inside it, for a change
    before: Any = None
    after: Any = None

    def sentence(self) -> str:
        """As a person reads it."""
        what = f"{self.kind}.{self.name}" if self.name else self.kind
        if self.action != "change":
            return f"{'+' if self.action == 'add' else '-'} {what}"
        return f"~ {what}.{self.path}: {_short(self.before)} → {_short(self.after)}"


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the loop decided and that no document changes."""

    kind: str  # "live", "split", "variant", "deployment"
    name: str
    sentence: str


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration as it is stored."""

    revision: int  # of this project's documents: 1, 2, ...; 0: nothing was applied yet
    hash: str
    documents: Documents
    applied_by: str = ""
    created_ms: int = 0
    changes: tuple[Change, ...] = ()  # what this call of `apply` changed


def current(tx: Connection, project: str) -> Applied:
    """The newest configuration; revision 0 and empty documents before the first."""
    query = select(document).where(document.c.project == project).order_by(document.c.revision.desc()).limit(1)
    row = tx.execute(query).one_or_none()
    if row is None:
        return Applied(revision=0, hash=settings_hash(Documents()), documents=Documents())
    return Applied(
        revision=row.revision,
        hash=row.hash,
        documents=msgspec.json.decode(row.body, type=Documents),
        applied_by=row.applied_by,
        created_ms=row.created_ms,
    )


def apply(tx: Connection, project: str, documents: Documents, *, applied_by: str, now_ms: int) -> Applied:
    """Make `documents` the configuration; the same again makes no new revision. State stays as it is.

    Raises BadInput, listing every name that points nowhere.
    """
    check(documents, project)
    before = current(tx, project)
    digest = settings_hash(documents)
    if before.revision and digest == before.hash:
        return before
    _refuse(prompts.apply_specs(tx, project, before.documents, documents, author=applied_by, now_ms=now_ms), project)
    row = {
        "id": new_id("document", now_ms),
        "project": project,
        "revision": before.revision + 1,
        "body": msgspec.json.encode(documents).decode(),
        "hash": digest,
        "created_ms": now_ms,
        "applied_by": applied_by,
    }
    tx.execute(insert(document).values(row))
    revision.bump(tx)
    _note_new(tx, project, before, documents, now_ms)
    return Applied(
        revision=before.revision + 1,
        hash=digest,
        documents=documents,
        applied_by=applied_by,
        created_ms=now_ms,
        changes=diff(before.documents, documents),
    )


def made(tx: Connection, project: str) -> dict[str, int]:
    """ "tasks/NAME" and "deployments/NAME", of all that were ever configured -> when they first were, Unix ms."""
    return state.get(tx, project, _MADE, "", dict[str, int]) or {}


def _note_new(tx: Connection, project: str, before: Applied, now: Documents, now_ms: int) -> None:
    """Kept as state beside the documents, so that nobody reads all revisions to find out."""
    known = made(tx, project) or dict.fromkeys(_listed(before.documents), before.created_ms)
    state.put(tx, project, _MADE, "", {**dict.fromkeys(_listed(now), now_ms), **known}, now_ms=now_ms)


def _listed(documents: Documents) -> list[str]:
    tasks, deployments = documents.tasks, documents.deployments
    return [f"tasks/{one.name}" for one in tasks] + [f"deployments/{one.name}" for one in deployments]


def check(documents: Documents, where: str) -> None:
    """What can be said of a configuration without a store. Raises BadInput, listing every name that points nowhere."""
    wrong = [f"{one.path.removeprefix(': ')}: {one.sentence}" for one in check_references(documents)]
    _refuse(wrong + _wrong_guards(documents), where)


def _wrong_guards(documents: Documents) -> list[str]:
    tasks = {task.name for task in documents.tasks}
    deployments = {deployment.name for deployment in documents.deployments}
    return [
        f"{path}: {words}" for task in documents.tasks for path, words in guarding.problems(task, tasks, deployments)
    ]


def _refuse(problems: list[str], project: str) -> None:
    """Raise BadInput with all of them, if there are any."""
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        raise BadInput(
            "documents_invalid",
            f"{len(problems)} problem{'s' if len(problems) != 1 else ''} in the configuration:\n{lines}",
            where=project,
            hint="correct them and apply again; nothing was changed",
        )


def diff(before: Documents, after: Documents) -> tuple[Change, ...]:
    """What `after` would change, setting by setting. Pure."""
    changes: list[Change] = []
    for kind, key in _NAMES.items():
        old = {getattr(item, key): item for item in getattr(before, kind)}
        new = {getattr(item, key): item for item in getattr(after, kind)}
        changes += [Change(action="add", kind=kind, name=name) for name in new if name not in old]
        changes += [Change(action="remove", kind=kind, name=name) for name in old if name not in new]
        for name in (name for name in new if name in old):
            changes += _changed(kind, name, "", msgspec.to_builtins(old[name]), msgspec.to_builtins(new[name]))
    limits_before, limits_after = _limits(before), _limits(after)
    changes += [Change(action="add", kind="limits", name=name) for name in limits_after if name not in limits_before]
    changes += [Change(action="remove", kind="limits", name=name) for name in limits_before if name not in limits_after]
    for name in (name for name in limits_after if name in limits_before):
        changes += _changed("limits", name, "", limits_before[name], limits_after[name])
    for kind in ("policy", "retention", "aliases"):
        old_one, new_one = msgspec.to_builtins(getattr(before, kind)), msgspec.to_builtins(getattr(after, kind))
        changes += _changed(kind, "", "", old_one, new_one)
    return tuple(changes)


def _limits(documents: Documents) -> dict[str, Any]:
    """By what they are over."""
    return {f"{one.over} {one.name}".rstrip(): msgspec.to_builtins(one.limits) for one in documents.limits}


def held(tx: Connection, project: str) -> tuple[Held, ...]:
    """What the loop decided beside the documents, so that `volant diff` can show it."""
    out = [
        Held(
            kind="live",
            name=task,
            sentence=f"{task} is served by variant {fact.variant!r}"
            + (f" (release {fact.release_id})" if fact.release_id else ""),
        )
        for task, fact in state.listed(tx, project, "live", state.Live).items()
    ]
    out += [
        Held(
            kind="split",
            name=task,
            sentence=f"{task}: {fact['share']:.0%} of users go to {fact['candidate']!r} ({fact['mode']})",
        )
        for task, fact in state.listed(tx, project, "split", dict[str, Any]).items()
    ]
    out += [
        Held(kind="variant", name=name, sentence=f"variant {name!r} was added by a release")
        for name in state.listed(tx, project, "variant", dict[str, Any])
    ]
    out += [
        Held(
            kind="deployment",
            name=name,
            sentence=f"{name} listens at {place.base_url or 'no address yet'}"
            + ("" if place.healthy else " and is not healthy"),
        )
        for name, place in state.places(tx, project).items()
    ]
    return tuple(out)


def _changed(kind: str, name: str, path: str, old: Any, new: Any) -> list[Change]:
    if old == new:
        return []
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        inner: list[Change] = []
        for field in sorted({*old, *new}):
            inner += _changed(kind, name, f"{path}.{field}" if path else field, old.get(field), new.get(field))
        return inner
    if _named(old) and _named(new):
        return _changed(kind, name, path, {i["name"]: i for i in old}, {i["name"]: i for i in new})
    return [Change(action="change", kind=kind, name=name, path=path, before=old, after=new)]


def _named(value: Any) -> bool:
    return (
        isinstance(value, list | tuple) and bool(value) and all(isinstance(i, Mapping) and "name" in i for i in value)
    )


def _short(value: Any) -> str:
    text = "nothing" if value is None else msgspec.json.encode(value).decode()
    return text if len(text) <= 80 else text[:79] + "…"
