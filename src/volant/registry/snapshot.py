"""Snapshot: documents and state put together as a gateway reads them.

Knows how a deployment becomes a target (address, credentials, price); knows no transport. The environment, the price
table and the providers' usual addresses come in as arguments.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

import msgspec
from sqlalchemy import Connection

from volant.core.accounts import day_of
from volant.core.deployment_rules import REFERENCE
from volant.core.errors import NotFound, VolantError
from volant.core.nouns import (
    BoundPrompt,
    DeploymentSpec,
    Documents,
    LimitSpec,
    Route,
    Snapshot,
    Split,
    Target,
    TaskSpec,
    VariantSpec,
)
from volant.core.prices import Price, price_on
from volant.registry import documents, keys, projects, prompts, revision, secrets, state
from volant.store.keys import KeyRing

PriceOf = Callable[[str, str], Price | None]  # (provider, model) → what the tables say today
BaseUrlOf = Callable[[str], str]  # provider → its usual base URL, or ""


def build_snapshot(
    tx: Connection,
    ring: KeyRing,
    *,
    now_ms: int,
    price_of: PriceOf = lambda provider, model: None,
    base_url_of: BaseUrlOf = lambda provider: "",
    environment: Mapping[str, str] | None = None,
) -> Snapshot:
    """Everything a gateway needs. A deployment without an address, or unhealthy, is left out of `targets`."""
    routes: dict[str, dict[str, Route]] = {}
    targets: dict[str, dict[str, Target]] = {}
    hash_keys: dict[str, str] = {}
    bound: dict[str, dict[str, BoundPrompt]] = {}
    aliases: dict[str, dict[str, str]] = {}
    made: dict[str, dict[str, int]] = {}
    limits: dict[str, tuple[LimitSpec, ...]] = {}
    parts: list[object] = []
    refuse = False
    for project in projects.list_all(tx):
        applied = documents.current(tx, project.id)
        hash_keys[project.id] = ring.hash_key(tx, project.id).hex()
        routes[project.id] = _routes(tx, project.id, applied.documents)
        secret = _Secrets(tx, ring, project.id, environment or {})
        targets[project.id] = _targets(tx, project.id, applied.documents, price_of, base_url_of, secret, day_of(now_ms))
        aliases[project.id] = applied.documents.aliases
        made[project.id] = documents.made(tx, project.id)
        limits[project.id] = applied.documents.limits
        refuse = refuse or applied.documents.policy.on_full_disk == "refuse"
        bound[project.id] = _prompts(tx, project.id, routes[project.id])
        versions = sorted((reference, one.version_id) for reference, one in bound[project.id].items())
        parts.append([project.id, applied.hash, routes[project.id], versions])
    return Snapshot(
        revision=revision.current(tx),
        config_hash=hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()[:16],
        routes=routes,
        targets=targets,
        keys=keys.grants(tx, now_ms=now_ms),
        subject_keys=hash_keys,
        on_full_disk="refuse" if refuse else "serve",
        prompts=bound,
        aliases=aliases,
        made=made,
        limits=limits,
    )


def _routes(tx: Connection, project: str, configured: Documents) -> dict[str, Route]:
    live = state.listed(tx, project, "live", state.Live)
    splits = state.listed(tx, project, "split", Split)
    return {
        task.name: _route(_with_added(task, state.variants(tx, project, task.name)), live.get(task.name), splits)
        for task in configured.tasks
    }


def _with_added(task: TaskSpec, added: Mapping[str, VariantSpec]) -> TaskSpec:
    kept = tuple(variant for variant in task.variants if variant.name not in added)
    return msgspec.structs.replace(task, variants=(*kept, *added.values()))


def _route(task: TaskSpec, fact: state.Live | None, splits: Mapping[str, Split]) -> Route:
    """The live variant: a release's decision, else the document's, else the first; never one that is not there."""
    known = {variant.name for variant in task.variants}
    split = splits.get(task.name)
    if fact is not None and fact.variant in known:
        live, release_id = fact.variant, fact.release_id
    else:
        live, release_id = task.live if task.live in known else task.variants[0].name, ""
    return Route(
        task=task, live=live, release_id=release_id, split=split if split and split.candidate in known else None
    )


def _prompts(tx: Connection, project: str, routes: Mapping[str, Route]) -> dict[str, BoundPrompt]:
    """What the variants' references mean now. One that means nothing is left out: the gateway says so to who asks."""
    out: dict[str, BoundPrompt] = {}
    for reference in {one.prompt for route in routes.values() for one in route.task.variants if one.prompt}:
        try:
            out[reference] = prompts.bind(tx, project, reference)
        except VolantError:
            continue
    return out


