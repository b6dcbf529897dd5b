"""Sign-in by OpenID Connect: against a real provider (npm's oidc-provider, tests/oidc) on loopback, and against a
forging one that answers whatever a thief would like."""

from __future__ import annotations

import base64
import http.client
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.api.conftest import Answer, Api, Browser, browser_of

from volant.api import oidc
from volant.core.errors import Unauthenticated, UpstreamFailed, VolantError
from volant.core.people_settings import OidcSettings, PeopleSettings
from volant.registry import people
from volant.registry.identities import Claims, person_of

HERE = Path(__file__).parents[1] / "oidc"
CALLBACK = "http://localhost/api/v1/session/oidc/test/callback"
SECRET = "a secret with spaces & signs"
ADA = {"sub": "ada-1", "email": "Ada@Example.com", "email_verified": True, "name": "Ada Lovelace", "groups": ["ml"]}


# ---------------------------------------------------------------- the real provider
@pytest.fixture(scope="module")
def node_modules() -> None:
    """The provider's package. Skips by name without it; VOLANT_STRICT=1 installs it and forbids skipping."""
    if (HERE / "node_modules" / "oidc-provider").is_dir() and shutil.which("node"):
        return
    if os.environ.get("VOLANT_STRICT") != "1":
        pytest.skip("oidc-provider is not installed: `npm ci` in tests/oidc (needs Node.js)")
    subprocess.run(["npm", "ci"], cwd=HERE, check=True)


@pytest.fixture(scope="module", params=["in-user-info", "in-id-token"])
def issuer(request: pytest.FixtureRequest, node_modules: None) -> Iterator[str]:
    """A running provider that gives the e-mail there, or there."""
    process = subprocess.Popen(
        ["node", "provider.mjs", CALLBACK, request.param],
        cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(timeout=30)
        process.stdout.close()


class Walk:
    """A browser between the provider and us, as far as it matters here: it follows redirects and keeps cookies."""

    def __init__(self, api: Api, issuer: str) -> None:
        self.api, self.issuer = api, issuer
        self.ours: dict[str, str] = {}
        self.theirs: dict[str, str] = {}
        self.seen: list[str] = []

    def ask_us(self, place: str) -> Answer:
        headers = {"cookie": "; ".join(f"{name}={value}" for name, value in self.ours.items()), "host": "localhost"}
        answer = self.api.call("GET", place, key="", headers=headers)
        _keep(self.ours, answer.cookies.values())
        self.seen.append(answer.headers.get("location", ""))
        return answer

    def at_provider(self, place: str) -> str:
        """Follow the provider's redirects until they lead back; gives the URL of ours."""
        for _hop in range(10):
            parts = urlsplit(place)
            connection = http.client.HTTPConnection("127.0.0.1", urlsplit(self.issuer).port, timeout=20)
            cookie = "; ".join(f"{name}={value}" for name, value in self.theirs.items())
            connection.request("GET", f"{parts.path}?{parts.query}", headers={"cookie": cookie})
            answer = connection.getresponse()
            body = answer.read()
            _keep(self.theirs, answer.headers.get_all("set-cookie") or [])
            connection.close()
            place = answer.headers.get("location") or ""
            assert place, (answer.status, body[:500])
            if place.startswith(CALLBACK):
                return place.removeprefix("http://localhost")
        raise AssertionError("the provider never led back")

    def sign_in(self, next_path: str = "/") -> Answer:
        went = self.ask_us(f"/api/v1/session/oidc/test/start?next={next_path}")
        assert went.status == 302, went.body
        return self.ask_us(self.at_provider(went.headers["location"]))

    def session(self) -> Any:
        return Browser(self.api, self.ours.get("volant_session", "")).call("GET", "/api/v1/session").json()


def _keep(jar: dict[str, str], headers: Any) -> None:
    for header in headers:
        name, _, value = header.partition(";")[0].partition("=")
        jar[name] = value.strip('"')


def account(issuer: str, **claims: Any) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(issuer).port, timeout=20)
    connection.request("PUT", "/test/account", json.dumps({**ADA, **claims}))
    assert connection.getresponse().status == 200
    connection.close()


