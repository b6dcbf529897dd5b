"""OpenID Connect, the client's side: discovery, the way to the provider and back, the ID token's check.

Authorization code flow with PKCE (RFC 7636, S256), `state` and `nonce`; the ID token is checked by the provider's
published keys: signature with an asymmetric algorithm, issuer, audience, expiry, nonce. Knows no people: what comes out
are claims. Sources: OpenID Connect Core 1.0 sections 3.1.2 to 3.1.3.7 and Discovery 1.0 section 4.3.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt
import msgspec

from volant.core.errors import BadInput, Unauthenticated, UpstreamFailed
from volant.core.people_settings import OidcSettings
from volant.registry.identities import Claims
from volant.store.vault import Vault

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
WAY_LASTS_S = 600.0  # how long somebody may take at the provider
_KEPT_S = 3600.0  # discovery and keys; an unknown key is asked for at once, at most every _AGAIN_S
_AGAIN_S = 30.0
_SILENT_S = 5.0  # a provider that failed is not asked again before: everybody would wait for it, one after another
_LEEWAY_S = 60.0  # between the provider's clock and ours
_TIMEOUT_S = 10.0
_MOST_BYTES = 1 << 20
log = logging.getLogger("volant.api")


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser carries, sealed, while somebody is at the provider."""

    provider: str
    state: str
    nonce: str
    verifier: str  # PKCE
    next: str  # where to go afterwards, a path of ours
    expires_ms: int


