"""Prompts over the API: save, read, compare, render, point labels, put away; and who may."""

from __future__ import annotations

from typing import Any

import pytest

ONE = {
    "name": "desk",
    "description": "What the help desk is told.",
    "messages": [
        {"role": "system", "template": "Help {{ name }}."},
        {"role": "placeholder"},
        {"role": "user", "template": "Answer in {{ words }} words."},
    ],
    "variables": {"name": {"type": "string"}, "words": {"type": "number", "default": 20, "description": "at most"}},
    "comment": "first",
    "labels": ["production"],
}
TWO = {**ONE, "labels": [], "comment": "kinder", "messages": [
    {"role": "system", "template": "Kindly help {{ name }}."}, {"role": "placeholder"}],
    "variables": {"name": {"type": "string", "max_length": 20}}}  # fmt: skip
DOCUMENTS: dict[str, Any] = {
    "deployments": [{"name": "d", "provider": "mock", "model": "m", "base_url": "http://127.0.0.1:9/v1"}],
    "tasks": [{"name": "t", "variants": [{"name": "v", "deployments": ["d"], "prompt": "desk@production"}]}],
}


def call(api: Any, method: str, path: str, body: Any = None, *, status: int = 200, **more: Any) -> Any:
    answer = api.call(method, f"/api/v1{path}", body, **more)
    assert answer.status == status, answer.body
    return answer.json()


@pytest.fixture
def desk(api: Any) -> Any:
    """The API with two versions of the prompt `desk`, the first of them in production and bound."""
    call(api, "POST", "/prompts", ONE, status=201)
    call(api, "POST", "/prompts", TWO, status=201)
    call(api, "POST", "/documents/apply", DOCUMENTS)
    return api


def test_saving_numbers_versions_and_the_same_again_is_the_same(desk: Any) -> None:
    again = call(desk, "POST", "/prompts", ONE, status=201)
    assert (again["version"]["version"], again["new"], again["moved"]) == (1, False, [])
    unused = {**ONE, "variables": {**ONE["variables"], "extra": {"required": False}}}  # type: ignore[dict-item]
    saved = call(desk, "POST", "/prompts", unused, status=201)
    assert (saved["version"]["version"], saved["warnings"]) == (3, ["the variable 'extra' is declared and not used"])


def test_a_list_has_previews_labels_and_uses_but_no_bodies(desk: Any) -> None:
    (row,) = call(desk, "GET", "/prompts")["data"]
    assert (row["name"], row["versions"], row["preview"]) == ("desk", 2, "Kindly help {{ name }}.")
    assert [(one["label"], one["version"]) for one in row["labels"]] == [("production", 1)]
    assert row["uses"] == [{"task": "t", "variant": "v", "reference": "desk@production"}]
    assert "messages" not in row


def test_one_prompt_and_one_version(desk: Any) -> None:
    found = call(desk, "GET", "/prompts/desk")
    assert [(one["version"], one["comment"], one["labels"]) for one in found["versions"]] == [
        (2, "kinder", []), (1, "first", ["production"]),
    ]  # fmt: skip
    for which, number in (("1", 1), ("production", 1), ("latest", 2)):
        version = call(desk, "GET", f"/prompts/desk/versions/{which}")
        assert version["version"]["version"] == number
    assert version["messages"][0]["template"] == "Kindly help {{ name }}."
    error = call(desk, "GET", "/prompts/desk/versions/staging", status=404)["error"]
    assert "it has: production" in error["hint"]
    assert call(desk, "GET", "/prompts/gone", status=404)["error"]["code"] == "prompt_unknown"


def test_what_two_versions_say_otherwise(desk: Any) -> None:
    found = call(desk, "GET", "/prompts/desk/diff?before=production&after=2")
    assert "-Help {{ name }}.\n+Kindly help {{ name }}." in found["unified"]
    assert found["unified"].startswith("--- desk@1\n+++ desk@2\n")
    first, hole, last = found["messages"]
    assert [line for line in first["lines"] if line[:1] in "+-"] == ["-Help {{ name }}.", "+Kindly help {{ name }}."]
    assert (hole["changed"], last["role_before"], last["role_after"]) == (False, "user", "")
    assert (found["variables_removed"], found["variables_changed"]) == (["words"], ["name"])
    assert call(desk, "GET", "/prompts/desk/diff?before=2")["unified"] == ""


