"""`volant init --from-litellm`: what its config.yaml says, in our words; nothing lost in silence, no secret written."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from volant.cli.litellm import importing
from volant.core.chat import Reasoning
from volant.core.errors import BadInput, VolantError
from volant.core.nouns import DeploymentSpec, Documents, TaskSpec
from volant.core.settings import load
from volant.dialects import fitting
from volant.dialects.dialect import Losses

TEAM = """
model_list:
  - model_name: gpt-4o                    # two places, one model
    litellm_params:
      model: azure/gpt-4o-eu
      api_base: https://my-endpoint-europe.openai.azure.com/
      api_key: os.environ/AZURE_API_KEY_EU
      api_version: "2024-10-21"
      rpm: 60
      order: 1
    model_info: {base_model: azure/gpt-4o, region_name: eu}
  - model_name: gpt-4o
    litellm_params:
      model: openai/gpt-4o-2024-08-06
      api_key: os.environ/OPENAI_API_KEY
      tpm: "100000"
      timeout: 45
      stream_timeout: 9
      weight: 2
      max_parallel_requests: 40
      organization: org-1
    model_info: {max_input_tokens: 128000, input_cost_per_token: 0.0000025, output_cost_per_token: 1.0e-05}
  - model_name: claude
    litellm_params: {model: claude-sonnet-4-5, max_tokens: 900, temperature: 0.2}
  - model_name: claude
    litellm_params:
      model: bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0
      aws_region_name: us-east-1
      aws_access_key_id: os.environ/AWS_ACCESS_KEY_ID
      aws_secret_access_key: os.environ/AWS_SECRET_ACCESS_KEY
      max_tokens: 900
      temperature: 0.7
  - model_name: embed
    litellm_params: {model: text-embedding-3-small}
    model_info: {mode: embedding}
  - model_name: dalle
    litellm_params: {model: dall-e-3}
    model_info: {mode: image_generation}
  - model_name: "openai/*"
    litellm_params: {model: "openai/*"}
  - model_name: gemini-vertex
    litellm_params: {model: vertex_ai/gemini-2.5-pro, vertex_project: p, vertex_location: l}
router_settings:
  routing_strategy: latency-based-routing
  fallbacks: [{gpt-4o: [claude]}, {"*": [gpt-4o]}]
  context_window_fallbacks: [{claude: [gpt-4o, nobody]}]
  num_retries: 3
  timeout: 30
  model_group_alias: {gpt-4: gpt-4o, best: {model: claude, hidden: true}, lost: nobody, embed: claude}
  redis_host: os.environ/REDIS_HOST
litellm_settings:
  cache: true
  cache_params: {type: redis-semantic, ttl: 600, redis_semantic_cache_embedding_model: embed, similarity_threshold: 0.9}
  drop_params: true
  callbacks: [otel, prometheus]
  max_budget: 100
  budget_duration: 30d
general_settings:
  global_max_parallel_requests: 64
  a_new_setting: 3
"""
SELF_HOSTED = """
model_list:
  - model_name: llama
    litellm_params: {model: ollama_chat/llama3.1, api_base: "http://localhost:11434"}
  - model_name: llama
    litellm_params:
      model: hosted_vllm/meta-llama/Llama-3.1-8B-Instruct
      api_base: os.environ/VLLM_URL
      api_key: none
  - model_name: own
    litellm_params: {model: openai/my-model, api_base: "http://gpu-1:8000/v1", api_key: EMPTY}
  - model_name: Mixed Case/Name
    litellm_params:
      model: together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo
      headers: {x-team: ml, x-api-key: sk-HEADER-SECRET}
"""
CLEAR = """
model_list:
  - model_name: a
    litellm_params: {model: openai/gpt-4o-mini, api_key: sk-proj-CLEAR-ONE}
  - model_name: b
    litellm_params: {model: openai/gpt-4o, api_key: sk-proj-CLEAR-TWO, extra_headers: {Authorization: Bearer CLEAR-SIX}}
  - model_name: c
    litellm_params: {model: gpt-4.1, api_key: sk-proj-CLEAR-ONE}
  - model_name: d
    litellm_params: {model: openai/x, api_base: "https://user:CLEAR-THREE@host/v1?key=CLEAR-FOUR", api_key: os.environ/OPENAI_API_KEY}
  - model_name: e
    litellm_params: {model: gpt-4.1, litellm_credential_name: shared}
