"""Places: one entry of LiteLLM's model_list as a deployment.

Which provider a model is at stands before the first slash of its name; a table says what that is called here. A key
that stands in the YAML in clear is never taken over: a variable is named that must hold it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from volant.cli.litellm.kinds import Kind, bedrock_model, identity_of, kind_of, split
from volant.cli.litellm.reading import Json, Notes, amount, is_key, table, variable_of, whole
from volant.dialects.fitting import DEFAULT_BUDGET, nearest_effort, usual_budget
from volant.providers import registry

_MODES = {"", "chat", "completion", "responses", "embedding", "moderation"}
_KNOWN = {
    "model", "api_key", "api_base", "base_url", "api_version", "organization", "headers", "extra_headers", "rpm",
    "tpm", "weight", "order", "max_parallel_requests", "timeout", "stream_timeout", "region_name", "aws_region_name",
    "aws_access_key_id", "aws_secret_access_key", "aws_session_token",
    "aws_profile_name", "aws_role_name", "input_cost_per_token", "output_cost_per_token",
    "cache_read_input_token_cost", "custom_llm_provider", "litellm_credential_name", "max_retries", "num_retries",
    "model_info", "use_in_pass_through", "drop_params", "mock_response", "cooldown_time", "ssl_verify",
}  # fmt: skip
PARAMETERS = {
    "temperature", "top_p", "max_tokens", "max_completion_tokens", "stop", "seed", "presence_penalty", "n", "user",
    "frequency_penalty", "response_format", "tool_choice", "reasoning_effort", "thinking", "top_k", "logit_bias",
    "logprobs", "top_logprobs", "parallel_tool_calls", "service_tier",
}  # fmt: skip
_NUMBERS = (
    "rpm", "tpm", "order", "max_parallel_requests", "timeout", "stream_timeout", "weight", "input_cost_per_token",
    "output_cost_per_token", "cache_read_input_token_cost",
)  # fmt: skip
_SECRET_HEADER = re.compile(r"auth|key|token|secret|cookie|credential", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"^(?:bearer |basic |sk-|pk-|ghp_|xox|eyJ)", re.IGNORECASE)
_DIRECT = "a key that is `direct` then asks for PROVIDER/MODEL without a task"
_CLEAR = "where the server starts, and change it at the provider if others saw the file"
SET_ME = "http://set-me.invalid/v1"


@dataclass(slots=True, kw_only=True)
class Place:
    """One deployment to be written, and what its task must know of it."""

    where: str  # in the YAML
    group: str  # model_name: what callers ask for
    facts: Json  # as in [[deployments]]
    remarks: dict[str, str] = field(default_factory=dict)  # a comment beside a line
    parameters: Json = field(default_factory=dict)
    retries: int | None = None
    identity: str = ""  # which model it is, as far as one can tell; empty: the provider's own name hides it

    @property
    def name(self) -> str:
        return str(self.facts["name"])


class Naming:
    """Gives deployments names, and keys in clear the variables that shall hold them."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self.environment = environment
        self._names: set[str] = set()
        self._variables: dict[str, str] = {}  # secret in clear → its variable
        self._taken: set[str] = set()

    def name(self, wished: str) -> str:
        """A name of a deployment that is not taken yet."""
        base = re.sub(r"[^a-zA-Z0-9._-]+", "-", wished).strip("-.")[:80] or "deployment"
        found = next(one for one in (base, *(f"{base}-{at}" for at in range(2, 10**6))) if one not in self._names)
        self._names.add(found)
        return found

    def reserve(self, variable: str) -> None:
        """A variable that the YAML names itself: it means what it means there."""
        self._taken.add(variable)

    def variable(self, secret: str, usual: str) -> str:
        """The variable that shall hold a secret; the same for the same secret."""
        if secret not in self._variables:
            choices = (usual, *(f"{usual}_{at}" for at in range(2, 10**6)))
            self._variables[secret] = next(one for one in choices if one not in self._taken)
            self._taken.add(self._variables[secret])
        return self._variables[secret]


