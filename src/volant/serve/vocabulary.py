"""Vocabulary: a checkpoint's tokenizer in the words that llama.cpp has for it.

Two kinds, told apart by what `tokenizer.json` says, not by any model's name:

    "gpt2"   byte-level BPE whose pre-tokenizer is GPT-2's expression; no normaliser (llama.cpp would not apply one)
    "llama"  SentencePiece-style BPE: spaces as "▁" by a normaliser, bytes as <0x..>, no pre-tokenizer

Everything else is refused. Reads JSON only.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from volant.core.errors import BadInput, NotFound

_NORMAL, _UNKNOWN, _CONTROL, _USER_DEFINED, _BYTE = 1, 2, 3, 4, 6  # llama.cpp's token types
_SPACE = "▁"


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True):
    """A tokenizer as llama.cpp reads it. Lists are ordered by token id."""

    kind: Literal["gpt2", "llama"]
    pre: str
    tokens: list[str]
    types: list[int]
    merges: list[str] = []
    scores: list[float] = []
    bos: int | None = None
    eos: int
    pad: int | None = None
    unknown: int | None = None
    add_bos: bool = False
    add_space_prefix: bool | None = None
    chat_template: str = ""


def read_vocabulary(checkpoint: Path) -> Vocabulary:
    """The tokenizer of a checkpoint folder. Raises NotFound or BadInput("export_unsupported")."""
    tokenizer = _read(checkpoint / "tokenizer.json")
    settings = _read(checkpoint / "tokenizer_config.json")
    model = tokenizer["model"]
    if model.get("type") != "BPE":
        raise _unsupported(checkpoint, f"a tokenizer of type {model.get('type')!r}")
    ids = {**model["vocab"], **{token["content"]: token["id"] for token in tokenizer["added_tokens"]}}
    tokens = [token for token, _ in sorted(ids.items(), key=lambda item: item[1])]
    if sorted(ids.values()) != list(range(len(tokens))):
        raise _unsupported(checkpoint, "token ids with gaps")
    template = checkpoint / "chat_template.jinja"
    common: dict[str, Any] = {
        "tokens": tokens,
        "bos": _id(ids, settings.get("bos_token")),
        "eos": _required(checkpoint, ids, settings.get("eos_token")),
        "pad": _id(ids, settings.get("pad_token")),
        "unknown": _id(ids, settings.get("unk_token")),
        "chat_template": template.read_text(encoding="utf-8") if template.exists() else "",
        "types": _types(tokens, tokenizer["added_tokens"], _id(ids, settings.get("unk_token"))),
    }
    merges = [merge.split(" ") if isinstance(merge, str) else list(merge) for merge in model["merges"]]
    if _is_byte_level(tokenizer):
        return Vocabulary(kind="gpt2", pre="gpt-2", merges=[" ".join(pair) for pair in merges], **common)
    if _is_sentencepiece(tokenizer):
        rank = {"".join(pair): -float(order) for order, pair in reversed(list(enumerate(merges, start=1)))}
        return Vocabulary(kind="llama", pre="default", scores=[rank.get(token, 0.0) for token in tokens],
                          add_bos=common["bos"] is not None, add_space_prefix=True, **common)  # fmt: skip
    raise _unsupported(checkpoint, "a normaliser or pre-tokenizer that llama.cpp does not have")


def _is_byte_level(tokenizer: Mapping[str, Any]) -> bool:
    pre = tokenizer.get("pre_tokenizer") or {}
    plain = pre.get("type") == "ByteLevel" and pre.get("use_regex", True) and not pre.get("add_prefix_space")
    return bool(plain and tokenizer.get("normalizer") is None)


def _is_sentencepiece(tokenizer: Mapping[str, Any]) -> bool:
    steps = (tokenizer.get("normalizer") or {}).get("normalizers", [])
    spaced = [(step.get("type"), step.get("prepend") or step.get("content")) for step in steps]
    return tokenizer.get("pre_tokenizer") is None and spaced == [("Prepend", _SPACE), ("Replace", _SPACE)]


def _types(tokens: list[str], added: list[dict[str, Any]], unknown: int | None) -> list[int]:
    special = {token["id"]: _CONTROL if token.get("special") else _USER_DEFINED for token in added}
    found = []
    for number, token in enumerate(tokens):
        is_byte = len(token) == 6 and token.startswith("<0x") and token.endswith(">")
        kind = _UNKNOWN if number == unknown else special.get(number, _BYTE if is_byte else _NORMAL)
        found.append(kind)
    return found


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise NotFound(
            "checkpoint_missing", f"no {path.name} here", where=str(path.parent), hint="name a final/ folder"
        )
    content: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    return content


def _id(ids: Mapping[str, int], token: Any) -> int | None:
    name = token.get("content") if isinstance(token, dict) else token
    return ids.get(name) if name else None


def _required(checkpoint: Path, ids: Mapping[str, int], token: Any) -> int:
    found = _id(ids, token)
    if found is None:
        raise _unsupported(checkpoint, "no token that ends an answer")
    return found


def _unsupported(checkpoint: Path, message: str) -> BadInput:
    return BadInput("export_unsupported", f"cannot be written as GGUF: {message}", where=str(checkpoint),
                    hint="serve this checkpoint with an engine that reads Hugging Face's layout")  # fmt: skip
