"""Places: one entry of LiteLLM's model_list as a deployment.

Which provider a model is at stands before the first slash of its name; a table says what that is called here. A key
that stands in the YAML in clear is never taken over: a variable is named that must hold it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from volant.cli.litellm.reading import Json, Notes, amount, is_key, table, variable_of, whole
from volant.providers import registry


class Kind(NamedTuple):
    """A prefix of LiteLLM's: our provider, and where that is not registered, an OpenAI-compatible address."""

    ours: str
    address: str = ""
    key_env: str = ""  # the variable that LiteLLM takes where no key is given


_KINDS = {
    "openai": Kind("openai", "", "OPENAI_API_KEY"),
    "text-completion-openai": Kind("openai", "", "OPENAI_API_KEY"),
    "custom_openai": Kind("openai"),
    "openai_like": Kind("openai"),
    "litellm_proxy": Kind("openai", "", "LITELLM_PROXY_API_KEY"),
    "anthropic": Kind("anthropic", "", "ANTHROPIC_API_KEY"),
    "gemini": Kind("gemini", "", "GEMINI_API_KEY"),
    "azure": Kind("azure", "", "AZURE_API_KEY"),
    "azure_text": Kind("azure", "", "AZURE_API_KEY"),
    "bedrock": Kind("bedrock"),
    "bedrock_converse": Kind("bedrock"),
    "ollama": Kind("ollama", "http://127.0.0.1:11434/v1"),
    "ollama_chat": Kind("ollama", "http://127.0.0.1:11434/v1"),
    "hosted_vllm": Kind("vllm", "http://127.0.0.1:8000/v1"),
    "vllm": Kind("vllm", "http://127.0.0.1:8000/v1"),
    "lm_studio": Kind("lmstudio", "http://127.0.0.1:1234/v1"),
    "llamafile": Kind("llamacpp", "http://127.0.0.1:8080/v1"),
    "sglang": Kind("sglang", "http://127.0.0.1:30000/v1"),
    "mistral": Kind("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "codestral": Kind("mistral", "https://codestral.mistral.ai/v1", "CODESTRAL_API_KEY"),
    "groq": Kind("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "deepseek": Kind("deepseek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "openrouter": Kind("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "together_ai": Kind("together", "https://api.together.xyz/v1", "TOGETHERAI_API_KEY"),
    "fireworks_ai": Kind("fireworks", "https://api.fireworks.ai/inference/v1", "FIREWORKS_AI_API_KEY"),
    "xai": Kind("xai", "https://api.x.ai/v1", "XAI_API_KEY"),
    "perplexity": Kind("perplexity", "https://api.perplexity.ai", "PERPLEXITYAI_API_KEY"),
    "cerebras": Kind("cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    "nvidia_nim": Kind("nvidia", "https://integrate.api.nvidia.com/v1", "NVIDIA_NIM_API_KEY"),
    "sambanova": Kind("sambanova", "https://api.sambanova.ai/v1", "SAMBANOVA_API_KEY"),
    "deepinfra": Kind("deepinfra", "https://api.deepinfra.com/v1/openai", "DEEPINFRA_API_KEY"),
    "moonshot": Kind("moonshot", "https://api.moonshot.ai/v1", "MOONSHOT_API_KEY"),
    "dashscope": Kind("dashscope", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "DASHSCOPE_API_KEY"),
    "hyperbolic": Kind("hyperbolic", "https://api.hyperbolic.xyz/v1", "HYPERBOLIC_API_KEY"),
    "novita": Kind("novita", "https://api.novita.ai/v3/openai", "NOVITA_API_KEY"),
    "azure_ai": Kind("openai", "", "AZURE_AI_API_KEY"),
    "databricks": Kind("openai", "", "DATABRICKS_API_KEY"),
    "github": Kind("github", "https://models.github.ai/inference", "GITHUB_API_KEY"),
}
_CANNOT = {
    "vertex_ai": "it signs with a Google service account, which Volant cannot; Gemini with an API key can be asked",
    "vertex_ai_beta": "it signs with a Google service account, which Volant cannot",
    "sagemaker": "Volant does not speak SageMaker's own API",
    "sagemaker_chat": "Volant does not speak SageMaker's own API",
    "huggingface": "give the endpoint's OpenAI-compatible address as `openai/...` with api_base",
    "replicate": "Volant does not speak its own API",
    "watsonx": "Volant does not speak its own API",
    "cohere": "give its OpenAI-compatible address as `openai/...` with api_base",
    "cohere_chat": "give its OpenAI-compatible address as `openai/...` with api_base",
    "triton": "Volant does not speak its own API",
    "predibase": "Volant does not speak its own API",
    "custom": "a provider written in Python for LiteLLM; Volant's are written for `volant.providers.registry`",
}
_BY_NAME = (("claude-", "anthropic"), ("gemini-", "gemini"), ("gpt-", "openai"), ("chatgpt-", "openai"))
_MODES = {"", "chat", "completion", "responses", "embedding", "moderation"}
_KNOWN = {
    "model", "api_key", "api_base", "base_url", "api_version", "organization", "headers", "extra_headers", "rpm",
    "tpm", "weight", "order", "max_parallel_requests", "timeout", "stream_timeout", "region_name", "aws_region_name",
    "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "input_cost_per_token", "output_cost_per_token",
    "cache_read_input_token_cost", "custom_llm_provider", "litellm_credential_name", "max_retries", "num_retries",
    "model_info", "use_in_pass_through", "drop_params", "mock_response", "cooldown_time", "ssl_verify",
}  # fmt: skip
PARAMETERS = {
    "temperature", "top_p", "max_tokens", "max_completion_tokens", "stop", "seed", "presence_penalty", "n", "user",
    "frequency_penalty", "response_format", "tool_choice", "reasoning_effort", "thinking", "top_k", "logit_bias",
    "logprobs", "top_logprobs", "parallel_tool_calls", "service_tier",
}  # fmt: skip
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
    prefix, model = _split(said, str(params.get("custom_llm_provider") or ""), bool(params.get("api_base")))
    found = _kind(prefix, model, params, where, notes)
    if found is None:
        return None
    provider, kind = found
    facts: Json = {"name": naming.name(str(info.get("id") or f"{kind.ours}-{model.rpartition('/')[2]}"))}
    facts |= {"provider": provider, "model": model}
    place = Place(where=where, group=group, facts=facts)
    _address(place, kind, params, where, naming, notes)
    _key(place, prefix, kind, params, naming, notes)
    _numbers(place, params, info, where, notes)
    _headers(place, params, where, notes)
    place.parameters = {name: value for name, value in params.items() if name in PARAMETERS and value is not None}
    place.identity = _identity(prefix, model, info)
    for name in sorted(params.keys() - _KNOWN - PARAMETERS):
        notes.add(f"{where}.litellm_params.{name}", "has no counterpart and was left out")
    if params.get("mock_response") is not None:
        notes.add(where, "mock_response is left out: `python -m volant.providers.mock` is a stand-in")
    if params.get("ssl_verify") in (False, "false"):
        notes.add(where, "ssl_verify: false is left out: certificates are checked; ca_file names those to trust")
    return place


def _split(said: str, named: str, has_address: bool) -> tuple[str, str]:
    prefix, slash, model = said.partition("/")
    if named:
        return named, model if slash and prefix == named else said
    if slash and (prefix in _KINDS or prefix in _CANNOT):
        return prefix, model
    if slash and not has_address:
        return prefix, model
    guess = next((kind for start, kind in _BY_NAME if said.startswith(start)), "openai")
    return ("openai" if has_address else guess), said


def _kind(prefix: str, model: str, params: Json, where: str, notes: Notes) -> tuple[str, Kind] | None:
    if prefix in _CANNOT:
        notes.add(where, f"left out: {prefix}: {_CANNOT[prefix]}")
        return None
    kind = _KINDS.get(prefix) or (Kind(prefix) if prefix in registry.names() else None)
    address = params.get("api_base") or params.get("base_url")
    if kind is None and not address:
        said = f"no provider {prefix[:40]!r} is known; with an OpenAI-compatible address as api_base it can be asked"
        notes.add(where, f"left out: {said}")
        return None
    kind = kind or Kind("openai")
    if kind.ours in registry.names():
        return kind.ours, kind
    if kind.address or (address and kind.ours == "openai"):
        return "openai", kind
    notes.add(where, f"left out: the provider {kind.ours!r} is not part of this installation")
    return None


# ---------------------------------------------------------------- where and with what key
def _address(place: Place, kind: Kind, params: Json, where: str, naming: Naming, notes: Notes) -> None:
    facts = place.facts
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
        if (kind.address and not sheet.base_url) or (facts["provider"] == "openai" and kind.ours != "openai"):
            facts["base_url"] = kind.address
        elif facts["provider"] == "openai" and kind.key_env != "OPENAI_API_KEY":
            facts["base_url"] = SET_ME
            notes.add(where, "names no address: write it for base_url")
        _options(place, params, where, notes)
        return
    parts = urlsplit(str(given).strip())
    if parts.username or parts.password:
        notes.add(f"{where}.litellm_params.api_base", "held a password, which is never written: use api_key_env")
        parts = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    path = parts.path.rstrip("/")
    for tail in ("/chat/completions", "/completions", "/embeddings", "/v1/messages"):
        path = path.removesuffix(tail)
    own = urlsplit(sheet.base_url).path if "{" not in sheet.base_url else ""
    if not path and kind.ours in ("ollama", "vllm", "lmstudio", "llamacpp", "sglang"):
        path = "/v1"
    elif not path and facts["provider"] not in ("openai", "azure", "bedrock"):
        path = own
    facts["base_url"] = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
    _options(place, params, where, notes)


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
    if place.facts["provider"] == "bedrock":
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
    """Bedrock's pair of keys. Where it stands in our words is the provider's sheet's to say: `docs`."""
    where = f"{place.where}.litellm_params"
    for name in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token"):
        given = params.get(name)
        if given is None:
            continue
        variable = variable_of(given) or naming.variable(str(given), name.upper())
        notes.need(variable, place.name)
        if not variable_of(given):
            notes.add(f"{where}.{name}", f"stood there in clear and was not written: set {variable}")
    place.facts["api_key_env"] = notes.need("AWS_BEDROCK_KEY", place.name)
    place.remarks["api_key_env"] = "the access key's id and secret: ID:SECRET"


# ---------------------------------------------------------------- numbers and headers
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


def _identity(prefix: str, model: str, info: Json) -> str:
    """Which model this is: the same at two providers gives the same word, as far as names tell."""
    if base := info.get("base_model"):
        return _plain(str(base))
    return "" if prefix in ("azure", "azure_text", "azure_ai") else _plain(model)


def _plain(model: str) -> str:
    name = model.rpartition("/")[2].lower()
    name = re.sub(r"^(?:[a-z]{2,6}\.)?(?:anthropic|meta|mistral|amazon|cohere|deepseek|ai21|openai)\.", "", name)
    name = re.sub(r"-v\d+:\d+$", "", name)
    return re.sub(r"-(?:\d{8}|\d{4}-\d{2}-\d{2}|latest)$", "", name)


def parameters_of(places: list[Place]) -> tuple[Json, set[str]]:
    """Parameters that all share, and the names of those that differ."""
    names = {name for place in places for name in place.parameters}
    shared: dict[str, Any] = {}
    for name in sorted(names):
        values = [place.parameters.get(name) for place in places]
        if all(value == values[0] for value in values):
            shared[name] = values[0]
    return shared, names - shared.keys()
