"""Releases & rollouts: checklist, test plots, a rollout that is held, resumed and rolled back, and a signature."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.conftest import ServerUnderTest
from tests.console.conftest import NARROW, Axe, Shot, Visit, add, ask, fresh, go, reload

TASK = "console-echo"


def _newest(page: Any, state: str) -> dict[str, Any]:
    tasks = page.request.get("/api/v1/views/releases").json()["tasks"]
    rows = [row for task in tasks for row in task["releases"] if row["verdict_id"]]
    found: dict[str, Any] = next(row for row in rows if row["state"] == state)
    return found


@pytest.fixture(scope="module")
def pair(console_server: ServerUnderTest) -> Iterator[None]:
    """A task with two variants, both answered by a stand-in provider in a process of its own."""
    command = [sys.executable, "-m", "volant.providers.mock", "--port", "0", "--answer", "pong"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    names = ("console-old", "console-new")
    deployments = [{"name": name, "provider": "mock", "model": "m", "base_url": url} for name in names]
    variants = [{"name": name, "deployments": [name]} for name in names]
    add(console_server, deployments, {"name": TASK, "live": names[0], "variants": variants})
    yield
    process.terminate()
    process.communicate(timeout=30)


@pytest.fixture
def rollout(console_server: ServerUnderTest, pair: None) -> Iterator[str]:
    """A rollout that runs: it shadows until somebody decides."""
    started = ask(console_server, "POST", "/api/v1/rollouts", {
        "task": TASK, "variant": "console-new", "key": uuid.uuid4().hex,
        "plan": {"shadow_requests": 5000, "steps": [[0.1, 40], [0.5, 60]]},
    })  # fmt: skip
    yield str(started["object_id"])
    state = ask(console_server, "GET", f"/api/v1/rollouts/{started['object_id']}")["state"]
    if state in ("pending", "shadow", "canary"):
        ask(console_server, "POST", f"/api/v1/rollouts/{started['object_id']}/rollback", {"comment": "the test ends"})


def test_every_decision_and_what_serves(page: Any, visit: Visit, axe: Axe, shot: Shot) -> None:
    visit("/releases")
    tasks = page.request.get("/api/v1/views/releases").json()["tasks"]
    count = sum(len(task["releases"]) for task in tasks)
    table = page.get_by_role("table", name="Releases")
    expect(table.get_by_role("row")).to_have_count(count + 1)
    live = _newest(page, "live")
    expect(page.get_by_role("region", name="Traffic now")).to_contain_text(live["variant"])
    axe(page)
    shot(page, "releases")
    page.get_by_role("button", name="State").click()
    page.get_by_role("menuitem", name="live").click()
    page.keyboard.press("Escape")
    page.wait_for_url("**state=**")
    reload(page)
    states = [row["state"] for task in tasks for row in task["releases"]]
    expect(table.get_by_role("row")).to_have_count(states.count("live") + 1)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/releases/rel_*")


def test_the_gate_and_the_test_against_its_boundary(page: Any, visit: Visit, axe: Axe, shot: Shot) -> None:
    visit("/releases")
    live = _newest(page, "live")
    view = page.request.get(f"/api/v1/views/releases/{live['id']}").json()
    go(page, f"/releases?open={live['rollout_id'] or live['id']}")
    rules = page.get_by_role("list", name="Gate").get_by_role("listitem")
    expect(rules).to_have_count(len(view["checklist"]))
    expect(rules.first.get_by_role("link", name="report")).to_have_attribute(
        "href", f"/reports?open={view['checklist'][0]['report_id']}"
    )
    for test in view["rollout"]["tests"]:
        plot = page.get_by_role("img", name="over the looks").filter(has_text="limit")
        assert test["points"], test["metric"]
    expect(plot).to_have_count(len(view["rollout"]["tests"]))
    expect(page.get_by_text(view["rollout"]["decisions"][-1]["sentence"]).first).to_be_visible()
    axe(page)
    shot(page, "release")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_release_that_was_rolled_back(
    new_page: Callable[..., Any], admin: Any, axe: Axe, shot: Shot, scheme: Any
) -> None:
    page = new_page(admin, viewport=NARROW, scheme=scheme)
    go(page, "/releases")
    back = _newest(page, "rolled_back")
    go(page, f"/releases/{back['id']}")
    expect(page.get_by_text("It rolls back.").first).to_be_visible()
    promote = page.get_by_role("button", name="Promote")
    expect(promote).to_have_attribute("aria-disabled", "true")
    axe(page)
    if scheme == "light":
        shot(page, "release-rolled-back")


def test_hold_resume_and_roll_back(
    page: Any, console_server: ServerUnderTest, rollout: str, axe: Axe, as_role: Callable[..., Any]
) -> None:
    go(page, f"/releases/{rollout}")
    expect(page.get_by_text("shadows: nobody sees its answers")).to_be_visible()

    def said() -> Any:
        return ask(console_server, "GET", f"/api/v1/views/releases/{rollout}")["rollout"]

    page.get_by_role("button", name="Hold", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("even proven harm does not roll it back")
    expect(page).to_have_url(re.compile("say=hold"))
    axe(page)
    dialog.get_by_label("Why").fill("the weekend")
    dialog.get_by_role("button", name="Hold").click()
    expect(page.get_by_text("held by Ada Lovelace")).to_be_visible()
    assert said()["held"] is True

    viewer = as_role("viewer")
    go(viewer, f"/releases/{rollout}")
    for name in ("Resume", "Roll back", "Promote"):
        expect(viewer.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-disabled", "true")
    go(viewer, f"/releases/{rollout}?say=rollback")
    expect(viewer.get_by_role("dialog")).to_have_count(0)

    page.get_by_role("button", name="Resume", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Hold", exact=True)).to_be_visible()
    assert said()["held"] is False

    page.keyboard.press("b")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Everybody's requests go to console-old again")
    dialog.get_by_label("Why").fill("a person said so")
    dialog.get_by_role("button", name="Roll back").click()
    end = time.monotonic() + 60
    while said()["state"] != "rolled_back":
        assert time.monotonic() < end, said()
        time.sleep(0.2)
    expect(page.get_by_text("Rolled back by Ada Lovelace: a person said so").first).to_be_visible()
    expect(page.get_by_role("button", name="Roll back", exact=True)).to_have_attribute("aria-disabled", "true")


def test_a_reviewer_signs_and_a_viewer_may_not(as_role: Callable[..., Any], page: Any, visit: Visit) -> None:
    visit("/releases")
    live = _newest(page, "live")
    view = page.request.get(f"/api/v1/views/releases/{live['id']}").json()
    viewer = as_role("viewer")
    go(viewer, f"/releases/{live['id']}")
    approve = viewer.get_by_role("button", name="Approve")
    expect(approve).to_have_attribute("aria-disabled", "true")
    approve.hover(force=True)
    expect(viewer.get_by_role("tooltip")).to_contain_text("may not sign reviews")

    reviewer = as_role("reviewer")
    go(reviewer, f"/releases/{live['id']}")
    reviewer.get_by_role("button", name="Approve").click()
    dialog = reviewer.get_by_role("dialog")
    expect(dialog).to_contain_text(view["evidence_hash"])
    comment = fresh("read every report")
    dialog.get_by_label("Comment").fill(comment)
    dialog.get_by_role("button", name="Sign: approve").click()
    expect(reviewer.get_by_text(comment)).to_be_visible()
    expect(reviewer.get_by_text("still this evidence").first).to_be_visible()
    signed = page.request.get(f"/api/v1/reviews/release/{live['id']}").json()["data"][-1]
    assert signed["decision"] == "approve"
    assert signed["reviewer"].startswith("A reviewer (usr_")
    assert signed["evidence_hash"] == view["evidence_hash"]
    go(page, f"/releases?open={signed['id']}")
    page.wait_for_url(f"**/releases/{signed['id']}")
    expect(page.get_by_role("heading", name=f"Release of {live['variant']}")).to_be_visible()
