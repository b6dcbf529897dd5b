"""Anthropic thinking: how much a Claude model may think, on the wire and in our words, and how long it may answer.

Models before Claude 4.6 take a budget in tokens, later ones decide themselves (`adaptive`) and take an effort. Facts as
data: the first line whose name is in the model's name holds, so that Bedrock's and dated names are found too.

Source: Anthropic documentation, "Models overview", "Adaptive thinking", "Effort" (November 2026).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from volant.core.chat import ChatRequest, Json, Reasoning
from volant.dialects.dialect import Losses
from volant.dialects.fields import bad, filled, maybe, want, words
from volant.dialects.fitting import budget_of, effort_of

SMALLEST_BUDGET = 1024  # tokens; the API takes no smaller one


class Facts(NamedTuple):
    """What a model can: how it is told to think, and the most tokens of an answer, sent where a caller gives none."""

    name: str
    thinks: Literal["no", "budget", "adaptive"]
    max_tokens: int


_MODELS = (
    Facts("claude-3-haiku", "no", 4096),
    Facts("claude-3-opus", "no", 4096),
    Facts("claude-3-sonnet", "no", 4096),
    Facts("claude-3-5", "no", 8192),
    Facts("claude-3-7", "budget", 64_000),
    Facts("claude-opus-4-5", "budget", 64_000),
    Facts("claude-opus-4-6", "adaptive", 128_000),
    Facts("claude-opus-4-7", "adaptive", 128_000),
    Facts("claude-opus-4-8", "adaptive", 128_000),
    Facts("claude-opus-4", "budget", 32_000),
    Facts("claude-sonnet-4-6", "adaptive", 64_000),
    Facts("claude-sonnet-4", "budget", 64_000),
    Facts("claude-haiku-4", "budget", 64_000),
    Facts("claude-", "adaptive", 64_000),  # later than this table
)
_OTHER = Facts("", "budget", 8192)  # others that speak the dialect
_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}


def facts_of(model: str) -> Facts:
    """What is known of a model, by its name."""
    return next((facts for facts in _MODELS if facts.name in model), _OTHER)


def parse_reasoning(raw: object, config: Json) -> Reasoning | None:
    """The wish in `thinking` and in `config`, the `output_config`, out of which the effort is taken."""
    effort = words(config.pop("effort", None), "output_config.effort")
    thinking = maybe(raw, dict, "thinking")
    if thinking is None and not effort:
        return None
    own = filled(thinking=thinking, effort=effort)
    if thinking is None:
        return Reasoning(effort=effort, own=own)
    kind = want(thinking.get("type"), str, "thinking.type")
    if kind in ("disabled", "between_tools"):  # the latter: off, but progress between tools is told as thinking
        return Reasoning(effort="none", own=own)
    shown = thinking.get("display") != "omitted"
    if kind == "enabled":
        budget = want(thinking.get("budget_tokens"), int, "thinking.budget_tokens")
        return Reasoning(budget_tokens=budget, effort=effort, shown=shown, own=own)
    if kind != "adaptive":
        raise bad("thinking.type", f"is {kind[:40]!r}; it must be enabled, adaptive, between_tools or disabled")
    return Reasoning(effort=effort, shown=shown, own=own)


def render_reasoning(request: ChatRequest, config: Json, losses: Losses, home: str = "anthropic") -> Json:
    """The `thinking` of the wire, if any; an effort goes into `config`, the `output_config`.

    `home`: the dialect whose signatures the place knows (Bedrock has its own).
    """
    reasoning = request.reasoning
    if reasoning is None:
        return {}
    if request.dialect == "anthropic":
        config |= filled(effort=reasoning.own.get("effort"))
        return filled(thinking=reasoning.own.get("thinking"))
    thinks = facts_of(request.model).thinks
    off = reasoning.effort == "none" or reasoning.budget_tokens == 0
    if thinks == "no":
        if not off:
            losses.drop("reasoning", "this model does not think aloud")
        return {}
    if off:
        return {"thinking": {"type": "disabled"}}
    if request.tool_choice is not None and request.tool_choice.mode in ("required", "tool"):
        losses.drop("reasoning", "Anthropic does not think where a tool must be called")
        return {}
    return _adaptive(reasoning, config, losses) if thinks == "adaptive" else _budget(request, reasoning, losses, home)


def _adaptive(reasoning: Reasoning, config: Json, losses: Losses) -> Json:
    effort = effort_of(reasoning, losses)
    if effort:
        config["effort"] = _EFFORTS.get(effort, "high")
        if config["effort"] != effort:
            losses.drop("reasoning effort", f"{effort[:20]!r} was sent as {config['effort']!r}")
    return {"thinking": {"type": "adaptive", **({"display": "summarized"} if reasoning.shown else {})}}


def _budget(request: ChatRequest, reasoning: Reasoning, losses: Losses, home: str) -> Json:
    budget = budget_of(reasoning, losses)
    if budget is None or budget < 0:
        return {}
    if _unsigned_call(request, home):
        losses.drop("reasoning", "the last tool call was made without thinking that Anthropic signed")
        return {}
    most = request.sampling.max_tokens or 0
    budget = max(budget, SMALLEST_BUDGET)
    if budget >= most:
        if most <= SMALLEST_BUDGET:
            losses.drop("reasoning", f"max_tokens must leave room for at least {SMALLEST_BUDGET} tokens of thinking")
            return {}
        losses.drop("reasoning budget", "made smaller than max_tokens")
        budget = max(SMALLEST_BUDGET, most // 2)
    return {"thinking": {"type": "enabled", "budget_tokens": budget}}


def _unsigned_call(request: ChatRequest, home: str) -> bool:
    """Is the model asked to go on after a tool call that has no thought signed at home before it? It would refuse."""
    for message in reversed(request.messages):
        if message.role == "assistant":
            proven = any(one.dialect == home and (one.signature or one.redacted) for one in message.thoughts)
            return bool(message.tool_calls) and not proven
        if message.role != "tool":
            return False
    return False
