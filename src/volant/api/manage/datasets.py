"""Datasets: import files, list versions, read and export rows, and what cleaning did to every row.

An uploaded file stands in a private temporary folder outside the data directory for as long as the import takes; what
is kept is cleaned and redacted first (that is the loop's intake, behind `LoopActions.import_dataset`).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Body, File, Form, Query, UploadFile
from starlette.responses import StreamingResponse

from volant.api.access import ManagesContent, ManagesData, Reads, ReadsContent
from volant.api.paging import Listing
from volant.api.services import Has, HasActions
from volant.api.structs import AsJson
from volant.api.trail import reads
from volant.core.errors import BadInput, TooLarge
from volant.jobs.actions import CaseAdded, FromTraces, ImportOptions, NewCase, TraceChoice, Upload
from volant.jobs.context import Context
from volant.registry import datasets

router = APIRouter(tags=["datasets"])
MOST_TRACES = 1_000  # answers of one request
UPLOAD_PREFIX = "volant-upload-"  # and the process's id: housekeeping removes what a kill left


class VersionView(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset version without its long lists."""

    id: str
    name: str
    version: int
    parent_id: str
    counts: dict[str, datasets.SplitCount]
    leaks: int  # items of the test that also stood in train
    content_hash: str
    state: str
    created_ms: int
    funnel: dict[str, Any]  # numbers of the funnel; `…/funnel` has every row's reason


@router.post("/datasets/import", status_code=201, summary="Import labelled files: clean, redact, split by user, keep")
def import_files(
    caller: ManagesData,
    context: Has,
    actions: HasActions,
    options: Annotated[str, Form(description="ImportOptions as JSON.")],
    data: Annotated[list[UploadFile], File(description="CSV or JSONL with questions, labels and users.")],
    test: Annotated[list[UploadFile] | None, File(description="The test, where it is given.")] = None,
) -> Annotated[VersionView, AsJson]:
    try:
        chosen = msgspec.json.decode(options, type=ImportOptions)
    except msgspec.DecodeError as error:
        raise BadInput("bad_options", str(error), where="options", hint="see ImportOptions in openapi.json") from None
    with tempfile.TemporaryDirectory(prefix=f"{UPLOAD_PREFIX}{os.getpid()}-") as folder:
        uploads = [_kept(Path(folder), file, "data", number) for number, file in enumerate(data)]
        uploads += [_kept(Path(folder), file, "test", number) for number, file in enumerate(test or [])]
        version_id = actions.import_dataset(caller.project, uploads, chosen, by=caller.actor)
    return show_version(version_id, caller, context)


@router.post("/datasets/{name}/from-traces", summary="Begin the next version: the newest one, and chosen answers")
def add_traces(
    name: str,
    body: Annotated[TraceChoice, AsJson, Body()],
    caller: ManagesContent,
    context: Has,
    actions: HasActions,
) -> Annotated[FromTraces, AsJson]:
    """The label is what the newest judgement says is right: its right answer, or the answer that it accepts. Whatever
    becomes no row is refused by its id, with the reason. Where nothing is left, there is no new version."""
    ids = tuple(dict.fromkeys(body.inference_ids))
    if not ids:
        raise BadInput("no_traces", "no answer is named", where="inference_ids", hint="name at least one inference")
    if len(ids) > MOST_TRACES:
        raise TooLarge(
            "too_many_traces", f"{len(ids):,} answers; {MOST_TRACES:,} are allowed at once", where="inference_ids",
            hint="send them in parts",
        )  # fmt: skip
    with context.db.read() as tx:
        datasets.newest(tx, caller.project, name)
    reads(context, caller, "inference", ids)
    chosen = msgspec.structs.replace(body, inference_ids=ids)
    return actions.extend_dataset(caller.project, name, chosen, by=caller.actor)


