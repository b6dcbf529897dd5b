"""Unsaid: what an answer holds that its caller's dialect has no word for.

A sentence stands in the place of sound and documents, in whole answers and in streams. What is left out is named, as
far as it is known before the first byte goes out: of a whole answer in `x-volant-warning`, of a stream nowhere.
"""

from __future__ import annotations

from volant.core.chat import ChatResponse, Choice, ImagePart, Json, Message, Part, TextPart
from volant.dialects.citations import NAMES, citations_of, without_url
from volant.dialects.data_urls import split_data_url
from volant.dialects.dialect import Losses

_KINDS = {"audio": "sound", "file": "a file", "image": "a picture"}
_PICTURES = ("openai_chat", "gemini")  # show every one; responses those that come as they are
_SIGNED_WORDS = ("openai_chat", "gemini")  # hold what a provider wants back with its words
_STATISTICS = frozenset({  # nobody would miss
    "avgLogprobs", "tokenCount", "safetyRatings", "finishMessage", "stop_reason", "native_finish_reason",
    "content_filter_results", "content_filter_result", "token_ids", "item", "tool_use", "call_fields", "stop_details",
    "system_fingerprint", "service_tier", "provider", "timings", "x_groq", "anthropic_usage", "promptFeedback",
    "prompt_filter_results", "prompt_token_ids", "prompt_logprobs", "kv_transfer_params", "prompt_cache_key",
    "safety_identifier", "moderation", "tool_usage", "metrics", "performanceConfig", "serviceTier", "nvext",
    "obfuscation",
})  # fmt: skip


def broken(detail: str) -> str:
    """What is told of an answer that its provider did not end well; `detail` is its own word."""
    return f"the provider broke this answer off{f': {detail[:60]}' if detail else ''}"


def has_word(part: Part, target: str) -> bool:
    """Can an answer in the dialect `target` hold it?"""
    if isinstance(part, TextPart) or target == "gemini":
        return True
    if not isinstance(part, ImagePart):
        return False
    return target in _PICTURES or (target == "openai_responses" and split_data_url(part.url) is not None)


def instead(part: Part, title: str) -> str:
    """The sentence in the place of what the dialect called `title` cannot hold."""
    return f"[The model answered with {_kind(part)}, which {title} cannot carry.]"


def _kind(part: Part) -> str:
    return _KINDS.get(str(part.__struct_config__.tag), "more")


def unsaid(response: ChatResponse, target: str) -> tuple[str, ...]:
    """What an answer in the dialect `target` leaves out of `response`, for people."""
    if response.dialect in ("", target):
        return ()
    losses = Losses(target)
    for choice in response.choices:
        _name(choice, response, target, losses)
    _name_rest(response.extra, losses)
    return tuple(losses.dropped)


def _name(choice: Choice, response: ChatResponse, target: str, losses: Losses) -> None:
    message = choice.message
    for part in message.parts:
        if not has_word(part, target):
            losses.drop(f"{_kind(part)} in the answer", "a sentence stands in its place")
    if target not in _SIGNED_WORDS and any(isinstance(part, TextPart) and part.signature for part in message.parts):
        losses.drop("thought signature of words", "they are given without it")
    if target == "openai_completions" and message.thoughts:
        losses.drop("thinking", "it is not shown")
    if (target == "openai_completions" or _wordless(message, target)) and citations_of(choice, response):
        losses.drop("citations")
    elif without_url(message, response.dialect):
        losses.drop("citations", "those without a URL")
    _name_rest(message.extra | choice.extra, losses)
    grounding = choice.extra.get("groundingMetadata")
    if isinstance(grounding, dict) and grounding.get("searchEntryPoint"):
        losses.drop("groundingMetadata.searchEntryPoint")


def _wordless(message: Message, target: str) -> bool:
    """Is there nothing that sources could stand beside? An Anthropic client is told them as words, but before calls."""
    if target == "anthropic":
        return bool(message.tool_calls) and not message.parts
    return target == "openai_responses" and not message.text and all(has_word(part, target) for part in message.parts)


def _name_rest(extra: Json, losses: Losses) -> None:
    for name, value in extra.items():
        if name not in NAMES and name not in _STATISTICS and value not in (None, {}, [], ""):
            losses.drop(f"{name} in the answer")
