"""Prices: US dollars a token, from the dated tables of genai-prices, or as a deployment overrides them.

Used where a snapshot is built (control); the gateway gets plain numbers in its Targets. Offline: the tables come with
the package, whose version is the price version on every call.
"""

from __future__ import annotations

from importlib.metadata import version

import msgspec
from genai_prices import Usage, calc_price

from volant.core.nouns import DeploymentSpec
from volant.providers.registry import find

_MILLION = 1_000_000


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """What one deployment's tokens cost. `version` names the source: "genai-prices 0.2.3", "override", "none"."""

    usd_per_input_token: float = 0.0
    usd_per_output_token: float = 0.0
    version: str = "none"


def price_of(spec: DeploymentSpec) -> Price:
    """The price of a deployment: its own override, else the tables, else nothing (version "unknown" or "none").

    "none": the provider charges nothing per token. "unknown": it does, but the tables do not know the model, so that
    cost is shown as unknown instead of as zero.
    """
    table = _from_tables(find(spec.provider).price_provider, spec.price_model or spec.model)
    own_in, own_out = spec.usd_per_million_input_tokens, spec.usd_per_million_output_tokens
    if own_in is None and own_out is None:
        return table
    return Price(
        usd_per_input_token=table.usd_per_input_token if own_in is None else own_in / _MILLION,
        usd_per_output_token=table.usd_per_output_token if own_out is None else own_out / _MILLION,
        version="override",
    )


def _from_tables(provider_id: str, model: str) -> Price:
    if not provider_id:
        return Price()
    try:
        # a small call, so that models with tiers by length are priced at their base tier
        priced = calc_price(Usage(input_tokens=1000, output_tokens=1000), model, provider_id=provider_id)
    except LookupError:
        return Price(version="unknown")
    return Price(
        usd_per_input_token=float(priced.input_price) / 1000,
        usd_per_output_token=float(priced.output_price) / 1000,
        version=f"genai-prices {version('genai-prices')}",
    )
