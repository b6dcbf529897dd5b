"""State: small facts that the loop owns. `volant diff` shows them; `volant apply` never touches them.

    kind         name               body
    live         task               Live: the variant that serves, and the release that put it there
    split        task               core.nouns.Split: where users go while a rollout runs
    variant      task/variant       VariantSpec: a variant that a release added
    deployment   deployment         Place: where an engine of ours listens, and whether it is healthy
    made                            when each task and deployment was first configured (documents.made)

Any other kind may be kept too (`put`, `get`, `listed`); every change grows the revision, so gateways hear of it.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from volant.core.nouns import DeploymentSpec, Split, VariantSpec
from volant.registry import edges, revision
from volant.store.tables import state

Body = TypeVar("Body")


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """What serves a task now."""

    variant: str
    release_id: str = ""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a deployment of ours can be reached."""

    base_url: str  # ends before /chat/completions
    healthy: bool = True  # an unhealthy one is not handed to gateways
    model_id: str = ""
    engine: str = ""  # the engine process's name
    api_key: str = ""  # an engine's own token on loopback; not a provider's secret
    spec: DeploymentSpec | None = None  # for a deployment that no document names


# ---------------------------------------------------------------- any kind
def put(tx: Connection, project: str, kind: str, name: str, body: Any, *, now_ms: int) -> int:
    """Keep `body` (a struct or JSON value); gives the new revision. The same body again changes nothing."""
    text = msgspec.json.encode(body).decode()
    at = (state.c.project == project, state.c.kind == kind, state.c.name == name)
    before = tx.execute(select(state.c.body).where(*at)).scalar_one_or_none()
    if before == text:
        return revision.current(tx)
    new = revision.bump(tx)
    if before is None:
        tx.execute(
            insert(state).values(project=project, kind=kind, name=name, body=text, revision=new, updated_ms=now_ms)
        )
    else:
        tx.execute(update(state).where(*at).values(body=text, revision=new, updated_ms=now_ms))
    return new


def get(tx: Connection, project: str, kind: str, name: str, body: type[Body]) -> Body | None:
    """The fact as `body`, or None."""
    query = select(state.c.body).where(state.c.project == project, state.c.kind == kind, state.c.name == name)
    text = tx.execute(query).scalar_one_or_none()
    return None if text is None else msgspec.json.decode(text, type=body)


def listed(tx: Connection, project: str, kind: str, body: type[Body]) -> dict[str, Body]:
    """Every fact of a kind, by name."""
    query = select(state.c.name, state.c.body).where(state.c.project == project, state.c.kind == kind)
    return {name: msgspec.json.decode(text, type=body) for name, text in tx.execute(query.order_by(state.c.name))}


def remove(tx: Connection, project: str, kind: str, name: str) -> bool:
    """False when there was none."""
    at = (state.c.project == project, state.c.kind == kind, state.c.name == name)
    gone = tx.execute(delete(state).where(*at)).rowcount > 0
    if gone:
        revision.bump(tx)
    return gone


# ---------------------------------------------------------------- the kinds that snapshots read
def set_live(tx: Connection, project: str, task: str, variant: str, *, now_ms: int, release_id: str = "") -> int:
    """Let `variant` serve the task."""
    return put(tx, project, "live", task, Live(variant=variant, release_id=release_id), now_ms=now_ms)


def live(tx: Connection, project: str, task: str) -> Live | None:
    """What serves the task by a release's decision; None while the documents decide."""
    return get(tx, project, "live", task, Live)


def set_split(tx: Connection, project: str, task: str, split: Split, *, now_ms: int) -> int:
    """Send a share of the task's users to a candidate."""
    return put(tx, project, "split", task, split, now_ms=now_ms)


def split(tx: Connection, project: str, task: str) -> Split | None:
    """The split of the rollout that runs, or None."""
    return get(tx, project, "split", task, Split)


def clear_split(tx: Connection, project: str, task: str) -> bool:
    """End the split; False when there was none."""
    return remove(tx, project, "split", task)


def put_variant(tx: Connection, project: str, task: str, variant: VariantSpec, *, now_ms: int) -> int:
    """Add a variant to a task, or change it; it wins over a document's variant of the same name."""
    return put(tx, project, "variant", f"{task}/{variant.name}", variant, now_ms=now_ms)


def variants(tx: Connection, project: str, task: str) -> dict[str, VariantSpec]:
    """The variants that releases added to the task, by their name."""
    found = listed(tx, project, "variant", VariantSpec)
    return {spec.name: spec for name, spec in found.items() if name == f"{task}/{spec.name}"}


def remove_variant(tx: Connection, project: str, task: str, name: str) -> bool:
    """False when there was none."""
    return remove(tx, project, "variant", f"{task}/{name}")


def put_place(tx: Connection, project: str, deployment: str, place: Place, *, now_ms: int) -> int:
    """Say where a deployment of ours listens and how it is; links it to the model it serves."""
    edges.link(tx, project, ("model", place.model_id), ("deployment", deployment), "serve", now_ms=now_ms)
    return put(tx, project, "deployment", deployment, place, now_ms=now_ms)


def places(tx: Connection, project: str) -> dict[str, Place]:
    """Every deployment of ours, by name."""
    return listed(tx, project, "deployment", Place)


def remove_place(tx: Connection, project: str, deployment: str) -> bool:
    """False when there was none."""
    return remove(tx, project, "deployment", deployment)
