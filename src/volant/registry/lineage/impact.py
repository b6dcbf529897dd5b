"""Impact: everything derived from one person, one record or one dataset version.

A model counts as derived from a record when the run that made it read a split that holds the record (and, for a run
that left out new labels, when the record's label was known), or when it is based on such a model. Standing in a
version's test or traffic pool does not make a model derived; it makes the reports on that split so.
Ask before an erasure: afterwards the records are gone and nothing can be followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from volant.core.errors import BadInput
from volant.registry import datasets, edges, models, records, releases, reports, rollouts, runs
from volant.registry.datasets import Hits
from volant.registry.edges import Ref
from volant.store.blobs import Blobs
from volant.store.tables import feedback, inference, record, report

_AT_ONCE = 500
_READ_BY_DEFAULT = ("train",)
_ALWAYS_READ = ("validation",)  # checkpoints are chosen on it
_EVALUATED = ("test",)


class Affected(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that derives from it, and how."""

    kind: str
    id: str
    sentence: str
    facts: dict[str, Any] = {}


class Impact(msgspec.Struct, frozen=True, kw_only=True):
    """What derives from one person, record or dataset version. Lists are oldest first."""

    kind: str  # "subject", "record" or "dataset_version"
    id: str
    records: tuple[str, ...]
    inferences: tuple[str, ...]
    feedback: tuple[str, ...]
    dataset_versions: tuple[Affected, ...]
    runs: tuple[Affected, ...]
    models: tuple[Affected, ...]  # learned from it, or based on one that did; facts: label, state, based_on
    deployments: tuple[Affected, ...]
    releases: tuple[Affected, ...]  # facts: state, task; the live ones have state "live"
    rollouts: tuple[Affected, ...]
    reports: tuple[Affected, ...]
    verdicts: tuple[Affected, ...]

    @property
    def live_models(self) -> tuple[str, ...]:
        """Affected models that a live release serves."""
        return tuple(dict.fromkeys(one.facts["model_id"] for one in self.releases if one.facts["state"] == "live"))


def impact(
    tx: Connection, blobs: Blobs, project: str, *, subject: str = "", record: str = "", dataset_version: str = ""
) -> Impact:
    """Follow one of the three. `subject` is the keyed hash (`KeyRing.subject_of`). Raises BadInput unless one is given.

    An unknown person gives an empty impact: nothing was derived.
    """
    given = [(k, i) for k, i in (("subject", subject), ("record", record), ("dataset_version", dataset_version)) if i]
    if len(given) != 1:
        raise BadInput("bad_impact", "name one of subject, record and dataset_version", where="impact")
    kind, identifier = given[0]
    if subject:
        record_ids = records.ids_of_subject(tx, project, subject)
        inference_ids = _inferences_of(tx, project, subject)
    elif record:
        record_ids, inference_ids = _one_record(tx, project, record)
    else:
        record_ids = [member.record_id for member in datasets.members(tx, blobs, project, dataset_version)]
        inference_ids = []
    hits = datasets.membership(tx, blobs, project, record_ids)
    if dataset_version:  # it, and what was grown from it; not what it was grown from
        grown = edges.descendants(tx, project, [("dataset_version", dataset_version)], kinds=("dataset_version",))
        hits = {one: hits.get(one, {}) for one in (dataset_version, *(ref.id for ref in grown))}
    trail = _Trail(tx, project, hits)
    return Impact(
        kind=kind,
        id=identifier,
        records=tuple(record_ids),
        inferences=tuple(inference_ids),
        feedback=tuple(_feedback_on(tx, project, inference_ids)),
        dataset_versions=tuple(trail.versions()),
        runs=tuple(trail.runs()),
        models=tuple(trail.models()),
        deployments=tuple(trail.deployments()),
        releases=tuple(trail.releases()),
        rollouts=tuple(trail.rollouts()),
        reports=tuple(trail.reports()),
        verdicts=tuple(trail.verdicts()),
    )


def models_of_records(tx: Connection, blobs: Blobs, project: str, ids: Iterable[str]) -> tuple[Affected, ...]:
    """The models that learned from any of these records, or are based on one that did. Ask before they go."""
    return tuple(_Trail(tx, project, datasets.membership(tx, blobs, project, ids)).models())


