"""Any dialect in, any wire out, through the real process: what the provider is asked and what the caller reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from gateway_stack import HELLO, KEY, Stack, grant, task
from scripted import Scripted

from volant.core.nouns import CacheSpec, GuardSpec, Limits, TaskSpec, VariantSpec

COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-x",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello there"}, "finish_reason": "stop"}],
    "usage": {
        "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120,
        "prompt_tokens_details": {"cached_tokens": 60},
        "completion_tokens_details": {"reasoning_tokens": 5},
    },
}  # fmt: skip
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-x",
    "content": [{"type": "text", "text": "hello there"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 30,
        "cache_read_input_tokens": 60,
        "cache_creation_input_tokens": 10,
        "output_tokens": 20,
    },
}
GENERATED: dict[str, Any] = {
    "candidates": [
        {"content": {"role": "model", "parts": [{"text": "hello there"}]}, "finishReason": "STOP", "index": 0}
    ],
    "usageMetadata": {
        "promptTokenCount": 100,
        "candidatesTokenCount": 15,
        "thoughtsTokenCount": 5,
        "totalTokenCount": 120,
    },
    "modelVersion": "gemini-x",
    "responseId": "g1",
}
ANSWERS = {"openai": COMPLETION, "anthropic": MESSAGE, "google": GENERATED}


def _sse(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def _chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    whole = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-x", "choices": choices, **more}
    return f"data: {json.dumps(whole)}\n\n"


STREAMS: dict[str, list[str]] = {
    "openai": [
        _chunk({"role": "assistant", "content": ""}),
        _chunk({"content": "hello "}),
        _chunk({"content": "there"}),
        _chunk({}, "stop"),
        'data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt-x","choices":[],'
        '"usage":{"prompt_tokens":100,"completion_tokens":20}}\n\n',
        "data: [DONE]\n\n",
    ],
    "anthropic": [
        _sse("message_start", {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}}),
        _sse(
            "content_block_start",
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        ),
        _sse("ping", {"type": "ping"}),
        *[
            _sse(
                "content_block_delta",
                {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
            )
            for text in ("hello ", "there")
        ],
        _sse("content_block_stop", {"type": "content_block_stop", "index": 0}),
        _sse(
            "message_delta",
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": 20},
            },
        ),
        _sse("message_stop", {"type": "message_stop"}),
    ],
    "google": [
        "data: "
        + json.dumps({"candidates": [{"content": {"role": "model", "parts": [{"text": "hello "}]}, "index": 0}]})
        + "\r\n\r\n",
        "data: "
        + json.dumps(
            {
                **GENERATED,
                "candidates": [
                    {**GENERATED["candidates"][0], "content": {"role": "model", "parts": [{"text": "there"}]}}
                ],
            }
        )
        + "\r\n\r\n",
    ],
}
PATHS = {
    ("openai", False): "/v1/chat/completions",
    ("openai", True): "/v1/chat/completions",
    ("anthropic", False): "/v1/messages",
    ("anthropic", True): "/v1/messages",
    ("google", False): "/models/gpt:generateContent",
    ("google", True): "/models/gpt:streamGenerateContent?alt=sse",
}


@pytest.fixture
def upstream(stack: Stack) -> Iterator[Scripted]:
    one = Scripted()
    stack.urls["up"] = stack.loop.run(one.start())
    yield one
    stack.loop.run(one.stop())


def _publish(stack: Stack, provider: str, **more: Any) -> None:
    base = stack.urls["up"] + {"openai": "/v1", "anthropic": "/v1", "google": "/v1beta"}[provider]
    target = stack.target("up", provider=provider, model="gpt", base_url=base, api_key="upstream-key", **more)
    stack.publish([task("help", ["up"])], [target])
    if stack.process is None:
        stack.start()


def _ask(stack: Stack, dialect: str, *, stream: bool = False, **more: Any) -> tuple[int, bytes, dict[str, str]]:
    """A simple request of one dialect, as its clients send it."""
    key = {"openai": "authorization", "anthropic": "x-api-key", "google": "x-goog-api-key"}[dialect]
    headers = {key: f"Bearer {KEY}" if dialect == "openai" else KEY, "content-type": "application/json"}
    body: dict[str, Any]
    if dialect == "openai":
        body = {"model": "help", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 50}
        path = "/v1/chat/completions"
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
    elif dialect == "anthropic":
        headers["anthropic-version"] = "2026-10-21"
        body = {"model": "help", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 50}
        path = "/v1/messages"
        if stream:
            body["stream"] = True
    else:
        body = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}], "generationConfig": {"maxOutputTokens": 50}}
        path = f"/v1beta/models/help:{'streamGenerateContent?alt=sse' if stream else 'generateContent'}"
    return stack.send("POST", more.pop("path", path), json.dumps({**body, **more}).encode(), headers)


def _text(dialect: str, answer: Any) -> str:
    if dialect == "openai":
        return str(answer["choices"][0]["message"]["content"])
    if dialect == "anthropic":
        return "".join(block["text"] for block in answer["content"])
    return "".join(part["text"] for part in answer["candidates"][0]["content"]["parts"])


def _usage(dialect: str, answer: Any) -> tuple[int, int]:
    if dialect == "openai":
        return answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"]
    if dialect == "anthropic":
        used = answer["usage"]
        caches = (used.get("cache_read_input_tokens") or 0) + (used.get("cache_creation_input_tokens") or 0)
        return used["input_tokens"] + caches, used["output_tokens"]
    used = answer["usageMetadata"]
    return used["promptTokenCount"], used["candidatesTokenCount"] + used.get("thoughtsTokenCount", 0)


def _events(data: bytes) -> list[tuple[str, Any]]:
    events = []
    for block in data.decode().replace("\r\n", "\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        if "data" in fields:
            events.append((fields.get("event", ""), fields["data"]))
    return [(name, json.loads(said) if said != "[DONE]" else None) for name, said in events]


def _streamed(dialect: str, events: list[tuple[str, Any]]) -> str:
    said = [one for _, one in events if one is not None]
    if dialect == "openai":
        return "".join(c["delta"].get("content") or "" for one in said for c in one["choices"])
    if dialect == "anthropic":
        return "".join(one["delta"].get("text", "") for one in said if one["type"] == "content_block_delta")
    return "".join(
        part.get("text", "")
        for one in said
        for c in one.get("candidates", ())
        for part in c.get("content", {}).get("parts", ())
    )


# ---------------------------------------------------------------- every dialect to every provider
@pytest.mark.parametrize("provider", list(ANSWERS))
@pytest.mark.parametrize("dialect", list(ANSWERS))
def test_a_whole_answer(stack: Stack, upstream: Scripted, dialect: str, provider: str) -> None:
    upstream.say(ANSWERS[provider])
    _publish(stack, provider, usd_per_input_token=1e-3, usd_per_cached_token=1e-4, usd_per_output_token=2e-3)
    status, data, headers = _ask(stack, dialect)
    assert status == 200, data
    answer = json.loads(data)
    assert _text(dialect, answer) == "hello there"
    assert _usage(dialect, answer) == (100, 20)
    [asked] = upstream.asked
    assert asked.path.removeprefix("/v1beta") == PATHS[provider, False]
    assert "upstream-key" in str(asked.headers)
    assert KEY not in str(asked.headers) + asked.path
    [record] = stack.records(1)
    assert record.dialect == {"google": "gemini", "openai": "openai_chat"}.get(dialect, dialect)
    assert (record.status, record.error_code, record.input_tokens, record.output_tokens) == (200, "", 100, 20)
    assert json.loads(record.input)["messages"] == [{"role": "user", "content": "hi"}]
    assert json.loads(record.output)["choices"][0]["message"]["content"] == "hello there"
    assert headers["x-volant-inference-id"] == record.inference_id == headers["x-request-id"]
    assert headers["x-volant-trace-id"] == record.trace_id
    assert (headers["x-volant-deployment"], headers["x-volant-model"]) == ("up", "gpt")
    assert float(headers["x-volant-cost-usd"]) == pytest.approx(record.cost_usd) != 0
    assert ("request-id" in headers) == (dialect == "anthropic")


@pytest.mark.parametrize("provider", list(ANSWERS))
@pytest.mark.parametrize("dialect", list(ANSWERS))
def test_a_stream(stack: Stack, upstream: Scripted, dialect: str, provider: str) -> None:
    upstream.stream(*STREAMS[provider])
    _publish(stack, provider)
    status, data, headers = _ask(stack, dialect, stream=True)
    assert status == 200, data
    assert headers["content-type"].startswith("text/event-stream")
    events = _events(data)
    assert _streamed(dialect, events) == "hello there"
    if dialect == "anthropic":
        names = [name for name, _ in events if name != "ping"]
        assert (names[0], names[-1]) == ("message_start", "message_stop")
        assert all(name == said["type"] for name, said in events)
    if dialect == "openai":
        assert events[-1] == ("", None)
        assert events[-2][1]["usage"]["completion_tokens"] == 20
    [asked] = upstream.asked
    assert asked.path.removeprefix("/v1beta") == PATHS[provider, True]
    [record] = stack.records(1)
    assert (record.status, record.streamed, record.input_tokens, record.output_tokens) == (200, True, 100, 20)
    assert json.loads(record.output)["choices"][0]["message"]["content"] == "hello there"


@pytest.mark.parametrize("provider", list(ANSWERS))
@pytest.mark.parametrize("dialect", list(ANSWERS))
def test_a_refusal_of_the_provider_is_said_in_the_callers_words(
    stack: Stack, upstream: Scripted, dialect: str, provider: str
) -> None:
    upstream.say(
        {
            "openai": {"error": {"message": "no such thing", "type": "invalid_request_error", "code": "bad"}},
            "anthropic": {"type": "error", "error": {"type": "invalid_request_error", "message": "no such thing"}},
            "google": {"error": {"code": 400, "message": "no such thing", "status": "INVALID_ARGUMENT"}},
        }[provider],
        400,
    )
    _publish(stack, provider)
    status, data, _ = _ask(stack, dialect)
    answer = json.loads(data)
    assert status == 400
    assert "no such thing" in answer["error"]["message"]
    assert _is_error_of(dialect, answer)
    [record] = stack.records(1)
    assert record.status == 400


@pytest.mark.parametrize("dialect", list(ANSWERS))
@pytest.mark.parametrize("provider", list(ANSWERS))
def test_a_stream_that_fails_at_once_is_had_from_the_next_place(
    stack: Stack, upstream: Scripted, dialect: str, provider: str
) -> None:
    first = {
        "openai": ['data: {"error": {"message": "overloaded"}}\n\n'],
        "anthropic": [
            STREAMS["anthropic"][0],
            _sse("error", {"type": "error", "error": {"type": "overloaded_error", "message": "overloaded"}}),
        ],
        "google": ["data: {broken\n\n"],
    }[provider]
    upstream.stream(*first)
    upstream.stream(*STREAMS[provider])
    _publish(stack, provider)
    status, data, _ = _ask(stack, dialect, stream=True)
    assert status == 200, data
    assert _streamed(dialect, _events(data)) == "hello there"
    [record] = stack.records(1)
    assert [bool(call.error_code) for call in record.calls] == [True, False]


@pytest.mark.parametrize("dialect", list(ANSWERS))
@pytest.mark.parametrize("provider", list(ANSWERS))
def test_a_stream_that_breaks_off_ends_with_an_error(
    stack: Stack, upstream: Scripted, dialect: str, provider: str
) -> None:
    upstream.stream(*STREAMS[provider][: -1 if provider == "google" else 4])
    upstream.cut = True
    _publish(stack, provider)
    status, data, _ = _ask(stack, dialect, stream=True)
    assert status == 200, data
    events = _events(data)
    assert _streamed(dialect, events[:-1]).startswith("hello ")
    assert _is_error_of(dialect, events[-1][1]), events[-1]
    [record] = stack.records(1)
    assert record.error_code == "closed"
    assert record.output_tokens > 0


@pytest.mark.parametrize("provider", list(ANSWERS))
def test_a_response_that_breaks_off_stays_one_response(stack: Stack, upstream: Scripted, provider: str) -> None:
    """OpenAI's client refuses a stream whose response changes its id on the way."""
    upstream.stream(*STREAMS[provider][: -1 if provider == "google" else 4])
    upstream.cut = True
    _publish(stack, provider)
    body = json.dumps({"model": "help", "input": "hello", "stream": True}).encode()
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    status, data, _ = stack.send("POST", "/v1/responses", body, headers)
    assert status == 200, data
    said = [event for _, event in _events(data)]
    assert [event["type"] for event in said].count("response.created") == 1
    assert [event["sequence_number"] for event in said] == list(range(len(said)))
    assert [event["type"] for event in said[-2:]] == ["error", "response.failed"]
    assert len({event["response"]["id"] for event in said if "response" in event}) == 1


