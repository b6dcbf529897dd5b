"""Starter: the first volant.toml from three answers. Knows the file's words; asks nobody and writes nothing.

A provider's key never stands in the file: it names a secret that the server keeps sealed, or an environment variable.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from volant import providers
from volant.core.errors import BadInput

_TASK = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A place to get answers from, with what is usual there."""

    title: str
    provider: str  # the registered one that speaks its language
    model: str
    base_url: str = ""  # empty: the provider's own
    key_env: str = ""  # environment variable that usually holds the key; empty: it needs none
    key_optional: bool = False  # such servers mostly want none
    remark: str = ""
    to_do: str = ""  # without which it answers nothing


OFFERS = {
    "openai": Offer(title="OpenAI", provider="openai", model="gpt-4o-mini", key_env="OPENAI_API_KEY"),
    "anthropic": Offer(title="Anthropic", provider="anthropic", model="claude-haiku-4-5", key_env="ANTHROPIC_API_KEY"),
    "google": Offer(title="Google Gemini", provider="google", model="gemini-2.5-flash", key_env="GEMINI_API_KEY"),
    "url": Offer(
        title="any OpenAI-compatible URL: vLLM, SGLang, Ollama, another gateway",
        provider="openai",
        model="default",
        base_url="http://127.0.0.1:8000/v1",
        key_env="VOLANT_PROVIDER_KEY",
        key_optional=True,
        remark="usd_per_million_input_tokens and ..._output_tokens say what it costs",
    ),
    "mock": Offer(
        title="a stand-in on this machine that answers by itself, to try things out without a key",
        provider="mock",
        model="mock",
        base_url="http://127.0.0.1:9101/v1",
        remark="it runs while `python -m volant.providers.mock --port 9101` does",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What was asked."""

    offer: str
    task: str
    model: str = ""  # empty: the offer's
    base_url: str = ""  # empty: the offer's
    key: str = ""  # how the file names the key: "ref", "env" or nothing
    port: int = 8321
    data_dir: str = "volant-data"


def offer_of(name: str) -> Offer:
    """One of OFFERS, or any registered provider's facts; its `model` is then empty.

    Raises BadInput `bad_provider`, naming all that there are.
    """
    if name in OFFERS:
        return OFFERS[name]
    others = [one for one in providers.names() if one not in OFFERS and one not in ("local", "compatible")]
    if name not in others:
        raise BadInput(
            "bad_provider",
            f"there is no provider {name[:40]!r}",
            where="--provider",
            hint=f"one of {', '.join((*OFFERS, *others))}",
        )
    sheet = providers.find(name)
    needs = [option for option, value in sheet.options.items() if not value]
    missing = ", ".join(f'{one} = "…"' for one in needs)
    return Offer(
        title=sheet.title,
        provider=name,
        model="",
        key_env=sheet.key_env,
        key_optional=sheet.key_optional,
        to_do=f"set options = {{ {missing} }}" if needs else "",
    )


def check_task(name: str) -> str:
    """The name, if it can be one. Raises BadInput."""
    if not _TASK.fullmatch(name):
        raise BadInput(
            "bad_task_name",
            f"{name[:60]!r} is no task's name",
            where="task",
            hint="small letters, digits and hyphens, e.g. helpdesk-intent: applications send it as `model`",
        )
    return name


def render(answers: Answers) -> str:
    """The file."""
    offer = offer_of(answers.offer)
    base_url = answers.base_url or offer.base_url
    lines = [f"name = {_text(answers.offer)}", f"provider = {_text(offer.provider)}"]
    lines += [f"model = {_text(answers.model or offer.model)}"]
    if base_url:
        lines.append(f"base_url = {_text(base_url)}")
    if answers.key == "ref":
        lines.append(
            f"api_key_ref = {_text(answers.offer)}   # sealed in the store; `volant key secret {answers.offer}`"
        )
    elif answers.key == "env":
        lines.append(f"api_key_env = {_text(offer.key_env)}   # read by the server when it starts")
    lines += [f"# {said}" for said in (offer.to_do, offer.remark) if said]
    return _TEMPLATE.format(
        port=answers.port,
        data_dir=_text(answers.data_dir),
        title=offer.title,
        deployment="\n".join(lines),
        name=_text(answers.offer),
        task=_text(answers.task),
    )


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)  # a JSON string is a TOML string


_TEMPLATE = """\
# volant.toml: what this server is, and what it serves. Editors check it against docs/volant.schema.json.
# Check your changes with `volant diff`, make them hold with `volant apply`.

[server]                        # read once, when `volant up` starts; environment (VOLANT_PORT) and flags win
host = "127.0.0.1"
port = {port}
data_dir = {data_dir}
workers = 1                     # gateway processes

# A deployment is a reachable place that serves a model. This one: {title}
[[deployments]]
{deployment}

# A task is what applications ask for: they send its name as `model`.
[[tasks]]
name = {task}
redact = false                  # true: personal data is redacted before anything is written

[[tasks.variants]]              # one way to do it: prompt + model + parameters
name = "first"
deployments = [{name}]
# system = "You are ..."        # put before the caller's messages
# parameters = {{ temperature = 0 }}

# A monitor watches live answers; a loop says what happens when it fires.
# [[monitors]]
# name = "corrections"
# task = {task}
# measure = "corrected_share"
# threshold = 0.25
#
# [[gates]]
# name = "standard"
# known_margin = 0.06
#
# [[loops]]
# task = {task}
# monitor = "corrections"
# recipe = "sft"
# gate = "standard"

[policy]
retention_days = 365
on_full_disk = "serve"          # or "refuse": rather no answer than one that is not recorded
"""
