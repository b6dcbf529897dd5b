"""Reports: the list, one report beside its baseline, flips, and a question that is opened on demand."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect
from tests.console.conftest import NARROW, Axe, Shot, Visit, fewest_views, go, reload


def _report(page: Any, suite: str) -> dict[str, Any]:
    """The newest report of a suite that has a baseline, as the API gives it."""
    rows = page.request.get(f"/api/v1/views/reports?suite={suite}").json()["rows"]
    views = [page.request.get(f"/api/v1/views/reports/{row['id']}").json() for row in rows]
    found: dict[str, Any] = next((view for view in views if view["baseline"]), views[0])
    return found


def test_the_list_leads_to_a_report(page: Any, visit: Visit, axe: Axe, shot: Shot) -> None:
    visit("/reports")
    rows = page.request.get("/api/v1/views/reports").json()["rows"]
    table = page.get_by_role("table", name="Reports")
    expect(table.get_by_role("row")).to_have_count(len(rows) + 1)
    axe(page)
    shot(page, "reports")
    page.get_by_role("button", name="Suite").click()
    page.get_by_role("menuitem", name="Security").click()
    page.wait_for_url("**/reports?suite=security")
    reload(page)
    security = [row for row in rows if row["suite"] == "security"]
    expect(table.get_by_role("row")).to_have_count(len(security) + 1)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/reports/{security[0]['id']}")


def test_a_metric_with_its_interval_and_the_sentence(page: Any, visit: Visit, axe: Axe, shot: Shot) -> None:
    visit("/reports")
    view = _report(page, "accuracy")
    report = view["report"]["report_id"]
    asked = fewest_views(page, lambda: go(page, f"/reports?open={report}"))
    expect(page).to_have_url(re.compile(f"/reports/{report}$"))
    for row in view["metrics"]:
        expect(page.get_by_text(row["sentence"], exact=False).first).to_be_visible()
    first = view["metrics"][0]["metric"]
    expect(page.get_by_text(f"{first['value'] * 100:.1f} %").first).to_be_visible()
    expect(page.get_by_role("img", name="Exact match (overall)")).to_be_visible()
    items = page.get_by_role("table", name="Items")
    expect(items).to_be_visible()
    assert items.get_by_role("row").count() <= 100
    assert len(asked) == 2, asked  # the page, and its table of items
    axe(page)
    shot(page, "report")


def test_flips_only_and_the_question_on_demand(new_page: Callable[..., Any], admin: Any, axe: Axe) -> None:
    page = new_page(admin, viewport=NARROW, scheme="dark")
    go(page, "/reports")
    view = _report(page, "accuracy")
    report = view["report"]["report_id"]
    worse = page.request.get(f"/api/v1/views/reports/{report}/items?only=worse").json()
    go(page, f"/reports/{report}")
    page.get_by_text("Got worse", exact=True).click()
    page.wait_for_url("**only=worse**")
    expect(page.get_by_text(f"{worse['total']} shown")).to_be_visible()
    items = page.get_by_role("table", name="Items")
    expect(items.get_by_text("↓ worse").first).to_be_visible()
    expect(items.get_by_text("↑ better")).to_have_count(0)
    row = worse["rows"][0]
    items.get_by_role("row").nth(1).click()
    drawer = page.get_by_role("complementary")
    text = page.request.get(f"/api/v1/views/reports/{report}/item", params={"item": row["item"]}).json()["question"]
    expect(drawer.get_by_text(row["item"], exact=True)).to_be_visible()
    if text:
        expect(drawer.get_by_text(text, exact=True)).to_have_count(0)
    reload(page)
    drawer.get_by_role("button", name="Show the question and answers").click()
    expect(drawer.get_by_text(text or "Not kept", exact=bool(text))).to_be_visible()
    axe(page)
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


def test_probes_by_name_and_another_baseline(new_page: Callable[..., Any], admin: Any, axe: Axe, shot: Shot) -> None:
    page = new_page(admin, viewport=NARROW)
    go(page, "/reports")
    view = _report(page, "security")
    go(page, f"/reports/{view['report']['report_id']}")
    expect(page.get_by_role("heading", name="Successes by attack")).to_be_visible()
    axe(page)
    shot(page, "report-security")
    page.get_by_role("button", name="Baseline").click()
    page.get_by_role("menuitem", name="Nothing").click()
    page.wait_for_url("**baseline=none**")
    expect(page.get_by_text("There is nothing to compare it with.").first).to_be_visible()


def test_a_viewer_reads_no_question(as_role: Callable[..., Any], page: Any, visit: Visit) -> None:
    visit("/reports")
    view = _report(page, "accuracy")
    viewer = as_role("viewer")
    report = view["report"]["report_id"]
    item = page.request.get(f"/api/v1/views/reports/{report}/items").json()["rows"][0]["item"]
    go(viewer, f"/reports/{report}?only=all&item={item}")
    button = viewer.get_by_role("button", name="Show the question and answers")
    expect(button).to_have_attribute("aria-disabled", "true")
    button.hover(force=True)
    expect(viewer.get_by_role("tooltip")).to_contain_text("may not read what people wrote")
    assert viewer.request.get(f"/api/v1/views/reports/{report}/item", params={"item": item}).status == 403
