"""The volant.toml of these tests: a deployment and a task for each provider, and some for what goes wrong."""

from __future__ import annotations

from tests.clients import up_anthropic, up_bedrock, up_gemini, up_openai
from tests.clients.expectations import TARGETS

PREFIXES = {"root": "", "chat": "/openai/v1", "responses": "/openai/v1", "anthropic": "/anthropic", "gemini": "/gemini"}
KEYS = {
    "UP_OPENAI_KEY": up_openai.KEY,
    "UP_ANTHROPIC_KEY": up_anthropic.KEY,
    "UP_GEMINI_KEY": up_gemini.KEY,
    "UP_BEDROCK_KEY": f"{up_bedrock.KEY_ID}:{up_bedrock.SECRET}",
}
DEPLOYMENTS = {  # name → provider, model, key, more lines; those without an address keep their provider's own
    "openai": ("openai", "gpt-5.2", "UP_OPENAI_KEY", ""),
    "azure": ("azure", "gpt-5.2", "UP_OPENAI_KEY", 'options = { resource = "volant-test" }'),
    "compatible": ("compatible", "some-model", "UP_OPENAI_KEY", 'base_url = "URL/compatible/v1"'),
    "anthropic": ("anthropic", "claude-sonnet-5", "UP_ANTHROPIC_KEY", ""),
    "gemini": ("google", "gemini-3-flash", "UP_GEMINI_KEY", ""),
    "bedrock": (
        "bedrock",
        "anthropic.claude-sonnet-5-v1:0",
        "UP_BEDROCK_KEY",
        f'options = {{ region = "{up_bedrock.REGION}" }}',
    ),
}
STATUSES = (400, 401, 404, 429, 500, 529)


def task(target: str) -> str:
    """The task that a target answers. Vercel's SDK takes names that begin with o for thinking models."""
    return f"at-{target}"


def document(url: str, proxy: str, ca_file: str) -> str:
    """The whole file. `url`: of the stand-ins; `proxy` and `ca_file`: on the way to the vendors' own addresses."""

    def deployment(name: str, kind: str) -> str:
        provider, model, key, more = DEPLOYMENTS[kind]
        tunnel = "" if "base_url" in more else f'proxy = "{proxy}"\nca_file = "{ca_file}"\n'
        return (
            f'[[deployments]]\nname = "{name}"\nprovider = "{provider}"\nmodel = "{model}"\n'
            f'api_key_env = "{key}"\n{tunnel}{more.replace("URL", url)}\n'
        )

    parts = ['[server]\nfetch_allow = ["127.0.0.1"]\n']
    for name in TARGETS:
        parts += [deployment(name, name), _task(task(name), name)]
        for status in STATUSES:  # each error rests a deployment of its own
            parts += [deployment(f"{name}-{status}", name), _task(f"{task(name)}-{status}", f"{name}-{status}")]
    return "\n".join(parts)


def _task(name: str, deployment: str) -> str:
    return (
        f'[[tasks]]\nname = "{name}"\n[[tasks.variants]]\nname = "only"\ndeployments = ["{deployment}"]\nretries = 0\n'
    )
