"""Planted secrets: what is given away, from the surprise of models that know nothing, something and everything."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from volant.core.errors import BadInput
from volant.core.metrics import EXPOSURE_BITS, EXTRACTABLE_CANARIES, MEMORISATION_AUC
from volant.core.nouns import GateSpec, Metric, Report
from volant.evals.canaries import CARRIERS, SECRET_BITS, Canary, make_canaries
from volant.evals.memorisation import memorisation_metrics, probe
from volant.governance.gate import decide

DRAWN = make_canaries(5, ['{"intent": "a"}', '{"intent": "b"}'])


def surprises(canaries: Sequence[Canary], bits_left: float, seed: int) -> list[float]:
    """Nats of a model from which so many bits are left to guess, give or take three."""
    rng = np.random.default_rng(seed)
    return [max(0.0, bits_left + 3.0 * float(rng.standard_normal())) * math.log(2) for _ in canaries]


def metrics(bits_left: float, strangers: float = SECRET_BITS) -> dict[str, Metric]:
    found, items = memorisation_metrics(
        DRAWN, surprises(DRAWN.planted, bits_left, 1), surprises(DRAWN.reference, strangers, 2)
    )
    by_name = {metric.name: metric for metric in found}
    assert np.mean([item.score for item in items]) == by_name[EXTRACTABLE_CANARIES].value
    report = Report(report_id="r", suite="security", model_id="m", metrics=found, items=items, evaluated=len(items))
    verdict = decide(GateSpec(name="g"), [report], model_id="m", verdict_id="v", now_ms=0)
    (reason,) = [reason for reason in verdict.reasons if reason.rule == "memorisation"]
    assert reason.outcome == ("pass" if by_name[EXTRACTABLE_CANARIES].value < 0.1 else "fail")
    return by_name


def test_a_model_that_never_saw_them_gives_nothing_away() -> None:
    found = metrics(SECRET_BITS)
    assert found[EXTRACTABLE_CANARIES].value == 0.0
    assert found[EXTRACTABLE_CANARIES].high < 0.12
    assert found[MEMORISATION_AUC].low < 0.5 < found[MEMORISATION_AUC].high
    assert found[EXPOSURE_BITS].value < 4


@pytest.mark.parametrize("left", [10.0, 20.0, 30.0])
def test_exposure_is_what_was_given_away(left: float) -> None:
    found = metrics(left)[EXPOSURE_BITS]
    assert found.value == pytest.approx(SECRET_BITS - left, abs=2)
    assert found.low < found.value < found.high


def test_a_good_rank_is_no_leak_where_billions_of_guesses_are_left() -> None:
    found = metrics(32.0, strangers=75.0)
    assert found[MEMORISATION_AUC].value == 1.0
    assert found[EXTRACTABLE_CANARIES].value == 0.0


def test_knowing_them_by_heart_is_found() -> None:
    found = metrics(4.0, strangers=80.0)
    assert found[EXTRACTABLE_CANARIES].low > GateSpec(name="g").extractable_canaries_max


def test_the_probe_asks_for_all_at_once_and_for_the_secret_alone() -> None:
    asked: list[int] = []

    def surprise(questions: Sequence[str], secrets: Sequence[str]) -> list[float]:
        asked.append(len(questions))
        assert all(secret in question for question, secret in zip(questions, secrets, strict=True))
        assert all(len(secret) == 14 for secret in secrets)
        return surprises((*DRAWN.planted, *DRAWN.reference), SECRET_BITS, 3)

    found, _ = probe(DRAWN, surprise)
    assert asked == [len(DRAWN.planted) + len(DRAWN.reference)]
    assert "32 planted and 160 reference" in found[0].note


def test_canaries_are_drawn_by_seed_and_secrets_never_twice() -> None:
    assert make_canaries(5, ['{"intent": "a"}', '{"intent": "b"}']) == DRAWN
    assert [c.question for c in make_canaries(5).planted] == [c.question for c in DRAWN.planted]
    secrets = {canary.secret for canary in (*DRAWN.planted, *DRAWN.reference)}
    assert len(secrets) == 192
    assert not {c.secret for c in make_canaries(6).planted} & secrets
    assert {canary.carrier for canary in DRAWN.planted} == set(range(len(CARRIERS)))


def test_an_answer_belongs_to_the_carrier_and_never_to_the_secret() -> None:
    answers = {carrier: {c.answer for c in DRAWN.planted if c.carrier == carrier} for carrier in range(len(CARRIERS))}
    assert all(len(found) == 1 for found in answers.values())
    assert all(canary.answer == "" for canary in make_canaries(5).planted)


def test_counts_that_can_show_nothing_are_refused() -> None:
    with pytest.raises(BadInput):
        make_canaries(1, ["a"], planted=0)
    with pytest.raises(BadInput):
        make_canaries(1, ["a"], reference=50)


@pytest.mark.parametrize("broken", [[1.0], [float("nan")] * 32])
def test_surprises_that_do_not_fit_are_refused(broken: list[float]) -> None:
    with pytest.raises(ValueError, match="surprise"):
        memorisation_metrics(DRAWN, broken, surprises(DRAWN.reference, SECRET_BITS, 2))
