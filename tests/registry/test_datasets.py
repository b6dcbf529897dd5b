"""Records and dataset versions: repeatable imports, immutable versions, hashes that depend on content only."""

from __future__ import annotations

from pathlib import Path

import pytest

from volant.core.errors import BadInput, Conflict, NotFound
from volant.registry import datasets, edges, records
from volant.registry.datasets import Hits, Member
from volant.registry.records import NewRecord
from volant.store.blobs import Blobs
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.vault import Vault


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


def rows(count: int, source: str = "import:a.csv", subjects: int = 3) -> list[NewRecord]:
    return [
        NewRecord(
            source=source,
            position=n,
            body={"text": f"question {source} {n}", "label": f"l{n % 4}"},
            subject=f"sub_{n % subjects}",
        )
        for n in range(count)
    ]


def test_an_import_that_is_repeated_adds_nothing(database: Database, ring: KeyRing) -> None:
    with database.begin() as tx:
        first = records.insert_records(tx, ring, "default", rows(1200), now_ms=5)
        again = records.insert_records(tx, ring, "default", rows(1300), now_ms=6)
        assert again[:1200] == first
        assert len(set(again)) == 1300
        assert records.count_by_source(tx, "default") == {"import:a.csv": 1300}
        assert records.count_by_source(tx, "default", subject="sub_0") == {"import:a.csv": 434}
        changed = [NewRecord(source="import:a.csv", position=3, body={"text": "another"}, subject="sub_0")]
        with pytest.raises(Conflict, match="position 3"):
            records.insert_records(tx, ring, "default", changed, now_ms=7)


def test_records_open_in_the_order_asked_and_skip_the_erased(database: Database, ring: KeyRing) -> None:
    with database.begin() as tx:
        ids = records.insert_records(tx, ring, "default", rows(9), now_ms=5)
        asked = [ids[5], ids[0], "rec_unknown", ids[8]]
        assert [one.position for one in records.read(tx, ring, "default", asked)] == [5, 0, 8]
        ring.destroy(tx, "default", "sub_0", now_ms=10)
        left = list(records.read(tx, ring, "default", ids))
        assert {one.position % 3 for one in left} == {1, 2}
        assert left[0].body == {"text": "question import:a.csv 1", "label": "l1"}
        assert records.erase_subject(tx, "default", "sub_0") == 3
        assert records.ids_of_subject(tx, "default", "sub_0") == []


def test_an_erased_person_is_not_brought_back_by_an_old_row(database: Database, ring: KeyRing) -> None:
    with database.begin() as tx:
        records.insert_records(tx, ring, "default", rows(3), now_ms=5)
        ring.destroy(tx, "default", "sub_0", now_ms=10)
        records.erase_subject(tx, "default", "sub_0")
        again = records.insert_records(tx, ring, "default", rows(3), now_ms=20)
        assert [bool(one) for one in again] == [False, True, True]
        fresh = [
            NewRecord(source="f", position=n, body={"text": "x"}, subject="sub_0", observed_ms=ms)
            for n, ms in enumerate((9, 10, 11))
        ]
        assert [bool(one) for one in records.insert_records(tx, ring, "default", fresh, now_ms=20)] == [
            False,
            False,
            True,
        ]


def test_version_two_is_version_one_and_a_segment(database: Database, ring: KeyRing, blobs: Blobs) -> None:
    with database.begin() as tx:
        ids = records.insert_records(tx, ring, "default", rows(10), now_ms=5)
        members = [Member(one, "train" if n < 7 else "test", n % 2 == 0) for n, one in enumerate(ids)]
        first = datasets.create_version(
            tx, blobs, "default", "help", members, now_ms=5, funnel={"read": 12}, leaks=[{"test": ids[9]}]
        )
        more = records.insert_records(tx, ring, "default", rows(4, "feedback"), now_ms=6)
        second = datasets.create_version(
            tx, blobs, "default", "help", [*members[:2], *((one, "train", False) for one in more)], now_ms=6,
            parent_id=first.id,
        )  # fmt: skip
        assert (first.version, second.version) == (1, 2)
        assert second.segments[0] == first.segments[0]
        assert second.segments[1].count == 4
        assert (first.counts["train"].records, first.counts["train"].known) == (7, 4)
        assert (second.counts["train"].records, second.counts["test"].records) == (11, 3)
        assert (first.funnel, first.leaks) == ({"read": 12}, ({"test": ids[9]},))
        assert datasets.newest(tx, "default", "help") == second
        read = list(datasets.rows(tx, ring, blobs, "default", second.id))
        assert [(row.source, row.position) for row in read] == [
            *(("feedback", n) for n in range(4)),
            *(("import:a.csv", n) for n in range(10)),
        ]
        assert [row.split for row in datasets.rows(tx, ring, blobs, "default", second.id, ["test"])] == ["test"] * 3
        assert datasets.sources(tx, blobs, "default", second.id) == {"feedback": 4, "import:a.csv": 10}
        made_from = edges.sources_of(tx, "default", [("dataset_version", second.id)])
        assert {(edge.operation, edge.source.id) for edge in made_from} == {
            ("extend", first.id),
            ("import", "feedback"),
        }