def _is_error_of(dialect: str, said: Any) -> bool:
    if dialect == "anthropic":
        return said["type"] == "error" and {"type", "message"} <= set(said["error"])
    if dialect == "google":
        return {"code", "message", "status"} <= set(said["error"])
    return {"message", "type", "code"} <= set(said["error"])


@pytest.mark.parametrize("dialect", list(ANSWERS))
def test_a_server_that_does_not_stream_is_read_as_a_stream(stack: Stack, upstream: Scripted, dialect: str) -> None:
    upstream.say(COMPLETION)
    _publish(stack, "openai")
    status, data, headers = _ask(stack, dialect, stream=True)
    assert (status, headers["content-type"].partition(";")[0]) == (200, "text/event-stream")
    assert _streamed(dialect, _events(data)) == "hello there"
    assert stack.records(1)[0].output_tokens == 20


def test_users_are_shared_among_variants_by_weight(stack: Stack) -> None:
    stack.add_mock("main")
    variants = tuple(
        VariantSpec(name=name, deployments=("main",), weight=weight) for name, weight in (("a", 3), ("b", 1))
    )
    stack.publish([type(task("help", []))(name="help", variants=variants)], [stack.target("main")])
    stack.start()
    served: dict[str, set[str]] = {}
    for at in range(80):
        status, _, headers = stack.chat({**HELLO, "user": f"user-{at % 40}"})
        assert status == 200
        served.setdefault(f"user-{at % 40}", set()).add(headers["x-volant-variant"])
    assert all(len(names) == 1 for names in served.values())
    share = sum(names == {"a"} for names in served.values())
    assert 20 <= share <= 38, share


