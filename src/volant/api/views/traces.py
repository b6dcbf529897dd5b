"""Traces: inferences under any filter with their numbers, one as a waterfall, and the turns of a session.

What was said stands behind `GET /api/v1/inferences/{id}` and `…/payload`, which need the permission `content`.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query

from volant.api.access import Reads
from volant.api.paging import Cursor
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.views._parts import Link, model_labels, preview
from volant.core.errors import Forbidden, NotFound
from volant.core.nouns import GuardVerdict
from volant.registry import keys, prompts
from volant.traces import browse, query

router = APIRouter(prefix="/traces", tags=["views"])

Text = Annotated[str, Query(max_length=200)]
Number = Annotated[float, Query(ge=0)]
Whole = Annotated[int, Query(ge=0, le=2**53)]
Limit = Annotated[int, Query(ge=1, le=200, description="How many, at most.")]


class TraceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One inference in the list."""

    inference: browse.Row
    feedback: list[browse.Judged]


class TraceList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of inferences; with the first page, the numbers of the filter."""

    rows: list[TraceRow]
    next_cursor: str
    stopped_ms: int  # nothing older was looked at; ask on with `next_cursor`. 0: all was
    numbers: browse.Tally | None  # None on later pages and where `numbers=false`


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One bar of the waterfall."""

    id: str
    parent_id: str  # empty: the inference's own
    kind: str  # "inference", "model_call", "guard", "check"
    title: str
    offset_ms: float  # after the inference began
    duration_ms: float
    status: int
    error_code: str
    deployment: str = ""
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    provider_response_id: str = ""
    why: str = "first"  # of a model call: retry, fallback, context, hedge, judge, embedding


class TraceView(msgspec.Struct, frozen=True, kw_only=True):
    """One inference with what hangs on it, without what was said."""

    inference: browse.Row
    trace_id: str
    span_id: str
    parent_span_id: str
    model_label: str  # name@version of our model behind it; empty: none of ours
    links: list[Link]  # model, release, rollout, key, shadowed inference, other answers to the same item
    tag_names: list[str]  # their values may be personal: they stand in the content route
    step: int
    config_hash: str
    price_version: str
    provider_response_id: str
    prompt: str  # name and version of the prompt that was rendered; empty: the variant has none
    prompt_version_id: str
    spans: list[Span]
    verdicts: list[GuardVerdict]
    warnings: list[str]  # what the translation to the provider's dialect left out
    key_id: str
    key_name: str  # who asked; empty: a key that is gone
    dialect: str
    operation: str
    cache: str  # how the answer was found without asking: "exact", "semantic"
    feedback: list[browse.Judged]
    newer_id: str  # neighbours of the same task, for j and k
    older_id: str


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """The turns of one conversation, oldest first; 200 at most."""

    session: str
    turns: list[TraceRow]
    requests: int
    errors: int
    cost_usd: float
    input_tokens: int
    output_tokens: int
    started_ms: int
    ended_ms: int
    complete: bool  # False: it has more turns than are shown