@pytest.fixture
def house(make_api: Any, issuer: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Walk]:
    """Us, configured for the provider, and a fresh browser."""
    monkeypatch.setenv("TEST_OIDC_SECRET", SECRET)

    def make(**settings: Any) -> Walk:
        chosen = {"client_id": "volant", "client_secret_env": "TEST_OIDC_SECRET", "default_role": "viewer", **settings}
        provider = OidcSettings(issuer=issuer, label="Company account", **chosen)
        api = make_api(people=PeopleSettings(oidc={"test": provider}))
        api.clock.advance(int(time.time() * 1000) - api.clock.now_ms())
        account(issuer)
        return Walk(api, issuer)

    return make


def test_somebody_comes_in_by_the_provider_and_is_the_same_next_time(house: Any) -> None:
    walk = house()
    methods = walk.api.call("GET", "/api/v1/session/methods", key="").json()
    assert methods["oidc"] == [{"name": "test", "label": "Company account"}]
    answer = walk.sign_in("/traces?task=x")
    assert (answer.status, answer.headers["location"]) == (302, "/traces?task=x")
    cookie = answer.cookies["volant_session"]
    assert "HttpOnly" in cookie
    assert 'volant_oidc=""' in answer.cookies["volant_oidc"], "the way is over"
    me = walk.session()
    assert (me["person"]["email"], me["person"]["name"]) == ("ada@example.com", "Ada Lovelace")
    assert [(one["id"], one["role"]) for one in me["projects"]] == [("default", "viewer")]
    account(walk.issuer, email="renamed@example.com", name="Other")
    again = Walk(walk.api, walk.issuer)
    again.sign_in()
    assert again.session()["person"]["id"] == me["person"]["id"], "an account is its issuer and sub"


