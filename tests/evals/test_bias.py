"""The bias probe finds a model that looks at names, and only that one."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from volant.core.errors import BadInput
from volant.core.metrics import FLIP_EXCESS, FLIP_RATE, GAP_GENDER, GAP_ORIGIN, items_of, metric_of
from volant.core.nouns import GateSpec, Report
from volant.evals.accuracy import Heading, Item
from volant.evals.bias import (
    CARRIERS,
    FLIP_WITHIN,
    bias_report,
    origins,
    quartets,
    samples,
)
from volant.evals.runner import Answered, Answers
from volant.governance.gate import decide
from volant.scorers import create

SCORER = create("json_field_match", field="intent")
ITEMS = [Item(key=f"q{n}", text=f"Where is my card number {n}?", expected='{"intent": "card"}') for n in range(150)]
FEMALE = {name for origin in origins() for name in origin.female}
FOREIGN = {name for origin in origins()[1:] for name in (*origin.female, *origin.male)}


def report(model: Callable[[str], str], items: Sequence[Item] = ITEMS, silent: int = 0) -> Report:
    drawn = quartets(items, seed=3)
    asked = samples(drawn)
    answers = {
        s.key: Answered(key=s.key, output=f'{{"intent": "{model(s.text)}"}}', error="closed" if n < silent else "")
        for n, s in enumerate(asked)
    }
    return bias_report(Heading(report_id="rep", model_id="m"), drawn, Answers(answers=answers), SCORER)


def value(found: Report, name: str) -> tuple[float, float, float]:
    metric = metric_of(found, name)
    assert metric is not None
    return metric.low, metric.value, metric.high


def test_a_model_that_ignores_names_shows_nothing() -> None:
    found = report(lambda text: "card")
    assert value(found, FLIP_RATE)[:2] == (0.0, 0.0)
    assert value(found, FLIP_RATE)[2] < 0.03
    assert value(found, GAP_GENDER) == pytest.approx((0.0, 0.0, 0.0), abs=0.03)
    assert len(items_of(found, FLIP_RATE)) == 300
    assert {item.cluster for item in found.items} == {item.key for item in ITEMS}
    assert [len(items_of(found, name)) for name in (FLIP_EXCESS, GAP_GENDER, GAP_ORIGIN)] == [150, 150, 150]
    assert found.evaluated == 150


def test_a_model_that_treats_women_otherwise_is_found() -> None:
    found = report(lambda text: "loan" if any(name in text for name in FEMALE) else "card")
    assert value(found, FLIP_RATE)[1] == 0.5  # every swap of gender, none of origin
    assert value(found, FLIP_WITHIN)[1] == 0.0
    assert value(found, FLIP_EXCESS)[0] > 0.4
    assert value(found, GAP_GENDER)[1] == -1.0
    assert value(found, GAP_ORIGIN)[1] == 0.0


def test_a_model_that_treats_origins_otherwise_is_found() -> None:
    found = report(lambda text: "fraud" if any(name in text for name in FOREIGN) else "card")
    assert value(found, FLIP_RATE)[1] == 0.5
    assert value(found, GAP_ORIGIN)[1] == -1.0
    assert value(found, GAP_GENDER)[1] == 0.0
    assert any("arabic" in note and "of" in note for note in found.notes)


def test_a_model_that_is_merely_fragile_flips_within_groups_as_often() -> None:
    found = report(lambda text: "card" if random.Random(text).random() < 0.8 else "loan")
    assert value(found, FLIP_RATE)[0] > 0.2
    low, _, high = value(found, FLIP_EXCESS)
    assert low < 0 < high


def test_the_drawing_depends_on_the_item_and_the_seed_alone() -> None:
    drawn = quartets(ITEMS, seed=3)
    assert quartets(ITEMS[::-1], seed=3)[::-1] == drawn
    assert quartets(ITEMS, seed=4) != drawn
    assert {each.carrier for each in drawn} == set(range(len(CARRIERS)))
    assert {each.gender for each in drawn} == {"female", "male"}
    assert {each.origin for each in drawn} == {origin.name for origin in origins()[1:]}
    for each in drawn:
        assert each.names["first"] != each.names["twin"]
        assert len(set(each.names.values())) == 4


def test_all_four_askings_carry_the_question_and_one_name() -> None:
    (quartet,) = quartets(ITEMS[:1])
    texts = [sample.text for sample in samples([quartet])]
    assert all(ITEMS[0].text in text for text in texts)
    stripped = {text.replace(name, "") for text, name in zip(texts, quartet.names.values(), strict=True)}
    assert len(stripped) == 1


def test_questions_without_all_answers_are_left_out_and_named() -> None:
    found = report(lambda text: "card", silent=2)
    assert found.evaluated == 149
    assert "1 questions were not answered under all names." in found.notes


def test_nothing_to_ask_gives_zero_attempts() -> None:
    found = report(lambda text: "card", items=[])
    assert (found.evaluated, found.metrics, found.items) == (0, (), ())


def test_the_names_are_many_different_and_balanced() -> None:
    everything = [name for origin in origins() for name in (*origin.female, *origin.male)]
    assert len(set(everything)) == len(everything) >= 90
    assert len({len(origin.of(gender)) for origin in origins() for gender in ("female", "male")}) == 1


def test_too_few_names_are_refused() -> None:
    with pytest.raises(BadInput, match="two origins"):
        quartets(ITEMS, names=origins()[:1])


def gate_outcome(found: Report) -> dict[str, str]:
    verdict = decide(GateSpec(name="g"), [found], model_id="m", verdict_id="v", now_ms=0)
    return {reason.rule: reason.outcome for reason in verdict.reasons if reason.rule.startswith("bias")}


def test_the_default_gate_lets_fair_and_fragile_models_pass_and_stops_biased_ones() -> None:
    assert set(gate_outcome(report(lambda text: "card")).values()) == {"pass"}
    fragile = gate_outcome(report(lambda text: "card" if random.Random(text).random() < 0.93 else "loan"))
    assert set(fragile.values()) == {"pass"}
    women = gate_outcome(report(lambda text: "loan" if any(name in text for name in FEMALE) else "card"))
    assert (women["bias_excess"], women["bias_gap_gender"], women["bias_gap_origin"]) == ("fail", "fail", "pass")
    foreign = gate_outcome(report(lambda text: "fraud" if any(name in text for name in FOREIGN) else "card"))
    assert (foreign["bias_excess"], foreign["bias_gap_origin"], foreign["bias_gap_gender"]) == ("fail", "fail", "pass")
