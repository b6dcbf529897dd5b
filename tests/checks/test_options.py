"""Checks with options: regex, length, schema, topics; and what `create` says to wrong ones."""

from __future__ import annotations

import time
from typing import Any

import pytest

from volant.checks import Finding, create
from volant.core.errors import BadInput


def kinds(found: list[Finding], text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in found]


@pytest.mark.parametrize(
    ("name", "options", "where"),
    [
        ("pii", {"nam": True}, ""),
        ("injection", {"x": 1}, "x"),
        ("regex", {"pattern": "(?<=a)b"}, "pattern"),
        ("regex", {"patterns": {"ORDER": "("}}, "patterns.ORDER"),
        ("regex", {"patterns": {"order": "x"}}, "patterns"),
        ("regex", {"patterns": {"ORDER": "x" * 3000}}, "patterns.ORDER"),
        ("regex", {"window": -1}, "window"),
        ("regex", {"pattern": "((a{1,1000}){1,1000}){1,1000}"}, "pattern"),
        ("length", {"max_characters": -1}, "max_characters"),
        ("length", {"max_characters": 5, "min_characters": 6}, "min_characters"),
        ("schema", {"schema": {"type": 12}}, "schema"),
        ("schema", {"schema": {"$ref": "https://example.org/schema"}}, "schema"),
        ("schema", {"schema": {"pattern": "(?=x)"}}, "schema"),
        ("schema", {"schema": {"$ref": "#"}}, "schema"),
        ("topics", {"deny": {"1": ["x"]}}, ""),
        ("topics", {"deny": {"war": []}}, "deny.war"),
        ("topics", {"deny": {"war": [" "]}}, "deny.war"),
        ("topics", {"deny": {"war": "tank"}}, ""),
    ],
)
def test_wrong_options_are_named(name: str, options: dict[str, Any], where: str) -> None:
    with pytest.raises(BadInput) as caught:
        create(name, options)
    assert caught.value.code == "bad_check_option"
    assert where in caught.value.where


def test_an_unknown_option_is_answered_with_those_that_exist() -> None:
    with pytest.raises(BadInput) as caught:
        create("regex", {"patern": "x"})
    assert "patern" in caught.value.message
    assert "patterns" in caught.value.hint


def test_regex_counts_code_points_and_skips_empty_matches() -> None:
    check = create("regex", {"patterns": {"ORDER": r"ord-\d+", "LETTER": "é*"}, "ignore_case": True})
    text = "é €: ORD-12, \ud800 ord-3é"
    assert kinds(check.find(text), text) == [("LETTER", "é"), ("ORDER", "ORD-12"), ("ORDER", "ord-3"), ("LETTER", "é")]


def test_no_pattern_is_slow() -> None:
    check = create("regex", {"pattern": "(a+)+$"})
    started = time.process_time()
    assert not check.find("a" * 50_000 + "b")
    assert time.process_time() - started < 1.0


def test_length_in_characters_and_estimated_tokens() -> None:
    text = "añb" * 10
    assert kinds(create("length", {"max_characters": 28}).find(text), text) == [("TOO_LONG", "ñb")]
    assert kinds(create("length", {"min_characters": 31}).find(text), text) == [("TOO_SHORT", text)]
    assert not create("length", {"max_characters": 30, "min_characters": 30, "max_tokens": 10}).find(text)
    (found,) = create("length", {"max_tokens": 9}).find(text)  # 40 bytes: 36 fit
    assert (found.kind, found.start) == ("TOO_LONG", 27)


SCHEMA = {
    "type": "object",
    "properties": {"order": {"type": "string", "pattern": "^(o+)+-[0-9]+$"}},
    "patternProperties": {"^x-": {"type": "integer"}},
    "additionalProperties": False,
    "required": ["order"],
}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"order": "oo-12", "x-a": 1}', ""),
        ('{"order": "oo-12", "x-a": "1"}', "SCHEMA"),
        ('{"order": "12"}', "SCHEMA"),
        ('{"order": "oo-1", "other": 1}', "SCHEMA"),
        ("{}", "SCHEMA"),
        ("Sure: {}", "NOT_JSON"),
        ("[" * 500 + "]" * 500, "NOT_JSON"),
        ('{"order": "' + "o" * 50_000 + '"}', "SCHEMA"),  # seconds of backtracking elsewhere
        ('"\ud800"', "NOT_JSON"),
    ],
)
def test_schema(text: str, kind: str) -> None:
    assert [one.kind for one in create("schema", {"schema": SCHEMA}).find(text)] == ([kind] if kind else [])


def test_schema_with_references_inside() -> None:
    tree = {
        "$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}},
        "$ref": "#/$defs/node",
    }
    check = create("schema", {"schema": tree})
    assert not check.find('{"next": {"next": {}}}')
    assert check.find('{"next": {"next": 1}}')


def test_topics_by_words() -> None:
    check = create("topics", {"deny": {"wire fraud": ["wire  fraud", "mule account"], "Politik": ["wählen"]}})
    text = "Wählen, or wire\nfraud? Not wiretap fraud; a MULE ACCOUNT."
    assert kinds(check.find(text), text) == [
        ("POLITIK", "Wählen"), ("WIRE_FRAUD", "wire\nfraud"), ("WIRE_FRAUD", "MULE ACCOUNT")
    ]  # fmt: skip


def test_topics_allowed() -> None:
    check = create("topics", {"allow": {"cards": ["card", "pin"], "accounts": ["account"]}})
    assert not check.find("My Card is lost")
    text = "Who won the cup? I'm pinning my hopes"
    assert kinds(check.find(text), text) == [("OFF_TOPIC", text)]
