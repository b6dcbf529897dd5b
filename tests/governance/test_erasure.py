"""Erasure: one person goes, everywhere and checkably; everybody else stays; a kill at any moment loses nothing."""

from __future__ import annotations

import base64
import gzip
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from volant.core.errors import BadInput, NotFound, Unavailable
from volant.core.nouns import Policy
from volant.governance import erasure, looking, purge, receipt, removal, wanted
from volant.governance.apart import scan_apart
from volant.governance.needles import make_needles
from volant.governance.receipt import Receipt
from volant.governance.scan import ScanResult
from volant.registry import audit, datasets, erasures, models, records, reports
from volant.store.cached_answers import CachedAnswers, Entry
from volant.store.tables import inference, rollup, subject_key
from volant.traces import query

_DAY_MS = 86_400_000


def ask_for(bank: Any, **given: Any) -> str:
    values: dict[str, Any] = {"user": bank.name, "policy": Policy(), "requested_by": "key_1"}
    return erasure.request(bank.house, bank.project, **(values | given))


def erase(bank: Any, **given: Any) -> Receipt:
    return erasure.run(bank.house, bank.project, ask_for(bank, **given), bank.drain_once)


def scan_all(bank: Any) -> ScanResult:
    """For Anna's words, the one that waited, her name, and her key, raw."""
    with bank.house.db.read() as tx:
        labels = looking.key_labels(tx, bank.house.ring)
    needles = make_needles(texts=[*bank.texts, bank.waiting], identities=[bank.name], keys=[bank.anna_key])
    return scan_apart(bank.data, bank.vault, needles, keys=labels)


def not_bens(bank: Any, result: ScanResult) -> list[Any]:
    return [hit for hit in result.hits if hit.owner != bank.ben]


# ---------------------------------------------------------------- the whole
def test_nothing_of_the_person_is_left_and_the_receipt_says_so(bank: Any) -> None:
    before = scan_all(bank)
    assert before.found == set(range(before.needles))
    made = erase(bank, reason=f"their letter ({bank.name}) of 3 May")
    after = scan_all(bank)
    assert not_bens(bank, after) == []
    assert after.found == {bank.texts.index(bank.both_said)}  # Ben said it too, and his is untouched
    assert (after.sealed_unopened, after.sealed_unopened_raw, after.unreadable) == (0, 0, ())
    assert after.files >= before.files - 2
    assert made.outcome == "complete"
    assert made.key_destroyed
    assert made.removed == {
        "records": 3,
        "requests and answers": 3,
        "inferences that named them": 3,
        "texts of feedback": 1,
        "places in evidence, under a random stand-in": 1,
        "key": 1,
    }
    assert made.before.found == made.before.needles == len(bank.texts) + 3  # the waiting text, the name and the key too
    assert made.before.key_copies > 0
    assert (made.after.found, made.after.key_copies, made.after.needles) == (0, 0, made.before.needles)
    assert made.after.elsewhere > 0
    assert made.reason == "their letter (the person) of 3 May"
    assert made.deadline_ms - made.requested_ms == 30 * _DAY_MS


def test_the_hash_stays_in_tombstone_and_receipt_only(bank: Any) -> None:
    made = erase(bank)
    logical = {place for place in made.after.hash_places if "›" in place}
    assert logical == {"volant.db › erasure.subject", "volant.db › subject_key.subject"}
    assert {place for place in made.after.hash_places if "›" not in place} <= {"volant.db", "volant.db-wal"}
    report = (bank.data / "runs" / bank.run_id / "result.json").read_text()
    assert "sub_" in report
    with bank.house.db.read() as tx:
        clusters = [item.cluster for item in reports.get_report(tx, bank.project, bank.report_id).items]
    assert clusters[1] == bank.ben
    assert clusters[0] != bank.anna
    assert clusters[0] in report  # the same stand-in