credential_list:
  - credential_name: shared
    credential_values: {api_key: sk-CLEAR-FIVE}
general_settings: {master_key: sk-CLEAR-MASTER, database_url: "postgresql://u:CLEAR-DB@h/d"}
litellm_settings: {cache: true, cache_params: {type: redis, host: h, password: CLEAR-REDIS}}
environment_variables: {LANGFUSE_SECRET_KEY: CLEAR-ENV}
"""  # noqa: E501


def _import(text: str, folder: Path, **environment: str) -> tuple[importing.Imported, Documents]:
    place = folder / "config.yaml"
    place.write_text(text)
    made = importing.run(place, {}, environment)
    _, documents = load(tomllib.loads(made.text), {}, {})
    return made, documents


def _notes(made: importing.Imported) -> dict[str, str]:
    return {note.where: note.sentence for note in made.notes}


def _task(documents: Documents, name: str) -> TaskSpec:
    return next(task for task in documents.tasks if task.name == name)


def _deployment(documents: Documents, name: str) -> DeploymentSpec:
    return next(one for one in documents.deployments if one.name == name)


# ---------------------------------------------------------------- what is taken over
@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> tuple[importing.Imported, Documents]:
    return _import(TEAM, tmp_path_factory.mktemp("team"))


def test_deployments_say_where_with_what_key_and_how_much(team: tuple[importing.Imported, Documents]) -> None:
    _, documents = team
    azure = _deployment(documents, "azure-gpt-4o-eu")
    assert (azure.provider, azure.model, azure.base_url) == (
        "azure-dated", "gpt-4o-eu", "https://my-endpoint-europe.openai.azure.com/openai"
    )  # fmt: skip
    assert (azure.api_key_env, azure.options["api_version"]) == ("AZURE_API_KEY_EU", "2024-10-21")
    assert (azure.requests_per_minute, azure.priority, azure.region, azure.price_model) == (60, 1, "eu", "gpt-4o")
    assert azure.timeout_total_s == 30.0  # the router's
    openai = _deployment(documents, "openai-gpt-4o-2024-08-06")
    assert (openai.provider, openai.base_url, openai.api_key_env) == ("openai", "", "OPENAI_API_KEY")
    assert (openai.tokens_per_minute, openai.max_in_flight, openai.context_tokens) == (100_000, 40, 128_000)
    assert (openai.timeout_total_s, openai.timeout_first_token_s, openai.weight) == (45.0, 9.0, 2.0)
    assert (openai.usd_per_million_input_tokens, openai.usd_per_million_output_tokens) == (2.5, 10.0)
    assert openai.headers == {"OpenAI-Organization": "org-1"}
    assert openai.priority == 2  # in LiteLLM, what has no order comes after what has one
    claude = _deployment(documents, "anthropic-claude-sonnet-4-5")
    assert (claude.provider, claude.api_key_env) == ("anthropic", "ANTHROPIC_API_KEY")
    bedrock = next(one for one in documents.deployments if one.provider == "bedrock")
    assert bedrock.api_key_env == "AWS_BEDROCK_KEY"
    assert (bedrock.model, bedrock.options["region"]) == ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us-east-1")


def test_tasks_fall_back_as_groups_did(team: tuple[importing.Imported, Documents]) -> None:
    made, documents = team
    assert [task.name for task in documents.tasks] == ["gpt-4o", "claude", "embed"]
    [variant] = _task(documents, "gpt-4o").variants
    assert variant.deployments == ("azure-gpt-4o-eu", "openai-gpt-4o-2024-08-06")
    [claude] = _task(documents, "claude").variants
    assert variant.fallbacks == claude.deployments
    assert variant.retries == 3
    assert claude.fallbacks == claude.context_fallbacks == variant.deployments
    assert claude.parameters == {"max_tokens": 900}
    assert "temperature differ" in _notes(made)["model_list: claude"]
    assert documents.aliases == {"gpt-4": "gpt-4o", "best": "claude"}
    assert documents.limits[0].over == "project"
    assert (documents.limits[0].limits.usd_per_month, documents.limits[0].limits.concurrent) == (100.0, 64)
    cache = _task(documents, "gpt-4o").cache
    assert cache is not None
    assert (cache.ttl_s, cache.semantic, cache.embedding, cache.similarity) == (600.0, True, "embed", 0.9)


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        ("model_list[5] dalle", "image_generation is not among"),
        ("model_list[6] openai/*", "is a pattern"),
        ("model_list[7] gemini-vertex", "service account"),
        ("context_window_fallbacks.claude", "'nobody' is left out"),
        ("router_settings.model_group_alias.lost", "there is no task 'nobody'"),
        ("router_settings.model_group_alias.embed", "a task has this name itself"),
        ("router_settings.model_group_alias.best", "hidden"),
        ("router_settings.routing_strategy", "less loaded"),
        ("router_settings.redis_host", "without Redis"),
        ("litellm_settings.drop_params", "x-volant-warning"),
        ("litellm_settings.callbacks", "/metrics"),
        ("litellm_settings.cache_params.type", "redis-semantic"),
        ("general_settings.a_new_setting", "has no counterpart"),
    ],
)
def test_what_is_left_out_is_named_with_the_reason(
    team: tuple[importing.Imported, Documents], where: str, sentence: str
) -> None:
    made, _ = team
    said = [note.sentence for note in made.notes if note.where == where]
    assert any(sentence in one for one in said), said or sorted({note.where for note in made.notes})
    assert f"# {where}: " in made.text


def test_no_setting_is_passed_over(team: tuple[importing.Imported, Documents]) -> None:
    """Each setting of the file changed the outcome, or has a note."""
    made, _ = team
    config = yaml.safe_load(TEAM)
    used = {
        "fallbacks", "context_window_fallbacks", "num_retries", "timeout", "model_group_alias", "cache", "cache_params",
        "max_budget", "budget_duration", "global_max_parallel_requests",
    }  # fmt: skip
    for section in ("router_settings", "litellm_settings", "general_settings"):
        for name in config[section].keys() - used:
            assert f"{section}.{name}" in _notes(made)


CAREFUL = """
model_list:
  - {model_name: chat, litellm_params: {model: openai/gpt-4o, api_key: os.environ/OPENAI_API_KEY, rpm: os.environ/RPM,
      timeout: os.environ/NOT_THERE}}
  - {model_name: think, litellm_params: {model: anthropic/claude-sonnet-4-5, api_key: os.environ/ANTHROPIC_API_KEY,
      thinking: {type: enabled, budget_tokens: 2000}}}
