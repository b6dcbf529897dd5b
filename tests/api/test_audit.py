"""Audit over HTTP: list with filters and pages, verify, export, and who read what a person said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import delete, update

from volant.registry import audit as chain
from volant.registry import records
from volant.store.tables import audit, audit_head


@pytest.fixture
def told(api: Any) -> Any:
    """Five keys made, one revoked; the clock a second further each time."""
    api.keys = []
    for number in range(5):
        api.clock.advance(1000)
        made = api.call("POST", "/api/v1/keys", {"name": f"key {number}", "scopes": ["read"]}).json()
        api.keys.append(made["key"]["id"])
    api.clock.advance(1000)
    api.call("DELETE", f"/api/v1/keys/{api.keys[0]}")
    return api


def listed(api: Any, query: str = "", **options: Any) -> list[dict[str, Any]]:
    answer = api.call("GET", f"/api/v1/audit?{query}", **options)
    assert answer.status == 200, answer.body
    return list(answer.json()["data"])


def test_rows_say_who_did_what_to_which_newest_first(told: Any) -> None:
    rows = listed(told, "object_kind=key")
    assert [row["action"] for row in rows[:6]] == ["key.revoke", *["key.create"] * 5]
    assert rows[0]["object_id"] == told.keys[0]
    root = next(one["id"] for one in told.call("GET", "/api/v1/keys").json()["data"] if one["name"] == "root")
    assert {row["actor"] for row in rows[:6]} == {root}
    assert rows[0]["project"] == "default"
    assert "key 0" not in json.dumps(rows), "a key's name may be a person's"


def test_filters_choose(told: Any) -> None:
    assert [row["action"] for row in listed(told, f"object_id={told.keys[0]}")] == ["key.revoke", "key.create"]
    assert len(listed(told, "action=key.create&object_kind=key&limit=500")) >= 5
    assert {row["action"] for row in listed(told, "action=key.")} == {"key.create", "key.revoke"}
    assert listed(told, "action=key") == []
    assert listed(told, "actor=key_nobody") == []
    times = sorted(row["created_ms"] for row in listed(told, "action=key.create"))
    assert [row["created_ms"] for row in listed(told, f"since_ms={times[-1]}&until_ms={times[-1] + 1}")] == [times[-1]]


def test_pages_neither_repeat_nor_leave_out(told: Any) -> None:
    whole = [row["id"] for row in listed(told, "limit=500")]
    seen: list[int] = []
    cursor = ""
    while True:
        page = told.call("GET", f"/api/v1/audit?limit=2&cursor={cursor}").json()
        seen += [row["id"] for row in page["data"]]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            break
    assert seen == whole
    assert told.call("GET", "/api/v1/audit?cursor=x").json()["error"]["code"] == "bad_cursor"


def test_the_export_holds_every_row_oldest_first_and_is_told(told: Any) -> None:
    lines = told.call("GET", "/api/v1/audit/export").body.splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    assert rows[-1]["action"] == "audit.export"
    assert [row["hash"] for row in rows[:-1]] == [row["prev_hash"] for row in rows[1:]]


def test_verify_finds_and_names_the_first_bad_row(told: Any) -> None:
    fine = told.call("GET", "/api/v1/audit/verify").json()
    assert (fine["intact"], fine["first_bad_id"]) == (True, 0)
    with told.context.db.begin() as tx:
        tx.execute(update(audit).where(audit.c.id == 3).values(actor="key_other"))
    bad = told.call("GET", "/api/v1/audit/verify").json()
    assert (bad["intact"], bad["first_bad_id"], bad["rows"]) == (False, 3, 2)
    assert "row 3" in bad["sentence"]


def test_verify_compares_with_a_head_that_was_noted(told: Any) -> None:
    fine = told.call("GET", "/api/v1/audit/verify").json()
    noted = f"{fine['head_id']}:{fine['head_hash']}"
    assert told.call("GET", f"/api/v1/audit/verify?head={noted}").json()["intact"]
    with told.context.db.begin() as tx:  # set back by one row, head and all
        row = tx.execute(audit.select().where(audit.c.id == fine["head_id"])).one()
        tx.execute(delete(audit).where(audit.c.id == row.id))
        tx.execute(update(audit_head).values(last_id=row.id - 1, hash=row.prev_hash))
    assert told.call("GET", "/api/v1/audit/verify").json()["intact"], "alone, the chain cannot know"
    back = told.call("GET", f"/api/v1/audit/verify?head={noted}").json()
    assert (back["intact"], back["first_bad_id"]) == (False, fine["head_id"])
    assert told.call("GET", "/api/v1/audit/verify?head=17").json()["error"]["code"] == "bad_head"


def test_a_project_sees_its_own_rows(told: Any) -> None:
    with told.context.db.begin() as tx:
        for project in ("other", ""):
            chain.append(tx, told.context.vault, project=project, actor="key_x", action="key.create", now_ms=1)
    assert "other" not in {row["project"] for row in listed(told, "limit=500")}
    assert b'"other"' not in told.call("GET", "/api/v1/audit/export").body
    auditor = told.make_key("admin")  # of the project, not of the installation
    assert {row["project"] for row in listed(told, "limit=500", key=auditor)} == {"default"}
    assert told.call("GET", "/api/v1/audit/verify", key=auditor).json()["intact"], "the chain is everybody's"


def test_an_export_of_content_counts_for_everybody_who_had_spoken_by_then(told: Any) -> None:
    subject = "sub_" + "a" * 32
    assert listed(told, f"subject={subject}") == []
    context = told.context
    with context.db.begin() as tx:
        context.audit(tx, "default", "key_early", "content.read", "export", "inferences", count=0)
    told.clock.advance(1000)
    with context.db.begin() as tx:
        new = records.NewRecord(source="s", position=1, body={"question": "q"}, subject=subject, purpose="training",
                                legal_basis="contract")  # fmt: skip
        records.insert_records(tx, context.keyring, "default", [new], now_ms=told.clock.now_ms())
        context.audit(tx, "default", "key_late", "content.read", "export", "records", count=1)
        context.audit(tx, "default", "key_other", "content.read", "inference", "inf_of_somebody_else")
    assert [row["actor"] for row in listed(told, f"subject={subject}")] == ["key_late"]


def test_a_read_of_many_is_found_by_each_of_them(told: Any) -> None:
    context = told.context
    with context.db.begin() as tx:
        context.audit(tx, "default", "key_1", "content.read", "record", ids=["rec_1", "rec_2"], count=2)
    for one in ("rec_1", "rec_2"):
        assert [row["actor"] for row in listed(told, f"object_id={one}")] == ["key_1"]
    assert listed(told, "object_id=rec_") == []
    assert listed(told, "object_id=rec%25") == []
