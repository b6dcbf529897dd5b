"""The console's pages: each on a small real store, bounded on a large one, and without a person's text for readers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fastapi.routing import iter_route_contexts

from volant.api.access import permission_of
from volant.api.app import routes
from volant.api.views import _reports, _rollout, _runs, _series
from volant.api.views import reports as views_reports
from volant.api.views._parts import PREVIEW
from volant.core.nouns import (
    GuardVerdict,
    InferenceRecord,
    ItemScore,
    Metric,
    ModelCall,
    Reason,
    Report,
    RolloutPlan,
    Split,
    Verdict,
)
from volant.registry import alerts, datasets, models, records, releases, reports, reviews, rollouts, runs, state
from volant.registry.datasets import Member
from volant.registry.records import NewRecord
from volant.traces import browse, feedback
from volant.traces.ingest import ingest

SECRET = "my card 4711 was eaten in Wuppertal"
TASK = "desk"
DOCUMENTS: dict[str, Any] = {
    "deployments": [{"name": "d", "provider": "mock", "model": "m", "base_url": "http://127.0.0.1:9/v1"}],
    "tasks": [{"name": TASK, "variants": [{"name": "old", "deployments": ["d"]}]}],
    "gates": [{"name": "gate", "accuracy_min": 0.5}],
    "limits": [{"over": "project", "limits": {"usd_per_day": 5.0}}],
    "monitors": [{"name": "watch", "task": TASK, "measure": "corrected_share", "threshold": 0.3}],
    "loops": [
        {"task": TASK, "monitor": "watch", "recipe": "debug", "gate": "gate", "automatic_rollout": False},
    ],
}


def inference(number: int, at_ms: int, **other: Any) -> InferenceRecord:
    """One answered question; every fifth failed."""
    failed = number % 5 == 4
    values: dict[str, Any] = {
        "inference_id": f"inf_{number:08d}", "project": "default", "key_id": "key_1", "trace_id": f"{number:032x}",
        "span_id": f"{number:016x}", "task": TASK, "variant": "old", "deployment": "d", "model": "m",
        "subject": f"sub_{number % 7}", "session": f"ses-{number % 3}", "started_ms": at_ms,
        "tags": {"item": f"desk/{number}", "channel": "web" if number % 2 else "app"}, "latency_ms": 3.0 * (number + 1),
        "ttft_ms": 1.0, "status": 500 if failed else 200, "error_code": "upstream" if failed else "",
        "input_tokens": 10, "output_tokens": 5, "cost_usd": 0.001 * number, "streamed": number % 2 == 0,
        "findings": ("email",) if number == 3 else (), "input": json.dumps({"messages": [SECRET]}).encode(),
        "output": b'{"choices": []}',
        "calls": (ModelCall(call_id=f"call_{number}", span_id=f"{number:08x}aa", deployment="d", model="m",
                            started_ms=at_ms + 1, latency_ms=2.0, status=200),),
    }  # fmt: skip
    return InferenceRecord(**{**values, **other})


class House:
    """A small project: two dataset versions, two models, reports, a verdict, a rolled back rollout, answers."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.call = lambda path, **more: api.call("GET", f"/api/v1/views{path}", **more)
        self.now = api.clock.now_ms()
        assert api.call("POST", "/api/v1/documents/apply", DOCUMENTS).status == 200
        context = api.context
        with context.db.begin() as tx:
            self._data(tx, context)
            self._models(tx)
            self._evidence(tx)
            self._release(tx)
            ingest(tx, context.keyring, [inference(n, self.now - 60_000 + n) for n in range(20)], now_ms=self.now)
            judged = feedback.NewFeedback(inference_id="inf_00000002", value=False, comment=SECRET, source="agent")
            feedback.add(tx, context.keyring, "default", judged, now_ms=self.now)

    def get(self, path: str) -> Any:
        answer = self.call(path)
        assert answer.status == 200, answer.body
        return answer.json()

    def _data(self, tx: Any, context: Any) -> None:
        def row(position: int) -> NewRecord:
            body = {"question": f"{SECRET} {position}", "answer": '{"intent": "a"}', "label": "a"}
            return NewRecord(source="desk/data/q.csv", position=position, body=body, subject=f"sub_{position}")

        ids = records.insert_records(tx, context.keyring, "default", [row(n) for n in range(6)], now_ms=self.now)
        first = [Member(one, "train" if at < 3 else "test", at != 1) for at, one in enumerate(ids[:4])]
        funnel = {
            "rows_in": 6, "removed": {"exact_duplicate": 1}, "changed": {"pii": 2}, "rejected": [{"code": "ragged"}],
            "labels": ["a"], "known_labels": ["a"], "users": {"train": 3},
            "removals": [{"row": "desk/data/q.csv:9", "label": "a", "step": "exact_duplicate", "reason": "same text",
                          "keeper": "desk/data/q.csv:0", "score": 1.0}],
        }  # fmt: skip
        self.v1 = datasets.create_version(
            tx, context.blobs, "default", TASK, first, now_ms=self.now - 9000, funnel=funnel,
            leaks=[{"test": ids[3], "train": ["desk/data/q.csv:8"]}],
        ).id  # fmt: skip
        self.v2 = datasets.create_version(
            tx, context.blobs, "default", TASK, [(one, "train", True) for one in ids[4:]], now_ms=self.now - 8000,
            parent_id=self.v1, funnel={"reviewed": 3, "corrected": 2, "leaked": 1, "labels": ["a", "b"]},
        ).id  # fmt: skip

    def _models(self, tx: Any) -> None:
        spec = {"recipe": "debug", "dataset_version_id": self.v1, "options": {"tokens": 10}}
        self.run = runs.create_run(tx, "default", "train", spec, now_ms=self.now - 7000).id
        runs.start(tx, "default", self.run, now_ms=self.now - 7000)
        runs.succeed(tx, "default", self.run, {"facts": {"steps": 9}}, attempt=1, now_ms=self.now - 6000)
        self.failed = runs.create_run(
            tx, "default", "train", {**spec, "options": {"tokens": 99}}, now_ms=self.now - 500
        ).id
        runs.start(tx, "default", self.failed, now_ms=self.now - 400)
        error = {"code": "does_not_fit", "message": "it needs 9 GB"}
        runs.fail(tx, "default", self.failed, error, attempt=1, now_ms=self.now - 300)
        self.old = models.register(
            tx, "default", TASK, now_ms=self.now - 6000, run_id=self.run, dataset_version_id=self.v1
        ).id
        self.new = models.register(
            tx, "default", TASK, now_ms=self.now - 4000, base_model_id=self.old, dataset_version_id=self.v2
        ).id

    def _evidence(self, tx: Any) -> None:
        for number, (model, right) in enumerate(((self.old, 4), (self.new, 36))):
            items = tuple(
                ItemScore(item=f"desk/data/q.csv:{at}", cluster=f"c{at}", score=float(at < right), known=at % 2 == 0,
                          output=SECRET)
                for at in range(40)
            )  # fmt: skip
            metric = Metric(name="exact_match", value=right / 40, low=0.0, high=1.0, n=40)
            report = Report(report_id=f"rep_{number}", suite="accuracy", model_id=model, dataset_version_id=self.v2,
                            metrics=(metric,), items=items, evaluated=40)  # fmt: skip
            reports.add_report(tx, "default", report, now_ms=self.now - 3000 + number)
        self.verdict = Verdict(
            verdict_id="ver_1", gate="gate", model_id=self.new, baseline_model_id=self.old,
            outcome="insufficient_evidence",
            reasons=(
                Reason(rule="accuracy", outcome="pass", sentence="right answers: 90.0% (at least 80.1%) of 40",
                       report_id="rep_1"),
                Reason(rule="bias", outcome="insufficient_evidence", sentence="There is no bias report."),
            ),
        )  # fmt: skip
        reports.add_verdict(tx, "default", self.verdict, now_ms=self.now - 2500, report_ids=["rep_1"])

    def _release(self, tx: Any) -> None:
        made = releases.create_release(
            tx, "default", task=TASK, variant="v1", model_id=self.old, verdict_id="ver_1", now_ms=self.now - 5500
        )
        self.release = made.id
        self.rollout = rollouts.create_rollout(
            tx, "default", task=TASK, baseline="old", candidate="v1", plan=RolloutPlan(shadow_requests=0),
            now_ms=self.now - 5400, release_id=made.id,
        ).id  # fmt: skip
        releases.move(tx, "default", made.id, "rolling_out", now_ms=self.now - 5400, rollout_id=self.rollout)
        bound = {"name": "technical_failures", "kind": "ceiling", "limit": 0.05, "n": 5, "estimate": 0.0, "lower": 0.0,
                 "upper": 0.4, "alarm": False, "cleared": False}  # fmt: skip
        for action in ("begin", "hold"):
            look = {"action": action, "sentence": "Held.", "phase": "canary", "step": 0, "canary_users": 5,
                    "bounds": [bound] if action == "hold" else []}  # fmt: skip
            rollouts.decide(tx, "default", self.rollout, look, now_ms=self.now - 5300, state="canary", share=0.1)
        split = Split(rollout_id=self.rollout, candidate="v1", share=0.1, mode="canary", salt="s")
        state.set_split(tx, "default", TASK, split, now_ms=self.now)
        word = {"action": "hold", "reviewer": "Ada (usr_1)"}
        state.put(tx, "default", "rollout-word", self.rollout, word, now_ms=self.now)


