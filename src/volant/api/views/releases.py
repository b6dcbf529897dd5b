"""Releases: what was decided for each task, the gate's checklist behind it, and the rollout that moved the traffic."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter
from sqlalchemy import Connection, func, select

from volant.api.access import Caller, Reads
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.views import _rollout
from volant.api.views._parts import Link, model_labels
from volant.core.errors import NotFound
from volant.core.nouns import RolloutPlan, Split, Verdict
from volant.registry import documents, releases, reports, reviews, rollouts, state
from volant.registry.releases import Release
from volant.registry.rollouts import Rollout
from volant.store.tables import inference, review

router = APIRouter(prefix="/releases", tags=["views"])
MOST = 200


class ReleaseRow(msgspec.Struct, frozen=True, kw_only=True):
    """One release in the list, with the rollout that belongs to it."""

    id: str
    task: str
    variant: str
    model_id: str
    model_label: str
    state: str
    reason: str
    verdict_id: str
    outcome: str  # the gate's; empty: none
    rollout_id: str
    rollout_state: str
    share: float  # of users that the candidate gets now, 0..1
    held: bool
    created_ms: int
    ended_ms: int


class TaskReleases(msgspec.Struct, frozen=True, kw_only=True):
    """One task: what serves, and every decision, newest first."""

    task: str
    live_variant: str
    live_release_id: str
    candidate: str
    share: float
    releases: list[ReleaseRow]


class ReleaseList(msgspec.Struct, frozen=True, kw_only=True):
    """Releases by task; the newest 200."""

    tasks: list[TaskReleases]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the gate's checklist."""

    rule: str
    outcome: Literal["pass", "fail", "insufficient_evidence"]
    sentence: str
    measured: str  # the rule's own number, taken from the report where it has one
    needed: str  # the gate's limit, from its specification
    report_id: str


class ReviewRow(msgspec.Struct, frozen=True, kw_only=True):
    """A person's decision."""

    id: str
    subject_kind: str
    decision: str
    reviewer: str
    comment: str
    evidence_hash: str
    bound: bool  # the evidence is still what they signed
    created_ms: int


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """The split that gateways hold now."""

    live_variant: str
    candidate: str  # empty: nobody is split
    mode: str  # "shadow", "canary"; empty: none
    share: float  # of users for the candidate


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """What one arm of a rollout got."""

    arm: str
    step: int
    requests: int
    users: int
    failures: int  # technical
    fallbacks: int


