"""Keys & budgets: a key is made, spent until the gateway refuses, seen so, changed, rotated, revoked; who spends."""

from __future__ import annotations

import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.conftest import ServerUnderTest, within_one_day
from tests.console import provider
from tests.console.conftest import NARROW, Axe, Shot, Visit, add, again, ask, fresh, go, reload, served, settled
from tests.console.provider import COST_USD, PRICES, chat

TASK = "counted"


@pytest.fixture(scope="module")
def spending(console_server: ServerUnderTest) -> Iterator[ServerUnderTest]:
    """A task whose answers cost what is known, and ceilings over it and the project."""
    before = ask(console_server, "GET", "/api/v1/documents")["documents"]
    with provider.running() as server:
        place = {"name": "counting", "provider": "mock", "model": "m", "base_url": server.url, **PRICES}
        variant = {"name": "only", "deployments": ["counting"]}
        add(console_server, [place], {"name": TASK, "variants": [variant]})
        documents = ask(console_server, "GET", "/api/v1/documents")["documents"]
        documents["limits"] = [
            {"over": "project", "limits": {"usd_per_month": 40.0}},
            {"over": "task", "name": TASK, "limits": {"requests_per_minute": 600, "usd_per_day": 2.0}},
        ]
        ask(console_server, "POST", "/api/v1/documents/apply", documents)
        served(console_server, console_server.key, TASK)
        yield console_server
    ask(console_server, "POST", "/api/v1/documents/apply", before)


