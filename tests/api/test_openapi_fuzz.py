"""Every described route of a real server under generated requests: no bug shows, answers are as described, and nothing
answers without a key but what says so.

Bounded to fit CI: VOLANT_FUZZ_EXAMPLES (a route; 8 by default) makes it longer. Derandomised: a failure comes again.
"""

from __future__ import annotations

import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from volant.api.app import routes

EXAMPLES = int(os.environ.get("VOLANT_FUZZ_EXAMPLES", "8"))
DESCRIBED = routes().openapi()
OPEN = {  # health; and what people need before they are signed in
    ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/api/v1/session/methods"), ("POST", "/api/v1/session"),
    ("GET", "/api/v1/session/invitation"), ("POST", "/api/v1/session/accept"),
    ("GET", "/api/v1/session/oidc/{name}/start"), ("GET", "/api/v1/session/oidc/{name}/callback"),
}  # fmt: skip
LIVE = re.compile(r"/events$")  # answers without an end
DOCUMENTS: dict[str, Any] = {
    "deployments": [{"name": "d", "provider": "mock", "model": "m", "base_url": "http://127.0.0.1:9/v1"}],
    "tasks": [{"name": "helpdesk", "variants": [{"name": "v", "deployments": ["d"]}]}],
}
_schema = schemathesis.openapi.from_dict(DESCRIBED)
OPERATIONS = [found.ok() for found in _schema.get_all_operations()]
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::hypothesis.errors.HypothesisWarning"),
]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server with one task, one key beside the root key, and one inference's worth of configuration."""
    from tests.conftest import _start_server

    one = _start_server(tmp_path_factory.mktemp("fuzz") / "data")
    assert send(one.url, one.key, "POST", "/api/v1/documents/apply", DOCUMENTS)[0] == 200
    yield one
    code, said = one.stop()
    assert code == 0, said
    log = (one.data / "logs" / "control.log").read_text()
    assert "Error in " not in log, log[-3000:]


def send(url: str, key: str, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
    headers = {"content-type": "application/json", **({"authorization": f"Bearer {key}"} if key else {})}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read(100_000)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_the_open_routes_are_these_and_no_others() -> None:
    found = {
        (method.upper(), path) for path, methods in DESCRIBED["paths"].items() for method, one in methods.items()
        if one.get("security") == []
    }  # fmt: skip
    assert found == OPEN


def test_no_route_answers_without_a_key(fuzzed: Any) -> None:
    answered = []
    for path, methods in DESCRIBED["paths"].items():
        for method in methods:
            if (method.upper(), path) in OPEN:
                continue
            filled = re.sub(r"{\w+}", "default", path)
            for key in ("", "vk_wrong"):
                status, body = send(fuzzed.url, key, method.upper(), filled, {} if method != "get" else None)
                if status not in (400, 401) or (status == 400 and b"body_invalid" not in body):
                    answered.append((method, path, key, status, body[:100]))
    assert not answered


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method.upper()} {one.path}")
def test_generated_requests_find_no_bug(operation: Any, fuzzed: Any) -> None:
    if LIVE.search(operation.path):
        pytest.skip("a stream of live events: it has no end; tests of its own")

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @schemathesis_given(operation)
    def check(case: Any) -> None:
        answer = case.call(base_url=fuzzed.url, headers={"authorization": f"Bearer {fuzzed.key}"}, timeout=30)
        assert_no_bug(answer)
        case.validate_response(answer, checks=[response_schema_conformance, content_type_conformance])

    check()


@pytest.mark.parametrize("query", ["since_ms=1e400", "limit=99999999999999999999", "until_ms=9223372036854775808"])
def test_numbers_beyond_the_store_are_the_callers_mistake(fuzzed: Any, query: str) -> None:
    for path in ("/api/v1/inferences", "/api/v1/audit", "/api/v1/audit/export"):
        status, body = send(fuzzed.url, fuzzed.key, "GET", f"{path}?{query}")
        assert status == 400 or (status == 200 and "limit" in query and "export" in path), (path, body[:200])
    made = {"name": "a", "scopes": ["read"], "requests_per_minute": 2**70}
    status, body = send(fuzzed.url, fuzzed.key, "POST", "/api/v1/keys", made)
    assert status == 400, body[:200]


def schemathesis_given(operation: Any) -> Any:
    from hypothesis import given

    return given(case=operation.as_strategy())


def assert_no_bug(answer: Any) -> None:
    """No 500; a 503 and its like only as an error of ours that says what is missing."""
    if answer.status_code >= 500:
        code = answer.json()["error"]["code"]
        assert answer.status_code == 503, (answer.status_code, code)
        assert code not in ("internal_error", "control_away"), answer.content