litellm_settings: {cache: true, turn_off_message_logging: true, cache_params: {type: redis, password: CLEAR, host: h}}
guardrails:
  - {guardrail_name: Personal data, litellm_params: {guardrail: presidio, mode: [pre_call, post_call], default_on: true,
      output_parse_pii: true}}
  - {guardrail_name: keys, litellm_params: {guardrail: hide-secrets, mode: pre_call, default_on: true}}
  - {guardrail_name: asked, litellm_params: {guardrail: presidio, mode: pre_call}}
  - {guardrail_name: bought, litellm_params: {guardrail: lakera, mode: pre_call, default_on: true}}
"""


def test_what_protects_people_goes_over_or_is_said_first(tmp_path: Path) -> None:
    made, documents = _import(CAREFUL, tmp_path, RPM="77")
    for task in documents.tasks:
        assert [(guard.check, guard.on, guard.action) for guard in task.guards] == [
            ("pii", ("input", "output"), "redact"), ("secrets", ("input",), "redact"),
        ]  # fmt: skip
        assert task.guards[0].options == {"restore": True}
        assert (task.record_payload, task.cache) == (False, None)
    first = {note.where for note in made.notes if note.grave}
    assert {note.where for note in made.notes[: len(first)]} == first
    assert first == {
        "guardrails[2] asked", "guardrails[3] bought", "litellm_settings.cache",
        "model_list[0] chat.litellm_params.timeout", "litellm_settings.cache_params.password",
        "model_list[1] think.litellm_params.thinking",
    }  # fmt: skip
    assert "CLEAR" not in made.text
    assert _deployment(documents, documents.tasks[0].variants[0].deployments[0]).requests_per_minute == 77
    assert _task(documents, "think").variants[0].parameters == {"reasoning_effort": "low"}


GUARDED = """
model_list:
  - {{model_name: chat, litellm_params: {{model: openai/gpt-4o, api_key: os.environ/OPENAI_API_KEY}}}}
guardrails:
  - guardrail_name: g
    litellm_params: {{guardrail: {guardrail}, default_on: true, {said}}}
