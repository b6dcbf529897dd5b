"""Guards and the answer cache through the real process: what providers see, what callers read, what is recorded."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import msgspec
import openai
import pytest
from gateway_stack import HELLO, KEY, Stack, eventually, grant, task
from scripted import Scripted

from volant.core.nouns import CacheSpec, GuardSpec, Limits, LimitSpec, Split, TaskSpec, VariantSpec
from volant.store.cached_answers import FILE

ADA = "ada@example.org"
PII = GuardSpec(name="no-pii", check="pii", action="redact", on=("input",), options={"restore": True})


def asks(text: str, model: str = "help", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


def publish(stack: Stack, *tasks: TaskSpec) -> None:
    stack.publish(list(tasks), [stack.target(name) for name in stack.mocks])


@pytest.fixture
def stack(stack: Stack) -> Stack:
    stack.add_mock("main")
    stack.add_mock("judge", answer='{"score": 0.9}')
    stack.add_mock("leaks", answer=f"the quick brown fox jumps over the lazy dog and writes to {ADA} now")
    stack.add_mock("json", answer='{"a": 1}')
    return stack


def wait_for_kept(stack: Stack, count: int) -> None:
    """Answers are kept after their callers have them."""

    def kept() -> int:
        path = stack.data_dir / FILE
        if not path.exists():
            return 0
        with closing(sqlite3.connect(path, timeout=5)) as db:
            return int(db.execute("SELECT count(*) FROM entry").fetchone()[0])

    eventually(lambda: kept() >= count, f"{kept()} answers are kept, not {count}")


def streamed(stack: Stack, body: dict[str, Any]) -> tuple[str, str | None]:
    said, finish = "", None
    for chunk in stack.client().chat.completions.create(**body, stream=True):
        for choice in chunk.choices:
            said += choice.delta.content or ""
            finish = choice.finish_reason or finish
    return said, finish


def anthropic(stack: Stack, body: dict[str, Any]) -> tuple[int, bytes, dict[str, str]]:
    headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01", "content-type": "application/json"}
    return stack.send("POST", "/v1/messages", json.dumps({"max_tokens": 50, **body}).encode(), headers)


def test_what_was_redacted_comes_back_and_nobody_else_sees_it(stack: Stack) -> None:
    publish(stack, task("help", ["main"], guards=(PII,)))
    stack.start()
    text = f"echo=1 write to {ADA} or bob@example.org please"
    said = stack.client().chat.completions.create(**asks(text, user=ADA)).choices[0].message.content
    assert said == text
    assert streamed(stack, asks(text))[0].split() == text.split()
    status, body, _ = anthropic(stack, asks(text))
    assert (status, json.loads(body)["content"][0]["text"]) == (200, text)
    status, body, _ = anthropic(stack, asks(text, stream=True))
    deltas = [json.loads(line[6:]) for line in body.decode().splitlines() if line.startswith("data: ")]
    assert "".join(one["delta"].get("text", "") for one in deltas if "delta" in one).split() == text.split()
    seen = json.loads(stack.mocks["main"].last_body)
    assert seen["messages"][0]["content"] == "echo=1 write to [EMAIL_1] or [EMAIL_2] please"
    records = stack.records(4)
    for record in records:
        assert ADA.encode() not in record.input + record.output
        assert b"[EMAIL_1]" in record.input
        assert b"[EMAIL_1]" in record.output
        (verdict,) = record.verdicts
        assert (verdict.guard, verdict.action, verdict.on) == ("no-pii", "redact", "input")
        assert verdict.kinds["EMAIL"] >= 2
    assert {record.dialect for record in records} == {"openai_chat", "anthropic"}


def test_a_blocked_request_reaches_nobody(stack: Stack) -> None:
    block = GuardSpec(name="no-keys", check="secrets", action="block")
    answers = GuardSpec(name="polite", check="secrets", action="block", options={"answer": "No keys, please."})
    publish(stack, task("help", ["main"], guards=(block,)), task("kind", ["main"], guards=(answers,)))
    stack.start()
    text = "the key is AKIAIOSFODNN7EXAMPLE"
    with pytest.raises(openai.BadRequestError) as caught:
        stack.client().chat.completions.create(**asks(text))
    assert caught.value.code == "guardrail_blocked"
    assert "no-keys" in caught.value.message
    assert "AKIA" not in caught.value.message
    status, body, _ = anthropic(stack, asks(text))
    assert (status, json.loads(body)["error"]["type"]) == (400, "invalid_request_error")
    assert b"no-keys" in body
    completion = stack.client().chat.completions.create(**asks(text, "kind"))
    assert (completion.choices[0].message.content, completion.choices[0].finish_reason) == (
        "No keys, please.",
        "content_filter",
    )
    assert streamed(stack, asks(text, "kind")) == ("No keys, please.", "content_filter")
    assert stack.mocks["main"].stats["requests"] == 0
    records = stack.records(4)
    assert [record.status for record in records] == [400, 400, 200, 200]
    for record in records:
        assert record.error_code == "guardrail_blocked"
        assert (record.calls, record.cost_usd) == ((), 0)
        assert b"AKIA" not in record.input
        assert record.verdicts[0].action == "block"


def test_a_guard_reads_what_the_model_reads(stack: Stack) -> None:
    """Of a name that stands twice most readers take the last value, and some the first."""
    block = GuardSpec(name="no-keys", check="secrets", action="block")
    publish(stack, task("help", ["main"], guards=(block,)), task("free", ["main"]))
    stack.start()
    text = '{"role":"user","content":"the key is AKIAIOSFODNN7EXAMPLE","content":"hello"}'
    long = f'"user":"{"x" * 100_000}",'
    for model, more, expected in (("help", "", 400), ("help", long, 400), ("free", "", 200)):
        raw = f'{{{more}"model":"{model}","messages":[{text}]}}'.encode()
        status, said, _ = stack.send("POST", "/v1/chat/completions", raw, {"authorization": f"Bearer {KEY}"})
        assert status == expected
        assert (b"holds a name twice" in said) == (expected == 400)
    assert stack.mocks["main"].stats["requests"] == 1
    assert stack.chat(asks("one and two", seed=12345678901234567890))[0] == 200


def test_a_direct_key_goes_around_no_guard(stack: Stack) -> None:
    """As the console's playground asks, whose keys are always direct."""
    block = GuardSpec(name="no-keys", check="secrets", action="block")
    stack.publish(
        [task("help", ["json"], fallbacks=["main"], guards=(block,))],
        [stack.target("main"), stack.target("json", model="other"), stack.target("leaks", model="free")],
        keys=[grant(KEY, direct=True)],
    )
    stack.start()
    text = "the key is AKIAIOSFODNN7EXAMPLE"
    for model in ("main", "mock/mock-model", "json", "mock/other"):
        status, body, _ = stack.chat(asks(text, model))
        assert (status, body["error"]["code"]) == (400, "guardrail_blocked"), model
        assert stack.chat(asks("hello", model))[0] == 200
    assert stack.mocks["main"].stats["requests"] == 2
    assert stack.chat(asks(text, "leaks"))[0] == 200  # it answers for no task


