"""Check `secrets`: credentials that a text should not carry.

Kinds: API_KEY, PRIVATE_KEY, JWT, PASSWORD. Vendors' keys are found by their published prefix and length and must look
random (Shannon entropy); private keys by their PEM armour (RFC 7468); JSON Web Tokens must decode (RFC 7519); passwords
stand in URLs or behind a name such as `api_key =`. Knows shapes only; never tries a key, and never touches the network.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections import Counter
from typing import NamedTuple

from volant.checks.finding import Finding
from volant.checks.folding import lowered
from volant.checks.registry import check


class _Vendor(NamedTuple):
    literal: str  # what every key of this vendor holds; searched before the expression is tried
    expression: re.Pattern[str]
    min_entropy: float  # bits per character of the key without its prefix


def _vendor(literal: str, expression: str, min_entropy: float = 3.0) -> _Vendor:
    return _Vendor(literal, re.compile(rf"(?<![\w-])(?:{expression})(?![\w-])"), min_entropy)


# Published formats of keys, one line each: prefix, then the random part in a group.
_VENDORS = (
    _vendor("AKIA", r"AKIA([A-Z2-7]{16})", 2.5),  # AWS access key id
    _vendor("ASIA", r"ASIA([A-Z2-7]{16})", 2.5),  # AWS temporary access key id
    _vendor("gh", r"gh[pousr]_([A-Za-z0-9]{36,251})"),  # GitHub tokens
    _vendor("github_pat_", r"github_pat_([A-Za-z0-9_]{60,90})"),
    _vendor("glpat-", r"glpat-([\w-]{20,60})"),  # GitLab
    _vendor("xox", r"xox[abeoprs]-([A-Za-z0-9-]{10,250})", 2.5),  # Slack
    _vendor("hooks.slack.com", r"https://hooks\.slack\.com/services/(T\w{6,12}/B\w{6,12}/\w{20,28})"),
    _vendor("k_live_", r"[srp]k_live_([A-Za-z0-9]{16,120})"),  # Stripe
    _vendor("k_test_", r"[sr]k_test_([A-Za-z0-9]{16,120})"),
    _vendor("sk-ant-", r"sk-ant-([A-Za-z0-9_-]{24,150})"),  # Anthropic
    _vendor("sk-", r"sk-(?:proj-|svcacct-|admin-)?([A-Za-z0-9_-]{20,200})", 3.5),  # OpenAI and those that copy it
    _vendor("AIza", r"AIza([\w-]{35})"),  # Google
    _vendor("GOCSPX-", r"GOCSPX-([\w-]{28})"),
    _vendor("hf_", r"hf_([A-Za-z0-9]{30,40})"),  # Hugging Face
    _vendor("gsk_", r"gsk_([A-Za-z0-9]{40,60})"),  # Groq
    _vendor("xai-", r"xai-([A-Za-z0-9]{60,100})"),  # xAI
    _vendor("npm_", r"npm_([A-Za-z0-9]{36})"),
    _vendor("pypi-", r"pypi-(AgEIcHlwaS5vcmc[\w-]{50,250})"),
    _vendor("SG.", r"SG\.([\w-]{16,32}\.[\w-]{16,64})"),  # SendGrid
    _vendor("dapi", r"dapi([a-f0-9]{32}(?:-\d)?)", 2.5),  # Databricks
    _vendor("do", r"do[opr]_v1_([a-f0-9]{64})", 2.5),  # DigitalOcean
    _vendor("shp", r"shp(?:at|ca|pa|ss)_([a-fA-F0-9]{32})", 2.5),  # Shopify
    _vendor("SK", r"SK([a-f0-9]{32})", 2.5),  # Twilio
    _vendor("AccountKey=", r"AccountKey=([A-Za-z0-9+/]{86}==)"),  # Azure storage
)
_PEM_BEGIN = re.compile(r"-----BEGIN ((?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?)-----")
_PEM_BODY = re.compile(r"[A-Za-z0-9+/=\s\\]*")  # also with escaped line ends, as in JSON
_PEM_LIMIT = 16384  # characters of one armoured key
_JWT = re.compile(r"(?<![\w-])(ey[A-Za-z0-9_-]{8,2048})\.(ey[A-Za-z0-9_-]{8,8192})\.([A-Za-z0-9_-]{0,1024})(?![\w-])")
_URL_PASSWORD = re.compile(r"://[^\s/@:\"'<>]{0,128}:([^\s/@\"'<>]{1,256})@(?=[\w\[])")
_ASSIGNED = re.compile(
    r"(?:pass(?:word|wd|phrase)|pwd|secret(?:[_ -]?(?:access)?[_ -]?key)?|api[_ -]?key|access[_ -]?(?:key|token)"
    r"|auth[_ -]?token|client[_ -]?secret)"
    r"[\"']?\s{0,3}(?:[:=]|:=|=>|\bis\b)\s{0,3}[\"'`]?([^\s\"'`,;<>]{6,256})"
)
_ASSIGNED_WORDS = ("pass", "pwd", "secret", "key", "token")
_BEARER = re.compile(r"authorization:\s{0,3}(?:bearer|basic)\s{1,3}([^\s\"',;]{8,2048})")
_PLACEHOLDER = re.compile(
    r"^(?:[$%{<\[(*.]|x{3,}|your|my[_-]|example|changeme|placeholder|redacted|none$|null$|true$|false$)|^(.)\1*$"
)


@check("secrets")
class Secrets:
    """Credentials by vendor's prefix, armour, structure or the name before them."""

    window = 160  # name, sign and value; PEM armour is seen by its first line

    def find(self, text: str) -> list[Finding]:
        """Return findings ordered by start; what a surer kind covers is not reported again."""
        found: list[tuple[int, int, str, float]] = []
        if "PRIVATE KEY" in text:
            found += [(m.start(), _pem_end(text, m), "PRIVATE_KEY", 0.99) for m in _PEM_BEGIN.finditer(text)]
        if ".ey" in text:
            found += [(m.start(), m.end(), "JWT", 0.97) for m in _JWT.finditer(text) if _is_jwt(m)]
        for vendor in _VENDORS:
            if vendor.literal in text:
                found += [
                    (m.start(), m.end(), "API_KEY", 0.95)
                    for m in vendor.expression.finditer(text)
                    if entropy(m[1]) >= vendor.min_entropy
                ]
        if "://" in text:
            found += [(*m.span(1), "PASSWORD", 0.9) for m in _URL_PASSWORD.finditer(text) if not _is_placeholder(m[1])]
        found += _named(text)
        return _findings(found)


