"""What serving takes, from a GGUF header."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from volant.core.errors import BadInput, DoesNotFit, NotFound
from volant.serve.planner import ModelFacts, available_bytes, facts, most_parallel, plan, require_fits

SEVEN_BILLION = ModelFacts(
    architecture="llama", name="7B", parameters=6_738_415_616, file_bytes=3_825_000_000, vocabulary=32_000, hidden=4096,
    layers=32, heads=32, kv_heads=32, head_size=128, context=4096, has_chat_template=True,
)  # fmt: skip


def test_a_file_that_is_gone_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="not there any more"):
        facts(tmp_path / "gone.gguf")


def test_the_header_is_read(tiny_gguf: Path) -> None:
    found = facts(tiny_gguf)
    assert (found.architecture, found.vocabulary, found.layers, found.hidden, found.context) == (
        "llama",
        259,
        2,
        32,
        256,
    )
    assert found.parameters == 28_928  # what llama.cpp counts, too
    assert found.head_size == 16
    assert found.has_chat_template


def test_the_cache_of_a_known_model_is_half_a_mebibyte_a_token() -> None:
    assert plan(SEVEN_BILLION, 256, 1).cache == 256 * (512 << 10)  # Llama 2 7B: 2 * 32 layers * 4096 * 2 bytes
    grouped = msgspec.structs.replace(SEVEN_BILLION, kv_heads=8)
    assert plan(grouped, 256, 1).cache == 256 * (128 << 10)
    assert plan(grouped, 1, 3).cache == plan(grouped, 256, 3).cache < plan(grouped, 257, 3).cache


def test_most_parallel_is_the_last_that_fits() -> None:
    available = 16 << 30
    count = most_parallel(SEVEN_BILLION, 4096, available)
    assert plan(SEVEN_BILLION, 4096, count).total <= available < plan(SEVEN_BILLION, 4096, count + 1).total
    assert most_parallel(SEVEN_BILLION, 4096, 1 << 30) == 0


def test_what_does_not_fit_is_refused_with_its_parts() -> None:
    need = plan(SEVEN_BILLION, 4096, 8)
    require_fits(need, None)
    require_fits(need, need.total)
    with pytest.raises(DoesNotFit, match="16,384 MiB cache") as caught:
        require_fits(need, need.total - 1)
    assert "parallel" in caught.value.hint


@pytest.mark.parametrize("cut", [0, 3, 20, 3_000, 20_000])
def test_a_cut_file_is_refused(cut: int, tiny_gguf: Path, tmp_path: Path) -> None:
    broken = tmp_path / "cut.gguf"
    broken.write_bytes(tiny_gguf.read_bytes()[:cut])
    with pytest.raises(BadInput, match="not a whole GGUF file"):
        facts(broken)


def test_a_control_groups_limit_counts_where_it_is_the_smaller(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 8000 kB\nMemAvailable: 4000 kB\n")
    assert available_bytes(meminfo, tmp_path) == 4000 << 10
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("1000000\n")
    assert available_bytes(meminfo, tmp_path) == 2_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert available_bytes(meminfo, tmp_path) == 4000 << 10
    assert available_bytes(tmp_path / "none", tmp_path / "none") is None
