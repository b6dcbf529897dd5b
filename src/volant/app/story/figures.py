"""Figures: the story as benchmark rows, so that its accuracies and times stand beside every other measurement."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from volant.app.story.book import Book
from volant.app.story.showing import exact

Json = dict[str, Any]


def write_figures(book: Book, place: Path) -> None:
    """Write `bench/results/<name>.json`: machine (no host name), commit, date and rows."""
    place.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "name": place.stem,
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.system(),
            "processor": platform.machine(),
            "python": platform.python_version(),
        },
        "commit": _commit(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "rows": rows(book),
    }
    place.write_text(json.dumps(document, indent=2) + "\n")


def rows(book: Book) -> list[Json]:
    """Accuracy before and after beside the yardstick of the same run, users per rollout, seconds per stage."""
    first, retrained = book.chapters["first_model"].facts, book.chapters["retrain"].facts
    before, after = exact(first, "accuracy"), exact(retrained, "accuracy")
    yardstick, twin = exact(retrained, "yardstick"), exact(retrained["twin"], "accuracy")
    out = [
        _row("exact match before, overall", before["overall"]["value"], "share"),
        _row("exact match after, overall", after["overall"]["value"], "share", yardstick["overall"]["value"]),
        _row("exact match after, known intents", after["known"]["value"], "share", before["known"]["value"]),
        _row("exact match after, new intents", after["new"]["value"], "share", before["new"]["value"]),
        _row("exact match of equal training without new data", twin["overall"]["value"], "share"),
        _row("exact match of TF-IDF and a linear classifier", yardstick["overall"]["value"], "share"),
    ]
    if "control" in book.chapters:
        control = book.chapters["control"].facts
        out.append(_row("exact match of the control from nothing", control["overall"]["value"], "share"))
    for name in ("rollout", "broken"):
        if name in book.chapters:
            facts = book.chapters[name].facts
            out.append(
                _row(f"customers until the {name} was decided: {facts['state']}", facts["customers"], "customers")
            )
    traffic = book.chapters["traffic"].facts
    if traffic["seconds"]:
        out.append(_row("requests a second through the gateway", traffic["answered"] / traffic["seconds"], "1/s"))
    out += [_row(f"stage {name}", chapter.seconds, "s") for name, chapter in book.chapters.items()]
    return out


def _row(name: str, value: float, unit: str, baseline: float | None = None) -> Json:
    ratio = round(value / baseline, 3) if baseline else None
    return {"name": name, "value": round(value, 4), "unit": unit, "baseline": baseline, "ratio": ratio,
            "goal": None, "holds": None}  # fmt: skip


def _commit() -> str:
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return found.stdout.strip()
