"""Deployments: where models are served: address, health in each worker, load against limits, the last hour, failures.

Two requests: the page (configuration, rollups, failures), asked when something changes; and `/live` (what the gateways'
workers said in the last second), small enough to be asked every two seconds. Knows no secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit, urlunsplit

import msgspec
from fastapi import APIRouter
from sqlalchemy import Connection, func, select

from volant.api.access import Reads
from volant.api.services import Has, HasServices
from volant.api.structs import AsJson
from volant.core.accounts import DAY_MS, MINUTE_MS
from volant.core.nouns import DeploymentSpec, Documents
from volant.jobs.context import Context
from volant.registry import documents, state
from volant.store.tables import inference, model_call, rollup
from volant.traces.metrics import Metrics, metrics_by

router = APIRouter(prefix="/deployments", tags=["views"])
HOUR_MS = 60 * MINUTE_MS
RECENT = 2_000  # requests whose calls are looked through for failures
Role = Literal["deployment", "fallback", "context fallback"]


class UsedBy(msgspec.Struct, frozen=True, kw_only=True):
    """A variant that calls it, and as what."""

    task: str
    variant: str
    live: bool  # the variant serves now
    role: Role


class Failures(msgspec.Struct, frozen=True, kw_only=True):
    """Calls that failed with one code."""

    code: str
    calls: int
    status: int  # HTTP status of the newest; 0: no answer
    last_ms: int
    inference_id: str  # of the newest


class DeploymentView(msgspec.Struct, frozen=True, kw_only=True):
    """One deployment."""

    name: str
    provider: str
    model: str
    address: str  # without what may be a secret; empty: the provider's own, or an engine that is not up
    credentials: str  # where its key comes from: `env OPENAI_API_KEY`, `secret openai`; empty: none
    region: str
    priority: int
    weight: float
    max_in_flight: int  # of each worker
    requests_per_minute: int  # limits of the provider; 0: none
    tokens_per_minute: int
    context_tokens: int  # 0: not known
    origin: Literal["document", "release"]
    model_id: str  # of the registry, if it is ours
    engine: str  # our process; empty: none
    engine_state: str  # running, waiting, failed, …
    restarts: int
    healthy: bool  # of an engine of ours; true for others
    hour: Metrics | None  # requests that it answered, or failed last; None: none
    day_requests: int
    day_errors: int
    day_cost_usd: float
    day_fallbacks: int  # requests that it answered as a fallback
    minutes: list[int]  # requests in each of the last 60 minutes, oldest first
    minute_errors: list[int]
    calls: int  # of the newest requests of the last hour
    failed_calls: int
    failures: list[Failures]  # by code, the newest first
    used_by: list[UsedBy]


class DeploymentsView(msgspec.Struct, frozen=True, kw_only=True):
    """The page."""

    now_ms: int
    deployments: list[DeploymentView]
    regions: list[str]
    recent: int  # requests whose calls were looked through


class WorkerPlace(msgspec.Struct, frozen=True, kw_only=True):
    """One deployment in one worker."""

    worker: int
    state: str  # its circuit: closed, open, half_open, resting
    rests_ms: int  # how long it is left alone still
    failures: int  # in a row
    in_flight: int
    max_in_flight: int
    ttft_ms: float  # moving average; 0: not known


class LivePlace(msgspec.Struct, frozen=True, kw_only=True):
    """One deployment over all workers, now."""

    name: str
    state: str  # open or half_open where no worker would call it; partly, where some would not; closed; resting
    in_flight: int
    max_in_flight: int
    ttft_ms: float  # the slowest worker's moving average
    failures: int  # in a row, the most of a worker
    requests_minute: float  # of the last minute; where it has no limits, the mean of the last five
    tokens_minute: float
    workers: list[WorkerPlace]


class LiveView(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateways' workers said in the last seconds."""

    now_ms: int
    workers: int  # that spoke
    refused: dict[str, int]  # error code → requests that reached no deployment, since the workers started
    places: list[LivePlace]


