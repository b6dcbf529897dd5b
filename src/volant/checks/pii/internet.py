"""E-mail addresses, IP addresses, and URLs that carry a user and password.

Knows their syntax (RFC 5321, RFC 4291, RFC 3986); never resolves a name and never touches the network.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from volant.checks.pii.claims import Claims

_LOCAL_MARKS = frozenset("!#$%&'*+-/=?^_`{|}~.")  # RFC 5321 atext and the dot
_LOCAL_LIMIT = 64
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.){{1,8}}(?:xn--[a-zA-Z0-9-]{{2,59}}|[^\W\d_]{{2,24}})(?![\w-])")
_IPV4 = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}")
_TWO_COLONS = re.compile(r":[0-9A-Fa-f]{0,4}:")
_IPV6_MARKS = frozenset("0123456789abcdefABCDEF:.")
_IPV6_LIMIT = 45  # characters of the longest textual form
_SCHEMES_END = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+")
_USERINFO = re.compile(r"([^\s/@:\"'<>]{1,128}):([^\s/@\"'<>]{1,256})@(?=[\w\[])")


def emails(text: str, claims: Claims) -> None:
    """Claim EMAIL around each `@` that has a local part before and a dotted domain behind it."""
    at = text.find("@")
    while at >= 0:
        start = at
        floor = max(0, at - _LOCAL_LIMIT)
        while start > floor and ((c := text[start - 1]).isalnum() or c in _LOCAL_MARKS):
            start -= 1
        while start < at and not text[start].isalnum() and text[start] != "_":  # quotes and marks before the address
            start += 1
        if start < at and text[at - 1] != "." and (domain := _DOMAIN.match(text, at + 1)):
            claims.add(start, domain.end(), "EMAIL", 0.99)
        at = text.find("@", at + 1)


def ipv4(text: str, claims: Claims) -> None:
    """Claim IP for dotted quads of 0-255, outside of longer dotted numbers and of versions (`v1.2.3.4`)."""
    for match in _IPV4.finditer(text):
        start, end = match.span()
        if _glued(text, start, end, ".") or text[max(0, start - 8) : start].lower().endswith(("version ", "v. ")):
            continue
        try:
            IPv4Address(match[0])
        except AddressValueError:
            continue
        claims.add(start, end, "IP", 0.95)


def ipv6(text: str, claims: Claims) -> None:
    """Claim IP for IPv6 addresses with at least four hexadecimal digits (so neither `::` nor `::1`)."""
    done = 0
    while pair := _TWO_COLONS.search(text, done):
        start = end = colon = pair.start()
        while start > done and colon - start < _IPV6_LIMIT and text[start - 1] in _IPV6_MARKS:
            start -= 1
        while end < len(text) and end - start <= _IPV6_LIMIT and text[end] in _IPV6_MARKS:
            end += 1
        stop = end
        while stop > start and text[stop - 1] == ".":  # the end of a sentence
            stop -= 1
        candidate = text[start:stop]
        digits = sum(c not in ":." for c in candidate)
        if candidate.count(":") >= 2 and digits >= 4 and not _glued(text, start, stop, ":") and _is_ipv6(candidate):
            claims.add(start, stop, "IP", 0.95)
        done = max(end, colon + 1)


def url_credentials(text: str, claims: Claims) -> None:
    """Claim URL_CREDENTIALS over `user:password` in `scheme://user:password@host`."""
    at = text.find("://")
    while at >= 0:
        if at and text[at - 1] in _SCHEMES_END and (found := _USERINFO.match(text, at + 3)):
            claims.add(found.start(), found.end(2), "URL_CREDENTIALS", 0.98)
        at = text.find("://", at + 3)


def _is_ipv6(candidate: str) -> bool:
    try:
        IPv6Address(candidate)
    except AddressValueError:
        return False
    return True


def _glued(text: str, start: int, end: int, mark: str) -> bool:
    """Whether a word character, or `mark` and a word character, touches the span."""
    before = text[max(0, start - 2) : start]
    after = text[end : end + 2]
    return (
        before[-1:].isalnum()
        or after[:1].isalnum()
        or (before[-1:] == mark and before[:1].isalnum())
        or (after[:1] == mark and after[1:].isalnum())
    )
