"""Places: a word that stays with its directory, whatever the machine is called, and goes along with no copy."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from volant.store.place import FILE, place_of


def test_two_machines_of_one_name_and_path_are_two_places(tmp_path: Path) -> None:
    first = place_of(tmp_path)
    (tmp_path / FILE).unlink()  # as on another machine, where the same path is another directory
    assert place_of(tmp_path) != first


def test_a_new_host_name_is_the_same_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = place_of(tmp_path)
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "c0ffee", "6", "1", "x86_64")))
    assert place_of(tmp_path) == first
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_a_moved_directory_is_the_same_place_and_a_copied_one_another(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    first = place_of(here)
    shutil.copytree(here, there)
    copied = place_of(there)
    assert copied != first
    assert place_of(there) == copied
    assert place_of(here.rename(tmp_path / "moved")) == first


@pytest.mark.parametrize("said", ["", "ab", "Ā" * 50, "0123456789ab", "0123456789ab 1 "])
def test_a_torn_file_is_written_anew(tmp_path: Path, said: str) -> None:
    (tmp_path / FILE).write_text(said, encoding="utf-8")
    made = place_of(tmp_path)
    assert (len(made), made) == (12, place_of(tmp_path))
    assert not said.startswith(made)


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(lambda _: place_of(tmp_path), range(64)))) == 1
