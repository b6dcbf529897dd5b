"""Access: nothing answers without a key and its scope but the health checks; internal routes need the token."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from volant.api.access import permission_of
from volant.api.app import routes
from volant.api.health import OPEN
from volant.core.permissions import EVERY as EVERY_PERMISSION

EVERY = [
    (method, str(route.path), permission_of(route.dependant))  # type: ignore[attr-defined]
    for route in iter_route_contexts(routes().routes)
    for method in sorted(route.methods or ())
]


def _filled(path: str) -> str:
    return re.sub(r"\{[a-z_]+\}", "x", path)


def test_the_walk_sees_the_whole_application() -> None:
    paths = {path for _, path, _ in EVERY}
    assert len(EVERY) > 50
    assert {"/api/v1/keys", "/v1/models", "/openai/v1/models", "/internal/snapshot", "/api/v1/datasets/import"} <= paths


@pytest.mark.parametrize(("method", "path", "scope"), EVERY)
def test_every_route_declares_a_permission(method: str, path: str, scope: str | None) -> None:
    wanted = {None} if path in OPEN else {"internal"} if path.startswith("/internal/") else EVERY_PERMISSION
    wanted = {"open", "signed in"} if path.startswith("/api/v1/session") else wanted
    assert scope in wanted
    if method != "GET" and path.startswith("/api/v1"):
        reads = {"/api/v1/documents/diff", "/api/v1/prompts/{name}/versions/{version}/render"}
        assert scope not in ("read", "content", "audit") or path in reads, "what changes something needs more"


def test_nothing_answers_without_a_key_or_with_a_wrong_one(api: Any) -> None:
    for method, path, scope in EVERY:
        if scope == "open":
            continue
        for key in ("", "vk_wrong"):
            answer = api.call(method, _filled(path), {} if method in ("POST", "PUT") else None, key=key)
            expected = 200 if path in OPEN else 401
            assert answer.status == expected, f"{method} {path} with key {key!r}"


def test_a_key_of_another_scope_is_refused_everywhere(api: Any) -> None:
    """A key that may only infer reaches only what needs exactly that."""
    key = api.make_key("inference")
    for method, path, scope in EVERY:
        if scope in (None, "internal", "inference", "open", "signed in"):
            continue
        answer = api.call(method, _filled(path), {} if method in ("POST", "PUT") else None, key=key)
        assert answer.status == 403, f"{method} {path}"
        assert "scope" in answer.json()["error"]["message"]
    assert api.call("GET", "/v1/models", key=key).status == 200


def test_internal_routes_need_the_token_and_no_key_opens_them(api: Any) -> None:
    token = {"x-volant-internal": api.context.vault.internal_token}
    assert api.call("GET", "/internal/snapshot").status == 401
    assert api.call("GET", "/internal/snapshot?after=3", key="", headers=token).body == b"\x80"
    assert api.call("GET", "/internal/snapshot?after=7", key="", headers=token).status == 204
    ask = {"asks": [{"account": "key_k", "told_usd": 0.1, "most": {"usd": 0.5, "requests": 3}}]}
    granted = api.call("POST", "/internal/lease", ask, key="", headers={**token, "x-volant-worker": "p.0.2"})
    [lease] = granted.json()["leases"]
    assert (lease["granted"]["usd"], lease["granted"]["requests"], lease["expires_ms"]) == (0.5, 3, 1)
    assert api.leases.workers == ["p.0.2"]


@pytest.mark.parametrize(
    "headers",
    [{"x-api-key": "KEY"}, {"x-goog-api-key": "KEY"}, {"api-key": "KEY"}, {"authorization": "bearer KEY"}, {}],
)
def test_keys_come_in_the_ways_of_the_field(api: Any, headers: dict[str, str]) -> None:
    sent = {name: value.replace("KEY", api.root) for name, value in headers.items()}
    path = "/v1/models" if headers else f"/v1/models?key={api.root}"
    assert api.call("GET", path, key="", headers=sent).status == 200


def test_revoked_and_expired_keys_end(api: Any) -> None:
    made = api.call("POST", "/api/v1/keys", {"name": "a", "scopes": ["read"]}).json()
    assert api.call("GET", "/api/v1/documents", key=made["clear"]).status == 200
    assert api.call("DELETE", f"/api/v1/keys/{made['key']['id']}").json()["revoked_ms"] > 0
    revoked = api.call("GET", "/api/v1/documents", key=made["clear"])
    assert (revoked.status, revoked.headers["www-authenticate"]) == (401, "Bearer")
    assert "revoked" in revoked.json()["error"]["message"]
    ends = api.clock.now_ms() + 1000
    short = api.call("POST", "/api/v1/keys", {"name": "b", "scopes": ["read"], "expires_ms": ends}).json()["clear"]
    assert api.call("GET", "/api/v1/documents", key=short).status == 200
    api.clock.advance(1001)
    assert api.call("GET", "/api/v1/documents", key=short).status == 401


def test_a_rotated_key_keeps_its_scopes_and_the_old_one_has_its_grace(api: Any) -> None:
    old = api.call("POST", "/api/v1/keys", {"name": "a", "scopes": ["read"], "requests_per_minute": 9}).json()
    new = api.call("POST", f"/api/v1/keys/{old['key']['id']}/rotate?grace_s=60").json()
    assert (new["key"]["scopes"], new["key"]["requests_per_minute"]) == (["read"], 9)
    for clear in (old["clear"], new["clear"]):
        assert api.call("GET", "/api/v1/documents", key=clear).status == 200
    api.clock.advance(61_000)
    assert api.call("GET", "/api/v1/documents", key=old["clear"]).status == 401
    assert api.call("GET", "/api/v1/documents", key=new["clear"]).status == 200


def test_a_revoked_key_is_not_brought_back_by_rotating_it(api: Any) -> None:
    made = api.call("POST", "/api/v1/keys", {"name": "a", "scopes": ["read"]}).json()["key"]["id"]
    api.call("DELETE", f"/api/v1/keys/{made}")
    answer = api.call("POST", f"/api/v1/keys/{made}/rotate")
    assert (answer.status, answer.json()["error"]["code"]) == (409, "key_revoked")
    assert all(key["revoked_ms"] for key in api.call("GET", "/api/v1/keys").json()["data"] if key["name"] == "a")


def test_models_shows_a_key_its_own_tasks_only(api: Any) -> None:
    deployment = {"name": "d", "provider": "mock", "model": "m", "base_url": "http://127.0.0.1:1/v1"}
    tasks = [{"name": name, "variants": [{"name": "v", "deployments": ["d"]}]} for name in ("one", "two")]
    assert api.call("POST", "/api/v1/documents/apply", {"deployments": [deployment], "tasks": tasks}).status == 200
    key = api.make_key("inference", tasks=["two"])
    assert [one["id"] for one in api.call("GET", "/v1/models", key=key).json()["data"]] == ["two"]
    assert api.call("GET", "/openai/v1/models/two", key=key).json()["object"] == "model"
    hidden = api.call("GET", "/v1/models/one", key=key)
    assert (hidden.status, hidden.json()["error"]["code"]) == (404, "model_unknown")
    assert [one["id"] for one in api.call("GET", "/v1/models").json()["data"]] == ["one", "two"]


def test_a_key_for_some_tasks_makes_keys_for_those_only(api: Any) -> None:
    narrow = api.call("POST", "/api/v1/keys", {"name": "n", "scopes": ["admin"], "tasks": ["a", "b"]}).json()["clear"]
    for tasks in ([], ["c"], ["a", "c"]):
        answer = api.call("POST", "/api/v1/keys", {"name": "m", "scopes": ["inference"], "tasks": tasks}, key=narrow)
        assert (answer.status, answer.json()["error"]["code"]) == (403, "key_beyond_you"), tasks
    made = api.call("POST", "/api/v1/keys", {"name": "m", "scopes": ["inference"], "tasks": ["a"]}, key=narrow)
    assert made.status == 201
    wide = api.call("POST", "/api/v1/keys", {"name": "w", "scopes": ["inference"]}).json()["key"]["id"]
    assert api.call("DELETE", f"/api/v1/keys/{wide}", key=narrow).status == 403


def test_names_of_the_playgrounds_keys_are_its_own(api: Any) -> None:
    """They are removed by their name a week after their end."""
    answer = api.call("POST", "/api/v1/keys", {"name": "playground of mine", "scopes": ["inference"]})
    assert (answer.status, answer.json()["error"]["code"]) == (400, "name_reserved")


def test_what_is_set_on_the_server_is_not_for_those_who_only_read(api: Any) -> None:
    place = {"name": "d", "provider": "mock", "model": "m", "base_url": "http://127.0.0.1:1/v1", "api_key_env": "NOPE"}
    asked = {"deployments": [place]}
    told = api.call("POST", "/api/v1/documents/diff", asked).json()["warnings"]
    assert "NOPE" in told[0]
    hidden = api.call("POST", "/api/v1/documents/diff", asked, key=api.make_key("read")).json()
    assert (hidden["warnings"], len(hidden["changes"])) == ([], 1)


BEYOND = [
    ({"tasks": ["a"]}, {"tasks": ["a"], "direct": True}, "direct"),
    ({}, {"direct": True}, "direct"),
    ({"operations": ["models"]}, {}, "operations"),
    ({"operations": ["models"]}, {"operations": ["models", "chat"]}, "operations"),
]


@pytest.mark.parametrize(("own", "asked", "where"), BEYOND)
def test_a_key_makes_no_key_of_more_reach_than_its_own(api: Any, own: Any, asked: Any, where: str) -> None:
    own_key = api.call("POST", "/api/v1/keys", {"name": "n", "scopes": ["admin"], **own}).json()
    narrow = own_key["clear"]
    refused = api.call("POST", "/api/v1/keys", {"name": "m", "scopes": ["inference"], **asked}, key=narrow)
    assert (refused.status, refused.json()["error"]["code"]) == (403, "key_beyond_you")
    assert refused.json()["error"]["where"] == where
    change = {"operations": asked.get("operations", []), "direct": asked.get("direct", False)}
    mine = f"/api/v1/keys/{own_key['key']['id']}"
    assert api.call("PATCH", mine, change, key=narrow).status == 403, "nor widens itself"
    made = api.call("POST", "/api/v1/keys", {"name": "m", "scopes": ["inference"], **asked}).json()["key"]["id"]
    for method, path in (("PATCH", ""), ("POST", "/rotate"), ("DELETE", "")):
        body = {"limits": {}} if method == "PATCH" else None
        assert api.call(method, f"/api/v1/keys/{made}{path}", body, key=narrow).status == 403, "nor takes over one"


def test_a_key_makes_keys_within_its_reach(api: Any) -> None:
    own = {"scopes": ["admin"], "operations": ["chat", "models"], "direct": True}
    wide = api.call("POST", "/api/v1/keys", {"name": "n", **own}).json()["clear"]
    asked = {"name": "m", "scopes": ["inference"], "operations": ["chat"], "direct": True}
    made = api.call("POST", "/api/v1/keys", asked, key=wide)
    assert made.status == 201
    change = {"limits": {"usd_per_day": 1.0}}
    assert api.call("PATCH", f"/api/v1/keys/{made.json()['key']['id']}", change, key=wide).status == 200