"""
BOTH, MASKS = ("input", "output"), ("input", "output", "redact", ())


@pytest.mark.parametrize(
    ("guardrail", "said", "guards", "redact", "words"),
    [
        ("presidio", "mode: pre_call", [("input", "redact", ())], False, ""),
        ("presidio", "mode: Post_Call", [("output", "redact", ())], False, ""),
        ("presidio", "mode: logging_only", [], True, ""),
        ("presidio", "mode: pre_mcp_call", [MASKS], False, "'pre_mcp_call'"),
        ("presidio", "mode: {tags: {a: pre_call}, default: logging_only}", [MASKS], False, "tags"),
        ("presidio", "x: 1", [MASKS], False, "no mode"),
        ("presidio", "mode: [pre_call, logging_only]", [("input", "redact", ())], True, "logging_only"),
        ("hide-secrets", "mode: logging_only", [MASKS], False, "logging_only"),
        ("presidio", "mode: pre_call, pii_entities_config: {EMAIL_ADDRESS: BLOCK}", [("input", "block", ())], False,
         "EMAIL_ADDRESS"),
        ("presidio", "mode: pre_call, pii_entities_config: {CREDIT_CARD: BLOCK, EMAIL_ADDRESS: MASK}",
         [("input", "block", ("CARD",)), ("input", "redact", ())], False, "CREDIT_CARD"),
        ("presidio", "mode: pre_call, pii_entities_config: {CREDIT_CARD: BLOCK, UK_NHS: BLOCK, EMAIL_ADDRESS: MASK}",
         [("input", "block", ("CARD",)), ("input", "redact", ())], False, "UK_NHS"),
        ("presidio", "mode: pre_call, pii_entities_config: {UK_NHS: BLOCK, EMAIL_ADDRESS: MASK}",
         [("input", "block", ())], False, "UK_NHS"),
        ("presidio", "mode: pre_call, pii_entities_config: {EMAIL_ADDRESS: SOMETHING}", [("input", "block", ())], False,
         "SOMETHING"),
        ("presidio", "mode: pre_call, presidio_ad_hoc_recognizers: ./own.json", [("input", "redact", ())], False,
         "presidio_ad_hoc_recognizers"),
        ("presidio", "mode: post_call, output_parse_pii: true", [("output", "redact", ())], False, ""),
        ("presidio", "mode: pre_call, output_parse_pii: true, pii_entities_config: {EMAIL_ADDRESS: BLOCK}",
         [("input", "block", ())], False, "EMAIL_ADDRESS"),
    ],
)  # fmt: skip
def test_no_guardrail_gets_weaker_without_a_word(
    tmp_path: Path, guardrail: str, said: str, guards: list[tuple[Any, ...]], redact: bool, words: str
) -> None:
    made, documents = _import(GUARDED.format(guardrail=guardrail, said=said), tmp_path)
    (task,) = documents.tasks
    assert [(*guard.on, guard.action, tuple(guard.options.get("kinds", ()))) for guard in task.guards] == guards
    assert task.redact is redact
    grave = [note.sentence for note in made.notes if note.grave]
    assert any(words in one for one in grave) if words else grave == []


def test_guards_whose_names_look_alike_keep_apart(tmp_path: Path) -> None:
    entry = "{guardrail_name: %s, litellm_params: {guardrail: presidio, mode: pre_call, default_on: true}}"
    names = ["My PII", "my-pii", "MY/PII", "ü", "a" * 80, "a" * 70]
    listed = "".join(f"  - {entry % name}\n" for name in names)
    head = GUARDED.partition("  - guardrail_name")[0].format()
    made, documents = _import(head + listed, tmp_path)
    found = [guard.name for guard in documents.tasks[0].guards]
    assert found == ["my-pii", "my-pii-2", "my-pii-3", "guard", "a" * 60, "a" * 58 + "-2"]
    assert {note.where for note in made.notes if "its name is" in note.sentence} == {
        f"guardrails[{at}] {names[at]}" for at in (1, 2, 5)
    }


@pytest.mark.parametrize(
    ("thinking", "effort"),
    [
        ("{type: enabled, budget_tokens: 4000}", "medium"),
        ("{type: enabled, budget_tokens: 2048}", "low"),
        ("{type: enabled, budget_tokens: 30000}", "high"),
        ("{type: enabled, budget_tokens: 0}", "none"),
        ("{type: enabled, budget_tokens: -5}", ""),
        ("{type: enabled}", "medium"),
        ("{type: disabled}", ""),
    ],
)
def test_a_budget_of_thinking_becomes_the_effort_that_is_nearest(tmp_path: Path, thinking: str, effort: str) -> None:
    """By the gateway's own table: what it makes of the effort, where tokens are asked, is said."""
    said = f"model: anthropic/claude-sonnet-4-5, api_key: os.environ/K, thinking: {thinking}"
    text = f"model_list:\n  - {{model_name: think, litellm_params: {{{said}}}}}\n"
    made, documents = _import(text, tmp_path)
    assert documents.tasks[0].variants[0].parameters == ({"reasoning_effort": effort} if effort else {})
    grave = [note.sentence for note in made.notes if note.grave and note.where.endswith(".thinking")]
    assert len(grave) == ("disabled" not in thinking)
    if effort and effort != "none":
        losses = Losses("x")
        budget = fitting.budget_of(Reasoning(effort=effort), losses)
        assert f"{budget:,} tokens" in grave[0]


