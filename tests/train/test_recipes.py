from __future__ import annotations

import subprocess
import sys

import pytest

from volant.core.errors import BadInput, NotFound
from volant.train.config import TrainConfig
from volant.train.recipes import build, discovered, options_of, recipe


def test_every_recipe_of_the_folder_is_found() -> None:
    assert {"scratch", "sft", "lora", "debug"} <= set(discovered())


@pytest.mark.parametrize("name", sorted(discovered()))
def test_every_recipe_gives_a_valid_configuration_under_its_own_name(name: str) -> None:
    config = build(name, {"base": "checkpoint"} if "base" in options_of(name) else {})
    assert config.recipe == name
    assert discovered()[name].__doc__


def test_options_are_converted_and_reach_the_configuration() -> None:
    config = build("scratch", {"epochs": 3, "architecture": "qwen3", "seed": 7})
    assert (config.budget.epochs, config.shape.architecture, config.seed) == (3.0, "qwen3", 7)
    assert build("scratch", {"tokens": 1000}).budget.tokens == 1000


@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("scratch", {"epoch": 3}, "recipe_option_unknown"),
        ("sft", {}, "recipe_option_missing"),
        ("scratch", {"epochs": "many"}, "recipe_option_invalid"),
        ("scratch", {"architecture": "rnn"}, "recipe_option_invalid"),
        ("scratch", {"batch_rows": 0}, "train_config_invalid"),
    ],
)
def test_a_wrong_option_is_named(name: str, options: dict[str, object], code: str) -> None:
    with pytest.raises(BadInput) as caught:
        build(name, options)
    assert caught.value.code == code
    assert caught.value.where == f"recipe {name}"


def test_an_unknown_recipe_lists_those_that_exist() -> None:
    with pytest.raises(NotFound) as caught:
        build("nothing", {})
    assert caught.value.code == "recipe_unknown"
    assert "scratch" in caught.value.hint


def test_a_name_cannot_be_taken_twice() -> None:
    with pytest.raises(ValueError, match="already"):

        @recipe("scratch")
        def another() -> TrainConfig:
            raise AssertionError


def test_recipes_rows_and_the_worker_do_not_import_torch() -> None:
    code = (
        "import sys, volant.train.worker, volant.train.recipes as r; r.build('scratch', {}); "
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