# ---------------------------------------------------------------- what the variant adds
def test_a_variants_words_and_parameters_reach_every_provider(stack: Stack, upstream: Scripted) -> None:
    upstream.say(MESSAGE)
    variant = VariantSpec(
        name="v1", deployments=("up",), system="Be brief.", parameters={"max_tokens": 77, "stop": ["END"]}
    )
    spec = task("help", ["up"])
    stack.publish(
        [type(spec)(name="help", variants=(variant,))],
        [stack.target("up", provider="anthropic", model="m", base_url=stack.urls["up"] + "/v1")],
    )
    stack.start()
    assert stack.chat({"model": "help", "messages": [{"role": "user", "content": "hi"}]})[0] == 200
    status, _, _ = _ask(stack, "anthropic")
    assert status == 200
    ours, theirs = (one.json for one in upstream.asked)
    for said in (ours, theirs):
        assert said["stop_sequences"] == ["END"]
        assert "Be brief." in json.dumps(said["system"])
    assert (ours["max_tokens"], theirs["max_tokens"]) == (77, 50)


def test_the_same_dialect_is_relayed_but_for_the_model(stack: Stack, upstream: Scripted) -> None:
    upstream.say({**MESSAGE, "a_new_field": [1]})
    _publish(stack, "anthropic")
    body = {
        "model": "help", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}],
        "some_new_field": {"deep": [1, 2.50]}, "volant": {"tags": {"a": "b"}},
    }  # fmt: skip
    headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01", "anthropic-beta": "files-api-2026"}
    status, data, _ = stack.send("POST", "/anthropic/v1/messages", json.dumps(body).encode(), headers)
    assert (status, json.loads(data)["a_new_field"]) == (200, [1])
    [asked] = upstream.asked
    assert asked.json == {**{name: value for name, value in body.items() if name != "volant"}, "model": "gpt"}
    assert (asked.headers["anthropic-version"], asked.headers["anthropic-beta"]) == ("2023-06-01", "files-api-2026")
    assert stack.records(1)[0].tags == {"a": "b"}


