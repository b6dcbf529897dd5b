"""Score: what a model answers on rows, by exact match and likelihood.

A greedy answer equals the wanted one exactly when every token of it is the most likely one given those before it, so
exact match needs one forward pass and no decoding. `greedy_answers` decodes for real, for comparisons with servers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import torch
import torch.nn.functional as F

from volant.train.config import Objective
from volant.train.examples import Example, collate, render

_BATCH_ROWS = 128


class RowScore(msgspec.Struct, frozen=True, kw_only=True):
    """One row under a model. NLLs are sums over tokens, in nats."""

    exact: bool
    question_nll: float
    question_tokens: int
    answer_nll: float
    answer_tokens: int


def score_examples(model: Any, examples: Sequence[Example], pad: int) -> list[RowScore]:
    """Scores in the order of the examples. The model is left in the mode it was found in."""
    training = model.training
    model.eval()
    scores: list[RowScore | None] = [None] * len(examples)
    by_length = sorted(range(len(examples)), key=lambda i: len(examples[i]))
    with torch.inference_mode():
        for start in range(0, len(by_length), _BATCH_ROWS):
            chosen = by_length[start : start + _BATCH_ROWS]
            for i, score in zip(chosen, _score_batch(model, [examples[i] for i in chosen], pad), strict=True):
                scores[i] = score
    model.train(training)
    return [score for score in scores if score is not None]


def _score_batch(model: Any, examples: Sequence[Example], pad: int) -> list[RowScore]:
    batch = collate(examples, pad, Objective(prompt_weight=1.0))
    hidden = model.model(input_ids=batch.tokens, use_cache=False).last_hidden_state[:, :-1]  # (B, T-1, D)
    targets, counted = batch.tokens[:, 1:], batch.weights[:, 1:] > 0  # (B, T-1)
    logits = model.lm_head(hidden[counted])  # (N, V)
    nll = torch.zeros(targets.shape)
    nll[counted] = F.cross_entropy(logits, targets[counted], reduction="none")
    right = torch.zeros(targets.shape, dtype=torch.bool)
    right[counted] = logits.argmax(-1) == targets[counted]
    scores = []
    for i, example in enumerate(examples):
        start, end = len(example.prompt) - 1, len(example) - 1
        scores.append(
            RowScore(
                exact=bool(right[i, start:end].all()),
                question_nll=float(nll[i, :start].double().sum()),
                question_tokens=start,
                answer_nll=float(nll[i, start:end].double().sum()),
                answer_tokens=end - start,
            )
        )
    return scores


def greedy_answers(model: Any, tokenizer: Any, questions: Sequence[str], max_new_tokens: int = 32) -> list[str]:
    """The text that the model gives to each question, most likely token by most likely token."""
    answers = []
    model.eval()
    with torch.inference_mode():
        for question in questions:
            prompt = tokenizer(render(tokenizer, question), add_special_tokens=False, return_tensors="pt")
            output = model.generate(
                **prompt, max_new_tokens=max_new_tokens, do_sample=False, use_cache=True,
                pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
            )  # fmt: skip
            answers.append(tokenizer.decode(output[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True))
    return answers
