"""Prompts: named, with numbered versions that never change and labels that move.

Saving a body that is known gives the version that has it. A version cannot be removed, so what a variant or label
points at stays; a prompt that no variant uses can be put away (archived), and then not be bound until it is restored.
Every change that could change an answer grows the revision: gateways render the new version within a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from volant.core.errors import Conflict, NotFound, VolantError
from volant.core.ids import new_id
from volant.core.nouns import BoundPrompt, Documents, PromptMessage, PromptVariable, VariantSpec
from volant.core.prompts import LATEST, Reference, check_body, check_label, check_name, parse_reference
from volant.registry import edges, revision, state
from volant.store.tables import prompt, prompt_label, prompt_label_move, prompt_version

_PREVIEW = 160  # characters


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What a version says."""

    messages: tuple[PromptMessage, ...]
    variables: dict[str, PromptVariable] = {}


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version without its templates."""

    id: str
    version: int
    hash: str
    author: str
    comment: str
    created_ms: int
    labels: tuple[str, ...] = ()  # that point here now


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """Where a label points."""

    label: str
    version: int
    moved_by: str
    moved_ms: int


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A label moved. `from_version` 0: it was new."""

    label: str
    from_version: int
    version: int
    moved_by: str
    comment: str
    moved_ms: int


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """A variant that is bound to a prompt."""

    task: str
    variant: str
    reference: str


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt in a list."""

    id: str
    name: str
    description: str
    versions: int  # the newest one's number; there are no gaps
    labels: tuple[Label, ...]
    uses: tuple[Use, ...]
    preview: str  # the newest version's beginning
    created_ms: int
    saved_ms: int  # of the newest version
    archived_ms: int  # 0: in use


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """What saving gave."""

    name: str
    version: Version
    new: bool  # False: this body is the version that is named
    warnings: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()  # labels that moved here


# ---------------------------------------------------------------- writing
def save(
    tx: Connection,
    project: str,
    name: str,
    body: Body,
    *,
    author: str,
    now_ms: int,
    description: str = "",
    comment: str = "",
    labels: Sequence[str] = (),
) -> Saved:
    """Keep `body` as a version and let `labels` point at it. Raises BadInput for what cannot be rendered, Conflict
    for an archived prompt."""
    check_name(name)
    for label in labels:
        check_label(label)
    checked = check_body(body.messages, body.variables, where=name)
    row = _find(tx, project, name)
    if row is not None and row.archived_ms:
        raise _archived(name)
    prompt_id = row.id if row is not None else _make(tx, project, name, now_ms)
    if description and (row is None or row.description != description):
        tx.execute(update(prompt).where(prompt.c.id == prompt_id).values(description=description))
    there = _version_with(tx, prompt_id, checked.hash)
    number = (
        there.version
        if there is not None
        else _insert(tx, project, prompt_id, body, checked.hash, author, comment, now_ms)
    )
    moved = tuple(
        label
        for label in dict.fromkeys(labels)
        if _point(tx, project, prompt_id, label, number, by=author, comment=comment, now_ms=now_ms)
    )
    if there is None or moved:
        revision.bump(tx)
    return Saved(
        name=name,
        version=next(one for one in versions(tx, project, name) if one.version == number),
        new=there is None,
        warnings=checked.warnings,
        moved=moved,
    )


def move_label(
    tx: Connection, project: str, reference: str, label: str, *, by: str, now_ms: int, comment: str = ""
) -> Move:
    """Let `label` point at what `reference` means now. Where it points there already nothing changes.

    Raises NotFound, BadInput for a name that cannot be a label, Conflict for an archived prompt.
    """
    check_label(label)
    row, number = _resolve(tx, project, parse_reference(reference))
    if row.archived_ms:
        raise _archived(row.name)
    before = _label_version(tx, row.id, label)
    if _point(tx, project, row.id, label, number, by=by, comment=comment, now_ms=now_ms):
        revision.bump(tx)
    return Move(label=label, from_version=before, version=number, moved_by=by, comment=comment, moved_ms=now_ms)


def archive(tx: Connection, project: str, name: str, uses: Sequence[Use], *, now_ms: int) -> None:
    """Put a prompt away. Raises Conflict while a variant is bound to it (`uses`, see `uses_of`)."""
    row = _need(tx, project, name)
    bound = [use for use in uses if use.reference.partition("@")[0] == name]
    if bound:
        named = ", ".join(f"{use.task}/{use.variant}" for use in bound[:5])
        raise Conflict("prompt_in_use", f"variants are bound to it: {named}", where=name,
                       hint="bind them to another prompt first, with `volant apply`")  # fmt: skip
    if not row.archived_ms:
        tx.execute(update(prompt).where(prompt.c.id == row.id).values(archived_ms=now_ms))


def restore(tx: Connection, project: str, name: str) -> None:
    """Take a prompt out of the archive."""
    row = _need(tx, project, name)
    tx.execute(update(prompt).where(prompt.c.id == row.id).values(archived_ms=0))


# ---------------------------------------------------------------- reading
def list_prompts(tx: Connection, project: str, uses: Sequence[Use], *, archived: bool = False) -> list[Prompt]:
    """By name; with `archived` those that were put away too."""
    newest = (
        select(prompt_version.c.prompt_id, func.max(prompt_version.c.version).label("version"))
        .where(prompt_version.c.project == project)
        .group_by(prompt_version.c.prompt_id)
        .subquery()
    )
    query = (
        select(prompt, prompt_version.c.version, prompt_version.c.body, prompt_version.c.created_ms.label("saved_ms"))
        .join(newest, newest.c.prompt_id == prompt.c.id)
        .join(
            prompt_version,
            (prompt_version.c.prompt_id == prompt.c.id) & (prompt_version.c.version == newest.c.version),
        )
        .where(prompt.c.project == project)
        .order_by(prompt.c.name)
    )
    if not archived:
        query = query.where(prompt.c.archived_ms == 0)
    return [
        Prompt(
            id=row.id,
            name=row.name,
            description=row.description,
            versions=row.version,
            labels=tuple(_labels(tx, row.id)),
            uses=tuple(use for use in uses if use.reference.partition("@")[0] == row.name),
            preview=_preview(msgspec.json.decode(row.body, type=Body)),
            created_ms=row.created_ms,
            saved_ms=row.saved_ms,
            archived_ms=row.archived_ms,
        )
        for row in tx.execute(query)
    ]


def get_prompt(tx: Connection, project: str, name: str, uses: Sequence[Use]) -> Prompt:
    """One prompt, archived or not. Raises NotFound."""
    _need(tx, project, name)
    return next(one for one in list_prompts(tx, project, uses, archived=True) if one.name == name)


def versions(tx: Connection, project: str, name: str) -> list[Version]:
    """Newest first."""
    row = _need(tx, project, name)
    pointing: dict[int, list[str]] = {}
    for one in _labels(tx, row.id):
        pointing.setdefault(one.version, []).append(one.label)
    query = select(prompt_version).where(prompt_version.c.prompt_id == row.id)
    return [
        _version(found, pointing.get(found.version, []))
        for found in tx.execute(query.order_by(prompt_version.c.version.desc()))
    ]


def moves(tx: Connection, project: str, name: str, *, limit: int = 200) -> list[Move]:
    """Where the labels have pointed, newest first."""
    row = _need(tx, project, name)
    query = select(prompt_label_move).where(prompt_label_move.c.prompt_id == row.id)
    return [
        Move(label=one.label, from_version=one.from_version, version=one.version, moved_by=one.moved_by,
             comment=one.comment, moved_ms=one.moved_ms)
        for one in tx.execute(query.order_by(prompt_label_move.c.id.desc()).limit(limit))
    ]  # fmt: skip


def body_of(tx: Connection, project: str, reference: str) -> tuple[Version, Body]:
    """What a version says. Raises NotFound, naming what there is."""
    row, number = _resolve(tx, project, parse_reference(reference))
    found = _row_of(tx, row.id, number)
    pointing = [one.label for one in _labels(tx, row.id) if one.version == number]
    return _version(found, pointing), msgspec.json.decode(found.body, type=Body)


def label_of_version(tx: Connection, project: str, version_id: str) -> tuple[str, Version]:
    """(`name@number`, the version) of an id, as an inference's row has it. Raises NotFound."""
    query = (
        select(prompt_version, prompt.c.name)
        .join(prompt, prompt.c.id == prompt_version.c.prompt_id)
        .where(prompt_version.c.project == project, prompt_version.c.id == version_id)
    )
    row = tx.execute(query).one_or_none()
    if row is None:
        raise NotFound("prompt_version_unknown", f"there is no prompt version {version_id[:60]!r}", where=project)
    return f"{row.name}@{row.version}", _version(row, [])


