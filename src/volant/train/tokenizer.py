"""Tokenizer: byte-level BPE (Sennrich et al. 2016; bytes as in GPT-2), with the chat template that goes with it.

Trained on the training rows only. Its pre-tokenizer is GPT-2's expression, which llama.cpp has under the name
"gpt-2", and it has no normaliser, because llama.cpp would not apply one: lower-casing is done by the chat template,
which every server renders. Saved in Hugging Face's layout.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from volant.core.errors import BadInput
from volant.train.config import TokenizerShape

PAD, SYSTEM, USER, ASSISTANT, END = "<|pad|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"
SPECIAL = (PAD, SYSTEM, USER, ASSISTANT, END)


def chat_template(lowercase: bool) -> str:
    """The Jinja template. Words that look like the markers are defused, so that a question cannot pretend to be one.

    llama.cpp's filter `lower` changes ASCII capitals only and Python's changes all, so a question with other capitals
    ("Ä") is read differently by the two. A loop over the 26 letters would agree, and costs a millisecond a request.
    """
    clean = "m['content'] | replace('<|', '< |')" + (" | lower" if lowercase else "") + " | trim"
    return (
        "{%- for m in messages -%}"
        f"{{%- if m['role'] == 'assistant' -%}}{{{{- '{ASSISTANT}' + m['content'] + '{END}' -}}}}"
        f"{{%- elif m['role'] == 'system' -%}}{{{{- '{SYSTEM}' + ({clean}) -}}}}"
        f"{{%- else -%}}{{{{- '{USER}' + ({clean}) -}}}}{{%- endif -%}}"
        "{%- endfor -%}"
        f"{{%- if add_generation_prompt -%}}{{{{- '{ASSISTANT}' -}}}}{{%- endif -%}}"
    )


def train_tokenizer(texts: Iterable[str], shape: TokenizerShape, max_tokens: int) -> PreTrainedTokenizerFast:
    """A tokenizer with at most `shape.vocabulary` tokens, special ones included."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=shape.vocabulary,
        min_frequency=shape.min_frequency,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator((text.lower() if shape.lowercase else text for text in texts), trainer)
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=bpe,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=[SYSTEM, USER, ASSISTANT],
        model_max_length=max_tokens,
        clean_up_tokenization_spaces=False,
        chat_template=chat_template(shape.lowercase),
    )


def load_tokenizer(directory: Path) -> Any:
    """The tokenizer of a checkpoint, which must bring its chat template. Reads local files only."""
    tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True)
    if not tokenizer.chat_template:
        raise BadInput("checkpoint_no_template", "the tokenizer has no chat template", where=directory.name,
                       hint="add chat_template.jinja to the checkpoint")  # fmt: skip
    return tokenizer