class RolloutView(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of traffic."""

    id: str
    state: str
    baseline: str
    candidate: str
    step: int
    share: float
    plan: RolloutPlan
    reason: str
    held: bool
    held_by: str
    created_ms: int
    ended_ms: int
    decisions: list[_rollout.Decision]
    tests: list[_rollout.TestSeries]  # per guard metric: the bounds at every look that is drawn
    exposures: list[Exposure]


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person may do here now, or why not."""

    action: Literal["promote", "hold", "resume", "rollback", "approve", "reject"]
    allowed: bool
    sentence: str
    path: str  # to POST to
    permission: str


class ReleaseView(msgspec.Struct, frozen=True, kw_only=True):
    """One release."""

    release: ReleaseRow
    checklist: list[Check]
    gate: str
    outcome: str
    evidence_hash: str  # what a review of it must name
    baseline_model: Link | None
    reviews: list[ReviewRow]
    traffic: Traffic
    rollout: RolloutView | None
    acts: list[Act]


@router.get("", summary="Releases and rollouts by task, newest first")
def list_releases(caller: Reads, context: Has, task: str = "") -> Annotated[ReleaseList, AsJson]:
    project = caller.project
    with context.db.read() as tx:
        found = releases.list_releases(tx, project, task=task)[::-1][:MOST]
        names = [spec.name for spec in documents.current(tx, project).documents.tasks if task in ("", spec.name)]
        names = list(dict.fromkeys([*names, *(one.task for one in found)]))
        rows = _rows(tx, project, found)
        live = state.listed(tx, project, "live", state.Live)
        splits = state.listed(tx, project, "split", Split)
    none = state.Live(variant="")
    return ReleaseList(
        tasks=[
            TaskReleases(
                task=name,
                live_variant=live.get(name, none).variant,
                live_release_id=live.get(name, none).release_id,
                candidate=splits[name].candidate if name in splits else "",
                share=splits[name].share if name in splits and splits[name].mode == "canary" else 0.0,
                releases=[row for row in rows if row.task == name],
            )
            for name in names
        ]
    )


@router.get("/{release_id}", summary="One release (or rollout): checklist, reviews, traffic, the test's series")
def show_release(release_id: str, caller: Reads, context: Has) -> Annotated[ReleaseView, AsJson]:
    project, now_ms = caller.project, context.clock.now_ms()
    with context.db.read() as tx:
        release = _find(tx, project, release_id)
        row = _rows(tx, project, [release])[0]
        verdict = reports.get_verdict(tx, project, release.verdict_id) if release.verdict_id else None
        evidence = reports.evidence_hash(verdict) if verdict else ""
        rollout = rollouts.get_rollout(tx, project, release.rollout_id) if release.rollout_id else None
        labels = model_labels(tx, project, [verdict.baseline_model_id] if verdict else [])
        return ReleaseView(
            release=row,
            checklist=_checklist(tx, project, verdict),
            gate=verdict.gate if verdict else "",
            outcome=verdict.outcome if verdict else "",
            evidence_hash=evidence,
            baseline_model=_model_link(verdict, labels),
            reviews=_reviews(tx, project, release, evidence),
            traffic=_traffic(tx, project, release.task),
            rollout=_rollout_view(tx, project, rollout, now_ms) if rollout else None,
            acts=_acts(caller, release, rollout, row.held, evidence),
        )


def _find(tx: Connection, project: str, identifier: str) -> Release:
    """By its own id, or by its rollout's, its verdict's or a review's of one of them. Raises NotFound."""
    wanted = _signed(tx, project, identifier) if identifier.startswith("rev_") else identifier
    if wanted.startswith(("rol_", "ver_")):
        for one in releases.list_releases(tx, project)[::-1]:
            if wanted in (one.rollout_id, one.verdict_id):
                return one
        kind = "rollout" if wanted.startswith("rol_") else "verdict"
        raise NotFound(f"{kind}_unknown", f"no release belongs to the {kind} {wanted[:60]!r}", where=project,
                       hint="a gate that did not pass makes no release; its model says why")  # fmt: skip
    return releases.get_release(tx, project, wanted)


def _signed(tx: Connection, project: str, review_id: str) -> str:
    """What a review is about. Raises NotFound."""
    found = tx.execute(select(review.c.subject_id).where(review.c.project == project, review.c.id == review_id))
    about = found.scalar_one_or_none()
    if about is None:
        raise NotFound("review_unknown", f"there is no review {review_id[:60]!r}", where=project)
    return str(about)


def _rows(tx: Connection, project: str, found: list[Release]) -> list[ReleaseRow]:
    labels = model_labels(tx, project, [one.model_id for one in found])
    outcomes = _rollout.outcomes(tx, project, [one.verdict_id for one in found])
    heads = _rollout.heads(tx, project, [one.rollout_id for one in found])
    words = state.listed(tx, project, "rollout-word", dict[str, Any])
    return [
        ReleaseRow(
            id=one.id,
            task=one.task,
            variant=one.variant,
            model_id=one.model_id,
            model_label=labels.get(one.model_id, ""),
            state=one.state,
            reason=one.reason,
            verdict_id=one.verdict_id,
            outcome=outcomes.get(one.verdict_id, ""),
            rollout_id=one.rollout_id,
            rollout_state=heads.get(one.rollout_id, ("", 0.0))[0],
            share=heads.get(one.rollout_id, ("", 0.0))[1],
            held=words.get(one.rollout_id, {}).get("action") == "hold",
            created_ms=one.created_ms,
            ended_ms=one.ended_ms,
        )
        for one in found
    ]


def _model_link(verdict: Verdict | None, labels: dict[str, str]) -> Link | None:
    if verdict is None or not verdict.baseline_model_id:
        return None
    return Link(kind="model", id=verdict.baseline_model_id, title=labels.get(verdict.baseline_model_id, ""))


def _checklist(tx: Connection, project: str, verdict: Verdict | None) -> list[Check]:
    if verdict is None:
        return []
    spec = next((one for one in documents.current(tx, project).documents.gates if one.name == verdict.gate), None)
    return [
        Check(
            rule=reason.rule,
            outcome=reason.outcome,
            sentence=reason.sentence,
            measured=_rollout.measured(reason.sentence),
            needed=_rollout.needed(reason.rule, spec),
            report_id=reason.report_id,
        )
        for reason in verdict.reasons
    ]


def _reviews(tx: Connection, project: str, release: Release, evidence: str) -> list[ReviewRow]:
    about = [("release", release.id), ("verdict", release.verdict_id), ("rollout", release.rollout_id)]
    found = [one for kind, name in about if name for one in reviews.reviews_of(tx, project, kind, name)]
    return [
        ReviewRow(
            id=one.id,
            subject_kind=one.subject_kind,
            decision=one.decision,
            reviewer=one.reviewer,
            comment=one.comment,
            evidence_hash=one.evidence_hash,
            bound=one.evidence_hash == evidence,
            created_ms=one.created_ms,
        )
        for one in sorted(found, key=lambda one: one.created_ms)
    ]


def _traffic(tx: Connection, project: str, task: str) -> Traffic:
    live, split = state.live(tx, project, task), state.split(tx, project, task)
    spec = next((one for one in documents.current(tx, project).documents.tasks if one.name == task), None)
    configured = (spec.live or spec.variants[0].name) if spec else ""
    return Traffic(
        live_variant=live.variant if live else configured,
        candidate=split.candidate if split else "",
        mode=split.mode if split else "",
        share=split.share if split else 0.0,
    )


def _rollout_view(tx: Connection, project: str, one: Rollout, now_ms: int) -> RolloutView:
    word = state.get(tx, project, "rollout-word", one.id, dict[str, Any]) or {}
    held = one.running and word.get("action") == "hold"
    return RolloutView(
        id=one.id,
        state=one.state,
        baseline=one.baseline,
        candidate=one.candidate,
        step=one.step,
        share=one.share,
        plan=one.plan,
        reason=one.reason,
        held=held,
        held_by=str(word.get("reviewer", "")) if held else "",
        created_ms=one.created_ms,
        ended_ms=one.ended_ms,
        decisions=_rollout.decisions(one),
        tests=_rollout.tests(tx, project, one, now_ms),
        exposures=_exposures(tx, project, one.id),
    )


def _exposures(tx: Connection, project: str, rollout_id: str) -> list[Exposure]:
    query = (
        select(
            inference.c.arm,
            inference.c.step,
            func.count().label("requests"),
            func.count(func.distinct(inference.c.subject)).label("users"),
            func.sum(inference.c.canary_failed).label("failures"),
            func.sum(inference.c.fallback).label("fallbacks"),
        )
        .where(inference.c.project == project, inference.c.rollout_id == rollout_id)
        .group_by(inference.c.arm, inference.c.step)
        .order_by(inference.c.step, inference.c.arm)
    )
    return [Exposure(**row._mapping) for row in tx.execute(query)]


def _acts(caller: Caller, release: Release, rollout: Rollout | None, held: bool, evidence: str) -> list[Act]:
    acts = []
    if rollout is not None:
        words = {
            "promote": ("Everybody gets the candidate now, whatever the statistics say.", True),
            "hold": ("The share stays as it is until somebody resumes.", not held),
            "resume": ("The statistics decide again.", held),
            "rollback": ("Everybody gets the baseline again.", True),
        }
        for action, (sentence, fits) in words.items():
            why = "" if rollout.running else f"The rollout is {rollout.state.replace('_', ' ')}."
            if not fits:
                why = "It is held already." if action == "hold" else "Nobody holds it."
            acts.append(_act(caller, action, "release", sentence, why, f"/api/v1/rollouts/{rollout.id}/{action}"))
    for action in ("approve", "reject"):
        why = "" if evidence else "No gate judged it: there is no evidence to sign."
        sentence = f"Sign that you {action} it, on the evidence {evidence[:12]}."
        acts.append(_act(caller, action, "review", sentence, why, "/api/v1/reviews"))
    return acts


def _act(caller: Caller, action: Any, permission: Any, sentence: str, why: str, path: str) -> Act:
    if permission not in caller.permissions:
        why = f"You need the permission {permission!r} for it."
    return Act(action=action, allowed=not why, sentence=why or sentence, path=path, permission=permission)
