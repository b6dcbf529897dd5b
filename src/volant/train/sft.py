"""SFT: supervised fine-tuning through TRL's SFTTrainer, full weights or LoRA (PEFT).

Same batches, loss, optimiser, schedule and checkpoints as the plain loop. The trainer sees one epoch whose items are
the batches of the steps that are still to do, so that a resumed run is only a shorter one.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import datasets
import torch
from peft import LoraConfig, get_peft_model
from torch.utils.data import DataLoader, Dataset
from transformers import PrinterCallback, TrainerCallback
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from volant.train.config import LoraShape
from volant.train.examples import Batch
from volant.train.job import Job
from volant.train.objective import weighted_loss
from volant.train.optimise import build_optimiser, build_schedule
from volant.train.resume import restore_tensors, write_tensors

_LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def with_adapters(model: Any, shape: LoraShape, seed: int) -> Any:
    """A PEFT model around this one, with adapters on every linear layer of its blocks; only they train.

    The layers are exchanged in place, so the model given computes with the adapters too.
    """
    torch.manual_seed(seed)
    wanted = LoraConfig(
        r=shape.rank,
        lora_alpha=shape.alpha,
        lora_dropout=shape.dropout,
        target_modules=list(_LINEAR),
        task_type="CAUSAL_LM",
    )
    with _quiet():
        return get_peft_model(model, wanted)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what TRL, PEFT and transformers tell each other about names that will change."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


class _Steps(Dataset[dict[str, Any]]):
    """The batches of the steps that are still to do, as the trainer reads them."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def __len__(self) -> int:
        return self._job.steps - self._job.first_step

    def __getitem__(self, index: int) -> dict[str, Any]:
        if index >= len(self):
            raise IndexError(index)
        batch = self._job.batches.at(self._job.first_step + index)
        return {"input_ids": batch.tokens, "weights": batch.weights, "count": batch.count}


class _Trainer(SFTTrainer):
    """TRL's trainer with this job's batches and weighted loss."""

    job: Job

    def get_train_dataloader(self) -> DataLoader[dict[str, Any]]:
        """One item is one whole batch."""
        return DataLoader(_Steps(self.job), batch_size=None, shuffle=False)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """The weighted cross-entropy of `objective`; `model` is the trainer's wrapping of `job.model`."""
        batch = Batch(tokens=inputs["input_ids"], weights=inputs["weights"], count=int(inputs["count"]))
        loss = weighted_loss(self.job.model, batch, self.job.config.objective.label_smoothing)
        self.job.tokens += batch.count
        self.last_loss = loss.detach()
        return loss


class _Report(TrainerCallback):
    """Hands every finished step to the job, and sets the random state of a resumed run."""

    def __init__(self, trainer: _Trainer, random_state: torch.Tensor | None, optimiser: Any, schedule: Any) -> None:
        self._trainer, self._random_state = trainer, random_state
        self._optimiser, self._schedule = optimiser, schedule

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == 0:
            if self._random_state is None:
                torch.manual_seed(self._trainer.job.config.seed)
            else:
                torch.set_rng_state(self._random_state)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        job = self._trainer.job
        job.after_step(
            job.first_step + state.global_step,
            float(self._trainer.last_loss),
            self._schedule.get_last_lr()[-1],
            lambda directory: write_tensors(directory, job.model, self._optimiser, self._schedule),
        )


def _trainer(job: Job, trained: Any, optimiser: Any, schedule: Any) -> _Trainer:
    arguments = SFTConfig(
        output_dir=str(job.output),
        max_steps=job.steps - job.first_step,
        per_device_train_batch_size=1,  # one item is one batch
        max_grad_norm=job.config.optimiser.clip,
        seed=job.config.seed,
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
        gradient_checkpointing=False,
        bf16=False,
        use_cpu=True,
        report_to="none",
        save_strategy="no",
        logging_strategy="no",
        eval_strategy="no",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
    )
    return _Trainer(
        model=trained,
        args=arguments,
        train_dataset=datasets.Dataset.from_dict({"input_ids": job.batches.token_ids()}),
        processing_class=job.tokenizer,
        optimizers=(optimiser, schedule),
        data_collator=lambda items: items[0],
    )


def run_sft(job: Job, trained: Any) -> None:
    """Fine-tune to the end of the budget; resumes from `job.resume`.

    `trained` is what the trainer gets: `job.model` itself, or the PEFT model around it.
    """
    if job.first_step >= job.steps:
        return
    config = job.config
    optimiser = build_optimiser(trained, config.optimiser)
    schedule = build_schedule(optimiser, job.steps, config.schedule)
    random_state = restore_tensors(job.resume, job.model, optimiser, schedule) if job.resume is not None else None
    with _quiet():
        trainer = _trainer(job, trained, optimiser, schedule)
        trainer.job = job
        trainer.remove_callback(PrinterCallback)  # it prints; the progress file is the place to look
        trainer.add_callback(_Report(trainer, random_state, optimiser, schedule))
        trainer.train()
