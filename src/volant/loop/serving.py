"""Serving: engines of registered models. Deploy one behind a variant of its task, and take it away again.

Every step may be done twice: names are made of ids, so a workflow that goes on finds what it began.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import msgspec

from volant.core.errors import Conflict, NotFound
from volant.core.nouns import DeploymentSpec, TaskSpec, VariantSpec
from volant.jobs.context import Context
from volant.registry import audit, documents, models, state
from volant.serve import engine_client, planner
from volant.serve.files import EngineSpec

PARALLEL = 16  # requests that one engine computes at the same time
TEMPLATE = "chat_template.jinja"  # in an engine's folder: replaces the model's own


def task_of(context: Context, project: str, task: str) -> TaskSpec:
    """The task as configured. Raises NotFound that lists the tasks."""
    with context.db.read() as tx:
        configured = documents.current(tx, project).documents
    for spec in configured.tasks:
        if spec.name == task:
            return spec
    raise NotFound(
        "task_unknown",
        f"there is no task {task[:60]!r}",
        where=project,
        hint="tasks are: " + (", ".join(sorted(spec.name for spec in configured.tasks)) or "none; apply a volant.toml"),
    )


def variant_name(model: models.ModelVersion, suffix: str = "") -> str:
    """Name of the variant that serves a model: `helpdesk-intent-v2`."""
    return f"{model.name}-v{model.version}{suffix}"


def override_template(context: Context, variant: str, chat_template: str) -> None:
    """Let the engine of a variant use this chat template in place of the model's own."""
    (context.executor.engine_dir(variant) / TEMPLATE).write_text(chat_template)


def deploy(context: Context, project: str, task: str, model_id: str, name: str = "", *, by: str = audit.LOOP) -> str:
    """Start an engine for a model, wait until it answers, and add a variant to the task; gives the variant's name.

    `name` tells a second deployment of one model apart. Raises Conflict for a blocked model or one without an exported
    file, Unavailable when the engine does not come up.
    """
    with context.db.read() as tx:
        model = models.get_model(tx, project, model_id)
    if model.state == "blocked":
        raise Conflict(
            "model_blocked",
            f"{model.label} is blocked",
            where=model_id,
            hint="see its flags: volant why, volant impact",
        )
    if not model.gguf:
        raise Conflict("model_not_exported", f"{model.label} has no file to serve", where=model_id)
    spec = task_of(context, project, task)
    name = name or variant_name(model)
    folder = context.executor.engine_dir(name)
    engine = EngineSpec(
        model=str(Path("..") / ".." / model.gguf),
        alias=name,
        threads=context.settings.engine_threads,
        context=planner.facts(context.data_dir / model.gguf).context,
        parallel=PARALLEL,
        chat_template=TEMPLATE if (folder / TEMPLATE).exists() else "",
    )
    (folder / "engine.json").write_bytes(msgspec.json.encode(engine))
    context.executor.want_engine(name, [sys.executable, "-m", "volant.serve.engine", str(folder)])
    address = engine_client.wait_healthy(folder, alive=lambda: _may_come(context, name))
    served = engine_client.describe(address)
    base = spec.variants[0]
    variant = VariantSpec(
        name=name,
        deployments=(name,),
        fallbacks=(*base.deployments, *base.fallbacks),
        model_id=model_id,
        parameters=base.parameters,
        system=base.system,
        prompt=base.prompt,
    )
    now_ms = context.clock.now_ms()
    with context.db.begin() as tx:
        deployment = DeploymentSpec(
            name=name,
            provider="local",
            model=served.model,
            usd_per_million_input_tokens=0.0,
            usd_per_million_output_tokens=0.0,
            max_in_flight=4 * PARALLEL,
        )
        place = state.Place(base_url=address.base_url, healthy=True, model_id=model_id, engine=name, spec=deployment)
        state.put_place(tx, project, name, place, now_ms=now_ms)
        state.put_variant(tx, project, task, variant, now_ms=now_ms)
        context.audit(tx, project, by, "deployment.start", "deployment", audit.word(name), model=model_id)
    context.publish()
    return name


def withdraw(context: Context, project: str, task: str, variant: str) -> None:
    """Stop the engine of a variant and take both away. Raises Conflict while the variant serves or is rolled out.

    The engine goes first: a kill in between leaves a variant by which the rest is found, and never an engine alone.
    """
    with context.db.read() as tx:
        live, split = state.live(tx, project, task), state.split(tx, project, task)
        if live is not None and live.variant == variant:
            raise Conflict("variant_live", f"{variant} serves {task}", hint="release another variant first")
        if split is not None and split.candidate == variant:
            raise Conflict("variant_in_rollout", f"{variant} is being rolled out", hint="roll it back first")
    context.executor.drop(variant)
    shutil.rmtree(context.data_dir / "engines" / variant, ignore_errors=True)
    with context.db.begin() as tx:
        state.remove_variant(tx, project, task, variant)
        state.remove_place(tx, project, variant)
        context.audit(tx, project, audit.LOOP, "deployment.stop", "deployment", audit.word(variant))
    context.publish()


def _may_come(context: Context, name: str) -> bool:
    actual = context.executor.actual().get(name)
    return actual is None or actual.state != "failed"
