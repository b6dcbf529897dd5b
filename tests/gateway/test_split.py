"""The split: sticky, of the right size, and stable while it widens; and the two modes through the real process."""

from __future__ import annotations

import json

from gateway_stack import HELLO, Stack, task
from hypothesis import given
from hypothesis import strategies as st

from volant.core.nouns import Limits, LimitSpec, Split, VariantSpec
from volant.gateway.split import arm_of, position


def _split(share: float, mode: str = "canary", salt: str = "rol_1") -> Split:
    return Split(rollout_id="rol_1", candidate="v2", share=share, mode=mode, salt=salt)  # type: ignore[arg-type]


@given(st.text(), st.text())
def test_a_position_is_in_the_unit_interval_and_constant(salt: str, unit: str) -> None:
    salt, unit = salt.encode("utf-8", "replace").decode(), unit.encode("utf-8", "replace").decode()
    assert 0.0 <= position(salt, unit) < 1.0
    assert position(salt, unit) == position(salt, unit)


@given(st.floats(0, 1), st.floats(0, 1), st.uuids())
def test_widening_keeps_everybody_where_they_are(a: float, b: float, unit: object) -> None:
    narrow, wide = sorted((a, b))
    if arm_of(_split(narrow), str(unit)) == "canary":
        assert arm_of(_split(wide), str(unit)) == "canary"


def test_the_share_is_kept_over_users() -> None:
    for share in (0.05, 0.1, 0.5):
        hits = sum(arm_of(_split(share), f"sub_{n}") == "canary" for n in range(20_000))
        deviation = abs(hits - 20_000 * share) / (20_000 * share * (1 - share)) ** 0.5
        assert deviation < 4.5


def test_salts_are_independent() -> None:
    both = sum(
        arm_of(_split(0.5, salt="a"), f"sub_{n}") == arm_of(_split(0.5, salt="b"), f"sub_{n}") for n in range(10_000)
    )
    assert 4_700 < both < 5_300


def test_the_ends_and_no_split() -> None:
    assert arm_of(None, "u") == "live"
    assert all(arm_of(_split(0.0), f"u{n}") == "live" for n in range(100))
    assert all(arm_of(_split(1.0), f"u{n}") == "canary" for n in range(100))
    assert arm_of(_split(1.0, mode="shadow"), "u") == "shadow"


def _two_variants(stack: Stack, split: Split) -> None:
    for name in ("main", "candidate"):
        if name not in stack.mocks:
            stack.add_mock(name, model=f"{name}-model")
    candidate = VariantSpec(name="v2", deployments=("candidate",), model_id="mdl_2")
    stack.publish(
        [task("help", ["main"], further=(candidate,))],
        [stack.target("main"), stack.target("candidate")],
        splits={"help": split},
    )


def test_users_stay_with_their_variant(stack: Stack) -> None:
    _two_variants(stack, _split(0.5))
    stack.start()
    first = {n: stack.chat(HELLO, **{"x-volant-user": f"user{n}"})[1]["model"] for n in range(24)}
    again = {n: stack.chat(HELLO, **{"x-volant-user": f"user{n}"})[1]["model"] for n in range(24)}
    assert first == again
    assert set(first.values()) == {"main-model", "candidate-model"}
    records = stack.records(48)
    assert {(r.arm, r.variant, r.deployment) for r in records} == {
        ("live", "v1", "main"),
        ("canary", "v2", "candidate"),
    }
    assert {r.rollout_id for r in records} == {"rol_1"}  # both arms, so that they can be compared
    assert {r.model_id for r in records if r.arm == "canary"} == {"mdl_2"}
    for record in records:
        assert (arm_of(_split(0.5), record.subject) == "canary") == (record.arm == "canary")


def test_a_shadow_gets_a_copy_and_the_caller_never_knows(stack: Stack) -> None:
    _two_variants(stack, _split(1.0, mode="shadow"))
    stack.start()
    for _ in range(5):
        assert stack.chat(HELLO, **{"x-volant-user": "ada"})[1]["model"] == "main-model"
    streamed = {**HELLO, "stream": True, "stream_options": {"include_usage": True}}
    stack.chat(streamed)
    records = stack.records(12)
    live = [record for record in records if record.arm == "live"]
    shadows = [record for record in records if record.arm == "shadow"]
    assert (len(live), len(shadows)) == (6, 6)
    assert sorted(record.shadow_of for record in shadows) == sorted(record.inference_id for record in live)
    assert {(record.variant, record.deployment, record.status) for record in shadows} == {("v2", "candidate", 200)}
    assert {record.subject for record in shadows} == {record.subject for record in live}
    assert "stream" not in json.loads(stack.mocks["candidate"].last_body)


def test_a_broken_shadow_costs_the_caller_nothing(stack: Stack) -> None:
    _two_variants(stack, _split(1.0, mode="shadow"))
    stack.start()
    stack.kill_mock("candidate")
    assert stack.chat(HELLO)[0] == 200
    records = {record.arm: record for record in stack.records(2)}
    assert (records["live"].status, records["live"].canary_failed) == (200, False)
    assert (records["shadow"].status, records["shadow"].canary_failed) == (502, True)


def test_a_user_stands_on_the_ceilings_of_the_variant_that_is_theirs(stack: Stack) -> None:
    for name in ("main", "candidate"):
        stack.add_mock(name)
    stack.publish(
        [task("help", ["main"], further=(VariantSpec(name="v2", deployments=("candidate",)),))],
        [stack.target("main", model="big"), stack.target("candidate", model="small")],
        splits={"help": _split(1.0)},
        limits={"default": (LimitSpec(over="model", name="big", limits=Limits(requests_per_minute=5)),)},
    )
    stack.start()  # control has no request to lend: nobody is served by the big one
    assert stack.chat(HELLO)[0] == 200
    assert stack.mocks["candidate"].stats["requests"] == 1
