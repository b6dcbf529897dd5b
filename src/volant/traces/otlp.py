"""OTLP: inferences as spans, series as metrics, in OTLP's JSON, for another collector. Pure.

An inference is one span of kind server; each model call (client) and guard (internal) is a child. Names of attributes
are OpenTelemetry's GenAI conventions; ours begin with `volant.`. Texts of people go out only where `content` is asked
for. Sources: OTLP 1.5, "JSON Protobuf Encoding" (ids in hex, 64-bit numbers as text); semantic conventions for GenAI
spans and metrics, in development.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from prometheus_client.core import Metric

from volant.core.nouns import GuardVerdict, InferenceRecord, ModelCall
from volant.traces.meter import OTEL_NAMES

Json = dict[str, Any]
SERVER, CLIENT, INTERNAL = 2, 3, 1
ERROR = 2
CUMULATIVE = 2


def spans_request(records: Sequence[InferenceRecord], resource: Json, *, content: bool = False) -> bytes:
    """The body of POST /v1/traces. `resource`: attributes of this installation, e.g. service.name."""
    spans = [span for record in records for span in spans_of(record, content=content)]
    scope = {"scope": {"name": "volant"}, "spans": spans}
    return msgspec.json.encode({"resourceSpans": [{"resource": _resource(resource), "scopeSpans": [scope]}]})


def spans_of(record: InferenceRecord, *, content: bool = False) -> list[Json]:
    """The inference's span and its children's."""
    attributes: Json = {
        "gen_ai.operation.name": record.operation,
        "gen_ai.request.model": record.task,
        "gen_ai.response.model": record.model,
        "gen_ai.usage.input_tokens": record.input_tokens,
        "gen_ai.usage.output_tokens": record.output_tokens,
        "http.response.status_code": record.status,
        "error.type": record.error_code,
        "gen_ai.conversation.id": record.session,
        "user.hash": record.subject,
        "volant.inference_id": record.inference_id,
        "volant.project": record.project,
        "volant.variant": record.variant,
        "volant.deployment": record.deployment,
        "volant.arm": record.arm,
        "volant.cache": record.cache,
        "volant.cost_usd": record.cost_usd,
        "volant.dialect": record.dialect,
        "volant.ttft_ms": record.ttft_ms,
        "volant.cached_tokens": record.cached_tokens,
        "volant.reasoning_tokens": record.reasoning_tokens,
        "volant.release_id": record.release_id,
        "volant.warnings": list(record.warnings),
        **{f"volant.tag.{name}": value for name, value in record.tags.items()},
    }
    if content:
        attributes["gen_ai.input.messages"] = record.input.decode("utf-8", "replace")
        attributes["gen_ai.output.messages"] = record.output.decode("utf-8", "replace")
    failed = record.status >= 400 or bool(record.error_code)
    root = _span(
        record.trace_id, record.span_id, record.parent_span_id, f"{record.operation} {record.task}".strip(), SERVER,
        record.started_ms, record.latency_ms, attributes, record.error_code if failed else None,
    )  # fmt: skip
    calls = [_call(record, call) for call in record.calls]
    guards = [_verdict(record, one) for one in record.verdicts if one.span_id]
    return [root, *calls, *guards]


def _call(record: InferenceRecord, call: ModelCall) -> Json:
    attributes: Json = {
        "gen_ai.operation.name": record.operation,
        "gen_ai.request.model": call.model,
        "gen_ai.response.id": call.provider_response_id,
        "gen_ai.usage.input_tokens": call.input_tokens,
        "gen_ai.usage.output_tokens": call.output_tokens,
        "http.response.status_code": call.status,
        "error.type": call.error_code,
        "volant.deployment": call.deployment,
        "volant.why": call.why,
        "volant.cost_usd": call.cost_usd,
        "volant.ttft_ms": call.ttft_ms,
        "volant.price_version": call.price_version,
    }
    name = f"{record.operation} {call.model}".strip()
    return _span(
        record.trace_id, call.span_id, record.span_id, name, CLIENT, call.started_ms, call.latency_ms, attributes,
        call.error_code or None,
    )  # fmt: skip


def _verdict(record: InferenceRecord, one: GuardVerdict) -> Json:
    attributes: Json = {
        "volant.guard": one.guard,
        "volant.check": one.check,
        "volant.on": one.on,
        "volant.action": one.action,
        "volant.mode": one.mode,
        "volant.score": one.score,
        **{f"volant.kind.{kind}": count for kind, count in one.kinds.items()},
    }
    return _span(
        record.trace_id, one.span_id, record.span_id, f"guardrail {one.guard}", INTERNAL, one.started_ms,
        one.latency_ms, attributes, one.error or None,
    )  # fmt: skip


def _span(
    trace_id: str,
    span_id: str,
    parent: str,
    name: str,
    kind: int,
    started_ms: int,
    latency_ms: float,
    attributes: Json,
    error: str | None,
) -> Json:
    start = started_ms * 1_000_000
    span: Json = {
        "traceId": trace_id,
        "spanId": span_id,
        "name": name,
        "kind": kind,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + int(latency_ms * 1_000_000)),
        "attributes": _attributes(attributes),
        "status": {} if error is None else {"code": ERROR, "message": error},
    }
    if parent:
        span["parentSpanId"] = parent
    return span


# ---------------------------------------------------------------- metrics
def metrics_request(families: Iterable[Metric], resource: Json, *, since_ns: int, now_ns: int) -> bytes:
    """The body of POST /v1/metrics: sums and histograms are cumulative since `since_ns` (Unix nanoseconds)."""
    made = [metric for family in families if (metric := _metric(family, str(since_ns), str(now_ns)))]
    scope = {"scope": {"name": "volant"}, "metrics": made}
    return msgspec.json.encode({"resourceMetrics": [{"resource": _resource(resource), "scopeMetrics": [scope]}]})


def _metric(family: Metric, since: str, now: str) -> Json | None:
    name, unit = OTEL_NAMES.get(family.name, (family.name.replace("volant_", "volant.", 1), ""))
    if family.type == "histogram":
        points = _histogram(family, since, now)
        body: Json = {"histogram": {"dataPoints": points, "aggregationTemporality": CUMULATIVE}}
    else:
        suffix = "_total" if family.type == "counter" else ""
        points = [
            {
                "attributes": _attributes(_renamed(sample.labels)),
                "startTimeUnixNano": since,
                "timeUnixNano": now,
                "asDouble": sample.value,
            }
            for sample in family.samples
            if sample.name == family.name + suffix
        ]
        body = {"gauge": {"dataPoints": points}}
        if family.type == "counter":
            body = {"sum": {"dataPoints": points, "aggregationTemporality": CUMULATIVE, "isMonotonic": True}}
    return {"name": name, "unit": unit, "description": family.documentation, **body} if points else None


def _histogram(family: Metric, since: str, now: str) -> list[Json]:
    found: dict[tuple[tuple[str, str], ...], Json] = {}
    for sample in family.samples:
        labels = {name: value for name, value in sample.labels.items() if name != "le"}
        point = found.setdefault(
            tuple(sorted(labels.items())),
            {"labels": labels, "bounds": [], "cumulative": [], "count": 0.0, "sum": 0.0},
        )
        if sample.name.endswith("_bucket"):
            if sample.labels["le"] != "+Inf":
                point["bounds"].append(float(sample.labels["le"]))
            point["cumulative"].append(sample.value)
        elif sample.name.endswith("_count"):
            point["count"] = sample.value
        elif sample.name.endswith("_sum"):
            point["sum"] = sample.value
    return [
        {
            "attributes": _attributes(_renamed(point["labels"])),
            "startTimeUnixNano": since,
            "timeUnixNano": now,
            "count": str(int(point["count"])),
            "sum": point["sum"],
            "explicitBounds": point["bounds"],
            "bucketCounts": [
                str(int(upper - lower))
                for lower, upper in zip([0.0, *point["cumulative"]], point["cumulative"], strict=False)
            ],
        }
        for point in found.values()
    ]


_LABELS = {
    "gen_ai_operation_name": "gen_ai.operation.name",
    "gen_ai_request_model": "gen_ai.request.model",
    "gen_ai_response_model": "gen_ai.response.model",
    "gen_ai_token_type": "gen_ai.token.type",
    "error_type": "error.type",
    "volant_deployment": "volant.deployment",
}


def _renamed(labels: dict[str, str]) -> Json:
    return {_LABELS.get(name, f"volant.{name}"): value for name, value in labels.items()}


# ---------------------------------------------------------------- small things
def _resource(attributes: Json) -> Json:
    return {"attributes": _attributes(attributes)}


def _attributes(values: Json) -> list[Json]:
    """Empty texts and lists are left out: they say nothing."""
    return [{"key": name, "value": _value(value)} for name, value in values.items() if value not in ("", [], None)]


def _value(value: Any) -> Json:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(one) for one in value]}}
    return {"stringValue": str(value)}