def test_other_people_are_untouched_and_readable(bank: Any) -> None:
    with bank.house.db.read() as tx:
        sums = tx.execute(select(rollup.c.requests, rollup.c.input_tokens, rollup.c.corrected)).all()
    erase(bank)
    house = bank.house
    with house.db.read() as tx:
        ids = records.ids_of_subject(tx, bank.project, bank.ben)
        said = [one.body["question"] for one in records.read(tx, house.ring, bank.project, ids)]
        assert tuple(said) == bank.bens[:2]
        members = list(datasets.members(tx, house.blobs, bank.project, bank.version_id))
        left = list(datasets.rows(tx, house.ring, house.blobs, bank.project, bank.version_id))
        assert (len(members), len(left)) == (6, 3)  # ids stay, rows do not
        payloads = [query.get_payload(tx, house.ring, bank.project, row.id) for row in tx.execute(_of(bank.ben))]
        assert all(text.encode() in b"".join(one.input for one in payloads if one) for text in bank.bens[2:])
        grown = tx.execute(select(rollup.c.requests, rollup.c.input_tokens, rollup.c.corrected)).all()
        rows = tx.execute(select(inference)).all()
    assert sum(row[0] for row in grown) == sum(row[0] for row in sums) + 1 == len(rows)  # the one that waited
    assert sum(row[2] for row in grown) == sum(row[2] for row in sums) == 1
    hers = [row for row in rows if row.erased_ms]
    assert len(hers) == 3
    assert all((row.subject, row.session, row.tags, row.input_tokens) == ("", "", "{}", 10) for row in hers)


def _of(subject: str) -> Any:
    return select(inference.c.id).where(inference.c.subject == subject)


def test_the_plan_counts_what_a_removal_touches(bank: Any) -> None:
    with bank.house.db.read() as tx:
        counts = removal.plan(tx, bank.house.blobs, bank.project, bank.anna)
        nothing = removal.plan(tx, bank.house.blobs, bank.project, "sub_unknown")
    assert counts == {"records": 3, "inferences": 2, "feedback": 1, "dataset versions": 1, "runs": 1, "models": 2,
                      "releases": 1, "reports": 1}  # fmt: skip
    assert set(nothing.values()) == {0}


@pytest.mark.parametrize("blocks", [False, True])
def test_models_that_learned_are_flagged_and_blocked_where_the_policy_says_so(bank: Any, blocks: bool) -> None:
    made = ask_for(bank, policy=Policy(erasure_blocks_models=blocks, erasure_deadline_days=8))
    erasure.look(bank.house, bank.project, made)
    done = erasure.remove(bank.house, bank.project, made)
    now = bank.house.clock.now_ms()
    learned, based, other = bank.model_ids
    assert set(done["models"]) == {learned, based}
    assert set(done["blocked"]) == ({learned, based} if blocks else set())
    assert (done["tasks"], done["due_ms"]) == ([bank.task], now + 6 * _DAY_MS)
    assert erasure.remove(bank.house, bank.project, made) == done  # again: the same, from its row
    with bank.house.db.read() as tx:
        for one in (learned, based):
            model = models.get_model(tx, bank.project, one)
            assert model.flags == ({"kind": "erasure", "erasure_id": made},)
            assert model.state == ("blocked" if blocks else "registered")
        untouched = models.get_model(tx, bank.project, other)
        assert (untouched.flags, untouched.state) == ((), "registered")
        assert removal.count_left(tx, bank.project, bank.anna) == 0
        assert removal.count_left(tx, bank.project, bank.ben) > 0