# ---------------------------------------------------------------- binding
def bind(tx: Connection, project: str, reference: str) -> BoundPrompt:
    """The version that a variant's `prompt` means now. Raises BadInput, NotFound, or Conflict for an archived one."""
    row, number = _resolve(tx, project, parse_reference(reference))
    if row.archived_ms:
        raise _archived(row.name)
    found = _row_of(tx, row.id, number)
    body = msgspec.json.decode(found.body, type=Body)
    return BoundPrompt(
        version_id=found.id,
        label=f"{row.name}@{number}",
        hash=found.hash,
        messages=body.messages,
        variables=body.variables,
    )


def uses_of(tx: Connection, project: str, configured: Documents) -> tuple[Use, ...]:
    """Every variant with a prompt: of the documents, and of releases."""
    added = state.listed(tx, project, "variant", VariantSpec)
    found = [Use(task=name.partition("/")[0], variant=one.name, reference=one.prompt) for name, one in added.items()]
    found += [
        Use(task=task.name, variant=one.name, reference=one.prompt)
        for task in configured.tasks
        for one in task.variants
        if f"{task.name}/{one.name}" not in added
    ]
    return tuple(use for use in found if use.reference)


def apply_specs(
    tx: Connection, project: str, before: Documents, after: Documents, *, author: str, now_ms: int
) -> list[str]:
    """Save the file's prompts, and give what is wrong with them and with the variants' references, as sentences.

    A prompt's labels move only when its table is another one than at the last apply: what people moved since stays.
    """
    problems: list[str] = []
    old = {spec.name: spec for spec in before.prompts}
    for spec in after.prompts:
        body = Body(messages=spec.messages, variables=spec.variables)
        if old.get(spec.name) == spec:
            continue
        try:
            save(
                tx, project, spec.name, body, author=author, now_ms=now_ms, description=spec.description,
                comment=spec.comment, labels=spec.labels,
            )  # fmt: skip
        except VolantError as error:
            problems.append(f"prompts.{spec.name}: {error.message}")
    for use in uses_of(tx, project, after):
        try:
            bind(tx, project, use.reference)
        except VolantError as error:
            hint = f" ({error.hint})" if error.hint else ""
            problems.append(f"tasks.{use.task}.variants.{use.variant}.prompt: {error.message}{hint}")
    return problems


