"""The console in Chromium, before a real `volant up` on a copy of a finished story.

    VOLANT_STORY_DATA=folder       a finished data directory; else ./volant-demo, which `make demo ONCE=1` leaves,
                                   else a tiny story is run first (about three minutes)
    VOLANT_CHROMIUM=/usr/bin/…     the browser; else the Chromium of the PATH
    VOLANT_SCREENSHOTS=1           writes docs/images/console/NAME-{light,dark}.png

    def test_something(page: Page, visit: Visit, axe: Axe, shot: Shot) -> None:
        visit("/models")
        expect(page.get_by_role("table")).to_be_visible()
        axe(page); shot(page, "models")

`page` is signed in as an admin, and fails its test on any console error, page error or failed request; a refusal that a
test provokes is named with `refusals(page, "401 /api/v1/session")`. `as_role("viewer")` gives a page of another role.
The policy of the page allows no `eval`: wait with locators and `expect`, not with `wait_for_function("text")`.
Skipped by name without a browser or a built console; under VOLANT_STRICT=1 that fails.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from tests.conftest import ServerUnderTest, _start_server

from volant.api.console import BUILT

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js"
IMAGES = ROOT / "docs" / "images" / "console"
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
EMAIL, PASSWORD = "ada@example.test", "a wheel that keeps turning"
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 1024, "height": 768}

Scheme = Literal["light", "dark"]
Visit = Callable[[str], None]
Axe = Callable[[Any], None]
Shot = Callable[[Any, str], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A story that has to run first takes longer than a test may."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.timeout(900))


def _missing(what: str, then: str) -> None:
    if os.environ.get("VOLANT_STRICT") == "1":
        pytest.fail(f"{what}, and VOLANT_STRICT=1 forbids skipping: {then}")
    pytest.skip(f"console: {what} ({then})")


# ---------------------------------------------------------------- browser and server
@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, headless."""
    wanted = [os.environ.get("VOLANT_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    found = next((place for name in wanted if name and (place := shutil.which(name))), None)
    if found is None:
        _missing("no Chromium", "apt-get install chromium, or set VOLANT_CHROMIUM")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        _missing("playwright is not installed", "make setup")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def story_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a finished story's data directory."""
    if not (BUILT / "index.html").is_file():
        _missing("the console is not built", "make console")
    given = os.environ.get("VOLANT_STORY_DATA", "")
    candidates = [Path(given)] if given else [ROOT / "volant-demo", ROOT / "volant-demo" / "data"]
    source = next((place for place in candidates if (place / "volant.db").is_file()), None)
    if given and source is None:
        pytest.fail(f"VOLANT_STORY_DATA={given!r} holds no volant.db")
    copy = tmp_path_factory.mktemp("console") / "data"
    if source is None:
        command = [sys.executable, "-m", "volant.cli", "demo", "--scale", "tiny", "--once", "--data-dir", str(copy)]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("VOLANT_")}
        ran = subprocess.run(command, capture_output=True, text=True, env=inherited, cwd=copy.parent, timeout=800)
        assert ran.returncode == 0, f"the tiny story failed:\n{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"
    else:
        ignored = shutil.ignore_patterns("volant.lock", "*.sock", "actual.json", "pids.json")
        shutil.copytree(source, copy, ignore=ignored)
    return copy


@pytest.fixture(scope="session")
def console_server(story_data: Path) -> Iterator[ServerUnderTest]:
    """`volant up` on the story's data."""
    one = _start_server(story_data)
    yield one
    code, said = one.stop()
    assert code == 0, said


def ask(server: ServerUnderTest, method: str, path: str, body: Any = None) -> Any:
    """One request with the root key."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {server.key}", "content-type": "application/json"}
    request = urllib.request.Request(server.url + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def add(server: ServerUnderTest, deployments: list[dict[str, Any]], task: dict[str, Any]) -> None:
    """Apply a task and its deployments beside what is configured."""
    documents = ask(server, "GET", "/api/v1/documents")["documents"]
    documents["deployments"] = [
        d for d in documents["deployments"] if d["name"] not in {o["name"] for o in deployments}
    ]
    documents["deployments"] += deployments
    documents["tasks"] = [t for t in documents["tasks"] if t["name"] != task["name"]] + [task]
    ask(server, "POST", "/api/v1/documents/apply", documents)


@pytest.fixture(scope="session")
def setup_link(console_server: ServerUnderTest) -> str:
    """The first person's link, as `volant up` says it."""
    return str(ask(console_server, "GET", "/api/v1/invitations/setup")["link"])


@pytest.fixture(scope="session")
def admin(console_server: ServerUnderTest, setup_link: str, browser: Any) -> dict[str, Any]:
    """The admin's cookies: the account is made through the real link, in the browser."""
    return _join(browser, setup_link, "Ada Lovelace", EMAIL, PASSWORD)


def _join(browser: Any, link: str, name: str, email: str, password: str) -> dict[str, Any]:
    """Use an invitation's link as a person would; gives the browser's storage."""
    context = browser.new_context(viewport=WIDE)
    page = context.new_page()
    page.goto(link)
    page.get_by_label("Name").fill(name)
    field_ = page.get_by_label("E-mail")
    if field_.is_editable():
        field_.fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.locator("form button[type=submit]").click()
    page.get_by_role("navigation", name="Main").wait_for()
    state: dict[str, Any] = context.storage_state()
    context.close()
    return state


# ---------------------------------------------------------------- pages
@dataclass
class Faults:
    """What must not happen on a page, unless the test said that it will."""

    seen: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def watch(self, page: Any) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.seen.append(f"page error: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._response)

    def _console(self, message: Any) -> None:
        # A refused request is said twice by Chromium; `response` below knows which one it was.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.seen.append(f"console {message.type}: {message.text}")

    def _failed(self, request: Any) -> None:
        left = request.failure == "net::ERR_ABORTED"  # the page was left, or the query is no longer wanted
        if not left:
            self.seen.append(f"request failed: {request.failure} {request.url}")

    def _response(self, response: Any) -> None:
        if response.status >= 400:
            self.seen.append(f"{response.status} {urlsplit(response.url).path}")

    def left(self) -> list[str]:
        return [fault for fault in self.seen if not any(one in fault for one in self.expected)]


@pytest.fixture
def new_page(browser: Any, console_server: ServerUnderTest) -> Iterator[Callable[..., Any]]:
    """Makes watched pages: `new_page(storage, scheme="dark", viewport=NARROW)`; no storage: nobody is signed in."""
    opened: list[tuple[Any, Faults]] = []

    def make(storage: dict[str, Any] | None = None, *, scheme: Scheme = "light", viewport: Any = None) -> Any:
        context = browser.new_context(
            base_url=console_server.url,
            viewport=viewport or WIDE,
            color_scheme=scheme,
            storage_state=storage,
            reduced_motion="reduce",
            locale="en-US",
            timezone_id="UTC",
        )
        context.set_default_timeout(15_000)
        page = context.new_page()
        faults = Faults()
        faults.watch(page)
        page.volant_faults = faults
        opened.append((context, faults))
        return page

    yield make
    for context, _ in opened:
        context.close()
    faults = [fault for _, one in opened for fault in one.left()]
    assert not faults, "the browser met:\n" + "\n".join(faults)


def refusals(page: Any, *expected: str) -> None:
    """Say which faults the test provokes: parts of `STATUS /path`."""
    page.volant_faults.expected.extend(expected)


@pytest.fixture
def page(new_page: Callable[..., Any], admin: dict[str, Any]) -> Any:
    """A page of the admin, 1440 wide, light."""
    return new_page(admin)


@pytest.fixture
def visit(page: Any) -> Visit:
    """Opens an address of the console and waits until it stands."""
    return lambda address: go(page, address)


def go(page: Any, address: str) -> None:
    """Open an address and wait until nothing of it loads any more."""
    page.goto(address)
    page.locator("main").first.wait_for()
    settled(page)


def settled(page: Any) -> None:
    """No skeleton is left, and fonts are there."""
    page.locator("[role=status][aria-label=Loading]").first.wait_for(state="detached")
    page.evaluate("document.fonts.ready.then(() => true)")


@pytest.fixture
def as_role(
    new_page: Callable[..., Any], admin: dict[str, Any], browser: Any, console_server: ServerUnderTest
) -> Callable[..., Any]:
    """A page of somebody with a role, invited for this test: `as_role("viewer")`."""

    def make(role: str, **looks: Any) -> Any:
        if role not in _members:
            email = f"{role}-{len(_members)}@example.test"
            made = ask(console_server, "POST", "/api/v1/invitations", {"email": email, "role": role})
            _members[role] = _join(browser, made["link"], f"A {role}", email, PASSWORD)
        return new_page(_members[role], **looks)

    return make


_members: dict[str, dict[str, Any]] = {}  # role → storage, of this session's one server


@pytest.fixture
def axe() -> Axe:
    """Fails on any violation of WCAG 2.2 A and AA that axe finds."""
    if not AXE.is_file():
        _missing("axe-core is not installed", "make console")

    def check(page: Any) -> None:
        page.evaluate(AXE.read_text())
        found = page.evaluate("rules => axe.run({runOnly: rules})", RULES)
        lines = [
            f"{one['id']}: {one['help']}\n    {node['html'][:200]}\n    {node['failureSummary'][:300]}"
            for one in found["violations"]
            for node in one["nodes"][:5]
        ]
        assert not lines, f"axe on {page.url}:\n" + "\n".join(lines)

    return check


@pytest.fixture
def shot() -> Shot:
    """`shot(page, "models")` writes models-light.png and models-dark.png where VOLANT_SCREENSHOTS=1."""

    def write(page: Any, name: str) -> None:
        if os.environ.get("VOLANT_SCREENSHOTS") != "1":
            return
        IMAGES.mkdir(parents=True, exist_ok=True)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(800)  # the scheme is a second drawing of charts and fields
            page.screenshot(path=IMAGES / f"{name}-{scheme}.png")
        page.emulate_media(color_scheme="light")

    return write
