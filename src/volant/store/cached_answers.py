"""Cached answers: sealed answers of one data directory, shared by its gateways, in a small SQLite file of their own.

    DATA/cache/answers.db
    entry    digest of the question → sealed answer, when it ends, when it was last used, sealed vector of the question
    asked    which persons asked that question: erasing one removes the entry
    meta     the key that seals, wrapped by the master key

Knows bytes; knows neither what an answer is nor when two questions are one. The digest is keyed, so that the file says
nothing about a question; nothing else of the question is kept. Calls block for some 30 µs to some ms: the gateway makes
them in a thread of its own, and one connection belongs to one thread. What goes wrong here is a miss, never an error.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Literal

import msgspec

from volant.core.errors import BadInput
from volant.store.vault import Vault, new_key

FILE = Path("cache") / "answers.db"
LARGEST = 1 << 20  # bytes of an answer; larger ones are not kept
_BUSY_MS = 200

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
  number INTEGER PRIMARY KEY AUTOINCREMENT, digest BLOB NOT NULL UNIQUE, project TEXT NOT NULL, task TEXT NOT NULL,
  kind TEXT NOT NULL, sealed BLOB NOT NULL, frame BLOB, vector BLOB,
  created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, used_ms INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS entry_used ON entry (project, task, used_ms);
CREATE INDEX IF NOT EXISTS entry_expires ON entry (expires_ms);
CREATE INDEX IF NOT EXISTS entry_frame ON entry (frame, number) WHERE frame IS NOT NULL;
CREATE TABLE IF NOT EXISTS asked (
  project TEXT NOT NULL, subject TEXT NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (project, subject, digest)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS asked_digest ON asked (digest);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS entry_gone AFTER DELETE ON entry BEGIN
  DELETE FROM asked WHERE digest = OLD.digest;
  UPDATE meta SET value = value + 1 WHERE name = 'removed';
END;
"""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One answer as it is kept. Times are Unix milliseconds."""

    kind: Literal["answer", "refusal"]
    body: bytes
    created_ms: int
    expires_ms: int


class CachedAnswers:
    """The file, opened. One thread's."""

    def __init__(self, data_dir: Path, vault: Vault) -> None:
        """Made if it is not there. Raises sqlite3.Error, OSError, BadInput `wrong_key`."""
        path = data_dir / FILE
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._vault = vault
        self._db = sqlite3.connect(path, timeout=_BUSY_MS / 1000, isolation_level=None)
        path.chmod(0o600)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON", "recursive_triggers=ON"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(_SCHEMA)
        self._db.execute("INSERT OR IGNORE INTO meta VALUES ('key', ?)", (vault.wrap(new_key()),))
        self._db.execute("INSERT OR IGNORE INTO meta VALUES ('removed', 0)")
        self._key = vault.unwrap(self._meta("key"))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _meta(self, name: str) -> bytes:
        value: bytes = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0]
        return value

    # ------------------------------------------------------------ answers
    def get(self, digest: bytes, *, now_ms: int) -> Entry | None:
        """The answer to that question, if it is there and has not ended."""
        row = self._db.execute(
            "SELECT kind, sealed, created_ms, expires_ms FROM entry WHERE digest = ? AND expires_ms > ?",
            (digest, now_ms),
        ).fetchone()
        if row is None:
            return None
        body = _opened(self._vault, self._key, row[1], digest)
        if body is None:
            return None
        return Entry(kind=row[0], body=body, created_ms=row[2], expires_ms=row[3])

    def used(self, digest: bytes, project: str, subject: str, *, now_ms: int) -> None:
        """Somebody was given it: it is young again, and theirs too."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            if self._db.execute("UPDATE entry SET used_ms = ? WHERE digest = ?", (now_ms, digest)).rowcount and subject:
                self._db.execute("INSERT OR IGNORE INTO asked VALUES (?, ?, ?)", (project, subject, digest))

    def put(
        self,
        digest: bytes,
        entry: Entry,
        *,
        project: str,
        task: str,
        subject: str,
        max_entries: int,
        frame: bytes | None = None,
        vector: bytes | None = None,
    ) -> None:
        """Keep it, and of the task's entries no more than `max_entries`: the least recently used go."""
        if len(entry.body) > LARGEST:
            return
        sealed = self._vault.seal(self._key, digest + entry.body)
        hidden = self._vault.seal(self._key, digest + vector) if vector is not None else None
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("DELETE FROM entry WHERE expires_ms <= ?", (entry.created_ms,))
            self._db.execute("DELETE FROM entry WHERE digest = ?", (digest,))
            self._db.execute(
                "INSERT INTO entry"
                " (digest, project, task, kind, sealed, frame, vector, created_ms, expires_ms, used_ms)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    digest, project, task, entry.kind, sealed, frame, hidden, entry.created_ms, entry.expires_ms,
                    entry.created_ms,
                ),
            )  # fmt: skip
            if subject:
                self._db.execute("INSERT OR IGNORE INTO asked VALUES (?, ?, ?)", (project, subject, digest))
            held = self._db.execute("SELECT count(*) FROM entry WHERE project = ? AND task = ?", (project, task))
            if (over := held.fetchone()[0] - max_entries) > 0:
                self._db.execute(
                    "DELETE FROM entry WHERE number IN"
                    " (SELECT number FROM entry WHERE project = ? AND task = ? ORDER BY used_ms, number LIMIT ?)",
                    (project, task, over),
                )

    def sweep(self, *, now_ms: int) -> int:
        """Remove what has ended; gives how many."""
        return self._db.execute("DELETE FROM entry WHERE expires_ms <= ?", (now_ms,)).rowcount

    # ------------------------------------------------------------ vectors
    def removed(self) -> int:
        """Grows with every entry that goes: then vectors in memory may be of nobody any more."""
        return int(self._meta("removed"))

    def vectors(self, frame: bytes, after: int, *, now_ms: int, limit: int) -> list[tuple[int, bytes, bytes]]:
        """(number, digest, vector) of the questions in that frame, with numbers above `after`, newest last."""
        rows = self._db.execute(
            "SELECT number, digest, vector FROM entry"
            " WHERE frame = ? AND number > ? AND expires_ms > ? AND vector NOT NULL ORDER BY number DESC LIMIT ?",
            (frame, after, now_ms, limit),
        ).fetchall()
        opened = ((number, digest, _opened(self._vault, self._key, sealed, digest)) for number, digest, sealed in rows)
        return [(number, digest, vector) for number, digest, vector in opened if vector is not None][::-1]


