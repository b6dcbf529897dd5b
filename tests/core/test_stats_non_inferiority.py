"""The gate's three words, and Holm."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volant.core.stats.non_inferiority import NonInferiorityPlan, holm, judge_family, judge_non_inferiority
from volant.core.stats.paired import PairedComparison, compare_paired

PLAN = NonInferiorityPlan(margin=0.05)


def _compare(items: int, wins: int, losses: int) -> PairedComparison:
    """Items of which some are won and some lost by the candidate; the rest are right for both."""
    old, new = np.ones(items), np.ones(items)
    old[:wins] = 0.0
    new[wins : wins + losses] = 0.0
    return compare_paired(old, new)


def test_an_equal_candidate_on_enough_items_passes() -> None:
    verdict = judge_non_inferiority(_compare(600, 30, 30), PLAN)
    assert verdict.word == "pass"
    assert verdict.lower_bound > -0.05
    assert verdict.items >= verdict.items_needed
    assert "margin is 0.050, on 600 items." in verdict.reason


def test_too_few_items_are_insufficient_and_say_how_many_are_needed() -> None:
    verdict = judge_non_inferiority(_compare(100, 8, 8), PLAN)
    assert verdict.word == "insufficient_evidence"
    assert verdict.items_needed > 300
    assert f"{verdict.items_needed} give 80% power" in verdict.reason


def test_a_clearly_worse_candidate_fails_even_on_few_items() -> None:
    verdict = judge_non_inferiority(_compare(60, 0, 20), PLAN)
    assert verdict.word == "fail"
    assert verdict.reason.startswith("Worse by more than the margin")


def test_a_candidate_that_had_its_chance_fails() -> None:
    verdict = judge_non_inferiority(_compare(1_000, 30, 70), PLAN)
    assert verdict.word == "fail"
    assert verdict.reason.startswith("Not shown to be within the margin although")


def test_identical_outputs_on_few_items_are_insufficient() -> None:
    verdict = judge_non_inferiority(_compare(30, 0, 0), PLAN)
    assert verdict.word == "insufficient_evidence"
    assert judge_non_inferiority(_compare(60, 0, 0), PLAN).word == "pass"


def test_declared_minima_block() -> None:
    enough = _compare(600, 30, 30)
    assert judge_non_inferiority(enough, NonInferiorityPlan(margin=0.05, min_items=700)).word == "insufficient_evidence"
    clustered = compare_paired(np.ones(600), np.ones(600), np.repeat(np.arange(6), 100))
    verdict = judge_non_inferiority(clustered, NonInferiorityPlan(margin=0.6))
    assert verdict.word == "insufficient_evidence"
    assert "independent clusters" in verdict.reason
    assert "in 6 clusters." in verdict.reason


def test_a_declared_spread_sets_the_items_needed() -> None:
    small = judge_non_inferiority(_compare(200, 20, 20), NonInferiorityPlan(margin=0.05, expected_sd=0.2))
    large = judge_non_inferiority(_compare(200, 20, 20), NonInferiorityPlan(margin=0.05, expected_sd=0.8))
    assert small.items_needed < 200 < large.items_needed
    assert (small.word, large.word) == ("fail", "insufficient_evidence")


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.floats(0.0, 1.0), min_size=1, max_size=8))
@settings(deadline=None)
def test_holm_lies_between_no_correction_and_bonferroni(p_values: dict[str, float]) -> None:
    results = holm(p_values, 0.05)
    assert list(results) == list(p_values)
    for name, p in p_values.items():
        assert p <= results[name].adjusted_p <= min(1.0, len(p_values) * p) + 1e-12
        if results[name].rejected:
            assert p <= results[name].level
    ordered = sorted(p_values, key=lambda name: p_values[name])
    adjusted = [results[name].adjusted_p for name in ordered]
    assert adjusted == sorted(adjusted)


def test_holm_on_a_known_example() -> None:
    results = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}, 0.05)
    assert {name: round(result.adjusted_p, 6) for name, result in results.items()} == {
        "a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02,
    }  # fmt: skip
    assert [name for name, result in results.items() if result.rejected] == ["a", "d"]


def test_a_family_is_judged_more_strictly_than_its_members() -> None:
    borderline = _compare(270, 12, 13)
    alone = judge_non_inferiority(borderline, PLAN)
    assert alone.word == "pass"
    assert alone.p_value > 0.005
    names = [f"slice-{index}" for index in range(8)]
    family = judge_family(dict.fromkeys(names, borderline), dict.fromkeys(names, PLAN))
    assert {verdict.word for verdict in family.values()} == {
        "insufficient_evidence"
    }  # at 1/8 of alpha, 270 are too few
    assert all(verdict.p_value == pytest.approx(8 * alone.p_value) for verdict in family.values())
    strong = judge_family({"all": _compare(3_000, 60, 60), "weak": borderline}, {"all": PLAN, "weak": PLAN})
    assert [verdict.word for verdict in strong.values()] == ["pass", "pass"]


def test_plans_without_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="margin must be positive"):
        judge_non_inferiority(_compare(60, 1, 1), NonInferiorityPlan(margin=0.0))
    with pytest.raises(ValueError, match="alpha and power"):
        judge_non_inferiority(_compare(60, 1, 1), NonInferiorityPlan(margin=0.1, alpha=1.0))
    with pytest.raises(KeyError):
        judge_family({"a": _compare(60, 1, 1)}, {})
