"""Benchmark of the check `toxicity`: what it finds of cases written for it, and its false alarms on real texts.

    VOLANT_TEST_DATA=... python bench/toxicity.py        writes bench/results/toxicity.json

The cases (bench/data/toxicity.tsv) were written by those who wrote the check, after the functional categories of
HateCheck, with some that the check cannot find: their recall says what its rules cover, not what share of the world's
hostility they find. The false alarms are measured on texts of others, which had no part in it: customers' questions,
school mathematics, and texts about groups of people, where a lexicon goes wrong first. CrowS-Pairs' sentences are
stereotypes, most of them polite: no finding there is counted as right or wrong, the share is given. A text counts when
one finding scores 0.5 or more.
"""

from __future__ import annotations

import csv
import json
import os
import platform
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from volant.checks import create

HERE = Path(__file__).parent
CASES = HERE / "data" / "toxicity.tsv"
RESULTS = HERE / "results" / "toxicity.json"
AT = 0.5
ROUNDS = 5


def main() -> int:
    """Measure, write, print; 2 without the data."""
    data = Path(os.environ.get("VOLANT_TEST_DATA", ""))
    if not (data / "intents" / "banking77_test.csv").is_file():
        print("bench toxicity: set VOLANT_TEST_DATA to the folder of public test sets", file=sys.stderr)
        return 2
    find = create("toxicity").find

    def flagged(text: str) -> set[str]:
        return {one.kind for one in find(text) if one.score >= AT}

    cases = [line.split("\t") for line in CASES.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    judged = measured(cases, flagged)
    alarms: dict[str, Any] = {}
    speeds: dict[str, float] = {}
    for name, texts in corpora(data):
        hits = [kinds for text in texts if (kinds := flagged(text))]
        alarms[name] = {
            "texts": len(texts),
            "flagged": len(hits),
            "share": round(len(hits) / len(texts), 5),
            "kinds": dict(Counter(kind for kinds in hits for kind in kinds)),
        }
        speeds[name] = round(speed(texts[:3000], find), 2)
    report = {
        "name": "toxicity",
        "machine": {"cpu": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()},
        "commit": subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
        ).stdout.strip(),
        "date": datetime.now(UTC).date().isoformat(),
        "at_score": AT,
        "rows": list(rows_of(judged, alarms, speeds)),
        "cases": judged,
        "false_alarms": alarms,
    }
    RESULTS.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    for row in report["rows"]:
        print(f"{row['name']:60} {row['value']:>9} {row['unit']:6} {row['goal']:10} holds: {row['holds']}")
    return 0 if all(row["holds"] is not False for row in report["rows"]) else 1


def rows_of(judged: Any, alarms: dict[str, Any], speeds: dict[str, float]) -> Iterator[dict[str, Any]]:
    """As bench/table.py reads them."""

    def row(name: str, value: float, unit: str, goal: str = "", holds: bool | None = None) -> dict[str, Any]:
        return {
            "name": name, "value": value, "unit": unit, "baseline": None, "ratio": None, "goal": goal, "holds": holds
        }  # fmt: skip

    found = judged["languages"]["all"]
    yield row("recall of the cases written for it", found["recall"], "share", ">= 0.8", found["recall"] >= 0.8)
    yield row("precision of the same", found["precision"], "share", ">= 0.9", found["precision"] >= 0.9)
    for name, one in alarms.items():
        goal = "" if "share only" in name else "<= 0.001"
        yield row(f"flagged of {name}", one["share"], "share", goal, one["share"] <= 0.001 if goal else None)
    for name, value in speeds.items():
        yield row(f"scan of {name}", value, "MB/s", ">= 2.0", value >= 2.0)


def measured(cases: list[list[str]], flagged: Any) -> dict[str, Any]:
    """Precision and recall of "is it hostile at all" by language, and recall by kind."""
    by_language: dict[str, Counter[str]] = defaultdict(Counter)
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    for expected, language, text in cases:
        found = flagged(text)
        word = ("hit" if found else "miss") if expected != "-" else ("alarm" if found else "quiet")
        by_language[language][word] += 1
        by_language["all"][word] += 1
        if expected != "-":
            by_kind[expected]["hit" if expected in found else "miss"] += 1
    languages = {
        name: {
            "hostile": count["hit"] + count["miss"],
            "harmless": count["alarm"] + count["quiet"],
            "recall": round(count["hit"] / (count["hit"] + count["miss"]), 3),
            "precision": round(count["hit"] / (count["hit"] + count["alarm"]), 3),
        }
        for name, count in sorted(by_language.items())
    }
    kinds = {
        kind: {"cases": count.total(), "recall": round(count["hit"] / count.total(), 3)}
        for kind, count in sorted(by_kind.items())
    }
    return {"languages": languages, "kinds": kinds}


def corpora(data: Path) -> Iterator[tuple[str, list[str]]]:
    """Texts of others: (name, texts)."""
    with (data / "intents" / "banking77_train.csv").open(encoding="utf-8") as lines:
        yield "banking77 (customers)", [row["text"] for row in csv.DictReader(lines)]
    turns: list[str] = []
    for path in sorted((data / "support").glob("multidogo_*_train.tsv")):
        with path.open(encoding="utf-8") as lines:
            reader = csv.DictReader(lines, delimiter="\t")
            field = "utterance" if "utterance" in (reader.fieldnames or ()) else (reader.fieldnames or [""])[-1]
            turns += [row[field] for row in reader if row.get(field)]
    if turns:
        yield "multidogo (customers)", turns
    yield (
        "gsm8k (mathematics)",
        [json.loads(line)["question"] for line in (data / "instruct" / "gsm8k_train.jsonl").open(encoding="utf-8")],
    )
    bbq = [
        json.loads(line)["context"] for path in sorted((data / "bias" / "bbq").glob("*.jsonl")) for line in path.open()
    ]
    yield "bbq (about groups)", sorted(set(bbq))
    bold = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((data / "bias" / "bold").glob("*.json"))]
    yield (
        "bold (encyclopaedia, about groups)",
        [text for one in bold for people in one.values() for texts in people.values() for text in texts],
    )
    with (data / "bias" / "crows_pairs" / "crows_pairs_anonymized.csv").open(encoding="utf-8") as lines:
        yield "crows_pairs (stereotypes: share only)", [row["sent_more"] for row in csv.DictReader(lines)]


def speed(texts: list[str], find: Any) -> float:
    """UTF-8 megabytes per second of CPU time, the best of some rounds."""
    size = sum(len(text.encode()) for text in texts)
    best = 0.0
    for _ in range(ROUNDS):
        started = time.process_time()
        for text in texts:
            find(text)
        best = max(best, size / (time.process_time() - started) / 1e6)
    return best


if __name__ == "__main__":
    sys.exit(main())
