"""Inferences: what was asked and answered: list, one with its attempts and feedback, its texts, work items done.

What stands in tags an application chose, and may be personal: who may not read content sees the tags' names only.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query

from volant.api.access import Reads, ReadsContent
from volant.api.paging import Cursor, Limit, Page
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.trail import reads
from volant.traces import feedback, query

router = APIRouter(prefix="/inferences", tags=["inferences"])

Text = Annotated[str, Query(max_length=200)]
Ms = Annotated[int, Query(ge=0, le=2**53, description="Unix milliseconds.")]


class InferenceDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One inference with everything that hangs on it."""

    inference: query.Inference
    calls: list[query.Call]
    feedback: list[feedback.Feedback]


class PayloadView(msgspec.Struct, frozen=True, kw_only=True):
    """Request and response as they were recorded; None when none was, or the person was erased."""

    inference_id: str
    input: Any
    output: Any


class Items(msgspec.Struct, frozen=True, kw_only=True):
    """Work items of an application (tag `item`): item → how far it got."""

    items: dict[str, query.Item]


@router.get("", summary="Inferences, newest first")
def list_inferences(
    caller: Reads,
    context: Has,
    task: Text = "",
    variant: Text = "",
    arm: Text = "",
    rollout_id: Text = "",
    item_prefix: Text = "",
    user: Annotated[str, Query(max_length=500, description="The user as the application names them.")] = "",
    subject: Text = "",
    session: Text = "",
    fallback: bool | None = None,
    failed: bool | None = None,
    corrected: bool | None = None,
    since_ms: Ms = 0,
    until_ms: Ms = 0,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Annotated[Page[query.Inference], AsJson]:
    with context.db.read() as tx:
        chosen = query.Filter(
            task=task,
            variant=variant,
            arm=arm,
            rollout_id=rollout_id,
            item_prefix=item_prefix,
            subject=subject or context.keyring.subject_of(tx, caller.project, user),
            session=session,
            fallback=fallback,
            failed=failed,
            corrected=corrected,
            since_ms=since_ms,
            until_ms=until_ms,
            before=cursor,
            limit=limit + 1,
        )
        found = query.list_inferences(tx, caller.project, chosen)
    shown = found[:limit] if "content" in caller.permissions else [_unnamed(one) for one in found[:limit]]
    more = len(found) > limit
    return Page(data=shown, has_more=more, next_cursor=query.cursor(shown[-1]) if more else "")


@router.get("/items", summary="Which work items were answered (tag `item`), so that a client can go on after a kill")
def items(caller: Reads, context: Has, prefix: Text = "") -> Annotated[Items, AsJson]:
    with context.db.read() as tx:
        return Items(items=query.items_recorded(tx, caller.project, prefix))


@router.get("/{inference_id}", summary="One inference (our id or the provider's), its attempts and its feedback")
def get_inference(inference_id: str, caller: ReadsContent, context: Has) -> Annotated[InferenceDetail, AsJson]:
    with context.db.read() as tx:
        found = query.get_inference(tx, caller.project, inference_id)
        calls = query.get_calls(tx, found.id)
        judged = feedback.of_inferences(tx, context.keyring, caller.project, [found.id])
    reads(context, caller, "inference", [found.id])
    return InferenceDetail(inference=found, calls=calls, feedback=judged.get(found.id, []))


@router.get("/{inference_id}/payload", summary="What was said: request and response as they were recorded")
def get_payload(inference_id: str, caller: ReadsContent, context: Has) -> Annotated[PayloadView, AsJson]:
    with context.db.read() as tx:
        found = query.get_inference(tx, caller.project, inference_id)
        payload = query.get_payload(tx, context.keyring, caller.project, found.id)
    reads(context, caller, "inference", [found.id])
    return PayloadView(
        inference_id=found.id,
        input=_json(payload.input) if payload else None,
        output=_json(payload.output) if payload else None,
    )


def _unnamed(one: query.Inference) -> query.Inference:
    return msgspec.structs.replace(one, tags=dict.fromkeys(one.tags, ""))


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body) if body else None
    except msgspec.DecodeError:
        return body.decode(errors="replace")
