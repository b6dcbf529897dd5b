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

A busy machine draws a page late, and a key that is pressed before goes nowhere. So: `visit`, `go` and `reload` end when
the page stands; after a link, a key or `go_back`, wait for the new page's words before the next key; `jump(page, "g m",
"Models")` for keys that lead to a page; `served(server, key)` before a new key or task is used. Data are one demo's of
many, and the tests before have added to them: ask the API for a thing with the property that is needed, compare with
the answer that the page got (`asks`), and give what is made a name of its own (`fresh("till")`), so that a test can run
again. Limits of time are nets, never what is asserted.
Skipped by name without a browser or a built console; under VOLANT_STRICT=1 that fails.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
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
PATIENCE_MS = 30_000  # for a page, a row, an address: passed only where they never come
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 1024, "height": 768}

Scheme = Literal["light", "dark"]
EVERYBODY: list[tuple[Scheme, dict[str, int]]] = [("light", WIDE), ("dark", NARROW)]  # each scheme, and each width
EVERY_WAY = [*EVERYBODY, ("light", NARROW), ("dark", WIDE)]
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
        from playwright.sync_api import expect, sync_playwright
    except ModuleNotFoundError:
        _missing("playwright is not installed", "make setup")
    expect.set_options(timeout=PATIENCE_MS)
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
        context.set_default_timeout(PATIENCE_MS)
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
    settled(page)


def reload(page: Any) -> None:
    """Load the page anew and wait until it stands again."""
    page.reload()
    settled(page)


DRAWN = """async () => {
  await document.fonts.ready;
  for (let frame = 0; frame < 2; frame += 1) await new Promise((then) => requestAnimationFrame(then));
  await new Promise((then) => setTimeout(then)); // effects, which listen to keys, run after the frame
  return document.querySelector('[role=status][aria-label=Loading]') === null;
}"""


def settled(page: Any) -> None:
    """The page has its heading (or says what is wrong), no skeleton is left, fonts are there, keys are listened to."""
    end = time.monotonic() + PATIENCE_MS / 1000
    while True:
        page.locator("main").locator("h1, [role=alert]").first.wait_for()
        page.locator("[role=status][aria-label=Loading]").first.wait_for(state="detached")
        if page.evaluate(DRAWN):  # what came may load something itself
            return
        assert time.monotonic() < end, f"{page.url} still loads"


def jump(page: Any, keys: str, title: str) -> None:
    """Press keys one after another until the page of this title has come: a pause between two of them undoes both."""
    end = time.monotonic() + PATIENCE_MS / 1000
    while page.title() != f"{title} · Volant":
        assert time.monotonic() < end, f"{keys!r} leads to {page.title()!r}, not to {title!r}"
        for key in keys.split():
            page.keyboard.press(key)
        for _ in range(20):
            if page.title() == f"{title} · Volant":
                break
            page.wait_for_timeout(100)
    settled(page)


def asks(page: Any, part: str, do: Callable[[], Any]) -> Any:
    """What the server answered when the page, because of `do`, asked for an address with this part."""
    with page.expect_response(lambda one: part in one.url and one.request.method == "GET") as got:
        do()
    answer = got.value.json()
    settled(page)
    return answer


def fewest_views(page: Any, do: Callable[[], Any], times: int = 3) -> list[str]:
    """The views that a page asks for because of `do`, at the fewest: an event of the server makes it ask anew."""
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/api/v1/views/" in one.url else None)
    found: list[list[str]] = []
    for _ in range(times):
        asked.clear()
        do()
        page.wait_for_timeout(1000)
        found.append(list(asked))
        if len(found[-1]) == 1:
            break
    return min(found, key=len)


def again(do: Callable[[], Any], seen: Callable[[], Any], times: int = 3) -> None:
    """For figures of one minute, or of a circuit's rest: do it anew where that ended before the page showed it."""
    for left in reversed(range(times)):
        do()
        try:
            seen()
        except AssertionError:
            if not left:
                raise
        else:
            return


def fresh(name: str) -> str:
    """A name that no other test, and no other run of this one, has given."""
    return f"{name}-{uuid.uuid4().hex[:6]}"


def served(server: ServerUnderTest, key: str, task: str = "") -> None:
    """Wait until the gateway knows a key, and may serve it a task; nothing is counted against its limits."""
    end = time.monotonic() + PATIENCE_MS / 1000
    request = urllib.request.Request(f"{server.url}/v1/models", headers={"authorization": f"Bearer {key}"})
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                models = [one["id"] for one in json.loads(answer.read())["data"]]
            if not task or task in models:
                return
            said = f"it offers {models}"
        except urllib.error.HTTPError as refused:
            said = f"it answers {refused.code}"
            refused.close()
        assert time.monotonic() < end, f"the gateway does not serve {task or 'the key'}: {said}"
        time.sleep(0.1)


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
