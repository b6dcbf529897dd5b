"""Starting durable work: the same key finds the same work, and never another project's."""

from __future__ import annotations

from typing import Any

import pytest
from tests.loop.test_loop_audit import context

from volant.jobs.context import Context
from volant.loop.actions import Actions

__all__ = ["context"]


class Started:
    """Workflows that only remember what was started."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def status(self, workflow_id: str) -> Any:
        return workflow_id if workflow_id in self.ids else None

    def start(self, name: str, workflow_id: str, *arguments: object) -> None:
        self.ids.append(workflow_id)


def test_two_projects_never_meet_in_one_workflow(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    started = Started()
    monkeypatch.setattr(context.workflows, "status", started.status)
    monkeypatch.setattr(context.workflows, "start", started.start)
    actions = Actions.__new__(Actions)
    actions._context = context
    one = actions._start("key_1", "build", "build", "b-c", "a", "desk")
    again = actions._start("key_1", "build", "build", "b-c", "a", "desk")
    other = actions._start("key_1", "build", "build", "c", "a-b", "desk")
    assert (one.already, again.already, other.already) == (False, True, False)
    assert one.workflow_id == again.workflow_id != other.workflow_id
