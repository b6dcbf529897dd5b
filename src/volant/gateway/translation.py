"""Translation: what one place is asked, in its own dialect, and what its answer means in the caller's.

Same dialect and nothing to edit: bytes, with the model rewritten where it stands. Else through `core.chat`, and what
the place's dialect cannot say is refused or named (`Losses`). Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from volant.core.chat import (
    ChatRequest,
    ChatResponse,
    Choice,
    Counted,
    Delta,
    Finished,
    Started,
    StreamEvent,
    TextPart,
    ThoughtEnded,
    ToolDelta,
)
from volant.core.errors import BadInput
from volant.dialects import find, find_embeddings
from volant.dialects.citations import SPANS, blocks_of
from volant.dialects.dialect import Losses
from volant.dialects.openai_chat import render_request
from volant.dialects.openai_completions import TOKENS
from volant.dialects.signed_ids import MARK as _MARK
from volant.gateway import body, operations
from volant.gateway.composing import basis_of, composed
from volant.gateway.plan import Place, VariantPlan, Way

Headers = tuple[tuple[bytes, bytes], ...]
_ENCODER = msgspec.json.Encoder()
MARK = _MARK.encode()  # in the bytes of a body


class Crossing(msgspec.Struct, kw_only=True):
    """One request made one place's."""

    way: Way
    body: bytes
    relays: bool  # its answer is in the caller's dialect
    parts: tuple[operations.Part, ...] = ()  # where the place takes it in several calls only: all of them
    said: Headers = ()  # headers of the caller that go along
    warnings: tuple[str, ...] = ()
    model: str = ""  # who answers, where the answer itself does not say it


def cross(
    asked: body.Asked,
    variant: VariantPlan,
    place: Place,
    *,
    stream: bool,
    edited: ChatRequest | None = None,
    said: Headers = (),
) -> Crossing:
    """The request for `place`. `edited`: what the guards made of it; `stream` False asks for a whole answer.

    Raises BadInput `not_supported` for what this place cannot do, or with the path of the field that nobody knows.
    """
    entrance = asked.entrance
    way = place.way(entrance.kind)
    if way is None:
        raise BadInput(
            "not_supported",
            f"deployment {place.target.name!r} cannot do {entrance.operation}",
            where="model",
            hint="ask a task whose deployment can: docs/providers.md says which",
        )
    if entrance.operation != "chat":
        parts, relays, warnings = operations.request_for(asked, variant, place, way, edited)
        return Crossing(
            way=way,
            body=parts[0][0],
            parts=parts if len(parts) > 1 else (),
            relays=relays,
            said=said if relays else (),
            warnings=warnings,
        )
    same = way.wire.dialect == entrance.dialect
    if same and edited is None and not _holds_foreign_ids(asked, place):
        if entrance.dialect == "openai_chat":
            rendered = body.render(asked, variant, place, stream=None if stream or not asked.stream else False)
            return Crossing(way=way, body=rendered, relays=True)
        if not (variant.defaults or variant.system or variant.said):
            return Crossing(way=way, body=_relayed(asked, place, stream), relays=True, said=said)
    dialect = find(way.wire.dialect)
    losses = Losses(dialect.title)
    request = composed(edited or asked.chat(), variant)
    request = msgspec.structs.replace(
        request, model=place.target.model, stream=stream, include_usage=stream and place.stream_usage
    )
    rendered = dialect.render_request(request, place.capabilities, losses)
    if dialect.name == "openai_chat":
        rendered = _with_defaults(rendered, variant)
    elif variant.defaults:
        for name in basis_of(variant).extra:
            losses.drop(f"parameters.{name}", "the variant's, in the words of chat completions")
    return Crossing(
        way=way,
        body=rendered,
        relays=same,
        said=said if same else (),
        warnings=tuple(losses.dropped),
        model=place.target.model,
    )


def recorded_input(asked: body.Asked, variant: VariantPlan, edited: ChatRequest | None = None) -> bytes:
    """The request as the record keeps it: as an OpenAI client would have sent it, and with the prompt's messages.

    `edited`: what the guards left of it. An embedding as an embedding. What no dialect of ours could read stays as it
    came.
    """
    entrance = asked.entrance
    if edited is not None:
        messages = composed(edited, variant).messages if variant.said else edited.messages
        return render_request(msgspec.structs.replace(edited, messages=messages))
    if entrance.dialect == "openai_chat":
        return body.recorded_input(asked, variant)
    if asked.embedding is not None:  # the guards changed its texts
        return find_embeddings("openai").render_request(asked.embedding, Losses("the record"))
    if entrance.operation not in ("chat", "count_tokens"):
        return asked.own()
    try:
        request = asked.chat()
    except BadInput:
        return asked.own()
    said = msgspec.structs.replace(request, messages=composed(request, variant).messages) if variant.said else request
    if TOKENS in said.extra:  # nobody could take out of them what must not be kept
        kept = {name: value for name, value in said.extra.items() if name != TOKENS}
        said = msgspec.structs.replace(said, extra=kept)
    return render_request(said)


