"""Language: is a text surely in none of the languages that are kept?

Knows py3langid's probabilities, and that they mean little for short texts: only a text with enough letters, for which
the kept languages together have next to no probability, counts as foreign. Everything else stays.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any

from volant.core.errors import BadInput
from volant.data.extra import need

MIN_LETTER_BYTES = 20  # of UTF-8: 20 Latin letters, 10 Cyrillic, 7 Chinese
MAX_KEPT = 0.005  # probability of all kept languages together below which a text is foreign
MIN_WINNER = 0.5  # probability of the most likely language from which it is named
_PLACEHOLDER = re.compile(r"\[[A-Z_]+\]")  # what redaction wrote is in no language


def foreign(text: str, keep: Sequence[str]) -> tuple[str, float] | None:
    """(ISO 639-1 code, probability) when `text` is surely in none of the languages `keep`, else None.

    Raises BadInput (`unknown_language`) for a code that the model does not know, Conflict without the `data` extra.
    """
    identifier = _identifier()
    if unknown := sorted(set(keep) - set(identifier.labels)):
        raise BadInput(
            "unknown_language",
            f"no such language: {', '.join(unknown)}",
            where="languages",
            hint=f"use ISO 639-1 codes, such as {', '.join(sorted(identifier.labels)[:8])}, …",
        )
    plain = _PLACEHOLDER.sub(" ", text)
    if len("".join(c for c in plain if c.isalpha()).encode("utf-8", "ignore")) < MIN_LETTER_BYTES:
        return None
    ranked: list[tuple[str, float]] = identifier.rank(plain)
    language, probability = ranked[0]
    kept = sum(share for code, share in ranked if code in keep)
    return (language, probability) if kept < MAX_KEPT and probability >= MIN_WINNER else None


@functools.cache
def _identifier() -> Any:
    """py3langid's model with normalised probabilities, loaded once (about 20 MB)."""
    langid = need("py3langid.langid")
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