def chosen(
    context: Has,
    caller: Reads,
    task: Text = "",
    variant: Text = "",
    deployment: Text = "",
    model: Text = "",
    model_id: Text = "",
    release_id: Text = "",
    rollout_id: Text = "",
    trace_id: Text = "",
    arm: Text = "",
    user: Annotated[str, Query(max_length=500, description="The user as the application names them.")] = "",
    subject: Text = "",
    session: Text = "",
    key_id: Text = "",
    error_code: Text = "",
    status: Annotated[int, Query(ge=0, le=599, description="Exactly; 4 and 5 mean 4xx and 5xx.")] = 0,
    item_prefix: Text = "",
    tag: Annotated[str, Query(max_length=200, description="`name:value`")] = "",
    finding: Annotated[str, Query(max_length=80, description="A kind; `any`: some.")] = "",
    failed: bool | None = None,
    fallback: bool | None = None,
    streamed: bool | None = None,
    metric: Annotated[str, Query(max_length=64, description="Judged by this metric …")] = "",
    metric_min: Annotated[float | None, Query(description="… with a value of at least this.")] = None,
    metric_max: float | None = None,
    latency_ms_min: Number = 0.0,
    latency_ms_max: Number = 0.0,
    cost_usd_min: Number = 0.0,
    cost_usd_max: Number = 0.0,
    input_tokens_min: Whole = 0,
    input_tokens_max: Whole = 0,
    output_tokens_min: Whole = 0,
    output_tokens_max: Whole = 0,
    since_ms: Whole = 0,
    until_ms: Whole = 0,
) -> browse.Chosen:
    """The filter in the query string; maxima are exclusive, 0 means none.

    Raises Forbidden for `tag` without the permission `content`: asked often enough, it tells what stands in a tag.
    """
    if tag and "content" not in caller.permissions:
        raise Forbidden(
            "content_needed", "tags are content: filtering by their values needs the permission `content`",
            where="tag", hint="ask an admin of the project for another role, or filter by item or session",
        )  # fmt: skip
    given: dict[str, Any] = {name: value for name, value in locals().items() if name in browse.Chosen.__struct_fields__}
    if user and not subject:
        with context.db.read() as tx:
            given["subject"] = context.keyring.subject_of(tx, caller.project, user)
    return browse.Chosen(**given)


Filtered = Annotated[browse.Chosen, Depends(chosen)]


@router.get("", summary="Inferences under a filter, newest first, with the filter's numbers")
def traces(
    caller: Reads, context: Has, wanted: Filtered, limit: Limit = 100, cursor: Cursor = "", numbers: bool = True
) -> Annotated[TraceList, AsJson]:
    with context.db.read() as tx:
        found = browse.page(tx, caller.project, wanted, limit=limit, cursor=cursor)
        return TraceList(
            rows=_with_feedback(tx, caller.project, found.rows),
            next_cursor=found.cursor,
            stopped_ms=found.stopped_ms,
            numbers=browse.tally(tx, caller.project, wanted) if numbers and not cursor else None,
        )


@router.get("/sessions/{session}", summary="The turns of one conversation")
def session(session: str, caller: Reads, context: Has) -> Annotated[SessionView, AsJson]:
    with context.db.read() as tx:
        found = browse.page(tx, caller.project, browse.Chosen(session=session), limit=200)
        turns = _with_feedback(tx, caller.project, found.rows[::-1])
    if not turns:
        raise NotFound("session_unknown", f"no inference names the session {session[:60]!r}", where="session")
    rows = [turn.inference for turn in turns]
    return SessionView(
        session=session,
        turns=turns,
        requests=len(rows),
        errors=sum(row.status >= 400 or row.status == 0 or bool(row.error_code) for row in rows),
        cost_usd=sum(row.cost_usd for row in rows),
        input_tokens=sum(row.input_tokens for row in rows),
        output_tokens=sum(row.output_tokens for row in rows),
        started_ms=rows[0].started_ms,
        ended_ms=round(rows[-1].started_ms + rows[-1].latency_ms),
        complete=not found.cursor,
    )


@router.get("/{inference_id}", summary="One inference (our id or the provider's) as a waterfall, without its texts")
def trace(inference_id: str, caller: Reads, context: Has) -> Annotated[TraceView, AsJson]:
    project = caller.project
    with context.db.read() as tx:
        found = query.get_inference(tx, project, inference_id)
        calls = query.get_calls(tx, found.id)
        others = [one for one in browse.same_item(tx, project, found.item) if one != found.id]
        labels = model_labels(tx, project, [found.model_id])
        row = browse.Row(**{name: getattr(found, name) for name in browse.Row.__struct_fields__})
        return TraceView(
            inference=row,
            trace_id=found.trace_id,
            span_id=found.span_id,
            parent_span_id=found.parent_span_id,
            model_label=labels.get(found.model_id, ""),
            links=_links(found, labels, others),
            tag_names=sorted(found.tags),
            step=found.step,
            config_hash=found.config_hash,
            price_version=found.price_version,
            provider_response_id=found.provider_response_id,
            prompt=_prompt(tx, project, found.prompt_version_id),
            prompt_version_id=found.prompt_version_id,
            spans=_spans(found, calls),
            verdicts=list(found.verdicts),
            warnings=list(found.warnings),
            key_id=found.key_id,
            key_name=_key_name(tx, project, found.key_id),
            dialect=found.dialect,
            operation=found.operation,
            cache=found.cache,
            feedback=browse.judgements(tx, project, [found.id]).get(found.id, []),
            newer_id=browse.neighbour(tx, project, found.started_ms, found.id, "newer", found.task),
            older_id=browse.neighbour(tx, project, found.started_ms, found.id, "older", found.task),
        )


