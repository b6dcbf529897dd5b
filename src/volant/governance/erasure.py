"""Erasure: remove one person everywhere, down to the models that learned from them, and check that they are gone.

    request → look → remove → clean → check → finish

Each step bears being done again after a kill at any moment: what it decided stands in the erasure's row, and a step
that lies behind gives what it gave before. Steps take and give ids and numbers only, so that a durable workflow may
keep them. What to look for afterwards is kept meanwhile in a file of its own (`wanted`), which `finish` destroys.

look     drain the spool first; a scan shows where the person is, so that the one afterwards is known to see
remove   one transaction (`removal`): rows and key go, evidence gets a stand-in, models that learned are flagged
clean    no copy in spool segments, results of runs, the WAL, free pages or gaps of either database (`purge`); other
         machines that share the database clean theirs (`elsewhere`)
check    the scan again; anything that is not somebody else's makes the erasure incomplete
finish   the receipt. An incomplete erasure stays open: remove what it names, and `clean` goes on from there

A record of the person from before `remove` that comes late is dropped by ingest; what they say afterwards is new.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, update

from volant.core.accounts import DAY_MS
from volant.core.errors import BadInput, Conflict
from volant.core.ids import new_id
from volant.core.nouns import Policy
from volant.governance import elsewhere, looking, receipt, removal, wanted, words
from volant.governance.house import House as House
from volant.governance.receipt import Looked, Receipt
from volant.governance.removal import Removed
from volant.governance.wanted import Wanted
from volant.registry import audit, erasures
from volant.registry.erasures import Erasure
from volant.store.tables import erasure as erasure_rows

STATES = ("requested", "looked", "removed", "cleaned", "checked", "done")  # or "incomplete" in place of "done"
_WAIT_S, _LOOK_S = 60.0, 0.5  # for other machines
_LONGEST_REASON = 500

KEPT = (
    "rollups and the numbers of each request (time, tokens, cost, status), which name nobody: sums must stay true",
    "opaque ids of erased records in dataset versions; whoever reads a version skips them",
    "ids that the application or a provider gave (item, trace, response id, idempotency key): they name nobody here",
    "the person's keyed hash in this receipt and in one tombstone, so that late records of theirs are dropped",
)
LIMITS = (
    "what a model learnt: models are flagged, and only training them again without the person removes it",
    "blocks that the disk freed but did not overwrite, snapshots of the file system, and copies outside the directory",
    "texts rewritten by a person or a program; texts shorter than 12 characters",
    "data directories of other machines: those that share the database clean theirs, and only this one was scanned",
    "backups made before: they hold the person until they expire, and their keys if the master key is beside them",
)


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far one erasure is, in numbers and ids; stands in its row."""

    reason: str = ""
    requested_by: str = ""
    policy: Policy = Policy()
    words: int = 0  # texts looked for
    words_left_out: int = 0  # too short
    before: Looked = Looked()
    removed: Removed | None = None
    removed_ms: int = 0
    after: Looked = Looked()
    place: str = ""  # the machine that carries it out


# ---------------------------------------------------------------- the steps
def request(
    house: House,
    project: str,
    *,
    user: str = "",
    subject: str = "",
    reason: str = "",
    requested_by: str = "",
    policy: Policy,
) -> str:
    """Open an erasure; gives its id. One that is open for the person already is found again.

    With the `user`'s name the scan looks for it too; it is kept nowhere but in `wanted`. Raises BadInput unless
    exactly one of `user` and `subject` is given, NotFound for an unknown project.
    """
    if bool(user) == bool(subject):
        raise BadInput("bad_erasure", "name the person by `user` or by `subject`", where="erasure")
    now_ms = house.clock.now_ms()
    with house.db.begin() as tx:
        house.ring.project_key(tx, project)  # NotFound for an unknown project
        subject = subject or house.ring.subject_of(tx, project, user)
        open_ = tx.execute(select(erasure_rows.c.id).where(erasure_rows.c.ended_ms == 0)).scalars().all()
        wanted.sweep(house.data_dir, open_)
        mine = (erasure_rows.c.project == project, erasure_rows.c.subject == subject, erasure_rows.c.ended_ms == 0)
        there = tx.execute(select(erasure_rows.c.id).where(*mine)).scalar()
        made = there or new_id("erasure")
        _want(house, made, Wanted(user=user))
        if there:
            return str(there)
        said = reason.replace(user, "the person") if user else reason
        progress = Progress(reason=said[:_LONGEST_REASON], requested_by=requested_by, policy=policy, place=house.place)
        row = {"id": made, "project": project, "subject": subject, "state": "requested", "requested_ms": now_ms}
        row |= {"deadline_ms": now_ms + policy.erasure_deadline_days * DAY_MS, "progress": _text(progress)}
        tx.execute(insert(erasure_rows).values(**row))
        _audit(tx, house, project, made, "erasure.request", {}, actor=requested_by)
    return made


