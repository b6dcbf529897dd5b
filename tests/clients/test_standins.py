"""The stand-ins against the vendors' SDKs that speak with the real ones: straight, without Volant between them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from tests.clients import npm, up_anthropic, up_gemini, up_openai
from tests.clients.asks import PICTURE, ROWS, Row, Told, unsayable
from tests.clients.drivers import DRIVERS, CannotAsk, Driver
from tests.clients.upstream import Upstream

NATIVE = {
    "chat": ("/openai/v1", up_openai.KEY, "gpt-5.2"),
    "compatible": ("/compatible/v1", up_openai.KEY, "some-model"),
    "responses": ("/openai/v1", up_openai.KEY, "gpt-5.2"),
    "anthropic": ("/anthropic", up_anthropic.KEY, "claude-sonnet-5"),
    "gemini": ("/gemini", up_gemini.KEY, "gemini-3-flash"),
}
SILENT = {  # what a provider does not show, though its SDK asks: (stand-in, row)
    ("chat", "thinking"), ("chat", "thinking_stream"), ("gemini", "image_url")
}  # fmt: skip


@pytest.fixture(scope="module")
def drivers(upstream: Upstream) -> Iterator[dict[str, Driver]]:
    made = {}
    for name, (path, key, _) in NATIVE.items():
        made[name] = DRIVERS["chat" if name == "compatible" else name](upstream.url + path, key)
    yield made
    for one in made.values():
        one.close()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("name", NATIVE)
def test_each_stand_in_says_what_its_sdk_asks(
    name: str, row: Row, drivers: dict[str, Driver], upstream: Upstream
) -> None:
    ask = dataclasses.replace(row.ask)
    if ask.image_url == PICTURE:
        ask.image_url = f"{upstream.url}/files/picture.png"
    door = "chat" if name == "compatible" else name
    if row.name in unsayable(door):
        with pytest.raises(CannotAsk):
            drivers[name].ask(NATIVE[name][2], ask)
        return
    got = drivers[name].ask(NATIVE[name][2], ask)
    if (name, row.name) in SILENT:
        assert not got.thought
        return
    if row.name != "broken":
        assert not got.error, got
    row.check(got)


# ---------------------------------------------------------------- npm
@pytest.fixture(scope="module")
def from_npm(upstream: Upstream) -> dict[str, Told | None]:
    """Every npm client asks its own stand-in for every row."""
    npm.installed()
    plan = []
    for client, door in npm.CLIENTS.items():
        path, key, model = NATIVE[door]
        model = "gpt-4.1" if client == "vercel-openai-chat" else model  # it drops logprobs for those that think
        for row in ROWS:
            ask = dataclasses.replace(row.ask)
            if ask.image_url == PICTURE:
                ask.image_url = f"{upstream.url}/files/picture.png"
            plan.append(npm.Planned(f"{client} {row.name}", client, upstream.url + path, key, model, ask))
    return npm.run(plan)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("client", npm.CLIENTS)
def test_each_stand_in_says_what_its_npm_sdk_asks(client: str, row: Row, from_npm: dict[str, Told | None]) -> None:
    got = from_npm[f"{client} {row.name}"]
    if row.name in unsayable(client):
        assert got is None, f"{client} has words for it by now: {got}"
        return
    assert got is not None, f"{client} has no words for it"
    if (npm.CLIENTS[client], row.name) in SILENT:
        assert not got.thought
        return
    if row.name != "broken":
        assert not got.error, got
    row.check(got)
