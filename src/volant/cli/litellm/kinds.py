"""Kinds: which provider of ours a model of LiteLLM's is at, by the prefix of its name; a table, and where it ends.

A provider that is not registered here is asked by its OpenAI-compatible address where there is one.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from volant.cli.litellm.reading import Json, Notes
from volant.providers import registry


class Kind(NamedTuple):
    """A prefix of LiteLLM's: our provider; where there is no such one, an OpenAI-compatible address."""

    ours: str
    address: str = ""
    key_env: str = ""  # the variable that LiteLLM takes where no key is given


_KINDS = {
    "openai": Kind("openai", "", "OPENAI_API_KEY"),
    "text-completion-openai": Kind("openai", "", "OPENAI_API_KEY"),
    "custom_openai": Kind("compatible"),
    "openai_like": Kind("compatible"),
    "litellm_proxy": Kind("compatible", "", "LITELLM_PROXY_API_KEY"),
    "anthropic": Kind("anthropic", "", "ANTHROPIC_API_KEY"),
    "gemini": Kind("google", "", "GEMINI_API_KEY"),
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
    "cohere": Kind("cohere", "", "COHERE_API_KEY"),
    "cohere_chat": Kind("cohere", "", "COHERE_API_KEY"),
    "zai": Kind("zai", "", "ZAI_API_KEY"),
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
    "azure_ai": Kind("compatible", "", "AZURE_AI_API_KEY"),
    "databricks": Kind("compatible", "", "DATABRICKS_API_KEY"),
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
    "triton": "Volant does not speak its own API",
    "predibase": "Volant does not speak its own API",
    "custom": "a provider written in Python for LiteLLM; Volant's are written for `volant.providers.registry`",
}
_BY_NAME = (("claude-", "anthropic"), ("gemini-", "gemini"), ("gpt-", "openai"), ("chatgpt-", "openai"))
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}")
_REGION = re.compile(r"[a-z]{2}(?:-gov)?-[a-z]+-\d")


def split(said: str, named: str, has_address: bool) -> tuple[str, str]:
    """Prefix and model of a name; `named` is a custom_llm_provider, which wins."""
    prefix, slash, model = said.partition("/")
    if named:
        return named, model if slash and prefix == named else said
    if slash and (prefix in _KINDS or prefix in _CANNOT):
        return prefix, model
    if slash and not has_address:
        return prefix, model
    guess = next((kind for start, kind in _BY_NAME if said.startswith(start)), "openai")
    return ("openai" if has_address else guess), said


def bedrock_model(model: str, params: Json) -> str:
    """The model's id without LiteLLM's route; a region before it goes to `params`."""
    before, arn, rest = model.partition("arn:")
    *routes, name = before.split("/") if arn else model.split("/")
    name = arn + rest if arn else name
    for route in routes:
        if _REGION.fullmatch(route):
            params.setdefault("aws_region_name", route)
    return name


def kind_of(prefix: str, params: Json, where: str, notes: Notes) -> tuple[str, Kind] | None:
    """Our provider and the line of the table; None, with a note, where there is none."""
    if prefix in _CANNOT:
        notes.add(where, f"left out: {prefix}: {_CANNOT[prefix]}")
        return None
    kind = _KINDS.get(prefix) or (Kind(prefix) if prefix in registry.names() else None)
    address = params.get("api_base") or params.get("base_url")
    if kind is None and not address:
        said = f"no provider {prefix[:40]!r} is known; with an OpenAI-compatible address as api_base it can be asked"
        notes.add(where, f"left out: {said}")
        return None
    kind = kind or Kind("compatible")
    if kind.ours == "azure" and _DATED.match(str(params.get("api_version") or "")):
        return "azure-dated", kind
    if kind.ours in registry.names():
        return kind.ours, kind
    if kind.address or address:
        return "compatible", kind
    notes.add(where, f"left out: the provider {kind.ours!r} is not part of this installation")
    return None


def identity_of(prefix: str, model: str, info: Json) -> str:
    """Which model this is: the same at two providers gives the same word, as far as names tell."""
    if base := info.get("base_model"):
        return _plain(str(base))
    return "" if prefix in ("azure", "azure_text", "azure_ai") else _plain(model)


def _plain(model: str) -> str:
    name = model.rpartition("/")[2].lower()
    name = re.sub(r"^(?:[a-z]{2,6}\.)?(?:anthropic|meta|mistral|amazon|cohere|deepseek|ai21|openai)\.", "", name)
    name = re.sub(r"-v\d+:\d+$", "", name)
    return re.sub(r"-(?:\d{8}|\d{4}-\d{2}-\d{2}|latest)$", "", name)
