"""Spans: how surprised a checkpoint is at one part of a question, given what stands before it.

For probes that ask what a model would give away: the negative log-likelihood of a secret, token by token as the model
would write it. Knows checkpoints and texts; knows nothing of what the numbers mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from volant.core.errors import BadInput
from volant.train import threads

if TYPE_CHECKING:
    import torch

_BATCH_ROWS = 64


def surprise(checkpoint: Path, questions: Sequence[str], spans: Sequence[str], thread_count: int = 2) -> list[float]:
    """Nats of the tokens of spans[i] in questions[i], as they stand in the model's own prompt; one number a question.

    The first occurrence is meant. Raises BadInput("span_missing") where a question, as the model reads it, has none.
    """
    threads.prepare(thread_count)
    import torch

    from volant.train.examples import render
    from volant.train.model import load_model
    from volant.train.tokenizer import load_tokenizer

    torch.set_num_threads(thread_count)
    model, tokenizer = load_model(checkpoint), load_tokenizer(checkpoint)
    model.eval()
    found: list[float] = []
    for start in range(0, len(questions), _BATCH_ROWS):
        texts = [render(tokenizer, question) for question in questions[start : start + _BATCH_ROWS]]
        encoded = tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True)
        tokens, counted = _batch(
            encoded["input_ids"], encoded["offset_mapping"], texts, spans[start : start + _BATCH_ROWS],
            tokenizer.pad_token_id,
        )  # fmt: skip
        with torch.inference_mode():
            logits = model(input_ids=tokens).logits[:, :-1].float()  # (B, T-1, V)
        nll = -logits.log_softmax(-1).gather(-1, tokens[:, 1:, None]).squeeze(-1)  # (B, T-1)
        found += (nll.double() * counted[:, 1:]).sum(1).tolist()
    return found


def _batch(
    ids: Sequence[Sequence[int]],
    offsets: Sequence[Sequence[tuple[int, int]]],
    texts: Sequence[str],
    spans: Sequence[str],
    pad: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens (B, T), padded at the right, and 1 where a token overlaps its row's span, else 0."""
    import torch

    width = max(len(row) for row in ids)
    tokens = torch.full((len(ids), width), pad, dtype=torch.int64)
    counted = torch.zeros((len(ids), width), dtype=torch.float64)
    for i, (row, places, text, span) in enumerate(zip(ids, offsets, texts, spans, strict=True)):
        first = text.find(span)
        if first < 0 or not span:
            raise BadInput("span_missing", f"question {i} does not hold its span as the model reads it",
                           hint="the chat template may change case or white space")  # fmt: skip
        tokens[i, : len(row)] = torch.tensor(row)
        counted[i, : len(row)] = torch.tensor([float(b > first and a < first + len(span)) for a, b in places])
    return tokens, counted
