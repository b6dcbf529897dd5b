"""Conformance of every registered provider: a new module is found and held to this without any list."""

from __future__ import annotations

import pytest

from volant.core.errors import BadInput, Conflict, NotFound
from volant.core.nouns import DeploymentSpec, Target
from volant.providers import Provider, find, names, provider
from volant.providers.endpoint import endpoint_of
from volant.providers.prices import price_of


def test_what_ships() -> None:
    assert set(names()) >= {"openai", "local", "mock"}


@pytest.mark.parametrize("name", names())
def test_a_fact_sheet_makes_an_endpoint(name: str) -> None:
    sheet = find(name)
    assert sheet.title
    assert sheet.wires
    assert all(wire.path.startswith("/") for wire in sheet.wires)
    target = Target(name="d", provider=name, model="m", base_url="http://127.0.0.1:8080/v1/", api_key="k-1")
    endpoint = endpoint_of(target, sheet)
    request = endpoint.request(b'{"a":1}', b"traceparent: x\r\n")
    head, _, body = request.partition(b"\r\n\r\n")
    assert body == b'{"a":1}'
    lines = head.decode().split("\r\n")
    assert lines[0] == f"POST /v1{sheet.wires[0].path} HTTP/1.1"
    assert lines[1] == "host: 127.0.0.1:8080"
    assert f"{sheet.auth_header}: {sheet.auth_value.format(key='k-1')}" in lines
    assert "content-length: 7" in lines
    assert "traceparent: x" in lines


@pytest.mark.parametrize("name", names())
def test_no_key_no_header(name: str) -> None:
    sheet = find(name)
    target = Target(name="d", provider=name, model="m", base_url="http://127.0.0.1:8080/v1")
    assert sheet.auth_header.encode() not in endpoint_of(target, sheet).head


@pytest.mark.parametrize("name", names())
def test_a_fact_sheet_has_prices_or_says_that_it_has_none(name: str) -> None:
    price = price_of(DeploymentSpec(name="d", provider=name, model="a-model-that-nobody-sells"))
    assert (price.usd_per_input_token, price.usd_per_output_token) == (0.0, 0.0)
    assert price.version == ("unknown" if find(name).price_provider else "none")


def test_prices_are_dated_and_can_be_overridden() -> None:
    spec = DeploymentSpec(name="d", provider="openai", model="gpt-4o-mini")
    price = price_of(spec)
    assert price.version.startswith("genai-prices ")
    assert 0 < price.usd_per_input_token < price.usd_per_output_token < 1e-4
    own = price_of(
        DeploymentSpec(name="d", provider="openai", model="gpt-4o-mini", usd_per_million_output_tokens=2_000_000.0)
    )
    assert (own.version, own.usd_per_output_token) == ("override", 2.0)
    assert own.usd_per_input_token == price.usd_per_input_token


def test_an_unknown_provider_names_those_that_exist() -> None:
    with pytest.raises(NotFound, match="mock"):
        find("nobody")


def test_two_providers_cannot_have_one_name() -> None:
    def other() -> Provider:
        return Provider(title="Impostor")

    with pytest.raises(Conflict, match="two providers"):
        provider("openai")(other)
    assert find("openai").title != "Impostor"


def test_a_deployment_without_any_address() -> None:
    with pytest.raises(BadInput, match="no address yet"):
        endpoint_of(Target(name="d", provider="local", model="m", base_url=""), find("local"))


def test_a_line_end_in_a_key_cannot_smuggle_a_header() -> None:
    target = Target(name="d", provider="mock", model="m", base_url="http://127.0.0.1:1/v1", api_key="k\r\nx-evil: 1")
    with pytest.raises(BadInput, match="line end"):
        endpoint_of(target, find("mock"))
