"""People settings: how people sign in. Tables `[people]` and `[people.oidc.NAME]` of volant.toml, frozen at boot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from volant.core.nouns import Noun
from volant.core.permissions import ROLES

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")


class OidcSettings(Noun, frozen=True, kw_only=True):
    """One OpenID provider. Table `[people.oidc.NAME]`; NAME stands in the callback's URL."""

    issuer: str  # its URL, exactly as its discovery document says
    client_id: str  # as the provider knows this installation
    client_secret_env: str = ""  # environment variable that holds the client's secret ...
    client_secret_ref: str = ""  # ... or the name of a secret in the store; neither: a public client
    label: str = ""  # what the button says; empty: NAME
    allowed_domains: tuple[str, ...] = ()  # e-mail domains that may come in; none given: any verified e-mail
    project: str = "default"  # where `default_role` and `roles` hold
    default_role: str = ""  # for whoever comes in unknown; empty: only people who were invited
    role_claim: str = ""  # claim of the ID token that `roles` reads, e.g. groups; it decides at every sign-in
    roles: dict[str, str] = msgspec.field(default_factory=dict)  # value of the claim → role; the first that fits wins
    scopes: tuple[str, ...] = ("openid", "email", "profile")  # asked of the provider


class PeopleSettings(Noun, frozen=True, kw_only=True):
    """How people sign in. Table `[people]`."""

    passwords: bool = True  # whether e-mail and password open a session
    session_idle_s: float = 12 * 3600.0  # a session unused for so long ends
    session_lasts_s: float = 7 * 86400.0  # a session ends after this, used or not
    invitation_lasts_s: float = 7 * 86400.0  # a link ends after this
    secure_cookies: bool = False  # send the cookie over https only; so it is anyway where public_url says https
    oidc: dict[str, OidcSettings] = msgspec.field(default_factory=dict)  # OpenID providers by name


def people_problems(settings: PeopleSettings) -> Iterator[tuple[str, str]]:
    """(path below `people`, what is wrong and what to do) for everything that cannot work."""
    for name in ("session_idle_s", "session_lasts_s", "invitation_lasts_s"):
        if not 60 <= getattr(settings, name) <= 366 * 86400:
            yield f".{name}", "must be between a minute and a year, in seconds"
    if not settings.passwords and not settings.oidc:
        yield ".passwords", "cannot be off where no OpenID provider is configured: nobody could sign in"
    for name, provider in settings.oidc.items():
        for path, sentence in _provider_problems(name, provider):
            yield f".oidc.{name}{path}", sentence


def _provider_problems(name: str, provider: OidcSettings) -> Iterator[tuple[str, str]]:
    if not _NAME.fullmatch(name):
        yield "", "the name may have up to 31 of a-z, 0-9 and -; it stands in a URL"
    issuer = urlsplit(provider.issuer)
    loopback = issuer.hostname in ("localhost", "127.0.0.1", "::1")
    if not issuer.hostname or (issuer.scheme != "https" and not (issuer.scheme == "http" and loopback)):
        yield ".issuer", "must be an https URL (http on this machine only)"
    if provider.client_secret_env and provider.client_secret_ref:
        yield ".client_secret_ref", "give it or client_secret_env, not both"
    if "openid" not in provider.scopes:
        yield ".scopes", "must hold openid"
    for role in {provider.default_role, *provider.roles.values()} - {""}:
        if role not in ROLES:
            yield ".roles", f"there is no role {role!r}; choose from {', '.join(ROLES)}"
    if bool(provider.roles) != bool(provider.role_claim):
        yield ".role_claim", "give role_claim and roles together: the claim, and what its values mean"
