"""The gateway's two pages: keys and budgets, deployments; on a small real store with workers' facts and leases."""

from __future__ import annotations

from typing import Any

import pytest

from volant.api.views.deployments import shown_address, together
from volant.app.leases import LeaseBook
from volant.core.ids import new_id
from volant.core.leasing import AccountAsk, Amount, LeaseRequest
from volant.core.nouns import InferenceRecord, ModelCall
from volant.core.workers import PlaceFacts, WorkerFacts
from volant.registry import spending
from volant.traces.ingest import ingest
from volant.traces.meter import Meter

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NOON = 1_795_435_200_000  # 2026-11-23T12:00:00Z
DOCUMENTS: dict[str, Any] = {
    "deployments": [
        {"name": "first", "provider": "mock", "model": "big", "base_url": "http://ann:hunter2@127.0.0.1:9/v1?key=hunter3",
         "region": "eu", "requests_per_minute": 100, "api_key_env": "UPSTREAM_KEY"},
        {"name": "spare", "provider": "mock", "model": "small", "base_url": "http://127.0.0.1:9/v1"},
        {"name": "long", "provider": "mock", "model": "long", "base_url": "http://127.0.0.1:9/v1"},
    ],
    "tasks": [
        {"name": "help", "variants": [
            {"name": "old", "deployments": ["spare"]},
            {"name": "new", "deployments": ["first"], "fallbacks": ["spare"], "context_fallbacks": ["long"]},
        ], "live": "new"},
    ],
    "limits": [
        {"over": "project", "limits": {"usd_per_month": 50.0}},
        {"over": "task", "name": "help", "limits": {"usd_per_day": 4.0, "requests_per_minute": 60}},
    ],
}  # fmt: skip


@pytest.fixture
def house(api: Any) -> Any:
    api.clock.advance(NOON - api.clock.now_ms())
    assert api.call("POST", "/api/v1/documents/apply", DOCUMENTS).status == 200
    return api


def make_key(api: Any, **more: Any) -> dict[str, Any]:
    return dict(api.call("POST", "/api/v1/keys", {"name": "app", "scopes": ["inference"], **more}).json()["key"])


def answered(api: Any, key: str, at_ms: int, *, usd: float, first_failed: bool = False) -> str:
    """One request: by `first`, or by `spare` after `first` failed."""
    calls = [("spare", "small", 200, "")] if first_failed else [("first", "big", 200, "")]
    if first_failed:
        calls.insert(0, ("first", "big", 503, "upstream_503"))
    inference = new_id("inference")
    record = InferenceRecord(
        inference_id=inference, project="default", key_id=key, trace_id="t", span_id="s", task="help", variant="new",
        deployment=calls[-1][0], model=calls[-1][1], started_ms=at_ms, latency_ms=20.0, ttft_ms=1.0, status=200,
        fallback=first_failed, cost_usd=usd, input_tokens=7, output_tokens=3, holder="here.0.1",
        calls=tuple(
            ModelCall(call_id=new_id("model_call"), span_id="s", deployment=name, model=model, started_ms=at_ms,
                      latency_ms=10.0, status=status, error_code=code, cost_usd=usd if status == 200 else 0.0,
                      input_tokens=7, output_tokens=3)
            for name, model, status, code in calls
        ),
    )  # fmt: skip
    with api.context.db.begin() as tx:
        ingest(tx, api.context.keyring, [record], now_ms=at_ms)
    return inference


def lease(api: Any, account: str, *, told_usd: float, most_usd: float) -> None:
    """A worker tells what it spent, and is granted more."""
    book = LeaseBook(api.context.db, api.clock)
    ask = AccountAsk(account=account, told_usd=told_usd, least=Amount(), most=Amount(usd=most_usd))
    book.lease(LeaseRequest(asks=(ask,)), "here.0.1")


def get(api: Any, path: str, **more: Any) -> Any:
    answer = api.call("GET", f"/api/v1/views{path}", **more)
    assert answer.status == 200, answer.body
    return answer.json()


