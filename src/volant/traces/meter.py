"""Meter: counts and times of inferences for Prometheus, from the records that were just stored.

Names follow OpenTelemetry's GenAI metrics where they have one (`gen_ai.server.*` for what callers waited for,
`gen_ai.client.*` for each call of a deployment), else `volant_*`. The gateway's request path does nothing for it:
control counts what it drains, so a figure is a fraction of a second late, and starts at zero with control. Labels are
names of the configuration, never of people, keys or texts; what a caller can choose freely (a model that does not
exist) gets no label. Source: OpenTelemetry semantic conventions for GenAI metrics (buckets and units as recommended
there).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import Metric

from volant.core.nouns import InferenceRecord, ModelCall
from volant.core.workers import WorkerFacts
from volant.traces.series import Count, Counts, Spread, Spreads

SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
FIRST_TOKEN = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
PER_TOKEN = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)
TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)
MOST_CODES = 200  # of errors that are told apart: ours are fewer
OTEL_NAMES = {  # ours → OpenTelemetry's name and unit
    "gen_ai_server_request_duration_seconds": ("gen_ai.server.request.duration", "s"),
    "gen_ai_server_time_to_first_token_seconds": ("gen_ai.server.time_to_first_token", "s"),
    "gen_ai_server_time_per_output_token_seconds": ("gen_ai.server.time_per_output_token", "s"),
    "gen_ai_client_operation_duration_seconds": ("gen_ai.client.operation.duration", "s"),
    "gen_ai_client_token_usage": ("gen_ai.client.token.usage", "{token}"),
}
_SERVED = ("project", "gen_ai_operation_name", "gen_ai_request_model", "gen_ai_response_model", "volant_deployment",
           "error_type")  # fmt: skip
_CALLED = ("project", "gen_ai_operation_name", "gen_ai_response_model", "volant_deployment", "error_type")


KINDS = ("input", "output", "cached", "cache_write", "reasoning")


class _Served(NamedTuple):
    duration: Spread
    requests: Count
    first: Spread
    per_token: Spread


class _Called(NamedTuple):
    duration: Spread
    attempts: Count
    cost: Count
    input_usage: Spread
    output_usage: Spread
    details: tuple[Count, ...]  # by KINDS


_alike = attrgetter(  # what the series of a record depend on
    "project", "operation", "task", "model", "deployment", "variant", "arm", "dialect", "status", "cache", "streamed",
    "fallback", "error_code",
)  # fmt: skip
_alike_calls = attrgetter("model", "deployment", "why", "error_code")
_Key = tuple[str | int, ...]


class Meter:
    """All series. Safe to use from several threads."""

    def __init__(self) -> None:
        self.registry = made = CollectorRegistry()
        self._lock = threading.Lock()
        self.workers: tuple[WorkerFacts, ...] = ()  # what they said last
        self._served: dict[_Key, _Served] = {}
        self._called: dict[_Key, _Called] = {}
        self._duration = Spreads(
            "gen_ai_server_request_duration_seconds", "From the request to the last byte of its answer.", _SERVED,
            registry=made, buckets=SECONDS,
        )  # fmt: skip
        self._first = Spreads(
            "gen_ai_server_time_to_first_token_seconds", "Until the first byte of a streamed answer.", _SERVED[:-1],
            registry=made, buckets=FIRST_TOKEN,
        )  # fmt: skip
        self._per_token = Spreads(
            "gen_ai_server_time_per_output_token_seconds", "Of a streamed answer, after the first token.", _SERVED[:-1],
            registry=made, buckets=PER_TOKEN,
        )  # fmt: skip
        self._calls = Spreads(
            "gen_ai_client_operation_duration_seconds", "One call of a deployment.", _CALLED, registry=made,
            buckets=SECONDS,
        )  # fmt: skip
        self._usage = Spreads(
            "gen_ai_client_token_usage", "Tokens of one call of a deployment.",
            ("project", "gen_ai_operation_name", "gen_ai_response_model", "volant_deployment", "gen_ai_token_type"),
            registry=made, buckets=TOKENS,
        )  # fmt: skip
        self._requests = Counts(
            "volant_requests", "Requests that were answered or failed, by what their callers saw.",
            ("project", "task", "variant", "arm", "dialect", "status", "cache"), registry=made,
        )  # fmt: skip
        self._codes: set[str] = set()
        self._fallbacks = Counts(
            "volant_fallbacks", "Requests that a fallback answered.", ("project", "task", "deployment"), registry=made
        )
        self._cost = Counts(
            "volant_cost_usd", "US dollars, failed calls included.", ("project", "task", "model", "deployment"),
            registry=made,
        )  # fmt: skip
        self._details = Counts(
            "volant_tokens", "Tokens by kind; cached ones are part of the input, reasoning of the output.",
            ("project", "task", "model", "kind"), registry=made,
        )  # fmt: skip
        self._attempts = Counts(
            "volant_calls", "Calls of deployments, by why they were made.",
            ("project", "deployment", "why", "error_type"), registry=made,
        )  # fmt: skip
        self._verdicts = Counts(
            "volant_guard_verdicts", "What guards said.", ("project", "task", "guard", "on", "action", "mode"),
            registry=made,
        )  # fmt: skip
        self._in_flight = Gauge(
            "volant_in_flight", "Calls under way.", ("project", "deployment", "model"), registry=made
        )
        self._room = Gauge(
            "volant_in_flight_limit", "The most calls under way, over all workers.", ("project", "deployment", "model"),
            registry=made,
        )  # fmt: skip
        self._open = Gauge(
            "volant_circuit_open", "Workers that let this deployment rest because it failed.",
            ("project", "deployment", "model"), registry=made,
        )  # fmt: skip
        self._average = Gauge(
            "volant_deployment_ttft_seconds", "Moving average of the time to the first byte, the slowest worker's.",
            ("project", "deployment", "model"), registry=made,
        )  # fmt: skip
        self._workers = Gauge("volant_gateway_workers", "Workers that spoke in the last ten seconds.", registry=made)
        self._refused = Gauge(
            "volant_refused_requests", "Requests that reached no deployment, since the workers started.", ("code",),
            registry=made,
        )  # fmt: skip
        self._unrecorded = Gauge(
            "volant_unrecorded_requests", "Served without a record because the disk was full.", registry=made
        )
        self._ceiling = Gauge(
            "volant_limit", "A ceiling.", ("project", "over", "name", "kind"), registry=made
        )  # fmt: skip
        self._used = Gauge(
            "volant_limit_used", "What is spent or held of it in its window.", ("project", "over", "name", "kind"),
            registry=made,
        )  # fmt: skip

    # ------------------------------------------------------------ what happened
    def observe(self, records: Iterable[InferenceRecord]) -> None:
        """Count records that were stored for the first time."""
        groups: dict[_Key, list[InferenceRecord]] = {}
        for record in records:
            groups.setdefault(_alike(record), []).append(record)
        with self._lock:
            for (*name, code), group in groups.items():
                self._observe((*name, self._kind(str(code))), group)

    def _observe(self, key: _Key, group: list[InferenceRecord]) -> None:
        one = group[0]
        served = self._served.get(key)
        if served is None:
            served = self._served[key] = self._serve(one)
        served.duration.observe([record.latency_ms / 1000 for record in group])
        served.requests.value += len(group)
        if one.streamed:
            begun = [record for record in group if record.ttft_ms > 0]
            served.first.observe([record.ttft_ms / 1000 for record in begun])
            served.per_token.observe([
                (record.latency_ms - record.ttft_ms) / 1000 / (record.output_tokens - 1)
                for record in begun
                if record.output_tokens > 1 and record.latency_ms > record.ttft_ms
            ])  # fmt: skip
        if one.fallback:
            self._fallbacks.at(one.project, one.task, one.deployment).value += len(group)
        calls: dict[_Key, list[ModelCall]] = {}
        for record in group:
            for call in record.calls:
                calls.setdefault(_alike_calls(call), []).append(call)
            for verdict in record.verdicts:
                said = (one.project, one.task, verdict.guard, verdict.on, verdict.action, verdict.mode)
                self._verdicts.at(*said).value += 1
        for (*name, code), made in calls.items():
            self._observe_calls((one.project, one.operation, one.task, *name, self._kind(str(code))), one, made)

    def _observe_calls(self, key: _Key, one: InferenceRecord, calls: list[ModelCall]) -> None:
        called = self._called.get(key)
        if called is None:
            called = self._called[key] = self._call(one, calls[0])
        called.duration.observe([call.latency_ms / 1000 for call in calls])
        called.attempts.value += len(calls)
        called.cost.value += sum(call.cost_usd for call in calls)
        called.input_usage.observe([call.input_tokens for call in calls if call.input_tokens])
        called.output_usage.observe([call.output_tokens for call in calls if call.output_tokens])
        counts = (
            sum(call.input_tokens for call in calls),
            sum(call.output_tokens for call in calls),
            sum(call.cached_tokens for call in calls),
            sum(call.cache_write_tokens for call in calls),
            sum(call.reasoning_tokens for call in calls),
        )
        for series, count in zip(called.details, counts, strict=True):
            series.value += count

    def _kind(self, code: str) -> str:
        """An error's code as a label: a provider may send others without end, and each would be a series."""
        if code not in self._codes and len(self._codes) < MOST_CODES:
            self._codes.add(code)
        return code if code in self._codes else "other"

    def _serve(self, one: InferenceRecord) -> _Served:
        """The series of such records."""
        name = (one.project, one.operation, one.task, one.model, one.deployment)
        status = str(one.status)
        return _Served(
            self._duration.at(*name, self._kind(one.error_code)),
            self._requests.at(one.project, one.task, one.variant, one.arm, one.dialect, status, one.cache),
            self._first.at(*name),
            self._per_token.at(*name),
        )

    def _call(self, one: InferenceRecord, call: ModelCall) -> _Called:
        name = (one.project, one.operation, call.model, call.deployment)
        return _Called(
            self._calls.at(*name, kind := self._kind(call.error_code)),
            self._attempts.at(one.project, call.deployment, call.why, kind),
            self._cost.at(one.project, one.task, call.model, call.deployment),
            self._usage.at(*name, "input"),
            self._usage.at(*name, "output"),
            tuple(self._details.at(one.project, one.task, call.model, kind) for kind in KINDS),
        )

    # ------------------------------------------------------------ what is now
    def set_workers(self, workers: Sequence[WorkerFacts]) -> None:
        """What the gateways' workers said last; it replaces what they said before."""
        self.workers = tuple(workers)
        with self._lock:
            for gauge in (self._in_flight, self._room, self._open, self._average, self._refused):
                gauge.clear()
            self._workers.set(len(workers))
            self._unrecorded.set(sum(worker.unrecorded for worker in workers))
            slowest: dict[tuple[str, str, str], float] = {}
            for worker in workers:
                for place in worker.places:
                    name = (place.project, place.deployment, place.model)
                    self._in_flight.labels(*name).inc(place.in_flight)
                    self._room.labels(*name).inc(place.max_in_flight)
                    self._open.labels(*name).inc(place.state != "closed")
                    slowest[name] = max(slowest.get(name, 0.0), place.ttft_ms / 1000)
                for code, count in worker.refused.items():
                    self._refused.labels(code).inc(count)
            for name, seconds in slowest.items():
                self._average.labels(*name).set(seconds)

    def set_limits(self, ceilings: Iterable[tuple[tuple[str, str, str, str], float, float]]) -> None:
        """Each: (project, over, name, kind), the ceiling, and what is used of it."""
        with self._lock:
            self._ceiling.clear()
            self._used.clear()
            for name, ceiling, used in ceilings:
                self._ceiling.labels(*name).set(ceiling)
                self._used.labels(*name).set(used)

    # ------------------------------------------------------------ out
    def exposition(self, project: str = "") -> bytes:
        """Prometheus' text format; of one project's series, or of all where none is named."""
        with self._lock:
            return generate_latest(_Of(self.registry, project) if project else self.registry)

    def collect(self) -> list[Metric]:
        """Every family as it is now."""
        with self._lock:
            return list(self.registry.collect())


class _Of:
    """A registry as one project may see it: its own series, and nothing that belongs to nobody."""

    def __init__(self, registry: CollectorRegistry, project: str) -> None:
        self._registry, self._project = registry, project

    def collect(self) -> Iterator[Metric]:
        for family in self._registry.collect():
            own = [sample for sample in family.samples if sample.labels.get("project") == self._project]
            if own:
                kept = Metric(family.name, family.documentation, family.type, family.unit)
                kept.samples = own
                yield kept