def entropy(text: str) -> float:
    """Shannon entropy of the characters of `text`, in bits per character; 0 for the empty text."""
    size = len(text)
    return -sum(n / size * math.log2(n / size) for n in Counter(text).values()) if size else 0.0


def _named(text: str) -> list[tuple[int, int, str, float]]:
    """Values behind names such as `password:` that look like a credential rather than a word."""
    low = lowered(text)
    found: list[tuple[int, int, str, float]] = []
    if "authorization:" in low:
        found += [(*m.span(1), "API_KEY", 0.85) for m in _BEARER.finditer(low) if not _is_placeholder(m[1])]
    if any(word in low for word in _ASSIGNED_WORDS):
        for match in _ASSIGNED.finditer(low):
            start, end = match.span(1)
            value = text[start:end].rstrip(".!?)")
            if _looks_secret(value):
                found.append((start, start + len(value), "PASSWORD", 0.7))
    return found


def _looks_secret(value: str) -> bool:
    """Two kinds of characters and some entropy, so `password is wrong` passes and `password is Tr0ub4dor` does not."""
    if len(value) < 6 or _is_placeholder(value.lower()) or "://" in value:
        return False
    kinds = (
        any(c.islower() for c in value)
        + any(c.isupper() for c in value[1:])
        + any(c.isdigit() for c in value)
        + any(not c.isalnum() and c not in "-_.()" for c in value)
    )
    return kinds >= 2 and entropy(value) >= 2.3


def _is_placeholder(value: str) -> bool:
    return _PLACEHOLDER.match(value) is not None


def _pem_end(text: str, begin: re.Match[str]) -> int:
    """Where the armour ends, or where its base64 stops when the end is missing."""
    footer = f"-----END {begin[1]}-----"
    at = text.find(footer, begin.end(), begin.end() + _PEM_LIMIT)
    if at >= 0:
        return at + len(footer)
    body = _PEM_BODY.match(text, begin.end(), begin.end() + _PEM_LIMIT)
    return body.end() if body else begin.end()


def _is_jwt(match: re.Match[str]) -> bool:
    """Whether the first part is a JSON object that names an algorithm (RFC 7515 §4.1.1)."""
    part = match[1]
    try:
        header = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return False
    return isinstance(header, dict) and "alg" in header


def _findings(found: list[tuple[int, int, str, float]]) -> list[Finding]:
    kept: list[tuple[int, int, str, float]] = []
    for one in sorted(found, key=lambda f: (-f[3], f[0] - f[1], f[0])):
        if all(one[1] <= other[0] or other[1] <= one[0] for other in kept):
            kept.append(one)
    return [
        Finding(check="secrets", kind=kind, start=start, end=end, score=score, label=kind)
        for start, end, kind, score in sorted(kept)
    ]
