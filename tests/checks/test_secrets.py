"""Secrets: vendors' keys, private keys, tokens and passwords. All of them are made up here, piece by piece."""

from __future__ import annotations

import base64
import json
import random
import string

import pytest

from volant.checks import create
from volant.checks.secrets import entropy

rng = random.Random(7)


def noise(size: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(rng.choice(alphabet) for _ in range(size))


def kinds(text: str) -> list[tuple[str, str]]:
    return [(f.kind, text[f.start : f.end]) for f in create("secrets").find(text)]


@pytest.mark.parametrize(
    "key",
    [
        "AK" + "IA" + noise(16, string.ascii_uppercase + "234567"),
        "gh" + "p_" + noise(36),
        "github" + "_pat_" + noise(82),
        "gl" + "pat-" + noise(20),
        "xo" + "xb-" + noise(12, string.digits) + "-" + noise(24),
        "sk" + "_live_" + noise(24),
        "sk" + "-ant-api03-" + noise(93),
        "sk" + "-proj-" + noise(48),
        "AI" + "za" + noise(35),
        "hf" + "_" + noise(34),
        "np" + "m_" + noise(36),
        "S" + "G." + noise(22) + "." + noise(43),
        "da" + "pi" + noise(32, "0123456789abcdef"),
    ],
)
def test_vendor_keys(key: str) -> None:
    assert kinds(f"use {key}, please") == [("API_KEY", key)]


def test_a_prefix_without_randomness_is_no_key() -> None:
    assert kinds("ghp_" + "a" * 36) == []
    assert kinds("sk-" + "ab" * 14) == []
    assert kinds("task-force-of-the-century-and-more-words") == []


def test_private_key_with_and_without_its_end() -> None:
    armour = "-----BEGIN RSA " + "PRIVATE KEY-----\n"
    body = "\n".join(noise(64) for _ in range(4))
    whole = f"{armour}{body}\n-----END RSA PRIVATE KEY-----"
    assert kinds(f"key:\n{whole}\nthanks") == [("PRIVATE_KEY", whole)]
    [(kind, span)] = kinds(f"{armour}{body}, thanks")
    assert kind == "PRIVATE_KEY"
    assert span == armour + body


def token(header: dict[str, str]) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part(header)}.{part({'sub': '1234567890'})}.{noise(43)}"


def test_json_web_token_must_name_its_algorithm() -> None:
    good = token({"alg": "HS256", "typ": "JWT"})
    assert kinds(f"cookie {good};") == [("JWT", good)]
    assert kinds(token({"typ": "nothing at all"})) == []


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("postgresql://app:S3cr3tPw@db.example.org/x", "S3cr3tPw"),
        ("password: Tr0ub4dor&3", "Tr0ub4dor&3"),
        ('{"api_key": "9fK2mQ7xLp0a"}', "9fK2mQ7xLp0a"),
        ("my password is hunter2.", "hunter2"),
        ("client_secret=aB3dE5fG7h", "aB3dE5fG7h"),
    ],
)
def test_passwords(text: str, secret: str) -> None:
    assert kinds(text) == [("PASSWORD", secret)]


@pytest.mark.parametrize(
    "text",
    [
        "my password is wrong",
        "I forgot my password: what now?",
        "password: ${DB_PASSWORD}",
        "password=********",
        "api_key = YOUR_API_KEY",
        "https://user:{password}@example.org",
        "the secret is out",
        "How do I reset my passcode and my PIN?",
    ],
)
def test_talk_about_passwords_is_left_alone(text: str) -> None:
    assert kinds(text) == []


def test_entropy_in_bits_per_character() -> None:
    assert entropy("") == 0
    assert entropy("aaaa") == 0
    assert entropy("abcd") == pytest.approx(2.0)
