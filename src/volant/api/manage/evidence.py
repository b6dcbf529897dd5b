"""Evidence: reports of evaluations, and the verdicts of gates that read them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Body

from volant.api.access import Evaluates, Reads
from volant.api.paging import Listing
from volant.api.services import Has, HasActions
from volant.api.structs import AsJson
from volant.core.nouns import Noun, Report, Verdict
from volant.jobs.actions import Started
from volant.registry import models, reports

router = APIRouter(tags=["evidence"])


class Evaluate(Noun, frozen=True, kw_only=True):
    """What to evaluate."""

    model: str  # id, `name@version`, or name
    suites: tuple[str, ...] = ()  # of accuracy, bias, security; empty: all
    dataset_version_id: str = ""  # empty: the one the model was made with
    baseline: str = ""  # a model to compare with, item by item
    key: str = ""  # idempotency


class Judge(Noun, frozen=True, kw_only=True):
    """Which gate reads which model's reports."""

    model: str
    gate: str
    baseline: str = ""  # empty: the live model


@router.get("/reports", summary="Reports, oldest first, without their items")
def list_reports(
    caller: Reads, context: Has, model_id: str = "", suite: str = ""
) -> Annotated[Listing[Report], AsJson]:
    with context.db.read() as tx:
        found = reports.list_reports(tx, caller.project, model_id=model_id, suite=suite)
    return Listing(data=[msgspec.structs.replace(report, items=()) for report in found])


@router.get("/reports/{report_id}", summary="One report with its items")
def get_report(report_id: str, caller: Reads, context: Has) -> Annotated[Report, AsJson]:
    with context.db.read() as tx:
        return reports.get_report(tx, caller.project, report_id)


@router.post("/reports", status_code=202, summary="Evaluate a model in the background")
def evaluate(
    body: Annotated[Evaluate, AsJson, Body()], caller: Evaluates, context: Has, actions: HasActions
) -> Annotated[Started, AsJson]:
    with context.db.read() as tx:
        model = models.resolve(tx, caller.project, body.model)
        baseline = models.resolve(tx, caller.project, body.baseline).id if body.baseline else ""
    return actions.start_evaluation(
        caller.project,
        model.id,
        suites=body.suites,
        dataset_version_id=body.dataset_version_id,
        baseline_model_id=baseline,
        key=body.key,
        by=caller.actor,
    )


@router.get("/verdicts", summary="Verdicts, oldest first")
def list_verdicts(caller: Reads, context: Has, model_id: str = "") -> Annotated[Listing[Verdict], AsJson]:
    with context.db.read() as tx:
        return Listing(data=reports.list_verdicts(tx, caller.project, model_id=model_id))


@router.get("/verdicts/{verdict_id}", summary="One verdict with its reasons")
def get_verdict(verdict_id: str, caller: Reads, context: Has) -> Annotated[Verdict, AsJson]:
    with context.db.read() as tx:
        return reports.get_verdict(tx, caller.project, verdict_id)


@router.post("/verdicts", status_code=201, summary="Let a gate read a model's newest reports and decide")
def judge(
    body: Annotated[Judge, AsJson, Body()], caller: Evaluates, context: Has, actions: HasActions
) -> Annotated[Verdict, AsJson]:
    with context.db.read() as tx:
        model = models.resolve(tx, caller.project, body.model)
        baseline = models.resolve(tx, caller.project, body.baseline).id if body.baseline else ""
    return actions.gate(caller.project, model.id, gate=body.gate, baseline_model_id=baseline, by=caller.actor)
