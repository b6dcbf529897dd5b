"""Every route that changes something writes its audit row, every route that shows what people wrote writes one too.

A new route fails here until it has a case: a request that works, and the rows that it has to leave. The loop is the
real one; only its workflows and engines are noted instead of started.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import select

from volant.api.access import permission_of
from volant.api.app import create_app, limited, routes
from volant.api.services import Services
from volant.core.nouns import InferenceRecord, ItemScore, Report, Verdict
from volant.jobs.workflows import WorkflowStatus
from volant.loop import register, serving
from volant.registry import audit as chain
from volant.registry import datasets, models, records, reports, runs, state
from volant.registry.datasets import Member
from volant.serve.engine_client import Served
from volant.serve.files import Address
from volant.store.tables import audit
from volant.traces.ingest import ingest

QUESTIONS = Path(__file__).parents[2] / "examples" / "helpdesk" / "questions.csv"
DEPLOYMENT = {"name": "d", "provider": "mock", "model": "m", "base_url": "http://127.0.0.1:9/v1"}
DOCUMENTS: dict[str, Any] = {
    "deployments": [DEPLOYMENT],
    "tasks": [{"name": "desk", "variants": [{"name": one, "deployments": ["d"]} for one in ("old", "new")]}],
    "gates": [{"name": "gate"}],
    "monitors": [{"name": "watch", "task": "desk", "measure": "error_rate", "threshold": 0.5}],
    "loops": [{"task": "desk", "monitor": "watch", "recipe": "debug", "gate": "gate"}],
}
PASSWORD = "a long enough sentence 4711"


class NotedWorkflows:
    """Starts nothing; writes down what would start, and the newest audit row that was committed by then."""

    def __init__(self, db: Any) -> None:
        self._db = db
        self.started: dict[str, tuple[str, str]] = {}  # id → name, newest action
        self.projects: dict[str, str] = {}

    def workflow(self, name: str) -> Callable[[Any], Any]:
        return lambda function: function

    def start(self, name: str, workflow_id: str, *ids: object) -> str:
        with self._db.read() as tx:
            last = tx.execute(select(audit.c.action).order_by(audit.c.id.desc()).limit(1)).scalar() or ""
        self.started.setdefault(workflow_id, (name, last))
        self.projects.setdefault(workflow_id, str(ids[0]))
        return workflow_id

    def status(self, workflow_id: str) -> WorkflowStatus | None:
        found = self.started.get(workflow_id)
        if found is None:
            return None
        project = self.projects[workflow_id]
        return WorkflowStatus(workflow_id=workflow_id, name=found[0], state="running", project=project)

    def step(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    def current_id(self) -> str:
        return ""

    def cancel(self, workflow_id: str) -> None:
        assert workflow_id in self.started

    def close(self) -> None:
        pass


@dataclasses.dataclass
class House:
    """The application with a real loop, and something of every noun in its store."""

    api: Any
    workflows: NotedWorkflows
    version: str = ""
    model: str = ""  # passed its gate, not live
    live: str = ""  # serves
    run: str = ""
    cookie: str = ""
    csrf: str = ""
    person: str = ""

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        return self.api.call(method, f"/api/v1{path}", body, **options)

    def by_cookie(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"cookie": self.cookie, "x-volant-csrf": self.csrf}
        return self.call(method, path, body, key="", headers=headers)

    def rows(self, after: int = 0) -> list[Any]:
        with self.api.context.db.read() as tx:
            return list(tx.execute(select(audit).where(audit.c.id > after).order_by(audit.c.id)))


@pytest.fixture
def house(make_api: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    api = make_api()
    plain = api.context
    workflows = NotedWorkflows(plain.db)
    context = dataclasses.replace(plain, workflows=workflows)
    services = Services(
        context=context, snapshots=None, leases=api.leases, readiness=api.ready, actions=register(context).actions
    )  # type: ignore[arg-type]
    api.inner = create_app(services)
    api.app = limited(api.inner, services)
    monkeypatch.setattr(serving.planner, "facts", lambda place: SimpleNamespace(context=128))
    monkeypatch.setattr(
        serving.engine_client, "wait_healthy", lambda *_, **__: Address(port=9, pid=1, model_sha256="0" * 64)
    )
    served = Served(model="m", parameters=1, context=128, vocabulary=9, size_bytes=9)
    monkeypatch.setattr(serving.engine_client, "describe", lambda address: served)
    made = House(api=api, workflows=workflows)
    _fill(made, context)
    yield made
    plain.workflows.close()


def _fill(house: House, context: Any) -> None:
    assert house.call("POST", "/documents/apply", DOCUMENTS).status == 200
    now = context.clock.now_ms()
    with context.db.begin() as tx:
        new = [
            records.NewRecord(source="s", position=number, body={"question": f"q{number}", "label": "a"},
                              subject="sub_" + "1" * 32, purpose="training", legal_basis="contract")
            for number in range(4)
        ]  # fmt: skip
        ids = records.insert_records(tx, context.keyring, "default", new, now_ms=now)
        members = [Member(one, "test" if number == 3 else "train") for number, one in enumerate(ids)]
        house.version = datasets.create_version(tx, context.blobs, "default", "desk", members, now_ms=now).id
        for name in ("live", "model"):
            made = models.register(tx, "default", name, now_ms=now, dataset_version_id=house.version, gguf="x.gguf")
            setattr(house, name, made.id)
        verdict = Verdict(verdict_id="ver_1", gate="gate", model_id=house.model, outcome="pass", reasons=())
        reports.add_verdict(tx, "default", verdict, now_ms=now)
        item = ItemScore(item="desk:0", cluster="c", score=1.0, known=True)
        report = Report(
            report_id="rep_1", suite="accuracy", model_id=house.model, metrics=(), evaluated=1, items=(item,)
        )
        reports.add_report(tx, "default", report, now_ms=now)
        house.run = runs.create_run(tx, "default", "train", {}, now_ms=now).id
        ingest(tx, context.keyring, [_inference(now)], now_ms=now)


def _inference(now: int) -> InferenceRecord:
    return InferenceRecord(
        inference_id="inf_1", project="default", key_id="k", trace_id="t", span_id="s", task="desk", variant="old",
        deployment="d", model="m", subject="sub_" + "1" * 32, session="ses_1", started_ms=now, latency_ms=1.0,
        ttft_ms=1.0, status=200, input=b'{"messages": []}', output=b'{"choices": []}',
    )  # fmt: skip


def _serve(house: House) -> None:
    """A model of ours serves the task."""
    with house.api.context.db.begin() as tx:
        variant = serving.VariantSpec(name="ours", deployments=("d",), model_id=house.live)
        state.put_variant(tx, "default", "desk", variant, now_ms=1)
        state.set_live(tx, "default", "desk", "ours", now_ms=1)


def _roll(house: House) -> str:
    started = house.call("POST", "/rollouts", {"task": "desk", "variant": "new"})
    assert started.status == 202, started.body
    return str(started.json()["object_id"])


def _stopped(house: House) -> str:
    """A run that somebody stopped."""
    house.api.context.executor.run_dir(house.run).joinpath("spec.json").write_text("{}")
    assert house.call("POST", f"/runs/{house.run}/cancel").status == 200
    return house.run


def _key(house: House) -> str:
    return str(house.call("POST", "/keys", {"name": "k", "scopes": ["read"]}).json()["key"]["id"])


def _sign_in(house: House) -> None:
    """The first person, by the link of the first start."""
    link = house.call("GET", "/invitations/setup").json()["link"]
    body = {"token": link.rsplit("/", 1)[1], "name": "Ada", "email": "ada@example.org", "password": PASSWORD}
    answer = house.call("POST", "/session/accept", body, key="")
    assert answer.status == 200, answer.body
    house.cookie = answer.headers["set-cookie"].split(";")[0]
    house.csrf, house.person = answer.json()["csrf"], answer.json()["person"]["id"]


def _member(house: House) -> str:
    """A second person, so that the last admin stays."""
    _sign_in(house)
    link = house.call("POST", "/invitations", {"email": "bob@example.org", "role": "engineer"}).json()["link"]
    body = {"token": link.rsplit("/", 1)[1], "name": "Bob", "email": "bob@example.org", "password": PASSWORD}
    return str(house.call("POST", "/session/accept", body, key="").json()["person"]["id"])


def _copy(house: House) -> str:
    """A finished backup."""
    house.call("POST", "/backups", {})
    return _finished(house)


def _finished(house: House) -> str:
    """The newest backup's name, as soon as it is written."""
    for _ in range(600):
        newest = house.call("GET", "/backups").json()["data"][0]
        if newest["state"] != "running":
            assert newest["state"] == "done", newest
            return str(newest["name"])
        time.sleep(0.1)
    raise AssertionError("the backup does not end")