# ---------------------------------------------------------------- keys and budgets
def test_a_key_with_its_ceilings_and_their_use(house: Any) -> None:
    key = make_key(house, limits={"usd_per_day": 2.0}, direct=True, operations=["chat"], tasks=["help"])["id"]
    assert house.call("POST", "/api/v1/playground/key", {}).status == 201
    lease(house, key, told_usd=0.0, most_usd=0.5)
    lease(house, key, told_usd=0.3, most_usd=0.5)
    answered(house, key, NOON - 2 * DAY_MS, usd=0.25)
    page = get(house, "/keys?days=7")
    rows = {row["name"]: row for row in page["keys"]}
    app = rows["app"]
    assert (app["direct"], app["operations"], app["tasks"]) == (True, ["chat"], ["help"])
    [burn] = app["burns"]
    assert (burn["limit"], burn["ceiling"], round(burn["used"], 6)) == ("usd_per_day", 2.0, 0.3)
    assert burn["leased"] > 0
    assert round(burn["used"] + burn["leased"] + burn["left"], 6) == 2.0
    assert round(burn["projected"], 6) == 0.6  # half of the day is over
    assert (app["requests"], app["cost_usd"], app["short_lived"]) == (1, 0.25, False)
    [played] = [row for name, row in rows.items() if name.startswith("playground of ")]
    assert played["short_lived"]
    assert rows["root"]["root"]
    assert "sha256" not in app


def test_ceilings_over_everybody_and_who_spends_by_day(house: Any) -> None:
    one, two = make_key(house)["id"], make_key(house, name="other")["id"]
    answered(house, one, NOON, usd=0.5)
    answered(house, two, NOON - DAY_MS, usd=2.0)
    answered(house, two, NOON - 40 * DAY_MS, usd=9.0)
    page = get(house, "/keys?days=7")
    assert [(c["over"], c["name"], [b["limit"] for b in c["burns"]]) for c in page["ceilings"]] == [
        ("project", "", ["usd_per_month"]),
        ("task", "help", ["requests_per_minute", "usd_per_day"]),
    ]
    assert page["days"]["cost_usd"] == [0, 0, 0, 0, 0, 2.0, 0.5]
    assert page["days"]["days"][-1] == "2026-11-23"
    assert [(s["title"], s["days"][-2:], s["day_requests"][-2:]) for s in page["top_keys"]] == [
        ("other", [2.0, 0.0], [1, 0]),
        ("app", [0.0, 0.5], [0, 1]),
    ]
    assert [s["name"] for s in page["top_tasks"]] == ["help"]
    assert [s["name"] for s in page["top_models"]] == ["big"]


@pytest.mark.parametrize(
    ("over", "budget"), [("key", "usd_per_day"), ("task", "usd_per_day"), ("project", "usd_per_month")]
)
def test_a_budget_burns_down(house: Any, over: str, budget: str) -> None:
    key = make_key(house, limits={"usd_per_day": 2.0})["id"]
    answered(house, key, NOON - 5 * HOUR_MS, usd=0.25)
    answered(house, key, NOON - 2 * HOUR_MS, usd=0.5)
    name = {"key": key, "task": "help", "project": ""}[over]
    account = {"key": key, "task": "task:default/help", "project": "project:default"}[over]
    lease(house, account, told_usd=0.75, most_usd=0.1)
    found = get(house, f"/keys/burn-down?over={over}&budget={budget}&name={name}")
    points = [(point["at_ms"], round(point["used"], 6)) for point in found["points"]]
    if budget.endswith("day"):
        assert points == [
            (NOON - 12 * HOUR_MS, 0.0),
            (NOON - 5 * HOUR_MS, 0.0), (NOON - 4 * HOUR_MS, 0.25),
            (NOON - 2 * HOUR_MS, 0.25), (NOON - HOUR_MS, 0.75),
            (NOON, 0.75),
        ]  # fmt: skip
    else:
        assert points == [(NOON - 22 * DAY_MS - 12 * HOUR_MS, 0.0), (NOON - 12 * HOUR_MS, 0.0), (NOON, 0.75)]
    assert found["begins_ms"] == points[0][0]
    assert found["burn"]["limit"] == budget


def test_a_models_budget_burns_by_its_calls(house: Any) -> None:
    limits = [{"over": "model", "name": "small", "limits": {"tokens_per_day": 1000}}]
    assert house.call("POST", "/api/v1/documents/apply", {**DOCUMENTS, "limits": limits}).status == 200
    answered(house, "key_1", NOON - 3 * HOUR_MS, usd=0.25, first_failed=True)
    answered(house, "key_1", NOON - 3 * HOUR_MS, usd=0.25)
    found = get(house, "/keys/burn-down?over=model&budget=tokens_per_day&name=small")
    assert [point["used"] for point in found["points"]][:3] == [0.0, 0.0, 10.0]


def test_a_budget_that_nobody_set_is_not_found(house: Any) -> None:
    answer = house.call("GET", "/api/v1/views/keys/burn-down?over=task&budget=tokens_per_day&name=help")
    assert answer.status == 404
    assert answer.json()["error"]["code"] == "budget_unknown"


