"""Numbers that name an account or a person: IBAN, payment card, US social security number.

Finds their written forms (grouped by spaces or hyphens, or solid); what is valid is decided in `validators`.
"""

from __future__ import annotations

import re

from volant.checks.pii import validators
from volant.checks.pii.claims import Claims

_DIGIT = re.compile(r"[0-9]")
_CHECK_DIGITS = re.compile(r"[0-9]{2}(?<=[A-Za-z]{2}[0-9]{2})")
_CARD = re.compile(r"[0-9]{12,19}|[0-9]{4}([ -])(?:[0-9]{4}\1[0-9]{4}\1[0-9]{4}|[0-9]{6}\1[0-9]{4,5})")
_CARD_CUE = re.compile(
    r"\b(?:cards?|cc|credit|debit|visa|mastercard|maestro|amex|pan|carte|karte|tarjeta|carta|cart[ãa]o)\b"
)
_SSN = re.compile(r"([0-9]{3})([- ]?)([0-9]{2})\2([0-9]{4})")
_SSN_END = re.compile(r"\bssn\b[^0-9\n]{1,16}([0-9]{4})(?![0-9-])")
_SSN_CUE = re.compile(r"\bssn\b|social security|soc(?:ial)? sec")
_CUE_WINDOW = 48  # characters before a number in which a cue counts
_CUE_BEHIND = 24  # and behind it


def has_digits(text: str) -> bool:
    """Whether any ASCII digit stands in `text`: most detectors can be left out otherwise."""
    return _DIGIT.search(text) is not None


def ibans(text: str, claims: Claims) -> None:
    """Claim IBAN for a registered country code, two check digits and the country's length, grouped in any way."""
    for match in _CHECK_DIGITS.finditer(text):
        start = match.start() - 2
        if start and (text[start - 1].isalnum() or text[start - 1] == "_"):
            continue
        length = validators.IBAN_LENGTHS.get(text[start : start + 2].upper())
        if length is None:
            continue
        compact, end = _collect(text, start, length)
        if len(compact) == length and not text[end : end + 1].isalnum() and validators.iban(compact):
            claims.add(start, end, "IBAN", 0.99)


def _collect(text: str, start: int, length: int) -> tuple[str, int]:
    """Read `length` ASCII letters and digits from `start`, over spaces and hyphens; in upper case, and the end."""
    kept: list[str] = []
    at = start
    while at < len(text) and len(kept) < length:
        c = text[at]
        if c.isascii() and c.isalnum():
            kept.append(c)
        elif c not in " -\u00a0" or not text[at - 1].isalnum():
            break
        at += 1
    return "".join(kept).upper(), at


def cards(text: str, lowered: str, claims: Claims) -> None:
    """Claim CARD where Luhn's check holds and the issuer range is known, or a word such as "card" stands nearby.

    15 or 16 digits behind such a word are claimed at 0.5 even when the check fails: a mistyped card is still personal.
    """
    for match in _CARD.finditer(text):
        start, end = match.span()
        if touches_number(text, start, end):
            continue
        digits = match[0] if match[1] is None else match[0].replace(match[1], "")
        cued = _cued(_CARD_CUE, lowered, start, end)
        if not validators.luhn(digits):
            if cued and len(digits) in (15, 16) and len(set(digits)) > 1:
                claims.add(start, end, "CARD", 0.5)
            continue
        known = validators.card_scheme(digits) is not None
        if known or cued:
            claims.add(start, end, "CARD", 0.99 if known and cued else 0.95 if known else 0.85)


def social_security_numbers(text: str, lowered: str, claims: Claims) -> None:
    """Claim SSN for 3-2-4 with hyphens, or with spaces or solid where "SSN" or "social security" stands nearby."""
    for match in _SSN.finditer(text):
        start, end = match.span()
        if touches_number(text, start, end) or text[start - 1 : start] == "-" or text[end : end + 1] == "-":
            continue
        if not validators.social_security_number(match[1], match[3], match[4]):
            continue
        cued = _cued(_SSN_CUE, lowered, start, end)
        if cued or match[2] == "-":
            claims.add(start, end, "SSN", 0.98 if cued else 0.85)
    if "ssn" in lowered:
        for match in _SSN_END.finditer(lowered):  # its last four digits, as help desks ask for them
            claims.add(*match.span(1), "SSN", 0.6)


def touches_number(text: str, start: int, end: int) -> bool:
    """Whether the span is part of a longer word or number: a letter, digit or decimal mark with a digit touches it."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    if before[-1:].isalnum() or before[-1:] == "_" or after[:1].isalnum() or after[:1] == "_":
        return True
    return (before[-1:] in (".", ",") and before[:1].isdigit() and len(before) == 2) or (
        after[:1] in (".", ",") and after[1:].isdigit()
    )


def _cued(cue: re.Pattern[str], lowered: str, start: int, end: int) -> bool:
    return (
        cue.search(lowered, max(0, start - _CUE_WINDOW), start) is not None
        or cue.search(lowered, end, end + _CUE_BEHIND) is not None
    )
