"""The table of audit actions is what the code writes, no more and no less, and docs/audit.md shows it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import volant
from volant.registry.audit_actions import ACTIONS

SOURCE = Path(volant.__file__).parent
WORD = re.compile(r"[a-z]+\.[a-z]+")
APPENDS = {"append", "audit", "audit_once", "did", "begins", "_audit", "_did", "_note"}


def _literals(node: ast.AST) -> set[str]:
    return {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _written() -> dict[str, str]:
    """Every word of an action's shape in a file that may append, and where."""
    found: dict[str, str] = {}
    for place in sorted(SOURCE.rglob("*.py")):
        text = place.read_text()
        if place.name == "audit_actions.py" or not re.search(r"audit|api\.trail", text):
            continue
        tree = ast.parse(text)
        words = {word for word in _literals(tree) if WORD.fullmatch(word)}
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if _name(call) in ("_start", "_begin"):  # the loop's long work: f"{kind}.start"
                words |= {f"{one}.start" for argument in call.args for one in _literals(argument)}
        found |= {word: str(place.relative_to(SOURCE)) for word in words if word in ACTIONS}
    return found


def test_every_action_of_the_table_is_written_somewhere() -> None:
    assert set(ACTIONS) - set(_written()) == set()


def test_every_call_with_a_literal_action_is_in_the_table() -> None:
    unknown = []
    for place in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(place.read_text())):
            if not isinstance(node, ast.Call):
                continue
            if _name(node) not in APPENDS:
                continue
            given = [*node.args, *(one.value for one in node.keywords if one.arg == "action")]
            words = [one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            unknown += [f"{place.name}: {word}" for word in words if WORD.fullmatch(word) and word not in ACTIONS]
    assert not unknown


def test_each_action_is_a_noun_and_a_verb_and_says_what_it_means() -> None:
    for action, meaning in ACTIONS.items():
        assert WORD.fullmatch(action), action
        assert meaning, action
