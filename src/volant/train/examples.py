"""Examples: rows as token ids, and batches of them as tensors with a weight for every token.

Shapes: B rows of a batch, T tokens of the longest row in it (rounded up to a multiple of 4).

    tokens   (B, T) int64    question, then answer, padded at the right
    weights  (B, T) float32  weight of token t as a *target*: 0 for padding and for the first token

Padding stands at the right and attention looks left only, so no attention mask is needed: what a padded place
computes is never read. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from volant.core.errors import BadInput
from volant.train.config import Augmentation, Objective
from volant.train.rows import Row

_MULTIPLE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One row as token ids. `fixed[i]` marks the template's own tokens of the prompt, which no noise may touch."""

    prompt: NDArray[np.int64]
    fixed: NDArray[np.bool_]
    answer: NDArray[np.int64]  # ends with the token that ends an answer

    def __len__(self) -> int:
        return len(self.prompt) + len(self.answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Tensors of one step; see the legend above."""

    tokens: torch.Tensor
    weights: torch.Tensor
    count: int  # tokens that are not padding


def render(tokenizer: Any, question: str) -> str:
    """The prompt's text, as a server would build it for a single question."""
    text: str = tokenizer.apply_chat_template(
        [{"role": "user", "content": question}], tokenize=False, add_generation_prompt=True
    )
    return text


def encode(tokenizer: Any, rows: Iterable[Row], max_tokens: int) -> list[Example]:
    """Rows as examples, in their order. Questions that are too long lose their end; an answer never does.

    Raises BadInput("answer_too_long") when an answer alone fills more than half of `max_tokens`.
    """
    rows = list(rows)
    if not rows:
        return []
    special = np.asarray(sorted(tokenizer.all_special_ids), dtype=np.int64)
    prompts = tokenizer([render(tokenizer, row.question) for row in rows], add_special_tokens=False)["input_ids"]
    answers = tokenizer([row.answer for row in rows], add_special_tokens=False)["input_ids"]
    examples = []
    for row, prompt_ids, answer_ids in zip(rows, prompts, answers, strict=True):
        answer = np.asarray([*answer_ids, tokenizer.eos_token_id], dtype=np.int64)
        if len(answer) > max_tokens // 2:
            raise BadInput("answer_too_long", f"row {row.id!r}: {len(answer)} tokens of {max_tokens}",
                           hint="raise the recipe's max_tokens")  # fmt: skip
        prompt = np.asarray(prompt_ids, dtype=np.int64)
        room = max_tokens - len(answer)
        if len(prompt) > room:
            prompt = np.concatenate([prompt[: room - 1], prompt[-1:]])
        examples.append(Example(prompt=prompt, fixed=np.isin(prompt, special), answer=answer))
    return examples


def disturbed(
    example: Example, noise: Augmentation, vocabulary: NDArray[np.int64], random: np.random.Generator
) -> Example:
    """The example with words of its question left out or replaced by random tokens (Wei & Zou 2019)."""
    prompt, fixed = example.prompt, example.fixed
    if noise.drop:
        keep = fixed | (random.random(len(prompt)) >= noise.drop)
        prompt, fixed = prompt[keep], fixed[keep]
    if noise.replace:
        hit = ~fixed & (random.random(len(prompt)) < noise.replace)
        prompt = np.where(hit, vocabulary[random.integers(0, len(vocabulary), len(prompt))], prompt)
    return Example(prompt=prompt, fixed=fixed, answer=example.answer)


def collate(examples: Sequence[Example], pad: int, objective: Objective) -> Batch:
    """Examples as one padded batch."""
    longest = max(len(example) for example in examples)
    width = -(-longest // _MULTIPLE) * _MULTIPLE
    tokens = np.full((len(examples), width), pad, dtype=np.int64)
    weights = np.zeros((len(examples), width), dtype=np.float32)
    for i, example in enumerate(examples):
        start, end = len(example.prompt), len(example)
        tokens[i, :start], tokens[i, start:end] = example.prompt, example.answer
        weights[i, 1:start], weights[i, start:end] = objective.prompt_weight, objective.answer_weight
    return Batch(
        tokens=torch.from_numpy(tokens),
        weights=torch.from_numpy(weights),
        count=sum(len(example) for example in examples),
    )


def replaceable(tokenizer: Any) -> NDArray[np.int64]:
    """Token ids that may stand in for a word: all but the special ones."""
    return np.setdiff1d(np.arange(len(tokenizer)), np.asarray(tokenizer.all_special_ids))