@pytest.mark.parametrize(
    "client",
    [{"client_id": "volant-public", "client_secret_env": ""}, {"client_id": "volant"}],
    ids=["public", "basic"],
)
def test_public_and_confidential_clients(house: Any, client: dict[str, str]) -> None:
    walk = house(**client)
    assert walk.sign_in().headers["location"] == "/"
    assert walk.session()["person"]["email"] == "ada@example.com"
    asked = parse_qs(urlsplit(walk.seen[0]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["state"] != asked["nonce"]


def test_the_clients_secret_may_stand_in_the_store(house: Any) -> None:
    walk = house(client_secret_env="", client_secret_ref="sso")
    assert "error=oidc_failed" in walk.sign_in().headers["location"] or "secret_unknown" in walk.seen[-1]
    walk.api.call("PUT", "/api/v1/secrets/sso", {"value": SECRET})
    assert Walk(walk.api, walk.issuer).sign_in().headers["location"] == "/"


def test_a_wrong_secret_opens_nothing(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    walk = house()
    monkeypatch.setenv("TEST_OIDC_SECRET", "wrong")
    assert walk.sign_in().headers["location"] == "/sign-in?error=oidc_failed"
    assert "volant_session" not in walk.ours


@pytest.mark.parametrize(
    ("settings", "claims", "code"),
    [
        ({}, {"email_verified": False}, "email_unverified"),
        ({}, {"email": None}, "email_unverified"),
        ({"allowed_domains": ("bank.example",)}, {}, "domain_refused"),
        ({"allowed_domains": ("example.com",)}, {"email": "ada@example.com.evil.example"}, "domain_refused"),
        ({"default_role": ""}, {}, "not_invited"),
        ({"default_role": "", "role_claim": "groups", "roles": {"hr": "viewer"}}, {}, "not_invited"),
    ],
)
def test_who_is_not_meant_does_not_come_in(
    house: Any, settings: dict[str, Any], claims: dict[str, Any], code: str
) -> None:
    walk = house(scopes=("openid", "email", "profile", "groups"), **settings)
    account(walk.issuer, **claims)
    assert walk.sign_in().headers["location"] == f"/sign-in?error={code}"
    assert "volant_session" not in walk.ours
    with walk.api.context.db.read() as tx:
        assert not people.anybody(tx)


def test_the_groups_claim_decides_the_role_at_every_sign_in(house: Any) -> None:
    walk = house(
        scopes=("openid", "email", "profile", "groups"), default_role="", role_claim="groups",
        roles={"leads": "engineer", "ml": "scientist"},
    )  # fmt: skip
    browser_of(walk.api, "admin")

    def role_with(*groups: str) -> str:
        account(walk.issuer, groups=list(groups))
        again = Walk(walk.api, walk.issuer)
        again.sign_in()
        return ",".join(one["role"] for one in again.session()["projects"])

    assert role_with("ml") == "scientist"
    assert role_with("ml", "leads") == "engineer", "the first of the table that fits"
    assert role_with("ml") == "scientist"
    account(walk.issuer, groups=["gone"])
    left = Walk(walk.api, walk.issuer)
    left.sign_in()
    assert left.session()["projects"] == []
    with walk.api.context.db.begin() as tx:
        ada = people.by_email(tx, "ada@example.com")
        assert ada is not None
        people.set_role(tx, "default", ada.id, "reviewer", by="usr_somebody", now_ms=1)
    assert role_with("gone") == "reviewer", "what a person gave is not the claim's to take"


def test_an_invited_person_takes_up_their_invitation(house: Any) -> None:
    walk = house(default_role="")
    made = walk.api.call("POST", "/api/v1/invitations", {"email": "ada@example.com", "role": "reviewer"})
    assert walk.sign_in().headers["location"] == "/"
    assert [one["role"] for one in walk.session()["projects"]] == ["reviewer"]
    states = {one["id"]: one["state"] for one in walk.api.call("GET", "/api/v1/invitations").json()["data"]}
    assert states[made.json()["invitation"]["id"]] == "accepted"


def test_a_person_with_a_password_is_the_same_person(house: Any) -> None:
    walk = house()
    known = browser_of(walk.api, "engineer", email="ada@example.com")
    walk.sign_in()
    assert walk.session()["person"]["id"] == known.person_id
    assert [one["role"] for one in walk.session()["projects"]] == ["engineer"]
    walk.api.call("PUT", f"/api/v1/people/{known.person_id}", {"active": False})
    again = Walk(walk.api, walk.issuer)
    assert again.sign_in().headers["location"] == "/sign-in?error=person_disabled"


def test_the_way_back_works_in_the_browser_that_began_it_once_and_not_for_long(house: Any) -> None:
    walk = house()
    went = walk.ask_us("/api/v1/session/oidc/test/start")
    back = walk.at_provider(went.headers["location"])
    thief = Walk(walk.api, walk.issuer)
    assert thief.ask_us(back).headers["location"] == "/sign-in?error=oidc_refused", "another browser"
    victim = Walk(walk.api, walk.issuer)
    victim.ask_us("/api/v1/session/oidc/test/start")
    assert victim.ask_us(back).headers["location"] == "/sign-in?error=oidc_refused", "another state: login CSRF"
    kept = dict(walk.ours)
    assert walk.ask_us(back).headers["location"] == "/"
    walk.ours = kept
    assert walk.ask_us(back).headers["location"] == "/sign-in?error=oidc_failed", "a code works once"
    late = Walk(walk.api, walk.issuer)
    back = late.at_provider(late.ask_us("/api/v1/session/oidc/test/start").headers["location"])
    walk.api.clock.advance(601_000)
    assert late.ask_us(back).headers["location"] == "/sign-in?error=oidc_refused"
    assert walk.ask_us("/api/v1/session/oidc/other/start").headers["location"] == "/sign-in?error=provider_unknown"


# ---------------------------------------------------------------- where people are sent afterwards
@pytest.mark.parametrize(
    "place",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "",
     "/\t/evil.example", "/x\r\nset-cookie: a=b", "evil.example", "/" + "a" * 2001, "///evil.example"],
)  # fmt: skip
def test_open_redirects_are_impossible(place: str) -> None:
    assert oidc.safe_path(place) == "/"


@pytest.mark.parametrize("place", ["/", "/traces?task=x&from=https://a.example", "/runs/run_1#loss", "/a//b"])
def test_paths_of_ours_stay(place: str) -> None:
    assert oidc.safe_path(place) == place


# ---------------------------------------------------------------- a provider that lies
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Forger:
    """A provider whose next ID token is `token`."""

    def __init__(self) -> None:
        self.token, self.facts, self.asked = "", {}, []  # type: ignore[var-annotated]
        forger = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/jwks":
                    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
                    self._say({"keys": [{**public, "kid": "one", "use": "sig"}]})
                elif self.path == "/away":
                    self.send_response(302)
                    self.send_header("location", "http://127.0.0.1:9/")
                    self.end_headers()
                else:
                    here = forger.issuer
                    self._say({"issuer": here, "authorization_endpoint": f"{here}/auth", "token_endpoint":
                               f"{here}/token", "jwks_uri": f"{here}/jwks", **forger.facts})  # fmt: skip

            def do_POST(self) -> None:
                forger.asked.append(self.rfile.read(int(self.headers["content-length"])).decode())
                self._say({"id_token": forger.token, "access_token": "a"})

            def _say(self, value: Any) -> None:
                body = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def claims(self, way: oidc.Way, **changed: Any) -> dict[str, Any]:
        now = int(time.time())
        return {"iss": self.issuer, "aud": "us", "sub": "s", "iat": now, "exp": now + 60, "nonce": way.nonce,
                "email": "a@example.com", "email_verified": True, **changed}  # fmt: skip


@pytest.fixture
def forger() -> Iterator[Forger]:
    made = Forger()
    yield made
    made.server.shutdown()
    made.server.server_close()
    made.thread.join()


def client_of(forger: Forger) -> oidc.Client:
    return oidc.Client("test", OidcSettings(issuer=forger.issuer, client_id="us"), lambda: "")


def signed(claims: dict[str, Any], key: Any = KEY, algorithm: str = "RS256", kid: str = "one") -> str:
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, key, algorithm, headers={"kid": kid})


def test_an_honest_token_passes(forger: Forger) -> None:
    client = client_of(forger)
    place, way = client.start(CALLBACK, "/", now_ms=0)
    assert place.startswith(f"{forger.issuer}/auth?")
    forger.token = signed(forger.claims(way))
    claims = client.finish(way, way.state, "code", CALLBACK, now_ms=1)
    assert (claims.subject, claims.email, claims.email_verified) == ("s", "a@example.com", True)
    assert way.verifier in forger.asked[0]


TIMES = {"exp", "nbf"}  # numbers there are seconds from now
LIES: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "somebody else"},
    "us among others, for another": {"aud": ["us", "them"], "azp": "them"},
    "us among others, for nobody": {"aud": ["us", "them"]},
    "expired": {"exp": -120},
    "no expiry": {"exp": None},
    "no subject": {"sub": None},
    "not yet": {"nbf": 600},
    "another nonce": {"nonce": "of another sign-in"},
    "no nonce": {"nonce": None},
}


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_a_token_with_wrong_claims_is_refused(forger: Forger, lie: str) -> None:
    client = client_of(forger)
    _, way = client.start(CALLBACK, "/", now_ms=0)
    now_s = int(time.time())
    told = {name: now_s + value if name in TIMES and value else value for name, value in LIES[lie].items()}
    forger.token = signed(forger.claims(way, **told))
    with pytest.raises(Unauthenticated, match="not accepted"):
        client.finish(way, way.state, "code", CALLBACK, now_ms=1)


