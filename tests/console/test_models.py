"""Models: the list, its filters in the address, the keyboard, the drawer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect
from tests.console.conftest import NARROW, Axe, Shot, Visit, fewest_views, go, reload
from tests.console.tracing import LONGEST_MS, tasks_of


def test_every_version_with_its_evidence(page: Any, visit: Visit, axe: Axe, shot: Shot) -> None:
    visit("/models")
    models = page.request.get("/api/v1/views/models").json()["models"]
    table = page.get_by_role("table", name="Model versions")
    expect(table.get_by_role("row")).to_have_count(len(models) + 1)
    live = next(one for one in models if one["state"] == "live")
    row = table.get_by_role("row").filter(has_text=f"{live['name']}@{live['version']}").filter(has_text="live")
    expect(row).to_contain_text(f"{live['accuracy']['value'] * 100:.1f} %")
    expect(row).to_contain_text("passed")
    axe(page)
    shot(page, "models")


def test_one_request_for_the_page(page: Any) -> None:
    asked = fewest_views(page, lambda: go(page, "/models"))
    assert len(asked) == 1, asked


def test_filters_live_in_the_address(page: Any, visit: Visit) -> None:
    visit("/models")
    page.keyboard.press("/")
    page.keyboard.type("no-new-data")
    table = page.get_by_role("table", name="Model versions")
    expect(table.get_by_role("row")).to_have_count(2)
    page.wait_for_url("**/models?q=no-new-data")
    reload(page)
    expect(table.get_by_role("row")).to_have_count(2)
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="State").click()
    page.get_by_role("menuitem", name="live").click()
    page.keyboard.press("Escape")
    expect(table.get_by_role("row")).to_have_count(2)
    expect(page).to_have_url(re.compile("live"))
    go(page, "/models?q=nothing-has-this-name")
    expect(page.get_by_text("No model matches")).to_be_visible()


def test_the_keyboard_opens_walks_and_closes(new_page: Callable[..., Any], admin: Any, axe: Axe, shot: Shot) -> None:
    page = new_page(admin, viewport=NARROW)
    go(page, "/models")
    models = page.request.get("/api/v1/views/models").json()["models"]
    names = [f"{one['name']}@{one['version']}" for one in models]
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    drawer = page.get_by_role("complementary")
    expect(drawer.get_by_role("heading", name=names[0])).to_be_visible()
    page.keyboard.press("j")
    expect(drawer.get_by_role("heading", name=names[1], exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile(f"open={models[1]['id']}"))
    axe(page)
    shot(page, "model")
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(page).not_to_have_url(re.compile("open="))


def test_an_id_is_copied_whole(page: Any, visit: Visit) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    model = page.request.get("/api/v1/views/models").json()["models"][0]
    visit(f"/models?open={model['id']}")
    page.get_by_role("button", name=f"Copy {model['id']}").click()
    for _ in range(100):
        if page.evaluate("navigator.clipboard.readText()") == model["id"]:
            return
        page.wait_for_timeout(100)
    assert page.evaluate("navigator.clipboard.readText()") == model["id"]


SCROLL = """async () => {
  const table = document.querySelector('[role=table]');
  let rows = 0;
  for (let frame = 0; frame < 200; frame++) {
    table.scrollTop += 120;
    await new Promise(requestAnimationFrame);
    rows = Math.max(rows, table.querySelectorAll('[role=row]').length);
  }
  await new Promise(done => setTimeout(done, 300));
  return rows;
}"""


MANY_ROWS = """
const real = window.fetch;
window.fetch = async (...asked) => {
  const address = asked[0] instanceof Request ? asked[0].url : String(asked[0]);
  const answer = await real(...asked);
  if (!address.endsWith('/api/v1/views/models')) return answer;
  const known = await answer.json();
  const models = Array.from({ length: 50000 }, (_, at) => ({ ...known.models[at % 3], id: `mdl_${at}`, version: at }));
  return new Response(JSON.stringify({ ...known, models, total: models.length }), answer);
};
"""


def test_fifty_thousand_rows_scroll_without_a_long_task(page: Any, browser: Any) -> None:
    """The answer is made up in the page; the table and its cells are the real ones. Tasks are measured in CPU time."""
    page.add_init_script(MANY_ROWS)
    go(page, "/models")
    expect(page.get_by_text("50,000 in all")).to_be_visible()
    rows, tasks = tasks_of(browser, page, SCROLL)
    assert 10 < rows <= 100
    assert len(tasks) > 200, "every frame is a task"
    assert tasks[0][0] <= LONGEST_MS, tasks[:5]