def convert(
    group: str, entry: Json, where: str, naming: Naming, kept: Mapping[str, Json], notes: Notes
) -> Place | None:
    """The deployment of one entry; None, with a note, where there can be none."""
    params = table(entry.get("litellm_params"), f"{where}.litellm_params")
    info = table(entry.get("model_info"), f"{where}.model_info") | table(params.get("model_info"), where)
    if credential := params.get("litellm_credential_name"):
        if str(credential) not in kept:
            notes.add(where, f"its credential {credential!r} is not in credential_list; LiteLLM has it in its database")
        params = {**kept.get(str(credential), {}), **params}
    said = str(params.get("model") or "")
    if not said:
        notes.add(where, "left out: it names no model")
        return None
    if "*" in said or "*" in group:
        notes.add(where, f"left out: {group!r} is a pattern. Write a deployment for each model that you use; {_DIRECT}")
        return None
    mode = str(info.get("mode") or "")
    if mode not in _MODES:
        notes.add(where, f"left out: {mode} is not among what Volant serves (chat, completions, responses, embeddings)")
        return None
    prefix, model = split(said, str(params.get("custom_llm_provider") or ""), bool(params.get("api_base")))
    found = kind_of(prefix, params, where, notes)
    if found is None:
        return None
    provider, kind = found
    if provider == "bedrock":
        model = bedrock_model(model, params)
    facts: Json = {"name": naming.name(str(info.get("id") or f"{kind.ours}-{model.rpartition('/')[2]}"))}
    facts |= {"provider": provider, "model": model}
    place = Place(where=where, group=group, facts=facts)
    _address(place, kind, params, where, naming, notes)
    _key(place, prefix, kind, params, naming, notes)
    _numbers(place, _with_numbers(params, where, naming, notes), info, where, notes)
    _headers(place, params, where, notes)
    place.parameters = {name: value for name, value in params.items() if name in PARAMETERS and value is not None}
    _thinking(place, where, notes)
    place.identity = identity_of(prefix, model, info)
    for name in sorted(params.keys() - _KNOWN - PARAMETERS):
        notes.add(f"{where}.litellm_params.{name}", "has no counterpart and was left out")
    if params.get("mock_response") is not None:
        notes.add(where, "mock_response is left out: `python -m volant.providers.mock` is a stand-in")
    if params.get("ssl_verify") in (False, "false"):
        notes.add(where, "ssl_verify: false is left out: certificates are checked; ca_file names those to trust")
    return place


def _thinking(place: Place, where: str, notes: Notes) -> None:
    """Anthropic's budget as the effort that chat completions know, which the gateway makes a budget again."""
    raw = place.parameters.pop("thinking", None)
    given, where = table(raw, where), f"{where}.litellm_params.thinking"
    if raw is None or given.get("type") == "disabled":
        return
    if "reasoning_effort" in place.parameters:
        notes.warn(where, "is left out: reasoning_effort stands beside it, and says how much to think")
        return
    budget = whole(given.get("budget_tokens"))
    if not (effort := nearest_effort(DEFAULT_BUDGET if budget is None else budget)):
        notes.warn(where, f"is left out: {budget} is no number of tokens. Write reasoning_effort")
        return
    place.parameters["reasoning_effort"] = effort
    said = f"{budget:,} tokens" if budget is not None else "without a number of tokens, it"
    notes.warn(where, f"{said} became reasoning_effort = {effort!r}: a provider that asks for a number is sent "
               f"{usual_budget(effort):,} tokens, others the word")  # fmt: skip


# ---------------------------------------------------------------- where and with what key
def _address(place: Place, kind: Kind, params: Json, where: str, naming: Naming, notes: Notes) -> None:
    facts = place.facts
    _options(place, params, where, notes)
    given = params.get("api_base") or params.get("base_url")
    if variable := variable_of(given):
        given = naming.environment.get(variable, "")
        if not given:
            facts["base_url"] = SET_ME
            place.remarks["base_url"] = f"was os.environ/{variable}, which is not set here"
            notes.add(f"{where}.litellm_params.api_base", f"{variable} is not set here: write its address for base_url")
            return
    sheet = registry.find(facts["provider"])
    if not given:
        if kind.address and not sheet.base_url:
            facts["base_url"] = kind.address
        elif not sheet.base_url or "{resource}" in sheet.base_url:
            facts["base_url"] = SET_ME
            notes.add(where, "names no address: write it for base_url")
        return
    parts = urlsplit(str(given).strip())
    if parts.username or parts.password:
        notes.add(f"{where}.litellm_params.api_base", "held a password, which is never written: use api_key_env")
        parts = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    path = _path(parts.path.rstrip("/"), facts["provider"], urlsplit(sheet.base_url).path)
    facts["base_url"] = urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _path(path: str, provider: str, usual: str) -> str:
    """The path of a base URL as `provider` goes on from it; `usual` is that of its own address."""
    for tail in ("/chat/completions", "/completions", "/embeddings", "/messages"):
        path = path.removesuffix(tail)
    if provider.startswith("azure"):
        return path.partition("/openai")[0] + usual
    if provider == "anthropic":
        return path if path.endswith("/v1") else f"{path}/v1"
    if provider in ("openai", "compatible", "bedrock"):
        return path
    return path or usual


def _options(place: Place, params: Json, where: str, notes: Notes) -> None:
    known = registry.find(place.facts["provider"]).options
    wished = {"api_version": params.get("api_version"), "region": params.get("aws_region_name")}
    options: Json = {}
    for name, value in wished.items():
        if value is None:
            continue
        if variable := variable_of(value):
            value = os.environ.get(variable)  # noqa: PLW2901  # the same value, looked up
            if not value:
                notes.add(where, f"{name} was os.environ/{variable}, which is not set here: write it into options")
                continue
        if name in known:
            options[name] = str(value)
        elif name == "api_version":
            notes.add(where, f"api_version {str(value)[:40]!r} is left out: this provider has no such option")
    if options:
        place.facts["options"] = options