def test_what_comes_late_is_dropped_and_what_is_said_later_is_kept(bank: Any) -> None:
    held = bank.ask("A letter that lay in a gateway's drawer for a day.", worker="7")
    path = next((bank.data / "spool" / "7").glob("*.seg"))
    drawer = path.read_bytes()
    held.close()
    erase(bank)
    path.write_bytes(drawer)  # it comes again after the erasure
    bank.drain_once()
    bank.house.clock.advance(60_000)
    bank.ask("I am back, with a new question about mortgages.")
    bank.drain_once()
    with bank.house.db.read() as tx:
        hers = tx.execute(_of(bank.anna)).all()
        assert len(hers) == 1  # the new one
        payload = query.get_payload(tx, bank.house.ring, bank.project, hers[0].id)
        assert payload is not None
        assert b"mortgages" in payload.input
    late = scan_apart(bank.data, bank.vault, make_needles(texts=["A letter that lay in a gateway's drawer for a day."]))
    assert late.hits == ()
    made = erase(bank)  # and again
    assert made.outcome == "complete"
    assert made.removed["requests and answers"] == 1


def test_a_segment_that_a_gateway_holds_open_is_waited_for(bank: Any) -> None:
    writer = bank.ask("Still in the open segment.", worker="7", close=False)
    made = ask_for(bank)
    bank.drain_once()
    erasure.look(bank.house, bank.project, made)
    erasure.remove(bank.house, bank.project, made)
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            writer.close()  # what a gateway does within a minute

    erasure.clean(bank.house, bank.project, made, bank.drain_once, sleep=nap)
    assert len(naps) == 3
    assert list((bank.data / "spool").glob("*/*.seg")) == []
    assert erasure.check(bank.house, bank.project, made) == {"found": 0, "key_copies": 0}


def test_a_segment_that_never_closes_is_said(bank: Any) -> None:
    writer = bank.ask("Still in the open segment.", worker="7", close=False)
    clock = iter(range(0, 1000, 100))
    with pytest.raises(Unavailable, match="1 spool segments"):
        purge.drain_until_gone(
            bank.data / "spool", bank.vault.spool_key, bank.anna, bank.house.clock.now_ms(), bank.drain_once,
            sleep=lambda _: None, monotonic=lambda: next(clock),
        )  # fmt: skip
    writer.close()


# ---------------------------------------------------------------- the check can fail
def test_a_copy_anywhere_makes_the_erasure_incomplete_until_it_is_gone(bank: Any) -> None:
    with bank.house.db.read() as tx:
        wrapped = tx.execute(select(subject_key.c.wrapped_key).where(subject_key.c.subject == bank.anna)).scalar()
    bank.house.db.checkpoint()
    planted = {
        "engines/small/debug.txt": base64.b64encode(bank.texts[0].encode()),
        "blobs/ab/cdef": b"head" + gzip.compress(b"{}" + bank.texts[1].encode()),
        "runs/run_1/notes": bank.texts[3].encode("utf-16-le"),
        "run/up.log": f"user={bank.name} asked\n".encode(),
        "core.dump": b"\1\2\3" + bank.anna_key,
        "old/keys.bak": wrapped,
        "old/volant.db.gz": gzip.compress((bank.data / "volant.db").read_bytes()),
        "old/spool.tar": b"\0" * 512 + next((bank.data / "spool" / "1").glob("*.seg")).read_bytes(),
    }
    for place, content in planted.items():
        path = bank.data / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    made = erase(bank)
    assert made.outcome == "incomplete"
    assert {where.split(" (")[0].split(" ›")[0] for where in made.after.places} == set(planted)
    assert bank.name not in msgspec.json.encode(made).decode()
    assert made.after.key_copies >= 3
    for place in planted:
        (bank.data / place).unlink()
    again = erase(bank)  # the same erasure goes on
    assert again.erasure_id == made.erasure_id
    assert (again.outcome, again.after.found) == ("complete", 0)
    assert again.removed == made.removed


def test_deleting_rows_alone_would_not_pass_the_check(bank: Any) -> None:
    """Old pages stand in the WAL until `clean`: the check sees them, so `clean` is what makes them go."""
    made = ask_for(bank)
    erasure.look(bank.house, bank.project, made)
    with bank.house.db.read() as reader:  # holds the old view, so that nothing is checkpointed away
        reader.execute(select(inference.c.id)).all()
        erasure.remove(bank.house, bank.project, made)
        hits = not_bens(bank, scan_all(bank))
    assert {hit.place for hit in hits} >= {"volant.db-wal"}
    assert any(hit.decoded == "wrapped key" for hit in hits)