def test_what_a_provider_cannot_express_is_refused_or_named(stack: Stack, upstream: Scripted) -> None:
    upstream.say(MESSAGE)
    _publish(stack, "anthropic")
    status, answer, _ = stack.chat({**HELLO, "n": 3})
    assert (status, answer["error"]["code"]) == (400, "not_supported")
    assert upstream.asked == []
    status, _, headers = stack.chat({**HELLO, "seed": 7})
    assert status == 200
    assert "seed" in headers["x-volant-warning"]
    records = stack.records(2)
    assert any("seed" in said for said in records[-1].warnings)


def test_what_an_answer_cannot_say_is_named(stack: Stack, upstream: Scripted) -> None:
    sound = {"inlineData": {"mimeType": "audio/wav", "data": "UklGRg=="}}
    upstream.say({"candidates": [{"finishReason": "STOP", "content": {"role": "model", "parts": [sound]}}]})
    _publish(stack, "google")
    status, data, headers = _ask(stack, "openai")
    assert status == 200, data
    said = json.loads(data)["choices"][0]["message"]["content"]
    assert said == "[The model answered with sound, which OpenAI chat completions cannot carry.]"
    assert "sound in the answer" in headers["x-volant-warning"]
    [record] = stack.records(1)
    assert any("sound in the answer" in one for one in record.warnings)


def test_who_can_express_it_is_asked_instead(stack: Stack, upstream: Scripted) -> None:
    stack.add_mock("main")
    claude = stack.target("up", provider="anthropic", model="m", base_url=stack.urls["up"] + "/v1")
    stack.publish([task("help", ["up"], fallbacks=["main"])], [claude, stack.target("main")])
    stack.start()
    status, _, headers = stack.chat({**HELLO, "n": 3})
    assert (status, headers["x-volant-deployment"]) == (200, "main")
    assert upstream.asked == []


