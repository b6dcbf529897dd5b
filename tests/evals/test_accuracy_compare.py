"""Accuracy reports, and two of them side by side."""

from __future__ import annotations

import msgspec
import pytest

from volant.core.nouns import Report
from volant.evals.accuracy import Heading, Item, accuracy_report, samples
from volant.evals.compare import compare
from volant.evals.runner import Answered, Answers
from volant.scorers import create

SCORER = create("json_field_match", field="intent")
ITEMS = [
    Item(key=f"q{n}", text=f"question {n}", expected='{"intent": "a"}', cluster=f"u{n // 3}", known=n < 60)
    for n in range(90)
]


def report(right: int, *, name: str = "rep_1", errors: int = 0) -> Report:
    answers = {
        item.key: Answered(
            key=item.key,
            output='{"intent": "a"}' if n < right else '{"intent": "b"}',
            error="closed" if n < errors else "",
        )
        for n, item in enumerate(ITEMS)
    }
    heading = Heading(report_id=name, model_id="mdl_1", dataset_version_id="dsv_1", created_ms=7)
    return accuracy_report(heading, ITEMS, Answers(answers=answers), SCORER)


def test_slices_items_and_intervals() -> None:
    found = report(45)
    values = {metric.slice: metric for metric in found.metrics}
    assert {name: metric.value for name, metric in values.items()} == {"overall": 0.5, "known": 0.75, "new": 0.0}
    assert values["overall"].low < 0.5 < values["overall"].high
    assert (values["known"].n, values["known"].clusters) == (60, 20)
    assert "80% power" in values["overall"].note
    assert found.items[0] == msgspec.convert(
        {"item": "q0", "cluster": "u0", "score": 1.0, "known": True, "output": '{"intent": "a"}'}, type(found.items[0])
    )
    assert (found.suite, found.evaluated, found.created_ms) == ("accuracy", 90, 7)


def test_clusters_widen_the_interval() -> None:
    alone = [msgspec.structs.replace(item, cluster="") for item in ITEMS]
    answers = Answers(
        answers={i.key: Answered(key=i.key, output='{"intent": "a"}' if n % 9 < 6 else "") for n, i in enumerate(ITEMS)}
    )
    heading = Heading(report_id="r", model_id="m")
    together, apart = (accuracy_report(heading, items, answers, SCORER).metrics[0] for items in (ITEMS, alone))
    assert together.high - together.low > 1.3 * (apart.high - apart.low)


def test_errors_count_as_wrong_and_are_named() -> None:
    found = report(90, errors=9)
    assert found.metrics[0].value == 0.9
    assert found.evaluated == 81
    assert any("9 questions got no usable answer (closed)" in note for note in found.notes)


def test_no_text_of_a_person_is_in_a_report() -> None:
    assert b"question" not in msgspec.json.encode(report(10).items)
    assert [sample.text for sample in samples(ITEMS[:1])] == ["question 0"]


def test_a_comparison_by_slice_with_the_items_that_changed() -> None:
    found = compare(report(30), report(50, name="rep_2"))
    overall, known, new = (found.of(name) for name in ("overall", "known", "new"))
    assert overall is not None
    assert known is not None
    assert new is not None
    assert overall.difference == pytest.approx(20 / 90)
    assert (overall.wins, overall.losses, known.wins, new.wins) == (20, 0, 20, 0)
    assert overall.low > 0
    assert new.difference == 0.0
    assert {flip.item for flip in found.flips} == {f"q{n}" for n in range(30, 50)}
    assert all(flip.better for flip in found.flips)
    assert "+22.2 points" in overall.sentence


def test_a_comparison_is_antisymmetric() -> None:
    there, back = compare(report(30), report(50)).of("overall"), compare(report(50), report(30)).of("overall")
    assert there is not None
    assert back is not None
    assert (there.difference, there.low) == (-back.difference, pytest.approx(-back.high))


def test_reports_without_a_common_item_cannot_be_compared() -> None:
    other = msgspec.structs.replace(
        report(5), items=tuple(msgspec.structs.replace(i, item="x" + i.item) for i in report(5).items)
    )
    with pytest.raises(ValueError, match="no item in common"):
        compare(report(5), other)


def test_items_of_one_report_alone_are_counted() -> None:
    part = msgspec.structs.replace(report(30), items=report(30).items[:80])
    found = compare(report(30), part)
    assert (found.only_baseline, found.only_candidate) == (10, 0)


def test_one_item_says_nothing_and_stays_a_number() -> None:
    def single(found: Report) -> Report:
        return msgspec.structs.replace(found, items=found.items[:1])

    found = compare(single(report(0)), single(report(90)))
    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found
    (difference, _) = found.differences
    assert (difference.low, difference.high) == (-1.0, 1.0)
