"""Meter: what Prometheus reads is what was recorded; a project sees its own series."""

from __future__ import annotations

from typing import Any

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from volant.core.nouns import GuardVerdict, InferenceRecord, ModelCall
from volant.core.workers import PlaceFacts, WorkerFacts
from volant.traces.meter import Meter


def record(**changed: Any) -> InferenceRecord:
    call = ModelCall(
        call_id="call_1", span_id="s2", deployment="d", model="m", started_ms=1, latency_ms=400, status=200,
        input_tokens=30, output_tokens=5, cached_tokens=10, cost_usd=0.25,
    )  # fmt: skip
    fields: dict[str, Any] = {
        "inference_id": "inf_1", "project": "default", "key_id": "key_1", "trace_id": "t", "span_id": "s1",
        "task": "t1", "variant": "v1", "deployment": "d", "model": "m", "started_ms": 1, "latency_ms": 500.0,
        "ttft_ms": 100.0,
        "status": 200, "streamed": True, "input_tokens": 30, "output_tokens": 5, "calls": (call,),
        "cost_usd": 0.25,
    }  # fmt: skip
    return InferenceRecord(**(fields | changed))


def samples(meter: Meter, project: str = "") -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(meter.exposition(project).decode())
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def total(meter: Meter, name: str, **labels: str) -> float:
    wanted = set(labels.items())
    return sum(value for (found, of), value in samples(meter).items() if found == name and wanted <= set(of))


def test_times_tokens_and_cost_add_up() -> None:
    meter = Meter()
    meter.observe([record(), record(inference_id="inf_2", status=502, error_code="upstream_failed", latency_ms=2000.0)])
    assert total(meter, "gen_ai_server_request_duration_seconds_count") == 2
    assert total(meter, "gen_ai_server_request_duration_seconds_sum") == 2.5
    assert total(meter, "gen_ai_server_request_duration_seconds_count", error_type="upstream_failed") == 1
    assert total(meter, "gen_ai_server_request_duration_seconds_bucket", le="0.32") == 0
    assert total(meter, "gen_ai_server_request_duration_seconds_bucket", le="0.64") == 1
    assert total(meter, "gen_ai_server_request_duration_seconds_bucket", le="+Inf") == 2
    assert total(meter, "gen_ai_server_time_to_first_token_seconds_sum") == 0.2
    assert total(meter, "gen_ai_server_time_per_output_token_seconds_sum") == (0.4 / 4) + (1.9 / 4)
    assert total(meter, "volant_tokens_total", kind="cached") == 20
    assert total(meter, "gen_ai_client_token_usage_sum", gen_ai_token_type="input") == 60
    assert total(meter, "volant_cost_usd_total", deployment="d") == 0.5
    assert total(meter, "volant_requests_total", status="502") == 1


def test_cache_fallbacks_and_verdicts_are_counted() -> None:
    verdict = GuardVerdict(guard="pii", check="pii", on="input", action="redact", mode="enforce")
    meter = Meter()
    meter.observe([record(cache="exact", calls=(), fallback=True, verdicts=(verdict, verdict))])
    assert total(meter, "volant_requests_total", cache="exact") == 1
    assert total(meter, "volant_fallbacks_total", task="t1") == 1
    assert total(meter, "volant_guard_verdicts_total", guard="pii", action="redact") == 2


def test_a_project_sees_its_own_series_only() -> None:
    meter = Meter()
    meter.observe([record(), record(project="other", task="secret-task")])
    meter.set_workers([WorkerFacts(worker=0, pid=1, said_ms=1)])
    assert {dict(of).get("project") for _, of in samples(meter, "default")} == {"default"}
    assert b"secret-task" not in meter.exposition("default")
    assert b"secret-task" in meter.exposition("")


def test_gauges_are_what_the_workers_said_last() -> None:
    def facts(worker: int, in_flight: int, state: str, ttft_ms: float) -> WorkerFacts:
        place = PlaceFacts(
            project="default", deployment="d", model="m", in_flight=in_flight, max_in_flight=4, ttft_ms=ttft_ms,
            state=state,
        )  # fmt: skip
        return WorkerFacts(worker=worker, pid=worker, said_ms=1, places=(place,), refused={"rate_limited": 3})

    meter = Meter()
    meter.set_workers([facts(0, 2, "open", 10.0), facts(1, 1, "closed", 40.0)])
    assert total(meter, "volant_in_flight") == 3
    assert total(meter, "volant_in_flight_limit") == 8
    assert total(meter, "volant_circuit_open") == 1
    assert total(meter, "volant_deployment_ttft_seconds") == 0.04
    assert total(meter, "volant_refused_requests", code="rate_limited") == 6
    assert total(meter, "volant_gateway_workers") == 2
    meter.set_workers([facts(1, 0, "closed", 40.0)])
    assert total(meter, "volant_in_flight") == 0
    assert total(meter, "volant_circuit_open") == 0


def test_a_provider_makes_no_series_without_end() -> None:
    meter = Meter()
    meter.observe([record(error_code=f"said_by_somebody_{number}", status=400) for number in range(1_000)])
    codes = {dict(labels).get("error_type", "") for _, labels in samples(meter)}
    assert "other" in codes
    assert "said_by_somebody_1" in codes
    assert len(codes) < 220
    one = record().calls[0]
    called = [msgspec.structs.replace(one, error_code=f"said_by_another_{number}") for number in range(1_000)]
    meter.observe([record(calls=(call,)) for call in called])
    assert len(meter._served) < 220, "and remembers none that it does not tell apart"
    assert len(meter._called) < 220
    assert total(meter, "volant_calls_total", error_type="other") >= 1_000