@pytest.fixture
def house(api: Any) -> House:
    return House(api)


VIEWS = [
    (str(route.path), permission_of(route.dependant))  # type: ignore[attr-defined]
    for route in iter_route_contexts(routes().routes)
    if str(route.path).startswith("/api/v1/views")
]


def test_every_page_is_there_and_only_texts_need_content() -> None:
    pages = {path.split("/")[4] for path, _ in VIEWS}
    assert pages >= {"loop", "traces", "datasets", "runs", "reports", "releases", "models", "lineage", "erasures",
                     "settings"}  # fmt: skip
    assert {path for path, needed in VIEWS if needed == "content"} == {
        "/api/v1/views/datasets/{version_id}/records",
        "/api/v1/views/datasets/{version_id}/removed/{step}",
        "/api/v1/views/reports/{report_id}/item",
    }
    assert {needed for _, needed in VIEWS} == {"read", "content", "people", "audit"}


def _filled(house: House, path: str) -> str:
    names = {
        "{inference_id}": "inf_00000002", "{session}": "ses-2", "{version_id}": house.v1, "{run_id}": house.run,
        "{report_id}": "rep_1", "{release_id}": house.release, "{model}": house.new, "{step}": "exact_duplicate",
    }  # fmt: skip
    for name, value in names.items():
        path = path.replace(name, value)
    questions = {
        "/datasets/difference": f"?left={house.v1}&right={house.v2}",
        "/runs/compare": f"?ids={house.run},{house.failed}",
        "/item": "?item=desk/data/q.csv:0", "/lineage/impact": f"?dataset={house.v1}",
        "/revisions/difference": "?left=0&right=1", "/burn-down": "?over=project&budget=usd_per_day",
    }  # fmt: skip
    return path + next((more for end, more in questions.items() if path.endswith(end)), "")