def test_a_database_in_use_is_said_and_tried_again(bank: Any) -> None:
    clock = iter(range(0, 100_000, 1000))
    with closing(sqlite3.connect(bank.data / "volant.db")) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM record").fetchone()
        purge_wait = {"sleep": lambda _: None, "monotonic": lambda: next(clock), "timeout_s": 500.0}
        with pytest.raises(Unavailable, match=r"volant\.db was in use"):
            purge.compact(bank.data / "volant.db", busy_s=0.05, **purge_wait)
    purge.compact(bank.data / "volant.db")
    assert (bank.data / "volant.db-wal").stat().st_size == 0


# ---------------------------------------------------------------- asking
def test_a_second_request_finds_the_first_and_a_bad_one_is_refused(bank: Any) -> None:
    first = ask_for(bank)
    assert ask_for(bank) == first
    assert ask_for(bank, user="", subject=bank.anna) == first
    with pytest.raises(BadInput, match="`user` or by `subject`"):
        ask_for(bank, user="")
    with pytest.raises(BadInput, match="`user` or by `subject`"):
        ask_for(bank, subject=bank.anna)
    with pytest.raises(NotFound):
        erasure.request(bank.house, "no-such-project", subject=bank.anna, policy=Policy())


def test_by_subject_alone_and_of_somebody_unknown(bank: Any) -> None:
    made = erase(bank, user="", subject=bank.anna)
    assert (made.outcome, made.removed["records"]) == ("complete", 3)
    assert not_bens(bank, scan_all(bank)) == []
    unknown = erase(bank, user="somebody.who-never-came")
    assert (unknown.outcome, unknown.key_destroyed, set(unknown.removed.values())) == ("complete", False, {0})


def test_the_name_stands_in_no_row_and_no_audit(bank: Any) -> None:
    made = ask_for(bank, reason=f"a call by {bank.name}")
    text = wanted.path_of(bank.data, made).read_bytes()
    assert bank.name.encode() not in text
    orphan = wanted.path_of(bank.data, "era_gone")
    orphan.write_bytes(text)
    erasure.run(bank.house, bank.project, made, bank.drain_once)
    assert not wanted.path_of(bank.data, made).exists()
    ask_for(bank, user="somebody.else-entirely")
    assert not orphan.exists()  # what a kill left behind is swept
    with bank.house.db.read() as tx:
        chain = audit.verify(tx, bank.vault)
        row = erasures.get_erasure(tx, bank.project, made)
    assert chain.intact
    assert chain.rows == 4
    assert bank.name not in msgspec.json.encode(row).decode()


# ---------------------------------------------------------------- the receipt
def test_a_receipt_verifies_until_a_word_of_it_changes(bank: Any) -> None:
    erase(bank)
    with bank.house.db.read() as tx:
        row = erasures.list_erasures(tx, bank.project)[0]
        key = bank.house.ring.project_key(tx, bank.project)
    made = erasure.receipt_of(row)
    assert receipt.verify(made, key)
    assert not receipt.verify(msgspec.structs.replace(made, outcome="incomplete"), key)
    assert not receipt.verify(msgspec.structs.replace(made, removed={**made.removed, "records": 4}), key)
    assert not receipt.verify(made, bytes(32))
    with bank.house.db.read() as tx:
        assert audit.verify(tx, bank.vault, seen=audit.Head(made.audit_id, made.audit_hash)).intact


def test_a_receipt_reads_well(bank: Any) -> None:
    text = receipt.as_text(erase(bank))
    for sentence in (
        "(complete)", "in time", "3  records", "destroyed", "flagged; serves until it is trained again",
        f"train again without them: {bank.task}", "0 of 9 texts, names and keys found; 0 copies of the key",
        "what a model learnt",
    ):  # fmt: skip
        assert sentence in text
    assert bank.name not in text