def confirm(page: Any, name: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()


def make(page: Any, name: str, **limits: str) -> str:
    """A key through the page's form; its clear text."""
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(name)
    for label, value in limits.items():
        dialog.get_by_label(label.replace("_", " "), exact=True).fill(value)
    confirm(page, "Make the key")
    clear = str(page.get_by_role("region", name="Key", exact=True).inner_text()).strip()
    assert clear.startswith("vk_")
    return clear


def until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    """Gateways follow what is changed within a second, on a busy machine later."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "the gateway did not follow"
        time.sleep(0.2)


def until_refused(server: ServerUnderTest, key: str, most: int = 90) -> tuple[int, int, str]:
    """(answers, status of the refusal, its code)."""
    within_one_day(60)
    served(server, key, TASK)
    for answered in range(most):
        status, body = chat(server, key, TASK)
        if status != 200:
            return answered, status, body["error"]["code"]
    return most, 200, ""


def test_a_budget_is_spent_and_the_page_says_so(
    page: Any, visit: Visit, spending: ServerUnderTest, axe: Axe, shot: Shot
) -> None:
    visit("/keys")
    kiosk = fresh("kiosk")
    clear = make(page, kiosk, US_dollars_a_day="0.5", Requests_a_minute="1000")
    example = page.get_by_role("region", name="Example")
    expect(example).to_contain_text(f'base_url="{spending.url}/v1", api_key="{clear}"')
    page.get_by_role("dialog").get_by_label("Call it with").select_option("curl")
    expect(example).to_contain_text(f"Bearer {clear}")
    axe(page)
    confirm(page, "Done")
    expect(page.get_by_text(clear)).to_have_count(0)

    answered, status, code = until_refused(spending, clear)
    assert (status, code) == (429, "budget_exhausted")
    assert 0.4 < answered * COST_USD <= 0.5
    row = page.get_by_role("row").filter(has_text=kiosk)
    expect(row.get_by_role("meter")).to_have_attribute("aria-valuenow", re.compile(r"0\.4"))  # without a reload
    row.click()
    drawer = page.get_by_role("complementary", name=f"Key {kiosk}")
    expect(drawer.get_by_role("meter", name="US dollars a day")).to_be_visible()
    expect(drawer.get_by_role("img", name=re.compile(f"^Burn-down of {kiosk}"))).to_be_visible()
    # a forecast, but in the last minutes of a day: what is left lasts until its end then
    expect(drawer.get_by_text(re.compile(r"budget of this day|0\.500, nearly used up"))).to_be_visible()
    expect(drawer.get_by_role("region", name="Example")).to_contain_text("vk_…")
    settled(page)
    axe(page)
    shot(page, "keys")

    drawer.get_by_role("button", name="Change limits").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("US dollars a day", exact=True).fill("1")
    confirm(page, "Change the key")
    expect(dialog).to_have_count(0)
    expect(drawer.get_by_text("of $1.00", exact=True)).to_be_visible()
    until(lambda: chat(spending, clear, TASK)[0] == 200)


def test_a_rate_refuses_and_is_seen(page: Any, visit: Visit, spending: ServerUnderTest) -> None:
    visit("/keys")
    burst = fresh("burst")
    clear = make(page, burst, Requests_a_minute="4")
    confirm(page, "Done")
    row = page.get_by_role("row").filter(has_text=burst)

    def use_up() -> None:
        if time.time() % 60 > 45:  # the figures are of one minute
            time.sleep(60.5 - time.time() % 60)
        answered, status, code = until_refused(spending, clear)
        assert (status, code) == (429, "rate_limited")
        given.append(answered)

    def is_said() -> None:
        expect(row).to_contain_text("4 of 4, requests a minute", timeout=15_000)
        said = page.get_by_role("status", name="Budgets that run out")
        expect(said).to_contain_text(f"The key {burst} has used up", timeout=15_000)

    given: list[int] = []
    again(use_up, is_said)
    assert 4 <= given[0] <= 8, "four a minute, of which one may have ended meanwhile"


def test_a_key_is_rotated_and_revoked(page: Any, visit: Visit, spending: ServerUnderTest) -> None:
    visit("/keys")
    till = fresh("till")
    old = make(page, till, Requests_a_minute="120")
    confirm(page, "Done")
    page.get_by_role("row").filter(has_text=till).click()
    drawer = page.get_by_role("complementary", name=f"Key {till}")
    drawer.get_by_role("button", name="Rotate").click()
    page.get_by_role("dialog").get_by_role("combobox", name="The old key").click()
    page.get_by_role("option", name="works for another hour").click()
    confirm(page, "Make the new key")
    new = page.get_by_role("region", name="Key", exact=True).inner_text().strip()
    confirm(page, "Done")
    served(spending, new, TASK)
    assert (chat(spending, old, TASK)[0], chat(spending, new, TASK)[0]) == (200, 200)
    page.get_by_role("row").filter(has_text=new[:9]).click()
    drawer.get_by_role("button", name="Revoke").click()
    confirm(page, "Revoke")
    expect(drawer).to_contain_text("revoked")
    expect(drawer.get_by_role("button", name="Rotate")).to_have_attribute("aria-disabled", "true")
    reload(page)
    expect(drawer).to_contain_text("revoked")
    until(lambda: chat(spending, new, TASK)[0] == 401)
    assert chat(spending, old, TASK)[0] == 200


def test_ceilings_over_everybody_and_who_spends(
    page: Any, visit: Visit, spending: ServerUnderTest, axe: Axe, shot: Shot
) -> None:
    for _ in range(20):
        assert chat(spending, spending.key, TASK)[0] == 200
    visit("/keys")
    page.keyboard.press("2")
    page.wait_for_url("**/keys?tab=ceilings")
    task = page.locator("section").filter(has=page.get_by_role("heading", name=f"The task {TASK}"))
    expect(task.get_by_role("meter", name="US dollars a day")).to_be_visible()
    expect(task.get_by_role("img", name=re.compile("^Burn-down of The task"))).to_be_visible()
    expect(page.get_by_role("heading", name="The project", exact=True)).to_be_visible()
    settled(page)
    axe(page)
    shot(page, "ceilings")
    page.keyboard.press("3")
    page.wait_for_url("**/keys?tab=spend")
    expect(page.get_by_role("heading", name=re.compile(r"^\$.* in 30 days"))).to_be_visible()
    for title, name in (("Keys", "root"), ("Tasks", TASK), ("Models", "m")):
        panel = page.locator("section").filter(has=page.get_by_role("heading", name=title, exact=True)).last
        expect(panel).to_contain_text(name)
    axe(page)
    shot(page, "spend")
    page.get_by_role("radiogroup", name="How long").get_by_text("7 days").click()
    expect(page).to_have_url(re.compile("days=7"))
    expect(page.get_by_role("heading", name=re.compile(r"in 7 days"))).to_be_visible()


def test_keys_of_the_playground_are_folded_away(page: Any, visit: Visit, spending: ServerUnderTest) -> None:
    made = ask(spending, "POST", "/api/v1/playground/key", {})["key_id"]
    visit("/keys")
    rows = page.get_by_role("row").filter(has_text="playground of root")
    expect(rows).to_have_count(0)
    page.get_by_role("button", name=re.compile("of the playground")).click()
    expect(rows.first).to_be_visible()
    assert made in {one["id"] for one in ask(spending, "GET", "/api/v1/keys")["data"]}
    expect(page).to_have_url(re.compile("short=true"))


def test_old_links_lead_here(page: Any, visit: Visit, spending: ServerUnderTest) -> None:
    made = ask(spending, "POST", "/api/v1/keys", {"name": "linked", "scopes": ["read"]})["key"]["id"]
    for address in (f"/settings/keys?open={made}", f"/settings?tab=keys&open={made}"):
        visit(address)
        expect(page).to_have_url(re.compile(rf"/keys\?open={made}"))
        expect(page.get_by_role("complementary", name="Key linked")).to_be_visible()


def test_a_viewer_sees_budgets_and_no_keys(as_role: Callable[..., Any], spending: ServerUnderTest, axe: Axe) -> None:
    page = as_role("viewer", viewport=NARROW)
    go(page, "/keys")
    expect(page.get_by_text("may not manage keys").first).to_be_visible()
    action = page.get_by_role("button", name="New key")
    expect(action).to_have_attribute("aria-disabled", "true")
    go(page, "/keys?tab=ceilings")
    expect(page.get_by_role("meter", name="US dollars a day")).to_be_visible()
    axe(page)


def test_ceilings_are_metrics_of_the_running_server(spending: ServerUnderTest) -> None:
    asked = {"name": "scraped", "scopes": ["inference"], "limits": {"usd_per_day": 3.0}}
    made = ask(spending, "POST", "/api/v1/keys", asked)
    served(spending, made["clear"], TASK)
    assert chat(spending, made["clear"], TASK)[0] == 200
    labels = f'kind="usd_per_day",name="{made["key"]["id"]}",over="key",project="default"'
    request = urllib.request.Request(f"{spending.url}/metrics", headers={"authorization": f"Bearer {spending.key}"})
    found: dict[str, float] = {}
    end = time.monotonic() + 120
    while time.monotonic() < end and found.get("volant_limit_used", 0.0) < COST_USD:
        time.sleep(1)
        with urllib.request.urlopen(request, timeout=20) as answer:
            lines = answer.read().decode().splitlines()
        found = {line.split("{")[0]: float(line.split()[-1]) for line in lines if labels in line}
    assert found["volant_limit"] == 3.0
    assert COST_USD <= found["volant_limit_used"] <= 3.0
