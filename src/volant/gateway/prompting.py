"""Prompting: a variant's prompt rendered with what the caller gave, before anybody is asked to answer.

Knows compiled prompts and plans; knows no store and no provider. Runs only for tasks of which some variant has a
prompt: the others' requests stay bytes. The live variant's prompt decides what callers must send. A candidate whose
prompt cannot be rendered with that has failed, and counts so: the live variant answers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from volant.core.errors import BadInput, VolantError
from volant.gateway.plan import TaskPlan, VariantPlan


def rendered(plan: TaskPlan, values: Mapping[str, Any]) -> TaskPlan:
    """The plan of one request. Raises BadInput, naming the variables, when the live prompt cannot be rendered.

    A variable that only the other variant's prompt knows is no mistake: so callers can move ahead of a rollout.
    """
    live, candidate = plan.live, plan.candidate
    others = (*((candidate,) if candidate is not None else ()), *plan.weighted)
    known = {*_names(live), *(name for one in others for name in _names(one))}
    weighted = tuple(_rendered(one, values, known) for one in plan.weighted)
    said = _rendered(live, values, known) if not weighted else live
    if candidate is not None:
        try:
            candidate = _rendered(candidate, values, known)
        except VolantError as error:
            candidate = replace(candidate, deployments=(), tiers=(), fallbacks=(), context_fallbacks=(), fault=error)
    return replace(plan, live=said, candidate=candidate, weighted=weighted)


def no_prompt(task: str) -> BadInput:
    """For who sends variables to a task without a prompt: they would go nowhere."""
    return BadInput(
        "prompt_variable_unknown",
        f"no variant of the task {task[:80]!r} has a prompt that could use variables",
        where="volant.variables",
        hint="leave them out, or bind a prompt: see docs/prompts.md",
    )


def _names(variant: VariantPlan) -> Collection[str]:
    return variant.prompt.compiled.variables if variant.prompt is not None and variant.prompt.compiled else ()


def _rendered(variant: VariantPlan, values: Mapping[str, Any], known: Collection[str]) -> VariantPlan:
    if variant.prompt is None:
        unknown = sorted(name for name in values if name not in known)
        if unknown:
            raise no_prompt(variant.spec.name)
        return variant
    if variant.prompt.compiled is None:
        raise variant.prompt.missing()
    said = variant.prompt.compiled.render(values, also=known)
    return replace(variant, said=(_fragment(said.before), _fragment(said.after)))


def _fragment(messages: tuple[dict[str, str], ...]) -> bytes:
    """Messages as JSON without the brackets around them."""
    return msgspec.json.encode(messages)[1:-1]
