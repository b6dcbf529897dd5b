"""Likelihood: negative log-likelihoods of texts under a checkpoint, for probes that rank texts.

As a process: `python -m volant.train.likelihood CHECKPOINT < texts.jsonl > scores.jsonl`, one line
{"id", "question", "answer"} in, one line {"id", "exact", "question_nll", "question_tokens", "answer_nll",
"answer_tokens"} out, in the same order; nothing is written to disk. Knows nothing of what the ranks mean.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

from volant.core.errors import VolantError
from volant.train import threads
from volant.train.rows import Row, read_rows


def likelihoods(checkpoint: Path, rows: Iterable[Row], thread_count: int = 2) -> list[dict[str, object]]:
    """One dictionary per row, in order: its id and the fields of `score.RowScore`."""
    threads.prepare(thread_count)
    import torch

    from volant.train.examples import encode
    from volant.train.model import load_model
    from volant.train.score import score_examples
    from volant.train.tokenizer import load_tokenizer

    torch.set_num_threads(thread_count)
    rows = list(rows)
    model, tokenizer = load_model(checkpoint), load_tokenizer(checkpoint)
    examples = encode(tokenizer, rows, model.config.max_position_embeddings)
    scores = score_examples(model, examples, tokenizer.pad_token_id)
    return [{"id": row.id, **msgspec.structs.asdict(score)} for row, score in zip(rows, scores, strict=True)]


def main(arguments: list[str]) -> int:
    """The process's entry: exit code 0, or the error's own."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m volant.train.likelihood CHECKPOINT < texts.jsonl > scores.jsonl\n")
        return 2
    try:
        for line in likelihoods(Path(arguments[0]), read_rows(sys.stdin.buffer)):
            sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    except VolantError as error:
        sys.stderr.write(f"{error.code}: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