class _Trail:
    """What lies behind some dataset versions, given which splits of them are hit."""

    def __init__(self, tx: Connection, project: str, hits: Mapping[str, Mapping[Hits, int]]) -> None:
        self._tx = tx
        self._project = project
        self._hits = hits
        onward = edges.targets_of(tx, project, [("dataset_version", version) for version in hits])
        direct = {
            edge.target: f"{edge.operation} on {edge.source.id}"
            for edge in onward
            if (edge.target.kind == "run" and self._run_reads(edge.target.id, hits[edge.source.id]))
            or (edge.target.kind == "model" and self._model_learned(edge.target.id, hits[edge.source.id]))
        }
        further = edges.descendants(tx, project, direct, kinds=("run", "model"))
        self._reached: dict[Ref, str] = direct | {
            ref: f"{edge.operation} from {edge.source.id}" for ref, edge in further.items() if ref not in direct
        }
        self._model_ids = [ref.id for ref in self._reached if ref.kind == "model"]

    def versions(self) -> Iterable[Affected]:
        for version_id, counts in self._hits.items():
            version = datasets.get_version(self._tx, self._project, version_id)
            by_split: dict[str, int] = {}
            for hit, count in sorted(counts.items()):
                by_split[hit.split] = by_split.get(hit.split, 0) + count
            shown = ", ".join(f"{count} in {split}" for split, count in by_split.items()) or "no rows"
            yield Affected(
                kind="dataset_version",
                id=version_id,
                sentence=f"dataset {version.name!r} version {version.version} holds {shown}",
                facts={"name": version.name, "version": version.version, "records": by_split},
            )

    def runs(self) -> Iterable[Affected]:
        for ref, how in self._reached.items():
            if ref.kind == "run":
                run = runs.get_run(self._tx, self._project, ref.id)
                yield Affected(
                    kind="run", id=ref.id, sentence=f"{run.kind} run, {run.state}: {how}", facts={"kind": run.kind}
                )

    def models(self) -> Iterable[Affected]:
        for ref, how in self._reached.items():
            if ref.kind == "model":
                model = models.get_model(self._tx, self._project, ref.id)
                yield Affected(
                    kind="model",
                    id=ref.id,
                    sentence=f"model {model.label} ({model.state}): {how}",
                    facts={"label": model.label, "state": model.state, "based_on": model.base_model_id},
                )

    def releases(self) -> Iterable[Affected]:
        for model_id in self._model_ids:
            for one in releases.list_releases(self._tx, self._project, model_id=model_id):
                yield Affected(
                    kind="release",
                    id=one.id,
                    sentence=f"release of {one.variant!r} for task {one.task!r}: {one.state}",
                    facts={"state": one.state, "task": one.task, "variant": one.variant, "model_id": model_id},
                )

    def rollouts(self) -> Iterable[Affected]:
        found = edges.targets_of(self._tx, self._project, [("release", one.id) for one in self.releases()])
        for identifier in dict.fromkeys(edge.target.id for edge in found if edge.target.kind == "rollout"):
            rollout = rollouts.get_rollout(self._tx, self._project, identifier)
            yield Affected(
                kind="rollout",
                id=identifier,
                sentence=f"rollout of {rollout.candidate!r}: {rollout.state}",
                facts={"state": rollout.state, "task": rollout.task},
            )

    def deployments(self) -> Iterable[Affected]:
        found = edges.targets_of(self._tx, self._project, [("model", one) for one in self._model_ids])
        serving = {edge.target.id: edge.source.id for edge in found if edge.target.kind == "deployment"}
        for name, model_id in serving.items():
            yield Affected(
                kind="deployment",
                id=name,
                sentence=f"deployment {name!r} serves {model_id}",
                facts={"model_id": model_id},
            )

    def reports(self) -> Iterable[Affected]:
        """Reports on an affected model, and reports whose test rows include the hit ones."""
        tested = [version for version, counts in self._hits.items() if _any(counts, _EVALUATED, known_only=False)]
        rows = select(report.c.id, report.c.suite, report.c.model_id).where(
            report.c.project == self._project,
            report.c.model_id.in_(self._model_ids) | report.c.dataset_version_id.in_(tested),
        )
        for row in self._tx.execute(rows.order_by(report.c.created_ms, report.c.id)):
            yield Affected(
                kind="report",
                id=row.id,
                sentence=f"report of suite {row.suite!r} on {row.model_id}",
                facts={"suite": row.suite, "model_id": row.model_id},
            )

    def verdicts(self) -> Iterable[Affected]:
        for model_id in self._model_ids:
            for one in reports.list_verdicts(self._tx, self._project, model_id=model_id):
                yield Affected(
                    kind="verdict",
                    id=one.verdict_id,
                    sentence=f"verdict of gate {one.gate!r} on {model_id}: {one.outcome.replace('_', ' ')}",
                    facts={"outcome": one.outcome, "model_id": model_id},
                )

    def _run_reads(self, run_id: str, counts: Mapping[Hits, int]) -> bool:
        run = runs.get_run(self._tx, self._project, run_id)
        evaluates = run.kind.startswith("eval")
        default = _EVALUATED if evaluates else _READ_BY_DEFAULT
        splits = (*run.spec.get("splits", default), *(() if evaluates else _ALWAYS_READ))
        return _any(counts, splits, known_only=bool(run.spec.get("known_only")))

    def _model_learned(self, model_id: str, counts: Mapping[Hits, int]) -> bool:
        """By the run that made it; a model that was brought in without one is taken to have read all of train."""
        run_id = models.get_model(self._tx, self._project, model_id).run_id
        if run_id:
            return self._run_reads(run_id, counts)
        return _any(counts, (*_READ_BY_DEFAULT, *_ALWAYS_READ), known_only=False)


def _any(counts: Mapping[Hits, int], splits: Iterable[str], *, known_only: bool) -> bool:
    wanted = set(splits)
    return any(hit.split in wanted and (hit.known or not known_only) for hit in counts)


def _one_record(tx: Connection, project: str, record_id: str) -> tuple[list[str], list[str]]:
    query = select(record.c.id, record.c.inference_id).where(record.c.project == project, record.c.id == record_id)
    row = tx.execute(query).one_or_none()
    if row is None:
        return [], []
    return [row.id], [row.inference_id] if row.inference_id else []


def _inferences_of(tx: Connection, project: str, subject: str) -> list[str]:
    query = select(inference.c.id).where(inference.c.project == project, inference.c.subject == subject)
    return list(tx.execute(query.order_by(inference.c.started_ms, inference.c.id)).scalars())


def _feedback_on(tx: Connection, project: str, inference_ids: list[str]) -> Iterable[str]:
    for start in range(0, len(inference_ids), _AT_ONCE):
        query = select(feedback.c.id).where(
            feedback.c.project == project, feedback.c.inference_id.in_(inference_ids[start : start + _AT_ONCE])
        )
        yield from tx.execute(query.order_by(feedback.c.created_ms, feedback.c.id)).scalars()