def test_who_does_not_manage_keys_sees_budgets_only(house: Any) -> None:
    page = get(house, "/keys", key=house.make_key("read"))
    assert page["keys"] is None
    assert [one["over"] for one in page["ceilings"]] == ["project", "task"]


def test_ceilings_and_their_use_are_gauges(house: Any) -> None:
    key = make_key(house, limits={"usd_per_day": 2.0})["id"]
    lease(house, key, told_usd=0.3, most_usd=0.5)
    meter = Meter()
    with house.context.db.read() as tx:
        meter.set_limits(spending.gauges_of(tx, now_ms=NOON))
    text = meter.exposition("default").decode()
    labels = f'kind="usd_per_day",name="{key}",over="key",project="default"'
    assert f"volant_limit{{{labels}}} 2.0" in text
    used = next(line for line in text.splitlines() if line.startswith(f"volant_limit_used{{{labels}}}"))
    assert 0.3 < float(used.split()[-1]) <= 0.8  # spent and held
    assert 'volant_limit{kind="usd_per_month",name="",over="project",project="default"} 50.0' in text
    house.call("DELETE", f"/api/v1/keys/{key}")
    with house.context.db.read() as tx:
        meter.set_limits(spending.gauges_of(tx, now_ms=NOON))
    assert key not in meter.exposition("default").decode()


# ---------------------------------------------------------------- deployments
def test_each_deployment_with_who_uses_it_and_why_it_fails(house: Any) -> None:
    for minute in (1, 2, 3):
        answered(house, "key_1", NOON - minute * 60_000, usd=0.1)
    newest = answered(house, "key_1", NOON - 30_000, usd=0.1, first_failed=True)
    page = get(house, "/deployments")
    rows = {row["name"]: row for row in page["deployments"]}
    first, spare, long = rows["first"], rows["spare"], rows["long"]
    assert (first["calls"], first["failed_calls"], page["recent"]) == (4, 1, 4)
    assert [(one["code"], one["status"], one["calls"], one["inference_id"]) for one in first["failures"]] == [
        ("upstream_503", 503, 1, newest)
    ]
    assert (first["hour"]["requests"], sum(first["minutes"]), first["day_requests"]) == (3, 3, 3)
    assert round(first["day_cost_usd"], 6) == 0.3
    assert (spare["failed_calls"], spare["day_fallbacks"], long["hour"]) == (0, 1, None)
    assert [(use["variant"], use["role"], use["live"]) for use in spare["used_by"]] == [
        ("new", "fallback", True), ("old", "deployment", False),
    ]  # fmt: skip
    assert [use["role"] for use in long["used_by"]] == ["context fallback"]
    assert first["address"] == "http://127.0.0.1:9/v1"
    assert first["credentials"] == "env UPSTREAM_KEY"
    assert "hunter" not in house.call("GET", "/api/v1/views/deployments").body.decode()


def facts(worker: int, *places: PlaceFacts) -> WorkerFacts:
    return WorkerFacts(worker=worker, pid=1, said_ms=NOON, places=places, refused={"budget_exhausted": 2})


def test_what_the_workers_say_now_is_one_row_a_deployment(house: Any) -> None:
    def place(**more: Any) -> PlaceFacts:
        return PlaceFacts(**{"project": "default", "deployment": "first", "model": "big", "max_in_flight": 8, **more})

    house.inner.state.services.meter.set_workers(
        [
            facts(0, place(in_flight=2, ttft_ms=30.0, state="open", failures=5, rests_ms=4000, requests=7)),
            facts(1, place(in_flight=1, ttft_ms=10.0, requests=4), place(project="other", deployment="theirs")),
        ]
    )
    live = get(house, "/deployments/live")
    assert live["workers"] == 2
    [first] = live["places"]  # nothing of another project
    assert (first["name"], first["state"], first["in_flight"], first["max_in_flight"]) == ("first", "partly", 3, 16)
    assert (first["ttft_ms"], first["failures"], first["requests_minute"]) == (30.0, 5, 11.0)
    assert [(one["worker"], one["state"], one["rests_ms"]) for one in first["workers"]] == [
        (0, "open", 4000), (1, "closed", 0),
    ]  # fmt: skip
    assert live["refused"] == {"budget_exhausted": 4}  # the root key sees all projects
    reader = get(house, "/deployments/live", key=house.make_key("read"))
    assert reader["refused"] == {}


def test_words_for_circuits_and_addresses() -> None:
    assert together(["open", "open"]) == "open"
    assert together(["open", "closed"]) == "partly"
    assert together(["closed", "resting"]) == "resting"
    assert shown_address("https://u:p@h.example:8/v1/x?key=1#f") == "https://h.example:8/v1/x"
    assert shown_address("") == ""