def test_a_token_with_a_wrong_signature_is_refused(forger: Forger) -> None:
    client = client_of(forger)
    _, way = client.start(CALLBACK, "/", now_ms=0)
    claims = forger.claims(way)
    good = signed(claims)
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": "one"}).encode()).decode().rstrip("=")
    swapped = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "admin"}).encode()).decode().rstrip("=")
    parts = good.split(".")
    for token in (
        signed(claims, OTHER_KEY),
        signed(claims, OTHER_KEY, kid="two"),
        signed(claims, "x" * 32, "HS256"),
        f"{head}.{parts[1]}.",
        f"{parts[0]}.{swapped}.{parts[2]}",
        "nonsense",
        "",
    ):
        forger.token = token
        with pytest.raises(Unauthenticated):
            client.finish(way, way.state, "code", CALLBACK, now_ms=1)


def test_state_and_the_providers_name_are_checked(forger: Forger) -> None:
    client = client_of(forger)
    _, way = client.start(CALLBACK, "/", now_ms=0)
    forger.token = signed(forger.claims(way))
    for state, issuer, now in (("", "", 1), ("wrong", "", 1), ("falsch: é", "", 1),
                               (way.state, "https://evil.example", 1), (way.state, "", 700_000)):  # fmt: skip
        with pytest.raises(Unauthenticated):
            client.finish(way, state, "code", CALLBACK, now_ms=now, issuer=issuer)
    assert not forger.asked, "no code is handed over before"


