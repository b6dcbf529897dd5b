"""Bootstrap: a first start makes the root key, readable by its owner only; a kill in between leaves it usable."""

from __future__ import annotations

from pathlib import Path

import pytest

from volant.app.bootstrap import ensure_root_key, open_context
from volant.core.clock import ManualClock
from volant.core.errors import BadInput
from volant.core.settings import ServerSettings
from volant.jobs.context import Context
from volant.registry import keys


def opened(data: Path, environment: dict[str, str] | None = None) -> Context:
    settings = ServerSettings(data_dir=str(data))
    return open_context(data, settings, environment=environment or {}, publish=lambda: None, clock=ManualClock())


def scopes_of(context: Context, clear: str) -> tuple[str, ...]:
    with context.db.read() as tx:
        return keys.authenticate(tx, clear, now_ms=context.clock.now_ms()).scopes


def test_a_first_start_makes_private_keys_and_the_second_keeps_them(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = opened(data)
    clear = (data / "root.key").read_text().strip()
    assert scopes_of(first, clear) == ("admin",)
    for name in ("root.key", "master.key", "volant.db"):
        assert (data / name).stat().st_mode & 0o777 == 0o600, name
    assert data.stat().st_mode & 0o777 == 0o700
    first.db.close()
    second = opened(data)
    assert (data / "root.key").read_text().strip() == clear
    with second.db.read() as tx:
        assert len(keys.list_keys(tx, "default")) == 1
    second.db.close()


def test_killed_between_file_and_store_the_key_is_registered_by_the_next_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "root.key").write_text("vk_written_before_the_kill\n")
    context = opened(data)
    assert scopes_of(context, "vk_written_before_the_kill") == ("admin",)
    context.db.close()


def test_a_root_key_that_was_taken_away_is_not_written_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    context = opened(data)
    (data / "root.key").unlink()
    ensure_root_key(data, context.db, context.vault, context.clock)
    assert not (data / "root.key").exists()
    context.db.close()


def test_the_master_key_may_come_from_the_environment(tmp_path: Path) -> None:
    data = tmp_path / "data"
    context = opened(data, {"VOLANT_MASTER_KEY": "ab" * 32})
    assert not (data / "master.key").exists()
    context.db.close()
    with pytest.raises(BadInput, match="hexadecimal"):
        opened(data, {"VOLANT_MASTER_KEY": "secret"})
