"""Loop: the stories that span stages, as durable workflows. The only floor that may call several stages.

intake     files → clean, redacted, split dataset version
making     train → export → register, evaluate, gate: the parts that building and retraining share
build      a first model of a task
retrain    reviewed answers → dataset version → tune → evaluate → gate → rollout
rolling    shadow → canary → promote or roll back
serving    engines of models: deploy, withdraw
forgetting a person's erasure, to the weights
resuming   a stopped or failed run goes on
actions    what control binds for routes and commands
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from volant.jobs.actions import Loop, Tick
from volant.jobs.context import Context
from volant.loop import watching
from volant.loop.actions import Actions
from volant.loop.build import Build
from volant.loop.evaluation import Evaluation
from volant.loop.forgetting import EVERY_S as FORGETTING_EVERY_S
from volant.loop.forgetting import Forgetting
from volant.loop.making import Making
from volant.loop.resuming import Resuming
from volant.loop.retrain import Retrain
from volant.loop.rolling import Rolling
from volant.loop.watching import Watching


def register(context: Context) -> Loop:
    """Register the workflows, before they are launched; gives what control binds."""
    making = Making(context)
    rolling = Rolling(context, making)
    build, retrain = Build(context, making, rolling), Retrain(context, making, rolling)
    evaluation, forgetting = Evaluation(making), Forgetting(context, build)
    resuming = Resuming(context, making)
    for name, function in (
        (Build.NAME, build.run),
        (Retrain.NAME, retrain.run),
        (Rolling.NAME, rolling.run),
        (Evaluation.NAME, evaluation.run),
        (Forgetting.NAME, forgetting.run),
        (Resuming.NAME, resuming.run),
    ):
        context.workflows.workflow(name)(_plain(function))
    watch = Watching(context, retrain)
    return Loop(
        actions=Actions(context, making, build, retrain, rolling, evaluation, forgetting, resuming),
        ticks=(
            Tick(name="monitors", every_s=watching.EVERY_S, run=watch.look),
            Tick(name="retrain-due", every_s=FORGETTING_EVERY_S, run=forgetting.train_what_is_due),
        ),
    )


def _plain(method: Callable[..., Any]) -> Callable[..., Any]:
    """DBOS marks the functions that it registers, which bound methods do not bear."""

    def workflow(*arguments: Any) -> Any:
        return method(*arguments)

    return workflow
