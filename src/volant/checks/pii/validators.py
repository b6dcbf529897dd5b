"""Validators: is this run of digits what it looks like?

Pure arithmetic on normalised strings. The `data` extra is used where it is installed, and only here: python-stdnum
knows the structure of each country's IBAN, phonenumbers the lengths of each country's phone numbers. Without them the
check digits, the registered lengths and the digit counts of E.164 decide alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

# ISO 13616 registry (SWIFT, release of 2024): total length of an IBAN by country.
IBAN_LENGTHS = {
    country: int(length)
    for length, countries in {
        "15": "NO", "16": "BE", "18": "DK FI FO GL NL SD FK", "19": "MK SI", "20": "AT BA EE KZ LT LU XK MN",
        "21": "CH HR LI LV", "22": "BG BH CR DE GB GE IE ME RS VA", "23": "AE GI IL IQ OM SO TL",
        "24": "AD CZ ES MD PK RO SA SE SK TN VG", "25": "LY PT ST", "26": "IS TR", "27": "BI DJ FR GR IT MC MR SM",
        "28": "AL AZ BY CY DO GT HU LB NI PL SV", "29": "BR EG PS QA UA", "30": "JO KW MU YE", "31": "MT SC",
        "32": "LC", "33": "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def luhn(digits: str) -> bool:
    """Luhn's check (ISO/IEC 7812-1, annex B) over ASCII digits; all zeros do not count."""
    total = sum(map(int, digits[-1::-2])) + sum(_DOUBLED[int(d)] for d in digits[-2::-2])
    return total % 10 == 0 and total > 0


def card_scheme(digits: str) -> str | None:
    """The scheme whose issuer range and length fit (`visa`, ...), else None. Says nothing of the check digit."""
    size, two, three, four = len(digits), int(digits[:2]), int(digits[:3]), int(digits[:4])
    if digits[0] == "4" and size in (16, 19):
        return "visa"
    if size == 16 and (51 <= two <= 55 or 2221 <= four <= 2720):
        return "mastercard"
    if size == 15 and two in (34, 37):
        return "amex"
    if 16 <= size <= 19 and (four == 6011 or 644 <= three <= 649 or two == 65):
        return "discover"
    if (16 <= size <= 19 and 3528 <= four <= 3589) or (size == 15 and four in (2131, 1800)):
        return "jcb"
    if 14 <= size <= 19 and (300 <= three <= 305 or four == 3095 or two in (36, 38, 39)):
        return "diners"
    if 16 <= size <= 19 and two == 62:
        return "unionpay"
    if 16 <= size <= 19 and 2200 <= four <= 2204:
        return "mir"
    return None


def iban(compact: str) -> bool:
    """ISO 13616: registered country and length, and 97-10 check digits; with python-stdnum the BBAN's structure."""
    if IBAN_LENGTHS.get(compact[:2]) != len(compact) or not compact.isascii() or not compact.isalnum():
        return False
    if int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 != 1:
        return False
    structure = _stdnum_iban()
    return structure is None or structure(compact)


def social_security_number(area: str, group: str, serial: str) -> bool:
    """SSA's rules since 2011: no area 000, 666 or 9xx, no group 00, no serial 0000."""
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"


def international_phone(digits: str) -> bool:
    """E.164 without the plus: 8 to 15 digits, no leading zero; with phonenumbers also possible for its country."""
    if not 8 <= len(digits) <= 15 or digits[0] == "0":
        return False
    possible = _phonenumbers_possible()
    return possible is None or possible("+" + digits)


@functools.cache
def _stdnum_iban() -> Callable[[str], bool] | None:
    try:
        from stdnum import iban as stdnum_iban
    except ImportError:
        return None
    return lambda compact: bool(stdnum_iban.is_valid(compact, check_country=False))


@functools.cache
def _phonenumbers_possible() -> Callable[[str], bool] | None:
    try:
        import phonenumbers
    except ImportError:
        return None

    def possible(number: str) -> bool:
        try:
            parsed = phonenumbers.parse(number, None)
        except phonenumbers.NumberParseException:
            return False
        return phonenumbers.is_possible_number(parsed)

    return possible
