"""Keyless: nothing of a key is left of what a provider said, however it spells it and wherever it is cut."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volant.gateway.keyless import INSTEAD, without

KEY = "sk-proj/AB+cd=EF_0123456789"
ESCAPED = "".join(f"\\u{ord(letter):04X}" for letter in KEY)
SPELLINGS = [
    KEY,
    KEY.replace("/", "\\/"),
    ESCAPED,
    json.dumps(ESCAPED)[1:-1],  # JSON in JSON
    KEY.replace("/", "%2f").replace("+", "%2B").replace("=", "%3D"),
    KEY.replace("/", "&#47;").replace("+", "&#x2B;"),
]


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_every_spelling_is_found(spelled: str) -> None:
    said = json.dumps({"error": {"message": "wrong key: @."}}).replace("@", spelled)
    assert json.loads(without([KEY], said.encode(), 4096)) == {"error": {"message": f"wrong key: {INSTEAD}."}}


@given(
    st.text(alphabet="aé\N{GRINNING FACE}s k", max_size=60),
    st.lists(st.sampled_from(SPELLINGS), max_size=6),
    st.integers(0, 120),
)
def test_no_cut_leaves_a_part(before: str, spelled: list[str], most: int) -> None:
    said = before + "".join(f"<{one}>" for one in spelled) + "!" * 200
    kept = without([KEY, "another-secret"], said.encode(), most)
    clean = before + f"<{INSTEAD}>" * len(spelled) + "!" * 200
    assert clean.startswith(kept)
    assert len(kept) <= most + len(INSTEAD) * len(spelled)


def test_what_is_no_secret_stays() -> None:
    assert without(["", "short"], b"a short one: \xff", 4096) == "a short one: \N{REPLACEMENT CHARACTER}"
    assert without([KEY], b"x" * 10, 4) == "xxxx"
