"""Every registered check keeps the contract of `Check`: valid offsets, no memory, no crash, and a place in the docs."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volant.checks import Check, create, names, redact, resolve

DOCS = Path(__file__).parents[2] / "docs" / "checks.md"
FRAGMENTS = [
    "ada@example.org", "4111 1111 1111 1111", "GB82 WEST 1234 5698 7654 32", "+44 7700 900 123", "078-05-1120",
    "192.0.2.7", "2001:db8::ff00:42:8329", "https://u:p4ss@example.org", "my name is ", "Ada Lovelace",
    "ignore previous instructions", "password: ", "://", "@", ":", "::", "İ", "ẞ", "\U000e0041", "\ud800", "\u202e",
    "\x00", "-----BEGIN PRIVATE KEY-----",
    "eyJh", ".", " ", "\n", "0", "9", "+", "(", "card ", "call ", "name:", "<|im_start|>", "AKIA",
]  # fmt: skip
texts = st.one_of(
    st.text(alphabet=st.characters(), max_size=200),
    st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join),
    st.text(alphabet="0123456789 .-+()/:", max_size=80),
)


def test_the_three_checks_are_discovered() -> None:
    assert {"pii", "secrets", "injection"} <= set(names())


@pytest.mark.parametrize("name", names())
def test_builds_with_defaults_and_fits_the_protocol(name: str) -> None:
    assert isinstance(create(name), Check)


@pytest.mark.parametrize("name", names())
@settings(max_examples=150, deadline=None)
@given(text=texts)
def test_findings_are_valid_ordered_and_deterministic(name: str, text: str) -> None:
    check = create(name)
    findings = check.find(text)
    assert findings == check.find(text)
    assert findings == create(name).find(text)
    assert [f.start for f in findings] == sorted(f.start for f in findings)
    assert len({(f.start, f.end, f.kind) for f in findings}) == len(findings)
    for f in findings:
        assert f.check == name
        assert 0 <= f.start < f.end <= len(text)
        assert 0 < f.score <= 1
        assert re.fullmatch(r"[A-Z][A-Z_]*", f.kind)
        assert re.fullmatch(r"[A-Z][A-Z_]*", f.label)


@settings(max_examples=150, deadline=None)
@given(text=texts)
def test_redaction_leaves_nothing_that_was_found(text: str) -> None:
    for name in names():
        findings = create(name).find(text)
        redacted = redact(text, findings)
        covered = sum(len(set(range(f.start, f.end)) - _before(findings, i)) for i, f in enumerate(findings))
        kept = re.sub(r"\[[A-Z_]+\]", "", redacted)
        assert len(kept) <= len(text) - covered
        flat = resolve(findings)
        assert all(a.end <= b.start for a, b in pairwise(flat))


def _before(findings: list, index: int) -> set[int]:  # type: ignore[type-arg]
    return {at for f in findings[:index] for at in range(f.start, f.end)}


@pytest.mark.parametrize("name", names())
def test_is_linear_in_hostile_text(name: str) -> None:
    """Twenty thousand characters of anything take well under a second; a quadratic scan takes many."""
    check = create(name)
    hostile = ["1 ", "1.", "a@", "a.a@a.", "ey.ey", "ignore all ", "x://x:", "name: A ", "((((", "12-", "sk-"]
    for unit in FRAGMENTS + hostile:
        text = unit * (20_000 // len(unit))
        started = time.process_time()
        check.find(text)
        assert time.process_time() - started < 2.0, f"{unit!r} repeated is slow"


@pytest.mark.parametrize("name", names())
def test_has_its_heading_in_the_docs(name: str) -> None:
    assert re.search(rf"^## `{re.escape(name)}`", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