def test_a_candidate_sees_and_says_no_more_than_the_live_variant(stack: Stack) -> None:
    """A shadow copies what was asked, as it was asked: nothing that a guard, the cache or we ourselves answered."""
    guards = (
        GuardSpec(name="no-keys", check="secrets", action="block", on=("input",)),
        GuardSpec(name="no-pii", check="pii", action="redact", on=("input", "output")),
    )
    further = (VariantSpec(name="v2", deployments=("leaks",)),)
    shadow = Split(rollout_id="rol_1", candidate="v2", share=1.0, mode="shadow", salt="s")
    stack.publish(
        [task("help", ["main"], guards=guards, further=further, cache=CacheSpec())],
        [stack.target("main"), stack.target("leaks")],
        splits={"help": shadow},
    )
    stack.start()
    assert stack.chat(asks("the key is AKIAIOSFODNN7EXAMPLE"))[0] == 400
    assert stack.chat(asks(f"I am {ADA}"))[0] == 200
    records = stack.records(3)
    wait_for_kept(stack, 1)
    assert stack.chat(asks(f"I am {ADA}"))[2]["x-volant-cache"] == "hit"
    records = stack.records(4)
    assert sorted(record.arm for record in records) == ["live", "live", "live", "shadow"]
    assert stack.mocks["leaks"].stats["requests"] == 1
    assert b"[EMAIL]" in stack.mocks["leaks"].last_body
    (copy,) = [record for record in records if record.arm == "shadow"]
    assert ADA.encode() not in copy.input + copy.output
    assert b"[EMAIL]" in copy.output
    assert [(one.guard, one.on, one.action) for one in copy.verdicts] == [("no-pii", "output", "redact")]


