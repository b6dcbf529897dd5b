"""Chain: why an answer is what it is. From the inference to the people, rows and rules behind it.

    inference → deployment, variant → prompt version, model → run → dataset versions → sources
                                                     → reports    → base model (and its own chain)
              → release → verdict → reasons, reviews    → rollout → decisions

A tree with a sentence a node, so that every surface shows the same words. A link that cannot be followed becomes an
entry of `gaps`, never a silence. Reads rows and edges; opens no text of a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from volant.core.errors import NotFound
from volant.core.nouns import Metric, Report, Verdict
from volant.registry import datasets, edges, models, prompts, releases, reports, reviews, rollouts, runs
from volant.registry.releases import Release
from volant.store.tables import feedback, inference

_DEEPEST = 8  # base models behind base models


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in the chain."""

    kind: str
    id: str
    sentence: str
    facts: dict[str, Any] = {}
    children: tuple[Node, ...] = ()


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of it. `gaps` says what could not be followed; empty: the chain is complete."""

    inference_id: str
    root: Node
    gaps: tuple[str, ...] = ()


def why(tx: Connection, project: str, inference_id: str) -> Chain:
    """The chain behind one answer. Raises NotFound when there is no such inference."""
    row = tx.execute(select(inference).where(inference.c.project == project, inference.c.id == inference_id)).mappings()
    found = row.one_or_none()
    if found is None:
        raise NotFound(
            "inference_unknown",
            f"there is no inference {inference_id[:60]!r}",
            where=project,
            hint="`volant trace list` shows the newest; one may still be on its way from the spool",
        )
    walker = _Walker(tx, project)
    root = walker.inference(dict(found))
    return Chain(inference_id=inference_id, root=root, gaps=tuple(walker.gaps))


def walk(node: Node, depth: int = 0) -> Iterator[tuple[int, Node]]:
    """Every node with its depth, parents first."""
    yield depth, node
    for child in node.children:
        yield from walk(child, depth + 1)


class _Walker:
    """Follows the links of one chain and remembers the ones that lead nowhere."""

    def __init__(self, tx: Connection, project: str) -> None:
        self.gaps: list[str] = []
        self._tx = tx
        self._project = project

    # ------------------------------------------------------------ the answer
    def inference(self, row: dict[str, Any]) -> Node:
        who = "a fallback answered" if row["fallback"] else "answered"
        sentence = (
            f"Task {row['task']!r} {who} at {_time(row['started_ms'])} with status {row['status']} in "
            f"{row['latency_ms']:.0f} ms ({row['arm']} traffic, configuration {row['config_hash'] or 'unknown'})."
        )
        names = ("task", "arm", "status", "latency_ms", "fallback", "config_hash", "cost_usd", "input_tokens",
                 "output_tokens", "trace_id", "erased_ms")  # fmt: skip
        children = [self._deployment(row), self._variant(row), *self._feedback(row["id"])]
        model_id = "" if row["fallback"] else row["model_id"]
        if model_id:
            children.append(self._model(model_id, 0))
        release = self._release_of(row, model_id)
        if release is not None:
            children.append(self._release(release))
        elif row["release_id"] or model_id:
            self.gaps.append(f"no release is recorded for variant {row['variant']!r}")
        return Node(
            kind="inference",
            id=row["id"],
            sentence=sentence,
            facts={name: row[name] for name in names},
            children=tuple(child for child in children if child is not None),
        )

    def _deployment(self, row: dict[str, Any]) -> Node | None:
        if not row["deployment"]:
            self.gaps.append("no deployment answered")
            return None
        return Node(
            kind="deployment",
            id=row["deployment"],
            sentence=f"Deployment {row['deployment']!r} served it with {row['model']!r}.",
            facts={"model": row["model"]},
        )

    def _variant(self, row: dict[str, Any]) -> Node:
        ours = "no model of ours is behind it" if row["fallback"] or not row["model_id"] else f"model {row['model_id']}"
        return Node(
            kind="variant",
            id=row["variant"],
            sentence=f"Variant {row['variant']!r} of the task was asked; {ours}.",
            children=(self._prompt(row["prompt_version_id"]),) if row["prompt_version_id"] else (),
        )

    def _prompt(self, version_id: str) -> Node:
        try:
            label, version = prompts.label_of_version(self._tx, self._project, version_id)
        except NotFound:
            return self._gap("prompt_version", version_id)
        comment = f": {version.comment}" if version.comment else ""
        return Node(
            kind="prompt_version",
            id=version_id,
            sentence=f"Prompt {label} was rendered, saved at {_time(version.created_ms)} by {version.author}{comment}.",
            facts={"prompt": label, "hash": version.hash, "author": version.author, "created_ms": version.created_ms},
        )

    def _feedback(self, inference_id: str) -> list[Node]:
        query = (
            select(feedback.c.metric, func.count().label("times"), func.avg(feedback.c.value).label("mean"))
            .where(feedback.c.project == self._project, feedback.c.inference_id == inference_id)
            .group_by(feedback.c.metric)
            .order_by(feedback.c.metric)
        )
        return [
            Node(
                kind="feedback",
                id=row.metric,
                sentence=f"{row.times} judgement{'s' if row.times != 1 else ''} by {row.metric!r}"
                + (f", mean {row.mean:.2f}." if row.mean is not None else "."),
                facts={"count": row.times, "mean": row.mean},
            )
            for row in self._tx.execute(query)
        ]

    # ------------------------------------------------------------ the model
    def _model(self, model_id: str, depth: int) -> Node:
        try:
            model = models.get_model(self._tx, self._project, model_id)
        except NotFound:
            return self._gap("model", model_id)
        base = f", fine-tuned from {model.base_model_id}" if model.base_model_id else ", trained from scratch"
        flags = f"; flagged: {', '.join(str(flag['kind']) for flag in model.flags)}" if model.flags else ""
        children: list[Node] = []
        if model.run_id:
            children.append(self._run(model.run_id, model.dataset_version_id))
        elif model.dataset_version_id:
            children.append(self._dataset_version(model.dataset_version_id, 0))
        else:
            self.gaps.append(f"model {model_id} names no run and no data")
        children += [self._report(one) for one in reports.list_reports(self._tx, self._project, model_id=model_id)]
        if model.base_model_id and depth < _DEEPEST:
            children.append(self._model(model.base_model_id, depth + 1))
        return Node(
            kind="model",
            id=model.id,
            sentence=f"Model {model.label} ({model.state}) was made at {_time(model.created_ms)}{base}{flags}.",
            facts={"label": model.label, "state": model.state, "flags": list(model.flags), **model.facts,
                   "checkpoint_hash": model.checkpoint_hash, "gguf_hash": model.gguf_hash},
            children=tuple(children),
        )  # fmt: skip

    def _run(self, run_id: str, dataset_version_id: str) -> Node:
        try:
            run = runs.get_run(self._tx, self._project, run_id)
        except NotFound:
            return self._gap("run", run_id)
        inputs = edges.sources_of(self._tx, self._project, [("run", run_id)])
        read = [edge.source.id for edge in inputs if edge.source.kind == "dataset_version"]
        versions = list(dict.fromkeys([*([dataset_version_id] if dataset_version_id else []), *read]))
        alerts = [
            Node(kind="alert", id=edge.source.id, sentence=f"Alert {edge.source.id} started it.")
            for edge in inputs
            if edge.source.kind == "alert"
        ]
        seconds = f" in {(run.ended_ms - run.started_ms) / 1000:.1f} s" if run.ended_ms and run.started_ms else ""
        attempts = f"{run.attempt} attempt{'s' if run.attempt != 1 else ''}"
        return Node(
            kind="run",
            id=run.id,
            sentence=f"Run of kind {run.kind!r} {run.state}{seconds} after {attempts}.",
            facts={"kind": run.kind, "state": run.state, "attempt": run.attempt, "spec": run.spec},
            children=(*alerts, *(self._dataset_version(one, 0) for one in versions)),
        )

    def _dataset_version(self, version_id: str, depth: int) -> Node:
        try:
            version = datasets.get_version(self._tx, self._project, version_id)
        except NotFound:
            return self._gap("dataset_version", version_id)
        counts = ", ".join(f"{split} {count.records}" for split, count in version.counts.items())
        children = [
            Node(
                kind="source",
                id=edge.source.id,
                sentence=f"{edge.parameters.get('records', 'some')} rows came from {edge.source.id!r}.",
                facts=edge.parameters,
            )
            for edge in edges.sources_of(self._tx, self._project, [("dataset_version", version_id)])
            if edge.source.kind == "source"
        ]
        if version.parent_id and depth < _DEEPEST:
            children.append(self._dataset_version(version.parent_id, depth + 1))
        grown = f", grown from {version.parent_id}" if version.parent_id else ""
        return Node(
            kind="dataset_version",
            id=version.id,
            sentence=f"Dataset {version.name!r} version {version.version}{grown}: {counts or 'no rows'}; "
            f"content {version.content_hash[:12]}, {len(version.leaks)} leaked test items found.",
            facts={
                "counts": {split: msgspec.structs.asdict(count) for split, count in version.counts.items()},
                "content_hash": version.content_hash,
                "leaks": len(version.leaks),
            },
            children=tuple(children),
        )

    def _report(self, report: Report) -> Node:
        shown = "; ".join(_metric(one) for one in report.metrics if one.slice in ("overall", "known", "new"))
        return Node(
            kind="report",
            id=report.report_id,
            sentence=f"Suite {report.suite!r} ran {report.evaluated} attempts: {shown or 'no metric'}.",
            facts={"suite": report.suite, "dataset_version_id": report.dataset_version_id},
        )

    # ------------------------------------------------------------ the decision
    def _release_of(self, row: dict[str, Any], model_id: str) -> Release | None:
        """The release on the row, else the newest one of this model that was made before the answer."""
        if row["release_id"]:
            try:
                return releases.get_release(self._tx, self._project, row["release_id"])
            except NotFound:
                return None
        made = releases.list_releases(self._tx, self._project, task=row["task"], model_id=model_id) if model_id else []
        before = [one for one in made if one.created_ms <= row["started_ms"]]
        return before[-1] if before else None

    def _release(self, release: Release) -> Node:
        children: list[Node] = []
        if release.verdict_id:
            children.append(self._verdict(release.verdict_id))
        else:
            self.gaps.append(f"release {release.id} names no verdict")
        rollout_ids = {release.rollout_id} if release.rollout_id else set()
        onward = edges.targets_of(self._tx, self._project, [("release", release.id)])
        rollout_ids |= {edge.target.id for edge in onward if edge.target.kind == "rollout"}
        children += [self._rollout(one) for one in sorted(rollout_ids)]
        children += self._reviews("release", release.id)
        reason = f": {release.reason.rstrip('.')}" if release.reason else ""
        return Node(
            kind="release",
            id=release.id,
            sentence=f"Release of {release.variant!r} at {_time(release.created_ms)}, now {release.state}{reason}.",
            facts={"state": release.state, "task": release.task, "model_id": release.model_id},
            children=tuple(children),
        )

    def _verdict(self, verdict_id: str) -> Node:
        try:
            verdict: Verdict = reports.get_verdict(self._tx, self._project, verdict_id)
        except NotFound:
            return self._gap("verdict", verdict_id)
        return Node(
            kind="verdict",
            id=verdict.verdict_id,
            sentence=f"Gate {verdict.gate!r} said {verdict.outcome.replace('_', ' ')} by {len(verdict.reasons)} rules.",
            facts={"outcome": verdict.outcome, "baseline_model_id": verdict.baseline_model_id},
            children=tuple(
                Node(
                    kind="reason",
                    id=reason.rule,
                    sentence=f"{reason.outcome.replace('_', ' ')}: {reason.sentence}",
                    facts={"outcome": reason.outcome, "report_id": reason.report_id},
                )
                for reason in verdict.reasons
            )
            + tuple(self._reviews("verdict", verdict_id)),
        )

    def _rollout(self, rollout_id: str) -> Node:
        try:
            rollout = rollouts.get_rollout(self._tx, self._project, rollout_id)
        except NotFound:
            return self._gap("rollout", rollout_id)
        reason = f": {rollout.reason.rstrip('.')}" if rollout.reason else ""
        return Node(
            kind="rollout",
            id=rollout.id,
            sentence=f"Rollout of {rollout.candidate!r} against {rollout.baseline!r}: {rollout.state} at "
            f"{rollout.share:.0%} of users after {len(rollout.decisions)} decisions{reason}.",
            facts={"state": rollout.state, "share": rollout.share, "step": rollout.step},
            children=tuple(self._reviews("rollout", rollout_id)),
        )

    def _reviews(self, kind: str, identifier: str) -> list[Node]:
        return [
            Node(
                kind="review",
                id=one.id,
                sentence=f"{one.reviewer} said {one.decision} at {_time(one.created_ms)}, bound to evidence "
                f"{one.evidence_hash[:12]}.",
                facts={"decision": one.decision, "evidence_hash": one.evidence_hash},
            )
            for one in reviews.reviews_of(self._tx, self._project, kind, identifier)
        ]

    def _gap(self, kind: str, identifier: str) -> Node:
        self.gaps.append(f"{kind.replace('_', ' ')} {identifier} is not in the registry")
        sentence = f"{identifier} is not in the registry."
        return Node(kind=kind, id=identifier, sentence=sentence, facts={"state": "missing"})


def _metric(metric: Metric) -> str:
    where = "" if metric.slice == "overall" else f" ({metric.slice})"
    return f"{metric.name}{where} {metric.value:.3f} [{metric.low:.3f}, {metric.high:.3f}], n={metric.n}"


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
