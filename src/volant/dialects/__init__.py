"""Dialects: pure translation between a wire format and `core.chat`, both ways. No I/O, no provider, no price.

    from volant.dialects import find

dialect        what a dialect must offer: `Dialect`, `EmbeddingDialect`; `Losses`
sse            event streams, cut at arbitrary bytes
fields         typed fields out of decoded JSON, each complaint with its path
logprobs       log-probabilities from providers, checked
fitting        what a provider cannot take, and words of other dialects: dropped by name or refused
citations      sources that an answer names by URL, from every dialect's words to every other's
unsaid         what an answer holds that its caller's dialect has no word for: a sentence in its place, or a warning
openai_chat    OpenAI chat completions: requests, with openai_messages, openai_answers, openai_thoughts, openai_tools
openai_errors  the error body that OpenAI clients understand, and that its copies send

The others have one module each, named as in `dialect.NAMES`, and are imported when they are first asked for.
"""

from __future__ import annotations

import functools
import importlib

from volant.core.errors import NotFound
from volant.dialects.dialect import NAMES, Dialect, EmbeddingDialect

EMBEDDING_NAMES = ("openai", "gemini")


@functools.cache
def find(name: str) -> Dialect:
    """The dialect of chats called `name`. Raises NotFound `unknown_dialect`, naming those that exist."""
    if name not in NAMES:
        raise _unknown(name, NAMES)
    dialect = importlib.import_module(f"{__name__}.{name}").DIALECT
    assert isinstance(dialect, Dialect)
    return dialect


@functools.cache
def find_embeddings(name: str) -> EmbeddingDialect:
    """The dialect of embeddings called `name`. Raises NotFound `unknown_dialect`, naming those that exist."""
    if name not in EMBEDDING_NAMES:
        raise _unknown(name, EMBEDDING_NAMES)
    dialect = importlib.import_module(f"{__name__}.{name}_embeddings").DIALECT
    assert isinstance(dialect, EmbeddingDialect)
    return dialect


def _unknown(name: str, known: tuple[str, ...]) -> NotFound:
    return NotFound(
        "unknown_dialect",
        f"no dialect is called {name[:40]!r}",
        where="dialect",
        hint=f"use one of: {', '.join(known)}",
    )


__all__ = ["EMBEDDING_NAMES", "NAMES", "find", "find_embeddings"]
