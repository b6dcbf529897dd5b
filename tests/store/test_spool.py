"""Spool: what was appended comes back, whatever happened to the process or the disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from volant.core.errors import BadInput, StorageFull
from volant.store.spool import CAN_RESERVE, Drain, SegmentReader, SpoolWriter, drain, read_segment, segments

KEK = bytes(range(32))


def _all(folder: Path) -> list[bytes]:
    return [record for path in segments(folder) for record in read_segment(path, KEK)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    records=st.lists(st.binary(max_size=300), max_size=30), segment_bytes=st.integers(100, 2000), reserve=st.booleans()
)
def test_every_record_comes_back_in_order(
    tmp_path_factory: pytest.TempPathFactory, records: list[bytes], segment_bytes: int, reserve: bool
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    writer = SpoolWriter(folder, KEK, segment_bytes=segment_bytes, reserve=reserve and CAN_RESERVE)
    for record in records:
        writer.append(record)
    assert _all(folder) == records
    writer.close()
    assert _all(folder) == records


def test_nothing_readable_on_disk(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, KEK)
    writer.append(b"where is my card?")
    assert b"card" not in segments(tmp_path)[0].read_bytes()
    assert segments(tmp_path)[0].stat().st_mode & 0o077 == 0
    with pytest.raises(BadInput, match="does not open"):
        list(read_segment(segments(tmp_path)[0], bytes(32)))
    writer.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(cut=st.integers(0, 400))
def test_a_torn_tail_costs_only_the_torn_record(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("spool")
    writer = SpoolWriter(folder, KEK)
    records = [bytes([65 + i]) * 50 for i in range(4)]
    for record in records:
        writer.append(record)
    writer.close()
    path = segments(folder)[0]
    frame = 16 + 50 + 16
    ends = [path.stat().st_size - frame * left for left in (3, 2, 1, 0)]
    os.truncate(path, min(cut, ends[-1]))
    whole = sum(end <= cut for end in ends)
    assert list(read_segment(path, KEK)) == records[:whole]


def test_a_flipped_bit_costs_one_record(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, KEK)
    for i in range(3):
        writer.append(b"record %d" % i)
    writer.close()
    path = segments(tmp_path)[0]
    data = bytearray(path.read_bytes())
    frame = len(b"record 0") + 8 + 8 + 16
    data[-frame - 5] ^= 1  # in the second record
    path.write_bytes(data)
    reader = SegmentReader(path, KEK)
    assert reader.read() == [b"record 0", b"record 2"]
    assert reader.damaged == 1


def test_a_growing_segment_is_read_on(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, KEK, segment_bytes=16 << 20)
    writer.append(b"a")
    reader = SegmentReader(segments(tmp_path)[0], KEK)
    assert reader.read() == [b"a"]
    assert reader.read() == []
    writer.append(b"b" * (5 << 20))  # larger than one read
    writer.append(b"c")
    assert reader.read(1) == [b"b" * (5 << 20)]
    assert reader.read() == [b"c"]
    assert reader.read() == []
    assert reader.at_end()
    writer.close()


def test_drain_deletes_closed_segments_only_after_the_sink(tmp_path: Path) -> None:
    writers = [SpoolWriter(tmp_path / name, KEK, segment_bytes=150) for name in ("0", "1")]
    for i in range(6):
        writers[i % 2].append(b"record %d" % i)
    taken: list[bytes] = []

    def failing(records: list[bytes]) -> None:
        raise OSError("the database is locked")

    with pytest.raises(OSError, match="locked"):
        Drain(tmp_path, KEK, failing).run_once()
    drainer = Drain(tmp_path, KEK, taken.extend, batch=2)
    assert drainer.run_once() == 6
    assert sorted(taken) == [b"record %d" % i for i in range(6)]
    assert [len(segments(tmp_path / name)) for name in ("0", "1")] == [1, 1]  # the open ones
    writers[0].append(b"late")
    assert drainer.run_once() == 1
    for writer in writers:
        writer.close()
    assert drainer.run_once() == 0
    assert [len(segments(tmp_path / name)) for name in ("0", "1")] == [0, 0]
    writers[0].append(b"after")  # numbering starts again without harm
    writers[0].close()
    assert drain(tmp_path, KEK, taken.extend) == 1
    assert taken[-1] == b"after"


def test_rotation_by_age(tmp_path: Path) -> None:
    now = [0.0]
    writer = SpoolWriter(tmp_path, KEK, segment_s=10, monotonic=lambda: now[0])
    writer.append(b"a")
    assert not writer.is_stale()
    now[0] = 11
    assert writer.is_stale()
    writer.append(b"b")
    assert len(segments(tmp_path)) == 2
    writer.close()


def test_the_ceiling_refuses_and_a_drain_makes_room(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path / "0", KEK, segment_bytes=200, max_bytes=600)
    for _ in range(3):
        writer.append(b"x" * 60)
    with pytest.raises(StorageFull) as caught:
        writer.append(b"x" * 100)
    assert caught.value.code == "spool_full"
    before = _all(tmp_path / "0")
    assert drain(tmp_path, KEK, lambda records: None) == len(before)
    writer.append(b"room again")
    assert _all(tmp_path / "0")[-1] == b"room again"
    writer.close()


def test_a_disk_that_takes_only_a_part_leaves_no_half_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SpoolWriter(tmp_path, KEK, reserve=False)
    writer.append(b"first")
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:10]))
    with pytest.raises(StorageFull) as caught:
        writer.append(b"second")
    assert caught.value.status == 507
    monkeypatch.undo()
    writer.append(b"third")
    writer.close()
    reader = SegmentReader(segments(tmp_path)[0], KEK)
    assert reader.read() == [b"first", b"third"]
    assert reader.damaged == 0


@pytest.mark.parametrize("reserve", [True, False])
def test_a_full_device_says_so(tmp_path: Path, reserve: bool) -> None:
    """A file size limit is the kernel's own way to make a disk full for one process."""
    script = (
        "import resource, signal, sys\n"
        "from volant.core.errors import StorageFull\n"
        "from volant.store.spool import SpoolWriter\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"writer = SpoolWriter(sys.argv[1], bytes(range(32)), reserve={reserve})\n"
        "writer.append(b'before')\n"
        "if writer._reserve: writer.rotate()\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "done = 1\n"
        "try:\n"
        "    for _ in range(100):\n"
        "        writer.append(b'x' * 100)\n"
        "        done += 1\n"
        "except StorageFull as error:\n"
        "    print(error.code, done)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=60, check=True
    )
    code, done = answer.stdout.split()
    assert code == "disk_full"
    assert len(_all(tmp_path)) == int(done) >= 1
    assert [path.name for path in tmp_path.iterdir()] == ["0000000001.seg"]  # nothing half-made is left