def _opened(vault: Vault, key: bytes, sealed: bytes, digest: bytes) -> bytes | None:
    """What was sealed for that question; None when it is damaged, or moved here from another question's row.

    The digest stands inside, not beside (as associated data): an erasure's scan has to open everything.
    """
    try:
        plain = vault.open_sealed(key, sealed)
    except BadInput:
        return None
    return plain[len(digest) :] if plain.startswith(digest) else None


# ---------------------------------------------------------------- erasure
def forget(data_dir: Path, vault: Vault, project: str, subject: str, words: Sequence[str] = ()) -> int:
    """Remove every answer that this person was given, and of the project's others those that hold any of `words`.

    Gives how many. Nothing where there is no cache. Raises sqlite3.Error, BadInput `wrong_key`.
    """
    path = data_dir / FILE
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as db:
        for pragma in ("secure_delete=ON", "recursive_triggers=ON"):
            db.execute(f"PRAGMA {pragma}")
        row = db.execute("SELECT value FROM meta WHERE name = 'key'").fetchone()
        found = "SELECT digest FROM asked WHERE project = ? AND subject = ?"
        gone = db.execute(f"DELETE FROM entry WHERE digest IN ({found})", (project, subject)).rowcount
        db.execute("DELETE FROM asked WHERE project = ? AND subject = ?", (project, subject))
        if row is None or not words:
            return gone
        key, sought = vault.unwrap(row[0]), [word.encode() for word in words]
        kept = db.execute("SELECT number, digest, sealed FROM entry WHERE project = ?", (project,)).fetchall()
        for number, digest, sealed in kept:
            body = _opened(vault, key, sealed, digest)
            if body is None or any(word in body for word in sought):
                gone += db.execute("DELETE FROM entry WHERE number = ?", (number,)).rowcount
    return gone


def forget_all(data_dir: Path, project: str) -> int:
    """Remove every answer of a project; gives how many. Nothing where there is no cache. Raises sqlite3.Error."""
    path = data_dir / FILE
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as db:
        for pragma in ("secure_delete=ON", "recursive_triggers=ON"):
            db.execute(f"PRAGMA {pragma}")
        gone = db.execute("DELETE FROM entry WHERE project = ?", (project,)).rowcount
        db.execute("DELETE FROM asked WHERE project = ?", (project,))
        return gone
