"""Worker: one whole training, from rows to `final/`. The one function that other packages call to train.

Imports torch on its first call, not when it is imported. Writes into the output directory:

    checkpoints/  best/  while it runs (see `checkpoint`), removed at the end
    final/        the model in Hugging Face's layout, and training.json: what made it
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from volant.core.errors import VolantError
from volant.train import threads
from volant.train.config import TrainConfig, validated
from volant.train.progress import Progress
from volant.train.rows import Row, fingerprint, split_rows
from volant.train.training import Training

if TYPE_CHECKING:
    from volant.train.prepare import Prepared


def train(config: TrainConfig, rows: Iterable[Row], output: Path, progress: Progress, run_id: str = "") -> Training:
    """Train to the end, or go on where an earlier start in the same `output` was killed; returns what made the model.

    Rows stay in memory. A run that had finished is not repeated. Raises VolantError with what to do: DoesNotFit
    before anything is written when memory is too small, Conflict when `output` belongs to another run.
    """
    try:
        done = _train(validated(config), rows, output, progress, run_id)
    except VolantError as error:
        progress.event("failed", code=error.code, message=error.message, hint=error.hint)
        raise
    progress.event("finished", step=done.steps, chosen_step=done.chosen_step, val_exact=round(done.val_exact, 5),
                   val_loss=round(done.val_loss, 5), wall_s=round(done.wall_s, 2), cpu_s=round(done.cpu_s, 2),
                   final=str(output / "final"))  # fmt: skip
    return done


def _train(config: TrainConfig, rows: Iterable[Row], output: Path, progress: Progress, run_id: str) -> Training:
    training_rows, validation_rows = split_rows(rows)
    data_hash = fingerprint([*training_rows, *validation_rows])
    threads.prepare(config.threads)

    from volant.train.prepare import finish, finished_training, prepare

    earlier = finished_training(output, config.fingerprint(), data_hash)
    if earlier is not None:
        return earlier
    prepared = prepare(config, training_rows, validation_rows, output, progress, data_hash)
    job = prepared.job
    loop = _loop(prepared)
    progress.event(
        "resumed" if job.resume else "started",
        step=job.first_step,
        steps=job.steps,
        tokens_total=job.batches.tokens_total(),
        parameters=prepared.parameters,
        vocabulary=len(job.tokenizer),
        rows=len(training_rows),
        validation_rows=len(validation_rows),
        memory_bytes=prepared.need.total,
        config_hash=job.config_hash,
        data_hash=data_hash,
        **({"checkpoint": str(job.resume)} if job.resume else {}),
    )
    loop()
    return finish(prepared, run_id, len(training_rows), len(validation_rows))


def _loop(prepared: Prepared) -> Callable[[], None]:
    """The loop for this job, its libraries imported: TRL alone takes seconds, which are not training."""
    if prepared.job.config.method == "scratch":
        from volant.train.loop import run_loop

        return lambda: run_loop(prepared.job)
    from volant.train.sft import run_sft

    return lambda: run_sft(prepared.job, prepared.trained)
