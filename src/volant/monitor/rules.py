"""Rules: when a monitor fires, and when it is resolved.

It fires when the lower bound of its quantity passes the threshold, so that chance in few observations does not; it is
resolved when the quantity itself is back at the threshold, so that it does not flicker in between. A window with too
few observations changes nothing. A sum without an interval (money) is resolved a tenth below its threshold.
Pure: knows one window at a time; knows nothing of stores, clocks or what an alert starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from volant.core.errors import BadInput
from volant.core.nouns import MonitorSpec
from volant.monitor.measures import MEASURES, SHARES, Measured, Window, measure

Change = Literal["none", "fired", "resolved"]

_EXACT_RESOLVES_AT = 0.9  # of the threshold
_WORDS = {
    "corrected_share": ("share of corrected answers", "judged answers"),
    "error_rate": ("error rate", "requests"),
    "fallback_share": ("share of answers from a fallback", "requests"),
    "latency_ms_p95": ("95th percentile of latency", "requests"),
    "cost_usd": ("cost", "requests"),
}


class Firing(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that holds, since when, and the numbers by which it began to."""

    monitor: str
    task: str
    measure: str
    value: float
    low: float
    high: float
    threshold: float
    n: int
    window_start_ms: int
    fired_ms: int
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look of a monitor."""

    change: Change
    firing: Firing | None  # what holds after this look
    sentence: str
    measured: Measured | None


def look(spec: MonitorSpec, window: Window, before: Firing | None) -> Look:
    """Look at the window that ends now. `before` is the firing that held until now, if any.

    "fired" is said once: while a firing holds, looks say "none". Raises BadInput for a rule that cannot work.
    """
    _require_rule(spec)
    found = measure(spec.measure, window, spec.confidence)
    what, of = _WORDS[spec.measure]
    if found is None or (found.n < spec.min_count and not found.exact):
        seen = 0 if found is None else found.n
        sentence = f"{spec.name}: {seen} {of} in the window, {spec.min_count} are needed to judge the {what}."
        return Look(change="none", firing=before, sentence=sentence, measured=found)
    numbers = _numbers(spec, found, what, of)
    if before is None and found.low > spec.threshold:
        sentence = f"{spec.name} fired: {numbers}."
        return Look(change="fired", firing=_firing(spec, window, found, sentence), sentence=sentence, measured=found)
    if before is not None and found.value <= spec.threshold * (_EXACT_RESOLVES_AT if found.exact else 1.0):
        sentence = f"{spec.name} resolved: {numbers}."
        return Look(change="resolved", firing=None, sentence=sentence, measured=found)
    state = "still firing" if before is not None else "quiet"
    return Look(change="none", firing=before, sentence=f"{spec.name} {state}: {numbers}.", measured=found)


def window_start_ms(spec: MonitorSpec, now_ms: int, not_before_ms: int = 0) -> int:
    """Where the window of a look at now_ms begins; not before the present release went live, where that is given."""
    return max(now_ms - round(1000 * spec.window_s), not_before_ms)


def _firing(spec: MonitorSpec, window: Window, found: Measured, sentence: str) -> Firing:
    return Firing(
        monitor=spec.name, task=spec.task, measure=spec.measure, value=found.value, low=found.low, high=found.high,
        threshold=spec.threshold, n=found.n, window_start_ms=window.start_ms, fired_ms=window.end_ms,
        sentence=sentence,
    )  # fmt: skip


def _numbers(spec: MonitorSpec, found: Measured, what: str, of: str) -> str:
    """E.g. "the error rate is 7.1 % (at least 5.2 % with 95 % confidence) of 480 requests, the threshold is 5.0 %"."""

    def shown(value: float) -> str:
        if spec.measure == "latency_ms_p95":
            return f"{value:,.0f} ms"
        return f"{value:,.2f} USD" if spec.measure == "cost_usd" else f"{100 * value:.1f} %"

    bound = "" if found.exact else f" (at least {shown(found.low)} with {100 * spec.confidence:.0f} % confidence)"
    return f"the {what} is {shown(found.value)}{bound} of {found.n} {of}, the threshold is {shown(spec.threshold)}"


def _require_rule(spec: MonitorSpec) -> None:
    mistakes = []
    if spec.measure not in MEASURES:
        mistakes.append(f"there is no measure {spec.measure!r}, there are {', '.join(MEASURES)}")
    if not spec.threshold > 0 or (spec.measure in SHARES and spec.threshold >= 1):
        mistakes.append("threshold must be positive, and a share's below 1")
    if not 0.5 < spec.confidence < 1:
        mistakes.append("confidence lies between 0.5 and 1")
    if spec.window_s <= 0 or spec.min_count < 1:
        mistakes.append("window_s and min_count must be positive")
    if mistakes:
        raise BadInput("monitor_invalid", "; ".join(mistakes), where=f"monitor {spec.name}", hint="see docs/monitor.md")
