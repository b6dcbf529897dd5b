"""Fixtures of the gateway's tests. The helpers are in gateway_stack.py beside this file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # pytest's importlib mode leaves the folder out

from gateway_stack import Loop, Stack


@pytest.fixture(scope="session")
def servers_loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture
def stack(tmp_path: Path, servers_loop: Loop) -> Iterator[Stack]:
    one = Stack(tmp_path / "data", servers_loop)
    yield one
    one.close()
