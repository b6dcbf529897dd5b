"""Exporter: a real collector on loopback gets every inference once, whatever it answered before."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tests.traces.test_meter import record

from volant.app import exporter as module
from volant.app.exporter import Exporter
from volant.core.errors import BadInput
from volant.core.nouns import GuardVerdict
from volant.core.settings import ServerSettings
from volant.traces.meter import Meter


class Collector:
    """Takes OTLP/HTTP JSON; answers with what stands in `answers`, then 200."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.got: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = gzip.decompress(self.rfile.read(int(self.headers["content-length"])))
                status, headers = outer.answers.pop(0) if outer.answers else (200, {})
                if status == 200:
                    outer.got.append((self.path, json.loads(body), dict(self.headers)))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def spans(self) -> list[dict[str, Any]]:
        bodies = [body for path, body, _ in self.got if path == "/v1/traces"]
        return [
            s for body in bodies for r in body["resourceSpans"] for scope in r["scopeSpans"] for s in scope["spans"]
        ]

    def metrics(self) -> dict[str, dict[str, Any]]:
        bodies = [body for path, body, _ in self.got if path == "/v1/metrics"]
        return {
            m["name"]: m for b in bodies for r in b["resourceMetrics"] for s in r["scopeMetrics"] for m in s["metrics"]
        }


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.server.shutdown()
    made.thread.join()
    made.server.server_close()


def attributes(span: dict[str, Any]) -> dict[str, Any]:
    return {one["key"]: next(iter(one["value"].values())) for one in span["attributes"]}


def make(collector: Collector, **settings: Any) -> Exporter:
    made = ServerSettings(otlp_url=collector.url, otlp_headers_env="OTLP_HEADERS", **settings)
    return Exporter(made, {"OTLP_HEADERS": "authorization=Bearer abc, x-team=ml"}, Meter())


def test_an_inference_its_calls_and_guards_are_spans_of_one_trace(collector: Collector) -> None:
    verdict = GuardVerdict(
        guard="pii", check="pii", on="input", action="redact", mode="enforce", span_id="ab" * 8, started_ms=2,
        latency_ms=1.5, kinds={"EMAIL": 2},
    )  # fmt: skip
    one = record(trace_id="a" * 32, span_id="b" * 16, verdicts=(verdict,), input=b'{"q":"secret words"}')
    exporter = make(collector)
    exporter.take([one])
    exporter.tick()
    root, call, guard = collector.spans()
    assert (root["name"], root["kind"], root["traceId"], root["spanId"]) == ("chat t1", 2, "a" * 32, "b" * 16)
    assert int(root["endTimeUnixNano"]) - int(root["startTimeUnixNano"]) == 500_000_000
    assert attributes(root)["gen_ai.usage.input_tokens"] == "30"
    assert (call["parentSpanId"], call["kind"], attributes(call)["volant.why"]) == ("b" * 16, 3, "first")
    assert (guard["name"], attributes(guard)["volant.kind.EMAIL"]) == ("guardrail pii", "2")
    assert "secret words" not in json.dumps(collector.got)
    headers = {name.lower(): value for name, value in collector.got[0][2].items()}
    assert (headers["authorization"], headers["x-team"]) == ("Bearer abc", "ml")


def test_texts_go_out_only_where_asked_for(collector: Collector) -> None:
    exporter = make(collector, otlp_content=True)
    exporter.take([record(input=b'{"q":"words"}')])
    exporter.tick()
    assert attributes(collector.spans()[0])["gen_ai.input.messages"] == '{"q":"words"}'


def test_what_the_collector_could_not_take_comes_again_once(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    collector.answers = [(503, {}), (429, {"retry-after": "20"})]
    exporter = make(collector, otlp_metrics_s=0.0)
    exporter.take([record(inference_id=f"inf_{n}") for n in range(3)])
    exporter.tick()
    assert collector.spans() == []
    now[0] += 1.5
    exporter.tick()  # 429
    now[0] += 19.0
    exporter.tick()
    assert collector.answers == []
    assert collector.spans() == [], "it asked for 20 seconds"
    now[0] += 2.0
    exporter.tick()
    exporter.tick()
    assert len(collector.spans()) == 6  # three inferences with a call each
    assert exporter.dropped == 0


def test_the_headers_follow_no_redirect(collector: Collector) -> None:
    collector.answers = [(307, {"location": f"{collector.url}/elsewhere"})]
    exporter = make(collector)
    exporter.take([record()])
    exporter.tick()
    assert collector.got == []
    assert exporter.refused == 1


def test_a_batch_that_is_refused_for_good_does_not_hold_up_the_next(collector: Collector) -> None:
    collector.answers = [(400, {})]
    exporter = make(collector)
    exporter.take([record()])
    exporter.tick()
    exporter.take([record(inference_id="inf_2")])
    exporter.tick()
    assert exporter.refused == 1
    assert {attributes(span).get("volant.inference_id") for span in collector.spans()} == {"inf_2", None}


def test_the_oldest_make_room_and_are_counted(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUEUE", 5)
    exporter = make(collector)
    exporter.take([record(inference_id=f"inf_{n}") for n in range(3)])
    exporter.take([record(inference_id=f"inf_{n}") for n in range(3, 8)])
    exporter.tick()
    kept = [attributes(span).get("volant.inference_id") for span in collector.spans()]
    assert [one for one in kept if one] == [f"inf_{n}" for n in range(3, 8)]
    assert exporter.dropped == 3


def test_metrics_have_opentelemetrys_names_and_whole_histograms(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    meter = Meter()
    exporter = Exporter(ServerSettings(otlp_url=collector.url, otlp_metrics_s=5.0), {}, meter)
    meter.observe([record(), record(latency_ms=3.0)])
    now[0] += 6.0
    exporter.tick()
    found = collector.metrics()
    duration = found["gen_ai.server.request.duration"]
    assert duration["unit"] == "s"
    (point,) = duration["histogram"]["dataPoints"]
    assert point["count"] == "2"
    assert sum(map(int, point["bucketCounts"])) == 2
    assert len(point["bucketCounts"]) == len(point["explicitBounds"]) + 1
    assert attributes(point)["gen_ai.request.model"] == "t1"
    requests = found["volant.requests"]["sum"]
    assert requests["isMonotonic"] is True
    assert requests["dataPoints"][0]["asDouble"] == 2.0


@pytest.mark.parametrize("said", ["no pairs", "=x", "a=b,c"])
def test_headers_that_cannot_be_read_are_refused(said: str) -> None:
    settings = ServerSettings(otlp_url="http://127.0.0.1:1", otlp_headers_env="H")
    with pytest.raises(BadInput, match="name=value"):
        Exporter(settings, {"H": said}, Meter())


def test_what_waits_holds_no_texts_that_do_not_go_out_and_no_more_than_it_may(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = make(collector)
    waiting.take([record(input=b"x" * 1000, output=b"y" * 1000)])
    assert [(one.input, one.output) for one in waiting._queue] == [(b"", b"")]
    monkeypatch.setattr(module, "QUEUE_BYTES", 5000)
    telling = make(collector, otlp_content=True)
    for number in range(7):
        telling.take([record(inference_id=f"inf_{number}", input=b"x" * 1000, output=b"y" * 1000)])
    assert (len(telling._queue), telling.dropped, telling._bytes) == (2, 5, 4000)
    telling.tick()
    assert (len(telling._queue), telling._bytes) == (0, 0)
    assert [attributes(one)["gen_ai.input.messages"] for one in collector.spans() if one["kind"] == 2] == [
        "x" * 1000
    ] * 2