def test_an_effort_beside_a_budget_wins_and_it_is_said(tmp_path: Path) -> None:
    said = "model: anthropic/claude-sonnet-4-5, api_key: os.environ/K, reasoning_effort: high"
    thinking = "thinking: {type: enabled, budget_tokens: 1024}"
    made, documents = _import(
        f"model_list:\n  - {{model_name: think, litellm_params: {{{said}, {thinking}}}}}\n", tmp_path
    )
    assert documents.tasks[0].variants[0].parameters == {"reasoning_effort": "high"}
    assert [note.where for note in made.notes if note.grave] == ["model_list[0] think.litellm_params.thinking"]


def test_a_task_that_embeds_for_the_cache_does_not_ask_itself(team: tuple[importing.Imported, Documents]) -> None:
    assert _task(team[1], "embed").cache is None


def test_self_hosted_models(tmp_path: Path) -> None:
    made, documents = _import(SELF_HOSTED, tmp_path)
    ollama = _deployment(documents, "ollama-llama3.1")
    assert (ollama.base_url, ollama.api_key_env) == ("http://localhost:11434/v1", "")
    vllm = _deployment(documents, "vllm-Llama-3.1-8B-Instruct")
    assert (vllm.model, vllm.base_url) == ("meta-llama/Llama-3.1-8B-Instruct", "http://set-me.invalid/v1")
    assert "VLLM_URL is not set here" in _notes(made)["model_list[1] llama.litellm_params.api_base"]
    own = _deployment(documents, "openai-my-model")
    assert (own.base_url, own.api_key_env) == ("http://gpu-1:8000/v1", "")
    variants = _task(documents, "llama").variants
    assert {variant.name: variant.weight for variant in variants} == {"llama3.1": 1.0, "llama-3.1-8b-instruct": 1.0}
    assert variants[0].fallbacks == variants[1].deployments
    together = next(one for one in documents.deployments if one.name.startswith("together"))
    assert together.headers == {"x-team": "ml"}
    assert _task(documents, "Mixed Case/Name")
    _, documents = _import(SELF_HOSTED, tmp_path, VLLM_URL="http://gpu:9000/v1/")
    assert _deployment(documents, "vllm-Llama-3.1-8B-Instruct").base_url == "http://gpu:9000/v1"


@pytest.mark.parametrize(
    ("params", "provider", "model", "base_url"),
    [
        ({"model": "gpt-4o"}, "openai", "gpt-4o", ""),
        ({"model": "anthropic/claude-x", "api_base": "https://proxy.example"}, "anthropic", "claude-x", "…/v1"),
        ({"model": "gemini/gemini-2.5-pro"}, "google", "gemini-2.5-pro", ""),
        ({"model": "azure/d", "api_base": "https://r.openai.azure.com"}, "azure", "d", "…/openai/v1"),
        ({"model": "azure/d"}, "azure", "d", "http://set-me.invalid/v1"),
        ({"model": "bedrock/converse/us.amazon.nova-pro-v1:0"}, "bedrock", "us.amazon.nova-pro-v1:0", ""),
        ({"model": "bedrock/eu-west-1/meta.llama3-v1:0"}, "bedrock", "meta.llama3-v1:0", ""),
        ({"model": "bedrock/arn:aws:bedrock:us-east-1:1:x/y"}, "bedrock", "arn:aws:bedrock:us-east-1:1:x/y", ""),
        ({"model": "groq/llama-3.3-70b"}, "groq", "llama-3.3-70b", ""),
        ({"model": "openrouter/anthropic/claude-x"}, "openrouter", "anthropic/claude-x", ""),
        ({"model": "nvidia_nim/meta/llama"}, "compatible", "meta/llama", "https://integrate.api.nvidia.com/v1"),
        ({"model": "brandnew/x", "api_base": "http://h/v1"}, "openai", "brandnew/x", "…/v1"),
        ({"model": "m", "custom_llm_provider": "hosted_vllm", "api_base": "http://h:1"}, "vllm", "m", "…/v1"),
    ],
)
def test_each_prefix_is_a_provider(
    tmp_path: Path, params: dict[str, Any], provider: str, model: str, base_url: str
) -> None:
    _, documents = _import(yaml.safe_dump({"model_list": [{"model_name": "x", "litellm_params": params}]}), tmp_path)
    [made] = documents.deployments
    assert (made.provider, made.model) == (provider, model)
    assert made.base_url == base_url.replace("…", str(params.get("api_base")).removesuffix("/v1"))
    if "eu-west-1" in params["model"]:
        assert made.options == {"region": "eu-west-1"}


