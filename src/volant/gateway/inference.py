"""Inference: one request from its admission to its record. Pure: builds the record, appends nothing."""

from __future__ import annotations

from typing import Any

import msgspec

from volant.core.chat import ChatRequest
from volant.core.costs import cost_usd
from volant.core.ids import new_id, new_span_id, request_ids
from volant.core.nouns import InferenceRecord, KeyGrant, ModelCall
from volant.gateway import prompting
from volant.gateway.attempt import GONE, Outcome
from volant.gateway.body import Asked
from volant.gateway.caller import Caller, Subject
from volant.gateway.footing import Footing
from volant.gateway.hooks import Guarding
from volant.gateway.inner import Inner
from volant.gateway.plan import Plans, TaskPlan, VariantPlan
from volant.gateway.split import Arm, arm_of, share_of
from volant.store.vault import subject_of


class Inference(msgspec.Struct, kw_only=True):
    """What is known of a request before anybody is asked to answer it."""

    inference_id: str
    trace_id: str
    span_id: str
    parent_span_id: str
    grant: KeyGrant
    plan: TaskPlan
    variant: VariantPlan
    arm: Arm
    mirrored: bool  # the candidate gets a copy afterwards
    subject: str
    session: str
    tags: dict[str, str]
    config_hash: str
    asked: Asked
    started_ms: int
    shadow_of: str = ""
    edited: ChatRequest | None = None  # what the guards made of the request
    guarding: Guarding | None = None
    footing: Footing | None = None  # what it holds of its ceilings
    judged: list[ModelCall] = []  # calls of guards and cache, that answered nobody
    inner: Inner | None = None  # who makes them

    def fill_in(self, variables: dict[str, Any]) -> None:
        """Render the prompts anew: the guards changed what is filled in."""
        plan = self.plan = prompting.rendered(self.plan, variables)
        known = (*plan.weighted, plan.live, *((plan.candidate,) if plan.candidate is not None else ()))
        self.variant = next(one for one in known if one.spec.name == self.variant.spec.name)
        self.edited = self.asked.chat()

    @property
    def recorded(self) -> ChatRequest | None:
        """What may be written of the request, where the guards changed or refused it; None: as it came."""
        return (self.guarding.recorded if self.guarding is not None else None) or self.edited

    @property
    def expects_json(self) -> bool:
        """By its task; the request's own response_format is looked at beside."""
        return self.plan.task.expects == "json"


def hashed_user(plans: Plans, grant: KeyGrant, subject: Subject) -> str:
    """The subject: its user's keyed hash; empty where the call names none."""
    if not subject.user:
        return ""
    hash_key = plans.subject_keys.get(grant.project)
    return subject_of(hash_key, subject.user) if hash_key else ""


def open_inference(
    plans: Plans,
    grant: KeyGrant,
    plan: TaskPlan,
    caller: Caller,
    subject: Subject,
    asked: Asked,
    started_ms: int,
    ids: tuple[str, str, str, str] | None = None,
) -> Inference:
    """Give it its ids (or those that it has: see request_ids), hash its user, and draw its arm."""
    inference_id, trace_id, span_id, _ = ids or request_ids()
    hashed = hashed_user(plans, grant, subject)
    arm: Arm = "live"
    if plan.candidate is not None:
        arm = arm_of(plan.route.split, hashed or inference_id)
    mirrored = arm == "shadow"
    canary = arm == "canary" and plan.candidate is not None
    live = plan.live
    if plan.weighted:
        weights = [variant.spec.weight for variant in plan.weighted]
        live = plan.weighted[share_of(weights, f"weights {plan.task.name}", hashed or inference_id)]
    return Inference(
        inference_id=inference_id,
        trace_id=caller.trace_id or trace_id,
        span_id=span_id,
        parent_span_id=caller.parent_span_id,
        grant=grant,
        plan=plan,
        variant=plan.candidate if canary and plan.candidate is not None else live,
        arm="canary" if canary else "live",
        mirrored=mirrored,
        subject=hashed,
        session=subject.session,
        tags=subject.tags,
        config_hash=plans.snapshot.config_hash,
        asked=asked,
        started_ms=started_ms,
    )


