"""Models: versions of a named model, where their files are, and what is held against them.

    registered → live → retired        blocked: not to be served, from any state, until it is unblocked

A flag is a JSON object with `kind` and its evidence, e.g. `{"kind": "erasure", "erasure_id": "era_…"}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from volant.core.errors import BadInput, NotFound
from volant.core.ids import new_id
from volant.registry import edges, revision
from volant.store.tables import model as models

STATES = ("registered", "live", "blocked", "retired")


class ModelVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a model."""

    id: str
    project: str
    name: str
    version: int
    run_id: str  # the run that made it
    base_model_id: str  # what it was fine-tuned from
    dataset_version_id: str  # what it learned from
    checkpoint: str  # folder under the data directory
    checkpoint_hash: str
    gguf: str  # file under the data directory
    gguf_hash: str
    state: str
    flags: tuple[dict[str, Any], ...]
    facts: dict[str, Any]  # parameters, steps, seconds, known labels, ...
    created_ms: int

    @property
    def label(self) -> str:
        """`name@version`, as people say it."""
        return f"{self.name}@{self.version}"


def register(
    tx: Connection,
    project: str,
    name: str,
    *,
    now_ms: int,
    run_id: str = "",
    base_model_id: str = "",
    dataset_version_id: str = "",
    checkpoint: str = "",
    checkpoint_hash: str = "",
    gguf: str = "",
    gguf_hash: str = "",
    facts: Mapping[str, Any] | None = None,
    model_id: str = "",
) -> ModelVersion:
    """The next version of model `name`. A `model_id` that exists is given back as it is."""
    if model_id and (there := _find(tx, project, model_id)) is not None:
        return there
    if not name or "@" in name or "/" in name:
        raise BadInput("bad_model_name", f"{name[:60]!r} cannot name a model", hint="leave out @ and /")
    made = model_id or new_id("model")
    newest = tx.execute(
        select(func.max(models.c.version)).where(models.c.project == project, models.c.name == name)
    ).scalar()
    tx.execute(
        insert(models).values(
            id=made,
            project=project,
            name=name,
            version=int(newest or 0) + 1,
            run_id=run_id,
            base_model_id=base_model_id,
            dataset_version_id=dataset_version_id,
            checkpoint=checkpoint,
            checkpoint_hash=checkpoint_hash,
            gguf=gguf,
            gguf_hash=gguf_hash,
            facts=msgspec.json.encode(dict(facts or {})).decode(),
            created_ms=now_ms,
        )
    )
    target = ("model", made)
    edges.link(tx, project, ("run", run_id), target, "train", now_ms=now_ms)
    edges.link(tx, project, ("model", base_model_id), target, "fine-tune", now_ms=now_ms)
    edges.link(tx, project, ("dataset_version", dataset_version_id), target, "train", now_ms=now_ms)
    return get_model(tx, project, made)


def set_artifacts(
    tx: Connection,
    project: str,
    model_id: str,
    *,
    checkpoint: str | None = None,
    checkpoint_hash: str | None = None,
    gguf: str | None = None,
    gguf_hash: str | None = None,
) -> ModelVersion:
    """Say where the files are, once they are there. What is None stays."""
    get_model(tx, project, model_id)
    given = {"checkpoint": checkpoint, "checkpoint_hash": checkpoint_hash, "gguf": gguf, "gguf_hash": gguf_hash}
    values = {name: value for name, value in given.items() if value is not None}
    if values:
        tx.execute(update(models).where(models.c.id == model_id).values(**values))
    return get_model(tx, project, model_id)


def set_facts(tx: Connection, project: str, model_id: str, facts: Mapping[str, Any]) -> ModelVersion:
    """Add facts; those of the same name are replaced."""
    merged = get_model(tx, project, model_id).facts | dict(facts)
    tx.execute(update(models).where(models.c.id == model_id).values(facts=msgspec.json.encode(merged).decode()))
    return get_model(tx, project, model_id)


def set_state(tx: Connection, project: str, model_id: str, state: str) -> ModelVersion:
    """Raises BadInput for a state nobody knows."""
    if state not in STATES:
        raise BadInput("bad_model_state", f"{state[:40]!r} is no state of a model", hint=f"one of {', '.join(STATES)}")
    if get_model(tx, project, model_id).state != state:
        tx.execute(update(models).where(models.c.id == model_id).values(state=state))
        revision.bump(tx)
    return get_model(tx, project, model_id)


def flag(tx: Connection, project: str, model_id: str, note: Mapping[str, Any]) -> ModelVersion:
    """Hold something against a model; the same flag again changes nothing. Raises BadInput without a `kind`."""
    if not note.get("kind"):
        raise BadInput("bad_flag", "a flag needs a `kind`", where=model_id)
    flags = get_model(tx, project, model_id).flags
    if dict(note) not in flags:
        text = msgspec.json.encode((*flags, dict(note))).decode()
        tx.execute(update(models).where(models.c.id == model_id).values(flags=text))
    return get_model(tx, project, model_id)


def unflag(tx: Connection, project: str, model_id: str, kind: str) -> ModelVersion:
    """Take back every flag of a kind."""
    kept = [note for note in get_model(tx, project, model_id).flags if note.get("kind") != kind]
    tx.execute(update(models).where(models.c.id == model_id).values(flags=msgspec.json.encode(kept).decode()))
    return get_model(tx, project, model_id)


def get_model(tx: Connection, project: str, model_id: str) -> ModelVersion:
    """By id. Raises NotFound."""
    found = _find(tx, project, model_id)
    if found is None:
        raise NotFound(
            "model_unknown", f"there is no model {model_id[:60]!r}", where=project, hint="`volant model list`"
        )
    return found


def resolve(tx: Connection, project: str, name: str) -> ModelVersion:
    """By id, by `name@version`, or by name (the newest version). Raises NotFound."""
    found = _find(tx, project, name)
    if found is not None:
        return found
    alias, _, version = name.partition("@")
    listed = list_models(tx, project, name=alias)
    if version:
        listed = [one for one in listed if str(one.version) == version]
    if not listed:
        return get_model(tx, project, name)
    return listed[-1]


def list_models(tx: Connection, project: str, *, name: str = "", state: str = "") -> list[ModelVersion]:
    """Every version, oldest first."""
    query = select(models).where(models.c.project == project).order_by(models.c.name, models.c.version)
    if name:
        query = query.where(models.c.name == name)
    if state:
        query = query.where(models.c.state == state)
    return [_model(row) for row in tx.execute(query)]


def _find(tx: Connection, project: str, model_id: str) -> ModelVersion | None:
    row = tx.execute(select(models).where(models.c.project == project, models.c.id == model_id)).one_or_none()
    return None if row is None else _model(row)


def _model(row: Row[Any]) -> ModelVersion:
    values = dict(row._mapping)
    values["flags"] = msgspec.json.decode(values["flags"], type=tuple[dict[str, Any], ...])
    values["facts"] = msgspec.json.decode(values["facts"])
    return ModelVersion(**values)
