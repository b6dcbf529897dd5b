"""Datasets: the graph of versions, a version's funnel, its records, the difference of two."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.console.conftest import NARROW, Axe, Shot, Visit, go, reload, settled


@pytest.fixture
def versions(page: Any) -> list[Any]:
    """Newest first."""
    found: list[Any] = page.request.get("/api/v1/views/datasets").json()["nodes"]
    return found


def test_versions_stand_in_a_graph_and_a_list(
    page: Any, versions: list[Any], visit: Visit, axe: Axe, shot: Shot
) -> None:
    visit("/datasets")
    table = page.get_by_role("table", name="Dataset versions")
    expect(table.get_by_role("row")).to_have_count(len(versions) + 1)
    expect(table.get_by_role("row").nth(1)).to_contain_text(f"{versions[0]['records']:,}")
    graph = page.get_by_role("region", name="What each version was made from")
    expect(graph.get_by_role("button", name=re.compile("Reviewed answers"))).to_be_visible()
    axe(page)
    shot(page, "datasets")
    graph.get_by_role("button", name=re.compile(f"^{re.escape(versions[-1]['title'])}")).press("Enter")
    expect(page).to_have_url(re.compile(versions[-1]["id"]))
    expect(page.get_by_role("heading", name=versions[-1]["title"], exact=True)).to_be_visible()
    page.go_back()
    expect(table.get_by_role("row").nth(1)).to_be_visible()
    settled(page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(versions[0]["id"]))


def test_a_link_by_id_opens_the_version(page: Any, versions: list[Any], visit: Visit) -> None:
    visit(f"/datasets?open={versions[0]['id']}")
    expect(page).to_have_url(re.compile(f"/datasets/{versions[0]['id']}$"))
    expect(page.get_by_role("heading", name=versions[0]["title"], exact=True)).to_be_visible()


def test_the_funnel_counts_and_shows_examples(
    page: Any, versions: list[Any], visit: Visit, axe: Axe, shot: Shot
) -> None:
    first = versions[-1]
    one = page.request.get(f"/api/v1/views/datasets/{first['id']}").json()
    step = next(found for found in one["funnel"] if found["removed"] > 0)
    visit(f"/datasets/{first['id']}")
    expect(page.get_by_text(f"−{step['removed']}").first).to_be_visible()
    for split, counts in one["node"]["splits"].items():
        row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=split, exact=True))
        expect(row.first).to_contain_text(f"{counts['records']:,}")
    page.get_by_role("button", name="Examples").first.click()
    expect(page).to_have_url(re.compile(f"step={step['step']}"))
    examples = page.request.get(f"/api/v1/views/datasets/{first['id']}/removed/{step['step']}").json()["examples"]
    expect(page.get_by_text(examples[0]["row"], exact=True)).to_be_visible()
    axe(page)
    shot(page, "dataset")
    reload(page)
    expect(page.get_by_text(examples[0]["row"], exact=True)).to_be_visible()


def test_records_are_read_page_by_page(page: Any, versions: list[Any], visit: Visit, axe: Axe) -> None:
    visit(f"/datasets/{versions[0]['id']}?tab=records")
    table = page.get_by_role("table", name="Records")
    expect(table.get_by_role("row").nth(1)).to_be_visible()
    page.get_by_role("button", name="Split", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("^test")).click()
    expect(page).to_have_url(re.compile("split=test"))
    query = f"/api/v1/views/datasets/{versions[0]['id']}/records?split=test&limit=200"
    rows = page.request.get(query).json()["rows"]
    expect(table.get_by_role("row").nth(1)).to_contain_text(rows[0]["body"]["question"])
    table.focus()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    drawer = page.get_by_role("complementary", name="Record")
    expect(drawer).to_contain_text(rows[0]["id"])
    page.keyboard.press("j")
    expect(drawer).to_contain_text(rows[1]["body"]["question"])
    axe(page)
    table.focus()
    if len(rows) > 100:
        page.keyboard.press("End")
        expect(page.get_by_text(re.compile("^([2-9][0-9]{2}|1[0-9]{2}) read"))).to_be_visible()
    assert table.get_by_role("row").count() <= 100
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


def test_the_difference_of_two_versions(page: Any, versions: list[Any], visit: Visit, axe: Axe, shot: Shot) -> None:
    new, old = versions[0], versions[-1]
    found = page.request.get(f"/api/v1/views/datasets/difference?left={old['id']}&right={new['id']}").json()
    visit(f"/datasets/{new['id']}?against={old['id']}")
    page.get_by_role("tab", name="Difference").click()
    expect(page.get_by_text(f"{found['added']:,} records only in {new['title']}.")).to_be_visible()
    expect(page.get_by_text(f"{found['same']:,} records in both, unchanged.")).to_be_visible()
    axe(page)
    shot(page, "dataset-difference")
    reload(page)
    expect(page.get_by_text(f"{found['added']:,} records only in {new['title']}.")).to_be_visible()


def test_axe_in_the_dark_and_narrow(new_page: Callable[..., Any], admin: Any, versions: list[Any], axe: Axe) -> None:
    page = new_page(admin, scheme="dark", viewport=NARROW)
    for address in ("/datasets", f"/datasets/{versions[-1]['id']}", f"/datasets/{versions[0]['id']}?tab=difference"):
        go(page, address)
        axe(page)


def test_a_viewer_sees_counts_and_no_record(as_role: Callable[..., Any]) -> None:
    page = as_role("viewer")
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    go(page, "/datasets")
    first = page.request.get("/api/v1/views/datasets").json()["nodes"][-1]["id"]
    go(page, f"/datasets/{first}?step=exact_duplicate")
    button = page.get_by_role("button", name=re.compile("xamples")).first
    expect(button).to_have_attribute("aria-disabled", "true")
    go(page, f"/datasets/{first}?tab=records")
    expect(page.get_by_text("You may not read records")).to_be_visible()
    assert not any("/records" in one or "/removed/" in one for one in asked)


def test_an_unknown_version_says_so(page: Any, visit: Visit) -> None:
    page.volant_faults.expected.append("404 /api/v1/views/datasets/dsv_none0000")
    visit("/datasets/dsv_none0000")
    expect(page.get_by_role("alert")).to_be_visible()
