"""Signing in and out, in the browser: right and wrong passwords, coming back to where one was, the CSRF token."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect
from tests.console.conftest import EMAIL, NARROW, PASSWORD, Axe, Shot, go, jump, refusals, settled


def sign_in(page: Any, email: str, password: str) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_whoever_signs_in_comes_back_to_where_they_wanted(
    new_page: Callable[..., Any], admin: Any, axe: Axe, shot: Shot
) -> None:
    page = new_page()
    refusals(page, "401 /api/v1/session")
    go(page, "/models?q=helpdesk")
    expect(page).to_have_title("Sign in · Volant")
    axe(page)
    shot(page, "sign-in")
    sign_in(page, EMAIL, PASSWORD)
    expect(page.get_by_role("heading", name="Models")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/models\?q=helpdesk$"))
    cookie = next(one for one in page.context.cookies() if one["name"] == "volant_session")
    assert cookie["httpOnly"]
    assert page.evaluate("document.cookie") == ""


def test_a_wrong_password_says_so_and_empties_the_field(new_page: Callable[..., Any], admin: Any, axe: Axe) -> None:
    page = new_page(scheme="dark", viewport=NARROW)
    refusals(page, "401 /api/v1/session")
    go(page, "/sign-in")
    sign_in(page, EMAIL, "not the password")
    alert = page.get_by_role("alert")
    expect(alert).to_be_visible()
    assert alert.inner_text().strip()
    expect(page.get_by_label("Password", exact=True)).to_have_value("")
    expect(page.get_by_label("E-mail")).to_have_value(EMAIL)
    axe(page)


def test_signing_out_carries_the_token_and_ends_the_session(new_page: Callable[..., Any], admin: Any) -> None:
    page = new_page()
    refusals(page, "401 /api/v1/session")
    go(page, "/sign-in")
    sign_in(page, EMAIL, PASSWORD)
    page.get_by_role("button", name="Account of Ada Lovelace").click()
    with page.expect_request(lambda one: one.method == "DELETE" and one.url.endswith("/api/v1/session")) as asked:
        page.get_by_role("menuitem", name="Sign out").click()
    assert len(asked.value.headers["x-volant-csrf"]) > 20
    expect(page).to_have_title("Sign in · Volant")
    go(page, "/models")
    expect(page).to_have_title("Sign in · Volant")


def test_a_change_without_the_token_is_refused(page: Any, visit: Any) -> None:
    refusals(page, "403 /api/v1/session")
    visit("/models")
    status = page.evaluate("fetch('/api/v1/session', {method: 'DELETE'}).then(answer => answer.status)")
    assert status == 403


def test_a_session_that_ends_meanwhile_leads_to_sign_in(new_page: Callable[..., Any], admin: Any) -> None:
    page = new_page()
    refusals(page, "401 /api/v1/")
    go(page, "/sign-in")
    sign_in(page, EMAIL, PASSWORD)
    page.get_by_role("navigation", name="Main").wait_for()
    settled(page)
    page.context.clear_cookies()
    jump(page, "g m", "Sign in")
    expect(page).to_have_url(re.compile("next="))


def test_nobody_is_sent_elsewhere_after_signing_in(new_page: Callable[..., Any], admin: Any) -> None:
    page = new_page()
    refusals(page, "401 /api/v1/session")
    for next_ in ("//evil.example", "https://evil.example", "/\\evil.example"):
        page.context.clear_cookies()
        page.goto(f"/sign-in?next={next_}")
        sign_in(page, EMAIL, PASSWORD)
        page.get_by_role("navigation", name="Main").wait_for()
        expect(page).not_to_have_url(re.compile("evil"))
