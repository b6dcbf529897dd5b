"""Moderating: OpenAI's moderations, answered by a provider that has them, else by our own checks. Pure.

Our checks are lists of patterns, no model: they find open hostility, secrets, personal data and injections, and do not
understand. Source: OpenAI API reference, "Create moderation" (read November 2026); categories of ours that OpenAI has
no word for stand beside its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec

from volant.checks.finding import Finding, combined_score
from volant.core.errors import BadInput, UpstreamFailed
from volant.core.ids import random_hex
from volant.dialects.openai_reading import Reading
from volant.gateway import body
from volant.gateway.values import value_of

OURS = "volant-checks"  # the model that our answers name
FLAGGED_FROM = 0.5  # least score of a category that is flagged
CHECKS = ("toxicity", "pii", "secrets", "injection")
_CATEGORIES = (
    "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm",
    "self-harm/intent", "self-harm/instructions", "sexual", "sexual/minors", "violence", "violence/graphic",
)  # fmt: skip
_OURS = ("pii", "secrets", "prompt_injection", "profanity")
_CATEGORY_OF = {  # check, and its kind where that matters
    ("toxicity", "HATE"): "hate",
    ("toxicity", "INSULT"): "harassment",
    ("toxicity", "THREAT"): "harassment/threatening",
    ("toxicity", "SELF_HARM"): "self-harm",
    ("toxicity", "SEXUAL"): "sexual",
    ("toxicity", "PROFANITY"): "profanity",
    ("pii", ""): "pii",
    ("secrets", ""): "secrets",
}


Find = Callable[[str, dict[str, Any], list[str]], Awaitable[list[list[Finding]]]]  # check, options, texts -> of each


def inputs_of(asked: body.Asked) -> list[str]:
    """The texts, one a result. Raises BadInput `invalid_field`; pictures are `not_supported`, since nobody looks."""
    given = value_of(asked.fields, "input")
    if isinstance(given, str):
        return [given]
    if isinstance(given, list) and given:
        if all(isinstance(one, str) for one in given):
            return given
        if all(isinstance(one, dict) for one in given):
            return ["\n".join(_text_of(one, at) for at, one in enumerate(given))]
    raise BadInput("invalid_field", "`input` must be a text, a list of texts or a list of parts", where="input")


def _text_of(part: dict[str, Any], at: int) -> str:
    if part.get("type") == "text" and isinstance(part.get("text"), str):
        return str(part["text"])
    raise BadInput(
        "not_supported",
        "our own checks read texts, no pictures",
        where=f"input[{at}]",
        hint="send texts, or ask a task whose deployment's provider moderates",
    )


async def scores_of(find: Find, texts: list[str]) -> list[dict[str, float]]:
    """Category -> score, of each text."""
    scores: list[dict[str, float]] = [{} for _ in texts]
    for name in CHECKS:
        for score, found in zip(scores, await find(name, {}, texts), strict=True):
            _add(score, name, found)
    return scores


def _add(scores: dict[str, float], check: str, found: Iterable[Finding]) -> None:
    if check == "injection":  # of which several weak signs make a strong one
        scores["prompt_injection"] = combined_score(found)
        return
    for one in found:
        category = _CATEGORY_OF.get((check, one.kind)) or _CATEGORY_OF.get((check, ""))
        if category is not None:
            scores[category] = max(scores.get(category, 0.0), one.score)


def answer_of(scores: list[dict[str, float]]) -> bytes:
    """OpenAI's answer."""
    results = []
    for score in scores:
        whole = {name: round(score.get(name, 0.0), 4) for name in (*_CATEGORIES, *_OURS)}
        categories = {name: value >= FLAGGED_FROM for name, value in whole.items()}
        results.append(
            {
                "flagged": any(categories.values()),
                "categories": categories,
                "category_scores": whole,
                "category_applied_input_types": {name: ["text"] for name in whole},
            }
        )
    return msgspec.json.encode({"id": f"modr_{random_hex(24)}", "model": OURS, "results": results})


def read(answer: bytes) -> Reading:
    """A provider's answer; it costs nothing. Raises UpstreamFailed for one that is none."""
    try:
        results = msgspec.json.decode(answer)["results"]
        flagged = sum(bool(one["flagged"]) for one in results)
    except (msgspec.DecodeError, UnicodeError, RecursionError, KeyError, TypeError):
        raise UpstreamFailed("invalid_answer", "the upstream's answer is no moderation") from None
    return Reading(content=f"{flagged} of {len(results)} flagged", counted=True, finish="stop", output=answer)