def test_the_content_hash_depends_on_content_only(database: Database, ring: KeyRing, tmp_path: Path) -> None:
    def build(db: Database, keys: KeyRing, count: int, backwards: bool, split: str = "train") -> str:
        with db.begin() as tx:
            some = rows(count)
            ids = records.insert_records(tx, keys, "default", some[::-1] if backwards else some, now_ms=5)
            members = [Member(one, split) for one in (ids if backwards else sorted(ids))]
            made = datasets.create_version(tx, Blobs(tmp_path / "b"), "default", f"{count}{split}", members, now_ms=5)
            return made.content_hash

    twin = Database.open(f"sqlite:///{tmp_path / 'twin.db'}")
    twin.migrate()
    keys = KeyRing(twin, Vault(b"m" * 32))
    with twin.begin() as tx:
        keys.ensure_project(tx, "default", now_ms=1)
    here = build(database, ring, 20, backwards=False)
    assert here == build(twin, keys, 20, backwards=True)
    assert here != build(database, ring, 19, backwards=False)
    assert here != build(database, ring, 20, backwards=False, split="test")
    twin.close()


def test_rows_of_an_erased_person_are_skipped_in_every_version(database: Database, ring: KeyRing, blobs: Blobs) -> None:
    with database.begin() as tx:
        ids = records.insert_records(tx, ring, "default", rows(9), now_ms=5)
        made = datasets.create_version(tx, blobs, "default", "d", [(one, "train", True) for one in ids], now_ms=5)
        ring.destroy(tx, "default", "sub_1", now_ms=10)
        assert [row.position % 3 for row in datasets.rows(tx, ring, blobs, "default", made.id)] == [0, 2] * 3
        records.erase_subject(tx, "default", "sub_1")
        assert [row.position % 3 for row in datasets.rows(tx, ring, blobs, "default", made.id)] == [0, 2] * 3
        assert len(datasets.members(tx, blobs, "default", made.id)) == 9


def test_membership_counts_by_split_and_known(database: Database, ring: KeyRing, blobs: Blobs) -> None:
    with database.begin() as tx:
        ids = records.insert_records(tx, ring, "default", rows(6), now_ms=5)
        members = [Member(one, "train" if n < 4 else "test", n != 3) for n, one in enumerate(ids)]
        first = datasets.create_version(tx, blobs, "default", "d", members, now_ms=5)
        more = records.insert_records(tx, ring, "default", rows(2, "feedback"), now_ms=6)
        second = datasets.create_version(
            tx, blobs, "default", "d", [(one, "train", True) for one in more], now_ms=6, parent_id=first.id
        )
        found = datasets.membership(tx, blobs, "default", [ids[2], ids[3], ids[4], more[0]])
        assert found == {
            first.id: {Hits("train", True): 1, Hits("train", False): 1, Hits("test", True): 1},
            second.id: {Hits("train", True): 2, Hits("train", False): 1, Hits("test", True): 1},
        }
        assert datasets.membership(tx, blobs, "default", ["rec_none"]) == {}
        assert datasets.membership(tx, blobs, "default", []) == {}


def test_segments_and_blobs_hold_ids_only(database: Database, ring: KeyRing, blobs: Blobs) -> None:
    with database.begin() as tx:
        ids = records.insert_records(tx, ring, "default", rows(5), now_ms=5)
        made = datasets.create_version(tx, blobs, "default", "d", [(one, "train", True) for one in ids], now_ms=5)
    from backports import zstd

    content = zstd.decompress(blobs.get(made.segments[0].blob))
    assert ids[0].encode() in content
    assert b"question" not in content
    assert b"sub_" not in content


def test_bad_versions_are_refused(database: Database, ring: KeyRing, blobs: Blobs) -> None:
    with database.begin() as tx:
        ids = records.insert_records(tx, ring, "default", rows(3), now_ms=5)
        with pytest.raises(BadInput, match="twice"):
            datasets.create_version(
                tx, blobs, "default", "d", [(ids[0], "train", True), (ids[0], "test", True)], now_ms=5
            )
        with pytest.raises(BadInput, match="1 of 2 records do not exist"):
            datasets.create_version(
                tx, blobs, "default", "d", [(ids[0], "train", True), ("rec_x", "train", True)], now_ms=5
            )
        made = datasets.create_version(
            tx, blobs, "default", "d", [(ids[0], "train", True), ("", "train", True)], now_ms=5, version_id="dsv_fixed"
        )
        assert made.counts["train"].records == 1
        assert datasets.create_version(tx, blobs, "default", "d", [], now_ms=9, version_id="dsv_fixed") == made
        with pytest.raises(Conflict, match="belongs to dataset 'd'"):
            datasets.create_version(tx, blobs, "default", "e", [], now_ms=9, parent_id=made.id)
        with pytest.raises(NotFound):
            datasets.get_version(tx, "other", made.id)
        with pytest.raises(NotFound):
            datasets.newest(tx, "default", "nothing")
