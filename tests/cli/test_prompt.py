"""volant prompt: the whole way of a prompt on the command line, against a real server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = """
name = "triage"
description = "What the triage is told."

[[messages]]
role = "system"
template = '''
Sort what {{ name }} asks{% for topic in topics %}
- {{ topic }}{% endfor %}
'''

[[messages]]
role = "placeholder"

[variables.name]
description = "whom we serve"

[variables.topics]
type = "list"
default = ["cards"]
"""


def test_a_prompts_way_on_the_command_line(at: Any, tmp_path: Path) -> None:
    place = tmp_path / "triage.toml"
    place.write_text(FILE)
    first = at("prompt", "save", str(place), "--label", "production", "-m", "first")
    assert first.code == 0, first.err
    assert "triage@1 saved." in first.out
    assert "production points at it now." in first.out
    again = at("prompt", "save", str(place), "--json").json()
    assert (again["new"], again["version"]["version"]) == (False, 1)
    place.write_text(FILE.replace("Sort what", "Kindly sort what"))
    assert "triage@2 saved." in at("prompt", "save", str(place)).out

    listed = at("prompt", "list")
    assert "triage" in listed.out
    assert "production→1" in listed.out
    shown = at("prompt", "show", "triage")
    assert "Kindly sort what {{ name }} asks" in shown.out
    assert "the caller's own messages" in shown.out
    assert "whom we serve" in shown.out
    assert at("prompt", "show", "triage@production", "--json").json()["version"]["version"] == 1

    compared = at("prompt", "diff", "triage", "production")
    assert "-Sort what {{ name }} asks" in compared.out
    assert "+Kindly sort what {{ name }} asks" in compared.out
    assert "They say the same." in at("prompt", "diff", "triage", "2").out

    moved = at("prompt", "label", "triage@2", "production", "-m", "kinder")
    assert "production points at triage@2 (it was at 1)." in moved.out
    (tmp_path / "values.json").write_text(json.dumps({"topics": ["loans", "{{ x }}"]}))
    values = str(tmp_path / "values.json")
    made = at("prompt", "render", "triage@production", "--var", "name=007", "--values", values, "--message", "hi")
    assert "Kindly sort what 007 asks\n- loans\n- {{ x }}" in made.out
    assert made.out.rstrip().endswith("hi")

    assert "was put away" in at("prompt", "archive", "triage").out
    assert "triage" not in at("prompt", "list").out
    assert "is back" in at("prompt", "restore", "triage").out


def test_mistakes_are_told_with_what_to_do(at: Any, tmp_path: Path) -> None:
    place = tmp_path / "wrong.toml"
    place.write_text('name = "wrong"\n[[messages]]\nrole = "user"\ntemplate = "{{ nobody }}"\n')
    undeclared = at("prompt", "save", str(place), "--json")
    assert (undeclared.code, undeclared.error()["code"]) == (2, "prompt_variable_undeclared")
    assert "messages[0], line 1" in undeclared.error()["where"]
    place.write_text("name = ")
    assert at("prompt", "save", str(place), "--json").error()["code"] == "bad_file"
    assert at("prompt", "save", str(tmp_path / "no.toml"), "--json").code == 4
    assert at("prompt", "show", "nobody", "--json").error()["code"] == "prompt_unknown"
    assert at("prompt", "label", "nobody", "production", "--json").error()["code"] == "bad_prompt_reference"
    assert at("prompt", "render", "nobody", "--var", "x", "--json").error()["code"] == "bad_option"
