"""Sessions over HTTP: sign-in, cookie, CSRF, rotation, expiry, lockout, one's own sessions, password change, links."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.api.conftest import Api, Browser, browser_of

from volant.registry import passwords, people, sessions
from volant.store.tables import invitation as invitations
from volant.store.tables import login_session, login_throttle, person

ADA, PASSWORD = "ada@example.com", "four words make sense"
OTHER = "another long phrase 7"


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """argon2id with the least work: what is tested here is what stands around it."""
    from argon2 import PasswordHasher

    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._stand_in.cache_clear()
    yield
    passwords._stand_in.cache_clear()


@pytest.fixture
def ada(api: Api) -> str:
    """Somebody with a password; gives their id."""
    with api.context.db.begin() as tx:
        made = people.create(tx, email=ADA, name="Ada", password_hash=passwords.hash_of(PASSWORD), now_ms=1)
        people.set_role(tx, "default", made.id, "engineer", by="test", now_ms=1)
    return made.id


def invited(api: Api, **body: Any) -> dict[str, Any]:
    answer = api.call("POST", "/api/v1/invitations", {"email": "eve@example.com", "role": "viewer", **body})
    assert answer.status == 201, answer.body
    return dict(answer.json()) | {"token": answer.json()["link"].rpartition("/")[2]}


def accepting(
    token: str, email: str = "eve@example.com", password: str = PASSWORD, name: str = "Eve"
) -> dict[str, str]:
    return {"token": token, "email": email, "password": password, "name": name}


# ---------------------------------------------------------------- sign-in and the cookie
def test_sign_in_tells_who_where_and_what(api: Api, ada: str) -> None:
    browser = Browser(api)
    answer = browser.sign_in("  ADA@example.com ", PASSWORD)
    assert answer.status == 200, answer.body
    body = answer.json()
    assert body["person"] == {"id": ada, "name": "Ada", "email": ADA, "installation_admin": False}
    assert [(one["id"], one["name"], one["role"]) for one in body["projects"]] == [("default", "default", "engineer")]
    assert {"configure", "train"} <= set(body["projects"][0]["permissions"])
    assert "people" not in body["projects"][0]["permissions"]
    assert body["expires_ms"] > api.clock.now_ms()
    assert answer.headers["cache-control"] == "no-store"
    cookie = answer.cookies["volant_session"]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert "Path=/" in cookie
    assert "Secure" not in cookie, "this was asked over http"
    assert browser.cookie not in answer.body.decode()
    assert browser.call("GET", "/api/v1/session").json() == body
    assert browser.call("GET", "/api/v1/documents").status == 200


@pytest.mark.parametrize(
    ("settings", "headers"),
    [({"public_url": "https://volant.example.com"}, {}), ({}, {"x-forwarded-proto": "https"})],
)
def test_over_https_the_cookie_is_secure(make_api: Any, settings: dict[str, Any], headers: dict[str, str]) -> None:
    api = make_api(**settings)
    with api.context.db.begin() as tx:
        people.create(tx, email=ADA, name="Ada", password_hash=passwords.hash_of(PASSWORD), now_ms=1)
    assert "Secure" in Browser(api).sign_in(ADA, PASSWORD, **headers).cookies["volant_session"]


def test_unknown_email_wrong_password_and_disabled_person_look_alike(api: Api, ada: str) -> None:
    other = browser_of(api, "viewer")
    with api.context.db.begin() as tx:
        tx.execute(update(person).where(person.c.id == other.person_id).values(state="disabled"))
        people.set_password_hash(tx, other.person_id, passwords.hash_of(PASSWORD), now_ms=1)
    tries = [(ADA, "wrong wrong wrong"), ("nobody@example.com", PASSWORD), ("viewer-default@example.com", PASSWORD)]
    answers = [Browser(api).sign_in(*one) for one in tries]
    assert {(one.status, one.body) for one in answers} == {(401, answers[0].body)}
    assert answers[0].json()["error"]["code"] == "wrong_sign_in"
    assert not any(one.cookies for one in answers)


def test_an_unknown_email_costs_a_hash_too(api: Api, ada: str, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    plain = passwords.matches
    monkeypatch.setattr(passwords, "matches", lambda hashed, given: checked.append(hashed) or plain(hashed, given))
    Browser(api).sign_in("nobody@example.com", PASSWORD)
    Browser(api).sign_in(ADA, "wrong wrong wrong")
    assert len(checked) == 2
    assert checked[0] == ""
    verified: list[str] = []
    hasher = passwords._hasher
    monkeypatch.setattr(type(hasher), "verify", lambda self, hashed, given: verified.append(hashed))
    assert not passwords.matches("", PASSWORD), "nobody's password is right"
    assert verified[0].startswith("$argon2id$"), "the same work is done for nobody"


def test_old_parameters_are_renewed_at_sign_in(api: Api, ada: str) -> None:
    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(PASSWORD)
    with api.context.db.begin() as tx:
        people.set_password_hash(tx, ada, old, now_ms=1)
    assert Browser(api).sign_in(ADA, PASSWORD).status == 200
    with api.context.db.read() as tx:
        assert people.password_hash(tx, ada) != old
    assert Browser(api).sign_in(ADA, PASSWORD).status == 200


def test_no_answer_row_or_log_holds_password_hash_or_token(
    api: Api, ada: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser = Browser(api)
    seen = [browser.sign_in(ADA, PASSWORD), browser.sign_in(ADA, "wrong wrong wrong")]
    made = invited(api)
    for path in ("session", "session/all", "people", "invitations", "projects", "audit?limit=500"):
        seen += [browser.call("GET", f"/api/v1/{path}"), api.call("GET", f"/api/v1/{path}")]
    seen.append(Browser(api).call("POST", "/api/v1/session/accept", accepting(made["token"])))
    with api.context.db.read() as tx:
        rows = json.dumps([list(map(str, row)) for row in tx.execute(select(login_session))])
        rows += json.dumps([list(map(str, row)) for row in tx.execute(select(invitations))])
    for text in [rows, caplog.text, *(one.body.decode() for one in seen)]:
        for secret in ("argon2", PASSWORD, "wrong wrong", browser.cookie, made["token"]):
            assert secret not in text


# ---------------------------------------------------------------- CSRF
def test_changes_by_cookie_need_the_token_of_this_very_session(api: Api) -> None:
    mine, other = browser_of(api, "admin"), browser_of(api, "admin", email="b@example.com")
    body = {"name": "k", "scopes": ["read"]}
    for token in ("", "0" * 64, other.csrf, mine.csrf[:-1], "é"):
        refused = mine.call("POST", "/api/v1/keys", body, {"x-volant-csrf": token})
        assert (refused.status, refused.json()["error"]["code"]) == (403, "csrf_failed"), token
    assert mine.call("POST", "/api/v1/keys", body).status == 201
    assert mine.call("DELETE", "/api/v1/session", headers={"x-volant-csrf": ""}).status == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost.evil.example", "null", "http://evil"])
def test_other_sites_pages_are_refused_even_with_the_token(api: Api, ada: str, origin: str) -> None:
    mine = browser_of(api, "admin")
    sent = {"origin": origin, "host": "localhost:8321"}
    assert mine.call("POST", "/api/v1/keys", {"name": "k", "scopes": ["read"]}, sent).status == 403
    refused = Browser(api).sign_in(ADA, PASSWORD, **sent)
    assert (refused.status, refused.json()["error"]["code"]) == (403, "origin_refused"), "nobody is signed in by others"


def test_our_own_page_may(make_api: Any) -> None:
    api = make_api()
    own = {"origin": "http://localhost:8321", "host": "localhost:8321"}
    assert browser_of(api, "admin").call("POST", "/api/v1/keys", {"name": "k", "scopes": ["read"]}, own).status == 201
    behind = make_api(public_url="https://volant.example.com")
    there = browser_of(behind, "admin")
    body = {"name": "k", "scopes": ["read"]}
    proxied = {"origin": "https://volant.example.com", "host": "127.0.0.1:8321"}
    assert there.call("POST", "/api/v1/keys", body, proxied).status == 201
    assert there.call("POST", "/api/v1/keys", body, own).status == 403, "the configured address is the only one"


def test_a_key_needs_no_token_and_wins_over_a_cookie(api: Api) -> None:
    viewer = browser_of(api, "viewer")
    headers = {"cookie": f"volant_session={viewer.cookie}", "origin": "https://evil.example"}
    assert api.call("POST", "/api/v1/keys", {"name": "k", "scopes": ["read"]}, headers=headers).status == 201


# ---------------------------------------------------------------- a session's life
def test_a_brought_cookie_is_never_taken_over(api: Api, ada: str) -> None:
    """Session fixation: whatever value the browser brings, sign-in makes another."""
    browser = Browser(api, cookie="chosen-by-an-attacker")
    assert browser.sign_in(ADA, PASSWORD).status == 200
    first = browser.cookie
    assert first != "chosen-by-an-attacker"
    assert browser.sign_in(ADA, PASSWORD).status == 200
    assert browser.cookie != first
    assert Browser(api, cookie="chosen-by-an-attacker").call("GET", "/api/v1/session").status == 401


def test_sign_out_ends_it_on_our_side(api: Api, ada: str) -> None:
    browser = Browser(api)
    browser.sign_in(ADA, PASSWORD)
    kept, csrf = browser.cookie, browser.csrf
    gone = browser.call("DELETE", "/api/v1/session")
    assert gone.status == 204
    assert "Max-Age=0" in gone.cookies["volant_session"]
    assert Browser(api, kept, csrf).call("GET", "/api/v1/session").status == 401


def test_idle_and_absolute_expiry(make_api: Any) -> None:
    from volant.core.people_settings import PeopleSettings

    api = make_api(people=PeopleSettings(session_idle_s=600, session_lasts_s=3600))
    idle, busy = browser_of(api, "viewer"), browser_of(api, "viewer", email="b@example.com")
    with api.context.db.begin() as tx:
        tx.execute(update(login_session).values(expires_ms=api.clock.now_ms() + 3_600_000))
    for _minute in range(11):
        api.clock.advance(300_000)
        assert busy.call("GET", "/api/v1/session").status == 200
    assert idle.call("GET", "/api/v1/session").status == 401, "unused for longer than session_idle_s"
    api.clock.advance(300_001)
    assert busy.call("GET", "/api/v1/session").status == 401, "used, and older than session_lasts_s"
    fresh = Browser(api)
    with api.context.db.begin() as tx:
        people.set_password_hash(tx, busy.person_id, passwords.hash_of(PASSWORD), now_ms=1)
    assert fresh.sign_in("b@example.com", PASSWORD).json()["expires_ms"] == api.clock.now_ms() + 3_600_000


def test_ones_own_sessions_are_seen_and_ended_and_no_one_elses(api: Api, ada: str) -> None:
    one, two, other = Browser(api), Browser(api), browser_of(api, "admin")
    one.sign_in(ADA, PASSWORD, **{"user-agent": "Firefox\x07 on Linux"})
    two.sign_in(ADA, PASSWORD)
    listed = one.call("GET", "/api/v1/session/all").json()["data"]
    assert {row["agent"] for row in listed} == {"Firefox on Linux", ""}
    assert {row["person_id"] for row in listed} == {ada}
    theirs = next(row["id"] for row in listed if row["agent"] == "")
    assert other.call("DELETE", f"/api/v1/session/{theirs}").status == 404
    assert two.call("GET", "/api/v1/session").status == 200
    assert one.call("DELETE", f"/api/v1/session/{theirs}").status == 204
    assert two.call("GET", "/api/v1/session").status == 401
    assert one.call("DELETE", f"/api/v1/session/{theirs}").status == 404


def test_a_new_password_ends_the_other_sessions_and_rotates_this_one(api: Api, ada: str) -> None:
    one, two = Browser(api), Browser(api)
    one.sign_in(ADA, PASSWORD)
    two.sign_in(ADA, PASSWORD)
    before = one.cookie
    wrong = one.call("PUT", "/api/v1/session/password", {"old": "not the old one", "new": OTHER})
    assert (wrong.status, wrong.json()["error"]["code"]) == (403, "wrong_password")
    weak = one.call("PUT", "/api/v1/session/password", {"old": PASSWORD, "new": "ada@example.com"})
    assert (weak.status, weak.json()["error"]["code"]) == (400, "weak_password")
    assert one.call("PUT", "/api/v1/session/password", {"old": PASSWORD, "new": OTHER}).status == 200
    assert one.cookie != before
    assert one.call("GET", "/api/v1/session").status == 200
    assert Browser(api, before).call("GET", "/api/v1/session").status == 401
    assert two.call("GET", "/api/v1/session").status == 401
    assert Browser(api).sign_in(ADA, PASSWORD).status == 401
    assert Browser(api).sign_in(ADA, OTHER).status == 200


def test_a_weak_new_password_is_no_wrong_old_one(api: Api, ada: str) -> None:
    browser = Browser(api)
    browser.sign_in(ADA, PASSWORD)
    for _ in range(7):
        answer = browser.call("PUT", "/api/v1/session/password", {"old": PASSWORD, "new": "short"})
        assert (answer.status, answer.json()["error"]["code"]) == (400, "weak_password")
    codes = [
        browser.call("PUT", "/api/v1/session/password", {"old": "wrong wrong", "new": OTHER}).json()["error"]["code"]
        for _ in range(6)
    ]
    assert codes == ["wrong_password"] * 5 + ["sign_in_locked"]


@pytest.mark.parametrize("change", ["role", "remove", "disable", "demote"])
def test_whoever_loses_something_is_signed_out(api: Api, change: str) -> None:
    browser_of(api, "admin", grand=True)  # somebody stays
    lost = browser_of(api, "engineer", email="l@example.com", grand=change == "demote")
    place = f"/api/v1/people/{lost.person_id}"
    bodies = {"role": {"role": "viewer"}, "disable": {"active": False}, "demote": {"installation_admin": False}}
    answer = api.call("DELETE", place) if change == "remove" else api.call("PUT", place, bodies[change])
    assert answer.status == 200, answer.body
    assert lost.call("GET", "/api/v1/documents").status == 401


# ---------------------------------------------------------------- lockout
def test_wrong_passwords_lock_with_a_growing_wait_and_a_restart_does_not_help(api: Api, ada: str) -> None:
    live = Browser(api)
    live.sign_in(ADA, PASSWORD)
    for _try in range(5):
        assert Browser(api).sign_in(ADA, "wrong wrong wrong").status == 401
    waits = []
    for _round in range(3):
        locked = Browser(api).sign_in(ADA, PASSWORD)
        assert (locked.status, locked.json()["error"]["code"]) == (429, "sign_in_locked")
        waits.append(int(locked.headers["retry-after"]))
        api.clock.advance(waits[-1] * 1000)
        assert Browser(api).sign_in(ADA, "wrong wrong wrong").status == 401
    assert waits == [30, 60, 120]
    assert live.call("GET", "/api/v1/documents").status == 200, "whoever is signed in goes on working"
    changed = live.call("PUT", "/api/v1/session/password", {"old": PASSWORD, "new": OTHER})
    assert changed.status == 200, "and may even change the password"
    assert Browser(api).sign_in(ADA, OTHER).status == 200, "which ends the wait"
    with api.context.db.read() as tx:
        kept = json.dumps([list(map(str, row)) for row in tx.execute(select(login_throttle))])
    assert ADA not in kept


def test_an_unknown_email_locks_alike(api: Api, ada: str) -> None:
    def tries(email: str) -> list[int]:
        return [Browser(api).sign_in(email, "wrong wrong wrong").status for _ in range(7)]

    assert tries("nobody@example.com") == tries(ADA) == [401] * 5 + [429] * 2


def test_one_address_that_tries_many_emails_is_slowed(api: Api, ada: str) -> None:
    statuses = [
        Browser(api).sign_in(f"guess{n}@example.com", "x" * 12, **{"x-forwarded-for": "203.0.113.9"}).status
        for n in range(52)
    ]
    assert statuses == [401] * 50 + [429] * 2
    assert Browser(api).sign_in(ADA, PASSWORD, **{"x-forwarded-for": "203.0.113.9"}).status == 429
    assert Browser(api).sign_in(ADA, PASSWORD, **{"x-forwarded-for": "203.0.113.10"}).status == 200


def test_a_busy_server_is_nobodys_wrong_password(api: Api, ada: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for _try in range(4):
        assert Browser(api).sign_in(ADA, "wrong wrong wrong").status == 401
    monkeypatch.setattr(passwords, "_WAIT_S", 0.01)
    with passwords._place(), passwords._place():
        busy = [Browser(api).sign_in(ADA, PASSWORD) for _try in range(3)]
    assert {(one.status, one.json()["error"]["code"]) for one in busy} == {(503, "sign_in_busy")}
    assert int(busy[0].headers["retry-after"]) == 30
    assert Browser(api).sign_in(ADA, "wrong wrong wrong").status == 401, "the fifth that was looked at"
    assert Browser(api).sign_in(ADA, PASSWORD).status == 429


def test_an_admin_ends_the_wait(api: Api, ada: str) -> None:
    for _try in range(6):
        Browser(api).sign_in(ADA, "wrong wrong wrong")
    assert api.call("GET", "/api/v1/people").json()["data"][0]["state"] == "locked"
    assert api.call("POST", f"/api/v1/people/{ada}/unlock").json()["state"] == "active"
    assert Browser(api).sign_in(ADA, PASSWORD).status == 200


# ---------------------------------------------------------------- links
def test_the_first_person_comes_by_the_setup_link_once(api: Api) -> None:
    assert Browser(api).call("GET", "/api/v1/session/methods").json() == {"password": True, "oidc": [], "setup": True}
    link = api.call("GET", "/api/v1/invitations/setup").json()["link"]
    assert link == api.call("GET", "/api/v1/invitations/setup").json()["link"], "shown again until it is used"
    token = link.rpartition("/invite/")[2]
    shown = Browser(api).call("GET", f"/api/v1/session/invitation?token={token}").json()
    assert (shown["setup"], shown["email"], shown["role"], shown["project"]) == (True, "", "admin", "default")
    first = Browser(api)
    answer = first.call("POST", "/api/v1/session/accept", accepting(token, ADA, name="Ada"))
    assert answer.status == 200, answer.body
    assert answer.json()["person"]["installation_admin"]
    assert first.call("GET", "/api/v1/people").json()["data"][0]["role"] == "admin"
    again = Browser(api).call("POST", "/api/v1/session/accept", accepting(token, "eve@example.com"))
    assert (again.status, again.json()["error"]["code"]) == (404, "invitation_over")
    assert api.call("GET", "/api/v1/invitations/setup").json()["link"] == ""
    assert not Browser(api).call("GET", "/api/v1/session/methods").json()["setup"]


def test_only_the_installations_admins_see_the_setup_link(api: Api) -> None:
    admin = api.make_key("admin")
    assert api.call("GET", "/api/v1/invitations/setup", key=admin).status == 403


def test_an_invitation_works_once_for_its_email_and_until_its_end(api: Api) -> None:
    made = invited(api, role="scientist")
    assert "token" not in json.dumps(made["invitation"])
    place = f"/api/v1/session/invitation?token={made['token']}"
    assert Browser(api).call("GET", place).json()["email"] == "eve@example.com"
    other = Browser(api).call("POST", "/api/v1/session/accept", accepting(made["token"], "mallory@example.com"))
    assert (other.status, other.json()["error"]["code"]) == (400, "other_email")
    eve = Browser(api)
    accepted = eve.call("POST", "/api/v1/session/accept", accepting(made["token"])).json()
    assert [(one["id"], one["role"]) for one in accepted["projects"]] == [("default", "scientist")]
    assert eve.call("GET", "/api/v1/documents").status == 200
    assert Browser(api).call("POST", "/api/v1/session/accept", accepting(made["token"])).status == 404
    late = invited(api, email="late@example.com")
    api.clock.advance(7 * 86_400_000)
    assert Browser(api).call("GET", f"/api/v1/session/invitation?token={late['token']}").status == 404
    assert (
        Browser(api).call("POST", "/api/v1/session/accept", accepting(late["token"], "late@example.com")).status == 404
    )
    states = {row["email"]: row["state"] for row in api.call("GET", "/api/v1/invitations").json()["data"]}
    assert states["eve@example.com"] == "accepted"
    assert states["late@example.com"] == "expired"


def test_whoever_is_removed_does_not_come_back_by_an_older_link(api: Api, ada: str) -> None:
    token = invited(api, email=ADA, role="admin")["token"]
    assert api.call("DELETE", f"/api/v1/people/{ada}").status == 200
    answer = Browser(api).call("POST", "/api/v1/session/accept", accepting(token, email=ADA))
    assert (answer.status, answer.json()["error"]["code"]) == (404, "invitation_over")
    fresh = invited(api, email=ADA)["token"]
    assert Browser(api).call("POST", "/api/v1/session/accept", accepting(fresh, email=ADA)).status == 200


def test_a_revoked_or_replaced_invitation_is_dead(api: Api) -> None:
    first, second = invited(api), invited(api)
    assert Browser(api).call("POST", "/api/v1/session/accept", accepting(first["token"])).status == 404
    assert api.call("DELETE", f"/api/v1/invitations/{second['invitation']['id']}").json()["state"] == "revoked"
    assert Browser(api).call("POST", "/api/v1/session/accept", accepting(second["token"])).status == 404


def test_somebody_who_is_here_joins_by_their_own_password_only(api: Api, ada: str) -> None:
    api.call("POST", "/api/v1/projects", {"name": "bank"})
    headers = {"x-volant-project": "bank"}
    made = api.call("POST", "/api/v1/invitations", {"email": ADA, "role": "viewer"}, headers=headers).json()
    token = made["link"].rpartition("/")[2]
    taken = Browser(api).call("POST", "/api/v1/session/accept", accepting(token, ADA, "a new long password"))
    assert (taken.status, taken.json()["error"]["code"]) == (401, "wrong_password")
    joined = Browser(api).call("POST", "/api/v1/session/accept", accepting(token, ADA, PASSWORD)).json()
    assert [(one["id"], one["role"]) for one in joined["projects"]] == [("default", "engineer"), ("bank", "viewer")]


def test_a_reset_link_gives_a_new_password_and_ends_the_sessions(api: Api, ada: str) -> None:
    live = Browser(api)
    live.sign_in(ADA, PASSWORD)
    made = api.call("POST", f"/api/v1/people/{ada}/reset-password")
    assert made.status == 201
    token = made.json()["link"].rpartition("/")[2]
    assert Browser(api).sign_in(ADA, PASSWORD).status == 200, "nothing changes until the link is used"
    assert Browser(api).call("POST", "/api/v1/session/accept", accepting(token, ADA, OTHER)).status == 200
    assert live.call("GET", "/api/v1/session").status == 401
    assert Browser(api).sign_in(ADA, PASSWORD).status == 401
    changed = Browser(api)
    assert changed.sign_in(ADA, OTHER).status == 200
    assert Browser(api).call("POST", "/api/v1/session/accept", accepting(token, ADA, PASSWORD)).status == 404
    left = api.call("POST", f"/api/v1/people/{ada}/reset-password").json()["link"].rpartition("/")[2]
    assert changed.call("PUT", "/api/v1/session/password", {"old": OTHER, "new": PASSWORD}).status == 200
    over = Browser(api).call("POST", "/api/v1/session/accept", accepting(left, ADA, OTHER))
    assert over.status == 404, "a link from before the newest password opens nothing"


def test_a_project_admin_cannot_reach_beyond_their_project(api: Api, ada: str) -> None:
    admin = browser_of(api, "admin")
    for method, path, body in (
        ("POST", f"/api/v1/people/{ada}/reset-password", None),
        ("PUT", f"/api/v1/people/{ada}", {"active": False}),
        ("PUT", f"/api/v1/people/{admin.person_id}", {"installation_admin": True}),
        ("POST", "/api/v1/invitations", {"email": "x@example.com", "role": "admin", "installation_admin": True}),
        ("GET", "/api/v1/people?everywhere=true", None),
        ("POST", "/api/v1/projects", {"name": "mine"}),
    ):
        refused = admin.call(method, path, body)
        assert (refused.status, refused.json()["error"]["code"]) == (403, "not_installation_admin"), path


@pytest.mark.parametrize(
    "password",
    ["short", "aaaaaaaaaaaaaaaa", "abcabcabcabcabc", "eve@example.com", "Eve@Example.com1", "Password1234", "x" * 257],
)
def test_weak_passwords_are_refused_with_the_reason(api: Api, password: str) -> None:
    made = invited(api)
    refused = Browser(api).call("POST", "/api/v1/session/accept", accepting(made["token"], password=password))
    assert (refused.status, refused.json()["error"]["code"]) == (400, "weak_password")
    assert password not in refused.body.decode()
    assert Browser(api).call("POST", "/api/v1/session/accept", accepting(made["token"])).status == 200, "still open"


def test_a_session_never_outlives_its_person(api: Api) -> None:
    browser = browser_of(api, "admin")
    with api.context.db.begin() as tx:
        tx.execute(update(person).where(person.c.id == browser.person_id).values(state="disabled"))
    assert browser.call("GET", "/api/v1/documents").status == 401, "even when nobody ended the session"


def test_reading_never_changes_anything_but_the_time_it_was_seen(api: Api) -> None:
    browser = browser_of(api, "admin")
    with api.context.db.read() as tx:
        before = tx.execute(select(login_session)).all()
    api.clock.advance(sessions.TOUCH_EVERY_MS)
    browser.call("GET", "/api/v1/session")
    with api.context.db.read() as tx:
        assert tx.execute(select(login_session)).all() == before, "seen_ms is a minute exact"
    api.clock.advance(1)
    browser.call("GET", "/api/v1/session", headers={"accept": "text/event-stream"})
    with api.context.db.read() as tx:
        assert tx.execute(select(login_session)).all() == before, "an open page that only listens is no use of it"
    browser.call("GET", "/api/v1/session")
    with api.context.db.read() as tx:
        assert tx.execute(select(login_session.c.seen_ms)).scalar_one() == api.clock.now_ms()
