"""Model: one version with its evidence, lineage, card, files and deployments."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.console.conftest import EVERYBODY, Axe, Shot, Visit, go, reload


def _live(page: Any) -> Any:
    models = page.request.get("/api/v1/views/models").json()["models"]
    model = next(one for one in models if one["state"] == "live")
    return page.request.get(f"/api/v1/views/models/{model['id']}").json()


def test_evidence_deployments_and_releases(page: Any, visit: Visit, shot: Shot) -> None:
    view = _live(page)
    visit(f"/models/{view['model']['id']}")
    expect(page.get_by_role("heading", level=1)).to_have_text(view["label"])
    for reason in view["verdicts"][0]["reasons"]:
        expect(page.get_by_text(reason["sentence"], exact=True).first).to_be_visible()
    for report in view["reports"]:
        expect(page.locator(f"a[href*='{report['report_id']}']")).to_have_count(1)
    serving = next(one for one in view["deployments"] if one["live"])
    expect(page.get_by_text(f"answers {serving['task']}").last).to_be_visible()
    expect(page.get_by_text("healthy", exact=True).first).to_be_visible()
    shot(page, "model-page")


def test_tabs_and_lineage_live_in_the_address(page: Any, visit: Visit, shot: Shot) -> None:
    view = _live(page)
    visit(f"/models/{view['model']['id']}")
    page.keyboard.press("2")
    page.wait_for_url("**tab=lineage**")
    graph = page.get_by_role("region", name=f"Lineage of {view['label']}")
    expect(graph.get_by_role("button")).to_have_count(len(view["lineage"]["nodes"]))
    run = next(one for one in view["lineage"]["nodes"] if one["id"] == view["model"]["run_id"])
    graph.get_by_role("button", name=f"{run['title']}, run").first.press("Enter")
    reload(page)
    shot(page, "model-lineage")
    page.get_by_role("button", name=f"Open {run['title']}").click()
    expect(page).to_have_title("Runs · Volant")
    expect(page).to_have_url(re.compile("open=run_"))


def test_the_card_is_text_and_tables(page: Any, visit: Visit) -> None:
    view = _live(page)
    visit(f"/models/{view['model']['id']}?tab=card")
    for line in view["card"].splitlines():
        if line.startswith("## "):
            expect(page.get_by_role("heading", name=line[3:], exact=True)).to_be_visible()
    expect(page.get_by_label("Model card as Markdown")).to_have_text(view["card"])


@pytest.mark.parametrize(("scheme", "viewport"), EVERYBODY, ids=["light-1440", "dark-1024"])
def test_it_is_read_by_everybody(
    new_page: Callable[..., Any], admin: Any, axe: Axe, scheme: str, viewport: Any
) -> None:
    page = new_page(admin, scheme=scheme, viewport=viewport)
    model = _live(page)["model"]["id"]
    for tab in ("", "?tab=lineage", "?tab=card", "?tab=files"):
        go(page, f"/models/{model}{tab}")
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_list_leads_to_the_page(page: Any, visit: Visit) -> None:
    view = _live(page)
    visit(f"/models?open={view['model']['id']}")
    page.get_by_role("link", name="Open its page").click()
    expect(page).to_have_title(f"{view['label']} · Volant")
