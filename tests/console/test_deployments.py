"""Deployments: one breaks and its circuit is seen to open, without a reload; figures, filters, who uses it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.conftest import ServerUnderTest
from tests.console import provider
from tests.console.conftest import NARROW, Axe, Shot, Visit, add, again, ask, fresh, go, jump, served, settled
from tests.console.provider import PRICES, Provider, chat

TASK = "breakable"


@pytest.fixture(scope="module")
def broken(console_server: ServerUnderTest) -> Iterator[Provider]:
    """A task of one deployment that can be told to fail, with a fallback that never does."""
    before = ask(console_server, "GET", "/api/v1/documents")["documents"]
    with provider.running() as frail, provider.running() as solid:
        places = [
            {"name": "frail", "provider": "mock", "model": "m-frail", "base_url": frail.url, "region": "eu-west",
             "requests_per_minute": 1000, "max_in_flight": 8, **PRICES},
            {"name": "solid", "provider": "mock", "model": "m-solid", "base_url": solid.url, **PRICES},
        ]  # fmt: skip
        variant = {"name": "only", "deployments": ["frail"], "fallbacks": ["solid"], "retries": 0}
        add(console_server, places, {"name": TASK, "variants": [variant]})
        served(console_server, console_server.key, TASK)
        yield frail
    ask(console_server, "POST", "/api/v1/documents/apply", before)


def test_a_deployment_breaks_and_its_circuit_opens(
    page: Any, visit: Visit, broken: Provider, console_server: ServerUnderTest, axe: Axe, shot: Shot
) -> None:
    def ask_some(count: int) -> None:
        for _ in range(count):
            assert chat(console_server, console_server.key, TASK)[0] == 200  # the fallback answers what fails

    def until_healthy() -> None:
        broken.failing = False
        for _ in range(120):
            ask_some(1)
            if "healthy" in row.inner_text():
                break
            page.wait_for_timeout(500)
        expect(row).to_contain_text("healthy")

    visit("/deployments")
    row = page.get_by_role("row").filter(has_text="frail").first
    until_healthy()
    meter = row.get_by_role("meter", name="Requests a minute")
    counted = re.compile(r"^([6-9]|[1-9]\d)$")
    again(lambda: ask_some(6), lambda: expect(meter).to_have_attribute("aria-valuenow", counted))
    row.click()
    drawer = page.get_by_role("complementary", name="Deployment frail")
    expect(drawer).to_contain_text(f"{TASK}")
    expect(drawer).to_contain_text("only, as deployment; serves now")
    expect(drawer).to_contain_text("eu-west")

    broken.failing = True

    def is_left_alone() -> None:
        expect(row).to_contain_text(re.compile("circuit open|open in part"))
        expect(drawer.get_by_text(re.compile(r"failures in a row: it is left alone"))).to_be_visible()
        expect(drawer.get_by_role("table", name="Workers")).to_contain_text(re.compile(r"open, .* more"))

    again(lambda: ask_some(40), is_left_alone)  # five failures in a row open a circuit, until it has rested
    failed = drawer.get_by_role("table", name="Failed calls by code")
    expect(failed).to_contain_text("503")
    settled(page)
    axe(page)
    shot(page, "deployment")
    failed.get_by_role("link", name="Trace").first.click()
    expect(page).to_have_url(re.compile("/traces.*open=inf_"))

    go(page, "/deployments?state=closed&q=solid")
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("row").nth(1).click()
    expect(page.get_by_role("complementary", name="Deployment solid")).to_contain_text("only, as fallback")
    go(page, "/deployments")
    until_healthy()
    shot(page, "deployments")


def test_engines_of_ours_lead_to_their_models_and_back(page: Any, visit: Visit) -> None:
    visit("/deployments")
    ours = next(one for one in page.request.get("/api/v1/views/deployments").json()["deployments"] if one["model_id"])
    page.get_by_role("row").filter(has_text=ours["name"]).first.click()
    drawer = page.get_by_role("complementary", name=f"Deployment {ours['name']}")
    expect(drawer).to_contain_text("engine of ours")
    drawer.get_by_role("link", name=ours["model"], exact=True).click()
    expect(page).to_have_url(re.compile(f"/models/{ours['model_id']}"))
    visit(f"/models?open={ours['model_id']}")
    page.get_by_role("complementary").get_by_role("link", name=ours["name"], exact=True).click()
    expect(page).to_have_url(re.compile(r"/deployments\?open="))


def test_filters_live_in_the_address_and_keys_walk(page: Any, visit: Visit, broken: Provider) -> None:
    visit("/deployments")
    page.keyboard.press("/")
    page.keyboard.type("frail")
    page.wait_for_url("**/deployments?q=frail")
    expect(page.get_by_role("row")).to_have_count(2)
    page.keyboard.press("Escape")
    settled(page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**open=frail*")
    expect(page.get_by_role("complementary", name="Deployment frail")).to_be_visible()
    settled(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary")).to_have_count(0)
    visit("/deployments?q=nothing-such")
    page.get_by_role("button", name="Clear the filters").click()
    expect(page.get_by_role("row").filter(has_text="frail").first).to_be_visible()
    jump(page, "g k", "Keys & budgets")
    expect(page).to_have_url(re.compile("/keys$"))
    jump(page, "g o", "Deployments")
    expect(page).to_have_url(re.compile("/deployments$"))


def test_a_project_without_deployments_learns_how(page: Any, console_server: ServerUnderTest, visit: Visit) -> None:
    bare = fresh("bare")
    ask(console_server, "POST", "/api/v1/projects", {"name": bare})
    visit(f"/deployments?project={bare}")
    expect(page.get_by_role("heading", name="No deployment yet")).to_be_visible()
    expect(page.get_by_role("region", name="volant.toml")).to_contain_text("[[deployments]]")


def test_a_viewer_sees_it_on_a_narrow_window(as_role: Callable[..., Any], broken: Provider, axe: Axe) -> None:
    page = as_role("viewer", viewport=NARROW, scheme="dark")
    go(page, "/deployments?open=frail")
    expect(page.get_by_role("complementary", name="Deployment frail")).to_contain_text("Where")
    axe(page)
