"""Plan: a snapshot compiled for the hot path: endpoints, headers and parameters as ready bytes.

Pure but for the healths it is given, which outlive snapshots. One broken deployment does not spoil the others: its
problem is kept and shown to who needs it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

import msgspec

from volant.core.capabilities import Capabilities
from volant.core.chat import ChatRequest
from volant.core.costs import dearest
from volant.core.errors import NotFound, Unavailable, VolantError
from volant.core.nouns import BoundPrompt, KeyGrant, Route, Snapshot, Target, TaskSpec, VariantSpec
from volant.core.prompts import Compiled
from volant.gateway.balance import Health, Meter
from volant.gateway.ceilings import Ceilings
from volant.providers import Provider, sheet_of
from volant.providers.endpoint import Endpoint, endpoint_of
from volant.providers.http import Timeouts
from volant.providers.registry import Wire

T = TypeVar("T")
_ABLE = Capabilities()


class Way(NamedTuple):
    """One operation of a deployment, in the dialect that its provider speaks there."""

    wire: Wire
    endpoint: Endpoint


@dataclass(slots=True, kw_only=True, eq=False)
class Place:
    """A deployment, ready to be called. `problem` says why it cannot be."""

    target: Target
    endpoint: Endpoint | None  # of its first way; None: it cannot be called
    problem: str
    stream_usage: bool  # understands stream_options.include_usage
    model_json: msgspec.Raw
    timeouts: Timeouts
    health: Health
    header: bytes  # `x-volant-deployment` and `x-volant-model` lines
    ways: dict[str, Way] = field(default_factory=dict)  # "chat/openai_chat" -> way; "chat" -> its first one
    capabilities: Capabilities = _ABLE

    def way(self, kind: str) -> Way | None:
        """How it does what a caller asks for as `kind`, "OPERATION/DIALECT": in that dialect where it can."""
        return self.ways.get(kind) or self.ways.get(kind.partition("/")[0])


@dataclass(slots=True, kw_only=True)
class PromptPlan:
    """A variant's prompt version, ready to render. `compiled` is None where it cannot be; `problem` says why."""

    reference: str
    version_id: str = ""
    label: str = ""  # name@number
    compiled: Compiled | None = None
    problem: str = ""

    def missing(self) -> Unavailable:
        """What to tell who asks for it."""
        return Unavailable(
            "prompt_unusable", f"the prompt {self.reference!r} cannot be rendered: {self.problem}",
            hint="`volant prompt show` says what there is; bind another with `volant apply`",
        )  # fmt: skip


@dataclass(slots=True, kw_only=True)
class VariantPlan:
    """A variant, ready to serve."""

    spec: VariantSpec
    defaults: dict[str, msgspec.Raw]  # parameters, for callers who say nothing
    system: bytes  # the system message as JSON; empty: none
    deployments: tuple[Place, ...]
    fallbacks: tuple[Place, ...]
    header: bytes  # `x-volant-variant` line, and `x-volant-prompt` where it has one
    dearest: tuple[float, float]  # dollars an input and an output token, the highest of all places
    max_tokens: int  # of `parameters`; 0: not said
    context_fallbacks: tuple[Place, ...] = ()  # for requests that are too long for the others
    tiers: tuple[tuple[Place, ...], ...] = ()  # `deployments` by priority, then own region first
    prompt: PromptPlan | None = None
    said: tuple[bytes, bytes] | None = None  # of one request: the prompt's messages before and after the caller's
    fault: VolantError | None = None  # of one request: why this variant cannot even be asked
    measured: bool = False  # some place has a context window or a rate limit of its own
    basis: ChatRequest | None = None  # `defaults` as a request, once somebody needed it so

    @property
    def model(self) -> str:
        """What its deployments serve, as they name it; empty where it has none."""
        return self.deployments[0].target.model if self.deployments else ""

    @property
    def added_bytes(self) -> int:
        """What this variant puts beside the caller's messages."""
        return len(self.system) + (len(self.said[0]) + len(self.said[1]) if self.said is not None else 0)


