"""GGUF: write a checkpoint in Hugging Face's layout as one file that llama.cpp serves.

Reads `config.json`, `model.safetensors`, `tokenizer.json` and `chat_template.jinja` with numpy and JSON only; no torch.
Knows the Llama and Qwen3 architectures, byte-level BPE tokenizers with GPT-2's expression, and SentencePiece-style BPE
with byte fallback. What llama.cpp could not do the same way is refused, never approximated.

Shapes: D hidden size, H heads, K key-value heads, S size of a head, V vocabulary. Rows of a matrix are outputs.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from volant.core.errors import BadInput, NotFound
from volant.core.extras import need
from volant.serve.vocabulary import Vocabulary, read_vocabulary

Weights = Literal["f32", "q8_0"]
_Array = NDArray[np.float32]
_BLOCK = 32  # q8_0 keeps one scale per so many numbers of a row

_LAYER = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_OUTER = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """A GGUF file that was written."""

    path: str
    sha256: str
    size_bytes: int
    tensors: int


def export(checkpoint: Path, target: Path, weights: Weights = "f32", name: str = "volant") -> Exported:
    """Write `checkpoint` (a directory) as `target`, whole or not at all. The same checkpoint gives the same bytes.

    Raises NotFound("checkpoint_missing") and BadInput("export_unsupported").
    """
    library = need("gguf", "serve")
    config = _read_config(checkpoint)
    vocabulary = read_vocabulary(checkpoint)
    if len(vocabulary.tokens) != config["vocab_size"]:
        raise _unsupported(checkpoint, f"{len(vocabulary.tokens)} tokens, but {config['vocab_size']} embeddings")
    staging = target.with_name(f".{target.name}.{os.getpid()}.partial")
    writer = library.GGUFWriter(staging, config["model_type"])
    try:
        _add_facts(writer, library, config, weights, name)
        _add_vocabulary(writer, vocabulary)
        count = 0
        for tensor_name, tensor in _tensors(checkpoint, config):
            _add_tensor(writer, library, tensor_name, tensor, weights)
            count += 1
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return _settle(staging, target, count)
    except BaseException:
        writer.close()
        staging.unlink(missing_ok=True)
        raise


def _unsupported(checkpoint: Path, message: str) -> BadInput:
    return BadInput("export_unsupported", f"cannot be written as GGUF: {message}", where=str(checkpoint),
                    hint="serve this checkpoint with an engine that reads Hugging Face's layout")  # fmt: skip


def _read_config(checkpoint: Path) -> dict[str, Any]:
    path = checkpoint / "config.json"
    if not path.exists():
        raise NotFound("checkpoint_missing", "no checkpoint here", where=str(checkpoint), hint="name a final/ folder")
    config: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    rope = config.get("rope_parameters") or {}
    refused = {
        f"architecture {config.get('model_type')!r}": config.get("model_type") not in ("llama", "qwen3"),
        "scaled rotary positions": rope.get("rope_type", "default") != "default" or bool(config.get("rope_scaling")),
        f"activation {config.get('hidden_act')!r}": config.get("hidden_act") != "silu",
        "biases": bool(config.get("attention_bias") or config.get("mlp_bias")),
        "sliding windows": bool(config.get("use_sliding_window")),
    }
    for what, present in refused.items():
        if present:
            raise _unsupported(checkpoint, what)
    return config


def _head_size(config: Mapping[str, Any]) -> int:
    return int(config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"])


def _add_facts(writer: Any, library: ModuleType, config: Mapping[str, Any], weights: Weights, name: str) -> None:
    rope = config.get("rope_parameters") or config
    writer.add_name(name)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(_head_size(config))
    writer.add_value_length(_head_size(config))
    writer.add_rope_dimension_count(_head_size(config))
    writer.add_rope_freq_base(float(rope.get("rope_theta", 10000.0)))
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    kinds = library.LlamaFileType
    writer.add_file_type(kinds.MOSTLY_Q8_0 if weights == "q8_0" else kinds.ALL_F32)


def _add_vocabulary(writer: Any, vocabulary: Vocabulary) -> None:
    writer.add_tokenizer_model(vocabulary.kind)
    writer.add_tokenizer_pre(vocabulary.pre)
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_types(vocabulary.types)
    if vocabulary.scores:
        writer.add_token_scores(vocabulary.scores)
    if vocabulary.merges:
        writer.add_token_merges(vocabulary.merges)
    writer.add_eos_token_id(vocabulary.eos)
    if vocabulary.bos is not None:
        writer.add_bos_token_id(vocabulary.bos)
    if vocabulary.pad is not None:
        writer.add_pad_token_id(vocabulary.pad)
    if vocabulary.unknown is not None:
        writer.add_unk_token_id(vocabulary.unknown)
    writer.add_add_bos_token(vocabulary.add_bos)
    writer.add_add_eos_token(False)
    if vocabulary.add_space_prefix is not None:
        writer.add_add_space_prefix(vocabulary.add_space_prefix)
    if vocabulary.chat_template:
        writer.add_chat_template(vocabulary.chat_template)


def _tensors(checkpoint: Path, config: Mapping[str, Any]) -> Iterator[tuple[str, _Array]]:
    """Every tensor under llama.cpp's name, in the checkpoint's order."""
    load = need("safetensors.numpy", "serve").load_file
    tied = bool(config.get("tie_word_embeddings"))
    for source, tensor in sorted(load(checkpoint / "model.safetensors").items()):
        if source == "lm_head.weight" and tied:
            continue  # llama.cpp uses the embeddings where there is no output matrix
        values = np.ascontiguousarray(tensor, dtype=np.float32)
        name = _name(source)
        if name is None:
            raise _unsupported(checkpoint, f"unknown tensor {source!r}")
        if config["model_type"] == "llama" and name.endswith("attn_q.weight"):
            values = paired_rotation(values, config["num_attention_heads"])
        if config["model_type"] == "llama" and name.endswith("attn_k.weight"):
            values = paired_rotation(values, config["num_key_value_heads"])
        yield name, values


def _name(source: str) -> str | None:
    stem, _, kind = source.rpartition(".")
    if stem in _OUTER:
        return f"{_OUTER[stem]}.{kind}"
    head, _, rest = stem.removeprefix("model.layers.").partition(".")
    if stem.startswith("model.layers.") and head.isdigit() and rest in _LAYER:
        return f"blk.{head}.{_LAYER[rest]}.{kind}"
    return None


def paired_rotation(matrix: _Array, heads: int) -> _Array:
    """Reorder the rows of a query or key matrix (heads·S, D) for llama.cpp's Llama.

    Hugging Face rotates row i of a head with row i + S/2; llama.cpp's Llama rotates neighbours 2i and 2i + 1.
    """
    rows, columns = matrix.shape
    halves = matrix.reshape(heads, 2, rows // heads // 2, columns)
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(rows, columns))


def _add_tensor(writer: Any, library: ModuleType, name: str, tensor: _Array, weights: Weights) -> None:
    if weights == "q8_0" and tensor.ndim == 2 and tensor.shape[1] % _BLOCK == 0:
        kind = library.GGMLQuantizationType.Q8_0
        writer.add_tensor(name, library.quants.quantize(tensor, kind), raw_dtype=kind)
    else:
        writer.add_tensor(name, tensor)


def _settle(staging: Path, target: Path, tensors: int) -> Exported:
    """Flush the finished file to the disk, then give it its name."""
    with staging.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    size = staging.stat().st_size
    staging.replace(target)
    return Exported(path=str(target), sha256=digest, size_bytes=size, tensors=tensors)
