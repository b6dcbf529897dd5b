"""Plan: what a direct key's request is kept as, when no task says so."""

from __future__ import annotations

import pytest

from volant.core.nouns import KeyGrant, Route, Snapshot, Target, TaskSpec, VariantSpec
from volant.gateway.plan import compile_plans

GRANT = KeyGrant(key_id="key_1", project="default", sha256="0", scopes=("inference",), direct=True)


@pytest.mark.parametrize("careful", [False, True])
def test_what_is_written_of_a_direct_request_is_as_careful_as_the_most_careful_task(careful: bool) -> None:
    variant = VariantSpec(name="v", deployments=("d",))
    plain = TaskSpec(name="plain", variants=(variant,))
    other = TaskSpec(name="other", variants=(variant,), redact=careful, record_payload=not careful)
    target = Target(name="d", provider="mock", model="m", base_url="http://127.0.0.1:9/v1")
    snapshot = Snapshot(
        revision=1,
        config_hash="x",
        routes={"default": {task.name: Route(task=task, live="v") for task in (plain, other)}},
        targets={"default": {"d": target}},
        keys={},
        subject_keys={},
    )
    plans = compile_plans(snapshot, {})
    for model in ("d", "mock/m"):
        task = plans.find_task(GRANT, model).task
        assert (task.redact, task.record_payload) == (careful, not careful)
    assert plans.find_task(GRANT, "plain").task.redact is False