def test_other_files_are_read_along(tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text("model_list:\n- {model_name: b, litellm_params: {model: gpt-4o}}\n")
    text = "include: [models.yaml]\nmodel_list:\n- {model_name: a, litellm_params: {model: gpt-4o-mini}}\n"
    assert [task.name for task in _import(text, tmp_path)[1].tasks] == ["a", "b"]


# ---------------------------------------------------------------- secrets
def test_no_secret_is_written_or_printed(volant: Any, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CLEAR)
    ran = volant("init", "--from-litellm", "config.yaml", "--json")
    told = volant("init", "--from-litellm", "config.yaml", "--force")
    text = (tmp_path / "volant.toml").read_text()
    for said in (text, ran.out, ran.err, told.out, told.err):
        assert "CLEAR-" not in said
    _, documents = load(tomllib.loads(text), {}, {})
    named = {task.name: _deployment(documents, task.variants[0].deployments[0]).api_key_env for task in documents.tasks}
    assert named["a"] == named["c"]  # one secret, one variable
    assert named["d"] == "OPENAI_API_KEY"  # as the YAML says
    assert len(set(named.values())) == 4  # different ones do not share theirs
    assert ran.json()["environment"] == sorted(set(named.values()))
    assert "clear" in json.dumps(ran.json()["notes"])


# ---------------------------------------------------------------- what is wrong
@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("model_list: [", "yaml_invalid", "line 1"),
        ("- a\n- b\n", "yaml_invalid", "model_list"),
        ("model_list: {}\n", "nothing_to_import", "none"),
        ("model_list:\n- {model_name: x, litellm_params: 3}\n", "yaml_invalid", "must be a table"),
        ("model_list:\n- {model_name: '*', litellm_params: {model: '*'}}\n", "nothing_to_import", "pattern"),
        ("model_list: !!python/object/apply:os.system ['true']\n", "yaml_invalid", "python/object"),
    ],
)
def test_what_is_no_configuration_is_said(tmp_path: Path, text: str, code: str, words: str) -> None:
    with pytest.raises(VolantError) as caught:
        _import(text, tmp_path)
    assert caught.value.code == code
    assert words in caught.value.message


