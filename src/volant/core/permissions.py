"""Permissions: what a caller may do, and which roles and key scopes give it.

Every route declares one permission; tests/api/test_access.py walks the table. A person has one role per
project; an API key has scopes. Roles are for people, scopes for programs; both end in the same permissions.
"""

from __future__ import annotations

from typing import Literal, get_args

Permission = Literal[
    "inference",  # call a task through the gateway
    "feedback",  # judge an answer
    "read",  # everything but personal content: names, counts, states, reports
    "content",  # what people wrote: payloads, records, demonstrations (each read is audited)
    "configure",  # tasks, variants, deployments, prompts, monitors, policies
    "data",  # import, clean, label and version datasets
    "train",  # begin and stop training
    "evaluate",  # begin evaluations, judge gates
    "review",  # sign a person's decision
    "release",  # begin, promote, hold and roll back
    "operate",  # cancel workflows, sweep, export (backups: installation admins)
    "keys",  # API keys and secrets
    "erase",  # erase a person's data
    "audit",  # read and verify the audit log
    "people",  # members, roles, invitations, projects
]
Role = Literal["admin", "engineer", "scientist", "annotator", "reviewer", "operator", "viewer"]

EVERY: frozenset[Permission] = frozenset(get_args(Permission))
ROLES: dict[Role, frozenset[Permission]] = {
    "admin": EVERY,
    "engineer": frozenset(
        {
            "inference",
            "feedback",
            "read",
            "content",
            "configure",
            "data",
            "train",
            "evaluate",
            "release",
            "operate",
            "keys",
        }
    ),
    "scientist": frozenset({"inference", "feedback", "read", "content", "data", "train", "evaluate"}),
    "annotator": frozenset({"feedback", "read", "content"}),
    "reviewer": frozenset({"read", "content", "evaluate", "review", "audit"}),
    "operator": frozenset({"read", "release", "operate", "audit"}),
    "viewer": frozenset({"read"}),
}
SCOPES: dict[str, frozenset[Permission]] = {
    "inference": frozenset({"inference"}),
    "feedback": frozenset({"feedback"}),
    "read": frozenset({"read", "content"}),
    "write": frozenset({"configure", "data", "train", "evaluate", "review", "release", "operate"}),
    "admin": EVERY,
}


def of_scopes(scopes: tuple[str, ...]) -> frozenset[Permission]:
    """What a key with these scopes may do; a scope nobody knows gives nothing."""
    return frozenset().union(*(SCOPES.get(scope, frozenset()) for scope in scopes))
