"""The console's pages about people and the audit log: named, bounded, and only for who may."""

from __future__ import annotations

from typing import Any


def test_people_stand_with_invitations_and_roles(api: Any) -> None:
    made = api.call("POST", "/api/v1/invitations", {"email": "bob@example.test", "role": "scientist"}).json()
    view = api.call("GET", "/api/v1/views/people").json()
    shown = {one["id"]: one for one in view["invitations"]}[made["invitation"]["id"]]
    assert (shown["email"], shown["role"], shown["state"]) == ("bob@example.test", "scientist", "open")
    assert made["link"].rsplit("/", 1)[1] not in str(view)
    roles = {one["role"]: one for one in view["roles"]}
    assert roles["viewer"] == {"role": "viewer", "permissions": ["read"], "members": 0}
    assert "audit" in roles["operator"]["permissions"]


def test_the_audit_log_names_its_actors_and_explains_actions_once(api: Any) -> None:
    for number in range(3):
        assert api.call("POST", "/api/v1/keys", {"name": f"app-{number}", "scopes": ["read"]}).status == 201
    first = api.call("GET", "/api/v1/views/audit?action=key.&limit=2").json()
    assert [row["action"] for row in first["rows"]] == ["key.create", "key.create"]
    assert first["names"] == {first["rows"][0]["actor"]: "root"}
    assert first["actions"]["key.create"] == "an API key was made"
    rest = api.call("GET", f"/api/v1/views/audit?action=key.&limit=2&cursor={first['next_cursor']}").json()
    assert (rest["next_cursor"], rest["actions"]) == ("", {})
    assert [row["object_id"] for row in rest["rows"]] != [row["object_id"] for row in first["rows"]]
