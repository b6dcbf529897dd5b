"""Operations: what is asked of a provider that moderates or counts, and what its answer means."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest

from volant.checks.finding import Finding
from volant.core.errors import BadInput, UpstreamFailed
from volant.core.nouns import Snapshot, Target, VariantSpec
from volant.gateway import body, counting, doors, moderating, operations
from volant.gateway.plan import Place, VariantPlan, compile_plans


def _place(provider: str) -> Place:
    target = Target(name="d", provider=provider, model="the-model", base_url="", api_key="k")
    snapshot = Snapshot(revision=1, config_hash="", routes={}, targets={"p": {"d": target}}, keys={}, subject_keys={})
    place = compile_plans(snapshot, {}).places["p"]["d"]
    assert not place.problem
    return place


def _variant(**parameters: Any) -> VariantPlan:
    return VariantPlan(
        spec=VariantSpec(name="v", deployments=()),
        defaults={name: msgspec.Raw(json.dumps(value).encode()) for name, value in parameters.items()},
        system=b"",
        deployments=(),
        fallbacks=(),
        header=b"",
        dearest=(0.0, 0.0),
        max_tokens=0,
    )


def _asked(path: str, wire: Any) -> body.Asked:
    entrance = doors.find(path.encode(), [])
    assert entrance is not None
    return body.parse(json.dumps(wire).encode(), entrance=entrance)


def test_a_provider_that_moderates_is_asked_as_the_caller_asked() -> None:
    asked = _asked("/v1/moderations", {"model": "task", "input": ["a"], "volant": {"tags": {}}})
    place = _place("openai")
    way = place.way(asked.entrance.kind)
    assert way is not None
    assert b"POST /v1/moderations HTTP/1.1" in way.endpoint.head
    ((rendered, _),), relays, dropped = operations.request_for(asked, _variant(), place, way)
    assert json.loads(rendered) == {"model": "the-model", "input": ["a"]}
    assert (relays, dropped) == (True, ())
    reading = operations.read(way, b'{"results":[{"flagged":true},{"flagged":false}]}')
    assert (reading.content, reading.counted, reading.input_tokens) == ("1 of 2 flagged", True, 0)
    with pytest.raises(UpstreamFailed):
        operations.read(way, b'{"results":[7]}')


@pytest.mark.parametrize("given", [None, 7, [], [1], [{"type": "image_url", "image_url": {"url": "x"}}]])
def test_what_our_checks_cannot_read_is_refused(given: Any) -> None:
    with pytest.raises(BadInput):
        moderating.inputs_of(_asked("/v1/moderations", {"input": given}))


def test_parts_are_one_text() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert moderating.inputs_of(_asked("/v1/moderations", {"input": parts})) == ["a\nb"]


async def _find(check: str, options: dict[str, Any], texts: list[str]) -> list[list[Finding]]:
    kinds = {"toxicity": "THREAT", "injection": "ROLE_OVERRIDE"}
    return [
        [
            Finding(check=check, kind=kinds[check], start=0, end=1, score=0.4, label=""),
            Finding(check=check, kind=kinds[check], start=2, end=3, score=0.6, label=""),
        ]
        if check in kinds and text
        else []
        for text in texts
    ]


def test_the_surest_finding_scores_and_signs_of_an_injection_add_up() -> None:

    first, second = asyncio.run(moderating.scores_of(_find, ["x", ""]))
    assert first == {"harassment/threatening": 0.6, "prompt_injection": pytest.approx(0.76)}
    assert max(second.values()) == 0
    said = json.loads(moderating.answer_of([first, second]))
    assert [one["flagged"] for one in said["results"]] == [True, False]
    assert said["results"][0]["categories"]["harassment/threatening"]
    assert set(said["results"][0]["categories"]) == set(said["results"][0]["category_scores"])


def test_counting_leaves_out_what_is_not_counted() -> None:
    wire = {"model": "t", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "stop_sequences": ["x"]}
    asked = _asked("/v1/messages/count_tokens", wire)
    place = _place("google")
    way = place.way(asked.entrance.kind)
    assert way is not None
    assert b"/models/the-model:countTokens" in way.endpoint.head
    rendered, _ = counting.request_for(asked, _variant(), place, way)
    said = json.loads(rendered)["generateContentRequest"]
    assert said["model"] == "models/the-model"
    assert said["contents"] == [{"role": "user", "parts": [{"text": "hi"}]}]
    assert counting.read(b'{"totalTokens": 12}').content == "12"
    for broken in (b"", b"[]", b"{}", b'{"input_tokens": "many"}'):
        with pytest.raises(UpstreamFailed):
            counting.read(broken)


def test_a_variants_dimensions_count_where_the_caller_says_none() -> None:
    place = _place("google")
    asked = _asked("/v1/embeddings", {"model": "t", "input": "hi"})
    way = place.way(asked.entrance.kind)
    assert way is not None
    ((rendered, _),), relays, _ = operations.request_for(asked, _variant(dimensions=8), place, way)
    assert not relays
    assert json.loads(rendered)["requests"][0]["outputDimensionality"] == 8
