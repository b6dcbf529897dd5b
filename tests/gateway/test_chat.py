"""One chat request through the real process: keys, errors, what the upstream sees, what is answered and recorded."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from gateway_stack import EXPIRED, HELLO, KEY, READER, Stack, grant, task

from volant.store.vault import subject_of


@pytest.fixture
def stack(stack: Stack) -> Stack:
    stack.simple()
    stack.start()
    return stack


def test_the_official_client_gets_an_answer(stack: Stack) -> None:
    answer = stack.client().chat.completions.with_raw_response.create(**HELLO)
    completion = answer.parse()
    assert completion.choices[0].message.content == "the quick brown fox"
    assert completion.usage is not None
    assert completion.usage.total_tokens == 24
    [record] = stack.records(1)
    assert answer.headers["x-volant-inference-id"] == record.inference_id
    assert answer.headers["x-volant-variant"] == "v1"
    assert answer.headers["x-volant-deployment"] == "main"
    assert answer.headers["x-request-id"] == record.inference_id
    assert (record.task, record.variant, record.deployment, record.model) == ("help", "v1", "main", "mock-model")
    assert (record.status, record.error_code, record.fallback, record.arm) == (200, "", False, "live")
    assert (record.input_tokens, record.output_tokens, record.release_id) == (20, 4, "rel_1")
    assert json.loads(record.input) == HELLO
    assert json.loads(record.output)["choices"][0]["message"]["content"] == "the quick brown fox"
    assert [call.provider_response_id for call in record.calls] == ["chatcmpl-mock0001"]


def test_the_other_prefix_serves_too(stack: Stack) -> None:
    client = stack.client(base_url=stack.url + "/openai/v1")
    assert client.chat.completions.create(**HELLO).choices[0].finish_reason == "stop"


def test_only_the_model_is_rewritten(stack: Stack) -> None:
    body = {
        **HELLO,
        "temperature": 0.25,
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        "some_new_field": {"deep": [1, 2.50, None]},
        "volant": {"tags": {"item": "q-17"}, "session": "s1"},
    }
    status, _, _ = stack.chat(body)
    assert status == 200
    seen = json.loads(stack.mocks["main"].last_body)
    assert seen == {**{k: v for k, v in body.items() if k != "volant"}, "model": "mock-model"}
    [record] = stack.records(1)
    assert record.tags == {"item": "q-17"}
    assert record.session == "s1"
    assert "volant" not in json.loads(record.input)


def test_credentials_of_the_caller_stay_here(stack: Stack) -> None:
    stack.publish([task("help", ["main"])], [stack.target("main", api_key="upstream-secret")])
    stack.chat(HELLO, cookie="session=1")
    sent = dict(stack.mocks["main"].last_headers)
    assert sent[b"authorization"] == b"Bearer upstream-secret"
    assert b"cookie" not in sent
    assert KEY.encode() not in b"".join(sent.values())


@pytest.mark.parametrize(
    ("key", "status", "code"),
    [
        ("sk-wrong", 401, "invalid_key"),
        ("", 401, "missing_key"),
        (EXPIRED, 401, "invalid_key"),
        (READER, 403, "missing_scope"),
    ],
)
def test_keys_that_may_not(stack: Stack, key: str, status: int, code: str) -> None:
    found, error, headers = stack.chat(HELLO, key=key)
    assert (found, error["error"]["code"]) == (status, code)
    assert set(error["error"]) == {"message", "type", "param", "code"}
    assert headers["x-should-retry"] == "false"
    assert stack.mocks["main"].stats["requests"] == 0
    assert stack.records() == []


def test_the_other_carriers_of_a_key(stack: Stack) -> None:
    for header in ("x-api-key", "x-goog-api-key", "api-key"):
        status, _, _ = stack.send("POST", "/v1/chat/completions", json.dumps(HELLO).encode(), {header: KEY})
        assert status == 200


def test_wrong_key_raises_in_the_client(stack: Stack) -> None:
    with pytest.raises(openai.AuthenticationError, match="not valid"):
        stack.client("sk-nobody-knows-this-key").chat.completions.create(**HELLO)


def test_an_unknown_model_names_the_tasks(stack: Stack) -> None:
    with pytest.raises(openai.NotFoundError, match=r"tasks to ask for: help") as caught:
        stack.client().chat.completions.create(**{**HELLO, "model": "gpt-nothing"})
    assert caught.value.code == "model_not_found"


def test_a_key_for_some_tasks_sees_only_those(stack: Stack) -> None:
    stack.publish(
        [task("help", ["main"]), task("secret", ["main"])], [stack.target("main")], keys=[grant(KEY, tasks=("help",))]
    )
    assert stack.chat(HELLO)[0] == 200
    status, error, _ = stack.chat({**HELLO, "model": "secret"})
    assert status == 404
    assert "ask for: help" in error["error"]["message"]


@pytest.mark.parametrize(
    ("body", "status", "code", "words"),
    [
        (b'{"model": "help", "messages": [}', 400, "invalid_json", "byte 31"),
        (b"", 400, "invalid_json", "JSON"),
        (b"[1]", 400, "invalid_json", "object"),
        (b'{"model": "help", "messages": "hi"}', 400, "invalid_field", "messages"),
        (b'{"model": "help"}', 400, "invalid_field", "messages"),
        (b'{"model": 7, "messages": []}', 400, "invalid_field", "model"),
        (b'{"messages": []}', 400, "missing_model", "model"),
        (b'{"model": "help", "messages": [], "stream": "yes"}', 400, "invalid_field", "stream"),
        (b'{"model": "help", "messages": [], "volant": {"tugs": {}}}', 400, "invalid_field", "tugs"),
        (b'{"model": "help", "messages": [{"content": "\xff"}]}', 400, "invalid_json", "UTF-8"),
    ],
)
def test_bodies_that_cannot_work(stack: Stack, body: bytes, status: int, code: str, words: str) -> None:
    found, answer, _ = stack.send("POST", "/v1/chat/completions", body, {"authorization": f"Bearer {KEY}"})
    error = json.loads(answer)["error"]
    assert (found, error["code"]) == (status, code)
    assert words in error["message"]
    assert stack.mocks["main"].stats["requests"] == 0


def test_a_body_that_is_too_large(stack: Stack) -> None:
    body = json.dumps({**HELLO, "padding": "x" * (9 << 20)}).encode()
    status, answer, _ = stack.send("POST", "/v1/chat/completions", body, {"authorization": f"Bearer {KEY}"})
    assert (status, json.loads(answer)["error"]["code"]) == (413, "body_too_large")
    assert stack.chat(HELLO)[0] == 200


def test_parameters_of_the_variant_unless_the_caller_says_otherwise(stack: Stack) -> None:
    parameters = {"temperature": 0, "max_tokens": 24, "response_format": {"type": "json_object"}}
    stack.publish([task("help", ["main"], parameters=parameters, system="Answer in JSON.")], [stack.target("main")])
    stack.chat({**HELLO, "temperature": 0.9, "max_completion_tokens": 5})
    seen = json.loads(stack.mocks["main"].last_body)
    assert seen["temperature"] == 0.9
    assert seen["max_tokens"] == 5  # by the name that this provider knows
    assert "max_completion_tokens" not in seen
    assert seen["response_format"] == {"type": "json_object"}
    assert seen["messages"][0] == {"role": "system", "content": "Answer in JSON."}
    assert seen["messages"][1:] == HELLO["messages"]


def test_cost_comes_from_the_targets_prices(stack: Stack) -> None:
    target = stack.target("main", usd_per_input_token=0.001, usd_per_output_token=0.01, price_version="test 1")
    stack.publish([task("help", ["main"])], [target])
    stack.chat(HELLO)
    [record] = stack.records(1)
    assert record.cost_usd == pytest.approx(20 * 0.001 + 4 * 0.01)
    assert record.price_version == "test 1"
    assert record.config_hash == "hash2"


@pytest.mark.parametrize(
    ("body", "headers", "user"),
    [
        ({}, {"x-volant-user": "ada"}, "ada"),
        ({"user": "ben"}, {"x-volant-user": "ada"}, "ada"),
        ({"safety_identifier": "cy", "user": "ben"}, {}, "cy"),
        ({"user": "ben"}, {}, "ben"),
        ({"metadata": {"user_id": "dora"}}, {}, "dora"),
    ],
)
def test_the_user_is_kept_as_a_keyed_hash(
    stack: Stack, body: dict[str, Any], headers: dict[str, str], user: str
) -> None:
    stack.chat({**HELLO, **body}, **headers)
    [record] = stack.records(1)
    assert record.subject == subject_of(bytes.fromhex("11" * 32), user)


def test_session_trace_and_request_id_are_honoured(stack: Stack) -> None:
    trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    headers = {"x-volant-session": "s-9", "traceparent": f"00-{trace}-{span}-01", "x-request-id": "mine-1"}
    _, _, answered = stack.chat(HELLO, **headers)
    assert answered["x-request-id"] == "mine-1"
    [record] = stack.records(1)
    assert (record.session, record.trace_id, record.parent_span_id) == ("s-9", trace, span)
    upstream = dict(stack.mocks["main"].last_headers)[b"traceparent"].decode()
    assert upstream == f"00-{trace}-{record.calls[0].span_id}-01"


def test_what_the_upstream_says_about_the_request_goes_to_the_caller(stack: Stack) -> None:
    with pytest.raises(openai.BadRequestError, match="failed as asked"):
        stack.client().chat.completions.create(model="help", messages=[{"role": "user", "content": "fail=400"}])
    [record] = stack.records(1)
    assert (record.status, record.error_code, len(record.calls)) == (400, "upstream_400", 1)


def test_health_and_readiness_need_no_key(stack: Stack) -> None:
    assert stack.get("/healthz")[:2] == (200, b'{"status":"ok"}')
    said = json.loads(stack.get("/readyz")[1])
    assert (said["status"], said["revision"]) == ("ready", 1)
    assert said["snapshot_age_s"] >= 0
    parts = ("gateway", "configuration", "spool", "disk", "control", "database", "workflows")
    assert said["parts"] == dict.fromkeys(parts, "ok")


def test_a_new_configuration_is_served_within_a_second(stack: Stack) -> None:
    stack.publish([task("renamed", ["main"])], [stack.target("main")])
    assert stack.chat({**HELLO, "model": "renamed"})[0] == 200
    assert stack.chat(HELLO)[0] == 404


def test_an_empty_answer_is_recorded_as_invalid_but_served(stack: Stack) -> None:
    status, answer, _ = stack.chat({"model": "help", "messages": [{"role": "user", "content": "empty=1"}]})
    assert (status, answer["choices"][0]["message"]["content"].strip()) == (200, "")
    [record] = stack.records(1)
    assert (record.status, record.error_code, record.canary_failed) == (200, "invalid_output", False)


def test_json_is_expected_where_the_task_or_the_request_says_so(stack: Stack) -> None:
    stack.publish([task("help", ["main"], expects="json"), task("free", ["main"])], [stack.target("main")])
    echo = [{"role": "user", "content": 'echo=1 {"intent": 1}'}]
    json_only = [{"role": "user", "content": "7 echo=1"}]
    stack.chat({"model": "help", "messages": echo})
    stack.chat({"model": "free", "messages": echo})
    stack.chat({"model": "free", "messages": json_only, "response_format": {"type": "json_object"}})
    assert [record.error_code for record in stack.records(3)] == ["invalid_output", "", "invalid_output"]
    stack.mocks["main"].answer = '{"intent": "card_lost"}'
    stack.chat({**HELLO})
    assert stack.records(4)[3].error_code == ""


def test_many_requests_on_one_connection(stack: Stack) -> None:
    client = stack.client()
    for _ in range(30):
        client.chat.completions.create(**HELLO)
    assert len(stack.mocks["main"].connections) == 1  # and one upstream connection was used for all
    assert len(stack.records(30)) == 30
