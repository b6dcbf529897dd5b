"""What happens when upstreams fail: the next one answers within the request, and a broken one rests."""

from __future__ import annotations

import json
import time
from typing import Any

import openai
import pytest
from gateway_stack import HELLO, KEY, Stack, task

from volant.core.nouns import Split, VariantSpec
from volant.gateway.balance import FAILURES_TO_OPEN


@pytest.fixture
def stack(stack: Stack) -> Stack:
    stack.add_mock("main")
    stack.add_mock("spare", model="spare-model")
    stack.publish([task("help", ["main"], fallbacks=["spare"])], [stack.target("main"), stack.target("spare")])
    stack.start()
    return stack


def _say(words: str) -> dict[str, object]:
    return {"model": "help", "messages": [{"role": "user", "content": words}]}


def test_a_killed_engine_is_bridged_within_the_request(stack: Stack) -> None:
    assert stack.chat(HELLO)[0] == 200
    stack.kill_mock("main")
    started = time.monotonic()
    for _ in range(8):
        status, answer, headers = stack.chat(HELLO)
        assert (status, answer["model"], headers["x-volant-deployment"]) == (200, "spare-model", "spare")
        assert headers["x-volant-fallback"] == "true"
    assert time.monotonic() - started < 60
    records = stack.records(9)
    assert [record.fallback for record in records] == [False] + [True] * 8
    assert all(record.status == 200 and not record.error_code for record in records)
    assert [call.deployment for call in records[1].calls] == ["main", "spare"]
    assert records[1].calls[0].error_code in ("connect_refused", "reset", "closed")
    assert 1 in [len(record.calls) for record in records[1:]], "the circuit is open: main is not asked"


def test_an_engine_that_comes_back_is_found_by_a_probe(stack: Stack) -> None:
    port = int(stack.urls["main"].rpartition(":")[2].removesuffix("/v1"))
    stack.kill_mock("main")
    for _ in range(FAILURES_TO_OPEN + 1):
        stack.chat(HELLO)
    stack.loop.run(stack.mocks["main"].start(port=port))
    end = time.monotonic() + 60
    while stack.chat(HELLO)[2]["x-volant-deployment"] == "spare":
        assert time.monotonic() < end, "the probe never came"
        time.sleep(0.2)
    healed = stack.chat(HELLO)[2]
    assert healed["x-volant-deployment"] == "main"
    assert "x-volant-fallback" not in healed


@pytest.mark.parametrize("code", [500, 503, 429, 401, 404])
def test_what_an_upstream_says_about_itself_sends_the_request_on(stack: Stack, code: int) -> None:
    stack.mocks["main"].key = b"other" if code == 401 else b""
    words = "chunks=2" if code == 401 else f"fail={code}"
    if code == 401:
        status, answer, _ = stack.chat(_say(words))
        assert (status, answer["model"]) == (200, "spare-model")
    else:
        status, error, _ = stack.chat(_say(words))  # the spare one fails as asked, too
        assert status == {429: 429, 503: 503}.get(code, 502)
        assert f"main: upstream_{code}" in error["error"]["message"]
        assert f"spare: upstream_{code}" in error["error"]["message"]
    [record] = stack.records(1)
    once = {401: [401, 200], 404: [404, 404]}
    assert [call.status for call in record.calls] == once.get(code, [code] * 4)
    if code not in (401, 404):  # each once more: nobody else is left
        assert [call.deployment for call in record.calls[-2:]] in (["main", "spare"], ["spare", "main"], ["spare"] * 2)
        assert [call.why for call in record.calls].count("retry") == 2


_DOORS: dict[str, tuple[str, dict[str, Any], int, dict[str, str]]] = {  # path, what is beside the words, answer
    "openai": ("/v1/chat/completions", {}, 503, {"code": "upstream_overloaded"}),
    "anthropic": ("/v1/messages", {"max_tokens": 9}, 529, {"type": "overloaded_error"}),
    "gemini": ("/v1beta/models/help:generateContent", {}, 503, {"status": "UNAVAILABLE"}),
}


@pytest.mark.parametrize("code", [503, 529])
@pytest.mark.parametrize("door", _DOORS)
def test_overload_is_told_as_each_sdk_knows_it(stack: Stack, door: str, code: int) -> None:
    path, more, wanted, said = _DOORS[door]
    body = _say(f"fail={code}") | more
    if door == "gemini":
        body = {"contents": [{"parts": [{"text": f"fail={code}"}]}]}
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    status, data, answered = stack.send("POST", path, json.dumps(body).encode(), headers)
    assert status == wanted, data
    error = json.loads(data)["error"]
    assert said.items() <= error.items()
    assert f"main: upstream_{code}" in error["message"]
    assert int(answered["retry-after"]) >= 1
    assert answered["x-should-retry"] == "true"
    [record] = stack.records(1)
    assert (record.status, record.error_code) == (503, "upstream_overloaded")


