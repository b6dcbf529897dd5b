"""Inferences to try the traces with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from volant.core.ids import new_id, new_span_id, new_trace_id
from volant.core.nouns import InferenceRecord, ModelCall

Make = Callable[..., InferenceRecord]
START_MS = 1_700_000_040_000  # a whole minute


@pytest.fixture
def make() -> Make:
    """Builds an inference record; every field may be given."""

    def build(**given: Any) -> InferenceRecord:
        identifier = given.pop("inference_id", "") or new_id("inference")
        values: dict[str, Any] = {
            "inference_id": identifier,
            "project": "default",
            "key_id": "key_1",
            "trace_id": new_trace_id(),
            "span_id": new_span_id(),
            "task": "intent",
            "variant": "first",
            "deployment": "small",
            "model": "small",
            "started_ms": START_MS,
            "latency_ms": 12.5,
            "ttft_ms": 3.0,
            "status": 200,
            "input_tokens": 10,
            "output_tokens": 4,
            "cost_usd": 0.001,
            "calls": (
                ModelCall(
                    call_id=new_id("model_call"),
                    span_id=new_span_id(),
                    deployment="small",
                    model="small",
                    started_ms=START_MS,
                    latency_ms=12.0,
                    status=200,
                    provider_response_id=f"chatcmpl-{identifier}",
                ),
            ),
            "input": b'{"messages": [{"role": "user", "content": "where is my card?"}]}',
            "output": b'{"choices": [{"message": {"content": "{\\"intent\\": \\"card\\"}"}}]}',
        }
        return InferenceRecord(**(values | given))

    return build