@dataclass(slots=True, kw_only=True)
class TaskPlan:
    """A task, ready to serve."""

    task: TaskSpec
    route: Route
    live: VariantPlan
    candidate: VariantPlan | None
    prompted: bool = False  # some variant has a prompt
    weighted: tuple[VariantPlan, ...] = ()  # variants with a weight, which share the users while no rollout runs


@dataclass(slots=True, kw_only=True)
class Plans:
    """A snapshot, ready to serve."""

    snapshot: Snapshot
    tasks: dict[str, dict[str, TaskPlan]]  # project -> task name -> plan
    subject_keys: dict[str, bytes]
    places: dict[str, dict[str, Place]] = field(default_factory=dict)  # project -> deployment name -> place
    ceilings: Ceilings = field(default_factory=Ceilings)
    lanes: dict[tuple[str, str], Any] = field(default_factory=dict)  # (key's id, model) -> see `express`
    _direct: dict[tuple[str, str], TaskPlan] = field(default_factory=dict)

    def find_task(self, grant: KeyGrant, model: str) -> TaskPlan:
        """The task that `model` names, itself or by an alias; where the key is direct, a deployment by its name or as
        provider/model. Raises NotFound, naming those that this key may ask for."""
        tasks = self.tasks.get(grant.project, {})
        plan = tasks.get(model)
        if plan is not None and (not grant.tasks or model in grant.tasks):
            return plan
        aliased = self.snapshot.aliases.get(grant.project, {}).get(model, "")
        if aliased in tasks and (not grant.tasks or aliased in grant.tasks):
            return tasks[aliased]
        if grant.direct and (plan := self._direct_plan(grant.project, model)) is not None:
            return plan
        known = self.known_tasks(grant)
        raise NotFound(
            "model_not_found",
            f"the model {model[:80]!r} does not exist, or this key may not ask for it",
            hint=f"tasks to ask for: {', '.join(known)}" if known else "this project has no tasks yet: volant apply",
        )

    def known_tasks(self, grant: KeyGrant) -> list[str]:
        """Names of the tasks that this key may ask for, sorted."""
        return sorted(name for name in self.tasks.get(grant.project, {}) if not grant.tasks or name in grant.tasks)

    def _direct_plan(self, project: str, model: str) -> TaskPlan | None:
        """A task of its own for one deployment, or for all that serve one provider's model.

        What is written of it is as careful as the project's most careful task, and what is sent is guarded as by each
        task that these deployments may answer for (docs/decisions/0026).
        """
        if (known := self._direct.get((project, model))) is not None:
            return known
        named = self.places.get(project, {})
        if model in named:
            chosen = {model: named[model]}
        else:
            chosen = {n: p for n, p in named.items() if f"{p.target.provider}/{p.target.model}" == model}
        if not chosen:
            return None
        spec = VariantSpec(name="direct", deployments=tuple(chosen))
        tasks = [plan.task for _, plan in sorted(self.tasks.get(project, {}).items())]
        theirs = [task for task in tasks if not chosen.keys().isdisjoint(_deployments_of(task))]
        task = TaskSpec(
            name=model,
            variants=(spec,),
            redact=any(one.redact for one in tasks),
            record_payload=all(one.record_payload for one in tasks),
            guards=_each_once(guard for one in theirs for guard in one.guards),
            guardrails=_each_once(check for one in theirs for check in one.guardrails),
        )
        plan = self._direct[project, model] = _task(Route(task=task, live="direct"), chosen, {}, "")
        return plan


