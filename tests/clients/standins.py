"""All stand-ins on one server, with the picture that requests name by its URL."""

from __future__ import annotations

from tests.clients import up_anthropic, up_bedrock, up_gemini, up_openai, up_responses
from tests.clients.asks import PNG
from tests.clients.tunnel import HOSTS
from tests.clients.upstream import Reply, Seen, Upstream


def start() -> Upstream:
    """A server with every stand-in; `close` ends it."""
    routes = [("GET", r"/files/picture\.png", _picture)]
    for module in (up_openai, up_responses, up_anthropic, up_gemini, up_bedrock):
        routes += module.routes()
    return Upstream(routes, HOSTS)


def _picture(_: Seen) -> Reply:
    return Reply(PNG, content_type="image/png")
