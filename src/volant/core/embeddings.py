"""Embeddings: the normalised request and answer that every dialect translates to and from."""

from __future__ import annotations

from typing import Any

import msgspec

Json = dict[str, Any]


class EmbeddingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Texts, or lists of token ids, to be turned into vectors. `extra` is in the words of `dialect`."""

    model: str
    inputs: tuple[str | tuple[int, ...], ...]
    single: bool = False  # the caller gave one text, not a list
    dimensions: int | None = None
    base64: bool = False  # the caller takes the vectors as base64 of little-endian float32
    kind: str = ""  # what for: "query", "document", "similarity", "classification", "clustering"
    title: str = ""  # of a document
    user: str = ""
    dialect: str = ""
    extra: Json = {}


class EmbeddingResponse(msgspec.Struct, frozen=True, kw_only=True):
    """One vector an input, in order."""

    model: str
    vectors: tuple[tuple[float, ...], ...]
    input_tokens: int = 0
    extra: Json = {}