@router.post("/datasets/{name}/cases", status_code=201, summary="Begin the next version: the newest, and a case")
def add_case(
    name: str, body: Annotated[NewCase, AsJson, Body()], caller: ManagesContent, actions: HasActions
) -> Annotated[CaseAdded, AsJson]:
    """A question that was tried, with what is right: a test case, unless another split is named. It is cleaned and
    redacted first; one that the dataset has already is refused."""
    return actions.add_case(caller.project, name, body, by=caller.actor)


@router.get("/datasets", summary="Every dataset version, oldest first")
def list_versions(caller: Reads, context: Has, name: str = "") -> Annotated[Listing[VersionView], AsJson]:
    with context.db.read() as tx:
        return Listing(data=[_view(one) for one in datasets.list_versions(tx, caller.project, name)])


@router.get("/dataset-versions/{version_id}", summary="One dataset version")
def show_version(version_id: str, caller: Reads, context: Has) -> Annotated[VersionView, AsJson]:
    return _view(_version(context, caller.project, version_id))


@router.get("/dataset-versions/{version_id}/funnel", summary="What cleaning did, with every removed row's reason")
def show_funnel(version_id: str, caller: Reads, context: Has) -> dict[str, Any]:
    found = _version(context, caller.project, version_id)
    return {"version_id": found.id, "funnel": found.funnel}


@router.get("/dataset-versions/{version_id}/leaks", summary="Items of the test that also stood in train")
def show_leaks(version_id: str, caller: Reads, context: Has) -> Annotated[Listing[Any], AsJson]:
    return Listing(data=list(_version(context, caller.project, version_id).leaks))


@router.get(
    "/dataset-versions/{version_id}/rows",
    summary="The rows, opened, as JSON lines",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/jsonl": {}}}},
)
def export_rows(
    version_id: str,
    caller: ReadsContent,
    context: Has,
    split: Annotated[list[str] | None, Query(description="Only these splits.")] = None,
    limit: Annotated[int, Query(ge=0, description="0: all.")] = 0,
) -> StreamingResponse:
    found = _version(context, caller.project, version_id)
    held = sum(count.records for name, count in found.counts.items() if not split or name in split)
    chosen_by = {"split": split, "limit": limit}
    reads(context, caller, "dataset_version", of=found.id, count=min(held, limit or held), chosen_by=chosen_by)
    lines = _lines(context, caller.project, found.id, split, limit)
    return StreamingResponse(lines, media_type="application/jsonl")


def _lines(context: Context, project: str, version_id: str, split: list[str] | None, limit: int) -> Iterator[bytes]:
    with context.db.read() as tx:
        rows = datasets.rows(tx, context.keyring, context.blobs, project, version_id, split)
        for number, row in enumerate(rows, 1):
            yield msgspec.json.encode(row) + b"\n"
            if number == limit:
                return


def _kept(folder: Path, file: UploadFile, role: Literal["data", "test"], number: int) -> Upload:
    name = Path(file.filename or "data.csv").name
    place = folder / f"{role}-{number}-{name[-80:]}"
    with place.open("xb") as target:
        shutil.copyfileobj(file.file, target)
    return Upload(path=place, name=name, role=role)


def _version(context: Context, project: str, version: str) -> datasets.DatasetVersion:
    """By id, or by the dataset's name (its newest version)."""
    with context.db.read() as tx:
        if version.startswith("dsv_"):
            return datasets.get_version(tx, project, version)
        return datasets.newest(tx, project, version)


def _view(found: datasets.DatasetVersion) -> VersionView:
    funnel = found.funnel if isinstance(found.funnel, dict) else {}
    numbers = {name: value for name, value in funnel.items() if not isinstance(value, list)}
    return VersionView(
        id=found.id,
        name=found.name,
        version=found.version,
        parent_id=found.parent_id,
        counts=found.counts,
        leaks=len(found.leaks),
        content_hash=found.content_hash,
        state=found.state,
        created_ms=found.created_ms,
        funnel=numbers,
    )
