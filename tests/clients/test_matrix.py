"""Every client at every provider, through one real Volant: each cell keeps what `expectations` promises."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from tests.clients import npm, settings
from tests.clients.asks import PICTURE, ROWS, Ask, Row, Told
from tests.clients.conftest import Volant
from tests.clients.drivers import DRIVERS, CannotAsk, Driver
from tests.clients.expectations import Cell, cell


def asked(row: Row, upstream_url: str) -> Ask:
    """The row's ask, with a picture that really lies at its URL."""
    ask = dataclasses.replace(row.ask)
    if ask.image_url == PICTURE:
        ask.image_url = f"{upstream_url}/files/picture.png"
    return ask


def keeps(promise: Cell, row: Row, got: Told) -> None:
    """Raises AssertionError where the answer is not what was promised."""
    if promise.kind == "refused":
        assert got.status == 400, got
        assert all(name in got.message for name in promise.fields), got
        return
    if row.name != "broken":
        assert not got.error, got
    if promise.kind == "hidden":
        assert not got.thought, got
        assert got.text == "hello", got
    elif promise.check is not None:
        promise.check(got)
    else:
        row.check(got)
    named = {said.partition(":")[0].strip() for said in got.warning.split("; ") if said}
    assert named == promise.fields, f"warned of {got.warning!r}, promised {sorted(promise.fields)}: {got}"


# ---------------------------------------------------------------- Python
@pytest.fixture(scope="module")
def drivers(volant: Volant) -> Iterator[dict[str, Driver]]:
    made = {name: driver(volant.base_url(name), volant.key) for name, driver in DRIVERS.items()}
    yield made
    for one in made.values():
        one.close()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("target", settings.TARGETS)
@pytest.mark.parametrize("door", DRIVERS)
def test_python(door: str, target: str, row: Row, volant: Volant, drivers: dict[str, Driver]) -> None:
    promise = cell(door, door, target, row.name)
    ask = asked(row, volant.upstream.url)
    mark = volant.upstream.mark()
    if promise.kind == "wordless":
        with pytest.raises(CannotAsk):
            drivers[door].ask(settings.task(target), ask)
        return
    got = drivers[door].ask(settings.task(target), ask)
    keeps(promise, row, got)
    calls = [one for one in volant.upstream.seen(mark) if one.method == "POST"]
    assert len(calls) == (0 if promise.kind == "refused" else 2 if row.ask.results else 1), calls


# ---------------------------------------------------------------- npm
@pytest.fixture(scope="module")
def from_npm(volant: Volant) -> dict[str, Told | None]:
    npm.installed()
    plan = [
        npm.Planned(
            f"{client} {target} {row.name}",
            client,
            volant.base_url(door),
            volant.key,
            settings.task(target),
            asked(row, volant.upstream.url),
        )
        for client, door in npm.CLIENTS.items()
        for target in settings.TARGETS
        for row in ROWS
    ]
    return npm.run(plan)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("target", settings.TARGETS)
@pytest.mark.parametrize("client", npm.CLIENTS)
def test_npm(client: str, target: str, row: Row, from_npm: dict[str, Told | None]) -> None:
    got = from_npm[f"{client} {target} {row.name}"]
    promise = cell(client, npm.CLIENTS[client], target, row.name)
    if promise.kind == "wordless":
        assert got is None
        return
    assert got is not None
    keeps(promise, row, got)
