"""Services: what a route may use. Control binds them once; a route asks for them by type."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Annotated, Protocol

from fastapi import Depends, Request

from volant.core.errors import Unavailable
from volant.core.leasing import LeaseAnswer, LeaseRequest
from volant.jobs.actions import LoopActions
from volant.jobs.context import Context
from volant.traces.meter import Meter


class Snapshots(Protocol):
    """The gateways' configuration as it goes out."""

    def wait(self, after: int, timeout_s: float, worker: str = "") -> Awaitable[tuple[int, bytes] | None]:
        """(revision, msgpack of Snapshot) as soon as the revision is not `after`; None after `timeout_s`."""
        ...


class Leases(Protocol):
    """Limits and budgets, shared out to the gateways' workers."""

    def lease(self, request: LeaseRequest, holder: str) -> LeaseAnswer: ...


class Readiness(Protocol):
    """What must hold before control is ready."""

    def parts(self) -> dict[str, str]:
        """Part → "ok", or a sentence about what is not."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that routes call."""

    context: Context
    snapshots: Snapshots
    leases: Leases
    readiness: Readiness
    meter: Meter = field(default_factory=Meter)
    actions: LoopActions | None = None


def _services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


def _context(request: Request) -> Context:
    return _services(request).context


def _actions(request: Request) -> LoopActions:
    actions = _services(request).actions
    if actions is None:
        raise Unavailable("loop_missing", "this server was started without its loop", hint="use `volant up`")
    return actions


Has = Annotated[Context, Depends(_context)]
HasServices = Annotated[Services, Depends(_services)]
HasActions = Annotated[LoopActions, Depends(_actions)]
