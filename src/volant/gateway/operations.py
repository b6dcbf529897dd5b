"""Operations: what is not a chat, made one place's and read back: embeddings, counts of tokens, moderations.

As `translation` and `call` do it for chats: bytes where both sides speak the same dialect, else through
`core.embeddings` and `core.chat`. Pure.
"""

from __future__ import annotations

import msgspec

from volant.core.chat import ChatRequest
from volant.core.embeddings import EmbeddingRequest
from volant.core.errors import BadInput, UpstreamFailed
from volant.dialects import find, find_embeddings
from volant.dialects.dialect import Losses, UpstreamError
from volant.dialects.openai_completions import TOKENS
from volant.dialects.openai_reading import Reading
from volant.gateway import body, counting, moderating
from volant.gateway.plan import Place, VariantPlan, Way

_ENCODER = msgspec.json.Encoder()


Part = tuple[bytes, int]  # a body, and how many inputs it holds (of embeddings)


def request_for(
    asked: body.Asked, variant: VariantPlan, place: Place, way: Way, edited: ChatRequest | None = None
) -> tuple[tuple[Part, ...], bool, tuple[str, ...]]:
    """(what to ask, mostly in one part; whether the answer may be relayed; what was dropped).

    Raises BadInput for what `way` cannot say.
    """
    if way.wire.operation == "count_tokens":
        rendered, dropped = counting.request_for(asked, variant, place, way, edited)
        return ((rendered, 1),), way.wire.dialect == asked.entrance.dialect, dropped
    if way.wire.operation == "moderations":
        fields = {name: value for name, value in asked.fields.items() if name != "volant"}
        return ((_ENCODER.encode({**fields, "model": place.model_json}), 1),), True, ()
    if way.wire.dialect == asked.entrance.dialect == "openai" and asked.embedding is None:
        fields = {name: value for name, value in asked.fields.items() if name != "volant"}
        fields["model"] = place.model_json
        fields |= {name: value for name, value in variant.defaults.items() if name not in fields}
        return ((_ENCODER.encode(fields), 1),), True, ()
    dialect = find_embeddings(way.wire.dialect)
    losses = Losses(dialect.title)
    request = embedding_of(asked)
    dimensions = request.dimensions or msgspec.json.decode(variant.defaults.get("dimensions", b"null"))
    request = msgspec.structs.replace(request, model=place.target.model, dimensions=dimensions)
    parts = tuple((dialect.render_request(part, losses), len(part.inputs)) for part in dialect.split(request))
    return parts, False, tuple(losses.dropped)


def embedding_of(asked: body.Asked) -> EmbeddingRequest:
    """The request in normalised words. Raises BadInput with the path of a field that is wrong."""
    if asked.embedding is not None:
        return asked.embedding
    dialect = find_embeddings(asked.entrance.dialect)
    return dialect.parse_request(asked.own(), asked.entrance.model or asked.model)


def texts_of(asked: body.Asked) -> list[str]:
    """Its texts, for guards. Raises BadInput where it holds token ids."""
    inputs = embedding_of(asked).inputs
    if not all(isinstance(one, str) for one in inputs):
        raise _unreadable("input")
    return [one for one in inputs if isinstance(one, str)]


def words_of(asked: body.Asked) -> ChatRequest:
    """A chat, for guards. Raises BadInput where it holds token ids."""
    request = asked.chat()
    if TOKENS in request.extra:
        raise _unreadable("prompt")
    return request


def _unreadable(where: str) -> BadInput:
    return BadInput(
        "not_supported",
        f"`{where}` holds token ids, which the guards of this task cannot read",
        where=where,
        hint="send the texts",
    )


def put_texts(asked: body.Asked, texts: list[str]) -> None:
    """Other texts in their places."""
    request, each = embedding_of(asked), iter(texts)
    inputs = tuple(next(each) if isinstance(one, str) else one for one in request.inputs)
    asked.embedding = msgspec.structs.replace(request, inputs=inputs)


def read(way: Way, answer: bytes) -> Reading:
    """What is counted. Raises UpstreamFailed for an answer that is none."""
    if way.wire.operation == "count_tokens":
        return counting.read(answer)
    if way.wire.operation == "moderations":
        return moderating.read(answer)
    response = find_embeddings(way.wire.dialect).parse_response(answer)
    if not response.vectors:
        raise UpstreamFailed("invalid_answer", "the upstream gave no vectors")
    said = {
        "object": "list",
        "model": response.model,
        "vectors": len(response.vectors),
        "dimensions": len(response.vectors[0]),
    }
    reading = Reading(model=response.model, content="vectors", output=_ENCODER.encode(said))
    if response.input_tokens:
        reading.counted, reading.input_tokens = True, response.input_tokens
    return reading


def answer_for(asked: body.Asked, way: Way, answer: bytes) -> bytes:
    """The upstream's answer in the caller's dialect."""
    if way.wire.operation == "count_tokens":
        return counting.answer_for(asked, int(counting.read(answer).content))
    ours = find_embeddings(asked.entrance.dialect)
    response = find_embeddings(way.wire.dialect).parse_response(answer)
    return ours.render_response(response, embedding_of(asked))


def parse_error(way: Way, status: int, answer: bytes) -> UpstreamError:
    """What a provider said went wrong. Never raises."""
    if way.wire.operation == "embeddings":
        return find_embeddings(way.wire.dialect).parse_error(status, answer)
    name = "openai_chat" if way.wire.dialect == "openai" else way.wire.dialect
    return find(name).parse_error(status, answer)
