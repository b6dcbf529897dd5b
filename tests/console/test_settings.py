"""Settings: each section on real data, what people do there done for real, and what a role may not do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.conftest import ServerUnderTest
from tests.console.conftest import EVERYBODY, PASSWORD, Axe, Shot, Visit, ask, fresh, go, refusals, settled

SECTIONS = {
    "projects": "Projects", "people": "People", "tasks": "Tasks", "prompts": "Prompts",
    "policies": "Policies", "configuration": "Configuration", "audit": "Audit log", "account": "Your account",
}  # fmt: skip
PROMPT = {
    "name": "triage",
    "description": "Sorts what customers ask",
    "messages": [{"role": "system", "template": "You sort questions for {{ bank }}."}, {"role": "placeholder"}],
    "variables": {"bank": {"description": "how the bank calls itself"}},
    "labels": ["production"],
    "comment": "first version",
}


@pytest.fixture
def prompt(console_server: ServerUnderTest) -> str:
    """A saved prompt with the label production on its first version."""
    ask(console_server, "POST", "/api/v1/prompts", PROMPT)
    ask(console_server, "PUT", "/api/v1/prompts/triage/labels/production", {"version": "1"})
    return "triage"


def confirm(page: Any, name: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()


@pytest.mark.parametrize(("scheme", "viewport"), EVERYBODY, ids=["light-1440", "dark-1024"])
def test_every_section_stands(
    new_page: Callable[..., Any], admin: Any, prompt: str, axe: Axe, shot: Shot, scheme: Any, viewport: Any
) -> None:
    page = new_page(admin, scheme=scheme, viewport=viewport)
    for section, title in SECTIONS.items():
        go(page, f"/settings/{section}")
        expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()
        expect(page).to_have_title(f"{title} · Volant")
        axe(page)
        if section == "tasks" and scheme == "light":
            shot(page, "settings")


def test_the_sections_are_walked_by_keys_and_old_links_lead_there(page: Any, visit: Visit) -> None:
    visit("/settings?tab=tasks")
    expect(page.get_by_role("heading", level=1, name="Tasks")).to_be_visible()
    for key, title in (("]", "Prompts"), ("[", "Tasks"), ("[", "People")):
        settled(page)
        page.keyboard.press(key)
        expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()
    settled(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Invite somebody")


def test_somebody_is_invited_joins_and_is_removed(
    page: Any, visit: Visit, new_page: Callable[..., Any], console_server: ServerUnderTest, axe: Axe
) -> None:
    email, who = f"{fresh('lise')}@example.test", fresh("Lise Meitner")
    visit("/settings/people")
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("E-mail").fill(email)
    dialog.get_by_role("combobox", name="Role").click()
    page.get_by_role("option", name="annotator").click()
    axe(page)
    confirm(page, "Make the link")
    link = page.get_by_role("region", name="Link").inner_text().strip()
    assert "/invite/" in link
    confirm(page, "Done")

    other = new_page()
    refusals(other, "401 /api/v1/session")
    other.goto(link)
    other.get_by_label("Name").fill(who)
    other.get_by_label("Password", exact=True).fill(PASSWORD)
    other.get_by_role("button", name="Join").click()
    expect(other.get_by_role("button", name=f"Account of {who}")).to_contain_text("annotator")

    row = page.get_by_role("row").filter(has_text=email)
    expect(row).to_contain_text("annotator")  # by an event, without a reload
    row.click()
    drawer = page.get_by_role("complementary", name=who)
    drawer.get_by_role("combobox", name="Role").click()
    page.get_by_role("option", name="scientist").click()
    expect(row).to_contain_text("scientist")
    assert {one["email"]: one["role"] for one in people(console_server)}[email] == "scientist"
    axe(page)
    drawer.get_by_role("button", name="Remove from the project").click()
    confirm(page, "Remove")
    expect(row).to_have_count(0)
    assert email not in {one["email"] for one in people(console_server)}


def people(server: ServerUnderTest) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask(server, "GET", "/api/v1/people")["data"]
    return found


def test_a_prompt_gets_a_version_and_a_label_moves(
    page: Any, prompt: str, visit: Visit, console_server: ServerUnderTest, axe: Axe
) -> None:
    visit(f"/settings/prompts/{prompt}")
    expect(page.get_by_text("You sort questions for ‹bank›.")).to_be_visible()
    page.get_by_label("bank", exact=True).fill("Example")
    expect(page.get_by_text("You sort questions for Example.")).to_be_visible()
    page.keyboard.press("Tab")
    page.get_by_role("button", name="New version").click()
    template = page.get_by_role("textbox", name="Template of message 1")
    template.fill("You sort questions for {{ bank }} into {{ count }} topics.")
    page.get_by_role("button", name="Declare them").click()
    page.get_by_label("Why it changed").fill("counted")
    expect(page.get_by_text("You sort questions for ‹bank› into ‹count› topics.")).to_be_visible()
    axe(page)
    refusals(page, "400 /api/v1/prompts/check")  # what is typed meanwhile need not be whole
    page.get_by_role("button", name="Save the version").click()
    page.wait_for_url(f"**/settings/prompts/{prompt}?version=*")
    newest = ask(console_server, "GET", f"/api/v1/prompts/{prompt}")["versions"][0]
    assert newest["comment"] == "counted"

    page.get_by_role("button", name=f"Point production at {newest['version']}").click()
    page.get_by_role("dialog").get_by_label("Why").fill("tested")
    confirm(page, f"Point it at version {newest['version']}")
    expect(page.get_by_text(f"production → {newest['version']}")).to_be_visible()
    moves = ask(console_server, "GET", f"/api/v1/prompts/{prompt}")["moves"]
    assert (moves[0]["label"], moves[0]["version"], moves[0]["comment"]) == ("production", newest["version"], "tested")
    page.get_by_text("Difference", exact=True).click()
    expect(page.get_by_label(f"Difference of {newest['version'] - 1} and {newest['version']}")).to_contain_text(
        "topics"
    )
    expect(page).to_have_url(re.compile("show=difference"))
    axe(page)


def test_a_changed_file_says_what_it_would_do_and_is_applied(
    page: Any, visit: Visit, console_server: ServerUnderTest, axe: Axe
) -> None:
    before = ask(console_server, "GET", "/api/v1/documents")
    visit("/settings/configuration?show=change")
    file = page.get_by_label("volant.toml or JSON")
    file.fill("[[tasks]\n")
    expect(page.get_by_role("alert")).to_contain_text("line 1, column")
    file.fill("[server]\nport = 9000\n")
    expect(page.get_by_text("[server] is read when the server starts")).to_be_visible()
    expect(page.get_by_text("removed").first).to_be_visible()  # a file without tasks would remove them

    changed = json.loads(json.dumps(before["documents"]))
    changed["retention"]["feedback_days"] = 41
    file.fill(json.dumps(changed))
    expect(page.get_by_text(f"1 change against revision {before['revision']}")).to_be_visible()
    expect(page.get_by_text("feedback days")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Apply").click()
    confirm(page, "Apply")
    expect(page.get_by_role("heading", name="Revisions")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="retention.feedback_days")
    expect(row).to_contain_text("Ada Lovelace")
    now = ask(console_server, "GET", "/api/v1/documents")
    assert (now["revision"], now["documents"]["retention"]["feedback_days"]) == (before["revision"] + 1, 41)
    ask(console_server, "POST", "/api/v1/documents/apply", before["documents"])


def test_the_audit_log_shows_who_did_what_and_is_whole(
    page: Any, visit: Visit, console_server: ServerUnderTest, axe: Axe
) -> None:
    made = ask(console_server, "POST", "/api/v1/keys", {"name": "traced", "scopes": ["read"]})["key"]["id"]
    visit(f"/settings/audit?object_id={made}")
    row = page.get_by_role("row").filter(has_text="key.create")
    expect(row).to_contain_text("root")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    drawer = page.get_by_role("complementary")
    expect(drawer).to_contain_text("An API key was made.")
    expect(page).to_have_url(re.compile("open="))
    axe(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Verify").click()
    said = page.get_by_role("dialog").get_by_role("status")
    expect(said).to_contain_text("rows are as they were written")
    axe(page)
    page.keyboard.press("Escape")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Export").click()
    lines = saved.value.path().read_text().splitlines()
    assert any(json.loads(line)["object_id"] == made for line in lines)


def test_a_viewer_sees_why_not(as_role: Callable[..., Any], prompt: str, axe: Axe) -> None:
    page = as_role("viewer")
    for section, button, reason in (
        ("people", "Invite", "manage people"),
        ("audit", "Verify", "read the audit log"),
    ):
        go(page, f"/settings/{section}")
        expect(page.get_by_text(f"may not {reason}").first).to_be_visible()
        action = page.get_by_role("button", name=button)
        expect(action).to_have_attribute("aria-disabled", "true")
        action.click(force=True)
        expect(page.get_by_role("dialog")).to_have_count(0)
    axe(page)
    go(page, f"/settings/prompts/{prompt}")
    expect(page.get_by_role("button", name="New version")).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_text("‹bank›")).to_be_visible()
    go(page, "/settings/policies")
    expect(page.get_by_text("Texts of requests and answers are kept")).to_be_visible()


def test_a_project_is_made_and_opened(page: Any, visit: Visit, console_server: ServerUnderTest) -> None:
    visit("/settings/projects?make=true")
    bank = fresh("bank")
    page.get_by_role("dialog").get_by_label("Name").fill(bank)
    confirm(page, "Make the project")
    page.get_by_role("row").filter(has_text=bank).click()
    page.wait_for_url(f"**/?project={bank}")
    expect(page.get_by_role("button", name=f"Project {bank}, change")).to_be_visible()
    assert bank in {one["id"] for one in ask(console_server, "GET", "/api/v1/projects")["data"]}


def test_ones_own_password_and_browsers(
    new_page: Callable[..., Any], browser: Any, console_server: ServerUnderTest
) -> None:
    made = ask(
        console_server, "POST", "/api/v1/invitations", {"email": f"{fresh('mary')}@example.test", "role": "viewer"}
    )
    page = new_page()
    refusals(page, "401 /api/v1/session", "403 /api/v1/session/password")
    page.goto(made["link"])
    page.get_by_label("Name").fill("Mary Somerville")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Join").click()
    page.get_by_role("navigation", name="Main").wait_for()
    go(page, "/settings/account")
    page.get_by_label("The password that is").fill("not the password")
    page.get_by_label("The new one").fill("another wheel that turns")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    page.get_by_label("The password that is").fill(PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("The password is changed")).to_be_visible()
    page.get_by_role("row").filter(has_text="Chrome").get_by_role("button", name="Sign out").click()
    confirm(page, "Sign out")
    go(page, "/settings/account")
    expect(page).to_have_title("Sign in · Volant")