def look(house: House, project: str, erasure_id: str) -> dict[str, int]:
    """Gather their words and scan for them; gives how many were found. Drain the spool before."""
    row, progress = _row(house, project, erasure_id)
    if _is_behind(row, "looked"):
        return {"words": progress.words, "found": progress.before.found}
    with house.db.read() as tx:
        _gather(tx, house, row)
        labels = looking.key_labels(tx, house.ring)
    found = _scan(house, row, labels, after=False)
    with house.db.begin() as tx:
        sought = wanted.load(house.data_dir, house.ring.vault, erasure_id)
        new = msgspec.structs.replace(progress, words=len(sought.texts), words_left_out=sought.left_out, before=found)
        _move(tx, row, "looked", new)
    return {"words": new.words, "found": found.found}


def remove(house: House, project: str, erasure_id: str) -> dict[str, Any]:
    """Take rows and key out, flag models: one transaction.

    Gives {"models": ids flagged, "blocked": ids, "tasks": whose live model learned from them, "due_ms": by when those
    are to be trained again (Unix milliseconds), 0 for no task}. The caller publishes the new snapshot, withdraws
    blocked models and schedules the training.
    """
    row, progress = _row(house, project, erasure_id)
    if not _is_behind(row, "removed"):
        with house.db.begin() as tx:
            if _is_behind(erasures.get_erasure(tx, project, erasure_id), "removed"):
                raise Conflict("erasure_twice", "another workflow removes the same person now", where=erasure_id)
            _gather(tx, house, row)  # what came since the look
            now_ms = house.clock.now_ms()
            done = removal.remove_person(
                tx, house.ring, house.blobs, project, row.subject, erasure_id=row.id, policy=progress.policy,
                deadline_ms=row.deadline_ms, now_ms=now_ms,
            )  # fmt: skip
            progress = msgspec.structs.replace(progress, removed=done, removed_ms=now_ms)
            _move(tx, row, "removed", progress)
            counts = {name: count for name, count in done.counts.items() if count}
            _audit(tx, house, project, row.id, "erasure.remove", counts)
    assert progress.removed is not None
    gone = progress.removed
    return {
        "models": list(gone.models),
        "blocked": list(gone.blocked),
        "tasks": list(gone.retraining.tasks),
        "due_ms": gone.retraining.due_ms,
    }


