"""Audit actions: every word that may stand as `action` in an audit row, and what it means. Knows no tables.

A row with another word is refused, so that this table (docs/audit.md shows it) is the whole of what is written.
"""

from __future__ import annotations

from typing import Final

ACTIONS: Final[dict[str, str]] = {
    # ------------------------------------------------------------ access
    "access.refused": "a caller without the permission, or a key that is not valid; rate-limited, `suppressed` counts",
    "audit.export": "the audit log was exported; `rows` or less",
    "key.change": "an API key has other limits, operations or reach",
    "key.create": "an API key was made",
    "key.revoke": "an API key was ended for good",
    "key.rotate": "an API key was replaced; `replaces` is the old one",
    "secret.put": "a provider's key was kept, or replaced",
    "secret.remove": "a provider's key was forgotten",
    # ------------------------------------------------------------ people
    "session.begin": "a person signed in; `by` says how",
    "session.end": "a person ended a session of theirs",
    "session.lock": "a person's sign-in waits: too many wrong passwords",
    "password.change": "a person's password became another one; their sessions ended",
    "password.reset": "a link for a new password was made",
    "person.invite": "a link that makes a member was made; `role` says what they become",
    "person.uninvite": "such a link was ended",
    "person.role": "a member has another role",
    "person.remove": "a person is no longer a member",
    "person.state": "a person was disabled or let in again, or became an admin of the installation or no longer is",
    "person.unlock": "the wait of a person's sign-in was ended",
    "project.create": "a project was made",
    # ------------------------------------------------------------ personal content
    "content.read": "somebody read what people wrote; `ids` or `count` and `filter` where it was more than one thing",
    # ------------------------------------------------------------ configuration
    "document.apply": "the configuration became `revision`; the row names its `hash`",
    "prompt.save": "a prompt's version was saved, or was there already: `new` says which",
    "prompt.label": "a label was pointed at `version`",
    "prompt.archive": "a prompt was put away",
    "prompt.restore": "a prompt was taken out of the archive",
    # ------------------------------------------------------------ data
    "dataset.import": "files became a dataset version",
    "dataset.extend": "answers that somebody chose became rows of a new dataset version",
    "dataset.case": "a question that somebody tried became a row of a new dataset version",
    "dataset.harvest": "reviewed answers became a dataset version",
    "feedback.give": "one judgement was kept, or `count` of them",
    # ------------------------------------------------------------ making models
    "build.start": "training of a task's model was asked for",
    "retrain.start": "a task's model is made anew; `alert` says which monitor's alert began it",
    "run.start": "training or evaluation began as a process",
    "run.end": "such a process ended; `state` says how",
    "run.cancel": "somebody stopped a run",
    "resume.start": "a stopped or failed run goes on from its newest checkpoint",
    "workflow.cancel": "somebody stopped a workflow",
    "model.register": "a trained model entered the registry",
    "evaluation.start": "suites were asked for on a model",
    "report.add": "a report of an evaluation was kept",
    "verdict.decide": "a gate read reports and decided; `outcome` says how",
    # ------------------------------------------------------------ traffic
    "review.sign": "a person approved or rejected, on this very evidence",
    "release.propose": "a release was written down; nothing moved yet",
    "release.live": "a release serves its task",
    "release.end": "a release was rolled back, withdrawn or given up; `state` says which",
    "rollout.start": "a rollout was prepared; its release is `release`",
    "rollout.say": "a person's word on a rollout: promote, hold, resume or roll back",
    "rollout.move": "a rollout changed its state, step or share",
    "deployment.start": "an engine of ours serves a variant",
    "deployment.stop": "it was stopped and taken away",
    "alert.fire": "a monitor fired",
    "alert.resolve": "a monitor's alert is over",
    # ------------------------------------------------------------ the installation
    "backup.create": "somebody asked for a backup; `runs` says how much of the runs is in it",
    "backup.restore": "this data directory was made from a backup; `began_ms` is the moment it stands for",
    "retention.sweep": "what had run out was removed; counts by kind",
    "ceiling.sweep": "the data directory was full, and the oldest texts of `count` inferences went",
    "data.export": "somebody exported a kind of things; `count` rows",
    # ------------------------------------------------------------ erasure
    "erasure.request": "somebody asked to remove a person",
    "erasure.remove": "the person's rows and key are gone; counts by kind",
    "erasure.finish": "the receipt was written; `found` is what the scan afterwards still saw",
}
