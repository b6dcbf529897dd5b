"""Looking: scan for one person, and say in numbers what was found of them.

The same words may be somebody else's too: what only another person's key, or the project's (texts of nobody known),
opens is counted apart. So is what waits in the spool: `purge` has looked there record by record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from sqlalchemy import Connection, select

from volant.governance import wanted as wanted_files
from volant.governance.apart import scan_apart
from volant.governance.needles import Needle, make_needles
from volant.governance.receipt import Looked
from volant.governance.scan import Hit, ScanResult
from volant.governance.wanted import Wanted
from volant.store import tables
from volant.store.keys import KeyRing
from volant.store.vault import Vault

_MOST_PLACES = 50


def key_labels(tx: Connection, ring: KeyRing) -> dict[bytes, str]:
    """Every key that the store knows, with its owner: a subject, or "project …"."""
    labels: dict[bytes, str] = {}
    for project in tx.execute(select(tables.project.c.id)).scalars():
        labels[ring.project_key(tx, project)] = f"project {project}"
    rows = select(tables.subject_key.c.subject, tables.subject_key.c.wrapped_key)
    for subject, wrapped in tx.execute(rows.where(tables.subject_key.c.wrapped_key.is_not(None))):
        labels[ring.vault.unwrap(wrapped)] = subject
    return labels


def look_for(
    data_dir: Path,
    vault: Vault,
    labels: dict[bytes, str],
    wanted: Wanted,
    subject: str,
    erasure_id: str,
    *,
    after: bool,
) -> Looked:
    """Scan the data directory, but for the file that says what to look for."""
    names = [wanted.user] if wanted.user else []
    needles = make_needles(texts=(*wanted.texts, subject), identities=names, keys=wanted.keys)
    skip = [wanted_files.path_of(data_dir, erasure_id)]
    result = scan_apart(data_dir, vault, needles, keys=labels, skip=skip)
    return judge(result, needles, subject, hide=wanted.user, after=after)


def judge(result: ScanResult, needles: Sequence[Needle], subject: str, *, hide: str, after: bool) -> Looked:
    """What a scan found of one person. `hide`: their name, which a path may hold. After the removal a key of the
    same subject is a new one: what it opens was said later."""
    hashed = {needle.number for needle in needles if needle.data == subject.encode()}
    keys = {needle.number for needle in needles if needle.kind == "key"}
    hits = [hit for hit in result.hits if hit.needle not in hashed]
    theirs = [hit for hit in hits if _is_theirs(hit, subject, after)]

    def shown(places: Iterable[str]) -> tuple[str, ...]:
        listed = sorted(set(places))[:_MOST_PLACES]
        return tuple(place.replace(hide, "…") if hide else place for place in listed)

    return Looked(
        needles=result.needles - len(result.too_short) - len(hashed),
        found=len({hit.needle for hit in theirs}),
        places=shown(f"{hit.place} ({hit.decoded})" for hit in theirs),
        hash_places=shown(hit.place for hit in result.hits if hit.needle in hashed),
        elsewhere=len({hit.place for hit in hits} - {hit.place for hit in theirs}),
        key_copies=len({hit.place for hit in theirs if hit.needle in keys}),
        files=result.files,
        size_bytes=result.size_bytes,
        rows=result.rows,
        frames_unpacked=result.frames_unpacked,
        keys_tried=result.keys,
        sealed_opened=result.sealed_opened,
        sealed_unopened=result.sealed_unopened,
        unreadable=shown(result.unreadable),
        seconds=round(result.seconds, 1),
    )


def _is_theirs(hit: Hit, subject: str, after: bool) -> bool:
    if hit.owner == subject or (hit.owner == "spool" and hit.place.startswith("spool/")):
        return not after
    return not hit.owner.startswith(("sub_", "project "))