@pytest.mark.parametrize(
    "facts",
    [{"issuer": "https://evil.example"}, {"token_endpoint": "file:///etc/passwd"}, {"jwks_uri": ""},
     {"jwks_uri": "HERE/away"}],
)  # fmt: skip
def test_a_provider_that_is_another_or_leads_elsewhere_is_not_followed(forger: Forger, facts: dict[str, str]) -> None:
    forger.facts = {name: value.replace("HERE", forger.issuer) for name, value in facts.items()}
    client = client_of(forger)

    def walk() -> None:
        _, way = client.start(CALLBACK, "/", now_ms=0)
        forger.token = signed(forger.claims(way))
        client.finish(way, way.state, "code", CALLBACK, now_ms=1)

    with pytest.raises(UpstreamFailed) as refused:
        walk()
    assert refused.value.code == "oidc_failed"
    assert forger.token == "" or forger.token not in str(refused.value)


def test_a_provider_that_failed_is_left_alone_for_a_moment(forger: Forger, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def silent(place: str, *_: Any) -> dict[str, Any]:
        asked.append(place)
        raise oidc._failed("no usable answer (TimeoutError)", place)

    plain = oidc._ask
    monkeypatch.setattr(oidc, "_ask", silent)
    client = client_of(forger)
    for _ in range(20):  # each would hold the lock, and a thread of the server, for ten seconds
        with pytest.raises(UpstreamFailed):
            client.start(CALLBACK, "/", now_ms=0)
    assert len(asked) == 1
    monkeypatch.setattr(oidc, "_ask", plain)
    client._failed_at -= oidc._SILENT_S
    assert client.start(CALLBACK, "/", now_ms=0)[0].startswith(forger.issuer)


def test_an_invitation_to_less_does_not_keep_the_last_admin_out(api: Api) -> None:
    ada = browser_of(api, "admin", email="ada@example.com")
    assert api.call("POST", "/api/v1/invitations", {"email": "ada@example.com", "role": "viewer"}).status == 201
    claims = Claims(issuer="https://idp.example", subject="s", email="ada@example.com", email_verified=True)
    settings = OidcSettings(issuer="https://idp.example", client_id="us")
    with api.context.db.begin() as tx:
        assert person_of(tx, "test", settings, claims, now_ms=api.clock.now_ms()).id == ada.person_id
        assert people.roles_of(tx, ada.person_id) == {"default": "admin"}
    states = {one["purpose"]: one["state"] for one in api.call("GET", "/api/v1/invitations").json()["data"]}
    assert states["join"] == "accepted"


def test_a_cookie_of_ones_own_making_is_no_way(api: Api) -> None:
    way = oidc.Way(provider="test", state="s", nonce="n", verifier="v", next="/", expires_ms=1)
    sealed = oidc.seal_way(api.context.vault, way)
    assert oidc.open_way(api.context.vault, sealed) == way
    plain = base64.urlsafe_b64encode(json.dumps({"state": "s"}).encode()).decode()
    for cookie in ("", "x", plain, sealed[:-4] + "AAAA", "é"):
        with pytest.raises(VolantError) as refused:
            oidc.open_way(api.context.vault, cookie)
        assert refused.value.code == "oidc_refused"
