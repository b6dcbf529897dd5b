"""Phone numbers: international, North American and national forms; weak forms only beside a cue.

A candidate is a run of digits with phone punctuation. Strong shapes stand alone; any other run of 7 to 15 digits needs
a word before it that speaks of calling, with none nearer that speaks of an order, an account or an amount. What is
called an order's or account's number outright ("order number is 0…") is none, whatever its shape. Ten solid digits
without any such word are claimed at 0.4: in a help desk's traffic they mostly are a phone number. International numbers
are confirmed by `validators`; national numbers have no country here, so only their shape counts.
"""

from __future__ import annotations

import re

from volant.checks.pii import validators
from volant.checks.pii.accounts import touches_number
from volant.checks.pii.claims import Claims

_CANDIDATE = re.compile(r"(?:\+ ?\(?|\(\+?)?[0-9](?:[ .\-/()\u00a0\u2010-\u2013]{0,3}[0-9]){5,24}")
_EXTENSION = re.compile(r" ?(?:x|ext\.? ?|extension )[0-9]{1,6}\b")
_NOT_DIGIT = re.compile(r"[^0-9]+")
_DATE = re.compile(r"(?:19|20)[0-9]{2}([-/.])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}([-/.])[0-9]{1,2}\2(?:19|20)[0-9]{2}")
_NORTH_AMERICAN = re.compile(r"(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])[2-9][0-9]{2}[ .-][0-9]{4}")
_AREA_IN_PARENS = re.compile(r"\([0-9]{2,5}\)[ .-]?[0-9]")
_SOLID_TEN = re.compile(r"[2-9][0-9]{9}")  # not 1…: seconds since 1970 begin so
_TRUNK_ZERO = re.compile(r"0[1-9][0-9]{0,4}[ .\-/]")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+")
_MONEY_BEFORE = re.compile(r"(?:[$€£¥₹]|\b(?:usd|eur|gbp|chf|rs)\.?) ?$")
_MONEY_BEHIND = re.compile(r" ?(?:[$€£¥₹%]|(?:usd|eur|gbp|chf|dollars?|euros?|pounds?)\b)")
_OTHER_NUMBERS = (
    r"orders?|invoices?|accounts?|tickets?|cases?|references?|ref|transactions?|tracking|amounts?|balance|policy|iban"
    r"|cards?|licen[cs]e|id|ssn|security|passport|sort code|zip|postcode|version|serial|isbn|vat"
)
_CUE = re.compile(
    r"\b(?:(?P<yes>(?:tele)?phones?|ph|tel|telefono?|tel[eé]fono|t[ée]l[ée]phone|m[oó]vil|handy|portable|mobile|fax"
    r"|cell(?:phone)?"
    r"|(?:desk|office)(?= ?[:#.])|landline|hotline|handset|whatsapp|sms"
    r"|call(?:s|ed|ing)?|ring|dial(?:led)?|te?xt(?:ed|ing)?|reach(?:ed)?"
    r"|contact|answering|messages?|registered|my number)"
    rf"|(?P<no>{_OTHER_NUMBERS}))\b"
)
_NAMED_OTHERWISE = re.compile(rf"\b(?:{_OTHER_NUMBERS})(?:[\s:#]|\b(?:numbers?|nos?|nr|code|is|of|was|id)\b|\.)*$")
_CUE_BEHIND = re.compile(r"[\W_]{0,3}(?:office|fax|mobile|cell|home|work|desk|phone)\b")
_CUE_WINDOW = 48  # characters


def phones(text: str, lowered: str, claims: Claims) -> None:
    """Claim PHONE in the stretches that no other detector has claimed."""
    for gap_start, gap_end in claims.gaps(len(text)):
        for match in _CANDIDATE.finditer(text, gap_start, gap_end):
            start, end = match.span()
            if text[start] == "(" and ")" not in match[0]:  # the bracket belongs to the sentence
                start += 1
            if touches_number(text, start, end) and not _EXTENSION.match(lowered, end):
                continue
            score = _score(text[start:end], lowered, start, end)
            if score:
                extension = _EXTENSION.match(lowered, end, gap_end)
                claims.add(start, extension.end() if extension else end, "PHONE", score)


def _score(written: str, lowered: str, start: int, end: int) -> float:
    """How sure we are that `written` is a phone number; 0 for not."""
    digits = _NOT_DIGIT.sub("", written)
    if not 7 <= len(digits) <= 15 or _DATE.match(written) or lowered[end : end + 1] == ":":
        return 0.0
    if _MONEY_BEFORE.search(lowered, max(0, start - 5), start) or _MONEY_BEHIND.match(lowered, end):
        return 0.0
    cue = _cue(lowered, start, end)
    if "+" in written[:2]:
        return 0.97 if validators.international_phone(_international(written)) else 0.6 if cue == "yes" else 0.0
    if len(set(digits)) == 1 or _NAMED_OTHERWISE.search(lowered, max(0, start - _CUE_WINDOW), start):
        return 0.0
    strong = _strong(written, digits)
    if cue == "yes":
        return 0.9 if strong else 0.75
    if strong:
        return 0.7 if cue == "" else 0.5
    return 0.4 if cue == "" and _SOLID_TEN.fullmatch(written) else 0.0


def _strong(written: str, digits: str) -> bool:
    """Whether the shape alone speaks for a phone number."""
    if _THOUSANDS.fullmatch(written):
        return False
    size = len(digits)
    return (
        _NORTH_AMERICAN.fullmatch(written) is not None
        or (8 <= size <= 11 and _AREA_IN_PARENS.match(written) is not None)
        or (9 <= size <= 11 and _TRUNK_ZERO.match(written) is not None)
        or (11 <= size <= 15 and digits.startswith("00") and size != len(written))
    )


def _international(written: str) -> str:
    """Digits behind the plus, without the trunk zero that is often written in brackets: `+46 (0)8` is 468."""
    return _NOT_DIGIT.sub("", written.replace("(0)", ""))


def _cue(lowered: str, start: int, end: int) -> str:
    """The cue nearest before the number: "yes", "no" or ""; a word such as "fax" right behind it counts as yes."""
    if _CUE_BEHIND.match(lowered, end):
        return "yes"
    nearest = ""
    for match in _CUE.finditer(lowered, max(0, start - _CUE_WINDOW), start):
        nearest = match.lastgroup or ""
    return nearest
