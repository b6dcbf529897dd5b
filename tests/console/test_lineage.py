"""Lineage & subjects: why and impact as pictures, and a person who is erased for real."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.conftest import ServerUnderTest
from tests.console.conftest import NARROW, Axe, Shot, Visit, add, ask, fresh, go, refusals, reload, served


def _answer(page: Any) -> str:
    """An answer of a release, from the traces."""
    cursor = ""
    for _ in range(50):  # other tests of this server may have asked much since
        found = page.request.get(f"/api/v1/views/traces?limit=100&numbers=false&cursor={cursor}").json()
        released = [row["inference"]["id"] for row in found["rows"] if row["inference"]["release_id"]]
        if released:
            return str(released[0])
        cursor = found["next_cursor"]
    raise AssertionError("no answer of a release among the newest 5,000")


def test_why_an_answer_is_what_it_is(page: Any, visit: Visit, axe: Axe, shot: Shot) -> None:
    visit("/lineage")
    expect(page.get_by_role("heading", name="Ask for an id")).to_be_visible()
    answer = _answer(page)
    page.keyboard.press("/")
    page.keyboard.type(answer)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/lineage?of={answer}")
    graph = page.get_by_role("region", name="Everything behind the answer")
    view = page.request.get(f"/api/v1/views/lineage/why/{answer}").json()
    things = [node for node in view["graph"]["nodes"] if node["kind"] != "reason"]
    expect(graph.get_by_role("button")).to_have_count(len(things))
    model = next(node for node in things if node["kind"] == "model")
    graph.get_by_role("button", name=model["title"]).first.click()
    expect(page.get_by_role("region", name="The chosen node")).to_contain_text(model["note"])
    lit = graph.locator("[data-lit=true]").count()
    assert 1 < lit < len(things), f"{lit} of {len(things)} are on the path"
    reload(page)
    expect(page.get_by_role("region", name="The chosen node")).to_contain_text(model["title"])
    axe(page)
    shot(page, "lineage-why")
    page.get_by_role("region", name="The chosen node").get_by_role("link").click()
    page.wait_for_url("**/models**")


def test_what_derives_from_a_dataset(new_page: Callable[..., Any], admin: Any, axe: Axe, shot: Shot) -> None:
    page = new_page(admin, viewport=NARROW, scheme="dark")
    go(page, "/lineage")
    name = page.request.get("/api/v1/datasets").json()["data"][0]["name"]
    go(page, f"/lineage?of={name}")
    view = page.request.get(f"/api/v1/views/lineage/impact?dataset={name}").json()
    graph = page.get_by_role("region", name="Everything that derives from it")
    expect(graph.get_by_role("button")).to_have_count(len(view["graph"]["nodes"]))
    expect(page.get_by_text("serves now")).to_be_visible()
    page.keyboard.press("j")
    page.wait_for_url("**node=**")
    expect(page.get_by_role("region", name="The chosen node")).to_be_visible()
    axe(page)
    shot(page, "lineage-impact")


def test_a_gap_is_red(page: Any, visit: Visit) -> None:
    """The answer of a page that lost a link: the picture says it, in a place of its own."""
    visit("/lineage")
    answer = _answer(page)
    view = page.request.get(f"/api/v1/views/lineage/why/{answer}").json()
    view["gaps"] = ["no release is recorded for variant 'lost'"]
    page.route("**/api/v1/views/lineage/why/*", lambda route: route.fulfill(json=view))
    go(page, f"/lineage?of={answer}")
    expect(page.get_by_role("alert")).to_contain_text("no release is recorded for variant 'lost'")
    expect(page.get_by_role("button", name="a gap, no release is recorded")).to_be_visible()


def test_an_id_that_nobody_knows(page: Any, visit: Visit) -> None:
    refusals(page, "404 /api/v1/views/lineage/why/inf_nobody")
    visit("/lineage?of=inf_nobody")
    expect(page.get_by_role("alert")).to_contain_text("inf_nobody")


@pytest.fixture
def asker(console_server: ServerUnderTest) -> Iterator[str]:
    """A made-up person with one inference, answered by a stand-in provider."""
    command = [sys.executable, "-m", "volant.providers.mock", "--port", "0", "--answer", "pong"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    user, task = fresh("made-up person"), "console-erasure"
    add(console_server, [{"name": task, "provider": "mock", "model": "m", "base_url": url}],
        {"name": task, "variants": [{"name": task, "deployments": [task]}]})  # fmt: skip
    body = {"model": task, "messages": [{"role": "user", "content": "my parrot is called Admiral Featherstone"}]}
    headers = {"authorization": f"Bearer {console_server.key}", "content-type": "application/json",
               "x-volant-user": user}  # fmt: skip
    served(console_server, console_server.key, task)
    request = urllib.request.Request(f"{console_server.url}/v1/chat/completions", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200
    end = time.monotonic() + 60
    while True:  # the spool is drained
        found = ask(console_server, "GET", f"/api/v1/views/lineage/impact?user={user.replace(' ', '%20')}")
        if any(one["kind"] == "inference" and one["count"] for one in found["counts"]):
            break
        assert time.monotonic() < end, found
        time.sleep(0.2)
    yield user
    process.terminate()
    process.communicate(timeout=30)


def test_erasing_a_person_leaves_a_receipt(
    page: Any, visit: Visit, asker: str, console_server: ServerUnderTest, axe: Axe, shot: Shot
) -> None:
    visit("/lineage?tab=erasures")
    page.get_by_role("button", name="Erase a person").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("User").fill(asker)
    dialog.get_by_role("button", name="See what it touches").click()
    expect(dialog.get_by_role("status")).to_contain_text("answer1")
    begin = dialog.get_by_role("button", name="Erase for ever")
    expect(begin).to_be_disabled()
    dialog.get_by_label("Type the user's name again").fill(asker[:-1])
    expect(begin).to_be_disabled()
    axe(page)
    shot(page, "erase")
    dialog.get_by_label("Reason").fill("a letter of today")
    dialog.get_by_label("Type the user's name again").fill(asker)
    begin.click()
    drawer = page.get_by_role("complementary")
    expect(drawer.get_by_role("heading", name="Receipt")).to_be_visible(timeout=60_000)
    assert asker not in page.url
    assert asker.replace(" ", "%20") not in page.url
    expect(drawer).to_contain_text("The receipt is signed.")
    expect(drawer).to_contain_text("a letter of today")
    expect(drawer.get_by_role("img", name="done")).to_have_count(4)
    opened = page.url.split("erasure=")[1].split("&")[0]
    [row] = [one for one in ask(console_server, "GET", "/api/v1/views/erasures")["rows"] if one["id"] == opened]
    assert (row["reason"], row["state"], row["found_after"]) == ("a letter of today", "done", 0)
    reload(page)
    expect(drawer.get_by_role("heading", name="Receipt")).to_be_visible()
    axe(page)
    shot(page, "erasure")
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


def test_a_viewer_may_not_erase(as_role: Callable[..., Any]) -> None:
    viewer = as_role("viewer", viewport=NARROW)
    go(viewer, "/lineage?tab=erasures")
    button = viewer.get_by_role("button", name="Erase a person")
    expect(button).to_have_attribute("aria-disabled", "true")
    go(viewer, "/lineage?erase=true")
    expect(viewer.get_by_role("dialog")).to_contain_text("may not erase a person's data")
