"""Job: one training, prepared. What both loops receive, and how they report and keep what they did."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from volant.core.errors import VolantError
from volant.train.batches import Batches
from volant.train.checkpoint import RunState, keep_newest, step_directory, whole_directory, write_state
from volant.train.config import TrainConfig
from volant.train.memory import resident_bytes
from volant.train.progress import Progress
from volant.train.selection import Selection

_REPORT_EVERY_S = 1.0


@dataclass(kw_only=True)
class Job:
    """A prepared training. `resume` is the newest whole checkpoint, if the run was started before."""

    config: TrainConfig
    model: Any
    tokenizer: Any
    batches: Batches
    steps: int
    selection: Selection
    progress: Progress
    output: Path
    config_hash: str
    data_hash: str
    resume: Path | None = None
    state: RunState | None = None
    tokens: int = 0
    _started: float = field(default_factory=time.monotonic)
    _cpu: float = field(default_factory=time.process_time)
    _reported: float = 0.0
    _first_tokens: int = 0

    def __post_init__(self) -> None:
        self.tokens = self._first_tokens = self.state.tokens if self.state else 0

    @property
    def checkpoints(self) -> Path:
        """Where this run's checkpoints stand."""
        return self.output / "checkpoints"

    def wall_s(self) -> float:
        """Seconds over all starts of the run, those after the last checkpoint of a killed one left out."""
        return (self.state.wall_s if self.state else 0.0) + time.monotonic() - self._started

    def cpu_s(self) -> float:
        """CPU seconds, counted like `wall_s`."""
        return (self.state.cpu_s if self.state else 0.0) + time.process_time() - self._cpu

    def report(self, step: int, loss: float, learning_rate: float) -> None:
        """Tell the progress file about a step, about once a second. A loss that is no number ends the run."""
        if loss != loss or loss in (float("inf"), float("-inf")):
            raise VolantError("training_diverged", f"the loss is {loss} at step {step}", where=self.config.recipe,
                              hint="lower the learning rate, or start from an earlier checkpoint")  # fmt: skip
        now = time.monotonic()
        if now - self._reported < _REPORT_EVERY_S and step < self.steps:
            return
        self._reported = now
        rate = (self.tokens - self._first_tokens) / max(now - self._started, 1e-9)
        self.progress.event("step", step=step, loss=round(loss, 5), learning_rate=learning_rate, tokens=self.tokens,
                            tokens_per_s=round(rate), elapsed_s=round(self.wall_s(), 2),
                            memory_bytes=resident_bytes())  # fmt: skip

    @property
    def first_step(self) -> int:
        """Steps that were done before this start."""
        return self.state.step if self.state else 0

    def after_step(self, step: int, loss: float, learning_rate: float, write: Callable[[Path], None]) -> None:
        """Report a finished step (from 1); look at the validation rows and keep a checkpoint when one is due."""
        self.report(step, loss, learning_rate)
        if step % self.config.checkpoint_every == 0 or step == self.steps:
            self.validate(step)
            self.keep(step, write)

    def validate(self, step: int) -> None:
        """Look at the validation rows and keep the best weights."""
        found, best = self.selection.look(self.model, step, last=step == self.steps)
        if found is not None:
            self.progress.event("validated", step=step, val_loss=round(found.loss, 5), val_exact=round(found.exact, 5),
                                best=best, elapsed_s=round(self.wall_s(), 2))  # fmt: skip

    def run_state(self, step: int) -> RunState:
        """What goes into the checkpoint after so many steps."""
        best = self.selection.best
        return RunState(
            step=step,
            tokens=self.tokens,
            config_hash=self.config_hash,
            data_hash=self.data_hash,
            best_step=best.step if best else -1,
            best_exact=best.exact if best else 0.0,
            best_loss=best.loss if best else 0.0,
            wall_s=self.wall_s(),
            cpu_s=self.cpu_s(),
        )

    def keep(self, step: int, write: Callable[[Path], None]) -> None:
        """Write a whole checkpoint after so many steps: `write(directory)` puts the tensors there."""
        place = step_directory(self.checkpoints, step)
        with whole_directory(place) as directory:
            write(directory)
            write_state(directory, self.run_state(step))
        keep_newest(self.checkpoints, self.config.keep_checkpoints)
        self.progress.event("checkpoint", step=step, path=str(place))