# ---------------------------------------------------------------- inside
def _make(tx: Connection, project: str, name: str, now_ms: int) -> str:
    made = new_id("prompt", now_ms)
    tx.execute(insert(prompt).values(id=made, project=project, name=name, created_ms=now_ms))
    return made


def _insert(
    tx: Connection, project: str, prompt_id: str, body: Body, digest: str, author: str, comment: str, now_ms: int
) -> int:
    before = tx.execute(
        select(prompt_version.c.id, prompt_version.c.version)
        .where(prompt_version.c.prompt_id == prompt_id)
        .order_by(prompt_version.c.version.desc())
        .limit(1)
    ).one_or_none()
    number, made = (before.version if before else 0) + 1, new_id("prompt_version", now_ms)
    tx.execute(
        insert(prompt_version).values(
            id=made, project=project, prompt_id=prompt_id, version=number, hash=digest, author=author,
            body=msgspec.json.encode(body, order="sorted").decode(), comment=comment[:2000], created_ms=now_ms,
        )
    )  # fmt: skip
    if before is not None:
        source, target = ("prompt_version", before.id), ("prompt_version", made)
        edges.link(tx, project, source, target, "revise", now_ms=now_ms)
    return number


def _point(
    tx: Connection, project: str, prompt_id: str, label: str, number: int, *, by: str, comment: str, now_ms: int
) -> bool:
    """False when it points there already."""
    before = _label_version(tx, prompt_id, label)
    if before == number:
        return False
    at = (prompt_label.c.prompt_id == prompt_id, prompt_label.c.label == label)
    values = {"version": number, "moved_by": by, "moved_ms": now_ms}
    if before:
        tx.execute(update(prompt_label).where(*at).values(**values))
    else:
        tx.execute(insert(prompt_label).values(prompt_id=prompt_id, label=label, project=project, **values))
    told = {"prompt_id": prompt_id, "label": label, "from_version": before, "comment": comment[:2000]}
    tx.execute(insert(prompt_label_move).values(project=project, **told, **values))
    return True