# ---------------------------------------------------------------- the cases
Case = tuple[Callable[[House], Any], Callable[[House], Any], tuple[str, ...]]
CASES: dict[str, Case] = {}


def case(route: str, *actions: str, before: Callable[[House], Any] = lambda house: None) -> Any:
    """A request that works and the rows that it leaves; `before` makes what it needs, and gives it as an argument."""

    def keep(request: Callable[..., Any]) -> Callable[..., Any]:
        assert route not in CASES
        CASES[route] = (before, request, actions)
        return request

    return keep


def simple(route: str, *actions: str, body: Any = None, before: Callable[[House], Any] = lambda house: None) -> None:
    """A case whose path needs at most what `before` gives, as `{}`."""
    method, _, path = route.partition(" ")
    head = path.partition("{")[0] + "{}" + path.rpartition("}")[2] if "{" in path else path

    def request(house: House, given: Any) -> Any:
        return house.call(method, head.removeprefix("/api/v1").replace("{}", str(given)), body)

    case(route, *actions, before=before)(request)


simple("POST /api/v1/keys", "key.create", body={"name": "Jane Doe's", "scopes": ["read"]})
simple("PATCH /api/v1/keys/{key_id}", "key.change", body={"limits": {"usd_per_day": 2.0}}, before=_key)
simple("POST /api/v1/keys/{key_id}/rotate", "key.rotate", before=_key)
simple("DELETE /api/v1/keys/{key_id}", "key.revoke", before=_key)
simple("PUT /api/v1/secrets/{name}", "secret.put", body={"value": "s3cret"}, before=lambda house: "openai")
simple("DELETE /api/v1/secrets/{name}", "secret.remove",
       before=lambda house: house.call("PUT", "/secrets/openai", {"value": "s"}) and "openai")  # fmt: skip