def test_readers_see_every_page_and_no_word_of_a_person(house: House) -> None:
    for path, needed in VIEWS:
        if "erasure_id" in path:
            continue
        answer = house.api.call("GET", _filled(house, path))
        assert answer.status == 200, (path, answer.body)
        assert (SECRET.encode() in answer.body) == (needed == "content"), path


def test_another_project_sees_nothing_of_it(house: House) -> None:
    house.api.call("POST", "/api/v1/projects", {"name": "other"})
    elsewhere = {"x-volant-project": "other"}
    for path, _ in VIEWS:
        answer = house.api.call("GET", _filled(house, path).replace(house.v2, house.v1), headers=elsewhere)
        for word in (house.new, house.release, house.v1, "inf_0000", house.run):
            told = answer.json() if answer.status == 200 else {}
            assert word not in json.dumps(told), path


# ---------------------------------------------------------------- loop
def test_the_ring_shows_each_version_where_it_stands(house: House) -> None:
    page = house.get("/loop")
    (task,) = page["tasks"]
    stages = {one["stage"]: one for one in task["stages"]}
    assert list(stages) == ["data", "train", "evaluate", "gate", "rollout", "monitor"]
    new, old = task["models"]
    assert (new["stage"], new["standing"]) == ("gate", "blocked")
    assert "There is no bias report." in new["sentence"]
    assert new["link"] == {"kind": "verdict", "id": "ver_1", "title": "gate"}
    assert (old["stage"], old["standing"]) == ("rollout", "blocked")
    assert "Held by Ada" in old["sentence"]
    assert stages["train"]["standing"] == "blocked"
    assert "it needs 9 GB" in stages["train"]["sentence"]
    assert (task["candidate"], task["candidate_share"]) == ("v1", 0.1)
    kinds = {one["kind"] for one in page["attention"]}
    assert kinds == {"review", "held", "failed_run"}
    assert [one["by"] for one in task["trainings"]] == ["person", "person"]
    assert task["hour"]["requests"] == task["day"]["requests"] == 20
    assert task["hour"]["error_share"] == 0.2
    assert sum(point["requests"] for point in task["spark"]) == 20


def test_an_alert_turns_the_monitor_red_and_says_what_it_started(house: House) -> None:
    with house.api.context.db.begin() as tx:
        alert = alerts.fire(
            tx, "default", monitor="watch", task=TASK, value=0.6, low=0.5, threshold=0.3, n=100,
            sentence="watch fired: 60 %", evidence={}, now_ms=house.now,
        )  # fmt: skip
        spec = {"recipe": "sft", "dataset_version_id": house.v1}
        begun = runs.create_run(tx, "default", "train", spec, now_ms=house.now, workflow_id=f"retrain-{alert.id}")
    (task,) = house.get("/loop")["tasks"]
    assert task["stages"][5]["standing"] == "blocked"
    assert task["stages"][5]["sentence"] == "watch fired: 60 %"
    newest = task["trainings"][0]
    assert (newest["run_id"], newest["by"], newest["link"]["id"]) == (begun.id, "alert", alert.id)
    assert task["stages"][1]["standing"] == "active"


