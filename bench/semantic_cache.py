"""Benchmark of the semantic cache: how often a question is answered by another's answer, and how often wrongly.

    VOLANT_TEST_DATA=... python bench/semantic_cache.py        writes bench/results/semantic_cache.json

The 3,080 test questions of BANKING77 are asked one after the other, in five random orders, of a cache that starts
empty. A question takes the answer of the nearest one asked before (the gateway's own rule: cosine, and the numbers in
both must be the same) when it is near enough, else its own answer is kept. A hit between questions of different intents
is false: its caller reads the answer to something else. A hit of the same intent counts as right, though two questions
of one intent may still want different answers: the true share of wrong answers is higher, not lower.

The embedding is what runs everywhere without a download: character n-grams and words, TF-IDF, reduced to 256 dimensions
by a truncated SVD fitted on the 10,003 training questions (latent semantic analysis; Deerwester et al. 1990). It sees
spelling more than meaning. An embedding model sees more, so its curve lies elsewhere: measure yours with --vectors.

    --vectors FILE.npy    float32 [3080, width], one row a test question in the order of banking77_test.csv
    --name TEXT           what to call them
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from volant.core.chat import ChatRequest, Message, TextPart
from volant.gateway.cache_key import frame_of

RESULTS = Path(__file__).parent / "results" / "semantic_cache.json"
SIMILARITIES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99)
ORDERS = 5
WIDTH = 256
Z = 1.96


def main() -> int:
    """Measure, write, print; 2 without the data."""
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--vectors", type=Path)
    arguments.add_argument("--name", default="")
    given = arguments.parse_args()
    folder = Path(os.environ.get("VOLANT_TEST_DATA", "")) / "intents"
    if not (folder / "banking77_test.csv").is_file():
        print("bench semantic_cache: set VOLANT_TEST_DATA to the folder of public test sets", file=sys.stderr)
        return 2
    texts, intents = read(folder / "banking77_test.csv")
    if given.vectors is not None:
        vectors, name = np.load(given.vectors).astype(np.float32), given.name or given.vectors.name
    else:
        vectors = hashed_vectors(read(folder / "banking77_train.csv")[0], texts)
        name = f"character n-grams and words, TF-IDF, SVD to {WIDTH}: no model"
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    measured = curve(vectors @ vectors.T, numbers_of(texts), intents)
    report = {
        "name": "semantic_cache",
        "machine": {"cpu": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()},
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "questions": len(texts),
        "intents": len(set(intents)),
        "embedding": name,
        "orders": ORDERS,
        "rows": rows_of(measured),
        "curve": measured,
    }
    if given.vectors is None:
        RESULTS.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    for row in measured:
        low, high = row["false_share_of_hits_95"]
        print(
            f"similarity {row['similarity']:.2f}   hits {row['hit_rate']:7.2%}   of them false "
            f"{row['false_share_of_hits']:7.2%} [{low:.2%}, {high:.2%}]   wrong answers {row['wrong_answers']:.3%}"
        )
    return 0


def rows_of(measured: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As bench/table.py reads them. There is no goal: which trade is right is the task's question."""
    return [
        {"name": f"{words}, least similarity {row['similarity']:.2f}", "value": row[field], "unit": "share",
         "baseline": None, "ratio": None, "goal": "", "holds": None}
        for row in measured
        for words, field in (("questions answered", "hit_rate"), ("of those wrongly", "false_share_of_hits"))
    ]  # fmt: skip


def read(path: Path) -> tuple[list[str], list[str]]:
    """(questions, intents)."""
    with path.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    return [row["text"] for row in rows], [row["category"] for row in rows]


def hashed_vectors(train: list[str], test: list[str]) -> Any:
    """float32 [len(test), WIDTH]."""
    from scipy.sparse import hstack
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=2)
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    fitted = hstack([letters.fit_transform(train), words.fit_transform(train)])
    svd = TruncatedSVD(WIDTH, random_state=0).fit(fitted)
    return svd.transform(hstack([letters.transform(test), words.transform(test)])).astype(np.float32)


def numbers_of(texts: list[str]) -> list[str]:
    """What the gateway keeps in the frame of a question: its numbers."""
    said = [ChatRequest(model="", messages=(Message(role="user", parts=(TextPart(text=text),)),)) for text in texts]
    return [framed[0].messages[-1].text if (framed := frame_of(one)) is not None else "" for one in said]


def curve(cosines: Any, numbers: list[str], intents: list[str]) -> list[dict[str, Any]]:
    """One row a least similarity. `cosines[questions, questions]`."""
    kinds = np.array([sorted(set(numbers)).index(one) for one in numbers])
    comparable = np.where(kinds[:, None] == kinds[None, :], cosines, -1.0)
    rows = []
    for least in SIMILARITIES:
        counts = [asked_in_order(comparable, intents, np.random.default_rng(seed), least) for seed in range(ORDERS)]
        hits, wrong = (sum(count[at] for count in counts) for at in (0, 1))
        total = len(intents) * ORDERS
        rows.append(
            {
                "similarity": least,
                "hit_rate": round(hits / total, 5),
                "false_share_of_hits": round(wrong / hits, 5) if hits else 0.0,
                "false_share_of_hits_95": wilson(wrong / ORDERS, hits / ORDERS),  # as of one order: orders repeat pairs
                "wrong_answers": round(wrong / total, 6),
                "hits_of_one_order": round(hits / ORDERS, 1),
            }
        )
    return rows


def asked_in_order(cosines: Any, intents: list[str], rng: np.random.Generator, least: float) -> tuple[int, int]:
    """(hits, false hits) of one random order."""
    kept = np.zeros(len(intents), dtype=bool)
    hits = wrong = 0
    for question in rng.permutation(len(intents)):
        near = np.where(kept, cosines[question], -1.0)
        best = int(near.argmax())
        if near[best] >= least:
            hits += 1
            wrong += intents[best] != intents[question]
        else:
            kept[question] = True
    return hits, wrong


def wilson(count: float, total: float) -> list[float]:
    """95 % interval of a share (Wilson 1927)."""
    if not total:
        return [0.0, 1.0]
    share = count / total
    middle = share + Z * Z / (2 * total)
    spread = Z * math.sqrt(share * (1 - share) / total + Z * Z / (4 * total * total))
    scale = 1 + Z * Z / total
    return [round(max(0.0, (middle - spread) / scale), 5), round(min(1.0, (middle + spread) / scale), 5)]


def commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