class Client:
    """One provider, seen from this installation. Thread-safe."""

    def __init__(self, name: str, settings: OidcSettings, secret: Callable[[], str]) -> None:
        self.name = name
        self.settings = settings
        self._secret = secret
        self._lock = threading.Lock()
        self._facts: dict[str, Any] = {}
        self._keys: dict[str, jwt.PyJWK] = {}
        self._facts_at = self._keys_at = self._failed_at = -_KEPT_S

    def start(self, redirect_uri: str, next_path: str, *, now_ms: int) -> tuple[str, Way]:
        """Where to send the browser, and what it must bring back. Raises UpstreamFailed."""
        way = Way(
            provider=self.name,
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            next=safe_path(next_path),
            expires_ms=now_ms + int(WAY_LASTS_S * 1000),
        )
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self.settings.scopes),
            "state": way.state,
            "nonce": way.nonce,
            "code_challenge": _s256(way.verifier),
            "code_challenge_method": "S256",
        }
        place = self._endpoint("authorization_endpoint")
        return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}", way

    def finish(self, way: Way, state: str, code: str, redirect_uri: str, *, now_ms: int, issuer: str = "") -> Claims:
        """The checked claims of whoever came back. Raises Unauthenticated or UpstreamFailed."""
        if now_ms > way.expires_ms or way.provider != self.name or not _same(way.state, state):
            raise _refused("the way back is not the one that began here, or took too long")
        if issuer and issuer != self.settings.issuer:  # RFC 9207: another provider's answer
            raise _refused("the answer is another provider's")
        tokens = self._exchange(code, way.verifier, redirect_uri)
        claims = self._checked(str(tokens.get("id_token", "")), way.nonce)
        if "email" not in claims and self._known().get("userinfo_endpoint"):
            claims |= self._userinfo(str(tokens.get("access_token", "")), str(claims["sub"]))
        return Claims(
            issuer=self.settings.issuer,
            subject=str(claims["sub"]),
            email=str(claims.get("email") or ""),
            email_verified=claims.get("email_verified") in (True, "true"),
            name=str(claims.get("name") or ""),
            others=claims,
        )

    # ------------------------------------------------------------ tokens
    def _exchange(self, code: str, verifier: str, redirect_uri: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = {}
        secret, ways = self._secret(), self._known().get("token_endpoint_auth_methods_supported")
        if not secret:
            form["client_id"] = self.settings.client_id
        elif ways is None or "client_secret_basic" in ways:
            pair = f"{quote(self.settings.client_id, safe='')}:{quote(secret, safe='')}"
            headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form |= {"client_id": self.settings.client_id, "client_secret": secret}
        return _ask(self._endpoint("token_endpoint"), headers, urlencode(form).encode())

    def _checked(self, token: str, nonce: str) -> dict[str, Any]:
        """The ID token's claims. OpenID Connect Core 3.1.3.7."""
        try:
            head = jwt.get_unverified_header(token)
            algorithm = str(head.get("alg"))
            if algorithm not in ALGORITHMS:
                raise _refused(f"its ID token is signed with {algorithm[:20]!r}")
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key(str(head.get("kid", ""))),
                algorithms=[algorithm],
                audience=self.settings.client_id,
                issuer=self.settings.issuer,
                leeway=_LEEWAY_S,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise _refused(f"its ID token does not hold: {type(error).__name__}") from None
        if not _same(str(claims.get("nonce", "")), nonce):
            raise _refused("its ID token was made for another sign-in")
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != self.settings.client_id:
            raise _refused("its ID token was made for another application")
        return claims

    def _userinfo(self, access_token: str, subject: str) -> dict[str, Any]:
        found = _ask(self._endpoint("userinfo_endpoint"), {"authorization": f"Bearer {access_token}"})
        if found.get("sub") != subject:
            raise _refused("its user info is about somebody else")
        return {name: value for name, value in found.items() if name not in ("iss", "aud", "sub")}

    # ------------------------------------------------------------ the provider's facts
    def _known(self) -> dict[str, Any]:
        with self._lock:
            if time.monotonic() - self._facts_at > _KEPT_S:
                facts = self._fetched(f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration")
                if facts.get("issuer") != self.settings.issuer:
                    raise _failed(f"it calls itself {str(facts.get('issuer'))[:100]!r}", self.settings.issuer)
                self._facts, self._facts_at = facts, time.monotonic()
            return self._facts

    def _endpoint(self, name: str) -> str:
        place = str(self._known().get(name) or "")
        wanted = urlsplit(self.settings.issuer).scheme
        if urlsplit(place).scheme not in ("https", wanted):
            raise _failed(f"its {name} is {place[:100]!r}", self.settings.issuer)
        return place

    def _key(self, key_id: str) -> jwt.PyJWK:
        """The key that signed; fetched again when it is new to us."""
        place = self._endpoint("jwks_uri")
        with self._lock:
            age = time.monotonic() - self._keys_at
            if age > _KEPT_S or (not self._has(key_id) and age > _AGAIN_S):
                self._keys, self._keys_at = _signing_keys(self._fetched(place)), time.monotonic()
            if not self._has(key_id):
                raise _refused("its ID token is signed by a key that it does not publish")
            return self._keys[key_id] if key_id else next(iter(self._keys.values()))

    def _fetched(self, place: str) -> dict[str, Any]:
        """What the provider publishes there. Called under the lock: who waits for it hears of a failure at once."""
        if time.monotonic() - self._failed_at < _SILENT_S:
            raise _failed("it gave no usable answer a moment ago", place)
        try:
            return _ask(place)
        except UpstreamFailed:
            self._failed_at = time.monotonic()
            raise

    def _has(self, key_id: str) -> bool:
        return key_id in self._keys if key_id else len(self._keys) == 1


def seal_way(vault: Vault, way: Way) -> str:
    """The way as a cookie's value."""
    sealed = vault.seal(vault.derive("oidc-way"), msgspec.json.encode(way))
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def open_way(vault: Vault, cookie: str) -> Way:
    """Raises Unauthenticated for anything that was not sealed here."""
    try:
        sealed = base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
        return msgspec.json.decode(vault.open_sealed(vault.derive("oidc-way"), sealed), type=Way)
    except (BadInput, ValueError, msgspec.DecodeError):
        raise _refused("the way back did not begin in this browser") from None


def safe_path(text: str) -> str:
    """A path of ours to go to afterwards; `/` for whatever could lead elsewhere."""
    if len(text) > 2000 or "\\" in text or not text.isprintable() or not text.startswith("/") or text[1:2] == "/":
        return "/"
    parts = urlsplit(text)
    return "/" if parts.scheme or parts.netloc else text


def _signing_keys(published: Mapping[str, Any]) -> dict[str, jwt.PyJWK]:
    keys = {}
    for one in published.get("keys", ()):
        if not isinstance(one, dict) or one.get("use", "sig") != "sig" or one.get("kty") == "oct":
            continue
        try:
            keys[str(one.get("kid", ""))] = jwt.PyJWK.from_dict(one)
        except jwt.PyJWTError:
            log.info("a provider publishes a key that this version cannot use")
    return keys


def _ask(place: str, headers: Mapping[str, str] | None = None, form: bytes | None = None) -> dict[str, Any]:
    """One JSON object over HTTP. Raises UpstreamFailed, without what was sent or said."""
    request = urllib.request.Request(place, data=form, headers={"accept": "application/json", **(headers or {})})
    if urlsplit(place).scheme not in ("http", "https"):
        raise _failed("that is no http URL", place)
    try:
        with _opener.open(request, timeout=_TIMEOUT_S) as answer:
            found = json.loads(answer.read(_MOST_BYTES))
    except urllib.error.HTTPError as error:
        with error:
            code = _error_code(error.read(10_000)) if error.code in (400, 401) else ""
        raise _failed(f"it answered {error.code}{code}", place) from None
    except (OSError, ValueError) as error:
        raise _failed(f"no usable answer ({type(error).__name__})", place) from None
    if not isinstance(found, dict):
        raise _failed("its answer is no object", place)
    return found


def _error_code(body: bytes) -> str:
    """OAuth's word for what was wrong, e.g. `invalid_grant`."""
    try:
        word = str(json.loads(body).get("error", ""))
    except (ValueError, AttributeError):
        return ""
    return f" {word}" if word.replace("_", "").isalpha() and len(word) < 40 else ""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could carry the client's secret elsewhere."""

    def redirect_request(self, *_arguments: Any, **_more: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def _same(text: str, other: str) -> bool:
    """In constant time; what came in a URL may be any letters."""
    return hmac.compare_digest(text.encode(), other.encode())


def _s256(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _refused(why: str) -> Unauthenticated:
    return Unauthenticated("oidc_refused", f"the provider's word was not accepted: {why}", hint="sign in again")


def _failed(why: str, place: str) -> UpstreamFailed:
    return UpstreamFailed(
        "oidc_failed",
        f"the OpenID provider does not answer as it should: {why}",
        where=place[:200],
        hint="check [people.oidc] in volant.toml, and that this machine reaches the provider",
    )
