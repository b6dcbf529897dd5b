"""OpenAI thoughts: thinking in chat completions, with what proves it.

OpenAI's own chat completions neither show nor take thinking. Compatible servers write it as `reasoning_content` (or
`reasoning`), and OpenRouter's `reasoning_details` carry signatures; clients send both back as they came. That is how a
caller who speaks chat completions keeps the signed thoughts of Anthropic, Gemini and OpenAI's responses.
Source: DeepSeek API, "Reasoning model"; OpenRouter, "Reasoning tokens" (read November 2026).
"""

from __future__ import annotations

from typing import Any

from volant.core.chat import Json, Thought
from volant.dialects.fields import filled

_FORMATS = {  # dialect of the proof → its name on the wire
    "anthropic": "anthropic-claude-v1",
    "gemini": "google-gemini-v1",
    "openai_responses": "openai-responses-v1",
    "bedrock": "amazon-bedrock-converse-v1",
}
_DIALECTS = {name: dialect for dialect, name in _FORMATS.items()}


def is_proof(thought: Thought) -> bool:
    """Does it carry what has to go back?"""
    return bool(thought.signature or thought.redacted)


def render_detail(thought: Thought, place: int) -> Json:
    """One entry of `reasoning_details`."""
    form = _FORMATS.get(thought.dialect, "unknown")
    if thought.redacted and not thought.text:
        kind: Json = {"type": "reasoning.encrypted", "data": thought.redacted}
    else:
        kind = {"type": "reasoning.text", "text": thought.text} | filled(data=thought.redacted)
    return kind | filled(signature=thought.signature, id=thought.id) | {"format": form, "index": place}


def signature_of(holder: Json) -> str:
    """Gemini's thoughtSignature on a message, a delta or a tool call, where Google's OpenAI-compatible door puts it."""
    content = holder.get("extra_content")
    google = content.get("google") if isinstance(content, dict) else None
    return _text(google.get("thought_signature")) if isinstance(google, dict) else ""


def render_signature(signature: str) -> Json:
    """The field that `signature_of` reads."""
    return {"extra_content": {"google": {"thought_signature": signature}}}


def parse_details(details: object) -> list[Thought]:
    """The thoughts that `reasoning_details` hold; what is none is passed over."""
    return [_thought(detail) for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []


def split_thinking(content: object) -> tuple[Any, str]:
    """A content without its thinking, and that thinking: Mistral writes it as parts beside the words."""
    if not isinstance(content, list):
        return content, ""
    thinking = [part for part in content if _is_thinking(part)]
    if not thinking:
        return content, ""
    said = [one for part in thinking for one in _parts(part.get("thinking"))]
    return [part for part in content if not _is_thinking(part)], "".join(said)


def _is_thinking(part: object) -> bool:
    return isinstance(part, dict) and part.get("type") == "thinking"


def words_of(content: object) -> str:
    """The words of a content that is text, or a list of parts."""
    if not isinstance(content, list):
        return _text(content)
    return "".join(_parts([part for part in content if isinstance(part, dict) and part.get("type") == "text"]))


def _parts(said: object) -> list[str]:
    if isinstance(said, str):
        return [said]
    return [_text(part.get("text")) for part in said if isinstance(part, dict)] if isinstance(said, list) else []


def parse_thoughts(message: Json) -> tuple[Thought, ...]:
    """Takes the thinking out of a message: details where there are some, else the plain text."""
    plain = [message.pop(name, None) for name in ("reasoning_content", "reasoning")]
    text = next((one for one in plain if isinstance(one, str) and one), "")
    thoughts = parse_details(message.pop("reasoning_details", None))
    if text and not any(thought.text for thought in thoughts):
        thoughts.insert(0, Thought(text=text))
    return tuple(thoughts)


def _thought(detail: Json) -> Thought:
    signature, redacted = _text(detail.get("signature")), _text(detail.get("data"))
    return Thought(
        text=_text(detail.get("text") or detail.get("summary")),
        signature=signature,
        redacted=redacted,
        id=_text(detail.get("id")),
        dialect=_DIALECTS.get(_text(detail.get("format")), "openai_chat" if signature or redacted else ""),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