def _key(place: Place, prefix: str, kind: Kind, params: Json, naming: Naming, notes: Notes) -> None:
    if place.facts["provider"] == "bedrock" and params.get("api_key") is None:
        _aws(place, params, naming, notes)
        return
    given = params.get("api_key")
    usual = kind.key_env or f"{re.sub(r'[^A-Z0-9]', '_', prefix.upper())}_API_KEY"
    if variable := variable_of(given):
        place.facts["api_key_env"] = notes.need(variable, place.name)
    elif given is None and kind.key_env and not (prefix == "openai" and "base_url" in place.facts):
        place.facts["api_key_env"] = notes.need(kind.key_env, place.name)
    elif is_key(given):
        variable = naming.variable(str(given), usual)
        place.facts["api_key_env"] = notes.need(variable, place.name)
        place.remarks["api_key_env"] = "stood in the YAML in clear: set it, or `volant key secret`"
        said = f"stood there in clear and was not written: set {variable} to it {_CLEAR}"
        notes.add(f"{place.where}.litellm_params.api_key", said)


def _aws(place: Place, params: Json, naming: Naming, notes: Notes) -> None:
    """Bedrock's access key: one variable holds id and secret."""
    given = [params.get(f"aws_{name}") for name in ("access_key_id", "secret_access_key", "session_token")]
    pair = ":".join(str(one) for one in given if one is not None)
    if any(is_key(one) and not variable_of(one) for one in given):
        notes.add(f"{place.where}.litellm_params", "its access key stood there in clear and was not written")
    variable = naming.variable(pair, "AWS_BEDROCK_KEY") if pair else "AWS_BEARER_TOKEN_BEDROCK"
    place.facts["api_key_env"] = notes.need(
        variable, f"{place.name}: ACCESS_KEY_ID:SECRET_ACCESS_KEY, or a Bedrock key"
    )
    place.remarks["api_key_env"] = "ACCESS_KEY_ID:SECRET_ACCESS_KEY[:SESSION_TOKEN], or a Bedrock API key"
    if params.get("aws_profile_name") or params.get("aws_role_name"):
        notes.add(f"{place.where}.litellm_params", "profiles and roles of AWS are left out: Volant signs with a key")


# ---------------------------------------------------------------- numbers and headers
def _with_numbers(params: Json, where: str, naming: Naming, notes: Notes) -> Json:
    """Numbers that stand in the environment, as they are there now."""
    found = dict(params)
    for name in _NUMBERS:
        if variable := variable_of(params.get(name)):
            found[name] = naming.environment.get(variable)
            if amount(found[name]) is None:
                notes.warn(f"{where}.litellm_params.{name}", f"{variable} is not set here, or is no number: write it")
    return found


def _numbers(place: Place, params: Json, info: Json, where: str, notes: Notes) -> None:
    facts = place.facts
    counts = {"requests_per_minute": "rpm", "tokens_per_minute": "tpm", "priority": "order"}
    counts["max_in_flight"] = "max_parallel_requests"
    for ours, theirs in counts.items():
        value = whole(params.get(theirs))
        if value is not None and value > 0:
            facts[ours] = value
    for ours, theirs in (("timeout_total_s", "timeout"), ("timeout_first_token_s", "stream_timeout")):
        seconds = amount(params.get(theirs))
        if seconds is not None and seconds > 0:
            facts[ours] = seconds
    weight = amount(params.get("weight"))
    if weight is not None and weight >= 0:
        facts["weight"] = weight
    if region := params.get("region_name") or info.get("region_name"):
        facts["region"] = str(region)
    window = whole(info.get("max_input_tokens"))
    if window is not None and window > 0:
        facts["context_tokens"] = window
    if base := info.get("base_model"):
        facts["price_model"] = str(base).rpartition("/")[2]
    prices = {
        "usd_per_million_input_tokens": "input_cost_per_token",
        "usd_per_million_output_tokens": "output_cost_per_token",
        "usd_per_million_cached_tokens": "cache_read_input_token_cost",
    }
    for ours, theirs in prices.items():
        price = amount(params.get(theirs, info.get(theirs)))
        if price is not None:
            facts[ours] = round(price * 1e6, 9)
    place.retries = whole(params.get("num_retries", params.get("max_retries")))


def _headers(place: Place, params: Json, where: str, notes: Notes) -> None:
    given = table(params.get("extra_headers"), where) | table(params.get("headers"), where)
    if organization := params.get("organization"):
        given["OpenAI-Organization"] = organization
    headers = {}
    for name, value in given.items():
        if variable_of(value) or _SECRET_HEADER.search(name) or _SECRET_VALUE.match(str(value)):
            notes.add(where, f"the header {name} is left out: headers stand in the file, and this one is a secret or "
                      "comes from the environment; api_key_env is what keeps secrets")  # fmt: skip
        else:
            headers[name] = str(value)
    if headers:
        place.facts["headers"] = headers


def parameters_of(places: list[Place]) -> tuple[Json, set[str]]:
    """Parameters that all share, and the names of those that differ."""
    names = {name for place in places for name in place.parameters}
    shared: dict[str, Any] = {}
    for name in sorted(names):
        values = [place.parameters.get(name) for place in places]
        if all(value == values[0] for value in values):
            shared[name] = values[0]
    return shared, names - shared.keys()
