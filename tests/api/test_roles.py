"""The table of routes and roles, walked: every route, as every role and with every key's scope, against what is
written here by hand. And everything at once from another project's side: nothing of ours is told or changed."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import LargeBinary, Numeric, insert, select
from tests.api.conftest import Answer, Api, Browser, browser_of

from volant.api.access import also_needed, permission_of
from volant.api.app import routes
from volant.api.health import OPEN
from volant.core.permissions import ROLES as CODE_ROLES
from volant.core.permissions import SCOPES as CODE_SCOPES
from volant.store.tables import metadata

# By hand, and so on purpose not from the code: permission → who has it.
ROLES = {
    "inference": {"admin", "engineer", "scientist"},
    "feedback": {"admin", "engineer", "scientist", "annotator"},
    "read": {"admin", "engineer", "scientist", "annotator", "reviewer", "operator", "viewer"},
    "content": {"admin", "engineer", "scientist", "annotator", "reviewer"},
    "configure": {"admin", "engineer"},
    "data": {"admin", "engineer", "scientist"},
    "train": {"admin", "engineer", "scientist"},
    "evaluate": {"admin", "engineer", "scientist", "reviewer"},
    "review": {"admin", "reviewer"},
    "release": {"admin", "engineer", "operator"},
    "operate": {"admin", "engineer", "operator"},
    "keys": {"admin", "engineer"},
    "erase": {"admin"},
    "audit": {"admin", "reviewer", "operator"},
    "people": {"admin"},
}
SCOPES = {
    "inference": {"admin", "inference"},
    "feedback": {"admin", "feedback"},
    "read": {"admin", "read"},
    "content": {"admin", "read"},
    "configure": {"admin", "write"},
    "data": {"admin", "write"},
    "train": {"admin", "write"},
    "evaluate": {"admin", "write"},
    "review": {"admin", "write"},
    "release": {"admin", "write"},
    "operate": {"admin", "write"},
    "keys": {"admin"},
    "erase": {"admin"},
    "audit": {"admin"},
    "people": {"admin"},
}
ALSO = {
    ("POST", "/api/v1/datasets/{name}/from-traces"): "content",
    ("POST", "/api/v1/datasets/{name}/cases"): "content",
}  # routes that need a second permission
EVERY_ROLE = ("admin", "engineer", "scientist", "annotator", "reviewer", "operator", "viewer")
EVERY_SCOPE = ("inference", "feedback", "read", "write", "admin")
REFUSALS = {"role_lacks", "scope_missing"}

EVERY = [
    (method, str(route.path), permission_of(route.dependant))  # type: ignore[attr-defined]
    for route in iter_route_contexts(routes().routes)
    for method in sorted(set(route.methods or ()) - {"HEAD"})
]
SECOND = {
    (method, str(route.path)): second
    for route in iter_route_contexts(routes().routes)
    for method in set(route.methods or ()) - {"HEAD"}
    if (second := also_needed(route.dependant))  # type: ignore[attr-defined]
}
GUARDED = [one for one in EVERY if one[2] not in (None, "internal", "open", "signed in")]
WITH_ID = [one for one in GUARDED if "{" in one[1]]


def filled(path: str, value: str = "x") -> str:
    return re.sub(r"\{[a-z_:]+\}", value, path)


def ask(api: Api, method: str, path: str, headers: dict[str, str], body: Any = None) -> Answer:
    """One request. An answer that does not end by itself (live events) is left after its first piece."""
    content = json.dumps(body).encode() if body is not None else b""
    sent = {"content-type": "application/json", **headers}
    place, _, query = path.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": place,
        "raw_path": place.encode(), "query_string": query.encode(), "root_path": "", "scheme": "http",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "server": ("localhost", 80), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    out: list[dict[str, Any]] = []

    async def run() -> None:
        given, over = iter([{"type": "http.request", "body": content, "more_body": False}]), asyncio.Event()

        async def receive() -> dict[str, Any]:
            for one in given:
                return one
            await over.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            out.append(message)
            if message["type"] == "http.response.body":
                over.set()

        await asyncio.wait_for(api.app(scope, receive, send), 20)

    asyncio.run(run())
    head = next(message for message in out if message["type"] == "http.response.start")
    pieces = b"".join(message.get("body", b"") for message in out if message["type"] == "http.response.body")
    return Answer(head["status"], {k.decode(): v.decode() for k, v in head["headers"]}, pieces)


def allowed(table: dict[str, set[str]], who: str, method: str, path: str, permission: str | None) -> bool:
    """By the hand-written tables."""
    second = ALSO.get((method, path))
    return who in table[str(permission)] and (second is None or who in table[second])


def as_person(browser: Browser, project: str = "") -> dict[str, str]:
    headers = {"cookie": f"volant_session={browser.cookie}", "x-volant-csrf": browser.csrf}
    return headers | ({"x-volant-project": project} if project else {})


def code_of(answer: Answer) -> str:
    try:
        return str(answer.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return ""


def empty(method: str) -> Any:
    return {} if method in ("POST", "PUT", "PATCH") else None


# ---------------------------------------------------------------- routes × roles
def test_the_hand_written_table_is_whole() -> None:
    assert set(ROLES) == set(SCOPES) == set(CODE_ROLES["admin"])
    assert {role: {p for p in ROLES if role in ROLES[p]} for role in EVERY_ROLE} == CODE_ROLES
    assert {scope: {p for p in SCOPES if scope in SCOPES[p]} for scope in EVERY_SCOPE} == CODE_SCOPES
    assert {one[2] for one in GUARDED} <= set(ROLES)
    assert len(GUARDED) > 80
    assert SECOND == ALSO


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_every_route_as_every_role(api: Api, role: str) -> None:
    headers = as_person(browser_of(api, role))
    wrong = []
    for method, path, permission in GUARDED:
        answer = ask(api, method, filled(path), headers, empty(method))
        may = allowed(ROLES, role, method, path, permission)
        refused = answer.status == 403 and (code_of(answer) in REFUSALS or not path.startswith("/api/"))
        if refused is may or answer.status == 401 or (not may and answer.status != 403):
            wrong.append((method, path, permission, answer.status, code_of(answer)))
    assert not wrong


@pytest.mark.parametrize("scope", EVERY_SCOPE)
def test_every_route_with_every_scope(api: Api, scope: str) -> None:
    headers = {"authorization": f"Bearer {api.make_key(scope)}"}
    wrong = []
    for method, path, permission in GUARDED:
        answer = ask(api, method, filled(path), headers, empty(method))
        may = allowed(SCOPES, scope, method, path, permission)
        refused = answer.status == 403 and (code_of(answer) in REFUSALS or not path.startswith("/api/"))
        if refused is may or answer.status == 401 or (not may and answer.status != 403):
            wrong.append((method, path, permission, answer.status, code_of(answer)))
    assert not wrong


def test_whoever_has_no_project_or_an_unknown_role_reaches_nothing(api: Api) -> None:
    nobody, odd = browser_of(api, ""), browser_of(api, "viewer", email="odd@example.com")
    with api.context.db.begin() as tx:
        tx.execute(metadata.tables["membership"].update().values(role="emperor"))
    for browser, code in ((nobody, "no_project"), (odd, "role_lacks")):
        for method, path, _ in GUARDED:
            answer = ask(api, method, filled(path), as_person(browser), empty(method))
            assert answer.status == 403, (method, path)
            assert not path.startswith("/api/") or code_of(answer) == code


def test_signed_in_routes_are_for_persons_and_open_ones_tell_nothing(api: Api) -> None:
    signed = [one for one in EVERY if one[2] == "signed in"]
    assert len(signed) >= 5
    for method, path, _ in signed:
        for role in EVERY_ROLE:
            browser = browser_of(api, role, email=f"{role}-{method}-{abs(hash(path))}@example.com")
            assert ask(api, method, filled(path), as_person(browser), empty(method)).status not in (401, 403), path
        assert ask(api, method, filled(path), {"authorization": f"Bearer {api.root}"}, empty(method)).status == 401
    opened = [one for one in EVERY if one[2] == "open"]
    assert {path.rpartition("/")[2] for _, path, _ in opened} >= {"session", "methods", "invitation", "accept"}
    for method, path, _ in opened:
        assert path.startswith("/api/v1/session"), "nothing else is open"
        status = ask(api, method, filled(path), {}, empty(method)).status
        assert status in (200, 302, 400, 401, 404), (method, path, status)
    assert {path for method, path, needs in EVERY if needs is None} == set(OPEN)


# ---------------------------------------------------------------- the caller's project
def test_tags_cannot_be_guessed_by_whoever_may_not_read_them(api: Api) -> None:
    path = "/api/v1/views/traces?tag=channel:web"
    refused = ask(api, "GET", path, as_person(browser_of(api, "viewer")))
    assert (refused.status, code_of(refused)) == (403, "content_needed")
    assert ask(api, "GET", path, as_person(browser_of(api, "annotator"))).status == 200


def test_a_person_works_in_the_project_they_name(api: Api) -> None:
    api.call("POST", "/api/v1/projects", {"name": "bank"})
    browser = browser_of(api, "viewer")
    with api.context.db.begin() as tx:
        tx.execute(
            insert(metadata.tables["membership"]).values(
                project="bank", person_id=browser.person_id, role="admin", created_ms=api.clock.now_ms() + 1
            )
        )

    def people_of(**headers: str) -> int:
        return ask(api, "GET", "/api/v1/people", as_person(browser) | headers).status

    assert people_of() == 403, "the first membership is the default: a viewer's"
    assert people_of(**{"x-volant-project": "bank"}) == 200
    assert ask(api, "GET", "/api/v1/people?project=bank", as_person(browser)).status == 200
    body = {"name": "k", "scopes": ["read"]}
    assert ask(api, "POST", "/api/v1/keys?project=bank", as_person(browser), body).status == 403, "GETs only"
    assert people_of(**{"x-volant-project": "nowhere"}) == 404
    mine = ask(api, "GET", "/api/v1/projects", as_person(browser)).json()["data"]
    assert {(one["id"], one["role"]) for one in mine} == {("default", "viewer"), ("bank", "admin")}


def test_installation_admins_and_the_root_key_work_everywhere_and_other_keys_at_home(api: Api) -> None:
    api.call("POST", "/api/v1/projects", {"name": "bank"})
    grand = browser_of(api, "", email="g@example.com", grand=True)
    there = {"x-volant-project": "bank"}
    assert ask(api, "GET", "/api/v1/people", as_person(grand, "bank")).status == 200
    assert ask(api, "GET", "/api/v1/people", as_person(grand)).status == 200
    assert ask(api, "GET", "/api/v1/people", as_person(grand, "nowhere")).status == 404
    made = ask(api, "POST", "/api/v1/keys", {"authorization": f"Bearer {api.root}"} | there,
               {"name": "k", "scopes": ["admin"]}).json()  # fmt: skip
    assert made["key"]["project"] == "bank"
    assert not made["key"]["installation_admin"]
    bank = {"authorization": f"Bearer {made['clear']}"}
    assert ask(api, "GET", "/api/v1/people", bank).status == 200
    for project in ("default", "nowhere"):
        refused = ask(api, "GET", "/api/v1/people", bank | {"x-volant-project": project})
        assert (refused.status, code_of(refused)) == (404, "project_unknown")
    assert ask(api, "POST", "/api/v1/projects", bank, {"name": "more"}).status == 403


def test_nobody_hands_out_more_than_they_have(api: Api) -> None:
    engineer = as_person(browser_of(api, "engineer"))
    root_id = next(one["id"] for one in api.call("GET", "/api/v1/keys").json()["data"] if one["name"] == "root")
    for scopes in (["admin"], ["write"], ["read", "admin"]):
        refused = ask(api, "POST", "/api/v1/keys", engineer, {"name": "k", "scopes": scopes})
        assert (refused.status, code_of(refused)) == (403, "key_beyond_you"), scopes
    assert ask(api, "POST", "/api/v1/keys", engineer, {"name": "k", "scopes": ["read", "inference"]}).status == 201
    assert ask(api, "POST", f"/api/v1/keys/{root_id}/rotate", engineer).status == 403
    assert ask(api, "DELETE", f"/api/v1/keys/{root_id}", engineer).status == 403
    admin_key = {"authorization": f"Bearer {api.make_key('admin')}"}
    refused = ask(api, "POST", f"/api/v1/keys/{root_id}/rotate", admin_key)
    assert (refused.status, code_of(refused)) == (403, "root_key"), "an admin of a project is none of the installation"


# ---------------------------------------------------------------- across projects
MARK = "ours-alone"


def seeded(api: Api) -> list[str]:
    """A row in every table that has a project, of the project `default`; gives every id and name that was used."""
    ids = []
    with api.context.db.begin() as tx:
        for table in metadata.sorted_tables:
            if "project" not in table.c or table.name in ("project", "audit", "subject_key", "lineage", "membership"):
                continue
            row: dict[str, Any] = {}
            for column in table.c:
                key = column.name
                if key == "project":
                    row[key] = "default"
                elif column.foreign_keys:
                    target = next(iter(column.foreign_keys)).column
                    row[key] = tx.execute(select(target).limit(1)).scalar()
                elif isinstance(column.type, LargeBinary):
                    row[key] = b"x"
                elif isinstance(column.type, Numeric) or column.type.python_type in (int, float):
                    row[key] = 1 if key in ("version", "position", "step") else 0
                elif key.endswith("_id") and not column.nullable and column.default is None:
                    row[key] = f"{MARK}-{key[:-3]}"
                elif key in ("id", "name", "label", "dataset_id", "subject", "sha256", "bucket") or column.primary_key:
                    row[key] = f"{MARK}-{table.name}"
            tx.execute(insert(table).values({k: v for k, v in row.items() if v is not None}))
            ids += [value for value in row.values() if isinstance(value, str) and value.startswith(MARK)]
    return sorted(set(ids))


def with_workflow(api: Api) -> str:
    """A workflow of the project `default` that was done; gives its id."""
    flows = api.context.workflows

    @flows.workflow("told")
    def told(project: str, what: str) -> str:
        return f"{MARK} {project} {what}"

    flows.launch()
    flows.start("told", f"{MARK}-workflow", "default", "x")
    assert flows.result(f"{MARK}-workflow")
    return f"{MARK}-workflow"


def ours(api: Api) -> str:
    """Every row of the project, as text; keys of other projects and the audit log may grow."""
    with api.context.db.read() as tx:
        return "\n".join(
            f"{table.name}: {sorted(map(str, tx.execute(select(table).where(table.c.project == 'default'))))}"
            for table in metadata.sorted_tables
            if "project" in table.c and table.name != "audit"
        )


def test_nothing_of_another_project_is_told_or_changed(api: Api) -> None:
    api.call("POST", "/api/v1/projects", {"name": "bank"})
    member = browser_of(api, "viewer", email=f"{MARK}@example.com")
    made = api.call("POST", "/api/v1/keys", {"name": f"{MARK} key", "scopes": ["read"]}).json()["key"]["id"]
    invited = api.call("POST", "/api/v1/invitations", {"email": f"{MARK}-2@example.com", "role": "viewer"}).json()
    api.call("PUT", f"/api/v1/secrets/{MARK}-kept", {"value": MARK})
    ids = [*seeded(api), with_workflow(api), made, invited["invitation"]["id"], member.person_id, f"{MARK}-kept"]
    theirs = browser_of(api, "admin", project="bank")
    key = api.call("POST", "/api/v1/keys", {"name": "k", "scopes": ["admin"]}, headers={"x-volant-project": "bank"})
    callers = [as_person(theirs), as_person(theirs, "default"), {"authorization": f"Bearer {key.json()['clear']}"}]
    root = {"authorization": f"Bearer {api.root}"}
    before, known = ours(api), 0
    for method, path, _ in WITH_ID:
        if method == "GET":
            known += any(ask(api, method, filled(path, one), root).status == 200 for one in ids)
        place = re.sub(r"\{action\}", "hold", path)
        missing = [ask(api, method, filled(place, "never-was"), headers, empty(method)) for headers in callers]
        for one, (headers, nowhere) in itertools.product(ids, zip(callers, missing, strict=True)):
            there = ask(api, method, filled(place, one), headers, empty(method))
            assert there.status == nowhere.status, (method, path, one, there.status)
            if there.status < 300:
                assert method != "GET" or there.body.replace(one.encode(), b"never-was") == nowhere.body
            else:
                assert there.status in (400, 403, 404, 409, 413, 415), (method, path, one, there.status)
                assert MARK not in there.body.decode().replace(one, ""), (method, path, one)
    assert ours(api) == before, "another project's admin changed something of ours"
    assert known >= 8, "the walk asks for what is really there"


def test_lists_show_ones_own_project_only(api: Api) -> None:
    api.call("POST", "/api/v1/projects", {"name": "bank"})
    seeded(api)
    with_workflow(api)
    theirs = as_person(browser_of(api, "admin", project="bank"))
    assert MARK in ask(api, "GET", "/api/v1/workflows", {"authorization": f"Bearer {api.root}"}).body.decode()
    lists = [path for method, path, _ in GUARDED if method == "GET" and "{" not in path]
    assert len(lists) > 20
    for path in lists:
        answer = ask(api, "GET", path, theirs)
        assert MARK not in answer.body.decode(errors="replace"), path


def test_ids_in_bodies_do_not_reach_over_either(api: Api) -> None:
    api.call("POST", "/api/v1/projects", {"name": "bank"})
    seeded(api)
    theirs = as_person(browser_of(api, "admin", project="bank"))
    before = ours(api)
    tried = [
        ("/api/v1/releases", {"task": f"{MARK}-task", "model": f"{MARK}-model"}),
        ("/api/v1/feedback", {"inference_id": f"{MARK}-inference", "metric": "correct", "value": True}),
        ("/api/v1/reviews", {"subject_kind": "release", "subject_id": f"{MARK}-release", "evidence_hash": "x",
                             "decision": "approve"}),
    ]  # fmt: skip
    for path, body in tried:
        answer = ask(api, "POST", path, theirs, body)
        assert answer.status != 500, path
        assert MARK not in answer.body.decode().replace(body.get("model", "?"), "").replace(
            body.get("inference_id", "?"), ""
        ).replace(body.get("subject_id", "?"), "").replace(f"{MARK}-task", "")
    assert ours(api) == before
