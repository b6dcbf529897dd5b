"""Every link in every page leads somewhere; every page can be found; what the code says about pages is true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml


def test_links_resolve(page: Any, pages: dict[str, Any], root: Path) -> None:
    broken = []
    for link in page.links:
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.path.parent / path).resolve() if path else page.path
        if not target.exists() or not target.is_relative_to(root):
            broken.append(f"{link}: no such file")
        elif anchor and target.suffix == ".md":
            there = pages[str(target.relative_to(root))].anchors
            if anchor not in there:
                broken.append(f"{link}: no such heading; there are {sorted(there)}")
    assert not broken, f"{page.name}: " + "; ".join(broken)


def test_every_page_is_found(pages: dict[str, Any], root: Path) -> None:
    """In the site's navigation; decisions in their own list."""
    shown = set(_pages_of(yaml.load((root / "mkdocs.yml").read_text(), Loader=_Lenient)["nav"]))
    listed = {f"decisions/{link}" for link in pages["docs/decisions/index.md"].links}
    there = {name.removeprefix("docs/") for name in pages if name.startswith("docs/")}
    assert shown
    assert not there - shown - listed, f"mkdocs.yml's nav does not show {sorted(there - shown - listed)}"
    assert not (shown | listed) - there, f"there are no pages {sorted((shown | listed) - there)}"


class _Lenient(yaml.SafeLoader):
    """Passes over the tags that name Python functions."""


_Lenient.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: suffix)


def _pages_of(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        for below in nav.values():
            yield from _pages_of(below)
    else:
        for below in nav:
            yield from _pages_of(below)


def test_pages_that_the_code_names_exist(root: Path) -> None:
    named = {
        (match, str(place.relative_to(root)))
        for folder in ("src", "scripts", "bench", "tests", ".ci")
        for place in (root / folder).rglob("*")
        if place.suffix in (".py", ".sh", ".toml") or place.name == "run"
        if place.is_file()
        for match in re.findall(r"\bdocs/[\w/.-]+\.md\b", place.read_text(encoding="utf-8"))
    }
    missing = sorted(f"{page} (named by {where})" for page, where in named if not (root / page).is_file())
    assert named
    assert not missing, missing


def test_public_data_that_tests_read_is_listed(pages: dict[str, Any], root: Path) -> None:
    chain = re.compile(r'(?:test_data|data|DATA)\s*/\s*("[\w./-]+"(?:\s*/\s*"[\w./-]+")*)')
    read = {
        "/".join(re.findall(r'"([^"]+)"', match)): str(place.relative_to(root))
        for folder in ("tests", "bench", "scripts")
        for place in (root / folder).rglob("*.py")
        if "VOLANT_TEST_DATA" in (text := place.read_text(encoding="utf-8")) or "test_data" in text
        for match in chain.findall(text)
    }
    read = {path: where for path, where in read.items() if path.partition("/")[0] in TOPICS}
    listed = pages["docs/test-data.md"].inline_code
    missing = {path: where for path, where in read.items() if not any(path.startswith(one.rstrip("*…/")) or
               one.startswith(path) for one in listed)}  # fmt: skip
    assert read
    assert not missing, f"docs/test-data.md does not list {missing}"


TOPICS = {"bias", "instruct", "intents", "models", "pii", "security", "support", "text"}