def named(said: Started, fallback: Started) -> Started:
    """Who answers, where its dialect (Bedrock's) does not say: `fallback`'s id, time and model."""
    if said.id and said.model:
        return said
    return msgspec.structs.replace(
        said,
        id=said.id or fallback.id,
        created_s=said.created_s or fallback.created_s,
        model=said.model or fallback.model,
    )


def named_answer(said: ChatResponse, fallback: Started) -> ChatResponse:
    """`named`, of a whole answer."""
    if said.id and said.model:
        return said
    who = named(Started(id=said.id, created_s=said.created_s, model=said.model), fallback)
    return msgspec.structs.replace(said, id=who.id, created_s=who.created_s, model=who.model)


def replay(response: ChatResponse) -> list[StreamEvent]:
    """A whole answer as a stream: what `core.chat.assemble` makes that answer of."""
    events: list[StreamEvent] = [
        Started(
            id=response.id, created_s=response.created_s, model=response.model, dialect=response.dialect,
            extra=response.extra,
        )
    ]  # fmt: skip
    for choice in response.choices:
        events += _choice_events(choice)
    if response.usage is not None:
        events.append(Counted(usage=response.usage))
    return events


def _choice_events(choice: Choice) -> list[StreamEvent]:
    at, message = choice.index, choice.message
    events: list[StreamEvent] = []
    for thought in message.thoughts:
        if thought.text:
            events.append(Delta(index=at, reasoning=thought.text))
        events.append(
            ThoughtEnded(
                index=at, signature=thought.signature, redacted=thought.redacted, id=thought.id, dialect=thought.dialect
            )
        )
    if message.refusal:
        events.append(Delta(index=at, refusal=message.refusal))
    events += _words(choice)
    if choice.logprobs is not None:
        events.append(Delta(index=at, logprobs=choice.logprobs))
    for number, call in enumerate(message.tool_calls):
        events.append(
            ToolDelta(
                index=at, call=number, id=call.id, name=call.name, arguments=call.arguments, signature=call.signature
            )
        )
    events.append(Finished(index=at, reason=choice.finish or "stop", detail=choice.finish_detail, extra=choice.extra))
    return events


def _words(choice: Choice) -> Iterator[Delta]:
    """Each words with the citations that stand beside them alone, and where that is in all words so far."""
    at, message, rest, length = choice.index, choice.message, dict(choice.message.extra), 0
    placed = SPANS in rest  # of a stream, whose words are one part
    for part in message.parts:
        if not isinstance(part, TextPart):
            yield Delta(index=at, parts=(part,))
            continue
        pieces = blocks_of(part.text, rest if placed else part.extra)
        if placed:
            placed = False
            rest = {name: said for name, said in rest.items() if name not in (SPANS, "citations")}
        for number, (text, cited) in enumerate(pieces):
            span = [length, length + len(text)]
            length += len(text)
            extra = {"citations": cited, SPANS: [span for _ in cited]} if cited else {}
            yield Delta(index=at, text=text, signature="" if number + 1 < len(pieces) else part.signature, extra=extra)
    if rest:
        yield Delta(index=at, extra=rest)


# ---------------------------------------------------------------- inside
def _holds_foreign_ids(asked: body.Asked, place: Place) -> bool:
    """Do its calls' ids carry what another provider signed, which makes them too long for this one?"""
    return place.capabilities.short_call_ids and "tools" in asked.fields and MARK in asked.raw


def _relayed(asked: body.Asked, place: Place, stream: bool) -> bytes:
    fields = asked.fields
    rewrite = asked.entrance.family != "gemini"  # which says it in the path
    whole = asked.stream and not stream and "stream" in fields
    if not rewrite and not whole and "volant" not in fields:
        return asked.raw
    fields = {name: value for name, value in fields.items() if name != "volant"}
    if rewrite:
        fields["model"] = place.model_json
    if whole:
        del fields["stream"]
    return _ENCODER.encode(fields)


def _with_defaults(rendered: bytes, variant: VariantPlan) -> bytes:
    """Parameters of the variant that `core.chat` has no word for."""
    if not variant.defaults or not (extra := basis_of(variant).extra):
        return rendered
    fields = msgspec.json.decode(rendered, type=dict[str, msgspec.Raw])
    return _ENCODER.encode({**{name: variant.defaults[name] for name in extra if name in variant.defaults}, **fields})
