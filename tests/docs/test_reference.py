"""The reference pages say everything that the code has: settings, commands, routes, error codes, tables, and whatever
registers itself. What is missing is listed, so that it can be written.
"""

from __future__ import annotations

import ast
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
from fastapi.routing import APIRoute

from volant.api import internal
from volant.api.app import routes
from volant.cli.main import build
from volant.core import errors
from volant.core.nouns import Documents
from volant.core.people_settings import PeopleSettings
from volant.core.settings import ServerSettings
from volant.store.tables import metadata

SOURCES = ("src/volant",)


def _code_of(pages: dict[str, Any], name: str) -> set[str]:
    """Every word in code marks or code blocks of a page."""
    page = pages.get(name)
    assert page is not None, f"there is no {name}"
    return {*page.inline_code, *(line for block in page.blocks for line in block.text.splitlines())}


def _words(pages: dict[str, Any], name: str) -> set[str]:
    return {word for code in _code_of(pages, name) for word in re.findall(r"[A-Za-z_$][\w.]*", code)}


def _missing(page: str, wanted: set[str], found: set[str]) -> str:
    gone = sorted(wanted - found)
    return f"{page} does not say: {', '.join(gone)}" if gone else ""


# ---------------------------------------------------------------- settings
def _structs(kind: Any, seen: set[type] | None = None) -> Iterator[type[msgspec.Struct]]:
    seen = set() if seen is None else seen
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in seen:
        seen.add(kind)
        yield kind
        for field in msgspec.structs.fields(kind):
            yield from _structs(field.type, seen)
    for argument in typing.get_args(kind):
        yield from _structs(argument, seen)


@pytest.mark.parametrize(
    "struct", [ServerSettings, *_structs(PeopleSettings), *_structs(Documents)], ids=lambda s: s.__name__
)
def test_every_setting_has_a_heading_and_words(struct: type[msgspec.Struct], pages: dict[str, Any]) -> None:
    found = _sections(pages["docs/settings.md"])
    for field in msgspec.structs.fields(struct):
        named = {heading: body for heading, body in found.items() if heading.rpartition(".")[2] == field.name}
        assert named, f"docs/settings.md has no heading for {struct.__name__}.{field.name}: make openapi"
        bare = [heading for heading, body in named.items() if len(body) < 2]
        assert not bare, f"{bare}: the field in the code has no comment behind it that says what it is"


def _sections(page: Any) -> dict[str, list[str]]:
    """Heading in code marks → its paragraphs."""
    found: dict[str, list[str]] = {}
    for part in re.split(r"^#+ ", page.text, flags=re.MULTILINE)[1:]:
        head, _, body = part.partition("\n")
        if match := re.fullmatch(r"`(.+)`", head.strip()):
            found[match[1]] = [one for one in body.split("\n\n") if one.strip() and not one.strip().startswith("<!--")]
    return found


def test_every_environment_variable_is_described(pages: dict[str, Any], root: Path) -> None:
    read = {
        node.value
        for _, tree in _modules(root)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        and re.fullmatch(r"VOLANT_[A-Z_]*[A-Z]", node.value)
    }  # fmt: skip
    internal = {"VOLANT_BOOT", "VOLANT_PARENT_FD", "VOLANT_RUN_ATTEMPT"}  # between our own processes
    found = {word.lstrip("$") for word in _words(pages, "docs/settings.md")}
    assert not (problem := _missing("docs/settings.md", read - internal, found)), problem


# ---------------------------------------------------------------- commands and routes
def _leaves(command: Any, path: tuple[str, ...]) -> Iterator[str]:
    if hasattr(command, "commands"):
        for name, below in command.commands.items():
            if not below.hidden:
                yield from _leaves(below, (*path, name))
    else:
        yield " ".join(path)


def test_every_command_has_a_heading(pages: dict[str, Any]) -> None:
    wanted = {f"volant {name}" for name in _leaves(typer.main.get_command(build()), ())}
    missing = sorted(wanted - set(pages["docs/cli.md"].headings))
    assert wanted
    assert not missing, f"docs/cli.md has no heading for: {', '.join(missing)}"


def test_options_of_few_values_name_them(pages: dict[str, Any]) -> None:
    row = "| `--over` | Of what the sums are. One of `key`, `project`, `task`, `model`. |"
    assert row in pages["docs/cli.md"].text


def test_every_route_has_a_heading(pages: dict[str, Any]) -> None:
    described = routes().openapi()["paths"]
    wanted = {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}
    found = _sections(pages["docs/api.md"])
    assert wanted
    assert not (problem := _missing("docs/api.md", wanted, set(found))), problem
    bare = sorted(name for name in wanted if len(found[name]) < 2)
    assert not bare, f"docs/api.md says nothing of {bare}: the routes have no summary"


