"""Stand-ins of the providers, and one real Volant in front of them, for the tests of this folder."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from tests.clients import settings, standins, tunnel
from tests.clients.upstream import Upstream
from tests.conftest import ServerUnderTest, _start_server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test of the npm clients waits for all that they are asked."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def upstream() -> Iterator[Upstream]:
    """Every provider's stand-in, on loopback."""
    one = standins.start()
    yield one
    one.close()


@dataclass
class Volant:
    """A running server with a task for each provider."""

    server: ServerUnderTest
    upstream: Upstream

    def base_url(self, door: str) -> str:
        """Where a client of this door points its SDK."""
        return self.server.url + settings.PREFIXES[door]

    @property
    def key(self) -> str:
        return self.server.key


def _wait_for(server: ServerUnderTest, task: str) -> None:
    """Until every gateway worker may have heard of the tasks: a first configuration is pushed within a second."""
    end = time.monotonic() + 90
    seen = 0
    while seen < 20:  # each connection meets one of the workers
        assert time.monotonic() < end, "the gateways never heard of the tasks"
        said = httpx2.get(f"{server.url}/v1/models", headers={"authorization": f"Bearer {server.key}"}).json()
        seen = seen + 1 if task in {model["id"] for model in said["data"]} else 0
        time.sleep(0.02)


@pytest.fixture(scope="session")
def volant(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Volant]:
    """Two gateway workers, every provider behind a task of its own, errors behind others."""
    folder = tmp_path_factory.mktemp("clients")
    ca, chain, key = tunnel.certificates(folder)
    proxy = tunnel.Proxy(upstream.serve_tls(chain, key))
    (folder / "volant.toml").write_text(settings.document(upstream.url, proxy.url, str(ca)))
    server = _start_server(folder / "data", "--workers", "2", cwd=folder, env=settings.KEYS)
    _wait_for(server, f"{settings.task(settings.TARGETS[-1])}-{settings.STATUSES[-1]}")
    yield Volant(server, upstream)
    code, said = server.stop()
    proxy.close()
    assert code == 0, said