def test_one_overloaded_deployment_of_two_is_no_overload(stack: Stack) -> None:
    stack.kill_mock("spare")
    status, error, _ = stack.chat(_say("fail=503"))
    assert (status, error["error"]["code"]) == (502, "upstream_failed")


def test_a_wrong_request_is_not_sent_to_everybody(stack: Stack) -> None:
    status, error, _ = stack.chat(_say("fail=422"))
    assert (status, error["error"]["message"]) == (422, "failed as asked")
    assert stack.mocks["spare"].stats["requests"] == 0


def test_when_nobody_answers_the_error_names_everybody(stack: Stack) -> None:
    stack.kill_mock("main")
    stack.kill_mock("spare")
    with pytest.raises(openai.InternalServerError, match=r"main: .*spare: ") as caught:
        stack.client().chat.completions.create(**HELLO)
    assert caught.value.status_code == 502
    assert caught.value.response.headers["x-should-retry"] == "true"
    [record] = stack.records(1)
    assert (record.status, record.error_code, record.fallback) == (502, "upstream_failed", False)


def test_an_answer_cut_in_half_is_no_answer(stack: Stack) -> None:
    status, _, _ = stack.chat(_say("cut=1"))
    assert status == 502
    [record] = stack.records(1)
    assert [call.error_code for call in record.calls] == ["closed"] * 4


def test_a_connection_closed_while_idle_costs_nobody_anything(stack: Stack) -> None:
    for _ in range(5):
        assert stack.chat(HELLO)[0] == 200
        for connection in list(stack.mocks["main"].connections):
            stack.loop.loop.call_soon_threadsafe(connection.abort)
    assert [record.fallback for record in stack.records(5)] == [False] * 5
    assert {len(record.calls) for record in stack.records(5)} == {1}


def test_load_is_spread_over_deployments(stack: Stack) -> None:
    stack.publish([task("help", ["main", "spare"])], [stack.target("main"), stack.target("spare")])
    for _ in range(60):
        assert stack.chat(HELLO)[0] == 200
    shares = [stack.mocks[name].stats["requests"] for name in ("main", "spare")]
    assert sum(shares) == 60
    assert min(shares) >= 10


def test_a_failed_canary_is_bridged_by_the_live_variant_and_counted(stack: Stack) -> None:
    candidate = VariantSpec(name="v2", deployments=("broken",))
    tasks = [task("help", ["main"], fallbacks=["spare"], further=(candidate,))]
    targets = [stack.target("main"), stack.target("spare"), stack.target("broken", base_url="http://127.0.0.1:9/v1")]
    split = Split(rollout_id="rol_1", candidate="v2", share=1.0, mode="canary", salt="s", step=2)
    stack.publish(tasks, targets, splits={"help": split})
    status, answer, headers = stack.chat(HELLO)
    assert (status, answer["model"], headers["x-volant-variant"]) == (200, "mock-model", "v2")
    [record] = stack.records(1)
    assert (record.arm, record.variant, record.deployment) == ("canary", "v2", "main")
    assert (record.fallback, record.canary_failed, record.rollout_id, record.step) == (True, True, "rol_1", 2)


def test_a_canary_with_empty_answers_is_counted_as_failed(stack: Stack) -> None:
    stack.add_mock("candidate", answer="   ")
    candidate = VariantSpec(name="v2", deployments=("candidate",))
    split = Split(rollout_id="rol_1", candidate="v2", share=1.0, mode="canary", salt="s")
    stack.publish(
        [task("help", ["main"], further=(candidate,))],
        [stack.target("main"), stack.target("candidate")],
        splits={"help": split},
    )
    assert stack.chat(HELLO)[0] == 200
    [record] = stack.records(1)
    assert (record.status, record.error_code, record.canary_failed) == (200, "invalid_output", True)
    assert record.fallback is False


def test_a_deployment_without_an_address_does_not_spoil_the_task(stack: Stack) -> None:
    stack.publish(
        [task("help", ["engine"], fallbacks=["spare"]), task("alone", ["engine"])],
        [stack.target("spare"), stack.target("engine", provider="local", base_url="")],
    )
    assert stack.chat(HELLO)[1]["model"] == "spare-model"
    status, error, _ = stack.chat({**HELLO, "model": "alone"})
    assert (status, error["error"]["code"]) == (503, "no_deployment")
    assert "no address yet" in error["error"]["message"]
    assert [record.status for record in stack.records(2)] == [200, 503]