# ---------------------------------------------------------------- words that we do not know
NEWER: dict[str, dict[str, Any]] = {  # what no dialect of ours reads: a provider may have learnt it since
    "anthropic": {"messages": [{"role": "user", "content": "hi"}], "thinking": {"type": "hologram"}, "max_tokens": 9},
    "google": {
        "contents": [{"role": "hologram", "parts": [{"text": "hi"}]}],
        "generationConfig": {"maxOutputTokens": 9},
    },
}


def _ask_newer(stack: Stack, dialect: str, stream: bool = False) -> tuple[int, bytes, dict[str, str]]:
    verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
    path = "/v1/messages" if dialect == "anthropic" else f"/v1beta/models/help:{verb}"
    asked = NEWER[dialect] if dialect == "google" else {"model": "help", **NEWER[dialect], "stream": stream}
    key = "x-goog-api-key" if dialect == "google" else "x-api-key"
    headers = {key: KEY, "content-type": "application/json"}
    return stack.send("POST", path, json.dumps(asked).encode(), headers)


@pytest.mark.parametrize("limited", [False, True], ids=["free", "limited"])
@pytest.mark.parametrize("dialect", list(NEWER))
def test_words_that_we_do_not_know_reach_who_may(stack: Stack, upstream: Scripted, dialect: str, limited: bool) -> None:
    upstream.say(ANSWERS[dialect])
    base = stack.urls["up"] + ("/v1beta" if dialect == "google" else "/v1")
    target = stack.target("up", provider=dialect, model="gpt", base_url=base, usd_per_output_token=0.001)
    keys = [grant(KEY, limits=Limits(usd_per_day=1.0) if limited else Limits())]
    stack.control.budget_usd = 1.0
    stack.publish([task("help", ["up"])], [target], keys=keys)
    stack.start()
    status, data, _ = _ask_newer(stack, dialect)
    assert (status, json.loads(data)) == (200, ANSWERS[dialect])
    assert b"hologram" in upstream.asked[0].body
    [record] = stack.records(1)
    assert (record.status, record.output_tokens > 0) == (200, True)
    assert b"hologram" in record.input
    if limited:  # nine tokens were reserved, not 4,096, which this budget does not pay for
        assert stack.control.leases[0]["asks"][0]["least"]["usd"] < 0.1


def test_words_that_we_do_not_know_are_relayed_as_they_stream_and_cut_off_like_others(
    stack: Stack, upstream: Scripted
) -> None:
    upstream.stream(*STREAMS["anthropic"])
    upstream.stream(*STREAMS["anthropic"][:4])
    _publish(stack, "anthropic")
    status, data, _ = _ask_newer(stack, "anthropic", stream=True)
    assert (status, data.decode()) == (200, "".join(STREAMS["anthropic"]))
    upstream.cut = True
    status, data, _ = _ask_newer(stack, "anthropic", stream=True)
    assert status == 200
    assert data.decode().rpartition("event: ")[2].startswith("error")


def test_words_that_we_do_not_know_are_refused_where_they_must_be_read(stack: Stack, upstream: Scripted) -> None:
    upstream.say(MESSAGE)
    guard = GuardSpec(name="g", check="pii")
    stack.publish(
        [task("help", ["up"], guards=(guard,))], [stack.target("up", provider="anthropic", base_url=stack.urls["up"])]
    )
    stack.start()
    assert _ask_newer(stack, "anthropic")[0] == 400  # a guard reads them
    stack.publish([task("help", ["up"])], [stack.target("up", provider="openai", base_url=stack.urls["up"])])
    status, data, _ = _ask_newer(stack, "anthropic")
    assert (status, b"thinking.type" in data, upstream.asked) == (400, True, [])  # they would be translated
    stack.publish(
        [task("help", ["up"], cache=CacheSpec())],
        [stack.target("up", provider="anthropic", base_url=stack.urls["up"] + "/v1")],
    )
    for _ in range(2):  # nobody knows what would be the same question
        status, _, headers = _ask_newer(stack, "anthropic")
        assert (status, headers["x-volant-cache"]) == (200, "skip")
    assert len(upstream.asked) == 2


