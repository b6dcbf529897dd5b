"""Express: the usual request, from its opening to its record, without a task and without a step that is not its own.

The usual request is a chat for deployments that speak the caller's dialect, of a task without prompt, guards, cache,
rollout or redaction; all of them are well, a connection to the chosen one waits, and the lease covers the request. What
is the same for all such requests of a key and a task is found out once a snapshot: their `Lane`. Where anything is
unusual, before it is sent or in what comes back, the request goes the general way (`chat`), from where it stands. Both
ways give the same answers and records: tests/gateway/test_express.py holds them together.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from random import Random
from time import perf_counter, time_ns
from typing import Any

from volant.core.errors import StorageFull, VolantError
from volant.core.ids import request_ids
from volant.core.nouns import InferenceRecord, KeyGrant, ModelCall
from volant.dialects.openai_reading import Reading, read_answer
from volant.gateway import body, edge
from volant.gateway.admission import FREE, Admission, Reservation
from volant.gateway.answers import send_error
from volant.gateway.balance import choose
from volant.gateway.call import Begun
from volant.gateway.cost import in_decimals, most_of
from volant.gateway.doors import CHAT
from volant.gateway.exchange import Exchange
from volant.gateway.footing import Footing
from volant.gateway.inference import hashed_user
from volant.gateway.limit_headers import headers_of
from volant.gateway.media import may_hold_urls
from volant.gateway.opening import Opening
from volant.gateway.plan import Place, Plans, TaskPlan
from volant.gateway.record import Recorder
from volant.gateway.tally import in_reason, written
from volant.gateway.validity import fault_of
from volant.gateway.wire import Wire
from volant.providers.http import Connection, HttpClient

_NOTHING = (0.0, 0)
Rest = Callable[[Opening, Wire], Coroutine[Any, Any, None]]


class Lane:
    """What is the same for all usual requests of one key for one task, until the next snapshot."""

    __slots__ = (
        "expects_json", "healths", "may_name_urls", "model", "on_full_disk", "places", "plan", "records", "standing",
        "variant", "wants_json",
    )  # fmt: skip

    def __init__(self, plans: Plans, grant: KeyGrant, plan: TaskPlan) -> None:
        """Of a plan that `is_usual`."""
        self.plan = plan
        self.variant = variant = plan.live
        self.places = variant.deployments
        self.healths = tuple(place.health for place in self.places)
        self.model = variant.model
        limited = plans.ceilings.concern(grant)
        self.standing = plans.ceilings.of(grant, plan.task.name, self.model) if limited else None
        self.expects_json = plan.task.expects == "json"
        self.wants_json = body.asks_json_by_default(variant)
        self.may_name_urls = not all(place.capabilities.image_urls for place in self.places)
        self.records = plan.task.record_payload
        self.on_full_disk = plans.snapshot.on_full_disk

    def choose(self, rng: Random, now: float) -> Place | None:
        """Who is asked first, as `routing` has it. None: not all of them are well."""
        for health in self.healths:
            if health.open_until or health.rest_until > now or health.is_saturated():
                return None
        return self.places[choose(self.healths, rng, now)]


def is_usual(plan: TaskPlan) -> bool:
    """May its requests go this way?"""
    task, variant = plan.task, plan.live
    if plan.prompted or plan.weighted or plan.candidate is not None or plan.route.split is not None:
        return False
    if task.guards or task.guardrails or task.redact or task.cache is not None:
        return False
    places = variant.deployments
    if variant.measured or len(variant.tiers) != 1 or (len(places) > 1 and variant.spec.hedge_after_ms > 0):
        return False
    return all(CHAT.kind in place.ways and place.target.model == variant.model for place in places)


class Express:
    """Takes the usual requests."""

    def __init__(self, client: HttpClient, admission: Admission, recorder: Recorder, rng: Random) -> None:
        self._client = client
        self._rng = rng
        self._admission = admission
        self._recorder = recorder

    def take(self, opening: Opening, wire: Wire, rest: Rest) -> bool:
        """Ask, and answer when the answer is here. `rest` is the general way, for what turns out to be unusual.

        False: nothing was done, it has to go the general way from its start.
        """
        asked = opening.asked
        if asked.entrance is not CHAT or asked.stream or opening.subject.variables or wire.gone or wire.cut:
            return False
        lane = self._lane(opening)
        if lane is None or (lane.may_name_urls and may_hold_urls(asked.raw)):
            return False
        now = self._client.loop.time()
        place = lane.choose(self._rng, now)
        if place is None:
            return False
        most = most_of(asked, lane.plan) if lane.standing is not None else _NOTHING  # of a fallback's model too
        data = body.render(asked, lane.variant, place)
        connection = self._client.idle(place.ways[CHAT.kind].endpoint.origin)  # from here on nothing raises
        if connection is None:
            return False
        reservation = FREE
        if lane.standing is not None and lane.standing.ceilings:
            taken = self._admission.take(lane.standing, *most)
            if taken is None:
                self._client.keep(connection)
                return False
            reservation = taken
        ride = Ride(self, opening, lane, place, connection, wire, rest, reservation, most)
        place.health.begin(now)
        connection.start(ride.request(data), ride, place.timeouts)
        return True

    def _lane(self, opening: Opening) -> Lane | None:
        """The lane of this key and task; None where they have none."""
        lanes, name = opening.plans.lanes, (opening.grant.key_id, opening.asked.model)
        try:
            lane: Lane | None = lanes[name]
        except KeyError:
            plan = opening.plan
            lane = lanes[name] = Lane(opening.plans, opening.grant, plan) if is_usual(plan) else None
        return lane

    # ------------------------------------------------------------ when it is over
    def finish(self, ride: Ride) -> bool:
        """Record it, and answer. False: what came is unusual, and nothing was done about it."""
        if ride.error is not None or ride.status != 200:
            return False
        answer = ride.body
        try:
            reading = read_answer(answer)
            if reading is None or not reading.counted:
                return False
            call = ride.counted(reading)
        except Exception:  # noqa: BLE001  # the general way reads it again, and answers for what it finds
            return False
        ride.place.health.succeed(call.ttft_ms, self._client.loop.time())
        wire, failure = ride.wire, None
        try:
            try:
                record, head = ride.record(call, reading), ride.answer_head(call.cost_usd)
            except Exception:  # noqa: BLE001  # the edge of what is paid for
                failure = edge.mistake(f"the record of {ride.ids[0]}")
                record, head = ride.record(call, None, failure), b""
            wire.on_close = wire.on_pause = wire.on_stop = None
            try:
                self._recorder.append(record, ride.lane.on_full_disk)
            except StorageFull as full:
                failure = full
            if failure is None:
                wire.respond(200, head, answer)
            else:
                send_error(wire, failure, CHAT.family, ride.ids_head(), ride.ids[0].encode())
        finally:
            if ride.reservation is not FREE:
                ride.reservation.settle_calls((call,))
        return True

    def begun(self, ride: Ride) -> Begun:
        """A ride that the general way goes on with."""
        lane, opening = ride.lane, ride.opening
        footing: Footing | None = None
        if lane.standing is not None:
            ceilings, project = opening.plans.ceilings, opening.grant.project
            footing = Footing(self._admission, ceilings, project, lane.model, ride.reservation, *ride.most)
        return Begun(
            ids=ride.ids,
            place=ride.place,
            connection=ride.connection,
            exchange=ride,
            footing=footing,
            started_ms=ride.asked_ms,
            started=ride.asked_at,
        )


class Ride(Exchange):
    """One usual request under way."""

    __slots__ = (
        "_express", "_rest", "asked_at", "asked_ms", "connection", "ids", "lane", "most", "opening", "place",
        "reservation", "trace_id", "wire",
    )  # fmt: skip

    def __init__(
        self,
        express: Express,
        opening: Opening,
        lane: Lane,
        place: Place,
        connection: Connection,
        wire: Wire,
        rest: Rest,
        reservation: Reservation,
        most: tuple[float, int],
    ) -> None:
        """`most`: the dollars and tokens that `reservation` holds."""
        super().__init__(connection.loop, connection, wire)
        self._express = express
        self._rest = rest
        self.opening = opening
        self.lane = lane
        self.place = place
        self.connection = connection
        self.wire = wire
        self.reservation = reservation
        self.most = most
        self.ids = request_ids()
        self.trace_id = opening.caller.trace_id or self.ids[1]
        self.asked_ms = time_ns() // 1_000_000
        self.asked_at = perf_counter()

    def request(self, data: bytes) -> bytes:
        """What the place is sent. `data` is the body."""
        trace = b"traceparent: 00-%b-%b-01\r\n" % (self.trace_id.encode(), self.ids[3].encode())
        return self.place.ways[CHAT.kind].endpoint.request(data, trace)

    def _resolve(self) -> None:
        if self.over:
            return
        super()._resolve()
        try:
            if not self._express.finish(self):
                self.opening.begun = self._express.begun(self)
                self.wire.go_on(self._rest(self.opening, self.wire))
        except Exception:  # noqa: BLE001  # the edge: nobody else would answer
            edge.excuse(self.wire, CHAT.operation, CHAT.family)

    # ------------------------------------------------------------ what came of it
    def counted(self, reading: Reading) -> ModelCall:
        """The call as the record keeps it."""
        now, began = perf_counter(), self.asked_at
        ttft_ms = ((self.first_at or now) - began) * 1000
        return written(
            self.ids[0],
            self.place.target,
            in_reason(reading),
            self.ids[3],
            self.asked_ms,
            (now - began) * 1000,
            ttft_ms,
            0,
            status=200,
            response_id=reading.response_id,
        )

    def ids_head(self) -> bytes:
        """Our header lines of any answer, but for the deployment."""
        opening = self.opening
        inference_id = self.ids[0].encode()
        return b"x-volant-inference-id: %b\r\nx-volant-trace-id: %b\r\nx-request-id: %b\r\n%b%b" % (
            inference_id,
            self.trace_id.encode(),
            opening.caller.request_id or inference_id,
            self.lane.variant.header,
            headers_of(self.reservation, CHAT.family) if self.reservation is not FREE else b"",
        )

    def answer_head(self, cost_usd: float) -> bytes:
        """All header lines of the answer."""
        kind = self.content_type or b"application/json"
        return b"content-type: %b\r\n%b%bx-volant-cost-usd: %b\r\n" % (
            kind,
            self.ids_head(),
            self.place.header,
            in_decimals(cost_usd),
        )

    def record(self, call: ModelCall, reading: Reading | None, failure: VolantError | None = None) -> InferenceRecord:
        """As `inference.record_of` makes it. `failure`: why there is no reading, and no text is kept."""
        opening, lane = self.opening, self.lane
        asked, grant, subject = opening.asked, opening.grant, opening.subject
        variant, target = lane.variant.spec, self.place.target
        json = lane.expects_json or (lane.wants_json if asked.wants_json is None else asked.wants_json)
        latency_ms = (perf_counter() - opening.started) * 1000
        return InferenceRecord(
            inference_id=self.ids[0],
            project=grant.project,
            key_id=grant.key_id,
            trace_id=self.trace_id,
            span_id=self.ids[2],
            parent_span_id=opening.caller.parent_span_id,
            task=lane.plan.task.name,
            variant=variant.name,
            deployment=target.name,
            model=target.model,
            model_id=variant.model_id,
            release_id=lane.plan.route.release_id,
            subject=hashed_user(opening.plans, grant, subject),
            session=subject.session,
            tags=subject.tags,
            started_ms=opening.started_ms,
            latency_ms=latency_ms,
            ttft_ms=call.ttft_ms,
            status=200 if failure is None else failure.status,
            error_code=fault_of(reading, json=json) if failure is None else failure.code,
            input_tokens=call.input_tokens,
            output_tokens=call.output_tokens,
            cached_tokens=call.cached_tokens,
            cache_write_tokens=call.cache_write_tokens,
            reasoning_tokens=call.reasoning_tokens,
            cost_usd=call.cost_usd,
            price_version=target.price_version,
            config_hash=opening.plans.snapshot.config_hash,
            holder=self.reservation.holder,
            calls=(call,),
            input=asked.own() if lane.records and reading is not None else b"",
            output=reading.output if lane.records and reading is not None else b"",
        )