def test_missing_headings_are_noticed(pages: dict[str, Any]) -> None:
    assert "GET /no/such/route" not in _sections(pages["docs/api.md"])
    assert _missing("page", {"a", "b"}, {"a"}) == "page does not say: b"


def test_described_routes_exist(pages: dict[str, Any]) -> None:
    described = routes().openapi()["paths"]
    known = {f"{method.upper()} {_shape(path)}" for path, methods in described.items() for method in methods}
    for route in internal.router.routes:
        assert isinstance(route, APIRoute)
        known |= {f"{method} {route.path}" for method in route.methods}
    known |= {f"POST {prefix}/v1/chat/completions" for prefix in ("", "/openai")}  # the gateway's own
    known.add("GET /openai/v1/models")  # a second name, left out of the description
    wrong = []
    for page in pages.values():
        for code in page.inline_code:
            for method, path in re.findall(r"^(GET|POST|PUT|DELETE|PATCH) (/[\w/{}.-]*)", code):
                group = path.endswith("/") and any(one.startswith(f"{method} {_shape(path)}") for one in known)
                if f"{method} {_shape(path)}" not in known and not group:
                    wrong.append(f"{page.name}: {method} {path}")
    assert not wrong, wrong


def _shape(path: str) -> str:
    """A path without its parameters' names."""
    return re.sub(r"{\w+}", "{}", path)


# ---------------------------------------------------------------- errors
def _modules(root: Path) -> Iterator[tuple[Path, ast.Module]]:
    for folder in SOURCES:
        for place in sorted((root / folder).rglob("*.py")):
            yield place, ast.parse(place.read_text(encoding="utf-8"), str(place))


def _error_names() -> set[str]:
    return {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}


def error_codes(root: Path) -> dict[str, str]:
    """Every code with which an error of core is made → where first."""
    names = _error_names()
    found: dict[str, str] = {}
    for place, tree in _modules(root):
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and node.args
                and getattr(node.func, "id", getattr(node.func, "attr", "")) in names
            ):
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.setdefault(first.value, f"{place.relative_to(root)}:{node.lineno}")
    return found


def test_every_error_code_is_described(pages: dict[str, Any], root: Path) -> None:
    codes = error_codes(root)
    page = pages.get("docs/errors.md")
    assert page is not None, "there is no docs/errors.md"
    found = set(page.inline_code) | set(page.headings)
    missing = sorted(f"{code} ({where})" for code, where in codes.items() if code not in found)
    assert len(codes) > 50
    assert not missing, f"docs/errors.md does not say: {', '.join(missing)}"


def test_every_status_and_exit_code_is_described(pages: dict[str, Any]) -> None:
    text = pages["docs/errors.md"].text
    kinds = [kind for kind in vars(errors).values()
             if isinstance(kind, type) and issubclass(kind, errors.VolantError)]  # fmt: skip
    missing = [kind.__name__ for kind in kinds if kind.__name__ not in text or str(kind.status) not in text]
    assert not missing, f"docs/errors.md does not say: {missing}"


# ---------------------------------------------------------------- what registers itself
def _registered(what: str) -> list[str]:
    if what == "recipe":
        from volant.train.recipes import discovered

        return list(discovered())
    if what == "check":
        from volant.checks import names
    elif what == "scorer":
        from volant.scorers import names
    else:
        from volant.providers.registry import names
    return names()


@pytest.mark.parametrize(
    ("what", "name"),
    [("recipe", "docs/train.md"), ("check", "docs/checks.md"), ("scorer", "docs/evaluate.md"),
     ("provider", "docs/providers.md")],
)  # fmt: skip
def test_everything_registered_is_described(what: str, name: str, pages: dict[str, Any]) -> None:
    registered = _registered(what)
    page = pages.get(name)
    assert page is not None, f"there is no {name}"
    rows = {
        match for line in page.text.splitlines() if line.startswith("|") for match in re.findall(r"^\| `([^`]+)`", line)
    }
    headings = {heading.strip("`") for heading in page.headings}
    assert registered
    missing = [one for one in registered if one not in rows | headings]
    assert not missing, f"{name} has neither a heading nor a table row for {what} {missing}"


# ---------------------------------------------------------------- schema
def test_every_table_and_column_is_described(pages: dict[str, Any]) -> None:
    page = pages.get("docs/data-model.md")
    assert page is not None, "there is no docs/data-model.md"
    words = {part for code in page.inline_code for part in re.findall(r"\w+", code)}
    missing = [table.name for table in metadata.sorted_tables if table.name not in words]
    missing += [
        f"{table.name}.{column.name}" for table in metadata.sorted_tables for column in table.columns
        if column.name not in words
    ]  # fmt: skip
    assert not missing, f"docs/data-model.md does not say: {', '.join(missing)}"
