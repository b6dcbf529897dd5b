"""Intake: from files to a dataset version. Nothing is written before it is cleaned and redacted.

import → draw users where the file names none → clean → find leaks → split by user → seal and store.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from volant.core.accounts import DAY_MS
from volant.core.errors import BadInput
from volant.core.ids import new_id
from volant.core.stats import label_agreement
from volant.data import cleaning, importing, leaks, splits, users
from volant.data.header import Columns
from volant.data.rows import Removal, Row
from volant.jobs.actions import ImportOptions, Upload
from volant.jobs.context import Context
from volant.registry import audit, datasets, documents, records
from volant.registry.datasets import Member

DEFAULT_SHARES = {"train": 0.5, "validation": 0.05, "pool_a": 0.2, "pool_b": 0.1, "test": 0.15}
DEFAULT_SHARES_WITH_TEST = {"train": 0.6, "validation": 0.05, "pool_a": 0.2, "pool_b": 0.15}
MOST_REMOVALS_LISTED = 20_000
LIVE_SPLIT = "pool_a"  # the first live traffic: where questions about products that came later belong


def import_dataset(
    context: Context, project: str, files: Sequence[Upload], options: ImportOptions, *, by: str = audit.LOOP
) -> str:
    """The id of the dataset version made of `files`; of the same files and options before, if they were imported.

    Raises BadInput that names file, line and column; then nothing was stored.
    """
    with context.db.read() as tx:  # keyed: a hash of a short file would tell what stood in it
        key = context.keyring.hash_key(tx, project)
        fingerprint = context.vault.content_hmac(key, _fingerprint(files, options))
        there = _imported(tx, project, options.dataset, fingerprint)
    return there or _store(context, project, prepare(files, options), options, fingerprint, by)


def _imported(tx: Connection, project: str, dataset: str, fingerprint: str) -> str:
    """The id of the version that these files made before; empty when they made none."""
    for version in datasets.list_versions(tx, project, dataset):
        if isinstance(version.funnel, dict) and version.funnel.get("fingerprint") == fingerprint:
            return version.id
    return ""


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """Rows ready to be stored, and the account of what became of every row that came in."""

    parts: dict[str, list[Row]]
    known: tuple[str, ...]
    funnel: dict[str, Any]
    leaks: list[leaks.Leak]


def prepare(files: Sequence[Upload], options: ImportOptions) -> Prepared:
    """Pure but for reading the files. Every row in is kept, removed with a reason, or rejected with one."""
    data = _read([file for file in files if file.role == "data"], options, "data")
    test = _read([file for file in files if file.role == "test"], options, "test")
    if not data.rows:
        raise BadInput("no_data", "no file of questions was given", hint="give at least one CSV or JSONL file")
    policy = cleaning.CleaningPolicy(
        languages=(options.language,) if options.language else (),
        redact_with=("pii", "secrets") if options.redact else (),
    )
    sealed = leaks.drop_leaks(data.rows, test.rows)  # before anything is removed, so that every leak is found
    cleaned = cleaning.clean(sealed.kept, policy)
    removals = [*sealed.removals, *cleaned.removals]
    drawn = users.draw_users(cleaned.kept, seed=options.seed)
    kept = drawn.rows
    # A given test stays as it is but for what must never be stored: no row of it is removed as a duplicate.
    lenient = msgspec.structs.replace(policy, languages=(), exact=False, near_threshold=None)
    tested = cleaning.clean(test.rows, lenient)
    removals += tested.removals
    test_rows = users.draw_users(tested.kept, seed=options.seed, prefix="tester").rows
    split = splits.split_by_user(kept, _shares(options, bool(test.rows)), seed=options.seed)
    removals += split.removals
    parts = {**split.parts, **({"test": test_rows} if test.rows else {})}
    labels = {row.label for row in kept}
    known = splits.known_intents(labels, options.known_share, seed=options.seed)
    parts, came_later = _later_products(parts, known)
    splits.require_classes(parts["train"] + parts.get(LIVE_SPLIT, []), labels, where=data.names)
    agreement = _agreement(kept)
    changes = Counter(change.step for change in (*cleaned.changes, *tested.changes))
    funnel = {
        "rows_in": len(data.rows) + len(data.rejected),
        "test_rows_in": len(test.rows) + len(test.rejected),
        "rejected": [{"source": r.source, "line": r.line, "code": r.code} for r in (*data.rejected, *test.rejected)],
        "removed": dict(sorted(Counter(removal.step for removal in removals).items())),
        "changed": dict(sorted(changes.items())),
        "label_conflicts": len(cleaned.conflicts),
        "came_later": came_later,
        "removals": [_removal(removal) for removal in removals[:MOST_REMOVALS_LISTED]],
        "labels": sorted(labels),
        "known_labels": list(known),
        "users": {name: len({row.user for row in rows}) for name, rows in parts.items()},
        "users_drawn": drawn.drawn,
        "intra_user_correlation": agreement,
        "notices": [{"source": n.source, "line": n.line, "code": n.code} for n in (*data.notices, *test.notices)],
    }
    return Prepared(parts=parts, known=known, funnel=funnel, leaks=sealed.leaks)


def _later_products(parts: dict[str, list[Row]], known: Sequence[str]) -> tuple[dict[str, list[Row]], int]:
    """Questions of the training customers about products that the bank did not have yet are asked later, live.

    They move from train and validation to the first live pool, so that no model learns them before it met them in
    traffic. Nothing moves where every label is known, or where there is no live pool (then they are withheld by the
    member's `known` mark). Gives the parts, and how many rows moved.
    """
    if LIVE_SPLIT not in parts:
        return parts, 0
    moved: list[Row] = []
    kept = dict(parts)
    for name in ("train", "validation"):
        inside, outside = splits.restrict(parts.get(name, []), known)
        kept[name] = inside
        moved += [removal.row for removal in outside]
    return {**kept, LIVE_SPLIT: [*parts[LIVE_SPLIT], *moved]}, len(moved)


class _Read(msgspec.Struct, kw_only=True):
    rows: list[Row]
    rejected: list[Any]
    notices: list[Any]
    names: str = ""


def _read(files: Sequence[Upload], options: ImportOptions, role: str) -> _Read:
    columns = Columns(text=options.text_column, label=options.label_column, user=options.user_column)
    read = _Read(rows=[], rejected=[], notices=[], names=", ".join(file.name for file in files))
    for file in files:
        one = importing.read_file(file.path, columns=columns)
        source = f"{options.dataset}/{role}/{file.name}"
        read.rows += [msgspec.structs.replace(row, id=f"{source}:{row.line}", source=source) for row in one.rows]
        read.rejected += [msgspec.structs.replace(row, source=source) for row in one.rejected]
        read.notices += [msgspec.structs.replace(notice, source=source) for notice in one.notices]
    return read


def _shares(options: ImportOptions, has_test: bool) -> dict[str, float]:
    shares = options.shares or (DEFAULT_SHARES_WITH_TEST if has_test else DEFAULT_SHARES)
    if shares.get("train", 0.0) <= 0:
        raise BadInput("bad_shares", "the shares leave nothing to train on", where="shares", hint="give train a share")
    if has_test:
        shares = {name: share for name, share in shares.items() if name != "test"}
    total = sum(shares.values())
    return {name: share / total for name, share in shares.items()} if total > 0 else dict(shares)


def _agreement(rows: Sequence[Row]) -> dict[str, float]:
    try:
        found = label_agreement([row.label for row in rows], [row.user for row in rows])
    except ValueError:
        return {}
    value = found.normalised
    return {
        "value": round(value.estimate, 4),
        "low": round(value.lower, 4),
        "high": round(value.upper, 4),
        "within": round(found.within, 4),
        "by_chance": round(found.by_chance, 4),
    }


def _removal(removal: Removal) -> dict[str, Any]:
    """Where and why, never the text."""
    return {
        "row": removal.row.id,
        "label": removal.row.label,
        "step": removal.step,
        "reason": removal.reason,
        "keeper": removal.keeper_id,
        "score": removal.score,
    }


def _fingerprint(files: Sequence[Upload], options: ImportOptions) -> bytes:
    digest = hashlib.sha256(msgspec.json.encode(options, order="deterministic"))
    for file in sorted(files, key=lambda one: (one.role, one.name)):
        digest.update(f"\0{file.role}\0{file.name}\0".encode())
        with file.path.open("rb") as content:
            for block in iter(lambda: content.read(1 << 20), b""):
                digest.update(block)
    return digest.digest()


def _store(
    context: Context, project: str, prepared: Prepared, options: ImportOptions, fingerprint: str, by: str
) -> str:
    now_ms = context.clock.now_ms()
    with context.db.begin() as tx:
        if there := _imported(tx, project, options.dataset, fingerprint):
            return there  # another request imported them meanwhile
        days = options.retention_days or documents.current(tx, project).documents.policy.retention_days
        version_id = new_id("dataset_version")
        known = frozenset(prepared.known)
        members: list[Member] = []
        id_of: dict[str, str] = {}
        for split, rows in prepared.parts.items():
            new = [_record(tx, context, project, row, options, now_ms + days * DAY_MS) for row in rows]
            ids = records.insert_records(tx, context.keyring, project, new, now_ms=now_ms)
            members += [Member(record_id, split, row.label in known) for row, record_id in zip(rows, ids, strict=True)]
            id_of |= {row.id: record_id for row, record_id in zip(rows, ids, strict=True)}
        made = datasets.create_version(
            tx,
            context.blobs,
            project,
            options.dataset,
            members,
            now_ms=now_ms,
            funnel={**prepared.funnel, "fingerprint": fingerprint},
            leaks=[{"test": id_of.get(leak.test_id, ""), "train": list(leak.train_ids)} for leak in prepared.leaks],
            version_id=version_id,
        )
        context.audit(tx, project, by, "dataset.import", "dataset_version", made.id, records=len(members))
    return made.id


def _record(
    tx: Connection, context: Context, project: str, row: Row, options: ImportOptions, until_ms: int
) -> records.NewRecord:
    return records.NewRecord(
        source=row.source,
        position=row.line,
        body={"question": row.text, "answer": answer_of(row.label), "label": row.label, "user": row.user},
        subject=context.keyring.subject_of(tx, project, row.user),
        purpose=options.purpose,
        legal_basis=options.legal_basis,
        retention_until_ms=until_ms,
    )


def answer_of(label: str) -> str:
    """The exact answer that a model of a labelling task gives."""
    return json.dumps({"intent": label})
