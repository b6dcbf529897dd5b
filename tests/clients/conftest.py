"""Stand-ins of the providers, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.clients import standins
from tests.clients.upstream import Upstream


@pytest.fixture(scope="session")
def upstream() -> Iterator[Upstream]:
    """Every provider's stand-in, on loopback."""
    one = standins.start()
    yield one
    one.close()