def shadow_of(inference: Inference) -> Inference:
    """The copy that the candidate gets: an inference of its own."""
    assert inference.plan.candidate is not None
    return Inference(
        inference_id=new_id("inference"),
        trace_id=inference.trace_id,
        span_id=new_span_id(),
        parent_span_id=inference.span_id,
        grant=inference.grant,
        plan=inference.plan,
        variant=inference.plan.candidate,
        arm="shadow",
        mirrored=False,
        subject=inference.subject,
        session=inference.session,
        tags=inference.tags,
        config_hash=inference.config_hash,
        asked=inference.asked,
        started_ms=inference.started_ms,
        shadow_of=inference.inference_id,
        edited=inference.edited,
    )


def status_of(outcome: Outcome) -> tuple[int, str]:
    """What the caller sees, and the error's code (empty: none)."""
    if outcome.failure is not None:
        return outcome.failure.status, outcome.failure.code
    if outcome.exchange is None and (
        outcome.response is not None or outcome.answer
    ):  # a guard's answer, or the cache's
        return 200, outcome.code
    error_code = outcome.calls[-1].error_code if outcome.calls else ""
    if outcome.gone:
        return GONE, error_code
    return (outcome.exchange.status if outcome.exchange is not None else 0), error_code


def _saved_usd(inference: Inference, outcome: Outcome) -> float:
    """What the answer from the cache would have cost, had the variant's first deployment given it."""
    usage = outcome.response.usage if outcome.response is not None else None
    if usage is None or not inference.variant.deployments:
        return 0.0
    return cost_usd(inference.variant.deployments[0].target, usage)


def record_of(
    inference: Inference,
    outcome: Outcome,
    *,
    status: int,
    error_code: str,
    fault: str,
    latency_ms: float,
    input_json: bytes,
    output_json: bytes,
    findings: tuple[str, ...] = (),
) -> InferenceRecord:
    """The record. `fault` is what validity said of the answer, `findings` are kinds without texts."""
    route, leg, calls, guarding = inference.plan.route, outcome.leg, outcome.calls, inference.guarding
    judged = inference.judged
    split = route.split
    target = leg.place.target if leg is not None else None
    answered = calls[-1] if calls else None
    variant = inference.variant.spec
    prompt = (leg.variant if leg is not None else inference.variant).prompt
    return InferenceRecord(
        inference_id=inference.inference_id,
        project=inference.grant.project,
        key_id=inference.grant.key_id,
        trace_id=inference.trace_id,
        span_id=inference.span_id,
        parent_span_id=inference.parent_span_id,
        task=inference.plan.task.name,
        variant=variant.name,
        deployment=target.name if target is not None else "",
        model=target.model if target is not None else "",
        model_id=variant.model_id,
        release_id=route.release_id,
        rollout_id=split.rollout_id if split is not None else "",
        arm=inference.arm,
        step=split.step if split is not None else 0,
        subject=inference.subject,
        session=inference.session,
        tags=inference.tags,
        started_ms=inference.started_ms,
        latency_ms=latency_ms,
        ttft_ms=outcome.ttft_ms,
        status=status,
        error_code=error_code or fault,
        fallback=leg is not None and leg.is_fallback and outcome.failure is None,
        canary_failed=inference.arm != "live" and not outcome.gone and (outcome.own_failed or bool(fault)),
        operation=inference.asked.entrance.operation,
        dialect=inference.asked.entrance.dialect,
        cache=outcome.cache,
        warnings=outcome.warnings or (outcome.call.crossing.warnings if outcome.call is not None else ()),
        cached_tokens=answered.cached_tokens if answered is not None else 0,
        cache_write_tokens=answered.cache_write_tokens if answered is not None else 0,
        reasoning_tokens=answered.reasoning_tokens if answered is not None else 0,
        streamed=inference.asked.stream and inference.arm != "shadow",
        input_tokens=answered.input_tokens if answered is not None else 0,
        output_tokens=answered.output_tokens if answered is not None else 0,
        cost_usd=calls[0].cost_usd  # nearly always
        if len(calls) == 1 and not judged
        else sum(call.cost_usd for call in (*calls, *judged)),
        price_version=target.price_version if target is not None else "",
        saved_usd=_saved_usd(inference, outcome) if outcome.cache else 0.0,
        holder=inference.footing.holder if inference.footing is not None else "",
        config_hash=inference.config_hash,
        shadow_of=inference.shadow_of,
        calls=(*calls, *judged),
        findings=findings,
        verdicts=tuple(guarding.verdicts) if guarding is not None else (),
        prompt_version_id=prompt.version_id if prompt is not None else "",
        input=input_json,
        output=output_json,
    )
