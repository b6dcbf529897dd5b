"""Cache key: when two questions are the same. Pure.

Same task, variant and everything that decides what it answers (its specification, the prompt's version with what was
filled in, the models behind it, the guards), same owner (project or key; the person where a guard puts their words
back), and the same request but for who asks and how the answer travels. The order of names in JSON does not count; the
dialect does only where the request has words of its own. Headers count that go along to a place and may change its
answer (`anthropic-beta`).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from typing import Literal

import msgspec

from volant.core.chat import ChatRequest, ChatResponse, Message, TextPart
from volant.core.nouns import CacheSpec, KeyGrant, TaskSpec
from volant.gateway.hooks import Found, Question, Wish
from volant.gateway.plan import Place, VariantPlan

_ENCODER = msgspec.json.Encoder(order="sorted")
_NUMBERS = re.compile(r"\d+(?:[.,:]\d+)*")
_USUAL = {b"anthropic-version": b"2023-06-01"}  # headers whose usual value says nothing
_OWN_WORDS = (b'"extra":', b'"own_tools":', b'"own":')
_BEYOND = ("conversation", "previous_response_id", "web_search_options", "mcp_servers", "container")
_WHO_AND_HOW = frozenset({"safety_identifier", "stream_options"})
_LONGEST_MEANING = 8_000  # characters of a turn that is compared by meaning
Headers = tuple[tuple[bytes, bytes], ...]
replace = msgspec.structs.replace


def wish_of(cache_control: bytes, ours: bytes) -> Wish:
    """By `cache-control` (no-store, no-cache, max-age; RFC 9111 §5.2.1) and our own `x-volant-cache: skip`."""
    if ours.strip().lower() == b"skip":
        return Wish(False, False)
    if not cache_control:
        return Wish()
    said = [one.strip().lower() for one in cache_control.split(b",")]
    if b"no-store" in said:
        return Wish(False, False)
    ages = [one[8:] for one in said if one.startswith(b"max-age=") and one[8:].isdigit()]
    age = float(ages[0]) if ages else None
    return Wish(b"no-cache" not in said and age != 0, True, age)


def found_line(found: Found) -> bytes:
    """What the answer's head says of it; `age` in seconds (RFC 9111 §5.1)."""
    return b"x-volant-cache: %b\r\nage: %d\r\n" % (b"hit" if found.how == "exact" else b"semantic", found.age_s)


def missed_line(question: Question) -> bytes:
    """Likewise, where a deployment is asked: skip where nothing was looked for, or may be."""
    return b"x-volant-cache: miss\r\n" if question.digest and question.wish.reads else b"x-volant-cache: skip\r\n"


def given_again(response: ChatResponse, answer_id: str, now_s: int) -> ChatResponse:
    """The answer under an id of its own: a provider's id names one answer only."""
    return replace(response, id=answer_id, created_s=now_s)


def is_kept(request: ChatRequest) -> bool:
    """May its answer be given again? Not where it depends on more than the request says: on what the provider
    remembers, on a container, or on a world that changes and that the provider's own tools look at.
    """
    extra = request.extra
    return not request.own_tools and not extra.get("store") and all(extra.get(name) is None for name in _BEYOND)


def canonical(request: ChatRequest) -> bytes:
    """The request as bytes that are equal where the questions are."""
    extra = request.extra
    if not _WHO_AND_HOW.isdisjoint(extra):
        extra = {name: value for name, value in extra.items() if name not in _WHO_AND_HOW}
    plain = replace(request, model="", user="", metadata={}, stream=False, include_usage=False, dialect="", extra=extra)
    said = _ENCODER.encode(plain)
    if request.dialect and any(mark in said for mark in _OWN_WORDS):
        return said + request.dialect.encode()
    return said


def told(said: Headers, dialect: str, variant: VariantPlan) -> bytes:
    """The caller's headers that a place is told and that may change its answer (a beta's name), as bytes that are equal
    where they mean the same: which of them comes first does not count. Nothing where no place speaks the dialect."""
    if not said or not any(_speaks(place, dialect) for place in _places(variant)):
        return b""
    words = {
        b"%b: %b" % (name, one.strip())
        for name, value in said
        for one in value.split(b",")
        if one.strip() and one.strip() != _USUAL.get(name)
    }
    return b"\0" + b"\n".join(sorted(words)) if words else b""


def _speaks(place: Place, dialect: str) -> bool:
    way = place.way(f"chat/{dialect}")
    return way is not None and way.wire.dialect == dialect


def _places(variant: VariantPlan) -> tuple[Place, ...]:
    return (*variant.deployments, *variant.fallbacks, *variant.context_fallbacks)


def frame_of(request: ChatRequest) -> tuple[ChatRequest, str] | None:
    """(the request without the words of its last turn, those words), where it can be compared by meaning.

    The last turn must be a user's and hold nothing but words; the numbers in it stay in the frame, because questions
    about order 12 and order 13 mean nearly the same.
    """
    if not request.messages:
        return None
    last = request.messages[-1]
    if last.role != "user" or not all(isinstance(part, TextPart) for part in last.parts):
        return None
    text = last.text.strip()
    if not text or len(text) > _LONGEST_MEANING:
        return None
    numbers = " ".join(_NUMBERS.findall(text))
    bare = Message(role="user", name=last.name, parts=(TextPart(text=numbers),))
    return replace(request, messages=(*request.messages[:-1], bare)), text


def digest_of(
    key: bytes,
    kind: Literal["exact", "frame"],
    *,
    owner: Iterable[str],
    task: TaskSpec,
    variant: VariantPlan,
    said: bytes,
) -> bytes:
    """32 bytes for a question. `said`: its canonical request. Keyed (HMAC-SHA256): it tells nothing without `key`."""
    prompt = variant.prompt.version_id if variant.prompt is not None else ""
    models = sorted({f"{place.target.provider}/{place.target.model}" for place in _places(variant)})
    about = (kind, tuple(owner), task.name, task.guards, variant.spec, prompt, models)
    filled = b"\0".join(variant.said) if variant.said is not None else b""
    return hmac.digest(key, b"\n".join((_ENCODER.encode(about), filled, said)), "sha256")


def owner_of(spec: CacheSpec, grant: KeyGrant, subject: str, *, personal: bool) -> tuple[str, ...] | None:
    """Who shares an answer; None: nobody may, because the answer is a person's and the person is not known."""
    if personal and not subject:
        return None
    key_id = grant.key_id if spec.scope == "key" else ""
    return (grant.project, key_id, subject if personal else "")