simple("POST /api/v1/documents/apply", "document.apply", body={**DOCUMENTS, "policy": {"retention_days": 9}})
PROMPT = {"name": "desk", "messages": [{"role": "system", "template": "Be kind."}]}


def _prompt(house: House) -> str:
    assert house.call("POST", "/prompts", PROMPT).status == 201
    return "desk"


simple("POST /api/v1/prompts", "prompt.save", "prompt.label", body={**PROMPT, "labels": ["production"]})
simple("POST /api/v1/prompts/check", body={"messages": PROMPT["messages"]})
simple("POST /api/v1/prompts/{name}/archive", "prompt.archive", before=_prompt)
simple("POST /api/v1/prompts/{name}/restore", "prompt.restore", before=_prompt)


@case("POST /api/v1/prompts/{name}/versions/{version}/render", before=_prompt)
def _render(house: House, _given: Any) -> Any:
    return house.call("POST", "/prompts/desk/versions/1/render", {})


@case("PUT /api/v1/prompts/{name}/labels/{label}", "prompt.label", before=_prompt)
def _label(house: House, _given: Any) -> Any:
    return house.call("PUT", "/prompts/desk/labels/production", {"version": "1"})


simple("POST /api/v1/documents/diff", body={**DOCUMENTS, "policy": {"retention_days": 9}})
simple("POST /api/v1/feedback", "feedback.give", body={"inference_id": "inf_1", "value": True})
simple("POST /api/v1/feedback/batch", "feedback.give", body={"feedback": [{"inference_id": "inf_1", "value": True}]})
APPROVAL = {"subject_kind": "verdict", "subject_id": "ver_1", "evidence_hash": "h", "decision": "approve"}
simple("POST /api/v1/reviews", "review.sign", body=APPROVAL)
simple("POST /api/v1/erasures", "erasure.request", body={"user": "jane@example.org", "reason": "Jane Doe asked"})
simple("POST /api/v1/rollouts", "rollout.start", body={"task": "desk", "variant": "new"})
simple("POST /api/v1/runs/{run_id}/cancel", "run.cancel", before=lambda house: house.run)
simple("POST /api/v1/runs/{run_id}/resume", "resume.start", body={}, before=_stopped)
simple("POST /api/v1/projects", "project.create", body={"name": "second"})
simple("POST /api/v1/invitations", "person.invite", body={"email": "bob@example.org", "role": "viewer"})
simple("DELETE /api/v1/invitations/{invitation_id}", "person.uninvite",
       before=lambda house: house.call("POST", "/invitations", {"email": "b@example.org", "role": "viewer"})
       .json()["invitation"]["id"])  # fmt: skip
