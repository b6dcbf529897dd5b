"""Drain: every worker's spool into the store, in batches of at most 500 records a transaction.

A segment is deleted only when it is closed and everything in it was committed. Offsets live in memory: after a crash
the records come again, and ingest knows them by their ids, so nothing is lost and nothing counts twice. A record that
cannot be read as one is counted and passed over, so that it does not hold up the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from volant.core.clock import Clock
from volant.core.nouns import InferenceRecord
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.spool import Drain
from volant.traces.ingest import Ingested, ingest

BATCH = 500


class Drained(msgspec.Struct, frozen=True, kw_only=True):
    """What a drain did since it was made."""

    records: int = 0  # records read from segments, those that came again included
    new: int = 0
    known: int = 0
    dropped_payloads: int = 0
    refused: int = 0
    unreadable: int = 0  # frames or records that are damaged
    batches: int = 0


class TraceDrain:
    """Drains `spool/<worker>/`. Not thread-safe: one loop calls `run_once`, in a thread of its own."""

    def __init__(
        self,
        db: Database,
        ring: KeyRing,
        spool: Path,
        clock: Clock,
        *,
        batch: int = BATCH,
        heard: Callable[[Sequence[InferenceRecord]], None] | None = None,
    ) -> None:
        """`heard` is told of the inferences that are new, once they are committed; it must be quick."""
        self._heard = heard
        self._db = db
        self._ring = ring
        self._clock = clock
        self._decode = msgspec.msgpack.Decoder(InferenceRecord).decode
        self._spool = Drain(spool, ring.vault.spool_key, self._write, batch=batch)
        self._undecodable = 0
        self._total = Drained()
        self.drained_ms = 0  # when the last complete drain began: what was appended before is in the store

    def run_once(self) -> int:
        """Drain all that is there now; gives the number of new inferences. Raises what the store raises."""
        before, began_ms = self._total.new, self._clock.now_ms()
        self._spool.run_once()
        self.drained_ms = began_ms
        return self._total.new - before

    @property
    def total(self) -> Drained:
        """What was done since this drain was made."""
        return msgspec.structs.replace(self._total, unreadable=self._undecodable + self._spool.damaged)

    def _write(self, frames: list[bytes]) -> None:
        records = [record for frame in frames if (record := self._read(frame)) is not None]
        with self._db.begin() as tx:
            done = ingest(tx, self._ring, records, now_ms=self._clock.now_ms())
        self._undecodable += len(frames) - len(records)
        self._count(len(frames), done)
        if self._heard is not None and done.fresh:
            self._heard(done.fresh)

    def _read(self, frame: bytes) -> InferenceRecord | None:
        try:
            return self._decode(frame)
        except msgspec.DecodeError:  # ValidationError included
            return None

    def _count(self, frames: int, done: Ingested) -> None:
        total = self._total
        self._total = Drained(
            records=total.records + frames,
            new=total.new + done.new,
            known=total.known + done.known,
            dropped_payloads=total.dropped_payloads + done.dropped_payloads,
            refused=total.refused + done.refused,
            batches=total.batches + 1,
        )
