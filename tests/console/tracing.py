"""What the main thread of a page does while a script runs: its tasks in CPU time, whatever else the machine does."""

from __future__ import annotations

import json
from typing import Any

LONGEST_MS = 100  # of any task while a table scrolls


def tasks_of(browser: Any, page: Any, script: str, *given: Any) -> tuple[Any, list[tuple[float, float]]]:
    """What the script gave, and each task of the page's main thread meanwhile: (CPU ms, wall ms), longest CPU first."""
    browser.start_tracing(page=page, categories=["toplevel", "disabled-by-default-devtools.timeline"])
    gave = page.evaluate(script, *given)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    mains = {(one["pid"], one["tid"]) for one in events
             if one["name"] == "thread_name" and one["args"]["name"] == "CrRendererMain"}  # fmt: skip
    tasks = [
        (one["tdur"] / 1000, one["dur"] / 1000)
        for one in events
        if one["ph"] == "X" and one["name"].endswith("RunTask") and (one["pid"], one["tid"]) in mains and "tdur" in one
    ]
    return gave, sorted(tasks, reverse=True)
