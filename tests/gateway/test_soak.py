"""A small soak: two workers, one deployment that fails in every known way; every goal of the large one holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_small_soak_meets_its_goals(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VOLANT_")}
    done = subprocess.run(
        [sys.executable, "bench/soak.py", "--requests", "2000", "--share", "0.3", "--out", str(tmp_path / "soak.json")],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((tmp_path / "soak.json").read_text())
    assert [row["name"] for row in result["rows"] if row["holds"] is False] == []
    found = result["figures"]
    assert (found["saved"], found["wrong"]) == (found["savable"], 0)
    assert len(found["faults"]) == 26  # each kind came; how often depends on how soon the circuit opens
    assert min(found["faults"].values()) >= 1
    assert set(found["dialects"]) == {"openai_chat", "openai_responses", "anthropic", "gemini"}
    assert found["kinds"]["refused"] > 0
