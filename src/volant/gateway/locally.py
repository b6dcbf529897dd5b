"""Locally: what this worker answers itself where no provider does: an estimated count, our checks as a moderation."""

from __future__ import annotations

from volant.core.errors import BadInput
from volant.core.nouns import Route, TaskSpec, VariantSpec
from volant.dialects.openai_reading import Reading
from volant.gateway import counting, moderating
from volant.gateway.attempt import Outcome
from volant.gateway.inference import Inference
from volant.gateway.moderating import Find
from volant.gateway.plan import TaskPlan, VariantPlan

OPERATIONS = frozenset({"count_tokens", "moderations"})
_THEIR_NAMES = ("omni-moderation", "text-moderation", moderating.OURS)
_VARIANT = VariantSpec(name="checks", deployments=())
_TASK = TaskSpec(name="moderations", variants=(_VARIANT,), record_payload=False)
_PLAN = VariantPlan(
    spec=_VARIANT, defaults={}, system=b"", deployments=(), fallbacks=(), header=b"", dearest=(0.0, 0.0), max_tokens=0
)
CHECKS_PLAN = TaskPlan(task=_TASK, route=Route(task=_TASK, live="checks"), live=_PLAN, candidate=None)


def names_our_checks(model: str) -> bool:
    """Clients send OpenAI's names, or none: then nobody else is meant."""
    return not model or model.startswith(_THEIR_NAMES)


async def answer(inference: Inference, find: Find | None) -> Outcome | None:
    """Our own answer; None where some deployment can give one."""
    asked, variant = inference.asked, inference.variant
    if any(place.way(asked.entrance.kind) for place in (*variant.deployments, *variant.fallbacks)):
        return None
    try:
        if asked.entrance.operation == "count_tokens":
            tokens = counting.estimated(asked, variant)
            reading = Reading(content=str(tokens), counted=True, output=b'{"input_tokens":%d}' % tokens)
            return Outcome(answer=counting.answer_for(asked, tokens), reading=reading, warnings=(counting.ESTIMATED,))
        if find is None:
            raise BadInput("not_supported", "no deployment of this task moderates", where="model")
        scores = await moderating.scores_of(find, moderating.inputs_of(asked))
    except BadInput as error:
        return Outcome(failure=error)
    said = moderating.answer_of(scores)
    return Outcome(answer=said, reading=moderating.read(said))
