"""Exporter: spans and metrics to another OpenTelemetry collector, over OTLP/HTTP, from control.

Knows a queue, an address and patience; what a span looks like is `traces.otlp`. Takes what was stored already, so a
collector that is away costs nothing but its own view: up to QUEUE inferences wait, and QUEUE_BYTES of their texts where
those go out too; then the oldest are dropped and counted. Retries what OTLP calls retryable (429, 502, 503, 504, no
answer), with the collector's retry-after.
"""

from __future__ import annotations

import gzip
import http.client
import logging
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from volant import __version__
from volant.core.errors import BadInput
from volant.core.nouns import InferenceRecord
from volant.core.settings import ServerSettings
from volant.traces import otlp
from volant.traces.meter import Meter

QUEUE = 20_000
QUEUE_BYTES = 64 << 20  # of texts
BATCH = 500
TIMEOUT_S = 10.0
PAUSE_FIRST_S, PAUSE_LAST_S = 1.0, 30.0
RETRYABLE = frozenset({429, 502, 503, 504})

log = logging.getLogger("volant.control")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The headers are for one address: where the collector points elsewhere, that is its answer."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects)


class Exporter:
    """A queue of inferences, and the metrics as they are. `tick` is called by one thread."""

    def __init__(self, settings: ServerSettings, environment: Mapping[str, str], meter: Meter) -> None:
        """Raises BadInput `bad_otlp` for an address or headers that cannot be used."""
        self._url = settings.otlp_url.rstrip("/")
        self._content = settings.otlp_content
        self._headers = _headers(settings, environment)
        self._metrics_every_s = settings.otlp_metrics_s
        self._resource = {
            "service.name": "volant",
            "service.version": __version__,
            "deployment.environment.name": settings.environment,
        }
        self._meter = meter
        self._lock = threading.Lock()
        self._queue: deque[InferenceRecord] = deque()
        self._bytes = 0  # of texts in the queue
        self._since_ns = time.time_ns()
        self._metrics_at = time.monotonic() + self._metrics_every_s
        self._again_at = 0.0
        self._pause_s = PAUSE_FIRST_S
        self.dropped = self.refused = self.sent = 0

    def take(self, records: Sequence[InferenceRecord]) -> None:
        """Queue records, their texts only where those go out; the oldest make room."""
        if not self._content:
            records = [msgspec.structs.replace(one, input=b"", output=b"") for one in records]
        with self._lock:
            self._queue.extend(records)
            self._bytes += sum(_size(one) for one in records)
            while len(self._queue) > QUEUE or self._bytes > QUEUE_BYTES:
                self._bytes -= _size(self._queue.popleft())
                self.dropped += 1

    def tick(self) -> None:
        """Send what waits, unless the collector asked for a pause."""
        now = time.monotonic()
        if now < self._again_at:
            return
        while batch := self._first():
            if not self._post("/v1/traces", otlp.spans_request(batch, self._resource, content=self._content)):
                return
            self._done(batch)
        if self._metrics_every_s and now >= self._metrics_at:
            self._metrics_at = now + self._metrics_every_s
            families = self._meter.collect()
            body = otlp.metrics_request(
                families, self._resource, since_ns=self._since_ns, now_ns=time.time_ns()
            )  # fmt: skip
            self._post("/v1/metrics", body)

    def _first(self) -> list[InferenceRecord]:
        with self._lock:
            return [self._queue[at] for at in range(min(BATCH, len(self._queue)))]

    def _done(self, batch: Sequence[InferenceRecord]) -> None:
        """They may have been pushed out meanwhile: only what still stands at the front goes."""
        sent = {record.inference_id for record in batch}
        with self._lock:
            while self._queue and self._queue[0].inference_id in sent:
                self._bytes -= _size(self._queue.popleft())

    def _post(self, path: str, body: bytes) -> bool:
        """True: it was taken, or refused for good. False: again later."""
        headers = {"content-type": "application/json", "content-encoding": "gzip", **self._headers}
        request = urllib.request.Request(self._url + path, gzip.compress(body, 1), headers)
        try:
            with _OPENER.open(request, timeout=TIMEOUT_S) as answer:
                answer.read(1 << 16)
        except urllib.error.HTTPError as error:
            if error.code in RETRYABLE:
                self._rest(f"answered {error.code}", _seconds(error.headers.get("retry-after", "")))
                return False
            self.refused += 1
            log.error("the collector refused %s with %d: it is not sent again", path, error.code)
        except (OSError, http.client.HTTPException) as error:
            self._rest(f"does not answer ({type(error).__name__})", 0.0)
            return False
        else:
            self.sent += 1
            self._pause_s = PAUSE_FIRST_S
        return True

    def _rest(self, said: str, asked_s: float) -> None:
        if self._pause_s == PAUSE_FIRST_S:
            log.warning("the collector %s; inferences wait, %d at most", said, QUEUE)
        self._again_at = time.monotonic() + max(asked_s, self._pause_s)
        self._pause_s = min(self._pause_s * 2, PAUSE_LAST_S)


def _size(record: InferenceRecord) -> int:
    return len(record.input) + len(record.output)


def _headers(settings: ServerSettings, environment: Mapping[str, str]) -> dict[str, str]:
    """`name=value,name=value`, as OTEL_EXPORTER_OTLP_HEADERS has them, from the variable that the settings name."""
    if urlsplit(settings.otlp_url).scheme not in ("http", "https"):
        raise BadInput(
            "bad_otlp", "the collector's address must begin with http:// or https://", where="server.otlp_url",
            hint="write e.g. http://127.0.0.1:4318; /v1/traces and /v1/metrics are added",
        )  # fmt: skip
    said = environment.get(settings.otlp_headers_env, "") if settings.otlp_headers_env else ""
    pairs = [pair.partition("=") for pair in said.split(",") if pair.strip()]
    if any(not equals or not name.strip() or "\n" in value or "\r" in value for name, equals, value in pairs):
        raise BadInput(
            "bad_otlp", f"the variable {settings.otlp_headers_env} does not hold name=value pairs",
            where="server.otlp_headers_env", hint="write e.g. authorization=Bearer KEY, with commas between pairs",
        )  # fmt: skip
    return {name.strip(): value.strip() for name, _, value in pairs}


def _seconds(value: str) -> float:
    try:
        return max(0.0, min(float(value), 300.0))
    except ValueError:
        return 0.0
