"""Model: build one from a shape, load one from a checkpoint, write one in Hugging Face's layout.

final/  model.safetensors  config.json  generation_config.json
        tokenizer.json  tokenizer_config.json  chat_template.jinja
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM
from transformers.utils.logging import disable_progress_bar

from volant.core.errors import BadInput, NotFound
from volant.train.config import Augmentation, Shape

_ARCHITECTURES: dict[str, tuple[Any, Any]] = {
    "llama": (LlamaConfig, LlamaForCausalLM),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM),
}


def build_model(shape: Shape, tokenizer: Any, seed: int) -> Any:
    """A model with random weights (normal, 0.02), the same for the same seed."""
    configuration, model = _ARCHITECTURES[shape.architecture]
    torch.manual_seed(seed)
    return model(
        configuration(
            vocab_size=len(tokenizer),
            hidden_size=shape.hidden,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.kv_heads,
            head_dim=shape.hidden // shape.heads,
            intermediate_size=shape.feed_forward,
            max_position_embeddings=shape.max_tokens,
            tie_word_embeddings=True,
            use_cache=False,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
        )
    )


def load_model(directory: Path) -> Any:
    """The model of a checkpoint directory, in float32. Raises NotFound or BadInput("checkpoint_unsupported")."""
    if not (directory / "config.json").exists():
        raise NotFound("checkpoint_missing", "no checkpoint here", where=str(directory), hint="name a final/ directory")
    disable_progress_bar()  # type: ignore[no-untyped-call]
    model = AutoModelForCausalLM.from_pretrained(directory, local_files_only=True, dtype=torch.float32)
    if model.config.model_type not in _ARCHITECTURES:
        raise BadInput("checkpoint_unsupported", f"architecture {model.config.model_type!r} is not supported",
                       where=str(directory), hint=f"use one of {', '.join(_ARCHITECTURES)}")  # fmt: skip
    return model


def shape_of(model: Any) -> Shape:
    """The shape of a loaded model."""
    c = model.config
    return Shape(
        architecture=c.model_type,
        hidden=c.hidden_size,
        layers=c.num_hidden_layers,
        heads=c.num_attention_heads,
        kv_heads=c.num_key_value_heads,
        feed_forward=c.intermediate_size,
        max_tokens=c.max_position_embeddings,
    )


def add_dropout(model: Any, noise: Augmentation) -> None:
    """Dropout on embeddings and on what each block adds, while the model trains. Not saved with the model."""

    def dropped(share: float) -> Any:
        return lambda module, _inputs, output: F.dropout(output, share, module.training)

    if noise.embedding_dropout:
        model.model.embed_tokens.register_forward_hook(dropped(noise.embedding_dropout))
    if noise.dropout:
        for layer in model.model.layers:
            layer.self_attn.o_proj.register_forward_hook(dropped(noise.dropout))
            layer.mlp.down_proj.register_forward_hook(dropped(noise.dropout))


def write_model(model: Any, tokenizer: Any, directory: Path) -> None:
    """Write model and tokenizer into an existing directory. A loaded copy answers exactly as this one."""
    model.generation_config.update(
        pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id, bos_token_id=None, do_sample=False
    )
    model.config.use_cache = True
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)


def weights_hash(directory: Path) -> str:
    """SHA-256 (hex) of a checkpoint's weights file."""
    with (directory / "model.safetensors").open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
