"""Spend: who spends, by day, and how far each ceiling is used; limits of keys change over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from volant.app.leases import LeaseBook
from volant.core.ids import new_id
from volant.core.leasing import AccountAsk, Amount, LeaseRequest
from volant.core.nouns import InferenceRecord, ModelCall
from volant.traces.ingest import ingest

DAY_MS = 86_400_000
NOON = 1_795_435_200_000  # 2026-11-23T12:00:00Z


def make_key(api: Any, **more: Any) -> dict[str, Any]:
    return dict(api.call("POST", "/api/v1/keys", {"name": "app", "scopes": ["inference"], **more}).json()["key"])


def used(
    api: Any, key: str, day: int, *, usd: float, task: str = "help", cache: str = "", failed: bool = False
) -> None:
    at_ms = NOON - day * DAY_MS
    calls = () if cache else tuple(
        ModelCall(call_id=new_id("model_call"), span_id="s", deployment="d", model=model, started_ms=at_ms,
                  latency_ms=1.0, status=status, input_tokens=7, output_tokens=3, cost_usd=cost)
        for model, status, cost in (("small", 500, 0.001), ("big", 500 if failed else 200, usd - 0.001))
    )  # fmt: skip
    record = InferenceRecord(
        inference_id=new_id("inference"), project="default", key_id=key, trace_id="t", span_id="s", task=task,
        variant="v", deployment="d", model="big", started_ms=at_ms, latency_ms=1.0, ttft_ms=1.0,
        status=500 if failed else 200, calls=calls, cost_usd=0.0 if cache else usd, cache=cache,
        saved_usd=usd if cache else 0.0, input_tokens=7, output_tokens=3,
    )  # fmt: skip
    with api.context.db.begin() as tx:
        ingest(tx, api.context.keyring, [record], now_ms=at_ms)
        ingest(tx, api.context.keyring, [record], now_ms=at_ms)


@pytest.fixture
def used_api(api: Any) -> Any:
    api.clock.advance(NOON - api.clock.now_ms())
    return api


def test_who_spends_dearest_first_failed_calls_and_cached_answers_included(used_api: Any) -> None:
    one, two = make_key(used_api)["id"], make_key(used_api, name="other")["id"]
    used(used_api, one, 0, usd=0.5)
    used(used_api, one, 1, usd=0.25, task="chat", failed=True)
    used(used_api, two, 0, usd=2.0)
    used(used_api, two, 0, usd=3.0, cache="exact")
    used(used_api, two, 40, usd=9.0)
    keys = used_api.call("GET", "/api/v1/spend?over=key&days=30").json()
    assert [(row["title"], row["use"]["name"], round(row["use"]["cost_usd"], 6)) for row in keys["top"]] == [
        ("other", two, 2.0), ("app", one, 0.75),
    ]  # fmt: skip
    first = keys["top"][0]["use"]
    assert (first["requests"], first["cache_hits"], first["saved_usd"]) == (2, 1, 3.0)
    assert (first["input_tokens"], first["output_tokens"]) == (14, 6), "both calls of one; none for a hit"
    assert keys["top"][1]["use"]["errors"] == 1
    assert [(row["day"], round(row["cost_usd"], 6)) for row in keys["days"]] == [
        ("2026-11-22", 0.25),
        ("2026-11-23", 2.5),
    ]
    models = used_api.call("GET", "/api/v1/spend?over=model").json()["top"]
    assert [(row["title"], round(row["use"]["cost_usd"], 6), row["use"]["errors"]) for row in models] == [
        ("big", 2.747, 1), ("small", 0.003, 3),
    ]  # fmt: skip
    tasks = used_api.call("GET", "/api/v1/spend?over=task&name=chat").json()
    assert [row["requests"] for row in tasks["days"]] == [1]
    [project] = used_api.call("GET", "/api/v1/spend?over=project&days=366").json()["top"]
    assert (project["title"], round(project["use"]["cost_usd"], 6)) == ("default", 11.75)
    assert used_api.call("GET", "/api/v1/spend?over=people").status == 400


def test_how_far_ceilings_are_used_and_where_it_goes(used_api: Any) -> None:
    key = make_key(
        used_api, limits={"usd_per_day": 4.0, "usd_per_month": 100, "requests_per_minute": 60, "concurrent": 3}
    )
    make_key(used_api, name="free")
    spec = {"over": "project", "limits": {"tokens_per_day": 1000}}
    used_api.call("POST", "/api/v1/documents/apply", {"limits": [spec]})
    book = LeaseBook(used_api.context.db, used_api.clock)
    most = Amount(usd=0.5, requests=10, slots=2)
    ask = AccountAsk(account=key["id"], told_usd=1.0, least=most, most=most)
    assert book.lease(LeaseRequest(asks=(ask,)), "m.0.x").leases[0].granted.usd == 0.5
    by_key, by_project = used_api.call("GET", "/api/v1/spend").json()["ceilings"]
    assert (by_key["over"], by_key["name"], by_key["title"]) == ("key", key["id"], "app")
    burns = {burn["limit"]: burn for burn in by_key["burns"]}
    day = burns["usd_per_day"]
    assert (day["ceiling"], day["used"], day["leased"], day["left"]) == (4.0, 1.0, 0.5, 2.5)
    assert day["projected"] == pytest.approx(2.0), "half of the day is over"
    assert datetime.fromtimestamp(day["ends_ms"] / 1000, UTC).isoformat() == "2026-11-24T00:00:00+00:00"
    month = burns["usd_per_month"]
    assert datetime.fromtimestamp(month["ends_ms"] / 1000, UTC).isoformat() == "2026-12-01T00:00:00+00:00"
    assert month["projected"] == pytest.approx(1.0 / (22.5 / 30))
    assert (burns["requests_per_minute"]["used"], burns["requests_per_minute"]["left"]) == (10, 50)
    assert (burns["concurrent"]["leased"], burns["concurrent"]["left"]) == (2, 1)
    assert (by_project["over"], by_project["title"], by_project["burns"][0]["limit"]) == (
        "project", "default", "tokens_per_day",
    )  # fmt: skip


def test_a_keys_limits_change_and_what_is_not_named_stays(used_api: Any) -> None:
    key = make_key(used_api, requests_per_minute=5, limits={"usd_per_month": 9}, operations=["chat"], direct=True)
    assert (key["limits"]["requests_per_minute"], key["limits"]["usd_per_month"], key["direct"]) == (5, 9, True)
    path = f"/api/v1/keys/{key['id']}"
    changed = used_api.call("PATCH", path, {"limits": {"concurrent": 2}, "direct": False}).json()
    assert (changed["limits"]["concurrent"], changed["limits"]["requests_per_minute"]) == (2, 0)
    assert (changed["operations"], changed["direct"]) == (["chat"], False)
    audit = used_api.call("GET", "/api/v1/audit?action=key.change").json()["data"]
    assert audit[0]["detail"]["limits"]["concurrent"] == 2
    for body, code in (
        ({"limits": {"usd_per_day": -1}}, "bad_limit"),
        ({"limits": {"usd_per_day": 1e300}}, "bad_limit"),
        ({"operations": ["fly"]}, "bad_operation"),
    ):
        answer = used_api.call("PATCH", path, body)
        assert (answer.status, answer.json()["error"]["code"]) == (400, code)
    used_api.call("DELETE", path)
    assert used_api.call("PATCH", path, {"direct": True}).status == 409
