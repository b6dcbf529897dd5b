"""Errors: JSON that says what was wrong and what to do, in OpenAI's shape where an OpenAI client asks; bodies and disk
within their limits."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest


def test_unknown_routes_and_methods(api: Any) -> None:
    unknown = api.call("GET", "/api/v1/nothing")
    assert (unknown.status, unknown.json()["error"]["code"]) == (404, "route_unknown")
    assert "openapi.json" in unknown.json()["error"]["hint"]
    wrong = api.call("PATCH", "/api/v1/keys")
    assert (wrong.status, wrong.json()["error"]["code"]) == (405, "method_not_allowed")


def test_openai_clients_get_openai_errors(api: Any) -> None:
    for prefix in ("/v1", "/openai/v1"):
        answer = api.call("GET", f"{prefix}/models", key="vk_wrong")
        error = answer.json()["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert (error["type"], error["code"]) == ("authentication_error", "key_unknown")
        assert answer.headers["x-should-retry"] == "false"


def test_malformed_bodies_are_named(api: Any) -> None:
    torn = api.call("POST", "/api/v1/keys", chunks=[b'{"name": '], headers={"content-type": "application/json"})
    assert (torn.status, torn.json()["error"]["code"]) == (400, "body_invalid")
    unknown = api.call("POST", "/api/v1/keys", {"name": "a", "scopes": ["read"], "scpoe": 1})
    assert unknown.status == 400
    assert "scpoe" in unknown.json()["error"]["message"]
    plain = api.call("POST", "/api/v1/keys", chunks=[b"name=a"], headers={"content-type": "text/plain"})
    assert "application/json" in plain.json()["error"]["message"]
    assert api.call("GET", "/api/v1/inferences?limit=0").status == 400
    assert api.call("GET", "/api/v1/inferences?limit=501").status == 400
    assert api.call("POST", "/api/v1/rollouts/rol_1/explode", {}).status == 400


def test_a_declared_length_above_the_limit_is_refused_unread(make_api: Callable[..., Any]) -> None:
    api = make_api(max_body_bytes=2048)
    answer = api.call(
        "POST", "/api/v1/keys", {"name": "x" * 3000, "scopes": ["read"]}, headers={"content-length": "9999"}
    )
    assert (answer.status, answer.json()["error"]["code"]) == (413, "body_too_large")
    assert "2048" in answer.json()["error"]["message"]
    bad = api.call("POST", "/api/v1/keys", {}, headers={"content-length": "many"})
    assert bad.status == 400


def test_an_undeclared_length_is_counted_while_it_comes(make_api: Callable[..., Any]) -> None:
    api = make_api(max_body_bytes=2048)
    chunks = [b'{"name": "', *[b"x" * 500] * 10, b'"}']
    answer = api.call("POST", "/api/v1/keys", chunks=chunks, headers={"content-type": "application/json"})
    assert (answer.status, answer.json()["error"]["code"]) == (413, "body_too_large")
    fits = [b'{"name": "', b"x" * 500, b'", "scopes": ["read"]}']
    assert api.call("POST", "/api/v1/keys", chunks=fits, headers={"content-type": "application/json"}).status == 201


def test_a_nearly_full_disk_takes_no_more_writes_but_lets_read_erase_and_revoke(
    make_api: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    api = make_api(disk_floor_mb=64)
    key = api.call("POST", "/api/v1/keys", {"name": "a", "scopes": ["feedback"]}).json()
    monkeypatch.setattr("volant.api.limits.shutil.disk_usage", lambda place: SimpleNamespace(free=63 * 2**20))
    refused = api.call("POST", "/api/v1/feedback", {"inference_id": "inf_1", "value": True})
    assert (refused.status, refused.json()["error"]["code"]) == (507, "disk_floor")
    assert refused.json()["error"]["retry_helps"] is True
    assert api.call("GET", "/api/v1/keys").status == 200
    assert api.call("DELETE", f"/api/v1/keys/{key['key']['id']}").status == 200
    assert api.call("POST", "/api/v1/erasures", {"user": "jane"}).status == 202
    monkeypatch.setattr("volant.api.limits.shutil.disk_usage", lambda place: SimpleNamespace(free=65 * 2**20))
    assert api.call("POST", "/api/v1/feedback", {"inference_id": "inf_1", "value": True}).status == 201


def test_a_bug_is_logged_without_its_text_and_answered_with_a_place(
    api: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("jane@example.org")

    monkeypatch.setattr(api.loop, "start_retrain", broken)
    with caplog.at_level(logging.ERROR, "volant.api"):
        answer = api.call("POST", "/api/v1/loop/helpdesk/retrain", {})
    assert (answer.status, answer.json()["error"]["code"]) == (500, "internal_error")
    assert answer.json()["error"]["where"] == "POST /loop/{task}/retrain"
    assert "in broken" in caplog.text
    assert "jane" not in caplog.text + answer.body.decode()


def test_ready_says_what_is_not(api: Any) -> None:
    assert api.call("GET", "/readyz", key="").status == 200
    api.ready.out["background"] = "drain failed at its last turn"
    answer = api.call("GET", "/readyz", key="")
    assert (answer.status, answer.json()["problems"]) == (503, ["background: drain failed at its last turn"])
    assert api.call("GET", "/healthz", key="").status == 200


def test_without_a_loop_its_routes_say_so(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.inner.state, "services", dataclasses.replace(api.inner.state.services, actions=None))
    answer = api.call("POST", "/api/v1/loop/helpdesk/retrain", {})
    assert (answer.status, answer.json()["error"]["code"]) == (503, "loop_missing")


def test_root_key_is_private_and_made_once(api: Any, tmp_path: Path) -> None:
    place = Path(api.context.settings.data_dir) / "root.key"
    assert place.stat().st_mode & 0o777 == 0o600
    stored = b"".join(one.read_bytes() for one in place.parent.rglob("*") if one.is_file() and one != place)
    assert api.root.encode() not in stored
