"""Prepare: from rows and a configuration to a job that a loop can run; and from a finished job to `final/`."""

from __future__ import annotations

import platform
import resource
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import torch

from volant.core.errors import Conflict
from volant.train import memory
from volant.train.batches import Batches
from volant.train.checkpoint import newest, read_state, whole_directory
from volant.train.config import TrainConfig
from volant.train.examples import encode
from volant.train.job import Job
from volant.train.memory import MemoryNeed
from volant.train.model import add_dropout, build_model, load_model, shape_of, weights_hash, write_model
from volant.train.progress import Progress
from volant.train.rows import Row
from volant.train.selection import Selection
from volant.train.tokenizer import load_tokenizer, train_tokenizer
from volant.train.training import Training
from volant.train.weights import load_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A job, what it needs, and what its trainer trains (for LoRA: the PEFT model around `job.model`)."""

    job: Job
    need: MemoryNeed
    trained: Any
    parameters: int
    base_hash: str


def finished_training(output: Path, config_hash: str, data_hash: str) -> Training | None:
    """What an earlier start finished here, if it did. Raises Conflict("resume_mismatch") when it was another run's."""
    path = output / "final" / "training.json"
    if not path.exists():
        return None
    found = msgspec.json.decode(path.read_bytes(), type=Training)
    if (found.config_hash, found.data_hash) != (config_hash, data_hash):
        raise Conflict("resume_mismatch", "another training finished here", where=str(output),
                       hint="use a new output directory")  # fmt: skip
    return found


def prepare(
    config: TrainConfig,
    train: Sequence[Row],
    validation: Sequence[Row],
    output: Path,
    progress: Progress,
    data_hash: str,
) -> Prepared:
    """Tokenizer, examples, memory check, model, checkpoint to resume from: everything before the first step."""
    torch.set_num_threads(config.threads)
    config_hash = config.fingerprint()
    if config.method == "scratch":
        texts = (text for row in train for text in (row.question, row.answer))
        tokenizer: Any = train_tokenizer(texts, config.tokenizer, config.shape.max_tokens)
        base_hash, model = "", None
    else:
        base = Path(config.base)
        model, tokenizer = load_model(base), load_tokenizer(base)
        base_hash = weights_hash(base)
        config = msgspec.structs.replace(config, shape=shape_of(model))
    examples = encode(tokenizer, train, config.shape.max_tokens)
    held_out = encode(tokenizer, validation, config.shape.max_tokens)
    need = memory.estimate(config, len(tokenizer), max(len(example) for example in examples))
    memory.require_fits(need, memory.available_bytes(), config.recipe)
    if model is None:
        model = build_model(config.shape, tokenizer, config.seed)
    trained = model
    if config.method == "lora":
        from volant.train.sft import with_adapters

        trained = with_adapters(model, config.lora, config.seed)
    add_dropout(model, config.augmentation)
    batches = Batches(examples, tokenizer, config)
    resume = newest(output / "checkpoints")
    state = read_state(resume, config_hash, data_hash) if resume else None
    job = Job(
        config=config,
        model=model,
        tokenizer=tokenizer,
        batches=batches,
        steps=batches.steps,
        selection=Selection(output / "best", held_out, tokenizer.pad_token_id, config.choose_by, state),
        progress=progress,
        output=output,
        config_hash=config_hash,
        data_hash=data_hash,
        resume=resume,
        state=state,
    )
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return Prepared(job=job, need=need, trained=trained, parameters=parameters, base_hash=base_hash)


def finish(prepared: Prepared, run_id: str, rows: int, validation_rows: int) -> Training:
    """Put the chosen weights into `final/`, whole or not at all, and remove the checkpoints."""
    job, best = prepared.job, prepared.job.selection.best
    if best is None:
        raise RuntimeError("no checkpoint was chosen")
    load_weights(job.model, job.selection.directory())
    model = prepared.trained.merge_and_unload() if job.config.method == "lora" else job.model
    with whole_directory(job.output / "final") as directory:
        write_model(model, job.tokenizer, directory)
        training = Training(
            run_id=run_id,
            recipe=job.config.recipe,
            method=job.config.method,
            config=msgspec.structs.replace(job.config, base=""),  # a path means nothing elsewhere; base_hash does
            config_hash=job.config_hash,
            data_hash=job.data_hash,
            base_hash=prepared.base_hash,
            weights_hash=weights_hash(directory),
            seed=job.config.seed,
            rows=rows,
            validation_rows=validation_rows,
            parameters=sum(parameter.numel() for parameter in model.parameters()),
            vocabulary=len(job.tokenizer),
            steps=job.steps,
            tokens=job.tokens,
            chosen_step=best.step,
            val_exact=best.exact,
            val_loss=best.loss,
            wall_s=job.wall_s(),
            cpu_s=job.cpu_s(),
            peak_rss_bytes=_peak_rss_bytes(),
            versions={name: version(name) for name in ("torch", "transformers", "tokenizers", "trl", "peft")}
            | {"python": platform.python_version()},
        )
        (directory / "training.json").write_bytes(msgspec.json.format(msgspec.json.encode(training), indent=2))
    shutil.rmtree(job.checkpoints, ignore_errors=True)
    shutil.rmtree(job.output / "best", ignore_errors=True)
    return training


def _peak_rss_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10
