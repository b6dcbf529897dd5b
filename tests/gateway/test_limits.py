"""Limits and budgets through the real process, with a control that grants from one purse."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest
from gateway_stack import BUDGET, HELLO, KEY, LIMITED, Stack, eventually, task


@pytest.fixture
def stack(stack: Stack) -> Stack:
    stack.add_mock("main")
    target = stack.target("main", usd_per_input_token=0.0, usd_per_output_token=0.001)
    stack.publish([task("help", ["main"])], [target])
    stack.start()
    return stack


def test_requests_a_minute(stack: Stack) -> None:
    stack.control.requests_left = 7
    statuses = [stack.chat(HELLO, key=LIMITED)[0] for _ in range(10)]
    assert statuses == [200] * 7 + [429] * 3
    with pytest.raises(openai.RateLimitError, match="60 requests a minute") as caught:
        stack.client(LIMITED).chat.completions.create(**HELLO)
    headers = caught.value.response.headers
    assert int(headers["retry-after"]) >= 1
    assert int(headers["retry-after-ms"]) >= 500
    assert headers["x-should-retry"] == "true"
    assert stack.mocks["main"].stats["requests"] == 7
    assert stack.chat(HELLO, key=KEY)[0] == 200  # another key is not concerned


def test_an_answer_says_what_is_left(stack: Stack) -> None:
    stack.control.requests_left = 100
    headers = stack.chat(HELLO, key=LIMITED)[2]
    assert headers["x-ratelimit-limit-requests"] == "60"
    assert 0 <= int(headers["x-ratelimit-remaining-requests"]) <= 10


def test_a_budget_is_never_passed_under_concurrency(stack: Stack) -> None:
    """A request reserves 8 tokens (0.008 $) and takes 4 (0.004 $); 0.1 $ pay for 25 at most."""
    stack.control.budget_usd = 0.1
    stack.control.lease_delay_s = 0.02
    body = {**HELLO, "max_tokens": 8, "messages": [{"role": "user", "content": "chunks=4 ttft_ms=20"}]}
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: stack.chat(body, key=BUDGET)[0], range(80)))
    spent = statuses.count(200) * 0.004
    assert set(statuses) == {200, 429}
    assert spent <= 0.1 + 1e-9
    assert spent >= 0.05  # and it was not refused for nothing
    assert stack.mocks["main"].stats["requests"] == statuses.count(200)
    eventually(lambda: abs(stack.control.settled["usd"] - spent) < 1e-9, "not all was settled")
    assert stack.control.settled["tokens"] == statuses.count(200) * 24


def test_a_budget_that_is_spent_says_so(stack: Stack) -> None:
    stack.control.budget_usd = 0.001
    status, error, _ = stack.chat(HELLO, key=BUDGET)
    assert (status, error["error"]["code"]) == (429, "budget_exhausted")
    assert "$1 a day" in error["error"]["message"]


def test_without_control_a_lease_is_spent_and_then_a_budget_stands_still(stack: Stack) -> None:
    stack.control.budget_usd = 100.0
    body = {**HELLO, "max_tokens": 4}
    assert stack.chat(body, key=BUDGET)[0] == 200
    stack.loop.run(stack.control.stop())
    statuses = [stack.chat(body, key=BUDGET)[0] for _ in range(40)]
    served = statuses.count(200)
    assert statuses == [200] * served + [503] * (40 - served)
    assert 1 <= served <= 15  # a twentieth of the budget was leased
    assert (1 + served) * 0.004 <= 0.05 + 0.004 + 1e-9
    assert stack.chat(body, key=BUDGET)[1]["error"]["code"] == "budget_unknown"
    assert stack.chat(HELLO)[0] == 200  # keys without limits are not concerned
    stack.loop.run(stack.control.start())
    eventually(lambda: stack.chat(body, key=BUDGET)[0] == 200, "the budget did not come back with control")


def test_without_control_a_rate_limit_goes_on_by_our_own_count(stack: Stack) -> None:
    stack.loop.run(stack.control.stop())
    statuses = [stack.chat(HELLO, key=LIMITED)[0] for _ in range(14)]
    assert statuses == [200] * 10 + [429] * 4  # 60 a minute are 10 in ten seconds


def test_leases_go_back_when_a_key_is_idle_and_when_the_gateway_ends(stack: Stack) -> None:
    stack.control.budget_usd = 1.0
    stack.chat({**HELLO, "max_tokens": 4}, key=BUDGET)
    eventually(lambda: stack.control.settled["usd"] > 0, "an idle key was not settled")
    assert stack.control.budget_usd == pytest.approx(1.0 - 0.004)
    stack.chat({**HELLO, "max_tokens": 4}, key=BUDGET)
    assert stack.stop() == 0
    assert stack.control.budget_usd == pytest.approx(1.0 - 0.008)


def test_many_workers_worth_of_askers_make_few_leases(stack: Stack) -> None:
    stack.control.requests_left = 1000
    for _ in range(30):
        assert stack.chat(HELLO, key=LIMITED)[0] == 200
    time.sleep(0.1)
    assert len(stack.control.leases) <= 15
