"""The playground's key: for people, and no way for a key to leave its own ceilings."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.conftest import browser_of

from volant.registry import keys

PATH = "/api/v1/playground/key"


def test_a_person_gets_a_key_that_ends_and_only_chats(api: Any) -> None:
    made = browser_of(api, "scientist").call("POST", PATH, {"minutes": 5})
    assert made.status == 201
    with api.context.db.read() as tx:
        key = keys.get_key(tx, "default", made.json()["key_id"])
    assert (key.scopes, key.operations, key.direct) == (("inference",), ("chat", "models"), True)
    assert key.expires_ms == api.clock.now_ms() + 5 * 60_000


@pytest.mark.parametrize("limits", [{}, {"usd_per_day": 0.01, "requests_per_minute": 1}])
def test_a_key_cannot_make_itself_one_without_its_limits_operations_and_end(api: Any, limits: Any) -> None:
    body = {"name": "weak", "scopes": ["inference"], "operations": ["embeddings"], "limits": limits}
    weak = api.call("POST", "/api/v1/keys", body).json()["clear"]
    refused = api.call("POST", PATH, {}, key=weak)
    assert (refused.status, refused.json()["error"]["code"]) == (403, "people_only")


def test_a_key_that_makes_keys_may(api: Any) -> None:
    assert api.call("POST", PATH, {}).status == 201


@pytest.mark.parametrize(
    ("own", "operations", "direct"),
    [({"operations": ["chat"]}, ("chat",), False), ({"direct": True}, ("chat", "models"), True)],
)
def test_the_playground_of_a_key_reaches_no_further_than_the_key(
    api: Any, own: Any, operations: tuple[str, ...], direct: bool
) -> None:
    wide = api.call("POST", "/api/v1/keys", {"name": "w", "scopes": ["admin"], **own}).json()["clear"]
    made = api.call("POST", PATH, {}, key=wide).json()
    with api.context.db.read() as tx:
        key = keys.get_key(tx, "default", made["key_id"])
    assert (key.operations, key.direct) == (operations, direct)


def test_a_key_that_never_chats_has_no_playground(api: Any) -> None:
    own = {"name": "w", "scopes": ["admin"], "operations": ["embeddings"]}
    clear = api.call("POST", "/api/v1/keys", own).json()["clear"]
    assert api.call("POST", PATH, {}, key=clear).json()["error"]["code"] == "key_beyond_you"
