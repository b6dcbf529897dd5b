"""The application of control in this process: called as ASGI, without a server, with a loop that only takes notes."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest

from volant.api import app as application
from volant.api.app import create_app, limited, routes
from volant.api.services import Services
from volant.app.bootstrap import open_context
from volant.core.clock import ManualClock
from volant.core.errors import BadInput
from volant.core.leasing import Lease, LeaseAnswer, LeaseRequest
from volant.core.nouns import Verdict
from volant.core.settings import ServerSettings
from volant.jobs.actions import (
    BuildOptions,
    CaseAdded,
    FromTraces,
    ImportOptions,
    NewCase,
    RolloutOptions,
    Started,
    TraceChoice,
    Upload,
)
from volant.jobs.context import Context
from volant.loop import cases
from volant.registry import datasets, people, records, rollouts, sessions
from volant.registry.datasets import Member


@dataclass
class NotedLoop:
    """LoopActions that writes down what it was asked and does the least that is real."""

    context: Context
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    uploads: dict[str, bytes] = field(default_factory=dict)
    paths: list[Path] = field(default_factory=list)

    def import_dataset(self, project: str, files: Sequence[Upload], options: ImportOptions, *, by: str) -> str:
        self.asked.append(("import", project, options))
        self.paths = [file.path for file in files]
        self.uploads = {f"{file.role}:{file.name}": file.path.read_bytes() for file in files}
        first = files[0].path.read_text()
        if not first.startswith("question"):
            raise BadInput("csv_header", "no column of questions", where=f"{files[0].name}:1")
        now, context = self.context.clock.now_ms(), self.context
        rows = [
            records.NewRecord(
                source=options.dataset,
                position=number,
                body={"question": line},
                subject="",
                purpose=options.purpose,
                legal_basis=options.legal_basis,
            )
            for number, line in enumerate(first.splitlines()[1:])
        ]
        with context.db.begin() as tx:
            ids = records.insert_records(tx, context.keyring, project, rows, now_ms=now)
            members = [Member(one, "train" if number % 2 else "test") for number, one in enumerate(ids)]
            return datasets.create_version(
                tx, context.blobs, project, options.dataset, members, now_ms=now,
                funnel={"rows_in": len(rows), "removals": [{"row": "x", "reason": "twin"}]}, leaks=[{"test": ids[0]}],
            ).id  # fmt: skip

    def extend_dataset(self, project: str, dataset: str, choice: TraceChoice, *, by: str) -> FromTraces:
        self.asked.append(("extend", project, dataset, choice))
        return FromTraces(
            version_id="dsv_2", parent_id="dsv_1", added=len(choice.inference_ids), splits={}, redacted=0, refused=()
        )

    def add_case(self, project: str, dataset: str, case: NewCase, *, by: str) -> CaseAdded:
        return cases.add(self.context, project, dataset, case, by=by)

    def start_build(self, project: str, task: str, options: BuildOptions, *, by: str) -> Started:
        self.asked.append(("build", project, task, options))
        return Started(workflow_id="w", kind="build")

    def start_retrain(self, project: str, task: str, *, alert_id: str = "", key: str = "", by: str) -> Started:
        self.asked.append(("retrain", project, task, alert_id, key))
        return Started(workflow_id="w", kind="retrain", already=True)

    def start_evaluation(
        self,
        project: str,
        model_id: str,
        *,
        suites: Sequence[str] = (),
        dataset_version_id: str = "",
        baseline_model_id: str = "",
        key: str = "",
        by: str,
    ) -> Started:
        self.asked.append(("evaluate", project, model_id, tuple(suites), dataset_version_id, baseline_model_id, key))
        return Started(workflow_id="w", kind="evaluate")

    def resume_run(self, project: str, run_id: str, *, name: str = "", by: str) -> Started:
        self.asked.append(("resume", project, run_id, name))
        return Started(workflow_id="w", kind="resume")

    def gate(self, project: str, model_id: str, *, gate: str, baseline_model_id: str = "", by: str) -> Verdict:
        self.asked.append(("gate", project, model_id, gate, baseline_model_id))
        return Verdict(verdict_id="ver_1", gate=gate, model_id=model_id, outcome="fail", reasons=())

    def release(
        self, project: str, task: str, *, model_id: str, verdict_id: str = "", reviewer: str, comment: str = "", by: str
    ) -> str:
        self.asked.append(("release", project, task, model_id, verdict_id, reviewer, comment))
        return "rel_1"

    def start_rollout(self, project: str, options: RolloutOptions, *, by: str) -> Started:
        self.asked.append(("rollout", project, options))
        return Started(workflow_id="w", kind="rollout", object_id="rol_1")

    def act_on_rollout(
        self,
        project: str,
        rollout_id: str,
        action: Literal["promote", "hold", "resume", "rollback"],
        *,
        reviewer: str,
        comment: str = "",
        by: str,
    ) -> None:
        with self.context.db.begin() as tx:
            decision = {"action": action, "reviewer": reviewer, "comment": comment}
            rollouts.decide(tx, project, rollout_id, decision, now_ms=self.context.clock.now_ms())

    def start_erasure(self, project: str, *, user: str = "", subject: str = "", reason: str = "", by: str) -> Started:
        self.asked.append(("erase", project, user, subject, reason))
        return Started(workflow_id="w", kind="erase", object_id="era_1")


class NoSnapshots:
    """Nothing changes."""

    async def wait(self, after: int, timeout_s: float, worker: str = "") -> tuple[int, bytes] | None:
        return None if after == 7 else (7, b"\x80")


class NotedLeases:
    """Grants what is asked."""

    def __init__(self) -> None:
        self.workers: list[str] = []

    def lease(self, request: LeaseRequest, holder: str) -> LeaseAnswer:
        self.workers.append(holder)
        return LeaseAnswer(leases=tuple(Lease(granted=ask.most, expires_ms=1) for ask in request.asks))


class Ready:
    """Ready unless told otherwise."""

    def __init__(self) -> None:
        self.out: dict[str, str] = {"database": "ok"}

    def parts(self) -> dict[str, str]:
        return self.out


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: dict[str, str] = field(default_factory=dict)  # name → the whole header

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Api:
    """The application and everything behind it."""

    app: Any  # as it is served
    inner: Any  # the FastAPI application
    context: Context
    loop: NotedLoop
    clock: ManualClock
    root: str
    ready: Ready
    leases: NotedLeases

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        chunks: Sequence[bytes] | None = None,
    ) -> Answer:
        """One request. `key`: None for the root key, "" for none. `chunks`: a raw body instead of JSON."""
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        if key != "":
            sent.setdefault("authorization", f"Bearer {self.root if key is None else key}")
        parts = list(chunks) if chunks is not None else [json.dumps(body).encode() if body is not None else b""]
        if body is not None:
            sent.setdefault("content-type", "application/json")
        return asyncio.run(_asgi(self.app, method, path, sent, parts))

    def make_key(self, *scopes: str, tasks: Sequence[str] = ()) -> str:
        body = {"name": "test", "scopes": scopes, "tasks": list(tasks)}
        return str(self.call("POST", "/api/v1/keys", body).json()["clear"])


async def _asgi(app: Any, method: str, path: str, headers: dict[str, str], chunks: list[bytes]) -> Answer:
    parts = urlsplit(path)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "scheme": "http",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
    }
    waiting = [{"type": "http.request", "body": part, "more_body": True} for part in chunks]
    waiting[-1]["more_body"] = False
    out: list[dict[str, Any]] = []
    finished = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop(0)
        await finished.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        out.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            finished.set()

    await app(scope, receive, send)
    head = next(message for message in out if message["type"] == "http.response.start")
    body = b"".join(message.get("body", b"") for message in out if message["type"] == "http.response.body")
    cookies = {v.decode().partition("=")[0]: v.decode() for k, v in head["headers"] if k == b"set-cookie"}
    return Answer(head["status"], {k.decode(): v.decode() for k, v in head["headers"]}, body, cookies)


@dataclass
class Browser:
    """A person's browser: keeps the session's cookie and sends its CSRF token as the console does."""

    api: Api
    cookie: str = ""
    csrf: str = ""
    project: str = ""
    person_id: str = ""

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """One request; `headers` win over the browser's own, and None leaves one out."""
        own = {"cookie": f"volant_session={self.cookie}" if self.cookie else "", "x-volant-project": self.project}
        own["x-volant-csrf"] = self.csrf if method != "GET" else ""
        sent = {name: value for name, value in {**own, **(headers or {})}.items() if value}
        answer = self.api.call(method, path, body, key="", headers=sent)
        self._keep(answer)
        return answer

    def sign_in(self, email: str, password: str, **headers: str) -> Answer:
        return self.call("POST", "/api/v1/session", {"email": email, "password": password}, headers)

    def _keep(self, answer: Answer) -> None:
        if "volant_session" in answer.cookies:
            self.cookie = answer.cookies["volant_session"].partition("=")[2].partition(";")[0].strip('"')
        if answer.status == 200 and b'"csrf"' in answer.body:
            self.csrf = answer.json()["csrf"]


