"""Requests become users: once, in the first arm, frozen when complete."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volant.core.nouns import RolloutPlan
from volant.rollout.users import Row, first_shadow_failures, users_of

PLAN = RolloutPlan(questions_per_user=3, user_timeout_s=60, label_wait_s=10)


def row(at_s: float, subject: str = "u", arm: str = "canary", **fields: Any) -> Row:
    return Row(**{"subject": subject, "arm": arm, "step": 0, "status": 200, "started_ms": int(1000 * at_s), **fields})


def only(rows: list[Row], now_s: float, plan: RolloutPlan = PLAN) -> Any:
    (user,) = users_of(plan, rows, int(1000 * now_s)).observations
    return user


def test_complete_after_the_wanted_requests_and_the_wait_for_labels() -> None:
    rows = [row(0), row(1), row(2)]
    assert not only(rows, 11.9).complete
    assert only(rows, 12).complete


def test_complete_after_the_timeout_with_fewer_requests() -> None:
    assert not only([row(0), row(5)], 69.9).complete
    done = only([row(0), row(5)], 70)
    assert (done.complete, done.requests) == (True, 2)


def test_later_requests_and_later_labels_change_nothing() -> None:
    rows = [row(0, corrected=True, labelled_ms=500), row(1), row(2)]
    before = only(rows, 12)
    late = [*rows[:2], row(2, corrected=True, labelled_ms=12_001), row(3, canary_failed=True), row(99, corrected=True)]
    seen = users_of(PLAN, late, 200_000)
    assert seen.observations == (before,)
    assert seen.late_labels == 1


def test_counts_in_the_arm_and_step_of_the_first_request() -> None:
    user = only([row(0, arm="live"), row(1, arm="canary", step=1, canary_failed=True), row(2, arm="live")], 100)
    assert (user.arm, user.step, user.requests, user.technical_failures) == ("baseline", 0, 2, 0)


@pytest.mark.parametrize(
    ("fields", "failed"),
    [
        ({}, False),
        ({"canary_failed": True, "status": 200}, True),  # a fallback saved the answer
        ({"error_code": "invalid_output"}, True),
        ({"error_code": "content_filter"}, False),
        ({"status": 0}, True),
        ({"status": 503}, True),
        ({"status": 400}, False),  # the caller's own fault
        ({"status": 429}, False),
    ],
)
def test_what_counts_as_a_technical_failure(fields: dict[str, Any], failed: bool) -> None:
    assert only([row(0, **fields)], 100).technical_failures == int(failed)


def test_a_judgement_of_a_fallbacks_answer_is_none_of_the_variant() -> None:
    user = only([row(0, corrected=True, fallback=True, canary_failed=True), row(1, corrected=False), row(2)], 100)
    assert user.metrics == {"corrected_share": 0.0}
    assert only([row(0, corrected=True, fallback=True)], 100).metrics == {}


def test_requests_without_a_user_are_their_own_unit() -> None:
    rows = [row(0, subject="", inference_id="a"), row(0, subject="", inference_id="b")]
    users = users_of(PLAN, rows, 10_000).observations
    assert [(user.complete, user.requests) for user in users] == [(True, 1), (True, 1)]


def test_of_each_user_the_first_shadow_request_counts() -> None:
    rows = [row(2, "u", "shadow"), row(1, "u", "shadow", status=500), row(1.5, "v", "shadow"), row(0, "u", "live")]
    assert first_shadow_failures(rows) == [1.0, 0.0]


def test_the_shadow_phases_answers_by_the_live_variant_randomised_nobody() -> None:
    rows = [row(0, "u", "live"), row(0, "u", "shadow"), row(1, "v", "live"), row(5, "v", "shadow"), row(5, "v", "live")]
    assert users_of(PLAN, rows, 100_000).observations == ()
    (user,) = users_of(PLAN, [*rows, row(6, "u", "canary")], 100_000).observations
    assert (user.subject, user.arm, user.requests) == ("u", "canary", 1)


ROWS = st.lists(
    st.builds(
        Row,
        subject=st.sampled_from(["a", "b", "c", ""]),
        arm=st.sampled_from(["live", "canary", "shadow"]),
        step=st.integers(0, 1),
        status=st.sampled_from([200, 500]),
        started_ms=st.integers(0, 100_000),
        canary_failed=st.booleans(),
        fallback=st.booleans(),
        corrected=st.sampled_from([None, True, False]),
        labelled_ms=st.integers(0, 200_000),
        inference_id=st.uuids().map(str),
    ),
    max_size=25,
    unique_by=lambda each: each.started_ms,
)


@given(rows=ROWS, seed=st.integers(0, 99), now_ms=st.integers(0, 250_000))
def test_the_order_of_rows_does_not_matter(rows: list[Row], seed: int, now_ms: int) -> None:
    mixed = rows[:]
    random.Random(seed).shuffle(mixed)
    assert users_of(PLAN, mixed, now_ms) == users_of(PLAN, rows, now_ms)


@given(rows=ROWS, first_ms=st.integers(0, 250_000), wait_ms=st.integers(0, 250_000))
def test_a_complete_user_never_changes(rows: list[Row], first_ms: int, wait_ms: int) -> None:
    """What was known at one look is a prefix of what is known at any later one, once the shadow phase is over."""
    rows = [each for each in rows if each.arm != "shadow"]

    def known(now_ms: int) -> list[Row]:
        return [each for each in rows if each.started_ms <= now_ms]

    then = [user for user in users_of(PLAN, known(first_ms), first_ms).observations if user.complete]
    later = users_of(PLAN, known(first_ms + wait_ms), first_ms + wait_ms).observations
    assert list(later[: len(then)]) == then
