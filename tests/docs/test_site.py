"""The built site: whole, readable without a network, searchable from a folder, and as wide as a phone.

Builds into build/site. Chromium is that of the system; without one these tests skip by name, and fail under
VOLANT_STRICT=1.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

SIZES = ((1440, 900), (390, 844))
SCHEMES = ("light", "dark")
LOOKED_AT = ("index.html", "tutorials/operator.html", "gate.html", "api.html")
PLACE = r"<!-- console: (?!end )([\w-]+) -->"
CONSOLE = (  # its pages
    "loop", "trace", "dataset", "run", "report", "release", "playground", "key", "ceiling", "spend", "deployment",
    "model", "lineage", "setting", "eras",
)  # fmt: skip


class Anchors(HTMLParser):
    """What a page links, and what can be linked in it."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if values.get("id"):
            self.ids.add(str(values["id"]))
        if tag == "a" and values.get("href"):
            self.links.append(str(values["href"]))
        elif tag in ("img", "script", "link") and (found := values.get("src") or values.get("href")):
            self.fetched.append(found)


@pytest.fixture(scope="session")
def site(root: Path) -> Path:
    pytest.importorskip("zensical", reason="the docs' builder: pip install 'volant[docs]'")
    done = subprocess.run([sys.executable, "scripts/build_docs.py"], cwd=root, capture_output=True, text=True)
    assert not done.returncode, done.stdout + done.stderr
    return root / "build" / "site"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a network."""
    place = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if place is None:
        if os.environ.get("VOLANT_STRICT") == "1":
            pytest.fail("no Chromium on the path, and VOLANT_STRICT=1 forbids skipping")
        pytest.skip("Chromium: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="Chromium's driver: pip install 'volant[docs]'")
    with api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND"]
        made = playwright.chromium.launch(executable_path=place, args=arguments)
        yield made
        made.close()


def test_every_link_of_the_site_leads_somewhere(site: Path) -> None:
    parsed = {}
    for page in sorted(site.rglob("*.html")):
        parsed[page] = Anchors()
        parsed[page].feed(page.read_text(encoding="utf-8"))
    assert len(parsed) > 40
    broken = []
    for page, found in parsed.items():
        if page.name == "404.html":
            continue
        for link in [*found.links, *found.fetched]:
            if re.match(r"[a-z]+:|//", link):
                continue
            path, _, anchor = unquote(link).partition("#")
            target = (page.parent / path.partition("?")[0]).resolve() if path else page
            target = target / "index.html" if target.is_dir() else target
            if not target.exists():
                broken.append(f"{page.relative_to(site)}: {link}")
            elif anchor and target in parsed and anchor not in parsed[target].ids | {"only-light", "only-dark"}:
                broken.append(f"{page.relative_to(site)}: {link}: no such anchor")
    assert not broken, broken


@pytest.mark.parametrize("name", LOOKED_AT)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size[0]))
def test_page_reads_without_a_network(name: str, scheme: str, size: tuple[int, int], site: Path, browser: Any) -> None:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto((site / name).as_uri())
    page.wait_for_load_state("networkidle")
    wide = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
    context.close()
    assert not [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]
    assert not said
    assert wide <= 0, f"{name} is {wide} pixels wider than the window"


@pytest.mark.parametrize("place", ["index.html", "tutorials/operator.html"])
def test_search_finds_from_a_folder(place: str, site: Path, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto((site / place).as_uri())
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Control+k")
    page.keyboard.type("erasure receipt", delay=20)
    found = page.get_by_text(re.compile(r"^\d+ results?$"))
    found.wait_for(timeout=60_000)
    results = int(found.inner_text().split()[0])
    context.close()
    assert results > 3


# ---------------------------------------------------------------- pictures of the console
def test_console_pictures_stand_in_their_places(pages: dict[str, Any], root: Path) -> None:
    """Every page of the console is shown; every place shows both schemes; every picture is of a page."""
    folder = root / "docs" / "images" / "console"
    there = {place.stem for place in folder.glob("*.png")}
    places = [(page, name) for page in pages.values() for name in re.findall(PLACE, page.text)]
    for page, name in places:
        for scheme in SCHEMES:
            assert f"{name}-{scheme}" in there, f"{page.name} has a place for {name}, of which there is no picture"
            assert any(f"console/{name}-{scheme}.png" in link for link in page.links), (
                f"{page.name} does not show {name}: make openapi fills the places in"
            )
    missing = [page for page in CONSOLE if not any(name.startswith(page) for _, name in places)]
    assert not missing, f"no docs page shows these of the console: {missing}"
    assert not [name for name in there if not name.startswith(CONSOLE)], f"pictures of no page: {there}"


def test_site_asks_nobody(root: Path) -> None:
    text = (root / "mkdocs.yml").read_text()
    loaded = yaml.load(re.sub(r"!!python\S*", "", text), Loader=yaml.SafeLoader)
    assert loaded["theme"]["font"] is False
    assert not {"analytics", "extra_javascript"} & set(loaded)
