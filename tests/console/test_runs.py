"""Runs: a real training seen live, stopped and resumed from the page; runs side by side; the keyboard; roles."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.conftest import ServerUnderTest
from tests.console.conftest import EVERYBODY, Axe, Shot, Visit, ask, asks, fresh, go, reload, settled


def _runs(page: Any, kind: str = "train") -> list[Any]:
    return [one for one in page.request.get("/api/v1/views/runs?limit=100").json()["rows"] if one["kind"] == kind]


def test_every_run_and_the_filters_in_the_address(page: Any, shot: Shot) -> None:
    table = page.get_by_role("table", name="Runs")
    view = asks(page, "/api/v1/views/runs", lambda: page.goto("/runs"))
    expect(table).to_have_attribute("aria-rowcount", str(len(view["rows"]) + 1))
    shot(page, "runs")
    page.get_by_role("button", name="Kind").click()
    page.get_by_role("menuitem", name="train").click()
    page.wait_for_url("**kind=train**")
    reload(page)
    expect(table).to_have_attribute("aria-rowcount", str(view["kinds"]["train"] + 1))


def test_a_training_in_its_figures(page: Any, visit: Visit, shot: Shot) -> None:
    run = next(one for one in _runs(page) if one["state"] == "succeeded")
    visit(f"/runs?open={run['id']}")
    drawer = page.get_by_role("complementary", name=f"Train: {run['title']}")
    for name in ("Loss by step", "Tokens per second by step", "Learning rate by step"):
        plot = drawer.get_by_role("img", name=name)
        expect(plot.locator("canvas")).to_be_visible()
    expect(drawer).to_contain_text("was chosen on the validation rows")
    shot(page, "run")
    page.keyboard.press("4")
    expect(drawer.get_by_text("What it was told")).to_be_visible()
    page.wait_for_url("**tab=settings**")
    settled(page)
    page.keyboard.press("2")
    expect(drawer.get_by_role("cell", name="final")).to_be_visible()
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


def test_the_cursor_of_all_plots_moves_together(page: Any, visit: Visit) -> None:
    run = next(one for one in _runs(page) if one["state"] == "succeeded")
    visit(f"/runs?open={run['id']}")
    page.get_by_role("img", name="Loss by step").locator(".u-over").hover(position={"x": 120, "y": 40})
    shown = page.locator(".v-plot-tip:visible")
    expect(shown.nth(2)).to_be_visible()
    for _ in range(50):  # one plot after another
        heads = shown.locator("strong").all_text_contents()
        if len(heads) >= 3 and len(set(heads)) == 1:
            break
        page.wait_for_timeout(100)
    assert len(heads) >= 3
    assert len(set(heads)) == 1, heads


def test_runs_side_by_side(page: Any, visit: Visit, axe: Axe, shot: Shot) -> None:
    visit("/runs?kind=train")
    chosen = [one for one in _runs(page) if one["state"] == "succeeded"][:2]
    boxes = page.get_by_role("checkbox", name="Compare train")
    for one in chosen:
        boxes.and_(page.get_by_label(one["id"][-6:])).check()
    expect(page.get_by_role("button", name="Compare 2")).to_be_visible()
    settled(page)
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="Compare runs")).to_be_visible()
    asked = ",".join(one["id"] for one in chosen)
    comparison = page.request.get(f"/api/v1/views/runs/compare?ids={asked}").json()
    reload(page)
    for setting in comparison["differing"]:
        name = setting["name"].removeprefix("options.").replace("_", " ")
        expect(page.get_by_role("rowheader", name=name).first).to_be_visible()
    expect(page.get_by_role("img", name="Loss, by step").locator("canvas")).to_be_visible()
    axe(page)
    shot(page, "runs-compare")
    page.keyboard.press("Escape")
    expect(page.get_by_role("table", name="Runs")).to_be_visible()


def test_live_then_stopped_then_resumed(page: Any, visit: Visit, console_server: ServerUnderTest, shot: Shot) -> None:
    """The curve grows by events alone; Stop stops the process; Resume goes on behind the checkpoint."""
    task = page.request.get("/api/v1/views/loop").json()["tasks"][0]["task"]
    options = {"recipe": "debug", "recipe_options": {"steps": 20_000, "checkpoint_every": 100}}
    body = {**options, "evaluate": False, "release": "none", "name": fresh("console-live")}
    before = {one["id"] for one in _runs(page)}
    visit("/runs")
    ask(console_server, "POST", f"/api/v1/loop/{task}/train", body)
    row = page.get_by_role("row").filter(has_text="Train: debug").filter(has_text="running")
    expect(row).to_be_visible()  # the list learnt of it by an event
    row.click()
    run = next(one["id"] for one in _runs(page) if one["id"] not in before)
    try:
        plot = page.get_by_role("img", name="Loss by step")
        expect(plot.locator("canvas")).to_be_visible(timeout=60_000)
        bar = page.get_by_role("complementary").get_by_role("progressbar")
        first = _step(bar)
        for _ in range(300):
            if _step(bar) > first:
                break
            page.wait_for_timeout(100)
        assert _step(bar) > first
        expect(bar).to_have_attribute("aria-label", _LEFT)
        loads = page.evaluate("performance.getEntriesByType('navigation').length")
        assert loads == 1  # nobody loaded the page anew
        expect(page.get_by_text("Checkpoint at step 100.")).to_be_visible(timeout=60_000)
        shot(page, "run-live")
        page.get_by_role("button", name="Stop", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Stop it").click()
        resume = page.get_by_role("button", name="Resume", exact=True)
        expect(resume).to_be_visible()
        assert ask(console_server, "GET", f"/api/v1/runs/{run}")["state"] == "cancelled"
        _ended(console_server, run)
        resume.click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("It goes on after step")
        dialog.get_by_role("button", name="Resume it").click()
        expect(page.get_by_text("Went on at step").first).to_be_visible(timeout=90_000)
        assert ask(console_server, "GET", f"/api/v1/runs/{run}")["state"] == "running"
    finally:
        if ask(console_server, "GET", f"/api/v1/runs/{run}")["state"] in ("queued", "running"):
            ask(console_server, "POST", f"/api/v1/runs/{run}/cancel", {})
        _ended(console_server, run)


_LEFT = re.compile(r"^step [\d,]+ of 20,000, about .+ left, ends \d\d:\d\d$")


def _step(bar: Any) -> int:
    words = (bar.get_attribute("aria-label") or "").split()
    return int(words[1].replace(",", "")) if len(words) > 1 else 0


def _ended(server: ServerUnderTest, run: str) -> None:
    """The process is gone too."""
    for _ in range(300):
        if ask(server, "GET", f"/api/v1/runs/{run}/progress")["state"] not in ("running", "waiting"):
            return
        time.sleep(0.2)
    pytest.fail(f"run {run} still goes")


def test_a_viewer_sees_why_not(as_role: Callable[..., Any]) -> None:
    page = as_role("viewer")
    run = _runs(page)[0]
    go(page, f"/runs?open={run['id']}")
    button = page.get_by_role("button", name="Resume", exact=True)
    expect(button).to_have_attribute("aria-disabled", "true")
    button.hover()
    expect(page.get_by_role("tooltip")).to_contain_text("(viewer) may not start or stop training")


@pytest.mark.parametrize(("scheme", "viewport"), EVERYBODY, ids=["light-1440", "dark-1024"])
def test_it_is_read_by_everybody(
    new_page: Callable[..., Any], admin: Any, axe: Axe, scheme: str, viewport: Any
) -> None:
    page = new_page(admin, scheme=scheme, viewport=viewport)
    train, evaluate = (next(one for one in _runs(page, kind)) for kind in ("train", "evaluate"))
    for address in ("", f"?open={train['id']}", f"?open={evaluate['id']}", f"?open={train['id']}&tab=settings"):
        go(page, f"/runs{address}")
        axe(page)


def test_the_keyboard_walks_the_runs(page: Any) -> None:
    rows = asks(page, "/api/v1/views/runs", lambda: page.goto("/runs"))["rows"]
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**open={rows[0]['id']}**")
    expect(page.get_by_role("complementary")).to_be_visible()
    settled(page)
    page.keyboard.press("j")
    page.wait_for_url(f"**open={rows[1]['id']}**")
    page.keyboard.press("x")
    expect(page.get_by_role("button", name="Compare 1")).to_be_visible()