def test_answers_are_blocked_and_redacted_also_as_they_stream(stack: Stack) -> None:
    def guarded(name: str, action: Any, **more: Any) -> TaskSpec:
        return task(name, ["leaks"], guards=(GuardSpec(name="g", check="pii", on=("output",), action=action, **more),))

    publish(stack, guarded("redacts", "redact"), guarded("blocks", "block"), guarded("flags", "flag"),
            guarded("shadows", "block", mode="shadow"))  # fmt: skip
    stack.start()
    whole = stack.mocks["leaks"].answer
    client = stack.client().chat.completions
    redacted = whole.replace(ADA, "[EMAIL]")
    assert client.create(**asks("hi", "redacts")).choices[0].message.content == redacted
    assert streamed(stack, asks("hi chunks=9", "redacts")) == (redacted, "stop")
    blocked = client.create(**asks("hi", "blocks")).choices[0]
    assert (blocked.message.content or "", blocked.finish_reason) == ("", "content_filter")
    said, finish = streamed(stack, asks("hi chunks=9", "blocks"))
    assert finish == "content_filter"
    assert "ada" not in said
    for name in ("flags", "shadows"):
        assert client.create(**asks("hi", name)).choices[0].message.content == whole
        assert streamed(stack, asks("hi chunks=9", name)) == (whole, "stop")
    records = stack.records(8)
    assert all(record.verdicts[0].kinds == {"EMAIL": 1} for record in records)
    assert [record.verdicts[0].action for record in records] == ["redact"] * 2 + ["block"] * 2 + ["flag"] * 2 + [
        "block"
    ] * 2
    assert [record.verdicts[0].mode for record in records][-2:] == ["shadow"] * 2
    assert all(ADA.encode() not in record.output for record in records[:4])
    assert all(ADA.encode() in record.output for record in records[4:])
    assert all(record.output_tokens > 0 for record in records)


def test_a_judge_is_asked_billed_and_believed(stack: Stack) -> None:
    judge = GuardSpec(name="j", check="judge", action="block", options={"model": "judge", "prompt": "is it gossip?"})
    on_output = GuardSpec(
        name="j", check="judge", on=("output",), action="block", options={"model": "judge", "prompt": "x"}
    )
    schema = GuardSpec(name="s", check="schema", on=("output",), action="block", options={"schema": {"type": "array"}})
    targets = [stack.target("main"), stack.target("judge", usd_per_input_token=0.001), stack.target("json")]
    stack.publish(
        [task("help", ["main"], guards=(judge,)), task("after", ["main"], guards=(on_output,)),
         task("shaped", ["json"], guards=(schema,))],
        targets,
    )  # fmt: skip
    stack.start()
    status, body, _ = stack.chat(asks("did you hear about Bob?"))
    assert (status, body["error"]["code"]) == (400, "guardrail_blocked")
    assert streamed(stack, asks("hi", "after")) == ("", "content_filter")
    assert streamed(stack, asks("hi", "shaped")) == ("", "content_filter")
    blocked, judged, shaped = stack.records(3)
    assert [call.why for call in blocked.calls] == ["judge"]
    assert blocked.cost_usd == pytest.approx(0.020)
    assert [call.why for call in judged.calls] == ["first", "judge"]
    assert judged.verdicts[0].score == 0.9
    assert shaped.verdicts[0].kinds == {"SCHEMA": 1}
    asked = json.loads(stack.mocks["judge"].last_body)
    assert "gossip" in asked["messages"][0]["content"] or "x" in asked["messages"][0]["content"]