simple("PUT /api/v1/people/{person_id}", "person.role", body={"role": "viewer"}, before=_member)
simple("DELETE /api/v1/people/{person_id}", "person.remove", before=_member)
simple("POST /api/v1/people/{person_id}/unlock", "person.unlock", before=_member)
simple("POST /api/v1/people/{person_id}/reset-password", "password.reset", before=_member)


@case("POST /api/v1/datasets/import", "dataset.import")
def _import(house: House, _given: Any) -> Any:
    parts = [b'--b\r\ncontent-disposition: form-data; name="options"\r\n\r\n{"dataset": "bank"}\r\n']
    parts += [b'--b\r\ncontent-disposition: form-data; name="data"; filename="q.csv"\r\n\r\n']
    parts += [b"\n".join(QUESTIONS.read_bytes().splitlines()[:301]), b"\r\n--b--\r\n"]
    headers = {"content-type": "multipart/form-data; boundary=b"}
    return house.call("POST", "/datasets/import", chunks=parts, headers=headers)


def _judged(house: House) -> str:
    """An accepted answer that says an intent."""
    said = {"messages": [{"role": "user", "content": "where is the card of Jane Doe, jane@example.org"}]}
    answer = {"choices": [{"message": {"content": '{"intent": "a"}'}}]}
    now = house.api.clock.now_ms()
    record = msgspec.structs.replace(
        _inference(now), inference_id="inf_9", subject="sub_" + "9" * 32, input=msgspec.json.encode(said),
        output=msgspec.json.encode(answer),
    )  # fmt: skip
    with house.api.context.db.begin() as tx:
        ingest(tx, house.api.context.keyring, [record], now_ms=now)
    assert house.call("POST", "/feedback", {"inference_id": "inf_9", "value": True}).status == 201
    return "inf_9"


@case("POST /api/v1/datasets/{name}/from-traces", "content.read", "dataset.extend", before=_judged)
def _from_traces(house: House, given: str) -> Any:
    answer = house.call("POST", "/datasets/desk/from-traces", {"inference_ids": [given, "inf_1"]})
    assert (answer.json()["added"], len(answer.json()["refused"])) == (1, 1)
    return answer


@case("POST /api/v1/datasets/{name}/cases", "dataset.case")
def _case(house: House, _given: Any) -> Any:
    answer = house.call("POST", "/datasets/desk/cases", {"question": "mail jane@example.org my card", "label": "a"})
    assert (answer.json()["redacted"], answer.json()["question"]) == (True, "mail [EMAIL] my card")
    again = house.call("POST", "/datasets/desk/cases", {"question": "mail joe@example.org my card", "label": "b"})
    assert (again.status, again.json()["error"]["code"]) == (409, "known_question")
    return answer


@case("POST /api/v1/playground/key", "key.create")
def _playground(house: House, _given: Any) -> Any:
    return house.call("POST", "/playground/key", {"minutes": 5})


@case("POST /api/v1/loop/{task}/train", "build.start")
def _train(house: House, _given: Any) -> Any:
    return house.call("POST", "/loop/desk/train", {"dataset_version_id": house.version})


@case("POST /api/v1/loop/{task}/retrain", "retrain.start", before=_serve)
def _retrain(house: House, _given: Any) -> Any:
    return house.call("POST", "/loop/desk/retrain", {})


@case("POST /api/v1/reports", "evaluation.start")
def _evaluate(house: House, _given: Any) -> Any:
    return house.call("POST", "/reports", {"model": house.model})


@case("POST /api/v1/verdicts", "verdict.decide")
def _judge(house: House, _given: Any) -> Any:
    return house.call("POST", "/verdicts", {"model": house.model, "gate": "gate"})


@case("POST /api/v1/releases", "deployment.start", "release.propose", "review.sign", "release.live")
def _release(house: House, _given: Any) -> Any:
    return house.call("POST", "/releases", {"task": "desk", "model": house.model, "comment": "Jane said so"})


