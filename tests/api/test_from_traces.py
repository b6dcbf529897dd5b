"""Chosen answers to a dataset: what the route refuses before the loop is asked, and that it leaves no row then."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from volant.registry import datasets
from volant.store.tables import audit

PATH = "/api/v1/datasets/desk/from-traces"


@pytest.fixture
def desk(api: Any) -> Any:
    """The application with a dataset `desk`."""
    with api.context.db.begin() as tx:
        datasets.create_version(tx, api.context.blobs, "default", "desk", [], now_ms=1)
    return api


def actions(api: Any) -> list[str]:
    with api.context.db.read() as tx:
        return list(tx.execute(select(audit.c.action).order_by(audit.c.id)).scalars())


def test_each_answer_is_asked_for_once_and_the_reading_is_told(desk: Any) -> None:
    answer = desk.call("POST", PATH, {"inference_ids": ["inf_a", "inf_b", "inf_a"], "dry_run": True})
    assert answer.status == 200
    name, project, dataset, choice = desk.loop.asked[-1]
    assert (name, project, dataset) == ("extend", "default", "desk")
    assert (choice.inference_ids, choice.purpose, choice.legal_basis, choice.dry_run) == (
        ("inf_a", "inf_b"), "training", "legitimate_interest", True)  # fmt: skip
    assert actions(desk)[-1] == "content.read"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        (PATH, {"inference_ids": []}, 400, "no_traces"),
        (PATH, {"inference_ids": [f"inf_{n}" for n in range(1001)]}, 413, "too_many_traces"),
        (PATH.replace("desk", "nowhere"), {"inference_ids": ["inf_a"]}, 404, "dataset_unknown"),
    ],
)
def test_what_makes_no_sense_is_refused_and_reads_nothing(
    desk: Any, path: str, body: Any, status: int, code: str
) -> None:
    before = actions(desk)
    answer = desk.call("POST", path, body)
    assert (answer.status, answer.json()["error"]["code"]) == (status, code)
    assert actions(desk) == before
    assert not desk.loop.asked


@pytest.mark.parametrize(("scopes", "status"), [(("write",), 403), (("read",), 403), (("read", "write"), 200)])
def test_it_needs_data_and_content(desk: Any, scopes: tuple[str, ...], status: int) -> None:
    made = desk.call("POST", "/api/v1/keys", {"name": "k", "scopes": list(scopes)}).json()["clear"]
    assert desk.call("POST", PATH, {"inference_ids": ["inf_a"]}, key=made).status == status