@pytest.mark.parametrize("on", ["input", "output"])
def test_a_judge_that_is_down_is_no_answer_without_words(stack: Stack, on: Any) -> None:
    """The caller is told so; nothing unchecked is given or kept, and what was answered is paid for."""
    guard = msgspec.structs.replace(JUDGE, on=(on,))
    main = stack.target("main", usd_per_output_token=0.001)
    stack.publish(
        [task("help", ["main"], guards=(guard,))], [main, stack.target("judge", base_url="http://127.0.0.1:9/v1")]
    )
    stack.start()
    status, body, headers = stack.chat(HELLO)
    assert (status, body["error"]["code"], headers["x-should-retry"]) == (503, "guard_failed", "false")
    assert "'j' could not check" in body["error"]["message"]
    with pytest.raises(openai.InternalServerError) as caught:
        streamed(stack, HELLO)
    assert caught.value.code == "guard_failed"
    answered = on == "output"
    for record in stack.records(2):
        assert (record.status, record.error_code) == (503, "guard_failed")
        assert (record.verdicts[0].action, record.verdicts[0].on) == ("block", on)
        assert record.verdicts[0].error
        assert b"quick brown fox" not in record.output
        assert (record.cost_usd > 0) is answered
    assert stack.mocks["main"].stats["requests"] == 2 * answered


JUDGE = GuardSpec(
    name="j", check="judge", action="block", options={"model": "judge", "prompt": "gossip?", "timeout_s": 0.3}
)


def test_a_judge_that_is_too_late_is_paid_for_all_the_same(stack: Stack) -> None:
    """Its provider has read the question; the connection is closed, so that it need not say more."""
    judged = stack.target("judge", usd_per_input_token=0.001)
    stack.publish([task("help", ["main"], guards=(msgspec.structs.replace(JUDGE, on_error="allow"),))],
                  [stack.target("main"), judged])  # fmt: skip
    stack.start()
    status, _, headers = stack.chat(asks("hello ttft_ms=2000"))
    assert status == 200
    [record] = stack.records(1)
    [call] = [one for one in record.calls if one.why == "judge"]
    assert (call.error_code, record.verdicts[0].error) == ("client_gone", "judge_timeout")
    assert call.input_tokens > 100  # the question, by its length
    assert record.cost_usd == pytest.approx(call.cost_usd) == pytest.approx(call.input_tokens * 0.001)
    assert float(headers["x-volant-cost-usd"]) == pytest.approx(record.cost_usd)
    eventually(lambda: not stack.mocks["judge"].connections, "the judge is still asked")


@pytest.mark.parametrize("over", ["key", "model"])
def test_judges_pass_no_ceiling_under_concurrency(stack: Stack, over: str) -> None:
    """A judge takes 20 tokens of $0.0001 and reserves 40 times as much; a budget of $0.2 pays for 100."""
    limits = Limits(usd_per_day=0.2)
    targets = [stack.target("main"), stack.target("judge", model="judging", usd_per_input_token=0.0001)]
    lenient = msgspec.structs.replace(JUDGE, options={**JUDGE.options, "threshold": 0.95})
    stack.publish(
        [task("help", ["main"], guards=(lenient,))],
        targets,
        keys=[grant(KEY, limits=limits if over == "key" else Limits())],
        limits={"default": (LimitSpec(over="model", name="judging", limits=limits),) if over == "model" else ()},
    )
    stack.control.budget_usd = 0.2
    stack.start()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: stack.chat(asks("hello ttft_ms=5"))[:2], range(150)))
    refused = {(status, body["error"]["code"]) for status, body in answers if status != 200}
    assert refused == {(429, "budget_exhausted")}
    judged = stack.mocks["judge"].stats["requests"]
    assert 10 <= judged <= 100
    assert len([status for status, _ in answers if status == 200]) == judged
    eventually(lambda: abs(stack.control.settled["usd"] - judged * 0.002) < 1e-9, "not all was settled")
    assert sum(record.cost_usd for record in stack.records(judged)) == pytest.approx(judged * 0.002)


