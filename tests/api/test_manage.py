"""The nouns under /api/v1: each route parses, calls one stage, presents; another project's things are not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.api.conftest import browser_of

from volant.core.nouns import InferenceRecord, Metric, ModelCall, Report, RolloutPlan, VariantSpec
from volant.jobs.actions import BuildOptions, RolloutOptions
from volant.registry import alerts, models, projects, releases, reports, rollouts, runs, state
from volant.traces.ingest import ingest

DEPLOYMENT = {"name": "d", "provider": "mock", "model": "m", "base_url": "http://127.0.0.1:1/v1"}
TASK = {"name": "helpdesk", "variants": [{"name": "first", "deployments": ["d"]}]}
DOCUMENTS: dict[str, Any] = {"deployments": [DEPLOYMENT], "tasks": [TASK]}


def record(api: Any, number: int, **changes: Any) -> InferenceRecord:
    now = api.clock.now_ms()
    facts: dict[str, Any] = {
        "inference_id": f"inf_{number}", "project": "default", "key_id": "k", "trace_id": "t", "span_id": "s",
        "task": "helpdesk", "variant": "first", "deployment": "d", "model": "m", "subject": "sub_1",
        "tags": {"item": f"a/{number}"}, "started_ms": now + number, "latency_ms": 12.0, "ttft_ms": 3.0, "status": 200,
        "calls": (ModelCall(call_id=f"c{number}", span_id="x", deployment="d", model="m", started_ms=now,
                            latency_ms=11.0, status=200, provider_response_id=f"chatcmpl-{number}"),),
        "input": b'{"messages": []}', "output": b'{"choices": []}',
    }  # fmt: skip
    return InferenceRecord(**{**facts, **changes})


def keep(api: Any, *records: InferenceRecord) -> None:
    with api.context.db.begin() as tx:
        ingest(tx, api.context.keyring, records, now_ms=api.clock.now_ms())


# ---------------------------------------------------------------- documents, tasks, deployments
def test_documents_are_compared_applied_and_shown(api: Any) -> None:
    assert api.call("GET", "/api/v1/documents").json()["revision"] == 0
    planned = api.call("POST", "/api/v1/documents/diff", DOCUMENTS).json()
    assert planned["sentences"] == ["+ deployments.d", "+ tasks.helpdesk"]
    applied = api.call("POST", "/api/v1/documents/apply", DOCUMENTS).json()
    assert (applied["revision"], applied["applied_by"].split()[0]) == (1, "root")
    assert api.call("POST", "/api/v1/documents/apply", DOCUMENTS).json()["revision"] == 1
    assert api.call("POST", "/api/v1/documents/diff", DOCUMENTS).json()["changes"] == []
    bad = {"tasks": [TASK]}
    answer = api.call("POST", "/api/v1/documents/apply", bad)
    assert (answer.status, answer.json()["error"]["code"]) == (400, "documents_invalid")
    assert "there is no deployment 'd'" in answer.json()["error"]["message"]
    assert api.call("GET", "/api/v1/documents").json()["revision"] == 1


def test_guards_and_caches_that_cannot_work_are_refused_with_their_paths(api: Any) -> None:
    guards = [
        {"name": "a", "check": "pi"},
        {"name": "b", "check": "regex", "options": {"pattern": "(?<=x)y"}},
        {"name": "c", "check": "judge", "options": {"model": "nobody", "prompt": "x"}},
    ]
    bad = {**DOCUMENTS, "tasks": [{**TASK, "guards": guards, "cache": {"semantic": True}}]}
    answer = api.call("POST", "/api/v1/documents/apply", bad)
    assert (answer.status, answer.json()["error"]["code"]) == (400, "documents_invalid")
    message = answer.json()["error"]["message"]
    for path in ("guards.a.check", "guards.b.options.pattern", "guards.c.options.model", "cache.embedding"):
        assert f"tasks.helpdesk.{path}: " in message
    good = {**guards[1], "options": {"pattern": "y+"}, "action": "block"}
    fine = {**DOCUMENTS, "tasks": [{**TASK, "guards": [good], "cache": {"ttl_s": 5}}]}
    assert api.call("POST", "/api/v1/documents/apply", fine).json()["revision"] == 1


def test_what_the_loop_decided_is_shown_and_survives_apply(api: Any) -> None:
    api.call("POST", "/api/v1/documents/apply", DOCUMENTS)
    with api.context.db.begin() as tx:
        variant = VariantSpec(name="tuned", deployments=("mine",), model_id="mdl_1")
        state.put_variant(tx, "default", "helpdesk", variant, now_ms=1)
        state.set_live(tx, "default", "helpdesk", "tuned", now_ms=1, release_id="rel_1")
        place = state.Place(base_url="http://127.0.0.1:9/v1", engine="eng_1", model_id="mdl_1", healthy=False)
        state.put_place(tx, "default", "d", place, now_ms=1)
    changed = {**DOCUMENTS, "policy": {"retention_days": 30}}
    planned = api.call("POST", "/api/v1/documents/diff", changed).json()
    assert planned["sentences"] == ["~ policy.retention_days: 365 → 30"]
    assert any("'tuned'" in held["sentence"] for held in planned["held"])
    api.call("POST", "/api/v1/documents/apply", changed)
    task = api.call("GET", "/api/v1/tasks/helpdesk").json()
    assert (task["live"], task["release_id"]) == ("tuned", "rel_1")
    assert [variant["name"] for variant in task["variants"]] == ["first", "tuned"]
    (deployment,) = api.call("GET", "/api/v1/deployments").json()["data"]
    assert (deployment["base_url"], deployment["healthy"], deployment["engine"]) == (
        "http://127.0.0.1:9/v1", False, "eng_1")  # fmt: skip
    missing = api.call("GET", "/api/v1/tasks/nope")
    assert (missing.status, missing.json()["error"]["code"]) == (404, "task_unknown")


# ---------------------------------------------------------------- traces
def test_who_may_not_read_content_sees_names_of_tags_only(api: Any) -> None:
    keep(api, record(api, 1, tags={"customer": "Jane Roe"}))
    viewer, operator, reviewer = (browser_of(api, role) for role in ("viewer", "operator", "reviewer"))
    for one, value in ((viewer, ""), (operator, ""), (reviewer, "Jane Roe")):
        [row] = one.call("GET", "/api/v1/inferences").json()["data"]
        assert row["tags"] == {"customer": value}
    rows = operator.call("GET", "/api/v1/export/rows/inferences").body.decode()
    assert '"tags":{"customer":""}' in rows
    assert "Jane Roe" in reviewer.call("GET", "/api/v1/export/content/inferences").body.decode()


def test_inferences_page_by_page_and_never_another_projects(api: Any) -> None:
    with api.context.db.begin() as tx:
        projects.ensure(tx, api.context.keyring, "other", now_ms=1)
    keep(api, *(record(api, number) for number in range(5)), record(api, 9, project="other"))
    first = api.call("GET", "/api/v1/inferences?limit=3").json()
    assert ([one["id"] for one in first["data"]], first["has_more"]) == (["inf_4", "inf_3", "inf_2"], True)
    second = api.call("GET", f"/api/v1/inferences?limit=3&cursor={first['next_cursor']}").json()
    assert ([one["id"] for one in second["data"]], second["has_more"]) == (["inf_1", "inf_0"], False)
    assert api.call("GET", "/api/v1/inferences/inf_9").status == 404
    assert api.call("GET", "/api/v1/inferences/inf_9/payload").status == 404


def test_one_inference_with_attempts_feedback_and_texts_by_either_id(api: Any) -> None:
    keep(api, record(api, 1))
    given = {"inference_id": "inf_1", "value": False, "demonstration": {"intent": "card"}, "source": "agent"}
    assert api.call("POST", "/api/v1/feedback", given).status == 201
    for name in ("inf_1", "chatcmpl-1"):
        detail = api.call("GET", f"/api/v1/inferences/{name}").json()
        assert detail["inference"]["id"] == "inf_1"
        assert [call["deployment"] for call in detail["calls"]] == ["d"]
        assert [(one["corrected"], one["demonstration"]) for one in detail["feedback"]] == [(True, {"intent": "card"})]
    payload = api.call("GET", "/api/v1/inferences/inf_1/payload").json()
    assert (payload["input"], payload["output"]) == ({"messages": []}, {"choices": []})
    items = api.call("GET", "/api/v1/inferences/items?prefix=a/").json()["items"]
    assert items == {"a/1": {"inference_id": "inf_1", "fallback": False, "status": 200}}


def test_inferences_are_found_by_the_users_own_name(api: Any) -> None:
    with api.context.db.read() as tx:
        jane = api.context.keyring.subject_of(tx, "default", "jane@example.org")
    keep(api, record(api, 1, subject=jane), record(api, 2))
    found = api.call("GET", "/api/v1/inferences?user=jane@example.org").json()["data"]
    assert [one["id"] for one in found] == ["inf_1"]


def test_feedback_is_idempotent_may_come_first_and_a_batch_is_all_or_nothing(api: Any) -> None:
    early = {"inference_id": "inf_1", "value": True, "idempotency_key": "x"}
    assert api.call("POST", "/api/v1/feedback", early).json()["pending"] is True
    assert api.call("POST", "/api/v1/feedback", early).json()["new"] is False
    assert api.call("POST", "/api/v1/feedback", {**early, "value": False}).status == 409
    keep(api, record(api, 1))
    assert api.call("GET", "/api/v1/inferences/inf_1").json()["feedback"][0]["corrected"] is False
    batch = {"feedback": [{"inference_id": "inf_1", "value": True}, {"inference_id": "", "value": True}]}
    assert api.call("POST", "/api/v1/feedback/batch", batch).status == 400
    assert len(api.call("GET", "/api/v1/inferences/inf_1").json()["feedback"]) == 1
    many = {"feedback": [{"inference_id": f"inf_{number}", "value": True} for number in range(501)]}
    assert api.call("POST", "/api/v1/feedback/batch", many).status == 413
    many["feedback"].pop()
    assert len(api.call("POST", "/api/v1/feedback/batch", many).json()["feedback"]) == 500


def test_metrics_of_a_window_as_one_and_by_slice(api: Any) -> None:
    keep(api, record(api, 1), record(api, 2, variant="second", status=502, error_code="upstream"))
    found = api.call("GET", "/api/v1/metrics?task=helpdesk").json()
    assert (found["total"]["requests"], found["total"]["errors"]) == (2, 1)
    assert {name: one["requests"] for name, one in found["slices"].items()} == {"first": 1, "second": 1}
    later = api.call("GET", f"/api/v1/metrics?since_ms={api.clock.now_ms() + 3_600_000}").json()
    assert later["total"]["requests"] == 0


# ---------------------------------------------------------------- data
def upload(api: Any, content: bytes, options: str, name: str = "q.csv", test: bytes | None = None) -> Any:
    parts = [b'--b\r\ncontent-disposition: form-data; name="options"\r\n\r\n', options.encode(), b"\r\n"]
    for role, body in (("data", content), ("test", test)):
        if body is not None:
            head = f'--b\r\ncontent-disposition: form-data; name="{role}"; filename="{name}"\r\n\r\n'
            parts += [head.encode(), body, b"\r\n"]
    parts.append(b"--b--\r\n")
    headers = {"content-type": "multipart/form-data; boundary=b"}
    return api.call("POST", "/api/v1/datasets/import", chunks=parts, headers=headers)


def test_files_come_in_and_their_copies_go(api: Any) -> None:
    options = json.dumps({"dataset": "bank", "seed": 3, "known_share": 0.5})
    answer = upload(api, b"question\nwhere is my card\nwhat is my limit\n", options, test=b"question\nhello\n")
    assert answer.status == 201, answer.body
    made = answer.json()
    assert (made["name"], made["version"], made["leaks"]) == ("bank", 1, 1)
    assert made["funnel"] == {"rows_in": 2}
    assert set(api.loop.uploads) == {"data:q.csv", "test:q.csv"}
    _, project, chosen = api.loop.asked[0]
    assert (project, chosen.seed, chosen.known_share) == ("default", 3, 0.5)
    assert [place.exists() for place in api.loop.paths] == [False, False]
    assert not any(place.is_relative_to(api.context.data_dir) for place in api.loop.paths)


def test_a_dataset_is_listed_shown_and_exported(api: Any) -> None:
    made = upload(api, b"question\none\ntwo\nthree\n", '{"dataset": "bank"}').json()
    assert [one["id"] for one in api.call("GET", "/api/v1/datasets").json()["data"]] == [made["id"]]
    for name in (made["id"], "bank"):
        rows = api.call("GET", f"/api/v1/dataset-versions/{name}/rows")
        assert rows.headers["content-type"] == "application/jsonl"
        lines = [json.loads(line) for line in rows.body.splitlines()]
        assert [(line["body"]["question"], line["split"]) for line in lines] == [
            ("one", "test"), ("two", "train"), ("three", "test")]  # fmt: skip
    only = api.call("GET", "/api/v1/dataset-versions/bank/rows?split=test&limit=1").body.splitlines()
    assert [json.loads(line)["body"]["question"] for line in only] == ["one"]
    assert api.call("GET", "/api/v1/dataset-versions/bank/funnel").json()["funnel"]["removals"][0]["reason"] == "twin"
    assert len(api.call("GET", "/api/v1/dataset-versions/bank/leaks").json()["data"]) == 1
    assert api.call("GET", "/api/v1/dataset-versions/dsv_no/rows").status == 404


def test_bad_uploads_say_where(api: Any) -> None:
    broken = upload(api, b"\x00\x01", '{"dataset": "bank"}')
    assert (broken.status, broken.json()["error"]["where"]) == (400, "q.csv:1")
    assert [place.exists() for place in api.loop.paths] == [False]
    options = upload(api, b"question\n", '{"datset": "bank"}')
    assert (options.status, options.json()["error"]["code"]) == (400, "bad_options")
    assert api.call("POST", "/api/v1/datasets/import", {}).status == 400
    sneaky = upload(api, b"question\na\n", '{"dataset": "bank"}', name="../../../etc/passwd")
    assert sneaky.status == 201
    assert api.loop.paths[0].name.endswith("passwd")
    assert ".." not in str(api.loop.paths[0])


# ---------------------------------------------------------------- runs, workflows
def test_runs_progress_and_cancel(api: Any) -> None:
    with api.context.db.begin() as tx:
        runs.create_run(tx, "default", "train", {"task": "t"}, now_ms=1, run_id="run_1")
        runs.start(tx, "default", "run_1", now_ms=2)
    api.context.executor.want_run("run_1")
    (api.context.executor.run_dir("run_1") / "progress.jsonl").write_text('{"event": "step", "step": 1}\n')
    assert [run["id"] for run in api.call("GET", "/api/v1/runs?kind=train").json()["data"]] == ["run_1"]
    seen = api.call("GET", "/api/v1/runs/run_1/progress").json()
    assert (seen["lines"], seen["state"]) == ([{"event": "step", "step": 1}], "waiting")
    assert api.call("GET", f"/api/v1/runs/run_1/progress?after={seen['after']}").json()["lines"] == []
    assert api.call("POST", "/api/v1/runs/run_1/cancel").json()["state"] == "cancelled"
    assert api.context.executor.wanted() == {}
    assert api.call("POST", "/api/v1/runs/run_1/cancel").status == 409
    assert api.call("GET", "/api/v1/runs/run_2/progress").status == 404


def test_workflows_are_listed_and_shown(api: Any) -> None:
    workflows = api.context.workflows

    @workflows.workflow("echo")
    def echo(project: str, word: str) -> str:
        return word

    workflows.launch()
    workflows.start("echo", "w-1", "default", "dsv_1")
    workflows.start("echo", "w-9", "other", "dsv_9")  # another project's: not told
    for one in ("w-1", "w-9"):
        workflows.result(one)
    assert api.call("GET", "/api/v1/workflows/w-1").json()["output"] == "dsv_1"
    assert [one["workflow_id"] for one in api.call("GET", "/api/v1/workflows").json()["data"]] == ["w-1"]
    assert api.call("GET", "/api/v1/workflows?active=true").json()["data"] == []
    for one in ("w-2", "w-9"):
        assert api.call("GET", f"/api/v1/workflows/{one}").status == 404


# ---------------------------------------------------------------- evidence, decisions
@pytest.fixture
def registered(api: Any) -> Any:
    with api.context.db.begin() as tx:
        for number in (1, 2):
            models.register(tx, "default", "helpdesk", now_ms=number, model_id=f"mdl_{number}")
        metric = Metric(name="exact", value=0.8, low=0.7, high=0.9, n=100)
        report = Report(report_id="rep_1", suite="accuracy", model_id="mdl_2", metrics=(metric,), evaluated=100)
        reports.add_report(tx, "default", report, now_ms=3)
        releases.create_release(
            tx, "default", task="helpdesk", variant="v2", model_id="mdl_2", now_ms=4, release_id="rel_1"
        )
        rollouts.create_rollout(
            tx, "default", task="helpdesk", baseline="v1", candidate="v2", plan=RolloutPlan(), now_ms=5,
            rollout_id="rol_1",
        )  # fmt: skip
    return api


def test_models_are_named_in_three_ways(registered: Any) -> None:
    for name, expected in (("mdl_1", 1), ("helpdesk@1", 1), ("helpdesk", 2)):
        assert registered.call("GET", f"/api/v1/models/{name}").json()["version"] == expected
    assert registered.call("GET", "/api/v1/models/nope").status == 404
    assert len(registered.call("GET", "/api/v1/models?name=helpdesk").json()["data"]) == 2


def test_evaluating_and_gating_hand_the_loop_ids(registered: Any) -> None:
    body = {"model": "helpdesk", "suites": ["bias"], "baseline": "helpdesk@1", "key": "k"}
    assert registered.call("POST", "/api/v1/reports", body).status == 202
    assert registered.loop.asked[-1] == ("evaluate", "default", "mdl_2", ("bias",), "", "mdl_1", "k")
    verdict = registered.call("POST", "/api/v1/verdicts", {"model": "helpdesk@2", "gate": "standard"})
    assert (verdict.status, verdict.json()["outcome"]) == (201, "fail")
    assert registered.loop.asked[-1] == ("gate", "default", "mdl_2", "standard", "")
    (report,) = registered.call("GET", "/api/v1/reports?model_id=mdl_2").json()["data"]
    assert report["metrics"][0]["low"] == 0.7
    assert registered.call("GET", "/api/v1/reports/rep_1").json()["evaluated"] == 100
    assert registered.call("GET", "/api/v1/verdicts").json()["data"] == []


def test_training_and_rolling_out_are_started_with_typed_options(registered: Any) -> None:
    body = {"recipe": "intent", "recipe_options": {"epochs": 3}, "known_only": True}
    assert registered.call("POST", "/api/v1/loop/helpdesk/train", body).status == 202
    chosen = BuildOptions(recipe="intent", recipe_options={"epochs": 3}, known_only=True)
    assert registered.loop.asked[-1] == ("build", "default", "helpdesk", chosen)
    assert registered.call("POST", "/api/v1/loop/helpdesk/train", {"recpie": "x"}).status == 400
    again = registered.call("POST", "/api/v1/loop/helpdesk/retrain", {"alert_id": "alr_1", "key": "k"})
    assert again.json()["already"] is True
    assert registered.loop.asked[-1] == ("retrain", "default", "helpdesk", "alr_1", "k")
    started = registered.call("POST", "/api/v1/rollouts", {"task": "helpdesk", "model_id": "mdl_2"})
    assert started.json()["object_id"] == "rol_1"
    assert registered.loop.asked[-1] == ("rollout", "default", RolloutOptions(task="helpdesk", model_id="mdl_2"))


def test_a_release_and_a_rollout_name_the_person_who_decided(registered: Any) -> None:
    made = registered.call("POST", "/api/v1/releases", {"task": "helpdesk", "model": "helpdesk@1", "comment": "first"})
    assert (made.status, made.json()["id"]) == (201, "rel_1")
    asked = registered.loop.asked[-1]
    assert (asked[3], asked[5].split()[0], asked[6]) == ("mdl_1", "root", "first")
    held = registered.call("POST", "/api/v1/rollouts/rol_1/hold", {"comment": "holiday"}).json()
    assert held["decisions"][-1]["comment"] == "holiday"
    assert held["decisions"][-1]["reviewer"].startswith("root (key_")
    assert registered.call("GET", "/api/v1/rollouts?task=helpdesk").json()["data"][0]["candidate"] == "v2"
    assert registered.call("GET", "/api/v1/releases").json()["data"][0]["state"] == "proposed"


def test_reviews_are_bound_to_evidence(registered: Any) -> None:
    body = {"subject_kind": "release", "subject_id": "rel_1", "evidence_hash": "ab", "decision": "approve"}
    assert registered.call("POST", "/api/v1/reviews", body).status == 201
    (review,) = registered.call("GET", "/api/v1/reviews/release/rel_1").json()["data"]
    assert (review["decision"], review["evidence_hash"]) == ("approve", "ab")
    assert registered.call("POST", "/api/v1/reviews", {**body, "decision": "maybe"}).status == 400
    assert registered.call("POST", "/api/v1/reviews", {**body, "evidence_hash": ""}).status == 400


# ---------------------------------------------------------------- monitors, lineage, erasure, secrets
def test_monitors_show_the_alert_that_holds(api: Any) -> None:
    monitor = {"name": "m", "task": "helpdesk", "measure": "corrected_share", "threshold": 0.2}
    api.call("POST", "/api/v1/documents/apply", {**DOCUMENTS, "monitors": [monitor]})
    assert api.call("GET", "/api/v1/monitors").json()["data"][0]["holding"] is None
    with api.context.db.begin() as tx:
        fired = alerts.fire(
            tx, "default", monitor="m", task="helpdesk", value=0.4, low=0.3, threshold=0.2, n=100, sentence="too many",
            evidence={}, now_ms=1,
        )  # fmt: skip
    assert api.call("GET", "/api/v1/monitors").json()["data"][0]["holding"]["id"] == fired.id
    assert api.call("GET", f"/api/v1/alerts/{fired.id}").json()["sentence"] == "too many"
    assert len(api.call("GET", "/api/v1/alerts?task=helpdesk").json()["data"]) == 1


def test_why_and_impact(registered: Any) -> None:
    with registered.context.db.read() as tx:
        jane = registered.context.keyring.subject_of(tx, "default", "jane")
    keep(registered, record(registered, 1, subject=jane, model_id="mdl_2", variant="v2"))
    for name in ("inf_1", "chatcmpl-1"):
        chain = registered.call("GET", f"/api/v1/why/{name}").json()
        assert chain["inference_id"] == "inf_1"
        kinds = {child["kind"] for child in chain["root"]["children"]}
        assert {"deployment", "variant", "model", "release"} <= kinds
    impact = registered.call("GET", "/api/v1/impact?user=jane").json()
    assert (impact["kind"], impact["id"], impact["inferences"]) == ("subject", jane, ["inf_1"])
    assert registered.call("GET", "/api/v1/impact").status == 400
    assert registered.call("GET", "/api/v1/why/inf_none").status == 404


def test_erasure_names_one_person_in_one_way(api: Any) -> None:
    started = api.call("POST", "/api/v1/erasures", {"user": "jane", "reason": "asked"})
    assert (started.status, started.json()["object_id"]) == (202, "era_1")
    assert api.loop.asked[-1] == ("erase", "default", "jane", "", "asked")
    for body in ({}, {"user": "jane", "subject": "sub_1"}):
        assert api.call("POST", "/api/v1/erasures", body).status == 400
    assert api.call("GET", "/api/v1/erasures/era_none").status == 404
    assert api.call("GET", "/api/v1/erasures").json()["data"] == []


def test_secrets_are_kept_listed_by_name_and_never_read_back(api: Any) -> None:
    assert api.call("PUT", "/api/v1/secrets/openai", {"value": "sk-very-secret-1234"}).status == 204
    listed = api.call("GET", "/api/v1/secrets")
    assert listed.json()["data"] == ["openai"]
    folder = Path(api.context.data_dir)
    kept = b"".join(place.read_bytes() for place in folder.rglob("*") if place.is_file())
    assert b"sk-very-secret-1234" not in kept
    assert api.call("DELETE", "/api/v1/secrets/openai").status == 204
    assert api.call("DELETE", "/api/v1/secrets/openai").status == 404


def test_the_api_describes_itself(api: Any) -> None:
    described = api.call("GET", "/api/v1/openapi.json").json()
    assert described["paths"]["/healthz"]["get"]["security"] == []
    assert described["components"]["schemas"]["ApiKey"]["properties"]["prefix"]["type"] == "string"
