"""Workflows: named functions that go on at their last finished step after a kill. DBOS on SQLite (or PostgreSQL).

Knows nothing of what the workflows do. DBOS stores inputs and outputs, so only ids, numbers and short strings may pass
(`MOST_TEXT` characters): whatever a person wrote stays in the sealed store, and a workflow names it by id.

    workflows = Workflows(url)
    @workflows.workflow("build")
    def build(task: str, dataset_version_id: str) -> str:
        run_id = workflows.step("plan", plan, task, dataset_version_id)      # kept; not done twice
        return workflows.step("wait", executor.handle(run_id).wait)["model_id"]
    workflows.launch()                                                       # once, after all are registered
    workflows.start("build", "build-helpdesk-1", "helpdesk", "dsv_…")        # the same id again: the same workflow

Steps run at least once: each must bear being done again. Launched once per database, in control: a second process with
the same executor id would take over live steps.
"""

from __future__ import annotations

import itertools
import json
import logging
import sqlite3
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar

import msgspec
from dbos import DBOS, DBOSConfig, Serializer, SetWorkflowID
from sqlalchemy import make_url

from volant.core.errors import BadInput, Conflict, NotFound, VolantError

P = ParamSpec("P")
R = TypeVar("R")
W = TypeVar("W", bound=Callable[..., Any])

MOST_TEXT = 2000  # characters of one string in or out: ids, hashes and short sentences, never a person's text
_PART = 200  # workflows asked for at once
_RECOVERIES = 10_000  # a machine that crashes often must not make DBOS give a workflow up
_STATES: Mapping[str, Literal["waiting", "running", "done", "failed", "cancelled"]] = {
    "ENQUEUED": "waiting",
    "DELAYED": "waiting",
    "PENDING": "running",
    "SUCCESS": "done",
    "ERROR": "failed",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "failed",
    "CANCELLED": "cancelled",
}


def _tree(kind: type[VolantError]) -> dict[str, type[VolantError]]:
    """Every error of core by its name, so that a kept one is raised again as what it was."""
    found = {kind.__name__: kind}
    for below in kind.__subclasses__():
        found |= _tree(below)
    return found


_ERRORS = _tree(VolantError)


class WorkflowStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One workflow as it stands."""

    workflow_id: str
    name: str
    project: str = ""  # whose it is: every workflow's first argument
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    output: Any = None  # what it returned, when done
    error: dict[str, Any] = {}  # as VolantError.as_dict, when failed
    created_ms: int = 0
    updated_ms: int = 0


class Workflows:
    """The workflows of one database. One instance a process."""

    def __init__(self, url: str, *, executor_id: str = "control", app_version: str = "volant-1") -> None:
        """`url` is a SQLAlchemy URL. `executor_id` and `app_version` decide what is recovered: keep them stable."""
        self._url = url
        self._executor_id = executor_id
        self._app_version = app_version
        self._functions: dict[str, Callable[..., Any]] = {}
        self._launched = False
        self._lock = threading.Lock()

    # ------------------------------------------------------------ before the launch
    def workflow(self, name: str) -> Callable[[W], W]:
        """Register a function under a stable name. Its arguments and result are ids, numbers and short strings."""

        def register(function: W) -> W:
            if self._launched:
                raise Conflict("workflows_launched", f"workflow {name!r} comes after the launch")
            if name in self._functions:
                raise Conflict("workflow_twice", f"two workflows are named {name!r}")
            self._functions[name] = DBOS.workflow(name=name, max_recovery_attempts=_RECOVERIES)(function)
            return function

        return register

    def launch(self) -> None:
        """Open the database and go on with what a kill interrupted. Once."""
        if self._launched:
            raise Conflict("workflows_launched", "workflows are launched already")
        _quiet()
        _prepare_sqlite(self._url)
        config: DBOSConfig = {
            "name": "volant",
            "system_database_url": self._url,
            "executor_id": self._executor_id,
            "application_version": self._app_version,
            "serializer": _ShortJson(),
            "enable_otlp": False,
            "log_level": "ERROR",
            "console_log_level": "ERROR",
            "use_listen_notify": False,
            "notification_listener_polling_interval_sec": 0.2,
        }
        DBOS(config=config)
        DBOS.launch()
        self._launched = True

    @property
    def running(self) -> bool:
        """Launched, and not closed since."""
        return self._launched

    def close(self) -> None:
        """Stop taking work; what runs is taken up again at the next launch."""
        if self._launched:
            self._launched = False
            DBOS.destroy(destroy_registry=True)

    # ------------------------------------------------------------ inside a workflow
    def step(self, name: str, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do `function` and keep its result: after a kill the kept result is given, not done again.

        Outside a workflow it is a plain call.
        """
        return DBOS.run_step({"name": name}, function, *args, **kwargs)

    def sleep(self, seconds: float) -> None:
        """Durable: after a kill only the rest is slept."""
        DBOS.sleep(seconds)

    def current_id(self) -> str:
        """The id of the workflow that calls; empty outside one."""
        return DBOS.workflow_id or ""

    # ------------------------------------------------------------ from outside
    def start(self, name: str, workflow_id: str, *ids: str | float | bool) -> str:
        """Begin workflow `name`, or find the one that has this id. Gives the id.

        Raises NotFound for an unregistered name, BadInput for an argument that is not an id or a short string.
        """
        function = self._functions.get(name)
        if function is None:
            raise NotFound(
                "workflow_unknown", f"no workflow is named {name!r}", hint=f"known: {sorted(self._functions)}"
            )
        _check(ids, "argument")
        with self._lock:  # two starters of one id: the second finds the first
            if self.status(workflow_id) is None:
                with SetWorkflowID(workflow_id):
                    DBOS.start_workflow(function, *ids)
        return workflow_id

    def status(self, workflow_id: str) -> WorkflowStatus | None:
        """How it stands; None for an id nobody started."""
        found = DBOS.get_workflow_status(workflow_id)
        return None if found is None else _status(found)

    def list(
        self,
        *,
        name: str | None = None,
        prefix: str | None = None,
        project: str = "",
        active: bool = False,
        limit: int = 100,
    ) -> list[WorkflowStatus]:
        """Newest first; `prefix` of the id; `project`: of this one only; `active`: only those that wait or run."""
        out: list[WorkflowStatus] = []
        for offset in itertools.count(0, _PART):
            part = DBOS.list_workflows(
                name=name,
                workflow_id_prefix=prefix,
                status=["PENDING", "ENQUEUED", "DELAYED"] if active else None,
                limit=_PART,
                offset=offset,
                sort_desc=True,
            )
            out += [one for one in map(_status, part) if project in ("", one.project)]
            if len(part) < _PART or len(out) >= limit:
                break
        return out[:limit]

    def cancel(self, workflow_id: str) -> None:
        """It ends at its next step. Raises NotFound."""
        if self.status(workflow_id) is None:
            raise NotFound("workflow_unknown", f"no workflow has the id {workflow_id!r}")
        DBOS.cancel_workflow(workflow_id)

    def result(self, workflow_id: str) -> Any:
        """Wait for its end and give what it returned. Raises what it raised, as a VolantError; NotFound."""
        if self.status(workflow_id) is None:
            raise NotFound("workflow_unknown", f"no workflow has the id {workflow_id!r}")
        return DBOS.retrieve_workflow(workflow_id).get_result()


