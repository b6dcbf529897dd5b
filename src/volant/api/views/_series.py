"""Series: what a run said of itself, as lines to draw: thinned to so many points, and an estimate of the end.

Knows the events of `progress.jsonl` (train.progress, and `asked` of evaluations); knows no run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

MOST_POINTS = 600


class StepPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a training."""

    step: int
    at_ms: int
    loss: float
    learning_rate: float
    tokens: int
    tokens_per_s: float
    memory_bytes: int  # resident, of the run's process; 0: not said


class ValidationPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A look at the validation rows."""

    step: int
    at_ms: int
    val_loss: float
    val_exact: float
    best: bool


class SuiteProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far an evaluation's suite is."""

    suite: str
    done: int
    whole: int
    at_ms: int


class RunEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened once: started, resumed, checkpoint, exported, finished, failed."""

    event: str
    at_ms: int
    step: int  # -1: not about a step
    sentence: str


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """What a run said since `after`."""

    steps: list[StepPoint]
    validations: list[ValidationPoint]
    suites: list[SuiteProgress]  # the newest word of each
    events: list[RunEvent]
    thinned: bool  # there are more steps than points
    after: int  # give it back for what comes next


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run is."""

    share: float  # 0..1
    steps_done: int
    steps: int  # 0: unknown
    ends_ms: int  # estimated, Unix milliseconds; 0: unknown or over
    last_ms: int  # when it last said something


def series(lines: Sequence[Mapping[str, Any]], after: int, most: int = MOST_POINTS) -> Series:
    """The lines of `progress.jsonl` as series, each at most `most` points long. First and last stay."""
    steps = [_step(line) for line in lines if line.get("event") == "step"]
    validations = [_validation(line) for line in lines if line.get("event") == "validated"]
    suites = {str(line.get("suite")): _suite(line) for line in lines if line.get("event") == "asked"}
    events = [made for line in lines if (made := _event(line))]
    return Series(
        steps=thinned(steps, most),
        validations=thinned(validations, most),
        suites=list(suites.values()),
        events=events[-most:],
        thinned=len(steps) > most,
        after=after,
    )


def pace(lines: Sequence[Mapping[str, Any]], *, over: bool) -> Pace:
    """How far, and when it will end at the pace since the newest start."""
    begun = next((line for line in reversed(lines) if line.get("event") in ("started", "resumed")), None)
    last_ms = int(lines[-1].get("at_ms", 0)) if lines else 0
    if over:
        done = _last_step(lines)
        return Pace(share=1.0, steps_done=done, steps=done, ends_ms=0, last_ms=last_ms)
    if begun is not None:
        first, whole = int(begun.get("step", 0)), int(begun.get("steps", 0))
        done = max(first, _last_step(lines))
        return _pace(done - first, done, whole, int(begun["at_ms"]), last_ms)
    asked = {line["suite"]: line for line in lines if line.get("event") == "asked"}
    if asked:
        done = sum(int(line.get("done", 0)) for line in asked.values())
        whole = sum(int(line.get("whole", 0)) for line in asked.values())
        return (
            Pace(share=0.0, steps_done=done, steps=0, ends_ms=0, last_ms=last_ms)
            if not whole
            else _pace(done, done, whole, int(lines[0]["at_ms"]), last_ms)
        )
    return Pace(share=0.0, steps_done=0, steps=0, ends_ms=0, last_ms=last_ms)


def thinned(points: list[Any], most: int) -> list[Any]:
    """Every so-many-th point, with the first and the last."""
    if len(points) <= most:
        return points
    stride = (len(points) - 1) / (most - 1)
    return [points[round(at * stride)] for at in range(most)]


def _pace(did: int, done: int, whole: int, since_ms: int, last_ms: int) -> Pace:
    share = min(1.0, done / whole) if whole else 0.0
    ends = last_ms + round((last_ms - since_ms) / did * (whole - done)) if did > 0 and whole > done else 0
    return Pace(share=share, steps_done=done, steps=whole, ends_ms=ends, last_ms=last_ms)


def _last_step(lines: Iterable[Mapping[str, Any]]) -> int:
    return max((int(line.get("step", 0)) for line in lines if line.get("event") in ("step", "resumed")), default=0)


def _step(line: Mapping[str, Any]) -> StepPoint:
    return StepPoint(
        step=int(line.get("step", 0)),
        at_ms=int(line.get("at_ms", 0)),
        loss=float(line.get("loss", 0.0)),
        learning_rate=float(line.get("learning_rate", 0.0)),
        tokens=int(line.get("tokens", 0)),
        tokens_per_s=float(line.get("tokens_per_s", 0.0)),
        memory_bytes=int(line.get("memory_bytes", 0)),
    )


def _validation(line: Mapping[str, Any]) -> ValidationPoint:
    return ValidationPoint(
        step=int(line.get("step", 0)),
        at_ms=int(line.get("at_ms", 0)),
        val_loss=float(line.get("val_loss", 0.0)),
        val_exact=float(line.get("val_exact", 0.0)),
        best=bool(line.get("best")),
    )


def _suite(line: Mapping[str, Any]) -> SuiteProgress:
    return SuiteProgress(
        suite=str(line.get("suite", "")),
        done=int(line.get("done", 0)),
        whole=int(line.get("whole", 0)),
        at_ms=int(line.get("at_ms", 0)),
    )


def _event(line: Mapping[str, Any]) -> RunEvent | None:
    name = str(line.get("event", ""))
    words = {
        "started": f"Started: {line.get('steps', 0)} steps on {line.get('rows', 0)} rows, "
        f"{line.get('parameters', 0):,} parameters.",
        "resumed": f"Went on at step {line.get('step', 0)} of {line.get('steps', 0)} from its newest checkpoint.",
        "checkpoint": f"Checkpoint at step {line.get('step', 0)}.",
        "exporting": "Exporting the weights.",
        "exported": f"Exported, {line.get('bytes', 0):,} bytes.",
        "finished": f"Finished: step {line.get('chosen_step', 0)} was chosen on the validation rows.",
        "failed": f"Failed: {line.get('message', '')}",
    }
    if name not in words:
        return None
    step = int(line["step"]) if "step" in line else -1
    return RunEvent(event=name, at_ms=int(line.get("at_ms", 0)), step=step, sentence=words[name][:300])
