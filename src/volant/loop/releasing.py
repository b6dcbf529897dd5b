"""Releasing: which variant serves a task, and the record of why."""

from __future__ import annotations

from volant.core.errors import Conflict
from volant.jobs.context import Context
from volant.registry import audit, models, releases, state


def live_variant(context: Context, project: str, task: str) -> str:
    """The variant that a release made live; empty while the configuration decides."""
    with context.db.read() as tx:
        live = state.live(tx, project, task)
    return live.variant if live else ""


def live_model(context: Context, project: str, task: str) -> str:
    """The id of our model that serves the task; empty when none of ours does."""
    with context.db.read() as tx:
        live = state.live(tx, project, task)
        variant = state.variants(tx, project, task).get(live.variant) if live else None
    return variant.model_id if variant else ""


def propose(
    context: Context,
    project: str,
    task: str,
    variant: str,
    model_id: str,
    verdict_id: str,
    release_id: str,
    reason: str,
    by: str = audit.LOOP,
) -> str:
    """Write a release down before anything moves; gives its id."""
    with context.db.begin() as tx:
        releases.create_release(
            tx,
            project,
            task=task,
            variant=variant,
            model_id=model_id,
            verdict_id=verdict_id,
            reason=reason,
            release_id=release_id,
            now_ms=context.clock.now_ms(),
        )
        told = {"model": model_id, "verdict": verdict_id, "task": audit.word(task)}
        context.audit_once(tx, project, by, "release.propose", "release", release_id, **told)
    return release_id


def make_live(context: Context, project: str, release_id: str, reason: str, by: str = audit.LOOP) -> str:
    """Let the release's variant serve its task; the release before is superseded, its model retired.

    Raises Conflict for a blocked model. Gives the release's id.
    """
    now_ms = context.clock.now_ms()
    with context.db.begin() as tx:
        release = releases.get_release(tx, project, release_id)
        if release.model_id and models.get_model(tx, project, release.model_id).state == "blocked":
            raise Conflict("model_blocked", "a blocked model cannot be released", where=release.model_id)
        before = releases.live_release(tx, project, release.task)
        releases.move(tx, project, release_id, "live", now_ms=now_ms, reason=reason)
        other = before.model_id if before is not None and before.id != release_id else ""
        if other not in ("", release.model_id) and models.get_model(tx, project, other).state == "live":
            models.set_state(tx, project, other, "retired")  # a blocked one stays blocked
        if release.model_id:
            models.set_state(tx, project, release.model_id, "live")
        state.clear_split(tx, project, release.task)
        state.set_live(tx, project, release.task, release.variant, now_ms=now_ms, release_id=release_id)
        told = {"model": release.model_id, "task": audit.word(release.task)}
        context.audit_once(tx, project, by, "release.live", "release", release_id, **told)
    context.publish()
    return release_id