class _Secrets:
    """What documents name and do not hold: variables of the server's environment, and the project's secrets."""

    def __init__(self, tx: Connection, ring: KeyRing, project: str, environment: Mapping[str, str]) -> None:
        self._tx = tx
        self._ring = ring
        self._project = project
        self._environment = environment

    def credential(self, spec: DeploymentSpec) -> str:
        """The provider's key; empty when the named one is not there, so that the provider's own 401 says so."""
        if spec.api_key_ref:
            return self._kept(spec.api_key_ref)
        return self._environment.get(spec.api_key_env, "") if spec.api_key_env else ""

    def resolved(self, value: str) -> str:
        """The value, or what "env:NAME" and "secret:NAME" stand for; empty where it is not there."""
        if (named := REFERENCE.fullmatch(value)) is None:
            return value
        kind, name = named.groups()
        return self._environment.get(name, "") if kind == "env" else self._kept(name)

    def all_resolved(self, values: Mapping[str, str]) -> dict[str, str]:
        """Values that are not there, or cannot stand in one line, are left out."""
        found = {name: self.resolved(value) for name, value in values.items()}
        return {name: value for name, value in found.items() if value and value.isprintable()}

    def _kept(self, name: str) -> str:
        try:
            return secrets.get(self._tx, self._ring, self._project, name)
        except NotFound:
            return ""


def _targets(
    tx: Connection,
    project: str,
    configured: Documents,
    price_of: PriceOf,
    base_url_of: BaseUrlOf,
    secret: _Secrets,
    day: str,
) -> dict[str, Target]:
    places = state.places(tx, project)
    specs = {name: place.spec for name, place in places.items() if place.spec is not None}
    specs |= {spec.name: spec for spec in configured.deployments}
    out: dict[str, Target] = {}
    for name, spec in specs.items():
        place = places.get(name)
        address = place.base_url if place else spec.base_url or base_url_of(spec.provider)
        if not address or (place is not None and not place.healthy):
            continue
        key = (place.api_key if place else "") or secret.credential(spec)
        table = price_of(spec.provider, spec.price_model or spec.model) or Price()
        out[name] = _target(spec, address, key, price_on(spec, day, table), secret)
    return out


def _target(spec: DeploymentSpec, address: str, key: str, price: Price, secret: _Secrets) -> Target:
    return Target(
        name=spec.name,
        provider=spec.provider,
        model=spec.model,
        base_url=address.rstrip("/"),
        api_key=key,
        weight=spec.weight,
        max_in_flight=spec.max_in_flight,
        timeout_connect_s=spec.timeout_connect_s,
        timeout_first_token_s=spec.timeout_first_token_s,
        timeout_between_tokens_s=spec.timeout_between_tokens_s,
        timeout_total_s=spec.timeout_total_s,
        priority=spec.priority,
        region=spec.region,
        requests_per_minute=spec.requests_per_minute,
        tokens_per_minute=spec.tokens_per_minute,
        context_tokens=spec.context_tokens,
        headers=secret.all_resolved(spec.headers),
        options=secret.all_resolved(spec.options),
        proxy=secret.resolved(spec.proxy),
        ca_file=spec.ca_file,
        usd_per_input_token=price.usd_per_input_token,
        usd_per_output_token=price.usd_per_output_token,
        usd_per_cached_token=price.usd_per_cached_token,
        usd_per_cache_write_token=price.usd_per_cache_write_token,
        usd_per_input_audio_token=price.usd_per_input_audio_token,
        usd_per_output_audio_token=price.usd_per_output_audio_token,
        price_tiers=price.tiers,
        price_version=price.version,
    )
