"""The runner: bounded, retried, resumable, and silent about what people asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from volant.core.errors import BadInput, Conflict, UpstreamFailed
from volant.evals.runner import Connection, Sample, ask_all

pytestmark = pytest.mark.anyio
Start = Callable[..., Any]


def samples(count: int) -> list[Sample]:
    return [Sample(key=f"q{n}", text=f"question 4929-zebra {n}") for n in range(count)]


async def test_asks_everything_once_in_bounds_and_in_order(scripted: Start) -> None:
    server = await scripted(lambda text: text.upper(), pause_s=0.005)
    answers = await ask_all(samples(40), server.connection(concurrency=5, system="be kind"))
    assert [answer.key for answer in answers] == [f"q{n}" for n in range(40)]
    assert answers["q7"].output == "QUESTION 4929-ZEBRA 7"
    assert len(server.requests) == 40
    assert 1 < server.most_open <= 5
    assert server.requests[0]["messages"][0] == {"role": "system", "content": "be kind"}
    assert server.requests[0]["temperature"] == 0
    assert (answers.asked, answers.resumed) == (40, 0)
    assert 0 < answers.cpu_ms_per_sample < 50


async def test_tries_again_what_may_pass(scripted: Start) -> None:
    server = await scripted(lambda text: "ok", status=lambda number, text: (503, 429, 200)[min(number, 3) - 1])
    answers = await ask_all(samples(1), server.connection())
    assert (answers["q0"].output, answers["q0"].attempts) == ("ok", 3)


async def test_a_refused_request_is_the_models_own_answer_and_not_tried_again(scripted: Start) -> None:
    server = await scripted(lambda text: "ok", status=lambda number, text: 400 if text.endswith(" 3") else 200)
    answers = await ask_all(samples(10), server.connection())
    assert answers["q3"].error == "refused_400"
    assert answers["q3"].asked
    assert len(server.requests) == 10


async def test_nobody_there_is_no_evaluation() -> None:
    with pytest.raises(UpstreamFailed, match="10 of 10 questions found nobody to answer"):
        await ask_all(samples(10), Connection(base_url="http://127.0.0.1:9/v1", model="m", attempts=1))


async def test_a_server_that_fails_for_good_is_no_evaluation(scripted: Start) -> None:
    server = await scripted(lambda text: "ok", status=lambda number, text: 500)
    with pytest.raises(UpstreamFailed, match="http_500"):
        await ask_all(samples(3), server.connection(attempts=2))
    assert len(server.requests) == 6


async def test_an_answer_that_is_no_completion_counts_as_wrong(scripted: Start) -> None:
    server = await scripted(lambda text: "ok")
    broken = Connection(base_url=server.base_url, model="m", parameters={"n": 0})
    server.say = lambda text: {"not": "text"}
    answers = await ask_all(samples(1), broken)
    assert answers["q0"].error == "no_completion"
    assert answers["q0"].asked


async def test_goes_on_where_it_was_stopped(scripted: Start, tmp_path: Path) -> None:
    server = await scripted(lambda text: text, pause_s=0.002)
    journal = tmp_path / "runs" / "journal.jsonl"

    class Stop(Exception):
        pass

    def stop(done: int, whole: int) -> None:
        if done == 12:
            raise Stop

    with pytest.raises(ExceptionGroup):
        await ask_all(samples(30), server.connection(concurrency=3), journal=journal, progress=stop)
    with journal.open("ab") as file:
        file.write(b'{"key": "q29", "outp')  # a kill in the middle of a write
    before = len(server.requests)
    progress: list[int] = []
    answers = await ask_all(
        samples(30),
        server.connection(concurrency=3),
        journal=journal,
        progress=lambda done, whole: progress.append(done),
    )
    assert 12 <= answers.resumed < 16
    assert len(server.requests) - before == 30 - answers.resumed
    assert [answer.output for answer in answers] == [sample.text for sample in samples(30)]
    assert progress[-1] == 30
    again = await ask_all(samples(30), server.connection(), journal=journal)
    assert again.resumed == 30
    assert again.answers == answers.answers


async def test_the_journal_holds_no_question(scripted: Start, tmp_path: Path) -> None:
    server = await scripted(lambda text: "fine")
    await ask_all(samples(5), server.connection(), journal=tmp_path / "j")
    assert "4929-zebra" not in (tmp_path / "j").read_text()


async def test_a_journal_of_other_answers_is_refused(scripted: Start, tmp_path: Path) -> None:
    server = await scripted(lambda text: "fine")
    await ask_all(samples(2), server.connection(), journal=tmp_path / "j")
    with pytest.raises(Conflict, match="another model"):
        await ask_all(samples(2), server.connection(parameters={"temperature": 1}), journal=tmp_path / "j")


async def test_what_nobody_answered_is_asked_again_with_the_same_journal(scripted: Start, tmp_path: Path) -> None:
    server = await scripted(lambda text: "ok", status=lambda number, text: 500 if text.endswith("3") else 200)
    with pytest.raises(UpstreamFailed):
        await ask_all(samples(5), server.connection(attempts=1), journal=tmp_path / "j")
    server.status = lambda number, text: 200
    answers = await ask_all(samples(5), server.connection(attempts=1), journal=tmp_path / "j")
    assert (answers.resumed, answers["q3"].output) == (4, "ok")


async def test_a_key_that_comes_twice_is_refused() -> None:
    with pytest.raises(BadInput, match="same key"):
        await ask_all([*samples(2), *samples(1)], Connection(base_url="http://127.0.0.1:9/v1", model="m"))


async def test_nothing_to_ask_asks_nothing() -> None:
    answers = await ask_all([], Connection(base_url="http://127.0.0.1:9/v1", model="m"))
    assert answers.asked == 0


async def test_cancelling_leaves_no_request_behind(scripted: Start) -> None:
    server = await scripted(lambda text: "ok", pause_s=60)
    asking = asyncio.ensure_future(ask_all(samples(3), server.connection()))
    for _ in range(3000):
        if len(server.requests) == 3:
            break
        await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert len(server.requests) == 3
