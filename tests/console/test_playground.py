"""Playground: two columns answer side by side, with figures; what was tried becomes a test case."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect
from tests.conftest import ServerUnderTest
from tests.console.conftest import Axe, Shot, Visit, ask, fresh, go, reload, settled

QUESTION = "please tell my playground where the card of yesterday went"


def _served(page: Any) -> tuple[str, str]:
    """A task that an engine of this installation answers, and the engine's deployment."""
    view = page.request.get("/api/v1/views/playground").json()
    ours = {one["model"]: one["name"] for one in view["deployments"] if one["ours"]}
    return next((task["name"], ours[model]) for task in view["tasks"] for model in task["models"] if model in ours)


def test_two_columns_answer_side_by_side(page: Any, visit: Visit, axe: Axe, shot: Shot) -> None:
    visit("/playground")
    task, deployment = _served(page)
    visit(f"/playground?ask={task}")
    expect(page.get_by_role("heading", name="Playground")).to_be_visible()
    page.get_by_role("button", name="Add a column").click()
    page.get_by_role("combobox", name="Who is asked").nth(1).select_option(f"d:{deployment}")
    expect(page).to_have_url(re.compile("ask=.*d%3A|ask=.*d:"))
    page.get_by_label("Message", exact=True).fill(QUESTION)
    page.get_by_label("Temperature").first.fill("0")
    axe(page)
    page.get_by_label("Message", exact=True).press("Control+Enter")
    columns = page.get_by_role("region", name="Answer of")
    expect(columns).to_have_count(2)
    for at in range(2):
        expect(columns.nth(at).get_by_text("done", exact=True)).to_be_visible(timeout=90_000)
        expect(columns.nth(at).get_by_text(re.compile(r"\d+ in, \d+ out"))).to_be_visible()
        expect(columns.nth(at).get_by_text(re.compile(r"^\$"))).to_be_visible()
    axe(page)
    shot(page, "playground")
    reload(page)
    expect(page.get_by_label("Message", exact=True)).to_have_value(QUESTION)
    expect(columns).to_have_count(2)
    page.get_by_role("button", name=re.compile("^Remove ")).first.click()
    expect(columns).to_have_count(1)


def test_what_was_tried_becomes_a_test_case(page: Any, visit: Visit, console_server: ServerUnderTest, axe: Axe) -> None:
    visit("/playground")
    visit(f"/playground?ask={_served(page)[0]}")
    page.get_by_label("Message", exact=True).fill(f"{QUESTION}, {fresh('said')}")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_role("button", name="Save as a test case").click(timeout=90_000)
    dialog = page.get_by_role("dialog")
    name = dialog.get_by_label("Dataset").input_value()
    before = ask(console_server, "GET", f"/api/v1/dataset-versions/{name}")
    dialog.get_by_label("Right answer").fill("lost_card")
    axe(page)
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog).to_contain_text("A new version", timeout=60_000)
    after = ask(console_server, "GET", f"/api/v1/dataset-versions/{name}")
    assert (after["parent_id"], after["version"]) == (before["id"], before["version"] + 1)
    assert after["counts"]["test"]["records"] == before["counts"]["test"]["records"] + 1
    dialog.get_by_role("link", name="open the new version").click()
    settled(page)
    expect(page).to_have_url(re.compile(after["id"]))


def test_a_failure_says_what_and_what_to_do(page: Any, visit: Visit) -> None:
    page.volant_faults.expected.append("404 /v1/chat/completions")
    visit("/playground?ask=d:nowhere-at-all&say=hello")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("nowhere-at-all")


def test_a_viewer_may_look_and_not_ask(as_role: Callable[..., Any]) -> None:
    page = as_role("viewer")
    go(page, "/playground?say=hello")
    button = page.get_by_role("button", name="Ask", exact=True)
    expect(button).to_have_attribute("aria-disabled", "true")