def test_rendering_shows_what_a_model_would_be_sent(desk: Any) -> None:
    body = {"variables": {"name": "Ann"}, "messages": [{"role": "user", "content": "where?"}]}
    made = call(desk, "POST", "/prompts/desk/versions/production/render", body)
    assert [message["content"] for message in made["messages"]] == ["Help Ann.", "where?", "Answer in 20 words."]
    assert made["version"] == "desk@1"
    error = call(desk, "POST", "/prompts/desk/versions/2/render", {}, status=400)["error"]
    assert (error["code"], "'name'" in error["message"]) == ("prompt_variable_missing", True)


def test_a_draft_is_checked_with_its_line_and_nothing_is_saved(desk: Any) -> None:
    wrong = {"messages": [{"role": "system", "template": "a\n{{ nam }}"}], "variables": {"name": {}}}
    error = call(desk, "POST", "/prompts/check", wrong, status=400)["error"]
    assert (error["code"], error["where"]) == ("prompt_variable_undeclared", "prompt.messages[0], line 2")
    right = {"messages": [{"role": "system", "template": "{{ a }}"}], "variables": {"a": {}, "b": {"required": False}}}
    assert call(desk, "POST", "/prompts/check", right)["messages"] == []
    made = call(desk, "POST", "/prompts/check", {**right, "values": {"variables": {"a": "{{ b }}"}}})
    assert made["messages"] == [{"role": "system", "content": "{{ b }}"}]
    assert made["warnings"] == ["the variable 'b' is declared and not used"]
    hostile = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}"
    bomb = {"messages": [{"role": "user", "template": hostile}], "values": {}}
    assert call(desk, "POST", "/prompts/check", bomb, status=400)["error"]["code"] == "prompt_too_costly"
    assert len(call(desk, "GET", "/prompts")["data"]) == 1


def test_labels_move_and_tell_where_they_were(desk: Any) -> None:
    moved = call(desk, "PUT", "/prompts/desk/labels/production", {"version": "latest", "comment": "kinder"})
    assert (moved["from_version"], moved["version"]) == (1, 2)
    call(desk, "PUT", "/prompts/desk/labels/production", {"version": "1", "comment": "back"})
    moves = call(desk, "GET", "/prompts/desk")["moves"]
    assert [(one["from_version"], one["version"], one["comment"]) for one in moves] == [
        (2, 1, "back"), (1, 2, "kinder"), (0, 1, "first"),
    ]  # fmt: skip
    assert all("root" in one["moved_by"] for one in moves)
    call(desk, "PUT", "/prompts/desk/labels/latest", {"version": "1"}, status=400)
    call(desk, "PUT", "/prompts/desk/labels/production", {"version": "9"}, status=404)


def test_a_bound_prompt_is_not_put_away(desk: Any) -> None:
    error = call(desk, "POST", "/prompts/desk/archive", status=409)["error"]
    assert (error["code"], "t/v" in error["message"]) == ("prompt_in_use", True)
    call(desk, "POST", "/documents/apply", {**DOCUMENTS, "tasks": []})
    assert call(desk, "POST", "/prompts/desk/archive")["archived_ms"] > 0
    assert call(desk, "GET", "/prompts")["data"] == []
    assert len(call(desk, "GET", "/prompts?archived=true")["data"]) == 1
    refused = call(desk, "POST", "/documents/apply", DOCUMENTS, status=400)["error"]
    assert "was put away" in refused["message"]
    assert call(desk, "POST", "/prompts/desk/restore")["archived_ms"] == 0
    call(desk, "POST", "/documents/apply", DOCUMENTS)


def test_who_reads_does_not_change(desk: Any) -> None:
    key = desk.make_key("read")
    call(desk, "GET", "/prompts/desk", key=key)
    call(desk, "POST", "/prompts/desk/versions/1/render", {"variables": {"name": "A"}}, key=key)
    call(desk, "POST", "/prompts", ONE, key=key, status=403)
    call(desk, "PUT", "/prompts/desk/labels/production", {"version": "2"}, key=key, status=403)
    call(desk, "POST", "/prompts/desk/archive", key=key, status=403)
