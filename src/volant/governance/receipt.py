"""Receipt: what an erasure did, what it leaves behind and why, and how it was checked; signed, and readable.

Holds counts, ids and places; no text and no name: the person stands in it as their subject (the keyed hash).
The signature is an HMAC under a key that comes from the project's key, so it proves to whoever holds the data
directory's keys that this installation wrote the receipt and nobody changed it. It proves nothing to a stranger.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime

import msgspec

from volant.store.vault import derive


class Derived(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was made from the person's data, and what became of it."""

    kind: str  # "model", "dataset_version", "report", ...
    id: str
    sentence: str
    action: str  # "flagged", "flagged and blocked", "rows gone, ids stay", ...


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """One scan, in numbers."""

    needles: int = 0  # the person's texts, their name, their key
    found: int = 0  # of the needles, anywhere that counts
    places: tuple[str, ...] = ()  # where, at most 50
    hash_places: tuple[str, ...] = ()  # where the subject's keyed hash stands: not a finding, see `kept`
    elsewhere: int = 0  # places in which other people, or nobody known, said the same words
    key_copies: int = 0  # places where the person's key lies, wrapped or bare
    files: int = 0
    size_bytes: int = 0
    rows: int = 0
    frames_unpacked: int = 0
    keys_tried: int = 0
    sealed_opened: int = 0
    sealed_unopened: int = 0
    unreadable: tuple[str, ...] = ()
    seconds: float = 0.0


class Retraining(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be trained again without the person."""

    tasks: tuple[str, ...] = ()  # whose live model learned from them
    due_ms: int = 0  # 0: nothing to do


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of it. Times are Unix milliseconds."""

    erasure_id: str
    project: str
    subject: str
    outcome: str  # "complete"; "incomplete": something was found afterwards, see after.places, or see `missing`
    reason: str = ""
    requested_by: str = ""
    requested_ms: int
    deadline_ms: int
    removed_ms: int  # when rows and key went; texts from before that come late are dropped
    ended_ms: int
    removed: dict[str, int]  # kind → how many
    kept: tuple[str, ...]  # what stays, and why
    derived: tuple[Derived, ...]
    retraining: Retraining
    key_destroyed: bool  # False: the person never had one
    before: Looked
    after: Looked
    limits: tuple[str, ...]  # what this check cannot see
    audit_id: int = 0
    audit_hash: str = ""
    signature: str = ""  # 64 hex digits
    missing: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET  # machines that have not cleaned their files yet


def signing_key(project_key: bytes) -> bytes:
    """The key of receipts, 32 bytes."""
    return derive(project_key, "receipt")


def sign(receipt: Receipt, project_key: bytes) -> Receipt:
    """The receipt with its signature."""
    return msgspec.structs.replace(receipt, signature=_mac(receipt, project_key))


def verify(receipt: Receipt, project_key: bytes) -> bool:
    """True when nothing in it was changed since this project's key signed it."""
    return hmac.compare_digest(receipt.signature, _mac(receipt, project_key))


def _mac(receipt: Receipt, project_key: bytes) -> str:
    body = msgspec.json.encode(msgspec.structs.replace(receipt, signature=""), order="deterministic")
    return hmac.digest(signing_key(project_key), body, "sha256").hex()


def as_text(receipt: Receipt) -> str:
    """A page that a person reads."""
    due = "in time" if receipt.ended_ms <= receipt.deadline_ms else "AFTER the deadline"
    lines = [
        f"Receipt of erasure {receipt.erasure_id} ({receipt.outcome})",
        f"  person      {receipt.subject} in project {receipt.project!r}",
        *([f"  reason      {receipt.reason}"] if receipt.reason else []),
        f"  requested   {_time(receipt.requested_ms)}"
        + (f" by {receipt.requested_by}" if receipt.requested_by else ""),
        f"  done        {_time(receipt.ended_ms)}, {due} ({_time(receipt.deadline_ms)})",
        "",
        "Removed",
        *(f"  {count:>8,}  {kind}" for kind, count in receipt.removed.items()),
        f"            the person's key: {'destroyed' if receipt.key_destroyed else 'there was none'}",
        "",
        "Made from it",
        *([f"  {one.sentence}: {one.action}" for one in receipt.derived] or ["  nothing"]),
        *_retraining(receipt.retraining),
        "",
        "Checked",
        f"  before   {_looked(receipt.before)}",
        f"  after    {_looked(receipt.after)}",
        *(f"           still in {place}" for place in receipt.after.places),
        *(f"           not readable: {place}" for place in receipt.after.unreadable),
        *(f"  machine  {name} has not cleaned its files yet; ask again" for name in receipt.missing or ()),
        "",
        "Stays, and why",
        *(f"  {one}" for one in receipt.kept),
        "",
        "This check cannot see",
        *(f"  {one}" for one in receipt.limits),
        "",
        f"Audit row {receipt.audit_id} ({receipt.audit_hash[:16]}…), signature {receipt.signature[:16]}…",
    ]
    return "\n".join(lines)


def _looked(looked: Looked) -> str:
    same = f", {looked.elsewhere} places where others said the same words" if looked.elsewhere else ""
    return (
        f"{looked.found} of {looked.needles} texts, names and keys found; {looked.key_copies} copies of the key{same} "
        f"({looked.files:,} files, {looked.size_bytes / 1e6:,.1f} MB, {looked.rows:,} rows, "
        f"{looked.sealed_opened:,} sealed texts opened, {looked.frames_unpacked:,} frames unpacked, "
        f"{looked.seconds:.1f} s)"
    )


def _retraining(retraining: Retraining) -> list[str]:
    if not retraining.due_ms:
        return []
    return [f"  train again without them: {', '.join(retraining.tasks)}, by {_time(retraining.due_ms)}"]


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
