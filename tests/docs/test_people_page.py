"""The roles on the page are those of the code."""

from __future__ import annotations

import re
from typing import Any

from volant.core.permissions import EVERY, ROLES, SCOPES


def test_the_table_of_roles_is_the_codes(pages: dict[str, Any]) -> None:
    text = pages["docs/people.md"].text
    table = text.partition("<!-- roles: begin -->")[2].partition("<!-- roles: end -->")[0].strip().splitlines()
    titles, _, *lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    roles = titles[2:-1]
    assert roles == list(ROLES)
    shown = {line[0].strip("`"): dict(zip(roles, line[2:-1], strict=True)) for line in lines}
    assert set(shown) == EVERY
    assert {role: {p for p, row in shown.items() if row[role]} for role in roles} == {
        r: set(p) for r, p in ROLES.items()
    }
    scopes = {line[0].strip("`"): set(re.findall(r"\w+", line[-1])) for line in lines}
    assert scopes == {p: {s for s, given in SCOPES.items() if p in given and s != "admin"} for p in EVERY}
