"""Every fault of the stand-in, through the gateway: whole answers and streams are saved by another deployment.

A stream that broke after its first word cannot be: it ends with an error event. Then hedges, limits a minute and long
requests, through the real process.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from gateway_stack import KEY, Stack

from volant.core.nouns import Target, TaskSpec, VariantSpec
from volant.providers.mock.faults import AFTER_FIRST_TOKEN, FAULTS, HARMLESS, Dice, Plan

WORDS = "m7 the quick brown fox m7"


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory, servers_loop: Any) -> Iterator[Stack]:
    """One gateway for all faults: "main" fails as it is told, "spare" never."""
    stack = Stack(tmp_path_factory.mktemp("faults") / "data", servers_loop)
    for name in ("main", "spare"):
        stack.add_mock(name)
    stack.publish([_task(retries=0)], [_quick(stack, "main"), _quick(stack, "spare", priority=1)])
    stack.start()
    yield stack
    stack.close()


def _quick(stack: Stack, name: str, **more: Any) -> Target:
    limits = {"timeout_first_token_s": 0.5, "timeout_between_tokens_s": 0.4, "timeout_total_s": 8.0}
    return stack.target(name, **{**limits, **more})


def _task(*deployments: str, **more: Any) -> TaskSpec:
    return TaskSpec(
        name="help", variants=(VariantSpec(name="v1", deployments=deployments or ("main", "spare"), **more),)
    )


def _plan(stack: Stack, name: str, *kinds: str, share: float = 1.0, slow_s: float = 1.0) -> None:
    async def change() -> None:
        stack.mocks[name].dice = Dice(Plan(share=share if kinds else 0.0, kinds=kinds, slow_s=slow_s))

    stack.loop.run(change())


def _ask(stack: Stack, stream: bool, words: str = "mark=m7 chunks=4") -> tuple[int, str, str, dict[str, str]]:
    """Status, what was said, the error that ended it, headers."""
    body = {"model": "help", "messages": [{"role": "user", "content": words}], "stream": stream}
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    status, data, answered = stack.send("POST", "/v1/chat/completions", json.dumps(body).encode(), headers)
    if status != 200:
        return status, "", json.loads(data)["error"]["code"], answered
    if not stream:
        return status, json.loads(data)["choices"][0]["message"]["content"], "", answered
    events = [event[6:] for event in data.decode().split("\n\n") if event.startswith("data: ")]
    said, error = "", "no end"
    for event in events:
        if event == "[DONE]":
            error = "" if error == "no end" else error
            break
        try:
            chunk = json.loads(event)
        except ValueError:  # a client would stop here; what is to come is an error event
            continue
        if "error" in chunk:
            error = chunk["error"]["code"]
            break
        said += "".join(choice["delta"].get("content") or "" for choice in chunk["choices"])
    return status, said, error, answered


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault(faulty: Stack, fault: str, stream: bool) -> None:
    # a fresh target each time: no circuit of the last fault is open
    faulty.publish(
        [_task(retries=0)],
        [_quick(faulty, "main", model=f"{fault}-{stream}"), _quick(faulty, "spare", priority=1)],
    )
    _plan(faulty, "main", fault)
    before = faulty.mocks["main"].stats["requests"]
    status, said, error, headers = _ask(faulty, stream)
    # once; twice where a kept connection is closed at once, as if that had begun while it was idle
    assert faulty.mocks["main"].stats["requests"] - before in ((1, 2) if fault in ("closed", "reset") else (1,))
    assert status == 200
    if stream and fault in AFTER_FIRST_TOKEN:
        assert error not in ("", "no end"), "a stream that broke must say so"
        assert said
        assert WORDS.startswith(said)
    elif stream and fault == "length_too_long":  # all of it came
        assert (said, error, headers["x-volant-deployment"]) == (WORDS, "", "main")
    else:
        assert (said, error) == (WORDS, "")
        assert headers["x-volant-deployment"] == ("main" if fault in HARMLESS else "spare")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("address", ["http://no-such-provider.invalid/v1", "http://127.0.0.1:9/v1", "TLS"])
def test_faults_of_the_address(faulty: Stack, address: str, stream: bool) -> None:
    url = faulty.urls["main"].replace("http://", "https://") if address == "TLS" else address
    faulty.publish(
        [_task(retries=0)],
        [_quick(faulty, "main", base_url=url, model=f"{stream}"), _quick(faulty, "spare", priority=1)],
    )
    _plan(faulty, "main")
    status, said, error, _ = _ask(faulty, stream)
    assert (status, said, error) == (200, WORDS, "")
    codes = {call.error_code for record in faulty.records() for call in record.calls}
    assert {"http://no-such-provider.invalid/v1": "dns_failed", "TLS": "tls_failed"}.get(
        address, "connect_refused"
    ) in codes


# ---------------------------------------------------------------- hedging
@pytest.fixture
def two(stack: Stack) -> Stack:
    for name in ("main", "spare"):
        stack.add_mock(name)
    return stack


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_silent_first_is_overtaken_by_a_second(two: Stack, stream: bool) -> None:
    two.publish(
        [_task(hedge_after_ms=100.0)],
        [two.target("main", usd_per_input_token=0.01), two.target("spare", priority=1)],
    )
    two.start()
    _plan(two, "main", "slow_first_token", slow_s=60.0)
    started = time.monotonic()
    status, said, error, headers = _ask(two, stream)
    assert (status, said, error) == (200, WORDS, "")
    assert time.monotonic() - started < 30
    assert headers["x-volant-deployment"] == "spare"
    [record] = two.records(1)
    calls = {call.why: call for call in record.calls}
    assert (calls["first"].deployment, calls["first"].error_code) == ("main", "hedge_lost")
    assert (calls["hedge"].deployment, calls["hedge"].error_code) == ("spare", "")
    assert calls["first"].cost_usd > 0  # its provider has read the request
    assert record.cost_usd == pytest.approx(sum(call.cost_usd for call in record.calls))
    assert record.deployment == "spare"
    assert not record.fallback
    assert (record.status, record.error_code) == (200, "")
    assert (record.input_tokens, record.output_tokens) == (20, 6)  # of the one that answered
    end = time.monotonic() + 30
    while two.mocks["main"].connections:  # nobody waits there any more
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_first_that_cannot_even_be_connected_to_is_not_waited_for(two: Stack, stream: bool) -> None:
    silent = socket.socket()  # its queue is full: the kernel answers nobody
    silent.bind(("127.0.0.1", 0))
    silent.listen(0)
    fillers = [socket.socket() for _ in range(4)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(silent.getsockname())
    try:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        two.publish([_task(hedge_after_ms=100.0)], [two.target("main", base_url=url), two.target("spare", priority=1)])
        two.start()
        started = time.monotonic()
        status, said, error, headers = _ask(two, stream)
        assert (status, said, error, headers["x-volant-deployment"]) == (200, WORDS, "", "spare")
        assert time.monotonic() - started < 30
        [record] = two.records(1)
        assert [(call.deployment, call.why) for call in record.calls] == [("spare", "hedge")]  # main was asked nothing
    finally:
        for one in (*fillers, silent):
            one.close()


def test_a_quick_first_is_not_hedged(two: Stack) -> None:
    two.publish([_task(hedge_after_ms=2000.0)], [two.target("main"), two.target("spare", priority=1)])
    two.start()
    for stream in (False, True):
        assert _ask(two, stream)[1:3] == (WORDS, "")
    assert two.mocks["spare"].stats["requests"] == 0
    assert all(record.calls[0].why == "first" and len(record.calls) == 1 for record in two.records(2))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_the_first_may_win_after_all(two: Stack, stream: bool) -> None:
    two.publish([_task(hedge_after_ms=200.0)], [two.target("main"), two.target("spare", priority=1)])
    two.start()
    _plan(two, "main", "slow_first_token")  # after a second
    _plan(two, "spare", "stall_after_head")
    status, said, error, headers = _ask(two, stream)
    assert (status, said, error, headers["x-volant-deployment"]) == (200, WORDS, "", "main")
    [record] = two.records(1)
    assert {call.why: call.error_code for call in record.calls} == {"first": "", "hedge": "hedge_lost"}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_when_both_fail_the_next_is_asked(two: Stack, stream: bool) -> None:
    two.add_mock("third")
    targets = [_quick(two, "main"), _quick(two, "spare", priority=1), _quick(two, "third")]
    two.publish([_task(hedge_after_ms=100.0, fallbacks=("third",), retries=0)], targets)
    two.start()
    _plan(two, "main", "slow_first_token")
    _plan(two, "spare", "server_error")
    status, said, error, headers = _ask(two, stream)
    assert (status, said, error, headers["x-volant-deployment"]) == (200, WORDS, "", "third")
    [record] = two.records(1)
    assert [call.why for call in record.calls] == ["hedge", "first", "fallback"]


def test_hedges_are_a_tenth_of_the_requests_at_most(two: Stack) -> None:
    two.publish([_task(hedge_after_ms=20.0)], [two.target("main"), two.target("spare", priority=1)])
    two.start()
    for _ in range(30):
        assert _ask(two, False, "mark=m7 chunks=4 ttft_ms=40")[1] == WORDS
    assert 1 <= two.mocks["spare"].stats["requests"] <= 4


# ---------------------------------------------------------------- limits and windows of deployments
def test_a_deployment_is_not_asked_beyond_its_limit_a_minute(two: Stack) -> None:
    two.publish([_task()], [two.target("main", requests_per_minute=3), two.target("spare", priority=1)])
    two.start()
    places = [_ask(two, False)[3]["x-volant-deployment"] for _ in range(5)]
    assert places == ["main"] * 3 + ["spare"] * 2


def test_when_all_minutes_are_used_up_it_is_said(two: Stack) -> None:
    two.publish([_task("main")], [two.target("main", requests_per_minute=1)])
    two.start()
    assert _ask(two, False)[0] == 200
    status, _, code, headers = _ask(two, False)
    assert (status, code) == (429, "deployments_limited")
    assert 0 < int(headers["retry-after"]) <= 70


def test_tokens_are_corrected_by_what_was_used(two: Stack) -> None:
    two.publish([_task()], [two.target("main", tokens_per_minute=100), two.target("spare", priority=1)])
    two.start()
    places = [_ask(two, False)[3]["x-volant-deployment"] for _ in range(5)]  # 26 tokens each, by the stand-in's count
    assert places == ["main"] * 3 + ["spare"] * 2


def test_a_long_request_goes_where_it_fits(two: Stack) -> None:
    task_ = _task("main", context_fallbacks=("spare",))
    two.publish([task_], [two.target("main", context_tokens=500), two.target("spare")])
    two.start()
    assert _ask(two, False)[3]["x-volant-deployment"] == "main"
    assert _ask(two, False, "mark=m7 chunks=4 " + "word " * 1000)[3]["x-volant-deployment"] == "spare"
    assert [record.calls[0].why for record in two.records(2)] == ["first", "context"]


def test_all_attempts_share_one_time(two: Stack) -> None:
    limits = {"timeout_first_token_s": 1.2, "timeout_total_s": 2.0}
    names = ("main", "spare", "third")
    two.add_mock("third")
    two.publish([_task(*names, retries=0)], [two.target(name, **limits) for name in names])
    two.start()
    for name in names:
        _plan(two, name, "stall_after_head")
    started = time.monotonic()
    status, _, code, _ = _ask(two, False)
    assert (status, code) == (502, "upstream_failed")
    assert time.monotonic() - started < 30
    [record] = two.records(1)
    assert len(record.calls) == 2