# ---------------------------------------------------------------- other operations
def test_embeddings_in_both_dialects(stack: Stack, upstream: Scripted) -> None:
    upstream.say(
        {
            "object": "list",
            "model": "emb",
            "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -1.0]}],
            "usage": {"prompt_tokens": 3, "total_tokens": 3},
        }
    )
    _publish(stack, "openai", usd_per_input_token=1.0)
    body = json.dumps({"model": "help", "input": ["hi"], "encoding_format": "float"}).encode()
    status, data, headers = stack.send("POST", "/v1/embeddings", body, {"authorization": f"Bearer {KEY}"})
    assert (status, json.loads(data)["data"][0]["embedding"]) == (200, [0.5, -1.0])
    assert float(headers["x-volant-cost-usd"]) == 3.0
    asked = {"requests": [{"model": "models/help", "content": {"parts": [{"text": "hi"}]}}]}
    path = "/v1beta/models/help:batchEmbedContents"
    status, data, _ = stack.send("POST", path, json.dumps(asked).encode(), {"x-goog-api-key": KEY})
    assert (status, json.loads(data)["embeddings"]) == (200, [{"values": [0.5, -1.0]}])
    assert [one.path for one in upstream.asked] == ["/v1/embeddings"] * 2
    assert upstream.asked[1].json["input"] == ["hi"]
    first, second = stack.records(2)
    assert (first.operation, first.dialect, first.input_tokens) == ("embeddings", "openai", 3)
    assert (second.dialect, json.loads(second.output)["dimensions"]) == ("gemini", 2)


def _vectors(*numbers: int, tokens: int = 0) -> dict[str, Any]:
    said = {"embeddings": [{"values": [float(number)]} for number in numbers]}
    return {**said, "usageMetadata": {"promptTokenCount": tokens}} if tokens else said


def _embed(stack: Stack, count: int) -> tuple[int, Any, dict[str, str]]:
    body = json.dumps({"model": "help", "input": [f"text {at}" for at in range(count)]}).encode()
    status, data, headers = stack.send("POST", "/v1/embeddings", body, {"authorization": f"Bearer {KEY}"})
    return status, json.loads(data), headers


def test_more_texts_than_gemini_takes_at_once_are_asked_in_parts(stack: Stack, upstream: Scripted) -> None:
    upstream.say(_vectors(*range(100), tokens=300))
    upstream.say(_vectors(*range(100, 200), tokens=301))
    upstream.say(_vectors(*range(200, 230), tokens=90))
    _publish(stack, "google", usd_per_input_token=0.001)
    status, answer, headers = _embed(stack, 230)
    assert (status, [one["embedding"] for one in answer["data"]]) == (200, [[float(at)] for at in range(230)])
    assert [one["index"] for one in answer["data"]] == list(range(230))
    assert answer["usage"]["prompt_tokens"] == 691
    assert float(headers["x-volant-cost-usd"]) == pytest.approx(0.691)
    sent = [[one["content"]["parts"][0]["text"] for one in part.json["requests"]] for part in upstream.asked]
    assert sent == [[f"text {at}" for at in range(*ends)] for ends in ((0, 100), (100, 200), (200, 230))]
    [record] = stack.records(1)
    [call] = record.calls
    assert (call.input_tokens, call.cost_usd, record.cost_usd) == (691, pytest.approx(0.691), pytest.approx(0.691))
    assert json.loads(record.output)["vectors"] == 230


@pytest.mark.parametrize("fault", ["refused", "short"])
def test_a_part_that_fails_fails_all_of_them_and_those_before_are_paid_for(
    stack: Stack, upstream: Scripted, fault: str
) -> None:
    spare = Scripted()
    upstream.say(_vectors(*range(100), tokens=300))
    if fault == "refused":
        upstream.say({"error": {"code": 403, "message": "no", "status": "PERMISSION_DENIED"}}, 403)
    else:
        upstream.say(_vectors(1, 2, tokens=7))  # two vectors for fifty texts
    spare.say(_vectors(*range(100, 200), tokens=10))
    spare.say(_vectors(*range(200, 250), tokens=5))
    stack.urls["spare"] = stack.loop.run(spare.start())
    targets = [stack.target("up", provider="google", usd_per_input_token=0.001),
               stack.target("spare", provider="google", usd_per_input_token=0.001)]  # fmt: skip
    stack.publish([TaskSpec(name="help", variants=(
        VariantSpec(name="v1", deployments=("up",), fallbacks=("spare",), retries=0),))], targets)  # fmt: skip
    stack.start()
    status, answer, _ = _embed(stack, 150)
    assert (status, answer["data"][0]["embedding"], len(answer["data"])) == (200, [100.0], 150)  # all from one place
    [record] = stack.records(1)
    first, second = record.calls
    assert (first.input_tokens, second.input_tokens) == (300 if fault == "refused" else 307, 15)
    assert record.cost_usd == pytest.approx(sum(one.input_tokens for one in record.calls) * 0.001)
    stack.loop.run(spare.stop())


