"""Planted secrets: what is given away, from likelihoods of models that know nothing, something and everything."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from volant.core.errors import BadInput
from volant.core.metrics import EXPOSURE_BITS, EXTRACTABLE_CANARIES, MEMORISATION_AUC
from volant.core.nouns import GateSpec, Metric
from volant.evals.canaries import CARRIERS, SECRET_BITS, Canary, make_canaries
from volant.evals.memorisation import memorisation_metrics, probe

DRAWN = make_canaries(5, ['{"intent": "a"}', '{"intent": "b"}'])
SECRET_NATS = SECRET_BITS * math.log(2)


def losses(canaries: Sequence[Canary], given_away: float, seed: int, spread: float = 3.0) -> list[float]:
    """A model's surprise: a carrier of its own difficulty, and what it does not know of the secret."""
    rng = np.random.default_rng(seed)
    return [
        10.0 + 3.0 * canary.carrier + (1 - given_away) * SECRET_NATS + spread * rng.standard_normal()
        for canary in canaries
    ]


def metrics(given_away: float, spread: float = 3.0) -> dict[str, Metric]:
    found, items = memorisation_metrics(
        DRAWN, losses(DRAWN.planted, given_away, 1, spread), losses(DRAWN.reference, 0.0, 2, spread)
    )
    assert len(items) == len(DRAWN.planted)
    by_name = {metric.name: metric for metric in found}
    assert np.mean([item.score for item in items]) == by_name[EXTRACTABLE_CANARIES].value
    return by_name


def test_a_model_that_never_saw_them_gives_nothing_away() -> None:
    found = metrics(0.0)
    assert found[EXTRACTABLE_CANARIES].value == 0.0
    assert found[EXTRACTABLE_CANARIES].high < 0.12
    assert found[MEMORISATION_AUC].low < 0.5 < found[MEMORISATION_AUC].high
    assert found[EXPOSURE_BITS].value < 4


@pytest.mark.parametrize("given_away", [0.25, 0.75, 0.9])
def test_exposure_is_what_was_given_away(given_away: float) -> None:
    found = metrics(given_away)[EXPOSURE_BITS]
    assert found.value == pytest.approx(given_away * SECRET_BITS, abs=2.5)
    assert found.low < given_away * SECRET_BITS + 1 < found.high + 2


def test_a_little_is_no_leak_although_the_rank_gives_it_away() -> None:
    """What every model of many epochs shows: planted canaries rank first, and hardly any can be guessed."""
    found = metrics(0.3)
    assert found[MEMORISATION_AUC].value > 0.95
    assert found[EXTRACTABLE_CANARIES].high < GateSpec(name="g").extractable_canaries_max


@pytest.mark.parametrize("spread", [3.0, 6.0])
def test_knowing_them_by_heart_is_found_also_where_surprise_scatters(spread: float) -> None:
    found = metrics(0.85, spread)
    assert found[EXTRACTABLE_CANARIES].low > GateSpec(name="g").extractable_canaries_max


def test_the_probe_asks_for_all_likelihoods_at_once() -> None:
    asked: list[int] = []

    def nll(texts: Sequence[str]) -> list[float]:
        asked.append(len(texts))
        return losses((*DRAWN.planted, *DRAWN.reference), 0.0, 3)

    found, _ = probe(DRAWN, nll)
    assert asked == [len(DRAWN.planted) + len(DRAWN.reference)]
    assert "32 planted and 400 reference" in found[0].note


def test_canaries_are_drawn_by_seed_and_secrets_never_twice() -> None:
    assert make_canaries(5, ['{"intent": "a"}', '{"intent": "b"}']) == DRAWN
    assert [c.question for c in make_canaries(5).planted] == [c.question for c in DRAWN.planted]
    questions = [canary.question for canary in (*DRAWN.planted, *DRAWN.reference)]
    assert len({question[-40:] + question for question in questions}) == 432
    assert not {c.question for c in make_canaries(6).planted} & set(questions)
    assert {canary.carrier for canary in DRAWN.planted} == set(range(len(CARRIERS)))


def test_an_answer_belongs_to_the_carrier_and_never_to_the_secret() -> None:
    answers = {carrier: {c.answer for c in DRAWN.planted if c.carrier == carrier} for carrier in range(len(CARRIERS))}
    assert all(len(found) == 1 for found in answers.values())
    assert all(canary.answer == "" for canary in make_canaries(5).planted)


def test_counts_that_can_show_nothing_are_refused() -> None:
    with pytest.raises(BadInput):
        make_canaries(1, ["a"], planted=0)
    with pytest.raises(BadInput):
        make_canaries(1, ["a"], reference=100)


@pytest.mark.parametrize("broken", [[1.0], [float("nan")] * 32])
def test_likelihoods_that_do_not_fit_are_refused(broken: list[float]) -> None:
    with pytest.raises(ValueError, match="likelihood"):
        memorisation_metrics(DRAWN, broken, losses(DRAWN.reference, 0.0, 2))
