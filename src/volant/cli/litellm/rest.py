"""Rest: the settings of LiteLLM's router, library and proxy. Taken over, or named with the reason."""

from __future__ import annotations

from volant.cli.litellm.reading import Json, Notes, amount, as_list, table, variable_of, whole

# Settings that need no counterpart here, or have none: what to do instead.
_SENTENCES = {
    "routing_strategy": "is left out: the less loaded of two deployments drawn at random is asked (requests in flight, "
    "time to first token), by weight, priority and region",
    "routing_strategy_args": "is left out: see routing_strategy",
    "retry_after": "is left out: retries wait with jitter, and as long as a provider asks for",
    "retry_policy": "is left out: what may pass on a second try is tried again, what cannot is not",
    "model_group_retry_policy": "is left out: `retries` stands on each variant",
    "allowed_fails": "is left out: failing deployments are left alone by a circuit that opens by itself",
    "allowed_fails_policy": "is left out: failing deployments are left alone by a circuit that opens by itself",
    "cooldown_time": "is left out: a circuit tries again by itself, and starts slowly",
    "disable_cooldowns": "is left out: a circuit opens only while others can answer",
    "enable_pre_call_checks": "is always so: context_tokens says what a deployment takes",
    "content_policy_fallbacks": "is left out: a refusal is an answer here, and is given",
    "max_fallbacks": "is left out: all of a variant's fallbacks may be tried, within its time",
    "enable_tag_filtering": "is left out: write a task for each tag, and keys that may ask for it",
    "redis_host": "is left out: limits are exact over workers without Redis, over machines by PostgreSQL",
    "redis_port": "is left out: see redis_host",
    "redis_password": "is left out: see redis_host",
    "redis_url": "is left out: see redis_host",
    "drop_params": "is always so where it is harmless, and x-volant-warning names what went; what would change the "
    "question is refused",
    "modify_params": "is left out: a request is translated, and x-volant-warning names what was bent",
    "set_verbose": "is left out: [server] log_level",
    "debug": "is left out: [server] log_level",
    "success_callback": "",
    "failure_callback": "",
    "callbacks": "",
    "service_callbacks": "is left out: GET /metrics, and OTLP",
    "max_internal_user_budget": "is left out: budgets stand on keys, tasks, models and the project",
    "default_team_settings": "is left out: projects are teams; `volant project`",
    "default_internal_user_params": "is left out: people are invited; `volant person`",
    "upperbound_key_generate_params": "is left out: who may make keys is a role; docs/security.md",
    "key_generation_settings": "is left out: who may make keys is a role; docs/security.md",
    "master_key": "was not written: the first person is made at the first start; `volant key create` makes keys",
    "database_url": "was not written: Volant's own is in data_dir, or in PostgreSQL by [server] database_url",
    "store_model_in_db": "models added in LiteLLM's UI are in its database, not in this file: read them there "
    "(GET /model/info) and add them",
    "completion_model": "is left out: a request says its model",
    "alerting": "is left out: monitors and alerts are Volant's own; docs/monitor.md",
    "alerting_threshold": "is left out: a monitor's threshold; docs/monitor.md",
    "background_health_checks": "is left out: health is read from the traffic itself",
    "health_check_interval": "is left out: health is read from the traffic itself",
    "custom_auth": "is left out: keys, or people by OpenID Connect; docs/security.md",
    "enable_jwt_auth": "is left out: keys, or people by OpenID Connect; docs/security.md",
    "allowed_routes": "is left out: a key names the operations that it may do",
    "pass_through_endpoints": "is left out: Volant answers what it understands and passes nothing else on",
    "database_connection_pool_limit": "is left out: the pool is sized by the workers",
    "ui_access_mode": "is left out: people have roles; docs/security.md",
    "disable_spend_logs": "is left out: costs are always counted",
}
_ELSEWHERE = {  # read by tasks.py
    "fallbacks", "context_window_fallbacks", "default_fallbacks", "num_retries", "model_group_alias",
}  # fmt: skip
_CACHE_PARAMS = {"type", "mode", "ttl", "supported_call_types", "similarity_threshold", "password"}
_SHORT = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "mo": 2_592_000}