class _ShortJson(Serializer):
    """JSON of ids and short strings. An exception is kept as its code and sentence; its locals are not."""

    def serialize(self, data: Any) -> str:
        if isinstance(data, BaseException):
            return json.dumps({"volant_error": _error_dict(data)})
        _check(data, "value of a workflow")
        return json.dumps(data, separators=(",", ":"))

    def deserialize(self, serialized_data: str) -> Any:
        value = json.loads(serialized_data)
        if isinstance(value, dict) and set(value) == {"volant_error"}:
            facts = value["volant_error"]
            kind = _ERRORS.get(facts.get("kind", ""), VolantError)
            return kind(facts["code"], facts["message"], where=facts["where"], hint=facts["hint"])
        return value

    def name(self) -> str:
        return "volant_json"


def _error_dict(error: BaseException) -> dict[str, Any]:
    if isinstance(error, VolantError):
        facts = error.as_dict()
        return {**facts, "kind": type(error).__name__, "message": error.message[:MOST_TEXT]}
    return {
        "code": "workflow_failed",
        "message": f"{type(error).__name__} (its text may hold personal data and is not kept)",
        "where": "",
        "hint": "the log of control has the traceback",
        "retry_helps": False,
    }


def _check(value: Any, what: str) -> None:
    """Raises BadInput for anything but JSON of short strings."""
    if value is None or isinstance(value, bool | int | float):
        return
    if isinstance(value, str):
        if len(value) > MOST_TEXT:
            raise BadInput(
                "workflow_value_too_long",
                f"a {what} has {len(value)} characters; {MOST_TEXT} are allowed, because workflows keep them in clear",
                hint="pass an id and read the rest from the store",
            )
        return
    if isinstance(value, list | tuple):
        for item in value:
            _check(item, what)
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            _check(key, what)
            _check(item, what)
        return
    raise BadInput(
        "workflow_value_type", f"a {what} is of type {type(value).__name__}", hint="pass ids, numbers and short strings"
    )


def _status(found: Any) -> WorkflowStatus:
    error = found.error
    return WorkflowStatus(
        workflow_id=found.workflow_id,
        name=found.name,
        project=_project(found.input),
        state=_STATES[found.status],
        output=found.output,
        error=_error_dict(error) if isinstance(error, BaseException) else {},
        created_ms=found.created_at or 0,
        updated_ms=found.updated_at or 0,
    )


def _project(given: Any) -> str:
    """The first argument, as DBOS keeps it; empty for a workflow that has none."""
    arguments = (given or {}).get("args") or ("",)
    return arguments[0] if isinstance(arguments[0], str) else ""


def _prepare_sqlite(url: str) -> None:
    """WAL is a property of the file: DBOS leaves it as it finds it."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return
    Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(parsed.database)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
    Path(parsed.database).chmod(0o600)


def _quiet() -> None:
    """DBOS adds a console handler of its own unless its logger has one: let our own logging decide."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.propagate = True
    if not any(isinstance(one, _NoTexts) for one in logger.filters):
        logger.addFilter(_NoTexts())


class _NoTexts(logging.Filter):
    """A stranger's exception may quote a person: its type and places are logged, its text is not."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is not None:
            places = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in _frames(error)]
            said = record.getMessage() if isinstance(error, VolantError) else str(record.msg)[:100]
            record.msg = "%s: %s\n  %s"
            record.args = (said, _error_dict(error)["message"], "\n  ".join(places))
            record.exc_info = None
            record.exc_text = None
        return True


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    return [frame for frame in traceback.extract_tb(error.__traceback__) if "/dbos/" not in frame.filename]
