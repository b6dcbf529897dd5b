"""Unanswered: what a caller is told when no place answered, and when to ask again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from volant.core.errors import BadInput, LimitReached, Unavailable, UpstreamFailed, VolantError
from volant.core.nouns import ModelCall
from volant.dialects.dialect import UpstreamError
from volant.gateway.call import Call, Job
from volant.gateway.exchange import Exchange
from volant.gateway.plan import Place
from volant.gateway.routing import Course

_OVERLOADED = (503, 529)  # the second is Anthropic's own number for it
_LONGEST_S = 86_400.0  # a place that asks for more is asked again after a day


def retry_after_s(exchange: Exchange, said: UpstreamError | None = None) -> float:
    """How long the place asked to be left alone, seconds; 0 where it said nothing we understand. Never raises.

    `said`: its error, for Google says it there. Source: RFC 9110, 10.2.3 (seconds or a date), OpenAI's
    `retry-after-ms`, and google.rpc.RetryInfo.
    """
    return _of_headers(exchange) or _in_reason((said.retry_after_s if said is not None else None) or 0.0)


def _of_headers(exchange: Exchange) -> float:
    said = exchange.header(b"retry-after")
    try:
        if milliseconds := exchange.header(b"retry-after-ms"):
            return _in_reason(float(milliseconds) / 1000)
        return _in_reason(float(said or 0))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(said.decode("latin-1"))
        return _in_reason((until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    except (ValueError, OverflowError):
        return 0.0


def _in_reason(seconds: float) -> float:
    return min(max(0.0, seconds), _LONGEST_S)  # of no number 0


def failure_to_tell(
    job: Job, course: Course, last: Call | None, failures: list[str], calls: Sequence[ModelCall] = ()
) -> VolantError:
    """What to tell the caller. `failures` say who failed with what, `calls` are all of them."""
    if last is None:
        return _nobody(job, course)
    exchange, wait_s = last.exchange, retry_after_s(last.exchange, last.said) or 1.0
    tried = "; ".join(failures) + ("; then its time was over" if course.out_of_time else "")
    if exchange.status == 429:
        return LimitReached(
            "upstream_rate_limited",
            f"every deployment is at its provider's limit ({tried})",
            retry_after_s=wait_s,
        )
    if calls and all(call.status in _OVERLOADED for call in calls):
        return Unavailable(
            "upstream_overloaded",
            f"every deployment says that it is overloaded ({tried})",
            hint="ask again later, or give the variant a fallback at another provider",
            retry_after_s=wait_s,
        )
    return UpstreamFailed(
        "upstream_failed",
        f"no deployment answered ({tried})",
        hint="the operator sees why in the trace and in `volant doctor`",
        retry_after_s=wait_s,
    )


def _nobody(job: Job, course: Course) -> VolantError:
    places = (*job.variant.deployments, *job.variant.fallbacks)
    name, operation = job.variant.spec.name, job.asked.entrance.operation
    if job.variant.fault is not None:
        return job.variant.fault
    if not places:
        return Unavailable("no_deployment", f"variant {name!r} has no deployment", hint="check volant.toml")
    if not any(place.problem or place.way(job.asked.entrance.kind) for place in places):
        return BadInput(
            "not_supported",
            f"no deployment of variant {name!r} can do {operation}",
            where="model",
            hint="ask a task whose deployment can: docs/providers.md says which",
        )
    waits = [course.wait_s(place) for place in places if not place.problem]
    if waits and all(waits):
        return LimitReached(
            "deployments_limited",
            f"every deployment of variant {name!r} has used up what it may do in a minute",
            hint="wait, or give the variant a fallback",
            retry_after_s=min(waits),
        )
    problems = "; ".join(f"{place.target.name}: {_problem(place, course)}" for place in places)
    rests = [course.rest_s(place) for place in places if not place.problem]
    if rests and all(rests):
        return LimitReached(
            "upstream_rate_limited",
            f"every deployment of variant {name!r} was asked by its provider to wait ({problems})",
            retry_after_s=min(rests),
        )
    return Unavailable("no_deployment", f"nothing can serve variant {name!r} now ({problems})", retry_after_s=1.0)


def _problem(place: Place, course: Course) -> str:
    if place.problem:
        return place.problem
    if rest_s := course.rest_s(place):
        return f"its provider asked to wait {rest_s:.0f} s more"
    return "its minute is used up" if course.wait_s(place) else "it is full"