def browser_of(api: Api, role: str, *, project: str = "default", email: str = "", grand: bool = False) -> Browser:
    """Somebody with that role, signed in without a password's cost; `grand`: an installation admin."""
    now = api.clock.now_ms()
    with api.context.db.begin() as tx:
        email = email or f"{role or 'nobody'}-{project}@example.com"
        person = people.create(tx, email=email, name="Ada", password_hash="", now_ms=now, installation_admin=grand)
        if role:
            people.set_role(tx, project, person.id, role, by="test", now_ms=now)
        _, token = sessions.begin(tx, person.id, now_ms=now, lasts_ms=7 * 86_400_000)
    return Browser(api, token, sessions.csrf_of(token), project, person.id)


@pytest.fixture(scope="session", autouse=True)
def _routes_once() -> Iterator[None]:
    """FastAPI looks at every route's signature once, and not for every application that a test makes."""
    first = routes()

    def of_the_first() -> Any:
        app = routes()
        assert [type(one) for one in app.router.routes] == [type(one) for one in first.router.routes]
        app.router.routes[:] = first.router.routes
        return app

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(application, "routes", of_the_first)
        yield


@pytest.fixture
def make_api(tmp_path: Path, blank: Path) -> Iterator[Callable[..., Api]]:
    """Makes the application with given settings; closes its store."""
    made: list[Api] = []

    def make(**settings: Any) -> Api:
        data = tmp_path / f"data-{len(made)}"
        data.mkdir(mode=0o700)
        shutil.copyfile(blank, data / "volant.db")
        clock = ManualClock()
        chosen = ServerSettings(data_dir=str(data), **settings)
        context = open_context(data, chosen, environment={}, publish=lambda: None, clock=clock)
        loop, ready, leases = NotedLoop(context), Ready(), NotedLeases()
        services = Services(context=context, snapshots=NoSnapshots(), leases=leases, readiness=ready, actions=loop)
        inner = create_app(services)
        app = limited(inner, services)
        root = (data / "root.key").read_text().strip()
        api = Api(app=app, inner=inner, context=context, loop=loop, clock=clock, root=root, ready=ready, leases=leases)
        made.append(api)
        return api

    yield make
    for api in made:
        api.context.workflows.close()
        api.context.db.close()


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    """The application as it stands by default."""
    return make_api()