def test_other_flags_do_not_go_with_it(volant: Any, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(SELF_HOSTED)
    assert volant("init", "--from-litellm", "config.yaml", "--model", "x", "--json").error()["code"] == "bad_option"
    assert volant("init", "--from-litellm", "no.yaml", "--json").error()["code"] == "file_missing"
    assert not (tmp_path / "volant.toml").exists()
    (tmp_path / "volant.toml").write_text("mine")
    assert volant("init", "--from-litellm", "config.yaml", "--json").error()["code"] == "file_exists"
    assert (tmp_path / "volant.toml").read_text() == "mine"


WORDS = st.sampled_from([
    "a", "gpt-4o", "azure/x", "claude-3", "bedrock/us.meta.llama-v1:0", "*", "ollama/q:7b", "x/y/z", 'we"ird\n[name]',
    "os.environ/SOME", "sk-abc", "http://h:1/v1", "https://h", "2024-01-01", "", "日本", "\x7f\x00",
])  # fmt: skip
SCALAR = WORDS | st.integers(-3, 10**20) | st.floats() | st.booleans() | st.none()
KEYS = st.sampled_from(sorted({
    "model", "api_key", "api_base", "api_version", "rpm", "tpm", "weight", "order", "timeout", "headers", "temperature",
    "extra_headers", "id", "base_model", "mode", "max_input_tokens", "input_cost_per_token", "organization", "unknown",
}))  # fmt: skip
VALUE = SCALAR | st.lists(SCALAR, max_size=2) | st.dictionaries(WORDS, SCALAR, max_size=2)
ENTRY = st.fixed_dictionaries(
    {
        "model_name": SCALAR,
        "litellm_params": st.dictionaries(KEYS, VALUE, max_size=6).flatmap(
            lambda one: st.builds(lambda model: {**one, "model": model}, WORDS)
        ),
        "model_info": st.dictionaries(KEYS, VALUE, max_size=3),
    }
)
SECTION = st.dictionaries(
    st.sampled_from(
        ["fallbacks", "context_window_fallbacks", "num_retries", "timeout", "cache", "cache_params", "max_budget",
         "budget_duration", "callbacks", "model_group_alias", "default_fallbacks", "routing_strategy", "master_key"]
    ),
    VALUE | st.lists(st.dictionaries(WORDS, st.lists(WORDS, max_size=2), max_size=2), max_size=2),
    max_size=5,
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "model_list": st.lists(ENTRY, min_size=1, max_size=4),
            "router_settings": SECTION,
            "litellm_settings": SECTION,
            "general_settings": SECTION,
        }
    )
)
def test_whatever_stands_there_the_file_holds_or_the_reason_is_said(
    tmp_path_factory: pytest.TempPathFactory, config: dict[str, Any]
) -> None:
    """The file that is written is valid, whatever is in the YAML; else it is BadInput."""
    place = tmp_path_factory.getbasetemp() / "any.yaml"
    place.write_text(yaml.safe_dump(config))
    try:
        made = importing.run(place, {"port": 1}, {"SOME": "http://here/v1"})
    except BadInput as error:
        assert error.code in ("yaml_invalid", "nothing_to_import"), error.message  # noqa: PT017
        return
    _, documents = load(tomllib.loads(made.text), {}, {})
    assert len(documents.deployments) == made.deployments


# ---------------------------------------------------------------- it serves
@pytest.fixture
def stand_in() -> Iterator[str]:
    command = [sys.executable, "-m", "volant.providers.mock", "--port", "0", "--answer", "pong"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().split()[-1]
    process.terminate()
    process.communicate(timeout=20)


def test_a_real_server_takes_it_and_answers(volant: Any, start_server: Any, stand_in: str, tmp_path: Path) -> None:
    """Under the old model names, by an alias, and by the fallback of a group whose only place is not there."""
    url = stand_in if stand_in.startswith("http") else f"http://{stand_in}"
    (tmp_path / "config.yaml").write_text(
        f"""
model_list:
  - model_name: gpt-4o
    litellm_params: {{model: openai/gpt-4o, api_base: "{url}", api_key: os.environ/OPENAI_API_KEY}}
  - model_name: down
    litellm_params: {{model: hosted_vllm/x, api_base: "http://127.0.0.1:9/v1"}}
  - model_name: azure
    litellm_params: {{model: azure/x, api_base: "https://x.openai.azure.com", api_key: sk-1, api_version: "2024-10-21"}}
router_settings: {{fallbacks: [{{down: [gpt-4o]}}], model_group_alias: {{gpt-4: gpt-4o}}}}
litellm_settings: {{cache: true, max_budget: 50, budget_duration: 1d}}
"""
    )
    assert volant("init", "--from-litellm", "config.yaml").code == 0
    server = start_server(tmp_path / "data", cwd=tmp_path, env={"OPENAI_API_KEY": "k"})
    for model in ("gpt-4o", "gpt-4", "down"):
        body = json.dumps({"model": model, "messages": [{"role": "user", "content": "ping"}]}).encode()
        headers = {"authorization": f"Bearer {server.key}", "content-type": "application/json"}
        request = urllib.request.Request(f"{server.url}/v1/chat/completions", body, headers)
        assert _answer(request) == "pong", model


def _answer(request: urllib.request.Request) -> str:
    """A configuration reaches the gateway within the second."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return str(json.load(answer)["choices"][0]["message"]["content"])
        except urllib.error.HTTPError as error:
            said = error.read().decode()
            if error.code not in (404, 503):
                break
        time.sleep(0.1)
    return said
