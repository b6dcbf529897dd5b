"""Planner: the memory that serving a GGUF file takes, before anything is started.

An estimate from the file's header alone, on the high side (measured in docs/serve.md). Knows the shapes of
transformers with grouped-query attention; knows nothing of processes or of other models on the machine.

Letters: L layers, K key-value heads, H size of a head, D hidden size, V vocabulary, T tokens of context.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from volant.core.errors import BadInput, DoesNotFit, NotFound
from volant.core.extras import need

_CACHE_BYTES = 2  # keys and values are kept as float16
_BATCH = 512  # tokens that llama.cpp computes at once (n_ubatch)
_ROUNDING = 256  # llama.cpp gives every request a multiple of this
_RUNTIME = 64 << 20  # interpreter and llama.cpp, before the first weight
_SLOT = 1 << 20  # per parallel request: its HTTP thread, sampler and token buffers


class ModelFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a GGUF header says about serving it."""

    architecture: str
    name: str
    parameters: int
    file_bytes: int
    vocabulary: int
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    context: int  # tokens that it was trained with
    has_chat_template: bool


class ServingNeed(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that serving takes at its peak."""

    weights: int
    cache: int  # keys and values of all parallel requests
    compute: int
    runtime: int

    @property
    def total(self) -> int:
        """Sum of all parts."""
        return self.weights + self.cache + self.compute + self.runtime


def facts(model: Path) -> ModelFacts:
    """Read a GGUF file's header. Raises NotFound when it is gone, BadInput when it is not one, or is cut off."""
    gguf = need("gguf", "serve")
    if not model.is_file():
        raise NotFound(
            "model_file_missing", "the model's file is not there any more", where=str(model),
            hint="restore it from a backup made with `--runs models`, or train again",
        )  # fmt: skip
    try:
        reader = gguf.GGUFReader(model, "r")
        return _facts(reader, model)
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, UnicodeDecodeError) as error:
        raise BadInput(
            "model_file_broken", f"not a whole GGUF file: {str(error)[:200] or type(error).__name__}",
            where=str(model), hint="export it again, and compare its SHA-256 with the registry's",
        ) from None  # fmt: skip


def plan(model: ModelFacts, context: int, parallel: int) -> ServingNeed:
    """Bytes needed to answer `parallel` requests of up to `context` tokens each at the same time.

    Cache: 2 L K H bytes-per-number for every token of every request. Compute: logits and the widest activations of one
    batch in float32 (V + 12 D numbers a token). Contexts are rounded up to 256 tokens, as llama.cpp does. ValueError
    unless both are positive.
    """
    if context < 1 or parallel < 1:
        raise ValueError(f"context and parallel must be positive, got {context!r} and {parallel!r}")
    tokens = -(-context // _ROUNDING) * _ROUNDING * parallel
    return ServingNeed(
        weights=model.file_bytes,
        cache=2 * model.layers * model.kv_heads * model.head_size * _CACHE_BYTES * tokens,
        compute=4 * min(_BATCH, tokens) * (model.vocabulary + 12 * model.hidden),
        runtime=_RUNTIME + parallel * _SLOT,
    )


def most_parallel(model: ModelFacts, context: int, available: int) -> int:
    """How many requests of `context` tokens fit at the same time into `available` bytes; 0 when not even one does."""
    one = plan(model, context, 1).total
    if one > available:
        return 0
    low, high = 1, 2
    while plan(model, context, high).total <= available and high < 1 << 16:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if plan(model, context, middle).total <= available else (low, middle)
    return low


def require_fits(needed: ServingNeed, available: int | None) -> None:
    """Raise DoesNotFit, with the parts, when the machine has less; `None` (cannot be read) lets it pass."""
    if available is None or needed.total <= available:
        return
    raise DoesNotFit(
        "engine_memory_too_small",
        f"serving needs about {_mib(needed.total)} ({_mib(needed.weights)} weights, {_mib(needed.cache)} cache, "
        f"{_mib(needed.compute)} compute), {_mib(available)} are free",
        hint="lower `context` or `parallel` in engine.json, or quantise the model",
    )


def available_bytes(meminfo: Path = Path("/proc/meminfo"), cgroup: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Bytes that a new process may take, by the kernel and by its control group; None where neither says (macOS)."""
    found: list[int] = []
    if meminfo.exists():
        words = (line.split() for line in meminfo.read_text().splitlines())
        found += [int(line[1]) << 10 for line in words if line[0] == "MemAvailable:"]
    limit, used = cgroup / "memory.max", cgroup / "memory.current"
    if limit.exists() and used.exists() and (text := limit.read_text().strip()).isdigit():
        found.append(max(0, int(text) - int(used.read_text())))
    return min(found, default=None)


def _facts(reader: Any, model: Path) -> ModelFacts:
    def value(name: str, default: Any = None) -> Any:
        field = reader.get_field(name)
        if field is None:
            if default is None:
                raise ValueError(f"the header has no {name}")
            return default
        return field.contents()

    architecture = str(value("general.architecture"))
    hidden, heads = (int(value(f"{architecture}.{name}")) for name in ("embedding_length", "attention.head_count"))
    tokens = reader.get_field("tokenizer.ggml.tokens")
    return ModelFacts(
        architecture=architecture,
        name=str(value("general.name", model.stem)),
        parameters=sum(int(tensor.n_elements) for tensor in reader.tensors),
        file_bytes=model.stat().st_size,
        vocabulary=len(tokens.data) if tokens is not None else int(value(f"{architecture}.vocab_size")),
        hidden=hidden,
        layers=int(value(f"{architecture}.block_count")),
        heads=heads,
        kv_heads=int(value(f"{architecture}.attention.head_count_kv", heads)),
        head_size=int(value(f"{architecture}.attention.key_length", hidden // heads)),
        context=int(value(f"{architecture}.context_length")),
        has_chat_template=reader.get_field("tokenizer.chat_template") is not None,
    )


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 20):,.0f} MiB"