# ---------------------------------------------------------------- traces
def ids(page: Any) -> list[int]:
    return [int(row["inference"]["id"].removeprefix("inf_")) for row in page["rows"]]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("task=desk", range(19, -1, -1)),
        ("task=nothing", ()),
        ("failed=true", (19, 14, 9, 4)),
        ("status=5", (19, 14, 9, 4)),
        ("error_code=upstream&limit=2", (19, 14)),
        ("latency_ms_min=30&latency_ms_max=40", (12, 11, 10, 9)),
        ("finding=email", (3,)),
        ("finding=any", (3,)),
        ("tag=channel:web&latency_ms_max=20", (5, 3, 1)),
        ("tag=channel:w", ()),
        ("item_prefix=desk/1", (19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 1)),
        ("subject=sub_6", (13, 6)),
        ("session=ses-2&streamed=true", (14, 8, 2)),
        ("metric=accepted", (2,)),
        ("metric=accepted&metric_max=0", (2,)),
        ("metric=accepted&metric_min=1", ()),
        ("cost_usd_min=0.0185", (19,)),
        ("fallback=true", ()),
    ],
)  # fmt: skip
def test_traces_under_a_filter_and_their_numbers_agree(house: House, question: str, expected: Any) -> None:
    page = house.get(f"/traces?{question}")
    assert ids(page) == list(expected)
    numbers = page["numbers"]
    if "limit" not in question:
        assert numbers["count"] == len(expected)
        if "latency_ms" not in question:
            assert sum(bucket["count"] for bucket in numbers["latency"]) == len(expected)
            assert sum(bucket["errors"] for bucket in numbers["latency"]) == numbers["errors"]
    assert numbers["errors"] == sum(
        number % 5 == 4 for number in range(20) if number in expected or "limit" in question
    )


def test_the_histogram_keeps_its_bars_while_a_range_is_chosen_on_it(house: House) -> None:
    whole = house.get("/traces")["numbers"]
    chosen = house.get("/traces?latency_ms_min=30&latency_ms_max=40")["numbers"]
    assert (chosen["count"], chosen["latency"]) == (4, whole["latency"])


def test_pages_of_traces_go_on_and_end(house: House) -> None:
    first = house.get("/traces?limit=15")
    second = house.get(f"/traces?limit=15&cursor={first['next_cursor']}")
    assert ids(first) + ids(second) == list(range(19, -1, -1))
    assert (second["next_cursor"], second["numbers"]) == ("", None)
    judged = next(row for row in second["rows"] if row["inference"]["id"] == "inf_00000002")
    assert judged["feedback"][0] | {"created_ms": 0} == {
        "metric": "accepted", "value": 0.0, "corrected": True, "has_text": True, "source": "agent", "created_ms": 0,
    }  # fmt: skip


def test_one_trace_is_a_waterfall_with_its_neighbours(house: House) -> None:
    page = house.get("/traces/inf_00000003")
    assert [(span["kind"], span["offset_ms"]) for span in page["spans"]] == [
        ("inference", 0.0), ("model_call", 1.0), ("check", 0.0),
    ]  # fmt: skip
    assert page["spans"][1]["parent_id"] == page["spans"][0]["id"]
    assert (page["newer_id"], page["older_id"]) == ("inf_00000004", "inf_00000002")
    assert house.get("/traces/inf_00000019")["newer_id"] == ""
    assert page["tag_names"] == ["channel", "item"]
    assert house.call("/traces/inf_none").status == 404


def test_a_trace_says_who_asked_how_and_what_guards_said(house: House) -> None:
    at = house.now - 1_000
    verdict = GuardVerdict(
        guard="no-pii", check="pii", on="output", action="redact", mode="enforce", span_id="ab" * 8, started_ms=at + 7,
        latency_ms=2.5, kinds={"email": 2},
    )  # fmt: skip
    key = house.api.call("GET", "/api/v1/keys").json()["data"][0]
    call = ModelCall(call_id="cal_g", span_id="cd" * 8, deployment="d", model="m", started_ms=at, latency_ms=5.0,
                     status=200, why="judge")  # fmt: skip
    one = inference(
        90_000, at, key_id=key["id"], dialect="anthropic", operation="chat", verdicts=(verdict,), calls=(call,),
        warnings=("seed: is not sent",), cache="semantic",
    )  # fmt: skip
    with house.api.context.db.begin() as tx:
        ingest(tx, house.api.context.keyring, [one], now_ms=house.now)
    page = house.get("/traces/inf_00090000")
    assert page["verdicts"] == [msgspec.to_builtins(verdict)]
    assert (page["key_name"], page["dialect"], page["cache"]) == (key["name"], "anthropic", "semantic")
    assert page["warnings"] == ["seed: is not sent"]
    guard = next(span for span in page["spans"] if span["kind"] == "guard")
    assert (guard["title"], guard["offset_ms"], guard["duration_ms"]) == ("no-pii", 7.0, 2.5)
    assert next(span for span in page["spans"] if span["kind"] == "model_call")["why"] == "judge"


