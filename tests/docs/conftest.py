"""The pages and their code blocks, read once; tests that name `page`, `block` or `script` run over all of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("docs", "examples", "bench", ".github")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block. `info` is what stands behind the fence: language and marks."""

    page: Path
    line: int
    info: str
    text: str

    @property
    def language(self) -> str:
        return self.info.split()[0] if self.info else ""

    @property
    def marks(self) -> list[str]:
        return self.info.split()[1:]

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A Markdown file, parsed."""

    path: Path
    text: str
    tokens: tuple[Token, ...]

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def blocks(self) -> list[Block]:
        return [
            Block(page=self.path, line=(token.map or [0])[0] + 1, info=token.info.strip(), text=token.content)
            for token in self.tokens
            if token.type == "fence"
        ]

    @property
    def links(self) -> list[str]:
        found = []
        for token in self.tokens:
            for child in token.children or ():
                if child.type == "link_open":
                    found.append(str(child.attrs["href"]))
                elif child.type == "image":
                    found.append(str(child.attrs["src"]))
        return found

    @property
    def headings(self) -> list[str]:
        return [
            self.tokens[index + 1].content for index, token in enumerate(self.tokens) if token.type == "heading_open"
        ]

    @property
    def inline_code(self) -> list[str]:
        return [child.content for token in self.tokens for child in token.children or () if child.type == "code_inline"]

    @property
    def anchors(self) -> set[str]:
        """As GitHub makes them: lower case, spaces to hyphens, other signs away."""
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in self.headings}


@cache
def read_pages() -> tuple[Page, ...]:
    """Every page of the project, README first."""
    places = sorted(ROOT.glob("*.md"))
    for folder in FOLDERS:
        places += sorted((ROOT / folder).rglob("*.md"))
    parser = MarkdownIt("commonmark").enable("table")
    return tuple(
        Page(path=place, text=(text := place.read_text(encoding="utf-8")), tokens=tuple(parser.parse(text)))
        for place in places
    )


@pytest.fixture(scope="session")
def pages() -> dict[str, Page]:
    """Path from the root → page."""
    return {page.name: page for page in read_pages()}


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "page" in metafunc.fixturenames:
        metafunc.parametrize("page", read_pages(), ids=lambda page: page.name)
    if "block" in metafunc.fixturenames:
        blocks = [block for page in read_pages() for block in page.blocks]
        metafunc.parametrize("block", blocks, ids=str)
    if "script" in metafunc.fixturenames:
        runnable = [page for page in read_pages() if _script(page)]
        metafunc.parametrize("script", [_script(page) for page in runnable], ids=[page.name for page in runnable])


def _script(page: Page) -> str:
    """The Python blocks of a page that run, in order, as one script with the page's own line numbers."""
    lines: list[str] = []
    for block in page.blocks:
        if block.language == "python" and "no-run" not in block.marks:
            lines += [""] * (block.line - len(lines))
            lines += block.text.splitlines()
    return "\n".join(lines)
