"""Loop: plain PyTorch, step after step, for training from scratch.

A run that was killed goes on bit-identically (same machine, same threads).
"""

from __future__ import annotations

import torch

from volant.train.job import Job
from volant.train.objective import weighted_loss
from volant.train.optimise import build_optimiser, build_schedule
from volant.train.resume import restore_tensors, write_tensors


def run_loop(job: Job) -> None:
    """Train `job.model` to the end of its budget; resumes from `job.resume`."""
    config, model = job.config, job.model
    torch.manual_seed(config.seed)
    optimiser = build_optimiser(model, config.optimiser)
    schedule = build_schedule(optimiser, job.steps, config.schedule)
    if job.resume is not None:
        torch.set_rng_state(restore_tensors(job.resume, model, optimiser, schedule))
    model.train()
    for step in range(job.first_step, job.steps):
        batch = job.batches.at(step)
        loss = weighted_loss(model, batch, config.objective.label_smoothing)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.optimiser.clip)
        learning_rate = float(schedule.get_last_lr()[-1])
        optimiser.step()
        schedule.step()
        optimiser.zero_grad(set_to_none=True)
        job.tokens += batch.count
        job.after_step(
            step + 1, loss.item(), learning_rate, lambda directory: write_tensors(directory, model, optimiser, schedule)
        )
