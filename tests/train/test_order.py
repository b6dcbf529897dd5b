from __future__ import annotations

import numpy as np
import pytest

from volant.train.order import BatchOrder

LENGTHS = [int(n) for n in np.random.default_rng(0).integers(5, 60, 333)]


def test_an_epoch_visits_every_row_once() -> None:
    order = BatchOrder(LENGTHS, 16, seed=3)
    for epoch in range(2):
        first = epoch * order.steps_per_epoch
        seen = np.concatenate([order.batch(first + i) for i in range(order.steps_per_epoch)])
        assert sorted(seen.tolist()) == list(range(333))


def test_a_step_is_the_same_whatever_was_asked_before() -> None:
    straight, jumped = BatchOrder(LENGTHS, 16, seed=3), BatchOrder(LENGTHS, 16, seed=3)
    batches = [straight.batch(step) for step in range(50)]
    for step in (49, 0, 22, 21):
        assert jumped.batch(step).tolist() == batches[step].tolist()


def test_epochs_and_seeds_differ() -> None:
    order = BatchOrder(LENGTHS, 16, seed=3)
    assert order.batch(0).tolist() != order.batch(order.steps_per_epoch).tolist()
    assert order.batch(0).tolist() != BatchOrder(LENGTHS, 16, seed=4).batch(0).tolist()


def test_rows_of_a_batch_have_similar_lengths() -> None:
    order = BatchOrder(LENGTHS, 16, seed=3)
    spread = [np.ptp([LENGTHS[row] for row in order.batch(step)]) for step in range(order.steps_per_epoch)]
    assert np.mean(spread) < 0.5 * np.ptp(LENGTHS)


@pytest.mark.parametrize("wanted", [1, 500, sum(LENGTHS), sum(LENGTHS) * 2 + 77])
def test_a_budget_of_tokens_is_met_by_the_fewest_steps(wanted: int) -> None:
    order = BatchOrder(LENGTHS, 16, seed=3)
    steps = order.steps_for_tokens(wanted)
    seen = sum(order.tokens(step) for step in range(steps))
    assert seen >= wanted
    assert seen - order.tokens(steps - 1) < wanted