def test_an_answer_is_given_again_in_any_dialect(stack: Stack) -> None:
    publish(stack, task("help", ["main"], cache=CacheSpec(ttl_s=60)), task("plain", ["main"]))
    stack.start()
    said, finish = streamed(stack, HELLO)  # a stream is kept whole
    assert (said, finish) == ("the quick brown fox", "stop")
    wait_for_kept(stack, 1)
    status, body, headers = stack.chat(HELLO)
    assert (status, body["choices"][0]["message"]["content"]) == (200, "the quick brown fox")
    assert headers["x-volant-cache"] == "hit"
    assert int(headers["age"]) >= 0
    assert body["id"] == headers["x-volant-inference-id"]
    assert streamed(stack, HELLO) == ("the quick brown fox", "stop")
    status, answer, headers = anthropic(stack, HELLO)
    assert headers["x-volant-cache"] == "miss"  # max_tokens makes it another question
    wait_for_kept(stack, 2)
    status, answer, headers = anthropic(stack, HELLO)
    assert (headers["x-volant-cache"], json.loads(answer)["content"][0]["text"]) == ("hit", "the quick brown fox")
    status, body, headers = stack.chat({**HELLO, "max_tokens": 50})
    assert headers["x-volant-cache"] == "hit"  # asked by an Anthropic client before
    asked = stack.mocks["main"].stats["requests"]
    assert asked == 2
    for name, value, now in (("x-volant-cache", "skip", "skip"), ("cache-control", "no-cache", "skip")):
        _, _, headers = stack.chat(HELLO, **{name: value})
        assert headers["x-volant-cache"] == now
    assert stack.mocks["main"].stats["requests"] == 4
    assert "x-volant-cache" not in stack.chat({**HELLO, "model": "plain"})[2]
    hits = [record for record in stack.records(9) if record.cache == "exact"]
    assert len(hits) == 4
    assert all((record.calls, record.cost_usd, record.status) == ((), 0, 200) for record in hits)
    stack.stop()
    stack.start(control=False)
    assert stack.chat(HELLO)[2]["x-volant-cache"] == "hit"  # a restart keeps it


def test_no_answer_goes_to_another_person_where_words_come_back(stack: Stack) -> None:
    publish(stack, task("help", ["main"], guards=(PII,), cache=CacheSpec()))
    stack.start()
    text = f"echo=1 hello {ADA}"
    for user, now, kept in (("ada", "miss", 1), ("ada", "hit", 1), ("bob", "miss", 2), ("", "skip", 2)):
        headers = {"x-volant-user": user} if user else {}
        status, body, answered = stack.chat(asks(text), **headers)
        assert (status, body["choices"][0]["message"]["content"]) == (200, text)
        assert answered["x-volant-cache"] == now
        wait_for_kept(stack, kept)
    assert all(ADA.encode() not in record.input + record.output for record in stack.records(4))


def test_a_refusal_of_the_request_is_given_again_where_the_task_says_so(stack: Stack) -> None:
    publish(stack, task("help", ["main"], cache=CacheSpec(errors_ttl_s=60)))
    stack.start()
    refused = asks("fail=400")
    first = stack.chat(refused)
    wait_for_kept(stack, 1)
    again = stack.chat(refused)
    assert (first[0], again[0]) == (400, 400)
    assert again[2]["x-volant-cache"] == "hit"
    assert again[1]["error"]["message"] == first[1]["error"]["message"]
    anthropic(stack, {**refused, "max_tokens": 7})
    wait_for_kept(stack, 2)
    status, body, headers = anthropic(stack, {**refused, "max_tokens": 7})
    assert (status, headers["x-volant-cache"]) == (400, "hit")
    assert json.loads(body)["type"] == "error"
    assert stack.mocks["main"].stats["requests"] == 2
    assert [record.cache for record in stack.records(4)] == ["", "exact", "", "exact"]
    stack.chat(asks("fail=429"))
    assert stack.chat(asks("fail=429"))[2]["x-volant-cache"] == "miss"


