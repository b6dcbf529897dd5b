"""An evaluation run: suites on a model as exported. The engine, the judges and the likelihoods meet here."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from volant.app.run.engine import serving
from volant.app.run.work import Json, Workplace
from volant.core.clock import SystemClock
from volant.core.ids import new_id
from volant.core.nouns import Report
from volant.evals import accuracy, baseline, bias, runner, security
from volant.evals.accuracy import Heading, Item
from volant.evals.canaries import make_canaries
from volant.evals.memorisation import probe
from volant.evals.runner import Answers
from volant.registry import datasets
from volant.scorers import create
from volant.train.progress import Progress
from volant.train.spans import surprise

CONCURRENCY = 16
BIAS_QUESTIONS = 150
INJECTION_QUESTIONS = 80  # three attacks each: 183 trials have 80 % power for a limit of 10 %
SCORER = "json_field_match"


class EvaluateSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What `spec.json` of an evaluation holds."""

    kind: str
    project: str
    model_id: str
    checkpoint: str  # folder under the data directory
    gguf: str  # file under the data directory
    dataset_version_id: str
    suites: tuple[str, ...]
    canary_seed: int = 0


def run(place: Workplace, raw: Mapping[str, Any]) -> Json:
    """The reports. A killed evaluation goes on with the answers of its journals."""
    spec = msgspec.convert(raw, EvaluateSpec)
    progress = Progress(place.folder / "progress.jsonl", SystemClock().now_ms)
    test, train = _test_items(place, spec), _training_rows(place, spec)
    labels = sorted({label for _, label in train})
    reports: list[Report] = []
    try:
        with serving(
            place.folder / "engine", place.data / spec.gguf, spec.model_id, place.settings.engine_threads, CONCURRENCY
        ) as address:
            connection = runner.Connection(base_url=address.base_url, model=spec.model_id, concurrency=CONCURRENCY)
            suites = Suites(place, spec, connection, progress)
            if "accuracy" in spec.suites:
                reports.append(suites.accuracy(test))
            if "bias" in spec.suites:
                reports.append(suites.bias(test))
            if "security" in spec.suites:
                reports.append(suites.security(test, labels))
        if "yardstick" in spec.suites:
            reports.append(_yardstick(spec, test, train))
    finally:
        progress.close()
    return {"reports": [msgspec.to_builtins(report) for report in reports]}


class Suites:
    """The suites that ask the model."""

    def __init__(self, place: Workplace, spec: EvaluateSpec, connection: runner.Connection, progress: Progress) -> None:
        self._place = place
        self._spec = spec
        self._connection = connection
        self._progress = progress

    def accuracy(self, test: Sequence[Item]) -> Report:
        """Exact match of the intent on the unseen test."""
        answers = self._ask("accuracy", accuracy.samples(test))
        return accuracy.accuracy_report(_heading(self._spec), test, answers, create(SCORER))

    def bias(self, test: Sequence[Item]) -> Report:
        """The same questions with names of different groups."""
        drawn = bias.quartets(_some(test, BIAS_QUESTIONS), seed=1)
        answers = self._ask("bias", bias.samples(drawn))
        return bias.bias_report(_heading(self._spec), drawn, answers, create(SCORER))

    def security(self, test: Sequence[Item], labels: Sequence[str]) -> Report:
        """Injections, and what can be read out of the weights."""
        drawn = security.trials(_some(test, INJECTION_QUESTIONS), labels, seed=1)
        answers = self._ask("security", security.samples(drawn))
        found = probe(make_canaries(self._spec.canary_seed), self._surprise) if self._spec.canary_seed else ((), ())
        return security.security_report(
            _heading(self._spec), drawn, answers, create(SCORER), allowed=labels, memorisation=found
        )

    def _ask(self, suite: str, samples: Sequence[runner.Sample]) -> Answers:
        def progress(done: int, whole: int) -> None:
            if done == whole or done % 200 == 0:
                self._progress.event("asked", suite=suite, done=done, whole=whole)

        journal = self._place.folder / f"{suite}.journal"
        return asyncio.run(runner.ask_all(samples, self._connection, journal=journal, progress=progress))

    def _surprise(self, questions: Sequence[str], secrets: Sequence[str]) -> list[float]:
        return surprise(
            self._place.data / self._spec.checkpoint, questions, secrets, self._place.settings.engine_threads
        )


def _some(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many items, the same ones for every model: those with the smallest hash of their key."""
    return sorted(items, key=lambda item: hashlib.sha256(item.key.encode()).digest())[:most]


def _heading(spec: EvaluateSpec) -> Heading:
    return Heading(
        report_id=new_id("report"),
        model_id=spec.model_id,
        dataset_version_id=spec.dataset_version_id,
        created_ms=SystemClock().now_ms(),
    )


def _test_items(place: Workplace, spec: EvaluateSpec) -> list[Item]:
    with place.db.read() as tx:
        return [
            Item(
                key=f"{row.source}:{row.position}",
                text=row.body["question"],
                expected=row.body["answer"],
                cluster=row.subject,
                known=row.known,
            )
            for row in datasets.rows(tx, place.keyring, place.blobs, spec.project, spec.dataset_version_id, {"test"})
        ]


def _training_rows(place: Workplace, spec: EvaluateSpec) -> list[tuple[str, str]]:
    with place.db.read() as tx:
        return [
            (row.body["question"], row.body["label"])
            for row in datasets.rows(tx, place.keyring, place.blobs, spec.project, spec.dataset_version_id, {"train"})
        ]


def _yardstick(spec: EvaluateSpec, test: Sequence[Item], train: Sequence[tuple[str, str]]) -> Report:
    """What a linear classifier makes of the same rows: the honest yardstick beside every model."""
    fitted = baseline.fit([text for text, _ in train], [label for _, label in train])
    outputs = fitted.outputs([item.text for item in test])
    answers = Answers(
        answers={
            item.key: runner.Answered(key=item.key, output=output) for item, output in zip(test, outputs, strict=True)
        }
    )
    report = accuracy.accuracy_report(_heading(spec), test, answers, create(SCORER))
    return msgspec.structs.replace(
        report, suite="yardstick", notes=("TF-IDF of words and characters, linear support vector machine.",)
    )