def test_parts_count_against_their_places_limit_a_minute(stack: Stack, upstream: Scripted) -> None:
    upstream.say(_vectors(*range(100), tokens=3))
    _publish(stack, "google", requests_per_minute=2, timeout_total_s=1.5)
    assert _embed(stack, 200)[0] == 200
    status, answer, _ = _embed(stack, 200)
    assert (status, answer["error"]["code"], len(upstream.asked)) == (429, "deployments_limited", 2)
    stack.stop()
    stack.start(control=False)  # its minute is empty again
    status, answer, _ = _embed(stack, 300)
    assert (status, "total_timeout" in answer["error"]["message"], len(upstream.asked)) == (502, True, 4)
    assert [one.input_tokens for one in stack.records(3)[-1].calls] == [6]


def test_tokens_are_counted_where_a_provider_can(stack: Stack, upstream: Scripted) -> None:
    upstream.say({"input_tokens": 42})
    _publish(stack, "anthropic", usd_per_input_token=1.0)
    body = json.dumps({"model": "help", "messages": [{"role": "user", "content": "hi"}]}).encode()
    headers = {"x-api-key": KEY, "anthropic-version": "2026-10-21"}
    status, data, said = stack.send("POST", "/v1/messages/count_tokens", body, headers)
    assert (status, json.loads(data)) == (200, {"input_tokens": 42})
    assert "x-volant-warning" not in said
    assert upstream.asked[0].path == "/v1/messages/count_tokens"
    assert set(upstream.asked[0].json) == {"model", "messages"}
    asked = json.dumps({"contents": [{"parts": [{"text": "hi"}]}]}).encode()
    status, data, _ = stack.send("POST", "/v1/models/help:countTokens", asked, {"x-goog-api-key": KEY})
    assert (status, json.loads(data)["totalTokens"]) == (200, 42)
    assert stack.records(2)[0].cost_usd == 0


def test_tokens_are_estimated_where_nobody_can(stack: Stack, upstream: Scripted) -> None:
    upstream.say(COMPLETION)
    _publish(stack, "openai")
    body = json.dumps({"model": "help", "messages": [{"role": "user", "content": "x" * 400}]}).encode()
    status, data, headers = stack.send("POST", "/anthropic/v1/messages/count_tokens", body, {"x-api-key": KEY})
    assert (status, json.loads(data)) == (200, {"input_tokens": 104})
    assert "estimated" in headers["x-volant-warning"]
    assert upstream.asked == []
    [record] = stack.records(1)
    assert (record.operation, record.deployment, len(record.warnings)) == ("count_tokens", "", 1)


def test_moderations_by_our_checks(stack: Stack, upstream: Scripted) -> None:
    upstream.say(COMPLETION)
    _publish(stack, "openai")
    texts = ["you are a worthless idiot, die", "the weather is nice", "mail me at ada@example.org"]
    keyed = {"authorization": f"Bearer {KEY}"}
    for model in ({}, {"model": "omni-moderation-latest"}):
        status, data, _ = stack.send("POST", "/v1/moderations", json.dumps({"input": texts, **model}).encode(), keyed)
        assert status == 200, data
        hostile, nice, mail = json.loads(data)["results"]
        assert (hostile["flagged"], nice["flagged"]) == (True, False)
        assert hostile["categories"]["harassment"]
        assert mail["categories"]["pii"]
        assert mail["category_scores"]["hate"] == 0
    status, data, _ = stack.send("POST", "/v1/moderations", b'{"input":"hi","model":"help"}', keyed)
    assert status == 200, data
    assert not json.loads(data)["results"][0]["flagged"]  # its provider does not moderate
    assert upstream.asked == []
    records = stack.records(3)
    assert {record.operation for record in records} == {"moderations"}
    assert [bool(record.input) for record in records] == [False, False, True]  # no task says how the first are kept
    status, data, _ = stack.send("POST", "/v1/moderations", b'{"input":7}', keyed)
    assert (status, json.loads(data)["error"]["param"]) == (400, None)


