"""Plan: how a direct key's request is kept and guarded, when no task says so."""

from __future__ import annotations

import pytest

from volant.core.nouns import GuardSpec, KeyGrant, Route, Snapshot, Target, TaskSpec, VariantSpec
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


def test_a_direct_request_passes_the_guards_of_every_task_that_its_deployments_may_answer() -> None:
    keys, mail = GuardSpec(name="keys", check="secrets"), GuardSpec(name="mail", check="pii", action="redact")
    words = GuardSpec(name="words", check="toxicity", on=("output",))
    tasks = (
        TaskSpec(name="b", guards=(mail, keys), variants=(VariantSpec(name="v", deployments=("d",)),)),
        TaskSpec(name="a", guards=(keys,), guardrails=("pii",),
                 variants=(VariantSpec(name="v", deployments=("e",), fallbacks=("d",)),)),
        TaskSpec(name="c", guards=(words,), variants=(VariantSpec(name="v", deployments=("f",)),)),
        TaskSpec(name="free", variants=(VariantSpec(name="v", deployments=("g",)),)),
    )  # fmt: skip
    models = {"d": "m", "e": "m2", "f": "m", "g": "m3"}
    targets = {
        name: Target(name=name, provider="mock", model=model, base_url="http://127.0.0.1:9/v1")
        for name, model in models.items()
    }
    routes = {task.name: Route(task=task, live="v") for task in tasks}
    snapshot = Snapshot(
        revision=1, config_hash="x", routes={"default": routes}, targets={"default": targets}, keys={}, subject_keys={}
    )  # fmt: skip
    plans = compile_plans(snapshot, {})
    found = {model: plans.find_task(GRANT, model).task for model in ("d", "e", "f", "g", "mock/m", "mock/m3")}
    assert {model: one.guards for model, one in found.items()} == {
        "d": (keys, mail),  # of a and b: each once, in the order of the tasks' names
        "e": (keys,),
        "f": (words,),
        "g": (),
        "mock/m": (keys, mail, words),
        "mock/m3": (),
    }
    assert (found["d"].guardrails, found["f"].guardrails) == (("pii",), ())
