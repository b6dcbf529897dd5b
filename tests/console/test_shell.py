"""The shell: both widths, light and dark, keyboard, palette, live events, and what a role may not do."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect
from tests.conftest import ServerUnderTest
from tests.console.conftest import Axe, Shot, Visit, again, ask, go, jump, refusals, reload


def test_keys_lead_everywhere(page: Any, visit: Visit) -> None:
    visit("/models")
    for key, title in (("t", "Traces"), ("d", "Datasets"), ("r", "Runs"), ("s", "Projects"), ("m", "Models")):
        jump(page, f"g {key}", title)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_contain_text("Next row")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_the_palette_goes_to_pages_and_to_ids(page: Any, visit: Visit, axe: Axe, shot: Shot) -> None:
    visit("/models")
    model = page.request.get("/api/v1/views/models").json()["models"][0]
    page.keyboard.press("Control+k")
    field = page.get_by_role("textbox", name="Go to a page")
    expect(field).to_be_focused()
    axe(page)
    shot(page, "palette")
    field.fill("datas")
    page.keyboard.press("Enter")
    expect(page).to_have_title("Datasets · Volant")
    page.keyboard.press("Control+k")
    field.fill(model["id"])
    expect(page.get_by_text(f"Open {model['id']}")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name=f"{model['name']}@{model['version']}")).to_be_visible()
    expect(page).to_have_url(re.compile(f"open={model['id']}"))


def test_the_first_tab_skips_to_the_content(page: Any, visit: Visit) -> None:
    visit("/models")
    page.keyboard.press("Tab")
    skip = page.get_by_role("button", name="Skip to content")
    expect(skip).to_be_focused()
    assert skip.bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_the_colours_are_chosen_and_kept(page: Any, visit: Visit) -> None:
    visit("/models")
    page.get_by_role("button", name="Account of Ada Lovelace").click()
    page.get_by_role("menuitem", name="Dark").click()
    scheme = "document.documentElement.dataset.mantineColorScheme"
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    reload(page)
    assert page.evaluate(scheme) == "dark"
    page.evaluate("localStorage.removeItem('volant-colour-scheme')")


def test_what_changes_is_shown_without_asking(page: Any, visit: Visit, console_server: ServerUnderTest) -> None:
    """A change by another program makes the open page ask again."""
    visit("/models")
    page.wait_for_timeout(2500)  # the first look has been taken
    asked: list[str] = []
    page.on("response", lambda one: asked.append(one.url) if one.url.endswith("/api/v1/views/models") else None)

    def is_asked() -> None:
        for _ in range(150):
            if asked:
                return
            page.wait_for_timeout(100)
        raise AssertionError("the page did not ask again")

    again(lambda: _touch(console_server), is_asked)


def test_a_lost_server_is_said_and_comes_back(page: Any, visit: Visit, console_server: ServerUnderTest) -> None:
    visit("/models")
    page.wait_for_timeout(2500)
    refusals(page, "request failed: net::ERR_CONNECTION_REFUSED")
    page.route("**/api/v1/views/**", lambda route: route.abort("connectionrefused"))
    notice = page.get_by_text("The server cannot be reached")
    again(lambda: _touch(console_server), lambda: expect(notice).to_be_visible(timeout=15_000))
    expect(page.get_by_role("table")).to_be_visible()  # what was there stays
    page.unroute("**/api/v1/views/**")
    expect(notice).to_be_hidden()


def _touch(server: ServerUnderTest) -> None:
    """Change the configuration as another program would."""
    documents = ask(server, "GET", "/api/v1/documents")["documents"]
    documents["tasks"][0]["description"] = f"changed at {time.time()}"
    ask(server, "POST", "/api/v1/documents/apply", documents)


def test_a_page_that_does_not_exist_says_so(page: Any, axe: Axe) -> None:
    page.goto("/nothing/here")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    axe(page)


def test_a_viewer_sees_the_pages(as_role: Callable[..., Any]) -> None:
    page = as_role("viewer")
    go(page, "/models")
    expect(page.get_by_role("table")).to_be_visible()
    expect(page.get_by_role("button", name="Account of A viewer")).to_contain_text("viewer")
