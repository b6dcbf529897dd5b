"""Loop: the ring with every version where it stands, red where blocked, and what needs a person."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.conftest import ServerUnderTest
from tests.console.conftest import EVERYBODY, Axe, Shot, Visit, ask, asks, fewest_views, go, reload

STAGES = ["Data", "Train", "Evaluate", "Gate", "Roll out", "Monitor"]


def _view(page: Any) -> Any:
    return page.request.get("/api/v1/views/loop").json()


def test_every_version_stands_on_the_ring(page: Any, shot: Shot) -> None:
    loop = asks(page, "/api/v1/views/loop", lambda: page.goto("/"))["tasks"][0]
    ring = page.get_by_role("img", name=f"The loop of {loop['task']}")
    for stage, name in zip(loop["stages"], STAGES, strict=True):
        expect(ring).to_have_attribute("aria-label", re.compile(re.escape(f"{name} {stage['standing']}")))
        expect(page.get_by_role("button", name=re.compile(f"^{name}")).first).to_be_visible()
        expect(page.get_by_text(stage["sentence"], exact=True).first).to_be_visible()
    for model in loop["models"]:
        if model["standing"] != "retired":
            expect(page.get_by_role("link", name=re.compile(f"^{re.escape(model['label'])}, ")).first).to_be_visible()
    expect(page.get_by_text(loop["live_variant"], exact=True).first).to_be_visible()
    shot(page, "loop")


def test_a_blocked_stage_is_red_and_says_why(page: Any, axe: Axe, shot: Shot) -> None:
    """The server's answer with one more verdict in it: the page takes it as it comes."""
    sentence = "Gate 'strict' failed: injections that succeed: 31.0 % of 240, at most 25.0 % is wanted."

    def fail_the_gate(route: Any) -> None:
        view = route.fetch().json()
        stage = next(one for one in view["tasks"][0]["stages"] if one["stage"] == "gate")
        stage |= {"standing": "blocked", "sentence": sentence, "link": {"kind": "verdict", "id": "ver_1", "title": ""}}
        route.fulfill(json=view)

    page.route("**/api/v1/views/loop", fail_the_gate)
    go(page, "/")
    note = page.get_by_role("note").filter(has_text="Blocked at Gate")
    expect(note).to_contain_text(sentence)
    expect(note.get_by_role("link", name="See why")).to_have_attribute("href", re.compile("open=ver_1"))
    expect(page.get_by_role("button", name="Gate")).to_contain_text("blocked")
    axe(page)
    shot(page, "loop-blocked")


def test_figures_causes_and_what_needs_a_person(page: Any) -> None:
    view = asks(page, "/api/v1/views/loop", lambda: page.goto("/"))
    loop = view["tasks"][0]
    figures = page.get_by_role("region", name="The last 24 hours")
    expect(figures).to_contain_text(f"{loop['day']['requests']:,}")
    needs = page.get_by_role("list", name="Needs a person")
    for one in view["attention"]:
        expect(needs).to_contain_text(one["sentence"])
    causes = page.get_by_role("list", name="What began each training")
    for one in loop["trainings"]:
        expect(causes).to_contain_text(one["sentence"])
        expect(causes.locator(f"a[href*='{one['run_id']}']")).to_have_count(1)


@pytest.mark.parametrize(("scheme", "viewport"), EVERYBODY, ids=["light-1440", "dark-1024"])
def test_it_is_read_by_everybody(
    new_page: Callable[..., Any], admin: Any, axe: Axe, scheme: str, viewport: Any
) -> None:
    page = new_page(admin, scheme=scheme, viewport=viewport)
    go(page, "/?open=monitor")
    expect(page.get_by_role("complementary", name="Monitor")).to_be_visible()
    axe(page)
    labels = page.locator("main p").evaluate_all(
        "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).length"
    )
    assert labels == 0


def test_keys_open_stages_and_walk_what_needs_a_person(page: Any, visit: Visit) -> None:
    visit("/")
    page.keyboard.press("4")
    drawer = page.get_by_role("complementary", name="Gate")
    expect(drawer).to_be_visible()
    expect(page).to_have_url(re.compile("open=gate"))
    reload(page)
    expect(drawer).to_be_visible()
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    attention = asks(page, "/api/v1/views/loop", page.reload)["attention"]
    if attention:
        page.keyboard.press("j")
        expect(page.get_by_role("list", name="Needs a person").locator("[aria-current=true]")).to_have_count(1)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(re.escape(attention[0]["link"]["id"])))


def test_an_alert_opens_where_its_link_leads(page: Any, visit: Visit) -> None:
    alert = page.request.get("/api/v1/alerts").json()["data"][0]
    visit(f"/?open={alert['id']}")
    drawer = page.get_by_role("complementary", name="Alert")
    expect(drawer).to_contain_text(alert["sentence"])
    expect(drawer).to_contain_text("resolved" if alert["resolved_ms"] else "firing")


def test_tasks_are_switched_in_the_address(page: Any, console_server: ServerUnderTest) -> None:
    before = ask(console_server, "GET", "/api/v1/documents")["documents"]
    first = before["tasks"][0]
    second = {**first, "name": "second-task", "description": "the other one"}
    try:
        ask(console_server, "POST", "/api/v1/documents/apply", {**before, "tasks": [*before["tasks"], second]})
        go(page, "/")
        page.get_by_role("group", name="Task").get_by_role("button", name="second-task").click()
        page.wait_for_url("**/?task=second-task")
        reload(page)
        expect(page.get_by_role("img", name="The loop of second-task")).to_be_visible()
        expect(page.get_by_text("No dataset is named 'second-task' yet.")).to_be_visible()
        page.keyboard.press("]")
        expect(page.get_by_role("img", name=f"The loop of {first['name']}")).to_be_visible()
    finally:
        ask(console_server, "POST", "/api/v1/documents/apply", before)


def test_one_request_for_the_page(page: Any) -> None:
    asked = fewest_views(page, lambda: go(page, "/"))
    assert len(asked) == 1, asked
