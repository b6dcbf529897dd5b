"""Check `pii`: personal data, found by shape and then confirmed by a validator.

Kinds: EMAIL, PHONE, CARD, IBAN, SSN, IP, URL_CREDENTIALS, NAME. Each detector finds candidates by a literal or by one
compiled expression, then asks its validator (Luhn, ISO 13616 mod 97, SSA areas, `ipaddress`), so that most characters
are read once, at C speed. Runs on the core install; the `data` extra makes the validators of IBAN and international
phone numbers stricter. Knows nothing of addresses, dates and names without a cue: those need a model (docs/checks.md).
"""

from __future__ import annotations

import msgspec

from volant.checks.finding import Finding
from volant.checks.folding import lowered
from volant.checks.pii import accounts, internet, names, phones
from volant.checks.pii.claims import Claims
from volant.checks.registry import check


@check("pii")
class Pii:
    """Personal data by validated shape. `names=False` leaves out NAME, the only kind that rests on cues alone."""

    window = 160

    class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """See docs/checks.md."""

        names: bool = True  # look for NAME too

    def __init__(self, *, names: bool = True) -> None:
        self._names = names

    def find(self, text: str) -> list[Finding]:
        """Return non-overlapping findings in the order of the text."""
        if len(text) < _SHORTEST:
            return []
        low = lowered(text)
        claims = Claims()
        if ":" in text:
            internet.url_credentials(text, claims)
        if "@" in text:
            internet.emails(text, claims)
        if ":" in text:
            internet.ipv6(text, claims)
        if accounts.has_digits(text):
            internet.ipv4(text, claims)
            accounts.ibans(text, claims)
            accounts.cards(text, low, claims)
            accounts.social_security_numbers(text, low, claims)
            phones.phones(text, low, claims)
        if self._names:
            names.names(text, low, claims)
        return claims.findings("pii")


_SHORTEST = 5  # characters: "a@b.c" is the shortest thing that any detector accepts
