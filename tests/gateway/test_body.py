"""Body: what goes upstream is the caller's JSON but for the few things that are ours."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volant.core.capabilities import Capabilities
from volant.core.errors import BadInput
from volant.core.nouns import Target, VariantSpec
from volant.gateway import body, chat, doors
from volant.gateway.balance import Health
from volant.gateway.plan import Place, VariantPlan, compile_plans, header_line
from volant.providers.http import Timeouts

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OURS = {"model", "messages", "stream", "stream_options", "volant", "max_tokens", "max_completion_tokens", "n"}


def _place(*, stream_usage: bool = True) -> Place:
    return Place(
        target=Target(name="d", provider="mock", model="m", base_url=""),
        endpoint=None,
        problem="",
        stream_usage=stream_usage,
        model_json=msgspec.Raw(b'"the-model"'),
        timeouts=Timeouts(),
        health=Health(),
        header=b"",
    )


def _variant(system: str = "", **parameters: Any) -> VariantPlan:
    return VariantPlan(
        spec=VariantSpec(name="v", deployments=()),
        defaults={name: msgspec.Raw(json.dumps(value).encode()) for name, value in parameters.items()},
        system=json.dumps({"role": "system", "content": system}).encode() if system else b"",
        deployments=(),
        fallbacks=(),
        header=b"",
        dearest=(0.0, 0.0),
        max_tokens=parameters.get("max_tokens", 0),
    )


@given(st.dictionaries(st.text().filter(lambda name: name not in OURS), JSON, max_size=6), st.lists(JSON, max_size=3))
def test_everything_else_goes_through_unchanged(fields: dict[str, Any], messages: list[Any]) -> None:
    sent = {**fields, "model": "task", "messages": messages, "volant": {"tags": {"a": "b"}}}
    raw = json.dumps(sent, ensure_ascii=True).encode()
    asked = body.parse(raw)
    upstream = json.loads(body.render(asked, _variant(), _place()))
    assert upstream == {**fields, "model": "the-model", "messages": messages}
    assert json.loads(body.recorded_input(asked)) == {**fields, "model": "task", "messages": messages}


@pytest.mark.parametrize("messages", ["[]", "[ ]", '[{"role":"user"}]', ' [\n{"role":"user"} , {"role":"x"}]'])
def test_the_system_message_is_put_first(messages: str) -> None:
    asked = body.parse(b'{"model":"t","messages":' + messages.encode() + b"}")
    upstream = json.loads(body.render(asked, _variant("Be brief."), _place()))
    assert upstream["messages"] == [{"role": "system", "content": "Be brief."}, *json.loads(messages)]


@pytest.mark.parametrize(
    ("options", "stream_usage", "expected"),
    [
        (None, True, {"include_usage": True}),
        ({"include_usage": True, "x": 1}, True, {"include_usage": True, "x": 1}),
        ({"include_usage": False, "x": 1}, True, {"include_usage": True, "x": 1}),
        (None, False, None),
    ],
)
def test_usage_is_asked_for_where_the_provider_knows_it(options: Any, stream_usage: bool, expected: Any) -> None:
    sent = {"model": "t", "messages": [], "stream": True} | ({"stream_options": options} if options else {})
    asked = body.parse(json.dumps(sent).encode())
    upstream = json.loads(body.render(asked, _variant(), _place(stream_usage=stream_usage)))
    assert upstream.get("stream_options") == expected
    whole = json.loads(body.render(asked, _variant(), _place(), stream=False))
    assert "stream" not in whole
    assert "stream_options" not in whole


def test_parameters_fill_in_and_never_overrule() -> None:
    variant = _variant(temperature=0, max_tokens=24, seed=7)
    asked = body.parse(b'{"model":"t","messages":[],"temperature":1.5,"max_completion_tokens":9}')
    upstream = json.loads(body.render(asked, variant, _place()))
    assert upstream == {"model": "the-model", "messages": [], "temperature": 1.5, "max_tokens": 9, "seed": 7}


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("said", ["max_tokens", "max_completion_tokens"])
def test_the_limit_of_output_has_its_providers_name(said: str, field: str) -> None:
    asked = body.parse(json.dumps({"model": "t", "messages": [], said: 9}).encode())
    place = replace(_place(), capabilities=Capabilities(limit_field=field))
    upstream = json.loads(body.render(asked, _variant(), place))
    assert upstream == {"model": "the-model", "messages": [], field: 9}


@pytest.mark.parametrize(
    ("fields", "limit"),
    [
        ({}, 24),
        ({"max_tokens": 5}, 5),
        ({"max_completion_tokens": 6, "n": 3}, 18),
        ({"n": 2}, 48),
        ({"max_tokens": 1, "max_completion_tokens": 5000}, 5000),  # a place may go by either
        ({"max_tokens": 5000.0}, 5000),
        ({"max_tokens": -1}, 4096),  # to some servers that is no limit
        ({"max_tokens": 10**400}, 2**53),
        ({"max_tokens": 7, "n": -5}, 7),
    ],
)
def test_the_most_tokens_an_answer_may_take(fields: dict[str, Any], limit: int) -> None:
    asked = body.parse(json.dumps({"model": "t", "messages": [], **fields}).encode())
    assert body.output_limit(asked, _variant(max_tokens=24), 4096) == limit


@pytest.mark.parametrize(
    ("path", "fields", "limit"),
    [
        ("/v1/completions", {"prompt": "a", "max_tokens": -100_000}, 4096),
        ("/v1/completions", {"prompt": ["a", "b"], "max_tokens": 10, "best_of": 4}, 80),
        ("/v1/responses", {"input": "a", "max_output_tokens": -100_000}, 4096),
        ("/v1/messages", {"messages": [], "max_tokens": -100_000}, 4096),
        (
            "/v1beta/models/t:generateContent",
            {"contents": [], "generationConfig": {"maxOutputTokens": 100, "candidateCount": -5}},
            100,
        ),
    ],
)
def test_no_dialect_can_reserve_less_than_nothing(path: str, fields: dict[str, Any], limit: int) -> None:
    entrance = doors.find(path.encode(), [])
    assert entrance is not None
    asked = body.parse(json.dumps({"model": "t", **fields}).encode(), entrance=entrance)
    assert body.output_limit(asked, _variant(max_tokens=24), 4096) == limit


def test_a_variants_number_of_answers_counts() -> None:
    asked = body.parse(b'{"model":"t","messages":[],"max_tokens":5}')
    assert body.output_limit(asked, _variant(n=3), 4096) == 15


def test_without_any_limit_the_default_counts() -> None:
    assert body.output_limit(body.parse(b'{"model":"t","messages":[]}'), _variant(), 4096) == 4096


@given(st.binary(max_size=80))
def test_arbitrary_bytes_are_refused_or_read(raw: bytes) -> None:
    try:
        asked = body.parse(raw)
    except BadInput:
        return
    assert isinstance(json.loads(raw)["messages"], list)
    assert isinstance(asked.model, str)


@given(st.text())
def test_a_header_line_is_one_line_of_ascii(value: str) -> None:
    value = value.encode("utf-8", "replace").decode()
    line = header_line("x-volant-variant", value)
    assert line.startswith(b"x-volant-variant: ")
    assert line.endswith(b"\r\n")
    assert line.count(b"\r") == line.count(b"\n") == 1
    assert line.isascii()


def test_compiling_keeps_the_healths_of_places_that_stay() -> None:
    from volant.core.nouns import Route, Snapshot, TaskSpec

    def snapshot(*names: str) -> Snapshot:
        spec = TaskSpec(name="t", variants=(VariantSpec(name="v", deployments=names),))
        targets = {n: Target(name=n, provider="mock", model="m", base_url="http://127.0.0.1:1/v1") for n in names}
        return Snapshot(
            revision=1, config_hash="", routes={"p": {"t": Route(task=spec, live="v")}}, targets={"p": targets},
            keys={}, subject_keys={},
        )  # fmt: skip

    healths: dict[tuple[str, ...], Health] = {}
    first = compile_plans(snapshot("a", "b"), healths).tasks["p"]["t"].live.deployments
    second = compile_plans(snapshot("b", "c"), healths).tasks["p"]["t"].live.deployments
    assert second[0].health is first[1].health
    assert len(healths) == 2


def test_an_answer_in_the_background_is_refused() -> None:
    entrance = doors.find(b"/v1/responses", [])
    assert entrance is not None
    with pytest.raises(BadInput, match="background") as caught:
        body.parse(b'{"model":"m","input":"x","background":true}', entrance=entrance)
    assert (caught.value.code, caught.value.where) == ("not_supported", "background")
    assert body.parse(b'{"model":"m","input":"x","background":false}', entrance=entrance).model == "m"


@pytest.mark.parametrize("said", ['"max_tokens":"100000"', '"max_tokens":10,"n":"8"', '"max_completion_tokens":[9]'])
def test_a_limit_in_quotes_passes_no_ceiling(said: str) -> None:
    """Some servers take it for a number."""
    asked = body.parse(b'{"model":"t","messages":[],%b}' % said.encode())
    with pytest.raises(BadInput, match="must be a number"):
        body.output_limit(asked, _variant(), 4096)


@pytest.mark.anyio
async def test_a_long_body_keeps_nobody_waiting_while_its_names_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[bool] = []
    monkeypatch.setattr(body, "refuse_twins", lambda raw: threads.append(threading.current_thread() is here))
    here = threading.current_thread()
    for raw in (b"{}", b'{"a":[' + b'{"b":1},' * 100_000 + b"1]}"):
        await chat._refuse_twins(raw)
    assert threads == [True, False]
