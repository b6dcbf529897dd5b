"""What every test may use: the real data's folder, an anyio backend, seeds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data sets. Skips by name without VOLANT_TEST_DATA; strict under VOLANT_STRICT=1."""
    place = os.environ.get("VOLANT_TEST_DATA", "")
    if place and Path(place).is_dir():
        return Path(place)
    if os.environ.get("VOLANT_STRICT") == "1":
        pytest.fail(f"VOLANT_TEST_DATA={place!r} is not a folder, and VOLANT_STRICT=1 forbids skipping")
    pytest.skip("real data: set VOLANT_TEST_DATA to a folder with the public test sets (docs/test-data.md)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "test_data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.real_data)
