from __future__ import annotations

from pathlib import Path

from volant.train.progress import Progress, read_progress


def test_lines_are_appended_over_starts_and_a_torn_one_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "run" / "progress.jsonl"
    for step in (1, 2):
        progress = Progress(path, lambda: 5)
        progress.event("step", step=step)
        progress.close()
    with path.open("ab") as file:
        file.write(b'{"event":"st')
    assert read_progress(path) == [{"event": "step", "at_ms": 5, "step": 1}, {"event": "step", "at_ms": 5, "step": 2}]
    assert read_progress(tmp_path / "none") == []