@case("POST /api/v1/rollouts/{rollout_id}/{action}", "rollout.say", before=_roll)
def _say(house: House, rollout: str) -> Any:
    return house.call("POST", f"/rollouts/{rollout}/hold", {"comment": "Jane said so"})


@case("POST /api/v1/workflows/{workflow_id}/cancel", "workflow.cancel", before=_roll)
def _cancel_workflow(house: House, rollout: str) -> Any:
    return house.call("POST", f"/workflows/rollout-{rollout}/cancel")


@case("POST /api/v1/backups", "backup.create")
def _backup(house: House, _given: Any) -> Any:
    answer = house.call("POST", "/backups", {})
    _finished(house)
    return answer


@case("POST /api/v1/backups/{name}/verify", before=_copy)
def _verify_backup(house: House, name: str) -> Any:
    return house.call("POST", f"/backups/{name}/verify")


def _a_year_later(house: House) -> None:
    house.api.clock.advance(400 * 86_400_000)


@case("POST /api/v1/retention/sweep", "retention.sweep", before=_a_year_later)
def _sweep(house: House, _given: Any) -> Any:
    return house.call("POST", "/retention/sweep")


@case("GET /api/v1/export/content/{kind}", "content.read")
def _export_content(house: House, _given: Any) -> Any:
    return house.call("GET", "/export/content/records")


@case("POST /api/v1/session", "session.begin", before=_sign_in)
def _session(house: House, _given: Any) -> Any:
    return house.call("POST", "/session", {"email": "ada@example.org", "password": PASSWORD}, key="")


@case("POST /api/v1/session/accept", "session.begin")
def _accept(house: House, _given: Any) -> Any:
    _sign_in(house)
    return SimpleNamespace(status=200)


@case("DELETE /api/v1/session", "session.end", before=_sign_in)
def _sign_out(house: House, _given: Any) -> Any:
    return house.by_cookie("DELETE", "/session")


@case("PUT /api/v1/session/password", "password.change", "session.begin", before=_sign_in)
def _password(house: House, _given: Any) -> Any:
    return house.by_cookie("PUT", "/session/password", {"old": PASSWORD, "new": PASSWORD + " and more"})


@case("DELETE /api/v1/session/{session_id}", "session.end", before=_sign_in)
def _end_session(house: House, _given: Any) -> Any:
    mine = house.by_cookie("GET", "/session/all").json()["data"][0]["id"]
    return house.by_cookie("DELETE", f"/session/{mine}")


# What people wrote: each answer is told before it leaves.
simple("GET /api/v1/inferences/{inference_id}", "content.read", before=lambda house: "inf_1")
simple("GET /api/v1/inferences/{inference_id}/payload", "content.read", before=lambda house: "inf_1")
simple("GET /api/v1/dataset-versions/{version_id}/rows", "content.read", before=lambda house: house.version)

simple("GET /api/v1/views/datasets/{version_id}/records", "content.read", before=lambda house: house.version)
_REMOVED = "GET /api/v1/views/datasets/{version_id}/removed/{step}"
case(_REMOVED, "content.read")(lambda house, _: house.call("GET", f"/views/datasets/{house.version}/removed/exact"))
_ITEM = "GET /api/v1/views/reports/{report_id}/item"
case(_ITEM, "content.read")(lambda house, _: house.call("GET", "/views/reports/rep_1/item?item=desk:0"))

READS_ONLY = {
    "POST /api/v1/documents/diff",
    "POST /api/v1/prompts/check",
    "POST /api/v1/prompts/{name}/versions/{version}/render",
    "POST /api/v1/backups/{name}/verify",
}
ASKS_NOTHING = {"POST /api/v1/retention/sweep"}  # with the right to do it, there is nothing to get wrong
ROUTES = [
    (method, str(route.path), permission_of(route.dependant))  # type: ignore[attr-defined]
    for route in iter_route_contexts(routes().routes)
    for method in sorted(route.methods or ())
    if method != "HEAD" and not str(route.path).startswith("/internal/")
]
CHANGING = [f"{method} {path}" for method, path, _ in ROUTES if method not in ("GET", "OPTIONS")]
OPENING = [f"{method} {path}" for method, path, needed in ROUTES if needed == "content" and method == "GET"]


