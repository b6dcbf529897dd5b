"""Export: everything of a project in open formats: JSON lines, and the files of models. What people wrote by itself.

The last line of every stream is `{"end": ROWS}`: without it the stream broke off.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import FileResponse, StreamingResponse

from volant.api.access import Operates, ReadsContent
from volant.api.paging import Listing
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.trail import begins, reads
from volant.core.errors import NotFound
from volant.jobs.context import Context
from volant.lifecycle import export
from volant.registry import models

router = APIRouter(prefix="/export", tags=["export"])
JSONL = "application/jsonl"


class ModelFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a model: weights, tokenizer, GGUF."""

    path: str
    size_bytes: int
    sha256: str


@router.get("", summary="What can be exported, with the fields of a row")
def list_kinds(caller: Operates) -> Annotated[Listing[export.Kind], AsJson]:
    return Listing(data=export.kinds())


@router.get(
    "/models/{model_id}",
    summary="The files of a model: safetensors, tokenizer, GGUF",
)
def list_files(model_id: str, caller: Operates, context: Has) -> Annotated[Listing[ModelFile], AsJson]:
    return Listing(data=[_model_file(name, place) for name, place in _files(context, caller.project, model_id)])


@router.get("/models/{model_id}/file", summary="One of them", response_class=FileResponse)
def get_file(
    model_id: str, caller: Operates, context: Has, name: Annotated[str, Query(max_length=300)]
) -> FileResponse:
    found = dict(_files(context, caller.project, model_id)).get(name)
    if found is None:
        raise NotFound("model_file", f"the model has no file {name[:80]!r}", where=model_id, hint="list them first")
    begins(context, caller, "data.export", "model", model_id)
    return FileResponse(found, media_type="application/octet-stream")


@router.get("/rows/{kind}", summary="The rows of one kind as JSON lines, without what people wrote",
            response_class=StreamingResponse, responses={200: {"content": {JSONL: {}}}})  # fmt: skip
def export_rows(kind: str, caller: Operates, context: Has) -> StreamingResponse:
    lines = _started(_lines(context, caller.project, kind, content=False))
    begins(context, caller, "data.export", "kind", kind)
    return StreamingResponse(lines, media_type=JSONL)


@router.get("/content/{kind}", summary="The same with what people wrote",
            response_class=StreamingResponse, responses={200: {"content": {JSONL: {}}}})  # fmt: skip
def export_content(kind: str, caller: ReadsContent, context: Has) -> StreamingResponse:
    with context.db.read() as tx:
        count = export.count(tx, caller.project, kind)
    reads(context, caller, "export", of=kind, count=count)
    return StreamingResponse(_lines(context, caller.project, kind, content=True), media_type=JSONL)


def _lines(context: Context, project: str, kind: str, *, content: bool) -> Iterator[bytes]:
    count = 0
    for page in export.rows(context.db, context.keyring, context.blobs, project, kind, content=content):
        count += len(page)
        yield b"".join(msgspec.json.encode(row) + b"\n" for row in page)
    yield msgspec.json.encode({"end": count}) + b"\n"


def _started(lines: Iterator[bytes]) -> Iterator[bytes]:
    """With its first page read: what is wrong is said before the answer begins."""
    first = next(lines)

    def both() -> Iterator[bytes]:
        yield first
        yield from lines

    return both()


def _files(context: Context, project: str, model_id: str) -> list[tuple[str, Path]]:
    """(name, place) of a model's files; those that are gone are left out."""
    with context.db.read() as tx:
        model = models.get_model(tx, project, model_id)
    found = []
    for kept in (model.checkpoint, model.gguf):
        place = context.data_dir / kept
        if kept and place.is_dir():
            found += [
                (f"{place.name}/{one.relative_to(place)}", one) for one in sorted(place.rglob("*")) if one.is_file()
            ]
        elif kept and place.is_file():
            found.append((place.name, place))
    return found


def _model_file(name: str, place: Path) -> ModelFile:
    with place.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ModelFile(path=name, size_bytes=place.stat().st_size, sha256=digest)
