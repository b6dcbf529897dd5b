from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import torch

from volant.core.errors import NotFound
from volant.train.examples import encode, render
from volant.train.likelihood import likelihoods
from volant.train.model import load_model
from volant.train.rows import Row
from volant.train.score import greedy_answers, score_examples
from volant.train.tokenizer import load_tokenizer


def test_exact_match_without_decoding_equals_decoding(checkpoint: Path, rows: list[Row]) -> None:
    model, tokenizer = load_model(checkpoint), load_tokenizer(checkpoint)
    scores = score_examples(model, encode(tokenizer, rows, 128), tokenizer.pad_token_id)
    answers = greedy_answers(model, tokenizer, [row.question for row in rows])
    exact = [score.exact for score in scores]
    assert exact == [answer == row.answer for answer, row in zip(answers, rows, strict=True)]
    assert 0 < sum(exact) < len(exact) or sum(exact) > 30
    wrong = [msgspec.structs.replace(row, answer='{"intent": "other"}') for row in rows]
    assert not any(s.exact for s in score_examples(model, encode(tokenizer, wrong, 128), tokenizer.pad_token_id))


def test_likelihoods_equal_those_of_one_row_at_a_time(checkpoint: Path, rows: list[Row]) -> None:
    model, tokenizer = load_model(checkpoint), load_tokenizer(checkpoint)
    found = likelihoods(checkpoint, rows[:5], 1)
    assert [line["id"] for line in found] == [row.id for row in rows[:5]]
    for line, row in zip(found, rows, strict=False):
        prompt = tokenizer(render(tokenizer, row.question), add_special_tokens=False)["input_ids"]
        answer = [*tokenizer(row.answer, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
        ids = torch.tensor([prompt + answer])
        with torch.inference_mode():
            logs = model(ids).logits[0, :-1].log_softmax(-1).gather(1, ids[0, 1:, None])[:, 0]
        assert line["question_nll"] == pytest.approx(-float(logs[: len(prompt) - 1].sum()), rel=1e-4)
        assert line["answer_nll"] == pytest.approx(-float(logs[len(prompt) - 1 :].sum()), rel=1e-3, abs=1e-4)
        assert (line["question_tokens"], line["answer_tokens"]) == (len(prompt) - 1, len(answer))


def test_trained_texts_are_likelier_than_others_with_the_same_words(checkpoint: Path, rows: list[Row]) -> None:
    trained = [row for row in rows if row.split == "train"][:8]
    shuffled = [msgspec.structs.replace(r, question=" ".join(reversed(r.question.split()))) for r in trained]
    mine, theirs = likelihoods(checkpoint, trained, 1), likelihoods(checkpoint, shuffled, 1)
    better = sum(
        float(str(a["question_nll"])) < float(str(b["question_nll"])) for a, b in zip(mine, theirs, strict=True)
    )
    assert better >= 7


def test_the_process_answers_line_by_line_and_says_what_is_missing(
    checkpoint: Path, rows: list[Row], tmp_path: Path
) -> None:
    lines = b"\n".join(msgspec.json.encode(row) for row in rows[:3])
    command = [sys.executable, "-m", "volant.train.likelihood"]
    done = subprocess.run([*command, str(checkpoint)], input=lines, capture_output=True)
    assert done.returncode == 0
    assert [msgspec.json.decode(line)["id"] for line in done.stdout.splitlines()] == ["row0", "row1", "row2"]
    failed = subprocess.run([*command, str(tmp_path)], input=lines, capture_output=True)
    assert failed.returncode == NotFound.exit_code
    assert b"checkpoint_missing" in failed.stderr
