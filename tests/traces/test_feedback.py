"""Feedback: idempotent, before or after its inference, sealed, counted by the newest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from volant.core.errors import BadInput, Conflict
from volant.core.nouns import InferenceRecord
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.traces import erase, feedback, query
from volant.traces.feedback import NewFeedback
from volant.traces.ingest import ingest
from volant.traces.metrics import Metrics, metrics

Make = Callable[..., InferenceRecord]
START_MS = 1_700_000_040_000
RIGHT = {"intent": "card_swallowed"}


def window(database: Database) -> Metrics:
    with database.read() as tx:
        return metrics(tx, "default", since_ms=START_MS, until_ms=START_MS + 60_000)


def add(database: Database, ring: KeyRing, now_ms: int = START_MS + 1, **given: object) -> feedback.Added:
    with database.begin() as tx:
        return feedback.add(tx, ring, "default", NewFeedback(**given), now_ms=now_ms)  # type: ignore[arg-type]


def test_the_newest_judgement_counts_once(database: Database, ring: KeyRing, make: Make) -> None:
    record = make(subject="sub_a")
    with database.begin() as tx:
        ingest(tx, ring, [record], now_ms=1)
    first = add(database, ring, inference_id=record.inference_id, value=True, idempotency_key="k1")
    again = add(database, ring, inference_id=record.inference_id, value=True, idempotency_key="k1")
    assert (first.new, again.new, again.id) == (True, False, first.id)
    assert (window(database).accepted, window(database).corrected) == (1, 0)
    add(database, ring, now_ms=START_MS + 9, inference_id=record.inference_id, demonstration=RIGHT, comment="no!")
    assert (window(database).accepted, window(database).corrected) == (0, 1)
    add(database, ring, now_ms=START_MS + 5, inference_id=record.inference_id, value=True)  # older, arrives late
    assert (window(database).accepted, window(database).corrected) == (0, 1)
    assert window(database).corrected_share == 1.0
    with database.read() as tx:
        kept = feedback.of_inferences(tx, ring, "default", [record.inference_id])[record.inference_id]
        assert [one.corrected for one in kept] == [False, False, True]
        assert (kept[-1].demonstration, kept[-1].comment, kept[-1].metric) == (RIGHT, "no!", "accepted")
        counted = query.reviewed(tx, "default", "intent")
        assert (counted.accepted, counted.corrected, counted.clusters) == (0, 1, ((1, 1),))
        assert len(query.list_inferences(tx, "default", query.Filter(corrected=True))) == 1
        assert query.list_inferences(tx, "default", query.Filter(corrected=False)) == []


def test_a_key_used_for_something_else_is_refused(database: Database, ring: KeyRing) -> None:
    add(database, ring, inference_id="inf_1", value=True, idempotency_key="k")
    for other in ({"inference_id": "inf_2", "value": True}, {"inference_id": "inf_1", "value": False}):
        with pytest.raises(Conflict, match="was used for other feedback"):
            add(database, ring, idempotency_key="k", **other)


@pytest.mark.parametrize("by_response", [False, True])
def test_feedback_may_come_first(database: Database, ring: KeyRing, make: Make, by_response: bool) -> None:
    record = make(subject="sub_a")
    named = {"response_id": f"chatcmpl-{record.inference_id}"} if by_response else {"inference_id": record.inference_id}
    early = add(database, ring, demonstration=RIGHT, **named)
    assert early.pending
    assert window(database).corrected == 0
    with database.begin() as tx:
        assert ingest(tx, ring, [record], now_ms=START_MS + 2).feedback == 1
    assert window(database).corrected == 1
    with database.read() as tx:
        kept = feedback.of_inferences(tx, ring, "default", [record.inference_id])[record.inference_id]
        assert kept[0].demonstration == RIGHT
        answers = list(query.reviewed_answers(tx, ring, "default", "intent"))
        assert (answers[0].demonstration, answers[0].corrected, answers[0].subject) == (RIGHT, True, "sub_a")
        assert answers[0].input == record.input
    assert not add(database, ring, value=True, **named).pending
    with database.begin() as tx:  # it is sealed under the person's key now
        ring.destroy(tx, "default", "sub_a", now_ms=START_MS + 3)
        kept = feedback.of_inferences(tx, ring, "default", [record.inference_id])[record.inference_id]
        assert kept[0].demonstration is None


def test_waiting_feedback_of_an_erased_person_loses_its_text(
    database: Database, ring: KeyRing, make: Make, tmp_path: Path
) -> None:
    record = make(subject="sub_a", started_ms=START_MS)
    add(database, ring, inference_id=record.inference_id, demonstration=RIGHT)
    with database.begin() as tx:
        ring.destroy(tx, "default", "sub_a", now_ms=START_MS + 5)
        ingest(tx, ring, [record], now_ms=START_MS + 6)
    late = add(database, ring, inference_id=record.inference_id, value=False, comment="what they wrote")
    assert not late.pending
    assert window(database).corrected == 1
    with database.read() as tx:
        for one in feedback.of_inferences(tx, ring, "default", [record.inference_id])[record.inference_id]:
            assert (one.demonstration, one.comment) == (None, "")


def test_an_erasure_reaches_payloads_and_feedback(database: Database, ring: KeyRing, make: Make) -> None:
    theirs = [make(subject="sub_a", session="s", tags={"item": f"A/{n}"}) for n in range(3)]
    others = make(subject="sub_b")
    with database.begin() as tx:
        ingest(tx, ring, [*theirs, others], now_ms=1)
    for record in (*theirs[:2], others):
        add(database, ring, inference_id=record.inference_id, demonstration=RIGHT)
    before = window(database)
    with database.begin() as tx:
        ring.destroy(tx, "default", "sub_a", now_ms=START_MS + 5)
        done = erase.erase_subject(tx, "default", "sub_a", now_ms=START_MS + 5)
        assert (done.inferences, done.payloads, done.feedback_texts) == (3, 3, 2)
        assert erase.erase_subject(tx, "default", "", now_ms=START_MS + 5).inferences == 0
    assert window(database) == before
    with database.read() as tx:
        assert query.ids_of_subject(tx, "default", "sub_a") == []
        row = query.get_inference(tx, "default", theirs[0].inference_id)
        assert (row.subject, row.session, row.tags, row.item) == ("", "", {}, "A/0")
        assert row.erased_ms == START_MS + 5
        assert [one.inference_id for one in query.reviewed_answers(tx, ring, "default", "intent")] == [
            others.inference_id
        ]
        assert query.get_payload(tx, ring, "default", others.inference_id) is not None
    add(database, ring, inference_id=theirs[2].inference_id, demonstration=RIGHT)  # after the erasure
    with database.read() as tx:
        kept = feedback.of_inferences(tx, ring, "default", [theirs[2].inference_id])
        assert kept[theirs[2].inference_id][0].demonstration is None


def test_fallbacks_and_shadows_enter_no_review(database: Database, ring: KeyRing, make: Make) -> None:
    bridged, shadow, canary = make(fallback=True), make(arm="shadow"), make(arm="canary", variant="second")
    with database.begin() as tx:
        ingest(tx, ring, [bridged, shadow, canary], now_ms=1)
    for record in (bridged, shadow, canary):
        add(database, ring, inference_id=record.inference_id, value=False)
    assert window(database).corrected == 1
    with database.read() as tx:
        assert query.reviewed(tx, "default", "intent").corrected == 1
        assert query.reviewed(tx, "default", "intent", arm="live").corrected == 0
        assert query.reviewed(tx, "default", "intent", variant="second").corrected == 1
        assert query.reviewed(tx, "default", "intent", since_ms=START_MS + 2).corrected == 0
        assert query.reviewed(tx, "default", "intent", until_ms=START_MS + 1).corrected == 0
        assert len(list(query.reviewed_answers(tx, ring, "default", "intent"))) == 1


def test_canary_rows_carry_what_the_controller_needs(database: Database, ring: KeyRing, make: Make) -> None:
    rows = [
        make(rollout_id="rol_1", subject="sub_a", arm="canary", step=1, canary_failed=True, fallback=True),
        make(rollout_id="rol_1", subject="sub_b", arm="live", started_ms=START_MS + 1),
        make(rollout_id="rol_1", arm="shadow", started_ms=START_MS + 2, status=500, error_code="upstream_failed"),
        make(rollout_id="rol_2"),
    ]
    with database.begin() as tx:
        ingest(tx, ring, rows, now_ms=1)
    add(database, ring, inference_id=rows[1].inference_id, value=False)
    with database.read() as tx:
        found = query.canary_rows(tx, "default", "rol_1")
        later = query.canary_rows(tx, "default", "rol_1", since_ms=START_MS + 1)
    assert [(one.arm, one.subject, one.step, one.canary_failed, one.corrected) for one in found] == [
        ("canary", "sub_a", 1, True, None),
        ("live", "sub_b", 0, False, True),
        ("shadow", "", 0, False, None),
    ]
    assert found[2].error_code == "upstream_failed"
    assert later == found[1:]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"value": True}, "must name an inference"),
        ({"inference_id": "inf_1"}, "needs a value"),
        ({"inference_id": "inf_1", "metric": "accepted", "value": 0.5}, "true or false"),
        ({"inference_id": "inf_1", "metric": "no spaces", "value": 0.5}, "cannot name a metric"),
    ],
)
def test_feedback_that_judges_nothing_is_refused(
    database: Database, ring: KeyRing, given: dict[str, object], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        add(database, ring, **given)


def test_other_metrics_do_not_touch_the_verdict(database: Database, ring: KeyRing, make: Make) -> None:
    record = make()
    with database.begin() as tx:
        ingest(tx, ring, [record], now_ms=1)
    add(database, ring, inference_id=record.inference_id, metric="helpfulness", value=0.4)
    add(database, ring, inference_id=record.inference_id, comment="hm")
    assert (window(database).accepted, window(database).corrected) == (0, 0)
    with database.read() as tx:
        kept = feedback.of_inferences(tx, ring, "default", [record.inference_id])[record.inference_id]
    assert [(one.metric, one.value, one.corrected) for one in kept] == [
        ("helpfulness", 0.4, None),
        ("comment", None, None),
    ]
