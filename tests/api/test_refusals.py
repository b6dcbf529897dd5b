"""Refusals in the audit: who was turned away from what, and a flood of them that fills no disk."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from volant.api import refusals
from volant.core.people_settings import OidcSettings, PeopleSettings
from volant.store.tables import audit


def rows(api: Any) -> list[dict[str, Any]]:
    return list(api.call("GET", "/api/v1/audit?action=access.refused&limit=500").json()["data"])


def count(api: Any) -> int:
    with api.context.db.read() as tx:
        return int(tx.execute(select(func.count()).select_from(audit)).scalar_one())


def test_a_key_without_the_permission_is_named_with_what_it_wanted(api: Any) -> None:
    weak = api.call("POST", "/api/v1/keys", {"name": "weak", "scopes": ["inference"]}).json()
    assert api.call("DELETE", "/api/v1/keys/key_1", key=weak["clear"]).status == 403
    (row,) = rows(api)
    assert (row["actor"], row["project"]) == (weak["key"]["id"], "default")
    assert row["detail"] == {"code": "scope_missing", "status": 403, "method": "DELETE",
                             "route": "/keys/{key_id}", "suppressed": 0}  # fmt: skip


def test_a_key_that_nobody_knows_is_an_event_of_the_installation_and_no_key_is_none(api: Any) -> None:
    assert api.call("GET", "/api/v1/keys", key="").status == 401
    assert rows(api) == []
    assert api.call("GET", "/api/v1/keys", key="vk_wrong").status == 401
    (row,) = rows(api)
    assert (row["actor"], row["project"], row["detail"]["code"]) == ("", "", "key_unknown")
    assert "vk_wrong" not in str(row)


def test_the_same_refusal_is_told_once_a_minute_with_the_number_left_out(api: Any) -> None:
    weak = api.make_key("inference")
    for _ in range(7):
        api.call("GET", "/api/v1/keys", key=weak)
    assert len(rows(api)) == 1
    api.clock.advance(61_000)
    api.call("GET", "/api/v1/keys", key=weak)
    assert [row["detail"]["suppressed"] for row in rows(api)] == [6, 0]


def test_a_flood_of_different_refusals_fills_no_disk(api: Any) -> None:
    before = count(api)
    weak = [api.make_key("inference") for _ in range(4)]
    paths = [path for path, methods in api.call("GET", "/api/v1/openapi.json").json()["paths"].items()
             if path.startswith("/api/v1") and "get" in methods and "{" not in path][:30]  # fmt: skip
    refused = [api.call("GET", path, key=key).status for key in weak for path in paths].count(403)
    assert refused > refusals.BURST
    assert count(api) - before <= refusals.BURST + len(weak)
    api.clock.advance(int(refusals.REFILL_S * 1000) + 1)
    assert api.call("GET", "/api/v1/keys", key="vk_other").status == 401
    assert rows(api)[0]["detail"]["suppressed"] == refused - refusals.BURST


def test_a_failed_sign_in_is_told_without_whose_it_was(api: Any) -> None:
    link = api.call("GET", "/api/v1/invitations/setup").json()["link"]
    password = "a long enough sentence 4711"
    first = {"token": link.rsplit("/", 1)[1], "name": "Ada", "email": "ada@example.org", "password": password}
    assert api.call("POST", "/api/v1/session/accept", first, key="").status == 200
    for email in ("ada@example.org", "nobody@example.org"):
        wrong = {"email": email, "password": "not the password"}
        assert api.call("POST", "/api/v1/session", wrong, key="").status == 401
        api.clock.advance(61_000)
    found = rows(api)
    assert [(row["actor"], row["detail"]["code"]) for row in found] == [("", "wrong_sign_in")] * 2
    assert "example.org" not in str(found)


def test_a_failed_sign_in_at_a_provider_is_told_though_it_answers_with_a_page(make_api: Any) -> None:
    provider = OidcSettings(issuer="http://127.0.0.1:9", client_id="volant")
    api = make_api(people=PeopleSettings(oidc={"us": provider}))
    answer = api.call("GET", "/api/v1/session/oidc/us/callback?code=x&state=y", key="")
    assert answer.status == 302
    (row,) = rows(api)
    assert (row["detail"]["status"], row["detail"]["route"]) == (401, "/session/oidc/{name}/callback")
