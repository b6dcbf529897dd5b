"""OpenAI embeddings: between the wire and `core.embeddings`, both ways.

Source: OpenAI API reference, "Create embeddings" (read November 2026), and openai 3.54, which asks for base64 unless
told otherwise. `input_type` is what NVIDIA, Voyage and others call the purpose; it goes back as it came.
"""

from __future__ import annotations

from typing import Any

import msgspec

from volant.core.embeddings import EmbeddingRequest, EmbeddingResponse
from volant.core.errors import BadInput, UpstreamFailed
from volant.dialects.dialect import EmbeddingDialect, Losses
from volant.dialects.fields import Json, bad, decode, filled, maybe, want, words
from volant.dialects.fitting import drop_extra
from volant.dialects.openai_errors import parse_error, render_error
from volant.dialects.vectors import from_base64, to_base64

NAME = "openai"
_TAKEN = frozenset({"model", "input", "encoding_format", "dimensions", "user"})


# ---------------------------------------------------------------- request
def parse_request(body: bytes, model: str) -> EmbeddingRequest:
    """The request in `body`. Raises BadInput `invalid_json`, or `invalid_field` with the path."""
    wire = want(decode(body), dict, "body")
    given = wire.get("input")
    inputs, single = _parse_input(given)
    form = words(wire.get("encoding_format"), "encoding_format") or "float"
    if form not in ("float", "base64"):
        raise bad("encoding_format", f"is {form[:40]!r}; it must be float or base64")
    return EmbeddingRequest(
        model=model or want(wire.get("model"), str, "model"),
        inputs=inputs,
        single=single,
        dimensions=maybe(wire.get("dimensions"), int, "dimensions"),
        base64=form == "base64",
        user=words(wire.get("user"), "user"),
        dialect=NAME,
        extra={name: value for name, value in wire.items() if name not in _TAKEN},
    )


def _parse_input(given: Any) -> tuple[tuple[str | tuple[int, ...], ...], bool]:
    if isinstance(given, str):
        return (given,), True
    listed = want(given, list, "input")
    if not listed:
        raise bad("input", "is empty; give at least one text")
    if all(_is_token(one) for one in listed):
        return (tuple(listed),), True
    return tuple(_parse_one(one, f"input[{at}]") for at, one in enumerate(listed)), False


def _parse_one(one: Any, path: str) -> str | tuple[int, ...]:
    if isinstance(one, str):
        return one
    if isinstance(one, list) and one and all(_is_token(token) for token in one):
        return tuple(one)
    raise bad(path, "is neither a text nor a list of token ids")


def _is_token(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def render_request(request: EmbeddingRequest, losses: Losses) -> bytes:
    """The body to send. Raises BadInput `not_supported`."""
    if request.kind:
        losses.drop("task type", "the same vectors are made for every purpose")
    if request.title:
        losses.drop("title")
    if request.dialect not in ("", NAME):
        drop_extra(request.extra, losses)
    inputs = [one if isinstance(one, str) else list(one) for one in request.inputs]
    wire: Json = {"model": request.model, "input": inputs[0] if request.single else inputs}
    if request.base64:
        wire["encoding_format"] = "base64"
    if request.dimensions is not None:
        wire["dimensions"] = request.dimensions
    wire |= filled(user=request.user)
    return msgspec.json.encode(wire | (request.extra if request.dialect == NAME else {}))


# ---------------------------------------------------------------- answer
def parse_response(body: bytes) -> EmbeddingResponse:
    """The answer in `body`. Raises UpstreamFailed `invalid_answer` where it is none."""
    try:
        rest = dict(want(decode(body), dict, "body"))
        rest.pop("object", None)
        usage = want(rest.pop("usage", None) or {}, dict, "usage")
        data = want(rest.pop("data", None), list, "data")
        items = [want(item, dict, f"data[{at}]") for at, item in enumerate(data)]
        items.sort(key=lambda item: want(item.get("index", 0), int, "data.index"))
        return EmbeddingResponse(
            model=words(rest.pop("model", None), "model"),
            vectors=tuple(_parse_vector(item.get("embedding")) for item in items),
            input_tokens=want(usage.get("prompt_tokens") or 0, int, "usage.prompt_tokens"),
            extra=rest,
        )
    except (BadInput, TypeError, ValueError, RecursionError) as error:
        raise UpstreamFailed("invalid_answer", f"the upstream's answer holds no embeddings: {error}") from error


def _parse_vector(raw: Any) -> tuple[float, ...]:
    if isinstance(raw, str):
        return from_base64(raw)
    return tuple(float(number) for number in want(raw, list, "data.embedding"))


def render_response(response: EmbeddingResponse, request: EmbeddingRequest) -> bytes:
    """The body of an answer, its vectors as `request` wants them."""
    data = [
        {"object": "embedding", "index": at, "embedding": to_base64(vector) if request.base64 else vector}
        for at, vector in enumerate(response.vectors)
    ]
    usage = {"prompt_tokens": response.input_tokens, "total_tokens": response.input_tokens}
    return msgspec.json.encode(
        {"object": "list", "data": data, "model": response.model or request.model, "usage": usage}
    )


DIALECT = EmbeddingDialect(
    name=NAME,
    title="OpenAI embeddings",
    parse_request=parse_request,
    render_request=render_request,
    parse_response=parse_response,
    render_response=render_response,
    parse_error=parse_error,
    render_error=render_error,
)