def test_the_walk_sees_the_whole_application() -> None:
    assert len(CHANGING) > 25
    assert "POST /api/v1/rollouts/{rollout_id}/{action}" in CHANGING
    assert len(OPENING) >= 3
    gone = set(CASES) - set(CHANGING) - set(OPENING)
    assert not gone, f"cases of routes that are not there: {gone}"


@pytest.mark.parametrize("route", CHANGING)
def test_every_route_that_changes_something_leaves_exactly_its_rows(house: House, route: str) -> None:
    assert route in CASES, "a new route that changes something: add a case here, and `did(...)` there"
    assert CASES[route][2] or route in READS_ONLY, "it changes something, so it leaves a row"
    _leaves(house, route)


@pytest.mark.parametrize("route", OPENING)
def test_every_route_that_shows_what_people_wrote_says_so(house: House, route: str) -> None:
    assert route in CASES, "a new route that shows what people wrote: add a case here, and `reads(...)` there"
    assert CASES[route][2] == ("content.read",)
    _leaves(house, route)


def _leaves(house: House, route: str) -> None:
    before, request, actions = CASES[route]
    given = before(house)
    last = max((row.id for row in house.rows()), default=0)
    already = len(house.workflows.started)
    answer = request(house, given)
    assert answer.status < 300, getattr(answer, "body", b"")
    rows = house.rows(last)
    assert tuple(row.action for row in rows) == actions
    for row in rows:
        assert row.actor.startswith(("key_", "usr_")), "a person's or a key's doing is not the loop's"
        told = json.dumps([row.object_kind, row.object_id, row.detail])
        for word in ("jane", "Jane", "s3cret", "example.org", PASSWORD, "Ada", "127.0.0.1"):
            assert word not in told
    for _, newest in list(house.workflows.started.values())[already:]:
        assert newest == actions[-1], "the row is committed before the work begins"
    with house.api.context.db.read() as tx:
        assert chain.verify(tx, house.api.context.vault).intact


@pytest.mark.parametrize("route", [one for one in CHANGING if one not in READS_ONLY])
def test_what_is_refused_leaves_no_row_but_the_refusal(house: House, route: str) -> None:
    method, _, path = route.partition(" ")
    while "{" in path:
        path = path.partition("{")[0] + "nothing" + path.partition("}")[2]
    weak = house.api.make_key("inference")
    last = max(row.id for row in house.rows())
    for key in ("", "vk_wrong", weak, None)[: 3 if route in ASKS_NOTHING else 4]:
        answer = house.api.call(method, path, {"no": "such field"} if method in ("POST", "PUT") else None, key=key)
        assert answer.status >= 400, f"{path} with key {key!r}: {answer.body!r}"
    assert {row.action for row in house.rows(last)} <= {"access.refused"}


def test_asking_again_with_the_same_key_leaves_no_second_row(house: House) -> None:
    body = {"dataset_version_id": house.version, "key": "once"}
    assert house.call("POST", "/loop/desk/train", body).json()["already"] is False
    last = house.rows()[-1].id
    assert house.call("POST", "/loop/desk/train", body).json()["already"] is True
    assert house.call("POST", "/documents/apply", DOCUMENTS).status == 200
    judged = {"inference_id": "inf_1", "value": True, "idempotency_key": "x"}
    assert house.call("POST", "/feedback", judged).json()["new"] is True
    assert house.call("POST", "/feedback", judged).json()["new"] is False
    assert [row.action for row in house.rows(last)] == ["feedback.give"]


def test_who_read_what_a_person_said_can_be_asked(house: House) -> None:
    subject = "sub_" + "1" * 32
    now = house.api.clock.now_ms()
    somebody_elses = msgspec.structs.replace(_inference(now), inference_id="inf_2", subject="sub_" + "2" * 32)
    with house.api.context.db.begin() as tx:
        ingest(tx, house.api.context.keyring, [somebody_elses], now_ms=now)
    for path in ("/inferences/inf_1/payload", "/inferences/inf_2/payload", f"/dataset-versions/{house.version}/rows"):
        assert house.call("GET", path).status == 200
    found = house.call("GET", f"/audit?subject={subject}").json()["data"]
    assert [(row["action"], row["object_id"]) for row in found] == [
        ("content.read", house.version), ("content.read", "inf_1")]  # fmt: skip
    assert found[0]["detail"]["count"] == 4
    assert house.call("GET", "/audit?subject=sub_nobody").json()["data"] == []
