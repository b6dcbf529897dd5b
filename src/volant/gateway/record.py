"""Record: what the gateway remembers of an inference, appended to the spool before the caller has its last byte.

Knows the record and the spool; does not know who drains it. A full disk: serve and count what is unrecorded, or refuse,
as the policy says.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from time import perf_counter
from typing import Literal, Protocol

import msgspec

from volant.core.errors import StorageFull
from volant.core.nouns import InferenceRecord
from volant.gateway import body, edge
from volant.gateway.attempt import Outcome
from volant.gateway.inference import Inference, record_of, status_of
from volant.gateway.keyless import without
from volant.gateway.redaction import Flag, Redact, redact_payload, texts_of
from volant.gateway.translation import recorded_input
from volant.gateway.validity import fault_of

_ENCODER = msgspec.msgpack.Encoder()
_LOOK_AGAIN_S = 1.0
_MOST_SAID = 4096  # characters of a provider's error that are kept


def _said_instead(outcome: Outcome) -> bytes:
    """What the last provider said in place of an answer, e.g. an unknown model: without our key, and cut."""
    exchange, leg = outcome.exchange, outcome.leg
    if outcome.failure is None or exchange is None or leg is None or exchange.status < 400 or not exchange.body:
        return b""
    target = leg.place.target
    told = (target.api_key, *(word for value in target.headers.values() for word in value.split() if len(word) >= 16))
    words = without(told, exchange.body, _MOST_SAID)
    try:
        said = msgspec.json.decode(words)
    except (msgspec.DecodeError, RecursionError):
        said = words
    return msgspec.json.encode({"error": {"deployment": target.name, "status": exchange.status, "said": said}})


class Appender(Protocol):
    """A spool."""

    def append(self, record: bytes) -> None: ...


class Recorder:
    """Appends records; counts those that could not be."""

    def __init__(
        self,
        spool: Appender,
        redact: Redact | None,
        flag: Flag | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        say: Callable[[InferenceRecord], None] | None = None,
    ) -> None:
        """`say` hears of every record (a log line).

        Without `redact`, tasks that ask for redaction keep no payload at all. `flag` runs a task's guardrails."""
        self._spool = spool
        self._redact = redact
        self._flag = flag
        self._monotonic = monotonic
        self._say = say
        self._full_until = 0.0
        self.recorded = 0
        self.unrecorded = 0

    def is_full(self) -> bool:
        """The disk was full a moment ago: a policy that refuses can refuse before it spends money."""
        return self._monotonic() < self._full_until

    async def remember(
        self, inference: Inference, outcome: Outcome, started: float, on_full_disk: Literal["serve", "refuse"]
    ) -> None:
        """Record what came of it. `started` is perf_counter() at its start.

        Where that fails here, the record says so, without texts, and so does the outcome: what was paid for is counted.
        Raises StorageFull under "refuse" when the record could not be written.
        """
        latency_ms = (perf_counter() - started) * 1000
        try:
            record = await self._record(inference, outcome, latency_ms)
        except Exception:  # noqa: BLE001  # the edge of what is paid for
            failure = outcome.failure = edge.mistake(f"the record of {inference.inference_id}")
            record = record_of(
                inference,
                outcome,
                status=failure.status,
                error_code=failure.code,
                fault="",
                latency_ms=latency_ms,
                input_json=b"",
                output_json=b"",
            )
        self.append(record, on_full_disk)

    async def _record(self, inference: Inference, outcome: Outcome, latency_ms: float) -> InferenceRecord:
        status, error_code = status_of(outcome)
        fault = ""
        if 200 <= status < 300 and not error_code:
            json = inference.asked.entrance.operation == "chat" and (
                inference.expects_json or body.asks_json(inference.asked, inference.variant)
            )
            fault = fault_of(outcome.reading, json=json)
        task = inference.plan.task
        findings: list[str] = []
        if task.guardrails and self._flag is not None:
            findings = await self._flag(task.guardrails, texts_of(inference.asked.raw))
        asked = answer = b""
        if task.record_payload:
            spoken = outcome.leg.variant if outcome.leg is not None else inference.variant
            asked = recorded_input(inference.asked, spoken, inference.recorded)
            answer = (outcome.reading.output if outcome.reading is not None else b"") or _said_instead(outcome)
            if task.redact:
                asked, answer = await self._redacted(asked), await self._redacted(answer)
        return record_of(
            inference,
            outcome,
            status=status,
            error_code=error_code,
            fault=fault,
            latency_ms=latency_ms,
            input_json=asked,
            output_json=answer,
            findings=tuple(findings),
        )

    async def _redacted(self, payload: bytes) -> bytes:
        return await redact_payload(payload, self._redact) if self._redact is not None else b""

    def append(self, record: InferenceRecord, on_full_disk: Literal["serve", "refuse"]) -> None:
        """Raises StorageFull under "refuse" when the record could not be written."""
        if self._say is not None:
            self._say(record)
        try:
            self._spool.append(_ENCODER.encode(record))
        except StorageFull:
            self._full_until = self._monotonic() + _LOOK_AGAIN_S
            if on_full_disk == "refuse":
                raise
            self.unrecorded += 1
        else:
            self.recorded += 1
