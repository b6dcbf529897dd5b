"""Chat: the story of one request, from its headers to its record. Embeddings and the like take the same way.

key → body → task → prompt → limits and budget → variant → guards → cache → attempts → guards → record → the last byte.
Each step is a module of its own; this one tells them in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter, time_ns
from typing import Any

from volant.core.errors import BadInput, Forbidden, StorageFull, Unavailable, VolantError
from volant.core.nouns import KeyGrant
from volant.gateway import answering, body, edge, locally, operations, prompting
from volant.gateway.admission import Admission
from volant.gateway.answering import said_instead
from volant.gateway.answers import id_lines
from volant.gateway.attempt import Attempts, Outcome
from volant.gateway.auth import authenticate
from volant.gateway.cache_key import found_line, given_again, missed_line, wish_of
from volant.gateway.call import Job
from volant.gateway.caller import Caller, going_along, read_headers, subject_of_call
from volant.gateway.cost import most_of
from volant.gateway.doors import Entrance
from volant.gateway.footing import Footing, stand
from volant.gateway.hooks import Cache, Guards, Question
from volant.gateway.inference import Inference, open_inference, shadow_of
from volant.gateway.inner import Inner
from volant.gateway.limit_headers import headers_of
from volant.gateway.moderating import Find
from volant.gateway.opening import Opening
from volant.gateway.plan import Plans, TaskPlan
from volant.gateway.record import Recorder
from volant.gateway.shadow import Shadows
from volant.gateway.wire import Head, Wire

_LONG_BODY = 64 << 10  # bytes: 5 ms, of the smallest objects


class Chat:
    """Answers what applications ask of models."""

    def __init__(
        self,
        *,
        plans: Callable[[], Plans | None],
        attempts: Attempts,
        admission: Admission,
        recorder: Recorder,
        shadows: Shadows,
        max_json_depth: int,
        guards: Guards | None = None,
        cache: Cache | None = None,
        find: Find | None = None,
    ) -> None:
        """`find` runs checks, for moderations."""
        self._plans = plans
        self._attempts = attempts
        self._admission = admission
        self._recorder = recorder
        self._shadows = shadows
        self._max_json_depth = max_json_depth
        self._guards = guards
        self._cache = cache
        self._find = find

    def identify(self, entrance: Entrance, caller: Caller, now_ms: int) -> tuple[Plans, KeyGrant]:
        """Whose request it is. Raises Unavailable, Unauthenticated, or Forbidden for an operation not the key's."""
        plans = self._plans()
        if plans is None:
            raise Unavailable(
                "starting", "this gateway has no configuration yet", hint="it asks control", retry_after_s=1.0
            )
        grant = authenticate(caller.key or entrance.key, plans.snapshot.keys, now_ms)
        if grant.operations and entrance.operation not in grant.operations:
            raise Forbidden(
                "operation_not_allowed",
                f"this key may not do {entrance.operation}",
                hint=f"its operations: {', '.join(grant.operations)}",
            )
        return plans, grant

    def open(self, head: Head, raw: bytes) -> Opening:
        """Understand a request. Raises VolantError for what nobody has to be asked about."""
        started, started_ms = perf_counter(), time_ns() // 1_000_000
        caller, plans, grant = self._who(head, started_ms)
        asked = body.parse(raw, self._max_json_depth, head.entrance)
        plan = _plan(plans, grant, asked)
        subject = subject_of_call(caller, asked.fields)
        if plans.snapshot.on_full_disk == "refuse" and self._recorder.is_full():
            raise StorageFull("disk_full", "the disk is full, and this project serves nothing unrecorded")
        return Opening(head, caller, plans, grant, asked, plan, subject, started, started_ms)

    async def answer(self, opening: Opening, wire: Wire) -> None:
        """Raises VolantError for what never reached a deployment."""
        caller, plans, grant, plan = opening.caller, opening.plans, opening.grant, opening.plan
        asked, subject, begun = opening.asked, opening.subject, opening.begun
        entrance = asked.entrance
        if plan.task.guards:
            await _refuse_twins(asked.raw)
        if plan.prompted:
            plan = prompting.rendered(plan, subject.variables)
        elif subject.variables:
            raise prompting.no_prompt(plan.task.name)
        ids = begun.ids if begun is not None else None
        inference = open_inference(plans, grant, plan, caller, subject, asked, opening.started_ms, ids)
        footing: Footing | None = begun.footing if begun is not None else None
        if begun is None and plans.ceilings.concern(grant):
            usd, tokens = most_of(asked, plan)
            model = inference.variant.model
            footing = await stand(self._admission, plans.ceilings, grant, plan.task.name, model, usd, tokens)
        inference.footing = footing
        outcome, going = Outcome(), going_along(entrance.family, opening.head.headers)
        try:
            try:
                answered = await self._guard(inference, subject.variables) if plan.task.guards else None
                if answered is None and entrance.operation in locally.OPERATIONS:
                    answered = await locally.answer(inference, self._find)
                job = _job(inference, caller, footing, going, wire)
                if answered is not None:
                    outcome = answered
                elif plan.task.cache is None:
                    await self._attempts.answer(job, outcome, begun)
                else:
                    outcome = await self._through_cache(inference, job, caller, outcome)
            except Exception as error:
                if not (outcome.calls or inference.judged):
                    raise  # nothing was paid for
                name = inference.inference_id
                outcome.failure = error if isinstance(error, VolantError) else edge.mistake(f"answering {name}")
                job = _job(inference, caller, footing, going, wire)
            await self._finish(inference, outcome, job, opening.started, plans.snapshot.on_full_disk)
        finally:
            if footing is not None:
                footing.settle(outcome.calls)  # what guards and cache asked is settled by itself
        if inference.mirrored and outcome.leg is not None and not outcome.gone:  # what was asked, and as it was asked
            self._shadows.submit(self._copy(inference), plans.snapshot.on_full_disk)

    def _who(self, head: Head, now_ms: int) -> tuple[Caller, Plans, KeyGrant]:
        """Whose request it is; found out once for all that the same connection sends with the same head."""
        passed: tuple[Plans, KeyGrant] | None = head.passed
        caller = head.caller
        if caller is None or passed is None or passed[0] is not self._plans() or 0 < passed[1].expires_ms <= now_ms:
            caller = head.caller = read_headers(head.headers)
            passed = head.passed = self.identify(head.entrance, caller, now_ms)
        return caller, *passed

    # ------------------------------------------------------------ the middle
    async def _through_cache(self, inference: Inference, job: Job, caller: Caller, outcome: Outcome) -> Outcome:
        """Ask, with the task's cache around. `outcome` is filled in where somebody is asked."""
        task = inference.plan.task
        if self._cache is None or task.cache is None or inference.asked.entrance.operation != "chat":
            return await self._attempts.answer(job, outcome)
        request = job.edited or inference.asked.known()
        if request is None:  # it is relayed to who may understand it; nobody can say what would be the same
            job.answer_head += b"x-volant-cache: skip\r\n"
            return await self._attempts.answer(job, outcome)
        restores = inference.guarding is not None and inference.guarding.restores
        question = Question(
            grant=inference.grant,
            task=task,
            variant=inference.variant,
            request=request,
            said=job.said,
            subject=inference.subject,
            personal=restores,
            wish=wish_of(caller.cache_control, caller.cache_wish),
            models=self._inner(inference),
        )
        if (found := await self._cache.look(question)) is not None:
            job.answer_head += found_line(found)
            response = found.response and given_again(found.response, job.inference_id, inference.started_ms // 1000)
            return Outcome(cache=found.how, response=response, failure=found.refusal)
        job.answer_head += missed_line(question)
        await self._attempts.answer(job, outcome)
        outcome.question = question
        return outcome

    async def _guard(self, inference: Inference, variables: dict[str, Any]) -> Outcome | None:
        """Input guards. An outcome where one of them answers."""
        task, asked = inference.plan.task, inference.asked
        if self._guards is None or not task.guards:
            return None
        guarding = self._guards.open(task, self._inner(inference), inference.judged)
        if guarding is None:
            return None
        inference.guarding = guarding
        try:
            if variables:
                edited_variables = await guarding.values(variables)
                if edited_variables is not variables:
                    inference.fill_in(edited_variables)
            if asked.entrance.operation in ("chat", "count_tokens"):
                request = await guarding.before(operations.words_of(asked))
                if request is not asked.chat():
                    inference.edited = request
            elif asked.entrance.operation == "embeddings":
                texts = operations.texts_of(asked)
                edited = await guarding.texts(texts)
                if edited != texts:
                    operations.put_texts(asked, edited)
        except VolantError as refusal:
            answer = getattr(refusal, "answer", "")
            if not answer or asked.entrance.operation != "chat":
                return Outcome(failure=refusal)
            return Outcome(response=said_instead(inference, answer), said_by_us=True, code=refusal.code)
        return None

    def _copy(self, inference: Inference) -> Inference:
        """For the candidate; what it says passes the same output guards before it is recorded."""
        copy = shadow_of(inference)
        if self._guards is not None and inference.guarding is not None:
            copy.guarding = self._guards.open(copy.plan.task, self._inner(copy), copy.judged)
        return copy

    def _inner(self, inference: Inference) -> Inner:
        if inference.inner is None:
            inference.inner = Inner(
                self._plans,
                self._attempts,
                inference.grant,
                inference.trace_id,
                footing=inference.footing,
                calls=inference.judged,
            )
        return inference.inner

    async def _finish(
        self, inference: Inference, outcome: Outcome, job: Job, started: float, on_full_disk: Any
    ) -> None:
        """Output guards, record, then send what is still to be sent."""
        try:
            await answering.complete(job, outcome)
        except Exception:  # noqa: BLE001  # the edge of what is paid for
            outcome.failure = edge.mistake(f"completing {inference.inference_id}")
            outcome.reading = None  # words that were not checked are not kept
        if inference.inner is not None:
            await inference.inner.close()
        try:
            await self._recorder.remember(inference, outcome, started, on_full_disk)
        except StorageFull as full:
            outcome.failure = full
        wire = job.wire
        assert wire is not None
        wire.on_close = wire.on_pause = wire.on_stop = None
        if not outcome.gone and not wire.gone:
            answering.send(job, outcome, wire)
        if outcome.question is not None and self._cache is not None:
            response, refusal = answering.whole_of(outcome), answering.refusal_of(outcome)
            if response is not None or refusal is not None:
                await self._cache.keep(outcome.question, response, refusal)


def _plan(plans: Plans, grant: KeyGrant, asked: body.Asked) -> TaskPlan:
    """What `model` names. Raises BadInput where there is none, NotFound for one that nobody knows."""
    if asked.entrance.operation == "moderations" and locally.names_our_checks(asked.model):
        return locally.CHECKS_PLAN
    if not asked.model:
        raise BadInput("missing_model", "the body names no `model`", where="model", hint="send a task's name")
    return plans.find_task(grant, asked.model)


async def _refuse_twins(raw: bytes) -> None:
    """As `body.refuse_twins`; what takes long does not keep others waiting."""
    if len(raw) < _LONG_BODY:
        body.refuse_twins(raw)
    else:
        await asyncio.to_thread(body.refuse_twins, raw)


def _job(
    inference: Inference, caller: Caller, footing: Footing | None, said: tuple[tuple[bytes, bytes], ...], wire: Wire
) -> Job:
    inference_id = inference.inference_id.encode()
    family = inference.asked.entrance.family
    head = b"x-volant-inference-id: %b\r\nx-volant-trace-id: %b\r\n%b%b" % (
        inference_id,
        inference.trace_id.encode(),
        id_lines(family, caller.request_id or inference_id),
        inference.variant.header,
    )
    if footing is not None:
        head += headers_of(footing.reservation, family)
    return Job(
        inference_id=inference.inference_id,
        asked=inference.asked,
        variant=inference.variant,
        live=inference.plan.live if inference.arm == "canary" else inference.variant,
        trace_id=inference.trace_id,
        wire=wire,
        answer_head=head,
        edited=inference.edited,
        guarding=inference.guarding,
        said=said,
        footing=footing,
        judged=inference.judged,
    )
