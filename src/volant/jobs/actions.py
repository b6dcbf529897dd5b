"""Actions: what the loop can be asked to do, as a protocol. Routes and commands know only this.

The loop (floor 4) implements it and control binds it, so that the API needs no stage. Long work starts a workflow and
gives `Started` at once. Every action is idempotent by its `key` where it has one: asking again finds the first.
`by` is who asks, `key_…` or `usr_…`: an audit row says so, committed before the work begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from volant.core.nouns import Json, Noun, RolloutPlan, Verdict


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A file that came in, on a private temporary path that is removed after the action."""

    path: Path
    name: str  # as the caller named it: its ending says CSV or JSONL
    role: Literal["data", "test"] = "data"


class ImportOptions(Noun, frozen=True, kw_only=True):
    """How files become a dataset version."""

    dataset: str  # name of the dataset; a version is added to it
    text_column: str = ""  # empty: found by its usual names
    label_column: str = ""
    user_column: str = ""  # empty and none found: users are drawn
    shares: dict[str, float] = msgspec.field(default_factory=dict)  # split -> share; empty: the defaults
    seed: int = 0
    known_share: float = 1.0  # share of the labels that the first model may know
    language: str = ""  # keep only this language; empty: report only
    redact: bool = True  # PII is redacted before the first write
    purpose: str = "training"
    legal_basis: str = "legitimate_interest"
    retention_days: int = 0  # 0: the project's policy


class TraceChoice(Noun, frozen=True, kw_only=True):
    """Answers that shall become rows of a dataset's next version."""

    inference_ids: tuple[str, ...]  # 1,000 at most
    purpose: str = "training"
    legal_basis: str = "legitimate_interest"
    dry_run: bool = False  # true: say what would become of each, and keep nothing


class RefusedTrace(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that became no row."""

    inference_id: str
    code: str  # stable: "unjudged", "leak", ...
    reason: str  # for people


class FromTraces(msgspec.Struct, frozen=True, kw_only=True):
    """What became of chosen answers: `added` + the length of `refused` is how many there were, each counted once."""

    version_id: str  # the new version; empty where nothing was kept
    parent_id: str  # the newest version before
    added: int  # rows; in a dry run, how many there would be
    splits: dict[str, int]  # split -> how many of the added
    redacted: int  # how many of the added questions lost personal data or secrets
    refused: tuple[RefusedTrace, ...]


class NewCase(Noun, frozen=True, kw_only=True):
    """A question that somebody tried, and what is right."""

    question: str
    label: str  # the right intent
    split: Literal["test", "validation", "train"] = "test"
    inference_id: str = ""  # the answer that gave rise to it


class CaseAdded(msgspec.Struct, frozen=True, kw_only=True):
    """The dataset's next version."""

    version_id: str
    record_id: str
    question: str  # as it was kept
    redacted: bool  # it lost personal data or secrets


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """Work that goes on in the background."""

    workflow_id: str
    kind: str  # "build", "retrain", "rollout", "evaluate", "erase"
    object_id: str = ""  # the run, rollout or erasure, where there is one already
    already: bool = False  # an earlier call started it


class BuildOptions(Noun, frozen=True, kw_only=True):
    """How a model is made."""

    dataset_version_id: str = ""  # empty: the newest of the task
    recipe: str = ""  # empty: the task's loop says
    recipe_options: Json = msgspec.field(default_factory=dict)
    base_model_id: str = ""  # a registered model to tune; empty: from scratch where the recipe can
    known_only: bool = False  # train on known labels only (a first model)
    splits: tuple[str, ...] = ("train",)  # what it is trained on
    evaluate: bool = True  # then evaluate ...
    gate: str = ""  # ... and gate; empty: the task's loop says
    release: Literal["none", "if_passed"] = "if_passed"  # a first release goes live; later ones roll out
    name: str = ""  # the model's name; empty: the task's
    key: str = ""  # idempotency: the same key finds the same workflow


class RolloutOptions(Noun, frozen=True, kw_only=True):
    """What is rolled out, and how."""

    task: str
    model_id: str = ""  # a registered model: an engine and a variant are made for it ...
    variant: str = ""  # ... or a variant that exists
    verdict_id: str = ""  # the passing verdict; empty: the newest of the model
    plan: RolloutPlan | None = None  # None: the task's loop says
    suffix: str = ""  # tells a second deployment of one model apart
    chat_template: str = ""  # replaces the model's own in this deployment
    key: str = ""


class LoopActions(Protocol):
    """What control can do above a single stage. Errors are VolantErrors."""

    def import_dataset(self, project: str, files: Sequence[Upload], options: ImportOptions, *, by: str) -> str:
        """Clean, redact, split and write; gives the dataset version's id. BadInput names file, line and column."""
        ...

    def extend_dataset(self, project: str, dataset: str, choice: TraceChoice, *, by: str) -> FromTraces:
        """The dataset's next version: its newest one, and the chosen answers. Raises NotFound, BadInput, Conflict."""
        ...

    def add_case(self, project: str, dataset: str, case: NewCase, *, by: str) -> CaseAdded:
        """The dataset's next version: its newest one, and this question. Raises NotFound, BadInput, Conflict."""
        ...

    def start_build(self, project: str, task: str, options: BuildOptions, *, by: str) -> Started:
        """train → export → evaluate → gate → release, as far as the options say."""
        ...

    def start_retrain(self, project: str, task: str, *, alert_id: str = "", key: str = "", by: str) -> Started:
        """What a firing monitor starts: dataset version 2 → tune → evaluate → gate → rollout, by the task's loop."""
        ...

    def start_evaluation(
        self,
        project: str,
        model_id: str,
        *,
        suites: Sequence[str] = (),
        dataset_version_id: str = "",
        baseline_model_id: str = "",
        key: str = "",
        by: str,
    ) -> Started:
        """Run suites ("accuracy", "bias", "security"; empty: all) against a registered model."""
        ...

    def resume_run(self, project: str, run_id: str, *, name: str = "", by: str) -> Started:
        """Let a stopped or failed run go on from its newest checkpoint, then keep what it made.

        `name`: of the model; empty: its base's, or its dataset's. Raises Conflict for a run that cannot go on.
        """
        ...

    def gate(self, project: str, model_id: str, *, gate: str, baseline_model_id: str = "", by: str) -> Verdict:
        """Read the model's newest reports and decide; the verdict is kept."""
        ...

    def release(
        self, project: str, task: str, *, model_id: str, verdict_id: str = "", reviewer: str, comment: str = "", by: str
    ) -> str:
        """Make a model live without a rollout (a first release, or by a person's word); gives the release's id."""
        ...

    def start_rollout(self, project: str, options: RolloutOptions, *, by: str) -> Started:
        """shadow → canary → full, or rollback."""
        ...

    def act_on_rollout(
        self,
        project: str,
        rollout_id: str,
        action: Literal["promote", "hold", "resume", "rollback"],
        *,
        reviewer: str,
        comment: str = "",
        by: str,
    ) -> None:
        """A person's word on a running rollout. Raises Conflict when it has ended."""
        ...

    def start_erasure(self, project: str, *, user: str = "", subject: str = "", reason: str = "", by: str) -> Started:
        """Remove a person everywhere; give the user's name as the application calls it, or the subject."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Something that control does again and again: a monitor, a rollout's look at its numbers."""

    name: str
    every_s: float
    run: Callable[[], None]  # an error of it is logged and does not stop the others


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """What `volant.loop.register(context)` gives control, before the workflows are launched."""

    actions: LoopActions
    ticks: Sequence[Tick] = ()
