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
RUNS = ("sh", "python")
NOTE = re.compile(r"<!-- run: (.+?) -->")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block. `info` is what stands behind the fence: language and marks."""

    page: Path
    line: int
    info: str
    text: str
    note: str = ""  # of the comment `<!-- run: NOTE -->` that stands right before it
    follows: bool = False  # it stands right behind a block that runs

    @property
    def language(self) -> str:
        return self.info.split()[0] if self.info else ""

    @property
    def title(self) -> str:
        found = re.search(r'title="([^"]+)"', self.info)
        return found[1] if found else ""

    @property
    def marks(self) -> list[str]:
        return [word for word in self.info.split()[1:] if not word.startswith("title=")]

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
        found: list[Block] = []
        note, before = "", ""
        for token in self.tokens:
            if token.type == "fence":
                line = (token.map or [0])[0] + 1
                info = token.info.strip()
                follows = before in RUNS and not note
                found.append(
                    Block(page=self.path, line=line, info=info, text=token.content, note=note, follows=follows)
                )
                before = found[-1].language if not note.startswith("no,") else ""
                note = ""
            elif token.type == "html_block" and (match := NOTE.fullmatch(token.content.strip())):
                note = re.sub(r"^no,? ", "no, ", match[1])
            elif token.type in ("inline", "heading_open"):
                note, before = "", ""
        return found

    @property
    def server(self) -> str:
        """Which server the page runs against: `<!-- page: server=… -->`, else a fresh one where it names one."""
        if match := re.search(r"<!-- page: server=(\w+)", self.text):
            return match[1]
        needs = any(re.search(r"\bvolant [a-z]|VOLANT_URL|127.0.0.1:8321", block.text) for block in self.runnable)
        return "fresh" if needs else "none"

    @property
    def runnable(self) -> list[Block]:
        return [block for block in self.blocks if block.language in RUNS and not block.note.startswith("no,")]

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
    if "runs" in metafunc.fixturenames:
        runnable = [page for page in read_pages() if page.runnable]
        metafunc.parametrize("runs", runnable, ids=lambda page: page.name)
