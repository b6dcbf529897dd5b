"""PII: what each detector accepts and refuses, offsets, and the measured recall on real-looking data."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from volant.checks import create, redact
from volant.checks.pii import Pii, validators


def kinds(text: str) -> list[tuple[str, str]]:
    return [(f.kind, text[f.start : f.end]) for f in create("pii").find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to ada.l+x@mail.example.org.", ("EMAIL", "ada.l+x@mail.example.org")),
        ("<müller@exämple.de>", ("EMAIL", "müller@exämple.de")),
        ("my card 4111 1111 1111 1111 please", ("CARD", "4111 1111 1111 1111")),
        ("pay with 378282246310005", ("CARD", "378282246310005")),
        ("3782-822463-10005 expires", ("CARD", "3782-822463-10005")),
        ("maestro card 501864667909", ("CARD", "501864667909")),
        ("to GB82 WEST 1234 5698 7654 32 today", ("IBAN", "GB82 WEST 1234 5698 7654 32")),
        ("iban de89370400440532013000", ("IBAN", "de89370400440532013000")),
        ("NL91ABNA0417164300.", ("IBAN", "NL91ABNA0417164300")),
        ("SSN 219-09-9999", ("SSN", "219-09-9999")),
        ("social security number 219099999", ("SSN", "219099999")),
        ("from 192.0.2.17, again", ("IP", "192.0.2.17")),
        ("host 2001:db8:85a3::8a2e:370:7334.", ("IP", "2001:db8:85a3::8a2e:370:7334")),
        ("ping ::ffff:192.0.2.1 now", ("IP", "::ffff:192.0.2.1")),
        ("https://ada:s3cret@example.org/x", ("URL_CREDENTIALS", "ada:s3cret")),
        ("call +44 7700 900123 now", ("PHONE", "+44 7700 900123")),
        ("+46 (0)8 928 571 38", ("PHONE", "+46 (0)8 928 571 38")),
        ("(202) 555-0143", ("PHONE", "(202) 555-0143")),
        ("202-555-0143 x12", ("PHONE", "202-555-0143 x12")),
        ("ring me on 7946 0958", ("PHONE", "7946 0958")),
        ("020 7946 0958", ("PHONE", "020 7946 0958")),
        ("9854789658", ("PHONE", "9854789658")),
        ("my ssn ends in 2935", ("SSN", "2935")),
        ("stil waitin on my card, txt me on 07700 900178 wen its posted", ("PHONE", "07700 900178")),
        ("put my new number (020 7946 0417) in my file", ("PHONE", "020 7946 0417")),
        ("the reference shows my old landline, 020 7946 0336", ("PHONE", "020 7946 0336")),
        ("I'm Desmond Achterkamp and I wait", ("NAME", "Desmond Achterkamp")),
        ("pls check, name is Aaliyah Brooks", ("NAME", "Aaliyah Brooks")),
        ("781 1704 office", ("PHONE", "781 1704")),
        ("Hello, my name is Ada King-Noel and I", ("NAME", "Ada King-Noel")),
        ("my name is ada lovelace.", ("NAME", "ada lovelace")),
        ("Thanks.\nBest regards,\nLudwig van Beethoven", ("NAME", "Ludwig van Beethoven")),
        ("ask Dr. Grace B. Hopper's team", ("NAME", "Grace B. Hopper")),
    ],
)
def test_finds(text: str, expected: tuple[str, str]) -> None:
    assert kinds(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112 is a number",  # Luhn fails
        "order 501864667909 of May",  # passes Luhn by chance, no issuer range and no cue
        "GB82 WEST 1234 5698 7654 33",  # mod 97 fails
        "000-12-3456 and 666-12-3456 and 900-12-3456",  # areas that the SSA never issued
        "219-00-9999 or 219-09-0000",
        "version 10.0.0.1 and v2.4.1.0 and 1.2.3.4.5",
        "999.1.1.1",
        "std::vector<int>::iterator at 12:30:45",
        "mac 00:1a:2b:3c:4d:5e",
        "https://example.org:8080/a@b",
        "on 2024-01-15 10:30 or 15.01.2024",
        "it cost $1 234 567.00 or 1 000 000 euros",
        "my order number is 123 4567",
        "account 12345678",
        "my order number is 0490 75 40 81",
        "I'm Irish, I am German",
        "I AM MISSING CASH FROM MY BANK ACCOUNT",
        "account 9854789658",
        "at 1700000000 seconds",
        "pi is 3.14159265358979",
        "my name is not spelled right",
        "Dear Sir, my name is wrong on the card",
        "at@ home @work a@b",
        "Kind regards, the support team",
        "I waited 3 weeks, then 45 days",
    ],
)
def test_leaves_alone(text: str) -> None:
    assert kinds(text) == []


def test_a_mistyped_card_is_claimed_with_a_low_score() -> None:
    [finding] = create("pii").find("my card number is 4111111111111112")
    assert (finding.kind, finding.score) == ("CARD", 0.5)


def test_several_kinds_in_one_text_are_redacted_by_label() -> None:
    text = "I'm at ada@example.org, card 4111111111111111 12/26, phone 202-555-0143, ip 192.0.2.1"
    redacted = redact(text, create("pii").find(text))
    assert redacted == "I'm at [EMAIL], card [CARD] 12/26, phone [PHONE], ip [IP]"


def test_offsets_survive_letters_that_grow_in_lower_case() -> None:
    text = "İİİ my name is Ada İnan"
    assert kinds(text) == [("NAME", "Ada İnan")]


def test_names_can_be_left_out() -> None:
    assert Pii(names=False).find("my name is Ada Lovelace") == []


def test_without_the_data_extra_the_core_rules_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validators, "_stdnum_iban", lambda: None)
    monkeypatch.setattr(validators, "_phonenumbers_possible", lambda: None)
    assert kinds("iban GB82WEST12345698765432, +44 7700 900123") == [
        ("IBAN", "GB82WEST12345698765432"),
        ("PHONE", "+44 7700 900123"),
    ]
    assert kinds("+1 23") == []


def test_impossible_international_numbers_are_refused_with_the_data_extra() -> None:
    pytest.importorskip("phonenumbers")
    assert kinds("the code is +44 7700 9001 23 45 67 8") == []


# Measured kinds: name in the data set -> kind, recall, precision that must hold.
FLOORS = {
    "EMAIL_ADDRESS": ("EMAIL", 0.99, 0.97),
    "CREDIT_CARD": ("CARD", 0.99, 0.97),
    "IBAN_CODE": ("IBAN", 0.99, 0.97),
    "US_SSN": ("SSN", 0.99, 0.97),
    "IP_ADDRESS": ("IP", 0.99, 0.97),
    "PHONE_NUMBER": ("PHONE", 0.95, 0.95),
}


@pytest.mark.real_data
def test_recall_and_precision_on_synthetic_records(test_data: Path) -> None:
    records = json.loads((test_data / "pii" / "presidio_synth_dataset_v2.json").read_text(encoding="utf-8"))
    check = create("pii")
    truth, hit, claimed, right = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for record in records:
        findings = check.find(record["full_text"])
        spans = [(s["entity_type"], s["start_position"], s["end_position"]) for s in record["spans"]]
        for name, start, end in spans:
            if name in FLOORS:
                kind = FLOORS[name][0]
                truth[kind] += 1
                hit[kind] += any(f.kind == kind and f.start <= start and f.end >= end for f in findings)
        for f in findings:
            claimed[f.kind] += 1
            right[f.kind] += any(
                FLOORS.get(name, ("",))[0] == f.kind and f.start < end and f.end > start for name, start, end in spans
            )
    assert truth.total() == 328
    for kind, recall, precision in FLOORS.values():
        assert hit[kind] / truth[kind] >= recall, kind
        assert right[kind] / claimed[kind] >= precision, kind


@pytest.mark.real_data
def test_bank_questions_hold_no_false_alarms(test_data: Path) -> None:
    """13,083 real questions without personal data: nothing is found in any of them."""
    check = create("pii")
    for name in ("banking77_train.csv", "banking77_test.csv"):
        text = (test_data / "intents" / name).read_text(encoding="utf-8")
        assert check.find(text) == []
