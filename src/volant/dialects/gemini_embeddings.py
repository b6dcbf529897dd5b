"""Gemini embeddings: embedContent for one, batchEmbedContents for many, to and from `core.embeddings`.

A client may ask either way and gets the shape that belongs to it; towards a provider it is always batchEmbedContents,
with at most `MOST` texts a request. Source: Gemini API reference, "Embeddings" (read November 2026), and google-genai
3.4, which sends even one text as a batch.
"""

from __future__ import annotations

from typing import Any

import msgspec

from volant.core.embeddings import EmbeddingRequest, EmbeddingResponse
from volant.core.errors import BadInput, UpstreamFailed
from volant.dialects.dialect import EmbeddingDialect, Losses
from volant.dialects.fields import Json, bad, decode, listed, want, words
from volant.dialects.fitting import drop_extra
from volant.dialects.gemini_errors import parse_error, render_error
from volant.dialects.gemini_wire import NAME, proto, whole_number

MOST = 100
_KINDS = {
    "RETRIEVAL_QUERY": "query",
    "RETRIEVAL_DOCUMENT": "document",
    "SEMANTIC_SIMILARITY": "similarity",
    "CLASSIFICATION": "classification",
    "CLUSTERING": "clustering",
}
_TASKS = {kind: task for task, kind in _KINDS.items()}
_TAKEN = frozenset({"model", "content", "title", "taskType", "outputDimensionality"})


# ---------------------------------------------------------------- request
def parse_request(body: bytes, model: str) -> EmbeddingRequest:
    """The request in `body`, of either method. Raises BadInput `invalid_json`, or `invalid_field` with the path."""
    wire = proto(want(decode(body), dict, "body"))
    single = "requests" not in wire
    many = [wire] if single else want(wire["requests"], list, "requests")
    if not many:
        raise bad("requests", "is empty; give at least one content")
    asked = [want(one, dict, f"requests[{at}]") for at, one in enumerate(many)]
    paths = [""] if single else [f"requests[{at}]." for at in range(len(asked))]
    inputs = tuple(_text(one.get("content"), f"{path}content") for one, path in zip(asked, paths, strict=True))
    titles = [words(one.get("title"), f"{path}title") for one, path in zip(asked, paths, strict=True)]
    extra = {name: _agreed(asked, name) for one in asked for name in one if name not in _TAKEN}
    task = words(_agreed(asked, "taskType"), f"{paths[0]}taskType")
    if task not in _KINDS and task not in ("", "TASK_TYPE_UNSPECIFIED"):
        extra["taskType"] = task
    if len(set(titles)) > 1:
        extra["titles"] = titles
    return EmbeddingRequest(
        model=(model or words(asked[0].get("model"), f"{paths[0]}model")).removeprefix("models/"),
        inputs=inputs,
        single=single,
        dimensions=whole_number(_agreed(asked, "outputDimensionality"), f"{paths[0]}outputDimensionality"),
        kind=_KINDS.get(task, ""),
        title=titles[0] if len(set(titles)) == 1 else "",
        dialect=NAME,
        extra=extra,
    )


def _text(raw: object, path: str) -> str:
    content = {"parts": [{"text": raw}]} if isinstance(raw, str) else want(raw, dict, path)
    parts = content.get("parts")
    texts = []
    for at, part in enumerate([parts] if isinstance(parts, dict) else listed(parts, f"{path}.parts")):
        text = want(part, dict, f"{path}.parts[{at}]").get("text")
        if not isinstance(text, str):
            raise bad(f"{path}.parts[{at}]", "holds no text; only texts are embedded here")
        texts.append(text)
    if not texts:
        raise bad(f"{path}.parts", "is empty; give a text")
    return "".join(texts)


def _agreed(asked: list[Json], name: str) -> Any:
    """What all requests of the batch say of `name`."""
    first = asked[0].get(name)
    for at, one in enumerate(asked):
        if one.get(name) != first:
            raise bad(f"requests[{at}].{name}", "differs from the first request's; ask for them apart")
    return first


def render_request(request: EmbeddingRequest, losses: Losses) -> bytes:
    """The body of batchEmbedContents. Raises BadInput `not_supported`."""
    if any(not isinstance(one, str) for one in request.inputs):
        losses.refuse("input", "it takes texts, not token ids; send the texts themselves")
    if request.user:
        losses.drop("user")
    extra = dict(request.extra)
    if request.dialect != NAME:
        drop_extra(extra, losses)
        extra = {}
    titles = extra.pop("titles", None) or [request.title] * len(request.inputs)
    common: Json = {"model": f"models/{request.model.removeprefix('models/')}"}
    if request.kind:
        common["taskType"] = _TASKS.get(request.kind, request.kind.upper())
    if request.dimensions is not None:
        common["outputDimensionality"] = request.dimensions
    requests = [
        common | {"content": {"parts": [{"text": text}]}} | ({"title": title} if title else {}) | extra
        for text, title in zip(request.inputs, titles, strict=True)
    ]
    return msgspec.json.encode({"requests": requests})


def split(request: EmbeddingRequest) -> tuple[EmbeddingRequest, ...]:
    """In the same order, with at most `MOST` texts each."""
    if len(request.inputs) <= MOST:
        return (request,)
    return tuple(_part(request, at) for at in range(0, len(request.inputs), MOST))


def _part(request: EmbeddingRequest, at: int) -> EmbeddingRequest:
    extra = request.extra
    if request.dialect == NAME and "titles" in extra:  # one a text
        extra = {**extra, "titles": extra["titles"][at : at + MOST]}
    return msgspec.structs.replace(request, inputs=request.inputs[at : at + MOST], extra=extra)


# ---------------------------------------------------------------- answer
def parse_response(body: bytes) -> EmbeddingResponse:
    """The answer in `body`, of either method. Raises UpstreamFailed `invalid_answer` where it is none."""
    try:
        rest = dict(proto(want(decode(body), dict, "body")))
        one, many = rest.pop("embedding", None), rest.pop("embeddings", None)
        given = want(many if one is None else [one], list, "embeddings")
        usage = want(rest.pop("usageMetadata", None) or {}, dict, "usageMetadata")
        return EmbeddingResponse(
            model="",  # Gemini does not say
            vectors=tuple(_vector(item, f"embeddings[{at}]") for at, item in enumerate(given)),
            input_tokens=whole_number(usage.get("promptTokenCount"), "usageMetadata.promptTokenCount") or 0,
            extra=rest,
        )
    except (BadInput, TypeError, ValueError, RecursionError) as error:
        raise UpstreamFailed("invalid_answer", f"the upstream's answer holds no embeddings: {error}") from error


def _vector(raw: object, path: str) -> tuple[float, ...]:
    values = want(want(raw, dict, path).get("values"), list, f"{path}.values")
    return tuple(float(number) for number in values)


def render_response(response: EmbeddingResponse, request: EmbeddingRequest) -> bytes:
    """The body of an answer, of the method that was asked."""
    vectors = [{"values": vector} for vector in response.vectors]
    wire: Json = {"embedding": vectors[0]} if request.single and vectors else {"embeddings": vectors}
    if response.input_tokens:
        wire["usageMetadata"] = {"promptTokenCount": response.input_tokens, "totalTokenCount": response.input_tokens}
    return msgspec.json.encode(wire)


DIALECT = EmbeddingDialect(
    name=NAME,
    title="Gemini embeddings",
    parse_request=parse_request,
    render_request=render_request,
    parse_response=parse_response,
    render_response=render_response,
    parse_error=parse_error,
    render_error=render_error,
    split=split,
)
