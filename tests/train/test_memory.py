from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from volant.core.errors import DoesNotFit
from volant.train.config import Shape
from volant.train.memory import available_bytes, estimate, require_fits
from volant.train.recipes import build


def test_the_number_of_parameters_is_that_of_the_real_model(checkpoint: Path) -> None:
    from volant.train.model import load_model, shape_of

    model = load_model(checkpoint)
    assert shape_of(model).parameters(model.config.vocab_size) == sum(p.numel() for p in model.parameters())


def test_need_grows_with_the_batch_and_shrinks_with_lora() -> None:
    small = build("scratch", {"batch_rows": 16})
    large = build("scratch", {"batch_rows": 64})
    assert estimate(large, 2000, 60).activations == 4 * estimate(small, 2000, 60).activations
    full = estimate(build("sft", {"base": "x"}), 2000, 60)
    low = estimate(build("lora", {"base": "x"}), 2000, 60)
    assert low.optimiser < full.optimiser / 2


def test_a_recipe_that_does_not_fit_is_refused_with_what_to_do() -> None:
    config = msgspec.structs.replace(build("scratch", {}), shape=Shape(hidden=8192, layers=80, heads=64, kv_heads=64))
    need = estimate(config, 32000, 256)
    with pytest.raises(DoesNotFit) as caught:
        require_fits(need, 8 << 30, "scratch")
    assert caught.value.code == "memory_too_small"
    assert "batch_rows" in caught.value.hint
    require_fits(need, None, "scratch")
    require_fits(need, need.total, "scratch")


def test_available_memory_is_the_smaller_of_machine_and_control_group(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:       9000 kB\nMemAvailable:   4000 kB\n")
    assert available_bytes(meminfo, tmp_path) == 4000 << 10
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("100\n")
    assert available_bytes(meminfo, tmp_path) == 4000 << 10
    (tmp_path / "memory.max").write_text("1100\n")
    assert available_bytes(meminfo, tmp_path) == 1000
    assert available_bytes(tmp_path / "none", tmp_path / "none") is None