def test_a_question_that_means_the_same_is_answered_by_embeddings(stack: Stack) -> None:
    embedder = Scripted()
    vectors = [[1.0, 0.0], [1.0, 0.05], [0.0, 1.0]]
    for vector in vectors:
        data = [{"object": "embedding", "index": 0, "embedding": vector}]
        embedder.say({"object": "list", "data": data, "model": "e", "usage": {"prompt_tokens": 3, "total_tokens": 3}})
    stack.urls["vectors"] = stack.loop.run(embedder.start()) + "/v1"
    meaning = CacheSpec(semantic=True, embedding="vectors", similarity=0.95)
    targets = [stack.target("main"), stack.target("vectors", provider="openai", usd_per_input_token=0.01)]
    stack.publish([task("help", ["main"], cache=meaning)], targets)
    stack.start()
    questions = [
        ("how do I pay?", "miss"),
        ("how can I pay?", "semantic"),
        ("my card?", "miss"),
        ("how do I pay?", "hit"),
    ]
    costs = []
    for text, now in questions:
        _, _, headers = stack.chat(asks(text))
        assert headers["x-volant-cache"] == now
        costs.append(float(headers["x-volant-cost-usd"]))
        wait_for_kept(stack, 1)
    records = stack.records(4)
    assert costs == [pytest.approx(record.cost_usd) for record in records] == [pytest.approx(0.03)] * 3 + [0.0]
    assert [record.cache for record in records] == ["", "semantic", "", "exact"]
    assert [[call.why for call in record.calls] for record in records] == [
        ["first", "embedding"], ["embedding"], ["first", "embedding"], []
    ]  # fmt: skip
    assert records[1].cost_usd == pytest.approx(0.03)
    assert [json.loads(one.body)["input"] for one in embedder.asked] == [
        ["how do I pay?"], ["how can I pay?"], ["my card?"]
    ]  # fmt: skip
    stack.loop.run(embedder.stop())


def test_what_is_only_counted_or_embedded_is_guarded_too(stack: Stack) -> None:
    provider = Scripted()
    provider.say({"input_tokens": 7})
    provider.say({"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [1.0]}], "model": "e"})
    base = stack.loop.run(provider.start())
    stack.urls["counts"] = stack.urls["embeds"] = base + "/v1"
    targets = [stack.target("counts", provider="anthropic"), stack.target("embeds", provider="openai")]
    stack.publish([task("count", ["counts"], guards=(PII,)), task("embed", ["embeds"], guards=(PII,))], targets)
    stack.start()
    headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
    body = json.dumps(asks(f"mail {ADA}", "count")).encode()
    status, data, _ = stack.send("POST", "/v1/messages/count_tokens", body, headers)
    assert (status, json.loads(data)) == (200, {"input_tokens": 7})
    for path, unreadable in (("embeddings", {"input": [[1, 2], "hello"]}), ("completions", {"prompt": [1, 2]})):
        body = json.dumps({"model": "embed", **unreadable}).encode()
        status, data, _ = stack.send("POST", f"/v1/{path}", body, headers)
        assert (status, json.loads(data)["error"]["code"]) == (400, "not_supported")
        assert "token ids" in json.loads(data)["error"]["message"]
    body = json.dumps({"model": "embed", "input": [f"mail {ADA}", "hello"]}).encode()
    assert stack.send("POST", "/v1/embeddings", body, headers)[0] == 200
    counted, embedded = provider.asked
    assert json.loads(embedded.body)["input"] == ["mail [EMAIL_1]", "hello"]
    assert b"[EMAIL_1]" in counted.body
    assert ADA.encode() not in counted.body
    assert all(ADA.encode() not in record.input for record in stack.records(4))
    stack.loop.run(provider.stop())


def test_an_answer_that_streams_unasked_passes_no_guard_unread(stack: Stack) -> None:
    provider = Scripted()
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    words = {"index": 0, "delta": {"role": "assistant", "content": f"write to {ADA}"}, "finish_reason": None}
    end = {"index": 0, "delta": {}, "finish_reason": "stop"}
    provider.stream(
        *(f"data: {json.dumps({**chunk, 'choices': [one]})}\n\n" for one in (words, end)), "data: [DONE]\n\n"
    )
    stack.urls["odd"] = stack.loop.run(provider.start()) + "/v1"
    spec = task("help", ["odd"], guards=(GuardSpec(name="no-pii", check="pii", action="redact", on=("output",)),))
    stack.publish([spec], [stack.target("odd")])
    stack.start()
    status, answer, headers = stack.chat(asks("hello"))
    assert (status, answer["error"]["code"]) == (502, "upstream_failed")
    assert ADA not in json.dumps(answer)
    assert headers["x-volant-inference-id"]
    stack.loop.run(provider.stop())
