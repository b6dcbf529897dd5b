from __future__ import annotations

import msgspec
import pytest

from volant.core.errors import BadInput
from volant.train.config import Budget, Objective, Schedule, Shape, TokenizerShape, TrainConfig, problems, validated

GOOD = TrainConfig(recipe="test", method="scratch")


def test_the_default_configuration_is_valid() -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"shape": Shape(hidden=100, heads=3, kv_heads=3)}, "shape.heads"),
        ({"shape": Shape(hidden=12, heads=4, kv_heads=4)}, "shape.heads"),
        ({"shape": Shape(heads=4, kv_heads=3)}, "shape.kv_heads"),
        ({"shape": Shape(heads=0)}, "shape"),
        ({"shape": Shape(max_tokens=4)}, "shape.max_tokens"),
        ({"tokenizer": TokenizerShape(vocabulary=100)}, "tokenizer.vocabulary"),
        ({"budget": Budget()}, "budget"),
        ({"budget": Budget(epochs=1, steps=10)}, "budget"),
        ({"budget": Budget(epochs=-1)}, "budget"),
        ({"objective": Objective(answer_weight=0)}, "objective"),
        ({"schedule": Schedule(warmup=1.0)}, "schedule.warmup"),
        ({"batch_rows": 0}, "batch_rows"),
        ({"threads": 0}, "threads"),
        ({"base": "somewhere"}, "base"),
        ({"method": "sft"}, "base"),
    ],
)
def test_each_mistake_is_named_by_its_place(change: dict[str, object], where: str) -> None:
    assert problems(msgspec.structs.replace(GOOD, **change))[0].startswith(f"{where}: ")


def test_all_mistakes_are_reported_at_once() -> None:
    bad = msgspec.structs.replace(GOOD, threads=0, batch_rows=0)
    with pytest.raises(BadInput) as caught:
        validated(bad)
    assert caught.value.code == "train_config_invalid"
    assert "threads" in caught.value.message
    assert "batch_rows" in caught.value.message


def test_the_fingerprint_follows_what_decides_the_weights_and_not_a_path() -> None:
    tuned = msgspec.structs.replace(GOOD, method="sft", base="/a/b")
    assert tuned.fingerprint() == msgspec.structs.replace(tuned, base="/c").fingerprint()
    assert GOOD.fingerprint() != msgspec.structs.replace(GOOD, seed=2).fingerprint()
    assert len(GOOD.fingerprint()) == 64
