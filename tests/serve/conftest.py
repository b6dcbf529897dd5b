"""What the tests of serving share: a Llama of a few kilobytes, with random weights and a byte-level vocabulary."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

HIDDEN, HEADS, LAYERS, WIDTH = 32, 2, 2, 64
TEMPLATE = "{% for m in messages %}<s>{{ m['content'] }}{% endfor %}"


def byte_alphabet() -> list[str]:
    """GPT-2's printable stand-ins of the 256 bytes, in byte order."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = iter(range(256, 512))
    return [chr(byte) if byte in plain else chr(next(hidden)) for byte in range(256)]


def write_tiny_gguf(path: Path, *, seed: int = 0, context: int = 256, template: str = TEMPLATE) -> Path:
    """Write the model to `path`; equal arguments give equal bytes."""
    rng = np.random.default_rng(seed)
    tokens = ["<s>", "</s>", *byte_alphabet(), "ab"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_context_length(context)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(HIDDEN // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([3, 3, *[1] * (len(tokens) - 2)])
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_chat_template(template)

    def tensor(name: str, *shape: int) -> None:
        writer.add_tensor(name, (rng.standard_normal(shape) * 0.3).astype(np.float32))

    tensor("token_embd.weight", len(tokens), HIDDEN)
    for layer in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            tensor(f"blk.{layer}.{name}.weight", HIDDEN, HIDDEN)
        tensor(f"blk.{layer}.ffn_gate.weight", WIDTH, HIDDEN)
        tensor(f"blk.{layer}.ffn_up.weight", WIDTH, HIDDEN)
        tensor(f"blk.{layer}.ffn_down.weight", HIDDEN, WIDTH)
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", np.ones(HIDDEN, np.float32))
    writer.add_tensor("output_norm.weight", np.ones(HIDDEN, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GGUF file that llama.cpp serves: 29 thousand parameters, 259 tokens, 256 tokens of context."""
    return write_tiny_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")