@router.get("", summary="The page of deployments: address, limits, the last hour, failures, who uses them")
def deployments_page(caller: Reads, context: Has) -> Annotated[DeploymentsView, AsJson]:
    now_ms = context.clock.now_ms()
    with context.db.read() as tx:
        configured = documents.current(tx, caller.project).documents
        places = state.places(tx, caller.project)
        written = {spec.name: spec for spec in configured.deployments}
        specs = {name: place.spec for name, place in places.items() if place.spec is not None} | written
        uses = _uses(tx, caller.project, configured)
        hour = metrics_by(tx, caller.project, "deployment", since_ms=now_ms - HOUR_MS, until_ms=now_ms + 1,
                          arms=("live", "canary", "shadow"))  # fmt: skip
        days, minutes = _days(tx, caller.project, now_ms), _minutes(tx, caller.project, now_ms)
        calls, failures, recent = _failures(tx, caller.project, now_ms)
    actual = context.executor.actual()
    out = []
    for name, spec in sorted(specs.items()):
        place = places.get(name)
        process = actual.get(place.engine) if place and place.engine else None
        day = days.get(name)
        asked = minutes.get(name, {})
        slots = range(now_ms // MINUTE_MS - 59, now_ms // MINUTE_MS + 1)
        out.append(
            DeploymentView(
                name=name,
                provider=spec.provider,
                model=spec.model,
                address=shown_address(place.base_url if place else spec.base_url),
                credentials=_credentials(spec),
                region=spec.region,
                priority=spec.priority,
                weight=spec.weight,
                max_in_flight=spec.max_in_flight,
                requests_per_minute=spec.requests_per_minute,
                tokens_per_minute=spec.tokens_per_minute,
                context_tokens=spec.context_tokens,
                origin="document" if name in written else "release",
                model_id=place.model_id if place else "",
                engine=place.engine if place else "",
                engine_state=process.state if process else "",
                restarts=process.restarts if process else 0,
                healthy=place.healthy if place else True,
                hour=hour.get(name),
                day_requests=int(day.requests) if day else 0,
                day_errors=int(day.errors) if day else 0,
                day_cost_usd=float(day.cost_usd) if day else 0.0,
                day_fallbacks=int(day.fallbacks) if day else 0,
                minutes=[asked.get(slot, (0, 0))[0] for slot in slots],
                minute_errors=[asked.get(slot, (0, 0))[1] for slot in slots],
                calls=calls.get(name, 0),
                failed_calls=sum(one.calls for one in failures.get(name, [])),
                failures=failures.get(name, []),
                used_by=uses.get(name, []),
            )
        )
    regions = sorted({one.region for one in out if one.region})
    return DeploymentsView(now_ms=now_ms, deployments=out, regions=regions, recent=recent)


@router.get("/live", summary="What the gateways' workers said in the last seconds: circuits, load, first token")
def deployments_live(caller: Reads, services: HasServices) -> Annotated[LiveView, AsJson]:
    context: Context = services.context
    now_ms = context.clock.now_ms()
    workers = services.meter.workers
    found: dict[str, list[WorkerPlace]] = {}
    counted: dict[str, list[int]] = {}
    for worker in workers:
        for place in worker.places:
            if place.project != caller.project:
                continue
            found.setdefault(place.deployment, []).append(
                WorkerPlace(
                    worker=worker.worker,
                    state=place.state,
                    rests_ms=place.rests_ms,
                    failures=place.failures,
                    in_flight=place.in_flight,
                    max_in_flight=place.max_in_flight,
                    ttft_ms=place.ttft_ms,
                )
            )
            sums = counted.setdefault(place.deployment, [0, 0])
            sums[0] += place.requests
            sums[1] += place.tokens
    with context.db.read() as tx:
        rates = _rates(tx, caller.project, now_ms)
    places = [_live(name, seen, counted[name], rates.get(name, (0.0, 0.0))) for name, seen in sorted(found.items())]
    refused: dict[str, int] = {}
    if caller.installation_admin or len(_projects_of(workers)) <= 1:  # refusals are counted over all projects
        for worker in workers:
            for code, count in worker.refused.items():
                refused[code] = refused.get(code, 0) + count
    return LiveView(now_ms=now_ms, workers=len(workers), refused=refused, places=places)


def _live(name: str, seen: list[WorkerPlace], counted: list[int], rates: tuple[float, float]) -> LivePlace:
    return LivePlace(
        name=name,
        state=together(one.state for one in seen),
        in_flight=sum(one.in_flight for one in seen),
        max_in_flight=sum(one.max_in_flight for one in seen),
        ttft_ms=max(one.ttft_ms for one in seen),
        failures=max(one.failures for one in seen),
        requests_minute=float(counted[0] or rates[0]),
        tokens_minute=float(counted[1] or rates[1]),
        workers=sorted(seen, key=lambda one: one.worker),
    )


def together(states: Iterable[str]) -> str:
    """One word for the circuits of all workers."""
    every = set(states)
    if len(every) == 1:
        return every.pop()
    return "partly" if every & {"open", "half_open"} else "resting"


def shown_address(url: str) -> str:
    """Without user, password, query and fragment: any of them may be a secret."""
    if not url:
        return ""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _credentials(spec: DeploymentSpec) -> str:
    if spec.api_key_env:
        return f"env {spec.api_key_env}"
    return f"secret {spec.api_key_ref}" if spec.api_key_ref else ""


def _projects_of(workers: Iterable[Any]) -> set[str]:
    return {place.project for worker in workers for place in worker.places}


def _uses(tx: Connection, project: str, configured: Documents) -> dict[str, list[UsedBy]]:
    """Deployment → the variants that call it, those that serve first."""
    live = state.listed(tx, project, "live", state.Live)
    out: dict[str, list[UsedBy]] = {}
    for task in configured.tasks:
        variants = {one.name: one for one in task.variants} | state.variants(tx, project, task.name)
        serving = live[task.name].variant if task.name in live else task.live or task.variants[0].name
        for variant in variants.values():
            roles: dict[Role, tuple[str, ...]] = {
                "deployment": variant.deployments,
                "fallback": variant.fallbacks,
                "context fallback": variant.context_fallbacks,
            }
            for role, names in roles.items():
                for name in names:
                    use = UsedBy(task=task.name, variant=variant.name, live=variant.name == serving, role=role)
                    out.setdefault(name, []).append(use)
    return {name: sorted(uses, key=lambda one: not one.live) for name, uses in out.items()}


def _days(tx: Connection, project: str, now_ms: int) -> dict[str, Any]:
    names = ("requests", "errors", "cost_usd", "fallbacks")
    query = (
        select(rollup.c.deployment, *(func.sum(rollup.c[name]).label(name) for name in names))
        .where(rollup.c.project == project, rollup.c.minute_ms >= now_ms - DAY_MS)
        .group_by(rollup.c.deployment)
    )
    return {row.deployment: row for row in tx.execute(query)}


def _minutes(tx: Connection, project: str, now_ms: int) -> dict[str, dict[int, tuple[int, int]]]:
    """Deployment → minute number → (requests, errors), of the last hour."""
    query = (
        select(
            rollup.c.deployment,
            rollup.c.minute_ms,
            func.sum(rollup.c.requests).label("requests"),
            func.sum(rollup.c.errors).label("errors"),
        )
        .where(rollup.c.project == project, rollup.c.minute_ms >= now_ms - HOUR_MS)
        .group_by(rollup.c.deployment, rollup.c.minute_ms)
    )
    out: dict[str, dict[int, tuple[int, int]]] = {}
    for row in tx.execute(query):
        out.setdefault(row.deployment, {})[row.minute_ms // MINUTE_MS] = (int(row.requests), int(row.errors))
    return out


def _rates(tx: Connection, project: str, now_ms: int) -> Mapping[str, tuple[float, float]]:
    """Deployment → (requests, tokens) a minute, the mean of the last five."""
    query = (
        select(
            rollup.c.deployment,
            func.sum(rollup.c.requests).label("requests"),
            func.sum(rollup.c.input_tokens + rollup.c.output_tokens).label("tokens"),
        )
        .where(rollup.c.project == project, rollup.c.minute_ms > now_ms - 5 * MINUTE_MS)
        .group_by(rollup.c.deployment)
    )
    return {row.deployment: (row.requests / 5, row.tokens / 5) for row in tx.execute(query)}


def _failures(tx: Connection, project: str, now_ms: int) -> tuple[dict[str, int], dict[str, list[Failures]], int]:
    """(calls of each deployment, failures of each by code, requests looked at), of the newest requests of the last
    hour. Calls, not requests: what a fallback saved is a failure here."""
    newest = (
        select(inference.c.id)
        .where(inference.c.project == project, inference.c.started_ms >= now_ms - HOUR_MS)
        .order_by(inference.c.started_ms.desc())
        .limit(RECENT)
        .subquery()
    )
    recent = int(tx.execute(select(func.count()).select_from(newest)).scalar_one())
    query = select(
        model_call.c.deployment, model_call.c.error_code, model_call.c.status, model_call.c.started_ms,
        model_call.c.inference_id,
    ).join(newest, newest.c.id == model_call.c.inference_id)  # fmt: skip
    calls: dict[str, int] = {}
    found: dict[tuple[str, str], Failures] = {}
    for row in tx.execute(query):
        calls[row.deployment] = calls.get(row.deployment, 0) + 1
        if not row.error_code and 0 < row.status < 400:
            continue
        at = (row.deployment, row.error_code or f"status_{row.status}")
        before = found.get(at)
        newer = before is None or row.started_ms >= before.last_ms
        found[at] = Failures(
            code=at[1],
            calls=(before.calls if before else 0) + 1,
            status=row.status if newer or before is None else before.status,
            last_ms=row.started_ms if newer or before is None else before.last_ms,
            inference_id=row.inference_id if newer or before is None else before.inference_id,
        )
    failures: dict[str, list[Failures]] = {}
    for (name, _), one in sorted(found.items(), key=lambda item: -item[1].last_ms):
        failures.setdefault(name, []).append(one)
    return calls, failures, recent
