"""Mock: a loopback stand-in for an OpenAI-compatible provider, deterministic, shipped as public API.

python -m volant.providers.mock --port 9101

server   the stand-in itself (not imported by the gateway, which needs only this fact sheet)
faults   every way in which it can fail on purpose
"""

from __future__ import annotations

from volant.providers.registry import Provider, provider


@provider("mock")
def mock() -> Provider:
    """A server of `volant.providers.mock.server`, wherever it listens."""
    return Provider(
        title="Loopback stand-in",
        docs="`python -m volant.providers.mock --port 8000` starts it. For tests and benchmarks, yours too.",
    )