def _find(tx: Connection, project: str, name: str) -> Row[Any] | None:
    return tx.execute(select(prompt).where(prompt.c.project == project, prompt.c.name == name)).one_or_none()


def _need(tx: Connection, project: str, name: str) -> Row[Any]:
    row = _find(tx, project, name)
    if row is None:
        raise NotFound(
            "prompt_unknown", f"there is no prompt {name[:80]!r}", where=project, hint="`volant prompt list`"
        )
    return row


def _resolve(tx: Connection, project: str, reference: Reference) -> tuple[Row[Any], int]:
    """(the prompt, the number of the version). Raises NotFound."""
    row = _need(tx, project, reference.name)
    newest = tx.execute(
        select(func.max(prompt_version.c.version)).where(prompt_version.c.prompt_id == row.id)
    ).scalar_one()
    if reference.label == LATEST:
        return row, int(newest)
    if reference.version:
        if reference.version <= newest:
            return row, reference.version
        raise NotFound("prompt_version_unknown", f"prompt {row.name!r} has no version {reference.version}",
                       where=str(reference), hint=f"its newest is {newest}")  # fmt: skip
    number = _label_version(tx, row.id, reference.label)
    if not number:
        known = ", ".join(one.label for one in _labels(tx, row.id)) or "none yet"
        raise NotFound("prompt_label_unknown", f"prompt {row.name!r} has no label {reference.label!r}",
                       where=str(reference), hint=f"it has: {known}. `volant prompt label` moves one")  # fmt: skip
    return row, number


def _label_version(tx: Connection, prompt_id: str, label: str) -> int:
    query = select(prompt_label.c.version).where(prompt_label.c.prompt_id == prompt_id, prompt_label.c.label == label)
    return int(tx.execute(query).scalar_one_or_none() or 0)


def _labels(tx: Connection, prompt_id: str) -> list[Label]:
    query = select(prompt_label).where(prompt_label.c.prompt_id == prompt_id).order_by(prompt_label.c.label)
    return [
        Label(label=row.label, version=row.version, moved_by=row.moved_by, moved_ms=row.moved_ms)
        for row in tx.execute(query)
    ]


def _row_of(tx: Connection, prompt_id: str, number: int) -> Row[Any]:
    query = select(prompt_version).where(prompt_version.c.prompt_id == prompt_id, prompt_version.c.version == number)
    return tx.execute(query).one()


def _version_with(tx: Connection, prompt_id: str, digest: str) -> Row[Any] | None:
    query = select(prompt_version).where(prompt_version.c.prompt_id == prompt_id, prompt_version.c.hash == digest)
    return tx.execute(query.order_by(prompt_version.c.version.desc()).limit(1)).one_or_none()


def _version(row: Row[Any], labels: Sequence[str]) -> Version:
    return Version(
        id=row.id, version=row.version, hash=row.hash, author=row.author, comment=row.comment,
        created_ms=row.created_ms, labels=tuple(labels),
    )  # fmt: skip


def _preview(body: Body) -> str:
    text = next((message.template for message in body.messages if message.template), "")
    line = " ".join(text.split())
    return line if len(line) <= _PREVIEW else line[: _PREVIEW - 1] + "…"


def _archived(name: str) -> Conflict:
    return Conflict("prompt_archived", f"the prompt {name!r} was put away", where=name,
                    hint="`volant prompt restore` takes it back")  # fmt: skip