# ---------------------------------------------------------------- names, keys, lists
def test_a_model_is_a_task_an_alias_or_for_some_keys_a_deployment(stack: Stack) -> None:
    direct, plain, chats = "sk-volant-direct-0123456789abcdef", KEY, "sk-volant-chatkey-0123456789abcdef"
    stack.add_mock("main")
    stack.publish(
        [task("help", ["main"]), task("other/task", ["main"])],
        [stack.target("main")],
        keys=[grant(plain), grant(direct, direct=True), grant(chats, operations=("chat",))],
        aliases={"default": {"gpt-4o": "help"}},
        made={"default": {"tasks/help": 1_795_435_200_000, "tasks/other/task": 1_795_435_261_999,
                          "deployments/main": 1_795_435_320_500}},
    )  # fmt: skip
    stack.start()
    for model in ("help", "gpt-4o", "other/task"):
        assert stack.chat({**HELLO, "model": model})[0] == 200
    for model in ("main", "mock/mock-model"):
        assert stack.chat({**HELLO, "model": model}, key=plain)[0] == 404
        assert stack.chat({**HELLO, "model": model}, key=direct)[0] == 200
    assert stack.records(5)[-1].task == "mock/mock-model"
    status, data, _ = stack.get("/v1/models", {"authorization": f"Bearer {direct}"})
    assert [one["id"] for one in json.loads(data)["data"]] == ["help", "other/task", "gpt-4o", "main"]
    made = [one["created"] - 1_795_435_200 for one in json.loads(data)["data"]]
    assert made == [0, 61, 0, 120]  # seconds; an alias is as old as its task
    status, data, _ = stack.get("/v1/models", {"x-goog-api-key": plain})
    assert [one["name"] for one in json.loads(data)["models"]] == ["models/help", "models/other/task", "models/gpt-4o"]
    status, data, _ = stack.get("/v1/models/other%2Ftask", {"x-api-key": plain, "anthropic-version": "2026-10-21"})
    assert (status, json.loads(data)["id"]) == (200, "other/task")
    assert json.loads(data)["created_at"] == "2026-11-23T12:01:01Z"
    status, data, _ = stack.get(f"/v1beta/models?key={plain}")
    assert status == 200
    status, data, _ = stack.get("/v1/models", {"x-api-key": chats, "anthropic-version": "2026-10-21"})
    assert (status, json.loads(data)["error"]["type"]) == (403, "permission_error")
    assert plain not in stack.log_text()


@pytest.mark.parametrize(
    ("path", "headers", "dialect"),
    [
        ("/v1/chat/completions", {}, "openai"),
        ("/v1/messages", {}, "anthropic"),
        ("/anthropic/nothing", {}, "anthropic"),
        ("/v1beta/models/help:generateContent", {}, "google"),
        ("/gemini/v1/models/help:nothing", {}, "google"),
        ("/v1/nothing", {"anthropic-version": "2026-10-21"}, "anthropic"),
    ],
)
def test_errors_are_in_the_callers_dialect(stack: Stack, path: str, headers: dict[str, str], dialect: str) -> None:
    stack.boot["max_body_bytes"] = 1000
    stack.simple()
    stack.start()
    for body, more in (
        (b"{}", {}),
        (b"x" * 2000, {"authorization": f"Bearer {KEY}"}),
        (b"{}", {"authorization": f"Bearer {KEY}", "x-long": "y" * 70_000}),
        (b"{", {"authorization": f"Bearer {KEY}"}),
    ):
        status, data, said = stack.send("POST", path, body, {**headers, **more})
        assert status in (400, 401, 404, 405, 413, 431), (status, data)
        assert _is_error_of(dialect, json.loads(data)), (status, data)
        assert ("request-id" in said) == (dialect == "anthropic" and status != 431)


def test_a_place_that_was_asked_to_be_left_alone_is_named_with_how_long(stack: Stack, upstream: Scripted) -> None:
    upstream.say({"error": {"message": "slow down", "type": "requests"}}, 429)
    upstream.headers["retry-after"] = "60"
    _publish(stack, "openai")
    for words in ("at its provider's limit", "its provider asked to wait"):
        status, data, headers = _ask(stack, "openai")
        error = json.loads(data)["error"]
        assert (status, error["code"], words in error["message"]) == (429, "upstream_rate_limited", True), data
        assert 40 <= int(headers["retry-after"]) <= 60
    assert len(upstream.asked) == 1


@pytest.mark.parametrize(
    "said", [{"error": {"message": "no model gpt for upstream-key"}}, "<html>gateway upstream-key"]
)
def test_what_a_provider_said_in_place_of_an_answer_is_kept_without_the_key(
    stack: Stack, upstream: Scripted, said: Any
) -> None:
    upstream.say(said, 404)
    _publish(stack, "openai")
    status, data, _ = _ask(stack, "openai")
    assert status == 502, data
    assert b"no model" not in data, "an operator's trouble is not for callers"
    [record] = stack.records(1)
    kept = json.loads(record.output)["error"]
    assert (kept["deployment"], kept["status"]) == ("up", 404)
    assert "(the key)" in json.dumps(kept["said"])
    assert b"upstream-key" not in record.output