def compile_plans(
    snapshot: Snapshot,
    healths: dict[tuple[str, ...], Health],
    templates: dict[str, Compiled] | None = None,
    region: str = "",
    *,
    now: float = 0.0,
    share: float = 1.0,
) -> Plans:
    """`healths` and `templates` are kept between calls: what stays keeps its own, what left is dropped.

    `region`: where this server is. `now`, monotonic seconds: a deployment that is new beside others starts slowly from
    then on; 0: all at once. `share`: of a deployment's limits, for this worker.
    """
    since = now if healths else 0.0
    prompts = _prompts(snapshot, templates if templates is not None else {})
    places = {
        project: {
            name: _place(project, target, _health(project, target, healths, since, share))
            for name, target in targets.items()
        }
        for project, targets in snapshot.targets.items()
    }
    tasks = {
        project: {
            name: _task(route, places.get(project, {}), prompts.get(project, {}), region)
            for name, route in routes.items()
        }
        for project, routes in snapshot.routes.items()
    }
    current = {_identity(project, place.target) for project, named in places.items() for place in named.values()}
    for gone in [identity for identity in healths if identity not in current]:
        del healths[gone]
    keys = {project: bytes.fromhex(key) for project, key in snapshot.subject_keys.items()}
    return Plans(snapshot=snapshot, tasks=tasks, subject_keys=keys, places=places, ceilings=Ceilings(snapshot))


def _deployments_of(task: TaskSpec) -> set[str]:
    """All that may answer it."""
    return {
        name
        for variant in task.variants
        for names in (variant.deployments, variant.fallbacks, variant.context_fallbacks)
        for name in names
    }


def _each_once(found: Iterable[T]) -> tuple[T, ...]:
    """In their order, equal ones once."""
    kept: list[T] = []
    for one in found:
        if one not in kept:
            kept.append(one)
    return tuple(kept)


def header_line(name: str, value: str) -> bytes:
    """A header line of ours; what cannot stand in one is percent-encoded."""
    return f"{name}: {quote(value, safe=_HEADER_SAFE)}\r\n".encode("ascii")


_HEADER_SAFE = "".join(chr(code) for code in range(33, 127) if chr(code) != "%")


def _identity(project: str, target: Target) -> tuple[str, ...]:
    return (project, target.name, target.base_url, target.model)


def _health(project: str, target: Target, healths: dict[tuple[str, ...], Health], since: float, share: float) -> Health:
    """The one that it has had, with what the configuration says now."""
    identity = _identity(project, target)
    health = healths.get(identity)
    if health is None:
        health = healths[identity] = Health(since=since)
    health.weight, health.max_in_flight = target.weight, target.max_in_flight
    limits = (target.requests_per_minute, target.tokens_per_minute, share)
    if limits[:2] == (0, 0):
        health.meter = None
    elif health.meter is None:
        health.meter = Meter(*limits)
    else:
        health.meter.set_limits(*limits)
    return health


def _place(project: str, target: Target, health: Health) -> Place:
    sheet: Provider | None = None
    ways: dict[str, Way] = {}
    problem = ""
    try:
        sheet = sheet_of(target.provider, target.base_url, target.options)
        for wire in sheet.wires:
            way = ways[f"{wire.operation}/{wire.dialect}"] = Way(wire, endpoint_of(target, sheet, wire))
            ways.setdefault(wire.operation, way)
    except VolantError as error:
        problem, ways = error.message, {}
    return Place(
        target=target,
        endpoint=next((way.endpoint for way in ways.values()), None),
        problem=problem,
        ways=ways,
        capabilities=sheet.capabilities if sheet is not None else Capabilities(),
        stream_usage=sheet is not None and sheet.capabilities.stream_usage,
        model_json=msgspec.Raw(msgspec.json.encode(target.model)),
        timeouts=Timeouts(
            connect_s=target.timeout_connect_s,
            first_byte_s=target.timeout_first_token_s,
            between_s=target.timeout_between_tokens_s,
            total_s=target.timeout_total_s,
        ),
        health=health,
        header=header_line("x-volant-deployment", target.name) + header_line("x-volant-model", target.model),
    )


