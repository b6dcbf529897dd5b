"""KeyRing: which key belongs to whom, kept wrapped in the database.

    project key   seals texts that belong to no person (secrets, answers to callers without a user)
    hash key      turns a user's name into a subject, and a text into its keyed hash
    subject key   seals every text of one person; destroying it is what erasure means

The database is asked for the wrapped key every time, so nothing has to be forgotten when a key is destroyed or a
transaction is rolled back; unwrapping costs 7 µs. Only project and hash keys, which nobody destroys, are kept in
memory, by their wrapped form. Knows keys; knows nothing of the tables that hold what they seal.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from volant.core.errors import BadInput, Conflict, NotFound
from volant.store.database import Database, mark_of, one_of
from volant.store.tables import project as projects
from volant.store.tables import subject_key as subject_keys
from volant.store.vault import Vault, new_key

_KEPT = 64  # project and hash keys in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class DestroyedKey:
    """What was destroyed, so that an erasure can look for left-over copies byte by byte. Keep it nowhere."""

    subject: str
    raw: bytes
    wrapped: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectKey:
    """One subject's key as it stands now."""

    raw: bytes | None  # None: destroyed, and nothing came since
    destroyed_ms: int  # Unix milliseconds of the newest erasure; 0: never


class KeyRing:
    """Opens and seals for projects and subjects. With `read_only` it never makes a key."""

    def __init__(self, db: Database, vault: Vault, *, read_only: bool = False) -> None:
        self.vault = vault
        self.read_only = read_only
        self._db = db
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()

    # ------------------------------------------------------------ projects
    def ensure_project(self, tx: Connection, project: str, *, now_ms: int) -> bool:
        """Make the project's row with its two keys; False when it was there.

        The hash key comes from the master key, so that two installations with one master key (a replica, a restored
        backup) agree on subjects and content hashes; it is stored wrapped like the other.
        """
        self._writable("a project")
        row = {
            "id": project,
            "name": project,
            "wrapped_key": self.vault.wrap(new_key()),
            "wrapped_hash_key": self.vault.wrap(self.vault.derive(f"hash/{project}")),
            "created_ms": now_ms,
        }
        return self._db.insert_ignore(tx, projects, [row]) == 1

    def project_key(self, tx: Connection, project: str) -> bytes:
        """Raises NotFound for an unknown project."""
        return self._unwrapped(self._project_row(tx, project)[0])

    def hash_key(self, tx: Connection, project: str) -> bytes:
        """Raises NotFound for an unknown project."""
        return self._unwrapped(self._project_row(tx, project)[1])

    def subject_of(self, tx: Connection, project: str, user: str) -> str:
        """The subject that stands for `user`; empty for an empty user."""
        return self.vault.subject_of(self.hash_key(tx, project), user) if user else ""

    # ------------------------------------------------------------ subjects
    def subject_keys(self, tx: Connection, project: str, subjects: Iterable[str]) -> dict[str, SubjectKey]:
        """The keys of those subjects that ever had one."""
        wanted = sorted({subject for subject in subjects if subject})
        if not wanted:
            return {}
        among, names = one_of(tx, wanted)
        query = (
            f"SELECT subject, wrapped_key, destroyed_ms FROM subject_key"
            f" WHERE project = {mark_of(tx)} AND subject{among}"
        )
        found: dict[str, SubjectKey] = {}
        for subject, wrapped, destroyed_ms in tx.exec_driver_sql(query, (project, names)):
            raw = self.vault.unwrap(wrapped) if wrapped is not None else None
            found[subject] = SubjectKey(raw=raw, destroyed_ms=destroyed_ms)
        return found

    def ensure_subjects(
        self, tx: Connection, project: str, subjects: Iterable[str], *, now_ms: int
    ) -> dict[str, SubjectKey]:
        """As `subject_keys`, but every subject has a key afterwards; one erased before gets a new one."""
        wanted = {subject for subject in subjects if subject}
        found = self.subject_keys(tx, project, wanted)
        missing = sorted(subject for subject in wanted if subject not in found)
        buried = [subject for subject, key in found.items() if key.raw is None]
        if not missing and not buried:
            return found
        self._writable("a subject's key")
        for subject in buried:
            tx.execute(
                update(subject_keys)
                .where(
                    subject_keys.c.project == project,
                    subject_keys.c.subject == subject,
                    subject_keys.c.wrapped_key.is_(None),
                )
                .values(wrapped_key=self.vault.wrap(new_key()), created_ms=now_ms)
            )
        fresh = [
            {"project": project, "subject": subject, "wrapped_key": self.vault.wrap(new_key()), "created_ms": now_ms}
            for subject in missing
        ]
        self._db.insert_ignore(tx, subject_keys, fresh)
        return found | self.subject_keys(tx, project, [*missing, *buried])  # what another writer made first counts

    def erased_ms(self, tx: Connection, project: str, subject: str) -> int:
        """When the subject was last erased, Unix milliseconds; 0: never. Older texts of theirs are not to be kept."""
        key = self.subject_keys(tx, project, [subject]).get(subject)
        return key.destroyed_ms if key else 0

    def destroy(self, tx: Connection, project: str, subject: str, *, now_ms: int) -> DestroyedKey | None:
        """Destroy the subject's key; None when there was none (the erasure is remembered all the same).

        What it sealed can never be opened again once this transaction commits and the WAL is cut.
        """
        self._writable("an erasure")
        at = (subject_keys.c.project == project, subject_keys.c.subject == subject)
        wrapped = tx.execute(select(subject_keys.c.wrapped_key).where(*at)).scalar_one_or_none()
        row = {"project": project, "subject": subject, "created_ms": now_ms}
        self._db.insert_ignore(tx, subject_keys, [row])
        tx.execute(update(subject_keys).where(*at).values(wrapped_key=None, destroyed_ms=now_ms))
        if wrapped is None:
            return None
        return DestroyedKey(subject=subject, raw=self.vault.unwrap(wrapped), wrapped=wrapped)

    # ------------------------------------------------------------ texts
    def seal_for(self, tx: Connection, project: str, subject: str, plaintext: bytes, *, now_ms: int) -> bytes:
        """`plaintext` sealed under the subject's key, made if need be; under the project's for an empty subject."""
        return self.seal_many(tx, project, [(subject, plaintext)], now_ms=now_ms)[0]

    def seal_many(
        self, tx: Connection, project: str, texts: Sequence[tuple[str, bytes]], *, now_ms: int
    ) -> list[bytes]:
        """As `seal_for`, for (subject, plaintext) pairs, in their order."""
        keys = self.ensure_subjects(tx, project, {subject for subject, _ in texts}, now_ms=now_ms)
        sealers = {subject: self.vault.sealer(_raw(key)) for subject, key in keys.items()}
        if any(not subject for subject, _ in texts):
            sealers[""] = self.vault.sealer(self.project_key(tx, project))
        return [sealers[subject](text) for subject, text in texts]

    def open_for(self, tx: Connection, project: str, subject: str, sealed: bytes) -> bytes | None:
        """The plaintext; None when its key was destroyed. Raises BadInput when the blob is damaged."""
        return self.open_many(tx, project, [(subject, sealed)])[0]

    def open_many(self, tx: Connection, project: str, texts: Sequence[tuple[str, bytes]]) -> list[bytes | None]:
        """As `open_for`, for (subject, sealed) pairs, in their order."""
        keys = self.subject_keys(tx, project, {subject for subject, _ in texts})
        shared = SubjectKey(raw=self.project_key(tx, project), destroyed_ms=0)
        return [self._open(keys.get(subject) if subject else shared, sealed) for subject, sealed in texts]

    def _open(self, key: SubjectKey | None, sealed: bytes) -> bytes | None:
        if key is None or key.raw is None:
            return None
        try:
            return self.vault.open_sealed(key.raw, sealed)
        except BadInput:
            if key.destroyed_ms:  # sealed under the key before: the person was erased and came back
                return None
            raise

    # ------------------------------------------------------------ inside
    def _project_row(self, tx: Connection, project: str) -> tuple[bytes, bytes]:
        query = f"SELECT wrapped_key, wrapped_hash_key FROM project WHERE id = {mark_of(tx)}"
        row = tx.exec_driver_sql(query, (project,)).one_or_none()
        if row is None:
            raise NotFound(
                "project_unknown",
                f"there is no project {project[:60]!r}",
                hint="the one that every data directory has is `default`",
            )
        return row[0], row[1]

    def _unwrapped(self, wrapped: bytes) -> bytes:
        raw = self._kept.get(wrapped)
        if raw is None:
            raw = self._kept[wrapped] = self.vault.unwrap(wrapped)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return raw

    def _writable(self, what: str) -> None:
        if self.read_only:
            raise Conflict(
                "read_only_keys",
                f"this process may not write {what}",
                where="key ring",
                hint="only control writes; hand the work to it",
            )


def _raw(key: SubjectKey) -> bytes:
    assert key.raw is not None  # ensure_subjects gave it one
    return key.raw
