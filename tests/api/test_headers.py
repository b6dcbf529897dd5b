"""What every answer says to a browser, and which Host names are answered."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from starlette.responses import HTMLResponse, StreamingResponse

from volant.api.headers import DATA_POLICY, PAGE_POLICY, allowed_hosts, host_of
from volant.core.settings import ServerSettings

ALL = (
    "x-content-type-options", "referrer-policy", "permissions-policy", "cross-origin-opener-policy",
    "cross-origin-resource-policy", "content-security-policy", "cache-control", "x-frame-options", "x-request-id",
)  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/v1/keys", 200), ("GET", "/api/v1/nothing", 404), ("GET", "/healthz", 200),
     ("PATCH", "/api/v1/keys", 405),
     ("POST", "/api/v1/keys", 400), ("GET", "/v1/models", 200), ("GET", "/openai/v1/nothing", 404)],
)  # fmt: skip
def test_every_answer_has_them(api: Any, method: str, path: str, status: int) -> None:
    answer = api.call(method, path, [] if method == "POST" else None)
    assert answer.status == status
    assert not (missing := [name for name in ALL if name not in answer.headers]), missing
    assert answer.headers["content-security-policy"] == DATA_POLICY
    assert answer.headers["cache-control"] == "no-store"
    assert "server" not in answer.headers
    assert "strict-transport-security" not in answer.headers


def test_a_page_has_the_pages_policy_and_what_a_route_says_itself_stands(api: Any) -> None:
    api.inner.router.routes.insert(
        0, _route("/api/page", lambda: HTMLResponse("<p>", headers={"cache-control": "no-cache"}))
    )
    answer = api.call("GET", "/api/page", key="")
    assert answer.headers["content-security-policy"] == PAGE_POLICY
    assert "unsafe-eval" not in PAGE_POLICY
    assert "script-src 'self';" in PAGE_POLICY
    assert answer.headers["cache-control"] == "no-cache"


def test_hsts_comes_with_https_only(make_api: Callable[..., Any]) -> None:
    api = make_api()
    assert "strict-transport-security" in api.call("GET", "/healthz", headers={"x-forwarded-proto": "https"}).headers
    public = make_api(public_url="https://volant.example.com")
    assert "strict-transport-security" in public.call("GET", "/healthz").headers


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8321", "127.0.0.1.evil.example", "10.0.0.1", "localhost.evil"]
)
def test_a_name_that_was_made_to_point_here_is_refused(api: Any, host: str) -> None:
    for path in ("/api/v1/keys", "/healthz", "/v1/models", "/"):
        answer = api.call("GET", path, headers={"host": host})
        assert answer.status == 421, path
        assert b"host_refused" in answer.body


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8321", "127.0.0.1:1", "[::1]:8321", ""])
def test_this_machines_own_names_are_answered(api: Any, host: str) -> None:
    assert api.call("GET", "/api/v1/keys", headers={"host": host} if host else {}).status == 200


def test_named_hosts_are_answered_and_only_they(make_api: Callable[..., Any]) -> None:
    api = make_api(host="0.0.0.0", allowed_hosts=("llm.example.com",), public_url="https://volant.example.com")
    for host, status in [("llm.example.com", 200), ("volant.example.com:443", 200), ("localhost", 200), ("x.com", 421)]:
        assert api.call("GET", "/api/v1/keys", headers={"host": host}).status == status, host
    assert allowed_hosts(ServerSettings(host="0.0.0.0")) is None
    assert host_of("2001:db8::1") == "2001:db8::1"


# ---------------------------------------------------------------- bodies and listeners
def test_deep_json_is_refused_before_it_is_parsed(api: Any) -> None:
    for path in ("/api/v1/keys", "/api/v1/documents/apply"):
        deep = b'{"name":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
        pieces = [deep[:70_000], deep[70_000:]]
        answer = api.call("POST", path, chunks=pieces, headers={"content-type": "application/json"})
        assert (answer.status, answer.json()["error"]["code"]) == (400, "json_too_deep"), path
    made = api.call("POST", "/api/v1/keys", {"name": "[" * 500, "scopes": ["read"]})
    assert made.status == 201, made.body


def test_listeners_beyond_their_number_are_refused_and_places_come_back(make_api: Callable[..., Any]) -> None:
    api = make_api(max_listeners=0)

    def events() -> Any:
        return StreamingResponse(iter(["data: 1\n\n"]), media_type="text/event-stream")

    api.inner.router.routes.insert(0, _route("/api/events", events))
    answer = api.call("GET", "/api/events", key="")
    assert (answer.status, answer.json()["error"]["code"]) == (503, "too_many_listeners")
    roomy = make_api(max_listeners=1)
    roomy.inner.router.routes.insert(0, _route("/api/events", events))
    assert [roomy.call("GET", "/api/events", key="").status for _ in range(3)] == [200] * 3


def _route(path: str, answer: Callable[[], Any]) -> Any:
    from starlette.routing import Route

    async def endpoint(_request: Any) -> Any:
        return answer()

    return Route(path, endpoint)


# ---------------------------------------------------------------- the line in the log
def test_a_request_is_logged_by_its_route_without_what_was_sent(api: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answer = api.call(
        "GET", "/api/v1/inferences/inf_Secret?note=MarkedQuery", headers={"x-request-id": "from-client-1"}
    )
    assert answer.headers["x-request-id"] == "from-client-1"
    [record] = [one for one in caplog.records if one.name == "volant.access"]
    fields = record.fields  # type: ignore[attr-defined]
    assert fields["route"] == "/api/v1/inferences/{inference_id}"
    assert (fields["status"], fields["project"], fields["request_id"]) == (404, "default", "from-client-1")
    assert fields["actor"].startswith("key_")
    assert fields["ms"] > 0
    assert "Secret" not in caplog.text + str(fields)
    assert "MarkedQuery" not in caplog.text + str(fields)


def test_a_request_id_that_is_no_id_is_replaced(api: Any) -> None:
    for given in ("a b", "x" * 300, 'quote"and\\', ""):
        assert api.call("GET", "/healthz", headers={"x-request-id": given}).headers["x-request-id"] != given
