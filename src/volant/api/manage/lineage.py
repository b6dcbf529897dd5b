"""Lineage: the evidence chain, both ways: why an answer is what it is, and what derives from a person or a row."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from volant.api.access import Reads
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.registry import datasets, lineage
from volant.traces import query

router = APIRouter(tags=["lineage"])


@router.get("/why/{inference_id}", summary="Everything behind one answer (our id or the provider's)")
def why(inference_id: str, caller: Reads, context: Has) -> Annotated[lineage.Chain, AsJson]:
    with context.db.read() as tx:
        found = query.get_inference(tx, caller.project, inference_id)
        return lineage.why(tx, caller.project, found.id)


@router.get("/impact", summary="Everything derived from a person, a record or a dataset version: give one")
def impact(
    caller: Reads,
    context: Has,
    user: Annotated[str, Query(max_length=500, description="As the application names them.")] = "",
    subject: str = "",
    record: str = "",
    dataset: Annotated[str, Query(description="A dataset version's id, or a dataset's name: its newest.")] = "",
) -> Annotated[lineage.Impact, AsJson]:
    with context.db.read() as tx:
        if user and not subject:
            subject = context.keyring.subject_of(tx, caller.project, user)
        if dataset and not dataset.startswith("dsv_"):
            dataset = datasets.newest(tx, caller.project, dataset).id
        return lineage.impact(
            tx, context.blobs, caller.project, subject=subject, record=record, dataset_version=dataset
        )
