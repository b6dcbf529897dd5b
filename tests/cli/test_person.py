"""People and projects from the command line, on a real server: the first start's link, invitations, lost access, and
two projects whose keys and tasks do not meet, in the gateway either."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from volant.cli.client import Client
from volant.core.errors import VolantError

PASSWORD = "four words make sense"


def ask(
    url: str, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, Any, str]:
    """(status, JSON, set-cookie) as a browser gets them through the gateway."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None,
                           {"content-type": "application/json", **(headers or {})})  # fmt: skip
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else {}, answer.headers.get("set-cookie") or ""
    finally:
        connection.close()


def accept(url: str, link: str, email: str, password: str = PASSWORD) -> tuple[int, Any, str]:
    body = {"token": link.rpartition("/invite/")[2], "name": "Ada", "email": email, "password": password}
    return ask(url, "POST", "/api/v1/session/accept", body, {"origin": url})


@pytest.fixture
def house(start_server: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A server of its own, which the commands find."""
    one = start_server()
    monkeypatch.setenv("VOLANT_DATA_DIR", str(one.data))
    return one


def test_a_team_is_let_in_and_mended(house: Any, volant: Any) -> None:
    here = ("--data-dir", str(house.data))
    setup = house.said["setup_url"]
    assert setup.startswith(f"{house.url}/invite/")
    status, me, cookie = accept(house.url, setup, "ada@example.com")
    assert (status, me["person"]["installation_admin"]) == (200, True)
    assert "HttpOnly" in cookie
    assert accept(house.url, setup, "eve@example.com")[0] == 404

    link = volant("person", "invite", "bob@example.com", "--role", "scientist", "--json", *here).json()["link"]
    assert accept(house.url, link, "bob@example.com")[0] == 200
    listed = {one["email"]: one["role"] for one in volant("person", "list", "--json", *here).json()["data"]}
    assert listed == {"ada@example.com": "admin", "bob@example.com": "scientist"}
    assert "bob@example.com" in volant("person", "list", *here).out
    assert volant("person", "role", "bob@example.com", "--role", "reviewer", *here).code == 0
    last = volant("person", "remove", "ada@example.com", "--json", *here)
    assert (last.code, last.error()["code"]) == (5, "last_admin")
    nobody = volant("person", "unlock", "zoe@example.com", "--json", *here)
    assert (nobody.code, nobody.error()["code"]) == (4, "person_unknown")

    def sign_in(password: str) -> int:
        return ask(house.url, "POST", "/api/v1/session", {"email": "bob@example.com", "password": password})[0]

    for _try in range(5):
        assert sign_in("wrong wrong wrong") == 401
    assert sign_in(PASSWORD) == 429
    assert volant("person", "unlock", "bob@example.com", *here).code == 0
    assert sign_in(PASSWORD) == 200
    reset = volant("person", "reset-password", "bob@example.com", "--json", *here).json()["link"]
    assert accept(house.url, reset, "bob@example.com", "another long phrase 7")[0] == 200
    assert (sign_in(PASSWORD), sign_in("another long phrase 7")) == (401, 200)
    assert volant("person", "disable", "bob@example.com", *here).code == 0
    assert sign_in("another long phrase 7") == 401
    assert volant("person", "enable", "bob@example.com", *here).code == 0
    assert sign_in("another long phrase 7") == 200
    assert volant("person", "remove", "bob@example.com", *here).code == 0

    open_ = volant("person", "invite", "cy@example.com", "--json", *here).json()["invitation"]
    assert volant("person", "uninvite", open_["id"], *here).code == 0
    states = {one["email"]: one["state"] for one in volant("person", "invitations", "--json", *here).json()["data"]}
    assert (states["cy@example.com"], states["bob@example.com"]) == ("revoked", "accepted")
    logs = "".join(place.read_text() for place in (house.data / "logs").glob("*.log"))
    for secret in (PASSWORD, "argon2", setup.rpartition("/")[2], link.rpartition("/")[2]):
        assert secret not in logs


def test_two_projects_do_not_meet(house: Any, volant: Any, tmp_path: Path) -> None:
    here = ("--data-dir", str(house.data))
    assert volant("project", "create", "bank", *here).code == 0
    again = volant("project", "create", "bank", "--json", *here)
    assert (again.code, again.error()["code"]) == (5, "project_taken")
    assert [one["id"] for one in volant("project", "list", "--json", *here).json()["data"]] == ["bank", "default"]
    link = volant("person", "invite", "cy@example.com", "--role", "admin", "--project", "bank", "--json", *here)
    status, me, _ = accept(house.url, link.json()["link"], "cy@example.com")
    assert (status, [one["id"] for one in me["projects"]]) == (200, ["bank"])
    assert volant("person", "list", "--json", *here).json()["data"] == []

    in_bank = Client(house.url, house.key, project="bank")
    deployment = {"name": "d", "provider": "mock", "model": "m", "base_url": "http://127.0.0.1:9/v1"}
    task = {"name": "money", "variants": [{"name": "v", "deployments": ["d"]}]}
    in_bank.post("/api/v1/documents/apply", {"deployments": [deployment], "tasks": [task]})
    bank_key = in_bank.post("/api/v1/keys", {"name": "app", "scopes": ["inference", "read"]})["clear"]
    home_key = Client(house.url, house.key).post("/api/v1/keys", {"name": "app", "scopes": ["inference"]})["clear"]
    assert [one["id"] for one in Client(house.url, bank_key).get("/v1/models")["data"]] == ["money"]
    assert Client(house.url, home_key).get("/v1/models")["data"] == []

    def chat(key: str) -> tuple[int, str]:
        """Through the gateway itself: the task's only deployment does not answer, so a known task gives a 5xx."""
        asked = {"model": "money", "messages": [{"role": "user", "content": "hi"}]}
        status, body, _ = ask(house.url, "POST", "/v1/chat/completions", asked, {"authorization": f"Bearer {key}"})
        return status, body["error"]["code"]

    import time

    end = time.monotonic() + 90
    while chat(bank_key)[0] < 500 and time.monotonic() < end:  # a gateway hears of a change within a second
        time.sleep(0.1)
    assert chat(bank_key)[0] >= 500
    status, code = chat(home_key)
    assert status == 404, code
    with pytest.raises(VolantError) as refused:
        Client(house.url, bank_key, project="default").get("/api/v1/documents")
    assert refused.value.code == "project_unknown"


def test_the_setup_link_is_shown_again_until_it_is_used(start_server: Any, tmp_path: Path) -> None:
    first = start_server(tmp_path / "data")
    said = first.said["setup_url"].rpartition("/")[2]
    assert first.stop()[0] == 0
    second = start_server(tmp_path / "data")
    assert second.said["setup_url"].rpartition("/")[2] == said
    assert accept(second.url, second.said["setup_url"], "ada@example.com")[0] == 200
    assert second.stop()[0] == 0
    third = start_server(tmp_path / "data")
    assert third.said["setup_url"] == ""