def clean(
    house: House,
    project: str,
    erasure_id: str,
    drain: Callable[[], object],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Leave no copy in files. `drain` drains the spool once. Takes up to a minute while a gateway has a segment open,
    and another while other machines clean theirs; those that have not by then make the erasure incomplete.

    Raises Unavailable, to be tried again, when a segment or a database stays in use; StorageFull.
    """
    row, progress = _row(house, project, erasure_id)
    if _is_behind(row, "cleaned"):
        return
    sought = wanted.load(house.data_dir, house.ring.vault, erasure_id)
    done = msgspec.convert(row.progress, elsewhere.Removal)
    elsewhere.clean_files(house, project, row.subject, done, drain, words=sought.texts, sleep=sleep)
    with house.db.begin() as tx:
        elsewhere.confirm(house, tx, erasure_id)
    for _ in range(int(_WAIT_S / _LOOK_S)):
        with house.db.read() as tx:
            if not elsewhere.missing(house, tx, erasure_id):
                break
        sleep(_LOOK_S)
    with house.db.begin() as tx:
        _move(tx, row, "cleaned", progress)


def check(house: House, project: str, erasure_id: str) -> dict[str, int]:
    """Scan again; gives how many of their words, names and keys are still found."""
    row, progress = _row(house, project, erasure_id)
    if not _is_behind(row, "checked"):
        with house.db.read() as tx:
            labels = looking.key_labels(tx, house.ring)
        progress = msgspec.structs.replace(progress, after=_scan(house, row, labels, after=True))
        with house.db.begin() as tx:
            _move(tx, row, "checked", progress)
    return {"found": progress.after.found, "key_copies": progress.after.key_copies}


def finish(house: House, project: str, erasure_id: str) -> dict[str, str]:
    """Write the signed receipt and, when nothing was found, destroy what says what to look for. Gives the state."""
    row, progress = _row(house, project, erasure_id)
    if row.state in ("done", "incomplete"):
        return {"state": row.state}
    with house.db.read() as tx:
        missing = elsewhere.missing(house, tx, erasure_id)
    complete = not progress.after.found and not progress.after.unreadable and not missing
    if complete:
        wanted.destroy(house.data_dir, erasure_id)
    state = "done" if complete else "incomplete"
    now_ms = house.clock.now_ms()
    with house.db.begin() as tx:
        head = _audit(tx, house, project, row.id, "erasure.finish", {"state": state, "found": progress.after.found})
        made = _receipt(row, progress, state, head, now_ms)
        if missing:
            made = msgspec.structs.replace(made, missing=missing)
        made = receipt.sign(made, house.ring.project_key(tx, project))
        values = {"receipt": _text(made), "state": state, "ended_ms": now_ms if complete else 0}
        tx.execute(update(erasure_rows).where(erasure_rows.c.id == erasure_id).values(**values))
    return {"state": state}


def run(house: House, project: str, erasure_id: str, drain: Callable[[], object]) -> Receipt:
    """All steps, from wherever it stands; what a workflow does one by one."""
    drain()
    look(house, project, erasure_id)
    remove(house, project, erasure_id)
    clean(house, project, erasure_id, drain)
    check(house, project, erasure_id)
    finish(house, project, erasure_id)
    with house.db.read() as tx:
        return receipt_of(erasures.get_erasure(tx, project, erasure_id))


def receipt_of(row: Erasure) -> Receipt:
    """The receipt of an erasure that has one."""
    return msgspec.convert(row.receipt, Receipt)


# ---------------------------------------------------------------- inside
def _receipt(row: Erasure, progress: Progress, state: str, head: audit.Head, now_ms: int) -> Receipt:
    assert progress.removed is not None
    return Receipt(
        erasure_id=row.id,
        project=row.project,
        subject=row.subject,
        outcome="complete" if state == "done" else "incomplete",
        reason=progress.reason,
        requested_by=progress.requested_by,
        requested_ms=row.requested_ms,
        deadline_ms=row.deadline_ms,
        removed_ms=progress.removed_ms,
        ended_ms=now_ms,
        removed=progress.removed.counts,
        kept=KEPT,
        derived=progress.removed.derived,
        retraining=progress.removed.retraining,
        key_destroyed=progress.removed.key_destroyed,
        before=progress.before,
        after=progress.after,
        limits=LIMITS,
        audit_id=head.id,
        audit_hash=head.hash,
    )


def _row(house: House, project: str, erasure_id: str) -> tuple[Erasure, Progress]:
    with house.db.read() as tx:
        row = erasures.get_erasure(tx, project, erasure_id)
    return row, msgspec.convert(row.progress, Progress)


def _is_behind(row: Erasure, state: str) -> bool:
    """True when the erasure has reached `state`; an incomplete one is cleaned and checked again."""
    reached = "removed" if row.state == "incomplete" else row.state
    return STATES.index(reached) >= STATES.index(state)


def _move(tx: Connection, row: Erasure, state: str, progress: Progress) -> None:
    values = {"state": state, "progress": _text(progress)}
    tx.execute(update(erasure_rows).where(erasure_rows.c.id == row.id).values(**values))


def _text(value: Progress | Receipt) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


def _audit(
    tx: Connection, house: House, project: str, erasure_id: str, action: str, detail: dict[str, Any], actor: str = ""
) -> audit.Head:
    return audit.append(
        tx, house.ring.vault, project=project, actor=actor or audit.LOOP, action=action, object_kind="erasure",
        object_id=erasure_id, detail=detail, now_ms=house.clock.now_ms(),
    )  # fmt: skip


def _gather(tx: Connection, house: House, row: Erasure) -> None:
    """Add to `wanted` what is known of the person now; before their key goes, never after."""
    found = words.gather(tx, house.ring, row.project, row.subject)
    key = house.ring.subject_keys(tx, row.project, [row.subject]).get(row.subject)
    keys = (key.raw,) if key is not None and key.raw is not None else ()
    _want(house, row.id, Wanted(texts=found.texts, left_out=found.left_out, keys=keys))


def _want(house: House, erasure_id: str, more: Wanted) -> None:
    vault = house.ring.vault
    before = wanted.load(house.data_dir, vault, erasure_id)
    wanted.save(house.data_dir, vault, erasure_id, before.joined(more))


def _scan(house: House, row: Erasure, labels: dict[bytes, str], *, after: bool) -> Looked:
    vault = house.ring.vault
    sought = wanted.load(house.data_dir, vault, row.id)
    return looking.look_for(house.data_dir, vault, labels, sought, row.subject, row.id, after=after)
