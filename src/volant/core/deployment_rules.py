"""Deployment rules: what is wrong with deployments, limits and prices as people wrote them. Pure: looks nothing up.

A secret stands in no document. Where a header, an option or a proxy's address holds one, the document names the place:
"env:NAME", a variable of the server's environment, or "secret:NAME", a secret kept by `volant key secret`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import msgspec

from volant.core.nouns import DatedPrice, DeploymentSpec, Documents, Limits, LimitSpec

REFERENCE = re.compile(r"(env|secret):([A-Za-z0-9_.-]{1,128})")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")  # RFC 9110, 5.6.2
_OURS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection", "te", "upgrade"})
_SECRET = re.compile(r"authorization|api-?key|token|secret|cookie|password|credential", re.IGNORECASE)
_NOT_NEGATIVE = (
    "weight", "requests_per_minute", "tokens_per_minute", "context_tokens", "usd_per_million_input_tokens",
    "usd_per_million_output_tokens", "usd_per_million_cached_tokens",
)  # fmt: skip
_POSITIVE = (
    "max_in_flight", "timeout_connect_s", "timeout_first_token_s", "timeout_between_tokens_s", "timeout_total_s",
)  # fmt: skip
MOST = 10**15  # of any limit: beyond it sums of floating point numbers lose whole tokens


def problems(documents: Documents) -> Iterator[tuple[str, str]]:
    """(path, what is wrong in words) of every deployment and limit."""
    for deployment in documents.deployments:
        for field, words in _of_deployment(deployment):
            yield f"deployments.{deployment.name}.{field}", words
    yield from _of_limits(documents)


def wrong_limits(limits: Limits) -> Iterator[tuple[str, str]]:
    """(field, what is wrong in words)."""
    for name in Limits.__struct_fields__:
        value = getattr(limits, name)
        if not 0 <= value <= MOST:  # of NaN too
            yield name, f"must be from 0 (no limit) to {MOST:,}, is {value:g}"


def _of_deployment(spec: DeploymentSpec) -> Iterator[tuple[str, str]]:
    for name in _NOT_NEGATIVE:
        value = getattr(spec, name)
        if value is not None and not value >= 0:
            yield name, f"must not be negative, is {value:g}"
    for name in _POSITIVE:
        if not getattr(spec, name) > 0:
            yield name, f"must be more than 0, is {getattr(spec, name):g}"
    for name, value in spec.headers.items():
        if words := _wrong_header(name, value):
            yield f"headers.{name[:60]}", words
    for name, value in spec.options.items():
        if not value.isprintable():
            yield f"options.{name[:60]}", "has a line end or another character that cannot be printed"
    if spec.proxy and not spec.proxy.startswith("http://") and not REFERENCE.fullmatch(spec.proxy):
        yield "proxy", 'must begin with http:// (or be "env:NAME" or "secret:NAME")'
    if "@" in spec.proxy:
        yield "proxy", 'a password stands in no document: keep the whole address elsewhere and say "secret:NAME"'
    yield from _of_prices(spec.prices)


def _wrong_header(name: str, value: str) -> str:
    if not _TOKEN.fullmatch(name):
        return "is no name of a header"
    if name.lower() in _OURS:
        return "is written by the gateway itself"
    if not value.isprintable() or not value.isascii():
        return "its value has a line end, or a character that cannot stand in a header"
    if _SECRET.search(name) and not REFERENCE.fullmatch(value):
        return (
            "looks like a secret, and those stand in no document: use api_key_env or api_key_ref for the provider's "
            'key, or "env:NAME" or "secret:NAME" as the value'
        )
    return ""


def _of_prices(prices: tuple[DatedPrice, ...]) -> Iterator[tuple[str, str]]:
    days = [price.from_day for price in prices]
    for number, price in enumerate(prices):
        path = f"prices[{number}]"
        try:
            known = date.fromisoformat(price.from_day).isoformat() == price.from_day
        except ValueError:
            known = False
        if not known:
            yield f"{path}.from_day", f'must be a day like "2027-01-01", is {price.from_day[:20]!r}'
        elif days.count(price.from_day) > 1:
            yield f"{path}.from_day", f"{price.from_day} is given twice"
        for name, value in msgspec.structs.asdict(price).items():
            if name != "from_day" and value is not None and not value >= 0:
                yield f"{path}.{name}", f"must not be negative, is {value:g}"


def _of_limits(documents: Documents) -> Iterator[tuple[str, str]]:
    known = {
        "task": {task.name for task in documents.tasks},
        "model": {deployment.model for deployment in documents.deployments},
    }
    seen: set[tuple[str, str]] = set()
    for spec in documents.limits:
        path = f"limits.{spec.over}" + (f".{spec.name}" if spec.name else "")
        if (spec.over, spec.name) in seen:
            yield path, "is given twice"
        seen.add((spec.over, spec.name))
        yield from ((path, words) for words in _wrong_name(spec, known))
        if spec.limits == Limits():
            yield path, "names no limit"
        yield from ((f"{path}.{name}", words) for name, words in wrong_limits(spec.limits))


def _wrong_name(spec: LimitSpec, known: dict[str, set[str]]) -> Iterator[str]:
    if spec.over == "project":
        if spec.name:
            yield "is over the whole project: leave `name` out"
    elif spec.name not in known[spec.over]:
        noun = "no deployment serves a model" if spec.over == "model" else "there is no task"
        names = ", ".join(sorted(known[spec.over])[:8])
        yield f"{noun} {spec.name[:60]!r}" + (f"; there are: {names}" if names else "")