def test_a_session_is_its_turns_in_their_order(house: House) -> None:
    page = house.get("/traces/sessions/ses-1")
    assert [turn["inference"]["id"] for turn in page["turns"]] == [f"inf_{n:08d}" for n in range(1, 20, 3)]
    assert (page["requests"], page["complete"]) == (7, True)
    assert house.call("/traces/sessions/none").status == 404


def test_pages_that_stop_lose_nobody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page looks at so many rows and says where it stopped: within a millisecond that holds several, too."""
    monkeypatch.setattr(browse, "MOST_SCANNED", 5)
    start = house.now - 10_000
    some = [inference(500 + n, start + n // 3, calls=()) for n in range(24)]
    some = [msgspec.structs.replace(one, status=500, error_code="rare") if n % 2 else one for n, one in enumerate(some)]
    with house.api.context.db.begin() as tx:
        ingest(tx, house.api.context.keyring, some, now_ms=house.now)
    found, cursor, pages = [], "", 0
    while cursor or not pages:
        page = house.get(f"/traces?limit=3&error_code=rare&numbers=false&cursor={cursor}")
        found += [row["inference"]["id"] for row in page["rows"]]
        cursor, pages = page["next_cursor"], pages + 1
        assert pages < 60, "the pages come to no end"
    assert sorted(found) == sorted(one.inference_id for one in some if one.error_code == "rare")


def test_50000_inferences_are_read_within_bounds(house: House) -> None:
    """No time is asserted: rows read are what makes a page slow."""
    context, seen = house.api.context, []
    start = house.now - 50_000 * 100
    for part in range(100):
        batch = [inference(100 + part * 500 + n, start + (part * 500 + n) * 100, calls=()) for n in range(500)]
        batch = [msgspec.structs.replace(one, subject="", input=b"", output=b"") for one in batch]
        with context.db.begin() as tx:
            ingest(tx, context.keyring, batch, now_ms=house.now)
    page = house.get("/traces?limit=200")
    assert len(page["rows"]) == 200
    assert browse.MOST_COUNTED - 50 <= page["numbers"]["count"] <= browse.MOST_COUNTED
    assert page["numbers"]["stopped_ms"] > start
    nothing = house.get("/traces?error_code=never&numbers=false")
    assert nothing["rows"] == []
    assert nothing["stopped_ms"] > 0, "the oldest were not looked at, and the answer says so"
    rest = house.get(f"/traces?error_code=never&numbers=false&cursor={nothing['next_cursor']}")
    assert (rest["rows"], rest["next_cursor"]) == ([], "")
    with context.db.read() as tx:
        floor = (
            "EXPLAIN QUERY PLAN SELECT started_ms FROM inference WHERE project = 'default' "
            "ORDER BY started_ms DESC LIMIT 1 OFFSET 50000"
        )
        seen = [str(row) for row in tx.exec_driver_sql(floor)]
    assert any("COVERING INDEX ix_inference_project_started_ms" in line for line in seen), seen


# ---------------------------------------------------------------- datasets
def test_dataset_versions_are_a_graph(house: House) -> None:
    page = house.get("/datasets")
    assert [node["title"] for node in page["nodes"]] == ["desk v2", "desk v1"]
    steps = {(edge["source"], edge["target"], edge["operation"]) for edge in page["edges"]}
    assert (house.v1, house.v2, "extend") in steps
    assert ("desk/data/q.csv", house.v1, "import") in steps
    first = house.get("/datasets?limit=1")
    assert [node["id"] for node in first["nodes"]] == [house.v2]
    assert [node["id"] for node in house.get(f"/datasets?cursor={first['next_cursor']}")["nodes"]] == [house.v1]


def test_a_version_shows_its_funnel_and_where_it_is_used(house: House) -> None:
    page = house.get(f"/datasets/{house.v1}")
    assert [(step["step"], step["removed"], step["left"]) for step in page["funnel"]] == [
        ("rows_in", 0, 6), ("rejected", 1, 5), ("exact_duplicate", 1, 4),
    ]  # fmt: skip
    assert page["changed"] == [{"name": "pii", "count": 2}]
    assert (page["node"]["redacted"], page["node"]["leaks"], page["node"]["models"]) == (2, 1, 1)
    assert page["grown_into"][0]["id"] == house.v2
    assert {link["kind"] for link in page["used_by"]} == {"model"}
    steps = house.get(f"/datasets/{house.v2}")["funnel"]
    assert [(step["step"], step["left"]) for step in steps] == [
        ("reviewed", 3), ("unusable", 3), ("leaked", 2), ("asked_twice", 2),
    ]  # fmt: skip


def test_records_examples_and_the_difference_of_two_versions(house: House) -> None:
    first = house.get(f"/datasets/{house.v1}/records?limit=3")
    rest = house.get(f"/datasets/{house.v1}/records?limit=3&cursor={first['next_cursor']}")
    assert [row["body"]["question"][-1] for row in (*first["rows"], *rest["rows"])] == ["0", "1", "2", "3"]
    assert len(house.get(f"/datasets/{house.v1}/records?split=test")["rows"]) == 1
    (example,) = house.get(f"/datasets/{house.v1}/removed/exact_duplicate")["examples"]
    assert (example["reason"], example["keeper_text"]) == ("same text", f"{SECRET} 0")
    page = house.get(f"/datasets/difference?left={house.v1}&right={house.v2}")
    assert [page[name] for name in ("added", "removed", "moved", "same")] == [2, 0, 0, 4]
    assert {one["split"]: one["added"] for one in page["by_split"]} == {"test": 0, "train": 2}
    assert page["by_source"] == [{"name": "desk/data/q.csv", "count": 2}]
    assert page["labels_added"] == ["b"]


# ---------------------------------------------------------------- runs
def _steps(count: int) -> Iterator[dict[str, Any]]:
    yield {"event": "started", "at_ms": 1000, "step": 0, "steps": count * 2, "rows": 5, "parameters": 7}
    for step in range(1, count + 1):
        yield {"event": "step", "at_ms": 1000 + step * 10, "step": step, "loss": 1 / step, "learning_rate": 0.1,
               "tokens": step, "tokens_per_s": 5, "memory_bytes": 99}  # fmt: skip


def test_a_series_is_thinned_and_its_end_estimated() -> None:
    found = _series.series(list(_steps(5000)), 77)
    assert len(found.steps) == _series.MOST_POINTS
    assert (found.steps[0].step, found.steps[-1].step) == (1, 5000)
    assert (found.thinned, found.after, found.steps[-1].memory_bytes) == (True, 77, 99)
    pace = _series.pace(list(_steps(5000)), over=False)
    assert (pace.share, pace.steps_done, pace.steps) == (0.5, 5000, 10_000)
    assert pace.ends_ms == 51_000 + 50_000


def test_an_evaluation_has_a_pace_too() -> None:
    lines = [{"event": "asked", "at_ms": at, "suite": "bias", "done": at, "whole": 40} for at in (10, 20)]
    pace = _series.pace(lines, over=False)
    assert (pace.share, pace.ends_ms) == (0.5, 30)


def test_runs_live_with_checkpoints_and_compared(house: House) -> None:
    page = house.get("/runs")
    assert [row["id"] for row in page["rows"]] == [house.failed, house.run]
    assert page["states"] == {"failed": 1, "succeeded": 1}
    assert [row["id"] for row in house.get(f"/runs?limit=1&cursor={house.failed}")["rows"]] == [house.run]
    folder = house.api.context.data_dir / "runs" / house.run
    (folder / "checkpoints" / "step-00000004").mkdir(parents=True)
    (folder / "checkpoints" / "step-00000004" / "model.safetensors").write_bytes(b"weights")
    lines = [json.dumps(line) for line in _steps(10)]
    (folder / "progress.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "log.txt").write_text(f"2026-01-01 00:00:00 INFO all well\n{SECRET}\nValueError: {SECRET}\n")
    one = house.get(f"/runs/{house.run}")
    assert one["checkpoints"][0]["name"] == "checkpoints/step-00000004"
    assert (one["checkpoints"][0]["step"], one["checkpoints"][0]["size_bytes"]) == (4, 7)
    assert len(one["checkpoints"][0]["sha256"]) == 64
    assert len(one["series"]["steps"]) == 10
    assert house.get(f"/runs/{house.run}?after={one['series']['after']}")["series"]["steps"] == []
    assert one["log"][0].endswith("all well")
    assert SECRET not in json.dumps(one["log"])
    assert one["log"][-1] == "ValueError"
    both = house.get(f"/runs/compare?ids={house.run},{house.failed}")
    assert both["differing"] == [{"name": "options.tokens", "values": [10, 99]}]
    assert both["same"]["recipe"] == "debug"
    assert house.call(f"/runs/compare?ids={house.run}").status == 400


def test_a_missing_log_is_no_error(tmp_path: Path) -> None:
    assert _runs.log_tail(tmp_path / "none") == []


# ---------------------------------------------------------------- reports
def test_a_report_beside_its_base_model(house: House) -> None:
    page = house.get("/reports/rep_1")
    assert page["baseline"]["report_id"] == "rep_0"
    assert page["baseline_reason"] == "The model that this one was tuned from."
    (row,) = page["metrics"]
    assert row["difference"]["value"] == pytest.approx(0.8)
    assert row["difference"]["low"] < 0.8 < row["difference"]["high"]
    assert row["sentence"].startswith("80.0 points better [")
    assert row["sentence"].endswith("on the same 40 items.")
    assert (page["flips_better"], page["flips_worse"]) == (32, 0)
    assert page["verdicts"][0]["id"] == "ver_1"
    assert house.get("/reports/rep_1?baseline=none")["baseline"] is None
    flips = house.get("/reports/rep_1/items?only=flips&limit=30")
    assert (flips["total"], len(flips["rows"]), flips["next_cursor"]) == (32, 30, "30")
    assert {row["flip"] for row in flips["rows"]} == {"better"}
    assert row["trend"] == "better"
    assert {one["record_id"][:4] for one in flips["rows"]} == {"rec_", ""}
    assert house.get("/reports/rep_1/items?only=wrong")["total"] == 4
    assert house.get("/reports/rep_1/items?known=true")["total"] == 20
    item = house.get("/reports/rep_1/item?item=desk/data/q.csv:0")
    assert (item["question"], item["output"]) == (f"{SECRET} 0", SECRET)
    assert house.call("/reports/rep_1/item?item=none").status == 404


def test_an_attack_that_works_now_is_a_flip_for_the_worse() -> None:
    """Scores of probes count what went wrong: their 1 is the bad one."""
    item = "injection_success:desk/q.csv:7/authority"
    worked, failed = (ItemScore(item=item, cluster="", known=True, score=score) for score in (1.0, 0.0))
    assert views_reports._item(worked, failed).flip == "worse"
    assert views_reports._item(failed, worked).flip == "better"
    right = views_reports._item(failed, worked)
    assert views_reports._wanted(right, "right", "injection_success", None)
    assert not views_reports._wanted(right, "wrong", "", None)


@pytest.mark.parametrize(
    ("item", "place"),
    [
        ("desk/data/q.csv:12", ("desk/data/q.csv", 12)),
        ("flip_rate:desk/data/q.csv:4606/gender", ("desk/data/q.csv", 4606)),
        ("bias/desk/data/q.csv:3", ("desk/data/q.csv", 3)),
        ("pool:5", ("pool", 5)),
        ("s3://bucket/q.csv:5", ("s3://bucket/q.csv", 5)),
        ("extractable_canaries:canary-3", ("", -1)),
    ],
)
def test_the_record_behind_an_item(item: str, place: tuple[str, int]) -> None:
    assert _reports.place_of(item) == place


# ---------------------------------------------------------------- releases
def test_a_release_shows_checklist_reviews_traffic_and_the_test(house: House) -> None:
    page = house.get(f"/releases/{house.release}")
    assert [(one["rule"], one["outcome"]) for one in page["checklist"]] == [
        ("accuracy", "pass"), ("bias", "insufficient_evidence"),
    ]  # fmt: skip
    assert page["checklist"][0]["measured"] == "90.0% (at least 80.1%) of 40"
    assert page["checklist"][0]["needed"] == "at least 50.0%"
    assert page["traffic"] == {"live_variant": "old", "candidate": "v1", "mode": "canary", "share": 0.1}
    assert page["rollout"]["held"] is True
    tests = page["rollout"]["tests"]
    assert tests[0]["metric"] == "technical_failures"
    assert (tests[0]["limit"], tests[0]["points"][-1]["upper"] <= 1.0) == (0.05, True)
    acts = {one["action"]: one["allowed"] for one in page["acts"]}
    assert acts == {"promote": True, "hold": False, "resume": True, "rollback": True, "approve": True, "reject": True}
    weak = house.api.make_key("read")
    seen = house.call(f"/releases/{house.rollout}", key=weak).json()
    assert not any(one["allowed"] for one in seen["acts"])
    with house.api.context.db.begin() as tx:
        for digest in (page["evidence_hash"], "0" * 64):
            reviews.add_review(
                tx, "default", subject_kind="release", subject_id=house.release, evidence_hash=digest,
                decision="approve", reviewer="Ada", now_ms=house.now,
            )  # fmt: skip
    reviewed = house.get(f"/releases/{house.release}")["reviews"]
    assert [one["bound"] for one in reviewed] == [True, False]
    assert house.get(f"/releases/{reviewed[0]['id']}")["release"]["id"] == house.release
    assert house.get("/releases/ver_1")["release"]["id"] == house.release
    assert house.call("/releases/rev_none").status == 404
    assert house.call("/releases/ver_none").status == 404
    (task,) = house.get("/releases")["tasks"]
    assert (task["candidate"], task["releases"][0]["outcome"]) == ("v1", "insufficient_evidence")


def test_looks_between_decisions_are_recomputed_as_they_were(house: House) -> None:
    """A canary whose every answer fails: the lower bound climbs, and a judgement of later is not seen earlier."""
    begin = house.now - 5300
    rows = [
        inference(1000 + n, begin + 100 * n, rollout_id=house.rollout, arm="canary" if n % 2 else "live", step=0,
                  subject=f"sub_r{n}", canary_failed=bool(n % 2), session="")
        for n in range(40)
    ]  # fmt: skip
    with house.api.context.db.begin() as tx:
        plan = RolloutPlan(shadow_requests=0, questions_per_user=1, label_wait_s=0.1)
        ingest(tx, house.api.context.keyring, rows, now_ms=house.now)
        one = msgspec.structs.replace(rollouts.get_rollout(tx, "default", house.rollout), plan=plan)
        (failures, *_) = _rollout.tests(tx, "default", one, house.now)
    lower = [point.lower for point in failures.points]
    assert len(lower) > 5
    assert lower[-1] > failures.limit
    assert failures.points[-1].alarm
    assert [point.at_ms for point in failures.points] == sorted(point.at_ms for point in failures.points)
    assert failures.points[1].n < failures.points[-1].n


# ---------------------------------------------------------------- models, lineage, erasures, settings
def test_one_model_with_card_lineage_and_flags(house: House) -> None:
    with house.api.context.db.begin() as tx:
        models.flag(tx, "default", house.new, {"kind": "erasure", "erasure_id": "era_1"})
    page = house.get(f"/models/{TASK}@2")
    assert page["label"] == f"{TASK}@2"
    assert page["card"].startswith("# Model card: desk@2")
    assert page["flags"][0]["link"] == {"kind": "erasure", "id": "era_1", "title": ""}
    ends = {(edge["source"].split(":")[0], edge["target"].split(":")[0]) for edge in page["lineage"]["edges"]}
    assert {("model", "model"), ("dataset_version", "model"), ("model", "report"), ("model", "verdict")} <= ends
    assert [link["title"] for link in page["versions"]] == [f"{TASK}@2", f"{TASK}@1"]


def test_lineage_as_pictures(house: House) -> None:
    why = house.get("/lineage/why/inf_00000002")
    keys = {f"{node['kind']}:{node['id']}" for node in why["graph"]["nodes"]}
    assert "inference:inf_00000002" in keys
    assert all(edge["source"] in keys and edge["target"] in keys for edge in why["graph"]["edges"])
    impact = house.get(f"/lineage/impact?dataset={house.v1}")
    counts = {one["kind"]: one["count"] for one in impact["counts"]}
    assert (counts["record"], counts["model"], counts["dataset_version"]) == (4, 2, 2)
    of_model = house.get(f"/lineage/impact?model={TASK}@1")
    assert f"model:{house.new}" in {f"{node['kind']}:{node['id']}" for node in of_model["graph"]["nodes"]}
    assert house.call("/lineage/impact").status == 400


def test_settings_as_they_stand_and_keys_for_those_who_manage_them(house: House) -> None:
    page = house.get("/settings")
    assert page["tasks"][0]["live_variant"] == "old"
    assert page["deployments"][0]["requests_day"] == 20
    assert page["keys"][0]["name"] == "root"
    assert house.call("/settings", key=house.api.make_key("read")).json()["keys"] is None
    changed = {**DOCUMENTS, "gates": [{"name": "gate", "accuracy_min": 0.7}]}
    assert house.api.call("POST", "/api/v1/documents/apply", changed).status == 200
    rows = house.get("/settings/revisions")["rows"]
    assert [(row["revision"], row["changed"] > 0) for row in rows] == [(2, True), (1, True)]
    assert house.get("/settings/revisions/difference?left=1&right=2")["sentences"] == [
        "~ gates.gate.accuracy_min: 0.5 → 0.7"
    ]
    assert house.call("/settings/revisions/difference?left=1&right=9").status == 404


def test_rows_of_lists_are_previews(house: House) -> None:
    long = inference(900, house.now, session="s" * 500, tags={"item": "i" * 500})
    with house.api.context.db.begin() as tx:
        ingest(tx, house.api.context.keyring, [long], now_ms=house.now)
    row = house.get("/traces?limit=1")["rows"][0]["inference"]
    assert len(row["session"]) == len(row["item"]) == PREVIEW