def server_of(config: Json, notes: Notes) -> Json:
    """What belongs to the [server] table."""
    library = table(config.get("litellm_settings"), "litellm_settings")
    server: Json = {}
    if library.get("json_logs"):
        server["log_format"] = "json"
    for setting in ("callbacks", "success_callback", "failure_callback"):
        for name in as_list(library.get(setting)):
            _callback(str(name), f"litellm_settings.{setting}", server, notes)
    return server


def _callback(name: str, where: str, server: Json, notes: Notes) -> None:
    if name == "prometheus":
        notes.add(where, "prometheus: GET /metrics is always there")
    elif name in ("otel", "opentelemetry", "arize", "langtrace", "logfire"):
        server.setdefault("otlp_url", "")
        notes.add(where, f"{name}: write your collector's address for [server] otlp_url")
    else:
        notes.add(where, f"{name[:40]} is left out: every answer is recorded and shown by Volant itself, and [server] "
                  "otlp_url sends spans and metrics to a collector")  # fmt: skip


def apply_to_deployments(config: Json, deployments: list[Json], notes: Notes) -> None:
    """Time limits that hold for all deployments that say none."""
    library, router = table(config.get("litellm_settings"), ""), table(config.get("router_settings"), "")
    total = amount(router.get("timeout")) or amount(library.get("request_timeout"))
    first = amount(router.get("stream_timeout"))
    for facts in deployments:
        if total and total > 0:
            facts.setdefault("timeout_total_s", total)
        if first and first > 0:
            facts.setdefault("timeout_first_token_s", first)
        whole_time = facts.get("timeout_total_s")
        if whole_time is not None and whole_time < 60 and "timeout_first_token_s" not in facts:
            facts["timeout_first_token_s"] = whole_time


def apply_to_tasks(config: Json, tasks: list[Json], notes: Notes) -> None:
    """Cache and recording, which LiteLLM says once for all."""
    library = table(config.get("litellm_settings"), "litellm_settings")
    cache = _cache(library, {task["name"] for task in tasks}, notes)
    silent = bool(library.get("turn_off_message_logging"))
    if silent and cache is not None:
        notes.warn("litellm_settings.cache", "is left out: texts are not to be kept (turn_off_message_logging), and a "
                   "cache keeps answers")  # fmt: skip
    for task in tasks:
        if silent:
            task["record_payload"] = False
        elif cache is not None and task["name"] != cache.get("embedding"):
            task["cache"] = dict(cache)
    general = table(config.get("general_settings"), "general_settings")
    if tasks and not silent and not general.get("store_prompts_in_spend_logs"):
        notes.add(
            "general_settings.store_prompts_in_spend_logs",
            "LiteLLM stores no texts unless this is set; Volant records requests and answers unless a task says "
            "`record_payload = false`, or redacts them with `redact = true`",
        )


def _cache(library: Json, tasks: set[str], notes: Notes) -> Json | None:
    params = table(library.get("cache_params"), "litellm_settings.cache_params")
    where = "litellm_settings.cache_params"
    if library.get("cache") is not True:
        return None
    if params.get("mode") == "default_off":
        notes.add(f"{where}.mode", "default_off: no task caches; write `cache = { ttl_s = 600 }` where one should")
        return None
    kind = str(params.get("type") or "local")
    cache: Json = {}
    if (ttl := amount(params.get("ttl"))) is not None and ttl > 0:
        cache["ttl_s"] = ttl
    if kind not in ("local", "disk"):
        notes.add(f"{where}.type", f"{kind[:30]}: Volant keeps cached answers itself, without this server")
    if "semantic" in kind:
        model = next((str(value) for name, value in params.items() if name.endswith("embedding_model")), "")
        if model in tasks:
            cache |= {"semantic": True, "embedding": model}
            if (least := amount(params.get("similarity_threshold"))) is not None and 0 < least <= 1:
                cache["similarity"] = least
        else:
            notes.add(where, f"the cache is exact, not semantic: {model or 'no model'!r} is no task that embeds")
    if calls := as_list(params.get("supported_call_types")):
        notes.add(f"{where}.supported_call_types", f"{calls} is left out: each task says whether it caches")
    return cache


