"""Conformance of every registered provider: a new module is found and held to this without any list."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from genai_prices.data_snapshot import get_snapshot

from volant import dialects
from volant.core.chat import ChatRequest, Message, Sampling, TextPart
from volant.core.errors import BadInput, Conflict, NotFound
from volant.core.nouns import DeploymentSpec, Target
from volant.dialects import EMBEDDING_NAMES, NAMES
from volant.dialects.dialect import Losses
from volant.providers import Provider, find, names, provider, sheet_of
from volant.providers.endpoint import endpoint_of
from volant.providers.prices import price_of
from volant.providers.sigv4 import Credentials, authorization


def test_what_ships() -> None:
    assert set(names()) >= {
        "anthropic", "azure", "azure-dated", "bedrock", "cerebras", "cohere", "compatible", "deepseek", "fireworks",
        "google", "groq", "llamacpp", "lmstudio", "local", "mistral", "mock", "moonshot", "ollama", "openai",
        "openrouter", "perplexity", "sglang", "together", "vllm", "xai", "zai",
    }  # fmt: skip


def deployed(name: str, **more: Any) -> Target:
    options = {option: value or "given" for option, value in find(name).options.items()}
    whole = {"name": "d", "provider": name, "model": "org/m:1", "base_url": "http://127.0.0.1:8080/v1/", **more}
    return Target(**{"options": options, **whole})


@pytest.mark.parametrize("name", names())
def test_a_fact_sheet_makes_an_endpoint_of_every_wire(name: str) -> None:
    sheet = find(name)
    assert sheet.title
    assert sheet.wires
    assert not sheet.elsewhere or find(sheet.elsewhere)
    for wire in sheet.wires:
        assert wire.path.startswith("/")
        assert wire.dialect in (NAMES if wire.operation in ("chat", "count_tokens") else EMBEDDING_NAMES)
        target = deployed(name, api_key="k-1")
        request = endpoint_of(target, sheet, wire).request(b'{"a":1}', b"traceparent: x\r\n")
        head, _, body = request.partition(b"\r\n\r\n")
        assert body == b'{"a":1}'
        lines = head.decode().split("\r\n")
        path = wire.path.replace("{model}", "org%2Fm%3A1")
        for option, value in target.options.items():
            path = path.replace("{" + option + "}", value)
        assert lines[0] == f"POST /v1{path} HTTP/1.1"
        assert lines[1] == "host: 127.0.0.1:8080"
        if sheet.auth == "header":
            assert f"{sheet.auth_header}: {sheet.auth_value.format(key='k-1')}" in lines
        assert "content-length: 7" in lines
        assert "traceparent: x" in lines
        assert not any("{" in line for line in lines)


@pytest.mark.parametrize("name", names())
def test_no_key_no_header(name: str) -> None:
    sheet = find(name)
    assert sheet.auth_header.encode() not in endpoint_of(deployed(name), sheet).head.lower()


@pytest.mark.parametrize("name", names())
def test_an_own_address_is_whole_and_reached_over_tls(name: str) -> None:
    sheet = find(name)
    if not sheet.base_url:
        pytest.skip("its deployments say where it is")
    base = sheet.base_url
    assert not base.endswith("/")
    assert base.startswith("https://") or base.startswith("http://127.0.0.1:")
    assert endpoint_of(deployed(name, base_url=""), sheet).origin.host


@pytest.mark.parametrize("name", names())
def test_every_dialect_of_a_sheet_can_be_written(name: str) -> None:
    """Chats of all clients reach the provider by its first wire; a plain one loses nothing there."""
    for wire in find(name).wires:
        if wire.operation == "chat":
            dialect = dialects.find(wire.dialect)
            losses = Losses(dialect.title)
            messages = (Message(role="user", parts=(TextPart(text="hi"),)),)
            request = ChatRequest(model="m", messages=messages, sampling=Sampling(max_tokens=5))
            assert b"hi" in dialect.render_request(request, find(name).capabilities, losses)
            assert losses.dropped == []
        elif wire.operation == "embeddings":
            assert dialects.find_embeddings(wire.dialect)


def test_an_option_that_an_address_needs_is_asked_for() -> None:
    with pytest.raises(BadInput) as caught:
        endpoint_of(Target(name="d", provider="azure", model="m", base_url=""), find("azure"))
    assert (caught.value.code, caught.value.where) == ("missing_option", "options.resource")


def test_amazon_s_requests_are_signed_or_carry_their_key() -> None:
    sheet = find("bedrock")
    target = deployed("bedrock", base_url="", api_key="AKID:secret:token", options={"region": "eu-west-1"})
    endpoint = endpoint_of(target, sheet)
    assert endpoint.origin.host == "bedrock-runtime.eu-west-1.amazonaws.com"
    for stream, path in ((False, "converse"), (True, "converse-stream")):
        head = endpoint.request(b"{}", stream=stream).decode()
        lines = dict(line.split(": ", 1) for line in head.partition("\r\n\r\n")[0].split("\r\n")[1:])
        assert head.startswith(f"POST /model/org%2Fm%3A1/{path} HTTP/1.1\r\n")
        assert "secret" not in head
        assert lines["x-amz-security-token"] == "token"
        payload = hashlib.sha256(b"{}").hexdigest()
        signed = {
            "host": endpoint.origin.authority, "x-amz-date": lines["x-amz-date"], "x-amz-content-sha256": payload,
            "x-amz-security-token": "token",
        }  # fmt: skip
        credentials = Credentials("AKID", "secret", "token")
        on_the_wire = f"/model/org%2Fm%3A1/{path}"
        assert lines["authorization"] == authorization(
            "POST", on_the_wire, signed, payload, "eu-west-1", "bedrock", credentials, lines["x-amz-date"]
        )
    bearer = endpoint_of(deployed("bedrock", api_key="ABSKkey="), sheet)
    assert bearer.signed is None
    assert b"authorization: Bearer ABSKkey=\r\n" in bearer.head


def test_a_deployment_says_what_its_model_cannot() -> None:
    said = sheet_of("vllm", options={"images": "false", "limit_field": "max_completion_tokens"})
    assert (said.capabilities.images, said.capabilities.limit_field) == (False, "max_completion_tokens")
    assert said.capabilities.tools
    assert sheet_of("vllm") is find("vllm")
    assert sheet_of("azure", options={"resource": "x"}) is find("azure")
    for options, code in (({"imgaes": "false"}, "unknown_option"), ({"images": "no"}, "bad_option")):
        with pytest.raises(BadInput) as caught:
            sheet_of("vllm", options=options)
        assert caught.value.code == code


def test_openai_elsewhere_is_only_compatible() -> None:
    assert sheet_of("openai", "https://api.openai.com/v1/") is find("openai")
    assert sheet_of("openai", "http://10.0.0.7:8000/v1") is find("compatible")
    assert sheet_of("openai", "https://openai.com.example.net/v1") is find("compatible")
    assert sheet_of("openai", "https://eu.api.openai.com/v1") is find("openai")
    assert sheet_of("groq", "http://10.0.0.7:8000/v1") is find("groq")


@pytest.mark.parametrize("name", [name for name in names() if find(name).price_provider])
def test_the_price_tables_know_the_provider(name: str) -> None:
    assert find(name).price_provider in {one.id for one in get_snapshot().providers}


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
    assert (own.version, own.usd_per_output_token) == (f"{price.version}+configured", 2.0)
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