def test_room_that_was_reserved_is_no_record_and_is_cut_off_in_the_end(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path / "0", KEK, segment_bytes=100_000)
    writer.append(b"a")
    [path] = segments(tmp_path / "0")
    reader = SegmentReader(path, KEK)
    assert (reader.read(), reader.read()) == ([b"a"], [])
    writer.append(b"b" * 200_000)  # more than the room: a segment of its own
    assert [record[:1] for record in _all(tmp_path / "0")] == [b"a", b"b"]
    assert path.stat().st_size < 300
    writer.close()
    assert drain(tmp_path, KEK, lambda records: None) == 2


def test_a_frame_on_its_way_is_waited_for(tmp_path: Path) -> None:
    """What a reader may see of an open segment between two of the writer's copies."""
    writer = SpoolWriter(tmp_path, KEK, reserve=False)
    writer.append(b"first")
    writer.append(b"second")
    writer.close()
    [path] = segments(tmp_path)
    whole = path.read_bytes()
    reader = SegmentReader(path, KEK)
    path.write_bytes(whole[:-3] + b"\0" * 50)
    assert reader.read() == [b"first"]
    assert reader.torn
    path.write_bytes(whole + b"\0" * 47)
    assert reader.read() == [b"second"]
    assert reader.damaged == 0


def test_kill_9_loses_no_acknowledged_record(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from volant.store.spool import SpoolWriter\n"
        "writer = SpoolWriter(sys.argv[1], bytes(range(32)), segment_bytes=500)\n"
        "for i in range(1000):\n"
        "    writer.append(b'%d' % i)\n"
        "    os.write(1, b'%d\\n' % i)\n"
        "    if i == 57:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    answer = subprocess.run([sys.executable, "-c", script, str(tmp_path / "0")], capture_output=True, timeout=60)
    assert answer.returncode == -signal.SIGKILL
    assert [int(record) for record in _all(tmp_path / "0")] == [int(line) for line in answer.stdout.split()]
    assert drain(tmp_path, KEK, lambda records: None) == 58  # the dead writer's lock is free
    assert segments(tmp_path / "0") == []


def test_the_disk_floor_refuses_before_a_write_tears(tmp_path: Path) -> None:
    now = [0.0]
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
    writer = SpoolWriter(tmp_path, KEK, min_free_bytes=free * 2, monotonic=lambda: now[0])
    with pytest.raises(StorageFull, match="MiB left"):
        writer.append(b"refused")
    assert segments(tmp_path) == []


def test_flushing_from_another_thread_survives_a_rotation(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path / "0", KEK)
    assert writer.flusher() is None
    writer.append(b"a")
    flush = writer.flusher()
    assert flush is not None
    assert writer.flusher() is None
    writer.rotate()
    flush()
    assert _all(tmp_path / "0") == [b"a"]
    assert drain(tmp_path, KEK, lambda records: None) == 1
    assert segments(tmp_path / "0") == []


def test_a_full_segment_is_closed_by_the_next_flush_where_that_is_wanted(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path / "0", KEK, segment_bytes=200, defer=True)
    for number in range(3):
        writer.append(b"%d" % number * 80)
    taken: list[bytes] = []
    drainer = Drain(tmp_path, KEK, taken.extend)
    assert drainer.run_once() == 3
    assert len(segments(tmp_path / "0")) == 3  # still held
    flush = writer.flusher()
    assert flush is not None
    flush()
    assert drainer.run_once() == 0
    assert len(segments(tmp_path / "0")) == 1
    writer.close()
    assert drainer.run_once() == 0
    assert segments(tmp_path / "0") == []