# ---------------------------------------------------------------- kill -9
CHILD = """
import os, signal, sys
from pathlib import Path
from volant.core.clock import SystemClock
from volant.core.nouns import Policy
from volant.governance import erasure, looking, purge, wanted
from volant.registry import audit
from volant.store.blobs import Blobs
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.vault import Vault
from volant.traces.drain import TraceDrain

data, user, point, times = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
db = Database.open(f"sqlite:///{data / 'volant.db'}")
ring = KeyRing(db, Vault((data / "master.key").read_bytes()))
house = erasure.House(data_dir=data, db=db, ring=ring, blobs=Blobs(data / "blobs"), clock=SystemClock())
drain = TraceDrain(db, ring, data / "spool", house.clock)
if point:
    module, name = {"audit": audit, "erasure": erasure, "looking": looking, "purge": purge, "wanted": wanted}[
        point.split(".")[0]], point.split(".")[1]
    inner, calls = getattr(module, name), []
    def fatal(*args, **given):
        result = inner(*args, **given)
        calls.append(1)
        if len(calls) == times:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    setattr(module, name, fatal)
made = erasure.request(house, "default", user=user, policy=Policy())
print(erasure.run(house, "default", made, drain.run_once).outcome)
"""

KILLS = [
    ("wanted.save", 1),  # in the request's transaction, before its commit
    ("looking.look_for", 1),  # scanned, not yet noted
    ("audit.append", 1),  # in the removal's transaction, before its commit
    ("erasure.remove", 1),
    ("purge.compact", 1),  # one database anew, the other not
    ("looking.look_for", 1),  # the second scan, not yet noted
    ("wanted.destroy", 1),  # the last copy is gone, the receipt is not written
    ("audit.append", 1),  # in the last transaction
]


def test_a_kill_at_any_moment_is_gone_on_from(bank: Any) -> None:
    bank.house.db.close()

    def child(point: str, times: int) -> subprocess.CompletedProcess[str]:
        arguments = [sys.executable, "-c", CHILD, str(bank.data), bank.name, point, str(times)]
        return subprocess.run(arguments, capture_output=True, text=True, env=os.environ, timeout=60)

    for point, times in KILLS:
        assert child(point, times).returncode == -signal.SIGKILL, point
    last = child("", 0)
    assert (last.returncode, last.stdout) == (0, "complete\n"), last.stderr
    with bank.house.db.read() as tx:
        rows = erasures.list_erasures(tx, bank.project)
        assert audit.verify(tx, bank.vault).intact
    made = erasure.receipt_of(rows[0])
    assert len(rows) == 1
    assert made.removed["records"] == 3
    assert made.before.found == made.before.needles == made.after.needles
    assert not_bens(bank, scan_all(bank)) == []
    assert not list((bank.data / "run").glob("erasure-*"))
    assert Path(bank.data / "volant.db").exists()


def test_answers_that_may_be_given_again_go_too(bank: Any) -> None:
    file = CachedAnswers(bank.data, bank.vault)
    now_ms = bank.house.clock.now_ms()

    def keep(digest: bytes, subject: str, text: str) -> None:
        entry = Entry(kind="answer", body=text.encode(), created_ms=now_ms, expires_ms=now_ms + _DAY_MS)
        file.put(digest, entry, project=bank.project, task=bank.task, subject=subject, max_entries=100)

    keep(b"a" * 32, bank.anna, f"You asked: {bank.texts[0]}")
    keep(b"b" * 32, bank.ben, f"Somebody asked: {bank.texts[0]}")
    keep(b"c" * 32, bank.ben, "Ring us on Monday.")
    before = [hit.place for hit in scan_all(bank).hits]
    assert any(place.startswith("cache/answers.db") for place in before)
    assert erase(bank).outcome == "complete"
    assert not any(hit.place.startswith("cache/") for hit in scan_all(bank).hits)
    assert [file.get(one * 32, now_ms=now_ms) is not None for one in (b"a", b"b", b"c")] == [False, False, True]
    file.close()
