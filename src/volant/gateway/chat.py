"""Chat: the story of one chat request, from its headers to its record.

key → body → task → prompt → limits and budget → variant → attempts → record → the last byte. Each step is a module of
its own; this one tells them in order.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter, time_ns
from typing import Any

from volant.core.errors import BadInput, StorageFull, TooLarge, Unavailable, VolantError
from volant.dialects.openai_errors import error_body, render_error, retry_headers
from volant.dialects.sse import event_of
from volant.gateway import body, prompting
from volant.gateway.admission import FREE, OUTPUT_TOKENS, Admission, Reservation
from volant.gateway.attempt import Attempts, Job, Outcome
from volant.gateway.auth import authenticate
from volant.gateway.caller import Caller, read_headers, subject_of_call
from volant.gateway.inference import Inference, open_inference
from volant.gateway.plan import Plans, TaskPlan
from volant.gateway.record import Recorder
from volant.gateway.relay import Receive
from volant.gateway.shadow import Shadows
from volant.gateway.wire import Wire
from volant.providers.http import Headers

JSON_HEADER = b"content-type: application/json\r\n"


class ClientGone(Exception):
    """The client left before it had said everything."""


class Chat:
    """Answers chat requests."""

    def __init__(
        self,
        *,
        plans: Callable[[], Plans | None],
        attempts: Attempts,
        admission: Admission,
        recorder: Recorder,
        shadows: Shadows,
        max_body_bytes: int,
        max_json_depth: int,
    ) -> None:
        self._plans = plans
        self._attempts = attempts
        self._admission = admission
        self._recorder = recorder
        self._shadows = shadows
        self._max_body_bytes = max_body_bytes
        self._max_json_depth = max_json_depth

    async def __call__(self, scope: Any, receive: Receive, wire: Wire) -> None:
        """The ASGI way, for what does not come through the door. Raises ClientGone, and what `answer` raises."""
        announced = read_headers(scope["headers"]).content_length
        await self.answer(scope["headers"], await self._read(receive, announced), wire)

    async def answer(self, headers: Headers, raw: bytes, wire: Wire) -> None:
        """Raises VolantError for what never reached a deployment."""
        started, started_ms = perf_counter(), time_ns() // 1_000_000
        plans = self._plans()
        if plans is None:
            raise Unavailable(
                "starting", "this gateway has no configuration yet", hint="it asks control", retry_after_s=1.0
            )
        caller = read_headers(headers)
        grant = authenticate(caller.key, plans.snapshot.keys, started_ms)
        asked = body.parse(raw, self._max_json_depth)
        if not asked.model:
            raise BadInput("missing_model", "the body names no `model`", where="model", hint="send a task's name")
        plan = plans.find_task(grant, asked.model)
        subject = subject_of_call(caller, asked.fields)
        if plan.prompted:
            plan = prompting.rendered(plan, subject.variables)
        elif subject.variables:
            raise prompting.no_prompt(plan.task.name)
        refuses = plans.snapshot.on_full_disk == "refuse"
        if refuses and self._recorder.is_full():
            raise StorageFull("disk_full", "the disk is full, and this project serves nothing unrecorded")
        reservation = FREE
        if grant.requests_per_minute or grant.usd_per_day:
            reservation = await self._admission.admit(grant, _most_usd(asked, plan))
        outcome = Outcome()
        try:
            inference = open_inference(plans, grant, plan, caller, subject, asked, started_ms)
            head = _answer_head(inference, caller, reservation)
            job = Job(
                inference_id=inference.inference_id,
                asked=asked,
                variant=inference.variant,
                live=plan.live,
                trace_id=inference.trace_id,
                wire=wire,
                answer_head=head,
            )
            outcome = await self._attempts.answer(job)
            await self._finish(inference, outcome, wire, head, started, plans.snapshot.on_full_disk)
        finally:
            if reservation is not FREE:
                reservation.settle(
                    sum(call.cost_usd for call in outcome.calls),
                    sum(call.input_tokens + call.output_tokens for call in outcome.calls),
                )
        if inference.mirrored and not outcome.gone:
            self._shadows.submit(inference, plans.snapshot.on_full_disk)

    async def _read(self, receive: Receive, announced: int) -> bytes:
        limit = self._max_body_bytes
        if announced > limit:
            raise too_large(limit)
        message = await receive()
        pieces: list[bytes] = []
        size = 0
        while True:
            if message["type"] != "http.request":
                raise ClientGone
            piece: bytes = message["body"]
            if not message["more_body"] and not pieces:
                if len(piece) > limit:
                    raise too_large(limit)
                return piece
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                raise too_large(limit)
            if not message["more_body"]:
                return b"".join(pieces)
            message = await receive()

    async def _finish(
        self,
        inference: Inference,
        outcome: Outcome,
        wire: Wire,
        head: bytes,
        started: float,
        on_full_disk: Any,
    ) -> None:
        """Record, then send what is still to be sent."""
        exchange, failure = outcome.exchange, outcome.failure
        try:
            await self._recorder.remember(inference, outcome, started, on_full_disk)
        except StorageFull as full:
            failure = full
        wire.on_close = wire.on_pause = wire.on_stop = None
        if outcome.gone or wire.gone:
            return
        if exchange is not None and exchange.began:
            _end_stream(wire, outcome, failure)
        elif failure is not None:
            send_error(wire, failure, head)
        elif exchange is not None:
            place = outcome.leg.place.header if outcome.leg is not None else b""
            headers = b"content-type: %b\r\n%b%b" % (exchange.content_type or b"application/json", head, place)
            wire.respond(exchange.status, headers, exchange.body)


def send_error(wire: Wire, error: VolantError, head: bytes = b"") -> None:
    """An error in the shape that OpenAI clients read."""
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in retry_headers(error))
    wire.respond(error.status, JSON_HEADER + lines + head, render_error(error))


def _end_stream(wire: Wire, outcome: Outcome, failure: VolantError | None) -> None:
    exchange = outcome.exchange
    assert exchange is not None
    if failure is not None:
        wire.finish(event_of(render_error(failure)))
    elif exchange.error is not None:
        message = f"the answer broke off: {exchange.error}"
        wire.finish(event_of(error_body(message, kind="server_error", code=exchange.error.code)))
    else:
        wire.finish(exchange.done_event)


def _answer_head(inference: Inference, caller: Caller, reservation: Reservation) -> bytes:
    inference_id = inference.inference_id.encode()
    head = b"x-volant-inference-id: %b\r\nx-request-id: %b\r\n%b" % (
        inference_id,
        caller.request_id or inference_id,
        inference.variant.header,
    )
    if reservation is not FREE and reservation.limit[0]:
        rate, left = reservation.limit
        head += b"x-ratelimit-limit-requests: %d\r\nx-ratelimit-remaining-requests: %d\r\n" % (rate, left)
    return head


def _most_usd(asked: body.Asked, plan: TaskPlan) -> float:
    """The most that a request can cost: a token has at least one byte, and the answer ends at its limit."""
    variants = (plan.live,) if plan.candidate is None else (plan.live, plan.candidate)
    dearest_in = max(variant.dearest[0] for variant in variants)
    dearest_out = max(variant.dearest[1] for variant in variants)
    if not dearest_in and not dearest_out:
        return 0.0
    most = max(body.output_limit(asked, variant, OUTPUT_TOKENS) for variant in variants)
    added = max(variant.added_bytes for variant in variants)
    return (len(asked.raw) + added) * dearest_in + most * dearest_out


def too_large(limit: int) -> TooLarge:
    return TooLarge(
        "body_too_large", f"the body is larger than {limit} bytes", hint="send less, or raise max_body_bytes"
    )