def _with_feedback(tx: Any, project: str, rows: list[browse.Row]) -> list[TraceRow]:
    judged = browse.judgements(tx, project, [row.id for row in rows])
    return [TraceRow(inference=_cut(row), feedback=judged.get(row.id, [])) for row in rows]


def _cut(row: browse.Row) -> browse.Row:
    """Ids that the application chose may be long: a list shows their beginning."""
    if max(len(row.session), len(row.item), len(row.model)) <= 120:
        return row
    return msgspec.structs.replace(row, session=preview(row.session), item=preview(row.item), model=preview(row.model))


def _key_name(tx: Any, project: str, key_id: str) -> str:
    try:
        return keys.get_key(tx, project, key_id).name
    except NotFound:
        return ""


def _prompt(tx: Any, project: str, version_id: str) -> str:
    try:
        return prompts.label_of_version(tx, project, version_id)[0] if version_id else ""
    except NotFound:
        return version_id


def _links(found: query.Inference, labels: dict[str, str], others: list[str]) -> list[Link]:
    links = [
        Link(kind="model", id=found.model_id, title=labels.get(found.model_id, found.model_id)),
        Link(kind="release", id=found.release_id, title="release"),
        Link(kind="rollout", id=found.rollout_id, title=f"rollout, {found.arm} arm"),
        Link(kind="session", id=found.session, title="session"),
        Link(kind="subject", id=found.subject, title="everything of this person"),
        Link(kind="inference", id=found.shadow_of, title="the answer that this one shadows"),
    ]
    links += [Link(kind="inference", id=one, title="another answer to the same item") for one in others]
    return [link for link in links if link.id]


def _spans(found: query.Inference, calls: list[query.Call]) -> list[Span]:
    whole = Span(
        id=found.span_id or found.id,
        parent_id="",
        kind="inference",
        title=found.task,
        offset_ms=0.0,
        duration_ms=found.latency_ms,
        status=found.status,
        error_code=found.error_code,
        deployment=found.deployment,
        model=found.model,
        input_tokens=found.input_tokens,
        output_tokens=found.output_tokens,
        cost_usd=found.cost_usd,
        provider_response_id=found.provider_response_id,
    )
    attempts = [
        Span(
            id=call.span_id or call.id,
            parent_id=whole.id,
            kind="model_call",
            title=call.deployment,
            offset_ms=float(max(0, call.started_ms - found.started_ms)),
            duration_ms=call.latency_ms,
            status=call.status,
            error_code=call.error_code,
            deployment=call.deployment,
            model=call.model,
            input_tokens=call.input_tokens,
            output_tokens=call.output_tokens,
            cost_usd=call.cost_usd,
            provider_response_id=call.provider_response_id,
            why=call.why,
        )
        for call in calls
    ]
    guards = [
        Span(
            id=verdict.span_id or f"{whole.id}-{verdict.guard}-{verdict.on}", parent_id=whole.id, kind="guard",
            title=verdict.guard, offset_ms=float(max(0, verdict.started_ms - found.started_ms)),
            duration_ms=verdict.latency_ms, status=0, error_code=verdict.error and "check_failed",
        )
        for verdict in found.verdicts if verdict.started_ms
    ]  # fmt: skip
    checks = [
        Span(
            id=f"{whole.id}-{number}", parent_id=whole.id, kind="check", title=finding, offset_ms=0.0, duration_ms=0.0,
            status=0, error_code="",
        )
        for number, finding in enumerate(found.findings)
    ]  # fmt: skip
    return [whole, *attempts, *guards, *checks]