def _prompts(snapshot: Snapshot, templates: dict[str, Compiled]) -> dict[str, dict[str, PromptPlan]]:
    """Each prompt version is compiled once, however many snapshots name it."""
    wanted = {one.hash for prompts in snapshot.prompts.values() for one in prompts.values()}
    for gone in templates.keys() - wanted:
        del templates[gone]
    return {
        project: {reference: _prompt(reference, one, templates) for reference, one in prompts.items()}
        for project, prompts in snapshot.prompts.items()
    }


def _prompt(reference: str, bound: BoundPrompt, templates: dict[str, Compiled]) -> PromptPlan:
    problem = ""
    if bound.hash not in templates:
        try:
            templates[bound.hash] = Compiled(bound.messages, bound.variables)
        except VolantError as error:
            problem = str(error)
    return PromptPlan(
        reference=reference,
        version_id=bound.version_id,
        label=bound.label,
        compiled=templates.get(bound.hash),
        problem=problem,
    )


def _task(route: Route, places: dict[str, Place], prompts: dict[str, PromptPlan], region: str) -> TaskPlan:
    variants = {spec.name: spec for spec in route.task.variants}
    live = variants.get(route.live) or variants.get(route.task.live) or route.task.variants[0]
    candidate = variants.get(route.split.candidate) if route.split is not None else None
    weighted = [spec for spec in variants.values() if spec.weight > 0] if route.split is None else []
    return TaskPlan(
        task=route.task,
        route=route,
        live=_variant(live, places, prompts, region),
        candidate=_variant(candidate, places, prompts, region) if candidate is not None else None,
        prompted=any(spec.prompt for spec in (live, *([candidate] if candidate is not None else []), *weighted)),
        weighted=tuple(_variant(spec, places, prompts, region) for spec in weighted),
    )


def _variant(spec: VariantSpec, places: dict[str, Place], prompts: dict[str, PromptPlan], region: str) -> VariantPlan:
    deployments, fallbacks, context_fallbacks = (
        tuple(places[name] for name in names if name in places)
        for names in (spec.deployments, spec.fallbacks, spec.context_fallbacks)
    )
    everybody = (*deployments, *fallbacks, *context_fallbacks)
    prices = [dearest(place.target) for place in everybody]
    prompt: PromptPlan | None = None
    if spec.prompt:
        prompt = prompts.get(spec.prompt) or PromptPlan(reference=spec.prompt, problem="it is not in the registry")
    limit = spec.parameters.get("max_completion_tokens") or spec.parameters.get("max_tokens")
    return VariantPlan(
        spec=spec,
        defaults={name: msgspec.Raw(msgspec.json.encode(value)) for name, value in spec.parameters.items()},
        system=msgspec.json.encode({"role": "system", "content": spec.system}) if spec.system else b"",
        deployments=deployments,
        fallbacks=fallbacks,
        context_fallbacks=context_fallbacks,
        tiers=_tiers(deployments, region),
        measured=any(
            p.target.context_tokens or p.target.requests_per_minute or p.target.tokens_per_minute for p in everybody
        ),
        header=header_line("x-volant-variant", spec.name)
        + (header_line("x-volant-prompt", prompt.label) if prompt is not None and prompt.label else b""),
        dearest=(max((p[0] for p in prices), default=0.0), max((p[1] for p in prices), default=0.0)),
        max_tokens=limit if isinstance(limit, int) else 0,
        prompt=prompt,
    )


def _tiers(places: tuple[Place, ...], region: str) -> tuple[tuple[Place, ...], ...]:
    """Places that are equally near: by priority, and within one the own region first. A place without a region is
    everywhere; a server without one is near to all."""

    def rank(place: Place) -> tuple[int, bool]:
        target = place.target
        return target.priority, bool(region and target.region and target.region != region)

    return tuple(tuple(tier) for _, tier in groupby(sorted(places, key=rank), rank))