def limits_of(config: Json, notes: Notes) -> list[Json]:
    """Ceilings over the whole project."""
    library = table(config.get("litellm_settings"), "litellm_settings")
    general = table(config.get("general_settings"), "general_settings")
    limits: Json = {}
    budget = amount(library.get("max_budget"))
    if budget is not None and budget > 0:
        said = str(library.get("budget_duration") or "")
        days = _seconds(said) / 86_400
        if days == 1:
            limits["usd_per_day"] = budget
        elif 28 <= days <= 31:
            limits["usd_per_month"] = budget
        else:
            sentence = f"{budget:g} USD each {said or 'time'!r} is left out: budgets are for a day or a month (UTC)"
            notes.add("litellm_settings.max_budget", f"{sentence}; see [[limits]]")
    concurrent = whole(general.get("global_max_parallel_requests"))
    if concurrent is not None and concurrent > 0:
        limits["concurrent"] = concurrent
    return [{"over": "project", "limits": limits}] if limits else []


def _seconds(said: str) -> float:
    number = said.rstrip("smhdwo")
    unit = _SHORT.get(said[len(number) :], 0)
    return (amount(number) or 0) * unit


def name_the_rest(config: Json, notes: Notes) -> None:
    """A note for every setting that nothing above took over."""
    taken = _ELSEWHERE | {
        "timeout", "stream_timeout", "request_timeout", "cache", "cache_params", "json_logs",
        "turn_off_message_logging",
        "max_budget", "budget_duration", "global_max_parallel_requests", "store_prompts_in_spend_logs", "callbacks",
        "success_callback", "failure_callback",
    }  # fmt: skip
    for section in ("router_settings", "litellm_settings", "general_settings"):
        for name, value in table(config.get(section), section).items():
            if name in taken or value in (None, [], {}, ""):
                continue
            where = f"{section}.{name}"
            if name == "max_parallel_requests":
                notes.add(where, "is left out: max_in_flight stands on each deployment")
            else:
                notes.add(where, _SENTENCES.get(name, "has no counterpart and was left out"))
    for name in table(config.get("environment_variables"), "environment_variables"):
        notes.add(f"environment_variables.{name}", "was not written: set it where the server starts")
    known = {"model_list", "router_settings", "litellm_settings", "general_settings", "environment_variables",
             "credential_list", "guardrails"}  # fmt: skip
    hints = {
        "mcp_servers": "are left out: Volant serves models, not tools",
        "vector_store_registry": "is left out: Volant serves models, not stores",
        "callback_settings": "is left out: [server] otlp_url and otlp_content",
        "prompts": "are left out: prompts have versions and labels here; docs/prompts.md",
        "search_tools": "are left out: Volant serves models, not tools",
    }
    for name in config.keys() - known:
        notes.add(name, hints.get(name, "has no counterpart and was left out"))


def check_secrets(config: Json, notes: Notes) -> None:
    """Clear secrets of the proxy itself: said, never shown."""
    general = table(config.get("general_settings"), "general_settings")
    cache = table(table(config.get("litellm_settings"), "litellm_settings").get("cache_params"), "cache_params")
    clear = {f"general_settings.{name}": general.get(name) for name in ("master_key", "database_url")}
    clear["litellm_settings.cache_params.password"] = cache.get("password")
    for where, value in clear.items():
        if value is not None and not variable_of(value):
            notes.warn(where, "stands in the YAML in clear: keep that file away from others")
    for name in sorted(one for one in cache.keys() - _CACHE_PARAMS if not one.endswith("embedding_model")):
        notes.add(f"litellm_settings.cache_params.{name}", "is left out: Volant keeps cached answers itself")
