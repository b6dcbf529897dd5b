"""Code in pages is code: every block parses, settings validate, and commands exist with their options.

That shell and Python blocks do what they say is test_pages_run.py's. Notes stand in a comment right before a block:
`<!-- run: complete -->` (a whole volant.toml: its references must resolve too), `<!-- run: other -->` (TOML that is
not volant.toml), and those of test_pages_run.py.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
import yaml

from volant.cli.main import build
from volant.core import settings
from volant.core.errors import BadInput
from volant.core.nouns import Documents

LANGUAGES = {"", "text", "python", "toml", "json", "sh", "http", "sql", "yaml", "js"}
OUTPUT = ("output",)
RUNNING = ("no, ", "background", "exit ")
NOTES = {
    "sh": RUNNING,
    "python": RUNNING,
    "toml": ("complete", "other"),
    "text": ("output",),
    "json": ("output", "part"),
}


def test_language_and_note_are_known(block: Any) -> None:
    assert block.language in LANGUAGES, f"{block}: fence says {block.language!r}; known: {sorted(LANGUAGES)}"
    assert not block.marks, f"{block}: marks {block.marks} belong into a comment before the block: <!-- run: … -->"
    known = NOTES.get(block.language, ())
    assert not block.note or block.note.startswith(known), f"{block}: note {block.note!r}; known here: {known}"
    assert not block.note.startswith("no,") or len(block.note) > 14, f"{block}: say why it does not run"


def test_block_parses(block: Any, tmp_path: Path) -> None:
    match block.language:
        case "python":
            ast.parse(block.text, str(block))
        case "json":
            json.loads(block.text)
        case "toml":
            _check_toml(block)
        case "yaml":
            yaml.safe_load(block.text)
        case "js":
            (tmp_path / "block.mjs").write_text(block.text)
            done = subprocess.run(["node", "--check", tmp_path / "block.mjs"], capture_output=True, text=True)
            assert not done.returncode, f"{block}: {done.stderr}"
        case "sh":
            done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True)
            assert not done.returncode, f"{block}: {done.stderr}"


def _check_toml(block: Any) -> None:
    tables = tomllib.loads(block.text)
    if "other" in block.note:
        return
    if "complete" not in block.note:  # `[loops.rollout]` goes on with a `[[loops]]` that stands above it
        lists = {"deployments", "tasks", "monitors", "gates", "loops"}
        tables = {name: [value] if name in lists and isinstance(value, dict) else value
                  for name, value in tables.items()}  # fmt: skip
    try:
        settings.load(tables, {}, {}, origin=str(block))
    except BadInput as error:
        problems = error.message.splitlines()[1:]
        if "complete" not in block.note:  # a fragment may name what stands elsewhere
            allowed = (": there is no ", ": is required and missing")
            problems = [problem for problem in problems if not any(words in problem for words in allowed)]
        assert not problems, "\n".join(problems)


# ---------------------------------------------------------------- commands
@cache
def _tree() -> Any:
    return typer.main.get_command(build())  # a group has `commands`


def _commands(block: Any) -> list[list[str]]:
    """The calls of `volant` in a shell block, as words; pipes, redirections and substitutions end a call."""
    calls = []
    text = re.sub(r"\\\n", " ", block.text)
    for line in text.splitlines():
        for part in re.split(r"\|\||&&|[|;]|\$\(|`", line.partition(" #")[0]):
            words = part.strip().lstrip("$ ").split(" ")
            if words[0] in ("volant", ".venv/bin/volant"):
                cut = re.split(r"[<>&)]", part.strip().lstrip("$ "))[0]
                calls.append(shlex.split(cut)[1:])
    return calls


def _wrong(words: list[str]) -> str:
    """What is wrong with a call; empty when it could be made."""
    command = _tree()
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return f"no command {words[0]!r} in {command.name}; there are {sorted(command.commands)}"
        command, words = command.commands[words[0]], words[1:]
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    options |= {"--help", "-h"}
    for word in words:
        if word.startswith("--") and word.partition("=")[0] not in options:
            return f"{command.name} has no option {word!r}; there are {sorted(options)}"
    return ""


def test_commands_exist(block: Any) -> None:
    if block.language != "sh":
        return
    wrong = [f"volant {' '.join(words)}: {reason}" for words in _commands(block) if (reason := _wrong(words))]
    assert not wrong, f"{block}: " + "; ".join(wrong)


def test_inline_commands_exist(page: Any) -> None:
    wrong = []
    for code in page.inline_code:
        if re.match(r"volant [a-z]", code) and not code.startswith("volant up …"):
            words = [word for word in re.sub(r"[\[\]…]", " ", code).split()[1:] if not word.isupper()]
            if reason := _wrong(words):
                wrong.append(f"`{code}`: {reason}")
    assert not wrong, f"{page.name}: " + "; ".join(wrong)


def test_commands_that_hints_name_exist(root: Path) -> None:
    wrong = []
    for place in sorted((root / "src" / "volant").rglob("*.py")):
        for node in ast.walk(ast.parse(place.read_text(encoding="utf-8"), str(place))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named = re.findall(r"(?:`|: |^)volant ([a-z][\w-]*(?: [a-z][\w-]*)?)", node.value)
                reasons = {words: _wrong(words.split()) for words in named}
                wrong += [f"{place.relative_to(root)}:{node.lineno}: {why}" for why in reasons.values() if why]
    assert not wrong, wrong


def test_make_targets_exist(page: Any, root: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (root / "Makefile").read_text(), re.MULTILINE))
    named = {word for code in page.inline_code for word in re.findall(r"^make ([a-z][a-z-]*)", code)}
    named |= {
        word for block in page.blocks if block.language == "sh"
        for word in re.findall(r"^make ([a-z][a-z-]*)", block.text, re.MULTILINE)
    }  # fmt: skip
    assert not named - targets, f"{page.name} names {sorted(named - targets)}; the Makefile has {sorted(targets)}"


# ---------------------------------------------------------------- these tests can fail
def test_wrong_command_is_noticed() -> None:
    assert "no command" in _wrong(["no-such-command"])
    assert "no option" in _wrong(["up", "--no-such-option"])
    assert not _wrong(["up", "--port", "8321"])


def test_wrong_settings_are_noticed() -> None:
    with pytest.raises(BadInput, match="no such setting"):
        settings.load({"server": {"prot": 1}}, {}, {})
    assert Documents() == msgspec.convert({}, Documents)
