"""Credentials: whether what a deployment names is there: a variable of the server's environment, a kept secret. It
tells a name that means nothing before a provider's 401 does, and never the value.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from sqlalchemy import Connection

from volant.core.nouns import DeploymentSpec
from volant.registry import secrets


def missing(spec: DeploymentSpec, kept: Container[str], environment: Mapping[str, str]) -> str:
    """What a person must do first, as a clause; empty where the key is there or none is named."""
    if spec.api_key_ref:
        known = spec.api_key_ref in kept
        return "" if known else f"no secret {spec.api_key_ref!r} is kept: volant key secret {spec.api_key_ref}"
    if spec.api_key_env and not environment.get(spec.api_key_env):
        return f"{spec.api_key_env} is not set where the server runs: set it and start anew, or keep a secret"
    return ""


def warnings(
    tx: Connection, project: str, specs: Iterable[DeploymentSpec], environment: Mapping[str, str]
) -> tuple[str, ...]:
    """A sentence for each deployment whose key is not there."""
    kept = set(secrets.names(tx, project))
    found = ((spec.name, missing(spec, kept, environment)) for spec in specs)
    return tuple(f"deployments.{name}: {clause}" for name, clause in found if clause)
